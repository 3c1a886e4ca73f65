"""Steps an administrator drew: on their way, in their inbox, under their own limit, and not by whom they check."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.casefile.step_records import StepInput, StepRecordRefused
from casework.cases import lock_case
from casework.clocks.acts import ClockKind, end_all_clocks, running_clocks, start_step_clock
from casework.db import db, unit_of_work
from casework.models import Case, Clock, Deputy, Event, OutboxMessage, StepRecord
from casework.permissions import Role
from casework.steps.fields import FieldRefused
from casework.verification.cases import check_cases
from casework.working_time import TimeLimit, Unit
from tests import build
from tests import drawn_steps as drawn
from tests.casework.acting import local, running
from workflows.definitions.expressions import evaluate
from workflows.definitions.process import shipped_model
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.models import FAR, ProcessInstance, WaitingTask
from workflows.running.drawn_steps import label_of_step
from workflows.running.steps import StepRefused, claim, perform, release
from workflows.verification import check_process

LEGAL = {"button": "agree", "values": {"legal_basis": "Nghị định 45.", "risk": 3}}


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def waiting(case: Case) -> list[str]:
    query = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")
    return sorted(db.session.scalars(query))


def faults(case: Case) -> list[str]:
    moment = build.next_moment(case)
    return [str(found) for found in (*check_cases(now=moment), *check_process()) if found.is_fault]


def step_clock(case: Case, element: str = "legal_review") -> Clock:
    """The newest limit of a step."""
    query = select(Clock).where(Clock.case_id == case.id, Clock.kind == ClockKind.STEP, Clock.element == element)
    return db.session.scalars(query.order_by(Clock.id.desc()).execution_options(populate_existing=True)).first()


def reviewed_case(world: build.World, *, agencies: int = 1, **arguments: Any) -> Case:
    """A case whose agencies have answered, on the model with the legal review."""
    drawn.put_live(drawn.legal_model())
    case = build.case_at(world, "approval", agencies=agencies, **arguments)
    build.approve(world, case)
    return case


def costly_case(world: build.World) -> Case:
    drawn.put_live(drawn.costly_model())
    case = build.case_at(world, "approval")
    build.approve(world, case)
    return case


def check_cost(world: build.World, case: Case, by: str = "operator", **values: Any) -> None:
    build.do(world, case, "cost_check", by, values={"settled": True, **values})


# -- the way ------------------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive(but=2)
def test_a_case_goes_through_a_drawn_step_and_on_to_its_end(app: Flask) -> None:
    world = build.standard_world()
    case = reviewed_case(world)
    assert waiting(case) == ["legal_review"]
    result = build.do(world, case, "legal_review", "ops_lead", **LEGAL)
    assert (result.outcome, result.stays_open, dict(result.values)) == ("agree", False, {"risk": 3})
    assert waiting(case) == ["publish"]
    build.advance(world, case, "closed")
    assert faults(case) == []


def test_the_centre_publishes_only_when_every_agency_is_through_the_drawn_step(world: build.World) -> None:
    case = reviewed_case(world, agencies=2)
    first, second = (world.agencies[key] for key, _, _ in build.AGENCIES[:2])
    build.do(world, case, "legal_review", "ops_lead", agency=first, **LEGAL)
    assert (case.state, waiting(case)) == ("to_publish", ["legal_review"])
    assert faults(case) == []
    build.do(world, case, "legal_review", "ops_lead", agency=second, **LEGAL)
    assert waiting(case) == ["publish"]


@pytest.mark.exhaustive
def test_gateways_read_what_was_written_also_where_nothing_was(world: build.World) -> None:
    drawn.put_live(drawn.costly_model())
    for cost, next_step in ((5.5, "cost_signature"), (5, "publish"), (None, "publish")):
        case = build.case_at(world, "to_publish")
        check_cost(world, case, cost=cost)
        assert waiting(case) == [next_step]
    assert faults(case) == []


@pytest.mark.parametrize(("text", "worth"), [
    ("cost > 5", False), ("cost <= 5", False), ("5 < cost", False), ("1 < 2 < cost", False), ("not cost > 5", True), ("cost is None", True),
    ('kind == "a"', False), ('kind != "a"', True), ('kind in ["a", "b"]', False), ('again_on < "2026-03-02"', False), ("settled", None),
])  # fmt: skip
def test_what_was_left_empty_is_neither_less_nor_more_than_anything(text: str, worth: object) -> None:
    assert evaluate(text, dict.fromkeys(("cost", "kind", "again_on", "settled"))) is worth


def test_a_drawn_step_keeps_no_content_in_the_process(world: build.World) -> None:
    from workflows import engine
    from workflows.definitions.parsed import definition_of

    case = reviewed_case(world)
    build.do(world, case, "legal_review", "ops_lead", **LEGAL)
    for instance in db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)):
        workflow = engine.unpack(instance.state, definition_of(instance.process_version).specs[instance.process_id])
        held = [value for task in workflow.get_tasks() for value in task.data.values()]
        assert "Nghị định 45." not in held


def test_old_cases_keep_their_way(world: build.World) -> None:
    case = build.case_at(world, "approval")
    drawn.put_live(drawn.legal_model())
    build.approve(world, case)
    assert waiting(case) == ["publish"]


# -- refusals -----------------------------------------------------------------------------------------------------------


def test_a_refused_form_changes_nothing(world: build.World) -> None:
    case = reviewed_case(world)
    with pytest.raises(FieldRefused) as refusal:
        build.do(world, case, "legal_review", "ops_lead", button="agree", values={"risk": 3})
    assert refusal.value.text == Bilingual("Căn cứ pháp lý: Vui lòng điền mục này.", "Legal basis: Please fill this in.")
    with pytest.raises(StepRecordRefused, match="press one of the buttons"):
        build.do(world, case, "legal_review", "ops_lead", button="publish", values={"legal_basis": "x"})
    with pytest.raises(StepRefused, match="no such choice"):
        build.do(world, case, "legal_review", "ops_lead", act="approve_answer")
    assert waiting(case) == ["legal_review"]
    assert db.session.query(StepRecord).count() == 0


def test_a_case_that_rests_lets_nobody_do_a_drawn_step(world: build.World) -> None:
    case = costly_case(world)
    build.act(world, case, "hold", "ops_lead", reason="Chờ dự toán.", until=local(6, 3).date())
    task = db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.element == "cost_check")).one()
    assert task.state == "frozen"
    with pytest.raises(StepRefused), unit_of_work():
        perform(task.ref, by=world.actor("operator"), now=build.next_moment(case), given=StepInput(values={"settled": True}))


# -- the desk -----------------------------------------------------------------------------------------------------------


def test_the_step_waits_in_the_inbox_of_its_lane_which_is_told(world: build.World) -> None:
    case = reviewed_case(world)
    task = build.waiting(case, "legal_review")
    assert (task.desk, label_of_step(task)) == (f"ops_lead@c{world.centre.id}", Bilingual("Thẩm định pháp lý", "Legal review"))
    shown = page_of(world.actor("ops_lead"), InboxQuery(element="legal_review"), now=build.NOON)
    assert [row.element for row in shown.tasks] == ["legal_review"]
    assert page_of(world.actor("operator"), InboxQuery(element="legal_review"), now=build.NOON).tasks == ()
    told = db.session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.template == "step_waiting")).all()
    assert told == [f"desk:ops_lead@c{world.centre.id}"]


def test_steps_of_the_software_are_told_of_by_their_use_cases_alone(world: build.World) -> None:
    build.case_at(world, "closed")
    assert db.session.query(OutboxMessage).filter_by(template="step_waiting").count() == 0


# -- its limit ----------------------------------------------------------------------------------------------------------


def test_the_limit_of_the_step_starts_when_it_waits_and_ends_when_it_is_done(world: build.World) -> None:
    drawn.put_live(drawn.legal_model())
    case = build.case_at(world, "approval")
    promised = case.due_at
    build.approve(world, case)
    assert case.due_at == promised
    assert running(case) == ["case", "publication", "step"]
    task, clock = build.waiting(case, "legal_review"), step_clock(case)
    assert (clock.amount, clock.unit, clock.rule_id, clock.remind_at) == (4, "working_hours", None, None)
    assert task.due_at == clock.due_at == clock.first_due_at == local(2, 3, 16)      # begun at 10:30; an hour and a half of noon
    assert clock.assignment_id == case.assignments[0].id
    late = local(2, 3, 16)
    build.do(world, case, "legal_review", "ops_lead", now=late, **LEGAL)
    clock = step_clock(case)
    assert (clock.ended_at, clock.ended_late) == (late, True)
    assert faults(case) == []


def test_a_step_without_a_limit_of_its_own_has_none(world: build.World) -> None:
    case = costly_case(world)
    assert build.waiting(case, "cost_check").due_at == FAR
    assert step_clock(case, "cost_check") is None
    with unit_of_work():
        start_step_clock(lock_case(case.id), "no_step", limit=TimeLimit(4, Unit.HOURS), at=build.NOON)
    assert [each for each in faults(case) if "no_step" in each], "verification names a limit whose step does not wait"


def test_the_limit_of_a_step_goes_on_when_the_other_limits_of_its_agency_end(world: build.World) -> None:
    """It ends with its step, which may come after the agency's answer; with its case it ends too."""
    case = build.case_at(world, "handling")
    with unit_of_work():
        row = lock_case(case.id)
        [assignment] = row.open_assignments
        start_step_clock(row, "legal_review", limit=TimeLimit(4, Unit.HOURS), at=build.NOON, assignment=assignment)
        end_all_clocks(row, at=build.NOON, assignment=assignment)
        assert [clock.kind for clock in running_clocks(row)] == ["case", "step"]
        end_all_clocks(row, at=build.NOON)
        assert running_clocks(row) == []


