"""The arithmetic of time limits: working days, office hours, pauses. Pure functions; instants are aware and results in UTC.

Rules of counting: a working-day limit ends at a local midnight, an hour limit at the instant its last minute is used. `due` is always the
first late instant. A paused clock cannot run out: `None` means "not before it is resumed".
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from casework.errors import CaseworkError

SATURDAY = 5
LONGEST_SEARCH_DAYS = 3653  # ten years: a calendar or limit that needs more is a mistake
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)  # the end of an open pause

Span = tuple[datetime, datetime]  # [start, end) in UTC


class BeyondTenYears(CaseworkError):
    """The limit, or its calendar, extends beyond ten years."""

    def __init__(self) -> None:
        super().__init__(
            "Thời hạn này dài hơn mười năm. Xin kiểm tra lại số lượng và lịch làm việc.",
            "This time limit reaches further than ten years. Please check its amount and the working calendar.",
        )


class DayTooFar(BeyondTenYears):
    """A chosen day is more than ten years ahead."""

    def __init__(self) -> None:
        CaseworkError.__init__(
            self,
            "Ngày được chọn xa hơn mười năm. Vui lòng chọn ngày gần hơn.",
            "The day chosen is more than ten years ahead. Please choose an earlier one.",
        )


class Unit(StrEnum):
    """The units of time limits: minutes, hours and calendar days run round the clock, the others only when offices work."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


