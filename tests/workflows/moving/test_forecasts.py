"""A plan foretells where each case will rest, what it skips and whom that tells, and says afterwards where that came out otherwise."""
from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, null, select, update

from casework.db import db, unit_of_work
from casework.models import Case, Event, OutboxMessage
from tests import build
from tests import drawn_steps as drawn
from tests.beside import CASES
from tests.workflows.moving.cases import WHY, begun, faults, later, line, live, planned, renamed, rows, undone
from tests.workflows.moving.installed import count, every_fault
from tests.workflows.moving.kinds_of_edit import Draft
from workflows.definitions.process import shipped_model
from workflows.models import MoveCase, ProcessMove, ProcessVersion, WaitingTask
from workflows.moving import batch, plan_cases, plans
from workflows.moving.plan_cases import Forecast

LATER = later(build.NOON, 60 * 24)
FAR = later(build.NOON, 60 * 30)
"""After everything the cases of every kind have behind them."""


@pytest.fixture
def quick(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def foretold(move: ProcessMove, case: Case) -> Forecast:
    found = plan_cases.forecast_of(line(move, case))
    assert found is not None, line(move, case).why_en
    return found


def at_desks(case: Case) -> list[str]:
    db.session.rollback()
    query = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state.in_(("waiting", "frozen")))
    return sorted(db.session.scalars(query))


