"""What every limit of a case has to be, worked out anew from its history, by nothing of the program's arithmetic.

For cases without rests, extensions or changes of urgency, which is what the worst day is made of. Days off are written down here.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.models import Assignment, Case, Clock, Event, Report

HERE = timezone(timedelta(hours=7))
OFF = {date(2026, 11, 24), date(2027, 1, 1), *(date(2027, 2, day) for day in range(4, 11))}
"""Days off in the months in which this may be run; the new year of 2027 as it was announced to last at most."""

MORNING, AFTERNOON = (time(7, 30), time(11, 30)), (time(13), time(17))
ANSWER_DAYS = {"simple": 3, "ordinary": 5, "complex": 7}
SEVERAL_AGENCIES_DAYS = 7
OFFICE_HOURS = timedelta(hours=4)
ALLOWANCE = timedelta(hours=8)
RATING_DAYS = 7


def is_worked(day: date) -> bool:
    return day.weekday() < 5 and day not in OFF


def spans(day: date) -> list[tuple[datetime, datetime]]:
    """The office hours of a day."""
    if not is_worked(day):
        return []
    return [(datetime.combine(day, begins, HERE), datetime.combine(day, ends, HERE)) for begins, ends in (MORNING, AFTERNOON)]


def after_office_time(start: datetime, length: timedelta) -> datetime:
    """The instant at which so much office time has passed."""
    day, left = start.astimezone(HERE).date(), length
    while True:
        for begins, ends in spans(day):
            counted = max(ends - max(begins, start), timedelta())
            if counted >= left:
                return max(begins, start) + left
            left -= counted
        day += timedelta(days=1)


def before_office_time(end: datetime, length: timedelta) -> datetime:
    """The instant from which so much office time is left."""
    day, left = end.astimezone(HERE).date(), length
    while True:
        for begins, ends in reversed(spans(day)):
            counted = max(min(ends, end) - begins, timedelta())
            if counted >= left:
                return min(ends, end) - left
            left -= counted
        day -= timedelta(days=1)


def after_working_days(start: datetime, days: int) -> datetime:
    """00:00 of the day after the last of so many working days, the day it begins not counted."""
    day = start.astimezone(HERE).date()
    while days:
        day += timedelta(days=1)
        days -= is_worked(day)
    return datetime.combine(day + timedelta(days=1), time(), HERE)


def after_calendar_days(start: datetime, days: int) -> datetime:
    """The end of the n-th day after."""
    return datetime.combine(start.astimezone(HERE).date() + timedelta(days=days + 1), time(), HERE)


def wrong_clocks() -> Iterator[str]:
    """Every limit of every case that is not what its history says, or is missing, or is one too many."""
    events, clocks, agencies = _by_case(Event), _by_case(Clock), _by_case(Assignment)
    filed = dict(db.session.execute(select(Report.code, Report.filed_at)).all())
    for case in db.session.scalars(select(Case)):
        expected = sorted(_expected(case, filed[case.code], events[case.id], agencies[case.id]), key=str)
        found = sorted(((each.kind, each.assignment_id, each.started_at, each.due_at, each.ended_at, each.ended_late)
                        for each in clocks[case.id]), key=str)  # fmt: skip
        yield from (f"case {case.code}: a limit {_said(each)} there should be" for each in expected if each not in found)
        yield from (f"case {case.code}: a limit {_said(each)} there should not be" for each in found if each not in expected)


Limit = tuple[str, int | None, datetime, datetime, datetime | None, bool | None]


def _expected(case: Case, filed: datetime, events: list[Event], agencies: list[Assignment]) -> Iterator[Limit]:
    def first(kind: str) -> datetime | None:
        return next((each.at for each in events if each.type == kind), None)

    def of_agency(agency: Assignment, *kinds: str) -> list[datetime]:
        return [each.at for each in events if each.type in kinds and (each.payload or {}).get("agency") == agency.agency.key]

    verified, distributed, published = first("verify"), first("distribute"), first("publish")
    days = ANSWER_DAYS[case.complexity or "ordinary"]
    alone = after_working_days(filed, days)
    answer_due = max(alone, after_working_days(filed, SEVERAL_AGENCIES_DAYS)) if len(agencies) > 1 else alone
    yield _limit("acceptance", None, filed, after_office_time(filed, OFFICE_HOURS), verified)
    if first("classify") is not None:
        yield _limit("case", None, filed, answer_due, published)
    approvals = []
    for agency in agencies:
        assert distributed is not None
        accepted = next(iter(of_agency(agency, "accept_assignment")), None)
        approved = of_agency(agency, "approve_answer")
        yield _limit("assignment_accepted", agency.id, distributed, after_office_time(distributed, OFFICE_HOURS), accepted)
        own = after_working_days(distributed, SEVERAL_AGENCIES_DAYS if len(agencies) > 1 else days)
        yield _limit("assignment", agency.id, distributed, min(before_office_time(answer_due, ALLOWANCE), own), next(iter(approved), None))
        decisions = of_agency(agency, "approve_answer", "redo_answer")
        for number, submitted in enumerate(of_agency(agency, "submit_answer")):
            decided = decisions[number] if number < len(decisions) else None
            yield _limit("approval", agency.id, submitted, after_office_time(submitted, OFFICE_HOURS), decided)
        approvals += approved
    if agencies and len(approvals) == len(agencies):
        yield _limit("publication", None, max(approvals), after_office_time(max(approvals), OFFICE_HOURS), published)
    if published is not None:
        rated = first("close")
        yield _limit("rating", None, published, after_calendar_days(published, RATING_DAYS), rated)


def _limit(kind: str, agency: int | None, start: datetime, due: datetime, end: datetime | None) -> Limit:
    due = due.astimezone(UTC)
    return kind, agency, start, due, end, None if end is None else end >= due


def _by_case(table: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.scalars(select(table).where(table.case_id.is_not(None)).order_by(table.id)):
        found[row.case_id].append(row)
    return found


def _said(limit: Limit) -> str:
    return " ".join("-" if each is None else each.isoformat() if isinstance(each, datetime) else str(each) for each in limit)
