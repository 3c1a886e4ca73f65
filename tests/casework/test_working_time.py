"""Clocks, checked against the table worked out by hand and against an oracle that walks minute by minute."""

import csv
import time as stopwatch
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from casework import working_time
from casework.working_time import (
    BeyondTenYears,
    Calendar,
    Pause,
    TimeLimit,
    Unit,
    add_working_minutes,
    calendar_days_due,
    due_at,
    fraction_instant,
    subtract_working_minutes,
    working_days_between,
    working_minutes,
)
from casework.working_time import (
    working_time as office_time,
)
from tests.whole import examples

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE = timedelta(minutes=1)
SEED_FILE = Path(working_time.__file__).parent / "seed_data" / "calendar_vn.csv"


def test_changed_office_hours_hold_from_their_day_on_and_not_a_day_later() -> None:
    morning, later = ((time(7, 30), time(11, 30)), (time(13), time(17))), ((time(8), time(12)), (time(14), time(16)))
    changed = Calendar(changed_hours=((date(2026, 3, 10), later), (date(2026, 3, 12), morning)))
    asked = (date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12), date(2026, 3, 13))
    assert [changed.hours_on(day) for day in asked] == [morning, later, later, morning, morning]
    assert [changed.office_minutes_on(day) for day in asked] == [480, 360, 360, 480, 480]
    starts = [spans[0][0].astimezone(HERE).strftime("%H:%M") for spans in map(changed.hours_of, asked)]
    assert starts == ["07:30", "08:00", "08:00", "07:30", "07:30"]
    # what is due is so by the hours of each day: three hours from 16:00 on Monday the 9th
    monday = datetime(2026, 3, 9, 16, tzinfo=HERE)
    assert due_at(TimeLimit(3, Unit.WORKING_HOURS), monday, changed) == datetime(2026, 3, 10, 10, tzinfo=HERE)
    assert due_at(TimeLimit(3, Unit.WORKING_HOURS), monday, Calendar()) == datetime(2026, 3, 10, 9, 30, tzinfo=HERE)


def days(*texts: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(text) for text in texts)


YEAR_2026 = Calendar(
    days_off=days(
        "2026-01-01",
        *("2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20"),
        *("2026-04-27", "2026-04-30", "2026-05-01"),
        *("2026-08-31", "2026-09-01", "2026-09-02"),
        "2026-11-24",
    ),
    worked_days=days("2026-08-22"),
)


def local(text: str) -> datetime:
    """Read "Mon 02/03/2026 10:00" (Dalat time); a wrong weekday is a slip of whoever wrote the test."""
    moment = datetime.strptime(text[4:], "%d/%m/%Y %H:%M").replace(tzinfo=HERE)
    assert moment.strftime("%a") == text[:3], f"{text} is a {moment:%a}"
    return moment


def pause(since: str, until: str | None = None) -> Pause:
    return Pause(local(since), None if until is None else local(until))


DAYS, OFFICE, HOURS, MINUTES = Unit.WORKING_DAYS, Unit.WORKING_HOURS, Unit.HOURS, Unit.MINUTES

