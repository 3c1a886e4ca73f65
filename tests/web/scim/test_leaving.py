"""Whoever the directory says has left is out at the next request, on every machine; what they held goes on without them."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.behalf import agree
from casework.doors.people.acts import ClosedElsewhere, LastAdministrator
from casework.models import (
    Account,
    BehalfAgreement,
    Deputy,
    Draft,
    Event,
    HeldAct,
    LoginSession,
    Membership,
    OutboxMessage,
    ProvisionedPerson,
    ServiceAccount,
)
from casework.permissions import Action, actor_for
from casework.privacy.account_marks import check_account_marks
from casework.settings.deputyships import appoint_deputy
from casework.settings.people import disable_account, enable_account
from tests import build, service_accounts
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.pages import at, signed_in
from tests.web.scim.asked import NOON, PATCH, Directory, opened, second_administrator
from workflows.models import WaitingTask
from workflows.running import steps
from workflows.running.carrying_out import carry_out_due

SPELLINGS: tuple[dict[str, Any], ...] = (
    {"op": "Replace", "path": "active", "value": "False"},                       # Entra
    {"op": "replace", "path": "active", "value": False},
    {"op": "Add", "path": "active", "value": "false"},
    {"op": "REPLACE", "path": "Active", "value": [{"value": "False"}]},
    {"op": "replace", "value": {"active": False}},                               # Okta
    {"op": "replace", "value": {"active": "False"}},
    {"op": "replace", "path": "", "value": {"Active": "FALSE"}},
    {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": False},
    {"op": "replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User:active": "false"}},
)  # fmt: skip


@pytest.fixture
def directory(app: Flask) -> Directory:
    return opened(app)


@pytest.mark.exhaustive
def test_active_false_is_understood_however_it_is_spelt(directory: Directory) -> None:
    for spelling in SPELLINGS:
        answer = directory.patch(directory.ref("operator"), spelling)
        assert (answer.status_code, answer.json["active"]) == (200, False), (spelling, answer.get_data(as_text=True))
        assert directory.account("operator").disabled_at is not None, spelling
        again = directory.patch(directory.ref("operator"), {"op": "Replace", "path": "active", "value": "True"})
        assert again.json["active"] is True
        assert directory.account("operator").disabled_at is None
    word = {"schemas": [PATCH], "operations": [{"OP": "replace", "Path": "active", "VALUE": False}]}
    assert directory.send("PATCH", f"Users/{directory.ref('operator')}", word).json["active"] is False
    assert directory.send("PUT", f"Users/{directory.ref('operator')}", {"displayName": "Ai", "active": "True"}).json["active"] is True
    assert directory.send("PUT", f"Users/{directory.ref('operator')}", {"displayName": "Ai", "active": False}).json["active"] is False


def test_the_next_request_of_a_leaver_is_refused(directory: Directory) -> None:
    browser = signed_in(directory.app, client_of(directory.app), directory.world.people["operator"], now=NOON)
    assert browser.get("/inbox").status_code == 200
    before = db.session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1)) or 0
    assert directory.set_active("operator", "False").status_code == 200
    assert browser.get("/inbox").status_code == 302
    own = select(LoginSession.revoked_at).where(LoginSession.account_id == directory.account("operator").id)
    assert set(db.session.scalars(own)) == {NOON}
    events = list(db.session.scalars(select(Event).where(Event.id > before, Event.type == "change_setting")))
    assert [event.payload["new"] for event in events] == [{"disabled": True}]
    service = db.session.scalars(select(ServiceAccount)).one()
    assert {event.actor_id for event in events} == {service.account_id}
    assert list(check_account_marks()) == []
    assert directory.found('userName eq "operator"')[0]["active"] is False
    assert directory.set_active("operator", False).status_code == 200


@pytest.mark.exhaustive
def test_a_claimed_step_goes_back_to_the_inbox_and_the_draft_stays_with_its_author(directory: Directory) -> None:
    world = directory.world
    case, agency = build.case_at(world, "handling"), world.agencies["PTNMT"]
    task = build.waiting(case, "submit_answer", agency)
    with unit_of_work():
        steps.claim(task.ref, by=world.actor("officer_PTNMT"), now=NOON)
    browser = signed_in(directory.app, client_of(directory.app), world.people["officer_PTNMT"], now=NOON)
    kept = browser.post(f"/tasks/{task.ref}/draft", data={"findings": "Đã đến nơi xem."})
    drafts = list(db.session.scalars(select(Draft.account_id)))
    assert directory.set_active("officer_PTNMT", "False").status_code == 200
    row = db.session.get_one(WaitingTask, task.id, populate_existing=True)
    assert (row.claimed_by_id, row.state) == (None, "waiting")
    event = db.session.scalars(select(Event).where(Event.type == "assign_task").order_by(Event.id.desc())).first()
    assert event is not None
    assert event.payload["how"] == "returned"
    assert list(db.session.scalars(select(Draft.account_id))) == drafts, kept.status_code


def test_deputies_for_and_of_a_leaver_end_and_what_they_hold_goes_back(directory: Directory) -> None:
    world, people = directory.world, directory.world.people
    given: dict[str, Any] = {"starts_at": NOON, "ends_at": NOON + timedelta(days=3), "by": world.actor("administrator"), "now": NOON,
                             "reason": "Nghỉ phép"}  # fmt: skip
    with unit_of_work():
        appoint_deputy(principal=people["ops_lead"], deputy=people["operator"], **given)
    case = build.case_at(world, "handling")
    assert directory.set_active("ops_lead").status_code == 200
    assert {row.ends_at for row in db.session.scalars(select(Deputy))} == {NOON}
    assert {grant.principal_id for grant in actor_for(directory.account("operator"), now=NOON).grants} == {None}
    assert case.id
    assert directory.set_active("ops_lead", True).status_code == 200
    assert {row.ends_at for row in db.session.scalars(select(Deputy))} == {NOON}, "it does not come back"


def test_agreements_to_act_in_their_name_end_and_do_not_come_back(directory: Directory) -> None:
    world = directory.world
    row, _ = service_accounts.made(world, Action.READ_CASE, Action.PROGRESS_NOTE, name="Phần mềm đơn vị")
    with unit_of_work():
        agree(db.session.get_one(ServiceAccount, row.account_id), by=world.actor("officer_PTNMT"), now=NOON)
    told = db.session.query(OutboxMessage).count()
    assert directory.set_active("officer_PTNMT").status_code == 200
    assert db.session.scalars(select(BehalfAgreement.ended_at)).one() == NOON
    assert db.session.query(OutboxMessage).count() > told
    assert directory.set_active("officer_PTNMT", True).status_code == 200
    assert db.session.scalars(select(BehalfAgreement.ended_at)).one() == NOON


def test_access_comes_back_without_the_roles_that_have_run_out(directory: Directory) -> None:
    with unit_of_work():
        db.session.scalars(select(Membership).where(Membership.account_id == directory.world.people["operator"].id)).one().valid_to = (
            NOON + timedelta(days=2)
        ).date()
    password = directory.account("operator").password_hash
    directory.set_active("operator")
    assert directory.set_active("operator", "true").json["active"] is True
    account = directory.account("operator")
    assert account.password_hash == password
    assert actor_for(account, now=NOON).roles
    directory.set_active("operator")
    at(directory.app, NOON + timedelta(days=3))
    assert directory.set_active("operator", True).json["active"] is True
    assert not actor_for(directory.account("operator"), now=NOON + timedelta(days=3)).roles


def test_what_an_administrator_closed_no_directory_opens(directory: Directory) -> None:
    by = directory.world.actor("administrator")
    ref, new = directory.ref("operator"), directory.add("le.moi", externalId="le-1")["id"]
    added = db.session.scalars(select(Account.id).where(Account.ref == new)).one()
    directory.set_active("operator")
    directory.set_active("operator", True)
    with unit_of_work():
        for account in (directory.account("operator"), db.session.get_one(Account, added)):
            disable_account(account, by=by, now=NOON + timedelta(hours=1), reason="Lạm dụng quyền")
    for answer in (directory.set_active("operator", True), directory.send("PUT", f"Users/{ref}", {"displayName": "Ai", "active": True})):
        assert (answer.status_code, answer.json["detail"]) == (409, ClosedElsewhere().vi)
    assert directory.account("operator").disabled_at is not None
    assert directory.set_active("operator", False).status_code == 200, "closed it is, whoever did it"
    assert directory.send("DELETE", f"Users/{new}").status_code == 204
    again = directory.send("POST", "Users", {"userName": "le.moi", "displayName": "Lê", "externalId": "le-1"})
    assert (again.status_code, again.json["detail"]) == (409, ClosedElsewhere().vi)


def test_the_last_administrator_of_a_centre_stays(directory: Directory) -> None:
    for answer in (directory.set_active("administrator"), directory.send("DELETE", f"Users/{directory.ref('administrator')}")):
        assert answer.status_code == 409
        assert answer.json["status"] == "409"
        assert directory.account("administrator").disabled_at is None
    second_administrator(directory.world)
    assert directory.set_active("administrator").status_code == 200
    refused = directory.patch(db.session.scalars(select(Account.ref).where(Account.login == "administrator_2")).one(),
                              {"op": "replace", "value": {"active": False}})  # fmt: skip
    assert (refused.status_code, refused.json["detail"]) == (409, LastAdministrator().vi)


def test_who_is_removed_is_closed_and_not_met_again_but_by_the_same_identifier(directory: Directory) -> None:
    ref = directory.add("le.moi", externalId="le-1")["id"]
    assert directory.send("DELETE", f"Users/{ref}").status_code == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"displayName": "x"}), ("PATCH", {"Operations": []})):
        assert directory.send(method, f"Users/{ref}", body).status_code == 404
    assert directory.found('userName eq "le.moi"') == directory.found('externalId eq "le-1"') == []
    account = db.session.scalars(select(Account).where(Account.ref == ref)).one()
    assert account.disabled_at == NOON
    namesake = directory.send("POST", "Users", {"userName": "le.moi", "displayName": "Lê Trùng Tên", "externalId": "le-2"})
    assert (namesake.status_code, namesake.json["scimType"]) == (409, "uniqueness")
    back = directory.add("le.moi", "Lê Trở Lại", externalId="le-1")
    assert (back["id"], back["active"], back["displayName"]) == (ref, True, "Lê Trở Lại")
    assert db.session.scalars(select(ProvisionedPerson)).one().deleted_at is None


def test_who_is_removed_and_opened_again_on_a_page_is_there_again(directory: Directory) -> None:
    ref = directory.ref("operator")
    assert directory.send("DELETE", f"Users/{ref}").status_code == 204
    with unit_of_work():
        enable_account(directory.account("operator"), by=directory.world.actor("administrator"), now=NOON, password_hash="x", reason="Nhầm")
    assert directory.get(f"Users/{ref}")["active"] is True


def test_a_directory_of_one_centre_ends_nothing_of_another(directory: Directory) -> None:
    other = second_world(directory.world)
    assert directory.patch(other.people["operator"].ref, SPELLINGS[0]).status_code == 404
    assert db.session.get_one(Account, other.people["operator"].id, populate_existing=True).disabled_at is None


def test_the_key_ends_with_its_centre(directory: Directory) -> None:
    with unit_of_work():
        db.session.merge(directory.world.centre).valid_to = NOON.date()
    assert directory.send("GET", "Users").status_code in (401, 404)
    assert directory.set_active("operator").status_code in (401, 404)
    assert directory.account("operator").disabled_at is None


def test_an_act_that_is_held_is_given_back_and_not_done_in_a_leavers_name(directory: Directory) -> None:
    directory.app.config["TAKE_BACK_SECONDS"] = 10
    second_administrator(directory.world)
    case = build.case_at(directory.world, "to_distribute")
    moment = build.next_moment(case)
    at(directory.app, moment)
    browser = signed_in(directory.app, client_of(directory.app), directory.world.people["operator"], now=moment)
    agency, ref = directory.world.agencies["PTNMT"].ref, build.waiting(case, "distribute").ref
    browser.post(f"/tasks/{ref}", data={"act": "distribute", "lead": agency, f"instructions-{agency}": "Đến xem."})
    assert db.session.scalars(select(HeldAct)).one().verb == "distribute"
    assert directory.set_active("operator").status_code == 200
    carry_out_due(moment + timedelta(seconds=11))
    db.session.expire_all()
    held = db.session.scalars(select(HeldAct)).one_or_none()
    assert held is None or held.returned_at is not None
    assert db.session.scalars(select(Event).where(Event.type == "distribute")).first() is None
