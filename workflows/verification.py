"""Verifies that process and domain agree: each instance's state against the flat rows, and cases against instances."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import joinedload

from casework.clocks.acts import ClockKind
from casework.db import db
from casework.findings import Finding, fault, note
from casework.models import Assignment, Case, Clock
from casework.states import ENDED_STATES, CaseState
from workflows import engine
from workflows.bindings import BINDINGS, OF_THE_PAUSE
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.facts import ENDS_OF_ITS_OWN, FACTS
from workflows.models import FAR, Incident, Message, ProcessInstance, Timer, WaitingTask

BATCH = 200
"""Instances unpacked at a time."""

GOES_ON = ProcessInstance.status != "suspended"
"""A suspended process hears that its case is over when it is resumed."""

OPEN_STEPS = ("waiting", "frozen")

ROWS = 1000
"""Plain rows read at a time."""

RUNNING_STATES = frozenset(CaseState) - ENDED_STATES
"""States in which the process of a case still runs; in the rating window it waits for the reporters."""

OVER_STATES = frozenset({CaseState.CLOSED, CaseState.WITHDRAWN, CaseState.JOINED, CaseState.QUARANTINED})
"""States in which it does not. The process of a refused case waits for an objection and then ends; that of a merged case ends with its main
case."""


def check_process() -> Iterator[Finding]:
    """Check every instance, waiting step and timer; call inside `one_moment`."""
    yield from _cases_against_instances()
    yield from _assignments_against_instances()
    yield from _rows_of_ended_instances()
    yield from _open_incidents()
    yield from _running_instances()


def _rows(query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from db.session.execute(query.execution_options(yield_per=ROWS))


def _cases_against_instances() -> Iterator[Finding]:
    own = and_(ProcessInstance.case_id == Case.id, ProcessInstance.assignment_id.is_(None))
    running = select(Case.code, Case.state, ProcessInstance.id, ProcessInstance.ended_at).outerjoin(ProcessInstance, own)
    must = Case.state.in_(RUNNING_STATES)
    for row in _rows(running.where(must, or_(ProcessInstance.id.is_(None), ProcessInstance.ended_at.is_not(None)))):
        yield fault(
            "process.case_without", row.code,
            f"Hồ sơ {row.code} ({row.state}) không có quy trình nào đang chạy.",
            f"The case {row.code} ({row.state}) has no running process.",
        )  # fmt: skip
    over = Case.state.in_(OVER_STATES)
    for row in _rows(running.where(over, ProcessInstance.id.is_not(None), ProcessInstance.ended_at.is_(None), GOES_ON)):
        yield fault(
            "process.runs_on", f"instance {row.id}",
            f"Hồ sơ {row.code} đã kết thúc ({row.state}) nhưng quy trình {row.id} vẫn chạy.",
            f"The case {row.code} has ended ({row.state}), and its process {row.id} still runs.",
        )  # fmt: skip
    half_ended = (ProcessInstance.status == "ended") != ProcessInstance.ended_at.is_not(None)
    for row in _rows(select(ProcessInstance.id, Case.code).join(Case, Case.id == ProcessInstance.case_id).where(half_ended)):
        yield fault(
            "process.status", f"instance {row.id}",
            f"Quy trình {row.id} của hồ sơ {row.code}: trạng thái không khớp với thời điểm kết thúc.",
            f"The process {row.id} of the case {row.code}: its status does not agree with the instant of its end.",
        )  # fmt: skip


def _assignments_against_instances() -> Iterator[Finding]:
    query = (
        select(Case.code, Assignment.id, Assignment.state, ProcessInstance.id.label("instance"))
        .join(Case, Case.id == Assignment.case_id)
        .outerjoin(ProcessInstance, ProcessInstance.assignment_id == Assignment.id)
    )
    without = or_(ProcessInstance.id.is_(None), ProcessInstance.ended_at.is_not(None))
    for row in _rows(query.where(Assignment.ended_at.is_(None), without)):
        yield fault(
            "process.assignment_without", f"{row.code}, assignment {row.id}",
            f"Hồ sơ {row.code}: việc giao đơn vị số {row.id} ({row.state}) không có quy trình nào đang chạy.",
            f"The case {row.code}: its assignment {row.id} ({row.state}) has no running process.",
        )  # fmt: skip
    runs_on = and_(Assignment.ended_at.is_not(None), ProcessInstance.id.is_not(None), ProcessInstance.ended_at.is_(None), GOES_ON)
    for row in _rows(query.where(runs_on, ~_is_behind_its_answer())):
        yield fault(
            "process.runs_on", f"instance {row.instance}",
            f"Hồ sơ {row.code}: việc giao đơn vị số {row.id} đã xong ({row.state}) nhưng quy trình {row.instance} vẫn chạy.",
            f"The case {row.code}: its assignment {row.id} has ended ({row.state}), and its process {row.instance} still runs.",
        )  # fmt: skip
    strange = and_(ProcessInstance.assignment_id == Assignment.id, ProcessInstance.case_id != Assignment.case_id)
    for row in _rows(select(ProcessInstance.id, Case.code).join(Assignment, strange).join(Case, Case.id == Assignment.case_id)):
        yield fault(
            "process.case_differs", f"instance {row.id}",
            f"Quy trình {row.id} thuộc hồ sơ khác với việc giao đơn vị của nó ({row.code}).",
            f"The process {row.id} is of another case than its assignment ({row.code}).",
        )  # fmt: skip


def _is_behind_its_answer() -> ColumnElement[bool]:
    """Whether a process waits at something an administrator drew behind its agency's answer or release."""
    drawn = exists().where(
        WaitingTask.instance_id == ProcessInstance.id, WaitingTask.state.in_(OPEN_STEPS), WaitingTask.element.not_in(BINDINGS.steps)
    )
    timed = exists().where(Timer.instance_id == ProcessInstance.id, Timer.ended_at.is_(None))
    return and_(Assignment.end_reason.in_(ENDS_OF_ITS_OWN), or_(drawn, timed))


