"""How a due instant moves when the case changes: a promised day never moves earlier, except to urgent. Pure functions.

`None` is the due instant of a clock in an open pause: not yet known, so later than every instant.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from casework.working_time import Calendar, Pause, TimeLimit, Unit, due_at, subtract_working_minutes, working_minutes

URGENT_LIMIT = TimeLimit(24, Unit.HOURS)
NORMAL_ALLOWANCE = TimeLimit(8, Unit.WORKING_HOURS)  # what is left of a case for approval and publication
URGENT_ALLOWANCE = TimeLimit(2, Unit.HOURS)


def assignment_due(case_due: datetime | None, urgent: bool, calendar: Calendar, allowance: TimeLimit | None = None) -> datetime | None:
    """Return the due instant of an assignment: the case's, less 8 working hours, or less 2 hours round the clock when urgent.

    `allowance` replaces the two defaults. The answer may lie in the past when little is left of the case: see
    under_one_working_day_left. Source: rules, section 4, "assignment".
    """
    if case_due is None:
        return None
    return _less(case_due, allowance or (URGENT_ALLOWANCE if urgent else NORMAL_ALLOWANCE), calendar)


def under_one_working_day_left(now: datetime, due: datetime, calendar: Calendar) -> bool:
    """Whether fewer office minutes than one working day has are left, so that the operations lead confirms or extends."""
    return working_minutes(now, due, calendar) < calendar.office_minutes


def moved_to_urgent(
    old_due: datetime | None, changed_at: datetime, calendar: Calendar, pauses: Iterable[Pause] = (), limit: TimeLimit = URGENT_LIMIT
) -> datetime | None:
    """Return the earlier of the old due instant and the urgent limit (24 hours) from the change; the one change that may move it back."""
    new_due = due_at(limit, changed_at, calendar, pauses)
    return min((due for due in (old_due, new_due) if due is not None), default=None)


def moved_to_normal(
    old_due: datetime | None, filed_at: datetime, limit: TimeLimit, calendar: Calendar, pauses: Iterable[Pause] = ()
) -> datetime | None:
    """Return the normal limit counted from filing (or from where the clock began), never earlier than the old due instant."""
    return recomputed_never_earlier(old_due, filed_at, limit, calendar, pauses)


def recomputed_never_earlier(
    old_due: datetime | None, started_at: datetime, limit: TimeLimit, calendar: Calendar, pauses: Iterable[Pause] = ()
) -> datetime | None:
    """Return the limit counted anew from the original start, never earlier than the old due instant.

    For another field, complexity or number of agencies. Source: rules, section 4.
    """
    new_due = due_at(limit, started_at, calendar, pauses)
    return None if old_due is None or new_due is None else max(old_due, new_due)


def recomputed_for_calendar(
    old_due: datetime | None, started_at: datetime, limit: TimeLimit, calendar: Calendar, pauses: Iterable[Pause], now: datetime
) -> datetime | None:
    """Return the due instant under a changed calendar: what has passed is not revived, and a promised day never moves earlier."""
    if old_due is not None and old_due <= now:
        return old_due
    return recomputed_never_earlier(old_due, started_at, limit, calendar, pauses)


def _less(instant: datetime, allowance: TimeLimit, calendar: Calendar) -> datetime:
    match allowance.unit:
        case Unit.WORKING_HOURS:
            return subtract_working_minutes(instant, allowance.amount * 60, calendar)
        case Unit.WORKING_DAYS:
            return subtract_working_minutes(instant, allowance.amount * calendar.office_minutes, calendar)
        case Unit.CALENDAR_DAYS:
            return instant - timedelta(days=allowance.amount)
        case Unit.HOURS | Unit.MINUTES:
            return instant - allowance.length