# Worked out by hand in the rules, section 4: copied, never computed.
TABLE = [
    (5, DAYS, "Mon 02/03/2026 10:00", None, "Tue 10/03/2026 00:00"),
    (5, DAYS, "Fri 06/03/2026 16:59", None, "Sat 14/03/2026 00:00"),
    (5, DAYS, "Sat 07/03/2026 20:15", None, "Sat 14/03/2026 00:00"),
    (5, DAYS, "Thu 12/02/2026 09:00", None, "Fri 27/02/2026 00:00"),
    (5, DAYS, "Wed 19/08/2026 14:00", None, "Wed 26/08/2026 00:00"),
    (3, DAYS, "Fri 24/04/2026 15:00", None, "Tue 05/05/2026 00:00"),
    (5, DAYS, "Mon 02/03/2026 10:00", ("Wed 04/03/2026 15:00", "Mon 09/03/2026 09:00"), "Fri 13/03/2026 00:00"),
    (4, OFFICE, "Mon 02/03/2026 10:00", None, "Mon 02/03/2026 15:30"),
    (4, OFFICE, "Fri 06/03/2026 16:00", None, "Mon 09/03/2026 10:30"),
    (4, OFFICE, "Fri 21/08/2026 16:30", None, "Sat 22/08/2026 11:00"),
    (4, OFFICE, "Mon 02/03/2026 14:00", ("Mon 02/03/2026 15:00", "Tue 03/03/2026 10:00"), "Tue 03/03/2026 14:30"),
    (24, HOURS, "Sat 14/02/2026 22:10", None, "Sun 15/02/2026 22:10"),
    (24, HOURS, "Sat 07/11/2026 13:47", ("Sat 07/11/2026 15:00", "Sat 07/11/2026 18:30"), "Sun 08/11/2026 17:17"),
]


@pytest.mark.parametrize(("amount", "unit", "start", "stop", "due"), TABLE)
def test_table_of_the_rules(amount: int, unit: Unit, start: str, stop: tuple[str, str] | None, due: str) -> None:
    pauses = [] if stop is None else [pause(*stop)]
    found = due_at(TimeLimit(amount, unit), local(start), YEAR_2026, pauses)
    assert found == local(due)
    assert found is not None
    assert found.tzinfo is UTC


# The places where the table is silent, also by hand.
SILENT = [
    ("closing time is due, not the next opening", 4, OFFICE, "Mon 02/03/2026 07:30", [], "Mon 02/03/2026 11:30"),
    ("a start at closing time uses nothing of the day", 1, OFFICE, "Mon 02/03/2026 17:00", [], "Tue 03/03/2026 08:30"),
    ("a start on a Sunday counts from Monday's opening", 1, OFFICE, "Sun 01/03/2026 12:00", [], "Mon 02/03/2026 08:30"),
    ("a start at 00:00 does not count its day", 1, DAYS, "Mon 02/03/2026 00:00", [], "Wed 04/03/2026 00:00"),
    ("thirty minutes run through the night", 30, MINUTES, "Sun 01/03/2026 23:45", [], "Mon 02/03/2026 00:15"),
    (
        "a pause within one day changes no day",
        *(1, DAYS, "Mon 02/03/2026 10:00", [("Tue 03/03/2026 09:00", "Tue 03/03/2026 16:00")], "Wed 04/03/2026 00:00"),
    ),
    (
        "stopped on the last day in time, the day of starting again is the last",
        *(1, DAYS, "Mon 02/03/2026 10:00", [("Tue 03/03/2026 09:00", "Thu 05/03/2026 16:00")], "Fri 06/03/2026 00:00"),
    ),
    (
        "stopped on the last day in time, started again and stopped on one day",
        *(1, DAYS, "Mon 02/03/2026 10:00"),
        [("Tue 03/03/2026 09:00", "Thu 05/03/2026 10:00"), ("Thu 05/03/2026 11:00", "Mon 09/03/2026 08:00")],
        "Tue 10/03/2026 00:00",
    ),
    (
        "a pause that ends at 00:00 starts the clock again on that day",
        *(1, DAYS, "Mon 02/03/2026 10:00", [("Mon 02/03/2026 11:00", "Wed 04/03/2026 00:00")], "Fri 06/03/2026 00:00"),
    ),
    (
        "a clock begun in a pause runs from its end",
        *(2, OFFICE, "Mon 02/03/2026 08:00", [("Fri 27/02/2026 08:00", "Mon 02/03/2026 10:30")], "Mon 02/03/2026 14:00"),
    ),
    (
        "a pause after due changes nothing",
        *(1, OFFICE, "Mon 02/03/2026 08:00", [("Mon 02/03/2026 09:00", "Mon 02/03/2026 10:30")], "Mon 02/03/2026 09:00"),
    ),
    (
        "an open pause after due changes nothing",
        *(1, DAYS, "Mon 02/03/2026 08:00", [("Wed 04/03/2026 00:00", None)], "Wed 04/03/2026 00:00"),
    ),
]


