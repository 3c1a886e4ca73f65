"""Rows that are only added are written with everything else, and whoever reads in between finds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import IntegrityError

from casework.cases import lock_case
from casework.db import Ids, Model, add_only, db, new_ref, unit_of_work
from casework.events import case_stream, record
from casework.models import Case, Event, OutboxMessage
from casework.outbox import tell_inbox
from casework.permissions import SYSTEM
from casework.reorganising.journal import watched
from tests import build
from workflows.models import StepFact

NOON = build.NOON
DESK = "operator:c1"
ADDING = ("casework.events.add_only", "casework.outbox.add_only", "workflows.running.flat_rows.add_only")


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def written(world: build.World) -> Iterator[list[str]]:
    """The statements that write, in order, each with its table and the columns it sets."""
    seen: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("INSERT INTO", "UPDATE")):
            seen.append(statement.split("VALUES")[0].split("WHERE")[0])

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def number_of_events(case: Case) -> int:
    return db.session.scalar(select(func.count()).select_from(Event).where(Event.case_id == case.id)) or 0


def rows_of(case: Case) -> dict[str, list[Any]]:
    """What a life left in the tables of rows that are only added, without what differs from case to case."""
    code, reporter = case.code, f"reporter:{case.main_report.reporter_id}"
    events = db.session.execute(
        select(Event.seq, Event.type, Event.at, Event.actor_id, Event.on_behalf_of_id, Event.payload)
        .where(Event.stream == case_stream(case)).order_by(Event.seq)
    )  # fmt: skip
    messages = db.session.scalars(select(OutboxMessage).where(OutboxMessage.case_id == case.id))
    facts = db.session.scalars(select(StepFact).where(StepFact.case_id == case.id))
    return {
        "event": [str(tuple(row)).replace(code, "CODE") for row in events],
        "outbox_message": [
            str((row.recipient.replace(reporter, "REPORTER"), row.channel, row.template, row.parameters, row.created_at, row.due_at,
                 row.attempts, row.sent_at, row.read_at)).replace(code, "CODE")
            for row in messages
        ],
        "step_fact": [str((row.element, row.entered_at, row.left_at, row.working_minutes, row.version_id)) for row in facts],
    }  # fmt: skip


def added_singly(row: Model, *, ids: Ids | None = None) -> None:
    if ids is not None:
        db.session.flush()
        for name, value in ids().items():
            setattr(row, name, value)
    db.session.add(row)


@pytest.mark.exhaustive
def test_a_life_leaves_the_same_rows_as_when_each_was_added_to_the_session(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = rows_of(build.case_at(world, "closed", agencies=2))
    for name in ADDING:
        monkeypatch.setattr(name, added_singly)
    one_by_one = rows_of(build.case_at(world, "closed", agencies=2))
    assert {table: Counter(rows) for table, rows in together.items()} == {table: Counter(rows) for table, rows in one_by_one.items()}
    assert all(together.values())


def test_a_step_writes_each_kind_of_row_in_one_statement_at_its_end(world: build.World, written: list[str]) -> None:
    case = build.case_at(world, "at_agency")
    written.clear()
    build.accept(world, case)
    assert [statement for statement, times in Counter(written).items() if times > 1] == []
    assert sum(statement.startswith("INSERT INTO event ") for statement in written) == 1


def test_whoever_reads_events_in_the_same_unit_of_work_finds_those_just_recorded(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        before = number_of_events(case)
        record(lock_case(case.id), "add_note", by=SYSTEM, at=NOON)
        assert number_of_events(case) == before + 1


def test_what_a_savepoint_took_back_is_not_written(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        lock_case(case.id)
        tell_inbox(DESK, "case_held", case=case, at=NOON, key="before")
        with db.session.begin_nested() as savepoint:
            tell_inbox(DESK, "case_held", case=case, at=NOON, key="within")
            savepoint.rollback()
        tell_inbox(DESK, "case_held", case=case, at=NOON, key="after")
    keys = set(db.session.scalars(select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_(("before", "within", "after")))))
    assert keys == {"before", "after"}


def test_what_was_added_outside_a_unit_of_work_is_written_by_none(world: build.World) -> None:
    case = build.case_at(world, "handling")
    code = case.code
    db.session.rollback()
    stray = OutboxMessage(
        recipient=f"desk:{DESK}", channel="page", template="case_held", parameters={"code": code}, dedupe_key="stray", created_at=NOON,
        due_at=NOON,
    )  # fmt: skip
    add_only(stray)
    with unit_of_work():
        pass
    assert db.session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key == "stray")).all() == []


def test_a_message_told_anew_after_it_was_sent_to_the_database_has_the_newest_words(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        lock_case(case.id)
        tell_inbox(DESK, "due_moved", case=case, at=NOON, key="moved", due_at="first")
        db.session.flush()
        tell_inbox(DESK, "due_moved", case=case, at=NOON, key="moved", due_at="second")
    assert db.session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key == "moved")).one().parameters["due_at"] == "second"


def test_a_row_the_database_refuses_undoes_the_whole_unit(world: build.World) -> None:
    case = build.case_at(world, "handling")
    title, taken = case.title, db.session.scalars(select(OutboxMessage.dedupe_key).limit(1)).one()
    with pytest.raises(IntegrityError):
        rename_and_tell(case, key=taken)
    assert db.session.get_one(Case, case.id).title == title


def rename_and_tell(case: Case, *, key: str) -> None:
    with unit_of_work():
        lock_case(case.id).title = "Tên khác"
        tell_inbox(DESK, "case_held", case=case, at=NOON, key=key)


def test_whoever_watches_the_session_is_told_of_rows_that_are_only_added(world: build.World) -> None:
    case, seen = build.case_at(world, "handling"), []
    known = db.session.scalars(select(StepFact).where(StepFact.case_id == case.id).limit(1)).one()
    columns = {name: getattr(known, name) for name in ("instance_id", "case_id", "version_id", "element", "entered_at", "left_at")}
    with unit_of_work(), watched(seen.extend):
        lock_case(case.id)
        add_only(StepFact(engine_task=new_ref(), **columns))
        later = {"instance_id": columns.pop("instance_id")}
        add_only(StepFact(engine_task=new_ref(), **columns), ids=lambda: later)
    assert [change["table_name"] for change in seen] == ["step_fact", "step_fact"]
