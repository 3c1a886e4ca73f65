"""Undoing a reorganisation: until when, and who has a step afterwards that was taken meanwhile."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case, Membership, Reorganisation
from tests import build, reorganised
from tests.reorganised import MORNING
from workflows.reorganising import undo as reorganisation_undo
from workflows.reorganising.undo import time_left
from workflows.running import steps

SECOND = timedelta(seconds=1)


def local(hour: int, minute: int = 0, *, day: int = 4) -> datetime:
    """A moment of March 2026 in local time."""
    return datetime.fromisoformat(f"2026-03-{day:02}T{hour:02}:{minute:02}:00+07:00").astimezone(UTC)


@pytest.mark.parametrize("done_at", [local(0), local(0, 30), local(6, 59), local(7), local(23, 59)])
def test_it_can_be_undone_until_the_end_of_the_local_day_on_which_it_was_done(done_at: datetime) -> None:
    plan, end = Reorganisation(state="done", done_at=done_at), local(0, day=5)
    for now in (done_at, max(done_at, local(6, 59)), max(done_at, local(7)), end - SECOND):
        assert time_left(plan, now) == end - now
    for now in (end, end + timedelta(hours=7), done_at - SECOND):
        assert time_left(plan, now) is None
    plan.state = "doing"
    assert time_left(plan, done_at) == end - done_at, "also while cases still follow"
    for state in ("draft", "undone"):
        plan.state = state
        assert time_left(plan, done_at) is None


def taken(world: build.World, case: Case, by: str) -> None:
    now = build.next_moment(case)
    with unit_of_work():
        steps.claim(build.waiting(case, "submit_answer").ref, by=world.actor(by, now), now=now)


@pytest.mark.exhaustive
def test_a_step_taken_meanwhile_stays_with_whoever_still_reads_its_desk_and_is_free_otherwise(sqlite_app: Flask) -> None:
    world = build.standard_world()
    kept, freed = build.case_at(world, "handling"), build.case_at(world, "handling")
    plan = reorganised.planned(world)
    reorganised.carried_out(world, plan)
    # the committee took over from the office and from the commune: for a day their officers share a desk
    taken(world, kept, "officer_PTNMT")
    taken(world, freed, "officer_UBND-LAT")
    with unit_of_work():
        reorganisation_undo.undo(plan.ref, by=world.actor("administrator"), now=MORNING + timedelta(hours=3), reason="Thực hiện nhầm.")
    db.session.expire_all()
    rows = [build.waiting(case, "submit_answer") for case in (kept, freed)]
    assert {row.desk for row in rows} == {f"officer@a{world.agencies['PTNMT'].id}"}
    assert [row.claimed_by_id for row in rows] == [world.people["officer_PTNMT"].id, None]
    assert (rows[1].claimed_at, rows[1].assigned_by_id) == (None, None)


def test_a_row_of_the_reorganisation_that_is_gone_since_stands_in_the_way(sqlite_app: Flask) -> None:
    world = build.standard_world()
    plan = reorganised.planned(world)
    reorganised.carried_out(world, plan)
    with unit_of_work():
        mine = select(Membership).where(Membership.account_id == world.people["officer_PTNMT"].id).order_by(Membership.id.desc())
        db.session.delete(db.session.scalars(mine.limit(1)).one())
    with pytest.raises(reorganisation_undo.UndoRefused, match="something has changed"), unit_of_work():
        reorganisation_undo.undo(plan.ref, by=world.actor("administrator"), now=MORNING + timedelta(hours=3), reason="Thực hiện nhầm.")
