"""Validation against the published BPMN and DMN schemas, which come with SpiffWorkflow."""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS

from casework.bilingual import Bilingual
from workflows.definitions.findings import ModelFinding, Rule, shown
from workflows.definitions.vocabulary import place_of

DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
ID_TYPE = "xs:ID"

_SCHEMA = Rule(
    "schema",
    Bilingual("Tệp không đúng chuẩn BPMN 2.0 thì mỗi chương trình hiểu một cách khác nhau.",
              "A file that is not BPMN 2.0 by its schema is read differently by every program."),
    Bilingual("Sửa lại trong trình sửa quy trình, hoặc tải tệp từ nơi đã vẽ nó xuống lần nữa.",
              "Mend it in the editor, or download it again from where it was drawn."),
)  # fmt: skip


def model_schema_findings(root: Any, told_lines: Collection[int]) -> Iterator[ModelFinding]:
    """Yield violations of the BPMN schema, except on lines that already have a finding."""
    yield from _findings(_schema(XSD_PATH), root, told_lines)


def table_schema_findings(root: Any, told_lines: Collection[int]) -> Iterator[ModelFinding]:
    """Yield violations of the DMN 1.3 schema, likewise."""
    yield from _findings(_schema(SCHEMAS[DMN[1:-1]]), root, told_lines)


@cache
def _schema(path: str) -> Any:
    return etree.parse(path)


def _findings(schema: Any, root: Any, told_lines: Collection[int]) -> Iterator[ModelFinding]:
    # one validator per call, because it holds the error log; making one costs 7 ms
    validator = etree.XMLSchema(schema)
    if validator.validate(root):
        return
    seen = set(told_lines)
    for fault in validator.error_log:
        # duplicate and malformed ids have findings of their own, in plainer words
        if fault.line in seen or ID_TYPE in fault.message:
            continue
        seen.add(fault.line)
        message = shown(re.sub(r"\{[^{}]*\}", "", fault.message), 160)
        yield _SCHEMA.at(_element_at(root, fault.line), f"Dòng {fault.line}: không đúng lược đồ chuẩn ({message}).",
                         f"Line {fault.line}: against the published schema ({message}).", line=fault.line)  # fmt: skip


def _element_at(root: Any, line: int) -> str | None:
    found = next((node for node in root.iter() if node.sourceline == line), None)
    return place_of(found) if found is not None else None
