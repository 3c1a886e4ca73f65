"""Which cases and assignments an account finds: those the search and the inbox of the same viewer hold, and nothing that is set apart."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from casework.casefile.search import CaseSearch, cases_to_list
from casework.db import db
from casework.doors.asking import Caller
from casework.doors.fields.told import Seen, sights_of
from casework.lateness import late
from casework.models import Agency, Area, Assignment, Case, CaseReport, EventStream, Field, Note, Report
from casework.permissions import AGENCY_ROLES, Role
from casework.permissions.sight import seen_by, with_viewers
from casework.successors import Followed, left_to

MOST_IN_A_LIST = 200
MOST_CHANGED = 10_000


class TooMany(Exception):
    """More has changed than is looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list: at most `limit` rows after the one with the ref `after`, newest first."""

    limit: int
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesWanted:
    state: str | None = None
    field: str | None = None
    area: str | None = None
    agency: str | None = None
    urgent: bool | None = None
    late: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    code: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentsWanted:
    state: str | None = None
    slot: str | None = None
    due_before: datetime | None = None
    case: str | None = None


def cases_found(wanted: CasesWanted, page: Page, *, caller: Caller, now: datetime) -> list[Seen]:
    """The cases of a page, newest first, and one more where there is a next page. Raises TooMany."""
    query = select(Case).where(*cases_of(caller), *_of_cases(wanted, caller, now))
    if page.after is not None:
        query = query.where(Case.id < select(Case.id).where(Case.ref == page.after).scalar_subquery())
    rows = db.session.scalars(query.order_by(Case.id.desc()).limit(page.limit + 1).options(*_beside()))
    by = caller.actor
    return [Seen(row, by, sights_of(by, row)) for row in rows.unique()]


@cache
def _beside() -> tuple[Any, ...]:
    """What a row of the list is told with, and what decides who sees it: reports are no program's own. Made at the first call, as
    `with_viewers`."""
    return selectinload(Case.assignments).joinedload(Assignment.agency), joinedload(Case.area), joinedload(Case.field)


def case_found(ref: str, *, caller: Caller) -> Seen | None:
    """One case its page would show the account, also after its part in it has ended."""
    case = db.session.scalar(select(Case).where(Case.ref == ref).options(*with_viewers()))
    by = caller.actor
    case = seen_by(by, case) if case is not None else None
    return Seen(case, by, sights_of(by, case)) if case is not None else None


def assignments_found(wanted: AssignmentsWanted, page: Page, *, caller: Caller) -> list[Seen]:
    """The assignments of an agency's account: those that go on and those that were answered, newest first."""
    query = _assignments().where(*_assignments_of(caller), *_of_assignments(wanted))
    if page.after is not None:
        query = query.where(Assignment.id < select(Assignment.id).where(Assignment.ref == page.after).scalar_subquery())
    return _seen(query.order_by(Assignment.id.desc()).limit(page.limit + 1), caller)


def assignment_found(ref: str, *, caller: Caller) -> Seen | None:
    """One of them; one that ended without an answer is not there any more."""
    found = _seen(_assignments().where(Assignment.ref == ref, *_assignments_of(caller)), caller)
    return found[0] if found else None


def _assignments() -> Select[Any]:
    """Assignments with what is told of their cases, each with the number of notes of its progress."""
    of_case = contains_eager(Assignment.case)
    noted = select(func.count()).where(Note.assignment_id == Assignment.id, Note.kind == "progress").scalar_subquery()
    return select(Assignment, noted).join(Assignment.case).options(
        joinedload(Assignment.agency), of_case.joinedload(Case.field), of_case.joinedload(Case.area),
        of_case.selectinload(Case.assignments).joinedload(Assignment.agency),
    )  # fmt: skip


def _seen(query: Select[Any], caller: Caller) -> list[Seen]:
    by = caller.actor
    return [Seen(row, by, sights_of(by, row.case), noted) for row, noted in db.session.execute(query).unique()]


def _assignments_of(caller: Caller) -> list[ColumnElement[bool]]:
    answered = or_(Assignment.ended_at.is_(None), Assignment.approved_at.is_not(None))
    return [own_agency(caller, area=Case.area_id.expression), answered, Case.quarantined_at.is_(None)]


