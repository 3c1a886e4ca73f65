"""Roles that watch each other never meet in one person; a confidential reader's deputy is their own act and a second person's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import permutations
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.messages.desks import readers_of
from casework.models import Account, Case, Centre, Deputy, Event, Membership, OutboxMessage
from casework.permissions import WATCHERS, NotAllowed, Role, actor_for, desk_name
from casework.permissions.sight import case_seen_by
from casework.second_person import SecondPersonNeeded
from casework.settings.deputyships import (
    DeputyRefused,
    appoint_deputy,
    confirm_deputy,
    deputyships_of,
    deputyships_seen,
    end_deputyship,
)
from casework.settings.gaps import gaps
from casework.settings.roles import RoleRefused, RoleWish, copy_roles, give_role
from casework.settings.seats import Seat
from tests import build
from web.watching.findings_of_settings import of_settings

NOON, DAY, HOUR = build.NOON, timedelta(days=1), timedelta(hours=1)
WHY = "Đi công tác."
PERSON = {Role.ADMINISTRATOR: "administrator", Role.PROCESS_APPROVER: "process_approver", Role.INSPECTOR: "inspector",
          Role.CONFIDENTIAL_READER: "confidential_reader"}  # fmt: skip


@pytest.fixture
def world(app: Flask) -> build.World:
    world = build.standard_world()
    with unit_of_work():
        build.staff(world, "administrator_2", Role.ADMINISTRATOR)
    return world


def appoint(world: build.World, principal: str, deputy: str, *, by: str = "administrator", starts_at: datetime = NOON,
            ends_at: datetime = NOON + 5 * DAY, now: datetime = NOON) -> Deputy:  # fmt: skip
    with unit_of_work():
        return appoint_deputy(principal=world.people[principal], deputy=world.people[deputy], starts_at=starts_at, ends_at=ends_at,
                              by=world.actor(by, now).alone, now=now, reason=WHY)  # fmt: skip


def confirm(world: build.World, row: Deputy, by: str, *, now: datetime = NOON) -> None:
    with unit_of_work():
        confirm_deputy(db.session.get_one(Deputy, row.id), by=world.actor(by, now).alone, now=now, reason="Đã trao đổi.")


def stood_in(world: build.World, principal: str, deputy: str, **columns: Any) -> Deputy:
    """As a row of 0.9.0 has it."""
    with unit_of_work():
        row = Deputy(principal_id=world.people[principal].id, deputy_id=world.people[deputy].id,
                     created_by_id=world.people["administrator"].id,
                     **{"starts_at": NOON - DAY, "ends_at": NOON + 5 * DAY, **columns})  # fmt: skip
        db.session.add(row)
    return row


def roles(world: build.World, name: str, now: datetime = NOON) -> frozenset[Role]:
    return world.actor(name, now).roles


def told(world: build.World, name: str) -> list[tuple[str, Any]]:
    query = select(OutboxMessage).where(OutboxMessage.recipient == f"account:{world.people[name].id}").order_by(OutboxMessage.id)
    return [(row.template, row.parameters.get("change")) for row in db.session.scalars(query)]


# -- whose desks may be given away ----------------------------------------------------------------------------------------


def test_an_administrator_gives_away_no_desk_of_another_centre(world: build.World) -> None:
    """A deputy gets every desk of the principal, also one that is theirs from a later day of that time on."""
    with unit_of_work():
        other = build.centre("DN", is_default=False)
        row = Membership(account_id=world.people["operator"].id, role=Role.OPERATOR, centre_id=other.id, valid_from=(NOON + 2 * DAY).date())
        db.session.add(row)
    db.session.expire_all()
    with pytest.raises(NotAllowed):
        appoint(world, "operator", "ops_lead")
    appoint(world, "operator", "ops_lead", ends_at=NOON + DAY)


# -- never two of them in one person ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("principal", "deputy"), permutations(sorted(WATCHERS), 2))
def test_who_holds_one_of_these_roles_stands_in_for_no_other(sqlite_app: Flask, principal: Role, deputy: Role) -> None:
    world = build.standard_world()
    with unit_of_work():
        build.staff(world, "administrator_2", Role.ADMINISTRATOR)
    by = "confidential_reader" if principal is Role.CONFIDENTIAL_READER else "administrator_2"
    with pytest.raises(DeputyRefused, match="watch each other"):
        appoint(world, PERSON[principal], PERSON[deputy], by=by)


def test_one_person_stands_in_for_one_of_them_at_a_time(world: build.World) -> None:
    appoint(world, "process_approver", "operator")
    with pytest.raises(DeputyRefused, match="watch each other"):
        appoint(world, "inspector", "operator")
    # a reader's own appointment is refused too, also while the first still waits for its word
    with pytest.raises(DeputyRefused, match="watch each other"):
        appoint(world, "confidential_reader", "operator", by="confidential_reader")
    appoint(world, "inspector", "operator", starts_at=NOON + 6 * DAY, ends_at=NOON + 7 * DAY)
    row = appoint(world, "confidential_reader", "operator_2", by="confidential_reader")
    with pytest.raises(DeputyRefused, match="watch each other"):
        appoint(world, "process_approver", "operator_2", starts_at=NOON + 6 * HOUR)
    assert row.wanted_until == NOON + 5 * DAY
    assert roles(world, "operator") == {Role.OPERATOR, Role.PROCESS_APPROVER}


@pytest.mark.parametrize(("held", "given"), permutations(sorted(WATCHERS), 2))
def test_no_second_of_these_roles_is_given(sqlite_app: Flask, held: Role, given: Role) -> None:
    world = build.standard_world()
    with unit_of_work():
        by = build.staff(world, "administrator_2", Role.ADMINISTRATOR)
    seat = Seat(given, world.centre)
    wish = RoleWish(seat)
    with pytest.raises(RoleRefused, match="watch each other"), unit_of_work():
        give_role(world.people[PERSON[held]], wish, by=actor_for(by, now=NOON), now=NOON, reason=WHY)


def test_roles_are_given_neither_to_deputies_nor_to_those_stood_in_for_where_they_would_meet(world: build.World) -> None:
    appoint(world, "process_approver", "operator")
    by, inspector = world.actor("administrator"), Seat(Role.INSPECTOR, world.centre)
    with pytest.raises(RoleRefused, match="watch each other"), unit_of_work():
        give_role(world.people["operator"], RoleWish(inspector), by=by, now=NOON, reason=WHY)
    appoint(world, "ops_lead", "inspector", by="ops_lead")
    with pytest.raises(RoleRefused, match="watch each other"), unit_of_work():
        give_role(world.people["ops_lead"], RoleWish(Seat(Role.PROCESS_APPROVER, world.centre)), by=by, now=NOON, reason=WHY)
    with unit_of_work():
        world.people["copied"] = build.staff(world, "copied", Role.PROCESS_APPROVER)
    with pytest.raises(RoleRefused, match="watch each other"), unit_of_work():
        copy_roles(world.people["copied"], of=world.people["inspector"], by=by, now=NOON, reason=WHY)
    with unit_of_work():
        later = RoleWish(inspector, starts_on=(NOON + 8 * DAY).date())
        give_role(db.session.get_one(Account, world.people["operator"].id), later, by=world.actor("administrator"), now=NOON, reason=WHY)
    with pytest.raises(DeputyRefused, match="watch each other"):
        appoint(world, "process_approver", "operator", starts_at=NOON + 6 * DAY, ends_at=NOON + 9 * DAY)


def test_where_two_meet_through_dates_a_deputy_acts_in_none_of_them(world: build.World) -> None:
    stood_in(world, "process_approver", "operator")
    assert Role.PROCESS_APPROVER in roles(world, "operator")
    with unit_of_work():
        person = db.session.get_one(Account, world.people["operator"].id)
        person.memberships.append(Membership(role=Role.INSPECTOR, centre_id=world.centre.id, valid_from=date(2026, 3, 3)))
    assert Role.PROCESS_APPROVER in roles(world, "operator"), "from tomorrow on they are inspector"
    assert roles(world, "operator", NOON + DAY) == {Role.OPERATOR, Role.INSPECTOR}
    stood_in(world, "administrator", "operator_2")
    stood_in(world, "inspector", "operator_2")
    assert roles(world, "operator_2") == {Role.OPERATOR}
    desk = desk_name(Role.ADMINISTRATOR, centre_id=world.centre.id)
    assert world.people["operator_2"].id not in readers_of([desk], now=NOON)[desk]


def test_the_health_of_an_installation_names_those_in_whom_they_meet_and_deletes_nothing(world: build.World) -> None:
    assert not gaps(NOON).meeting
    with unit_of_work():
        approver = db.session.get_one(Account, world.people["process_approver"].id)
        approver.memberships.append(Membership(role=Role.ADMINISTRATOR, centre_id=world.centre.id, valid_from=build.LONG_AGO))
    stood_in(world, "administrator", "inspector")
    stood_in(world, "confidential_reader", "operator")
    assert roles(world, "process_approver") == {Role.PROCESS_APPROVER, Role.ADMINISTRATOR}, "what they hold is theirs until it is ended"
    assert roles(world, "inspector") == {Role.INSPECTOR}
    found = gaps(NOON)
    assert [login for login, _ in found.meeting] == ["inspector", "process_approver"]
    assert found.unconfirmed == ("operator ← confidential_reader",)
    said = {each.key: each.what for each in of_settings(found)}
    assert "process_approver (The administrator, The process approver)" in said["watching_roles"].en
    assert "operator ← confidential_reader" in said["unconfirmed_deputies"].vi


# -- the confidential reader's deputy -----------------------------------------------------------------------------------


def quarantined(world: build.World) -> Case:
    case = build.case_at(world, "to_verify")
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    return case


def test_nobody_but_the_reader_appoints_and_it_begins_with_a_second_persons_word(world: build.World) -> None:
    case = quarantined(world)
    for by in ("administrator", "administrator_2"):
        with pytest.raises(DeputyRefused, match="only they appoint"):
            appoint(world, "confidential_reader", "operator", by=by)
    row = appoint(world, "confidential_reader", "operator", by="confidential_reader")
    assert roles(world, "operator") == {Role.OPERATOR}
    assert case_seen_by(world.actor("operator"), case.ref) is None
    assert [each.id for each, _ in deputyships_seen(world.actor("administrator"), now=NOON, limit=9)] == [row.id]
    desk = f"desk:{desk_name(Role.ADMINISTRATOR, centre_id=world.centre.id)}"
    assert desk in set(db.session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.template == "deputy_to_confirm")))
    for stranger in ("confidential_reader", "operator", "inspector", "ops_lead"):
        with pytest.raises(NotAllowed):
            confirm(world, row, stranger)
    confirm(world, row, "administrator", now=NOON + HOUR)
    row = db.session.get_one(Deputy, row.id)
    assert (row.starts_at, row.ends_at, row.wanted_until) == (NOON + HOUR, NOON + 5 * DAY, None)
    assert (row.confirmed_at, row.confirmed_by_id) == (NOON + HOUR, world.people["administrator"].id)
    assert case_seen_by(world.actor("operator", NOON + HOUR), case.ref) is not None
    assert told(world, "confidential_reader")[-1][0] == "deputy_changed"
    with pytest.raises(DeputyRefused, match="does not wait"):
        confirm(world, row, "administrator_2", now=NOON + HOUR)
    with unit_of_work():
        end_deputyship(db.session.get_one(Deputy, row.id), by=world.actor("confidential_reader"), now=NOON + 2 * HOUR, reason=WHY)
    assert case_seen_by(world.actor("operator", NOON + 2 * HOUR), case.ref) is None
    kinds = [row.payload for row in db.session.scalars(select(Event).where(Event.type == "change_setting").order_by(Event.seq))]
    assert [each["new"].get("waits") or each["new"].get("confirmed") or each["new"].get("called_back") for each in kinds] == [True] * 3


def test_who_has_a_part_in_it_does_not_confirm(world: build.World) -> None:
    with unit_of_work():
        # an installation of before, in which one person is both
        reader = db.session.get_one(Account, world.people["confidential_reader"].id)
        reader.memberships.append(Membership(role=Role.ADMINISTRATOR, centre_id=world.centre.id, valid_from=build.LONG_AGO))
    stood_in(world, "confidential_reader", "operator", ends_at=NOON - DAY, wanted_until=NOON + DAY)
    [row] = deputyships_of(world.people["confidential_reader"], now=NOON)
    with pytest.raises(SecondPersonNeeded, match="another administrator"):
        confirm(world, row, "confidential_reader")


def test_what_waits_is_called_back_and_never_begins(world: build.World) -> None:
    row = appoint(world, "confidential_reader", "operator", by="confidential_reader")
    with unit_of_work():
        end_deputyship(db.session.get_one(Deputy, row.id), by=world.actor("administrator"), now=NOON, reason=WHY)
    assert deputyships_of(world.people["operator"], now=NOON) == []
    with pytest.raises(DeputyRefused):
        confirm(world, row, "administrator")
    # one whose time has passed without a word
    late = appoint(world, "confidential_reader", "operator", by="confidential_reader", ends_at=NOON + HOUR)
    with pytest.raises(DeputyRefused, match="does not wait"):
        confirm(world, late, "administrator", now=NOON + HOUR)


def test_a_deputy_of_before_reads_nothing_set_apart_until_confirmed(world: build.World) -> None:
    case = quarantined(world)
    stood_in(world, "confidential_reader", "operator")
    assert roles(world, "operator") == {Role.OPERATOR}
    assert case_seen_by(world.actor("operator"), case.ref) is None
    desk = desk_name(Role.CONFIDENTIAL_READER, centre_id=world.centre.id)
    assert readers_of([desk], now=NOON)[desk] == {world.people["confidential_reader"].id}


def test_who_is_stood_in_for_is_told_of_what_others_do(world: build.World) -> None:
    row = appoint(world, "leader_PTNMT", "officer_PTNMT")
    with unit_of_work():
        end_deputyship(db.session.get_one(Deputy, row.id), by=world.actor("administrator"), now=NOON + HOUR, reason=WHY)
    assert told(world, "leader_PTNMT") == [
        ("deputy_changed", ["đã cử một người làm thay Ông/Bà", "somebody was appointed to stand in for you"]),
        ("deputy_changed", ["người làm thay Ông/Bà đã thôi làm thay", "your deputy was called back"]),
    ]
    appoint(world, "leader_HKL", "officer_HKL", by="leader_HKL")
    assert told(world, "leader_HKL") == [], "what somebody did themselves they know"


@pytest.mark.on_both
@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_who_confirms_what_was_called_back_at_that_moment_is_told_so(app: Flask) -> None:
    """The confirmation has read the deputy before the calling-back is written, and comes to its turn behind it."""
    world = build.standard_world()
    with unit_of_work():
        build.staff(world, "administrator_2", Role.ADMINISTRATOR)
    row_id = appoint(world, "confidential_reader", "operator", by="confidential_reader").id
    reader, administrator = world.actor("confidential_reader").alone, world.actor("administrator").alone

    def call_back() -> None:
        with app.app_context(), unit_of_work():
            end_deputyship(db.session.get_one(Deputy, row_id), by=reader, now=NOON, reason=WHY)

    with unit_of_work():
        read = db.session.get_one(Deputy, row_id)
        assert read.wanted_until is not None
        meanwhile(call_back)
        with pytest.raises(DeputyRefused, match="does not wait"):
            confirm_deputy(read, by=administrator, now=NOON, reason=WHY)
    db.session.expire_all()
    assert db.session.get_one(Deputy, row_id).confirmed_at is None


@pytest.mark.on_both
@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_of_two_such_roles_given_at_one_moment_the_second_is_refused(app: Flask) -> None:
    world = build.standard_world()
    with unit_of_work():
        build.staff(world, "newcomer", Role.OPERATOR)
    person, centre = world.people["newcomer"].id, world.centre.id
    administrator = world.actor("administrator").alone

    def give(role: Role) -> None:
        account = db.session.get_one(Account, person)
        give_role(account, RoleWish(Seat(role, db.session.get_one(Centre, centre))), by=administrator, now=NOON, reason=WHY)

    def inspector() -> None:
        with app.app_context(), unit_of_work():
            give(Role.INSPECTOR)

    with unit_of_work():
        assert db.session.get_one(Account, person).memberships
        meanwhile(inspector)
        with pytest.raises(RoleRefused, match="watch each other"):
            give(Role.CONFIDENTIAL_READER)


def meanwhile(act: Callable[[], None]) -> None:
    """Somebody else does it in a unit of work of their own."""
    other = Thread(target=act)
    other.start()
    other.join()
