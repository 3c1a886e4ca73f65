"""Periods of reports and their cut-offs.

A month ends at its cut-off: at the end of the calendar month, or at a day and time within it (12:00 on the 25th, domain.md 2.5); it begins
where the one before it ended. Quarters, half-years and years consist of such months. Weeks are those of ISO 8601.

A frozen month keeps its end, whatever the settings say later; the next one begins there, so that after a change of the cut-off no day is
counted twice and none is lost.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from babel.dates import format_date
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, kept_for_step
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import FiguresSnapshot
from casework.setting_values import value_of

WEEK, MONTH, QUARTER, HALF_YEAR, YEAR, OTHER = KINDS = ("week", "month", "quarter", "half_year", "year", "other")
MONTHS_OF = {MONTH: 1, QUARTER: 3, HALF_YEAR: 6, YEAR: 12}
NAMES = re.compile(
    r"(?P<year>\d{4})(?:-(?:(?P<month>0[1-9]|1[0-2])|W(?P<week>\d{2})|Q(?P<quarter>[1-4])|H(?P<half>[12])))?|(?P<first>\d{8})-(?P<last>\d{8})"
)
EARLIEST, LATEST = 2000, 2200
"""Years a period may have, since people type them."""

ROMAN = ("I", "II", "III", "IV")

KIND_NAMES: dict[str, Bilingual] = {
    WEEK: Bilingual("Tuần", "Week"),
    MONTH: Bilingual("Tháng", "Month"),
    QUARTER: Bilingual("Quý", "Quarter"),
    HALF_YEAR: Bilingual("Sáu tháng", "Half-year"),
    YEAR: Bilingual("Năm", "Year"),
    OTHER: Bilingual("Khoảng ngày khác", "Other days"),
}


class NoSuchPeriod(ValueError):
    """The name is not that of a period: 2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026 or 20260301-20260315."""


@dataclass(frozen=True, slots=True)
class Period:
    """A named stretch of time (since <= t < until)."""

    kind: str
    name: str
    since: datetime
    until: datetime
    centre_id: int | None = None

    @property
    def label(self) -> Bilingual:
        """Tháng 3/2026."""
        return label_of(self.name)

    def before(self) -> "Period":
        """The period of the same kind and length that ends where this one begins."""
        if self.kind == WEEK:
            return _week(local_day(self.since) - timedelta(days=7), self.centre_id)
        if self.kind == OTHER:
            first, last = _days_of(self.name)
            return _between(first - (last - first) - timedelta(days=1), first - timedelta(days=1), self.centre_id)
        first = _first_month(self.name)
        return _of_months(self.kind, _moved(first, -MONTHS_OF[self.kind]), self.centre_id)

    def after(self) -> "Period":
        """The next period of the same kind."""
        if self.kind == WEEK:
            return _week(local_day(self.since) + timedelta(days=7), self.centre_id)
        if self.kind == OTHER:
            first, last = _days_of(self.name)
            return _between(last + timedelta(days=1), last + (last - first) + timedelta(days=1), self.centre_id)
        return _of_months(self.kind, _moved(_first_month(self.name), MONTHS_OF[self.kind]), self.centre_id)

    def months(self) -> list["Period"]:
        """Its months, oldest first; none for a week or other days."""
        if self.kind not in MONTHS_OF:
            return []
        first = _first_month(self.name)
        return [_of_months(MONTH, _moved(first, place), self.centre_id) for place in range(MONTHS_OF[self.kind])]

    def up_to(self, now: datetime | None) -> "Period":
        """The period cut short at `now` if it is unfinished."""
        return replace(self, until=max(self.since, now)) if now is not None and now < self.until else self

    def is_over(self, now: datetime) -> bool:
        return self.until <= now


def period_named(name: str, *, centre_id: int | None = None) -> Period:
    """Return the period of a name, with the cut-offs of the centre. Raises NoSuchPeriod."""
    matched = NAMES.fullmatch(name)
    if matched is None:
        raise NoSuchPeriod(name)
    if matched["first"]:
        return period_between(*_days_of(name), centre_id=centre_id)
    year = int(matched["year"])
    if not EARLIEST <= year <= LATEST:
        raise NoSuchPeriod(name)
    if matched["week"]:
        try:
            return _week(date.fromisocalendar(year, int(matched["week"]), 1), centre_id)
        except ValueError:
            raise NoSuchPeriod(name) from None
    if matched["month"]:
        return _of_months(MONTH, date(year, int(matched["month"]), 1), centre_id)
    if matched["quarter"]:
        return _of_months(QUARTER, date(year, 3 * int(matched["quarter"]) - 2, 1), centre_id)
    if matched["half"]:
        return _of_months(HALF_YEAR, date(year, 6 * int(matched["half"]) - 5, 1), centre_id)
    return _of_months(YEAR, date(year, 1, 1), centre_id)


def period_at(kind: str, instant: datetime, *, centre_id: int | None = None) -> Period:
    """Return the week, month, quarter, half-year or year an instant falls into. Raises NoSuchPeriod for another kind."""
    if kind == WEEK:
        return _week(local_day(instant), centre_id)
    if kind not in MONTHS_OF:
        raise NoSuchPeriod(kind)
    month = local_day(instant).replace(day=1)
    length = MONTHS_OF[kind]
    period = _of_months(kind, month.replace(month=(month.month - 1) // length * length + 1), centre_id)
    if instant >= period.until:
        return period.after()
    return period.before() if instant < period.since else period


def period_between(first: date, last: date, *, centre_id: int | None = None) -> Period:
    """Return whole local days from the first to the last. Raises NoSuchPeriod when they are none."""
    if not (first <= last and first.year >= EARLIEST and last.year <= LATEST):
        raise NoSuchPeriod(f"{first} {last}")
    return _between(first, last, centre_id)


def as_called(period: Period) -> Period:
    """The week, month, quarter, half-year or year that consists of exactly these days, else the period as given.

    Frozen as mere days it could not be frozen again under its own name, nor would the next one begin where it ended.
    """
    named = (period_at(kind, period.since, centre_id=period.centre_id) for kind in (WEEK, *MONTHS_OF)) if period.kind == OTHER else ()
    return next((each for each in named if (each.since, each.until) == (period.since, period.until)), period)


def _between(first: date, last: date, centre_id: int | None) -> Period:
    """Days next to requested ones may lie outside the range people may request."""
    return Period(OTHER, f"{first:%Y%m%d}-{last:%Y%m%d}", _midnight(first), _midnight(last + timedelta(days=1)), centre_id)


def _of_months(kind: str, first: date, centre_id: int | None) -> Period:
    length = MONTHS_OF[kind]
    until = _end_of(_moved(first, length - 1), centre_id)
    return Period(kind, _name(kind, first), _end_of(_moved(first, -1), centre_id), until, centre_id)


def _end_of(month: date, centre_id: int | None) -> datetime:
    """The first instant after a month: as frozen, else as in the settings."""
    frozen = _frozen_ends(centre_id).get(f"{month:%Y-%m}") if centre_id is not None else None
    if frozen is not None:
        return frozen
    day = int(value_of("report_cutoff_day", centre_id))
    if not day:
        return _midnight(_moved(month, 1))
    return datetime.combine(month.replace(day=day), time.fromisoformat(str(value_of("report_cutoff_time", centre_id))), LOCAL_ZONE)


def _frozen_ends(centre_id: int) -> dict[str, datetime]:
    """The ends of a centre's frozen months: twelve rows a year."""
    kept = kept_for_step()
    key = ("frozen months", centre_id)
    if key not in kept:
        query = select(FiguresSnapshot.name, FiguresSnapshot.until_at).where(
            FiguresSnapshot.centre_id == centre_id, FiguresSnapshot.period == MONTH, FiguresSnapshot.number == 1
        )  # fmt: skip
        kept[key] = {row.name: row.until_at for row in db.session.execute(query)}
    found: dict[str, datetime] = kept[key]
    return found


