"""What one version says otherwise than the one it is measured against: elements of a model, rows of a table, for who approves it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree
from sqlalchemy import select

from casework.db import db
from casework.permissions import Actor
from casework.words import Bilingual
from workflows.checks.vocabulary import BPMNDI, DC
from workflows.definitions import BPMN, FLOW_NODES, label_of, read_xml
from workflows.models import ProcessVersion
from workflows.version_events import replaced_by
from workflows.versions import NoLiveVersion, in_scope, live_version, version_for

COMPARED = (*FLOW_NODES, "sequenceFlow", "lane", "participant", "message")
REFERENCES = frozenset({BPMN + "incoming", BPMN + "outgoing", BPMN + "flowNodeRef"})
"""What only repeats where flows and lanes lead: a flow that is new is a change of its own, not one of both its ends."""


class ChangeKind(StrEnum):
    """What happened to an element."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One element that is new, other or gone; a flow without a name is called by what it leads from and to.

    `is_shown` says whether the new text's drawing or table has it: a message stands only in the file.
    """

    kind: ChangeKind
    element: str
    label: Bilingual
    is_shown: bool


class Basis(StrEnum):
    """Why a version is measured against another."""

    LIVE = "live"
    REPLACED = "replaced"
    DRAWN_FROM = "drawn_from"


@dataclass(frozen=True, slots=True)
class Measure:
    """The version another one is measured against, and why that one."""

    version: ProcessVersion
    basis: Basis


@dataclass(frozen=True, slots=True)
class _Part:
    """`order` are the flows of a choice as the engine tries them."""

    label: Bilingual
    shape: Any
    order: tuple[str, ...] = ()
    is_shown: bool = True


def measure_of(version: ProcessVersion, *, by: Actor) -> Measure | None:
    """Return what a reader compares a version with; None where there is nothing, or nothing they may read.

    What is not live yet is compared with what counts in its scope now, however it came about: an approver answers for that step.
    What is or was live is compared with the one it replaced, else the one it was drawn from.
    """
    if version.state in ("draft", "checked", "approved"):
        try:
            return Measure(live_version(version.centre_id, key=version.key), Basis.LIVE)
        except NoLiveVersion:
            pass
    number = replaced_by(version) if version.live_at else None
    if number is not None:
        before = select(ProcessVersion).where(*in_scope(version.key, version.centre_id), ProcessVersion.number == number)
        return Measure(db.session.scalars(before).one(), Basis.REPLACED)
    base = db.session.get(ProcessVersion, version.base_id) if version.base_id else None
    return Measure(base, Basis.DRAWN_FROM) if base is not None and version_for(by, base.ref) is not None else None


def changes_between(before: bytes, after: bytes) -> tuple[Change, ...]:
    """Return what is new, other and gone in `after`, in the order of the files; how it is drawn does not count.

    Only at a choice it does: of two conditions that hold at once the engine takes the way drawn higher up. A choice whose ways stand
    in another order than before is one that changed. Elements are known by their ids. Raises ModelRefused for a text that cannot be read.
    """
    old, new = _parts(read_xml(before)), _parts(read_xml(after))
    return tuple(_changes(old, new))


def _changes(old: Mapping[str, _Part], new: Mapping[str, _Part]) -> Iterator[Change]:
    for id_, part in new.items():
        if id_ not in old:
            yield Change(ChangeKind.ADDED, id_, part.label, part.is_shown)
        elif part.shape != old[id_].shape or _is_reordered(old[id_].order, part.order):
            yield Change(ChangeKind.CHANGED, id_, part.label, part.is_shown)
    for id_, part in old.items():
        if id_ not in new:
            yield Change(ChangeKind.REMOVED, id_, part.label, is_shown=False)


def _is_reordered(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether ways of both texts stand in another order; one that is new or gone is a change of its own."""
    return [each for each in old if each in new] != [each for each in new if each in old]


def _parts(root: Any) -> dict[str, _Part]:
    rules = list(root.iter("{*}rule"))
    if rules:
        return {rule.get("id", ""): _Part(_reason(rule), (number, _shape(rule))) for number, rule in enumerate(rules)}
    nodes = {node.get("id", ""): node for node in root.iter(*(BPMN + name for name in COMPARED))}
    lanes = {reference.text: lane.get("id") for lane in root.iter(BPMN + "lane") for reference in lane.iterchildren(BPMN + "flowNodeRef")}
    orders = _orders(root)
    return {
        id_: _Part(_name(node, nodes), (lanes.get(id_), _shape(node)), orders.get(id_, ()), is_shown=node.tag != BPMN + "message")
        for id_, node in nodes.items()
    }


def _orders(root: Any) -> dict[str, tuple[str, ...]]:
    """By exclusive gateway its flows with a condition in the order the engine tries them: by how high their targets are drawn.

    As SpiffWorkflow's TaskParser does: ascending `y` of the target's shape, 0 without one, else the order of the file.
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


def _height(bounds: Any) -> float:
    try:
        return float(bounds.get("y", 0))
    except ValueError:
        return 0.0


def _name(node: Any, nodes: Mapping[str, Any]) -> Bilingual:
    label = label_of(node)
    if node.tag == BPMN + "sequenceFlow":
        ends = [label_of(nodes[end]) if end in nodes else Bilingual("", "") for end in (node.get("sourceRef"), node.get("targetRef"))]
        vi, en = (f"{source or '…'} → {target or '…'}" for source, target in zip(*ends, strict=True))
        return Bilingual(f"{vi} ({label.vi})" if label.vi else vi, f"{en} ({label.en})" if label.en else en)
    if node.tag == BPMN + "message":
        name = label.vi or node.get("id", "")
        return Bilingual(f"Thông điệp “{name}”", f"Message “{name}”")
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
