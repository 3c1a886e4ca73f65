"""When something is late: the single definition for every page, list, count, file and paper, of cases, their parts and steps.

Late is `now >= due_at` (rules.md, section 4), over whatever state. A paused limit is none, unless it was late before: then it stays late.
A case's limit is the day promised for its answer; the limit of acceptance belongs to that step and makes no case late. Staff judge by the
minute, everybody else by the day: for them it is late from the day after its last one. Which cases are open and which are counted
separately: `open_cases.py`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_

from casework.local_time import local_day, midnight


def is_late(due_at: datetime | None, at: datetime) -> bool:
    """Whether a limit has passed by then; without a limit it is in time."""
    return due_at is not None and at >= due_at


def late(due_at: Any, at: Any) -> ColumnElement[bool]:
    """The same for a column; false where there is no limit. `at` may be an expression of the database."""
    condition: ColumnElement[bool] = due_at <= at
    return condition


def soon(due_at: Any, at: Any, until: Any) -> ColumnElement[bool]:
    """In time at one moment and late at the other; both may be expressions of the database."""
    return and_(due_at > at, late(due_at, until))


def public_moment(now: datetime) -> datetime:
    """The moment by which everybody except staff judges: the beginning of the day, so that no figure reveals an hour."""
    return midnight(local_day(now))
