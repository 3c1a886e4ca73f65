"""Conditions, timers, forms and limits: what is right is let through, and what is only worth knowing is a note."""

from __future__ import annotations

from functools import partial

import pytest

from tests.workflows.checks.broken_models import changed, deciding, drawn, legal_review, timer, with_condition
from tests.workflows.drawing import Drawing, field
from workflows.bindings import BINDINGS
from workflows.checks.diagram import processes_of
from workflows.checks.model import meanings
from workflows.checks.structure import structure_findings
from workflows.checks.values import values_of
from workflows.definitions.findings import ModelFinding
from workflows.definitions.reading import read_tree


def said(xml: bytes) -> list[ModelFinding]:
    root = read_tree(xml)
    return list(meanings(root, processes_of(root), BINDINGS))


def default_way() -> bytes:
    written = '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">not has_rater</bpmn:conditionExpression>'
    gateway = '<bpmn:exclusiveGateway id="is_rateable"'
    return changed((written, ""), (gateway, gateway + ' default="is_rateable_to_ready_to_close"'))


RIGHT = {
    "a way for otherwise": default_way,
    "a drawn step": legal_review,
    "a limit and another person": partial(
        legal_review, limit="4", limit_unit="working_hours", other_than="submit_answer", help_vi="Xem luật", help_en="See the law"),
    "both buttons": partial(deciding, 'legal_review == "agree"', 'legal_review == "object"'),
    "one button and otherwise": partial(deciding, 'legal_review == "agree"', default=True),
    "all numbers": partial(deciding, "fee < 100", "fee == 100", "fee > 100"),
    "all the form takes": partial(deciding, "fee <= 500", "fee > 500 and fee <= 1000"),
    "a number or nothing": partial(deciding, "weight is None", "weight < 5", "weight >= 5"),
    "choices listed": partial(deciding, 'kind in ["a"]', 'not (kind in ["a"])'),
    "two values at once": partial(deciding, 'kind == "a" and fee > 3', 'kind == "a" and fee <= 3', 'kind == "b"'),
    "days": partial(deciding, 'day < "2026-03-02"', 'day >= "2026-03-02"'),
    "guarded": partial(deciding, 'defined("decide_hand_back") and decide_hand_back == "keep"', default=True),
    "guarded the other way": partial(deciding, 'not defined("decide_hand_back") or decide_hand_back == "keep"', default=True),
    "a chain": partial(deciding, "0 <= fee < 10", "10 <= fee"),
    "a wait of some days": partial(timer, '"P3DT4H"'),
    "an instant the process knows": partial(timer, 'hold["until"]', "timeDate"),
    "a condition with a list": partial(with_condition, 'accept_assignment in ["accept"]'),
}  # fmt: skip


def more_days(drawing: Drawing) -> None:
    next(drawing.root.iter("{*}form")).extend([field("since", "date"), field("until", "date")])


@pytest.mark.parametrize("edge", ["0001-01-02", "9999-12-30", "2026-01-01"])
def test_days_are_compared_with_each_other_up_to_the_first_and_last_there_are(edge: str) -> None:
    compared = f'since < until or until < day or day < "{edge}"'
    assert said(deciding(compared, f"not ({compared})", change=more_days)) == []
    assert [each.check for each in said(deciding(compared, "since > until", change=more_days))] == ["gateway_incomplete"]


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_let_through(name: str) -> None:
    assert [(finding.check, finding.element, finding.what.en) for finding in said(RIGHT[name]())] == []


def test_conditions_that_overlap_are_an_error_that_names_the_ways_and_the_value() -> None:
    finding, *others = said(deciding("fee <= 500", "fee >= 500", apart=True))
    assert (finding.check, finding.element, finding.is_error, others) == ("conditions_overlap", "is_legal", True, [])
    assert "“from Part is_legal to Part step_0” and “from Part is_legal to Part step_1”" in finding.what.en
    assert "“Field fee” = 500" in finding.what.en


def test_a_fixed_day_is_a_note() -> None:
    note, *others = said(timer('"2030-12-31T17:00:00+07:00"', "timeDate"))
    assert (note.check, note.is_error, others) == ("timer_fixed_day", False, [])


def test_a_random_id_is_a_note() -> None:
    note, *others = said(legal_review().replace(b"legal_review", b"Activity_0abc123"))
    assert (note.check, note.element, note.is_error, others) == ("id_random", "Activity_0abc123", False, [])


def test_a_gateway_that_does_nothing_is_a_note() -> None:
    def change(drawing: Drawing) -> None:
        drawing.node("exclusiveGateway", "idle")
        drawing.between("verify_to_classify", "idle", "idle")

    root = read_tree(drawn(change))
    note, *others = structure_findings(root, processes_of(root))
    assert (note.check, note.element, note.is_error, others) == ("gateway_idle", "idle", False, [])


def test_the_value_without_a_way_is_named_in_words() -> None:
    found = {finding.check: finding for finding in said(deciding('legal_review == "agree"', 'legal_review == "agree" and fee > 3'))}
    assert "“Nút object”" in found["gateway_incomplete"].what.vi
    assert "“Button object”" in found["gateway_incomplete"].what.en


@pytest.mark.parametrize(("has_default", "found"), [(False, ["gateway_incomplete"]), (True, [])])
def test_what_is_too_much_to_try_needs_a_way_for_otherwise(has_default: bool, found: list[str]) -> None:
    answers = [f"answer_{at}" for at in range(12)]

    def change(drawing: Drawing) -> None:
        next(drawing.root.iter("{*}form")).extend(field(answer, "yes_no") for answer in answers)

    every = " and ".join(answers)
    xml = deciding(every, *([] if has_default else [f"not ({every})"]), default=has_default, change=change)
    assert [finding.check for finding in said(xml)] == found


def test_a_value_is_sure_only_where_every_way_brings_it() -> None:
    """Behind the edge of a step its outcome is not known; behind a parallel join what any branch brought is."""

    def change(drawing: Drawing) -> None:
        drawing.node("parallelGateway", "part", process="assignment")
        drawing.node("parallelGateway", "join", process="assignment")
        drawing.between("submit_answer_to_approve_answer", "part", "join")
        for branch in ("left_check", "right_check"):
            drawing.node("userTask", branch, process="assignment", lane="lane_officer", form=[field(f"{branch}_ok", "yes_no")])
            drawing.flow("part", branch)
            drawing.flow(branch, "join")

    processes = processes_of(read_tree(drawn(change)))
    assignment = values_of(processes["assignment"], BINDINGS)
    assert {"left_check_ok", "right_check_ok"} <= assignment.sure["approve_answer"]
    assert "right_check_ok" not in assignment.sure["left_check"]
    assert "approve_answer" not in assignment.sure["submit_answer"]
    case = values_of(processes["case"], BINDINGS)
    assert "answer_question" not in case.sure["close_question"]
    assert {"question", "end_question"} <= case.sure["is_given_up"]
