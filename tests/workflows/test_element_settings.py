"""Daily settings of the process: limit, role, name and help of a step without a new version, from their day on."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.local_time import local_day
from casework.models import Case, Clock, ElementSetting
from casework.settings.elements import elements_of
from casework.settings.importing.rows import RowRefused, add_row, change_row, end_row
from casework.settings.kinds.table import KINDS
from casework.verification.cases import check_cases
from tests import build
from tests import drawn_steps as drawn
from tests.workflows.drafting.test_drafts import world_with_people
from workflows.definitions.process import BPMN, shipped_model
from workflows.models import ProcessInstance, Timer, WaitingTask
from workflows.running.drawn_steps import help_with_step, label_of_step
from workflows.verification import check_process

KIND = KINDS["element"]
EMPTY = dict.fromkeys(("amount", "unit", "role", "label_vi", "label_en", "help_vi", "help_en"), "")


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return world_with_people()


def set_(world: build.World, element: str, *, centre_id: int | None = None, days: int = 0, **typed: str) -> ElementSetting:
    with unit_of_work():
        return add_row(
            KIND, {**EMPTY, "element": element, **typed}, by=world.actor("admin"), now=build.NOON, reason="Thử.",
            centre_id=centre_id, from_day=local_day(build.NOON) + timedelta(days=days),
        )  # fmt: skip


def refused(world: build.World, element: str, **typed: str) -> set[str]:
    with pytest.raises(RowRefused) as refusal:
        set_(world, element, **typed)
    return set(refusal.value.faults)


def faults(case: Case) -> list[str]:
    return [str(found) for found in (*check_cases(now=build.next_moment(case)), *check_process()) if found.is_fault]


def step(case: Case, element: str) -> WaitingTask:
    db.session.expire_all()
    return build.waiting(case, element)


def step_clock(case: Case) -> Clock | None:
    query = select(Clock).where(Clock.case_id == case.id, Clock.kind == "step").order_by(Clock.id.desc())
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def test_what_is_set_counts_for_steps_that_begin_to_wait_from_its_day_on(world: build.World) -> None:
    drawn.put_live(drawn.costly_model())
    before = build.case_at(world, "to_publish")
    kept = step(before, "cost_check")
    assert (kept.desk.partition("@")[0], kept.limit, label_of_step(kept).vi) == ("operator", None, "Kiểm tra chi phí")
    set_(world, "cost_check", amount="3", unit="hours", role="ops_lead", label_vi="Soát chi phí", help_vi="Xem dự toán trước.")
    case = build.case_at(world, "to_publish")
    task = step(case, "cost_check")
    assert (task.desk.partition("@")[0], task.limit) == ("ops_lead", task.entered_at + timedelta(hours=3))
    assert label_of_step(task) == Bilingual("Soát chi phí", "Soát chi phí")
    assert help_with_step(task) == Bilingual("Xem dự toán trước.", "Xem dự toán trước.")
    kept = step(before, "cost_check")
    # the same day, and it waits already: what it began with stays
    assert (kept.limit, kept.claimed_by_id) == (None, None)
    assert faults(case) == []
    build.do(world, case, "cost_check", "ops_lead", values={"settled": True, "cost": 1})
    assert step_clock(case).ended_at is not None


def test_help_that_is_set_stands_in_place_of_what_the_diagram_says(world: build.World) -> None:
    drawn.put_live(drawn.costly_model())
    case = build.case_at(world, "to_publish")
    build.do(world, case, "cost_check", "operator", values={"settled": True, "cost": 9})
    assert help_with_step(step(case, "cost_signature")) == Bilingual("Đối chiếu với dự toán.", "Compare it with the budget.")
    set_(world, "cost_signature", help_vi="Gọi kế toán trước.")
    assert help_with_step(step(case, "cost_signature")) == Bilingual("Gọi kế toán trước.", "Gọi kế toán trước.")


def test_a_centre_has_its_own_and_the_end_of_a_setting_gives_the_diagram_back(world: build.World) -> None:
    drawn.put_live(drawn.legal_model())
    set_(world, "legal_review", amount="9", unit="hours")
    own = set_(world, "legal_review", centre_id=world.centre.id, amount="2", unit="hours")
    case = build.case_at(world, "approval")
    build.approve(world, case)
    assert (step_clock(case).amount, step_clock(case).unit) == (2, "hours")
    with unit_of_work():
        row = db.session.get_one(ElementSetting, own.id)
        end_row(KIND, row, by=world.actor("admin"), now=build.NOON, reason="Thôi.")
    other = build.case_at(world, "approval")
    build.approve(world, other)
    assert (step_clock(other).amount, step_clock(case).amount) == (9, 2), "a limit that runs keeps the rule it began under"
    with unit_of_work():
        common = db.session.scalars(select(ElementSetting).where(ElementSetting.centre_id.is_(None))).one()
        end_row(KIND, common, by=world.actor("admin"), now=build.NOON, reason="Thôi.")
    third = build.case_at(world, "approval")
    build.approve(world, third)
    assert (step_clock(third).amount, step_clock(third).unit) == (4, "working_hours"), "as the diagram says"
    assert faults(third) == []


def test_a_timer_waits_as_long_as_is_set_and_what_a_case_was_promised_is_nobodys_to_set(world: build.World) -> None:
    drawn.put_live(timed_model())
    assert {"cost_check", "too_long", "verify"} <= elements_of(None).keys()
    assert elements_of(None).keys().isdisjoint({"rating_window", "question_window", "hold_over", "rate", "answer_question"})
    drawn_case = build.case_at(world, "to_publish")
    [timer] = timers(drawn_case)
    entered = step(drawn_case, "cost_check").entered_at
    assert timer.due_at == entered + timedelta(days=5)
    set_(world, "too_long", amount="6", unit="hours")
    case = build.case_at(world, "to_publish")
    [timer] = timers(case)
    assert timer.due_at == step(case, "cost_check").entered_at + timedelta(hours=6)
    assert timers(drawn_case)[0].due_at == entered + timedelta(days=5), "one that waits goes on as it began"
    assert faults(case) == []


def timers(case: Case) -> list[Timer]:
    query = select(Timer).join(ProcessInstance, Timer.instance_id == ProcessInstance.id).where(Timer.case_id == case.id)
    return list(db.session.scalars(query.where(Timer.ended_at.is_(None)).execution_options(populate_existing=True)))


def timed_model() -> bytes:
    """The model with a step before publication, beside which five days after it began something turns to a step of the lead."""
    xml = drawn.step_on(shipped_model(), "is_answered_to_publish", drawn.COST_CHECK)
    root = etree.fromstring(xml)
    process = next(node for node in root.iter(BPMN + "process") if node.get("id") == "case")
    end = next(node for node in process.iter(BPMN + "endEvent"))
    event = etree.SubElement(process, BPMN + "boundaryEvent", id="too_long", attachedToRef="cost_check", cancelActivity="false")
    etree.SubElement(event, BPMN + "outgoing").text = "too_long_to_told"
    moment = etree.SubElement(event, BPMN + "timerEventDefinition", id="too_long_moment")
    etree.SubElement(moment, BPMN + "timeDuration").text = '"P5D"'
    told = etree.SubElement(process, BPMN + "endEvent", id="told", name="Đã nhắc")
    etree.SubElement(told, BPMN + "incoming").text = "too_long_to_told"
    etree.SubElement(process, BPMN + "sequenceFlow", id="too_long_to_told", sourceRef="too_long", targetRef="told")
    lane = next(lane for lane in process.iter(BPMN + "lane") if any(ref.text == end.get("id") for ref in lane))
    for id_ in ("too_long", "told"):
        etree.SubElement(lane, BPMN + "flowNodeRef").text = id_
    return etree.tostring(root)


def test_what_cannot_be_set_is_refused_with_its_reason_and_what_is_gone_does_not_count(world: build.World) -> None:
    drawn.put_live(drawn.costly_model())
    assert refused(world, "verify", amount="3", unit="hours") == {"amount"}, "its limit is a rule of the table of limits"
    assert refused(world, "cost_check", amount="3") == {"amount"}
    assert refused(world, "cost_check", amount="1000", unit="hours") == {"amount"}
    assert refused(world, "cost_check") == {""}
    assert refused(world, "cost_check", role="officer") == {"role"}, "an officer has no desk in the process of the centre"
    assert refused(world, "approve_answer", role="officer") == {"role"}, "whose approval it is the case decides"
    assert refused(world, "decide_objection", role="operator") == {"role"}, "who does not have the right is not given the step"
    assert refused(world, "nowhere", label_vi="Đâu đó") == {"element"}
    row = set_(world, "verify", role="ops_lead", label_vi="Tiếp nhận", label_en="Receive")
    with unit_of_work():
        again = change_row(
            KIND, db.session.get_one(ElementSetting, row.id), {**EMPTY, "label_vi": "Tiếp nhận ngay", "role": "ops_lead"},
            by=world.actor("admin"), now=build.NOON, reason="Rõ hơn.",
        )  # fmt: skip
    assert again.label_vi == "Tiếp nhận ngay"
    case = build.file_report(world).case
    assert step(case, "verify").desk.startswith("ops_lead@")
    set_(world, "cost_signature", label_vi="Ký", amount="1", unit="working_days")
    drawn.put_live(shipped_model())
    assert "cost_signature" not in elements_of(None)
    assert faults(case) == []
