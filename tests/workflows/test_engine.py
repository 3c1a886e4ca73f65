"""The shipped model on the bare engine: every way it has, its size, and what other processes make of its state."""

import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from tests.workflows.definitions.test_process import SMALL
from tests.workflows.raw import NOON, Run, shipped
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import parse

WINDOW_ENDS = datetime.fromisoformat("2026-03-09T17:00:00+00:00")
STATE_LIMIT = 4096


def classified(*, urgent: bool = False) -> Run:
    run = Run("case")
    run.do("verify", "accept")
    run.do("classify")
    if urgent:
        run.send("hotline_needed")
    return run


def published(run: Run, *, has_rater: bool = True) -> Run:
    run.do("distribute")
    run.send("assignments_finished", answered=True)
    run.do("publish", has_rater=has_rater, rating_due_at=WINDOW_ENDS.isoformat())
    return run


def closed(run: Run) -> bool:
    """What the hotline leaves is told last: the end waits for it."""
    assert not run.workflow.completed
    run.send("rest_settled")
    return run.workflow.completed


def test_the_straight_way_ends_when_the_rating_window_is_over():
    run = Run("case")
    assert run.waiting == ["verify"]
    assert run.do("verify", "accept") == ["classify"]
    assert run.do("classify") == ["distribute"]
    assert run.do("distribute") == []
    assert run.send("assignments_finished", answered=True) == ["publish"]
    assert run.do("publish", has_rater=True, rating_due_at=WINDOW_ENDS.isoformat()) == ["rate"]
    run.now = WINDOW_ENDS - timedelta(microseconds=1)
    run.rest()
    assert run.waiting == ["rate"]
    run.now = WINDOW_ENDS
    run.rest()
    assert run.waiting == []
    assert closed(run)


def test_a_refused_report_ends_when_nobody_objects():
    run = Run("case")
    run.send("refused", until=WINDOW_ENDS.isoformat())
    assert run.waiting == ["object_to_refusal", "verify"]
    run.now = WINDOW_ENDS
    run.rest()
    assert run.workflow.completed


def test_an_objection_upheld_waits_for_the_next_refusal_and_one_dismissed_ends():
    run = Run("case")
    for outcome, ends in (("upheld", False), ("dismissed", True)):
        run.send("refused", until=WINDOW_ENDS.isoformat())
        assert run.do("object_to_refusal", "objected") == ["decide_objection", "verify"]
        run.do("decide_objection", outcome)
        assert run.workflow.completed is ends


def test_a_question_is_answered_given_up_or_no_longer_waited_for():
    run = Run("case")
    for end in ("answer", "stop"):
        run.send("reporter_asked", until=WINDOW_ENDS.isoformat())
        assert run.waiting == ["answer_question", "verify"]
        run.do("answer_question", "answered") if end == "answer" else run.send("stop_waiting")
        assert run.waiting == ["verify"]


def test_a_case_nobody_can_rate_ends_with_its_publication():
    assert closed(published(classified(), has_rater=False))


def test_the_hotline_stands_beside_distribution_and_is_called_again_when_a_case_becomes_urgent_again():
    run = classified(urgent=True)
    assert run.waiting == ["call_hotline", "distribute"]
    assert run.send("hotline_dropped") == ["distribute"]
    assert run.send("hotline_needed") == ["call_hotline", "distribute"]
    assert run.do("call_hotline") == ["distribute"]
    assert closed(published(run, has_rater=False))


def test_an_agency_added_late_takes_the_case_back_to_waiting():
    run = classified()
    run.do("distribute")
    assert run.send("assignments_finished", answered=True) == ["publish"]
    assert run.send("agency_added") == []
    assert run.send("assignments_finished", answered=True) == ["publish"]


def test_dissatisfied_reopens_and_the_second_window_counts():
    run = published(classified(urgent=True))
    assert run.do("rate", "dissatisfied") == ["call_hotline", "review_rating"]
    assert run.do("review_rating", "reopened") == ["call_hotline", "distribute"]
    published(run)
    assert run.waiting == ["call_hotline", "rate"]
    run.do("rate", "dissatisfied")
    run.do("review_rating", "explained")
    run.do("call_hotline")
    assert closed(run)


@pytest.mark.parametrize(("message", "flags"), [
    ("quarantined", {}), ("withdrawal_asked", {"granted": True}),
])
def test_a_case_ends_wherever_it_stands(message, flags):
    for run in (Run("case"), classified(urgent=True), published(classified())):
        run.send(message, **flags)
        assert run.workflow.completed
        assert run.waiting == []


def test_a_merged_case_ends_with_its_main_one_or_is_split_off():
    run = classified()
    for is_split in (True, False):
        run.send("merged")
        run.send("merge_settled", split=is_split)
        assert run.workflow.completed is not is_split


def test_an_agency_taken_off_stops_wherever_it_stands():
    for steps in ((), (("accept_assignment", "accept"),), (("accept_assignment", "accept"), ("submit_answer", None))):
        run = Run("assignment")
        for element, outcome in steps:
            run.do(element, outcome)
        run.send("assignment_ended")
        assert run.workflow.completed


def test_more_time_is_endorsed_and_decided_beside_the_work():
    run = Run("assignment")
    run.do("accept_assignment", "accept")
    assert run.send("extension_asked") == ["endorse_extension", "submit_answer"]
    assert run.do("endorse_extension", "decline") == ["submit_answer"]
    run.send("extension_asked")
    assert run.do("endorse_extension", "endorse") == ["decide_extension", "submit_answer"]
    assert run.do("decide_extension", "grant") == ["submit_answer"]


def test_without_any_answer_the_case_is_distributed_again():
    run = classified()
    run.do("distribute")
    assert run.send("assignments_finished", answered=False) == ["distribute"]
    assert published(run).waiting == ["rate"]