@pytest.mark.parametrize(("rule", "amount", "unit", "start", "stops", "due"), SILENT)
def test_where_the_table_is_silent(rule: str, amount: int, unit: Unit, start: str, stops: list[tuple[str, str | None]], due: str) -> None:
    assert due_at(TimeLimit(amount, unit), local(start), YEAR_2026, [pause(*stop) for stop in stops]) == local(due), rule


@pytest.mark.parametrize("unit", Unit)
def test_an_open_pause_has_no_due_yet(unit: Unit) -> None:
    assert due_at(TimeLimit(3, unit), local("Mon 02/03/2026 08:00"), YEAR_2026, [pause("Mon 02/03/2026 08:01")]) is None


def test_an_open_pause_on_the_last_day_in_time_has_no_due_yet() -> None:
    assert due_at(TimeLimit(1, DAYS), local("Mon 02/03/2026 08:00"), YEAR_2026, [pause("Tue 03/03/2026 15:00")]) is None


def test_seconds_are_kept() -> None:
    start = local("Mon 02/03/2026 10:00") + timedelta(seconds=7, microseconds=5)
    assert due_at(TimeLimit(4, OFFICE), start, YEAR_2026) == local("Mon 02/03/2026 15:30") + timedelta(seconds=7, microseconds=5)


def test_rating_window_ends_with_its_seventh_day() -> None:
    assert calendar_days_due(local("Thu 12/02/2026 09:00"), 7, YEAR_2026) == local("Fri 20/02/2026 00:00")


def test_office_minutes_between() -> None:
    assert working_minutes(local("Fri 06/03/2026 16:00"), local("Mon 09/03/2026 10:30"), YEAR_2026) == 240
    assert working_minutes(local("Mon 09/03/2026 10:30"), local("Fri 06/03/2026 16:00"), YEAR_2026) == 0
    assert office_time(local("Mon 02/03/2026 11:00"), local("Mon 02/03/2026 10:00"), YEAR_2026) == timedelta()
    assert working_minutes(local("Sat 07/03/2026 00:00"), local("Mon 09/03/2026 07:30"), YEAR_2026) == 0
    assert (
        office_time(local("Mon 02/03/2026 08:00"), local("Fri 06/03/2026 08:00"), YEAR_2026, [pause("Mon 02/03/2026 09:30")]) == 90 * MINUTE
    )


def test_a_broken_minute_is_not_a_whole_one() -> None:
    start = local("Mon 02/03/2026 10:00")
    assert working_minutes(start, start + timedelta(seconds=119), YEAR_2026) == 1


def test_working_days_between() -> None:
    assert working_days_between(local("Mon 02/03/2026 10:00"), local("Mon 09/03/2026 23:59"), YEAR_2026) == 5
    assert working_days_between(local("Mon 02/03/2026 10:00"), local("Mon 02/03/2026 16:00"), YEAR_2026) == 0
    stop = pause("Wed 04/03/2026 15:00", "Mon 09/03/2026 09:00")
    assert working_days_between(local("Mon 02/03/2026 10:00"), local("Thu 12/03/2026 17:00"), YEAR_2026, [stop]) == 5


def test_eight_office_hours_before_midnight_is_the_opening_of_that_day() -> None:
    assert subtract_working_minutes(local("Tue 10/03/2026 00:00"), 480, YEAR_2026) == local("Mon 09/03/2026 07:30")
    assert subtract_working_minutes(local("Sat 14/03/2026 00:00"), 480, YEAR_2026) == local("Fri 13/03/2026 07:30")
    assert subtract_working_minutes(local("Mon 09/03/2026 08:30"), 120, YEAR_2026) == local("Fri 06/03/2026 16:00")


