"""When something is late: asked here by every page, list, count, file and paper that says so of a case, of a part of it or of a step.

Late is `now >= due_at` (rules.md, section 4), over whatever state. What rests has no limit, unless it was late before: then it stays late.
Of a case the limit is the day promised for its answer; how long accepting it may take is a limit of that step and makes no case late.
Staff judge by the minute, everybody else by the day: for them it is late from the day after its last one. Which cases are open and
whose are counted apart: `open_cases.py`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_

from casework.local_time import local_day, midnight


def is_late(due_at: datetime | None, at: datetime) -> bool:
    """Whether a limit has run out by then; what has none is in time."""
    return due_at is not None and at >= due_at


def late(due_at: Any, at: Any) -> ColumnElement[bool]:
    """The same of a column; not fulfilled where there is no limit. `at` may be worked out in the database."""
    condition: ColumnElement[bool] = due_at <= at
    return condition


def soon(due_at: Any, at: datetime, until: datetime) -> ColumnElement[bool]:
    """Not late at the one moment, and late at the other."""
    return and_(due_at > at, late(due_at, until))


def public_moment(now: datetime) -> datetime:
    """The moment by which everybody else judges: the beginning of the day, so that no figure tells an hour."""
    return midnight(local_day(now))