def test_an_agency_redoes_until_its_leader_agrees():
    run = Run("assignment")
    assert run.waiting == ["accept_assignment"]
    assert run.do("accept_assignment", "accept") == ["submit_answer"]
    for _ in range(5):
        assert run.do("submit_answer") == ["approve_answer"]
        assert run.do("approve_answer", "redo") == ["submit_answer"]
    run.do("submit_answer")
    run.do("approve_answer", "approve")
    assert run.workflow.completed


def test_a_hand_back_is_decided_by_the_centre():
    run = Run("assignment")
    assert run.do("accept_assignment", "hand_back") == ["decide_hand_back"]
    assert run.do("decide_hand_back", "keep") == ["accept_assignment"]
    run.do("accept_assignment", "hand_back")
    run.do("decide_hand_back", "release")
    assert run.workflow.completed


def test_an_outcome_the_model_does_not_know_is_a_fault_and_not_a_guess():
    run = Run("case")
    run.send("referred")
    with pytest.raises(Exception, match="No conditions satisfied"):
        run.do("close_referral", "perhaps")


def test_the_state_stays_small_at_every_rest():
    case = classified(urgent=True)
    for _ in range(3):
        published(case)
        case.do("rate", "dissatisfied")
        case.do("review_rating", "reopened")
    agency = Run("assignment")
    agency.do("accept_assignment", "accept")
    for _ in range(4):
        agency.do("submit_answer")
        agency.do("approve_answer", "redo")
    assert max(case.sizes) < STATE_LIMIT
    assert max(agency.sizes) < STATE_LIMIT


def test_a_timer_that_is_due_is_run_before_the_instance_rests():
    """`do_engine_steps` alone makes a due timer READY and leaves it there."""
    run = published(classified())
    with engine_clock(WINDOW_ENDS):
        engine.run_to_rest(run.workflow)
    assert run.waiting == []
    assert engine.waits_for(run.workflow, "rest_settled")


def test_moving_a_timer_moves_the_moment_it_fires():
    run = published(classified())
    (task, due), = engine.waiting_timers(run.workflow)
    assert due == WINDOW_ENDS
    engine.set_timer(run.workflow, task.id, WINDOW_ENDS + timedelta(days=2))
    run.now = WINDOW_ENDS
    run.rest()
    assert run.waiting == ["rate"]
    run.now = WINDOW_ENDS + timedelta(days=2)
    run.rest()
    assert run.waiting == []


def test_a_model_that_runs_in_a_circle_is_stopped():
    gateway = '<bpmn:exclusiveGateway id="step" default="f2" />'
    back = ('<bpmn:sequenceFlow id="f3" sourceRef="step" targetRef="step2"><bpmn:conditionExpression>True</bpmn:conditionExpression>'
            '</bpmn:sequenceFlow><bpmn:exclusiveGateway id="step2" /><bpmn:sequenceFlow id="f4" sourceRef="step2" targetRef="step" />')
    definition = parse(SMALL.format(step=gateway, more=back).encode())
    with engine_clock(NOON), pytest.raises(engine.EndlessLoop):
        engine.run_to_rest(engine.new_instance(definition.specs["case"]))


CONTINUE = """
import sys
from tests.workflows.raw import Run
from workflows import engine
run = Run(sys.argv[1])
run.workflow = engine.unpack(sys.stdin.buffer.read(), run.spec)
for act in sys.argv[2:]:
    element, _, outcome = act.partition("=")
    run.do(element, outcome or None)
sys.stdout.buffer.write(engine.pack(run.workflow))
"""


def in_another_process(run: Run, *acts: str) -> None:
    """Another Python takes the stored state up, acts, and hands it back."""
    command = [sys.executable, "-c", CONTINUE, run.spec.name, *acts]
    done = subprocess.run(command, input=engine.pack(run.workflow), capture_output=True, check=True)
    run.workflow = engine.unpack(done.stdout, run.spec)


@pytest.mark.exhaustive
def test_two_processes_hand_one_instance_to_and_fro():
    case = Run("case")
    in_another_process(case, "verify=accept", "classify")
    assert case.send("hotline_needed") == ["call_hotline", "distribute"]
    case.do("call_hotline")
    in_another_process(case, "distribute")
    assert case.send("assignments_finished", answered=True) == ["publish"]

    agency = Run("assignment")
    in_another_process(agency, "accept_assignment=accept", "submit_answer")
    agency.do("approve_answer", "redo")
    in_another_process(agency, "submit_answer", "approve_answer=approve")
    assert agency.workflow.completed


def test_the_waiting_message_is_known():
    run = classified()
    assert not engine.waits_for(run.workflow, "assignments_finished")
    run.do("distribute")
    assert engine.waits_for(run.workflow, "assignments_finished")
    assert "assignments_finished" in engine.awaited_messages(run.workflow)
    assert not engine.waits_for(run.workflow, "another")


def test_the_definition_names_every_step_with_its_role():
    roles = {element.id: element.role for element in shipped().steps}
    assert roles == {
        "verify": "operator", "classify": "operator", "call_hotline": "operator", "distribute": "operator", "publish": "operator",
        "rate": "reporter", "review_rating": "ops_lead", "accept_assignment": "officer", "submit_answer": "officer",
        "approve_answer": "agency_leader", "decide_hand_back": "operator",
        "endorse_extension": "agency_leader", "decide_extension": "ops_lead", "answer_question": "reporter",
        "object_to_refusal": "reporter", "decide_objection": "ops_lead", "resume": "ops_lead", "close_referral": "operator",
        "decide_withdrawal": "operator", "clear_text": "operator",
    }  # fmt: skip
