"""Agencies added, removed and left out while the case goes on, and another one made to lead."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from casework.assignments.reassignment import ReassignmentRefused
from casework.cases import CaseNotOpen
from casework.models import Assignment, Case
from casework.permissions import NotAllowed
from casework.permissions.sight import Sight, Viewer, sees, viewers
from casework.states import AssignmentEnd, AssignmentState
from tests import build
from tests.build import World
from tests.casework.acting import clock, events, local, payload, running, told
from tests.merged import assignment_of, told_desk


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    return build.standard_world()


def act(world: World, case: Case, verb: str, by: str = "operator", key: str | None = None, **form: Any) -> None:
    """About one agency's work where `key` names it."""
    build.act(world, case, verb, by, assignment=assignment_of(case, key) if key else None, **form)


def add(world: World, case: Case, key: str, **form: Any) -> Assignment:
    act(world, case, "add_agency", agency=world.agencies[key], **form)
    return assignment_of(case, key)


def answer(world: World, case: Case, key: str) -> None:
    """Let one agency, at work, answer and its leader approve."""
    build.do(world, case, "submit_answer", f"officer_{key}", agency=world.agencies[key], **build.ANSWER)
    build.do(world, case, "approve_answer", f"leader_{key}", agency=world.agencies[key])


def release(world: World, case: Case, key: str) -> None:
    """Let one agency hand the case back and the centre agree."""
    agency = world.agencies[key]
    build.do(world, case, "accept_assignment", f"officer_{key}", act="hand_back", agency=agency, reason="Không thuộc thẩm quyền.")
    build.do(world, case, "decide_hand_back", "operator", agency=agency, upheld=True, words="")


def slots(case: Case) -> dict[str, str]:
    return {row.agency.key: row.slot for row in case.open_assignments}


# -- one more ---------------------------------------------------------------------------------------------------------


