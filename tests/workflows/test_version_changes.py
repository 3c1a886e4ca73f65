"""What a version says otherwise than the one it was drawn from."""
from __future__ import annotations

from tests import drawn
from workflows.definitions import shipped_model
from workflows.routing import shipped_table
from workflows.version_changes import ChangeKind, changes_between

ADDED, CHANGED, REMOVED = ChangeKind


def said(before: bytes, after: bytes) -> set[tuple[ChangeKind, str]]:
    return {(change.kind, change.element) for change in changes_between(before, after)}


def test_the_same_text_changes_nothing() -> None:
    assert changes_between(shipped_model(), shipped_model()) == ()
    assert changes_between(shipped_table(), shipped_table()) == ()


def test_a_step_put_on_a_flow_is_new_with_its_flows_and_nothing_else_is_named() -> None:
    assert said(shipped_model(), drawn.legal_model()) == {
        (ADDED, "legal_review"), (ADDED, "is_approved_to_legal_review"), (ADDED, "legal_review_to_answered"),
        (REMOVED, "is_approved_to_answered"),
    }  # fmt: skip
    labels = {change.element: change.label for change in changes_between(shipped_model(), drawn.legal_model())}
    assert labels["legal_review"] == ("Thẩm định pháp lý", "Legal review")
    assert labels["is_approved_to_legal_review"].vi == "Đồng ý? → Thẩm định pháp lý (Có)"


def test_a_name_a_setting_and_a_condition_are_changes_and_a_drawing_is_none() -> None:
    text = shipped_model().decode()
    assert said(text.encode(), text.replace('name="Phân loại"', 'name="Phân loại lại"').encode()) == {(CHANGED, "classify")}
    assert said(text.encode(), text.replace('"Classify"', '"Sort"').encode()) == {(CHANGED, "classify")}
    assert said(text.encode(), text.replace(">has_rater<", ">has_rater == True<").encode()) == {(CHANGED, "is_rateable_to_rate")}
    assert said(text.encode(), text.replace('<dc:Bounds x="420"', '<dc:Bounds x="425"').encode()) == set()


def test_a_moved_lane_and_a_row_of_a_table_are_changes() -> None:
    text = shipped_model().decode()
    reference = "        <bpmn:flowNodeRef>rate</bpmn:flowNodeRef>\n"
    moved = text.replace(reference, "").replace("        <bpmn:flowNodeRef>review_rating</bpmn:flowNodeRef>\n",
                                                f"        <bpmn:flowNodeRef>review_rating</bpmn:flowNodeRef>\n{reference}")  # fmt: skip
    assert said(text.encode(), moved.encode()) == {(CHANGED, "rate")}
    table = shipped_table().decode()
    assert said(table.encode(), table.replace('"PTNMT"', '"HKL"', 1).encode()) == {(CHANGED, "rule_2")}
    assert (REMOVED, "rule_2") in said(table.encode(), table.replace('id="rule_2"', 'id="rule_2b"').encode())
