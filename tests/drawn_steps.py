"""Models an administrator might draw: the shipped one with steps and gateways put into its flows, with shapes so that it can be shown.

    xml = drawn.step_on(shipped_model(), "is_approved_to_answered", drawn.LEGAL_REVIEW)
    drawn.put_live(xml)                     # new cases run on it
    drawn.legal_model(), drawn.costly_model()      # the two the tests share
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from lxml import etree
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from tests import build
from workflows.definitions.process import digest_of, shipped_model
from workflows.models import ProcessVersion

NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL", "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC", "di": "http://www.omg.org/spec/DD/20100524/DI",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core", "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "langbiang": "urn:langbiang:model:1",
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A button, or one of several values."""

    id: str
    vi: str
    en: str


@dataclass(frozen=True)
class Field:
    """One field of a form as the model writes it; `settings` are further attributes (min, max, help_vi …)."""

    id: str
    type: str
    vi: str
    en: str
    required: bool = False
    choices: tuple[Choice, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A user task in a lane. `at` is the middle of its shape."""

    id: str
    vi: str
    en: str
    lane: str
    at: tuple[int, int]
    fields: tuple[Field, ...] = ()
    buttons: tuple[Choice, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gateway:
    """An exclusive gateway in a lane: where `condition` holds the way leads to `target`, else on as before."""

    id: str
    vi: str
    en: str
    lane: str
    at: tuple[int, int]
    condition: str
    target: str


LEGAL_REVIEW = Step(
    "legal_review", "Thẩm định pháp lý", "Legal review", "lane_extension_centre", (1320, 130),
    fields=(
        Field("legal_basis", "long_text", "Căn cứ pháp lý", "Legal basis", required=True),
        Field("risk", "number", "Mức rủi ro", "Risk", settings={"min": "0", "max": "10"}),
    ),
    buttons=(Choice("agree", "Đồng ý", "Agree"), Choice("comment", "Có ý kiến", "With comments")),
    properties={"limit": "4", "limit_unit": "working_hours"},
)  # fmt: skip
"""In the process of an agency, behind its leader's approval; done by the head of operations."""

COST_CHECK = Step(
    "cost_check", "Kiểm tra chi phí", "Check the cost", "lane_operator", (1170, 1090),
    fields=(
        Field("cost", "number", "Chi phí (triệu đồng)", "Cost (million VND)"),
        Field("settled", "yes_no", "Đã quyết toán", "Settled", required=True),
    ),
)  # fmt: skip
"""In the process of the case, before publication; one way to go."""

COST_SIGNATURE = Step(
    "cost_signature", "Ký duyệt chi phí", "Sign the cost off", "lane_ops_lead", (1170, 1600),
    properties={"other_than": "cost_check", "help_vi": "Đối chiếu với dự toán.", "help_en": "Compare it with the budget."},
)  # fmt: skip

EVERY_TYPE = replace(
    COST_CHECK, id="inspection", vi="Khảo sát", en="Inspection",
    fields=(
        Field("place", "text", "Nơi khảo sát", "Place", settings={"help_vi": "Ghi tên thôn.", "help_en": "Name the village."}),
        Field("findings", "long_text", "Ghi nhận", "Findings", required=True),
        Field("depth", "number", "Độ sâu (m)", "Depth (m)", settings={"min": "0", "max": "99.5"}),
        Field("danger", "choice", "Mức nguy hiểm", "Danger", required=True,
              choices=(Choice("low", "Thấp", "Low"), Choice("high", "Cao", "High"))),
        Field("fenced", "yes_no", "Đã rào chắn", "Fenced off"),
        Field("again_on", "date", "Ngày khảo sát lại", "Next inspection"),
        Field("pictures", "photo", "Ảnh hiện trường", "Photos", required=True),
    ),
    buttons=(Choice("pass", "Đạt", "Passed"), Choice("fail", "Không đạt", "Failed")),
)  # fmt: skip
"""A form with a field of each type."""


@cache
def legal_model() -> bytes:
    """The shipped model with LEGAL_REVIEW behind the leader's approval."""
    return step_on(shipped_model(), "is_approved_to_answered", LEGAL_REVIEW)


@cache
def costly_model() -> bytes:
    """The shipped model with COST_CHECK before publication, and COST_SIGNATURE behind it where the cost is above five million."""
    checked = step_on(shipped_model(), "is_answered_to_publish", COST_CHECK)
    asked = Gateway("is_costly", "Chi phí lớn?", "Costly?", "lane_operator", (1240, 1090), "cost > 5", "cost_signature")
    signed = step_on(checked, "cost_check_to_publish", COST_SIGNATURE)
    # past the signature unless the condition holds
    return gateway_on(signed, "cost_check_to_cost_signature", asked, otherwise="publish")


@cache
def every_type_model() -> bytes:
    """The shipped model with EVERY_TYPE before publication."""
    return step_on(shipped_model(), "is_answered_to_publish", EVERY_TYPE)


def put_live(xml: bytes, *, now: datetime = build.NOON, centre_id: int | None = None) -> ProcessVersion:
    """Make a model the live one of its scope, unchecked: new cases run on it. In a unit of work of its own."""
    with unit_of_work():
        scope = (ProcessVersion.key == "field_report", ProcessVersion.centre_id.is_not_distinct_from(centre_id))
        for live in db.session.scalars(select(ProcessVersion).where(*scope, ProcessVersion.state == "live")):
            live.state, live.retired_at = "retired", now
        db.session.flush()
        number = (db.session.scalar(select(func.max(ProcessVersion.number)).where(*scope)) or 0) + 1
        version = ProcessVersion(
            key="field_report", centre_id=centre_id, number=number, state="live", xml=xml, sha256=digest_of(xml), created_at=now,
            approved_at=now, live_at=now,
        )  # fmt: skip
        db.session.add(version)
    return version


def step_on(xml: bytes, flow_id: str, step: Step) -> bytes:
    """The model with a step put into a flow: the flow leads to it, and a new one `<step>_to_<target>` on to where the flow led."""
    root = _read(xml)
    node = _put(root, flow_id, "userTask", step.id, step.vi, step.lane, step.at, width=100, height=80)
    _extensions(node, {"label_en": step.en, **step.properties})
    if step.fields or step.buttons:
        _form(node.find("bpmn:extensionElements", NAMESPACES), step)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def gateway_on(xml: bytes, flow_id: str, gateway: Gateway, *, otherwise: str = "") -> bytes:
    """The model with a gateway put into a flow. The conditioned way leads to `target`; the default one to `otherwise` or as before."""
    root = _read(xml)
    node = _put(root, flow_id, "exclusiveGateway", gateway.id, gateway.vi, gateway.lane, gateway.at, width=50, height=50)
    _extensions(node, {"label_en": gateway.en})
    onward = next(flow for flow in root.iter(_tag("bpmn:sequenceFlow")) if flow.get("sourceRef") == gateway.id)
    on_target = onward.get("targetRef") == gateway.target
    default = _flow(root, gateway.id, otherwise) if otherwise else onward
    conditioned = onward if on_target else _flow(root, gateway.id, gateway.target)
    conditioned.set("name", "Có")
    default.set("name", "Không")
    for flow, words in ((conditioned, "Yes"), (default, "No")):
        _extensions(flow, {"label_en": words})
    condition = etree.SubElement(conditioned, _tag("bpmn:conditionExpression"))
    condition.set(_tag("xsi:type"), "bpmn:tFormalExpression")
    condition.text = gateway.condition
    node.set("default", default.get("id"))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _read(xml: bytes) -> Any:
    if b"xmlns:langbiang" not in xml:
        xml = xml.replace(b" xmlns:xsi=", b' xmlns:langbiang="urn:langbiang:model:1" xmlns:xsi=', 1)
    return etree.fromstring(xml)


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _by_id(root: Any, id_: str) -> Any:
    return root.xpath(f"//*[@id='{id_}']")[0]


def _put(root: Any, flow_id: str, kind: str, id_: str, name: str, lane: str, at: tuple[int, int], *, width: int, height: int) -> Any:
    flow = _by_id(root, flow_id)
    source, target, process = flow.get("sourceRef"), flow.get("targetRef"), flow.getparent()
    node = etree.Element(_tag(f"bpmn:{kind}"), id=id_, name=name)
    _by_id(root, target).addprevious(node)
    node.tail = "\n    "
    etree.SubElement(_by_id(root, lane), _tag("bpmn:flowNodeRef")).text = id_
    shape = etree.SubElement(_plane(root), _tag("bpmndi:BPMNShape"), id=f"{id_}_shape", bpmnElement=id_)
    etree.SubElement(shape, _tag("dc:Bounds"), x=str(at[0] - width // 2), y=str(at[1] - height // 2), width=str(width), height=str(height))
    _remove_ref(root, target, "incoming", flow_id)
    etree.SubElement(node, _tag("bpmn:incoming")).text = flow_id
    flow.set("targetRef", id_)
    _rename(root, flow, f"{source}_to_{id_}")
    _flow(root, id_, target, process)
    _draw(root, flow)
    return node


def _flow(root: Any, source: str, target: str, process: Any = None) -> Any:
    id_ = f"{source}_to_{target}"
    process = process if process is not None else _by_id(root, source).getparent()
    flow = etree.SubElement(process, _tag("bpmn:sequenceFlow"), id=id_, sourceRef=source, targetRef=target)
    _add_ref(_by_id(root, source), "outgoing", id_)
    _add_ref(_by_id(root, target), "incoming", id_)
    _draw(root, flow)
    return flow


def _rename(root: Any, flow: Any, id_: str) -> None:
    old = flow.get("id")
    for node in root.iter(_tag("bpmn:incoming"), _tag("bpmn:outgoing")):
        if node.text == old:
            node.text = id_
    for node in root.iter():
        if node.get("default") == old:
            node.set("default", id_)
        if node.get("bpmnElement") == old:
            node.set("bpmnElement", id_)
            node.set("id", f"{id_}_edge")
    flow.set("id", id_)


def _add_ref(node: Any, direction: str, flow_id: str) -> None:
    """Incoming and outgoing flows stand behind the extensions and before what else a node holds, incoming first."""
    new = etree.Element(_tag(f"bpmn:{direction}"))
    new.text = flow_id
    before = [each for each in node if each.tag in {_tag("bpmn:extensionElements"), _tag("bpmn:incoming")}
              or (direction == "outgoing" and each.tag == _tag("bpmn:outgoing"))]
    node.insert(node.index(before[-1]) + 1 if before else 0, new)


def _remove_ref(root: Any, node_id: str, direction: str, flow_id: str) -> None:
    for each in _by_id(root, node_id).findall(f"bpmn:{direction}", NAMESPACES):
        if each.text == flow_id:
            each.getparent().remove(each)


def _extensions(node: Any, properties: dict[str, str]) -> None:
    extensions = node.find("bpmn:extensionElements", NAMESPACES)
    if extensions is not None:
        node.remove(extensions)
    extensions = etree.Element(_tag("bpmn:extensionElements"))
    node.insert(0, extensions)
    holder = etree.SubElement(extensions, _tag("spiffworkflow:properties"))
    for name, value in properties.items():
        etree.SubElement(holder, _tag("spiffworkflow:property"), name=name, value=value)


def _form(extensions: Any, step: Step) -> None:
    form = etree.SubElement(extensions, _tag("langbiang:form"))
    for each in step.fields:
        required = {"required": "true"} if each.required else {}
        node = etree.SubElement(form, _tag("langbiang:field"), id=each.id, type=each.type, label_vi=each.vi, label_en=each.en,
                                **required, **each.settings)
        _choices(node, "choice", each.choices)
    _choices(form, "button", step.buttons)


def _choices(parent: Any, kind: str, choices: Iterable[Choice]) -> None:
    for each in choices:
        etree.SubElement(parent, _tag(f"langbiang:{kind}"), id=each.id, label_vi=each.vi, label_en=each.en)


def _plane(root: Any) -> Any:
    return next(root.iter(_tag("bpmndi:BPMNPlane")))


def _draw(root: Any, flow: Any) -> None:
    """Draw a flow as one straight line between the middles of its two shapes."""
    plane, id_ = _plane(root), flow.get("id")
    edge = next((each for each in plane if each.get("bpmnElement") == id_), None)
    if edge is None:
        edge = etree.SubElement(plane, _tag("bpmndi:BPMNEdge"), id=f"{id_}_edge", bpmnElement=id_)
    for child in list(edge):
        edge.remove(child)
    for end in (flow.get("sourceRef"), flow.get("targetRef")):
        bounds = next(each for each in plane if each.get("bpmnElement") == end).find("dc:Bounds", NAMESPACES)
        x, y = (float(bounds.get(a)) + float(bounds.get(b)) / 2 for a, b in (("x", "width"), ("y", "height")))
        etree.SubElement(edge, _tag("di:waypoint"), x=f"{x:g}", y=f"{y:g}")