def test_an_added_agency_is_asked_to_cooperate_with_limits_of_its_own(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    added = add(world, case, "HKL", instructions="Xem phía rừng.")
    assert (added.slot, added.state, added.round, added.instructions) == ("cooperating", "asked", 0, "Xem phía rừng.")
    assert running(case).count("assignment_accepted") == 1
    assert case.state == "handling"
    assert told_desk(f"officer@a{added.agency_id}") == ["assignment_given"]
    moved = {"PTNMT": ["2026-03-09T00:30:00+00:00", "2026-03-11T00:30:00+00:00"]}
    due = ["2026-03-09T17:00:00+00:00", "2026-03-11T17:00:00+00:00"]
    assert payload(case) == {"agency": "HKL", "due": due, "agency_dues": moved}
    build.do(world, case, "accept_assignment", "officer_HKL", agency=world.agencies["HKL"])


def test_an_agency_added_before_publication_lets_the_case_wait_again(world: World) -> None:
    case = build.case_at(world, "to_publish")
    add(world, case, "HKL")
    assert case.state == "handling"
    assert "publication" not in running(case)
    build.accept(world, case)
    answer(world, case, "HKL")
    assert case.state == "to_publish"
    assert running(case) == ["case", "publication"]
    assert told("answers_approved") == [f"desk:operator@c{case.centre_id}"] * 2


def test_agencies_are_added_only_to_a_case_that_is_with_agencies(world: World) -> None:
    with pytest.raises(ReassignmentRefused):
        add(world, build.case_at(world, "to_distribute"), "HKL")
    with pytest.raises(CaseNotOpen):
        add(world, build.case_at(world, "rating"), "HKL")
    with pytest.raises(NotAllowed):
        act(world, build.case_at(world, "handling"), "add_agency", "officer_PTNMT", agency=world.agencies["HKL"])


# -- one less ---------------------------------------------------------------------------------------------------------


def test_a_removed_agency_loses_sight_of_the_case_at_once_and_its_limits_end(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    officer = world.actor("officer_UBND-LAT")
    assert Viewer.AGENCY in viewers(officer, case)
    act(world, case, "remove_agency", key="UBND-LAT", reason="Ngoài địa bàn.")
    gone = assignment_of(case, "UBND-LAT")
    assert (gone.state, gone.end_reason, gone.end_words) == (AssignmentState.REMOVED, AssignmentEnd.REMOVED, "Ngoài địa bàn.")
    assert running(case).count("assignment") == 1
    assert viewers(officer, case) >= {Viewer.FORMER_AGENCY}
    assert not sees(officer, Sight.CLEARED, case)
    assert told("agency_removed") == [f"desk:officer@a{gone.agency_id}"]
    assert "Ngoài địa bàn" not in str(payload(case))


def test_the_lead_is_removed_only_after_another_one_was_named(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(ReassignmentRefused, match="Name another lead"):
        act(world, case, "remove_agency", key="PTNMT", reason="Nhầm.")
    act(world, case, "change_lead", agency=world.agencies["UBND-LAT"])
    act(world, case, "remove_agency", key="PTNMT", reason="Nhầm.")
    assert slots(case) == {"UBND-LAT": "lead"}


def test_the_last_agency_may_be_removed_and_the_case_is_distributed_again(world: World) -> None:
    case = build.case_at(world, "handling")
    act(world, case, "remove_agency", key="PTNMT", reason="Nhầm.")
    assert (case.state, case.lead_agency_id) == ("to_distribute", None)
    due = case.due_at
    build.distribute(world, case)
    assert (case.state, case.due_at) == ("at_agency", due)


def test_removing_the_last_one_at_work_lets_the_answers_there_are_be_published(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    answer(world, case, "PTNMT")
    act(world, case, "remove_agency", key="UBND-LAT", reason="Nhầm.")
    assert case.state == "to_publish"
    assert running(case) == ["case", "publication"]
    assert told("answers_approved") == [f"desk:operator@c{case.centre_id}"]
    build.publish(world, case)


def test_a_removal_needs_a_reason_and_an_agency_at_work(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(ReassignmentRefused, match="reason"):
        act(world, case, "remove_agency", key="UBND-LAT", reason="  ")
    answer(world, case, "UBND-LAT")
    with pytest.raises(ReassignmentRefused, match="no longer at work"):
        act(world, case, "remove_agency", key="UBND-LAT", reason="Nhầm.")


# -- another lead -----------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_an_agency_on_the_case_takes_the_lead_and_no_limit_moves(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    limits = {row.id: row.due_at for row in case.assignments}
    act(world, case, "change_lead", agency=world.agencies["UBND-LAT"])
    assert slots(case) == {"PTNMT": "cooperating", "UBND-LAT": "lead"}
    assert case.lead_agency_id == world.agencies["UBND-LAT"].id
    assert {row.id: row.due_at for row in case.assignments} == limits
    assert payload(case) == {"lead": "UBND-LAT", "former": ["PTNMT"], "due": None}
    assert len(told("lead_changed")) == 2


def test_a_new_agency_may_be_asked_to_lead(world: World) -> None:
    case = build.case_at(world, "handling")
    act(world, case, "change_lead", agency=world.agencies["HKL"], instructions="Chủ trì từ nay.")
    assert slots(case) == {"PTNMT": "cooperating", "HKL": "lead"}
    assert assignment_of(case, "HKL").state == "asked"
    assert case.due_at == local(12, 3)
    assert clock(case).amount == 7


def test_an_agency_that_has_answered_may_lead(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    answer(world, case, "UBND-LAT")
    act(world, case, "change_lead", agency=world.agencies["UBND-LAT"])
    act(world, case, "remove_agency", key="PTNMT", reason="Nhầm.")
    assert (case.state, assignment_of(case, "UBND-LAT").slot) == ("to_publish", "lead")


def test_who_leads_already_is_not_made_to(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(ReassignmentRefused, match="leads this case already"):
        act(world, case, "change_lead", agency=world.agencies["PTNMT"])


def test_nobody_leads_once_the_lead_was_released_until_somebody_is_named(world: World) -> None:
    case = build.case_at(world, "at_agency", agencies=2)
    release(world, case, "PTNMT")
    assert case.lead_agency_id is None
    act(world, case, "change_lead", agency=world.agencies["UBND-LAT"])
    assert slots(case) == {"UBND-LAT": "lead"}


def test_releasing_the_last_one_at_work_lets_the_answers_there_are_be_published(world: World) -> None:
    case = build.case_at(world, "at_agency", agencies=2)
    build.do(world, case, "accept_assignment", "officer_PTNMT", agency=world.agencies["PTNMT"])
    answer(world, case, "PTNMT")
    release(world, case, "UBND-LAT")
    assert case.state == "to_publish"
    assert running(case) == ["case", "publication"]


# -- without an answer ------------------------------------------------------------------------------------------------


def test_the_operations_lead_goes_on_without_an_agency_once_another_has_answered(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(ReassignmentRefused, match="No agency has answered"):
        act(world, case, "close_without_answer", "ops_lead", key="UBND-LAT", reason="Chưa trả lời sau nhắc ba lần.")
    answer(world, case, "PTNMT")
    with pytest.raises(NotAllowed):
        act(world, case, "close_without_answer", "operator", key="UBND-LAT", reason="Chưa trả lời.")
    with pytest.raises(ReassignmentRefused, match="reason"):
        act(world, case, "close_without_answer", "ops_lead", key="UBND-LAT", reason="")
    act(world, case, "close_without_answer", "ops_lead", key="UBND-LAT", reason="Chưa trả lời sau nhắc ba lần.")
    left = assignment_of(case, "UBND-LAT")
    assert (left.end_reason, left.end_words) == (AssignmentEnd.MISSING, "Chưa trả lời sau nhắc ba lần.")
    assert case.state == "to_publish"
    assert running(case) == ["case", "publication"]
    assert events(case)[-1] == "close_without_answer"
    build.publish(world, case)
    assert case.state == "rating"


def test_a_lead_whose_answer_never_came_leads_no_more(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    answer(world, case, "UBND-LAT")
    act(world, case, "close_without_answer", "ops_lead", key="PTNMT", reason="Chưa trả lời sau nhắc ba lần.")
    assert (case.state, case.lead_agency_id) == ("to_publish", None)


def test_an_answer_of_an_earlier_round_does_not_count(world: World) -> None:
    case = build.case_at(world, "rating", agencies=2)
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Xin xử lý lại.")
    build.distribute(world, case, agencies=2)
    build.accept(world, case)
    with pytest.raises(ReassignmentRefused, match="No agency has answered"):
        act(world, case, "close_without_answer", "ops_lead", key="UBND-LAT", reason="Chưa trả lời.")