def _rows_of_ended_instances() -> Iterator[Finding]:
    for table, is_open, vi, en in (
        (WaitingTask, WaitingTask.state.in_(OPEN_STEPS), "bước", "step"),
        (Timer, Timer.ended_at.is_(None), "hẹn giờ", "timer"),
    ):
        query = select(ProcessInstance.id, table.element, Case.code).join(table, table.instance_id == ProcessInstance.id)
        query = query.join(Case, Case.id == ProcessInstance.case_id).where(ProcessInstance.ended_at.is_not(None), is_open)
        for row in _rows(query):
            yield fault(
                "process.left_over", f"instance {row.id}",
                f"Quy trình {row.id} của hồ sơ {row.code} đã kết thúc nhưng {vi} “{row.element}” vẫn chờ.",
                f"The process {row.id} of the case {row.code} has ended, and its {en} “{row.element}” still waits.",
            )  # fmt: skip


def _open_incidents() -> Iterator[Finding]:
    query = select(Incident.ref, Incident.element, Case.code).join(Case, Case.id == Incident.case_id).where(Incident.resolved_at.is_(None))
    for row in _rows(query.order_by(Incident.id)):
        yield note(
            "process.incident", f"incident {row.ref}",
            f"Hồ sơ {row.code} có sự cố {row.ref} ở bước “{row.element}” chưa xử lý.",
            f"The case {row.code} has the incident {row.ref} at “{row.element}”, not resolved yet.",
        )  # fmt: skip


def _running_instances() -> Iterator[Finding]:
    after = 0
    query = (
        select(ProcessInstance)
        .where(ProcessInstance.ended_at.is_(None))
        .options(joinedload(ProcessInstance.case).selectinload(Case.assignments))
        .order_by(ProcessInstance.id)
        .limit(BATCH)
    )
    while batch := list(db.session.scalars(query.where(ProcessInstance.id > after))):
        rows = _Rows(batch)
        for instance in batch:
            yield from _check_instance(instance, rows)
        after = batch[-1].id


