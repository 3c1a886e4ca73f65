"""Where the tokens of a case stand on its diagram: what is done, what waits, which flows were taken."""

from collections.abc import Iterator
from dataclasses import dataclass

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select

from casework.db import db
from casework.models import Case
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.models import ProcessInstance, ProcessVersion
from workflows.running.stored_trees import tree_to_read

REACHED = TaskState.COMPLETED | TaskState.READY | TaskState.WAITING | TaskState.STARTED | TaskState.CANCELLED


@dataclass(frozen=True, slots=True)
class Tokens:
    """One instance on the diagram: ids of elements and of sequence flows. Empty for a state that cannot be read."""

    process_id: str
    assignment_id: int | None
    version_id: int
    is_ended: bool
    done: frozenset[str]
    current: frozenset[str]
    taken: frozenset[str]
    is_readable: bool = True


def tokens_of(case: Case) -> list[Tokens]:
    """Return the tokens of every instance of a case, the case's own first. Reads only."""
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id)
    instances = db.session.scalars(query.order_by(ProcessInstance.assignment_id.is_not(None), ProcessInstance.id))
    return [tokens_in(instance.state, instance) for instance in instances]


def tokens_in(state: bytes, instance: ProcessInstance, *, version: ProcessVersion | None = None) -> Tokens:
    """Return the tokens of an instance in its present or an earlier state (pass the version of then). Reads only."""
    version = version or instance.process_version
    definition = definition_of(version)
    where = (instance.process_id, instance.assignment_id, version.id, instance.ended_at is not None)
    try:
        workflow = tree_to_read(state, instance.process_id, version)
    except Exception:  # damaged: the engine may raise anything, but the page must still open
        return Tokens(*where, frozenset(), frozenset(), frozenset(), is_readable=False)
    return Tokens(*where, *marks_of(workflow, definition))


def marks_of(workflow: BpmnWorkflow, definition: Definition) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the elements that are done, those that are current, and the flows that were taken."""
    reached = [task for task in workflow.get_tasks(state=REACHED) if _is_reached(task, definition)]
    current = {task.task_spec.name for task in reached if task.state in (TaskState.READY, TaskState.WAITING)}
    done = {task.task_spec.name for task in reached if task.state == TaskState.COMPLETED}
    return frozenset(done - current), frozenset(current), frozenset(_taken(reached, definition))


def _is_reached(task: Task, definition: Definition) -> bool:
    """Whether a token has reached the task. A waiting boundary event holds no token, and of a join's waiting tasks the engine set all but
    one aside.

    Elements that only listen do not count until they have heard something.
    """
    element = definition.elements.get(task.task_spec.name)
    if element is None:
        return False
    if "beside" in element.properties:
        return element.kind == "intermediateCatchEvent" and task.state == TaskState.COMPLETED
    if task.state == TaskState.CANCELLED:
        return element.kind == "parallelGateway" and task.parent.state == TaskState.COMPLETED
    return element.kind != "boundaryEvent" or task.state == TaskState.COMPLETED


def _taken(reached: list[Task], definition: Definition) -> Iterator[str]:
    for task in reached:
        before = _element_before(task, definition)
        if before is not None and (before, task.task_spec.name) in definition.flows:
            yield definition.flows[before, task.task_spec.name]


def _element_before(task: Task, definition: Definition) -> str | None:
    """The element before a task; the engine's own tasks between elements (around boundary events) are skipped."""
    parent = task.parent
    while parent is not None and parent.task_spec.name not in definition.elements:
        parent = parent.parent
    return parent.task_spec.name if parent is not None else None
