"""What goes into documents about a period, counted by hand from cases that went the real way."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from casework.facts.keeping import keep_facts
from reports.gathering import period_report_of
from reports.statistics.periods import period_named
from tests import build


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2026, 3, 10, 1, tzinfo=UTC), 1),  # Tuesday 10/03 at 08:00 local time: the first day too late
        (datetime(2026, 3, 12, 1, tzinfo=UTC), 3),
        (datetime(2026, 3, 31, 16, 59, tzinfo=UTC), 22),  # 10/03 to 31/03, the last minute of the month
        (datetime(2026, 4, 20, 1, tzinfo=UTC), 22),  # the month was over at its end, and 01/04 is no day of it
    ],
)
def test_a_report_of_a_month_says_how_many_days_of_it_a_case_was_late(sqlite_app: Flask, now: datetime, days: int) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    assert case.due_at == datetime(2026, 3, 9, 17, tzinfo=UTC), "its last day in time is Monday 09/03"
    keep_facts(now)
    report, _frozen = period_report_of(period_named("2026-03", centre_id=world.centre.id), centre_id=world.centre.id, now=now)
    assert [(each.code, each.days) for each in report.late] == [(case.code, days)]
