"""Somebody leaves: their steps return, somebody takes over, deputies end, and nobody is left without an administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.models import Account, Deputy, Event, LoginSession, Membership
from casework.permissions import Actor, NotAllowed, Role, actor_for
from casework.settings.deputyships import DeputyRefused, appoint_deputy, end_deputyship
from casework.settings.people import PersonRefused, give_start_password
from casework.settings.roles import NobodyTakesOver, RoleRefused, RoleWish, copy_roles, give_role
from casework.settings.seats import Seat, seat_of
from casework.steps.drafts import keep_draft
from tests import build
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.pages import signed_in
from workflows.reorganising.leaving import leave, look_ahead, return_tasks_of_leavers
from workflows.running import steps
from workflows.running.steps import draft_place

NOON, DAY = build.NOON, timedelta(days=1)
WHY = "Chuyển công tác."


def roles_of(account: Account) -> list[Membership]:
    return list(db.session.scalars(select(Membership).where(Membership.account_id == account.id)))


def lead(world: build.World, name: str, *, now: Any = NOON, **given: Any) -> int:
    account = world.people[name]
    with unit_of_work():
        return leave(account, roles_of(account), by=world.actor("administrator"), now=now, reason=WHY, **{"takes_over": {}, **given})


def settings_told(kind: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(Event.payload).where(Event.type == "change_setting").order_by(Event.seq))
    return [row for row in rows if row["kind"] == kind]


def claimed(world: build.World, element: str, by: str, case: Any, agency: Any = None) -> str:
    ref = build.waiting(case, element, agency).ref
    with unit_of_work():
        steps.claim(ref, by=world.actor(by), now=NOON)
    return ref


def test_the_tasks_of_a_leaver_return_to_the_group_and_drafts_stay(app: Flask) -> None:
    world = build.standard_world()
    case, agency = build.case_at(world, "handling"), world.agencies["PTNMT"]
    ref = claimed(world, "submit_answer", "officer_PTNMT", case, agency)
    theirs = claimed(world, "verify", "operator", build.file_report(world).case)
    officer, leader = world.people["officer_PTNMT"], world.people["leader_PTNMT"]
    signed_in(app, client_of(app), officer, now=NOON)
    with unit_of_work():
        task = steps.lock_open_step(ref, by=world.actor("officer_PTNMT"))
        keep_draft(draft_place(task), by=world.actor("officer_PTNMT"), now=NOON, fields=[("findings", "đang viết")], window="w" * 16)
        appoint_deputy(
            principal=officer, deputy=leader, starts_at=NOON, ends_at=NOON + DAY, by=world.actor("administrator"), now=NOON, reason=WHY
        )
    ahead = look_ahead(officer, roles_of(officer), now=NOON, disables=True)
    assert (ahead.task_count, ahead.draft_count, len(ahead.deputyships), ahead.takes_over) == (1, 1, 1, [])
    assert lead(world, "officer_PTNMT", disables=True) == 1
    assert (build.waiting(case, "submit_answer", agency).claimed_by_id, steps._task(theirs).claimed_by_id) == (
        None,
        world.people["operator"].id,
    )
    moved = db.session.scalars(select(Event).where(Event.case_id == case.id, Event.type == "assign_task")).one()
    assert moved.payload["how"] == "returned"
    assert officer.login not in str(moved.payload)
    assert actor_for(officer, now=NOON).grants == ()
    assert db.session.scalar(select(func.count()).where(LoginSession.account_id == officer.id, LoginSession.revoked_at.is_(None))) == 0
    assert db.session.scalars(select(Deputy)).one().ends_at == NOON
    assert [row["kind"] for row in settings_told("account")][-1:] == ["account"]
    assert claimed(world, "submit_answer", "officer_2_PTNMT", case, agency) == ref


def test_a_move_keeps_what_is_still_read_and_a_deputys_claims_return_with_the_principal(sqlite_app: Flask) -> None:
    world = build.standard_world()
    agency, case = world.agencies["PTNMT"], build.case_at(world, "handling")
    officer, colleague = world.people["officer_PTNMT"], world.people["officer_2_PTNMT"]
    approver = claimed(world, "submit_answer", "officer_PTNMT", case, agency)
    with unit_of_work():
        account = db.session.get_one(Account, officer.id)
        leave(
            account,
            roles_of(account),
            by=world.actor("administrator"),
            now=NOON,
            reason=WHY,
            takes_over={},
            moves_to=Seat(Role.OFFICER, agency=world.agencies["HKL"]),
        )
    assert steps._task(approver).claimed_by_id is None
    assert [seat_of(row).label for row in officer.memberships if row.holds_on(NOON.date())] == ["officer@HKL"]
    hkl = world.people["officer_HKL"]
    with unit_of_work():
        give_role(hkl, RoleWish(Seat(Role.OFFICER, agency=agency), is_focal=True), by=world.actor("administrator"), now=NOON, reason=WHY)
        appoint_deputy(
            principal=colleague, deputy=hkl, starts_at=NOON, ends_at=NOON + DAY, by=world.actor("administrator"), now=NOON, reason=WHY
        )
    assert claimed(world, "submit_answer", "officer_HKL", case, agency) == approver
    assert lead(world, "officer_2_PTNMT") == 0, "the deputy reads the desk in their own name too"
    # a role that ends by its day: the worker frees what is held there
    with unit_of_work():
        row = next(each for each in roles_of(hkl) if each.agency_id == agency.id)
        row.valid_to = (NOON + DAY).date()
    assert return_tasks_of_leavers(NOON) == 0
    assert return_tasks_of_leavers(NOON + DAY) == 1
    assert steps._task(approver).claimed_by_id is None


def test_a_seat_that_must_be_held_is_handed_over_in_the_same_unit(sqlite_app: Flask) -> None:
    world = build.standard_world()
    lead_seat, operator = Seat(Role.OPS_LEAD, world.centre), world.people["operator"]
    ahead = look_ahead(world.people["ops_lead"], roles_of(world.people["ops_lead"]), now=NOON, disables=True)
    assert [(each.seat, operator in each.heirs) for each in ahead.takes_over] == [(lead_seat, True)]
    for disables in (True, False):
        with pytest.raises(NobodyTakesOver, match="operations lead"):
            lead(world, "ops_lead", disables=disables)
    with pytest.raises(RoleRefused, match="Somebody else"):
        lead(world, "ops_lead", disables=True, takes_over={lead_seat.key: world.people["ops_lead"]})
    assert world.people["ops_lead"].disabled_at is None
    lead(world, "ops_lead", disables=True, takes_over={lead_seat.key: operator})
    assert Role.OPS_LEAD in world.actor("operator").roles
    assert lead(world, "operator_2", disables=True) == 0, "another operator is left"
    with pytest.raises(NobodyTakesOver):
        lead(world, "operator")
    # an agency without open work may lose its last leader, one with open work not
    lead(world, "leader_HKL", disables=True)
    build.case_at(world, "at_agency")
    with pytest.raises(NobodyTakesOver, match="agency's leader"):
        lead(world, "leader_PTNMT")


def test_administrators_lock_nobody_out_and_stay_in_their_centre(sqlite_app: Flask) -> None:
    world = build.standard_world()
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        stranger = build.staff(other, "operator_DN", Role.OPERATOR)
        chief = build.staff(world, "chief", Role.ADMINISTRATOR)
        chief.memberships[0].centre_id = None
        second = build.staff(world, "administrator_2", Role.ADMINISTRATOR)
    by = world.actor("administrator")

    def give(account: Account, seat: Seat, by: Any = by) -> Any:
        return lambda: give_role(account, RoleWish(seat), by=by, now=NOON, reason=WHY)

    def close(account: Account) -> Any:
        return lambda: leave(account, roles_of(account), by=by, now=NOON, reason=WHY, takes_over={}, disables=True)

    own = world.people["administrator"]
    refused: list[tuple[type[Exception], str, Any]] = [
        (RoleRefused, "your own last", lambda: leave(own, roles_of(own), by=by, now=NOON, reason=WHY, takes_over={})),
        (PersonRefused, "your own account", close(own)),
        (RoleRefused, "yourself", give(own, Seat(Role.OPERATOR, world.centre))),
        (RoleRefused, "centre you administer", give(second, Seat(Role.OPERATOR, other.centre))),
        (RoleRefused, "centre you administer", give(second, Seat(Role.ADMINISTRATOR))),
        (RoleRefused, "cannot be held", give(second, Seat(Role.OFFICER, world.centre))),
        (RoleRefused, "already", give(second, Seat(Role.ADMINISTRATOR, world.centre))),
        (RoleRefused, "holds no role", lambda: copy_roles(second, of=stranger, by=by, now=NOON, reason=WHY)),
        (NotAllowed, "not allowed", close(stranger)),
        (NotAllowed, "not allowed", close(chief)),
        (NotAllowed, "not allowed", give(second, Seat(Role.OPERATOR, world.centre), world.actor("operator"))),
    ]
    events = db.session.scalar(select(func.count(Event.id)))
    for error, words, act in refused:
        with pytest.raises(error, match=words), unit_of_work():
            act()
    assert db.session.scalar(select(func.count(Event.id))) == events
    with pytest.raises(NobodyTakesOver), unit_of_work():
        leave(chief, roles_of(chief), by=actor_for(build_chief(world), now=NOON), now=NOON, reason=WHY, takes_over={})
    with unit_of_work():
        copied = copy_roles(second, of=world.people["operator"], by=by, now=NOON, reason=WHY)
    assert [seat_of(row).label for row in copied] == ["operator@LD"]


def build_chief(world: build.World) -> Account:
    """A second administrator of the installation who is one only until tomorrow."""
    account = build.staff(world, "chief_2", Role.ADMINISTRATOR)
    account.memberships[0].centre_id = None
    account.memberships[0].valid_to = NOON.date() + DAY
    db.session.flush()
    account.disabled_at = None
    return account


def test_deputies_are_refused_where_they_would_form_chains_or_reach_too_far(sqlite_app: Flask) -> None:
    world = build.standard_world()
    people, admin = world.people, world.actor("administrator")
    one, two, leader = people["officer_PTNMT"], people["officer_2_PTNMT"], people["leader_PTNMT"]

    def appoint(principal: Account, deputy: Account, start: Any = NOON, end: Any = NOON + DAY, by: Any = admin) -> Deputy:
        with unit_of_work():
            return appoint_deputy(principal=principal, deputy=deputy, starts_at=start, ends_at=end, by=by, now=NOON, reason=WHY)

    appoint(one, two, NOON - timedelta(hours=1))
    refused = [
        ("their own", lambda: appoint(leader, leader)),
        ("deputy in that time already", lambda: appoint(one, leader, NOON + DAY / 2)),
        ("stands in for somebody", lambda: appoint(two, leader)),
        ("is away", lambda: appoint(leader, one)),
        ("behind the start", lambda: appoint(leader, two, NOON + DAY, NOON + DAY)),
        ("has passed", lambda: appoint(leader, two, NOON - 2 * DAY)),
        ("90 days", lambda: appoint(leader, two, NOON, NOON + 91 * DAY)),
        ("same agency", lambda: appoint(leader, people["officer_HKL"])),
        ("yourself", lambda: appoint(people["operator"], people["administrator"])),
    ]
    for words, act in refused:
        with pytest.raises(DeputyRefused, match=words):
            act()
    for by in ("operator", "ops_lead", "leader_HKL"):
        with pytest.raises(NotAllowed):
            appoint(leader, two, NOON + DAY, NOON + 2 * DAY, world.actor(by))
    own = appoint(leader, two, NOON + DAY, NOON + 2 * DAY, world.actor("leader_PTNMT"))
    with unit_of_work():
        end_deputyship(db.session.get_one(Deputy, own.id), by=world.actor("leader_PTNMT"), now=NOON, reason=WHY)
    assert not [grant for grant in actor_for(two, now=NOON + 1.5 * DAY).grants if grant.principal_id == leader.id]
    appoint(leader, two, NOON + DAY, NOON + 2 * DAY)
    with unit_of_work():
        db.session.get_one(Account, two.id).disabled_at = NOON
    with pytest.raises(DeputyRefused, match="disabled"):
        appoint(leader, two, NOON + 3 * DAY, NOON + 4 * DAY)
    assert len(settings_told("deputy")) == 4


def test_a_deputy_counts_for_every_desk_the_principal_has_in_that_time(sqlite_app: Flask) -> None:
    world = build.standard_world()
    other, by = second_world(world), world.actor("administrator")
    soon = (NOON + 2 * DAY).date()
    with unit_of_work():
        for name, starts_on in (("operator", soon), ("ops_lead", NOON.date())):
            account = world.people[name].id
            db.session.add(Membership(account_id=account, role=Role.INSPECTOR, centre_id=other.centre.id, valid_from=starts_on))
    people = {name: db.session.get_one(Account, account.id) for name, account in world.people.items()}

    def appoint(principal: str, deputy: str, days: int, by: Actor) -> None:
        given = {"principal": people[principal], "deputy": people[deputy], "starts_at": NOON, "ends_at": NOON + days * DAY}
        with unit_of_work():
            appoint_deputy(by=by, now=NOON, reason=WHY, **given)  # type: ignore[arg-type]

    with pytest.raises(NotAllowed):
        appoint("operator", "operator_2", 30, by)
    appoint("operator", "operator_2", 1, by)
    # whoever stands in for somebody of two centres has an account of two centres
    with unit_of_work():
        give_start_password(people["committee_leader"], by=by, now=NOON, password_hash="h", reason=WHY)
    appoint("ops_lead", "committee_leader", 5, world.actor("ops_lead"))
    with pytest.raises(NotAllowed), unit_of_work():
        give_start_password(people["committee_leader"], by=by, now=NOON, password_hash="h", reason=WHY)
    with unit_of_work():
        give_start_password(people["operator_2"], by=by, now=NOON, password_hash="h", reason=WHY)
        give_start_password(people["committee_leader"], by=by, now=NOON + 6 * DAY, password_hash="h", reason=WHY)
