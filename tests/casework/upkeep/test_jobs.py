"""Who may run a large job, and what is written down of runs. Any number of workers, killed, stopped, and with clocks that are put."""
from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import ProgramProcess, RecurringJob
from casework.permissions import Actor, NotAllowed
from casework.upkeep.jobs import (
    FAILED,
    JobRun,
    JobRuns,
    ask_for_run,
    claim_run,
    failed_jobs,
    first_run,
    know_jobs,
    next_run,
    record_runs,
    stalled_jobs,
    take_wanted,
    wanted_jobs,
)
from casework.upkeep.server_processes import (
    LOST_AFTER,
    Heartbeat,
    begin_process,
    end_process,
    known_processes,
    leave_mark,
    marks,
    see_process,
)
from tests.build import NOON

pytestmark = pytest.mark.on_both

JOB, HOURLY = "count_public_figures", timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def begun(at: datetime = NOON, pid: int = 1) -> int:
    with unit_of_work():
        return begin_process("worker", host="may-1", pid=pid, version="0.9.0", schema="0011", now=at)


def seen(process: int, at: datetime) -> None:
    with unit_of_work():
        see_process(process, Heartbeat(), now=at)


def claims(process: int, at: datetime, *, wanted: bool = False) -> bool:
    with unit_of_work():
        return claim_run(JOB, HOURLY, process_id=process, now=at, wanted=wanted)


def ended(process: int, at: datetime, *, error: str = "") -> None:
    sum_ = JobRuns(ran := JobRun(JOB, at, at + MINUTE, MINUTE, FAILED if error else "3", error, "casework/a.py:1 f" if error else ""))
    sum_.add(ran)
    with unit_of_work():
        record_runs([sum_], worker="may-1 #1", process_id=process, next_at={})


@pytest.fixture(autouse=True)
def known(app: Flask) -> None:
    with unit_of_work():
        know_jobs([JOB])
        know_jobs([JOB, "write_anchors"])


def row() -> RecurringJob:
    return db.session.get_one(RecurringJob, JOB, populate_existing=True)


def test_of_two_workers_one_runs_it_and_it_is_due_again_after_its_interval() -> None:
    first, second = begun(), begun(pid=2)
    assert claims(first, NOON)
    assert not claims(second, NOON)
    ended(first, NOON)
    assert not claims(second, NOON + 30 * MINUTE)
    assert claims(second, NOON + 55 * MINUTE), "times are spread a little"


def test_while_one_is_at_it_for_longer_than_its_interval_nobody_else_begins() -> None:
    first, second = begun(), begun(pid=2)
    assert claims(first, NOON)
    later = NOON + 3 * HOURLY
    seen(first, later)
    assert not claims(second, later)
    assert stalled_jobs(later) == []


@pytest.mark.parametrize("way", ["killed", "ended"])
def test_what_a_process_that_is_gone_had_begun_another_takes_over_at_once(way: str) -> None:
    first, second = begun(), begun(pid=2)
    assert claims(first, NOON)
    at = NOON + MINUTE if way == "ended" else NOON + LOST_AFTER
    if way == "ended":
        with unit_of_work():
            end_process(first, now=NOON + MINUTE / 2)
    assert stalled_jobs(at) == [JOB]
    assert claims(second, at)
    ended(first, NOON)
    assert row().running_id == second, "one that was stopped and goes on does not end the other's run"


def test_a_clock_that_is_put_back_stops_nothing() -> None:
    process = begun()
    assert claims(process, NOON)
    ended(process, NOON)
    assert claims(begun(pid=2), NOON - 2 * HOURLY), "the last start lies two hours ahead"


def test_what_somebody_wants_runs_at_once_by_one_worker() -> None:
    process = begun()
    assert claims(process, NOON)
    ended(process, NOON)
    with unit_of_work():
        db.session.get_one(RecurringJob, JOB).wanted_at = NOON
    assert wanted_jobs() == [JOB]
    with unit_of_work():
        assert [take_wanted(JOB), take_wanted(JOB)] == [True, False]
    assert not claims(process, NOON + MINUTE)
    assert claims(process, NOON + MINUTE, wanted=True)
    with pytest.raises(NotAllowed), unit_of_work():
        ask_for_run(JOB, by=Actor(account=None), now=NOON)


