"""Following: told of public steps and of nothing else, and only where the public may know of the case."""
from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.followers import FollowRefused, follow, followers_of, is_following, is_known_to_public, unfollow
from casework.models import Case, Event, Follower, OutboxMessage, VisibilityReason
from casework.outbox import tell_desk, tell_followers
from casework.permissions import NotAllowed, Role
from casework.public.cases import public_case
from casework.states import CaseState
from tests import build
from tests import merged as joined

NOON = build.NOON
LATER = NOON + timedelta(days=1)


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def follows(world: build.World, case: Case, by: str = "citizen_2", *, at=LATER) -> None:  # type: ignore[no-untyped-def]
    actor = world.actor(by)
    with unit_of_work():
        follow(lock_case(case.id), by=actor, now=at)


def tell(case: Case, template: str = "followed_published") -> None:
    with unit_of_work():
        tell_followers(lock_case(case.id), template, at=LATER)


def told() -> list[tuple[str, str]]:
    query = select(OutboxMessage).where(OutboxMessage.template.startswith("followed")).order_by(OutboxMessage.id)
    return [(row.recipient, row.parameters["code"]) for row in db.session.scalars(query)]


def test_a_follower_is_told_and_leaves_no_event(world: build.World) -> None:
    case = build.case_at(world, "handling", by="guest")
    before = len(db.session.scalars(select(Event)).all())
    follows(world, case)
    follows(world, case)
    assert is_following(case, world.actor("citizen_2"))
    assert not is_following(case, world.actor("citizen"))
    tell(case)
    assert told() == [(f"account:{world.people['citizen_2'].id}", case.code)]
    assert len(db.session.scalars(select(Event)).all()) == before


def test_who_stops_is_told_nothing_more_and_may_come_back(world: build.World) -> None:
    case = build.case_at(world, "handling")
    follows(world, case)
    for _ in range(2):
        with unit_of_work():
            unfollow(lock_case(case.id), by=world.actor("citizen_2"), now=LATER)
    tell(case)
    assert (told(), followers_of(case), is_following(case, world.actor("citizen_2"))) == ([], [], False)
    follows(world, case, at=LATER + timedelta(days=1))
    [row] = followers_of(case)
    assert row.since == LATER + timedelta(days=1)


def test_a_reporter_is_told_as_such_and_needs_not_follow(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with pytest.raises(FollowRefused, match="You sent"):
        follows(world, case, "citizen")
    with unit_of_work():  # one who followed before their own report was merged into the case
        db.session.add(Follower(case_id=case.id, account_id=world.people["citizen"].id, since=NOON))
    tell(case)
    assert told() == []


def test_whose_report_has_left_the_case_is_told_as_a_follower(world: build.World) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = case.main_report
    joined.merge(world, case, into)
    joined.split(world, into, report)
    follows(world, into)
    tell(into)
    assert told() == [(f"account:{world.people['citizen_2'].id}", into.code)]


def test_a_guest_has_to_sign_in(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with pytest.raises(FollowRefused, match="sign in"):
        follows(world, case, "guest")
    with pytest.raises(NotAllowed), unit_of_work():
        unfollow(lock_case(case.id), by=world.actor("guest"), now=LATER)


def test_a_follower_is_told_of_public_steps_alone(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    follows(world, case, at=NOON)
    build.advance(world, case, "to_classify")
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đoạn nào?", when_unanswered="continue")
    build.act(world, case, "stop_waiting", "operator")
    build.advance(world, case, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Xin xử lý lại.")
    query = select(OutboxMessage.template).where(OutboxMessage.recipient == f"account:{world.people['citizen_2'].id}")
    public_steps = ["followed_distributed", "followed_published", "followed_reopened"]
    assert list(db.session.scalars(query.order_by(OutboxMessage.id))) == public_steps


def test_what_the_public_may_not_know_of_is_neither_followed_nor_told(world: build.World) -> None:
    case = build.case_at(world, "handling")
    follows(world, case)
    with unit_of_work():
        lock_case(case.id).visibility_reason_id = db.session.scalars(select(VisibilityReason.id)).first()
    tell(case)
    assert told() == []
    with pytest.raises(FollowRefused, match="no such case"):
        follows(world, case, "committee_leader")


def test_who_follows_a_merged_case_follows_its_main(world: build.World) -> None:
    main, merged = build.case_at(world, "handling"), build.case_at(world, "to_verify")
    with unit_of_work():
        gone = lock_case(merged.id)
        gone.merged_into_id, gone.state = main.id, CaseState.MERGED
    follows(world, merged)
    assert [row.case_id for row in followers_of(main)] == [main.id]
    assert is_following(db.session.get_one(Case, merged.id), world.actor("citizen_2"))


@pytest.mark.exhaustive
def test_the_predicate_says_what_the_public_pages_ask_the_rows(world: build.World) -> None:
    case = build.case_at(world, "to_distribute")
    reason = db.session.scalars(select(VisibilityReason.id)).first()
    for state, is_public, sensitive, gone in product(CaseState, (True, False), (reason, None), (NOON, None)):
        with unit_of_work():
            row = lock_case(case.id)
            row.state, row.is_public, row.visibility_reason_id, row.quarantined_at = state, is_public, sensitive, gone
        assert is_known_to_public(case) == (public_case(case.code) is not None), (state, is_public, sensitive, gone)


def test_a_step_that_tells_the_same_twice_leaves_one_message_with_what_was_said_last(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    with unit_of_work():
        locked = lock_case(case.id)
        tell_desk(Role.OPS_LEAD, "directive_given", case=locked, at=LATER, number=1)
        tell_desk(Role.OPS_LEAD, "directive_given", case=locked, at=LATER, number=2)
    [row] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "directive_given"))
    assert row.parameters == {"code": case.code, "number": 2}
