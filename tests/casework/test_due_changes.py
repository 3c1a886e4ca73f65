"""A due instant moves when the case changes, and a promised day never earlier, except to urgent."""

from datetime import datetime, timedelta

import pytest

from casework.due_changes import (
    assignment_due,
    moved_to_normal,
    moved_to_urgent,
    recomputed_for_calendar,
    recomputed_never_earlier,
    under_one_working_day_left,
)
from casework.working_time import Calendar, Pause, TimeLimit, Unit, due_at
from tests.casework.test_working_time import YEAR_2026, local

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