def test_the_limit_rests_and_goes_on_with_the_case(world: build.World) -> None:
    case = reviewed_case(world)
    build.act(world, case, "hold", "ops_lead", reason="Chờ ý kiến.", until=local(6, 3).date(), now=local(2, 3, 10, 55))
    assert step_clock(case).due_at is None
    assert faults(case) == []
    build.do(world, case, "resume", "ops_lead", now=local(3, 3, 8))
    task = build.waiting(case, "legal_review")
    assert task.due_at == step_clock(case).due_at == local(3, 3, 13, 5)       # 25 minutes were used up
    assert faults(case) == []


def test_a_step_that_no_longer_waits_ends_its_limit(world: build.World) -> None:
    case = reviewed_case(world)
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    assert step_clock(case).ended_at is not None
    assert {row.status for row in db.session.scalars(select(ProcessInstance))} == {"ended"}
    assert faults(case) == []


def test_a_step_behind_an_answer_ends_with_its_case(world: build.World) -> None:
    case = reviewed_case(world)
    build.act(world, case, "withdraw_report", "citizen", report=case.main_report, reason="")
    build.do(world, case, "decide_withdrawal", "operator", granted=True, words="")
    assert case.state == "withdrawn"
    task = db.session.scalars(select(WaitingTask).where(WaitingTask.element == "legal_review")).one()
    assert (task.state, step_clock(case).ended_at) == ("withdrawn", task.done_at)
    assert faults(case) == []


