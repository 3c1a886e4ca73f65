"""Counts how long steps took, by month: the current and the previous month again each hour, older ones once.

A passage counts in the local month in which its step was left. A step that was done counts as a passage, a withdrawn one separately.
Quarantined cases do not count. The rows hold numbers only, no cases and no persons.
"""

import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import zstandard
from sqlalchemy import Select, and_, delete, exists, func, insert, select, update
from sqlalchemy.orm import aliased

from casework.db import db, unit_of_work
from casework.figures.counting import month_after, month_before, month_of, start_of
from casework.lateness import late
from casework.models import Case, Centre
from workflows.models import StepFact, StepTimes, WaitingTask

FRESH = timedelta(minutes=30)
"""If another worker counted within that time, the job does not count again."""

MOST_MISSING = 36
"""Older months counted per run of the job, newest first, so that a long past does not delay the present."""

SLICE = timedelta(days=2)
"""Left steps are read for this long at a time, so that no statement grows with the installation."""

MINUTES = "<u4"
"""NumPy's type for the office minutes packed in a row; packing them does not need NumPy."""


class Subject(NamedTuple):
    """The key of a row within its month."""

    centre_id: int
    version_id: int
    element: str
    field_id: int | None
    agency_id: int | None


@dataclass(slots=True)
class Tally:
    """The counts for one subject. A passage without known minutes counts, but adds none."""

    passages: int = 0
    late: int = 0
    redone: int = 0
    withdrawn: int = 0
    minutes: list[int] = field(default_factory=list)

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "passages": self.passages, "late": self.late, "redone": self.redone, "withdrawn": self.withdrawn,
            "minutes": zstandard.compress(struct.pack(f"<{len(self.minutes)}I", *sorted(self.minutes))),
        }  # fmt: skip


def count_step_times(now: datetime) -> int:
    """Count the months that are missing or may have changed. Run by the worker; returns how many months it counted."""
    present = month_of(now)
    number = sum(count_month(month_on, now=now, unless_since=now - FRESH) for month_on in (present, month_before(present)))
    for month_on in _missing(before=month_before(present)):
        number += count_month(month_on, now=now, unless_since=now - FRESH)
    return number


def recount_step_times(now: datetime) -> int:
    """Count every month in which a step was left again; returns how many."""
    number, end = 0, month_after(month_of(now))
    while (newest := _newest_left(before=end)) is not None:
        end = month_of(newest)
        number += count_month(end, now=now)
    return number


def count_month(month_on: date, *, now: datetime, unless_since: datetime | None = None) -> bool:
    """Count one month and replace its rows. Returns False if that was done since `unless_since`.

    Counting takes no lock; the rows are written in a separate unit of work, by one worker at a time.
    """
    if _is_counted(month_on, unless_since):
        return False
    fresh = counted(month_on)
    with unit_of_work():
        _lock()
        if _is_counted(month_on, unless_since):
            return False
        _write(month_on, fresh, now)
    return True


def counted(month_on: date) -> dict[Subject, Tally]:
    """The passages of a month so far. Changes nothing."""
    tallies: dict[Subject, Tally] = defaultdict(Tally)
    since, until = start_of(month_on), start_of(month_after(month_on))
    while since < until:
        for *subject, state, is_late, is_redone, minutes in db.session.execute(left_steps(since, min(since + SLICE, until))):
            tally = tallies[Subject(*subject)]
            if state == "withdrawn":
                tally.withdrawn += 1
                continue
            tally.passages += 1
            tally.late += bool(is_late)
            tally.redone += bool(is_redone)
            if minutes is not None:
                tally.minutes.append(minutes)
        since += SLICE
    return tallies


def left_steps(since: datetime, until: datetime) -> Select[*tuple[Any, ...]]:
    """The statement for the steps left in [since, until), through the index on that instant.

    A step without a limit is never late. A step counts as redone if it was done before in the same process; a withdrawn one was not done.
    """
    earlier = aliased(WaitingTask)
    is_redone = exists().where(
        earlier.instance_id == WaitingTask.instance_id, earlier.element == WaitingTask.element, earlier.state == "done",
        earlier.id < WaitingTask.id,
    )  # fmt: skip
    is_late = late(WaitingTask.due_at, WaitingTask.done_at)
    # the centre and agency as they were when the step was done
    return (
        select(
            WaitingTask.centre_id, StepFact.version_id, StepFact.element, Case.field_id, WaitingTask.agency_id,
            WaitingTask.state, is_late, is_redone, StepFact.working_minutes,
        )
        .select_from(StepFact)
        .join(WaitingTask, and_(WaitingTask.instance_id == StepFact.instance_id, WaitingTask.engine_task == StepFact.engine_task))
        .join(Case, Case.id == StepFact.case_id)
        .where(StepFact.left_at >= since, StepFact.left_at < until)
        .where(WaitingTask.state.in_(("done", "withdrawn")), Case.quarantined_at.is_(None))
    )  # fmt: skip


def _write(month_on: date, fresh: Mapping[Subject, Tally], now: datetime) -> None:
    """Replace the rows of a month. Unchanged rows, which are most, only get the new instant."""
    columns = (StepTimes.id, *(getattr(StepTimes, name) for name in (*Subject._fields, *Tally().columns)))
    places = len(Subject._fields) + 1
    wanted = {subject: tally.columns for subject, tally in fresh.items()}
    gone: list[int] = []
    for row in db.session.execute(select(*columns).where(StepTimes.month_on == month_on)):
        subject = Subject(*row[1:places])
        if tuple(wanted.get(subject, {}).values()) == tuple(row[places:]):
            del wanted[subject]
        else:
            gone.append(row[0])
    for start in range(0, len(gone), 500):
        db.session.execute(delete(StepTimes).where(StepTimes.id.in_(gone[start : start + 500])))
    db.session.execute(update(StepTimes).where(StepTimes.month_on == month_on).values(counted_at=now))
    rows = [{"month_on": month_on, "counted_at": now, **subject._asdict(), **told} for subject, told in wanted.items()]
    for start in range(0, len(rows), 500):
        db.session.execute(insert(StepTimes), rows[start : start + 500])


def _lock() -> None:
    """Let one worker write at a time, by locking the first centre's row; SQLite has a single writer anyway."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(Centre.id).order_by(Centre.id).limit(1).with_for_update(key_share=True))


def _is_counted(month_on: date, since: datetime | None) -> bool:
    if since is None:
        return False
    newest = select(func.max(StepTimes.counted_at)).where(StepTimes.month_on == month_on, StepTimes.counted_at > since)
    return db.session.scalar(newest) is not None


def _missing(before: date) -> list[date]:
    """The months before `before` that need counting, newest first, at most MOST_MISSING: steps were left in them, and no count was made
    since they ended.

    If the worker stood still until a month was no longer the previous one, its last days would otherwise never be counted.
    """
    found: list[date] = []
    while len(found) < MOST_MISSING and (newest := _newest_left(before)) is not None:
        before = month_of(newest)
        if not _is_counted(before, start_of(month_after(before)) - timedelta(microseconds=1)):
            found.append(before)
    return found


def _newest_left(before: date) -> datetime | None:
    query = select(StepFact.left_at).where(StepFact.left_at < start_of(before)).order_by(StepFact.left_at.desc()).limit(1)
    return db.session.scalar(query)
