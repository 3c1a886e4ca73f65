"""Other programs act by keys: within their scopes, their roles and the names of people who agreed, and not a moment longer."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, cast, select

from casework.db import db, unit_of_work
from casework.doors.accounts import (
    ServiceRefused,
    ServiceWish,
    add_service_account,
    change_service_account,
    end_service_account,
    service_account_seen,
)
from casework.doors.asking import (
    BehalfMissing,
    BehalfRefused,
    Caller,
    KeyRefused,
    ScopeMissing,
    caller_of,
    in_the_name_of,
    note_used,
    require_scope,
)
from casework.doors.behalf import agree, end_agreement, offers_for
from casework.doors.gates import Door, is_open, setting_of
from casework.doors.key_format import new_key, public_of
from casework.doors.keys import MOST_VALID, add_key, revoke_key
from casework.doors.scopes import IN_A_NAME, OF_AGENCY, OF_CENTRE
from casework.doors.standing import look_after_service_accounts
from casework.local_time import local_day
from casework.models import Agency, Event, Membership, OutboxMessage, ServiceAccount, ServiceKey
from casework.permissions import Action, NotAllowed, Role, may
from casework.permissions.sight import Sight, Viewer, sees, viewers
from casework.privacy.account_marks import check_account_marks
from casework.settings.gaps import gaps
from casework.settings.value_changes import set_value
from tests import build

NOON, DAY = build.NOON, timedelta(days=1)
WHY = "Theo thỏa thuận kết nối."
HERE = "203.0.113.7"


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def made(world: build.World, *scopes: Action, of_agency: bool = True, **columns: Any) -> ServiceAccount:
    wish = ServiceWish(name="Hệ thống thử", owner=world.people["officer_PTNMT"], purpose="Xử lý việc được giao", scopes=scopes)
    with unit_of_work(keeps_rows=True):
        return add_service_account(
            replace(wish, **columns), centre=world.centre, agency=world.agencies["PTNMT"] if of_agency else None,
            by=world.actor("administrator"), now=NOON, reason=WHY,
        )  # fmt: skip


def key_for(world: build.World, row: ServiceAccount, **given: Any) -> tuple[ServiceKey, str]:
    with unit_of_work(keeps_rows=True):
        row = db.session.get_one(ServiceAccount, row.account_id)
        return add_key(row, **{"by": world.actor("administrator"), "now": NOON, "reason": WHY, **given})


def asks(text: str, *, door: Door = Door.API, now: Any = NOON, address: str = HERE) -> Caller:
    with unit_of_work():
        return caller_of(text, door=door, address=address, now=now)


def refused(text: str, **given: Any) -> bool:
    try:
        asks(text, **given)
    except KeyRefused:
        return True
    return False


def test_a_key_can_do_what_its_scopes_and_roles_both_allow(world: build.World) -> None:
    _, text = key_for(world, made(world, Action.READ_INBOX, Action.SUBMIT_ANSWER))
    actor = asks(text).actor
    assert may(actor, Action.SUBMIT_ANSWER)
    assert may(actor, Action.READ_INBOX)
    assert not may(actor, Action.HAND_BACK)                 # a role it has, a scope it has not
    assert not may(replace(actor, scopes=frozenset(Action)), Action.PUBLISH)        # a scope, but no role
    with pytest.raises(ScopeMissing):
        require_scope(asks(text), Action.HAND_BACK)


@pytest.mark.exhaustive
def test_no_verdict_can_be_given_to_a_program(world: build.World) -> None:
    for action in set(Action) - set(OF_AGENCY):
        with pytest.raises(ServiceRefused):
            made(world, Action.READ_INBOX, action)
    for action in set(Action) - set(OF_CENTRE):
        with pytest.raises(ServiceRefused):
            made(world, Action.READ_CASE, action, of_agency=False)


def test_a_role_or_scope_written_behind_the_programs_back_opens_nothing_and_is_found(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    _, text = key_for(world, row)
    with unit_of_work():
        stored = db.session.get_one(ServiceAccount, row.account_id)
        stored.scopes = [*stored.scopes, "approve_answer"]
        place = {"centre_id": world.centre.id, "valid_from": local_day(NOON)}
        db.session.add(Membership(account_id=row.account_id, role=Role.COMMITTEE_LEADER, **place))
    actor = asks(text).actor
    assert actor.roles == {Role.OFFICER}
    assert actor.scopes == {Action.READ_INBOX}
    assert {finding.check for finding in check_account_marks()} >= {"account.keys", "account.roles"}


def test_a_key_stops_with_everything_it_hangs_on(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    key, text = key_for(world, row, days=10, networks=["203.0.113.0/24"])
    assert not refused(text)
    assert refused(text, address="198.51.100.1")
    assert refused(text, address="")
    assert not refused(text, address="::ffff:203.0.113.9")
    assert refused(text, now=NOON + 10 * DAY)
    assert refused(text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert refused("")
    assert refused(new_key().text)
    with unit_of_work():
        world.agencies["PTNMT"] = db.session.get_one(Agency, row.agency_id)
        world.agencies["PTNMT"].valid_to = local_day(NOON + DAY)
    assert not refused(text)
    assert refused(text, now=NOON + DAY)
    with unit_of_work():
        revoke_key(db.session.get_one(ServiceAccount, row.account_id), db.session.get_one(ServiceKey, key.id),
                   by=world.actor("administrator"), now=NOON, reason=WHY)  # fmt: skip
    assert refused(text)


def test_a_new_key_works_beside_the_old_one_and_no_third(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    texts = [key_for(world, row)[1] for _ in range(MOST_VALID)]
    assert not any(refused(text) for text in texts)
    with pytest.raises(ServiceRefused):
        key_for(world, row)


def test_an_account_that_ended_opens_nothing_and_takes_no_key(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    _, text = key_for(world, row)
    with unit_of_work():
        end_service_account(db.session.get_one(ServiceAccount, row.account_id), by=world.actor("administrator"), now=NOON, reason=WHY)
    assert refused(text)
    with pytest.raises(ServiceRefused):
        key_for(world, row)


def test_the_account_ends_with_its_agency_and_its_owner_hears_of_it(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    key_for(world, row)
    with unit_of_work():
        db.session.get_one(Agency, row.agency_id).valid_to = local_day(NOON + DAY)
    look_after_service_accounts(NOON)
    assert db.session.get_one(ServiceAccount, row.account_id).ended_at is None
    look_after_service_accounts(NOON + DAY)
    assert db.session.get_one(ServiceAccount, row.account_id, populate_existing=True).ended_at is not None
    changes = [message.parameters["change"][1] for message in told(world)]
    assert "has ended" in changes[-1]


def told(world: build.World) -> list[OutboxMessage]:
    owner = f"account:{world.people['officer_PTNMT'].id}"
    query = select(OutboxMessage).where(OutboxMessage.recipient == owner, OutboxMessage.template == "service_account_changed")
    return list(db.session.scalars(query.order_by(OutboxMessage.id)))


def test_the_owner_is_told_thirty_seven_and_one_days_before_a_key_runs_out_each_once(world: build.World) -> None:
    key_for(world, made(world, Action.READ_INBOX), days=40)
    before = len(told(world))
    for day in range(40):
        for _ in range(2):
            look_after_service_accounts(NOON + day * DAY)
    assert len(told(world)) - before == 3


def test_the_key_itself_stands_nowhere(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    key, text = key_for(world, row)
    assert public_of(text) == key.public
    assert text not in (key.digest, *key.networks)
    secret = text.split("_")[2]
    payloads = db.session.scalars(select(cast(Event.payload, String)))
    messages = db.session.scalars(select(cast(OutboxMessage.parameters, String)))
    assert not any(secret[:20] in words for words in [*payloads, *messages] if words)


def test_an_officers_act_needs_a_name_whose_owner_agreed_and_ends_it_at_once(world: build.World) -> None:
    row = made(world, Action.SUBMIT_ANSWER, Action.READ_INBOX)
    _, text = key_for(world, row)
    officer = world.people["officer_PTNMT"]
    named = {"person_ref": officer.ref, "action": Action.SUBMIT_ANSWER, "now": NOON}
    with pytest.raises(BehalfMissing):
        in_the_name_of(asks(text), None, Action.SUBMIT_ANSWER, now=NOON)
    with pytest.raises(BehalfRefused):
        in_the_name_of(asks(text), **named)
    with unit_of_work():
        agree(db.session.get_one(ServiceAccount, row.account_id), by=world.actor("officer_PTNMT"), now=NOON)
    actor = in_the_name_of(asks(text), **named).actor
    assert actor.principal_id == officer.id
    assert actor.own_id == row.account_id
    assert actor.counts_as == {officer.id, row.account_id}
    assert actor.signs_as == officer.id
    assert [offer.agreement is not None for offer in offers_for(world.actor("officer_PTNMT"), now=NOON)] == [True]
    with unit_of_work():
        end_agreement(db.session.get_one(ServiceAccount, row.account_id), by=world.actor("officer_PTNMT"), now=NOON)
    with pytest.raises(BehalfRefused):
        in_the_name_of(asks(text), **named)


def test_nobody_agrees_for_another_agency_and_a_leader_does_no_officers_act(world: build.World) -> None:
    row = made(world, *IN_A_NAME)
    _, text = key_for(world, row)
    with pytest.raises(BehalfRefused), unit_of_work():
        agree(db.session.get_one(ServiceAccount, row.account_id), by=world.actor("officer_HKL"), now=NOON)
    with unit_of_work():
        agree(db.session.get_one(ServiceAccount, row.account_id), by=world.actor("leader_PTNMT"), now=NOON)
    leader = world.people["leader_PTNMT"].ref
    assert in_the_name_of(asks(text), leader, Action.PROGRESS_NOTE, now=NOON).actor.on_behalf_id is not None
    with pytest.raises(BehalfRefused):
        in_the_name_of(asks(text), leader, Action.SUBMIT_ANSWER, now=NOON)


def test_a_centres_system_never_sees_what_is_the_senders(world: build.World) -> None:
    _, text = key_for(world, made(world, Action.READ_CASE, Action.SEARCH_CASES, of_agency=False))
    case = build.case_at(world, "at_agency")
    actor = asks(text).actor
    assert viewers(actor, case) == {Viewer.PUBLIC, Viewer.CENTRE_SYSTEM}
    seen = {sight for sight in Sight if sees(actor, sight, case)}
    assert seen == {Sight.CLEARED, Sight.APPROVED_ANSWERS, Sight.PROCESS}


def test_filing_reports_needs_an_agreement(world: build.World) -> None:
    with pytest.raises(ServiceRefused):
        made(world, Action.FILE_REPORT, of_agency=False)
    row = made(world, Action.FILE_REPORT, of_agency=False, agreement_number="12/TT-KN", agreement_on=local_day(NOON))
    assert row.agreement_number == "12/TT-KN"


def test_personnel_scope_opens_its_own_door_alone(world: build.World) -> None:
    _, text = key_for(world, made(world, Action.MANAGE_PEOPLE, of_agency=False))
    require_scope(asks(text, door=Door.SCIM), Action.MANAGE_PEOPLE)
    with pytest.raises(ScopeMissing):
        require_scope(asks(text), Action.MANAGE_PEOPLE)
    assert not may(asks(text, door=Door.SCIM).actor, Action.MANAGE_PEOPLE)


def test_only_an_administrator_of_the_centre_makes_and_sees_accounts(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    for name in ("operator", "ops_lead", "officer_PTNMT", "committee_leader"):
        with pytest.raises(NotAllowed), unit_of_work():
            add_key(db.session.get_one(ServiceAccount, row.account_id), by=world.actor(name), now=NOON, reason=WHY)
        assert service_account_seen(world.actor(name), row.account.ref) is None


def test_changed_scopes_change_the_roles_and_keys_stay(world: build.World) -> None:
    row = made(world, Action.READ_INBOX)
    _, text = key_for(world, row)
    wish = ServiceWish(name="Hệ thống thử", owner=world.people["officer_PTNMT"], purpose="Xem số liệu", scopes=[Action.READ_STATISTICS])
    with unit_of_work():
        assert change_service_account(db.session.get_one(ServiceAccount, row.account_id), wish, by=world.actor("administrator"), now=NOON,
                                      reason=WHY)  # fmt: skip
    assert asks(text).actor.roles == {Role.AGENCY_LEADER}
    assert asks(text).actor.scopes == {Action.READ_STATISTICS}


def test_the_day_of_use_is_kept_and_no_more(world: build.World) -> None:
    key, text = key_for(world, made(world, Action.READ_INBOX))
    found = asks(text)
    with unit_of_work():
        note_used(found, now=NOON)
    assert db.session.get_one(ServiceKey, key.id, populate_existing=True).last_used_on == local_day(NOON)
    assert asks(text).was_used_today


def test_a_seat_held_by_a_program_alone_is_still_empty(world: build.World) -> None:
    before = repr(gaps(NOON))
    made(world, Action.READ_INBOX)
    assert repr(gaps(NOON)) == before


def test_every_door_is_closed_until_a_centre_opens_it(world: build.World) -> None:
    assert not any(is_open(door, world.centre.id) for door in Door)
    with unit_of_work():
        set_value(setting_of(Door.API), "open", by=world.actor("administrator"), now=NOON, reason=WHY, centre_id=world.centre.id)
    assert is_open(Door.API, world.centre.id)
    assert not is_open(Door.API, None)
    assert not is_open(Door.OPEN311, world.centre.id)
