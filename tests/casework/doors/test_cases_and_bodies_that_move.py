"""What a service account sees ends where its agency's or centre's own sight ends; of a body that goes on as another it is not inherited."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.accounts import ServiceRefused, ServiceWish, change_service_account
from casework.doors.asking import BehalfRefused, Caller, KeyRefused, caller_of, in_the_name_of
from casework.doors.behalf import agree, offers_for
from casework.doors.gates import Door
from casework.doors.standing import look_after_service_accounts
from casework.models import Agency, BehalfAgreement, Case, Event, Membership, ServiceAccount
from casework.permissions import Action, Actor
from casework.permissions.sight import Sight, sees
from tests import build, reorganised, service_accounts
from tests.reorganised import MORNING
from tests.second_centre import second_world
from workflows.reorganising import undo as reorganisation_undo
from workflows.running import acts

NOON, DAY = build.NOON, timedelta(days=1)
WHY = service_accounts.WHY


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def asks(text: str, now: datetime = NOON) -> Caller:
    with unit_of_work():
        return caller_of(text, door=Door.API, address="203.0.113.7", now=now)


def opens(text: str, now: datetime = NOON) -> bool:
    try:
        asks(text, now)
    except KeyRefused:
        return False
    return True


def seen(actor: Actor, case: Case) -> bool:
    return sees(actor, Sight.CLEARED, db.session.get_one(Case, case.id, populate_existing=True))


def lent(world: build.World, row: ServiceAccount, name: str) -> None:
    with unit_of_work():
        agree(db.session.get_one(ServiceAccount, row.account_id), by=world.actor(name), now=NOON)


def test_an_agencys_system_sees_its_agencys_cases_until_they_are_handed_back_or_set_apart(world: build.World) -> None:
    asked = [service_accounts.made(world, Action.READ_CASE, agency=key, name=key)[1] for key in ("PTNMT", "HKL")]
    lead, other = (asks(text).actor for text in asked)
    apart, back = build.case_at(world, "at_agency"), build.case_at(world, "at_agency")
    assert [(seen(lead, case), seen(other, case)) for case in (apart, back)] == [(True, False)] * 2
    build.act(world, apart, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    agency = world.agencies["PTNMT"]
    build.do(world, back, "accept_assignment", "officer_PTNMT", agency=agency, act="hand_back", reason="Không thuộc đơn vị.")
    build.do(world, back, "decide_hand_back", "operator", agency=agency, upheld=True, words="Đồng ý.")
    assert [seen(lead, case) for case in (apart, back)] == [False, False]


def test_a_centres_system_loses_a_case_that_is_passed_on(world: build.World) -> None:
    other = second_world(world)
    _, text = service_accounts.made(world, Action.READ_CASE, agency=None)
    case = build.case_at(world, "to_verify")
    actor = asks(text).actor
    assert sees(actor, Sight.PROCESS, case)
    build.act(world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn khác.")
    assert not any(sees(actor, sight, db.session.get_one(Case, case.id, populate_existing=True)) for sight in Sight)


def test_who_follows_an_agency_inherits_no_system_of_it(world: build.World) -> None:
    row, text = service_accounts.made(world, Action.READ_CASE, Action.PROGRESS_NOTE)
    lent(world, row, "officer_PTNMT")
    plan = reorganised.planned(world)
    reorganised.carried_out(world, plan)
    assert opens(text, MORNING - DAY)
    assert not opens(text, MORNING), "by the day itself, before any job has run"
    look_after_service_accounts(MORNING)
    ended = db.session.get_one(ServiceAccount, row.account_id, populate_existing=True)
    roles = db.session.scalars(select(Membership).where(Membership.account_id == row.account_id)).all()
    successors = [reorganised.agency(key).id for key in ("UBND-LB", "PKT-LD")]
    assert ended.ended_at == MORNING
    assert {role.agency_id for role in roles}.isdisjoint(successors)
    assert all(role.valid_to is not None and role.valid_to <= reorganised.DAY for role in roles)
    assert db.session.scalars(select(BehalfAgreement.ended_at)).one() == MORNING
    for name in ("officer_PTNMT", "officer_2_PTNMT"):
        assert offers_for(world.actor(name, MORNING), now=MORNING) == []


def test_an_undone_reorganisation_gives_back_what_no_job_has_ended_yet(world: build.World) -> None:
    _, text = service_accounts.made(world, Action.READ_CASE)
    plan = reorganised.planned(world)
    reorganised.carried_out(world, plan)
    assert not opens(text, MORNING)
    with unit_of_work():
        by = world.actor("administrator", MORNING)
        reorganisation_undo.undo(plan.ref, by=by, now=MORNING + timedelta(hours=1), reason="Thực hiện nhầm.")
    assert opens(text, MORNING + timedelta(hours=2))


def test_a_leaver_is_acted_for_no_more_and_does_not_come_back_by_an_old_agreement_elsewhere(world: build.World) -> None:
    row, text = service_accounts.made(world, Action.PROGRESS_NOTE)
    lent(world, row, "officer_PTNMT")
    officer = world.people["officer_PTNMT"]
    assert in_the_name_of(asks(text), officer.ref, Action.PROGRESS_NOTE, now=NOON).actor.on_behalf_id == officer.id
    with unit_of_work():
        role = db.session.scalars(select(Membership).where(Membership.account_id == officer.id)).one()
        role.agency_id = world.agencies["HKL"].id
    with pytest.raises(BehalfRefused):
        in_the_name_of(asks(text), officer.ref, Action.PROGRESS_NOTE, now=NOON)


def test_a_note_in_an_officers_name_has_both_in_its_event(world: build.World) -> None:
    row, text = service_accounts.made(world, Action.PROGRESS_NOTE)
    lent(world, row, "officer_PTNMT")
    case = build.case_at(world, "handling")
    officer = world.people["officer_PTNMT"]
    by = in_the_name_of(asks(text), officer.ref, Action.PROGRESS_NOTE, now=NOON).actor
    [part] = case.assignments
    with unit_of_work():
        given = build.input_to_act("progress_note", {"words": "Đã xem hiện trường."})
        acts.act(case.ref, "progress_note", by=by, now=build.next_moment(case), assignment_ref=part.ref, given=given)
    event = db.session.scalars(select(Event).where(Event.type == "progress_note")).one()
    assert (event.actor_id, event.on_behalf_of_id) == (row.account_id, officer.id)


def test_scopes_taken_off_count_at_once_and_none_can_be_all(world: build.World) -> None:
    row, text = service_accounts.made(world, Action.READ_CASE, Action.PROGRESS_NOTE)
    wish = ServiceWish(name="Hệ thống thử", owner=world.people["ops_lead"], purpose="Trao đổi việc", scopes=[Action.READ_CASE])
    given = {"by": world.actor("administrator"), "now": NOON, "reason": WHY}
    with unit_of_work():
        change_service_account(db.session.get_one(ServiceAccount, row.account_id), wish, **given)
    assert asks(text).actor.scopes == {Action.READ_CASE}
    with pytest.raises(ServiceRefused), unit_of_work():
        change_service_account(db.session.get_one(ServiceAccount, row.account_id), replace(wish, scopes=[]), **given)


def test_an_agency_that_came_back_to_work_finds_its_system_ended_for_good(world: build.World) -> None:
    row, text = service_accounts.made(world, Action.READ_CASE)
    with unit_of_work():
        db.session.get_one(Agency, row.agency_id).valid_to = (NOON + DAY).date()
    look_after_service_accounts(NOON + 2 * DAY)
    with unit_of_work():
        db.session.get_one(Agency, row.agency_id).valid_to = None
    assert not opens(text, NOON + 3 * DAY)