def number_of(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def beside(element: str, ) -> bytes:
    """The shipped model with a step at the same time as what waits at an element, joined before what comes next."""
    drawing = Draft(shipped_model())
    fork, join = drawing.new("parallelGateway", element), drawing.new("parallelGateway", element)
    step = drawing.node("userTask", "own_step", process="case", lane=drawing.lane_of("verify"))
    drawing.before_it(element, fork, fork)
    drawing.after_it(element, join, join)
    drawing.flow(fork, step)
    drawing.flow(step, join)
    return drawing.xml


def moved_into(world: build.World, source: ProcessVersion, xml: bytes) -> ProcessMove:
    """A plan into this model, begun."""
    return begun(world, planned(world, source, drawn.put_live(xml), now=LATER), now=LATER)


@pytest.mark.exhaustive
def test_where_a_case_rests_is_foretold_as_it_runs_on(quick: build.World) -> None:
    """An agency that is still at work calls a case back from publication at once."""
    source, case = live(), build.case_at(quick, "handling")
    new = drawn.put_live(renamed("wait_for_agencies", "agencies_done"))
    before, told = rows(case), number_of(OutboxMessage)
    move = planned(quick, source, new, now=LATER, mapping={"wait_for_agencies": "publish"})
    assert foretold(move, case) == Forecast(("agencies_done", "submit_answer"))
    assert (rows(case), number_of(OutboxMessage), number_of(Event) > 0) == (before, told, True)  # the trial is given up
    begun(quick, move, now=LATER)
    batch.go_on(LATER)
    assert foretold(move, case) == Forecast(("agencies_done", "submit_answer"), came_to=("agencies_done", "submit_answer"))
    assert faults() == []
    build.advance(quick, case, "closed")
    assert faults() == []


@pytest.mark.exhaustive
def test_whom_a_move_tells_and_what_it_skips_is_foretold(quick: build.World) -> None:
    source, published = live(), build.case_at(quick, "to_publish")
    led = replace(drawn.COST_CHECK, lane="lane_ops_lead")
    checked = drawn.put_live(drawn.step_on(shipped_model(), "is_answered_to_publish", led))
    move = planned(quick, source, checked, now=LATER)
    assert foretold(move, published) == Forecast(("publish",), skips=("cost_check",))
    back = planned(quick, source, checked, now=LATER, mapping={"publish": "cost_check"})
    assert foretold(back, published) == Forecast(("cost_check",), tells=("ops_lead",))
    told = number_of(OutboxMessage)
    begun(quick, back, now=LATER)
    batch.go_on(LATER)
    assert (at_desks(published), number_of(OutboxMessage)) == (["cost_check"], told + 1)
    assert faults() == []


def test_a_drawn_step_that_is_left_undone_is_named(quick: build.World) -> None:
    source = drawn.put_live(drawn.costly_model())
    case = build.case_at(quick, "approval")
    build.approve(quick, case)
    assert at_desks(case) == ["cost_check"]
    move = planned(quick, source, drawn.put_live(shipped_model()), now=LATER, mapping={"cost_check": "publish"})
    assert foretold(move, case) == Forecast(("publish",), skips=("cost_check",))


def test_a_case_that_went_on_since_the_preview_rests_elsewhere_and_that_is_said(quick: build.World) -> None:
    source, case = live(), build.case_at(quick, "to_classify")
    move = planned(quick, source, drawn.put_live(drawn.legal_model()), now=LATER)
    build.advance(quick, case, "handling")
    begun(quick, move, now=LATER)
    batch.go_on(LATER)
    found = foretold(move, case)
    assert (found.rests, found.came_to, found.is_true) == (("classify",), ("submit_answer", "wait_for_agencies"), False)
    [group] = plan_cases.groups_of(db.session.merge(move))
    assert (group.number, group.forecast) == (1, found)


def test_a_plan_previewed_before_anything_was_foretold_is_looked_at_again(quick: build.World) -> None:
    source, case = live(), build.case_at(quick, "to_classify")
    move = planned(quick, source, drawn.put_live(drawn.legal_model()), now=LATER)
    db.session.rollback()
    with unit_of_work():
        db.session.execute(update(MoveCase).values(forecast=null()))
        again = db.session.get_one(ProcessMove, move.id)
        assert not plans.begin_move(again, by=quick.actor("administrator", LATER), now=LATER, reason=WHY, revision=1)
    batch.go_on(LATER)
    assert foretold(move, case).rests == ("classify",)
    begun(quick, db.session.get_one(ProcessMove, move.id), now=LATER)


# -- parallel branches ---------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
@pytest.mark.parametrize(("element", "state", "rests"), [
    ("classify", "to_classify", ("classify", "own_step")),
    ("wait_for_agencies", "handling", ("own_step", "submit_answer", "wait_for_agencies")),
    ("review_rating", "review", ("own_step", "review_rating")),
])
def test_a_new_branch_beside_what_a_case_waits_at_gets_its_token(
    quick: build.World, element: str, state: str, rests: tuple[str, ...]
) -> None:
    source, case = live(), build.case_at(quick, "rating" if state == "review" else state)
    if state == "review":
        build.rate(quick, case, level="dissatisfied")
    move = moved_into(quick, source, beside(element))
    assert foretold(move, case) == Forecast(rests, tells=("operator",))
    batch.go_on(LATER)
    assert foretold(move, case).came_to == rests
    assert "own_step" in at_desks(case)
    assert faults() == []
    undone(quick, move, now=later(LATER))
    assert "own_step" not in at_desks(case)
    assert faults() == []


@pytest.mark.parametrize("first", ["own", "house"])
def test_a_case_moved_beside_a_new_branch_goes_on_when_both_are_done(quick: build.World, first: str) -> None:
    source, case = live(), build.case_at(quick, "to_classify")
    moved_into(quick, source, beside("classify"))
    batch.go_on(LATER)
    acts = [lambda: build.do(quick, case, "own_step", "operator"), lambda: build.classify(quick, case)]
    for act in acts if first == "own" else reversed(acts):
        assert "distribute" not in at_desks(case)
        act()
    assert at_desks(case) == ["distribute"]
    assert faults() == []


def test_a_case_past_the_join_skips_the_new_branch_and_one_before_the_fork_does_not(quick: build.World) -> None:
    source = live()
    before, behind = build.case_at(quick, "to_verify"), build.case_at(quick, "to_distribute")
    move = moved_into(quick, source, beside("classify"))
    assert foretold(move, before) == Forecast(("verify",))
    assert foretold(move, behind) == Forecast(("distribute",), skips=("own_step",))


@pytest.mark.exhaustive
def test_whatever_stands_beside_its_way_a_case_moves_by_itself_and_rests_where_it_was_foretold(quick: build.World) -> None:
    """Held, asked, referred, refused, merged, reopened, set apart: nothing a case has had is asked of it again."""
    source = live()
    every = {name: make(quick) for name, make in CASES.items()}
    move = planned(quick, source, drawn.put_live(drawn.legal_model()), now=FAR)
    found = {each.case_id: (each.state, each.why_en) for each in plan_cases.lines_of(move)}
    assert {found[case.id] for case in every.values() if case.id in found} == {("moves", None)}
    begun(quick, move, now=FAR)
    batch.go_on(FAR)
    db.session.rollback()
    lines = plan_cases.lines_of(db.session.merge(move))
    told = {each.case.code: plan_cases.forecast_of(each) for each in lines}
    assert len(told) > 20
    assert {each.state for each in lines} == {"moved"}
    assert all(each is not None and each.is_true and not each.tells for each in told.values()), told
    assert every_fault(FAR) == []
    undone(quick, move, now=later(FAR))
    count(later(FAR))
    assert {each.state for each in plan_cases.lines_of(db.session.merge(move))} == {"undone"}
    assert every_fault(later(FAR)) == []
