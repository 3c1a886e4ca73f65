"""Models drawn by a test: the shipped one with parts added, taken out or led elsewhere, written as an editor would write it."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree

from workflows.checks.diagram import Process, processes_of
from workflows.definitions.process import BPMN, FLOW_NODES, SPIFF, properties_of, read_xml, shipped_model
from workflows.definitions.step_forms import LANGBIANG

DI, DC, WAY = (f"{{http://www.omg.org/spec/{each}}}" for each in ("BPMN/20100524/DI", "DD/20100524/DC", "DD/20100524/DI"))
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
NAMED = frozenset({"userTask", "manualTask", "serviceTask", "intermediateCatchEvent", "boundaryEvent", "endEvent"})

BLANK = b"""<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
 xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="drawn" targetNamespace="urn:drawn">
 <bpmn:process id="case" isExecutable="true"><bpmn:laneSet id="lanes"><bpmn:lane id="lane"><bpmn:extensionElements>
 <spiffworkflow:properties><spiffworkflow:property name="role" value="operator" /></spiffworkflow:properties>
 </bpmn:extensionElements></bpmn:lane></bpmn:laneSet></bpmn:process>
 <bpmndi:BPMNDiagram id="picture"><bpmndi:BPMNPlane id="plane" bpmnElement="case" /></bpmndi:BPMNDiagram></bpmn:definitions>"""
"""One empty process with one lane, for nets of a few nodes."""


class Drawing:
    """A model that is being changed; `xml` is what would be saved."""

    def __init__(self, xml: bytes | None = None) -> None:
        self.root = read_xml(xml or shipped_model())
        self._fresh = 0

    @property
    def xml(self) -> bytes:
        for node in self.root.iter(*(BPMN + kind for kind in FLOW_NODES)):
            self._write_flows(node)
        return bytes(etree.tostring(self.root, xml_declaration=True, encoding="UTF-8"))

    @property
    def processes(self) -> dict[str, Process]:
        return processes_of(read_xml(self.xml))

    def find(self, id_: str) -> Any:
        return next(node for node in self.root.iter() if node.get("id") == id_)

    def ids(self, *kinds: str, process: str | None = None) -> list[str]:
        """The ids of elements of some kinds, in the order of the file."""
        tags = [BPMN + kind for kind in kinds]
        return [node.get("id") for node in self.root.iter(*tags) if process in (None, node.getparent().get("id"))]

    def fresh(self, prefix: str) -> str:
        """An id nothing has."""
        self._fresh += 1
        return f"{prefix}_{self._fresh}"

    # -- adding ------------------------------------------------------------------------------------------------------

    def node(
        self, kind: str, id_: str | None = None, *, process: str = "case", lane: str | None = None, at: str | None = None,
        interrupts: bool = True, message: str | None = None, variable: str | None = None, timer: tuple[str, str] | None = None,
        terminate: bool = False, service: str | None = None, form: Iterable[Any] | None = None, **properties: str,
    ) -> str:
        """Add a node; `at` is the step an event is attached to, `timer` is `("timeDuration", '"P3D"')`."""
        id_ = id_ or self.fresh("n")
        node = etree.SubElement(self.find(process), BPMN + kind, id=id_)
        if kind in NAMED:
            node.set("name", f"Phần {id_}")
            properties = {"label_en": f"Part {id_}", **properties}
        else:
            properties = {"label_vi": f"Phần {id_}", "label_en": f"Part {id_}", **properties}
        extensions = etree.SubElement(node, BPMN + "extensionElements")
        listed = etree.SubElement(extensions, SPIFF + "properties")
        for name, value in properties.items():
            etree.SubElement(listed, SPIFF + "property", name=name, value=value)
        if form is not None:
            etree.SubElement(extensions, LANGBIANG + "form").extend(form)
        if service is not None:
            operator = etree.SubElement(extensions, SPIFF + "serviceTaskOperator", id=service, resultVariable=variable or service)
            etree.SubElement(operator, SPIFF + "parameters")
        if at is not None:
            node.set("attachedToRef", at)
            if not interrupts:
                node.set("cancelActivity", "false")
        if message is not None:
            event = etree.SubElement(node, BPMN + "messageEventDefinition", id=f"{id_}_message", messageRef=self._message(message))
            if variable is not None:
                etree.SubElement(etree.SubElement(event, BPMN + "extensionElements"), SPIFF + "messageVariable").text = variable
        if timer is not None:
            event = etree.SubElement(node, BPMN + "timerEventDefinition", id=f"{id_}_timer")
            moment = etree.SubElement(event, BPMN + timer[0])
            moment.set(XSI_TYPE, "bpmn:tFormalExpression")
            moment.text = timer[1]
        if terminate:
            etree.SubElement(node, BPMN + "terminateEventDefinition", id=f"{id_}_terminate")
        self.to_lane(id_, lane or self._lanes(process)[0])
        shape = etree.SubElement(self._plane(), DI + "BPMNShape", id=f"{id_}_shape", bpmnElement=id_)
        etree.SubElement(shape, DC + "Bounds", x="10", y="10", width="100", height="60")
        return id_

    def flow(self, source: str, target: str, condition: str | None = None, *, default: bool = False, id_: str | None = None) -> str:
        """Lead from one node to another."""
        id_ = id_ or self.fresh(f"{source}_to_{target}"[:60])
        flow = etree.SubElement(self.find(source).getparent(), BPMN + "sequenceFlow", id=id_, sourceRef=source, targetRef=target)
        if condition is not None:
            text = etree.SubElement(flow, BPMN + "conditionExpression")
            text.set(XSI_TYPE, "bpmn:tFormalExpression")
            text.text = condition
        if default:
            self.find(source).set("default", id_)
        edge = etree.SubElement(self._plane(), DI + "BPMNEdge", id=f"{id_}_edge", bpmnElement=id_)
        for x in ("10", "20"):
            etree.SubElement(edge, WAY + "waypoint", x=x, y="10")
        return id_

    def between(self, flow: str, entry: str, leave: str) -> None:
        """Put what goes from `entry` to `leave` into a flow; a condition of the flow stays at its beginning."""
        target = self.find(flow).get("targetRef")
        self.lead(flow, target=entry)
        self.flow(leave, target)

    def to_lane(self, node: str, lane: str) -> None:
        """Put a node into a lane, out of the one it stood in."""
        for reference in self.root.iter(BPMN + "flowNodeRef"):
            if reference.text == node:
                reference.getparent().remove(reference)
                break
        etree.SubElement(self.find(lane), BPMN + "flowNodeRef").text = node

    # -- changing and taking out -------------------------------------------------------------------------------------

    def lead(self, flow: str, *, source: str | None = None, target: str | None = None) -> None:
        """Lead a flow from or to elsewhere."""
        for name, value in (("sourceRef", source), ("targetRef", target)):
            if value is not None:
                self.find(flow).set(name, value)

    def drop(self, *ids: str) -> None:
        """Take nodes or flows out, with the flows, the lane entry and the picture of each."""
        for id_ in ids:
            node = self.find(id_)
            ends = {flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef")) for flow in self.root.iter(BPMN + "sequenceFlow")}
            flows = [flow for flow, nodes in ends.items() if id_ in nodes]
            attached = [event.get("id") for event in self.root.iter(BPMN + "boundaryEvent") if event.get("attachedToRef") == id_]
            for reference in list(self.root.iter(BPMN + "flowNodeRef", DI + "BPMNShape", DI + "BPMNEdge", BPMN + "messageFlow")):
                if id_ in (reference.text, reference.get("bpmnElement"), reference.get("sourceRef"), reference.get("targetRef")):
                    reference.getparent().remove(reference)
            for other in node.getparent():
                if other.get("default") == id_:
                    del other.attrib["default"]
            node.getparent().remove(node)
            self.drop(*flows, *attached)

    def bridge(self, id_: str) -> None:
        """Take a node with one way out of its way: what led to it leads to what came after it."""
        after = next(flow.get("targetRef") for flow in self.root.iter(BPMN + "sequenceFlow") if flow.get("sourceRef") == id_)
        for flow in self.root.iter(BPMN + "sequenceFlow"):
            if flow.get("targetRef") == id_:
                flow.set("targetRef", after)
        self.drop(id_)

    def _write_flows(self, node: Any) -> None:
        for old in [*node.iterchildren(BPMN + "incoming", BPMN + "outgoing")]:
            node.remove(old)
        place = sum(1 for child in node if child.tag in (BPMN + "extensionElements", BPMN + "documentation"))
        flows = [*node.getparent().iterchildren(BPMN + "sequenceFlow")]
        for name, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
            for flow in flows:
                if flow.get(end) == node.get("id"):
                    child = etree.Element(BPMN + name)
                    child.text = flow.get("id")
                    node.insert(place, child)
                    place += 1

    def _message(self, name: str) -> str:
        known = next((each.get("id") for each in self.root.iter(BPMN + "message") if each.get("name") == name), None)
        if known is None:
            known = f"message_{name}"
            process = next(self.root.iter(BPMN + "process"))
            process.addprevious(etree.Element(BPMN + "message", id=known, name=name))
        return str(known)

    def _lanes(self, process: str) -> list[str]:
        """The lanes of a process, those of its staff first."""
        lanes = list(self.find(process).iter(BPMN + "lane"))
        return [lane.get("id") for lane in sorted(lanes, key=lambda lane: properties_of(lane).get("role") != "operator")]

    def _plane(self) -> Any:
        return next(self.root.iter(DI + "BPMNPlane"))


def field(id_: str, type_: str, *, choices: Iterable[str] = (), required: bool = True, **bounds: str) -> Any:
    """One field of a step's form."""
    made = etree.Element(LANGBIANG + "field", id=id_, type=type_, label_vi=f"Ô {id_}", label_en=f"Field {id_}",
                         required="true" if required else "false", **bounds)
    for choice in choices:
        etree.SubElement(made, LANGBIANG + "choice", id=choice, label_vi=f"Ý {choice}", label_en=f"Choice {choice}")
    return made


def button(id_: str) -> Any:
    """One button of a step's form."""
    return etree.Element(LANGBIANG + "button", id=id_, label_vi=f"Nút {id_}", label_en=f"Button {id_}")
