"""When a step fails for a reason that is no refusal: nothing of it stays, and what happened is kept to be looked at and retried."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import StaleDataError

from casework.cases import lock_case
from casework.db import db, is_lock_timeout, unit_of_work
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case
from casework.permissions import ACTION_ROLES, Action, Actor, NotAllowed, may, require
from workflows.bindings import BINDINGS, Bindings
from workflows.expressions import ExpressionRefused
from workflows.instances import CaseProcess
from workflows.models import Incident, ProcessInstance, WaitingTask
from workflows.steps import StepResult, perform

Done = TypeVar("Done")

OURS = ("casework", "reports", "workflows", "web")


class CaseBusy(CaseworkError):
    """Another step holds the case, or changed it meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "Có người khác đang thao tác trên hồ sơ này. Xin thử lại sau giây lát.",
            "Somebody else is working on this case. Please try again in a moment.",
        )


class StepFailed(CaseworkError):
    """The step met a fault; it was undone and written down as an incident."""

    def __init__(self, incident_ref: str | None) -> None:
        self.incident_ref = incident_ref
        super().__init__(
            f"Bước này gặp sự cố và đã được hoàn lại; hồ sơ vẫn như trước. Mã sự cố: {incident_ref}.",
            f"This step met a fault and was undone; the case is as before. Incident: {incident_ref}.",
        )


@dataclass(frozen=True, slots=True)
class Spot:
    """What was being done, and where: a person's `step`, a `timer` or a `message`."""

    kind: str
    instance_id: int
    case_id: int
    element: str
    engine_task: str | None = None


def perform_recorded(task_ref: str, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS, **choices: Any) -> StepResult:
    """Do one step in a unit of work of its own; a fault leaves an incident. For the edge: page, API, command line.

    `choices` are `act` and `form`. Raises what `perform` refuses with, CaseBusy, and StepFailed.
    """
    return run_recorded(lambda: perform(task_ref, by=by, now=now, bindings=bindings, **choices), lambda: _spot_of(task_ref), now=now)


def run_recorded(
    work: Callable[[], Done],
    spot: Callable[[], Spot | None],
    *,
    now: datetime,
    refusals: tuple[type[CaseworkError], ...] = (CaseworkError,),
) -> Done:
    """Run work in a unit of work; when it fails, undo it and keep an incident in another.

    `refusals` are those somebody is there to read: without a person every other refusal is a fault. Raises them, CaseBusy,
    StepFailed, and OperationalError when the database itself fails, which could not keep an incident either.
    """
    try:
        with unit_of_work():
            return work()
    except StaleDataError as fault:
        raise CaseBusy from fault
    except OperationalError as fault:
        if is_lock_timeout(fault):
            raise CaseBusy from fault
        raise
    except Exception as fault:
        if isinstance(fault, (CaseBusy, *refusals)):
            raise
        raise StepFailed(_keep(fault, spot(), now)) from fault