def test_a_split_brings_the_step_and_its_limit_back(world: build.World) -> None:
    main = build.case_at(world, "rating")
    case = reviewed_case(world, by="citizen_2", now=build.NOON + timedelta(hours=1))
    due, report = step_clock(case).due_at, case.main_report
    build.act(world, case, "merge", "operator", into=main, now=build.NOON + timedelta(hours=3))
    assert step_clock(case).ended_at is not None
    assert faults(case) == []
    build.act(world, main, "split", "operator", report=report, reason="Hai việc.", now=build.NOON + timedelta(hours=4))
    assert (step_clock(case).ended_at, step_clock(case).due_at, build.waiting(case, "legal_review").due_at) == (None, due, due)
    assert faults(case) == []
    build.do(world, case, "legal_review", "ops_lead", **LEGAL)
    assert waiting(case) == ["publish"]


def test_verification_names_a_limit_that_is_not_that_of_its_step(world: build.World) -> None:
    case = reviewed_case(world)
    with unit_of_work():
        clock = db.session.merge(step_clock(case))
        clock.due_at = clock.due_at + timedelta(hours=1)
    assert "process.limit" in " ".join(faults(case))


# -- not by the same person ---------------------------------------------------------------------------------------------


def at_signature(world: build.World, by: str) -> tuple[Case, WaitingTask]:
    with unit_of_work():
        build.staff(world, "ops_lead_2", Role.OPS_LEAD)
    case = costly_case(world)
    check_cost(world, case, by, cost=9)
    return case, build.waiting(case, "cost_signature")