def test_reminders_fall_in_the_limits_own_measure() -> None:
    start = local("Fri 06/03/2026 16:00")
    assert fraction_instant(start, local("Mon 09/03/2026 10:30"), 50, OFFICE, YEAR_2026) == local("Mon 09/03/2026 08:30")
    start, due = local("Mon 02/03/2026 10:00"), local("Tue 10/03/2026 00:00")  # 5 h 30 and five days of 8 h
    assert fraction_instant(start, due, 50, DAYS, YEAR_2026) == local("Thu 05/03/2026 08:45")
    assert fraction_instant(start, due, 80, DAYS, YEAR_2026) == local("Fri 06/03/2026 15:54")
    assert fraction_instant(start, due, 100, DAYS, YEAR_2026) == due
    start, due = local("Sat 07/11/2026 13:47"), local("Sun 08/11/2026 17:17")
    stop = pause("Sat 07/11/2026 15:00", "Sat 07/11/2026 18:30")
    assert fraction_instant(start, due, 50, HOURS, YEAR_2026, [stop]) == local("Sun 08/11/2026 05:17")
    assert fraction_instant(start, due, 100, HOURS, YEAR_2026, [stop]) == due


def test_a_reminder_without_office_time_before_due_comes_at_due() -> None:
    start, due = local("Sat 07/03/2026 10:00"), local("Sun 08/03/2026 00:00")
    assert fraction_instant(start, due, 50, DAYS, YEAR_2026) == due


@pytest.mark.parametrize("limit", [(3654, DAYS), (10**12, OFFICE), (10**15, MINUTES), (10**9, Unit.CALENDAR_DAYS)])
def test_refuses_a_limit_of_more_than_ten_years(limit: tuple[int, Unit]) -> None:
    with pytest.raises(BeyondTenYears, match="ten years"):
        TimeLimit(*limit)


@pytest.mark.parametrize("unit", [DAYS, OFFICE])
def test_refuses_a_calendar_without_working_days(unit: Unit) -> None:
    first = date(2026, 1, 1)
    never = Calendar(days_off=frozenset(first + timedelta(offset) for offset in range(4000)))
    with pytest.raises(BeyondTenYears):
        due_at(TimeLimit(1, unit), local("Mon 02/03/2026 10:00"), never)
    with pytest.raises(BeyondTenYears):
        add_working_minutes(local("Mon 02/03/2026 10:00"), 1, never)
    assert working_minutes(local("Mon 02/03/2026 10:00"), local("Tue 03/03/2026 10:00"), never) == 0


def test_refuses_office_minutes_beyond_ten_years_or_below_zero() -> None:
    start = local("Mon 02/03/2026 10:00")
    for shift in (add_working_minutes, subtract_working_minutes):
        with pytest.raises(BeyondTenYears):
            shift(start, 10**15, YEAR_2026)
        with pytest.raises(BeyondTenYears):
            shift(start, 3653 * 480, YEAR_2026)
        with pytest.raises(ValueError, match="negative"):
            shift(start, -1, YEAR_2026)


def test_refuses_what_contradicts_itself() -> None:
    noon = local("Mon 02/03/2026 12:00")
    with pytest.raises(ValueError, match="at least 1"):
        TimeLimit(0, DAYS)
    with pytest.raises(ValueError, match="before it begins"):
        Pause(noon, noon - MINUTE)
    with pytest.raises(ValueError, match="naive"):
        due_at(TimeLimit(1, DAYS), noon.replace(tzinfo=None), YEAR_2026)
    with pytest.raises(ValueError, match="naive"):
        Pause(noon.replace(tzinfo=None))
    with pytest.raises(ValueError, match="both off and worked"):
        Calendar(days("2026-08-22"), days("2026-08-22"))
    with pytest.raises(ValueError, match="ascend"):
        Calendar(office_hours=((time(8), time(12)), (time(11), time(17))))
    with pytest.raises(ValueError, match="off or worked"):
        Calendar.from_rows([(date(2026, 8, 22), "holiday")])
    for percent in (0, 101):
        with pytest.raises(ValueError, match="percent"):
            fraction_instant(noon, noon + MINUTE, percent, DAYS, YEAR_2026)


