"""The events a task waits for: which guard it, which have happened, which may keep their instant, and letting one begin to wait anew."""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import CycleTimerEventDefinition, TimerEventDefinition
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.running.token_moves import SPLIT


def guards(split: Task, task: Task) -> bool:
    """Whether a task is the one the engine puts before a step with boundary events."""
    return isinstance(split.task_spec, BoundaryEventSplit) and split.task_spec.name == f"{task.task_spec.name}{SPLIT}"


def spent_events(was: Task) -> list[Task]:
    """The boundary events of a waiting step that have already happened."""
    if was.parent is None or not guards(was.parent, was):
        return []
    return [each for each in was.parent.children if each is not was and each.has_state(TaskState.FINISHED_MASK)]


def keeps_moment(old: TaskSpec, new: TaskSpec) -> bool:
    """Whether a waiting event may keep what it has computed: both wait for an instant, both for a cycle, or both for neither."""
    return moment_kind(old) == moment_kind(new)


def moment_kind(spec: TaskSpec) -> str:
    """Return what an event waits for: a "cycle" of instants, one "moment", or "" for neither."""
    definition = getattr(spec, "event_definition", None)
    parts = definition.event_definitions if isinstance(definition, MultipleEventDefinition) else [definition]
    moments = [each for each in parts if isinstance(each, TimerEventDefinition)]
    return "cycle" if any(isinstance(each, CycleTimerEventDefinition) for each in moments) else "moment" if moments else ""


def rearm(task: Task, data: dict[str, Any] | None = None) -> None:
    """Let an event begin to wait as if a token had just arrived, with the token's values."""
    values = task.data if data is None else data
    parent, had = task.parent, task.parent.data
    task._set_state(TaskState.FUTURE)
    task.internal_data = {}
    task.data = dict(values)
    parent.data = values
    try:
        task.task_spec._update(task)
    finally:
        parent.data = had
    task.data = dict(values)