def _week(day: date, centre_id: int | None) -> Period:
    monday = day - timedelta(days=day.weekday())
    year, week, _weekday = monday.isocalendar()
    return Period(WEEK, f"{year}-W{week:02}", _midnight(monday), _midnight(monday + timedelta(days=7)), centre_id)


def label_of(name: str) -> Bilingual:
    """The label of a period name. Raises NoSuchPeriod."""
    matched = NAMES.fullmatch(name)
    if matched is None:
        raise NoSuchPeriod(name)
    if matched["first"]:
        first, last = _days_of(name)
        return Bilingual(f"Từ {first:%d/%m/%Y} đến {last:%d/%m/%Y}", f"{first:%d/%m/%Y} to {last:%d/%m/%Y}")
    year = matched["year"]
    if matched["week"]:
        return Bilingual(f"Tuần {int(matched['week'])}/{year}", f"Week {int(matched['week'])}/{year}")
    if matched["month"]:
        return month_words(date(int(year), int(matched["month"]), 1))
    if matched["quarter"]:
        roman = ROMAN[int(matched["quarter"]) - 1]
        return Bilingual(f"Quý {roman}/{year}", f"Quarter {roman}/{year}")
    if matched["half"]:
        is_first = matched["half"] == "1"
        return Bilingual(
            f"6 tháng {'đầu' if is_first else 'cuối'} năm {year}", f"{'First' if is_first else 'Second'} half of {year}"
        )  # fmt: skip
    return Bilingual(f"Năm {year}", f"Year {year}")


def month_words(month_on: date) -> Bilingual:
    """The label of a month: Tháng 3/2026, March 2026."""
    return Bilingual(f"Tháng {month_on.month}/{month_on.year}", format_date(month_on, "LLLL yyyy", locale="en"))


def _name(kind: str, first: date) -> str:
    if kind == MONTH:
        return f"{first:%Y-%m}"
    if kind == QUARTER:
        return f"{first.year}-Q{(first.month + 2) // 3}"
    return f"{first.year}-H{1 if first.month < 7 else 2}" if kind == HALF_YEAR else str(first.year)


def _first_month(name: str) -> date:
    matched: Any = NAMES.fullmatch(name)
    year = int(matched["year"])
    if matched["month"]:
        return date(year, int(matched["month"]), 1)
    if matched["quarter"]:
        return date(year, 3 * int(matched["quarter"]) - 2, 1)
    return date(year, 6 * int(matched["half"]) - 5 if matched["half"] else 1, 1)


def _days_of(name: str) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(part) for part in name.split("-"))
    except ValueError:
        raise NoSuchPeriod(name) from None
    return first, last


def _moved(month: date, number: int) -> date:
    place = month.year * 12 + month.month - 1 + number
    return date(place // 12, place % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)
