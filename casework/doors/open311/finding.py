"""Which cases a list of requests has: by days of filing, or by when they last changed; and which case stands behind a code."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, not_, or_, select

from casework.db import db
from casework.doors.open311.cases import columns, updated_at
from casework.local_time import local_day, midnight
from casework.models import Case, CaseReport, Event, EventStream, Report
from casework.public.filters import is_shown
from casework.public.limits import LocalMidnight
from casework.public.unindexed import unindexed
from casework.sentences import Audience
from casework.states import ANSWERED_STATES, CaseState
from casework.verbs import events_told, events_where

MOST_FOUND = 10_000
"""The rows a page may lie behind, and the cases that may have changed in a span: with more somebody has to narrow the days."""
MOST_IDS = 1_000
CLOSED_STATES = ANSWERED_STATES | {CaseState.REFUSED, CaseState.WITHDRAWN}
"""Of the public's, the answered ones; the rest only the key that filed one is told."""


class TooMany(Exception):
    """More cases may be meant than are looked at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list that is asked for. Days are local days of filing, both included; instants are of the last change, both included."""

    centre_id: int
    since: date | None = None
    until: date | None = None
    is_closed: bool | None = None
    field_ids: tuple[int, ...] | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    service_id: int | None = None
    """The service account that asks, which finds its own reports also where the public does not."""

    @property
    def is_by_change(self) -> bool:
        return self.changed_after is not None or self.changed_before is not None


def found(wanted: Wanted, *, offset: int, size: int) -> list[int]:
    """The rows of a page and one more where there is a next page: by day of filing, then by code, newest first. Raises TooMany."""
    if wanted.is_by_change:
        return _changed(wanted)[offset : offset + size + 1]
    query = select(Case.id).where(*_conditions(wanted))
    # walk the index as far as the page ends; only the rows of its last day are sorted besides
    last = db.session.scalar(
        select(Case.opened_at).where(*_conditions(wanted)).order_by(Case.opened_at.desc(), Case.id.desc()).offset(offset + size).limit(1)
    )
    if last is not None:
        query = query.where(Case.opened_at >= midnight(local_day(last)))
    in_order = query.order_by(LocalMidnight(Case.opened_at.expression).desc(), Case.code.desc())
    return list(db.session.scalars(in_order.offset(offset).limit(size + 1)))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    is_seen = is_shown()
    if wanted.service_id is not None:
        is_seen = or_(is_seen, and_(Case.merged_into_id.is_(None), Case.parent_id.is_(None), Case.id.in_(_own_cases(wanted.service_id))))
    conditions: list[ColumnElement[bool]] = [is_seen, unindexed(Case.centre_id) == wanted.centre_id]
    if wanted.since is not None:
        conditions.append(Case.opened_at >= midnight(wanted.since))
    if wanted.until is not None:
        conditions.append(Case.opened_at < midnight(wanted.until + timedelta(days=1)))
    if wanted.is_closed is not None:
        is_closed = and_(unindexed(Case.state).in_(CLOSED_STATES), Case.quarantined_at.is_(None))
        conditions.append(is_closed if wanted.is_closed else not_(is_closed))
    if wanted.field_ids is not None:
        conditions.append(unindexed(Case.field_id).in_(wanted.field_ids))
    return conditions


def _own_cases(service_id: int) -> Select[int]:
    """The cases whose main report a service account filed."""
    return own_main().with_only_columns(CaseReport.case_id).where(Report.service_id == service_id)


def own_main() -> Select[Any]:
    """The links of main reports to their cases, with their reports beside."""
    query = select(CaseReport.id).join(Report, Report.id == CaseReport.report_id)
    return query.where(CaseReport.is_main, CaseReport.left_at.is_(None))


@cache
def told_types() -> list[str]:
    """The events every sender of a case is told."""
    personal = events_where(lambda verb: verb.is_personal)
    return [each for each in events_told(Audience.SENDER) if each not in personal]


