"""A model as the checks see it: the nodes and flows of each process, read from the tree without judging them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from casework.bilingual import Bilingual
from workflows.definitions.process import BPMN, FLOW_NODES, SPIFF, label_of, properties_of
from workflows.definitions.step_forms import StepForm, form_of

NOTHING = Bilingual("", "")
TIMERS = ("timeDate", "timeDuration", "timeCycle")


@dataclass(frozen=True, slots=True)
class Flow:
    """One sequence flow; `condition` is None without one."""

    id: str
    source: str
    target: str
    condition: str | None
    is_default: bool
    label: Bilingual
    called: Bilingual
    """Its name in sentences: the label, else the names of its two ends."""


@dataclass(frozen=True, slots=True)
class Node:
    """One flow node. Whatever the file lacks is None or empty; `line` is the line in the file.

    `role` is who does it: as written on the node, else the `lane_role` of the lane it is drawn in.
    """

    id: str
    process_id: str
    kind: str
    label: Bilingual
    called: Bilingual
    """Its name in sentences: the label, else the element it comes after or before."""
    role: str | None
    properties: Mapping[str, str]
    form: StepForm
    line: int
    attached_to: str | None = None
    interrupts: bool = True
    message: str | None = None
    message_variable: str | None = None
    timer: tuple[str, str] | None = None
    is_terminate: bool = False
    lane_role: str | None = None
    service: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    result_variable: str | None = None

    @property
    def is_step(self) -> bool:
        """Whether a person does it."""
        return self.kind in ("userTask", "manualTask")


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the file; flows without a valid source or target are left out."""

    id: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]

    def leaving(self, node_id: str) -> list[Flow]:
        """The flows out of a node, in the order of the file."""
        return [flow for flow in self.flows.values() if flow.source == node_id]

    def entering(self, node_id: str) -> list[Flow]:
        return [flow for flow in self.flows.values() if flow.target == node_id]

    def boundaries(self, node_id: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.attached_to == node_id]

    @property
    def starts(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind == "startEvent"]


def processes_of(root: Any) -> dict[str, Process]:
    messages = {node.get("id"): node.get("name") for node in root.iter(BPMN + "message")}
    return {process.get("id", ""): _process(process, messages) for process in root.iter(BPMN + "process")}


def _process(process: Any, messages: Mapping[str, str]) -> Process:
    nodes = {node.id: node for node in _nodes(process, messages)}
    flows = {flow.id: flow for flow in _flows(process) if flow.source in nodes and flow.target in nodes}
    return Process(process.get("id", ""), nodes, flows)


def _nodes(process: Any, messages: Mapping[str, str]) -> Iterator[Node]:
    called = _called(process)
    lanes = {
        reference.text: properties_of(lane).get("role")
        for lane in process.iter(BPMN + "lane")
        for reference in lane.iter(BPMN + "flowNodeRef")
    }
    for node in process:
        kind = etree.QName(node).localname
        if kind not in FLOW_NODES or not node.get("id"):
            continue
        properties = properties_of(node)
        message = node.find(BPMN + "messageEventDefinition")
        operator = node.find(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
        yield Node(
            id=node.get("id"),
            process_id=process.get("id", ""),
            kind=kind,
            label=label_of(node),
            called=called[node.get("id")],
            role=properties.get("role") or lanes.get(node.get("id")),
            lane_role=lanes.get(node.get("id")),
            properties=properties,
            form=form_of(node),
            line=node.sourceline or 0,
            attached_to=node.get("attachedToRef"),
            interrupts=node.get("cancelActivity", "true") != "false",
            message=messages.get(message.get("messageRef")) if message is not None else None,
            message_variable=(message.findtext(f".//{SPIFF}messageVariable") or None) if message is not None else None,
            timer=_timer(node),
            is_terminate=node.find(BPMN + "terminateEventDefinition") is not None,
            service=operator.get("id") if operator is not None else None,
            parameters={each.get("id", ""): each.get("value", "") for each in node.iter(SPIFF + "parameter")},
            result_variable=operator.get("resultVariable") if operator is not None else None,
        )


def _timer(node: Any) -> tuple[str, str] | None:
    definition = node.find(BPMN + "timerEventDefinition")
    if definition is None:
        return None
    for kind in TIMERS:
        text = definition.findtext(BPMN + kind)
        if text is not None:
            return kind, text.strip()
    return "", ""


def _flows(process: Any) -> Iterator[Flow]:
    defaults = {node.get("default") for node in process if node.get("default")}
    called = _called(process)
    for flow in process.iterchildren(BPMN + "sequenceFlow"):
        condition = flow.findtext(BPMN + "conditionExpression")
        yield Flow(
            id=flow.get("id", ""),
            source=flow.get("sourceRef", ""),
            target=flow.get("targetRef", ""),
            condition=condition.strip() if condition is not None else None,
            is_default=flow.get("id") in defaults,
            label=label_of(flow),
            called=flow_words(label_of(flow), *(called.get(flow.get(end, ""), NOTHING) for end in ("sourceRef", "targetRef"))),
        )


def flow_words(label: Bilingual, source: Bilingual, target: Bilingual) -> Bilingual:
    """The name of an arrow: its label, else the names of its two ends."""
    if label.vi or not (source.vi and target.vi):
        return label
    return Bilingual(f"từ {source.vi} đến {target.vi}", f"from {source.en} to {target.en}")


def _called(process: Any) -> dict[str | None, Bilingual]:
    """The name of each node by id; an unnamed node is described by the nearest named one an arrow connects it to."""
    labels = {node.get("id"): label_of(node) for node in process if etree.QName(node).localname in FLOW_NODES}
    named = {id_ for id_, label in labels.items() if label.vi or label.en}
    called = dict(labels)
    for flow in process.iterchildren(BPMN + "sequenceFlow"):
        source, target = flow.get("sourceRef"), flow.get("targetRef")
        if source in named and target in labels and target not in named:
            called[target] = Bilingual(f"không tên, sau {labels[source].vi}", f"without a name, after {labels[source].en}")
        elif target in named and source in labels and not called[source].vi:
            called[source] = Bilingual(f"không tên, trước {labels[target].vi}", f"without a name, before {labels[target].en}")
    return called