class _Rows:
    """The flat rows of some instances, read with one query per table."""

    def __init__(self, batch: list[ProcessInstance]) -> None:
        ids, cases = [instance.id for instance in batch], {instance.case_id for instance in batch}
        self.steps = _grouped(
            select(
                WaitingTask.instance_id, WaitingTask.engine_task, WaitingTask.element, WaitingTask.due_at, WaitingTask.urgent,
                WaitingTask.state,
            )
            .where(WaitingTask.instance_id.in_(ids), WaitingTask.state.in_(OPEN_STEPS))
        )  # fmt: skip
        self.timers = _grouped(
            select(Timer.instance_id, Timer.engine_task, Timer.element, Timer.due_at)
            .where(Timer.instance_id.in_(ids), Timer.ended_at.is_(None))
        )  # fmt: skip
        self.messages = _grouped(
            select(Message.case_id, Message.name, Message.target_process, Message.assignment_id)
            .where(Message.case_id.in_(cases), Message.delivered_at.is_(None))
        )  # fmt: skip
        self.clocks = _grouped(
            select(Clock.case_id, Clock.kind, Clock.assignment_id, Clock.due_at, Clock.element)
            .where(Clock.case_id.in_(cases), Clock.ended_at.is_(None)).order_by(Clock.id)
        )  # fmt: skip


