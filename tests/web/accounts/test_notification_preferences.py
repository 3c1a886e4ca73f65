"""Everybody says by which way they are told: on their page, by a link in an e-mail, in a browser that agreed."""
from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.messages.choices import wishes_of, wishes_of_reporter
from casework.messages.push_subscriptions import Endpoint, digest_of, end_gone, endpoints_of
from casework.models import Account, PushSubscription, Reporter
from casework.privacy.identity import Contact
from casework.sealing.seal import VALUE_MAGIC
from tests import build
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.pages import words_of
from web.accounts.notification_preferences import takes_one_click, unsubscribe_link
from web.gateways.push import _text_of

PAGE = "/account/messages"


@pytest.fixture
def office(sqlite_app: Flask) -> Iterator[Office]:
    """An installation with every way out; what leads to nobody is not used here."""
    gateways = sqlite_app.extensions["gateways"]
    before = dict(gateways)
    gateways.update(dict.fromkeys(("email", "sms"), gateways["push"]))
    yield Office(sqlite_app)
    gateways.clear()
    gateways.update(before)


def held(account: Account) -> dict[str, str]:
    return wishes_of([account.id])[account.id]


def test_a_member_of_staff_chooses_for_each_way_that_leads_to_them(office: Office) -> None:
    person = office.world.people["officer_PTNMT"]
    assert 'name="takes-' not in office.get("officer_PTNMT", PAGE).text, "neither an address nor a number is known"
    with unit_of_work():
        db.session.get_one(Account, person.id).email = "canbo@lacduong.gov.vn"
    page = office.get("officer_PTNMT", PAGE).text
    assert set(re.findall(r'name="(takes-\w+)" value="(\w+)" checked', page)) == {("takes-email", "digest")}
    assert "ca…@lacduong.gov.vn" in page
    assert "canbo@" not in page, "others may look at the screen"
    assert office.post("officer_PTNMT", PAGE, **{"takes-email": "urgent", "takes-sms": "none"}).status_code == 302
    assert (held(person)["email"], held(person)["sms"]) == ("urgent", "urgent"), "no number, so nothing was chosen for SMS"
    assert office.post("officer_PTNMT", PAGE, **{"takes-email": "sometimes"}).status_code == 422
    assert office.post("officer_PTNMT", PAGE).status_code == 422
    assert held(person)["email"] == "urgent"


def test_a_citizen_who_would_be_told_by_nothing_is_told_what_they_lose(office: Office) -> None:
    citizen = office.world.people["citizen"]
    answer = office.post("citizen", PAGE, **{"takes-sms": "none"})
    assert answer.status_code == 422
    assert "không được báo khi Trung tâm hỏi thêm" in words_of(answer)
    assert 'value="none" checked' in answer.text
    assert held(citizen)["sms"] == "all"
    assert office.post("citizen", PAGE, **{"takes-sms": "digest"}).status_code == 422, "the morning letter is for staff"
    assert office.post("citizen", PAGE, **{"takes-sms": "none", "knows": "on"}).status_code == 302
    assert held(citizen)["sms"] == "none"


def test_an_e_mail_can_be_ended_by_one_click_of_whoever_has_no_account(office: Office) -> None:
    filed = build.file_report(office.world, by="guest", contact=Contact(name="Khách", email="khach@example.vn"))
    reporter_id, base = filed.report.reporter_id, office.app.config["BASE_URL"]
    link = unsubscribe_link(f"reporter:{reporter_id}")
    assert takes_one_click(link)
    for recipient in (f"account:{office.world.people['operator'].id}", f"reporter:{_own_report(office)}"):
        assert unsubscribe_link(recipient) == f"{base}{PAGE}"
    assert not takes_one_click(f"{base}{PAGE}")
    office.app.config["WTF_CSRF_ENABLED"] = True
    program, address = client_of(office.app), link.removeprefix(base)
    page = program.get(address)
    assert "Dừng gửi e-mail" in words_of(page)
    assert filed.report.code not in page.text
    forged = re.sub(r"token=\d+", "token=1", address) if reporter_id != 1 else address.replace("token=1", "token=2")
    for wrong in (forged, address[:-1], "/unsubscribe", "/unsubscribe?token=x-y"):
        assert program.post(wrong, data={"List-Unsubscribe": "One-Click"}).status_code == 404, wrong
    assert program.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert wishes(reporter_id) == {"push", "zns", "sms"}
    assert program.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 200, "twice is once"
    assert wishes(reporter_id) == {"push", "zns", "sms"}
    program.post(address, data={"act": "again"})
    assert db.session.get_one(Reporter, reporter_id).channels == [], "the house's order holds again"


