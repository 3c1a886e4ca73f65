"""The recurring jobs of one process: APScheduler runs them, and a separate thread reports their results to the database, picks up requests
to run one at once, and corrects their times when the clock is set.

APScheduler follows the wall clock: set back two hours, it would sleep two hours; set forward, a daily job would run too early. So the
thread compares the wall clock with a monotonic one, and shifts the times of all jobs by the difference.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Sized
from datetime import UTC, datetime, timedelta

from flask import Flask

from casework.db import db, unit_of_work
from casework.upkeep.jobs import (
    DONE,
    FAILED,
    SELDOM,
    JobRun,
    JobRuns,
    claim_run,
    failed_jobs,
    first_run,
    job_rows,
    know_jobs,
    record_runs,
    stalled_jobs,
    take_wanted,
    wanted_jobs,
)
from casework.upkeep.server_processes import SEEN_EVERY
from web.clock import now
from web.request_log import LOGGER, WORK, failure_facts
from web.watching.job_threads import OTHERS_AT_ONCE, QUICK_AT_ONCE
from web.watching.presence import Presence
from workflows.jobs import Job
from workflows.running.faults import place_of

TURN_SECONDS = 1.0
HEARS_EVERY = timedelta(seconds=3)
TELLS_EVERY = timedelta(seconds=15)
"""The interval of reports; SEEN_EVERY where there were only empty runs, so that an idle installation writes once a minute."""
JUMP = timedelta(seconds=1.5)
"""A smaller step in one round is a correction by a time server."""
SPREAD_SMALL, SPREAD_LARGE = timedelta(seconds=2), timedelta(seconds=20)
"""The time over which the first runs of a new process are spread."""
JITTER = 0.05
MOST_JITTER = timedelta(minutes=5)
SECOND = timedelta(seconds=1)

QUICK = frozenset({
    "carry_out_held_acts", "fire_due_timers", "deliver_messages", "send_reminders", "route_messages", "plan_digests", "send_email",
    "send_push", "send_zns", "send_sms",
})  # fmt: skip
"""Jobs somebody waits for and that use no storage: each has its own thread, so that a slow storage does not delay them."""


def steady() -> timedelta:
    """A monotonic time, which nobody can set; it continues while the machine sleeps, where the system has such a clock."""
    return timedelta(seconds=time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


def wall() -> datetime:
    """The present instant by the machine's clock."""
    return datetime.now(UTC)


def perform(app: Flask, job: Job) -> JobRun:
    """Run one job in a context of its own; a failure is logged, and it runs again at its next time."""
    with app.app_context():
        started_at, began, result, error, place = now(), steady(), DONE, "", ""
        WORK.set(job.name)
        try:
            result = _result_of(job.run(started_at))
        except Exception as fault:
            LOGGER.error("job failed", extra={"job": job.name, **failure_facts(fault)})
            result, error, place = FAILED, type(fault).__name__, place_of(fault)
        finally:
            WORK.set("")
        took = steady() - began
        return JobRun(job.name, started_at, started_at + took, took, result, error, place)


