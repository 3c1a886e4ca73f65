"""Writes the flat rows that inbox and worker read from the task trees: waiting steps, timers, and how long each step took."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow

from casework.calendars import calendar_of
from casework.casefile.step_records import tell_step_waits
from casework.clocks.acts import (
    ClockKind,
    end_step_clock,
    limits_are_followed,
    running_clock,
    running_clocks,
    running_step_clock,
    start_step_clock,
    tell_limits,
)
from casework.db import add_only, db
from casework.models import Case
from casework.settings.elements import element_rule
from casework.working_time import BeyondTenYears, due_at, working_minutes
from workflows import engine
from workflows.bindings import OF_THE_PAUSE, Bindings
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Element
from workflows.desk_access import desk_of
from workflows.element_settings import limit_on, waits_as_drawn
from workflows.models import FAR, ProcessInstance, StepFact, Timer, WaitingTask
from workflows.running.case_rows import AT_DESKS, forget_timers, steps_of, timers_of
from workflows.running.drawn_steps import is_unforeseen

Opened = Mapping[ProcessInstance, BpmnWorkflow]



class FlatRows:
    """The rows one step of a case writes. `opened` are steps that began to wait, `left` those that no longer do."""

    def __init__(self, case: Case, steps: list[WaitingTask] | None = None, *, now: datetime, bindings: Bindings) -> None:
        """`steps`: those of the case at desks, if they have just been read; they serve the first time rows are written."""
        self.case, self.now, self.bindings = case, now, bindings
        self._steps = steps
        self.opened: list[WaitingTask] = []
        self.left: list[WaitingTask] = []
        self._had_timers = False

    def note_timers(self, workflow: BpmnWorkflow, *, replaced: bool = False) -> None:
        """Note that an instance had timers before it moved, or may have had if its tree was replaced, since rows may have to end."""
        self._had_timers = self._had_timers or replaced or engine.has_waiting_timers(workflow)

    def steps_at_desks(self) -> list[WaitingTask]:
        """The steps of the case that are at desks, read once until the rows are written."""
        if self._steps is None:
            self._steps = steps_of(self.case)
        return self._steps

    def write(self, opened: Opened) -> None:
        """Update the rows to the state of the opened instances."""
        self._write_steps(opened)
        self._write_timers(opened)
        self._write_facts()
        forget_timers(self.case)
        limits_are_followed(self.case)

    def _write_steps(self, opened: Opened) -> None:
        rows = [row for row in self.steps_at_desks() if row.state in AT_DESKS]
        self._steps = None
        for instance, workflow in opened.items():
            waiting = {str(task.id): task.task_spec.name for task in engine.waiting_steps(workflow)} if instance.ended_at is None else {}
            known = {row.engine_task: row for row in rows if row.instance is instance}
            for engine_task in known.keys() - waiting.keys():
                known[engine_task].state, known[engine_task].done_at = "withdrawn", self.now
                self.left.append(known[engine_task])
            elements = definition_of(instance.process_version).elements
            for engine_task, name in waiting.items():
                if engine_task not in known:
                    self.opened.append(self._new_step(instance, engine_task, elements[name]))
        for row in self.left:
            end_step_clock(self.case, row.element, at=self.now, assignment=row.assignment)
        db.session.add_all(self.opened)
        self._bring_up_to_date([row for row in rows if row.state != "withdrawn"] + self.opened)
        for row in self.opened:
            if row.state == "waiting" and is_unforeseen(row.element, self.bindings):
                tell_step_waits(self.case, desk=row.desk, element=row.element, at=self.now)

    def _new_step(self, instance: ProcessInstance, engine_task: str, element: Element) -> WaitingTask:
        assignment = instance.assignment
        return WaitingTask(
            instance=instance, version_id=instance.process_version.id, engine_task=engine_task, element=element.id,
            case=self.case, assignment=assignment,
            desk=desk_of(element, self.case, assignment, self.bindings, since=self.now, now=self.now), centre_id=self.case.centre_id,
            agency_id=assignment.agency_id if assignment else None, state="waiting", entered_at=self.now, due_at=FAR, urgent=False,
        )  # fmt: skip

    def _bring_up_to_date(self, rows: list[WaitingTask]) -> None:
        """Update limits, desks and hold states of steps after other changes to the case."""
        limits, standstill = _limits_of(self.case), self.case.standstill
        for row in rows:
            element = _element_of(row)
            row.urgent, row.centre_id = self.case.is_urgent, self.case.centre_id
            step = self.bindings.steps.get(row.element)
            goes_on = standstill is None or (step is not None and standstill in step.goes_on_in)
            row.state = "waiting" if goes_on and row.instance.status != "suspended" else "frozen"
            self._start_own_limit(row, element)
            row.due_at = _due_of(row, element, self.case, limits)
            desk = desk_of(element, self.case, row.assignment, self.bindings, since=row.entered_at, now=self.now) if element else row.desk
            if desk != row.desk:
                row.desk, row.claimed_by_id, row.claimed_at, row.assigned_by_id = desk, None, None, None

    def _start_own_limit(self, row: WaitingTask, element: Element | None) -> None:
        """Start the step's own limit, if it has one, when it begins to wait."""
        if row.state != "waiting" or running_step_clock(self.case, row.element, assignment=row.assignment) is not None:
            return
        limit = limit_on(element, self.case.centre_id, row.entered_at)
        if limit is not None:
            with suppress(BeyondTenYears):
                start_step_clock(self.case, row.element, limit=limit, at=self.now, assignment=row.assignment)

    def _write_timers(self, opened: Opened) -> None:
        if not self._had_timers and not any(engine.has_waiting_timers(workflow) for workflow in opened.values()):
            return
        rows = timers_of(self.case)
        for instance, workflow in opened.items():
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
        if not self.left:
            return
        calendar = calendar_of(self.case.centre_id)
        for row in self.left:
            try:
                minutes = working_minutes(row.entered_at, self.now, calendar)
            except BeyondTenYears:
                minutes = None
            add_only(
                StepFact(
                    engine_task=row.engine_task, version_id=row.version_id, element=row.element, entered_at=row.entered_at,
                    left_at=self.now, working_minutes=minutes,
                ),
                ids=partial(_ids_of, row),
            )  # fmt: skip


