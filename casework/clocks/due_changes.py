"""How a due instant moves when the case changes: a promised day never moves earlier, except to urgent. Pure functions.

`None` is the due instant of a clock in an open pause: not yet known, so later than every instant.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from casework.working_time import Calendar, Pause, TimeLimit, Unit, due_at, subtract_working_minutes, working_minutes, working_time

URGENT_LIMIT = TimeLimit(24, Unit.HOURS)
NORMAL_ALLOWANCE = TimeLimit(8, Unit.WORKING_HOURS)  # what is left of a case for approval and publication
URGENT_ALLOWANCE = TimeLimit(2, Unit.HOURS)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MOMENT = timedelta(microseconds=1)


def assignment_due(case_due: datetime | None, urgent: bool, calendar: Calendar, allowance: TimeLimit | None = None) -> datetime | None:
    """Return the due instant of an assignment: the case's, less 8 working hours, or less 2 hours round the clock when urgent.

    `allowance` replaces the two defaults. The answer may lie in the past when little is left of the case: see
    under_one_working_day_left. Source: rules, section 4, "assignment".
    """
    if case_due is None:
        return None
    return _less(case_due, allowance or (URGENT_ALLOWANCE if urgent else NORMAL_ALLOWANCE), calendar)


def under_one_working_day_left(now: datetime, due: datetime, calendar: Calendar) -> bool:
    """Whether less than one working day of office time is left, so that the operations lead confirms or extends."""
    return working_minutes(now, due, calendar) < calendar.office_minutes_on(calendar.day_of(now))


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


def shifted(due: datetime, since: datetime, until: datetime, unit: Unit, calendar: Calendar) -> datetime:
    """Return a due instant after one pause [since, until), counted in the limit's unit; never earlier than before.

    What was left when the clock stopped is left when it starts again. In days, the day it stops is used up and the day it starts again is
    not counted. Equals due_at of the limit with that pause where the clock was moved by pauses alone, in the order they were made; where
    it was moved by hand nothing else could be counted. What had passed when the pause began is not revived. Source: rules, section 4,
    "Pauses". Raises BeyondTenYears.
    """
    if due <= since:
        return due
    match unit:
        case Unit.HOURS | Unit.MINUTES:
            return until + (due - since)
        case Unit.WORKING_HOURS:
            return _shifted_by_office_time(due, since, until, calendar)
        case Unit.WORKING_DAYS | Unit.CALENDAR_DAYS:
            return _shifted_by_days(due, since, until, unit, calendar)


def last_day_in_time(due: datetime, calendar: Calendar) -> date:
    """Return the local day that holds the last instant in time: for a limit of days the day before its due instant."""
    return calendar.day_of(due - _MOMENT)


def _shifted_by_office_time(due: datetime, since: datetime, until: datetime, calendar: Calendar) -> datetime:
    left = working_time(since, due, calendar)
    if not left:
        return max(due, until)
    # any start from which whole office hours lead to `due` gives the same result as the true one, which may have been at any minute
    hours = -(-left // _HOUR)
    start = subtract_working_minutes(due, hours * 60, calendar)
    found = due_at(TimeLimit(hours, Unit.WORKING_HOURS), start, calendar, [Pause(since, until)])
    return due if found is None else max(due, found)


def _shifted_by_days(due: datetime, since: datetime, until: datetime, unit: Unit, calendar: Calendar) -> datetime:
    stopped, started, last = calendar.day_of(since), calendar.day_of(until), last_day_in_time(due, calendar)
    if stopped == started and until < due:
        return due
    left = sum(
        unit is Unit.CALENDAR_DAYS or calendar.is_working_day(stopped + _DAY * offset) for offset in range(1, (last - stopped).days + 1)
    )
    if left:
        found = due_at(TimeLimit(left, unit), until, calendar)
        return due if found is None else max(due, found)
    return max(due, calendar.start_of(started + _DAY))


def _less(instant: datetime, allowance: TimeLimit, calendar: Calendar) -> datetime:
    match allowance.unit:
        case Unit.WORKING_HOURS:
            return subtract_working_minutes(instant, allowance.amount * 60, calendar)
        case Unit.WORKING_DAYS:
            return subtract_working_minutes(instant, allowance.amount * calendar.office_minutes_on(calendar.day_of(instant)), calendar)
        case Unit.CALENDAR_DAYS:
            return instant - timedelta(days=allowance.amount)
        case Unit.HOURS | Unit.MINUTES:
            return instant - allowance.length
