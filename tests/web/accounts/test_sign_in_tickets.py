"""Another application signs its people in: what is taken from it, what is not, and what its person meets."""
from __future__ import annotations

import base64
import hmac
import json
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.contacts.proven import account_claiming
from casework.contacts.sign_in_tickets import TICKET_LASTS, sweep_tickets
from casework.db import db, unit_of_work
from casework.models import Account, Event, HandOverTicket
from casework.permissions import Role
from casework.privacy.identity import Contact, open_contact
from tests import build
from tests.conftest import client_of
from tests.second_centre import of_the_installation
from tests.web.desk import Office
from tests.web.pages import words_of
from web import sessions

NOON = build.NOON
PHONE = "+84905111222"
WHY = "Theo thỏa thuận kết nối"
CURVE, EDWARDS = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()


NONE, HS256 = b'{"alg":"none"}', b'{"alg":"HS256"}'


def public(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def private(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    """An installation whose administrator has entered two applications."""
    there = Office(sqlite_app)
    there.world.people["overseer"] = of_the_installation(there.world, "overseer", Role.ADMINISTRATOR)
    for key, pair in (("lac-duong-smart", CURVE), ("so-tay-xa", EDWARDS)):
        form = {"name_vi": key.title(), "key": key, "public_key": public(pair), "reason": WHY}
        assert there.post("overseer", "/settings/host-apps", **form).status_code == 302
    return there


def token(office: Office, *, key: Any = CURVE, alg: str = "ES256", **claims: Any) -> str:
    now = int(office.moment.timestamp())
    said = {"iss": "lac-duong-smart", "aud": office.app.config["BASE_URL"], "sub": "7", "phone": PHONE, "name": "Kơ Dơng Ha Lem",
            "next": "/reports/new?field=rung_dat_moi_truong", "iat": now, "exp": now + 60, "jti": secrets.token_hex(16), **claims}
    signing = ECKey.import_key(private(key)) if isinstance(key, ec.EllipticCurvePrivateKey) else OKPKey.import_key(private(key))
    payload = json.dumps({name: value for name, value in said.items() if value is not None}).encode()
    return jws.serialize_compact({"alg": alg}, payload, signing, algorithms=[alg])


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def ask(office: Office, sent: str) -> TestResponse:
    return client_of(office.app).post("/hand-over/tickets", data=sent, content_type="application/jose")


def ticket(office: Office, **claims: Any) -> str:
    answer = ask(office, token(office, **claims))
    assert answer.status_code == 201, answer.json
    return str(answer.json["url"]).removeprefix(office.app.config["BASE_URL"])


def arrive(office: Office, address: str) -> tuple[FlaskClient, TestResponse]:
    view = client_of(office.app)
    assert view.get(address).status_code == 200
    return view, view.post(address)


def test_somebody_new_agrees_first_and_lands_where_the_application_sent_them(office: Office) -> None:
    address = ticket(office)
    view, answer = arrive(office, address)
    assert answer.location == "/sign-in/new"
    assert account_claiming(Contact(phone=PHONE)) is None, "nothing of somebody who has not agreed is kept"
    page = view.get("/sign-in/new").text
    assert 'value="Kơ Dơng Ha Lem"' in page
    assert view.get("/account/messages").status_code == 302
    done = view.post("/sign-in/new", data={"name": "Kơ Dơng Ha Lem", "consent": "y", "consent_notice": "2026-12"})
    assert done.location == "/reports/new?field=rung_dat_moi_truong"
    account = account_claiming(Contact(phone=PHONE))
    assert account is not None
    assert (account.phone_verified_at, account.consented_at) == (NOON, NOON)
    assert open_contact(account.sealed_identity or b"").name == "Kơ Dơng Ha Lem"
    again, answer = arrive(office, ticket(office, next="/mine"))
    assert (answer.location, again.get("/account/messages").status_code) == ("/mine", 200), "the second time nothing is asked"
    out = again.post("/sign-out")
    assert "Đóng trang này để về Lac-Duong-Smart" in words_of(again.get(out.location))


def test_looking_uses_nothing_up_and_a_ticket_opens_once_within_a_minute(office: Office) -> None:
    address = ticket(office)
    for _ in range(3):
        assert client_of(office.app).get(address).status_code == 200, "previews of links look too"
    assert "… 222" in words_of(client_of(office.app).get(address))
    view, answer = arrive(office, address)
    assert answer.status_code == 302
    for browser in (view, client_of(office.app)):
        assert (browser.get(address).status_code, browser.post(address).status_code) == (404, 404)
    late = ticket(office)
    office.clock(NOON + TICKET_LASTS)
    assert client_of(office.app).post(late).status_code == 404
    with unit_of_work():
        sweep_tickets(office.moment)
    assert {row.sealed_contact for row in db.session.scalars(select(HandOverTicket))} == {None}


def test_a_signed_in_browser_is_not_moved_to_another_account_by_a_link(office: Office) -> None:
    page = office.get("citizen", ticket(office)).text
    assert "data-by-itself" not in page
    assert "data-by-itself" in client_of(office.app).get(ticket(office)).text


def test_an_account_that_only_claims_the_number_is_not_opened_and_staff_never(office: Office) -> None:
    report = build.file_report(office.world, by="citizen", contact=None).report
    view, answer = arrive(office, ticket(office, phone=build.PHONE))
    assert answer.location == "/sign-in/new"
    assert view.get_cookie(sessions.COOKIE) is None
    assert view.get(f"/mine/{report.code}").status_code == 404
    with unit_of_work():
        db.session.get_one(Account, office.world.people["operator"].id).phone = PHONE
    view, answer = arrive(office, ticket(office))
    assert (answer.location, view.get_cookie(sessions.COOKIE)) == ("/sign-in/new", None)


def test_what_is_not_signed_sound_and_timely_is_refused_by_a_stable_code(office: Office) -> None:
    now = int(office.moment.timestamp())
    other = ec.generate_private_key(ec.SECP256R1())
    told = {
        "token_unreadable": "no token", "host_unknown": token(office, iss="nobody"), "signature_wrong": token(office, key=other),
        "audience_wrong": token(office, aud="https://elsewhere.example"), "token_incomplete": token(office, jti=None),
        "life_too_long": token(office, exp=now + 121), "not_yet": token(office, iat=now + 61, exp=now + 90),
        "expired": token(office, iat=now - 170, exp=now - 60), "next_not_ours": token(office, next="https://evil.example/"),
        "contact_missing": token(office, phone=None), "phone_invalid": token(office, phone="0905111222"),
        "email_invalid": token(office, phone=None, email="nobody"), "name_invalid": token(office, name="a" * 121),
    }  # fmt: skip
    answers = {code: ask(office, sent) for code, sent in told.items()}
    assert {code: answer.json for code, answer in answers.items()} == {code: {"error": code} for code in told}
    assert {answer.status_code for answer in answers.values()} == {401, 422}
    assert db.session.scalars(select(HandOverTicket)).all() == []
    for sound in (token(office, iat=now + 60, exp=now + 100), token(office, iat=now - 110, exp=now - 59)):
        assert ask(office, sound).status_code == 201, "clocks may differ by a minute"


def test_a_token_for_an_address_that_only_resembles_ours_is_for_another_place(office: Office) -> None:
    """Whoever compares it as a part of a text takes tokens that were given to a neighbour."""
    ours = office.app.config["BASE_URL"]
    alike = (f"{ours}.evil.example", f"{ours}/", f"{ours}/vi", ours[:-1], f"https://evil.example/{ours}", ours.upper(), f" {ours}", "")
    for audience in (*alike, None, [ours], [ours, "https://elsewhere.example"], {ours: True}, True, 1):
        assert ask(office, token(office, aud=audience)).json == {"error": "audience_wrong"}, audience
    assert ask(office, token(office, aud=ours)).status_code == 201



def test_a_token_gives_one_ticket_and_another_algorithm_or_key_none(office: Office) -> None:
    sent = token(office)
    assert ask(office, sent).status_code == 201
    assert (ask(office, sent).status_code, ask(office, sent).json) == (409, {"error": "token_used"})
    assert ask(office, token(office, key=EDWARDS, alg="Ed25519", iss="so-tay-xa")).status_code == 201
    _, payload, _ = token(office).split(".")
    unsigned = f"{text_of(NONE)}.{payload}."
    signing_input = f"{text_of(HS256)}.{payload}"
    by_public_key = hmac.new(public(CURVE).strip().encode(), signing_input.encode(), "sha256").digest()
    for forged in (unsigned, f"{signing_input}.{text_of(by_public_key)}"):
        assert ask(office, forged).json == {"error": "signature_wrong"}, "the key everybody has is no secret to sign with"


def test_addresses_stay_ours_and_guesses_are_counted(office: Office) -> None:
    for evil in ("//evil.example", "/\\evil.example", "javascript:alert(1)", "/" + "a" * 400):
        assert ask(office, token(office, next=evil)).json == {"error": "next_not_ours"}
    assert [ask(office, "x").status_code for _ in range(57)][-1] == 429
    assert ask(office, token(office)).status_code == 201, "what is signed is not held up by a stranger's guesses"


def test_applications_are_entered_and_ended_by_administrators_of_the_installation(office: Office) -> None:
    assert office.get("administrator", "/settings/host-apps").status_code == 404, "of one centre"
    assert "/settings/host-apps" not in office.get("administrator", "/settings").text
    page = office.get("overseer", "/settings/host-apps").text
    assert "BEGIN PUBLIC KEY" in page
    form = {"name_vi": "Ứng dụng", "key": "ung-dung", "reason": WHY}
    for wrong, said in ((private(CURVE).decode(), "khóa riêng"), ("nothing", "Cần khóa công khai"),
                        (public(ec.generate_private_key(ec.SECP384R1())), "Cần khóa công khai")):
        answer = office.post("overseer", "/settings/host-apps", **form, public_key=wrong)
        assert (answer.status_code, said in words_of(answer)) == (422, True)
    event = db.session.scalars(select(Event).where(Event.payload["kind"].as_string() == "host_app").limit(1)).one()
    assert event.payload["reason"] == WHY
    address = ticket(office)
    assert office.post("overseer", "/settings/host-apps/lac-duong-smart/end", reason="").status_code == 422
    assert office.post("overseer", "/settings/host-apps/lac-duong-smart/end", reason=WHY).status_code == 302
    assert ask(office, token(office)).json == {"error": "host_unknown"}
    assert client_of(office.app).post(address).status_code == 404
    assert office.post("overseer", "/settings/host-apps", **form | {"key": "lac-duong-smart"}, public_key=public(CURVE)).status_code == 422
    assert "Ứng dụng đăng nhập thay" in office.words("overseer", "/settings/events")


def test_a_page_of_another_site_signs_nobody_in_without_a_press(office: Office) -> None:
    """Else a stranger's link would put a visitor into the stranger's account, who reads what the visitor sends."""
    address, base = ticket(office), office.app.config["BASE_URL"]
    led = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Referer": "https://evil.example/"},
           {"Referer": f"{base}.evil.example/"})  # fmt: skip
    direct = ({}, {"Sec-Fetch-Site": "none"}, {"Referer": f"{base}/"}, {"Sec-Fetch-Site": "none", "Referer": "https://evil.example/"})
    for headers in (*led, *direct):
        page = client_of(office.app).get(address, headers=headers)
        assert ("data-by-itself" in page.text) is (headers in direct), headers
        assert ("Đăng nhập với số … 222" in words_of(page)) is (headers in led)
