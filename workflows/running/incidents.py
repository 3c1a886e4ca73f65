"""Incidents: when a step fails, as opposed to being refused, it is rolled back, and the fault is recorded to be examined and retried."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Select, select, tuple_
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import StaleDataError

from casework.cases import CaseBusy, lock_case
from casework.db import db, unit_of_work
from casework.db_errors import is_circle, is_disk_trouble, is_lock_timeout, is_unreachable
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Account, Case
from casework.permissions import Action, Actor, NotAllowed, may, require
from casework.sent_once import SentBefore
from casework.sentences import always
from casework.taking_back.held_acts import Hold
from casework.verbs import NO_KIND, Input, Verb
from workflows.bindings import BINDINGS, Bindings
from workflows.models import Incident, ProcessInstance, WaitingTask
from workflows.running.doing import StepResult
from workflows.running.faults import FaultSpot, keep, keep_remembered, place_of, root_of
from workflows.running.instances import CaseProcess
from workflows.running.steps import perform

LOGGER = logging.getLogger("langbiang.incidents")

MOST_AT_ONCE = 50
"""Incidents retried with one click."""

MOST_CIRCLES = 3
"""How often a unit of work is retried after a deadlock."""

Done = TypeVar("Done")


class StepFailed(CaseworkError):
    """The step met a fault; it was rolled back and recorded as an incident."""

    def __init__(self, incident_ref: str | None) -> None:
        self.incident_ref = incident_ref
        super().__init__(
            f"Bước này gặp sự cố và đã được hoàn lại; hồ sơ vẫn như trước. Mã sự cố: {incident_ref}.",
            f"This step met a fault and was undone; the case is as before. Incident: {incident_ref}.",
        )


def perform_recorded(
    task_ref: str, *, by: Actor, now: datetime, act: str | None = None, given: Input | None = None, hold: Hold | None = None,
    bindings: Bindings = BINDINGS,
) -> StepResult:  # fmt: skip
    """Do one step in a unit of work of its own; a fault leaves an incident. For the edge: page, API, command line.

    Raises what `perform` refuses with, CaseBusy, and StepFailed.
    """
    return run_recorded(
        lambda: perform(task_ref, by=by, now=now, act=act, given=given, hold=hold, bindings=bindings), lambda: spot_of(task_ref), now=now
    )


def run_recorded(
    work: Callable[[], Done],
    spot: Callable[[], FaultSpot | None],
    *,
    now: datetime,
    refusals: tuple[type[CaseworkError], ...] = (CaseworkError,),
) -> Done:
    """Run work in a unit of work; if it fails, roll back and record an incident in another. After a deadlock the work is repeated, up to
    MOST_CIRCLES times; it must read everything it relies on itself.

    `refusals` are those a person is there to read; without a person every other refusal counts as a fault. Raises them, CaseBusy,
    StepFailed, and the fault itself if the database takes not even the incident, which is then written as soon as it does.
    """
    try:
        done = _worked(work)
    except StaleDataError as fault:
        raise CaseBusy from fault
    except Exception as fault:
        if isinstance(fault, OperationalError) and is_lock_timeout(fault):
            raise CaseBusy from fault
        if isinstance(fault, (CaseBusy, SentBefore, *refusals)):
            raise
        if isinstance(fault, SQLAlchemyError) and is_unreachable(fault) and not is_disk_trouble(fault):
            raise                                                          # nothing is wrong with the case: a later retry will do
        raise _failure(fault, spot, now) from fault
    keep_remembered()
    return done


def _worked(work: Callable[[], Done]) -> Done:
    for attempt in range(MOST_CIRCLES + 1):
        try:
            with unit_of_work(keeps_rows=True):
                return work()
        except OperationalError as fault:
            if attempt == MOST_CIRCLES or not is_circle(fault):
                raise
            LOGGER.warning("begun anew", extra={"attempt": attempt + 1})
    raise AssertionError


@Verb(
    "retry_incident", Action.RETRY_INCIDENT, kinds=NO_KIND,
    staff=always("Xử lý lại sau sự cố kỹ thuật", "Tried again after a technical fault"),
)  # fmt: skip
def retry(incident_ref: str, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> Incident:
    """Retry what failed, inside the caller's unit of work.

    For a timer or a message the instance runs on from the former state. A person's step waits for its person again, since what was typed is
    not stored. Raises IncidentUnknown, also for one of another centre, IncidentWaits while the case is suspended, and NotAllowed. Source:
    rules.md, section 5, "incident and retry".
    """
    require(by, Action.RETRY_INCIDENT)
    incident = _open_incident(incident_ref)
    case = lock_case(incident.case_id)
    db.session.refresh(incident)
    if incident.case_id != case.id:
        raise CaseBusy
    if incident.resolved_at is not None or case.quarantined_at is not None or not may(by, Action.RETRY_INCIDENT, case):
        raise IncidentUnknown
    process = CaseProcess(case, now=now, bindings=bindings)
    if any(each.status == "suspended" for each in process.instances):
        raise IncidentWaits
    instance = next(each for each in process.instances if each.id == incident.instance_id)
    if instance.status == "incident":
        instance.status = "running"
    process.open(instance)
    process.settle(offer_messages=incident.kind == "message")
    incident.resolved_at, incident.resolved_by_id = now, by.account_id
    record(case, "retry_incident", by=by, at=now, incident=incident.ref)
    return incident


def retry_recorded(incident_ref: str, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> Incident:
    """Retry in a unit of work of its own; another failure counts as another attempt. Raises as `retry`, CaseBusy, StepFailed."""
    return run_recorded(
        lambda: retry(incident_ref, by=by, now=now, bindings=bindings),
        lambda: _spot_again(incident_ref, by),
        now=now,
        refusals=(NotAllowed, IncidentUnknown, IncidentWaits),
    )


class RetryOutcome(StrEnum):
    """The outcome of one of many retries."""

    DONE = "done"
    FAILED = "failed"
    GONE = "gone"
    BUSY = "busy"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Retried:
    """One retried incident: the requested ref, the outcome, and the incident as it is now, if it exists."""

    ref: str
    outcome: RetryOutcome
    incident: Incident | None


def retry_many(refs: Iterable[str], *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> list[Retried]:
    """Retry several incidents, each in a unit of work of its own, so that one failure stops none of the others; at most MOST_AT_ONCE, in
    order.

    Raises NotAllowed.
    """
    require(by, Action.RETRY_INCIDENT)
    return [_retried(ref, by, now, bindings) for ref in list(dict.fromkeys(refs))[:MOST_AT_ONCE]]


def _retried(ref: str, by: Actor, now: datetime, bindings: Bindings) -> Retried:
    outcome, incident = RetryOutcome.DONE, None
    try:
        retry_recorded(ref, by=by, now=now, bindings=bindings)
    except IncidentUnknown:
        outcome = RetryOutcome.GONE
    except IncidentWaits:
        outcome = RetryOutcome.WAITS
    except CaseBusy:
        outcome = RetryOutcome.BUSY
    except (StepFailed, OperationalError) as failure:
        LOGGER.error("retry failed", extra={"incident": ref, **facts_of(failure)})
        outcome = RetryOutcome.FAILED
    incident = seen_incident(by, ref)
    return Retried(ref, outcome, incident)


def open_incidents(by: Actor, *, limit: int = 50, before: Incident | None = None) -> list[Incident]:
    """Return the unresolved incidents of the person's centres, newest first, older than `before`; none of quarantined cases.

    Raises NotAllowed.
    """
    query = _seen_by(by).where(Incident.resolved_at.is_(None))
    if before is not None:
        query = query.where(tuple_(Incident.occurred_at, Incident.id) < (before.occurred_at, before.id))
    return list(db.session.scalars(query.order_by(Incident.occurred_at.desc(), Incident.id.desc()).limit(limit)))


def seen_incident(by: Actor, ref: str) -> Incident | None:
    """Return an incident of the person's centres, open or resolved; None for every other. Raises NotAllowed."""
    return db.session.scalars(_seen_by(by).where(Incident.ref == ref)).first()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One failed attempt; `by` is the person, None for a timer and for the first attempt."""

    at: datetime
    error_class: str
    place: str
    by: str | None


def attempts_of(incident: Incident) -> list[Attempt]:
    """Return the newest attempts of an incident, newest first."""
    kept = list(reversed(incident.history))
    query = select(Account.id, Account.full_name).where(Account.id.in_({each["by"] for each in kept if each["by"] is not None}))
    names: dict[int, str | None] = {row.id: row.full_name for row in db.session.execute(query)}
    return [Attempt(datetime.fromisoformat(each["at"]), each["error"], each["place"], names.get(each["by"])) for each in kept]


def _seen_by(by: Actor) -> Select[Incident]:
    require(by, Action.RETRY_INCIDENT)
    centres = {grant.centre_id for grant in by.grants if grant.role in Action.RETRY_INCIDENT.roles}
    query = select(Incident).join(Case, Incident.case_id == Case.id).where(Case.quarantined_at.is_(None))
    if None not in centres:
        query = query.where(Case.centre_id.in_(centres))
    return query.options(joinedload(Incident.instance).joinedload(ProcessInstance.case))


def spot_of(task_ref: str) -> FaultSpot | None:
    """The place for an incident of that step; None if there is no such step."""
    return _spot_at(db.session.scalars(select(WaitingTask).where(WaitingTask.ref == task_ref)).first())


def spot_in_case(case_id: int, element: str) -> FaultSpot | None:
    """The place for an incident of the newest step of that element in a case, for use cases that find their step themselves."""
    query = select(WaitingTask).where(WaitingTask.case_id == case_id, WaitingTask.element == element).order_by(WaitingTask.id.desc())
    return _spot_at(db.session.scalars(query.limit(1)).first())


class IncidentUnknown(CaseworkError):
    """No such incident, or it is resolved."""

    def __init__(self) -> None:
        super().__init__("Sự cố không tồn tại hoặc đã được xử lý.", "There is no such incident, or it is resolved.")


class IncidentWaits(CaseworkError):
    """The process of the case is suspended: nothing of it may move."""

    def __init__(self) -> None:
        super().__init__(
            "Quy trình của hồ sơ đang tạm ngừng. Xin cho chạy tiếp rồi thử lại.",
            "The process of this case is suspended. Resume the process first, then try again.",
        )


def facts_of(failure: BaseException) -> dict[str, str]:
    """Return what a log may say of a fault: its class and place, never its text."""
    cause = root_of(failure)
    return {"error": type(cause).__name__, "place": place_of(cause)}


def _failure(fault: Exception, spot: Callable[[], FaultSpot | None], now: datetime) -> Exception:
    """The exception for the caller: the recorded incident, else the fault as it came."""
    try:
        found = spot()
    except OperationalError:
        return fault
    ref = keep(fault, found, now) if found is not None else None
    return fault if ref is None and (found is not None or isinstance(fault, OperationalError)) else StepFailed(ref)


def _open_incident(incident_ref: str) -> Incident:
    incident = db.session.scalars(select(Incident).where(Incident.ref == incident_ref, Incident.resolved_at.is_(None))).first()
    if incident is None:
        raise IncidentUnknown
    return incident


def _spot_at(task: WaitingTask | None) -> FaultSpot | None:
    return FaultSpot("step", task.instance_id, task.case_id, task.element, task.engine_task) if task else None


def _spot_again(incident_ref: str, by: Actor) -> FaultSpot:
    incident = _open_incident(incident_ref)
    return FaultSpot(incident.kind, incident.instance_id, incident.case_id, incident.element, incident.engine_task, by.own_id)