def own_agency(caller: Caller, *, area: ColumnElement[Any]) -> ColumnElement[bool]:
    ids = sorted({each.agency_id for each in caller.actor.grants if each.role in AGENCY_ROLES and each.agency_id is not None})
    if not ids:
        return false()
    return or_(Assignment.agency_id.in_(ids), *left_to(Followed.AGENCY, ids, body=Assignment.agency_id.expression, area=area))


def cases_of(caller: Caller) -> list[ColumnElement[bool]]:
    is_there = Case.quarantined_at.is_(None)
    centres = sorted({each.centre_id for each in caller.actor.grants if each.role == Role.OPERATOR and each.centre_id is not None})
    if centres:
        left = left_to(Followed.CENTRE, centres, body=Case.centre_id.expression, area=Case.area_id.expression)
        return [is_there, or_(Case.centre_id.in_(centres), *left)]
    area = select(Case.area_id).where(Case.id == Assignment.case_id).correlate(Assignment).scalar_subquery()
    own = and_(own_agency(caller, area=area), or_(Assignment.ended_at.is_(None), Assignment.approved_at.is_not(None)))
    return [is_there, Case.id.in_(select(Assignment.case_id).where(own))]


def _of_cases(wanted: CasesWanted, caller: Caller, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        found.append(Case.state == wanted.state)
    if wanted.field is not None:
        found.append(Case.field_id.in_(select(Field.id).where(Field.service_code == wanted.field)))
    if wanted.area is not None:
        found.append(Case.area_id.in_(select(Area.id).where(Area.ref == wanted.area)))
    if wanted.agency is not None:
        theirs = select(Assignment.case_id).join(Agency, Agency.id == Assignment.agency_id).where(Agency.ref == wanted.agency)
        found.append(Case.id.in_(theirs))
    if wanted.urgent is not None:
        found.append((Case.urgency == "urgent") if wanted.urgent else (Case.urgency != "urgent"))
    if wanted.late is not None:
        found.append(_late(now) if wanted.late else ~_late(now))
    if wanted.since is not None:
        found.append(Case.opened_at >= wanted.since)
    if wanted.until is not None:
        found.append(Case.opened_at < wanted.until)
    if wanted.updated_since is not None:
        found.append(Case.id.in_(_changed_since(wanted.updated_since)))
    if wanted.code is not None:
        named = select(CaseReport.case_id).join(Report, Report.id == CaseReport.report_id)
        found.append(Case.id.in_(named.where(Report.code == wanted.code, CaseReport.left_at.is_(None))))
    if wanted.q:
        found.append(Case.id.in_(cases_to_list(CaseSearch(words=wanted.q), by=caller.actor, centre_id=caller.centre_id)))
    return found


def _late(now: datetime) -> ColumnElement[bool]:
    """As `is_late` says it of a row: judged when it was answered, or else now."""
    return or_(
        and_(Case.answered_at.is_not(None), late(Case.due_at, Case.answered_at)),
        and_(Case.answered_at.is_(None), Case.closed_at.is_not(None), late(Case.due_at, Case.closed_at)),
        and_(Case.answered_at.is_(None), Case.closed_at.is_(None), late(Case.due_at, now)),
    )


def _changed_since(since: datetime) -> list[int]:
    """The cases something happened to since. Raises TooMany."""
    query = select(EventStream.stream).where(EventStream.changed_at >= since, EventStream.stream.like("case:%"))
    streams = list(db.session.scalars(query.order_by(EventStream.changed_at.desc()).limit(MOST_CHANGED + 1)))
    if len(streams) > MOST_CHANGED:
        raise TooMany
    return [int(each.removeprefix("case:")) for each in streams]


def _of_assignments(wanted: AssignmentsWanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        found.append(Assignment.state == wanted.state)
    if wanted.slot is not None:
        found.append(Assignment.slot == wanted.slot)
    if wanted.due_before is not None:
        found.append(and_(Assignment.due_at.is_not(None), Assignment.due_at < wanted.due_before))
    if wanted.case is not None:
        found.append(Case.ref == wanted.case)
    return found