def test_who_did_the_one_step_does_not_do_the_other(world: build.World) -> None:
    case, task = at_signature(world, "ops_lead")
    done_at = f"{build.next_moment(case) - timedelta(minutes=5) + timedelta(hours=7):%H:%M %d/%m/%Y}"
    with pytest.raises(StepRefused) as refusal:
        build.do(world, case, "cost_signature", "ops_lead")
    assert refusal.value.vi == (
        f"Người Thử ops_lead đã thực hiện bước “Kiểm tra chi phí” lúc {done_at}, nên bước này do người khác thực hiện."
    )
    with pytest.raises(StepRefused), unit_of_work():
        claim(task.ref, by=world.actor("ops_lead"), now=build.next_moment(case))
    assert [row.ref for row in page_of(world.actor("ops_lead_2"), InboxQuery(), now=build.NOON).tasks] == [task.ref]
    with unit_of_work():
        claim(task.ref, by=world.actor("ops_lead_2"), now=build.next_moment(case))
        release(task.ref, by=world.actor("ops_lead_2"), now=build.NOON)
    build.do(world, case, "cost_signature", "ops_lead_2")
    assert waiting(case) == ["publish"]


def test_a_deputy_counts_as_the_one_they_stand_in_for(world: build.World) -> None:
    with unit_of_work():
        deputy = build.staff(world, "stand_in", Role.RECORDS_CLERK)
        db.session.flush()
        until = build.NOON + timedelta(days=9)
        db.session.add(
            Deputy(principal_id=world.people["ops_lead"].id, deputy_id=deputy.id, starts_at=build.NOON, ends_at=until, created_by_id=1)
        )
    case, _task = at_signature(world, "stand_in")
    for name in ("stand_in", "ops_lead"):
        with pytest.raises(StepRefused):
            build.do(world, case, "cost_signature", name)
    build.do(world, case, "cost_signature", "ops_lead_2")


def test_who_only_claimed_the_other_step_is_free(world: build.World) -> None:
    case, _task = at_signature(world, "operator")
    build.do(world, case, "cost_signature", "ops_lead")
    assert waiting(case) == ["publish"]


# -- history ------------------------------------------------------------------------------------------------------------


def test_the_history_says_that_it_was_done_and_nothing_of_what_was_written(world: build.World) -> None:
    case = reviewed_case(world)
    build.do(world, case, "legal_review", "ops_lead", **LEGAL)
    event = db.session.scalars(select(Event).where(Event.type == "do_step")).one()
    assert event.payload == {
        "element": "legal_review", "outcome": "agree", "agency": "PTNMT", "label": ["Thẩm định pháp lý", "Legal review"],
        "outcome_label": ["Đồng ý", "Agree"],
    }  # fmt: skip


def test_the_models_the_tests_draw_have_a_shape_for_everything() -> None:
    import re

    for xml in (drawn.legal_model(), drawn.costly_model(), drawn.every_type_model()):
        text = xml.decode()
        assert len(text) > len(shipped_model().decode())
        process = text[: text.index("<bpmndi:")]
        nodes = set(re.findall(r'<bpmn:(?:userTask|exclusiveGateway|sequenceFlow) id="([^"]+)"', process))
        shown = set(re.findall(r'bpmnElement="([^"]+)"', text))
        assert nodes <= shown
