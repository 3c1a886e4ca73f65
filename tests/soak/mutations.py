"""Files nobody would draw: a model or table changed at random places of its tree and of its bytes, from a seed."""
from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from lxml import etree

from workflows.definitions.process import BPMN, SPIFF
from workflows.definitions.step_forms import LANGBIANG

TAGS = [BPMN + tag for tag in (
    "task", "userTask", "scriptTask", "subProcess", "callActivity", "serviceTask", "exclusiveGateway", "parallelGateway",
    "inclusiveGateway", "complexGateway", "eventBasedGateway", "startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent",
    "intermediateThrowEvent",
    "sequenceFlow", "process", "lane", "laneSet", "incoming", "outgoing", "conditionExpression", "message", "definitions", "import",
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "timeDuration", "timeDate", "timeCycle", "terminateEventDefinition",
    "messageEventDefinition", "timerEventDefinition", "signalEventDefinition", "ioSpecification", "dataObject", "documentation",
)] + [
    SPIFF + tag for tag in ("preScript", "postScript", "serviceTaskOperator", "parameter", "property", "properties", "messageVariable")
] + [
    LANGBIANG + tag for tag in ("form", "field", "choice", "button", "else")
] + ["plain", "{urn:other}thing", "{http://www.w3.org/2001/XInclude}include"]  # fmt: skip

ATTRIBUTES = ["id", "name", "sourceRef", "targetRef", "attachedToRef", "default", "messageRef", "processRef", "cancelActivity", "value",
              "isExecutable", "type", "required", "min", "max", "resultVariable", "bpmnElement", "x", "height", "href", "typeRef",
              "hitPolicy",
              "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "{http://www.w3.org/XML/1998/namespace}base"]  # fmt: skip

TEXTS = [
    "", " ", "0", "-1", "1e999", "true", "None", "nan", "id", "case", "publish", "\u202e", "ế" * 50, "a" * 5_000, "(" * 3_000,
    "not " * 3_000, "[" * 400 + "]" * 400, "9**9**9", "__import__('os')", "().__class__", "lambda: 1", "(x := 1)", "f'{x}'",
    "[x for x in y]", "a.b", "a and", "verify == ", '"P1D"', '"P-1D"', '"P99999999999999Y"', '"R/PT0S"', '"R99999999999/PT1S"',
    '"0000-00-00"', "rating_due_at", 'hold["until"]', "-" * 2_000 + "1", "1" * 4_000, "'" + "x" * 600 + "'",
    "urgent" + " or urgent" * 60, "\x85", "\ud7ff", "%s%n", "../../etc/passwd",
]  # fmt: skip

BITES = [b"\x00", b"\xff\xfe", b"<", b">", b"&amp;", b"&x;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x y?>", b"<a>" * 300, b"</a>" * 300,
         b'<!DOCTYPE d [<!ENTITY a "aa">]>', b"\xed\xa0\x80", b" " * 3_000, b'="', b"xmlns:bpmn=''"]  # fmt: skip


def mutated(xml: bytes, rng: Random) -> bytes:
    """Return the file changed once to eight times in its tree, and sometimes in its bytes."""
    root = etree.fromstring(xml, etree.XMLParser(remove_comments=True))
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        try:
            rng.choice(CHANGES)(root, rng)
        except (ValueError, TypeError, AttributeError):
            continue
    found = bytes(etree.tostring(root, xml_declaration=rng.random() < 0.9, encoding=rng.choice(["UTF-8"] * 8 + ["UTF-16", "ASCII"])))
    return bitten(found, rng) if rng.random() < 0.2 else found


def bitten(data: bytes, rng: Random) -> bytes:
    """Return the bytes with some flipped, cut out, doubled or put in."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0 if place < len(changed):
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                del changed[place : place + rng.choice([1, 10, 1_000])]
            case 2:
                changed[place:place] = changed[place : place + rng.choice([10, 1_000])]
            case _:
                changed[place:place] = rng.choice(BITES)
    return bytes(changed[: rng.randrange(len(changed) + 1)]) if rng.random() < 0.1 else bytes(changed)


def _any(root: Any, rng: Random) -> Any:
    return rng.choice(list(root.iter()))


def _drop(root: Any, rng: Random) -> None:
    node = _any(root, rng)
    if node is not root:
        node.getparent().remove(node)


def _double(root: Any, rng: Random) -> None:
    node = _any(root, rng)
    if node is not root:
        for _ in range(rng.choice([1, 1, 5, 200]) if len(node) < 10 else 1):
            node.addnext(deepcopy(node))


def _move(root: Any, rng: Random) -> None:
    node, target = _any(root, rng), _any(root, rng)
    if node is not root and node not in list(target.iterancestors()):
        target.insert(rng.randrange(len(target) + 1), node)


def _retag(root: Any, rng: Random) -> None:
    _any(root, rng).tag = rng.choice([*TAGS, _any(root, rng).tag])


def _attribute(root: Any, rng: Random) -> None:
    node = _any(root, rng)
    if node.attrib and rng.random() < 0.7:
        name = rng.choice(list(node.attrib))
        if rng.random() < 0.2:
            del node.attrib[name]
            return
    else:
        name = rng.choice(ATTRIBUTES)
    others = [each.get("id") for each in root.iter() if each.get("id")]
    node.set(name, rng.choice([rng.choice(TEXTS), rng.choice(others or [""]), rng.choice(others or [""])]))


def _text(root: Any, rng: Random) -> None:
    texts = [node for node in root.iter() if node.text and node.text.strip()]
    node = rng.choice(texts) if texts and rng.random() < 0.8 else _any(root, rng)
    node.text = rng.choice(TEXTS)


def _nest(root: Any, rng: Random) -> None:
    node = _any(root, rng)
    for _ in range(rng.choice([1, 3, 30, 240, 3_000])):
        node = etree.SubElement(node, rng.choice(TAGS))


def _swap(root: Any, rng: Random) -> None:
    """Two references point to each other's targets."""
    name = rng.choice(["sourceRef", "targetRef", "messageRef", "attachedToRef", "id"])
    nodes = [node for node in root.iter() if node.get(name)]
    if len(nodes) > 1:
        one, other = rng.sample(nodes, 2)
        first, second = one.get(name), other.get(name)
        one.set(name, second)
        other.set(name, first)


CHANGES: list[Callable[[Any, Random], None]] = [
    _drop, _double, _move, _retag, _attribute, _attribute, _attribute, _text, _text, _nest, _swap,
]  # fmt: skip
