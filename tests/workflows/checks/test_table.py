"""The decision table that suggests agencies: what is wrong with it is found at its cell, and what is right is let through."""

from __future__ import annotations

import re

import pytest

from casework.installation.seeding import table_rows
from workflows.checks.file import check_content
from workflows.checks.table import MOST_ROWS, check_table
from workflows.definitions.process import shipped_table


def changed(before: str, after: str) -> bytes:
    table = shipped_table().decode()
    assert before in table, before
    return table.replace(before, after, 1).encode()


def found(xml: bytes) -> list[tuple[str, str | None]]:
    return [(finding.check, finding.element) for finding in check_table(xml).findings]


def rows(count: int) -> bytes:
    rule = re.search(rb"<rule id=.rule_2.>.*?</rule>", shipped_table(), re.DOTALL)
    assert rule is not None
    more = b"".join(rule[0].replace(b"rule_2", b"more_%d" % at) for at in range(count))
    return shipped_table().replace(rule[0], rule[0] + more)


URGENT, LEAD = '<text>"urgent"</text>', '<text>"HKL"</text>'

WRONG = [
    ("an import", LEAD, '<text>__import__("os")</text>', "cell_text", "rule_1_lead"),
    ("an attribute", LEAD, "<text>area.__class__</text>", "cell_text", "rule_1_lead"),
    ("a power bomb", LEAD, "<text>9**9**9</text>", "cell_text", "rule_1_lead"),
    ("500 KB", LEAD, f'<text>"{"x" * 500_000}"</text>', "cell_text", "rule_1_lead"),
    ("no agency", LEAD, "<text></text>", "cell_text", "rule_1_lead"),
    ("a number for an agency", LEAD, "<text>3</text>", "cell_text", "rule_1_lead"),
    ("a column that is no agency", LEAD, "<text>urgency</text>", "cell_text", "rule_1_lead"),
    ("one for a list", "<text>[area]</text>", "<text>area</text>", "cell_text", "rule_2_cooperating"),
    ("a list of lists", "<text>[area]</text>", "<text>[[area]]</text>", "cell_text", "rule_2_cooperating"),
    ("no such urgency", URGENT, '<text>"urgnt"</text>', "cell_text", "rule_1_urgency"),
    ("a list of DMN", URGENT, '<text>"urgent","normal"</text>', "cell_text", "rule_1_urgency"),
    ("a function of DMN", URGENT, '<text>not("urgent")</text>', "cell_text", "rule_1_urgency"),
    ("a blank", URGENT, "<text> </text>", "cell_text", "rule_1_urgency"),
    ("a dash among blanks", URGENT, "<text> - </text>", "cell_text", "rule_1_urgency"),
    ("a word without quotes", URGENT, "<text>urgent</text>", "cell_text", "rule_1_urgency"),
    ("no reason", "<description>", "<description></description><description>", "schema", "rule_1"),
    ("a reason in one language", " / Urgent", ": Urgent", "row_reason", "rule_1"),
    (
        "too few cells",
        '<outputEntry id="rule_1_cooperating">\n          <text>["CAH", area]</text>\n        </outputEntry>',
        "",
        "row_cells",
        "rule_1",
    ),
    ("another hit policy", "FIRST", "COLLECT", "table_shape", "suggest_agencies_table"),
    ("another column", "<text>field</text>", "<text>fields</text>", "table_shape", "suggest_agencies_table"),
    ("another answer", 'name="lead"', 'name="leader"', "table_shape", "suggest_agencies_table"),
    ("another decision", '<decision id="suggest_agencies"', '<decision id="suggest"', "table_shape", "suggest_agencies"),
    ("one id twice", 'id="rule_2"', 'id="rule_1"', "id_duplicate", "rule_1"),
    ("a strange part", "<rule id", '<annotation name="x" /><rule id', "table_part", "suggest_agencies_table"),
    ("a script for a cell", URGENT, '<text>"urgent"</text><script>x</script>', "table_part", "rule_1_urgency"),
    (
        "another language",
        'inputEntry id="rule_1_urgency"',
        'inputEntry expressionLanguage="python" id="rule_1_urgency"',
        "table_part",
        "rule_1_urgency",
    ),
]


