"""What happened, oldest first, as webhooks would have told the account of it: by the same rule, from the events themselves.

An event is looked at as its case was at that moment: assignments and reports of a later day are left out, and what ended later goes on.
Whether the account may still hear of the case is asked as it is now: nothing of a case that is set apart, and of work that was taken away
that it ended alone. Events of the last minutes wait (SETTLED): numbers are given before they are committed, and whoever has passed a number
must have missed nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased, load_only

from casework.db import db
from casework.doors.api.within import cases_of, own_agency
from casework.doors.api.work_then import Work, WorkThen, work_of
from casework.doors.asking import Caller
from casework.doors.webhooks.kinds import ENDED, REORGANISED, Thing, things_for, types_for
from casework.doors.webhooks.listeners import EndpointListening
from casework.doors.webhooks.telling import Heard, Message, Scene, messages_for
from casework.facts.keeping import SETTLED
from casework.models import Agency, Assignment, Case, CaseReport, Event, Report
from casework.sealing.seal import lookup_digest
from casework.successors import centre_at_work

KEPT = timedelta(days=90)
SPAN = 20_000
"""Numbers of events that are looked through at once, however few of them are told."""
ID_PURPOSE, ID_LENGTH = "row of events of the API", 24


class PlaceTooOld(Exception):
    """The place was left more than KEPT ago: rows after it are not told any more."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A row of the list."""

    id: str
    """A keyed digest, so that no hidden event shows as a gap."""
    message: Message


class _Filed(NamedTuple):
    id: int
    code: str
    service_id: int | None
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Told:
    """What is to be known of the cases of some events."""

    cases: Mapping[int, Case]
    work: WorkThen
    filed: Mapping[int, Sequence[_Filed]]
    own_key: str | None = None
    """The key of the account's agency."""


def events_after(after: int | None, *, limit: int, caller: Caller, now: datetime) -> tuple[list[Happened], int]:
    """What `limit` events after the place `after` tell the account, and the place to go on from; without one, from KEPT ago on.

    Raises PlaceTooOld.
    """
    start = _begin(now) if after is None else after
    if after is not None and _left_long_ago(after, now):
        raise PlaceTooOld
    end = _settled(start, now)
    rows = db.session.execute(_query(start, end, caller).limit(limit)).all()
    told = _told_of(rows, caller)
    listener = EndpointListening(0, caller.account_id, caller.centre_id, caller.agency_id, types_for((), caller.actor.scopes or ()), None)
    found = [each for row in rows for each in _rows(row, told, listener)]
    return found, int(rows[-1].id) if len(rows) == limit else end


def _begin(now: datetime) -> int:
    """The place before the first event that is kept: halved over the numbers, since only they have an index."""
    low, high = ((each or 0) for each in db.session.execute(select(func.min(Event.id), func.max(Event.id))).one())
    low = max(low - 1, 0)
    while low < high:
        middle = (low + high) // 2
        at = db.session.scalar(select(Event.at).where(Event.id > middle).order_by(Event.id).limit(1))
        if at is not None and at < now - KEPT:
            low = middle + 1
        else:
            high = middle
    return low


def _left_long_ago(after: int, now: datetime) -> bool:
    following = db.session.scalar(select(Event.at).where(Event.id > after).order_by(Event.id).limit(1))
    return following is not None and following < now - KEPT - timedelta(days=1)


def _settled(after: int, now: datetime) -> int:
    """How far the list goes at present: to the last event before the first that is too young. Numbers between both belong to acts that
    are not committed yet."""
    of_span = (Event.id > after, Event.id <= after + SPAN)
    young = db.session.scalar(select(func.min(Event.id)).where(*of_span, Event.at > now - SETTLED))
    last = db.session.scalar(select(func.max(Event.id)).where(*of_span, *([Event.id < young] if young is not None else ())))
    if last is not None:
        return last
    newest = db.session.scalar(select(func.max(Event.id)))
    return after + SPAN if young is None and newest is not None and newest > after + SPAN else after


def _query(start: int, end: int, caller: Caller) -> Any:
    following = aliased(Event)
    goes_on = select(following.id).where(following.case_id == Event.case_id, following.seq == Event.seq + 1, following.at == Event.at)
    query = select(Event.id, Event.type, Event.at, Event.payload, Event.case_id, goes_on.exists().label("goes_on"))
    query = query.join(Case, Case.id == Event.case_id).where(Event.id > start, Event.id <= end)
    return query.where(Case.quarantined_at.is_(None), _concerns(caller)).order_by(Event.id)


