"""Records faults that rolled back a unit of work as incidents: where they arose, never what was typed, and the former state.

If the database cannot take even that (a full disk takes nothing), this process remembers the fault and writes it as soon as the database
accepts writes again.
"""

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from weakref import WeakKeyDictionary

from SpiffWorkflow.exceptions import WorkflowException
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError, OperationalError

import casework
from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.db import db, unit_of_work
from workflows.definitions.expressions import ExpressionRefused
from workflows.models import Incident, ProcessInstance
from workflows.running.instances import StateUnreadable

PROGRAM = Path(casework.__file__).parent.parent
OURS = frozenset({"casework", "reports", "workflows", "web"})
LONGEST_HISTORY = 20
MOST_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class FaultSpot:
    """What was being done, and where: a person's `step`, a `timer` or a `message`. `by_id` is who retries or repairs, if anybody."""

    kind: str
    instance_id: int
    case_id: int
    element: str
    engine_task: str | None = None
    by_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Fault:
    spot: FaultSpot
    error_class: str
    error_text: str
    stops: bool
    at: datetime


_remembered: WeakKeyDictionary[Engine, deque[_Fault]] = WeakKeyDictionary()
_guard = threading.Lock()


def keep(fault: Exception, spot: FaultSpot, now: datetime) -> str | None:
    """Write an incident in a unit of work of its own and return its ref; None if the database takes nothing, then it is remembered.

    A failing timer or message stops its instance so that it is not tried in a loop; so does an unreadable state. A fault of the database
    itself stops nothing: the instance is not at fault, and the worker tries again by itself.
    """
    found = _described(fault, spot, now)
    try:
        return _write(found)
    except OperationalError:
        _remember(found)
        return None


def keep_remembered() -> None:
    """Write remembered faults; cheap if there are none. Those that still cannot be written stay remembered."""
    with _guard:
        waiting = _remembered.pop(db.engine, None)
    for found in waiting or ():
        try:
            _write(found)
        except DBAPIError:
            _remember(found)


def root_of(fault: BaseException) -> BaseException:
    """Return the original fault, which the engine wraps without setting a cause."""
    while (cause := fault.__cause__ or (fault.__context__ if isinstance(fault, WorkflowException) else None)) is not None:
        fault = cause
    return fault


def told_of(fault: BaseException) -> Bilingual:
    """Our own texts about expressions name a variable and quote nobody, so they are shown; for other faults only the class."""
    root = root_of(fault)
    return root.text if isinstance(root, ExpressionRefused) else Bilingual(type(root).__name__, type(root).__name__)


def place_of(fault: BaseException) -> str:
    """Say where a fault arose; never its message, which may quote input (ours about expressions quotes none)."""
    where = "unknown place"
    if frames := list(extract_tb(fault.__traceback__)):
        frame = ([each for each in frames if _module_path(each.filename).parts[0] in OURS] or frames)[-1]
        where = f"{_module_path(frame.filename)}:{frame.lineno} {frame.name}"
    return f"{where}: {fault}"[:500] if isinstance(fault, ExpressionRefused) else where


def _module_path(filename: str) -> Path:
    """The path within the program; of a module from elsewhere its folder and name alone."""
    path = Path(filename)
    return path.relative_to(PROGRAM) if path.is_relative_to(PROGRAM) else Path(path.parent.name, path.name)


def _described(fault: Exception, spot: FaultSpot, now: datetime) -> _Fault:
    root, unreadable = root_of(fault), _unreadable(fault)
    if unreadable is not None:
        # the step may belong to another instance: the one to repair is the one whose state is damaged
        spot = spot if spot.instance_id == unreadable.instance_id else replace(spot, instance_id=unreadable.instance_id, engine_task=None)
        return _Fault(spot, type(unreadable).__name__, f"{place_of(root)} ({type(root).__name__})"[:500], True, now)
    stops = spot.kind != "step" and not isinstance(fault, OperationalError)
    return _Fault(spot, type(root).__name__, place_of(root), stops, now)


def _unreadable(fault: BaseException | None) -> StateUnreadable | None:
    while fault is not None and not isinstance(fault, StateUnreadable):
        fault = fault.__cause__
    return fault


def _write(found: _Fault) -> str:
    spot = found.spot
    with unit_of_work():
        lock_case(spot.case_id)
        instance = db.session.get_one(ProcessInstance, spot.instance_id, populate_existing=True)
        incident = _same_incident(spot)
        if incident is None:
            incident = Incident(
                instance_id=instance.id, case_id=spot.case_id, kind=spot.kind, engine_task=spot.engine_task, element=spot.element,
                state_before=instance.state, status_before=instance.status, occurred_at=found.at, attempts=0, history=[],
            )  # fmt: skip
            db.session.add(incident)
        incident.error_class, incident.error_text = found.error_class, found.error_text
        incident.attempts, incident.last_attempt_at = incident.attempts + 1, found.at
        attempt = {"at": found.at.isoformat(), "error": found.error_class, "place": found.error_text, "by": spot.by_id}
        incident.history = [*incident.history, attempt][-LONGEST_HISTORY:]
        if found.stops and instance.ended_at is None:
            instance.status = "incident"
        db.session.flush()
        return incident.ref


def _same_incident(spot: FaultSpot) -> Incident | None:
    query = select(Incident).where(Incident.instance_id == spot.instance_id, Incident.resolved_at.is_(None))
    return db.session.scalars(query.where(Incident.element == spot.element, Incident.kind == spot.kind)).first()


def _remember(found: _Fault) -> None:
    with _guard:
        waiting = _remembered.setdefault(db.engine, deque(maxlen=MOST_REMEMBERED))
        known = {(each.spot.instance_id, each.spot.element, each.spot.kind) for each in waiting}
        if (found.spot.instance_id, found.spot.element, found.spot.kind) not in known:
            waiting.append(found)
