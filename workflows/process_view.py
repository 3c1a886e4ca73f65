"""The process of a case as an administrator sees it: where its tokens rest, where each may be set, which values it has. No content."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casework.models import Case
from casework.words import Bilingual
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.case_rows import instances_of
from workflows.definitions import Definition
from workflows.models import ProcessInstance
from workflows.parsed import definition_of
from workflows.process_variables import declared_variables, value_of
from workflows.token_moves import targets_of, tokens_at_rest
from workflows.variables import Variable


@dataclass(frozen=True, slots=True)
class Resting:
    """A token at rest. `targets` are the ids and labels of where it may be set; `listens` that it only waits for what may happen beside."""

    token: str
    element: str
    label: Bilingual
    is_step: bool
    listens: bool
    targets: tuple[tuple[str, Bilingual], ...]


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One instance in one of its states. Of a state that cannot be read (`is_readable`) there are neither tokens nor values."""

    key: str
    agency: Bilingual | None
    status: str
    is_ended: bool
    is_readable: bool
    resting: tuple[Resting, ...]
    values: tuple[tuple[str, Variable, Any], ...]


def processes_of(case: Case, *, bindings: Bindings = BINDINGS) -> list[ProcessView]:
    """Return every instance of a case, its own first. Reads only."""
    instances = sorted(instances_of(case), key=lambda each: (each.assignment_id is not None, each.id))
    return [view_of(instance.state, instance, bindings=bindings) for instance in instances]


def view_of(state: bytes, instance: ProcessInstance, *, bindings: Bindings = BINDINGS) -> ProcessView:
    """Return an instance as it stands in a state, its present or an earlier one."""
    definition = definition_of(instance.process_version)
    agency = instance.assignment.agency.name if instance.assignment else None
    is_ended = instance.ended_at is not None
    try:
        workflow = engine.unpack(state, definition.specs[instance.process_id])
    except Exception:  # damaged: whatever the engine meets in it, the page must still open
        return ProcessView(instance.key, agency, instance.status, is_ended, False, (), ())
    declared = declared_variables(definition, instance.process_id, bindings)
    return ProcessView(
        instance.key, agency, instance.status, is_ended, True,
        tuple(sorted((_resting(task.task_spec.name, str(task.id), instance, definition) for task in tokens_at_rest(workflow, definition)),
                     key=lambda each: each.listens)) if not is_ended else (),
        tuple((name, variable, value_of(workflow, definition, name)) for name, variable in declared.items()),
    )  # fmt: skip


def _resting(element: str, token: str, instance: ProcessInstance, definition: Definition) -> Resting:
    elements: Mapping[str, Any] = definition.elements
    targets = tuple((each, elements[each].label) for each in targets_of(element, instance.process_id, definition))
    found = elements[element]
    return Resting(token, element, found.label, found.is_step, "beside" in found.properties, targets)
