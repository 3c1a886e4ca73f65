"""From BPMN text to executable specifications: what may stand in a model, its elements, and one cached parse per version."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG

from casework.errors import CaseworkError
from casework.words import Bilingual
from workflows.expressions import ExpressionRefused, checked
from workflows.services import SERVICES
from workflows.step_forms import FORM_ELEMENTS, LANGBIANG, StepForm, form_of

MAX_BYTES = 1_000_000
CACHED_VERSIONS = 64

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
XMLNS = {"bpmn": BPMN[1:-1], "spiffworkflow": SPIFF[1:-1]}

FLOW_NODES = frozenset({
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "userTask", "manualTask",
    "serviceTask", "exclusiveGateway", "parallelGateway", "eventBasedGateway",
})  # fmt: skip
"""What may stand in a model: flat, without scripts. Embedded subprocesses and multi-instance tasks lose tokens when they
are interrupted or moved to a new version; the engine's inclusive join follows only one path back from each input."""

STRUCTURE = frozenset({
    "definitions", "collaboration", "participant", "participantMultiplicity", "messageFlow", "message", "process", "laneSet", "lane",
    "flowNodeRef", "incoming", "outgoing", "sequenceFlow", "conditionExpression", "extensionElements", "documentation",
    "messageEventDefinition", "timerEventDefinition", "terminateEventDefinition", "timeDate", "timeDuration", "timeCycle",
    "textAnnotation", "text", "association",
})  # fmt: skip

EXTENSIONS = frozenset({
    "properties", "property", "messageVariable", "messagePayload", "serviceTaskOperator", "parameters", "parameter",
})  # fmt: skip

EXPRESSIONS = ("conditionExpression", "timeDate", "timeDuration", "timeCycle")


class ModelRefused(CaseworkError):
    """The file is not a process model this software runs; the text names the element."""


@dataclass(frozen=True, slots=True)
class Element:
    """One flow node of a model, as people and the inbox see it."""

    id: str
    process_id: str
    kind: str
    label: Bilingual
    role: str | None
    properties: Mapping[str, str]
    form: StepForm

    @property
    def is_step(self) -> bool:
        """Whether a person does it."""
        return self.kind in ("userTask", "manualTask")


@dataclass(frozen=True, slots=True)
class Definition:
    """A parsed version: specifications by process id, elements by element id. Shared between threads, never changed."""

    sha256: str
    specs: Mapping[str, BpmnProcessSpec]
    elements: Mapping[str, Element]
    flows: Mapping[tuple[str, str], str]

    @property
    def steps(self) -> list[Element]:
        """The elements that wait for a person."""
        return [element for element in self.elements.values() if element.is_step]


def shipped_model() -> bytes:
    """Return the model that comes with the software."""
    return resources.files("bpmn").joinpath("field_report.bpmn").read_bytes()


def digest_of(xml: bytes) -> str:
    """Return the content hash under which a version is known."""
    return hashlib.sha256(xml).hexdigest()


def read_xml(xml: bytes) -> Any:
    """Return the root element, read without entities, network or comments.

    Raises ModelRefused above MAX_BYTES, for broken XML, and for a document type declaration.
    """
    if len(xml) > MAX_BYTES:
        raise ModelRefused("Tệp mô hình quá lớn (tối đa 1 MB).", "The model file is too large (1 MB at most).")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as fault:
        raise ModelRefused("Tệp không phải là XML hợp lệ.", "The file is not well-formed XML.") from fault
    if root.getroottree().docinfo.doctype:
        raise ModelRefused("Tệp mô hình không được chứa khai báo DOCTYPE.", "A model may not contain a DOCTYPE declaration.")
    return root


def parse(xml: bytes) -> Definition:
    """Turn a model into its definition; raises ModelRefused for whatever this software does not run.

    The specification makes one round trip through the serialiser: straight from the parser it can hang a case that
    another process started (engine-notes.md).
    """
    root = read_xml(xml)
    _refuse_unknown(root)
    _refuse_expressions(root)
    _refuse_services(root)
    parser = SpiffBpmnParser()
    try:
        parser.add_bpmn_xml(root)
        specs = {process_id: _round_trip(parser.get_spec(process_id)) for process_id in parser.get_process_ids()}
    except (SpiffWorkflowException, TypeError, ValueError, LookupError) as fault:
        raise ModelRefused(f"Mô hình không chạy được: {fault}", f"The model cannot be run: {fault}") from fault
    _refuse_starts(root)
    return Definition(digest_of(xml), specs, dict(_elements(root)), dict(_flows(root)))


