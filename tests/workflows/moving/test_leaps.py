"""No move leads a case past a verification, an approval or a publication it still lacks: not by choice, by preview or at the move."""
from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case
from tests import build
from tests import drawn_steps as drawn
from tests.workflows.moving.cases import carried_out, fates, faults, later, line, live, planned, renamed, versions
from tests.workflows.moving.installed import check_every_choice
from tests.workflows.moving.mapped import Tally, course_of, prove_choices
from workflows.definitions.process import parse, shipped_model
from workflows.models import ProcessMove, WaitingTask
from workflows.moving import batch, plan_cases, plans
from workflows.moving.mapping import targets
from workflows.moving.plans import MoveRefused

LATER = later(build.NOON, 60 * 24)


@pytest.fixture
def quick(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def offered(element: str, new: bytes, old: bytes | None = None) -> set[str]:
    return {each.id for each in targets(element, parse(old or shipped_model()), parse(new))}


def forced(world: build.World, move: ProcessMove, mapping: dict[str, str | None]) -> ProcessMove:
    """A plan that was previewed and begun before anybody asked what its choices skip."""
    with unit_of_work():
        move = db.session.get_one(ProcessMove, move.id)
        move.mapping, move.state, move.begun_by_id, move.begun_at, move.reason = mapping, "moving", move.made_by_id, LATER, "x"
        for each in plan_cases.lines_of(move):
            each.state, each.why_vi, each.why_en = "moves", None, None
    batch.go_on(LATER)
    return db.session.get_one(ProcessMove, move.id, populate_existing=True)


def at_desks(case: Case) -> list[str]:
    query = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state.in_(("waiting", "claimed")))
    return sorted(db.session.scalars(query))


@pytest.mark.parametrize(("element", "barred"), [
    ("wait_for_agencies", {"rate", "review_rating", "wait_for_rest"}),
    ("verify", {"classify", "distribute", "wait_for_agencies", "publish", "rate", "review_rating", "wait_for_rest"}),
    ("publish", {"rate", "review_rating", "wait_for_rest"}),
    ("submit_answer", {"approve_answer"}),
])
def test_what_would_skip_a_step_of_the_house_is_no_choice(element: str, barred: set[str]) -> None:
    new = renamed(element, f"{element}_new") if element == "wait_for_agencies" else shipped_model()
    found = offered(element, new)
    assert found
    assert not found & barred


def test_an_agency_whose_approval_was_renamed_is_not_led_behind_it() -> None:
    old = drawn.legal_model()
    assert "legal_review" not in offered("submit_answer", old, old) | offered("approve_answer", old, old)
    assert {"accept_assignment", "submit_answer"} <= offered("approve_answer", old, old)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("target", ["wait_for_rest", "review_rating", "rate"])
def test_a_plan_made_before_leads_no_case_past_publication(quick: build.World, target: str) -> None:
    source, handling, rating = live(), build.case_at(quick, "handling"), build.case_at(quick, "rating")
    new = drawn.put_live(renamed("wait_for_agencies", "agencies_done"))
    with pytest.raises(MoveRefused, match="cannot go"):
        planned(quick, source, new, now=LATER, mapping={"wait_for_agencies": target})
    move = forced(quick, planned(quick, source, new, now=LATER), {"wait_for_agencies": target})
    assert fates(move) == {handling.code: "stayed", rating.code: "moved"}
    assert "Biên tập, công khai" in (line(move, handling).why_vi or "")
    assert "skip" in (line(move, handling).why_en or "")
    assert (handling.state, at_desks(handling)) == ("handling", ["submit_answer"])
    assert {number for _process, number, _over in versions(handling)} == {source.number}
    assert faults() == []


def test_a_step_is_not_given_up_and_a_wait_only_where_nothing_needs_it(quick: build.World) -> None:
    source = drawn.put_live(drawn.legal_model())
    review, handling = build.case_at(quick, "approval"), build.case_at(quick, "handling")
    build.approve(quick, review)
    move = planned(quick, source, drawn.put_live(renamed("wait_for_agencies", "agencies_done")), now=LATER)
    by = quick.actor("administrator", LATER)
    for element in ("legal_review", "submit_answer"):
        with pytest.raises(MoveRefused, match="cannot go"), unit_of_work():
            plans.map_elements(db.session.merge(move), {element: None}, by=by, now=LATER, revision=move.revision)
    assert set(fates(forced(quick, move, {"wait_for_agencies": None})).values()) == {"stayed"}
    assert (handling.state, faults()) == ("handling", [])


def test_what_the_rows_of_a_case_lack_counts_wherever_its_token_stands(quick: build.World) -> None:
    """A case that stands past publication with nothing published, as a move of before may have left it, is not led on."""
    source, case = live(), build.case_at(quick, "rating")
    with unit_of_work():
        db.session.get_one(Case, case.id).state = "handling"
    move = planned(quick, source, drawn.put_live(drawn.legal_model()), now=LATER)
    assert fates(move) == {case.code: "cannot"}
    assert "nothing published" in (line(move, case).why_en or "")


def test_a_case_may_be_led_back(quick: build.World) -> None:
    source, case = live(), build.case_at(quick, "approval")
    new = drawn.put_live(drawn.legal_model())
    carried_out(quick, source, new, now=LATER, mapping={"approve_answer": "submit_answer"})
    assert at_desks(case) == ["submit_answer"]
    assert faults() == []


@pytest.mark.exhaustive
def test_no_choice_leads_any_state_of_the_model_past_what_it_lacks() -> None:
    """Sampled (`bin/soak moves` does all of it, between every two models)."""
    tally = Tally()
    for process_id, every in (("assignment", 1), ("case", 4)):
        course = course_of(parse(shipped_model()), process_id)
        prove_choices(course, course, tally, every=every)
    assert tally.moved > 100
    assert tally.not_offered > 1000


@pytest.mark.exhaustive
def test_real_cases_go_to_every_choice_and_back_and_verification_finds_nothing(quick: build.World) -> None:
    found = check_every_choice(quick, renamed("wait_for_agencies", "agencies_done"), ("handling", "to_publish"))
    assert found["moved"] > 5