def _concerns(caller: Caller) -> ColumnElement[bool]:
    """Cases the account may hear of: its centre's, those its agency had work in, and those of reports it filed."""
    # asked case by case, by its index: an agency may have had work in half of all cases
    own = select(Assignment.id).where(Assignment.case_id == Case.id, own_agency(caller, area=Case.area_id.expression))
    found: list[ColumnElement[bool]] = [own.correlate(Case).limit(1).scalar_subquery().is_not(None)]
    if caller.agency_id is not None:
        # whose work went to another agency and came back has none of it now, and hears of both
        found.append(Event.type.in_(REORGANISED) & (Case.centre_id == caller.centre_id))
    else:
        found.extend(each.self_group() for each in cases_of(caller)[1:])
    if Thing.REPORT in things_for(caller.actor.scopes or ()):
        filed = select(CaseReport.id).join(Report, Report.id == CaseReport.report_id)
        filed = filed.where(CaseReport.case_id == Case.id, Report.service_id == caller.account_id)
        found.append(filed.correlate(Case).limit(1).scalar_subquery().is_not(None))
    return or_(*found)


def _told_of(rows: Sequence[Any], caller: Caller) -> _Told:
    ids = sorted({row.case_id for row in rows})
    if not ids:
        return _Told({}, WorkThen({}, {}, {}), {})
    columns = load_only(Case.id, Case.ref, Case.code, Case.centre_id, Case.area_id, Case.quarantined_at)
    cases = {case.id: case for case in db.session.scalars(select(Case).where(Case.id.in_(ids)).options(columns))}
    filed = defaultdict[int, list[_Filed]](list)
    linked = select(CaseReport.case_id, Report.id, Report.code, Report.service_id, CaseReport.joined_at, CaseReport.left_at)
    linked = linked.join(Report, Report.id == CaseReport.report_id).where(CaseReport.case_id.in_(ids))
    for row in db.session.execute(linked.where(Report.service_id == caller.account_id).order_by(CaseReport.id)):
        filed[row.case_id].append(_Filed._make(row[1:]))
    has_moved = any(row.type in ("merge", "split") for row in rows) and caller.agency_id is not None
    own_key = db.session.scalar(select(Agency.key).where(Agency.id == caller.agency_id)) if has_moved else None
    return _Told(cases, work_of(ids), filed, own_key)


def _rows(row: Any, told: _Told, listener: EndpointListening) -> Iterator[Happened]:
    case, payload = told.cases[row.case_id], dict(row.payload or {})
    heard = Heard(row.type, row.at, payload)
    work = told.work.after(case.id, row.id, row.at)
    if row.goes_on:
        # what ended at this moment is told with the last event of it
        work = [each._replace(ended_at=None) if each.ended_at == row.at else each for each in work]
    filed = [each._replace(left_at=_by(each.left_at, row.at)) for each in told.filed.get(case.id, ()) if each.joined_at <= row.at]
    is_moved = row.type in ("merge", "split") and told.own_key in payload.get("agencies", ())
    moved = frozenset([listener.agency_id]) if is_moved and listener.agency_id is not None else frozenset[int]()
    refs = {ref: each.id for ref, each in told.work.agencies.items()}
    scene = Scene(case, centre_at_work(case.centre_id, case.area_id), [heard], work, filed, moved, refs)
    has_ended = listener.agency_id is not None and not _has_part(told.work.now.get(case.id, ()), listener.agency_id)
    for number, message in enumerate(messages_for(scene, listener)):
        if has_ended and message.type != ENDED and not message.type.startswith(f"{Thing.REPORT}."):
            continue
        yield Happened(lookup_digest(f"{row.id} {number}", purpose=ID_PURPOSE)[:ID_LENGTH], message)


def _has_part(work: Sequence[Work], agency_id: int) -> bool:
    return any(each.agency_id == agency_id and (each.ended_at is None or each.is_answered) for each in work)


def _by(moment: datetime | None, at: datetime) -> datetime | None:
    """An end as it was known at `at`."""
    return moment if moment is not None and moment <= at else None
