"""A model prepared for comparison: every part people can see or change, by id, and the names of its variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml import etree

from casework.bilingual import Bilingual
from workflows.bindings import BINDINGS
from workflows.checks.diagram import Flow, Node, Process, processes_of
from workflows.checks.values import given_by
from workflows.comparison.conditions import Meaning, Meanings, meaning_of_steps
from workflows.comparison.wording import KIND_WORDS, NOTHING, by_itself, quoted, same
from workflows.definitions.process import BPMN, FLOW_NODES, label_of, properties_of, read_xml
from workflows.definitions.vocabulary import BPMNDI, DC

COMPARED = (*FLOW_NODES, "sequenceFlow", "lane", "participant", "process", "message", "messageFlow", "textAnnotation")
UNDRAWN = frozenset({BPMN + "message", BPMN + "process"})
"""Elements that stand in the file but not in the drawing."""

REFERENCES = frozenset({BPMN + "incoming", BPMN + "outgoing", BPMN + "flowNodeRef"})
"""Elements that only repeat where flows and lanes lead: a new flow is a change of its own, not one of both its ends."""


@dataclass(frozen=True)
class Model:
    """One text. `parts` are the compared elements, `lanes` the lane of each node, `orders` the order in which each choice tries its ways,
    `meanings` the variables of each process."""

    root: Any
    parts: Mapping[str, Any]
    processes: Mapping[str, Process]
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, str]
    orders: Mapping[str, tuple[str, ...]]
    meanings: Mapping[str, Meanings]

    @cached_property
    def after(self) -> Mapping[str, tuple[str, ...]]:
        """Successors of each node."""
        found: dict[str, list[str]] = {}
        for flow in self.flows.values():
            found.setdefault(flow.source, []).append(flow.target)
        return {id_: tuple(dict.fromkeys(targets)) for id_, targets in found.items()}

    @cached_property
    def before(self) -> Mapping[str, tuple[str, ...]]:
        """Predecessors of each node."""
        found: dict[str, list[str]] = {}
        for flow in self.flows.values():
            found.setdefault(flow.target, []).append(flow.source)
        return {id_: tuple(dict.fromkeys(sources)) for id_, sources in found.items()}

    @cached_property
    def shapes(self) -> Mapping[str, Any]:
        """What is compared of each part: its settings and lane, and for a step its role, which the lane may give."""
        return _shapes(self)

    def label(self, id_: str | None) -> Bilingual:
        """The label of a part; empty without one."""
        part = self.parts.get(id_ or "")
        return label_of(part) if part is not None else NOTHING

    def called(self, id_: str | None) -> Bilingual:
        """The name of a part; an unnamed arrow by its ends, an unnamed node by the one before it."""
        known = self.nodes.get(id_ or "") or self.flows.get(id_ or "")
        return known.called if known is not None else self.label(id_)

    def quoted(self, id_: str | None) -> Bilingual:
        """The name of a part in quotes, or its id if it has none."""
        return quoted(self.called(id_), id_ or "–")

    def kind(self, id_: str) -> str:
        return str(etree.QName(self.parts[id_]).localname)

    def known_at(self, id_: str) -> Meanings:
        """The variables a part may read."""
        node = self.nodes.get(id_) or self.nodes.get(self.flows[id_].source if id_ in self.flows else "")
        return self.meanings.get(node.process_id, {}) if node is not None else {}


def model_of(xml: bytes) -> Model:
    """Read a text for comparison. Raises ModelRefused if it is not XML; other faults do not matter here."""
    root = read_xml(xml)
    processes = processes_of(root)
    return Model(
        root=root,
        parts={node.get("id", ""): node for node in root.iter(*(BPMN + name for name in COMPARED))},
        processes=processes,
        nodes={id_: node for process in processes.values() for id_, node in process.nodes.items()},
        flows={id_: flow for process in processes.values() for id_, flow in process.flows.items()},
        lanes={
            (reference.text or "").strip(): lane.get("id", "")
            for lane in root.iter(BPMN + "lane")
            for reference in lane.iterchildren(BPMN + "flowNodeRef")
        },
        orders=orders_of(root),
        meanings={id_: dict(_meanings(process)) for id_, process in processes.items()},
    )


def orders_of(root: Any) -> dict[str, tuple[str, ...]]:
    """The conditional flows of each exclusive gateway, in the order the engine tries them: from the highest drawn target down.

    As in SpiffWorkflow's TaskParser: ascending `y` of the target's shape, 0 without one, ties in the order of the file.
    """
    drawn = ((shape.get("bpmnElement"), next(shape.iter(DC + "Bounds"), None)) for shape in root.iter(BPMNDI + "BPMNShape"))
    heights = {element: _height(bounds) for element, bounds in drawn if bounds is not None}
    leaving: dict[str, list[Any]] = {}
    for flow in root.iter(BPMN + "sequenceFlow"):
        leaving.setdefault(flow.get("sourceRef", ""), []).append(flow)
    orders = {}
    for gateway in root.iter(BPMN + "exclusiveGateway"):
        flows = sorted(leaving.get(gateway.get("id", ""), ()), key=lambda flow: heights.get(flow.get("targetRef"), 0.0))
        orders[gateway.get("id", "")] = tuple(flow.get("id", "") for flow in flows if flow.get("id") != gateway.get("default"))
    return orders


def is_reordered(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether parts that both texts have stand in another order; added and removed parts are other changes."""
    return [each for each in old if each in new] != [each for each in new if each in old]


