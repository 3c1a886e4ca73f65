"""The day, month and year of an instant are those of here: seven hours of each day belong to another one elsewhere."""
from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from flask import Flask

import casework
from casework.answers.templates import values_for
from casework.db import db, unit_of_work
from casework.documents.letters import days_late
from casework.documents.register import Shelf, documents_seen, years_seen
from casework.figures.counting import month_of
from casework.intake.file_report import reserve_code
from casework.local_time import LOCAL_ZONE, by_day, last_day, local_day, midnight
from casework.models import Letter
from casework.public.limits import PublicLimit
from casework.working_time import Calendar
from reports.sheets import moment, moment_in_words
from reports.statistics.periods import MONTH, WEEK, YEAR, period_at
from tests import build
from web.documents.printing import name_of
from web.filters import local_date, local_datetime
from web.outputs.listing import local_words

DAY = timedelta(days=1)
DAYS = (date(2026, 2, 1), date(2026, 2, 28), date(2026, 1, 1), date(2026, 12, 31))
"""The first and the last of a month and of a year."""
TIMES = (time(0, 30), time(6, 59), time(23, 59))
INSTANTS = [datetime.combine(day, at, LOCAL_ZONE).astimezone(UTC) for day in DAYS for at in TIMES]

OF_A_DAY: dict[str, tuple[Callable[[datetime, date], object], Callable[[date], object]]] = {
    "local_day": (lambda instant, _day: local_day(instant), lambda day: day),
    "last_day": (lambda instant, _day: last_day(instant), lambda day: day),
    "last_day of midnight": (lambda _instant, day: last_day(midnight(day)), lambda day: day - DAY),
    "by_day": (lambda instant, _day: by_day(instant), lambda day: midnight(day + DAY)),
    "day_of": (lambda instant, _day: Calendar().day_of(instant), lambda day: day),
    "month_of": (lambda instant, _day: month_of(instant), lambda day: day.replace(day=1)),
    "period_at, month": (lambda instant, _day: period_at(MONTH, instant).name, lambda day: f"{day:%Y-%m}"),
    "period_at, year": (lambda instant, _day: period_at(YEAR, instant).name, lambda day: f"{day.year}"),
    "period_at, week": (lambda instant, _day: period_at(WEEK, instant).name, lambda day: "{}-W{:02}".format(*day.isocalendar()[:2])),
    "days_late, due when the day began": (lambda instant, day: days_late(midnight(day), instant), lambda _day: 1),
    "days_late, due when it ends": (lambda instant, day: days_late(midnight(day + DAY), instant), lambda _day: 0),
    "PublicLimit, due the day before": (lambda instant, day: PublicLimit(day - DAY).days_late(instant), lambda _day: 0),
    "PublicLimit, due that day": (lambda instant, day: PublicLimit(day).days_late(instant), lambda _day: None),
    "local_date": (lambda instant, _day: local_date(instant), lambda day: f"{day:%d/%m/%Y}"),
    "local_datetime": (lambda instant, _day: local_datetime(instant)[-10:], lambda day: f"{day:%d/%m/%Y}"),
    "local_words": (lambda instant, _day: local_words(instant)[-10:], lambda day: f"{day:%d/%m/%Y}"),
    "moment": (lambda instant, _day: moment(instant)[-10:], lambda day: f"{day:%d/%m/%Y}"),
    "moment_in_words": (lambda instant, _day: moment_in_words(instant)[-10:], lambda day: f"{day:%d/%m/%Y}"),
    "name_of": (lambda instant, _day: name_of(Letter(made_at=instant, ref="x"), None), lambda day: f"van-ban-{day:%Y%m%d}-x"),
}  # fmt: skip
"""What takes an instant and speaks of its day: how it is asked, and what it has to say."""


@pytest.mark.parametrize("instant", INSTANTS, ids=lambda instant: f"{instant.astimezone(LOCAL_ZONE):%m-%dT%H%M}")
@pytest.mark.parametrize("name", OF_A_DAY)
def test_the_day_of_an_instant_is_the_one_here(sqlite_app: Flask, name: str, instant: datetime) -> None:
    ask, expected = OF_A_DAY[name]
    day = instant.astimezone(LOCAL_ZONE).date()
    with sqlite_app.test_request_context():
        assert ask(instant, day) == expected(day)


@pytest.mark.parametrize("instant", [each for each in INSTANTS if each.astimezone(LOCAL_ZONE).date() in DAYS[2:]])
def test_a_code_a_template_and_the_list_of_documents_know_the_year_here(sqlite_app: Flask, instant: datetime) -> None:
    world, day = build.standard_world(), instant.astimezone(LOCAL_ZONE).date()
    case = build.case_at(world, "handling")
    with unit_of_work():
        assert reserve_code(world.centre, now=instant).startswith(f"LD-{day.year}-")
        made = {"kind": "late_list", "centre_id": world.centre.id, "made_by_id": world.people["operator"].id, "content": {}}
        db.session.add(Letter(**made, made_at=instant, reply_by=day))
    [assignment] = build.assignments(case, "handling")
    assert values_for(assignment, by=world.actor("officer_PTNMT"), now=instant)["today"] == f"{day:%d/%m/%Y}"
    operator = world.actor("operator")
    assert years_seen(operator) == [day.year]
    assert [len(documents_seen(operator, Shelf.TO_NUMBER, year=year)) for year in (day.year - 1, day.year, day.year + 1)] == [0, 1, 0]


PACKAGES = [Path(casework.__file__).parents[1] / name for name in ("benchmark", "casework", "reports", "workflows", "web")]
DATED = ("%d", "%m", "%y", "%Y", "%H")
ELSEWHERE = {
    "benchmark/statements.py": "instants as SQLite keeps them",
    "benchmark/chains.py": "instants as SQLite keeps them",
    "workflows/checks/events.py": "whether a typed date is of this century",
    "workflows/checks/samples.py": "some day to try rules with",
    "workflows/rehearsal/meaning.py": "some day to try rules with",
    "workflows/clock.py": "in the zone the engine asked for",
}
"""Files that take the day of an instant as it is kept, and why that is right."""


def of_instants(tree: ast.AST) -> Iterator[int]:
    """The lines that take the day or hour of something that is called like an instant and was not brought here."""

    def is_instant(node: ast.expr) -> bool:
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return name in ("now", "moment", "instant") or name.endswith("_at")

    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("year", "month", "day", "hour", "date", "weekday") and is_instant(node.value):
            yield node.lineno
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None and is_instant(node.value):
            told = "".join(str(part.value) for part in ast.walk(node.format_spec) if isinstance(part, ast.Constant))
            if any(each in told for each in DATED):
                yield node.lineno


def test_nothing_is_said_of_the_day_of_an_instant_that_was_not_brought_here() -> None:
    root = PACKAGES[0].parent
    found = {
        f"{path.relative_to(root)}:{line}"
        for package in PACKAGES for path in package.rglob("*.py") if str(path.relative_to(root)) not in ELSEWHERE
        for line in of_instants(ast.parse(path.read_text(encoding="utf-8")))
    }  # fmt: skip
    assert not found, "use casework.local_time: local_day, or .astimezone(LOCAL_ZONE)"