# --- the oracle: one minute (or one midnight) after the other, nothing shared with the module but the Pause and Calendar rows ---


def works_on(calendar: Calendar, day: date) -> bool:
    if day in calendar.worked_days:
        return True
    return day not in calendar.days_off and day.strftime("%a") not in ("Sat", "Sun")


def paused_at(instant: datetime, pauses: list[Pause]) -> bool:
    return any(stop.since <= instant and (stop.until is None or instant < stop.until) for stop in pauses)


def oracle_office_minutes(start: datetime, calendar: Calendar, pauses: list[Pause]) -> "list[datetime]":
    """The beginning of each running office minute in the sixty days from `start`."""
    found = []
    for step in range(60 * 1440):
        here = (start + step * MINUTE).astimezone(HERE)
        open_now = any(opens <= here.time() < closes for opens, closes in calendar.office_hours)
        if open_now and works_on(calendar, here.date()) and not paused_at(here, pauses):
            found.append(here)
    return found


def oracle_days_due(amount: int, start: datetime, calendar: Calendar, pauses: list[Pause]) -> datetime | None:
    """Walk to the midnights; the clock has crossed one running when no pause began before it and lasted until it or longer."""
    here = start.astimezone(HERE)
    real = [stop for stop in pauses if stop.since != stop.until]
    used = 0
    for step in range(1, 61 * 1440):
        minute = here + step * MINUTE  # wall-clock steps: no summer time here
        if (minute.hour, minute.minute) != (0, 0):
            continue
        crossed = not any(stop.since < minute and (stop.until is None or minute <= stop.until) for stop in real)
        if crossed and used == amount:
            return minute
        if crossed and works_on(calendar, minute.date()):
            used += 1
    return None


MONDAY = datetime(2026, 3, 2, tzinfo=HERE)


def instants(until_day: int = 14) -> st.SearchStrategy[datetime]:
    # Whole hours and whole days more often than chance would give them: the faults live on the edges.
    edges = st.builds(
        lambda day, hour: MONDAY + timedelta(days=day, hours=hour), st.integers(0, until_day), st.sampled_from([0, 7.5, 11.5, 13, 17])
    )
    return edges | st.integers(0, until_day * 1440).map(lambda minutes: MONDAY + minutes * MINUTE)


@st.composite
def pause_lists(draw: st.DrawFn) -> list[Pause]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        since, until = sorted([draw(instants()), draw(instants())])
        found.append(Pause(since, until))
    if draw(st.integers(0, 5)) == 0:
        found.append(Pause(draw(instants(20))))
    return found


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    near = [MONDAY.date() + timedelta(offset) for offset in range(40)]
    off = draw(st.frozensets(st.sampled_from(near), max_size=8))
    worked = draw(st.frozensets(st.sampled_from([day for day in near if day.weekday() > 4]), max_size=3))
    hours = draw(st.sampled_from([Calendar().office_hours, ((time(8), time(12)),), ((time(0), time(9, 1)), (time(9, 1), time(23, 59)))]))
    return Calendar(off - worked, worked, hours)


@pytest.mark.exhaustive
@settings(max_examples=examples(40), deadline=None)
@given(st.integers(1, 12), instants(), calendars(), pause_lists())
def test_working_hours_equal_the_walk_by_the_minute(amount: int, start: datetime, calendar: Calendar, pauses: list[Pause]) -> None:
    walked = oracle_office_minutes(start, calendar, pauses)
    expected = walked[amount * 60 - 1] + MINUTE if len(walked) >= amount * 60 else None
    assert due_at(TimeLimit(amount, OFFICE), start, calendar, pauses) == expected
    end = start + timedelta(days=25)
    assert working_minutes(start, end, calendar, pauses) == sum(minute < end for minute in walked)


