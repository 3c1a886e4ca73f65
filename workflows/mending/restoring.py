"""Gives a process whose stored state cannot be read a new state, so that the failed work can be retried."""

from datetime import datetime
from functools import partial

from SpiffWorkflow.bpmn import BpmnWorkflow
from sqlalchemy import select

from casework.db import db
from casework.events import record
from casework.models import Case
from casework.permissions import Action, Actor, require
from casework.sentences import with_reason
from casework.verbs import DECISION, Verb
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.clock import engine_clock
from workflows.definitions.parsed import definition_of
from workflows.mending.acts import CaseUnknown, MendingRefused, begin_mending, proven
from workflows.models import Incident, ProcessInstance, Timer, WaitingTask
from workflows.running.case_rows import steps_of, timers_of
from workflows.running.instances import CaseProcess, StateUnreadable
from workflows.running.token_moves import set_token, targets_of, tokens_at_rest
from workflows.versions.past import version_at

MOST_KEPT = 20
"""Stored states examined, newest first."""


@Verb(
    "restore_state", Action.MEND_PROCESS, kinds=DECISION,
    staff=with_reason("Quản trị khôi phục trạng thái của quy trình", "Restored the state of the process"),
)  # fmt: skip
def restore_state(incident_ref: str, *, by: Actor, now: datetime, reason: str, bindings: Bindings = BINDINGS) -> Case:
    """Give an instance whose state cannot be read a state again, so that its incident can be retried.

    That is the newest state stored with one of its incidents, if it can be read and its steps and timers match the open rows; otherwise a
    fresh instance with a token at each open step and without variables. Variables, and tokens that wait for no person, are then for the
    administrator to repair. The instance stays stopped. Records `restore_state`. Raises CaseUnknown, NotAllowed and MendingRefused.
    """
    require(by, Action.MEND_PROCESS)
    incident = db.session.scalars(select(Incident).where(Incident.ref == incident_ref, Incident.resolved_at.is_(None))).first()
    if incident is None:
        raise CaseUnknown
    case_ref = db.session.scalars(select(Case.ref).where(Case.id == incident.case_id)).one()
    process, reason = begin_mending(case_ref, by, now, reason, bindings)
    instance = next((each for each in process.instances if each.id == incident.instance_id and each.ended_at is None), None)
    if instance is None:
        raise MendingRefused("Quy trình này đã kết thúc.", "This process has ended.")
    try:
        process.open(instance)
    except StateUnreadable:
        kept = _kept_state(process.case, instance)
        workflow = kept or _rebuilt(process, instance, now)
        record(case := process.case, "restore_state", by=by, at=now, incident=incident.ref, kept=kept is not None, reason=reason)
        process.replace(instance, workflow)
        process.settle()
        return case
    raise MendingRefused("Trạng thái của quy trình này vẫn đọc được.", "The state of this process can be read.")


def _kept_state(case: Case, instance: ProcessInstance) -> BpmnWorkflow | None:
    """The newest readable state stored with an incident of the instance that agrees with its open rows; the present one cannot be read."""
    spec = definition_of(instance.process_version).specs[instance.process_id]
    rows: list[WaitingTask | Timer] = [*steps_of(case), *timers_of(case)]
    open_rows = {row.engine_task for row in rows if row.instance_id == instance.id}
    query = select(Incident.state_before, Incident.occurred_at).where(Incident.instance_id == instance.id)
    for state, occurred_at in db.session.execute(query.order_by(Incident.id.desc()).limit(MOST_KEPT)).all():
        if version_at(instance, occurred_at).id != instance.version_id:
            continue  # it is of the version the case was moved from
        try:
            workflow = engine.unpack(state, spec)
        except Exception:  # damaged as well: its bytes may raise anything
            continue
        waiting = [*engine.waiting_steps(workflow), *(task for task, _due in engine.waiting_timers(workflow))]
        if open_rows == {str(task.id) for task in waiting}:
            return workflow
    return None


def _rebuilt(process: CaseProcess, instance: ProcessInstance, now: datetime) -> BpmnWorkflow:
    """A fresh instance with a token at each open step."""
    definition = definition_of(instance.process_version)
    workflow = process.fresh(instance.process_version, instance.process_id)
    with engine_clock(now):
        for element in [row.element for row in steps_of(process.case) if row.instance_id == instance.id]:
            tokens = tokens_at_rest(workflow, definition)
            of_its_line = [each for each in tokens if element in targets_of(each.task_spec.name, instance.process_id, definition)]
            if of_its_line:
                proven(workflow, instance, definition, partial(set_token, workflow, of_its_line[0].id, element))
    return workflow
