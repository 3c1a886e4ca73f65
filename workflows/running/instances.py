"""Running instances: started, stepped to rest, and stored together with the flat rows that inbox and worker read.

Everything here runs inside the caller's unit of work, after the case row has been locked. Nothing commits.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select, update

from casework.db import db
from casework.models import Assignment, Case
from casework.parting.waiting import follow_parts
from casework.parts import is_awaited
from casework.permissions import SYSTEM
from casework.states import CaseState
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.clock import engine_clock
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.definitions.services import run_service
from workflows.facts import ENDS_OF_ITS_OWN
from workflows.models import Incident, Message, ProcessInstance, ProcessVersion, WaitingTask
from workflows.rounds import forget_rounds
from workflows.running.case_rows import instances_and_steps, merged_into, nothing_yet
from workflows.running.flat_rows import FlatRows, rearm_timers, set_daily_timers
from workflows.versions.live import live_version


class StateMismatch(RuntimeError):
    """Inbox and task tree disagree; `langbiang verify` names such instances."""


class StateUnreadable(RuntimeError):
    """The stored state of an instance is damaged, or refers to something its model lacks."""

    def __init__(self, instance_id: int) -> None:
        self.instance_id = instance_id
        super().__init__(f"the state of instance {instance_id} cannot be read")


CASE, ASSIGNMENT = "case", "assignment"
MERGE_SETTLED = "merge_settled"
AGENCIES_FINISHED = "assignments_finished"
FIRST_MESSAGE = "assigned"
"""The message that starts an assignment instance."""


def start_case(case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> ProcessInstance:
    """Start the process of a case just filed, on the live version of its centre. Raises NoLiveVersion."""
    nothing_yet(case)
    process = CaseProcess(case, now=now, bindings=bindings)
    instance = process.start(CASE)
    process.settle()
    return instance


def start_unsent(case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> list[WaitingTask]:
    """The same, but the caller flushes. Returns the steps that wait."""
    nothing_yet(case)
    process = CaseProcess(case, now=now, bindings=bindings)
    process.start(CASE)
    process.bring_to_rest()
    return process.rows.opened


class CaseProcess:
    """The instances of one locked case, opened as needed during one step."""

    def __init__(self, case: Case, *, now: datetime, bindings: Bindings = BINDINGS) -> None:
        self.case, self.now, self.bindings = case, now, bindings
        self.instances, steps = instances_and_steps(case)
        self.rows = FlatRows(case, steps, now=now, bindings=bindings)
        self._open: dict[ProcessInstance, BpmnWorkflow] = {}
        self._restless: set[ProcessInstance] = set()
        self._messages: list[Message] | None = None

    def open(self, instance: ProcessInstance) -> BpmnWorkflow:
        """Return the task tree of an instance, restored once. Raises StateUnreadable."""
        if instance not in self._open:
            spec = definition_of(instance.process_version).specs[instance.process_id]
            try:
                workflow = self._open[instance] = engine.unpack(instance.state, spec, self.call_service)
                forget_rounds(workflow)
            except Exception as fault:  # damaged bytes may make the engine raise anything
                raise StateUnreadable(instance.id) from fault
            self.rows.note_timers(workflow)
            self._restless.add(instance)
        return self._open[instance]

    def start(self, process_id: str, assignment: Assignment | None = None) -> ProcessInstance:
        """Create an instance; an assignment runs on the version of its case."""
        own = self.instance_of(None)
        with db.session.no_autoflush:
            version = own.process_version if own else live_version(self.case.centre_id)
        workflow = self.fresh(version, process_id)
        instance = ProcessInstance(
            process_id=process_id, process_version=version, case=self.case, assignment=assignment,
            status="suspended" if own and own.status == "suspended" else "running", started_at=self.now, state=b"",
        )  # fmt: skip
        db.session.add(instance)
        self.instances.append(instance)
        self._open[instance] = workflow
        self._restless.add(instance)
        return instance

    def fresh(self, version: ProcessVersion, process_id: str) -> BpmnWorkflow:
        """Return a task tree at the beginning of its process, not yet tied to an instance."""
        workflow = engine.new_instance(definition_of(version).specs[process_id], self.call_service)
        with engine_clock(self.now):
            engine.run_to_rest(workflow)
            if engine.waits_for(workflow, FIRST_MESSAGE):
                engine.send(workflow, FIRST_MESSAGE, {})
                engine.run_to_rest(workflow)
        return workflow

    def replace(self, instance: ProcessInstance, workflow: BpmnWorkflow) -> None:
        """Give an instance another task tree; its rows follow when the case is brought to rest."""
        self._open[instance] = workflow
        self.rows.note_timers(workflow, replaced=True)
        self._restless.add(instance)

    def instance_of(self, assignment: Assignment | None) -> ProcessInstance | None:
        """Return the instance of an assignment, or the case's own for None."""
        return next((each for each in self.instances if each.assignment is assignment), None)

    def complete(self, task: WaitingTask, values: dict[str, Any]) -> None:
        """Complete the engine's task of a step with the values its gateways read."""
        workflow = self.open(task.instance)
        engine_task = workflow.get_task_from_id(UUID(task.engine_task))
        if engine_task.state != TaskState.READY:
            raise StateMismatch(f"{task.element} is not what the instance waits for")
        engine_task.data.update(_small(values))
        with engine_clock(self.now):
            engine_task.run()
        self._restless.add(task.instance)
        self.rows.left.append(task)

    def open_changed(self) -> None:
        """Open the case's own instance, and those of assignments that ended, asked for more time, or have timers that follow a limit.

        A suspended instance, or one stopped by an incident, hears what happened when it is resumed; in a quarantined case it is ended
        instead.
        """
        for instance in self.instances:
            row = instance.assignment
            if self.case.quarantined_at is not None and not self._hears_of_quarantine(instance):
                self._give_up(instance)
            is_timed = instance.process_id in definition_of(instance.process_version).timed_by_limits
            if instance.status == "running" and (row is None or row.ended_at is not None or row.extension_asked or is_timed):
                self.open(instance)

    def _hears_of_quarantine(self, instance: ProcessInstance) -> bool:
        """Whether it ends by itself: it is running, and its model has the event that ends it."""
        name = "quarantined" if instance.process_id == CASE else "assignment_ended"
        return instance.ended_at is not None or (instance.status == "running" and name in definition_of(instance.process_version).messages)

    def settle(self, *, offer_messages: bool = False) -> None:
        """Bring the case to rest and write what changed. `offer_messages` as in `bring_to_rest`."""
        self.bring_to_rest(offer_messages=offer_messages)
        db.session.flush()

    def bring_to_rest(self, *, offer_messages: bool = False) -> None:
        """Run every opened instance to rest and let events hear the facts they wait for until nothing moves; the caller flushes.

        `offer_messages` offers pending messages even if nothing opened here waits for any.
        """
        follow_parts(self.case, now=self.now)
        if offer_messages:
            self.waiting_messages()
        with engine_clock(self.now):
            rearm_timers(self.case, self._open)
            while self._move():
                pass
        set_daily_timers(self.case, self._open, now=self.now)
        own = self.instance_of(None)
        if own is not None and own.ended_at == self.now:
            self._end_left_over()
            self._tell_merged()
        self._tell_parent()
        # One flush at the end: each row is written once, however often the rounds above touched it.
        with db.session.no_autoflush:
            for instance, workflow in self._open.items():
                instance.state = engine.pack(workflow)
            self.rows.write(self._open)

    def _tell_parent(self) -> None:
        """A case that waits for this part, and needs to no more, hears so in a step of its own, and asks again what is still open."""
        if self.case.parent_id is None or is_awaited(self.case):
            return
        with db.session.no_autoflush:
            state = db.session.scalar(select(Case.state).where(Case.id == self.case.parent_id))
        if state == CaseState.HANDLING:
            told = {"name": AGENCIES_FINISHED, "target_process": CASE, "case_id": self.case.parent_id}
            db.session.add(Message(**told, payload={}, sent_at=self.now, attempts=0))

    def post(self, name: str, target_process: str, payload: dict[str, Any], assignment: Assignment | None = None) -> None:
        """Store a message; it is delivered in this step if its target waits, else later."""
        message = Message(
            name=name, target_process=target_process, case_id=self.case.id, assignment_id=assignment.id if assignment else None,
            payload=_small(payload), sent_at=self.now, attempts=0,
        )  # fmt: skip
        self.waiting_messages().append(message)
        db.session.add(message)

    def _move(self) -> bool:
        restless, self._restless = self._restless, set()
        running = {instance: workflow for instance, workflow in self._open.items() if instance in restless and instance.status == "running"}
        for instance, workflow in running.items():
            engine.run_to_rest(workflow)
            for name, payload in engine.thrown_messages(workflow):
                self._post_thrown(instance, name, payload)
        ended = [instance for instance, workflow in running.items() if workflow.completed]
        for instance in ended:
            self._end(instance)
        return self._start_missing() + self._hear() + self._deliver() > 0 or bool(self._restless)

    def _end(self, instance: ProcessInstance) -> None:
        instance.status, instance.ended_at = "ended", self.now
        for element in _reached_ends(self.open(instance), definition_of(instance.process_version)):
            if element in self.bindings.ends:
                # the end reads the case as it was; its rows are written once, with the rest of the step
                with db.session.no_autoflush:
                    self.bindings.ends[element](instance.subject, by=SYSTEM, now=self.now)
        if instance.process_id == ASSIGNMENT:
            own = self.instance_of(None)
            if own is not None and own.status == "running":
                self.open(own)
            return
        self.open_changed()

    def _give_up(self, instance: ProcessInstance) -> None:
        """End an instance where it stands, without running it, since running may be what failed; its incidents are resolved."""
        try:
            self.open(instance)
        except StateUnreadable:
            # where it stood is unknown, which must not prevent the quarantine
            self.replace(instance, self.fresh(instance.process_version, instance.process_id))
        instance.status, instance.ended_at = "ended", self.now
        incidents = update(Incident).where(Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
        db.session.execute(incidents.values(resolved_at=self.now))

    def _end_left_over(self) -> None:
        """End agencies' processes that wait at a step behind their answer: once a case is over nobody needs it."""
        for instance in self.instances:
            row = instance.assignment
            if instance.ended_at is None and row is not None and row.end_reason in ENDS_OF_ITS_OWN:
                self._give_up(instance)

    def _tell_merged(self) -> None:
        """Merged cases end with this one: each in a step of its own, when the worker delivers the message."""
        for merged in merged_into(self.case):
            db.session.add(Message(name=MERGE_SETTLED, target_process=CASE, case_id=merged.id, payload={}, sent_at=self.now, attempts=0))

    def _hear(self) -> int:
        """Trigger every event whose fact holds; returns how many."""
        heard = 0
        for instance, workflow in list(self._open.items()):
            if instance.status != "running":
                continue
            for name in sorted(engine.awaited_messages(workflow) & self.bindings.facts.keys()):
                payload = self.bindings.facts[name](instance.subject)
                if payload is not None and engine.waits_for(workflow, name):
                    engine.send(workflow, name, _small(payload))
                    self._restless.add(instance)
                    heard += 1
        return heard

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
        """Return the undelivered messages of the case."""
        if self._messages is None:
            query = select(Message).where(Message.case_id == self.case.id, Message.delivered_at.is_(None)).order_by(Message.id)
            with db.session.no_autoflush:
                self._messages = list(db.session.scalars(query))
        return self._messages

    def _deliver(self) -> int:
        told = self.bindings.facts.keys()
        if self._messages is None and not any(engine.awaited_messages(workflow) - told for workflow in self._open.values()):
            return 0
        return sum(self._hand_over(message) for message in list(self.waiting_messages()))

    def _hand_over(self, message: Message) -> bool:
        target = self._target(message)
        if target is None or target.ended_at is not None:
            self._settle_message(message, superseded=True)
            return False
        if target.status != "running":
            return False
        if message.name in self.bindings.facts:
            # the message only wakes the instance: the fact itself is read again, like every fact
            self.open(target)
            self._settle_message(message, superseded=self.bindings.facts[message.name](target.subject) is None)
            return True
        if not engine.waits_for(self.open(target), message.name):
            return False
        self._settle_message(message, superseded=False)
        engine.send(self.open(target), message.name, _small(message.payload))
        self._restless.add(target)
        return True

    def _target(self, message: Message) -> ProcessInstance | None:
        if message.assignment_id is None:
            return self.instance_of(None)
        return next((each for each in self.instances if each.assignment and each.assignment.id == message.assignment_id), None)

    def _settle_message(self, message: Message, *, superseded: bool) -> None:
        message.delivered_at, message.superseded = self.now, superseded
        self.waiting_messages().remove(message)

    def call_service(self, name: str, parameters: dict[str, Any]) -> str:
        """Answer a service call of the engine for this case."""
        return orjson.dumps(run_service(name, self.case, parameters, now=self.now)).decode()


def _reached_ends(workflow: BpmnWorkflow, definition: Definition) -> Iterator[str]:
    for task in workflow.get_tasks(state=TaskState.COMPLETED):
        element = definition.elements.get(task.task_spec.name)
        if element is not None and element.kind == "endEvent":
            yield element.id


def _small(values: dict[str, Any]) -> dict[str, Any]:
    """Return values that an instance's state may hold: ids, outcomes and flags, never content. Raises ValueError."""
    for name, value in values.items():
        if not isinstance(value, bool | int | float | None) and not (isinstance(value, str) and len(value) <= 100):
            raise ValueError(f"{name}: the process keeps ids, outcomes and flags only")
    return values