class Jobs:
    """All jobs of this process, from `start` to `shutdown`."""

    def __init__(self, app: Flask, jobs: Collection[Job], kind: str) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor  # late: docs/architecture.md
        from apscheduler.schedulers.background import BackgroundScheduler

        self.presence = Presence(app, kind)
        self._app, self._jobs = app, {job.name: job for job in jobs}
        self.scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
            executors={"default": ThreadPoolExecutor(OTHERS_AT_ONCE), "quick": ThreadPoolExecutor(QUICK_AT_ONCE)},
        )  # fmt: skip
        self._sums: dict[str, JobRuns] = {}
        self._failing: set[str] = set()
        self._asked: set[str] = set()
        self._at_work: set[str] = set()
        self._guard, self._stopped, self._hurry = threading.Lock(), threading.Event(), threading.Event()
        self._has_news = True
        self._wall, self._steady = wall(), steady()
        self._told = self._heard = self._looked = self._steady
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)

    def start(self) -> None:
        """Start the jobs in threads of this process, each at its time and never twice at a time."""
        self.presence.begin()
        with self._app.app_context():
            with unit_of_work():
                know_jobs(self._jobs)
            rows, at = job_rows(), now()
            first = {
                job.name: first_run(rows.get(job.name), job.every, now=at, soon=_spread(SPREAD_LARGE)) - at
                if _is_for_all(job) else _spread(min(job.every, SPREAD_SMALL))
                for job in self._jobs.values()
            }  # fmt: skip
            db.session.remove()
        for job in self._jobs.values():
            jitter = min(job.every * JITTER, MOST_JITTER) / SECOND if _is_for_all(job) else None
            self.scheduler.add_job(self._run, "interval", args=(job,), id=job.name, seconds=job.every / SECOND, jitter=jitter,
                                   executor="quick" if job.name in QUICK else "default",
                                   next_run_time=wall() + first[job.name])  # fmt: skip
        self.scheduler.start()
        self._thread.start()

    def shutdown(self, *, wait: bool = True) -> None:
        """Stop: a running job is finished first, and the results of the others are reported."""
        self.scheduler.shutdown(wait=wait)
        self._stopped.set()
        self._hurry.set()
        self._thread.join(timeout=30)
        self._in_context(self._tell)
        self.presence.end()

    def _run(self, job: Job) -> None:
        wanted = job.name in self._asked
        self._asked.discard(job.name)
        self._at_work.add(job.name)
        try:
            if not _is_for_all(job) or self._claims(job, wanted=wanted):
                self._note(perform(self._app, job), job)
        finally:
            self._at_work.discard(job.name)

    def _claims(self, job: Job, *, wanted: bool) -> bool:
        is_claimed = False
        try:
            with self._app.app_context(), unit_of_work():
                is_claimed = claim_run(job.name, job.every, process_id=self.presence.id, now=now(), wanted=wanted)
        except Exception as error:
            LOGGER.error("job not claimed", extra={"job": job.name, **failure_facts(error)})
        if wanted and not is_claimed:  # another process is at it, or the database is away: tried again
            self._asked.add(job.name)
        return is_claimed

    def _note(self, ran: JobRun, job: Job) -> None:
        with self._guard:
            self._sums.setdefault(ran.name, JobRuns(ran)).add(ran)
            is_first = ran.has_failed and ran.name not in self._failing
            self._failing = self._failing | {ran.name} if ran.has_failed else self._failing - {ran.name}
            self._has_news = self._has_news or ran.has_failed or _is_for_all(job) or ran.result not in (DONE, "0")
        if is_first:
            self._hurry.set()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            is_urgent = self._hurry.wait(TURN_SECONDS)
            self._hurry.clear()
            if self._stopped.is_set():
                return
            has_jumped = self._keep_times()
            at = steady()
            if is_urgent or has_jumped or at - self._told >= (TELLS_EVERY if self._has_news else SEEN_EVERY):
                self._told = at
                self._in_context(self._tell)
            if at - self._heard >= HEARS_EVERY:
                self._heard = at
                self._in_context(self._hear)

    def _keep_times(self) -> bool:
        """Shift the times of all jobs by the change of the wall clock; returns whether it was changed."""
        wall_now, steady_now = wall(), steady()
        passed = steady_now - self._steady
        jump = (wall_now - self._wall) - passed
        before, self._wall, self._steady = self._wall + passed, wall_now, steady_now
        if abs(jump) < JUMP:
            return False
        LOGGER.warning("clock was put", extra={"seconds": round(jump / SECOND, 1)})
        for each in self.scheduler.get_jobs():
            next_at = each.next_run_time
            if next_at is not None:
                each.modify(next_run_time=kept_time(next_at, self._jobs[each.id].every, before=before, after=wall_now))
        return True

    def _tell(self) -> None:
        with self._guard:
            sums, self._sums = self._sums, {}
            self._has_news = False
        # not while rows are held: a scheduler that shuts down returns when its last job is done, which may need to write
        next_at = self._next_times(sums)
        try:
            with unit_of_work():
                self.presence.say()
                record_runs(list(sums.values()), worker=self.presence.label, process_id=self.presence.id, next_at=next_at)
        except BaseException:
            with self._guard:
                self._sums = _together(sums, self._sums)
            raise

    def _next_times(self, names: Collection[str]) -> dict[str, datetime | None]:
        shift = now() - wall()
        found = ((name, self.scheduler.get_job(name)) for name in names)
        return {name: each.next_run_time + shift for name, each in found if each is not None and each.next_run_time is not None}

    def _hear(self) -> None:
        wanted = [name for name in wanted_jobs() if name in self._jobs]
        taken: set[str] = set()
        if wanted:
            with unit_of_work():
                taken = {name for name in wanted if take_wanted(name)}
            self._asked |= taken
        if self._steady - self._looked >= SEEN_EVERY:
            self._looked = self._steady
            due = {*stalled_jobs(now()), *failed_jobs(now())}
            taken |= {name for name in due if name in self._jobs and _is_for_all(self._jobs[name])}
        # the scheduler would drop a time that comes while the job runs: what was asked for then stays asked for
        for name in (taken | self._asked) - self._at_work:
            self.scheduler.modify_job(name, next_run_time=wall())

    def _in_context(self, act: Callable[[], None]) -> None:
        """A database that is away must not end the thread: the report is repeated later."""
        try:
            with self._app.app_context():
                try:
                    act()
                finally:
                    db.session.remove()
        except Exception as error:
            LOGGER.warning("jobs not told", extra=failure_facts(error))


def kept_time(next_at: datetime, every: timedelta, *, before: datetime, after: datetime) -> datetime:
    """When a job runs next once the clock was set from `before` to `after`: after the same remaining time.

    A job that ran in between, by the new clock, has its new time already.
    """
    left = next_at - before
    if timedelta() <= left <= every * (1 + JITTER):
        return after + left
    return min(max(next_at, after), after + every)


def _together(first: dict[str, JobRuns], then: dict[str, JobRuns]) -> dict[str, JobRuns]:
    for name, later in then.items():
        if (sum_ := first.get(name)) is None:
            first[name] = later
            continue
        sum_.last, sum_.failure = later.last, later.failure or sum_.failure
        sum_.runs, sum_.failures, sum_.took = sum_.runs + later.runs, sum_.failures + later.failures, sum_.took + later.took
        sum_.failures_in_a_row = later.failures_in_a_row + (0 if later.went_well else sum_.failures_in_a_row)
        sum_.went_well = sum_.went_well or later.went_well
    return first


def _is_for_all(job: Job) -> bool:
    return job.every >= SELDOM


def _spread(over: timedelta) -> timedelta:
    return over * random.random()


def _result_of(told: object) -> str:
    if isinstance(told, int):
        return str(int(told))
    return str(len(told)) if isinstance(told, Sized) and not isinstance(told, str) else DONE
