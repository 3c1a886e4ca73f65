"""When recurring outputs are due: on a working day after the cut-off of their period, at a time of day.

That is the first working day of the centre on which that time comes after the cut-off, or some working days later: for a month cut off at
12:00 on the 25th, a report for 08:00 is made on the 26th, if that is a working day.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from casework.calendars import calendar_of
from casework.local_time import LOCAL_ZONE, local_day
from casework.outputs.schedules import Run
from casework.working_time import LONGEST_SEARCH_DAYS, DayTooFar
from reports.statistics.periods import Period, period_at


def run_after(after: datetime, *, centre_id: int, every: str, clock_time: str, days_after: int) -> Run:
    """Return the first run due after an instant. Raises DayTooFar if the calendar has no working day."""
    return next(reversed(list(_back_to(after, centre_id, every, clock_time, days_after))))


def runs_due(
    now: datetime, *, first_cut_off: datetime, centre_id: int, every: str, clock_time: str, days_after: int, most: int
) -> list[Run]:  # fmt: skip
    """Return the runs due by now, from the first period on, newest first, at most `most`. Raises DayTooFar."""
    found: list[Run] = []
    period = period_at(every, now, centre_id=centre_id).before()
    while period.until >= first_cut_off and len(found) < most:
        run = _run_of(period, centre_id, clock_time, days_after)
        if run.due_at <= now:
            found.append(run)
        period = period.before()
    return found


def _back_to(after: datetime, centre_id: int, every: str, clock_time: str, days_after: int) -> Iterator[Run]:
    """The runs due after an instant, from that of its own period back to the first."""
    period = period_at(every, after, centre_id=centre_id)
    while (run := _run_of(period, centre_id, clock_time, days_after)).due_at > after:
        yield run
        period = period.before()


def _run_of(period: Period, centre_id: int, clock_time: str, days_after: int) -> Run:
    calendar, moment = calendar_of(centre_id), time.fromisoformat(clock_time)
    day, left = local_day(period.until), days_after
    for _day in range(LONGEST_SEARCH_DAYS):
        due_at = datetime.combine(day, moment, LOCAL_ZONE)
        if due_at >= period.until and calendar.is_working_day(day):
            if left == 0:
                return Run(period.name, period.label, period.since, period.until, due_at)
            left -= 1
        day += timedelta(days=1)
    raise DayTooFar
