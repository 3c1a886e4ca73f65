"""An agency's answer: whose it is, and whose time ran while it was written and while it was judged."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from casework.answers import acts as answering
from casework.answers.acts import RedoAnswerInput, SubmitAnswerInput
from casework.cases import lock_case
from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.models import Answer, Deputy
from casework.permissions import NotAllowed, Role
from casework.second_person import SecondPersonNeeded
from casework.verbs import Input
from tests import build
from tests.build import World
from tests.casework.acting import clock, local
from tests.merged import assignment_of


class Undone(Exception):
    """It would have been done; nothing of it stays."""


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    return build.standard_world()


def test_the_time_of_submission_is_kept_apart_from_the_leader_s(world: World) -> None:
    case = build.case_at(world, "handling")
    submitted, approved = local(3, 3, 9), local(9, 3, 14)
    ptnmt = world.agencies["PTNMT"]
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=ptnmt, now=submitted, **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=ptnmt, now=approved)
    assignment, own, leaders = assignment_of(case, "PTNMT"), clock(case, ClockKind.ASSIGNMENT), clock(case, ClockKind.APPROVAL)
    assert (assignment.submitted_at, assignment.approved_at) == (submitted, approved)
    assert (own.ended_at, leaders.started_at, leaders.ended_at) == (approved, submitted, approved)
    assert own.due_at is not None
    assert submitted < own.due_at < approved, "the officer was in time, the leader was not"
    assert (own.ended_late, leaders.ended_late) == (True, True)


def test_publication_has_its_time_from_the_last_approval_whoever_pressed_first(world: World) -> None:
    """Two leaders at one moment: who asked first may come second, for each waits until nobody else is at the case."""
    case = build.case_at(world, "approval", agencies=2)
    came_first = build.next_moment(case)
    pressed_first = came_first - timedelta(milliseconds=46)
    for key, at in (("PTNMT", came_first), ("UBND-LAT", pressed_first)):
        build.do(world, case, "approve_answer", f"leader_{key}", agency=world.agencies[key], now=at)
    assert clock(case, ClockKind.PUBLICATION).started_at == came_first


@pytest.mark.parametrize("name", ["officer_UBND-LAT", "leader_UBND-LAT", "operator", "ops_lead", "committee_leader", "citizen"])
def test_nobody_writes_another_agency_s_answer(world: World, name: str) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(NotAllowed), unit_of_work():
        answering.submit_answer(
            assignment_of(case, "PTNMT"), SubmitAnswerInput(**build.ANSWER), by=world.actor(name), now=build.next_moment(case)
        )
    assert db.session.query(Answer).count() == 0


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("of", "starts", "ends", "may"), [
    ("author", 0 * HOUR, 9 * HOUR, False), ("judge", 0 * HOUR, 9 * HOUR, False),
    ("author", -2 * HOUR, 2 * HOUR, False), ("judge", -2 * HOUR, 2 * HOUR, False),
    ("author", 4 * HOUR, 9 * HOUR, False), ("author", -9 * HOUR, 0 * HOUR, True), ("author", 5 * HOUR, 9 * HOUR, True)], ids=[
    "the author's deputy", "whose deputy the author is", "was when it was written", "whose deputy the author was then",
    "became so since", "was before it was written", "becomes so later"])
def test_nobody_tied_to_the_author_by_a_deputyship_decides_on_an_answer(
    world: World, of: str, starts: timedelta, ends: timedelta, may: bool
) -> None:
    case, written = build.case_at(world, "handling"), local(3, 3, 9)
    author, judge = (world.people[name].id for name in ("officer_PTNMT", "leader_PTNMT"))
    principal, deputy = (author, judge) if of == "author" else (judge, author)
    with unit_of_work():
        # somebody who may: else the answer would go to a leader above
        build.staff(world, "another leader", Role.AGENCY_LEADER, agency=world.agencies["PTNMT"])
        db.session.add(Deputy(principal_id=principal, deputy_id=deputy, starts_at=written + starts, ends_at=written + ends,
                              created_by_id=world.people["ops_lead"].id))  # fmt: skip
    build.do(world, case, "submit_answer", "officer_PTNMT", now=written, **build.ANSWER)
    decided = written + 4 * HOUR
    for decide, form in ((answering.redo_answer, (RedoAnswerInput(instructions="Chụp lại ảnh."),)), (answering.approve_answer, ())):
        def act(decide: Callable[..., object] = decide, form: tuple[Input, ...] = form) -> None:
            with unit_of_work():
                decide(assignment_of(lock_case(case.id), "PTNMT"), *form, by=world.actor("leader_PTNMT", decided), now=decided)
                raise Undone

        with pytest.raises(Undone if may else SecondPersonNeeded):
            act()