def _round_trip(spec: BpmnProcessSpec) -> BpmnProcessSpec:
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
    return serializer.from_dict(serializer.to_dict(spec))


def _refuse_unknown(root: Any) -> None:
    allowed = {BPMN + name for name in FLOW_NODES | STRUCTURE} | {SPIFF + name for name in EXTENSIONS}
    allowed |= {LANGBIANG + name for name in FORM_ELEMENTS}
    for node in root.iter(BPMN + "*", SPIFF + "*", LANGBIANG + "*"):
        if node.tag not in allowed:
            name = etree.QName(node).localname
            raise _refusal(node, f"thành phần {name} không được dùng", f"the element {name} may not be used")


def _refuse_expressions(root: Any) -> None:
    for node in root.iter(*(BPMN + name for name in EXPRESSIONS), SPIFF + "messagePayload"):
        _check_expression(node, node.text or "")
    for node in root.iter(SPIFF + "parameter"):
        _check_expression(node, node.get("value", ""))


def _check_expression(node: Any, text: str) -> None:
    try:
        checked(text)
    except ExpressionRefused as refusal:
        raise _refusal(node, f"biểu thức không được phép ({text})", f"an expression that is not allowed ({refusal})") from refusal


def _refuse_services(root: Any) -> None:
    for node in root.iter(BPMN + "serviceTask"):
        operator = node.find(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
        name = operator.get("id") if operator is not None else None
        if name not in SERVICES:
            raise _refusal(node, f"dịch vụ {name} không có trong danh mục", f"the service {name} is not in the list")


def _refuse_starts(root: Any) -> None:
    for process in root.iter(BPMN + "process"):
        if len(process.findall(BPMN + "startEvent")) != 1:
            raise _refusal(process, "quy trình phải có đúng một điểm bắt đầu", "a process has exactly one start event")


def _refusal(node: Any, vi: str, en: str) -> ModelRefused:
    while node is not None and (node.tag.startswith(SPIFF) or not node.get("id")):
        node = node.getparent()
    place = node.get("id") if node is not None else "definitions"
    return ModelRefused(f"Tại {place}: {vi}.", f"At {place}: {en}.")


def properties_of(node: Any) -> dict[str, str]:
    """Return the extension properties written on one element."""
    path = "./bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property"
    return {each.get("name", ""): each.get("value", "") for each in node.xpath(path, namespaces=XMLNS)}


def label_of(node: Any) -> Bilingual:
    """Return what people read on an element; gateways that only merge keep their Vietnamese text out of the drawing."""
    properties = properties_of(node)
    return Bilingual(node.get("name") or properties.get("label_vi", ""), properties.get("label_en", ""))


def _elements(root: Any) -> Iterator[tuple[str, Element]]:
    for process in root.iter(BPMN + "process"):
        role_in_lane = {
            reference.text: properties_of(lane).get("role")
            for lane in process.iter(BPMN + "lane")
            for reference in lane.iter(BPMN + "flowNodeRef")
        }
        for node in process:
            kind = etree.QName(node).localname
            if kind in FLOW_NODES:
                properties = properties_of(node)
                role = properties.get("role") or role_in_lane.get(node.get("id"))
                id_ = node.get("id")
                yield id_, Element(id_, process.get("id"), kind, label_of(node), role, properties, form_of(node))


def _flows(root: Any) -> Iterator[tuple[tuple[str, str], str]]:
    for flow in root.iter(BPMN + "sequenceFlow"):
        yield (flow.get("sourceRef"), flow.get("targetRef")), flow.get("id")


class DefinitionCache:
    """Definitions by content hash, the most recently used kept; safe to share between threads."""

    def __init__(self, size: int = CACHED_VERSIONS) -> None:
        self._size = size
        self._guard = threading.Lock()
        self._known: OrderedDict[str, Definition] = OrderedDict()

    def get(self, sha256: str, xml: bytes) -> Definition:
        """Return the definition of this content, parsing it once."""
        with self._guard:
            if sha256 in self._known:
                self._known.move_to_end(sha256)
                return self._known[sha256]
            definition = self._known[sha256] = parse(xml)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
            return definition

    def peek(self, sha256: str) -> Definition | None:
        """Return the definition if it is already known."""
        with self._guard:
            return self._known.get(sha256)


definitions = DefinitionCache()
