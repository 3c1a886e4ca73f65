"""Reviews of a dissatisfied rating: whose desk, how often, and under which rule the case begins anew; and who is invited to rate."""
from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from casework import ratings
from casework.cases import lock_case
from casework.clocks import ClockKind
from casework.db import db, unit_of_work
from casework.models import Case, ClockRule
from casework.permissions import NotAllowed, Role, desk_name
from casework.ratings import ReviewRefused, invite_to_rate, review_desk
from tests import build
from tests.build import World
from tests.casework.acting import clock, local, told


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
    assert (case.reopened, review_desk(case), build.waiting(case, "review_rating").desk) == (2, desk, desk)
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
    assert build.waiting(case, "review_rating").desk == review_desk(case) == desk_name(Role.OPS_LEAD, centre_id=case.centre_id)
    with pytest.raises(NotAllowed), unit_of_work():
        ratings.review_rating(lock_case(case.id), by=world.actor("committee_leader"), now=build.NOON, outcome="explained", words="Đã rõ.")


def test_a_reopened_case_begins_anew_under_the_rule_of_its_last_limit(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating", agencies=2)
    first = clock(case)
    assert (first.amount, first.ended_late) == (7, False)
    with unit_of_work():
        # a stricter rule since: of cases that begin from now on
        db.session.add(ClockRule(kind="case", urgency="normal", complexity="ordinary", amount=2, unit="working_days", source="own",
                                 valid_from=date(2026, 3, 1)))  # fmt: skip
    dissatisfied(world, case)
    build.do(world, case, "review_rating", "ops_lead", now=local(5, 3, 10), outcome="reopened", words="Xin xử lý lại.")
    again = clock(case)
    assert (again.round, again.rule_id, again.amount, again.unit) == (1, first.rule_id, 7, "working_days")
    assert (again.due_at, case.due_at) == (local(17, 3), local(17, 3))
    assert clock(case).ended_at is None
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