def retry(incident_ref: str, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> Incident:
    """Try what failed once more, inside the caller's unit of work.

    For a timer or a message the instance runs on from the state of before. A person's step waits for its person again: what
    was typed is not kept here. Raises IncidentUnknown, also for one of another centre, and NotAllowed. Source: rules.md,
    section 5, "incident and retry".
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
    instance = next(each for each in process.instances if each.id == incident.instance_id)
    if instance.status == "incident":
        instance.status = incident.status_before
    process.open(instance)
    process.settle(offer_messages=incident.kind == "message")
    incident.resolved_at, incident.resolved_by_id = now, by.account_id
    record(case, "retry_incident", by=by, at=now, incident=incident.ref)
    return incident


def retry_recorded(incident_ref: str, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> Incident:
    """Try once more in a unit of work of its own; another failure counts as one more attempt. Raises as `retry`, CaseBusy, StepFailed."""
    return run_recorded(
        lambda: retry(incident_ref, by=by, now=now, bindings=bindings),
        lambda: _spot_again(incident_ref),
        now=now,
        refusals=(NotAllowed, IncidentUnknown),
    )


def open_incidents(by: Actor, *, limit: int = 50) -> list[Incident]:
    """Return what failed and was not resolved in the person's centres, newest first; nothing of quarantined cases. Raises NotAllowed."""
    require(by, Action.RETRY_INCIDENT)
    centres = {grant.centre_id for grant in by.grants if grant.role in ACTION_ROLES[Action.RETRY_INCIDENT]}
    query = select(Incident).join(Case, Incident.case_id == Case.id)
    query = query.where(Incident.resolved_at.is_(None), Case.quarantined_at.is_(None))
    if None not in centres:
        query = query.where(Case.centre_id.in_(centres))
    query = query.options(joinedload(Incident.instance).joinedload(ProcessInstance.case))
    return list(db.session.scalars(query.order_by(Incident.occurred_at.desc(), Incident.id.desc()).limit(limit)))


def spot_in_case(case_id: int, element: str) -> Spot | None:
    """Return the newest step of that element in a case, for use cases that find their step themselves."""
    query = select(WaitingTask).where(WaitingTask.case_id == case_id, WaitingTask.element == element).order_by(WaitingTask.id.desc())
    return _spot_at(db.session.scalars(query.limit(1)).first())


class IncidentUnknown(CaseworkError):
    """No such incident, or it is resolved."""

    def __init__(self) -> None:
        super().__init__("Sự cố không tồn tại hoặc đã được xử lý.", "There is no such incident, or it is resolved.")


def _open_incident(incident_ref: str) -> Incident:
    incident = db.session.scalars(select(Incident).where(Incident.ref == incident_ref, Incident.resolved_at.is_(None))).first()
    if incident is None:
        raise IncidentUnknown
    return incident


def _spot_of(task_ref: str) -> Spot | None:
    return _spot_at(db.session.scalars(select(WaitingTask).where(WaitingTask.ref == task_ref)).first())


def _spot_at(task: WaitingTask | None) -> Spot | None:
    return Spot("step", task.instance_id, task.case_id, task.element, task.engine_task) if task else None


def _spot_again(incident_ref: str) -> Spot:
    incident = _open_incident(incident_ref)
    return Spot(incident.kind, incident.instance_id, incident.case_id, incident.element, incident.engine_task)


def _keep(fault: Exception, spot: Spot | None, now: datetime) -> str | None:
    """Write the incident in its own unit of work; a failing timer or message stops its instance so that it is not tried in a circle."""
    if spot is None:
        return None
    with unit_of_work():
        lock_case(spot.case_id)
        instance = db.session.get_one(ProcessInstance, spot.instance_id, populate_existing=True)
        incident = _same_incident(spot)
        if incident is None:
            incident = Incident(
                instance_id=instance.id, case_id=spot.case_id, kind=spot.kind, engine_task=spot.engine_task, element=spot.element,
                state_before=instance.state, status_before=instance.status, occurred_at=now, attempts=0,
            )  # fmt: skip
            db.session.add(incident)
        root = root_of(fault)
        incident.error_class, incident.error_text = type(root).__name__, place_of(root)
        incident.attempts, incident.last_attempt_at = incident.attempts + 1, now
        if spot.kind != "step":
            instance.status = "incident"
        db.session.flush()
        return incident.ref


def _same_incident(spot: Spot) -> Incident | None:
    query = select(Incident).where(Incident.instance_id == spot.instance_id, Incident.resolved_at.is_(None))
    return db.session.scalars(query.where(Incident.element == spot.element, Incident.kind == spot.kind)).first()


def root_of(fault: BaseException) -> BaseException:
    """Return the fault the engine wrapped in its own."""
    while (cause := getattr(fault, "exception", None) or fault.__cause__) is not None:
        fault = cause
    return fault


def place_of(fault: BaseException) -> str:
    """Say where a fault arose; never its message, which may quote what a person typed (ours about expressions quotes none)."""
    frames = list(extract_tb(fault.__traceback__))
    ours = [frame for frame in frames if Path(frame.filename).parent.name in OURS]
    where = "unknown place"
    if frames:
        frame = (ours or frames)[-1]
        path = Path(frame.filename)
        where = f"{path.parent.name}/{path.name}:{frame.lineno} {frame.name}"
    return f"{where}: {fault}"[:500] if isinstance(fault, ExpressionRefused) else where
