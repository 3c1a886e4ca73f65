"""Setting a token elsewhere in its own line of a process: where it may go, and the move itself, on an unpacked task tree."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.definitions.process import Definition, Element
from workflows.definitions.vocabulary import RESTING

SPLIT = f".{BoundaryEventSplit.__name__}"
"""How the engine names the task it puts before a step with boundary events."""

BETWEEN_LINES = ("parallelGateway", "endEvent")
"""Where lines part, meet and end: what stands on two sides of one belongs to no common line."""


def tokens_at_rest(workflow: BpmnWorkflow, definition: Definition) -> list[Task]:
    """Return the tasks a token rests at, in the order of the tree. A boundary event that listens and a join hold none that may move."""
    resting = workflow.get_tasks(state=TaskState.READY | TaskState.WAITING)
    return [task for task in resting if _kind(task.task_spec, definition) in RESTING]


def targets_of(element: str, process_id: str, definition: Definition) -> list[str]:
    """Return where a token that rests at an element may be set instead: the other resting places of its line, in the model's order.

    A line is what hangs together when parallel gateways, ends and boundary events that do not interrupt are taken out: across one of
    those a move would leave a join waiting for ever, or two tokens where one belongs.
    """
    spec = definition.specs[process_id]
    lines = _lines(spec, definition)
    own = lines[element]
    others = (each for each in definition.elements.values() if each.process_id == process_id and each.id != element)
    return [each.id for each in others if lines.get(each.id) == own and _can_stand(each, spec, definition)]


def set_token(workflow: BpmnWorkflow, engine_task: UUID, target: str) -> Task:
    """Take the token from a resting task and set it at another element with its variables; returns the new task.

    To be called inside `engine_clock`. The tree is half changed when this raises what the engine meets at the target (a timer whose
    variable is missing): throw it away then.
    """
    task = workflow.get_task_from_id(engine_task)
    is_guarded = isinstance(task.parent.task_spec, BoundaryEventSplit)
    before = task.parent.parent if is_guarded else task.parent
    data = deepcopy(task.data)
    for each in task.parent.children if is_guarded else [task]:
        # what an event that does not interrupt has begun is a token of its own and goes on
        if each.has_state(TaskState.NOT_FINISHED_MASK):
            each.cancel()
    return _arrive(workflow, before, entry_of(workflow.spec, target), data)


def _arrive(workflow: BpmnWorkflow, before: Task, spec: TaskSpec, data: Mapping[str, object]) -> Task:
    """Let a token arrive as the engine does after a choice: the branch is predicted, then updated."""
    arrived = before._add_child(spec, TaskState.FUTURE)
    arrived.data = dict(data)
    spec._predict(arrived, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
    spec._update(arrived)
    if isinstance(spec, BoundaryEventSplit):
        arrived.run()
        return next(child for child in arrived.children if child.task_spec.name == spec.name.removesuffix(SPLIT))
    return arrived


def entry_of(spec: BpmnProcessSpec, element: str) -> TaskSpec:
    """Return what a token enters an element by: one with boundary events by the task the engine puts before it."""
    return spec.task_specs.get(element + SPLIT) or spec.task_specs[element]


def _can_stand(element: Element, spec: BpmnProcessSpec, definition: Definition) -> bool:
    """The engine moves the events behind an event-based gateway into the gateway: alone they would pass at once."""
    sources = {_kind(each, definition) for each in spec.task_specs[element.id].inputs}
    return element.kind in RESTING and "eventBasedGateway" not in sources


def _lines(spec: BpmnProcessSpec, definition: Definition) -> dict[str, str]:
    """By element its line, named after one of its members."""
    line = {name: name for name, each in spec.task_specs.items() if _is_on_a_line(each, definition)}

    def root(name: str) -> str:
        while line[name] != name:
            name = line[name]
        return name

    for source, target in _connections(spec):
        if source in line and target in line:
            line[root(source)] = root(target)
    return {name: root(name) for name in line}


def _connections(spec: BpmnProcessSpec) -> Iterator[tuple[str, str]]:
    for name, each in spec.task_specs.items():
        for after in each.outputs:
            if getattr(after, "cancel_activity", True):
                yield name, after.name


def _is_on_a_line(spec: TaskSpec, definition: Definition) -> bool:
    kind = _kind(spec, definition)
    return isinstance(spec, BoundaryEventSplit) if kind is None else kind not in BETWEEN_LINES


def _kind(spec: TaskSpec, definition: Definition) -> str | None:
    element = definition.elements.get(spec.name)
    return element.kind if element is not None else None
