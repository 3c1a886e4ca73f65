"""An administrator mends a process: suspended and resumed, tokens set elsewhere, values corrected, a damaged state restored."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.casefile.history import staff_steps
from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Case, Event
from casework.permissions import NotAllowed, Role, actor_for
from tests import build
from tests import drawn_steps as drawn
from workflows.definitions.process import shipped_model
from workflows.mending import acts as mending
from workflows.mending.acts import CaseUnknown, MendingRefused
from workflows.mending.process_view import ProcessView, processes_of
from workflows.models import ProcessInstance, StepFact, Timer, WaitingTask
from workflows.running.process_variables import ValueRefused
from workflows.running.steps import StepRefused, claim, perform
from workflows.running.tokens import tokens_of
from workflows.running.wakeups import deliver_messages, fire_due_timers
from workflows.verification import check_process

WHY = "Chuyển nhầm, theo yêu cầu của tổ trưởng."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def quick(sqlite_app: Flask) -> build.World:
    """For what cannot differ between the databases."""
    return build.standard_world()


def mend(world: build.World, act: Any, case: Case, *arguments: Any, by: str = "administrator", reason: str = WHY, **given: Any) -> None:
    now = given.pop("now", None) or build.next_moment(case)
    ref, actor = case.ref, world.actor(by, now)
    with unit_of_work():
        act(ref, *arguments, by=actor, now=now, reason=reason, **given)
    db.session.expire_all()


def seen(case: Case, key: str = "case") -> ProcessView:
    return next(each for each in processes_of(case) if each.key == key)


def token(case: Case, element: str, key: str = "case") -> str:
    return next(each.token for each in seen(case, key).resting if each.element == element)


def move(world: build.World, case: Case, source: str, target: str, key: str = "case", **given: Any) -> None:
    mend(world, mending.move_token, case, key, token=token(case, source, key), target=target, **given)


def at_desks(case: Case) -> list[tuple[str, str]]:
    query = select(WaitingTask.element, WaitingTask.state).where(WaitingTask.case_id == case.id)
    return sorted(tuple(row) for row in db.session.execute(query.where(WaitingTask.state.in_(("waiting", "frozen")))))


def faults() -> list[str]:
    with one_moment():
        return [f"{each.check} {each.text.en}" for each in check_process() if each.is_fault]


def newest(case: Case) -> Event:
    return db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.seq.desc()).limit(1)).one()


# -- suspend and resume ------------------------------------------------------------------------------------------------


def test_a_suspended_case_rests_as_a_whole_and_goes_on_where_it_stood(quick: build.World) -> None:
    case = build.case_at(quick, "handling", agencies=2)
    refs = [build.waiting(case, "submit_answer", row.agency).ref for row in case.open_assignments]
    mend(quick, mending.suspend_case, case)
    assert at_desks(case) == [("submit_answer", "frozen")] * 2
    assert {each.status for each in processes_of(case)} == {"suspended"}
    now = build.next_moment(case)
    for act in (perform, claim):
        with pytest.raises(StepRefused, match="suspended the process") as refusal, unit_of_work():
            act(refs[0], by=quick.actor("officer_PTNMT", now), now=now)
        assert "tạm ngừng" in refusal.value.vi
    assert faults() == []
    assert (newest(case).type, newest(case).payload) == ("suspend_case", {"reason": WHY})
    mend(quick, mending.resume_case, case)
    assert at_desks(case) == [("submit_answer", "waiting")] * 2
    build.advance(quick, case, "rating", agencies=2)
    assert faults() == []


def test_a_timer_due_meanwhile_fires_when_the_case_is_resumed_and_not_before(world: build.World) -> None:
    case, other = build.case_at(world, "rating"), build.case_at(world, "rating")
    mend(world, mending.suspend_case, case)
    over = build.next_moment(case) + timedelta(days=30)
    assert fire_due_timers(over) == 1                                   # the other case's: nothing else stops
    assert fire_due_timers(over) == 0
    db.session.expire_all()
    assert (case.state, other.state) == ("rating", "closed")
    timer = db.session.scalars(select(Timer).where(Timer.case_id == case.id, Timer.ended_at.is_(None))).one()
    assert timer.leased_until is None                                   # no worker even looked at it
    mend(world, mending.resume_case, case, now=over)
    assert (case.state, at_desks(case), faults()) == ("closed", [], [])


def test_what_happens_beside_the_tokens_meanwhile_is_heard_on_resuming(quick: build.World) -> None:
    case = build.case_at(quick, "handling", agencies=2)
    _first, second = case.open_assignments
    mend(quick, mending.suspend_case, case)
    build.act(quick, case, "remove_agency", "operator", assignment=second, reason="Không thuộc địa bàn.")
    build.act(quick, case, "add_agency", "operator", agency=quick.agencies["HKL"])
    build.act(quick, case, "write_to_centre", "citizen", report=case.main_report, words="Vẫn còn rác ở đầu hẻm.")
    assert deliver_messages(build.next_moment(case)) == 0
    assert {state for _, state in at_desks(case)} == {"frozen"}
    assert faults() == []
    mend(quick, mending.resume_case, case)
    assert at_desks(case) == [("accept_assignment", "waiting"), ("clear_text", "waiting"), ("submit_answer", "waiting")]
    assert tokens_of(case)[2].is_ended
    assert faults() == []


def test_suspending_twice_resuming_what_runs_and_mending_what_is_not_ones_own_are_refused(quick: build.World) -> None:
    case = build.case_at(quick, "to_classify")
    with unit_of_work():
        elsewhere = build.World(build.centre("DN", is_default=False))
        stranger = build.staff(elsewhere, "administrator_DN", Role.ADMINISTRATOR)
    with pytest.raises(MendingRefused, match="not suspended"):
        mend(quick, mending.resume_case, case)
    for reason in ("", "   ", "x" * 501):
        with pytest.raises(MendingRefused, match="reason"):
            mend(quick, mending.suspend_case, case, reason=reason)
    for name in ("operator", "ops_lead", "inspector", "process_approver"):
        with pytest.raises(NotAllowed):
            mend(quick, mending.suspend_case, case, by=name)
    with pytest.raises(CaseUnknown), unit_of_work():
        mending.suspend_case(case.ref, by=actor_for(stranger, now=build.NOON), now=build.NOON, reason=WHY)
    mend(quick, mending.suspend_case, case)
    with pytest.raises(MendingRefused, match="already"):
        mend(quick, mending.suspend_case, case)
    closed = build.case_at(quick, "closed")
    with pytest.raises(MendingRefused, match="No process"):
        mend(quick, mending.suspend_case, closed)
    build.act(quick, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    with pytest.raises(CaseUnknown):
        mend(quick, mending.resume_case, case)
    assert (at_desks(case), faults()) == ([], [])


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_step_taken_back_by_a_move_is_withdrawn_and_the_other_waits(world: build.World) -> None:
    case = build.case_at(world, "to_distribute")
    move(world, case, "distribute", "classify")
    assert at_desks(case) == [("classify", "waiting")]
    left = db.session.scalars(select(WaitingTask).where(WaitingTask.element == "distribute")).one()
    assert (left.state, left.done_at) == ("withdrawn", newest(case).at)
    assert db.session.scalars(select(StepFact.element).order_by(StepFact.id.desc())).first() == "distribute"
    told = newest(case).payload
    assert (newest(case).type, told["from"], told["to"], told["reason"]) == ("move_token", "distribute", "classify", WHY)
    said = [step.words.vi for step in staff_steps(case, by=world.actor("administrator"))]
    assert any("từ “Phân công đơn vị” sang “Phân loại”" in words and WHY in words for words in said)
    assert faults() == []
    move(world, case, "classify", "distribute")
    build.advance(world, case, "rating")
    assert faults() == []


def test_timers_follow_a_move_and_facts_that_hold_are_heard_at_once(quick: build.World) -> None:
    case = build.case_at(quick, "rating")
    move(quick, case, "rate", "publish")
    assert at_desks(case) == [("publish", "waiting")]
    assert db.session.scalars(select(Timer).where(Timer.ended_at.is_(None))).all() == []
    move(quick, case, "publish", "rate")
    assert db.session.scalars(select(Timer.element).where(Timer.ended_at.is_(None))).all() == ["rating_window"]
    assert faults() == []
    move(quick, case, "rate", "wait_for_agencies")                      # the agencies are done: it goes on by itself
    assert at_desks(case) == [("publish", "waiting")]
    move(quick, case, "publish", "rate")
    assert fire_due_timers(build.next_moment(case) + timedelta(days=30)) == 1
    db.session.expire_all()
    assert (case.state, faults()) == ("closed", [])


def test_every_place_a_token_can_come_to_leaves_rows_that_agree(quick: build.World) -> None:
    case = build.case_at(quick, "handling")
    visited = set()
    for key in ("case", case.open_assignments[0].ref):
        places = next(each.targets for each in seen(case, key).resting if not each.listens)
        for target, _label in places:
            source = next(each for each in seen(case, key).resting if not each.listens)
            mend(quick, mending.move_token, case, key, token=source.token, target=target)
            visited.add(target)
            # an agency that has not finished calls it back from publishing at once
            assert (faults(), target in dict(at_desks(case))) == ([], target != "publish")
    of_the_agency = {"accept_assignment", "approve_answer", "decide_hand_back"}
    assert visited == {"verify", "classify", "distribute", "publish"} | of_the_agency


def test_a_move_across_lines_into_the_void_or_without_its_values_is_refused_and_changes_nothing(quick: build.World) -> None:
    case = build.case_at(quick, "to_classify")
    before = db.session.scalars(select(ProcessInstance.state)).one()
    for target in ("call_hotline", "referred", "classify", "closed", "rating_window", "submit_answer", "nowhere", ""):
        with pytest.raises(MendingRefused, match="same line"):
            move(quick, case, "classify", target)
    with pytest.raises(MendingRefused, match="question"):
        move(quick, case, "reporter_asked", "answer_question")
    with pytest.raises(MendingRefused, match="load the page again"):
        mend(quick, mending.move_token, case, "case", token="00000000-0000-0000-0000-000000000000", target="distribute")
    with pytest.raises(CaseUnknown):
        mend(quick, mending.move_token, case, "no-such-key", token="x", target="distribute")
    assert db.session.scalars(select(ProcessInstance.state)).one() == before
    assert newest(case).type == "verify"
    closed = build.case_at(quick, "closed")
    with pytest.raises(MendingRefused, match="ended"):
        mend(quick, mending.move_token, closed, "case", token="x", target="verify")


def test_no_token_is_set_past_the_step_the_case_still_needs(quick: build.World) -> None:
    drawn.put_live(drawn.legal_model())
    case = build.case_at(quick, "handling")
    key = case.open_assignments[0].ref
    with pytest.raises(MendingRefused, match="no answer approved"):
        move(quick, case, "submit_answer", "legal_review", key)
    for target in ("rate", "review_rating", "wait_for_rest"):
        with pytest.raises(MendingRefused, match="nothing published"):
            move(quick, case, "wait_for_agencies", target)
    assert "legal_review" not in dict(next(each.targets for each in seen(case, key).resting if each.element == "submit_answer"))
    assert at_desks(case) == [("submit_answer", "waiting")]
    build.advance(quick, case, "approval")
    build.approve(quick, case)
    assert at_desks(case) == [("legal_review", "waiting")]
    for target in ("submit_answer", "approve_answer", "accept_assignment"):
        with pytest.raises(MendingRefused, match="work is over"):
            move(quick, case, "legal_review", target, key)
    build.do(quick, case, "legal_review", "ops_lead", button="agree", values={"legal_basis": "Điều 3", "risk": 1})
    build.publish(quick, case)
    move(quick, case, "rate", "wait_for_rest")                          # published: nothing is owed any more
    assert faults() == []


def test_a_token_behind_the_approval_may_be_set_along_what_was_drawn_there(quick: build.World) -> None:
    signed = replace(drawn.LEGAL_REVIEW, id="signature", at=(1420, 130), fields=(), buttons=())
    drawn.put_live(drawn.step_on(drawn.legal_model(), "legal_review_to_answered", signed))
    case = build.case_at(quick, "approval")
    key = case.open_assignments[0].ref
    build.approve(quick, case)
    move(quick, case, "legal_review", "signature", key)
    move(quick, case, "signature", "legal_review", key)
    assert (at_desks(case), faults()) == ([("legal_review", "waiting")], [])


def test_a_token_moved_in_a_suspended_case_rests_there_until_it_is_resumed(quick: build.World) -> None:
    case = build.case_at(quick, "rating")
    mend(quick, mending.suspend_case, case)
    move(quick, case, "rate", "wait_for_agencies")
    assert (at_desks(case), tokens_of(case)[0].current) == ([], {"wait_for_agencies"})
    assert faults() == []
    mend(quick, mending.resume_case, case)
    assert (at_desks(case), faults()) == ([("publish", "waiting")], [])


# -- values ------------------------------------------------------------------------------------------------------------


def value(case: Case, name: str, key: str = "case") -> Any:
    return next(held.value for held in seen(case, key).values if held.name == name)


def test_a_corrected_value_is_what_the_choices_read_later(quick: build.World) -> None:
    case = build.case_at(quick, "to_publish")
    edit = mending.edit_variable
    assert value(case, "assignments.answered") is True
    mend(quick, edit, case, "case", name="assignments.answered", value="false")
    assert value(case, "assignments.answered") is False
    assert newest(case).payload == {
        "process": "case", "name": "assignments.answered", "label": ["Đã có trả lời", "There is an answer"], "old": True, "new": False,
        "reason": WHY,
    }  # fmt: skip
    mend(quick, edit, case, "case", name="assignments.answered", value="true")
    build.publish(quick, case)
    mend(quick, edit, case, "case", name="rating_due_at", value="2026-04-01T09:30")
    assert value(case, "rating_due_at") == "2026-04-01T09:30:00+07:00"
    assert faults() == []


def test_a_value_of_a_waiting_event_stays_corrected_when_it_happens(quick: build.World) -> None:
    case = build.case_at(quick, "handling")
    mend(quick, mending.edit_variable, case, "case", name="agencies", value="7")
    build.advance(quick, case, "rating")
    assert value(case, "agencies") == 7


@pytest.mark.exhaustive
def test_what_was_filled_in_at_a_drawn_step_is_corrected_and_not_read(quick: build.World) -> None:
    unrated = drawn.Gateway("is_costly", "Chi phí lớn?", "Costly?", "lane_operator", (1240, 1090), "cost > 5", "ready_to_close")
    checked = drawn.step_on(shipped_model(), "is_answered_to_publish", drawn.COST_CHECK)
    drawn.put_live(drawn.gateway_on(checked, "publish_to_is_rateable", unrated))
    case = build.case_at(quick, "approval")
    build.approve(quick, case)
    build.do(quick, case, "cost_check", "operator", values={"settled": True, "cost": 987})
    held = {each.name: (each.value, each.is_set, each.is_content) for each in seen(case).values}
    assert (held["cost"], held["settled"]) == ((None, True, True), (None, True, True))
    assert held["agencies"] == (1, True, False)                         # what the software's own steps leave stays readable
    for text in ("3", "3"):                                             # nobody learns by trying whether it is the value there is
        mend(quick, mending.edit_variable, case, "case", name="cost", value=text)
    payload = {"process": "case", "name": "cost", "label": ["Chi phí (triệu đồng)", "Cost (million VND)"], "reason": WHY}
    assert (newest(case).type, newest(case).payload) == ("edit_variable", payload)
    build.publish(quick, case)
    assert (at_desks(case), faults()) == ([("rate", "waiting")], [])    # at 987 million it would be over without a rating


def test_of_a_drawn_step_the_button_is_read_and_no_field(quick: build.World) -> None:
    drawn.put_live(drawn.every_type_model())
    case = build.case_at(quick, "approval")
    build.approve(quick, case)
    held = {each.name: each.is_content for each in seen(case).values}
    assert held == held | {"inspection": False, "danger": True, "fenced": True, "again_on": True, "depth": True}


def test_what_is_no_value_of_its_type_is_refused(quick: build.World) -> None:
    case = build.case_at(quick, "to_publish")
    refused = [("verify", "refuse"), ("urgent", "maybe"), ("agencies", "many"), ("agencies", "9" * 16), ("agencies", "nan"),
               ("agencies", "1.000"), ("rating_due_at", "tomorrow"), ("rating_due_at", ""), ("publish", "x")]  # fmt: skip
    for name, text in refused:
        with pytest.raises((ValueRefused, MendingRefused)):
            mend(quick, mending.edit_variable, case, "case", name=name, value=text)
    with pytest.raises(MendingRefused, match="no such value"):
        mend(quick, mending.edit_variable, case, "case", name="title", value="x")
    with pytest.raises(MendingRefused, match="already"):
        mend(quick, mending.edit_variable, case, "case", name="agencies", value="1")
    assert newest(case).type != "edit_variable"
