"""Units of work that wait for each other: families of cases are locked in one order, and what met in a circle is begun anew."""
from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from time import monotonic, sleep

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from casework.cases import CaseBusy, lock_case, lock_families
from casework.db import db, unit_of_work
from casework.events import record
from casework.merging import merge as merging
from casework.merging.merge import MergeInput
from casework.models import Case, Event
from casework.permissions import SYSTEM
from tests import build
from tests.merged import merge
from workflows.running.incidents import MOST_CIRCLES, run_recorded

pytestmark = pytest.mark.on_both

on_postgres = pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def beside(app: Flask, work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        with app.app_context():
            work()
            db.session.remove()

    thread = threading.Thread(target=contextvars.Context().run, args=(run,))
    thread.start()
    return thread


def somebody_waits() -> bool:
    with db.engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(connection.scalar(text(waiting)))


def until(holds: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not holds():
        assert monotonic() < end
        sleep(0.02)


def test_a_family_is_its_main_case_and_all_merged_into_it(world: build.World) -> None:
    main, *joined, alone = [build.case_at(world, "to_verify") for _ in range(4)]
    for case in joined:
        merge(world, case, main)
    for one in (main, *joined):
        with unit_of_work():
            assert sorted(lock_families([one.id])) == sorted({main.id, *(each.id for each in joined)})
    with unit_of_work():
        assert list(lock_families([alone.id])) == [alone.id]


@on_postgres
def test_who_was_merged_while_a_family_was_waited_for_belongs_to_it(app: Flask, world: build.World) -> None:
    first, second = (build.case_at(world, "to_verify") for _ in range(2))
    ids, held = [first.id, second.id], []
    now = build.next_moment(second)
    by = world.actor("operator", now)

    def wait_for_it() -> None:
        with unit_of_work():
            held.extend(sorted(lock_families([ids[0]])))

    with unit_of_work():
        source = lock_case(ids[0])
        waiting = beside(app, wait_for_it)
        until(somebody_waits)
        merging.merge(source, MergeInput(into=db.session.get_one(Case, ids[1])), by=by, now=now)
    waiting.join(20)
    assert held == sorted(ids)


@on_postgres
def test_two_that_wait_for_each_other_are_both_done_once(app: Flask, world: build.World) -> None:
    ids = [build.case_at(world, "to_verify").id for _ in range(2)]
    both, refused = threading.Barrier(2), []

    def cross(first: int, second: int) -> None:
        tries = []

        def work() -> None:
            tries.append(1)
            case = lock_case(first)
            record(case, "cross", by=SYSTEM, at=build.NOON)
            if len(tries) == 1:
                both.wait(20)
            lock_case(second)

        try:
            run_recorded(work, lambda: None, now=build.NOON)
        except CaseBusy:
            refused.append(first)

    threads = [beside(app, lambda: cross(*ids)), beside(app, lambda: cross(*reversed(ids)))]
    for thread in threads:
        thread.join(40)
    db.session.rollback()
    assert refused == []
    crossed = select(Event.case_id, func.count()).where(Event.type == "cross").group_by(Event.case_id)
    assert {row[0]: row[1] for row in db.session.execute(crossed)} == dict.fromkeys(ids, 1)


def test_what_meets_in_a_circle_again_and_again_is_told_so(world: build.World) -> None:
    case_id, tries = build.case_at(world, "to_verify").id, []

    def work() -> None:
        tries.append(1)
        record(lock_case(case_id), "cross", by=SYSTEM, at=build.NOON)
        raise OperationalError("SELECT", {}, psycopg.errors.DeadlockDetected())

    with pytest.raises(CaseBusy):
        run_recorded(work, lambda: None, now=build.NOON)
    assert len(tries) == MOST_CIRCLES + 1
    assert db.session.scalar(select(func.count()).where(Event.type == "cross")) == 0
