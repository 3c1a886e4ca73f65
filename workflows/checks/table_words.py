"""The vocabulary of a decision table: DMN 1.3 elements as bpmn.io's editor and ours write them, and the names of its columns."""

from collections.abc import Mapping

from casework.bilingual import Bilingual
from workflows.checks.schema import DMN

COLUMN_WORDS = {
    "field": Bilingual("Lĩnh vực", "Field"),
    "area": Bilingual("UBND nơi xảy ra", "The committee of the place"),
    "urgency": Bilingual("Mức độ", "Urgency"),
    "lead": Bilingual("Chủ trì", "Leads"),
    "cooperating": Bilingual("Phối hợp", "Cooperate"),
}

DMNDI = "{https://www.omg.org/spec/DMN/20191111/DMNDI/}"
DC = "{http://www.omg.org/spec/DMN/20180521/DC/}"
BIODI = "{http://bpmn.io/schema/dmn/biodi/2.0}"
_WIDTH = frozenset({BIODI + "width"})

ALLOWED: Mapping[str, frozenset[str]] = {
    DMN + "definitions": frozenset({"id", "name", "namespace", "exporter", "exporterVersion"}),
    DMN + "decision": frozenset({"id", "name"}),
    DMN + "decisionTable": frozenset({"id", "hitPolicy", BIODI + "annotationsWidth"}),
    DMN + "input": frozenset({"id", "label"}) | _WIDTH,
    DMN + "inputExpression": frozenset({"id", "typeRef"}),
    DMN + "inputValues": frozenset({"id"}),
    DMN + "output": frozenset({"id", "label", "name", "typeRef"}) | _WIDTH,
    DMN + "outputValues": frozenset({"id"}),
    DMN + "rule": frozenset({"id"}),
    DMN + "description": frozenset(),
    DMN + "inputEntry": frozenset({"id"}),
    DMN + "outputEntry": frozenset({"id"}),
    DMN + "text": frozenset(),
    DMNDI + "DMNDI": frozenset(),
    DMNDI + "DMNDiagram": frozenset({"id"}),
    DMNDI + "DMNShape": frozenset({"id", "dmnElementRef", "isCollapsed"}),
    DC + "Bounds": frozenset({"x", "y", "width", "height"}),
}