@pytest.mark.exhaustive
@settings(max_examples=examples(120), deadline=None)
@given(st.integers(1, 9), instants(), calendars(), pause_lists())
def test_working_days_equal_the_walk_by_the_minute(amount: int, start: datetime, calendar: Calendar, pauses: list[Pause]) -> None:
    assert due_at(TimeLimit(amount, DAYS), start, calendar, pauses) == oracle_days_due(amount, start, calendar, pauses)


@given(st.integers(1, 9), instants(), calendars(), pause_lists())
def test_working_days_are_those_counted_between(amount: int, start: datetime, calendar: Calendar, pauses: list[Pause]) -> None:
    due = due_at(TimeLimit(amount, DAYS), start, calendar, pauses)
    assume(due is not None)
    assert due is not None
    assert working_days_between(start, due - MINUTE, calendar, pauses) == amount


LIMITS = st.builds(TimeLimit, st.integers(1, 12), st.sampled_from(list(Unit)))


def later_or_unknown(due: datetime | None) -> datetime:
    return due or datetime.max.replace(tzinfo=UTC)


@given(LIMITS, instants(), instants(), calendars(), pause_lists())
def test_a_later_start_is_never_due_earlier(
    limit: TimeLimit, one: datetime, other: datetime, calendar: Calendar, pauses: list[Pause]
) -> None:
    first, second = (later_or_unknown(due_at(limit, start, calendar, pauses)) for start in sorted([one, other]))
    assert first <= second


@given(LIMITS, instants(), calendars(), pause_lists())
def test_a_longer_limit_is_never_due_earlier(limit: TimeLimit, start: datetime, calendar: Calendar, pauses: list[Pause]) -> None:
    longer = TimeLimit(limit.amount + 1, limit.unit)
    assert later_or_unknown(due_at(limit, start, calendar, pauses)) <= later_or_unknown(due_at(longer, start, calendar, pauses))


@given(LIMITS, instants(), calendars(), pause_lists(), instants(), instants())
def test_one_more_pause_is_never_due_earlier(
    limit: TimeLimit, start: datetime, calendar: Calendar, pauses: list[Pause], one: datetime, other: datetime
) -> None:
    more = [*pauses, Pause(*sorted([one, other]))]
    assert later_or_unknown(due_at(limit, start, calendar, pauses)) <= later_or_unknown(due_at(limit, start, calendar, more))


@given(LIMITS, instants(), calendars(), pause_lists(), instants())
def test_an_empty_pause_changes_nothing(limit: TimeLimit, start: datetime, calendar: Calendar, pauses: list[Pause], at: datetime) -> None:
    assert due_at(limit, start, calendar, [*pauses, Pause(at, at)]) == due_at(limit, start, calendar, pauses)


@given(LIMITS, instants(), calendars(), st.lists(instants(), min_size=3, max_size=3), st.randoms())
def test_a_pause_in_pieces_equals_the_whole(
    limit: TimeLimit, start: datetime, calendar: Calendar, cuts: list[datetime], random: Random
) -> None:
    since, middle, until = sorted(cuts)
    overlapping = [Pause(since, middle), Pause(middle, until), Pause(since, since + (middle - since) / 2)]
    random.shuffle(overlapping)
    assert due_at(limit, start, calendar, overlapping) == due_at(limit, start, calendar, [Pause(since, until)])


@given(st.integers(1, 12), instants(), calendars(), pause_lists())
def test_working_hours_end_in_an_office_minute_or_at_closing_time(
    amount: int, start: datetime, calendar: Calendar, pauses: list[Pause]
) -> None:
    due = due_at(TimeLimit(amount, OFFICE), start, calendar, pauses)
    assume(due is not None)
    assert due is not None
    here = due.astimezone(HERE)
    assert works_on(calendar, here.date())
    assert any(opens < here.time() <= closes for opens, closes in calendar.office_hours)
    last_minute = due - timedelta(microseconds=1)
    assert not paused_at(last_minute, pauses)


