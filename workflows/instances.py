"""Running instances: started, stepped to rest, and written with the flat rows the inbox and the worker ask.

Everything here runs inside the caller's unit of work, after the case row has been locked. Nothing commits.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import undefer

from casework.calendars import calendar_of
from casework.clocks import running_clocks
from casework.db import db
from casework.models import Assignment, Case
from casework.permissions import SYSTEM
from casework.working_time import BeyondTenYears, working_minutes
from workflows import engine
from workflows.bindings import ASSIGNMENTS_FINISHED, BINDINGS, Bindings
from workflows.clock import engine_clock
from workflows.definitions import Definition, Element, definitions
from workflows.desks import desk_of
from workflows.models import FAR, Message, ProcessInstance, ProcessVersion, StepFact, Timer, WaitingTask
from workflows.services import run_service
from workflows.versions import live_version


class StateMismatch(RuntimeError):
    """Inbox and task tree disagree: `langbiang verify` names such instances."""


CASE, ASSIGNMENT = "case", "assignment"
FIRST_MESSAGE = "assigned"
"""The message a new assignment instance is started with."""


def definition_of(version: ProcessVersion) -> Definition:
    """Return the parsed model of a version; the text is read only when this process has not parsed it yet."""
    known = definitions.peek(version.sha256)
    if known is not None:
        return known
    query = select(ProcessVersion).where(ProcessVersion.id == version.id).options(undefer(ProcessVersion.xml))
    return definitions.get(version.sha256, db.session.scalars(query).one().xml)


def start_case(case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> ProcessInstance:
    """Start the process of a case that was just filed, on the live version of its centre. Raises NoLiveVersion."""
    process = CaseProcess(case, now=now, bindings=bindings)
    instance = process.start(CASE)
    process.settle()
    return instance


def withdraw_assignment(assignment: Assignment, *, now: datetime, bindings: Bindings = BINDINGS) -> None:
    """End the process of an assignment that casework ended beside the tokens (removed, quarantined)."""
    process = CaseProcess(assignment.case, now=now, bindings=bindings)
    instance = process.instance_of(assignment)
    if instance is not None and instance.ended_at is None:
        process.stop(instance)
    process.settle()


def withdraw_case(case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> None:
    """End every process of a case that casework ended beside the tokens (merged, withdrawn, quarantined)."""
    process = CaseProcess(case, now=now, bindings=bindings)
    for instance in process.instances:
        if instance.ended_at is None:
            process.stop(instance)
    process.settle()


def refresh_limits(case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> None:
    """Copy due instants and urgency to the waiting steps after a clock moved beside the tokens."""
    CaseProcess(case, now=now, bindings=bindings).settle()


def rearm_timer(case: Case, element: str, due_at: datetime, *, now: datetime, bindings: Bindings = BINDINGS) -> int:
    """Move the waiting timers of that element in a locked case to another instant; returns how many were moved."""
    process = CaseProcess(case, now=now, bindings=bindings)
    rows = [timer for timer in process.open_timers() if timer.element == element]
    for timer in rows:
        engine.set_timer(process.open(timer.instance), UUID(timer.engine_task), due_at)
    process.settle()
    return len(rows)


class CaseProcess:
    """The instances of one locked case, opened as needed for the length of one step."""

    def __init__(self, case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> None:
        self.case, self.now, self.bindings = case, now, bindings
        query = select(ProcessInstance).where(ProcessInstance.case_id == case.id).order_by(ProcessInstance.id)
        with db.session.no_autoflush:
            self.instances = list(db.session.scalars(query))
        self.opened: list[WaitingTask] = []
        self._open: dict[ProcessInstance, BpmnWorkflow] = {}
        self._left: list[WaitingTask] = []
        self._had_timers = False
        self._messages: list[Message] | None = None

    def open(self, instance: ProcessInstance) -> BpmnWorkflow:
        """Return the task tree of an instance, restored once."""
        if instance not in self._open:
            spec = definition_of(instance.process_version).specs[instance.process_id]
            workflow = self._open[instance] = engine.unpack(instance.state, spec, self._call_service)
            self._had_timers = self._had_timers or engine.has_waiting_timers(workflow)
        return self._open[instance]

    def start(self, process_id: str, assignment: Assignment | None = None) -> ProcessInstance:
        """Make an instance; an assignment runs on the version its case runs on."""
        own = self.instance_of(None)
        version = own.process_version if own else live_version(self.case.centre_id)
        workflow = engine.new_instance(definition_of(version).specs[process_id], self._call_service)
        instance = ProcessInstance(
            process_id=process_id, process_version=version, case=self.case, assignment=assignment, status="running", started_at=self.now,
            state=b"",
        )  # fmt: skip
        with engine_clock(self.now):
            engine.run_to_rest(workflow)
            if engine.waits_for(workflow, FIRST_MESSAGE):
                engine.send(workflow, FIRST_MESSAGE, {})
        db.session.add(instance)
        self.instances.append(instance)
        self._open[instance] = workflow
        return instance

    def instance_of(self, assignment: Assignment | None) -> ProcessInstance | None:
        """Return the instance of an assignment, or the case's own for None."""
        return next((each for each in self.instances if each.assignment is assignment), None)

    def stop(self, instance: ProcessInstance) -> None:
        """End an instance from outside."""
        self.open(instance).cancel()
        self._end(instance, runs_end=False)

    def complete(self, task: WaitingTask, values: dict[str, Any]) -> None:
        """Complete the engine's task of a step with the values its gateways read."""
        workflow = self.open(task.instance)
        engine_task = workflow.get_task_from_id(UUID(task.engine_task))
        if engine_task.state != TaskState.READY:
            raise StateMismatch(f"{task.element} is not what the instance waits for")
        engine_task.data.update(_small(values))
        with engine_clock(self.now):
            engine_task.run()
        self._left.append(task)

    def settle(self, *, offer_messages: bool = False) -> None:
        """Run every opened instance to rest, hand messages round until nothing moves, and write what changed.

        `offer_messages` looks for undelivered ones even when nothing opened here waits for any.
        """
        if offer_messages:
            self.waiting_messages()
        with engine_clock(self.now):
            while self._move():
                pass
        # One flush at the end: each row is written once, however often the rounds above touched it.
        with db.session.no_autoflush:
            for instance, workflow in self._open.items():
                instance.state = engine.pack(workflow)
            self._write_steps()
            self._write_timers()
            self._write_facts()
        db.session.flush()

    def post(self, name: str, target_process: str, payload: dict[str, Any], assignment: Assignment | None = None) -> None:
        """Write a message down; it is delivered in this step if its target waits, else later."""
        message = Message(
            name=name, target_process=target_process, case_id=self.case.id, assignment_id=assignment.id if assignment else None,
            payload=_small(payload), sent_at=self.now, attempts=0,
        )  # fmt: skip
        self.waiting_messages().append(message)
        db.session.add(message)

    def open_timers(self) -> list[Timer]:
        """Return the waiting timers of the case."""
        return list(db.session.scalars(select(Timer).where(Timer.case_id == self.case.id, Timer.ended_at.is_(None))))

    def _move(self) -> bool:
        running = {instance: workflow for instance, workflow in self._open.items() if instance.ended_at is None}
        for instance, workflow in running.items():
            engine.run_to_rest(workflow)
            for name, payload in engine.thrown_messages(workflow):
                self._post_thrown(instance, name, payload)
        ended = [instance for instance, workflow in running.items() if workflow.completed]
        for instance in ended:
            self._end(instance)
        return self._start_missing() + self._deliver() > 0

    def _end(self, instance: ProcessInstance, *, runs_end: bool = True) -> None:
        instance.status, instance.ended_at = "ended", self.now
        if instance.process_id == ASSIGNMENT:
            self.post(ASSIGNMENTS_FINISHED, CASE, {})
        if runs_end:
            for element in _reached_ends(self.open(instance), definition_of(instance.process_version)):
                if element in self.bindings.ends:
                    self.bindings.ends[element](instance.subject, by=SYSTEM, now=self.now)

    def _start_missing(self) -> int:
        own = self.instance_of(None)
        if own is None or own.ended_at is not None:
            return 0
        missing = [row for row in self.case.open_assignments if self.instance_of(row) is None]
        for assignment in missing:
            self.start(ASSIGNMENT, assignment)
        return len(missing)

    def _post_thrown(self, instance: ProcessInstance, name: str, payload: dict[str, Any]) -> None:
        if instance.process_id == ASSIGNMENT:
            self.post(name, CASE, payload)
            return
        for other in self.instances:
            if other.process_id == ASSIGNMENT and other.ended_at is None:
                self.post(name, ASSIGNMENT, payload, other.assignment)

    def waiting_messages(self) -> list[Message]:
        """Return the messages of the case that nobody has taken yet."""
        if self._messages is None:
            query = select(Message).where(Message.case_id == self.case.id, Message.delivered_at.is_(None)).order_by(Message.id)
            with db.session.no_autoflush:
                self._messages = list(db.session.scalars(query))
        return self._messages

    def _deliver(self) -> int:
        if self._messages is None and not any(engine.waits_for_a_message(workflow) for workflow in self._open.values()):
            return 0
        return sum(self._hand_over(message) for message in list(self.waiting_messages()))

    def _hand_over(self, message: Message) -> bool:
        target = self._target(message)
        if target is None or target.ended_at is not None:
            self._settle_message(message, superseded=True)
            return False
        if target.status != "running" or not engine.waits_for(self.open(target), message.name):
            return False
        payload: dict[str, Any] | None = message.payload
        if message.name in self.bindings.facts:
            payload = self.bindings.facts[message.name](self.case)
        self._settle_message(message, superseded=payload is None)
        if payload is None:
            return False
        engine.send(self.open(target), message.name, _small(payload))
        return True

    def _target(self, message: Message) -> ProcessInstance | None:
        if message.assignment_id is None:
            return self.instance_of(None)
        return next((each for each in self.instances if each.assignment and each.assignment.id == message.assignment_id), None)

    def _settle_message(self, message: Message, *, superseded: bool) -> None:
        message.delivered_at, message.superseded = self.now, superseded
        self.waiting_messages().remove(message)

    def _call_service(self, name: str, parameters: dict[str, Any]) -> str:
        return orjson.dumps(run_service(name, self.case, parameters, now=self.now)).decode()

    def _write_steps(self) -> None:
        query = select(WaitingTask).where(WaitingTask.case_id == self.case.id, WaitingTask.state == "waiting")
        rows = [row for row in db.session.scalars(query) if row.state == "waiting"]
        for instance, workflow in self._open.items():
            waiting = {str(task.id): task.task_spec.name for task in engine.waiting_steps(workflow)} if instance.ended_at is None else {}
            known = {row.engine_task: row for row in rows if row.instance is instance}
            for engine_task in known.keys() - waiting.keys():
                known[engine_task].state, known[engine_task].done_at = "withdrawn", self.now
                self._left.append(known[engine_task])
            elements = definition_of(instance.process_version).elements
            for engine_task, name in waiting.items():
                if engine_task not in known:
                    self.opened.append(self._new_step(instance, engine_task, elements[name]))
        db.session.add_all(self.opened)
        self._copy_limits([row for row in rows if row.state == "waiting"] + self.opened)

    def _new_step(self, instance: ProcessInstance, engine_task: str, element: Element) -> WaitingTask:
        assignment = instance.assignment
        return WaitingTask(
            instance=instance, engine_task=engine_task, element=element.id, case=self.case, assignment=assignment,
            desk=desk_of(element, self.case, assignment, self.bindings), centre_id=self.case.centre_id,
            agency_id=assignment.agency_id if assignment else None, state="waiting", entered_at=self.now, due_at=FAR, urgent=False,
        )  # fmt: skip

    def _copy_limits(self, rows: list[WaitingTask]) -> None:
        limits = {(str(clock.kind), clock.assignment_id): clock.due_at for clock in running_clocks(self.case)}
        for row in rows:
            element = definition_of(row.instance.process_version).elements.get(row.element)
            kind = element.properties.get("clock", "") if element else ""
            own = row.assignment.id if row.assignment else None
            row.due_at = limits.get((kind, own)) or limits.get((kind, None)) or FAR
            row.urgent = self.case.is_urgent

    def _write_timers(self) -> None:
        if not self._had_timers and not any(engine.has_waiting_timers(workflow) for workflow in self._open.values()):
            return
        rows = self.open_timers()
        for instance, workflow in self._open.items():
            waiting = {str(task.id): (task.task_spec.name, due) for task, due in engine.waiting_timers(workflow)}
            if instance.ended_at is not None:
                waiting = {}
            known = {row.engine_task: row for row in rows if row.instance is instance}
            for engine_task, row in known.items():
                if engine_task in waiting:
                    row.due_at = waiting[engine_task][1]
                else:
                    row.ended_at = self.now
                    row.fired_at = self.now if engine.has_completed(workflow, UUID(engine_task)) else None
            for engine_task in waiting.keys() - known.keys():
                element, due_at = waiting[engine_task]
                db.session.add(Timer(instance=instance, case_id=self.case.id, engine_task=engine_task, element=element, due_at=due_at))

    def _write_facts(self) -> None:
        if not self._left:
            return
        calendar = calendar_of(self.case.centre_id)
        for row in self._left:
            try:
                minutes = working_minutes(row.entered_at, self.now, calendar)
            except BeyondTenYears:
                minutes = None
            db.session.add(
                StepFact(
                    instance_id=row.instance_id, engine_task=row.engine_task, case_id=row.case_id, assignment_id=row.assignment_id,
                    version_id=row.instance.version_id, element=row.element, entered_at=row.entered_at, left_at=self.now,
                    working_minutes=minutes,
                )
            )  # fmt: skip


def _reached_ends(workflow: BpmnWorkflow, definition: Definition) -> Iterator[str]:
    for task in workflow.get_tasks(state=TaskState.COMPLETED):
        element = definition.elements.get(task.task_spec.name)
        if element is not None and element.kind == "endEvent":
            yield element.id


def _small(values: dict[str, Any]) -> dict[str, Any]:
    """Let through what may stand in an instance's state: ids, outcomes and flags, never content. Raises ValueError."""
    for name, value in values.items():
        if not isinstance(value, bool | int | float | None) and not (isinstance(value, str) and len(value) <= 100):
            raise ValueError(f"{name}: the process keeps ids, outcomes and flags only")
    return values
