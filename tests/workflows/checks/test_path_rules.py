"""The rules of the house on the shipped model: it keeps them, and each way of breaking one is found as that rule, where it is broken."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.workflows.drawing import Drawing
from workflows.bindings import BINDINGS
from workflows.checks import rule_table
from workflows.checks.path_rules import rule_findings

Change = Callable[[Drawing], str]
"""Breaks a rule; returns the element that breaks it."""


def found(drawing: Drawing) -> list[tuple[str, str | None]]:
    return [(finding.check, finding.element) for finding in rule_findings(drawing.processes)]


def past(*, before: str, to: str, process: str = "case") -> Change:
    """A choice right before a node from which a way leads past it."""

    def change(drawing: Drawing) -> str:
        gateway = drawing.node("exclusiveGateway", "fork", process=process)
        entering = [flow for flow in drawing.processes[process].entering(before) if flow.target == before]
        for flow in entering:
            drawing.lead(flow.id, target=gateway)
        drawing.flow(gateway, before)
        return drawing.flow(gateway, to, "1 == 1", id_="bypass")

    return change


def led(flow: str, to: str, *, found_at: str | None = None) -> Change:
    def change(drawing: Drawing) -> str:
        drawing.lead(flow, target=to)
        return found_at or flow

    return change


def waiting(flow: str, message: str, process: str = "case", *, at: str = "wait") -> Change:
    """On the way the case waits for something that may not come."""

    def change(drawing: Drawing) -> str:
        drawing.between(flow, drawing.node("intermediateCatchEvent", "wait", process=process, message=message), "wait")
        return at

    return change


def other_end(flow: str, process: str = "case") -> Change:
    def change(drawing: Drawing) -> str:
        drawing.lead(flow, target=drawing.node("endEvent", "other_end", process=process, terminate=True))
        return flow

    return change


def edge_event(step: str, to: str, process: str = "case") -> Change:
    def change(drawing: Drawing) -> str:
        event = drawing.node("boundaryEvent", "window", at=step, process=process, timer=("timeDuration", '"P1D"'))
        drawing.flow(event, to)
        return event

    return change


def test_the_shipped_model_keeps_every_rule() -> None:
    assert found(Drawing()) == []


BREAKS: list[tuple[str, Change]] = [
    ("verified_first", past(before="verify", to="classify")),
    ("verified_first", edge_event("verify", "classify")),
    ("classified_first", past(before="classify", to="distribute")),
    ("agencies_finish_each_round", past(before="again_waiting", to="publish")),
    ("added_agency_is_waited_for", led("agency_added_to_again_waiting", "publish")),
    ("without_answer_distributed_again", led("is_answered_to_distribute", "publish")),
    ("reporter_may_rate", past(before="rate", to="ready_to_close")),
    ("reporter_may_rate", led("is_rateable_to_rate", "ready_to_close")),
    ("dissatisfied_is_reviewed", past(before="review_rating", to="ready_to_close")),
    ("reopened_is_distributed", led("is_reopened_to_distribute", "rating_over")),
    ("rest_settled_before_closing", past(before="wait_for_rest", to="closed")),
    ("closed_is_the_end", other_end("wait_for_rest_to_closed")),
    ("refusal_may_be_objected_to", led("refused_to_object_to_refusal", "refused_for_good")),
    ("upheld_goes_on", led("is_upheld_to_again_refusal", "objection_dismissed")),
    ("dismissed_is_over", led("is_upheld_to_objection_dismissed", "again_refusal")),
    ("hotline_is_called", led("hotline_needed_to_call_hotline", "again_hotline")),
    ("words_are_read", led("reporter_wrote_to_clear_text", "again_words")),
    ("question_ends", led("question_window_to_close_question", "question_over", found_at="question_window")),
    ("unanswered_is_over", led("is_given_up_to_unanswered", "question_over")),
    ("unanswered_goes_on", led("is_given_up_to_question_over", "unanswered")),
    ("hold_ends", led("hold_over_to_close_hold", "hold_ended", found_at="hold_over")),
    ("referral_is_followed", led("referred_to_close_referral", "again_referral")),
    ("came_back_goes_on", led("is_back_to_again_referral", "referred_out")),
    ("referral_closed_is_over", led("is_back_to_referred_out", "again_referral")),
    ("merge_is_waited_out", led("merged_to_merge_settled", "again_merge")),
    ("split_goes_on", led("is_split_to_again_merge", "merged_for_good")),
    ("merged_is_over", led("is_split_to_merged_for_good", "again_merge")),
    ("withdrawal_is_decided", led("is_cancelled_to_decide_withdrawal", "withdrawn")),
    ("withdrawn_is_over", led("is_cancelled_to_cancelled", "again_withdrawal")),
    ("kept_goes_on", led("is_withdrawn_to_again_withdrawal", "withdrawn")),
    ("granted_is_over", led("is_withdrawn_to_withdrawn", "again_withdrawal")),
    ("quarantined_is_over", led("quarantined_to_quarantine_end", "quarantined")),
    ("hand_back_is_decided", led("is_taken_to_decide_hand_back", "submit_answer")),
    ("released_is_over", led("is_released_to_handed_back", "accept_assignment")),
    ("kept_agency_works", led("is_released_to_accept_assignment", "handed_back")),
    ("leader_approves", past(before="approve_answer", to="answered", process="assignment")),
    ("leader_approves", edge_event("approve_answer", "answered", "assignment")),
    ("redo_is_done_again", led("is_approved_to_submit_answer", "answered")),
    ("approved_is_over", led("is_approved_to_answered", "submit_answer")),
    ("taken_off_is_over", waiting("submit_answer_to_approve_answer", "assignment_ended", "assignment", at="wait_to_approve_answer_1")),
    ("approved_is_over", waiting("is_approved_to_answered", "assignment_ended", "assignment", at="is_approved_to_answered")),
    ("approved_is_over", waiting("is_approved_to_answered", "extension_asked", "assignment", at="is_approved_to_answered")),
    ("released_is_over", waiting("is_released_to_handed_back", "assignment_ended", "assignment", at="is_released_to_handed_back")),
    ("agency_may_not_be_added", waiting("publish_to_is_rateable", "agency_added")),
    ("begins_without_agency", waiting("begin_to_verify", "agency_added", at="wait_to_verify_1")),
    ("quarantined_is_over", waiting("begin_to_verify", "quarantined", at="wait_to_verify_1")),
    ("merged_waits_for_nothing_else", waiting("is_split_to_merged_for_good", "quarantined")),
    ("quarantine_may_not_come", waiting("rate_to_review_rating", "quarantined")),
    ("hotline_needed_at_once", waiting("hotline_needed_to_call_hotline", "hotline_dropped")),
    ("reporter_asked_at_once", waiting("reporter_asked_to_answer_question", "stop_waiting")),
    ("held_waits_for_nothing_else", waiting("hold_ended_to_again_hold", "assignments_finished")),
    ("refused_waits_for_nothing_else", waiting("object_to_refusal_to_decide_objection", "assignments_finished")),
    ("endorsed_is_decided", led("is_endorsed_to_decide_extension", "again_extension")),
]  # fmt: skip
"""A way to break each rule, by the rule."""


@pytest.mark.exhaustive(but=8)
@pytest.mark.parametrize(("rule", "change"), BREAKS)
def test_a_way_that_breaks_a_rule_is_found_where_it_does(rule: str, change: Change) -> None:
    drawing = Drawing()
    element = change(drawing)
    assert (rule, element) in found(drawing)


def test_most_ways_break_one_rule_only() -> None:
    for change, rule in (
        (past(before="again_waiting", to="publish"), {"agencies_finish_first", "agencies_finish_each_round", "added_agency_is_waited_for"}),
        (past(before="approve_answer", to="answered", process="assignment"), {"leader_approves"}),
        (led("refused_to_object_to_refusal", "refused_for_good"), {"refusal_may_be_objected_to"}),
        (past(before="rate", to="ready_to_close"), {"reporter_may_rate"}),
    ):
        drawing = Drawing()
        change(drawing)
        assert {check for check, _ in found(drawing)} <= rule


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("step", list(BINDINGS.steps))
def test_each_step_the_software_relies_on_is_missed_by_its_name(step: str) -> None:
    drawing, process = Drawing(), BINDINGS.steps[step].process_id
    drawing.bridge(step)
    assert found(drawing) == [("missing_step", process)]
    finding, = rule_findings(drawing.processes)
    assert step in finding.what.vi
    assert step in finding.what.en


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("message", [each.message for each in rule_table.LISTENERS])
def test_each_listener_is_missed(message: str) -> None:
    drawing = Drawing()
    for process in drawing.processes.values():
        for node in process.nodes.values():
            if node.message == message:
                drawing.bridge(node.id)
    assert [check for check, _ in found(drawing)] == ["missing_listener"]


@pytest.mark.parametrize(("listener", "flow", "after"), [
    ("held", "beside_refusal_to_again_hold", "classify_to_distribute"),
    ("refused", "beside_refusal_to_again_refusal", "verify_to_classify"),
])  # fmt: skip
def test_a_listener_that_begins_late_is_found(listener: str, flow: str, after: str) -> None:
    drawing = Drawing()
    target = drawing.find(flow).get("targetRef")
    drawing.drop(flow)
    split = drawing.node("parallelGateway", "late")
    drawing.between(after, split, split)
    drawing.flow(split, target)
    assert found(drawing) == [("listens_too_late", listener)]


def test_a_listener_that_is_not_taken_up_again_is_found() -> None:
    drawing = Drawing()
    end = drawing.node("endEvent", "heard_once")
    drawing.lead("clear_text_to_again_words", target=end)
    assert ("stops_listening", end) in found(drawing)


@pytest.mark.parametrize("guard", rule_table.GUARDS, ids=lambda guard: guard.id)
def test_each_event_at_the_edge_of_a_step_is_missed(guard: rule_table.Guard) -> None:
    drawing = Drawing()
    process = drawing.processes[guard.process_id]
    for event in process.boundaries(guard.step):
        if event.message == guard.message and (guard.message or event.timer):
            drawing.find(event.id).set("cancelActivity", "false")
    assert found(drawing) == [(guard.id, guard.step)]


@pytest.mark.parametrize(("step", "lane", "rule"), [
    ("approve_answer", "lane_officer", "approver_is_a_leader"),
    ("submit_answer", "lane_agency_leader", "author_is_an_officer"),
])  # fmt: skip
def test_an_answer_is_approved_by_a_leader_and_written_by_an_officer(step: str, lane: str, rule: str) -> None:
    drawing = Drawing()
    drawing.to_lane(step, lane)
    assert found(drawing) == [(rule, step)]


def test_a_missing_end_or_service_is_found() -> None:
    drawing = Drawing()
    drawing.lead("wait_for_rest_to_closed", target=drawing.node("endEvent", "done", terminate=True))
    drawing.drop("closed")
    assert ("missing_end", "case") in found(drawing)
    drawing = Drawing()
    drawing.bridge("close_hold")
    assert ("missing_service", "case") in found(drawing)


def test_an_unforeseen_step_on_the_way_breaks_nothing() -> None:
    drawing = Drawing()
    for flow, process in (("is_answered_to_publish", "case"), ("is_approved_to_answered", "assignment")):
        step = drawing.node("userTask", process=process)
        drawing.between(flow, step, step)
    assert found(drawing) == []


def test_every_rule_says_why_and_from_where() -> None:
    rules = (*rule_table.PATH_RULES, *rule_table.LISTENERS, *rule_table.GUARDS, rule_table.APPROVER, rule_table.AUTHOR)
    for rule in rules:
        assert rule.source
        assert rule.why.vi
        assert rule.why.en
        assert rule.why.vi != rule.why.en
    assert len({rule.id for rule in rule_table.PATH_RULES}) == len(rule_table.PATH_RULES)
    assert {rule.message for rule in rule_table.LISTENERS} <= BINDINGS.facts.keys()
