"""Office hours of several years as a table of seconds, since thousands of cases ask millions of times. Rules: casework.working_time."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from casework.working_time import Calendar

_DAY = timedelta(days=1)


class OfficeTime:
    """The office hours of a calendar between two instants in seconds; beyond the last one offices never close."""

    def __init__(self, calendar: Calendar, first: float, last: float) -> None:
        self._opens: list[float] = []
        self._closes: list[float] = []
        self._before: list[float] = []
        used = 0.0
        day, until = (calendar.day_of(datetime.fromtimestamp(each, UTC)) for each in (first, last))
        while day <= until:
            for opens, closes in calendar.hours_of(day):
                self._opens.append(opens.timestamp())
                self._closes.append(closes.timestamp())
                self._before.append(used)
                used += (closes - opens).total_seconds()
            day += _DAY
        self._all = used

    def used(self, at: float) -> float:
        """Return the office seconds from the first instant to `at`."""
        place = bisect_right(self._opens, at) - 1
        if place < 0:
            return 0.0
        if place == len(self._opens) - 1 and at > self._closes[place]:
            return self._all + at - self._closes[place]
        return self._before[place] + min(at, self._closes[place]) - self._opens[place]

    def between(self, start: float, end: float) -> float:
        """Return the office seconds between two instants."""
        return max(self.used(end) - self.used(start), 0.0)

    def after(self, start: float, seconds: float) -> float:
        """Return the earliest instant by which that many office seconds have passed since `start`; `start` itself for 0."""
        if seconds <= 0:
            return start
        wanted = self.used(start) + seconds
        if not self._opens:
            return start + seconds
        place = bisect_right(self._before, wanted) - 1
        # time used up at closing ends at closing, not at the next opening
        if place > 0 and wanted == self._before[place]:
            place -= 1
        if wanted > self._all:
            return self._closes[-1] + wanted - self._all
        return self._opens[place] + wanted - self._before[place]


Told = dict[str, Any]


def told_calendar(calendar: Calendar) -> Told:
    return {
        "days_off": sorted(day.isoformat() for day in calendar.days_off),
        "worked_days": sorted(day.isoformat() for day in calendar.worked_days),
        "office_hours": _told(calendar.office_hours),
        "changed_hours": [[day.isoformat(), _told(hours)] for day, hours in calendar.changed_hours],
    }


def calendar_from_told(told: Mapping[str, Any]) -> Calendar:
    return Calendar(
        frozenset(date.fromisoformat(day) for day in told["days_off"]),
        frozenset(date.fromisoformat(day) for day in told["worked_days"]),
        _hours(told["office_hours"]),
        changed_hours=tuple((date.fromisoformat(day), _hours(hours)) for day, hours in told["changed_hours"]),
    )


def _told(hours: tuple[tuple[time, time], ...]) -> list[list[str]]:
    return [[opens.isoformat(), closes.isoformat()] for opens, closes in hours]


def _hours(told: list[list[str]]) -> tuple[tuple[time, time], ...]:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in told)
