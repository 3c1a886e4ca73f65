"""Writes what endpoints are told, within the act: events of a case are collected as they are recorded and written before the commit.

    centre   its cases, all of `case.` and `assignment.`
    agency   its assignments, and while one is open (or ends in this act) the public steps of that case
    filer    its own reports, each under its own code

Of a case that is set apart everything that lies queued is erased; agencies that had it hear that their work has ended, and nobody hears
why. Numbers (`seq`) count what one endpoint is to get about one thing: whoever sees a gap has lost something.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from casework.db import before_commit, db, inserting, kept_for_step
from casework.doors.webhooks.kinds import DUE_MOVED, ENDED, OF_AGENCIES, REORGANISED, VERBS, Thing
from casework.doors.webhooks.listeners import EndpointListening, has_endpoints, listeners
from casework.events import listens
from casework.local_time import local_day
from casework.models import Agency, Assignment, Case, CaseReport, Event, Report, WebhookCourse, WebhookDelivery
from casework.successors import centre_at_work

QUARANTINE = "quarantine"
ACROSS = REORGANISED | {"pass_on"}
"""Events that may end the work of an agency of another centre than the case's."""
_KEPT = "told to endpoints"


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a case."""

    type: str
    at: datetime
    payload: dict[str, Any]

    @property
    def work(self) -> list[list[str | None]]:
        """Of a reorganisation and its undoing: which assignment goes from which agency to which, by ref; none where the work begins or
        ends."""
        return self.payload.get("work", []) if self.type in REORGANISED else []


@dataclass(frozen=True, slots=True)
class Message:
    """What one endpoint is told: its type, and by which refs it is found."""

    type: str
    at: datetime
    about: str
    told: dict[str, str]


@dataclass(frozen=True, slots=True)
class Scene:
    """A case at the end of the act, with what was heard of it in the act."""

    case: Case
    centre_id: int
    heard: Sequence[Heard]
    assignments: Sequence[Any]
    """id, ref, agency_id, key, ended_at; oldest first."""
    reports: Sequence[Any]
    """id, code, service_id, left_at, of reports that were filed by programs."""
    moved: frozenset[int] = frozenset()
    """Agencies whose work goes to or comes from another case: it need not be among the assignments of this one."""
    refs: Mapping[str, int] = field(default_factory=dict)
    """Agencies a reorganisation names."""

    @property
    def moments(self) -> set[datetime]:
        return {each.at for each in self.heard}

    def ended(self) -> list[Any]:
        """The assignments that ended in this act."""
        return [row for row in self.assignments if row.ended_at in self.moments]


@listens
def hear(case: Case, event: Event) -> None:
    """Keep the event until the unit of work is about to commit."""
    cases: dict[int, tuple[Case, list[Heard]]] = kept_for_step().setdefault(_KEPT, {})
    cases.setdefault(case.id, (case, []))[1].append(Heard(event.type, event.at, dict(event.payload or {})))
    before_commit("webhooks", _tell)


def _tell() -> None:
    cases: dict[int, tuple[Case, list[Heard]]] = kept_for_step().pop(_KEPT, {})
    if any(each.type == QUARANTINE for _case, heard in cases.values() for each in heard) and has_endpoints():
        forget_cases([id_ for id_, (_case, heard) in cases.items() if any(each.type == QUARANTINE for each in heard)])
    everybody = listeners()
    if not everybody:
        return
    written: list[tuple[EndpointListening, int, Message]] = []
    for case_id, (case, heard) in sorted(cases.items()):
        centre_id, today = centre_at_work(case.centre_id, case.area_id), local_day(heard[-1].at)
        asked = [each for each in everybody if each.is_there_on(today)]
        if scene := _scene(case, centre_id, heard, asked):
            written += [(each, case_id, message) for each in asked for message in messages_for(scene, each)]
    queue_rows([(each.id, case_id, message) for each, case_id, message in written])


def forget_cases(case_ids: Sequence[int]) -> None:
    """Erase all that was written about cases, sent or not. What was never tried gives its numbers back, so that no gap tells of it; not in
    the course of a report which another case tells of as well: there a later message may have its number already.
    """
    table: Any = WebhookDelivery.__table__
    course: Any = WebhookCourse.__table__
    gone = table.c
    of_course = (gone.endpoint_id == course.c.endpoint_id) & (gone.about == course.c.about)
    unheard = select(func.count()).where(of_course, gone.case_id.in_(case_ids), gone.attempts == 0, gone.dead_at.is_(None))
    touched = select(gone.id).where(of_course, gone.case_id.in_(case_ids)).exists()
    others = select(gone.id).where(of_course, gone.case_id.not_in(case_ids))
    still_waits = others.where(gone.delivered_at.is_(None), gone.dead_at.is_(None)).exists()
    emptied = update(course).where(touched, ~still_waits).values(due_at=None)
    renumbered = update(course).where(touched, ~others.exists()).values(seq=course.c.seq - unheard.scalar_subquery())
    for change in (emptied, renumbered):
        db.session.execute(change)
    erased = delete(WebhookDelivery).where(WebhookDelivery.case_id.in_(case_ids))
    db.session.execute(erased, execution_options={"synchronize_session": False})


def messages_for(scene: Scene, listener: EndpointListening) -> list[Message]:
    """What one endpoint is told of an act, in order."""
    found: list[Message] = []
    for heard in scene.heard:
        if scene.case.quarantined_at is None:
            found += [*_of_assignments(scene, heard, listener), *_of_case(scene, heard, listener), *_of_reports(scene, heard, listener)]
    found += _ends(scene, listener)
    return [each for each in found if each.type in listener.types]


def _of_assignments(scene: Scene, heard: Heard, listener: EndpointListening) -> Iterator[Message]:
    verb = "remind" if heard.type == "remind_all" else "reorganise" if heard.type in REORGANISED else heard.type
    if verb not in VERBS[Thing.ASSIGNMENT]:
        return
    if verb == "reorganise":
        given = {ref for ref, _former, _new in heard.work}
        rows = [row for row in scene.assignments if row.ended_at is None and row.ref in given]
    else:
        newest = {row.key: row for row in scene.assignments}
        rows = [newest[key] for key in _agencies_in(heard.payload) if key in newest]
    for row in rows:
        if _is_told(scene, row.agency_id, listener):
            yield _message(scene, f"{Thing.ASSIGNMENT}.{verb}", heard.at, row.ref)


def _of_case(scene: Scene, heard: Heard, listener: EndpointListening) -> Iterator[Message]:
    verb = "reorganise" if heard.type in REORGANISED else heard.type
    takes_part = _takes_part(scene, listener)
    if verb in VERBS[Thing.CASE] and (_is_of_centre(scene, listener) or (takes_part and verb in OF_AGENCIES)):
        yield _message(scene, f"{Thing.CASE}.{verb}", heard.at)
    moved = heard.payload.get("due") is not None
    own = {row.key for row in scene.assignments if row.agency_id == listener.agency_id}
    if _is_of_centre(scene, listener):
        is_moved = moved or bool(heard.payload.get("agency_dues"))
    else:
        is_moved = takes_part and (moved or not own.isdisjoint(heard.payload.get("agency_dues") or ()))
    if is_moved:
        yield _message(scene, DUE_MOVED, heard.at)


def _of_reports(scene: Scene, heard: Heard, listener: EndpointListening) -> Iterator[Message]:
    payload = heard.payload
    if heard.type not in VERBS[Thing.REPORT]:
        return
    if heard.type in ("merge", "split"):
        # each stands in both histories; its own case tells it
        codes = set(payload.get("reports", ())) if ("into" in payload or "main" in payload) else set()
    elif heard.type == "ask_reporter":
        codes = {payload.get("report")}
    else:
        codes = {row.code for row in scene.reports if row.left_at is None}
    for row in scene.reports:
        if row.service_id == listener.account_id and row.code in codes:
            told = {"code": row.code, "href": f"/open311/v2/requests/{row.code}.json"}
            yield Message(f"{Thing.REPORT}.{heard.type}", heard.at, f"report:{row.id}", told)
            codes = codes - {row.code}


def _ends(scene: Scene, listener: EndpointListening) -> Iterator[Message]:
    """Who had an assignment and has it no more hears so, without a reason."""
    last = scene.heard[-1].at
    for row in scene.ended():
        if row.agency_id == listener.agency_id or (_is_of_centre(scene, listener) and scene.case.quarantined_at is None):
            yield _message(scene, ENDED, last, row.ref)
    told = {row.ref for row in scene.ended()}
    for heard in scene.heard:
        for ref, former, new in heard.work:
            is_former = former is not None and listener.agency_id is not None and scene.refs.get(former) == listener.agency_id
            if ref is not None and ref not in told and (is_former or (new is None and _is_of_centre(scene, listener))):
                yield _message(scene, ENDED, heard.at, ref)


def _agencies_in(payload: dict[str, Any]) -> list[str]:
    """The keys of the agencies an event is about, each once."""
    keys: list[str] = []
    for name in ("agency", "lead", "cooperating", "former", "agencies"):
        value = payload.get(name)
        keys += [value] if isinstance(value, str) else [each for each in value or () if isinstance(each, str)]
    return list(dict.fromkeys(keys))


def _takes_part(scene: Scene, listener: EndpointListening) -> bool:
    """Whether the agency works on the case, did until this act, or is moved with it."""
    if listener.agency_id is None:
        return False
    own = [row for row in scene.assignments if row.agency_id == listener.agency_id]
    return any(row.ended_at is None or row.ended_at in scene.moments for row in own) or listener.agency_id in scene.moved


def _is_of_centre(scene: Scene, listener: EndpointListening) -> bool:
    return listener.agency_id is None and listener.centre_id == scene.centre_id


def _is_told(scene: Scene, agency_id: int, listener: EndpointListening) -> bool:
    return listener.agency_id == agency_id or _is_of_centre(scene, listener)


def _message(scene: Scene, kind: str, at: datetime, assignment: str | None = None) -> Message:
    case = scene.case
    ref, place = (assignment, "assignments") if assignment is not None else (case.ref, "cases")
    told = {"ref": ref, "case": case.ref, "code": case.code, "href": f"/api/v1/{place}/{ref}"}
    return Message(kind, at, f"case:{case.id}", told)


def _scene(case: Case, centre_id: int, heard: Sequence[Heard], asked: Sequence[EndpointListening]) -> Scene | None:
    """What is to be known of a case, in four statements at most; None where nobody can be told."""
    types = {each.type for each in heard}
    assignments: Sequence[Any] = ()
    # an agency works for its own centre; only what moves a case between centres takes work from one of another
    if any(each.centre_id == centre_id or (each.agency_id is not None and not types.isdisjoint(ACROSS)) for each in asked):
        assignments = db.session.execute(_ASSIGNMENTS, {"case": case.id}).all()
    files = any(kind.startswith(f"{Thing.REPORT}.") for each in asked for kind in each.types)
    reports = db.session.execute(_REPORTS, {"case": case.id}).all() if files and not types.isdisjoint(VERBS[Thing.REPORT]) else ()
    if not asked:
        return None
    keys = {key for each in heard if each.type in ("merge", "split") for key in each.payload.get("agencies", ())}
    # a key is one of its centre
    named = select(Agency.id).where(Agency.key.in_(keys), Agency.centre_id == centre_id)
    moved = frozenset(db.session.scalars(named)) if keys else frozenset()
    refs = {ref for each in heard for _work, *agencies in each.work for ref in agencies if ref is not None}
    known = db.session.execute(select(Agency.ref, Agency.id).where(Agency.ref.in_(refs))) if refs else ()
    return Scene(case, centre_id, heard, assignments, reports, moved, {row.ref: row.id for row in known})


_ROW, _AGENCY, _LINK, _REPORT = Assignment.__table__.c, Agency.__table__.c, CaseReport.__table__.c, Report.__table__.c
_ASSIGNMENTS = (
    select(_ROW.id, _ROW.ref, _ROW.agency_id, _AGENCY.key, _ROW.ended_at)
    .join_from(Assignment.__table__, Agency.__table__, _AGENCY.id == _ROW.agency_id)
    .where(_ROW.case_id == bindparam("case"))
    .order_by(_ROW.id)
)
_REPORTS = (
    select(_REPORT.id, _REPORT.code, _REPORT.service_id, _LINK.left_at)
    .join_from(CaseReport.__table__, Report.__table__, _REPORT.id == _LINK.report_id)
    .where(_LINK.case_id == bindparam("case"), _REPORT.service_id.is_not(None))
    .order_by(_LINK.id)
)


def queue_rows(messages: Sequence[tuple[int, int | None, Message]]) -> None:
    """Number messages and write them, in two statements; courses in order, so that two acts never wait for each other in a circle."""
    counts: dict[tuple[int, str], tuple[int, datetime]] = {}
    for endpoint_id, _case_id, message in messages:
        number, at = counts.get((endpoint_id, message.about), (0, message.at))
        counts[endpoint_id, message.about] = (number + 1, min(at, message.at))
    if not counts:
        return
    course: Any = WebhookCourse.__table__
    insert = inserting(course).values([
        {"endpoint_id": endpoint_id, "about": about, "seq": number, "due_at": at}
        for (endpoint_id, about), (number, at) in sorted(counts.items())
    ])  # fmt: skip
    kept = {"seq": course.c.seq + insert.excluded.seq, "due_at": func.coalesce(course.c.due_at, insert.excluded.due_at)}
    insert = insert.on_conflict_do_update(index_elements=[course.c.endpoint_id, course.c.about], set_=kept)
    rows = db.session.execute(insert.returning(course.c.endpoint_id, course.c.about, course.c.seq))
    last = {(endpoint_id, about): seq - counts[endpoint_id, about][0] for endpoint_id, about, seq in rows}
    values = []
    for endpoint_id, case_id, message in messages:
        last[endpoint_id, message.about] += 1
        values.append({
            "message": f"msg_{secrets.token_hex(14)}", "endpoint_id": endpoint_id, "about": message.about,
            "seq": last[endpoint_id, message.about], "case_id": case_id, "type": message.type, "at": message.at, "told": message.told,
            "attempts": 0,
        })  # fmt: skip
    table: Any = WebhookDelivery.__table__
    db.session.execute(table.insert(), values)
