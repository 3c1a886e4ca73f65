"""The task tree of one instance: created, stored and restored (packing.py), and stepped to its next rest."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows import packing
from workflows.definitions.expressions import ClosedScriptEngine
from workflows.packing import NAMED_OUTSIDE

MAX_ROUNDS = 500
"""More rounds than this between two rests mean that the diagram loops without end."""
DEEPEST = 600
"""Levels of tasks in a tree. Python allows about 1000 nested calls, and the engine recurses once per level; beyond 1000 levels it silently
stops searching."""

Services = Callable[[str, dict[str, Any]], str]


class EndlessLoop(RuntimeError):
    """The model never comes to rest."""


class TreeTooDeep(RuntimeError):
    """The instance has passed more steps than its tree can hold, though repeated rounds are removed (rounds.py)."""


def new_instance(spec: BpmnProcessSpec, services: Services | None = None) -> BpmnWorkflow:
    """Return a fresh instance that has not taken its first step."""
    return BpmnWorkflow(spec, script_engine=ClosedScriptEngine(services))


def pack(workflow: BpmnWorkflow) -> bytes:
    """Return the instance as it is stored."""
    return packing.compressed(packing.tree_of(workflow))


def unpack(state: bytes, spec: BpmnProcessSpec, services: Services | None = None) -> BpmnWorkflow:
    """Return the instance stored by `pack`, over the specification of its version."""
    return packing.restored(packing.decompressed(state), spec, ClosedScriptEngine(services))


def stored_copy(workflow: BpmnWorkflow, services: Services | None = None) -> BpmnWorkflow:
    """Return the instance as it would be read back if it were stored now."""
    return packing.restored(packing.tree_of(workflow), workflow.spec, ClosedScriptEngine(services))


def run_to_rest(workflow: BpmnWorkflow) -> None:
    """Step until only people and events can move the instance on.

    This is `do_engine_steps` for an instance without subprocesses, repeated until the timers it looks at leave nothing READY either: the
    engine's own walks the whole tree to find a step. Call inside `engine_clock`. Raises EndlessLoop and TreeTooDeep.
    """
    budget = MAX_ROUNDS

    def take(task: Task) -> None:
        nonlocal budget
        task.run()
        budget -= 1
        if budget < 0:
            raise EndlessLoop(f"{workflow.spec.name} took {MAX_ROUNDS} steps without coming to rest")
        if budget % 50 == 0:
            _refuse_depth(workflow)

    while True:
        while ready := _found(workflow, TaskState.READY, _is_automatic):
            for task in ready:
                take(task)
        workflow.refresh_timers()
        _refuse_depth(workflow)
        if not _found(workflow, TaskState.READY, _is_automatic):
            return


def _refuse_depth(workflow: BpmnWorkflow) -> None:
    if len(workflow.tasks) > DEEPEST and any(task.depth > DEEPEST for task in workflow.tasks.values() if task.state & NAMED_OUTSIDE):
        raise TreeTooDeep(f"{workflow.spec.name} has more than {DEEPEST} tasks below each other")


def _found(workflow: BpmnWorkflow, state: int, is_wanted: Callable[[Task], bool]) -> list[Task]:
    """Return the wanted tasks in a state in the order of the tree, which needs not be walked for one or none."""
    found = [task for task in workflow.tasks.values() if task.state == state and is_wanted(task)]
    return found if len(found) < 2 else [task for task in workflow.get_tasks(state=state) if is_wanted(task)]


def _is_automatic(task: Task) -> bool:
    return not task.task_spec.manual


def _is_manual(task: Task) -> bool:
    return bool(task.task_spec.manual)


def waiting_steps(workflow: BpmnWorkflow) -> Iterator[Task]:
    yield from _found(workflow, TaskState.READY, _is_manual)


def waiting_timers(workflow: BpmnWorkflow) -> Iterator[tuple[Task, datetime]]:
    """Yield the timers that wait, with the instant each is due."""
    for task in _found(workflow, TaskState.WAITING, _has_timer):
        yield task, timer_due(task)


def has_waiting_timers(workflow: BpmnWorkflow) -> bool:
    return any(_has_timer(task) for task in workflow.event_manager.tasks.values())


def _has_timer(task: Task) -> bool:
    return any(isinstance(each, TimerEventDefinition) for each in _waits_for(task))


def timer_due(task: Task) -> datetime:
    """Return the instant a waiting timer is due; timers with a cycle keep the next one under `next`."""
    moment = task.internal_data["event_value"]
    return datetime.fromisoformat(moment["next"] if isinstance(moment, dict) else moment).astimezone(UTC)


def set_timer(workflow: BpmnWorkflow, engine_task: UUID, due_at: datetime) -> None:
    """Move a waiting timer. Its instant is computed once, on arrival, and only the value in `internal_data` counts."""
    task = workflow.get_task_from_id(engine_task)
    moment = task.internal_data["event_value"]
    if isinstance(moment, dict):
        moment["next"] = due_at.isoformat()
    else:
        task.internal_data["event_value"] = due_at.isoformat()


def waits_for(workflow: BpmnWorkflow, message: str) -> bool:
    """Whether some event of the instance waits for this message."""
    event = BpmnEvent(MessageEventDefinition(message), {})
    return any(task.state == TaskState.WAITING and task.task_spec.catches(task, event) for task in workflow.event_manager.tasks.values())


def awaited_messages(workflow: BpmnWorkflow) -> set[str]:
    """Return the names of the messages that events of the instance wait for."""
    waiting = (each for task in workflow.event_manager.tasks.values() if task.state == TaskState.WAITING for each in _waits_for(task))
    return {definition.name for definition in waiting if isinstance(definition, MessageEventDefinition)}


def _waits_for(task: Task) -> list[Any]:
    """The definitions an event waits for; for an event-based gateway, those of the events behind it, at most one a timer."""
    definition = getattr(task.task_spec, "event_definition", None)
    return definition.event_definitions if isinstance(definition, MultipleEventDefinition) else [definition]


def send(workflow: BpmnWorkflow, message: str, payload: dict[str, Any]) -> None:
    """Send a message to the instance; raises WorkflowException if nothing waits for it."""
    workflow.send_event(BpmnEvent(MessageEventDefinition(message), payload))


def thrown_messages(workflow: BpmnWorkflow) -> list[tuple[str, dict[str, Any]]]:
    """Remove and return the messages the instance has sent and nothing inside has caught."""
    events = [event for event in workflow.get_events() if isinstance(event.event_definition, MessageEventDefinition)]
    return [(event.event_definition.name, event.payload or {}) for event in events]


def has_completed(workflow: BpmnWorkflow, engine_task: UUID) -> bool:
    """Whether a task ran to its end, instead of being cancelled or dropped."""
    task = workflow.tasks.get(engine_task)
    return task is not None and task.state == TaskState.COMPLETED