def told_at() -> Any:
    """When the senders of a Case were last told of it; `types` are told_types()."""
    newest = select(func.max(Event.at)).where(Event.case_id == Case.id, Event.type.in_(bindparam("types", expanding=True)))
    return newest.correlate(Case).scalar_subquery()


def _changed(wanted: Wanted) -> list[int]:
    """The rows of what is shown as changed in a span. Whatever changes a case is an event, so the streams that have changed since are
    all there may be."""
    after, before = wanted.changed_after, wanted.changed_before
    since = midnight(local_day(after)) if after is not None else None
    ids = changed_since(since) if since is not None else None
    if ids == []:
        return []
    query = columns().where(*_conditions(wanted))
    rows: list[Any] = list(db.session.execute(query.where(Case.id.in_(ids)) if ids is not None else query.limit(MOST_FOUND + 1)))
    if len(rows) > MOST_FOUND:
        raise TooMany
    told = _told_to(wanted.service_id, [row.id for row in rows]) if wanted.service_id is not None else {}
    kept = [row for row in rows if _is_within(*(told.get(row.id) or _told_to_all(row)), after, before)]
    kept.sort(key=lambda row: (local_day(row.opened_at), row.code), reverse=True)
    return [row.id for row in kept]


def _told_to_all(row: Any) -> tuple[datetime, bool]:
    """The last change the public is told of, and whether it is told by its day alone."""
    return updated_at(row), row.version_id is None and row.withdrawn_at is None


def _told_to(service_id: int, ids: list[int]) -> dict[int, tuple[datetime, bool]]:
    """The same of the cases among some whose main report a service account filed, as it is told it."""
    query = select(Case.id, Case.opened_at, Case.quarantined_at, told_at().label("told_at"))
    query = query.where(Case.id.in_(_own_cases(service_id)), Case.id.in_(ids))
    return {
        row.id: (midnight(local_day(row.opened_at)), True) if row.quarantined_at is not None
        else (max(row.told_at or row.opened_at, row.opened_at), False)
        for row in (db.session.execute(query, {"types": told_types()}) if ids else ())
    }  # fmt: skip


def changed_since(since: datetime) -> list[int]:
    """The rows of the cases anything happened to since an instant. Raises TooMany."""
    query = select(EventStream.stream).where(EventStream.changed_at >= since, EventStream.stream.like("case:%"))
    streams = list(db.session.scalars(query.order_by(EventStream.changed_at.desc()).limit(MOST_FOUND + 1)))
    if len(streams) > MOST_FOUND:
        raise TooMany
    return [int(each.removeprefix("case:")) for each in streams]


def _is_within(moment: datetime, is_day: bool, after: datetime | None, before: datetime | None) -> bool:
    """Whether a value lies in a span; one that is a day alone lies in it with its whole day."""
    ends = moment + timedelta(days=1) - timedelta(seconds=1) if is_day else moment
    return (after is None or ends >= after.replace(microsecond=0)) and (before is None or moment.replace(microsecond=0) <= before)


@dataclass(frozen=True, slots=True)
class Behind:
    """The case behind the code of a report; `has_left` where the report is no longer in it."""

    code: str
    case_id: int
    report_id: int
    has_left: bool
    service_id: int | None = None


def behind(codes: Collection[str]) -> dict[str, Behind]:
    """The cases behind some codes; a code never given is missing."""
    query = select(Report.code, Report.id, Report.service_id, CaseReport.case_id, CaseReport.left_at)
    query = query.join(CaseReport, CaseReport.report_id == Report.id).where(Report.code.in_(list(codes)[:MOST_IDS]))
    query = query.order_by(CaseReport.left_at.is_(None), CaseReport.id)
    rows = db.session.execute(query) if codes else ()
    return {row.code: Behind(row.code, row.case_id, row.id, row.left_at is not None, row.service_id) for row in rows}
