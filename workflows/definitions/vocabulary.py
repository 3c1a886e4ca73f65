"""The elements, attributes and extensions a model may contain, and where. The loader uses it too."""

from collections.abc import Mapping
from typing import Any

from workflows.definitions.step_forms import LANGBIANG

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
BIOC = "{http://bpmn.io/schema/bpmn/biocolor/1.0}"
COLOR = "{http://www.omg.org/spec/BPMN/non-normative/color/1.0}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

LONGEST_ID = 80

OF_EVERY_OBJECT = frozenset({
    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__", "constructor", "hasOwnProperty",
    "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
})  # fmt: skip
"""Names every object in a browser has from the beginning; bpmn-js looks elements up in plain objects, by id."""
LABEL_ENDING = "_label"
"""bpmn-js gives the label of an event, gateway or arrow the id of its element with this ending."""


def _attributes(table: str, namespace: str) -> dict[str, frozenset[str]]:
    """Read `tag: attribute attribute` lines; every element may have an id unless its line says `-`."""
    rows = (line.partition(":") for line in table.split("\n") if line.strip())
    return {
        namespace + tag.strip(): frozenset(names.split()) - {"-"} | (frozenset() if "-" in names.split() else {"id"})
        for tag, _, names in rows
    }


NODES = _attributes(
    """
    startEvent: name
    endEvent: name
    intermediateCatchEvent: name
    intermediateThrowEvent: name
    boundaryEvent: name attachedToRef cancelActivity
    userTask: name
    manualTask: name
    serviceTask: name
    exclusiveGateway: name default gatewayDirection
    parallelGateway: name gatewayDirection
    eventBasedGateway: name gatewayDirection
    """,
    BPMN,
)
"""Flat, without scripts. Embedded subprocesses and multi-instance tasks lose tokens when they are interrupted or moved to a new
version; the engine's inclusive join follows only one path back from each input."""

FLOW_NODES = frozenset(tag.removeprefix(BPMN) for tag in NODES)

RESTING = frozenset({"userTask", "manualTask", "intermediateCatchEvent", "eventBasedGateway"})
"""Where a token rests until a person or an event moves it on."""

STRUCTURE = _attributes(
    """
    definitions: name targetNamespace exporter exporterVersion
    collaboration: name isClosed
    participant: name processRef
    participantMultiplicity: minimum maximum
    messageFlow: name sourceRef targetRef messageRef
    message: name
    process: name isExecutable isClosed processType
    laneSet: name
    lane: name
    flowNodeRef: -
    incoming: -
    outgoing: -
    sequenceFlow: name sourceRef targetRef
    extensionElements: -
    documentation: textFormat
    messageEventDefinition: messageRef
    timerEventDefinition:
    terminateEventDefinition:
    textAnnotation: textFormat
    text: -
    association: sourceRef targetRef associationDirection
    """,
    BPMN,
) | {BPMN + tag: frozenset({"id", XSI_TYPE}) for tag in ("conditionExpression", "timeDate", "timeDuration", "timeCycle")}

EXTENSIONS = _attributes(
    """
    properties: -
    property: name value
    messageVariable: -
    messagePayload: -
    serviceTaskOperator: resultVariable
    parameters: -
    parameter: type value
    """,
    SPIFF,
) | _attributes(
    """
    form: -
    field: type label_vi label_en help_vi help_en required min max
    choice: label_vi label_en
    button: label_vi label_en
    """,
    LANGBIANG,
)

COLOURED = frozenset({BIOC + "fill", BIOC + "stroke", COLOR + "background-color", COLOR + "border-color", COLOR + "color"})

DRAWING = {
    tag: names | (COLOURED if tag in (BPMNDI + "BPMNShape", BPMNDI + "BPMNEdge", BPMNDI + "BPMNLabel") else frozenset())
    for tag, names in {
        **_attributes(
            """
            BPMNDiagram: name documentation resolution
            BPMNPlane: bpmnElement
            BPMNShape: bpmnElement isHorizontal isExpanded isMarkerVisible isMessageVisible labelStyle
            BPMNEdge: bpmnElement sourceElement targetElement messageVisibleKind labelStyle
            BPMNLabel: labelStyle
            BPMNLabelStyle:
            """,
            BPMNDI,
        ),
        **_attributes("Bounds: - x y width height\nFont: name size isBold isItalic isUnderline isStrikeThrough", DC),
        **_attributes("waypoint: - x y", DI),
    }.items()
}

EXECUTABLE = NODES | STRUCTURE | EXTENSIONS
"""Elements by tag, with their attributes, that the loader accepts."""

ALLOWED: Mapping[str, frozenset[str]] = EXECUTABLE | DRAWING

_TASKS = frozenset(BPMN + tag for tag in ("userTask", "manualTask"))
PLACES: Mapping[str, frozenset[str]] = {
    SPIFF + "properties": frozenset(NODES) | {BPMN + tag for tag in ("process", "lane", "participant", "messageFlow", "sequenceFlow")},
    SPIFF + "property": frozenset({SPIFF + "properties"}),
    SPIFF + "messageVariable": frozenset({BPMN + "messageEventDefinition"}),
    SPIFF + "messagePayload": frozenset({BPMN + "messageEventDefinition"}),
    SPIFF + "serviceTaskOperator": frozenset({BPMN + "serviceTask"}),
    SPIFF + "parameters": frozenset({SPIFF + "serviceTaskOperator"}),
    SPIFF + "parameter": frozenset({SPIFF + "parameters"}),
    LANGBIANG + "form": _TASKS,
    LANGBIANG + "field": frozenset({LANGBIANG + "form"}),
    LANGBIANG + "button": frozenset({LANGBIANG + "form"}),
    LANGBIANG + "choice": frozenset({LANGBIANG + "field"}),
}
"""The elements each extension may belong to."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys([*NODES, BPMN + "process", BPMN + "lane", BPMN + "participant"], ("id",)),
    BPMN + "boundaryEvent": ("id", "attachedToRef"),
    BPMN + "sequenceFlow": ("id", "sourceRef", "targetRef"),
    BPMN + "message": ("id", "name"),
    BPMN + "messageEventDefinition": ("messageRef",),
    SPIFF + "property": ("name", "value"),
    SPIFF + "serviceTaskOperator": ("id",),
    SPIFF + "parameter": ("id", "type", "value"),
    LANGBIANG + "field": ("id", "type"),
    LANGBIANG + "choice": ("id",),
    LANGBIANG + "button": ("id",),
}
"""Attributes the engine or the form cannot do without."""


def place_of(node: Any) -> str | None:
    """Return the id of the BPMN element a node is or stands in."""
    while node is not None and (node.tag.startswith((SPIFF, LANGBIANG)) or not node.get("id")):
        node = node.getparent()
    return str(node.get("id"))[:LONGEST_ID] if node is not None else None
