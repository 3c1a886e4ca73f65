"""From BPMN text to executable specifications: what a model may contain, its elements, and one cached parse per version."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.exceptions import SpiffWorkflowException

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.definitions.expressions import ExpressionRefused, checked
from workflows.definitions.joins import SPEC_CONFIG, ModelParser
from workflows.definitions.reading import MAX_BYTES, Unreadable, read_tree
from workflows.definitions.services import SERVICES
from workflows.definitions.step_forms import LANGBIANG, StepForm, form_of, with_vietnamese
from workflows.definitions.vocabulary import BPMN, EXECUTABLE, FLOW_NODES, SPIFF

__all__ = [
    "BPMN", "FLOW_NODES", "MAX_BYTES", "SPIFF", "XMLNS", "Definition", "DefinitionCache", "Element", "ModelRefused", "definitions",
    "digest_of", "label_of", "parse", "properties_of", "read_xml", "shipped_model", "shipped_table",
]  # fmt: skip

CACHED_VERSIONS = 64

XMLNS = {"bpmn": BPMN[1:-1], "spiffworkflow": SPIFF[1:-1]}

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
        return self.kind in ("userTask", "manualTask")


@dataclass(frozen=True, slots=True)
class Definition:
    """A parsed version: specifications by process id, elements by element id. Shared between threads, never changed.

    `messages` are the names its events wait for, in either process; `xml` is the text itself, for displaying the drawing.
    """

    sha256: str
    specs: Mapping[str, BpmnProcessSpec]
    elements: Mapping[str, Element]
    flows: Mapping[tuple[str, str], str]
    messages: frozenset[str] = frozenset()
    xml: bytes = field(default=b"", repr=False, compare=False)

    @property
    def steps(self) -> list[Element]:
        return [element for element in self.elements.values() if element.is_step]

    @property
    def timed_by_limits(self) -> set[str]:
        """The processes with timers that follow a limit of the case."""
        return {element.process_id for element in self.elements.values() if not element.is_step and element.properties.get("clock")}


def shipped_model() -> bytes:
    """Return the model that comes with the software."""
    return resources.files("bpmn").joinpath("field_report.bpmn").read_bytes()


def shipped_table() -> bytes:
    """Return the decision table that comes with the software."""
    return resources.files("bpmn").joinpath("routing.dmn").read_bytes()


def digest_of(xml: bytes) -> str:
    """Return the content hash that identifies a version."""
    return hashlib.sha256(xml).hexdigest()


def read_xml(xml: bytes) -> Any:
    """Return the root element, read without entities, network or comments.

    Raises ModelRefused above MAX_BYTES, for broken XML, a document type declaration, and whatever `read_tree` does not read.
    """
    try:
        return read_tree(xml)
    except Unreadable as fault:
        raise ModelRefused(*fault.text) from fault


def parse(xml: bytes) -> Definition:
    """Turn a model into its definition; raises ModelRefused for anything this software does not run.

    The specification makes one round trip through the serialiser: straight from the parser it can hang a case that another process started
    (SpiffWorkflow 3.2).
    """
    root = read_xml(xml)
    _refuse_unknown(root)
    _refuse_expressions(root)
    _refuse_services(root)
    parser = ModelParser()
    try:
        parser.add_bpmn_xml(root)
        specs = {process_id: _round_trip(parser.get_spec(process_id)) for process_id in parser.get_process_ids()}
    except (SpiffWorkflowException, TypeError, ValueError, LookupError) as fault:
        raise ModelRefused(f"Mô hình không chạy được: {fault}", f"The model cannot be run: {fault}") from fault
    _refuse_starts(root)
    return Definition(digest_of(xml), specs, dict(_elements(root)), dict(_flows(root)), frozenset(_messages(root)), xml)


def _round_trip(spec: BpmnProcessSpec) -> BpmnProcessSpec:
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPEC_CONFIG))
    return serializer.from_dict(serializer.to_dict(spec))


def _refuse_unknown(root: Any) -> None:
    for node in root.iter(BPMN + "*", SPIFF + "*", LANGBIANG + "*"):
        if node.tag not in EXECUTABLE:
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
        vi, en = refusal.text
        raise _refusal(node, f"biểu thức không được phép ({vi})", f"an expression that is not allowed ({en})") from refusal


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
    """Return the extension properties of one element."""
    path = "./bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property"
    return {each.get("name", ""): each.get("value", "") for each in node.xpath(path, namespaces=XMLNS)}


def label_of(node: Any) -> Bilingual:
    """Return the label of an element. Gateways that only merge keep their Vietnamese text in a property, out of the drawing."""
    properties = properties_of(node)
    return with_vietnamese(node.get("name") or properties.get("label_vi", ""), properties.get("label_en", ""))


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


def _messages(root: Any) -> Iterator[str]:
    names = {node.get("id"): node.get("name") for node in root.iter(BPMN + "message")}
    for event in root.iter(*(BPMN + kind for kind in ("startEvent", "intermediateCatchEvent", "boundaryEvent"))):
        for waited_for in event.iter(BPMN + "messageEventDefinition"):
            yield names.get(waited_for.get("messageRef"), "")


class DefinitionCache:
    """Definitions by content hash, the most recently used kept; thread-safe."""

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
        """Return the definition if it is cached."""
        with self._guard:
            return self._known.get(sha256)


definitions = DefinitionCache()