_MOST = {
    Unit.MINUTES: LONGEST_SEARCH_DAYS * 24 * 60,
    Unit.HOURS: LONGEST_SEARCH_DAYS * 24,
    Unit.WORKING_HOURS: LONGEST_SEARCH_DAYS * 24,
    Unit.WORKING_DAYS: LONGEST_SEARCH_DAYS,
    Unit.CALENDAR_DAYS: LONGEST_SEARCH_DAYS,
}


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A number of units. Raises ValueError below 1, BeyondTenYears above ten years."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError(f"a time limit is at least 1, not {self.amount}")
        if self.amount > _MOST[self.unit]:
            raise BeyondTenYears

    @property
    def length(self) -> timedelta:
        """The time to be used up, for the units counted in minutes or hours."""
        return timedelta(minutes=self.amount) if self.unit is Unit.MINUTES else timedelta(hours=self.amount)


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock is paused in [since, until); `until` is None until it is resumed."""

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        since = _utc(self.since)
        if self.until is not None and _utc(self.until) < since:
            raise ValueError("a pause cannot end before it begins")


@dataclass(frozen=True)
class Calendar:
    """The days and hours in which offices work: Monday to Friday, less `days_off`, plus `worked_days` (a Saturday worked in exchange).

    `office_hours` are local times in ascending order that do not overlap; `changed_hours` replace them from a day on, the days in
    ascending order. Raises ValueError where the parts contradict each other.
    """

    days_off: frozenset[date] = frozenset()
    worked_days: frozenset[date] = frozenset()
    office_hours: tuple[tuple[time, time], ...] = ((time(7, 30), time(11, 30)), (time(13), time(17)))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))
    changed_hours: tuple[tuple[date, tuple[tuple[time, time], ...]], ...] = ()

    def __post_init__(self) -> None:
        if both := self.days_off & self.worked_days:
            raise ValueError(f"both off and worked: {min(both)}")
        for office_hours in (self.office_hours, *(hours for _, hours in self.changed_hours)):
            moments = [moment for hours in office_hours for moment in hours]
            if not moments or any(opens >= closes for opens, closes in office_hours) or moments != sorted(moments):
                raise ValueError("office hours must ascend and not overlap")

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[date, str]]) -> "Calendar":
        """Build the default calendar from (day, "off" or "worked") rows, as in seed_data/calendar_vn.csv."""
        days: dict[str, set[date]] = {"off": set(), "worked": set()}
        for day, kind in rows:
            if kind not in days:
                raise ValueError(f"a calendar row is off or worked, not {kind}")
            days[kind].add(day)
        return cls(frozenset(days["off"]), frozenset(days["worked"]))

    def hours_on(self, day: date) -> tuple[tuple[time, time], ...]:
        """The office hours of this local day if it is a working day."""
        return next((hours for since, hours in reversed(self.changed_hours) if since <= day), self.office_hours)

    def office_minutes_on(self, day: date) -> int:
        """Office minutes of this day if it is a working day."""
        return sum((closes.hour - opens.hour) * 60 + closes.minute - opens.minute for opens, closes in self.hours_on(day))

    def is_working_day(self, day: date) -> bool:
        return day in self.worked_days or (day.weekday() < SATURDAY and day not in self.days_off)

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end_of(self, day: date, now: datetime) -> datetime:
        """The UTC instant at which a chosen local day is over: the first late one. Raises DayTooFar."""
        if (day - self.day_of(now)).days > LONGEST_SEARCH_DAYS:
            raise DayTooFar
        return self.start_of(day + _DAY)

    def hours_of(self, day: date) -> list[Span]:
        """The office hours of this local day as UTC spans; none on a day off."""
        if not self.is_working_day(day):
            return []
        return [
            (datetime.combine(day, opens, self.zone).astimezone(UTC), datetime.combine(day, closes, self.zone).astimezone(UTC))
            for opens, closes in (self.hours_on(day) if self.changed_hours else self.office_hours)
        ]


def due_at(limit: TimeLimit, started_at: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> datetime | None:
    """Return the first late instant in UTC, or None while an open pause keeps the clock from running out.

    Days: the start day is not counted, the n-th day after it is the last in time, due is 00:00 of the day after. The day the clock is
    paused is used up, the day it is resumed is not counted; when it is paused on the last day in time, the rest of the day of resuming is
    left. Office hours used up at closing time are due at closing time, not at the next opening. Source: rules, section 4. Raises
    BeyondTenYears.
    """
    start, stops = _utc(started_at), _merged(pauses)
    match limit.unit:
        case Unit.WORKING_DAYS:
            return _midnight_after(limit.amount, start, calendar, stops, calendar.is_working_day)
        case Unit.CALENDAR_DAYS:
            return _midnight_after(limit.amount, start, calendar, stops, lambda _day: True)
        case Unit.WORKING_HOURS:
            return _used_up(_running(_office_spans(start, calendar), stops), limit.length)
        case Unit.HOURS | Unit.MINUTES:
            return _used_up(_running(_round_the_clock(start), stops), limit.length)


def calendar_days_due(started_at: datetime, days: int, calendar: Calendar, pauses: Iterable[Pause] = ()) -> datetime | None:
    """Return 00:00 local after the n-th calendar day, the start day not counted: the end of the rating window."""
    return due_at(TimeLimit(days, Unit.CALENDAR_DAYS), started_at, calendar, pauses)


def working_time(start: datetime, end: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> timedelta:
    """Return the office time in [start, end) outside the pauses; zero when `end` is not later. Raises BeyondTenYears."""
    spans = _running(_office_spans(_utc(start), calendar, _utc(end)), _merged(pauses))
    return sum((closes - opens for opens, closes in spans), timedelta())


def working_minutes(start: datetime, end: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> int:
    """Return the whole office minutes in [start, end) outside the pauses."""
    return working_time(start, end, calendar, pauses) // _MINUTE


def working_days_between(start: datetime, end: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> int:
    """Return the working days counted by `end` on a clock begun at `start`: the start day is not counted, the day of `end` is."""
    first, days = calendar.day_of(_utc(start)), _stopped_days(_merged(pauses), calendar)
    length = (calendar.day_of(_utc(end)) - first).days
    if length > LONGEST_SEARCH_DAYS:
        raise BeyondTenYears
    later = (first + _DAY * offset for offset in range(1, length + 1))
    return sum(calendar.is_working_day(day) and not _is_stopped(day, days) for day in later)


def add_working_minutes(instant: datetime, minutes: int, calendar: Calendar) -> datetime:
    """Return the earliest instant after that many office minutes; `instant` itself for 0. Raises BeyondTenYears."""
    start, length = _utc(instant), _office_length(minutes)
    return (_used_up(_office_spans(start, calendar), length) or start) if length else start


def subtract_working_minutes(instant: datetime, minutes: int, calendar: Calendar) -> datetime:
    """Return the latest instant from which that many office minutes lead to `instant`; itself for 0. Raises BeyondTenYears.

    Midnight after a full working day, less that day's office minutes, is that day's opening, not the closing of the day before.
    """
    end, left = _utc(instant), _office_length(minutes)
    if not left:
        return end
    last = calendar.day_of(end)
    for offset in range(LONGEST_SEARCH_DAYS + 1):
        for opens, closes in reversed(calendar.hours_of(last - _DAY * offset)):
            usable = min(closes, end) - opens
            if usable >= left:
                return min(closes, end) - left
            left -= max(usable, timedelta())
    raise BeyondTenYears


def fraction_instant(
    started_at: datetime, due: datetime, percent: int, unit: Unit, calendar: Calendar, pauses: Iterable[Pause] = ()
) -> datetime:
    """Return the instant at which `percent` (1 to 100) of the time from start to `due` is used: when to remind.

    Measured in office time for working hours and working days, round the clock for the rest, never in a pause. It is `due` itself at 100,
    and where there is no such time in between. Raises ValueError for another percentage.
    """
    if not 1 <= percent <= 100:
        raise ValueError(f"a share is 1 to 100 percent, not {percent}")
    start, end = _utc(started_at), _utc(due)
    in_office = unit in (Unit.WORKING_HOURS, Unit.WORKING_DAYS)
    whole = _office_spans(start, calendar, end) if in_office else iter([(start, end)] if start < end else [])
    spans = list(_running(whole, _merged(pauses)))
    if percent == 100 or not spans:
        return end
    total = sum((closes - opens for opens, closes in spans), timedelta())
    return _used_up(iter(spans), total * percent // 100) or end


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a naive time is no instant")
    return instant.astimezone(UTC)


def _office_length(minutes: int) -> timedelta:
    if minutes < 0:
        raise ValueError(f"office minutes are not negative: {minutes}")
    if minutes > _MOST[Unit.MINUTES]:
        raise BeyondTenYears
    return timedelta(minutes=minutes)


def _merged(pauses: Iterable[Pause]) -> list[Span]:
    """Join pauses that overlap or touch, so that how a pause is recorded makes no difference."""
    stops: list[Span] = []
    for since, until in sorted((_utc(pause.since), _NEVER if pause.until is None else _utc(pause.until)) for pause in pauses):
        if stops and since <= stops[-1][1]:
            stops[-1] = (stops[-1][0], max(stops[-1][1], until))
        else:
            stops.append((since, until))
    return stops


def _stopped_days(stops: list[Span], calendar: Calendar) -> list[tuple[date, date]]:
    return [(calendar.day_of(since), date.max if until == _NEVER else calendar.day_of(until)) for since, until in stops]


def _is_stopped(day: date, stopped: list[tuple[date, date]]) -> bool:
    """Whether the clock is paused at the beginning of this day: the day it was paused is used up, the day it is resumed is not counted."""
    return any(first < day <= last for first, last in stopped)


def _midnight_after(amount: int, start: datetime, calendar: Calendar, stops: list[Span], counts: Callable[[date], bool]) -> datetime | None:
    """The first midnight after `amount` counted days at which the clock is running."""
    stopped = _stopped_days(stops, calendar)
    open_since = next((first for first, last in stopped if last == date.max), date.max)
    day = calendar.day_of(start)
    for _ in range(LONGEST_SEARCH_DAYS):
        day += _DAY
        if amount and counts(day) and not _is_stopped(day, stopped):
            amount -= 1
        if amount == 0 and not _is_stopped(day + _DAY, stopped):
            return calendar.start_of(day + _DAY)
        if day >= open_since:
            return None
    raise BeyondTenYears


def _round_the_clock(start: datetime) -> Iterator[Span]:
    yield start, start + _DAY * LONGEST_SEARCH_DAYS
    raise BeyondTenYears


def _office_spans(start: datetime, calendar: Calendar, end: datetime = _NEVER) -> Iterator[Span]:
    """Office hours in [start, end) in ascending order; raises beyond ten years."""
    if start >= end:
        return
    first = calendar.day_of(start)
    last = date.max if end == _NEVER else calendar.day_of(end)
    for offset in range(LONGEST_SEARCH_DAYS + 1):
        day = first + _DAY * offset
        if day > last:
            return
        for opens, closes in calendar.hours_of(day):
            if opens < end and closes > start:
                yield max(opens, start), min(closes, end)
    raise BeyondTenYears


def _running(spans: Iterable[Span], stops: list[Span]) -> Iterator[Span]:
    """The parts of the spans in which the clock runs; ends at an open pause."""
    for opens, closes in spans:
        for since, until in stops:
            if since >= closes:
                break
            if opens < since:
                yield opens, since
            if until == _NEVER:
                return
            opens = max(opens, until)
            if opens >= closes:
                break
        if opens < closes:
            yield opens, closes


def _used_up(spans: Iterator[Span], left: timedelta) -> datetime | None:
    """The instant at which `left` is used up; None when the spans end before."""
    for opens, closes in spans:
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    return None
