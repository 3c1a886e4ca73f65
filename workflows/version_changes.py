"""What one version says otherwise than the one it was drawn from: elements of a model, rows of a table, for who approves it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree

from casework.words import Bilingual
from workflows.definitions import BPMN, FLOW_NODES, label_of, read_xml

COMPARED = (*FLOW_NODES, "sequenceFlow", "lane", "participant")
REFERENCES = frozenset({BPMN + "incoming", BPMN + "outgoing", BPMN + "flowNodeRef"})
"""What only repeats where flows and lanes lead: a flow that is new is a change of its own, not one of both its ends."""


class ChangeKind(StrEnum):
    """What happened to an element."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One element that is new, other or gone; a flow without a name is called by what it leads from and to."""

    kind: ChangeKind
    element: str
    label: Bilingual


@dataclass(frozen=True, slots=True)
class _Part:
    label: Bilingual
    shape: Any


def changes_between(before: bytes, after: bytes) -> tuple[Change, ...]:
    """Return what is new, other and gone in `after`, in the order of the files; how it is drawn does not count.

    Elements are known by their ids. Raises ModelRefused for a text that cannot be read.
    """
    old, new = _parts(read_xml(before)), _parts(read_xml(after))
    return tuple(_changes(old, new))


def _changes(old: Mapping[str, _Part], new: Mapping[str, _Part]) -> Iterator[Change]:
    for id_, part in new.items():
        if id_ not in old:
            yield Change(ChangeKind.ADDED, id_, part.label)
        elif part.shape != old[id_].shape:
            yield Change(ChangeKind.CHANGED, id_, part.label)
    for id_, part in old.items():
        if id_ not in new:
            yield Change(ChangeKind.REMOVED, id_, part.label)


def _parts(root: Any) -> dict[str, _Part]:
    rules = list(root.iter("{*}rule"))
    if rules:
        return {rule.get("id", ""): _Part(_reason(rule), (number, _shape(rule))) for number, rule in enumerate(rules)}
    nodes = {node.get("id", ""): node for node in root.iter(*(BPMN + name for name in COMPARED))}
    lanes = {reference.text: lane.get("id") for lane in root.iter(BPMN + "lane") for reference in lane.iterchildren(BPMN + "flowNodeRef")}
    return {id_: _Part(_name(node, nodes), (lanes.get(id_), _shape(node))) for id_, node in nodes.items()}


def _name(node: Any, nodes: Mapping[str, Any]) -> Bilingual:
    label = label_of(node)
    if node.tag == BPMN + "sequenceFlow":
        ends = [label_of(nodes[end]) if end in nodes else Bilingual("", "") for end in (node.get("sourceRef"), node.get("targetRef"))]
        vi, en = (f"{source or '…'} → {target or '…'}" for source, target in zip(*ends, strict=True))
        return Bilingual(f"{vi} ({label.vi})" if label.vi else vi, f"{en} ({label.en})" if label.en else en)
    return Bilingual(label.vi or node.get("id", ""), label.en or label.vi or node.get("id", ""))


def _reason(rule: Any) -> Bilingual:
    vi, _, en = (rule.findtext("{*}description") or rule.get("id", "")).partition(" / ")
    return Bilingual(vi, en or vi)


def _shape(node: Any) -> Any:
    children = tuple(_shape(child) for child in node if isinstance(child.tag, str) and child.tag not in REFERENCES)
    kind = etree.QName(node).localname
    if kind in ("extensionElements", "properties"):                     # in which order settings are written says nothing
        children = tuple(sorted(children, key=repr))
    if kind in ("extensionElements", "properties", "parameters") and not children:
        return None
    return (kind, tuple(sorted(node.attrib.items())), (node.text or "").strip(), tuple(child for child in children if child is not None))
