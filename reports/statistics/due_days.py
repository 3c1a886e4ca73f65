"""When what is open falls due, day by day: the calendar of a centre or an agency.

A case stands on its last day in time, which is what people say of it; late and open are what they are everywhere (standing.py). Read
through the indexes of open stretches by their limit, within the days that are shown.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from casework.db import db
from casework.lateness import is_late, soon
from casework.local_time import local_day, midnight
from casework.models import Case, CaseSpan
from casework.open_cases import is_unconfirmed
from reports.statistics.standing import open_in
from reports.statistics.subjects import Scope

MOST_INSTANTS = 2_000
"""Different limits within the days shown: with as many, the calendar says that it is cut."""


@dataclass(slots=True)
class DueDay:
    """How many open cases have their last day then; `late` and `urgent` are parts of `open` and may overlap."""

    open: int = 0
    late: int = 0
    urgent: int = 0


def due_days(scope: Scope, first: date, last: date, *, now: datetime) -> tuple[dict[date, DueDay], bool]:
    """The days from `first` to `last` on which something is due, and whether there was more than is counted."""
    query = (
        select(CaseSpan.due_at, CaseSpan.urgency, func.count())
        .join(Case, Case.id == CaseSpan.case_id)
        .where(*open_in(scope), ~is_unconfirmed(), soon(CaseSpan.due_at, midnight(first), midnight(last + timedelta(days=1))))
        .group_by(CaseSpan.due_at, CaseSpan.urgency).order_by(CaseSpan.due_at).limit(MOST_INSTANTS + 1)
    )  # fmt: skip
    rows = db.session.execute(query).all()
    found: dict[date, DueDay] = {}
    for due_at, urgency, number in rows[:MOST_INSTANTS]:
        if due_at is None:
            continue
        day = found.setdefault(local_day(due_at - timedelta(microseconds=1)), DueDay())
        day.open += number
        day.late += number if is_late(due_at, now) else 0
        day.urgent += number if urgency == "urgent" else 0
    return found, len(rows) > MOST_INSTANTS
