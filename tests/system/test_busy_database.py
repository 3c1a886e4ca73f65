"""A database that is busy or gone for a moment costs a job that moment and nothing else: whatever it was at is done the next times.

Each job runs on one world in which there is work for it, first undisturbed; then again from the same beginning with one statement of
the first run refused, at several places, and three runs after that. What the database holds in the end is the same.
"""
from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import String, event, select
from sqlalchemy.exc import OperationalError

from casework.calendar_changes import set_calendar_day
from casework.cases import CaseBusy
from casework.contacts.codes import Purpose, send_code
from casework.db import METADATA, db, unit_of_work
from casework.facts.keeping import keep_facts
from casework.identity import Contact
from casework.messages.routing import route_messages
from casework.outputs import order_output
from casework.schedules import Plan, make_schedule
from reports.statistics.due import run_after
from tests import build, reorganised
from tests.messages.house import with_mail
from tests.web.letterbox import letterbox
from tests.web.pages import at
from tests.whole import WHOLE
from web.worker import jobs_of
from workflows import reorganising

NOON = build.NOON
NOW = NOON + timedelta(days=30)
"""Wednesday 01/04/2026, 10:00 local time: a month has ended, limits have passed, the offices are open."""
PLACES = 20 if WHOLE else 3
"""Of the statements of a run so many are refused, one in each trial, the first and the last among them."""
WITH_WORK = {
    "fire_due_timers", "send_reminders", "recount_after_calendar_change", "go_on_with_reorganisations",
    "route_messages", "plan_digests", "send_email", "send_sms", "write_anchors", "sweep_codes", "count_public_figures", "count_step_times",
    "keep_facts", "sum_up_days", "freeze_figures", "run_schedules", "make_outputs",
}  # fmt: skip
"""Jobs that have something to do in this world; the others are tried where what they do is set up."""

CONFIGURED = ("email", "sms")
SEES = {"state", "kind", "type", "template", "channel", "element", "desk", "reason", "end_reason", "outcome", "given_up_at", "last_error"}
"""Columns that are held by value, others by whether there is something."""
UNHELD = {"job_run", "recurring_job", "login_session", "rate_counter"}
TRIED = {"attempts", "attempted_at", "tries", "version", "lease", "leased_until"}
"""How often something was begun may differ: it was."""


def shape() -> dict[tuple[str, str], Counter[Any]]:
    """What the database holds, without what is drawn by lot, sealed, or an instant."""
    found: dict[tuple[str, str], Counter[Any]] = {}
    for table in METADATA.sorted_tables:
        if table.name in UNHELD:
            continue
        columns = [column for column in table.columns if column.name not in TRIED]
        for row in db.session.execute(select(*columns)):
            for column, value in zip(columns, row, strict=True):
                is_held = column.name in SEES and isinstance(column.type, String)
                found.setdefault((table.name, column.name), Counter())[value if is_held else value is not None] += 1
    db.session.rollback()
    return found


@contextmanager
def refused_at(place: int) -> Iterator[list[str]]:
    """The statement with that number is refused, as SQLite refuses one while somebody else writes; yields all that were asked."""
    asked: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)
        if len(asked) == place + 1:
            raise OperationalError(statement, {}, sqlite3.OperationalError("database is locked"))

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", look)


def world_with_work(app: Flask) -> build.World:
    """Something to do for most jobs."""
    world = build.standard_world()
    with_mail(world, "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT")
    build.case_at(world, "rating", contact=Contact(email="thu@nguoi-dan.example"), by="guest")
    build.case_at(world, "handling", agencies=2)
    build.case_at(world, "to_publish", urgent=True)
    build.file_report(world)
    with unit_of_work():
        order_output("cases", "csv", {}, by=world.actor("ops_lead", NOW), now=NOW, centre_id=world.centre.id)
        make_schedule("period_report", "month", Plan("Báo cáo tháng", "pdf", "08:00", 0, ("ops_lead",)), centre_id=world.centre.id,
                      agency=None, by=world.actor("ops_lead"), now=NOON, next_run=run_after)  # fmt: skip
        send_code(Contact(phone=build.PHONE), purpose=Purpose.SIGN_IN, now=NOON, configured=("sms",))
    with unit_of_work():
        set_calendar_day(day=date(2026, 4, 3), kind="off", by=world.actor("administrator", NOW), now=NOW, label_vi="Nghỉ bão",
                         label_en="Storm", source="Công văn 12", centre_id=world.centre.id)  # fmt: skip
    # some messages are on their way, some are not told to anybody yet
    build.case_at(world, "rating", now=NOW - timedelta(hours=3), contact=Contact(email="thu@nguoi-dan.example"), by="guest")
    route_messages(NOW - timedelta(hours=1), configured=CONFIGURED)
    keep_facts(NOW - timedelta(hours=1))
    build.case_at(world, "at_agency", now=NOW - timedelta(minutes=30), contact=Contact(email="thu@nguoi-dan.example"), by="guest")
    plan = reorganised.planned(world, on=NOW.date())
    with unit_of_work():
        reorganising.start(plan.ref, by=world.actor("administrator", NOW), now=NOW, reason="Đúng ngày.")
    return world


def rounds(app: Flask, job: Callable[[datetime], object], number: int = 3) -> None:
    """Runs ten minutes apart: leases have run out by then."""
    for each in range(1, number + 1):
        moment = NOW + timedelta(minutes=10 * each)
        at(app, moment)
        job(moment)
    at(app, NOW)


def test_what_a_busy_database_refused_is_done_the_next_times(sqlite_app: Flask, tmp_path: Path) -> None:
    file, begun = Path(str(db.engine.url.database)), tmp_path / "begun.db"
    at(sqlite_app, NOW)
    world_with_work(sqlite_app)
    jobs = {job.name: job.run for job in jobs_of(sqlite_app)}

    def from_the_beginning() -> None:
        db.session.remove()
        db.engine.dispose()
        shutil.copyfile(begun, file)

    db.session.remove()
    db.engine.dispose()
    shutil.copyfile(file, begun)
    wrong, worked = [], set[str]()
    with letterbox(sqlite_app, *CONFIGURED):
        for name, job in jobs.items():
            from_the_beginning()
            before = shape()
            with refused_at(-2) as asked:
                job(NOW)
            number = len(asked)
            rounds(sqlite_app, job)
            whole = shape()
            if whole == before:
                continue
            worked.add(name)
            for place in sorted({round(part * (number - 1) / (PLACES - 1)) for part in range(PLACES)}):
                from_the_beginning()
                with refused_at(place), suppress(OperationalError, CaseBusy):
                    job(NOW)
                db.session.rollback()
                rounds(sqlite_app, job)
                for column in (after := shape()).keys() | whole.keys():
                    if after.get(column) != whole.get(column):
                        wrong.append((name, place, number, column, after.get(column), whole.get(column)))
    assert not wrong, "\n".join(map(str, wrong))
    assert worked == WITH_WORK
