"""Verification of the process: what runs is clean, and each way for state, rows and cases to fall apart is named."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Assignment, Case
from tests import build, tampering
from tests.conftest import on_sqlite
from workflows.models import Incident, Message, ProcessInstance, Timer, WaitingTask
from workflows.running.wakeups import fire_due_timers
from workflows.verification import check_process


def process() -> set[tuple[str, str]]:
    with one_moment():
        found = list(check_process())
    assert all(finding.text.vi and finding.text.en for finding in found)
    return {(finding.check, finding.subject) for finding in found}


def own_instance(case: Case) -> ProcessInstance:
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id, ProcessInstance.assignment_id.is_(None))
    return db.session.scalars(query).one()


def set_waiting_step(instance: ProcessInstance, **values: object) -> None:
    """Falsify the row of the step an instance waits at."""
    tampering.run(update(WaitingTask).where(WaitingTask.instance_id == instance.id, WaitingTask.state == "waiting").values(values))


def instance_of(assignment: Assignment) -> ProcessInstance:
    return db.session.scalars(select(ProcessInstance).where(ProcessInstance.assignment_id == assignment.id)).one()


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def case(world: build.World) -> Case:
    build.case_at(world, "closed")
    return build.case_at(world, "handling", agencies=2)


@pytest.mark.exhaustive
def test_cases_at_every_step_are_clean(world: build.World) -> None:
    for state in build.WALK:
        build.case_at(world, state, agencies=2)
    urgent = build.case_at(world, "approval", agencies=2, urgent=True)
    build.redo(world, urgent, world.agencies["PTNMT"])
    refused = build.case_at(world, "to_verify")
    build.do(world, refused, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Không rõ nội dung.")
    judged = build.case_at(world, "rating")
    build.rate(world, judged, level="dissatisfied")
    assert process() == set()


def test_a_case_closed_by_its_timer_is_clean(world: build.World) -> None:
    case = build.case_at(world, "rating")
    assert fire_due_timers(build.NOON + timedelta(days=30)) == 1
    assert case.state == "closed"
    assert process() == set()


def test_a_waiting_step_without_its_row_is_named(case: Case) -> None:
    instance = instance_of(case.assignments[0])
    tampering.run(delete(WaitingTask).where(WaitingTask.instance_id == instance.id, WaitingTask.state == "waiting"))
    assert process() == {("process.step", f"instance {instance.id}")}


@on_sqlite
def test_a_row_of_a_step_that_does_not_wait_is_named(case: Case) -> None:
    instance = instance_of(case.assignments[0])
    tampering.run(update(WaitingTask).where(WaitingTask.instance_id == instance.id).values(state="waiting"))
    assert ("process.step", f"instance {instance.id}") in process()


@on_sqlite
def test_a_row_that_names_another_step_is_named(case: Case) -> None:
    instance = instance_of(case.assignments[0])
    set_waiting_step(instance, element="verify")
    assert ("process.step", f"instance {instance.id}") in process()


def test_a_timer_lost_or_moved_is_named(world: build.World) -> None:
    instance = own_instance(build.case_at(world, "rating"))
    tampering.run(update(Timer).where(Timer.instance_id == instance.id).values(due_at=build.NOON))
    assert process() == {("process.timer", f"instance {instance.id}")}
    tampering.run(delete(Timer))
    assert process() == {("process.timer", f"instance {instance.id}")}


def test_a_limit_that_is_not_its_clocks_is_named(case: Case) -> None:
    instance = instance_of(case.assignments[0])
    set_waiting_step(instance, due_at=build.NOON)
    assert process() == {("process.limit", f"instance {instance.id}")}


@on_sqlite
def test_an_urgency_only_the_case_knows_of_is_named(world: build.World) -> None:
    case = build.case_at(world, "to_classify")
    tampering.run(update(Case).where(Case.id == case.id).values(urgency="urgent"))
    assert process() == {("process.limit", f"instance {own_instance(case).id}")}


@on_sqlite
def test_an_older_state_under_newer_rows_is_named(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    instance = own_instance(case)
    before = instance.state
    build.advance(world, case, "to_classify")
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == instance.id).values(state=before))
    assert process() == {("process.step", f"instance {instance.id}")}


@on_sqlite
def test_a_state_that_cannot_be_read_is_named_and_the_others_are_checked(case: Case) -> None:
    first, second = (instance_of(assignment) for assignment in case.assignments)
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == first.id).values(state=first.state[:-9]))
    tampering.run(delete(WaitingTask).where(WaitingTask.instance_id == second.id, WaitingTask.state == "waiting"))
    assert process() == {("process.unreadable", f"instance {first.id}"), ("process.step", f"instance {second.id}")}


def test_a_case_whose_process_is_gone_or_has_ended_is_named(case: Case) -> None:
    instance = own_instance(case)
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == instance.id).values(status="ended", ended_at=build.NOON))
    assert process() == {("process.case_without", case.code)}


def test_a_process_that_runs_after_its_case_has_closed_is_named(world: build.World) -> None:
    case = build.case_at(world, "to_classify")
    tampering.run(update(Case).where(Case.id == case.id).values(state="closed"))
    assert process() == {("process.runs_on", f"instance {own_instance(case).id}")}


def test_an_assignment_and_its_process_that_disagree_are_named(case: Case) -> None:
    first, second = case.assignments
    ended, running = instance_of(first), instance_of(second)
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == ended.id).values(status="ended", ended_at=build.NOON))
    tampering.run(update(Assignment).where(Assignment.id == second.id).values(ended_at=build.NOON))
    assert process() == {
        ("process.assignment_without", f"{case.code}, assignment {first.id}"), ("process.runs_on", f"instance {running.id}"),
        ("process.left_over", f"instance {ended.id}"), ("process.unheard", f"instance {running.id}"),
    }


def test_a_status_that_contradicts_itself_is_named(case: Case) -> None:
    instance = own_instance(case)
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == instance.id).values(status="ended"))
    assert process() == {("process.status", f"instance {instance.id}")}


@on_sqlite
def test_incidents_and_undelivered_messages_are_worth_a_note(case: Case) -> None:
    instance = own_instance(case)
    with unit_of_work():
        db.session.add(Message(name="assignments_finished", target_process="case", case_id=case.id, payload={}, sent_at=build.NOON))
        db.session.add(Incident(instance_id=instance.id, case_id=case.id, kind="timer", element="rate", error_class="KeyError",
                                error_text="?", state_before=b"", status_before="running", occurred_at=build.NOON,
                                last_attempt_at=build.NOON))
    with one_moment():
        found = list(check_process())
    assert {(finding.check, finding.is_fault) for finding in found} == {("process.incident", False), ("process.message", False)}
