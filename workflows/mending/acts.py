"""Repairs by an administrator in the process of a case: suspend and resume, move a token, correct a variable.

They never show content: the administrator sees elements, ids, flags and the code of the case. Each act needs a reason and is an event.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.exceptions import WorkflowException
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.cases import NO_SUCH_CASE, lock_case
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case
from casework.permissions import Action, Actor, may, require
from casework.sentences import with_reason
from casework.verbs import DECISION, Verb
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.clock import engine_clock
from workflows.definitions.expressions import ExpressionRefused
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.mending import sentences
from workflows.models import ProcessInstance
from workflows.moving.token_targets import reason_against
from workflows.running.faults import FaultSpot, told_of
from workflows.running.incidents import run_recorded
from workflows.running.instances import CaseProcess
from workflows.running.process_variables import content_names, declared_variables, set_value, value_from, value_of
from workflows.running.token_moves import set_token, targets_of, tokens_at_rest

LONGEST_REASON = 500


class CaseUnknown(CaseworkError):
    """There is no case whose process this person may repair. Quarantined cases are excluded."""

    def __init__(self) -> None:
        super().__init__(*NO_SUCH_CASE)


class MendingRefused(CaseworkError):
    """The process does not allow this; the text says why."""


def case_to_mend(by: Actor, case_ref: str) -> Case:
    """Return the case behind an address, for repairing its process only. Raises NotAllowed and CaseUnknown."""
    require(by, Action.MEND_PROCESS)
    case = db.session.scalars(select(Case).where(Case.ref == case_ref)).first()
    if case is None or case.quarantined_at is not None or not may(by, Action.MEND_PROCESS, case):
        raise CaseUnknown
    return case


@Verb("suspend_case", Action.MEND_PROCESS, kinds=DECISION, staff=with_reason("Quản trị tạm ngừng quy trình", "Suspended the process"))
def suspend_case(case_ref: str, *, by: Actor, now: datetime, reason: str, bindings: Bindings = BINDINGS) -> Case:
    """Stop the processes of a case until they are resumed: no step, no timer, no message.

    Other acts by people still change the case, and the process hears of them when it is resumed. Records `suspend_case`. Raises
    CaseUnknown, NotAllowed and MendingRefused.
    """
    process, reason = begin_mending(case_ref, by, now, reason, bindings)
    running = [each for each in process.instances if each.status == "running"]
    if any(each.status == "suspended" for each in process.instances):
        raise MendingRefused("Quy trình đang tạm ngừng rồi.", "The process is suspended already.")
    if not running:
        raise MendingRefused("Hồ sơ không có quy trình nào đang chạy.", "No process of this case is running.")
    record(process.case, "suspend_case", by=by, at=now, reason=reason)
    for each in running:
        each.status = "suspended"
    process.settle()
    return process.case


@Verb("resume_case", Action.MEND_PROCESS, kinds=DECISION, staff=with_reason("Quản trị cho quy trình chạy tiếp", "Let the process go on"))
def resume_case(case_ref: str, *, by: Actor, now: datetime, reason: str, bindings: Bindings = BINDINGS) -> Case:
    """Resume the suspended processes of a case: timers that came due meanwhile fire, and what happened meanwhile is heard.

    Records `resume_case`. Raises CaseUnknown, NotAllowed, MendingRefused and StateUnreadable.
    """
    process, reason = begin_mending(case_ref, by, now, reason, bindings)
    suspended = [each for each in process.instances if each.status == "suspended"]
    if not suspended:
        raise MendingRefused("Quy trình không bị tạm ngừng.", "The process is not suspended.")
    record(process.case, "resume_case", by=by, at=now, reason=reason)
    for each in suspended:
        each.status = "running"
        process.open(each)
    process.settle(offer_messages=True)
    return process.case


@Verb("move_token", Action.MEND_PROCESS, kinds=DECISION, staff=sentences.token_moved)
def move_token(
    case_ref: str, key: str, *, by: Actor, now: datetime, token: str, target: str, reason: str, bindings: Bindings = BINDINGS
) -> Case:
    """Move a token from where it rests to another resting place of its line, with its variables.

    `key` names the instance (ProcessInstance.key), `token` is the engine's id of the resting task. The step it leaves is withdrawn, the one
    it reaches waits; timers follow. Works at any time; if the process is suspended or has an incident, nothing else moves. Refused past a
    step whose outcome the case lacks (token_targets). Records `move_token`. Raises CaseUnknown, NotAllowed, MendingRefused and
    StateUnreadable.
    """
    process, reason = begin_mending(case_ref, by, now, reason, bindings)
    instance, workflow, definition = _opened(process, key)
    task = next((each for each in tokens_at_rest(workflow, definition) if str(each.id) == token), None)
    if task is None:
        raise MendingRefused(
            "Điểm chờ này không còn ở đó nữa. Xin tải lại trang.", "Nothing rests there any more. Please load the page again."
        )
    source = task.task_spec.name
    if target not in targets_of(source, instance.process_id, definition):
        raise MendingRefused(
            "Không chuyển được đến đó: nơi đến phải là một bước hoặc điểm chờ khác trên cùng nhánh của quy trình.",
            "It cannot be set there: the target must be another step or waiting point on the same line of the process.",
            about="target",
        )
    if (against := reason_against(source, target, instance, definition)) is not None:
        raise MendingRefused(*against, about="target")
    labels = {"from": list(_label(definition, source)), "to": list(_label(definition, target))}
    moved = {"from": source, "to": target, "labels": labels}
    record(process.case, "move_token", by=by, at=now, process=instance.process_id, reason=reason, **moved)
    with engine_clock(now):
        proven(workflow, instance, definition, partial(set_token, workflow, UUID(token), target))
    process.settle()
    return process.case


@Verb("edit_variable", Action.MEND_PROCESS, kinds=DECISION, staff=sentences.variable_corrected)
def edit_variable(
    case_ref: str, key: str, *, by: Actor, now: datetime, name: str, value: str, reason: str, bindings: Bindings = BINDINGS
) -> Case:
    """Correct a declared variable of an instance wherever its tokens rest; `value` is what was typed or chosen.

    Nothing moves; gateways read the value later. Records `edit_variable` with the old and the new value. For a field of a drawn step, which
    is content, only the name is recorded, and nobody learns whether the new value equals the old one. Raises CaseUnknown, NotAllowed,
    MendingRefused, ValueRefused and StateUnreadable.
    """
    process, reason = begin_mending(case_ref, by, now, reason, bindings)
    instance, workflow, definition = _opened(process, key)
    variable = declared_variables(definition, instance.process_id, bindings).get(name)
    if variable is None:
        raise MendingRefused("Quy trình này không có giá trị đó.", "This process has no such value.")
    new, old = value_from(variable, value), value_of(workflow, definition, name)
    is_content = name in content_names(definition, instance.process_id, bindings)
    if new == old and type(new) is type(old) and not is_content:
        raise MendingRefused("Giá trị mới trùng với giá trị đang có.", "That is the value it has already.", about="value")
    told = {} if is_content else {"old": old, "new": new}
    record(
        process.case, "edit_variable", by=by, at=now, process=instance.process_id, name=name, label=list(variable.label), reason=reason,
        **told,
    )  # fmt: skip
    proven(workflow, instance, definition, partial(set_value, workflow, definition, name, new))
    process.settle()
    return process.case


def recorded(case: Case, verb: str, work: Callable[[], Case], *, by: Actor, now: datetime) -> Case:
    """Run a repair in a unit of work of its own; a fault leaves an incident. For the edge.

    Raises the refusals of `work`, CaseBusy and StepFailed.
    """
    case_id = case.id
    own = select(ProcessInstance.id).where(ProcessInstance.case_id == case_id, ProcessInstance.assignment_id.is_(None))

    def spot() -> FaultSpot | None:
        instance_id = db.session.scalar(own)
        return FaultSpot("step", instance_id, case_id, verb, by_id=by.own_id) if instance_id is not None else None

    return run_recorded(work, spot, now=now)


def begin_mending(case_ref: str, by: Actor, now: datetime, reason: str, bindings: Bindings) -> tuple[CaseProcess, str]:
    """Lock the case and return its process with the reason tidied. Raises CaseUnknown, NotAllowed, and MendingRefused without a reason."""
    case = lock_case(case_to_mend(by, case_ref).id)
    if case.quarantined_at is not None or not may(by, Action.MEND_PROCESS, case):
        raise CaseUnknown
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise MendingRefused(
            f"Xin ghi lý do (tối đa {LONGEST_REASON} ký tự).", f"Please give a reason ({LONGEST_REASON} characters at most).",
            about="reason",
        )
    return CaseProcess(case, now=now, bindings=bindings), reason


def _opened(process: CaseProcess, key: str) -> tuple[ProcessInstance, BpmnWorkflow, Definition]:
    instance = next((each for each in process.instances if each.key == key), None)
    if instance is None:
        raise CaseUnknown
    if instance.ended_at is not None:
        raise MendingRefused("Quy trình này đã kết thúc.", "This process has ended.")
    return instance, process.open(instance), definition_of(instance.process_version)


def proven(workflow: BpmnWorkflow, instance: ProcessInstance, definition: Definition, change: Callable[[], object]) -> None:
    """Change a task tree and check that storing and reading it back gives the same tree."""
    try:
        change()
        restored = engine.unpack(engine.pack(workflow), definition.specs[instance.process_id])
    except (WorkflowException, ExpressionRefused, TypeError, LookupError, ValueError) as fault:
        why = told_of(fault)
        raise MendingRefused(
            f"Không làm được: nơi đến không nhận được các giá trị đang có ({why.vi}). Hồ sơ vẫn như trước.",
            f"It cannot be done: the target does not run with the values there are ({why.en}). The case is as before.",
        ) from fault
    if _shape(restored) != _shape(workflow):
        raise MendingRefused(
            "Không làm được: trạng thái mới không lưu lại được nguyên vẹn. Hồ sơ vẫn như trước.",
            "It cannot be done: the new state would not be stored whole. The case is as before.",
        )


def _shape(workflow: BpmnWorkflow) -> list[tuple[str, int, str]]:
    return sorted((task.task_spec.name, task.state, str(sorted(task.data.items()))) for task in workflow.tasks.values())


def _label(definition: Definition, element: str) -> Bilingual:
    return definition.elements[element].label
