"""Moving a token within its line of a process: where it may go, and the move itself, on an unpacked task tree."""

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
"""The engine's name for the task it puts before a step with boundary events."""

BETWEEN_LINES = ("parallelGateway", "endEvent")
"""Where lines part, meet and end: nodes on different sides of one share no line."""


def tokens_at_rest(workflow: BpmnWorkflow, definition: Definition) -> list[Task]:
    """Return the tasks a token rests at, in the order of the tree. Listening boundary events and joins hold none that may move."""
    resting = workflow.get_tasks(state=TaskState.READY | TaskState.WAITING)
    return [task for task in resting if _kind(task.task_spec, definition) in RESTING]


def targets_of(element: str, process_id: str, definition: Definition) -> list[str]:
    """Return where a token resting at an element may be moved: the other resting places of its line, in the model's order.

    Lines are what remains connected without parallel gateways, ends and non-interrupting boundary events: a move across one of those would
    leave a join waiting for ever, or two tokens where one belongs.
    """
    spec = definition.specs[process_id]
    lines = _lines(spec, definition)
    own = lines[element]
    others = (each for each in definition.elements.values() if each.process_id == process_id and each.id != element)
    return [each.id for each in others if lines.get(each.id) == own and _can_stand(each, spec, definition)]


def set_token(workflow: BpmnWorkflow, engine_task: UUID, target: str) -> Task:
    """Move the token from a resting task to another element, with its variables; returns the new task.

    Call inside `engine_clock`. If this raises a fault of the engine at the target (a timer whose variable is missing), the tree is half
    changed: discard it.
    """
    task = workflow.get_task_from_id(engine_task)
    is_guarded = isinstance(task.parent.task_spec, BoundaryEventSplit)
    before = task.parent.parent if is_guarded else task.parent
    data = deepcopy(task.data)
    for each in task.parent.children if is_guarded else [task]:
        # whatever a non-interrupting event has begun has its own token and goes on
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
    """Return the task specification by which a token enters an element; with boundary events, the one the engine puts before it."""
    return spec.task_specs.get(element + SPLIT) or spec.task_specs[element]


def _can_stand(element: Element, spec: BpmnProcessSpec, definition: Definition) -> bool:
    """Not behind an event-based gateway: the engine moves those events into the gateway, and alone they would pass at once."""
    sources = {_kind(each, definition) for each in spec.task_specs[element.id].inputs}
    return element.kind in RESTING and "eventBasedGateway" not in sources


def _lines(spec: BpmnProcessSpec, definition: Definition) -> dict[str, str]:
    """The line of each element, named after one of its members."""
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
