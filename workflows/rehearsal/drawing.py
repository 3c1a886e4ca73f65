"""A parsed model as the checks look at one: nodes, flows and conditions, read back from its specifications without the text."""

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimerEventDefinition,
)
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition

from casework.words import Bilingual
from workflows.checks.diagram import Flow, Node, Process
from workflows.definitions import Definition, Element

SPLIT = f".{BoundaryEventSplit.__name__}"
"""How the engine names what it puts before a step with events at its edge."""


def drawn(definition: Definition) -> dict[str, Process]:
    """Return the processes of a definition by id, as `checks.diagram` reads them from a file; lines of the file are 0."""
    return {process_id: _process(process_id, spec, definition) for process_id, spec in definition.specs.items()}


def _process(process_id: str, spec: BpmnProcessSpec, definition: Definition) -> Process:
    own = [each for each in definition.elements.values() if each.process_id == process_id]
    nodes = {each.id: _node(each, spec.task_specs[each.id]) for each in own if each.id in spec.task_specs}
    conditions, defaults = _choices(nodes, spec)
    flows = {
        id_: Flow(id_, source, target, conditions.get((source, target)), (source, target) in defaults, Bilingual("", ""))
        for (source, target), id_ in definition.flows.items()
        if source in nodes and target in nodes
    }
    return Process(process_id, nodes, flows)


def _node(element: Element, spec: TaskSpec) -> Node:
    event = getattr(spec, "event_definition", None)
    hosts = [each.name.removesuffix(SPLIT) for each in spec.inputs if isinstance(each, BoundaryEventSplit)]
    heard = event if isinstance(event, MessageEventDefinition) else None
    return Node(
        id=element.id, process_id=element.process_id, kind=element.kind, label=element.label, role=element.role,
        properties=element.properties, form=element.form, line=0,
        attached_to=hosts[0] if element.kind == "boundaryEvent" and hosts else None,
        interrupts=getattr(spec, "cancel_activity", True) is not False,
        message=heard.name if heard is not None else None,
        message_variable=(heard.message_var or None) if heard is not None else None,
        timer=(_timer_kind(event), event.expression or "") if isinstance(event, TimerEventDefinition) else None,
        is_terminate=type(event).__name__ == "TerminateEventDefinition",
        service=getattr(spec, "operation_name", None),
        parameters={name: str(each.get("value", "")) for name, each in _parameters(spec).items()},
        result_variable=getattr(spec, "result_variable", None),
    )  # fmt: skip


def _parameters(spec: TaskSpec) -> Mapping[str, Any]:
    return getattr(spec, "operation_params", None) or {}


def _timer_kind(event: TimerEventDefinition) -> str:
    if isinstance(event, CycleTimerEventDefinition):
        return "timeCycle"
    return "timeDuration" if isinstance(event, DurationTimerEventDefinition) else "timeDate"


Pair = tuple[str, str]


def _choices(nodes: Mapping[str, Node], spec: BpmnProcessSpec) -> tuple[dict[Pair, str], set[Pair]]:
    conditions: dict[Pair, str] = {}
    defaults: set[Pair] = set()
    for node in nodes.values():
        task_spec = spec.task_specs[node.id]
        for condition, target in _conditions(task_spec):
            conditions[node.id, target.removesuffix(SPLIT)] = condition
        default = getattr(task_spec, "default_task_spec", None)
        if default and any(source == node.id for source, _ in conditions):
            defaults.add((node.id, default.removesuffix(SPLIT)))
    return conditions, defaults


def _conditions(spec: TaskSpec) -> Iterator[tuple[str, str]]:
    for condition, target in getattr(spec, "cond_task_specs", None) or ():
        if condition is not None:
            yield str(condition.args[0]), target