def is_same(old: Model, new: Model, id_: str) -> bool:
    """Whether a part is the same in both texts, layout aside; for a choice the order of its ways counts too."""
    return bool(old.shapes[id_] == new.shapes[id_]) and not is_reordered(old.orders.get(id_, ()), new.orders.get(id_, ()))


def name_of(model: Model, id_: str) -> Bilingual:
    """The name of a part in a list; an unnamed flow is described by its ends."""
    node = model.parts[id_]
    label = label_of(node)
    if node.tag in (BPMN + "sequenceFlow", BPMN + "messageFlow"):
        ends = [model.label(end) for end in (node.get("sourceRef"), node.get("targetRef"))]
        vi, en = (f"{source or '…'} → {target or '…'}" for source, target in zip(*ends, strict=True))
        return Bilingual(f"{vi} ({label.vi})" if label.vi else vi, f"{en} ({label.en})" if label.en else en)
    if not label.vi and id_ in model.nodes and model.called(id_).vi:
        kind, called = by_itself(KIND_WORDS[model.kind(id_)]), model.called(id_)
        return Bilingual(f"{kind.vi} {called.vi}", f"{kind.en} {called.en}")
    if node.tag == BPMN + "message":
        name = label.vi or id_
        return Bilingual(f"Thông điệp “{name}”", f"Message “{name}”")
    if node.tag == BPMN + "textAnnotation":
        text = quoted(same(note_text(node)), id_)
        return Bilingual(f"Ghi chú {text.vi}", f"Note {text.en}")
    return Bilingual(label.vi or id_, label.en or label.vi or id_)


def note_text(node: Any) -> str:
    """The text of an annotation on the drawing."""
    return (node.findtext(BPMN + "text") or "").strip()


def _meanings(process: Process) -> Iterator[tuple[str, Meaning]]:
    """If two nodes declare the same name, the first in the file counts, as in the checks."""
    seen: set[str] = set()
    for node in process.nodes.values():
        for name, known in given_by(node, BINDINGS).items():
            if name not in seen:
                seen.add(name)
                is_ending = name == node.id and node.is_step and bool(known.variable.choices)
                yield name, meaning_of_steps(known.variable, has_buttons=bool(node.form.buttons)) if is_ending else Meaning(known.variable)


def _height(bounds: Any) -> float:
    try:
        return float(bounds.get("y", 0))
    except ValueError:
        return 0.0


def _shapes(model: Model) -> dict[str, Any]:
    notes: dict[str | None, set[str]] = {}
    for link in model.root.iter(BPMN + "association"):
        for end, other in (("sourceRef", "targetRef"), ("targetRef", "sourceRef")):
            notes.setdefault(link.get(end), set()).add(link.get(other, ""))
    shapes = {}
    for id_, part in model.parts.items():
        node = model.nodes.get(id_)
        about = tuple(sorted(notes.get(id_, ()))) if part.tag == BPMN + "textAnnotation" else ()
        # what stands in a process or a lane is compared separately
        own = _head(part) if part.tag == BPMN + "process" else _shape(part)
        shapes[id_] = (model.lanes.get(id_), node.role if node is not None and node.is_step else None, about, own)
    return shapes


def _head(process: Any) -> Any:
    return tuple(sorted(process.attrib.items())), tuple(sorted(properties_of(process).items()))


def _shape(node: Any) -> Any:
    children = tuple(_shape(child) for child in node if isinstance(child.tag, str) and child.tag not in REFERENCES)
    kind = etree.QName(node).localname
    if kind in ("extensionElements", "properties"):  # the order of settings has no meaning
        children = tuple(sorted(children, key=repr))
    if kind in ("extensionElements", "properties", "parameters") and not children:
        return None
    return (kind, tuple(sorted(node.attrib.items())), (node.text or "").strip(), tuple(child for child in children if child is not None))