@given(LIMITS, instants(), calendars(), pause_lists())
def test_a_standing_clock_does_not_run_out(limit: TimeLimit, start: datetime, calendar: Calendar, pauses: list[Pause]) -> None:
    due = due_at(limit, start, calendar, pauses)
    assume(due is not None)
    assert due is not None
    assert not paused_at(due - timedelta(microseconds=1), pauses)


@given(st.integers(0, 3000), instants(), calendars())
def test_subtracting_undoes_adding_from_any_office_minute(minutes: int, start: datetime, calendar: Calendar) -> None:
    here = start.astimezone(HERE)
    assume(works_on(calendar, here.date()) and any(opens <= here.time() < closes for opens, closes in calendar.office_hours))
    later = add_working_minutes(start, minutes, calendar)
    assert subtract_working_minutes(later, minutes, calendar) == start
    assert working_minutes(start, later, calendar) == minutes


@given(st.integers(1, 3000), instants(), calendars())
def test_adding_undoes_subtracting_up_to_the_free_time_after_it(minutes: int, end: datetime, calendar: Calendar) -> None:
    earlier = subtract_working_minutes(end, minutes, calendar)
    assert working_minutes(earlier, end, calendar) == minutes
    assert add_working_minutes(earlier, minutes, calendar) <= end


@given(st.sampled_from([OFFICE, HOURS, MINUTES]), st.integers(1, 12), st.integers(1, 100), instants(), calendars(), pause_lists())
def test_reminders_ascend_between_start_and_due(
    unit: Unit, amount: int, percent: int, start: datetime, calendar: Calendar, pauses: list[Pause]
) -> None:
    due = due_at(TimeLimit(amount, unit), start, calendar, pauses)
    assume(due is not None)
    assert due is not None
    at = fraction_instant(start, due, percent, unit, calendar, pauses)
    assert start <= at <= due
    assert percent == 1 or fraction_instant(start, due, percent - 1, unit, calendar, pauses) <= at
    if unit is OFFICE:
        assert office_time(start, at, calendar, pauses) == timedelta(hours=amount) * percent // 100


def test_every_typical_due_is_found_within_a_fraction_of_a_millisecond() -> None:
    start, stop = local("Mon 02/03/2026 10:00"), [pause("Wed 04/03/2026 15:00", "Mon 09/03/2026 09:00")]
    for limit in (TimeLimit(7, DAYS), TimeLimit(4, OFFICE), TimeLimit(24, HOURS)):
        best = min(timed(limit, start, stop) for _ in range(20))
        assert best < 0.0005, f"{limit} took {best * 1e6:.0f} µs"  # measured about 10; the slack is for a busy machine


def timed(limit: TimeLimit, start: datetime, stop: list[Pause]) -> float:
    begun = stopwatch.perf_counter()
    due_at(limit, start, YEAR_2026, stop)
    return stopwatch.perf_counter() - begun


# --- the calendar that ships ---


def seed_rows() -> list[dict[str, str]]:
    with SEED_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_shipped_calendar_agrees_with_the_rules_for_2026() -> None:
    rows = [row for row in seed_rows() if row["date"].startswith("2026")]
    assert Calendar.from_rows((date.fromisoformat(row["date"]), row["kind"]) for row in rows) == YEAR_2026


def test_shipped_calendar_lists_only_exceptions_to_monday_to_friday() -> None:
    rows = seed_rows()
    dates = [row["date"] for row in rows]
    assert dates == sorted(set(dates))
    assert {text[:4] for text in dates} == {"2022", "2023", "2024", "2025", "2026", "2027"}
    for row in rows:
        assert (date.fromisoformat(row["date"]).weekday() > 4) == (row["kind"] == "worked"), row
        assert all(row[column].strip() for column in ("label_vi", "label_en", "source")), row


def test_each_worked_saturday_has_its_day_off() -> None:
    rows = seed_rows()
    worked = [date.fromisoformat(row["date"]) for row in rows if row["kind"] == "worked"]
    named = " ".join(row["label_vi"] for row in rows if row["kind"] == "off")
    assert [f"{day:%d/%m/%Y}" in named for day in worked] == [True] * 3
