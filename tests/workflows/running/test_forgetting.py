"""At quarantine the process forgets what was filled in at drawn steps, in every state it keeps."""
from __future__ import annotations

import pytest
import zstandard
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Case
from casework.verification.cases import check_cases
from tests import build, tampering
from tests import drawn_steps as drawn
from workflows.mending.process_view import processes_of
from workflows.models import Incident, ProcessInstance
from workflows.running.acts import follow
from workflows.running.faults import keep
from workflows.running.forgetting import without_values
from workflows.running.incidents import spot_in_case
from workflows.running.tokens import tokens_of
from workflows.verification import check_process

RISK, COST = 7.0625, 987654321


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    world = build.standard_world()
    drawn.put_live(drawn.step_on(drawn.legal_model(), "is_answered_to_publish", drawn.COST_CHECK))
    return world


def case_with_values(world: build.World, **given: str) -> Case:
    """A case whose drawn steps are done, and an incident at its publication."""
    case = build.case_at(world, "approval", **given)
    build.approve(world, case)
    build.do(world, case, "legal_review", "ops_lead", button="agree", values={"legal_basis": "Điều 3", "risk": RISK})
    build.do(world, case, "cost_check", "operator", values={"settled": True, "cost": COST})
    assert keep(RuntimeError(), spot_in_case(case.id, "publish"), build.next_moment(case))
    return case


def kept() -> list[str]:
    """Every state the process keeps, as text."""
    states = [*db.session.scalars(select(ProcessInstance.state)), *db.session.scalars(select(Incident.state_before))]
    return [zstandard.decompress(state).decode() for state in states if state.startswith(zstandard.FRAME_HEADER)]


def holding(value: float) -> int:
    return sum(str(value) in state for state in kept())


def faults(case: Case) -> list[str]:
    with one_moment():
        return [each.text.en for each in (*check_process(), *check_cases(now=build.next_moment(case))) if each.is_fault]


def test_no_state_of_a_quarantined_case_or_of_those_merged_into_it_holds_a_value(world: build.World) -> None:
    case, other = case_with_values(world), case_with_values(world, by="citizen_2")
    apart = case_with_values(world, by="guest")
    build.act(world, other, "merge", "operator", into=case)
    assert (holding(COST), holding(RISK)) == (6, 3)
    done_before = [each.done for each in tokens_of(case)]
    build.act(world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    db.session.expire_all()
    assert (holding(COST), holding(RISK)) == (2, 1), "those of the case that stays"
    for done, now in zip(done_before, tokens_of(case), strict=True):
        assert done <= now.done
        assert now.taken, "the diagram is drawn as before"
    assert faults(case) == []
    assert apart.quarantined_at is None


def test_a_case_taken_out_before_forgets_when_its_content_is_handed_over(world: build.World) -> None:
    case = case_with_values(world)
    states = list(db.session.execute(select(ProcessInstance.id, ProcessInstance.state)))
    build.act(world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    for instance_id, state in states:
        tampering.run(ProcessInstance.__table__.update().where(ProcessInstance.id == instance_id).values(state=state))
    tampering.run(Incident.__table__.update().values(state_before=b"not to be read"))
    db.session.expire_all()
    assert holding(COST) == 1
    build.act(world, case, "hand_over", "confidential_reader", receipt="Biên bản 12/BB-TTĐH")
    db.session.expire_all()
    assert (holding(COST), holding(RISK)) == (0, 0)
    assert db.session.scalars(select(Incident.state_before)).one() == b"", "what cannot be read cannot be cleaned"


def test_a_case_that_stays_forgets_nothing(world: build.World) -> None:
    case = case_with_values(world)
    with unit_of_work():
        follow(db.session.get_one(Case, case.id), now=build.next_moment(case))
    assert holding(COST) == 2


def test_of_a_tree_that_goes_on_only_the_named_variables_go(world: build.World) -> None:
    case = case_with_values(world)
    instance = db.session.scalars(select(ProcessInstance).where(ProcessInstance.assignment_id.is_(None))).one()
    before, was = processes_of(case)[0], tokens_of(case)[0]
    with unit_of_work():
        instance.state = without_values(instance.state, {"cost", "settled"})
    db.session.expire_all()
    after = processes_of(case)[0]
    held, left = ({each.name for each in view.values if each.is_set} for view in (before, after))
    assert held - left == {"cost", "settled"}
    assert (tokens_of(case)[0], after.resting, faults(case)) == (was, before.resting, [])
    build.publish(world, case)
    assert case.state == "rating"
