"""The calendar of due days: how much falls due on each day of a month or a week, how much of it is late or urgent."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.db import reading_once
from casework.local_time import local_day
from casework.permissions import Action, may
from reports.statistics.due_days import DueDay, due_days
from reports.statistics.periods import month_words
from reports.statistics.reach import reach_named, reaches_of
from web.clock import now
from web.guards import actor, found, performs
from web.locales import in_reader_language as local

bp = Blueprint("due_calendar", __name__)

WEEK = timedelta(days=7)
WEEKDAYS = tuple(map(Bilingual, ("Th 2", "Th 3", "Th 4", "Th 5", "Th 6", "Th 7", "CN"), ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
FIRST_YEAR, LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One cell. `is_outside` belongs to a neighbouring month."""

    on: date
    due: DueDay
    is_today: bool
    is_outside: bool
    is_working: bool


@bp.get("/dashboard/calendar")
@performs(Action.READ_STATISTICS)
def calendar() -> ResponseReturnValue:
    with reading_once():
        return _page()


def _page() -> str:
    moment = now()
    today, reaches = local_day(moment), reaches_of(actor())
    reach = found(reach_named(reaches, request.args.get("of", "")))
    own: dict[str, Any] = {"of": reach.ref} if len(reaches) > 1 else {}
    is_week = "week" in request.args
    shown = _day_in(request.args.get("week" if is_week else "month", ""), today)
    month = shown.replace(day=1)
    monday = (shown if is_week else month) - timedelta(days=(shown if is_week else month).weekday())
    number = 1 if is_week else _weeks_of(month, monday)
    due, is_cut = due_days(reach.scope, monday, monday + WEEK * number - timedelta(days=1), now=moment)
    works = calendar_of(reach.centre.id)
    weeks = [
        [
            CalendarDay(day, due.get(day, DueDay()), day == today, not is_week and day.month != month.month, works.is_working_day(day))
            for day in (monday + WEEK * week + timedelta(days=place) for place in range(7))
        ]
        for week in range(number)
    ]

    def address(day: date, *, of_week: bool = is_week) -> str:
        return url_for(".calendar", **{"week" if of_week else "month": day.isoformat(), **own})

    earlier, later = (monday - WEEK, monday + WEEK) if is_week else (_moved(month, -1), _moved(month, 1))
    return render_template(
        "statistics/calendar.html",
        weeks=weeks,
        is_week=is_week,
        month=month,
        heading=f"{monday:%d/%m} – {monday + timedelta(days=6):%d/%m/%Y}" if is_week else local(month_words(month)),
        days=[local(name) for name in WEEKDAYS],
        reach=reach,
        is_cut=is_cut,
        reads_cases=may(actor(), Action.READ_CASE),
        before=address(earlier),
        after=address(later),
        present=address(today),
        as_month=address(shown, of_week=False),
        as_week=address(shown if is_week or shown.month != today.month else today, of_week=True),
        own=own,
        moment=moment,
    )


def _day_in(given: str, today: date) -> date:
    """The day an address names, today if it names none that a calendar has."""
    try:
        day = date.fromisoformat(given if len(given) != 7 else f"{given}-01")
    except ValueError:
        return today
    return day if FIRST_YEAR < day.year < LAST_YEAR else today


def _weeks_of(month: date, monday: date) -> int:
    return -(-(_moved(month, 1) - monday).days // 7)


def _moved(month: date, number: int) -> date:
    place = month.year * 12 + month.month - 1 + number
    return date(place // 12, place % 12 + 1, 1)
