"""The tokens of a task tree in terms of the nets: where each stands, and what a non-interrupting boundary event has begun."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.definitions.joins import waits_to_be_joined
from workflows.definitions.process import Definition
from workflows.definitions.vocabulary import RESTING
from workflows.moving.net import AT, ON, Net, Spot

LIVE = TaskState.READY | TaskState.WAITING
"""Tasks that go on."""
FORESEEN = TaskState.PREDICTED_MASK | TaskState.FUTURE
"""Tasks no token has come to."""


class NotAtRest(RuntimeError):
    """Something in the tree neither rests nor has ended."""


@dataclass(frozen=True)
class Token:
    """One token. `beside` is the task of the boundary event that began its group, None for the instance's own tokens."""

    task: Task
    spot: Spot
    beside: UUID | None


def tokens_of(workflow: BpmnWorkflow, definition: Definition, net: Net) -> list[Token]:
    """Return the tokens of an instance. Raises NotAtRest."""
    return list(_tokens(workflow, definition, net))


def grouped(tokens: list[Token]) -> dict[UUID | None, list[Token]]:
    """Return the tokens by group; the instance's own group always exists."""
    groups: dict[UUID | None, list[Token]] = defaultdict(list, {None: []})
    for token in tokens:
        groups[token.beside].append(token)
    return dict(groups)


def element_before(task: Task, definition: Definition) -> str:
    """Return the element before a task, "" if there is none; the engine has tasks of its own between elements."""
    parent = task.parent
    while parent is not None and parent.task_spec.name not in definition.elements:
        parent = parent.parent
    return parent.task_spec.name if parent is not None else ""


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a token for another task: what is done with them there changes nothing here."""
    return {name: deepcopy(value) if isinstance(value, dict | list) else value for name, value in values.items()}


def _tokens(workflow: BpmnWorkflow, definition: Definition, net: Net) -> Iterator[Token]:
    for task in workflow.tasks.values():
        if task.state == TaskState.READY and not task.task_spec.manual:
            raise NotAtRest(task.task_spec.name)
        element = definition.elements.get(task.task_spec.name)
        if element is None:
            continue
        if waits_to_be_joined(task) and task.has_state(TaskState.WAITING | TaskState.CANCELLED):
            yield Token(task, (ON, element_before(task, definition), element.id), _begun_by(task, net))
        elif element.kind in RESTING and task.has_state(LIVE):
            yield Token(task, (AT, element.id), _begun_by(task, net))


def _begun_by(task: Task, net: Net) -> UUID | None:
    parent = task.parent
    while parent is not None:
        if parent.task_spec.name in net.beyond and getattr(parent.task_spec, "cancel_activity", None) is False:
            return UUID(str(parent.id))
        parent = parent.parent
    return None