@pytest.mark.parametrize(("before", "after", "check", "element"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_it_is_found_at_its_cell(before: str, after: str, check: str, element: str) -> None:
    checked = check_table(changed(before, after))
    assert (check, element) in [(finding.check, finding.element) for finding in checked.errors]
    assert checked.is_readable


def test_the_shipped_table_is_clean() -> None:
    assert check_content(shipped_table()).findings == ()
    assert check_table(shipped_table(), {row["key"] for row in table_rows("agencies.csv")}).findings == ()


@pytest.mark.parametrize("cell", ['<text>? in ["urgent"]</text>', '<text>!= "normal"</text>', "<text>'urgent'</text>"])
def test_other_ways_to_compare_are_let_through(cell: str) -> None:
    assert found(changed(URGENT, cell)) == []


def test_as_dmn_js_writes_it_is_let_through() -> None:
    drawn = (
        '<dmndi:DMNDI><dmndi:DMNDiagram><dmndi:DMNShape dmnElementRef="suggest_agencies">'
        '<dc:Bounds height="80" width="180" x="160" y="100" />'
        "</dmndi:DMNShape></dmndi:DMNDiagram></dmndi:DMNDI></definitions>"
    )
    names = (
        'xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" '
        'xmlns:biodi="http://bpmn.io/schema/dmn/biodi/2.0" exporter="dmn-js (https://demo.bpmn.io/dmn)" exporterVersion="17.4.0"'
    )
    table = shipped_table().decode().replace("</definitions>", drawn).replace("<definitions ", f"<definitions {names} ", 1)
    table = table.replace('<input id="input_field"', '<input biodi:width="192" id="input_field"')
    assert check_table(table.encode()).findings == ()


def test_an_agency_that_is_not_there_is_named() -> None:
    known = {row["key"] for row in table_rows("agencies.csv")}
    checked = check_table(changed(LEAD, '<text>"HKLM"</text>'), known)
    assert [(finding.check, finding.element) for finding in checked.findings] == [("cell_agency", "rule_1_lead")]


def test_what_is_wrong_is_said_by_row_and_column_with_what_the_reader_can_do() -> None:
    said = {text: check_table(changed(LEAD, f"<text>{text}</text>")).errors[0] for text in ("", "-", "urgency")}
    assert said[""].what == said["-"].what == ("Dòng 1 chưa chọn đơn vị chủ trì.", "Row 1 names no agency to lead.")
    assert said[""].mend.vi.startswith("Chọn đơn vị ở cột Chủ trì.")
    assert said["urgency"].what.vi == "Dòng 1, cột “Chủ trì”: không dùng được “urgency”."
    [other] = check_table(changed(LEAD, '<text>"HKLM"</text>'), {"CAH", "PKTHT"}).errors[:1]
    assert other.what.vi == "Dòng 1, cột “Chủ trì”: không có đơn vị mã “HKLM”."
    listed = check_table(changed("<text>[area]</text>", "<text>area</text>")).errors[0]
    assert listed.what.vi == "Dòng 2, cột “Phối hợp”: không dùng được “area”."
    assert "Phối hợp" in listed.mend.vi


@pytest.mark.exhaustive
def test_rows_are_bounded() -> None:
    assert ("table_rows", "suggest_agencies_table") in found(rows(MOST_ROWS))


def test_a_row_nothing_is_left_for_and_a_lacking_last_row_are_notes() -> None:
    checked = check_table(changed(URGENT, "<text>-</text>"))
    assert [(note.check, note.element, note.is_error) for note in checked.findings] == [("row_unreachable", "rule_2", False)]
    without_last = re.sub(rb'<rule id="rule_11">.*?</rule>', b"", shipped_table(), flags=re.DOTALL)
    assert found(without_last) == [("table_no_otherwise", "rule_10")]


@pytest.mark.parametrize("xml", [
    b"", b"not xml", b"<definitions/>", b"<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><d>&e;</d>",
    shipped_table().replace(b"20191111/MODEL", b"20151101/dmn.xsd"),
])  # fmt: skip
def test_what_is_no_table_cannot_be_read(xml: bytes) -> None:
    checked = check_table(xml)
    assert not checked.is_readable
    assert not checked.is_clean