def _own_report(office: Office) -> int:
    return build.file_report(office.world, by="citizen").report.reporter_id or 0


def wishes(reporter_id: int | None) -> frozenset[str]:
    db.session.expire_all()
    return wishes_of_reporter(db.session.get_one(Reporter, reporter_id))


# -- browsers ----------------------------------------------------------------------------------------------------------

SERVICE = "https://fcm.googleapis.com/fcm/send/abc-def_123"


def keys() -> dict[str, str]:
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"p256dh": _text_of(point), "auth": _text_of(b"0123456789abcdef")}


def agree(browser: FlaskClient, endpoint: str = SERVICE) -> int:
    return browser.post(f"{PAGE}/browsers", json={"endpoint": endpoint, "keys": keys()}).status_code


def told_in(office: Office, name: str) -> list[str]:
    db.session.expire_all()
    return [each.url for each in endpoints_of(office.world.people[name].id)]


def test_a_browser_is_told_for_whoever_is_signed_in_there_and_for_nobody_else(office: Office) -> None:
    browser = client_of(office.app)
    sign_in(browser, "officer_ptnmt")
    assert agree(browser) == 201
    assert told_in(office, "officer_PTNMT") == [SERVICE]
    row = db.session.scalars(select(PushSubscription)).one()
    assert row.sealed_subscription.startswith(VALUE_MAGIC)
    assert b"googleapis" not in row.sealed_subscription
    assert "googleapis" not in repr(endpoints_of(row.account_id))
    assert "trình duyệt này" in words_of(browser.get(PAGE))
    browser.post("/sign-out")
    assert told_in(office, "officer_PTNMT") == [], "whoever comes next must not see it"
    sign_in(browser, "officer_ptnmt")
    assert told_in(office, "officer_PTNMT") == [SERVICE], "the same person on the same browser"
    browser.delete_cookie("langbiang_session")                      # the browser was closed without signing out
    sign_in(browser, "operator")
    assert told_in(office, "officer_PTNMT") == []
    assert told_in(office, "operator") == [], "nobody asked this person"
    assert agree(browser) == 201
    assert told_in(office, "operator") == [SERVICE]
    stranger = office.browser("officer_PTNMT")
    assert stranger.post(f"{PAGE}/browsers/end", data={"browser": digest_of(SERVICE)}).status_code == 404
    session = browser.get("/sessions").text
    ended = re.search(r'action="(/sessions/[^"]+/revocation)"', session)
    assert ended
    assert browser.post(ended[1]).status_code == 302
    assert told_in(office, "operator") == []


def test_a_browser_is_ended_by_its_person_and_when_its_service_knows_it_no_longer(office: Office) -> None:
    browser = office.browser("operator")
    for number in range(12):
        office.clock(office.moment.replace(second=number))
        assert agree(browser, f"{SERVICE}{number}") == 201
    assert told_in(office, "operator") == [f"{SERVICE}{number}" for number in range(11, 1, -1)], "ten of a person"
    assert browser.post(f"{PAGE}/browsers/end", data={"browser": digest_of(f"{SERVICE}11")}).status_code == 302
    with unit_of_work():
        end_gone(endpoints_of(office.world.people["operator"].id)[0].subscription_id, now=office.moment)
    assert told_in(office, "operator")[0] == f"{SERVICE}9"
    assert isinstance(endpoints_of(office.world.people["operator"].id)[0], Endpoint)


@pytest.mark.parametrize("sent", [
    {}, [], {"endpoint": SERVICE}, {"endpoint": SERVICE, "keys": {"p256dh": "AAAA", "auth": "AAAA"}},
    {"endpoint": "https://10.0.0.1/push", "keys": keys()}, {"endpoint": "https://fcm.googleapis.com.evil.example/x", "keys": keys()},
    {"endpoint": "http://fcm.googleapis.com/x", "keys": keys()}, {"endpoint": "https://u:p@fcm.googleapis.com/x", "keys": keys()},
    {"endpoint": f"{SERVICE}{'x' * 1_000}", "keys": keys()}, {"endpoint": 7, "keys": keys()},
    {"endpoint": "https://fcm.googleapis.com:444444/x", "keys": keys()}, {"endpoint": "http://127.0.0.1:5432/", "keys": keys()},
])  # fmt: skip
def test_what_is_no_agreement_of_a_known_service_is_refused(office: Office, sent: object) -> None:
    assert office.browser("operator").post(f"{PAGE}/browsers", json=sent).status_code == 422
    assert db.session.query(PushSubscription).count() == 0


def sign_in(browser: FlaskClient, login: str) -> None:
    answer = browser.post("/sign-in", data={"login": login, "password": build.PASSWORD})
    assert answer.status_code == 302, words_of(answer)
