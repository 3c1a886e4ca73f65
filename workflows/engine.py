"""The task tree of one instance: created, restored, stepped to its next rest, and stored compactly."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import zstandard
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter, WorkflowConverter
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.definitions.expressions import ClosedScriptEngine

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


class _TreeConverter(BpmnWorkflowConverter):
    """Converts an instance without its specification, which is stored once per version."""

    def to_dict(self, workflow: BpmnWorkflow) -> dict[str, Any]:
        return _shortened({**WorkflowConverter.to_dict(self, workflow), "subprocesses": {}, "bpmn_events": []})


NAMED_OUTSIDE = TaskState.READY | TaskState.WAITING | TaskState.STARTED
"""Tasks whose ids stand in our own tables: waiting steps and timers."""
SHORT = 1 << 32


def _shortened(tree: dict[str, Any]) -> dict[str, Any]:
    """Give tasks nobody outside knows small numbers as ids, and drop all times, because random digits do not compress."""
    tasks: dict[str, Any] = tree["tasks"]
    free = count(max((number for number in (UUID(id_).int for id_ in tasks) if number < SHORT), default=0) + 1)
    names = {id_: UUID(int=next(free)).hex for id_, task in tasks.items() if not task["state"] & NAMED_OUTSIDE and UUID(id_).int >= SHORT}
    short = {
        names.get(id_, id_): {
            **task,
            "id": names.get(id_, id_),
            "parent": names.get(task["parent"], task["parent"]),
            "children": [names.get(child, child) for child in task["children"]],
            "last_state_change": 0,
        }
        for id_, task in tasks.items()
    }
    return {
        **tree, "tasks": short, "root": names.get(tree["root"], tree["root"]), "last_task": names.get(tree["last_task"], tree["last_task"])
    }  # fmt: skip


_serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure({**SPIFF_CONFIG, BpmnWorkflow: _TreeConverter}))


def new_instance(spec: BpmnProcessSpec, services: Services | None = None) -> BpmnWorkflow:
    """Return a fresh instance that has not taken its first step."""
    return BpmnWorkflow(spec, script_engine=ClosedScriptEngine(services))


def pack(workflow: BpmnWorkflow) -> bytes:
    """Return the task tree as compressed JSON."""
    return zstandard.compress(orjson.dumps(_serializer.to_dict(workflow)), level=9)


def unpack(state: bytes, spec: BpmnProcessSpec, services: Services | None = None) -> BpmnWorkflow:
    """Return the instance stored by `pack`, over the specification of its version."""
    tree = orjson.loads(zstandard.decompress(state))
    # The converter restores whatever stands at "spec"; an object that is one already passes through unchanged.
    workflow = _serializer.from_dict({**tree, "spec": spec, "subprocess_specs": {}})
    workflow.script_engine = ClosedScriptEngine(services)
    return workflow


def stored_copy(workflow: BpmnWorkflow, services: Services | None = None) -> BpmnWorkflow:
    """Return the instance as it would be read back if it were stored now."""
    copy = _serializer.from_dict({**_serializer.to_dict(workflow), "spec": workflow.spec, "subprocess_specs": {}})
    copy.script_engine = ClosedScriptEngine(services)
    return copy


def run_to_rest(workflow: BpmnWorkflow) -> None:
    """Step until only people and events can move the instance on.

    `do_engine_steps` ends by looking at the timers and leaves a due one READY without running it, so it is called again until nothing
    moves. Call inside `engine_clock`. Raises EndlessLoop and TreeTooDeep.
    """
    budget = MAX_ROUNDS

    def spend(_task: Task) -> None:
        nonlocal budget
        budget -= 1
        if budget < 0:
            raise EndlessLoop(f"{workflow.spec.name} took {MAX_ROUNDS} steps without coming to rest")
        if budget % 50 == 0:
            _refuse_depth(workflow)

    while True:
        workflow.do_engine_steps(did_complete_task=spend)
        _refuse_depth(workflow)
        if not any(not task.task_spec.manual for task in workflow.get_tasks(state=TaskState.READY)):
            return


def _refuse_depth(workflow: BpmnWorkflow) -> None:
    if len(workflow.tasks) > DEEPEST and any(task.depth > DEEPEST for task in workflow.tasks.values() if task.state & NAMED_OUTSIDE):
        raise TreeTooDeep(f"{workflow.spec.name} has more than {DEEPEST} tasks below each other")


def waiting_steps(workflow: BpmnWorkflow) -> Iterator[Task]:
    yield from workflow.get_tasks(state=TaskState.READY, manual=True)


def waiting_timers(workflow: BpmnWorkflow) -> Iterator[tuple[Task, datetime]]:
    """Yield the timers that wait, with the instant each is due."""
    for task in workflow.get_tasks(state=TaskState.WAITING):
        if any(isinstance(each, TimerEventDefinition) for each in _waits_for(task)):
            yield task, timer_due(task)


def has_waiting_timers(workflow: BpmnWorkflow) -> bool:
    return any(isinstance(each, TimerEventDefinition) for task in workflow.event_manager.tasks.values() for each in _waits_for(task))


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
