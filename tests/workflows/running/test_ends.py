"""What has to be settled before a case ends, and what ends with it."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.models import Case, Report
from casework.pausing.additions import additions_of
from casework.publishing.acts import PublicationRefused
from tests import beside, build
from workflows.definitions.services import SERVICES, Service
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.models import Incident, ProcessInstance, WaitingTask
from workflows.running.incidents import open_incidents, retry_recorded
from workflows.running.wakeups import deliver_messages, fire_due_timers
from workflows.verification import check_process

WHY = "Lý do đủ rõ."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def at_desks(case: Case) -> set[str]:
    """The steps of a case that wait for a person."""
    return set(db.session.scalars(db.select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")))


def statuses(case: Case) -> set[str]:
    return set(db.session.scalars(db.select(ProcessInstance.status).where(ProcessInstance.case_id == case.id)))


def merged_pair(world: build.World, state: str) -> tuple[Case, Case, Report]:
    """A report to verify that went into a case in `state`: both cases, and the report."""
    into = build.case_at(world, state)
    case = build.file_report(world, by="citizen_2", now=build.next_moment(into)).case
    report = case.main_report
    build.act(world, case, "merge", "operator", into=into)
    return case, into, report


def fails(*_: Any, **__: Any) -> dict[str, Any]:
    raise LookupError("no such row")


# -- before a case ends ------------------------------------------------------------------------------------------------


def test_a_case_waits_to_close_until_what_its_reporter_added_has_been_read(world: build.World) -> None:
    case = build.case_at(world, "rating")
    build.act(world, case, "write_to_centre", "citizen", report=case.main_report, words="Vẫn còn rác ở đầu hẻm.")
    build.end_rating_window(case)
    assert (case.state, at_desks(case)) == ("answered", {"clear_text"})
    seen = [addition.ref for addition in additions_of(case)]
    build.do(world, case, "clear_text", "operator", words="", seen=seen)
    db.session.expire_all()
    assert (case.state, at_desks(case)) == ("closed", set())


def test_no_answer_is_given_while_a_wish_to_withdraw_is_undecided(world: build.World) -> None:
    case = beside.withdrawal(world, "to_publish")
    private = {"title": beside.TEXT["title"], "question": beside.TEXT["question"]}
    for act, form in (("publish", beside.TEXT), ("answer_privately", private)):
        with pytest.raises(PublicationRefused, match="asks to withdraw"):
            build.do(world, case, "publish", "operator", act=act, **form)
    build.do(world, case, "decide_withdrawal", "operator", granted=False, words="Việc nguy hiểm cho nhiều người.")
    build.advance(world, case, "rating")
    assert case.state == "rating"


# -- what ends with it -------------------------------------------------------------------------------------------------


def test_quarantine_ends_a_process_put_aside_by_an_incident(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "hold", "ops_lead", reason=WHY, until=date(2026, 3, 9))
    over = build.NOON + timedelta(days=8)
    monkeypatch.setitem(SERVICES, "end_hold", Service(fails, Bilingual("thử", "try")))
    assert fire_due_timers(over) == 0
    monkeypatch.undo()
    build.act(world, case, "quarantine", "operator", reason=WHY, now=over + timedelta(minutes=5))
    db.session.expire_all()
    assert (case.state, statuses(case), at_desks(case)) == ("quarantined", {"ended"}, set())
    for name in ("operator", "ops_lead"):
        page = page_of(world.actor(name, over), InboxQuery(), now=over, limit=50)
        assert case.id not in {task.case_id for task in page.tasks}
    assert open_incidents(world.actor("administrator", over)) == []
    assert list(check_process()) == []


def test_a_merged_case_waits_while_the_refusal_of_its_main_one_may_be_overturned(world: build.World) -> None:
    case, into, report = merged_pair(world, "to_distribute")
    beside.refused(world, into)
    deliver_messages(build.next_moment(into))
    assert statuses(case) == {"running"}
    build.do(world, into, "object_to_refusal", "citizen", report=into.main_report, words="Xin xem lại.")
    build.do(world, into, "decide_objection", "ops_lead", upheld=True, words="Đúng thẩm quyền.")
    build.act(world, into, "split", "operator", report=report, reason=WHY)
    db.session.expire_all()
    assert (case.state, at_desks(case)) == ("to_verify", {"verify"})
    assert list(check_process()) == []


def test_a_merged_case_ends_once_nobody_objects_to_the_refusal_of_its_main_one(world: build.World) -> None:
    case, into, _ = merged_pair(world, "to_distribute")
    beside.refused(world, into)
    over = build.next_moment(into) + timedelta(days=9)
    assert fire_due_timers(over) == 1
    deliver_messages(over)
    assert (statuses(into), statuses(case)) == ({"ended"}, {"ended"})
    assert list(check_process()) == []


def test_the_incident_of_an_agency_s_work_goes_along_with_a_merge(world: build.World) -> None:
    into = build.case_at(world, "handling")
    case = build.advance(world, build.file_report(world, by="citizen_2", now=build.next_moment(into)).case, "to_distribute")
    build.do(world, case, "distribute", "operator", lead=world.agencies["HKL"], cooperating=[])
    build.accept(world, case)
    instance = db.session.scalars(db.select(ProcessInstance).where(ProcessInstance.assignment_id == case.open_assignments[0].id)).one()
    with unit_of_work():
        db.session.add(Incident(
            instance_id=instance.id, case_id=case.id, kind="step", element="submit_answer", state_before=instance.state,
            status_before=instance.status, occurred_at=build.NOON, last_attempt_at=build.NOON, attempts=1,
            error_class="LookupError", error_text="",
        ))  # fmt: skip
    build.act(world, case, "merge", "operator", into=into)
    [incident] = open_incidents(world.actor("administrator"))
    assert incident.case_id == into.id
    assert retry_recorded(incident.ref, by=world.actor("administrator"), now=build.next_moment(into)).resolved_at is not None
