"""Verdicts and the review a dissatisfied one opens: who is invited, what counts, whose desk, how often, and how the case begins anew."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask

from casework.cases import lock_case
from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.models import Case, ClockRule, Publication, Review
from casework.permissions import NotAllowed, Role, desk_name
from casework.publishing import ratings
from casework.publishing.ratings import (
    RatingRefused,
    ReviewRatingInput,
    ReviewRefused,
    invite_to_rate,
    rating_reason,
    ratings_of,
    review_desk,
)
from tests import build
from tests.build import World
from tests.casework.acting import clock, local, run, told
from tests.second_centre import add_rule


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    return build.standard_world()


def dissatisfied(world: World, case: Case) -> None:
    build.rate(world, case, level="dissatisfied")


def review(world: World, case: Case, by: str = "ops_lead", outcome: str = "reopened") -> None:
    build.do(world, case, "review_rating", by, outcome=outcome, words="Xin xử lý lại.")


def reopened_twice(world: World) -> Case:
    """A case whose answer after two reopenings waits for its rating."""
    case = build.case_at(world, "rating")
    for _ in range(2):
        dissatisfied(world, case)
        review(world, case)
        build.advance(world, case, "rating")
    return case


def test_the_third_review_waits_at_the_committee_leaders_desk_and_only_explains(app: Flask) -> None:
    world = build.standard_world()
    case = reopened_twice(world)
    dissatisfied(world, case)
    desk = desk_name(Role.COMMITTEE_LEADER, centre_id=case.centre_id)
    assert (case.reopened, review_desk(case, build.NOON), build.waiting(case, "review_rating").desk) == (2, desk, desk)
    assert told("rating_to_review")[-1] == f"desk:{desk}"
    with pytest.raises(NotAllowed):
        review(world, case, "ops_lead", "explained")
    with pytest.raises(ReviewRefused, match="reopened twice"):
        review(world, case, "committee_leader", "reopened")
    review(world, case, "committee_leader", "explained")
    assert case.state == "closed"


def test_the_first_reviews_are_the_operations_leads(world: World) -> None:
    case = build.case_at(world, "rating")
    dissatisfied(world, case)
    assert build.waiting(case, "review_rating").desk == review_desk(case, build.NOON) == desk_name(Role.OPS_LEAD, centre_id=case.centre_id)
    with pytest.raises(NotAllowed), unit_of_work():
        ratings.review_rating(
            lock_case(case.id), ReviewRatingInput(outcome="explained", words="Đã rõ."), by=world.actor("committee_leader"), now=build.NOON
        )


@pytest.mark.parametrize(("agencies", "days", "due"), [(1, 5, local(13, 3)), (2, 7, local(17, 3))])
def test_a_reopened_case_begins_anew_under_the_rule_of_its_last_limit(app: Flask, agencies: int, days: int, due: datetime) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating", agencies=agencies)
    first = clock(case)
    assert (first.amount, first.ended_late) == (days, False)
    # a stricter rule since: of cases that begin from now on
    add_rule(ClockRule(kind="case", urgency="normal", complexity="ordinary", amount=2, unit="working_days", source="own",
                       valid_from=date(2026, 3, 1)))  # fmt: skip
    dissatisfied(world, case)
    build.do(world, case, "review_rating", "ops_lead", now=local(5, 3, 10), outcome="reopened", words="Xin xử lý lại.")
    again = clock(case)
    assert (again.round, again.rule_id, again.amount, again.unit) == (1, first.rule_id, days, "working_days")
    assert (again.due_at, case.due_at) == (due, due)
    assert again.ended_at is None
    assert db.session.get_one(type(first), first.id).ended_late is False


def test_a_case_that_became_urgent_begins_anew_as_urgent(world: World) -> None:
    case = build.case_at(world, "rating")
    dissatisfied(world, case)
    with unit_of_work():
        db.session.merge(case).urgency = "urgent"
    build.do(world, case, "review_rating", "ops_lead", now=local(5, 3, 10), outcome="reopened", words="Xin xử lý lại.")
    assert (clock(case).amount, clock(case).unit, case.due_at) == (24, "hours", local(6, 3, 10))


def test_who_joins_an_answered_case_has_the_whole_window_and_nobodys_gets_shorter(world: World) -> None:
    case = build.case_at(world, "rating")
    window = clock(case, ClockKind.RATING)
    assert window.due_at == local(10, 3)
    with unit_of_work():
        locked = lock_case(case.id)
        assert invite_to_rate(locked, locked.main_report, at=local(4, 3, 9))
    assert clock(case, ClockKind.RATING).due_at == local(12, 3)
    with unit_of_work():
        locked = lock_case(case.id)
        assert invite_to_rate(locked, locked.main_report, at=local(2, 3, 9))
    assert clock(case, ClockKind.RATING).due_at == local(12, 3)


def test_nobody_is_invited_to_rate_a_closed_case(world: World) -> None:
    case = build.case_at(world, "closed")
    with unit_of_work():
        locked = lock_case(case.id)
        assert not invite_to_rate(locked, locked.main_report, at=local(4, 3, 9))


# -- verdicts -----------------------------------------------------------------------------------------------------------


def rate(world: World, case: Case, level: str, *, by: str = "citizen", now: datetime | None = None, **form: Any) -> dict[str, object]:
    """A verdict through the use case alone, for what no button offers."""
    given = {"report": case.main_report, "level": level, "reason": "Chưa dọn hết." if level == "dissatisfied" else "", **form}
    found: dict[str, object] = run(ratings.rate, case, world.actor(by), now=now or build.next_moment(case), **given)
    return found


def test_a_verdict_is_changed_within_the_window_and_counts_once(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating")
    first, last = build.next_moment(case), local(9, 3, 23, 59)
    build.rate(world, case, level="acceptable")
    build.do(world, case, "rate", "citizen", now=last, report=case.main_report, level="satisfied", reason="Đã dọn hết.")
    [verdict] = ratings_of(db.session.query(Publication).one())
    assert (verdict.level, rating_reason(verdict)) == ("satisfied", "Đã dọn hết.")
    assert (verdict.rated_at, verdict.changed_at) == (first, last)
    assert case.state == "rating"


def test_nobody_rates_once_the_window_is_over(world: World) -> None:
    for closed in (build.case_at(world, "closed"), build.case_at(world, "to_publish")):
        with pytest.raises(RatingRefused, match="time for rating is over"):
            rate(world, closed, "satisfied")
    case = build.case_at(world, "rating")
    dissatisfied(world, case)                                    # the review goes on longer than the window
    with pytest.raises(RatingRefused, match="time for rating is over"):
        rate(world, case, "satisfied", now=local(10, 3))
    assert rate(world, case, "satisfied", now=local(9, 3, 23, 59)) == {"outcome": "waiting"}


def test_each_agency_in_the_publication_is_rated_and_no_other(world: World) -> None:
    case = build.case_at(world, "rating", agencies=2)
    ptnmt, lat, hkl = (world.agencies[key].id for key in ("PTNMT", "UBND-LAT", "HKL"))
    with pytest.raises(RatingRefused, match="no answer in the publication"):
        rate(world, case, "satisfied", agency_levels={ptnmt: "satisfied", hkl: "satisfied"})
    with pytest.raises(RatingRefused, match="choose one of the levels"):
        rate(world, case, "satisfied", agency_levels={ptnmt: "brilliant"})
    rate(world, case, "acceptable", agency_levels={ptnmt: "satisfied", lat: "dissatisfied"})
    given = {verdict.agency_id: verdict.level for verdict in ratings_of(db.session.query(Publication).one())}
    assert given == {None: "acceptable", ptnmt: "satisfied", lat: "dissatisfied"}
    assert case.state == "rating", "a review is opened by the verdict on the whole"


def test_a_case_is_reopened_by_a_review_alone(world: World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="acceptable")
    with pytest.raises(ReviewRefused, match="No rating is waiting for a review"):
        run(ratings.review_rating, case, world.actor("ops_lead"), outcome="reopened", words="Xin xử lý lại.")
    assert (case.state, case.reopened) == ("rating", 0)
    dissatisfied(world, case)
    review(world, case)
    assert (case.state, case.reopened) == ("to_distribute", 1)


def test_later_dissatisfied_verdicts_join_the_review_there_is(world: World) -> None:
    case, other = build.case_at(world, "to_distribute"), build.file_report(world, by="citizen_2").case
    build.act(world, other, "merge", "operator", into=case)
    build.advance(world, case, "rating")
    second = next(link.report for link in case.reports if not link.is_main)
    assert rate(world, case, "dissatisfied") == {"outcome": "dissatisfied", "opened": True}
    assert rate(world, case, "dissatisfied", by="citizen_2", report=second) == {"outcome": "dissatisfied", "opened": False}
    publication = db.session.query(Publication).one()
    assert [verdict.level for verdict in ratings_of(publication)] == ["dissatisfied", "dissatisfied"]
    assert db.session.query(Review).count() == 1
    assert told("rating_to_review") == [f"desk:{desk_name(Role.OPS_LEAD, centre_id=case.centre_id)}"]