def _ids_of(row: WaitingTask) -> dict[str, int | None]:
    return {"instance_id": row.instance_id, "case_id": row.case_id, "assignment_id": row.assignment_id}


def set_daily_timers(case: Case, opened: Opened, *, now: datetime) -> None:
    """Apply daily settings to timers that have just begun to wait."""
    waiting = {instance: list(engine.waiting_timers(workflow)) for instance, workflow in opened.items() if instance.ended_at is None}
    if not any(waiting.values()):
        return
    known = {row.engine_task for row in timers_of(case, keeps=True)}
    for instance, timers in waiting.items():
        definition = definition_of(instance.process_version)
        for task, _due in timers:
            limit = element_rule(task.task_spec.name, case.centre_id, now).limit if str(task.id) not in known else None
            if limit is not None and waits_as_drawn(definition.elements[task.task_spec.name], definition):
                engine.set_timer(opened[instance], task.id, due_at(limit, now, calendar_of(case.centre_id)) or now)


def rearm_timers(case: Case, opened: Opened) -> None:
    """Move the waiting timers that follow a clock to its present due instant, after an extension or a pause."""
    for instance, workflow in opened.items():
        for task, due in list(engine.waiting_timers(workflow)):
            moved = _due_of_timer(case, instance, task.task_spec.name)
            if moved is not None and moved != due:
                engine.set_timer(workflow, task.id, moved)


def follow_limits(case: Case) -> None:
    """Update the due instants of a case's open steps, and of timers that follow a limit, to its present limits. No token moves.

    For changes the process does not need to hear of, such as a changed calendar.
    """
    limits = _limits_of(case)
    for row in steps_of(case):
        row.due_at = _due_of(row, _element_of(row), case, limits)
    behind: dict[ProcessInstance, list[tuple[Timer, datetime]]] = {}
    for timer in timers_of(case):
        due = _due_of_timer(case, timer.instance, timer.element)
        if due is not None and due != timer.due_at:
            behind.setdefault(timer.instance, []).append((timer, due))
    for instance, timers in behind.items():
        workflow = engine.unpack(instance.state, definition_of(instance.process_version).specs[instance.process_id])
        for timer, due in timers:
            engine.set_timer(workflow, UUID(timer.engine_task), due)
            timer.due_at = due
        instance.state = engine.pack(workflow)


tell_limits(follow_limits)


def _limits_of(case: Case) -> dict[tuple[str, int | None], datetime | None]:
    """The due instants of the limits steps may wait for, by the name in diagrams and the assignment."""
    kinds = [clock for clock in running_clocks(case) if clock.kind != ClockKind.STEP]
    return {(str(clock.kind), clock.assignment_id): clock.due_at for clock in kinds} | {(OF_THE_PAUSE, None): case.paused_until}


def _element_of(row: WaitingTask) -> Element | None:
    return definition_of(row.instance.process_version).elements.get(row.element)


def _due_of(row: WaitingTask, element: Element | None, case: Case, limits: Mapping[tuple[str, int | None], datetime | None]) -> datetime:
    """When a step is due: by its own limit, else by the limit its element names, that of its agency before that of the case."""
    clock = running_step_clock(case, row.element, assignment=row.assignment)
    kind = element.properties.get("clock", "") if element else ""
    of_agency = limits.get((kind, row.assignment.id if row.assignment else None))
    return (clock.due_at if clock is not None else None) or of_agency or limits.get((kind, None)) or FAR


def _due_of_timer(case: Case, instance: ProcessInstance, name: str) -> datetime | None:
    """The due instant of the limit a timer follows; None if it follows none, or one that is paused or not running."""
    element = definition_of(instance.process_version).elements.get(name)
    kind = element.properties.get("clock") if element is not None else None
    clock = running_clock(case, ClockKind(kind), assignment=instance.assignment) if kind else None
    return clock.due_at if clock is not None else None
