"""The process of a case as an administrator sees it: where its tokens rest, where each may be moved, which values it has.

It holds no content: for values filled in at drawn steps, only whether there is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow

from casework.bilingual import Bilingual
from casework.models import Case
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.definitions.variables import Variable
from workflows.models import ProcessInstance, ProcessVersion
from workflows.moving.token_targets import reason_against
from workflows.running.case_rows import instances_of
from workflows.running.process_variables import content_names, declared_variables, value_of
from workflows.running.stored_trees import tree_to_read
from workflows.running.token_moves import targets_of, tokens_at_rest


@dataclass(frozen=True, slots=True)
class RestingToken:
    """A token at rest. `targets` are ids and labels of where it may be moved; `listens` if it only waits for a message or timer."""

    token: str
    element: str
    label: Bilingual
    is_step: bool
    listens: bool
    targets: tuple[tuple[str, Bilingual], ...]


@dataclass(frozen=True, slots=True)
class HeldVariable:
    """A declared variable of an instance. If it is content (`is_content`), the value is None here; `is_set` says whether there is one."""

    name: str
    variable: Variable
    value: Any
    is_set: bool
    is_content: bool


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One instance in one of its states. A state that cannot be read (`is_readable`) has neither tokens nor values."""

    key: str
    agency: Bilingual | None
    status: str
    is_ended: bool
    is_readable: bool
    resting: tuple[RestingToken, ...]
    values: tuple[HeldVariable, ...]


def processes_of(case: Case, *, bindings: Bindings = BINDINGS) -> list[ProcessView]:
    """Return every instance of a case, its own first. Reads only."""
    instances = sorted(instances_of(case), key=lambda each: (each.assignment_id is not None, each.id))
    return [view_of(instance.state, instance, bindings=bindings) for instance in instances]


def view_of(
    state: bytes, instance: ProcessInstance, *, bindings: Bindings = BINDINGS, version: ProcessVersion | None = None
) -> ProcessView:
    """Return an instance in its present or an earlier state; for a state from before a move, pass the version of then."""
    version = version or instance.process_version
    definition = definition_of(version)
    agency = instance.assignment.agency.name if instance.assignment else None
    is_ended = instance.ended_at is not None
    try:
        workflow = tree_to_read(state, instance.process_id, version)
    except Exception:  # damaged: the engine may raise anything, but the page must still open
        return ProcessView(instance.key, agency, instance.status, is_ended, False, (), ())
    return ProcessView(
        instance.key, agency, instance.status, is_ended, True,
        tuple(sorted((_resting(task.task_spec.name, str(task.id), instance, definition) for task in tokens_at_rest(workflow, definition)),
                     key=lambda each: each.listens)) if not is_ended else (),
        tuple(_held(workflow, instance.process_id, definition, bindings)),
    )  # fmt: skip


def _held(workflow: BpmnWorkflow, process_id: str, definition: Definition, bindings: Bindings) -> Iterator[HeldVariable]:
    content = content_names(definition, process_id, bindings)
    for name, variable in declared_variables(definition, process_id, bindings).items():
        value = value_of(workflow, definition, name)
        yield HeldVariable(name, variable, None if name in content else value, value is not None, name in content)


def _resting(element: str, token: str, instance: ProcessInstance, definition: Definition) -> RestingToken:
    found = definition.elements[element]
    targets = tuple(
        (target, definition.elements[target].label)
        for target in targets_of(element, instance.process_id, definition)
        if reason_against(element, target, instance, definition) is None
    )
    return RestingToken(token, element, found.label, found.is_step, "beside" in found.properties, targets)
