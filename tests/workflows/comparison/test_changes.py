"""What a version says otherwise than another, and which one that is."""
from __future__ import annotations

import re

from flask import Flask

from casework.db import unit_of_work
from tests import build
from tests import drawn_steps as drawn
from tests.workflows.drafting.test_drafts import CHANGED as RENAMED
from tests.workflows.drafting.test_drafts import NOTE, approved, draft_of, world_with_people
from workflows.comparison.changes import Baseline, Basis, ChangeKind, baseline_of, changes_between
from workflows.comparison.sentences import sentences_between
from workflows.definitions.process import parse, shipped_model
from workflows.drafting.approvals import put_live, roll_back
from workflows.drafting.drafts import discard_draft, start_draft
from workflows.models import ProcessVersion
from workflows.routing.suggestion import shipped_table
from workflows.versions.live import live_version

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


def order_in_the_engine(xml: bytes, gateway: str) -> list[str]:
    ways = parse(xml).specs["case"].task_specs[gateway].cond_task_specs
    return [target.removesuffix(".BoundaryEventSplit") for _condition, target in ways]


def test_what_has_no_name_is_told_by_what_is_beside_it_and_never_by_its_id() -> None:
    nameless = drawn.legal_model().replace('name="Thẩm định pháp lý"'.encode(), b"").replace(b'value="Legal review"', b'value=""')
    labels = {change.element: change.label for change in changes_between(shipped_model(), nameless)}
    assert labels["legal_review"] == ("Bước không tên, sau Đồng ý?", "Step without a name, after Approved?")
    told = [sentence.text for group in sentences_between(shipped_model(), nameless) for sentence in group.sentences]
    assert not [text for text in told if "legal_review" in text.vi + text.en]
    table = shipped_table().decode()
    unexplained = re.sub(r"(<rule id=.rule_2.>\s*<description>)[^<]*", r"\1", table)
    assert [change.label for change in changes_between(table.encode(), unexplained.encode())] == [("Dòng 2", "Row 2")]


def test_a_drawing_that_changes_which_condition_comes_first_is_a_change_of_the_choice() -> None:
    shipped = shipped_model()
    assert order_in_the_engine(shipped, "is_rateable") == ["ready_to_close", "rate"]
    higher = shipped.replace(b'<dc:Bounds x="1550" y="1400"', b'<dc:Bounds x="1550" y="1100"')
    assert order_in_the_engine(higher, "is_rateable") == ["rate", "ready_to_close"]
    assert said(shipped, higher) == {(CHANGED, "is_rateable")}
    lower = shipped.replace(b'<dc:Bounds x="1550" y="1400"', b'<dc:Bounds x="1550" y="1500"')
    assert said(shipped, lower) == set()


def test_of_ways_drawn_at_one_height_the_order_of_the_file_counts() -> None:
    first, second = (f'<bpmn:sequenceFlow id="is_answered_to_{target}"' for target in ("publish", "distribute"))
    text = shipped_model().decode()
    begin, middle = text.index(first), text.index(second)
    end = text.index("</bpmn:sequenceFlow>", middle) + len("</bpmn:sequenceFlow>")
    turned = (text[:begin] + text[middle:end] + text[begin:middle] + text[end:]).encode()
    assert order_in_the_engine(text.encode(), "is_answered") == ["publish", "distribute"]
    assert order_in_the_engine(turned, "is_answered") == ["distribute", "publish"]
    assert said(text.encode(), turned) == {(CHANGED, "is_answered")}


def test_messages_are_compared_though_no_drawing_shows_them() -> None:
    shipped = shipped_model()
    other = shipped.replace(b'id="message_assigned" name="assigned"', b'id="message_assigned" name="given"')
    [change] = changes_between(shipped, other)
    assert (change.kind, change.element, change.label, change.is_shown) == (
        CHANGED, "message_assigned", ("Thông điệp “given”", "Message “given”"), False,
    )  # fmt: skip


def test_what_is_not_live_is_measured_against_what_is_and_what_was_live_against_what_it_replaced(sqlite_app: Flask) -> None:
    world = world_with_people()
    first = live_version(None)

    def measured(version: ProcessVersion) -> tuple[int, Basis] | None:
        measure: Baseline | None = baseline_of(version, by=world.actor("admin"))
        return (measure.version.number, measure.basis) if measure else None

    second, third = approved(world), draft_of(world, RENAMED + b" ")
    with unit_of_work():
        fourth = start_draft(by=world.actor("admin"), now=build.NOON, base=third)
    assert [measured(each) for each in (first, second, third, fourth)] == [None, *[(1, Basis.LIVE)] * 3]
    with unit_of_work():
        put_live(second, by=world.actor("admin"), now=build.NOON)
        discard_draft(fourth, by=world.actor("admin"), now=build.NOON)
    assert [measured(each) for each in (first, second, third, fourth)] == [
        None, (1, Basis.REPLACED), (2, Basis.LIVE), (3, Basis.DRAWN_FROM),
    ]  # fmt: skip
    with unit_of_work():
        roll_back(first, by=world.actor("admin"), now=build.NOON, words=NOTE)
    assert [measured(each) for each in (first, second)] == [(2, Basis.REPLACED), (1, Basis.REPLACED)]
    own = draft_of(world, centre_id=world.centre.id)
    assert baseline_of(own, by=world.actor("admin")) == Baseline(first, Basis.LIVE), "the centre follows the installation"


def test_a_moved_lane_and_a_row_of_a_table_are_changes() -> None:
    text = shipped_model().decode()
    reference = "        <bpmn:flowNodeRef>rate</bpmn:flowNodeRef>\n"
    moved = text.replace(reference, "").replace("        <bpmn:flowNodeRef>review_rating</bpmn:flowNodeRef>\n",
                                                f"        <bpmn:flowNodeRef>review_rating</bpmn:flowNodeRef>\n{reference}")  # fmt: skip
    assert said(text.encode(), moved.encode()) == {(CHANGED, "rate")}
    table = shipped_table().decode()
    assert said(table.encode(), table.replace('"PTNMT"', '"HKL"', 1).encode()) == {(CHANGED, "rule_2")}
    assert said(table.encode(), table.replace('id="rule_2"', 'id="rule_2b"').encode()) == set(), "the same row under another id"
    assert (REMOVED, "rule_2") in said(table.encode(), table.replace('id="rule_2"', 'id="rule_2b"').replace('"PTNMT"', '"HKL"', 1).encode())
