"""What a planned calendar change would move, worked out without writing anything; and the progress of recounts under way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from casework.bilingual import Bilingual
from casework.calendars import calendar_from, calendar_of, hours_of_scope
from casework.clocks.acts import ClockKind
from casework.clocks.calendar_moves import ON_THE_CALENDAR, Calendars, moves_of
from casework.clocks.calendar_plans import CalendarPlan
from casework.clocks.office_hours import hours_with
from casework.db import db
from casework.models import Assignment, CalendarChange, CalendarDay, Case, CaseReport, Clock, Report
from casework.working_time import Calendar

MOST_COUNTED = 500
"""Open cases counted by a preview: above that the page says "more than", so that the cost is limited."""

MOST_SHOWN = 50
AT_ONCE = 250
MOST_LEFT = 1000


@dataclass(frozen=True, slots=True)
class ShownMove:
    code: str
    clock: str
    agency: Bilingual | None
    old: datetime
    new: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of a plan: how many limits of how many cases move, how many reporters are told, and the first of the moves.

    `looked_at` is how many open cases were counted, `is_cut` whether there are more.
    """

    limits: int
    cases: int
    told: int
    moves: tuple[ShownMove, ...]
    looked_at: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class RecountProgress:
    """A recount under way; numbers above MOST_LEFT are not counted exactly."""

    centre_id: int | None
    changed_at: datetime
    done: int
    left: int
    put_off: int


def preview(plan: CalendarPlan, *, now: datetime, counted: int = MOST_COUNTED, shown: int = MOST_SHOWN) -> Preview:
    """Work out what a judged plan moves. A handful of statements for each 250 cases, `counted` cases at most."""
    ids = list(db.session.scalars(_open_cases(plan.centre_id).limit(counted + 1)))
    calendars: dict[int, Calendars] = {}
    found: list[ShownMove] = []
    moved, told_cases, limits = set[int](), set[int](), 0
    for case, running in _read(ids[:counted]):
        if case.centre_id not in calendars:
            calendars[case.centre_id] = Calendars(calendar_of(case.centre_id), _planned(plan, case.centre_id), now)
        for move in moves_of(case, running, calendars[case.centre_id], now):
            limits += 1
            moved.add(case.id)
            if move.clock.kind == ClockKind.CASE and case.due_at is not None:
                told_cases.add(case.id)
            if len(found) < shown:
                agency = move.assignment.agency.short_name if move.assignment is not None else None
                found.append(ShownMove(case.code, move.clock.kind, agency, move.old, move.new))
    return Preview(limits, len(moved), _reporters_of(sorted(told_cases)), tuple(found), min(len(ids), counted), len(ids) > counted)


def recounts_under_way(centre_ids: Sequence[int | None]) -> list[RecountProgress]:
    """The changes whose open limits are still being counted anew, oldest first; the days of one act, such as a swap, are one."""
    query = select(CalendarChange).where(CalendarChange.finished_at.is_(None)).order_by(CalendarChange.id).limit(20)
    acts: dict[tuple[int | None, datetime], list[CalendarChange]] = {}
    for row in db.session.scalars(query):
        if row.centre_id in centre_ids:
            acts.setdefault((row.centre_id, row.changed_at), []).append(row)
    found = []
    for (centre_id, changed_at), rows in acts.items():
        reached, put_off = min(row.last_case_id for row in rows), len({case for row in rows for case in row.put_off})
        done, left = (_number(centre_id, which) for which in (Clock.case_id <= reached, Clock.case_id > reached))
        found.append(RecountProgress(centre_id, changed_at, done - put_off, left, put_off))
    return found


def _open_cases(centre_id: int | None) -> Select[int]:
    query = select(Clock.case_id).where(Clock.ended_at.is_(None), Clock.unit.in_(ON_THE_CALENDAR)).distinct().order_by(Clock.case_id)
    return query if centre_id is None else query.join(Case, Case.id == Clock.case_id).where(Case.centre_id == centre_id)


def _number(centre_id: int | None, which: ColumnElement[bool]) -> int:
    few = _open_cases(centre_id).where(which).limit(MOST_LEFT).subquery()
    return db.session.scalar(select(func.count()).select_from(few)) or 0


def _read(ids: Sequence[int]) -> Iterator[tuple[Case, list[Clock]]]:
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        clocks: dict[int, list[Clock]] = {}
        query = select(Clock).where(Clock.case_id.in_(some), Clock.ended_at.is_(None)).options(selectinload(Clock.pauses))
        for clock in db.session.scalars(query.order_by(Clock.id)):
            clocks.setdefault(clock.case_id, []).append(clock)
        cases = select(Case).where(Case.id.in_(some)).options(selectinload(Case.assignments).joinedload(Assignment.agency))
        for case in db.session.scalars(cases.order_by(Case.id)):
            yield case, clocks.get(case.id, [])


def _planned(plan: CalendarPlan, centre_id: int) -> Calendar:
    """The calendar of a centre under the plan."""
    days: dict[int | None, dict[date, str]] = {None: {}, centre_id: {}}
    of_scopes = CalendarDay.centre_id.is_(None) | (CalendarDay.centre_id == centre_id)
    for row in db.session.scalars(select(CalendarDay).where(of_scopes)):
        days[row.centre_id][row.day] = row.kind
    for each in plan.days:
        days[plan.centre_id].pop(each.day, None)
        if each.kind is not None:
            days[plan.centre_id][each.day] = each.kind
    hours = {scope: hours_of_scope(scope) for scope in days}
    if plan.hours is not None:
        hours[plan.centre_id] = hours_with(hours[plan.centre_id], plan.hours.spans, plan.hours.valid_from)
    return calendar_from((days[None] | days[centre_id]).items(), hours[None], hours[centre_id])


def _reporters_of(case_ids: Sequence[int]) -> int:
    """How many reporters of these cases can be reached."""
    number = 0
    for first in range(0, len(case_ids), AT_ONCE):
        links = select(CaseReport).where(CaseReport.case_id.in_(case_ids[first : first + AT_ONCE]), CaseReport.left_at.is_(None))
        for link in db.session.scalars(links.options(joinedload(CaseReport.report).joinedload(Report.reporter))):
            number += link.report.reporter is not None and link.report.reporter.can_be_told
    return number
