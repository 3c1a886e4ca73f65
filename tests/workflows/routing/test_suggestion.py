import ast

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS
from SpiffWorkflow.spiff.parser.process import VALIDATOR

from casework.installation.seeding import table_rows
from workflows.definitions.process import read_xml, shipped_model
from workflows.routing.suggestion import Suggestion, shipped_table, suggest


@pytest.mark.parametrize(("field", "area", "urgency", "lead", "cooperating"), [
    ("rung_dat_moi_truong", "UBND-LAT", "urgent", "HKL", ("CAH", "UBND-LAT")),
    ("rung_dat_moi_truong", "UBND-LAT", "normal", "PTNMT", ("UBND-LAT",)),
    ("giao_thong_an_ninh", "UBND-LAT", "normal", "CAH", ("UBND-LAT",)),
    ("do_thi", "UBND-TTLD", "normal", "TTCTCC", ("UBND-TTLD",)),
    ("do_thi", "UBND-LAT", "normal", "UBND-LAT", ("PKTHT",)),
    ("van_hoa_thong_tin_du_lich", "UBND-LAT", "urgent", "PVHTT", ("UBND-LAT",)),
    ("khac", "UBND-LAT", "normal", "UBND-LAT", ()),
])  # fmt: skip
def test_the_first_rule_that_fits_names_the_agencies(field, area, urgency, lead, cooperating):
    suggestion = suggest(field, area, urgency)
    assert isinstance(suggestion, Suggestion)
    assert (suggestion.lead, suggestion.cooperating) == (lead, cooperating)
    assert suggestion.reason.vi
    assert suggestion.reason.en


def test_the_table_names_only_fields_and_agencies_there_are():
    known = {row["key"] for row in table_rows("agencies.csv")} | {row["service_code"] for row in table_rows("fields.csv")} | {"urgent"}
    for node in read_xml(shipped_table()).iter("{*}text"):
        for constant in ast.walk(ast.parse(node.text, mode="eval")) if node.text != "-" else ():
            assert not isinstance(constant, ast.Constant) or constant.value in known, node.text


def test_text_from_outside_is_data_in_the_table():
    hostile = '__import__("os").system("true")'
    assert suggest(hostile, hostile, hostile) == suggest("khac", hostile, "normal")


def test_model_and_table_are_valid_by_the_published_schemas():
    VALIDATOR.validate(etree.fromstring(shipped_model()))
    BpmnValidator(SCHEMAS["https://www.omg.org/spec/DMN/20191111/MODEL/"]).validate(etree.fromstring(shipped_table()))
