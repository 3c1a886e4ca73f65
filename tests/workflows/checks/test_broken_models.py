"""What is wrong with a model is found, at the element that is wrong, quickly; what is right is let through."""

from __future__ import annotations

import re
import time

import pytest

from casework.bilingual import Bilingual
from tests.whole import one_of_each_kind
from tests.workflows.checks.broken_models import (
    BROKEN,
    UNREADABLE,
    Broken,
    changed,
    deciding,
    in_process,
    legal_review,
    quick_round,
    text,
)
from tests.workflows.drawing import Drawing
from workflows.checks.file import check_content
from workflows.checks.model import check_model
from workflows.definitions.findings import MOST_FINDINGS, Checked, ModelFinding, bounded
from workflows.definitions.process import parse, shipped_model

MOST_SECONDS = 5


def places(checked: Checked) -> list[tuple[str, str | None]]:
    return [(finding.check, finding.element) for finding in checked.errors]


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("broken", one_of_each_kind(BROKEN, lambda broken: broken.check, one_of=3), ids=lambda broken: broken.name)
def test_it_is_found_at_its_element_and_said_in_both_languages(broken: Broken) -> None:
    xml = broken.make()
    began = time.process_time()
    checked = check_content(xml)
    assert time.process_time() - began < MOST_SECONDS
    found = places(checked)
    if broken.element is None:
        assert broken.check in [check for check, _ in found]
    else:
        assert (broken.check, broken.element) in found
    assert checked.is_readable is (broken.name not in UNREADABLE)
    for finding in checked.findings:
        assert all(words.strip() for pair in (finding.what, finding.why, finding.mend) for words in pair)
        assert finding.what.vi != finding.what.en
        assert len(finding.what.vi) < 600


def test_names_of_broken_models_are_their_own() -> None:
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)


def test_the_shipped_model_is_clean() -> None:
    began = time.process_time()
    checked = check_model(shipped_model())
    assert checked.findings == ()
    assert time.process_time() - began < MOST_SECONDS


def without_english() -> bytes:
    """A model of somebody who writes Vietnamese alone: no English name of anything, nor in any form."""
    return re.sub(r'<spiffworkflow:property name="label_en"[^>]*>| label_en="[^"]*"', "", legal_review().decode()).encode()


def test_without_any_english_there_are_notes_and_the_vietnamese_stands_in() -> None:
    checked = check_model(without_english())
    assert checked.errors == ()
    assert {finding.check for finding in checked.findings} == {"label_missing"}
    ours = [finding.what.vi for finding in checked.findings if finding.element == "legal_review"]
    assert len(ours) == 2, "one of the step's name, one of all names in its form"
    assert "Ô fee" in ours[1]
    step = parse(without_english()).elements["legal_review"]
    labels = [step.label, *(field.label for field in step.form.fields), *(button.label for button in step.form.buttons)]
    assert all(label.en == label.vi != "" for label in labels)


def test_what_has_no_name_at_all_is_said_to_have_none() -> None:
    no_english = ('<spiffworkflow:property name="label_en" value="Classify" />', "")
    nameless = changed(('id="classify" name="Phân loại"', 'id="classify"'), no_english)
    assert [finding.what.vi for finding in check_model(nameless).errors] == ["Bước này chưa có tên."]
    fee = legal_review().decode().replace('label_vi="Ô fee"', "").replace('label_en="Field fee"', "")
    assert [finding.what.vi for finding in check_model(fee.encode()).errors] == ["Một mục chưa có tên."]


def test_an_arrow_is_told_by_its_two_ends() -> None:
    overlapping = check_model(deciding("kind == 'a'", "kind in ['a', 'b']", apart=True)).errors
    said = [finding.what for finding in overlapping if "từ " in finding.what.vi]
    assert said, [finding.what.vi for finding in overlapping]
    assert all("way_" not in what.vi + what.en for what in said), said


