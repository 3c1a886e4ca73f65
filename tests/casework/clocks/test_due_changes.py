"""A due instant moves when the case changes, and a promised day never earlier, except to urgent."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from casework.clocks.due_changes import (
    assignment_due,
    last_day_in_time,
    moved_to_normal,
    moved_to_urgent,
    recomputed_for_calendar,
    recomputed_never_earlier,
    shifted,
    under_one_working_day_left,
)
from casework.working_time import Calendar, Pause, TimeLimit, Unit, due_at
from tests.casework.test_working_time import LIMITS, YEAR_2026, calendars, instants, local
from tests.whole import examples

FIVE_DAYS = TimeLimit(5, Unit.WORKING_DAYS)
FILED = local("Mon 02/03/2026 10:00")
DUE = local("Tue 10/03/2026 00:00")  # FIVE_DAYS after FILED


def test_an_assignment_leaves_a_working_day_to_approve_and_publish() -> None:
    assert assignment_due(DUE, urgent=False, calendar=YEAR_2026) == local("Mon 09/03/2026 07:30")


def test_an_urgent_assignment_leaves_two_hours_round_the_clock() -> None:
    assert assignment_due(local("Sun 15/02/2026 22:10"), urgent=True, calendar=YEAR_2026) == local("Sun 15/02/2026 20:10")


@pytest.mark.parametrize(
    ("amount", "unit", "due"),
    [
        (90, Unit.MINUTES, "Mon 09/03/2026 22:30"),
        (1, Unit.WORKING_DAYS, "Mon 09/03/2026 07:30"),
        (1, Unit.CALENDAR_DAYS, "Mon 09/03/2026 00:00"),
    ],
)
def test_a_centre_may_set_another_allowance(amount: int, unit: Unit, due: str) -> None:
    assert assignment_due(DUE, urgent=False, calendar=YEAR_2026, allowance=TimeLimit(amount, unit)) == local(due)


def test_an_assignment_of_a_paused_case_has_no_due_yet() -> None:
    assert assignment_due(None, urgent=False, calendar=YEAR_2026) is None


def test_less_than_a_working_day_left_is_seen() -> None:
    assert under_one_working_day_left(local("Mon 09/03/2026 07:31"), DUE, YEAR_2026)
    assert not under_one_working_day_left(local("Mon 09/03/2026 07:30"), DUE, YEAR_2026)


@pytest.mark.parametrize(
    ("changed", "due"),
    [("Wed 04/03/2026 09:00", "Thu 05/03/2026 09:00"), ("Mon 09/03/2026 13:00", "Tue 10/03/2026 00:00")],
)
def test_to_urgent_takes_the_earlier_of_old_due_and_a_day(changed: str, due: str) -> None:
    assert moved_to_urgent(DUE, local(changed), YEAR_2026) == local(due)


def test_to_urgent_in_an_open_pause_has_no_due_yet() -> None:
    changed = local("Wed 04/03/2026 09:00")
    assert moved_to_urgent(None, changed, YEAR_2026, [Pause(changed - timedelta(hours=1))]) is None


def test_to_urgent_in_an_open_pause_does_not_revive_what_has_passed() -> None:
    changed = local("Wed 11/03/2026 09:00")
    assert moved_to_urgent(DUE, changed, YEAR_2026, [Pause(changed - timedelta(hours=1))]) == DUE


def test_to_normal_counts_from_filing() -> None:
    assert moved_to_normal(local("Tue 03/03/2026 10:00"), FILED, FIVE_DAYS, YEAR_2026) == DUE


def test_to_normal_never_takes_time_away() -> None:
    promised = local("Thu 12/03/2026 00:00")
    assert moved_to_normal(promised, FILED, FIVE_DAYS, YEAR_2026) == promised


@pytest.mark.parametrize(("amount", "due"), [(3, DUE), (7, local("Thu 12/03/2026 00:00"))])
def test_another_complexity_only_gives_time(amount: int, due: datetime) -> None:
    assert recomputed_never_earlier(DUE, FILED, TimeLimit(amount, Unit.WORKING_DAYS), YEAR_2026) == due


def test_what_is_not_known_yet_stays_unknown() -> None:
    stop = [Pause(local("Wed 04/03/2026 09:00"))]
    assert recomputed_never_earlier(None, FILED, FIVE_DAYS, YEAR_2026, stop) is None
    assert recomputed_never_earlier(DUE, FILED, FIVE_DAYS, YEAR_2026, stop) is None


def test_a_new_day_off_moves_an_open_due() -> None:
    more_off = Calendar(YEAR_2026.days_off | {local("Fri 06/03/2026 00:00").date()}, YEAR_2026.worked_days)
    now = local("Tue 03/03/2026 08:00")
    assert recomputed_for_calendar(DUE, FILED, FIVE_DAYS, more_off, (), now) == local("Wed 11/03/2026 00:00")


def test_a_new_worked_saturday_does_not_take_a_promised_day_back() -> None:
    more_worked = Calendar(YEAR_2026.days_off, YEAR_2026.worked_days | {local("Sat 07/03/2026 00:00").date()})
    assert due_at(FIVE_DAYS, FILED, more_worked) == local("Sun 08/03/2026 00:00")
    assert recomputed_for_calendar(DUE, FILED, FIVE_DAYS, more_worked, (), local("Tue 03/03/2026 08:00")) == DUE


def test_a_calendar_change_does_not_revive_what_has_passed() -> None:
    more_off = Calendar(YEAR_2026.days_off | {local("Mon 09/03/2026 00:00").date()}, YEAR_2026.worked_days)
    assert recomputed_for_calendar(DUE, FILED, FIVE_DAYS, more_off, (), DUE) == DUE
    assert recomputed_for_calendar(DUE, FILED, FIVE_DAYS, more_off, (), DUE - timedelta(seconds=1)) == local("Wed 11/03/2026 00:00")


# --- shifted by a pause ---


@pytest.mark.parametrize(
    ("unit", "due", "since", "until", "new"),
    [
        (Unit.WORKING_DAYS, "Tue 10/03/2026 00:00", "Wed 04/03/2026 15:00", "Mon 09/03/2026 09:00", "Fri 13/03/2026 00:00"),
        (Unit.WORKING_DAYS, "Tue 10/03/2026 00:00", "Wed 04/03/2026 09:00", "Wed 04/03/2026 16:00", "Tue 10/03/2026 00:00"),
        (Unit.WORKING_DAYS, "Tue 10/03/2026 00:00", "Mon 09/03/2026 09:00", "Wed 11/03/2026 16:00", "Thu 12/03/2026 00:00"),
        (Unit.WORKING_HOURS, "Mon 02/03/2026 16:00", "Mon 02/03/2026 15:00", "Tue 03/03/2026 10:00", "Tue 03/03/2026 11:00"),
        (Unit.HOURS, "Sun 08/11/2026 13:47", "Sat 07/11/2026 15:00", "Sat 07/11/2026 18:30", "Sun 08/11/2026 17:17"),
        (Unit.CALENDAR_DAYS, "Tue 10/03/2026 00:00", "Fri 06/03/2026 09:00", "Sun 08/03/2026 09:00", "Thu 12/03/2026 00:00"),
    ],
)
def test_what_was_left_when_it_stopped_is_left_when_it_goes_on(unit: Unit, due: str, since: str, until: str, new: str) -> None:
    assert shifted(local(due), local(since), local(until), unit, YEAR_2026) == local(new)


@pytest.mark.parametrize("unit", list(Unit))
def test_what_had_passed_when_the_pause_began_is_not_revived(unit: Unit) -> None:
    assert shifted(DUE, DUE, DUE + timedelta(days=3), unit, YEAR_2026) == DUE


def test_a_day_set_by_hand_keeps_its_working_days() -> None:
    until_friday = local("Sat 14/03/2026 00:00")
    since, until = local("Wed 11/03/2026 10:00"), local("Mon 16/03/2026 10:00")
    assert shifted(until_friday, since, until, Unit.WORKING_DAYS, YEAR_2026) == local("Thu 19/03/2026 00:00")


def test_a_pause_over_a_weekend_takes_nothing_from_a_day_set_on_one() -> None:
    sunday_night = local("Mon 16/03/2026 00:00")
    since, until = local("Sat 07/03/2026 10:00"), local("Sun 08/03/2026 10:00")
    assert shifted(sunday_night, since, until, Unit.WORKING_DAYS, YEAR_2026) == sunday_night


def test_an_hour_set_by_hand_within_a_day_is_rounded_up_to_the_end_of_a_day() -> None:
    at_two = local("Fri 06/03/2026 14:00")
    assert shifted(at_two, local("Fri 06/03/2026 09:00"), local("Fri 06/03/2026 11:00"), Unit.WORKING_DAYS, YEAR_2026) == at_two
    stopped, started = local("Fri 06/03/2026 09:00"), local("Fri 06/03/2026 15:00")
    assert shifted(at_two, stopped, started, Unit.WORKING_DAYS, YEAR_2026) == local("Sat 07/03/2026 00:00")


def test_with_no_office_time_left_it_is_due_as_soon_as_it_goes_on() -> None:
    opening, night = local("Mon 09/03/2026 07:30"), local("Sun 08/03/2026 02:00")
    assert shifted(opening, night, local("Sun 08/03/2026 03:00"), Unit.WORKING_HOURS, YEAR_2026) == opening
    assert shifted(opening, night, local("Tue 10/03/2026 09:00"), Unit.WORKING_HOURS, YEAR_2026) == local("Tue 10/03/2026 09:00")


def test_the_last_day_in_time_is_the_day_before_midnight() -> None:
    assert last_day_in_time(DUE, YEAR_2026).isoformat() == "2026-03-09"
    assert last_day_in_time(local("Tue 10/03/2026 07:30"), YEAR_2026).isoformat() == "2026-03-10"


@st.composite
def pauses_in_order(draw: st.DrawFn) -> list[Pause]:
    """Pauses of one clock as they come about: each begins when the one before is over."""
    moments = sorted(draw(st.lists(instants(), min_size=2, max_size=6)))
    return [Pause(since, until) for since, until in zip(moments[::2], moments[1::2], strict=False)]


@settings(max_examples=examples(400), deadline=None)
@given(LIMITS, instants(), calendars(), pauses_in_order())
def test_shifting_by_each_pause_equals_counting_with_all_of_them(
    limit: TimeLimit, start: datetime, calendar: Calendar, pauses: list[Pause]
) -> None:
    pauses = [stop for stop in pauses if stop.since >= start]
    due = due_at(limit, start, calendar)
    for number, stop in enumerate(pauses, 1):
        assert due is not None
        assert stop.until is not None
        due = shifted(due, stop.since, stop.until, limit.unit, calendar)
        assert due == due_at(limit, start, calendar, pauses[:number])


@settings(deadline=None)
@given(instants(), instants(), instants(), st.sampled_from(list(Unit)), calendars())
def test_no_pause_takes_time_away_from_any_instant(one: datetime, other: datetime, due: datetime, unit: Unit, calendar: Calendar) -> None:
    since, until = sorted([one, other])
    later = shifted(due, since, until, unit, calendar)
    assert later >= due
    assert due <= since or later >= until or until < due


@settings(deadline=None)
@given(instants(), instants(), instants(), instants(), st.sampled_from(list(Unit)), calendars())
def test_of_two_limits_in_one_pause_the_earlier_stays_the_earlier(
    one: datetime, other: datetime, first: datetime, second: datetime, unit: Unit, calendar: Calendar
) -> None:
    since, until = sorted([one, other])
    if unit in (Unit.WORKING_DAYS, Unit.CALENDAR_DAYS):  # such limits end with a day; an hour within it is rounded up
        first, second = (calendar.start_of(calendar.day_of(due)) for due in (first, second))
    first, second = sorted([first, second])
    assume(first > since or second <= since)
    assert shifted(first, since, until, unit, calendar) <= shifted(second, since, until, unit, calendar)
