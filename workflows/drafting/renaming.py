"""Gives parts of a model other ids: in flows, lanes and the drawing, and where conditions read them as names."""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lxml import etree

from workflows.bindings import OTHER_THAN
from workflows.definitions.expressions import ExpressionRefused, checked, place_in
from workflows.definitions.process import BPMN, SPIFF, read_xml

REFERRING = ("id", "sourceRef", "targetRef", "attachedToRef", "default", "bpmnElement", "sourceElement", "targetElement")
_TEXTS = (BPMN + "incoming", BPMN + "outgoing", BPMN + "flowNodeRef")
_EXPRESSIONS = (*(BPMN + tag for tag in ("conditionExpression", "timeDate", "timeDuration", "timeCycle")), SPIFF + "messagePayload")


def with_ids(xml: bytes, new: Mapping[str, str]) -> bytes:
    """Return a model with new ids by old ones. Names of fields and buttons stay."""
    root = read_xml(xml)
    give_ids(root, new)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def give_ids(root: Any, new: Mapping[str, str]) -> None:
    """Do the same to a tree already read."""
    for node in root.iter("{*}*"):
        for name in REFERRING:
            if node.get(name) in new and not (name == "id" and node.tag.startswith(SPIFF)):
                node.set(name, new[node.get(name)])
        if node.tag == SPIFF + "property" and node.get("name") == OTHER_THAN and node.get("value") in new:
            node.set("value", new[node.get("value")])
        if node.tag in _TEXTS and (node.text or "").strip() in new:
            node.text = new[node.text.strip()]
        if node.tag in _EXPRESSIONS and node.text:
            node.text = renamed_in(node.text, new)
        if node.tag == SPIFF + "parameter" and node.get("value"):
            node.set("value", renamed_in(node.get("value"), new))


def renamed_in(text: str, new: Mapping[str, str]) -> str:
    """Return an expression with its variables renamed; a text that is no expression stays as it is."""
    try:
        tree = checked(text)
    except ExpressionRefused:
        return text
    spoken = text.strip().encode()
    changes = [(place_in(spoken, node), words) for node, words in _read(tree, new)]
    for place, words in sorted(changes, key=lambda change: change[0].start, reverse=True):
        spoken = spoken[: place.start] + words.encode() + spoken[place.stop :]
    return spoken.decode()


def _read(tree: ast.AST, new: Mapping[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Yield the names in an expression that change, each with its replacement."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in new:
                yield node, new[name]
            case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=str() as name) as written]) if name in new:
                yield written, f'"{new[name]}"'


# -- two texts in which one id means two parts ---------------------------------------------------------------------------

APART = "~"
"""Ending of an id in an older text that means another part in a newer one; no drawn id contains it."""


def set_apart(before: bytes, after: bytes, reused: Collection[str]) -> bytes:
    """Return the older text with new ids, unknown to the newer one, for those parts and the arrows attached to them."""
    if not reused:
        return before
    root, ends = read_xml(before), _ends(read_xml(after))
    flows = {
        id_ for id_, old in _ends(root).items()
        if id_ in ends and {*old, *ends[id_]} & {*reused} and not {*zip(old, (0, 1), strict=True)} & {*zip(ends[id_], (0, 1), strict=True)}
    }  # fmt: skip
    give_ids(root, {id_: id_ + APART for id_ in {*reused, *flows}})
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def drawn_id(element: str) -> str:
    """Return the id of an element's shape in its own drawing."""
    return element.removesuffix(APART)


def _ends(root: Any) -> dict[str, tuple[str, str]]:
    return {flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef")) for flow in root.iter(BPMN + "sequenceFlow")}