def annotated() -> bytes:
    """As bpmn-js writes it: its own name, colours, notes, documentation, a flow with a label of its own."""
    colours = 'xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0"'
    documented = (
        "<bpmn:documentation>Theo lĩnh vực</bpmn:documentation><bpmn:extensionElements><spiffworkflow:properties>"
        '<spiffworkflow:property name="label_en" value="Classify" />'
    )
    note = (
        '<bpmn:textAnnotation id="note"><bpmn:text>Xem lại mỗi quý</bpmn:text></bpmn:textAnnotation>'
        '<bpmn:association id="noted" associationDirection="None" sourceRef="closed" targetRef="note" /></bpmn:process>'
    )
    return changed(
        ("<bpmn:definitions ", f'<bpmn:definitions {colours} exporter="bpmn-js (https://demo.bpmn.io)" exporterVersion="18.6.2" '),
        ('bpmnElement="verify">', 'bpmnElement="verify" bioc:stroke="#205022" bioc:fill="#c8e6c9" color:background-color="#c8e6c9">'),
        ("<bpmndi:BPMNLabel>", '<bpmndi:BPMNLabel color:color="#205022">'),
        ('<bpmn:extensionElements><spiffworkflow:properties><spiffworkflow:property name="label_en" value="Classify" />',
         documented),
        ("</bpmn:process>", note),
    )  # fmt: skip


def test_what_bpmn_js_writes_is_let_through() -> None:
    assert check_model(annotated()).findings == ()


def test_a_drawn_step_with_a_form_a_limit_and_a_choice_is_let_through() -> None:
    """Both conditions may hold at once: they lead to the same part."""
    assert check_model(deciding('legal_review == "agree" and fee > 3', 'kind in ["a"]', default=True)).findings == ()


@pytest.mark.exhaustive
def test_who_does_a_step_stands_in_its_lane_or_is_said_where_no_lane_could_say_it() -> None:
    said, = check_model(legal_review(role="officer")).errors
    assert "“Lãnh đạo đơn vị”" in said.what.vi
    assert "“Cán bộ đơn vị”" in said.what.vi
    assert check_model(legal_review(role="agency_leader")).findings == ()
    drawing = Drawing()
    drawing.node("userTask", "signed", lane="lane_ops_lead", role="committee_leader")
    drawing.between("is_answered_to_publish", "signed", "signed")
    note, = check_model(drawing.xml).findings
    assert (note.check, note.element, note.is_error) == ("lane_role", "signed", False)


@pytest.mark.exhaustive
def test_a_round_of_an_hour_is_let_through() -> None:
    drawing = Drawing()
    quick_round(drawing, '"PT1H"')
    assert check_model(drawing.xml).findings == ()


def test_a_list_of_findings_is_cut_off_and_says_so() -> None:
    checked = check_model(in_process("".join(f"<bpmn:strange_{at} />" for at in range(500))))
    assert len(checked.findings) == MOST_FINDINGS + 1
    assert checked.findings[-1].check == "findings_more"


def test_notes_never_hide_an_error() -> None:
    words = Bilingual("vi", "en")
    note = ModelFinding("note", None, words, words, words, is_error=False)
    error = ModelFinding("error", None, words, words, words)
    checked = bounded([*[note] * (MOST_FINDINGS + 50), error])
    assert not checked.is_clean
    assert checked.findings[0] is error
    assert len(checked.findings) == MOST_FINDINGS + 1


def test_a_mistyped_name_is_recognised() -> None:
    checked = check_model(text().replace("spiffworkflow:messageVariable", "spiffworkflow:mesageVariable").encode())
    assert "spiffworkflow:messageVariable" in checked.findings[0].mend.en


def test_what_follows_from_a_refused_part_is_not_told_again() -> None:
    """Flows lead through a script task: it is the one thing wrong, not that what comes after it is not reached."""
    model = text().replace('<bpmn:userTask id="classify"', '<bpmn:scriptTask id="classify"', 1)
    at = model.index('<bpmn:scriptTask id="classify"')
    model = model[:at] + model[at:].replace("</bpmn:userTask>", "</bpmn:scriptTask>", 1)
    assert {check for check, _ in places(check_model(model.encode()))} == {"vocabulary_element"}
