"""What the tests of moving share: a world, versions drawn from the shipped model, plans carried out to their end, rows as values."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Case, Clock, Draft, Event
from casework.steps.drafts import DraftPlace, keep_draft
from tests import build
from tests import drawn_steps as drawn
from workflows.definitions.process import shipped_model
from workflows.models import MoveCase, ProcessInstance, ProcessMove, ProcessVersion, StepFact, Timer, WaitingTask
from workflows.moving import batch, plans
from workflows.verification import check_process
from workflows.versions.live import live_version

WHY = "Áp dụng bước thẩm định pháp lý cho hồ sơ đang mở."


def live() -> ProcessVersion:
    return live_version(None)


def renamed(element: str, name: str, xml: bytes | None = None) -> bytes:
    """The model with one element under another id, as an editor would write it."""
    return (xml or shipped_model()).replace(f'"{element}"'.encode(), f'"{name}"'.encode()).replace(
        f">{element}<".encode(), f">{name}<".encode())


def limited(element: str, amount: int, xml: bytes) -> bytes:
    """The model with another own limit of a drawn step."""
    assert b'name="limit" value="4"' in xml, element
    return xml.replace(b'name="limit" value="4"', f'name="limit" value="{amount}"'.encode())


def planned(world: build.World, source: ProcessVersion, target: ProcessVersion, *, now: datetime, by: str = "administrator",
            mapping: dict[str, str | None] | None = None, **given: Any) -> ProcessMove:
    """A plan whose cases are previewed."""
    actor = world.actor(by, now)
    with unit_of_work():
        move = plans.make_move(source, target, by=actor, now=now, centre_id=world.centre.id)
        move_id = move.id
    batch.go_on(now)
    if mapping is not None or given:
        with unit_of_work():
            move = db.session.get_one(ProcessMove, move_id)
            plans.map_elements(move, mapping or {}, by=actor, now=now, revision=move.revision, **given)
        batch.go_on(now)
    return db.session.get_one(ProcessMove, move_id, populate_existing=True)


def begun(world: build.World, move: ProcessMove, *, now: datetime, by: str = "administrator") -> ProcessMove:
    """Begun, and nothing moved yet."""
    with unit_of_work():
        assert plans.begin_move(db.session.merge(move), by=world.actor(by, now), now=now, reason=WHY, revision=move.revision)
    return db.session.get_one(ProcessMove, move.id, populate_existing=True)


def carried_out(world: build.World, source: ProcessVersion, target: ProcessVersion, *, now: datetime, **given: Any) -> ProcessMove:
    """A plan done to its end."""
    move = begun(world, planned(world, source, target, now=now, **given), now=now)
    batch.go_on(now)
    return db.session.get_one(ProcessMove, move.id, populate_existing=True)


def undone(world: build.World, move: ProcessMove, *, now: datetime) -> ProcessMove:
    """Everything brought back that can be."""
    with unit_of_work():
        plans.undo_move(db.session.merge(move), by=world.actor("administrator", now), now=now, reason="Chuyển nhầm.")
    batch.go_on(now)
    return db.session.get_one(ProcessMove, move.id, populate_existing=True)


def fates(move: ProcessMove) -> dict[str, str]:
    """What became of each case, by its code."""
    db.session.rollback()
    query = select(Case.code, MoveCase.state).join(MoveCase, MoveCase.case_id == Case.id).where(MoveCase.move_id == move.id)
    return {row.code: row.state for row in db.session.execute(query)}


def line(move: ProcessMove, case: Case) -> MoveCase:
    db.session.rollback()
    return db.session.scalars(select(MoveCase).where(MoveCase.move_id == move.id, MoveCase.case_id == case.id)).one()


NOT_COMPARED = {"version"}
"""The counters of the optimistic locks only grow."""


def rows(case: Case) -> dict[str, list[dict[str, Any]]]:
    """Every row a move can touch, as it stands in the database."""
    db.session.rollback()
    tables = (ProcessInstance, WaitingTask, Timer, Clock, Draft, StepFact, Case)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in tables:
        table = each.__table__
        own = table.c.id if each is Case else table.c.case_id
        query = select(table).where(own == case.id).order_by(table.c.id)
        found[table.name] = [
            {name: value for name, value in row._mapping.items() if name not in NOT_COMPARED} for row in db.session.execute(query)
        ]
    return found


def versions(case: Case) -> list[tuple[str, int, bool]]:
    """By instance the process, the number of its version, and whether it has ended."""
    db.session.rollback()
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id).order_by(ProcessInstance.id)
    return [(each.process_id, each.process_version.number, each.ended_at is not None) for each in db.session.scalars(query)]


def typed(world: build.World, case: Case, element: str, by: str, *, now: datetime, words: str = "Đang viết dở") -> str:
    """A draft of a step, kept by a person; its ref."""
    task = build.waiting(case, element)
    with unit_of_work():
        place = DraftPlace(case.id, task.assignment_id, element)
        return keep_draft(place, by=world.actor(by, now), now=now, fields=[("words", words)], window="w1").draft.ref


def faults() -> list[str]:
    db.session.rollback()
    with one_moment():
        return [f"{each.check} {each.text.en}" for each in check_process() if each.is_fault]


def newest(case: Case) -> Event:
    db.session.rollback()
    return db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.seq.desc()).limit(1)).one()


def later(moment: datetime, minutes: int = 5) -> datetime:
    return moment + timedelta(minutes=minutes)


__all__ = ["WHY", "begun", "carried_out", "drawn", "fates", "faults", "later", "limited", "line", "live", "newest", "planned", "renamed",
           "rows", "typed", "undone", "versions"]  # fmt: skip
