"""Pages of endpoints: a shared secret is shown once, an address stands in no event, dead letters are sent again, nothing typed is lost."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Event, LoginSession, WebhookDelivery, WebhookEndpoint
from casework.permissions import Action
from tests import build, service_accounts, webhooks
from tests.web.desk import Office
from tests.web.pages import words_of

URL = "https://nhan.example:8443/hook/ma-rieng-cua-nguoi-nhan"
SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]{44}")


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def account(office: Office) -> str:
    return f"/settings/doors/{service_accounts.made(office.world, Action.READ_CASE)[0].account.ref}/endpoints"


def newest() -> WebhookEndpoint:
    return db.session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id.desc())).first()  # type: ignore[return-value]


def test_a_shared_secret_is_shown_once_and_neither_it_nor_the_address_stands_in_an_event(office: Office) -> None:
    path = account(office)
    answer = office.post("administrator", f"{path}/new", url=URL, events=["assignment"], scheme="v1", reason=webhooks.WHY)
    found = SECRET.search(answer.get_data(as_text=True).replace("&#43;", "+"))
    assert found, words_of(answer)[:500]
    pages = [office.words("administrator", each) for each in (path, f"{path}/{newest().ref}", "/settings/events")]
    assert not any(found[0] in page for page in pages)
    events = [str(each) for each in db.session.scalars(select(Event.payload))]
    assert not any(found[0] in each or "ma-rieng" in each for each in events)
    assert "nhan.example" in pages[2]


def test_what_is_wrong_is_said_and_what_was_typed_stays(office: Office) -> None:
    path = account(office)
    answer = office.post("administrator", f"{path}/new", url="http://nhan.example/x", events=["case"], scheme="v1a", reason=webhooks.WHY)
    assert answer.status_code == 422
    assert "cổng 443 hoặc 8443" in words_of(answer)
    assert "http://nhan.example/x" in answer.get_data(as_text=True)


def test_a_key_is_rotated_dead_letters_are_sent_again_and_an_endpoint_is_turned_off(office: Office) -> None:
    row = service_accounts.made(office.world, Action.READ_CASE, agency=None)[0]
    endpoint = webhooks.listening(office.world, row)
    build.case_at(office.world, "to_verify")
    with unit_of_work():
        db.session.get_one(WebhookDelivery, webhooks.rows_of(endpoint)[0].id).dead_at = build.NOON
    path = f"/settings/doors/{row.account.ref}/endpoints/{endpoint.ref}"
    assert "case.file_report" in office.words("administrator", path)
    refused = office.post("administrator", f"{path}/replay", reason="")
    assert refused.status_code == 422
    assert office.post("administrator", f"{path}/replay", reason=webhooks.WHY).status_code == 302
    assert webhooks.rows_of(endpoint)[0].dead_at is None
    answer = office.post("administrator", f"{path}/secret", days="2", reason=webhooks.WHY)
    assert "whpk_" in answer.get_data(as_text=True)
    assert office.post("administrator", f"{path}/off", reason=webhooks.WHY).status_code == 302
    assert "đã tắt" in office.words("administrator", path)
    assert office.post("administrator", f"{path}/proof", reason=webhooks.WHY).status_code == 302
    assert office.post("administrator", f"{path}/address", url="https://khac.example/", reason=webhooks.WHY).status_code == 302
    assert db.session.get_one(WebhookEndpoint, endpoint.id, populate_existing=True).url == "https://khac.example/"


def test_another_address_asks_for_as_fresh_a_proof_as_a_new_endpoint(office: Office) -> None:
    row = service_accounts.made(office.world, Action.READ_CASE)[0]
    path = f"/settings/doors/{row.account.ref}/endpoints/{webhooks.listening(office.world, row).ref}"
    office.post("administrator", f"{path}/replay", reason="")
    with unit_of_work():
        for session in db.session.scalars(select(LoginSession)):
            session.authenticated_at = session.created_at = build.NOON - timedelta(days=1)
    answers = {act: office.post("administrator", f"{path}/{act}", url="https://khac.example/", reason=webhooks.WHY).status_code
               for act in ("address", "off")}  # fmt: skip
    assert answers == {"address": 401, "off": 302}
    assert newest().url != "https://khac.example/"
