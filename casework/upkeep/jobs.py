"""The rows of recurring jobs: who may run one now, how it went, and whether somebody wants it at once.

    small jobs    every worker runs them; each claims the rows it works on, so that nothing is done twice
    large jobs    those that come seldom (SELDOM) and look at everything: one worker does them for all, by a claim on the job's row

A claim ends with the run. One whose process ended, or was not seen for minutes, another takes over at once and not a day later. A run that
failed is not the last one: the job is due again after minutes, which grow with each failure.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select, update

from casework.db import db, inserting
from casework.models import ProgramProcess, RecurringJob
from casework.permissions import Action, Actor, require
from casework.upkeep.server_processes import is_there

SELDOM = timedelta(minutes=5)
"""From this interval on, one worker does a job for all."""
EARLY = 0.1
"""A worker may come this share of an interval early, because its own times are spread."""
BACK = timedelta(seconds=90)
"""A start further in the future than this was written before the clock was set back, and is ignored."""

AGAIN_AFTER, LONGEST_AGAIN = timedelta(minutes=5), timedelta(hours=1)
"""How long after a failure a large job is tried again, doubled after each further failure."""

DONE, FAILED = "done", "failed"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job. For a failure its class and place, nothing of its subject."""

    name: str
    started_at: datetime
    ended_at: datetime
    took: timedelta
    result: str = DONE
    error: str = ""
    place: str = ""

    @property
    def has_failed(self) -> bool:
        return self.result == FAILED


@dataclass(slots=True)
class JobRuns:
    """A batch of runs of one job: the newest run, and how many there were since the last batch."""

    last: JobRun
    runs: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    """Since the last successful run in this batch."""
    took: timedelta = timedelta()
    went_well: bool = False
    failure: JobRun | None = None

    def add(self, ran: JobRun) -> None:
        """Add one run."""
        self.last, self.runs, self.took = ran, self.runs + 1, self.took + ran.took
        if ran.has_failed:
            self.failures, self.failures_in_a_row, self.failure = self.failures + 1, self.failures_in_a_row + 1, ran
        else:
            self.failures_in_a_row, self.went_well = 0, True


def know_jobs(names: Iterable[str]) -> None:
    """Give each job of the table a row. Rows of other versions' jobs are left alone."""
    rows = [{"name": name} for name in names]
    db.session.execute(inserting(RecurringJob).on_conflict_do_nothing(), rows)


def claim_run(name: str, every: timedelta, *, process_id: int, now: datetime, wanted: bool = False) -> bool:
    """Claim the present run of a large job for this process; False where it is not due yet or another process has it.

    It is due an interval after its last start; at once when `wanted`, when it never ran, or when its process is dead; after a failure as
    `again_after` says.
    """
    row = RecurringJob
    last = db.session.get(row, name, populate_existing=True)
    every = min(every, again_after(last)) if last is not None and _has_failed(last) else every
    at_work = select(ProgramProcess.id).where(ProgramProcess.id == row.running_id, is_there(now)).exists()
    is_free = or_(row.running_id.is_(None), row.running_id == process_id, ~at_work)
    is_due = or_(
        row.started_at.is_(None), row.started_at <= now - every * (1 - EARLY), row.started_at > now + BACK, row.running_id.is_not(None)
    )
    query = update(row).where(row.name == name, is_free, *(() if wanted else (is_due,)))
    values = {"started_at": now, "running_id": process_id}
    taken = db.session.execute(query.values(**values).returning(row.name), execution_options={"synchronize_session": False})
    return taken.first() is not None


def stalled_jobs(now: datetime) -> list[str]:
    """Large jobs whose process died during the run."""
    at_work = select(ProgramProcess.id).where(ProgramProcess.id == RecurringJob.running_id, is_there(now)).exists()
    return list(db.session.scalars(select(RecurringJob.name).where(RecurringJob.running_id.is_not(None), ~at_work)))


def failed_jobs(now: datetime) -> list[str]:
    """Jobs whose last run failed long enough ago to be tried again."""
    failed = db.session.scalars(select(RecurringJob).where(RecurringJob.result == FAILED, RecurringJob.running_id.is_(None)))
    return [row.name for row in failed if row.started_at is not None and row.started_at + again_after(row) <= now]


def again_after(row: RecurringJob) -> timedelta:
    """How long after the start of a failed run the job is tried again."""
    doubled = min(max(row.failures_in_a_row - 1, 0), 10)
    return min(AGAIN_AFTER * (1 << doubled), LONGEST_AGAIN)


def record_runs(sums: Collection[JobRuns], *, worker: str, process_id: int, next_at: dict[str, datetime | None]) -> None:
    """Record runs of jobs; for each the newest, whichever worker reports it first."""
    row = RecurringJob
    for each in sorted(sums, key=lambda one: one.last.name):
        last, fail = each.last, each.failure
        values = {
            "runs": row.runs + each.runs, "run_ms": row.run_ms + _ms(each.took), "failures": row.failures + each.failures,
            "failures_in_a_row": each.failures_in_a_row + (0 if each.went_well else row.failures_in_a_row),
            "started_at": last.started_at, "ended_at": last.ended_at, "duration_ms": _ms(last.took), "result": last.result[:20],
            "worker": worker[:100], "next_at": next_at.get(last.name),
            # a claim taken over by another process meanwhile stays theirs
            "running_id": case((row.running_id == process_id, None), else_=row.running_id),
        } | ({"failed_at": fail.ended_at, "error": fail.error[:80], "error_place": fail.place[-200:]} if fail else {})  # fmt: skip
        db.session.execute(update(row).where(row.name == last.name).values(**values))


def ask_for_run(name: str, *, by: Actor, now: datetime) -> bool:
    """Have a worker run the job within seconds; returns whether there is such a job. Raises NotAllowed."""
    require(by, Action.RUN_JOB)
    query = update(RecurringJob).where(RecurringJob.name == name).values(wanted_at=now, wanted_by_id=by.own_id)
    return db.session.execute(query.returning(RecurringJob.name)).first() is not None


def wanted_jobs() -> list[str]:
    """The jobs requested for now."""
    return list(db.session.scalars(select(RecurringJob.name).where(RecurringJob.wanted_at.is_not(None))))


def take_wanted(name: str) -> bool:
    """Take a requested job; False where another worker was quicker."""
    query = update(RecurringJob).where(RecurringJob.name == name, RecurringJob.wanted_at.is_not(None)).values(wanted_at=None)
    return db.session.execute(query.returning(RecurringJob.name)).first() is not None


def job_rows() -> dict[str, RecurringJob]:
    return {row.name: row for row in db.session.scalars(select(RecurringJob))}


def first_run(row: RecurringJob | None, every: timedelta, *, now: datetime, soon: timedelta) -> datetime:
    """When a new worker first runs a large job: as if it had never been away, but never before `soon`."""
    if row is None or row.started_at is None or row.running_id is not None or row.started_at > now + BACK:
        return now + soon
    wait = min(every, again_after(row)) if _has_failed(row) else every
    return max(now + soon, min(row.started_at, now) + wait)


def next_run(row: RecurringJob | None, every: timedelta) -> datetime | None:
    """When a job runs next, as far as known."""
    if row is None or row.next_at is None or row.started_at is None or every < SELDOM or not _has_failed(row):
        return row.next_at if row is not None else None
    return min(row.next_at, row.started_at + again_after(row))


def _has_failed(row: RecurringJob) -> bool:
    return row.result == FAILED


def _ms(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))
