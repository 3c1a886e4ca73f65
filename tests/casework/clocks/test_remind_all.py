"""Reminding all agencies of a case at once ("Nhắc cả nhóm"): who is told, how often, and where it is refused."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import CaseNotOpen, lock_case
from casework.clocks.reminders import RemindRefused, remind_all
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Case, Deputy, Event, OutboxMessage
from casework.permissions import NotAllowed, Role, desk_name
from casework.sentences import Audience, Known
from casework.telling.narrator import narrate
from tests import build
from workflows.desks.late_cases import late_list

FRIDAY = date(2026, 3, 6)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def at(hour: int, minute: int = 0, *, day: date = FRIDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOCAL_ZONE).astimezone(UTC)


def _remind_all(world: build.World, case: Case, name: str = "ops_lead", *, now: datetime | None = None) -> None:
    moment = now or build.next_moment(case)
    actor = world.actor(name, moment)
    with unit_of_work():
        remind_all(lock_case(case.id), by=actor, now=moment)


def told() -> list[str]:
    return list(db.session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.template == "reminder_by_hand")))


def events() -> list[Event]:
    return list(db.session.scalars(select(Event).where(Event.type == "remind_all")))


def test_every_agency_that_owes_an_answer_is_told_once_at_its_desk(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=3)
    _remind_all(world, case)
    assert sorted(told()) == sorted(f"desk:{desk_name('officer', agency_id=row.agency_id)}" for row in case.assignments)
    [event] = events()
    assert event.payload == {"agencies": [row.agency.key for row in case.assignments]}


def test_an_answer_that_waits_for_approval_is_brought_to_mind_where_it_waits(world: build.World) -> None:
    case = build.case_at(world, "approval")
    _remind_all(world, case)
    assert told() == [f"desk:{case.assignments[0].approval_desk}"]


def test_one_desk_where_two_answers_wait_gets_one_message_with_the_earlier_day(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with unit_of_work():
        first, second = lock_case(case.id).assignments
        for row in (first, second):
            row.state, row.approval_desk = "submitted", desk_name("committee_leader", centre_id=case.centre_id)
        earlier = min(row.due_at for row in (first, second) if row.due_at)
    _remind_all(world, case)
    [message] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "reminder_by_hand"))
    assert message.recipient == f"desk:{desk_name('committee_leader', centre_id=case.centre_id)}"
    assert message.parameters["due_at"] == earlier.isoformat()


def test_an_agency_that_has_handed_the_case_back_is_left_out(world: build.World) -> None:
    case = build.case_at(world, "at_agency", agencies=2)
    first, second = case.assignments
    back = {"agency": first.agency, "act": "hand_back", "reason": "Không đúng thẩm quyền"}
    build.do(world, case, "accept_assignment", f"officer_{first.agency.key}", **back)
    _remind_all(world, case)
    assert events()[0].payload == {"agencies": [second.agency.key]}


def test_within_four_working_hours_it_is_refused_and_says_from_when_it_can_be_done(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    _remind_all(world, case, now=at(15))
    # two office hours are left on Friday; the other two are Monday's first
    with pytest.raises(RemindRefused) as refused:
        _remind_all(world, case, now=at(16, 30))
    assert "09/03/2026" in refused.value.text.vi
    assert "09/03/2026" in refused.value.text.en
    assert len(events()) == 1
    _remind_all(world, case, now=at(15, day=FRIDAY + timedelta(days=3)))
    assert len(events()) == 2


@pytest.mark.parametrize("name", ["operator", "committee_leader", "officer_PTNMT", "leader_PTNMT", "administrator", "citizen", "guest"])
def test_nobody_but_the_operations_lead_reminds_them_all(world: build.World, name: str) -> None:
    case = build.case_at(world, "handling")
    with pytest.raises(NotAllowed):
        _remind_all(world, case, name)


def test_the_lead_of_another_centre_reminds_nobody(world: build.World) -> None:
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["ops_lead_DN"] = build.staff(other, "ops_lead_DN", Role.OPS_LEAD)
    case = build.case_at(world, "handling")
    with pytest.raises(NotAllowed):
        _remind_all(world, case, "ops_lead_DN")


def test_a_deputy_of_the_lead_reminds_them_and_the_history_names_who_did_it(world: build.World) -> None:
    case = build.case_at(world, "handling")
    moment = build.next_moment(case)
    lead, deputy = (world.people[name].id for name in ("ops_lead", "operator"))
    with unit_of_work():
        until = moment + timedelta(days=1)
        db.session.add(Deputy(principal_id=lead, deputy_id=deputy, starts_at=moment, ends_at=until, created_by_id=lead))
    _remind_all(world, case, "operator", now=moment)
    [event] = events()
    assert event.actor_id == deputy
    with pytest.raises(NotAllowed):
        _remind_all(world, case, "operator", now=moment + timedelta(days=9))


def test_what_was_merged_into_another_case_is_reminded_there(world: build.World) -> None:
    main, other = build.case_at(world, "handling", agencies=2), build.case_at(world, "handling")
    build.act(world, other, "merge", "operator", into=main, reason="Cùng một việc.")
    with pytest.raises(CaseNotOpen):
        _remind_all(world, other)
    _remind_all(world, main)
    assert len(events()[0].payload["agencies"]) >= 2


def test_a_case_set_apart_is_not_reminded_of(world: build.World) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    with pytest.raises((CaseNotOpen, NotAllowed)):
        _remind_all(world, case)
    assert told() == []


def test_where_no_agency_owes_an_answer_it_says_so(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    with pytest.raises(RemindRefused, match="No agency owes an answer any more"):
        _remind_all(world, case)


def test_nobody_is_reminded_while_the_case_stands_still(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        lock_case(case.id).paused_for = "hold"
    with pytest.raises(CaseNotOpen):
        _remind_all(world, case)


def test_the_history_names_the_agencies_to_staff_and_tells_people_outside_nothing(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    _remind_all(world, case)
    [event] = events()
    names = {row.agency.key: row.agency.name for row in case.assignments}
    said = narrate(event.type, event.payload or {}, Known(names, Audience.AGENCY))
    assert said is not None
    assert said.words.vi == "Nhắc cả nhóm: " + ", ".join(name.vi for name in names.values())
    assert narrate(event.type, event.payload or {}, Known(names, Audience.PUBLIC)) is None
    assert narrate(event.type, event.payload or {}, Known(names, Audience.SENDER)) is None


def test_the_late_list_counts_it_for_each_agency(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    _remind_all(world, case)
    late = late_list(world.actor("ops_lead"), now=build.next_moment(case) + timedelta(days=90))
    assert [row.reminded for group in late.agencies for row in group.rows if row.assignment.case_id == case.id] == [1, 1]