def _grouped(query: Select[*tuple[Any, ...]]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in db.session.execute(query):
        found.setdefault(row[0], []).append(row)
    return found


def _check_instance(instance: ProcessInstance, rows: _Rows) -> Iterator[Finding]:
    subject, code = f"instance {instance.id}", instance.case.code
    try:
        definition = definition_of(instance.process_version)
        workflow = engine.unpack(instance.state, definition.specs[instance.process_id])
    except Exception as error:  # whatever the engine meets in a damaged state, the other instances are still to be checked
        yield fault(
            "process.unreadable", subject,
            f"Không đọc được trạng thái quy trình {instance.id} của hồ sơ {code} ({type(error).__name__}).",
            f"The state of the process {instance.id} of the case {code} cannot be read ({type(error).__name__}).",
        )  # fmt: skip
        return
    if workflow.completed:
        yield fault(
            "process.completed", subject,
            f"Quy trình {instance.id} của hồ sơ {code} đã đi đến cuối nhưng chưa được ghi là kết thúc.",
            f"The process {instance.id} of the case {code} has reached its end and is not noted as ended.",
        )  # fmt: skip
    steps = rows.steps.get(instance.id, [])
    waiting = {str(task.id): task.task_spec.name for task in engine.waiting_steps(workflow)}
    yield from _compare(instance, waiting, {row.engine_task: row.element for row in steps}, "bước", "step")
    timers = {str(task.id): (task.task_spec.name, due) for task, due in engine.waiting_timers(workflow)}
    noted = {row.engine_task: (row.element, row.due_at) for row in rows.timers.get(instance.id, [])}
    yield from _compare(instance, timers, noted, "hẹn giờ", "timer")
    if not waiting and not timers and not _awaited_on_the_way(workflow, definition):
        yield fault(
            "process.stuck", subject,
            f"Quy trình {instance.id} của hồ sơ {code} không chờ ai và không chờ gì: hồ sơ sẽ không bao giờ đi tiếp.",
            f"The process {instance.id} of the case {code} waits for nobody and nothing: the case would never go on.",
        )  # fmt: skip
    yield from _check_limits(instance, definition, steps, rows.clocks.get(instance.case_id, []))
    yield from _check_messages(instance, workflow, rows.messages.get(instance.case_id, []))
    on_the_way = {row.name for row in rows.messages.get(instance.case_id, [])}
    yield from _check_facts(instance, engine.awaited_messages(workflow) - on_the_way)


def _awaited_on_the_way(workflow: BpmnWorkflow, definition: Definition) -> bool:
    """Whether an event on the way waits for a message; events that only listen are left out."""
    waiting = (task.task_spec.name for task in workflow.event_manager.tasks.values() if task.state == TaskState.WAITING)
    found = (definition.elements.get(name) for name in waiting)
    return any(element is not None and element.kind == "intermediateCatchEvent" and "beside" not in element.properties for element in found)


def _check_facts(instance: ProcessInstance, awaited: set[str]) -> Iterator[Finding]:
    """Yield facts that hold in the domain but that a waiting event has not heard, unless a message is on its way."""
    if instance.status != "running":
        return
    for name in sorted(awaited & FACTS.keys()):
        if FACTS[name](instance.subject) is not None:
            yield fault(
                "process.unheard", f"instance {instance.id}",
                f"Hồ sơ {instance.case.code}: điều “{name}” đã xảy ra nhưng quy trình {instance.id} chưa biết.",
                f"The case {instance.case.code}: “{name}” has happened, and the process {instance.id} has not heard of it.",
            )  # fmt: skip


def _compare(instance: ProcessInstance, waiting: Mapping[str, Any], noted: Mapping[str, Any], vi: str, en: str) -> Iterator[Finding]:
    """Yield differences between the waiting steps or timers of a state and their rows: element, instant, or one without the other."""
    for engine_task in sorted(waiting.keys() | noted.keys()):
        own, row = waiting.get(engine_task), noted.get(engine_task)
        if own == row:
            continue
        named = _named(own if own is not None else row)
        if row is None:
            says = f"{vi} “{named}” đang chờ nhưng không có dòng nào ghi", f"the {en} “{named}” waits and has no row"
        elif own is None:
            says = f"có dòng ghi {vi} “{named}” nhưng quy trình không chờ ở đó", f"a row tells of the {en} “{named}”, which does not wait"
        else:
            says = f"{vi} “{named}” được ghi sai (“{_named(row)}”)", f"the {en} “{named}” is noted wrongly (“{_named(row)}”)"
        yield fault(
            f"process.{en}", f"instance {instance.id}",
            f"Quy trình {instance.id} của hồ sơ {instance.case.code}: {says[0]}.",
            f"In the process {instance.id} of the case {instance.case.code}, {says[1]}.",
        )  # fmt: skip


def _named(noted: Any) -> str:
    return f"{noted[0]}, {noted[1].isoformat()}" if isinstance(noted, tuple) else str(noted)


def _check_limits(instance: ProcessInstance, definition: Definition, steps: list[Any], clocks: list[Any]) -> Iterator[Finding]:
    """Yield steps whose due instant is not that of the clock the diagram names."""
    own_limits = {row.element: row.due_at for row in clocks if row.kind == ClockKind.STEP and row.assignment_id == instance.assignment_id}
    kinds = [row for row in clocks if row.kind != ClockKind.STEP]
    limits: dict[tuple[str, int | None], datetime | None] = {(row.kind, row.assignment_id): row.due_at for row in kinds}
    limits[OF_THE_PAUSE, None] = instance.case.paused_until
    standstill = instance.case.standstill
    for step in steps:
        element = definition.elements.get(step.element)
        kind = element.properties.get("clock", "") if element else ""
        own = own_limits.pop(step.element, None)
        due = own or limits.get((kind, instance.assignment_id)) or limits.get((kind, None)) or FAR
        bound = BINDINGS.steps.get(step.element)
        goes_on = standstill is None or (bound is not None and standstill in bound.goes_on_in)
        state = "waiting" if goes_on and instance.status != "suspended" else "frozen"
        if (step.due_at, step.urgent, step.state) != (due, instance.case.is_urgent, state):
            yield fault(
                "process.limit", f"instance {instance.id}",
                f"Hồ sơ {instance.case.code}: hạn hoặc mức khẩn ghi ở bước “{step.element}” khác với đồng hồ của nó.",
                f"The case {instance.case.code}: limit or urgency noted at the step “{step.element}” differs from its clock.",
            )  # fmt: skip


    for left in sorted(own_limits):
        yield fault(
            "process.limit", f"instance {instance.id}",
            f"Hồ sơ {instance.case.code}: đồng hồ của bước “{left}” vẫn chạy nhưng bước đó không chờ ai.",
            f"The case {instance.case.code}: the clock of the step “{left}” still runs, and the step does not wait.",
        )  # fmt: skip


def _check_messages(instance: ProcessInstance, workflow: BpmnWorkflow, messages: list[Any]) -> Iterator[Finding]:
    if instance.status != "running":
        return
    for row in messages:
        is_own = row.target_process == instance.process_id and row.assignment_id == instance.assignment_id
        if is_own and engine.waits_for(workflow, row.name):
            code = instance.case.code
            yield note(
                "process.message", f"instance {instance.id}",
                f"Quy trình {instance.id} của hồ sơ {code} chờ tin “{row.name}” đã có nhưng chưa được giao.",
                f"The process {instance.id} of the case {code} waits for the message “{row.name}”, which is there undelivered.",
            )  # fmt: skip