def test_failures_are_counted_until_it_goes_well_again() -> None:
    process = begun()
    for number in range(3):
        ended(process, NOON + number * MINUTE, error="RuntimeError")
    found = row()
    assert (found.failures, found.failures_in_a_row, found.error, found.result) == (3, 3, "RuntimeError", FAILED)
    ended(process, NOON + 5 * MINUTE)
    found = row()
    assert (found.runs, found.failures, found.failures_in_a_row, found.result, found.duration_ms) == (4, 3, 0, "3", 60_000)
    assert found.error == "RuntimeError", "the last error stays to be read"


def test_after_a_failure_it_is_due_again_in_minutes_that_grow() -> None:
    first, second = begun(), begun(pid=2)
    at = NOON
    for minutes in (5, 10, 20, 40, 55):
        assert claims(first, at)
        assert failed_jobs(at) == [], "it is at it"
        ended(first, at, error="StorageUnreachable")
        seen(second, at)
        early = at + 0.8 * minutes * MINUTE
        assert (claims(second, early), failed_jobs(early)) == (False, [])
        at += minutes * MINUTE
    assert claims(second, at), "never later than it would be anyway"
    ended(second, at)
    assert failed_jobs(at + HOURLY / 2) == []
    assert not claims(first, at + HOURLY / 2)


def test_what_failed_is_found_once_it_is_due_again_and_shown_so() -> None:
    process, daily = begun(), timedelta(days=1)
    for _ in range(9):
        ended(process, NOON, error="StorageUnreachable")
    assert failed_jobs(NOON + HOURLY - MINUTE) == []
    assert failed_jobs(NOON + HOURLY) == [JOB]
    found = row()
    found.next_at = NOON + daily
    assert (next_run(found, daily), next_run(found, MINUTE), next_run(None, daily)) == (NOON + HOURLY, NOON + daily, None)
    assert first_run(found, daily, now=NOON + MINUTE, soon=MINUTE) == NOON + HOURLY
    found.result = "3"
    assert (next_run(found, daily), first_run(found, daily, now=NOON + MINUTE, soon=MINUTE)) == (NOON + daily, NOON + daily)
    db.session.rollback()


def test_a_start_runs_nothing_again_that_ran_lately() -> None:
    soon, at = timedelta(seconds=5), NOON + 10 * MINUTE
    assert first_run(None, HOURLY, now=at, soon=soon) == at + soon
    assert first_run(RecurringJob(name=JOB, started_at=NOON), HOURLY, now=at, soon=soon) == NOON + HOURLY
    assert first_run(RecurringJob(name=JOB, started_at=NOON), HOURLY, now=NOON + 5 * HOURLY, soon=soon) == NOON + 5 * HOURLY + soon
    assert first_run(RecurringJob(name=JOB, started_at=NOON, running_id=7), HOURLY, now=at, soon=soon) == at + soon
    assert first_run(RecurringJob(name=JOB, started_at=at + HOURLY), HOURLY, now=at, soon=soon) == at + soon


def test_processes_are_known_while_they_say_so_and_forgotten_after_a_week() -> None:
    begun(NOON - timedelta(days=8), pid=9)
    ended_, lives = begun(pid=2), begun(pid=3)
    with unit_of_work():
        end_process(ended_, now=NOON)
    assert [each.id for each in known_processes(since=NOON - MINUTE)] == [lives]
    assert 9 not in db.session.scalars(select(ProgramProcess.pid)).all()
    seen(ended_, NOON)
    assert len(known_processes(since=NOON - MINUTE)) == 2, "taken for dead, it has come back"


def test_the_trace_of_a_command_keeps_when_it_last_ended_well() -> None:
    with unit_of_work():
        leave_mark("verify", is_well=True, facts={"faults": 0}, now=NOON)
        leave_mark("verify", is_well=False, facts={"faults": 2}, now=NOON + HOURLY)
    mark = marks()["verify"]
    assert (mark.done_at, mark.is_well, mark.well_at, mark.facts) == (NOON + HOURLY, False, NOON, {"faults": 2})
