"""The second step of signing in: codes, passkeys, codes on paper; and what an attacker who has the password would try."""
from __future__ import annotations

import re
from base64 import b32decode
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from casework.accounts import code_apps, passkeys, recovery_codes
from casework.accounts import pending_sign_ins as begun
from casework.accounts import second_factors as held
from casework.accounts.requirement import guard_sign_in
from casework.db import db, unit_of_work
from casework.models import (
    Account,
    CodeApp,
    Event,
    HouseSetting,
    LoginSession,
    OutboxMessage,
    Passkey,
    RecoveryCode,
    SecondFactorRule,
    SignInBegun,
)
from casework.permissions import SYSTEM, Actor, Grant, Role, actor_for
from casework.rate_limits import Limit, count_attempt
from casework.setting_events import record_setting
from casework.settings.people import give_start_password
from tests import build
from tests.casework.contacts.test_good_once import all_wait_for
from tests.casework.intake.test_filing_at_once import AT_ONCE, at_once
from tests.conftest import client_of
from tests.web.accounts.device import PRESENT, Device
from tests.web.pages import at, hidden, signed_in, words_of
from web import sessions
from web.accounts import factor_gate as gate
from web.accounts.second_step import CODES
from web.accounts.sign_in import ANYWHERE, HERE
from web.cli import commands

NOON = build.NOON
SECRET = b"12345678901234567890"
BEGUN = "/sign-in/second"


@pytest.fixture
def kind_of_database() -> str:
    return "sqlite"


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON)
    return build.standard_world()


@pytest.fixture
def guarded(world: build.World) -> Account:
    """The administrator with an app."""
    return with_app(world, "administrator")


def with_app(world: build.World, name: str, secret: bytes = SECRET) -> Account:
    account_id = world.people[name].id
    with unit_of_work(keeps_rows=True):
        account = db.session.get_one(Account, account_id)
        held.add_code_app(account, secret, step=0, by=actor_for(account, now=NOON), now=NOON)
    return account


def code(moment: datetime = NOON, secret: bytes = SECRET, steps: int = 0) -> str:
    return code_apps.HOTP(secret, 6, code_apps.SHA1()).generate(int(moment.timestamp()) // 30 + steps).decode()


def password(client: FlaskClient, login: str = "administrator", **more: Any) -> TestResponse:
    return client.post("/sign-in", data={"login": login, "password": build.PASSWORD}, **more)


def use_up(limit: Limit, subject: str, *, left: int = 0) -> None:
    """What guesses elsewhere have left of a limit."""
    with unit_of_work():
        count_attempt(limit, subject, now=NOON, weight=limit.most - left)


def is_in(client: FlaskClient) -> bool:
    return client.get("/inbox").status_code == 200


def device_of(app: Flask, world: build.World, name: str) -> Device:
    """A passkey of a person, registered through the pages."""
    device, browser = Device(app.config["BASE_URL"]), signed_in(app, client_of(app), world.people[name], now=NOON)
    asked = browser.post("/account/security/passkeys/challenge").get_json()
    answer = browser.post("/account/security/passkeys", data={"answer": device.create(asked), "name": "Máy cơ quan"})
    assert answer.status_code == 302
    return device


class TestCodes:
    def test_a_right_password_opens_nothing_but_the_second_step(self, guarded: Account, client: FlaskClient) -> None:
        answer = password(client)
        assert (answer.status_code, answer.location) == (302, f"{BEGUN}?next=/inbox") or answer.location.startswith(BEGUN)
        assert client.get_cookie(sessions.COOKIE) is None
        for page in ("/inbox", "/account/security", "/settings/values", "/sessions"):
            assert client.get(page).location.startswith("/sign-in?next="), page
        assert client.post("/account/security/recovery-codes").status_code == 401
        assert db.session.scalar(select(func.count(LoginSession.id))) == 0

    def test_the_code_opens_a_session_that_knows_both_steps(self, guarded: Account, client: FlaskClient) -> None:
        password(client)
        answer = client.post(BEGUN, data={"code": f"{code()[:3]} {code()[3:]}", "next": "/settings/values"})
        assert (answer.status_code, answer.location) == (302, "/settings/values")
        session = db.session.scalars(select(LoginSession)).one()
        assert (session.factors, session.authenticated_at) == ("password+code", NOON)
        assert is_in(client)

    @pytest.mark.parametrize("steps", [-1, 1])
    def test_a_clock_may_be_half_a_minute_wrong(self, guarded: Account, client: FlaskClient, steps: int) -> None:
        password(client)
        assert client.post(BEGUN, data={"code": code(steps=steps)}).status_code == 302

    @pytest.mark.parametrize("typed", ["", "000000", "12345", "１２３４５６", "abcdef", "-00001"])
    def test_anything_else_is_refused_and_stays_out(self, guarded: Account, client: FlaskClient, typed: str) -> None:
        password(client)
        answer = client.post(BEGUN, data={"code": typed})
        assert answer.status_code == 422
        assert "không đúng" in words_of(answer)
        assert not is_in(client)

    @pytest.mark.parametrize("steps", [-2, 2])
    def test_older_and_later_codes_are_wrong(self, guarded: Account, client: FlaskClient, steps: int) -> None:
        password(client)
        assert client.post(BEGUN, data={"code": code(steps=steps)}).status_code == 422

    def test_a_code_is_good_once_whoever_looked_over_the_shoulder(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        client.post(BEGUN, data={"code": code()})
        other = client_of(app)
        password(other)
        assert other.post(BEGUN, data={"code": code()}).status_code == 422
        assert other.post(BEGUN, data={"code": code(steps=-1)}).status_code == 422, "nor is an older one"
        assert not is_in(other)

    def test_a_code_of_another_account_is_wrong(self, world: build.World, guarded: Account, client: FlaskClient) -> None:
        with_app(world, "inspector", b"another-secret-of-20")
        password(client)
        assert client.post(BEGUN, data={"code": code(secret=b"another-secret-of-20")}).status_code == 422

    def test_the_secret_is_sealed_for_its_person_alone(self, world: build.World, guarded: Account, client: FlaskClient) -> None:
        row = db.session.scalars(select(CodeApp)).one()
        assert SECRET not in row.sealed_secret
        other = with_app(world, "inspector", b"another-secret-of-20")
        with unit_of_work():
            db.session.execute(update(CodeApp).where(CodeApp.account_id == other.id).values(sealed_secret=row.sealed_secret))
        password(client, "inspector")
        with pytest.raises(Exception, match=r"sealed|niêm phong"):
            code_apps.take_code(other.id, code(), now=NOON)


class TestHalfSignIns:
    def test_one_browser_s_half_is_worth_nothing_in_another(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        assert client_of(app).post(BEGUN, data={"code": code()}).location.startswith("/sign-in")
        client.set_cookie(gate.COOKIE, "planted", path="/sign-in")
        assert client.post(BEGUN, data={"code": code()}).location.startswith("/sign-in")

    def test_two_browsers_with_one_half_get_one_session(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        token = client.get_cookie(gate.COOKIE, path="/sign-in")
        assert token is not None
        thief = client_of(app)
        thief.set_cookie(gate.COOKIE, token.value, path="/sign-in")
        assert client.post(BEGUN, data={"code": code()}).status_code == 302
        assert thief.post(BEGUN, data={"code": code(steps=1)}).location.startswith("/sign-in")
        assert (is_in(client), is_in(thief)) == (True, False)

    def test_it_holds_ten_minutes(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        at(app, NOON + begun.HOLDS)
        assert client.post(BEGUN, data={"code": code(NOON + begun.HOLDS)}).location.startswith("/sign-in")
        assert begun.drop_old_begun(NOON + timedelta(days=2)) == 1

    def test_its_fifth_wrong_code_was_the_last(self, guarded: Account, client: FlaskClient) -> None:
        password(client)
        tries = [client.post(BEGUN, data={"code": "000000"}).status_code for _ in range(begun.MOST_ATTEMPTS)]
        assert tries == [422] * (begun.MOST_ATTEMPTS - 1) + [302]
        assert client.post(BEGUN, data={"code": code()}).location.startswith("/sign-in")
        assert not is_in(client)

    def test_a_disabled_or_newly_protected_account_goes_no_further(self, world: build.World, guarded: Account, client: FlaskClient) -> None:
        password(client)
        with unit_of_work():
            account = db.session.get_one(Account, guarded.id)
            give_start_password(account, by=installation_administrator(world), now=NOON, password_hash="x", reason="Quên")
        assert client.post(BEGUN, data={"code": code()}).location.startswith("/sign-in")
        client.post("/sign-in", data={"login": "administrator", "password": build.PASSWORD})
        assert not is_in(client)

    def test_the_database_keeps_no_token_and_the_session_is_another(self, guarded: Account, client: FlaskClient) -> None:
        password(client)
        token = client.get_cookie(gate.COOKIE, path="/sign-in")
        row = db.session.scalars(select(SignInBegun)).one()
        assert token is not None
        assert token.value != row.token_digest
        client.post(BEGUN, data={"code": code()})
        session = client.get_cookie(sessions.COOKIE)
        assert session is not None
        assert session.value != token.value
        assert client.get_cookie(gate.COOKIE, path="/sign-in") is None

    def test_no_way_in_opens_a_session_past_the_second_step(self, app: Flask, guarded: Account) -> None:
        with app.test_request_context(), pytest.raises(sessions.SecondFactorMissing), unit_of_work():
            sessions.open_session(db.session.get_one(Account, guarded.id), now=NOON, factors=("oidc",))

    def test_pages_do_not_tell_who_has_a_second_factor_before_the_password(self, guarded: Account, client: FlaskClient) -> None:
        answers = [client.post("/sign-in", data={"login": login, "password": "x"}) for login in ("administrator", "operator", "nobody")]
        assert len({words_of(answer) for answer in answers}) == 1


def installation_administrator(world: build.World) -> Actor:
    return Actor(account=world.actor("inspector").account, grants=(Grant(Role.ADMINISTRATOR, None, None),))


class TestGuessing:
    def test_guesses_stop_whatever_number_of_half_sign_ins_is_begun(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        use_up(CODES, str(guarded.id), left=1)
        assert client.post(BEGUN, data={"code": "000000"}).status_code == 422
        thief = client_of(app)
        password(thief)
        assert thief.post(BEGUN, data={"code": code()}).status_code == 429, "a right guess comes too late"

    def test_the_person_s_own_browser_is_not_stopped_by_guesses_elsewhere(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        assert client.post(BEGUN, data={"code": code()}).status_code == 302
        client.post("/sign-out")
        use_up(ANYWHERE, "administrator")
        use_up(HERE, "administrator 127.0.0.0/24")
        use_up(CODES, str(guarded.id))
        assert password(client_of(app)).status_code == 429, "beside the person, in the same network"
        later = NOON + timedelta(minutes=1)
        at(app, later)
        assert password(client).location.startswith(BEGUN)
        assert client.post(BEGUN, data={"code": code(later)}).status_code == 302
        assert is_in(client)

    def test_a_known_browser_has_a_limit_too_and_a_forged_one_is_none(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        password(client, "operator")
        tries = [client.post("/sign-in", data={"login": "operator", "password": "x"}).status_code for _ in range(HERE.most + 1)]
        assert tries == [422] * HERE.most + [429]
        use_up(HERE, "ops_lead 127.0.0.0/24")
        assert password(client, "ops_lead").status_code == 429, "it is known to one name"
        forger = client_of(app)
        forger.set_cookie("langbiang_known", "WyJhIixbImIiXV0.aaaa.bbbb", path="/sign-in")
        assert password(forger, "ops_lead").status_code == 429

    def test_guesses_from_everywhere_do_not_stop_a_network_of_the_person(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        password(client, "operator")
        use_up(ANYWHERE, "operator")
        assert password(client_of(app), "operator").status_code == 302
        assert password(client_of(app), "operator", environ_base={"REMOTE_ADDR": "172.16.0.1"}).status_code == 429


class TestRecoveryCodes:
    def codes_of(self, app: Flask, guarded: Account) -> list[str]:
        browser = client_of(app)
        with app.test_request_context(), unit_of_work():
            token = sessions.open_session(db.session.get_one(Account, guarded.id), now=NOON, factors=("password", "code"))
        browser.set_cookie(sessions.COOKIE, token)
        page = browser.post("/account/security/recovery-codes")
        assert page.headers["Cache-Control"] == "no-store"
        return re.findall(r"\b[A-Z2-9]{5}-[A-Z2-9]{5}\b", words_of(page))

    def test_each_of_ten_is_good_once_and_a_new_set_voids_the_old(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        old, new = self.codes_of(app, guarded), self.codes_of(app, guarded)
        assert (len(old), len(new), len({*old, *new})) == (10, 10, 20)
        kept = " ".join(db.session.scalars(select(RecoveryCode.code_digest)))
        assert all(each not in kept for each in new)
        password(client)
        refused = client.post(BEGUN, data={"recovery": old[0]})
        assert (refused.status_code, old[0] in refused.text) == (422, False), "the page does not show what was typed"
        assert client.post(BEGUN, data={"recovery": new[0].lower().replace("-", " ")}).status_code == 302
        client.post("/sign-out")
        password(client)
        assert client.post(BEGUN, data={"recovery": new[0]}).status_code == 422
        assert recovery_codes.codes_left(guarded.id) == 9
        told = [message.parameters["change"][1] for message in db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))]
        assert told[-1] == held.TOLD["recovery_code_used"].en

    def test_codes_of_somebody_else_are_wrong(self, app: Flask, world: build.World, guarded: Account, client: FlaskClient) -> None:
        with_app(world, "inspector", b"another-secret-of-20")
        codes = self.codes_of(app, guarded)
        password(client, "inspector")
        assert client.post(BEGUN, data={"recovery": codes[0]}).status_code == 422

    def test_without_a_factor_there_are_none(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        browser = signed_in(app, client, world.people["operator"], now=NOON)
        assert browser.post("/account/security/recovery-codes").status_code == 422
        assert db.session.scalar(select(func.count(RecoveryCode.id))) == 0


@pytest.mark.parametrize("kind_of_database", ["sqlite", "postgres"])
class TestAtTheSameTime:
    def taken(self, app: Flask, take: Any) -> list[str]:
        def act(_number: int) -> str:
            with unit_of_work():
                return str(take())

        return sorted(at_once(app, act))

    def test_a_code_and_a_paper_code_are_taken_once(self, app: Flask, world: build.World) -> None:
        account_id = with_app(world, "administrator").id
        with unit_of_work():
            typed = recovery_codes.new_codes(account_id, now=NOON)[0]
            token = begun.begin_sign_in(account_id, first_factor="password", now=NOON)
        row = begun.begun_by(token, now=NOON)
        assert row is not None
        begun_id = row.id
        db.session.rollback()
        once = ["False"] * (AT_ONCE - 1) + ["True"]
        assert self.taken(app, lambda: recovery_codes.take_recovery_code(account_id, typed, now=NOON)) == once
        assert self.taken(app, lambda: code_apps.take_code(account_id, code(), now=NOON)) == once
        assert self.taken(app, lambda: begun.finish_sign_in(begun_id, now=NOON) is not None) == once

    def test_of_a_passkey_and_its_copy_that_sign_at_once_one_is_taken(self, app: Flask, world: build.World) -> None:
        """Each has a challenge of its own, so that nothing but the count tells them apart."""
        device, party = device_of(app, world, "administrator"), passkeys.party_of(app.config["BASE_URL"], "")
        named: dict[str, Any] = {"bound_to": "a browser", "now": NOON}
        answers = []
        for _ in range(AT_ONCE):
            with unit_of_work():
                asked = passkeys.signing_options(passkeys.Purpose.SIGN_IN, party=party, **named)
            answers.append(device.sign(asked, count=7))

        def signed() -> bool:
            answer = answers.pop()
            challenge = passkeys.spend_challenge(answer, passkeys.Purpose.SIGN_IN, **named)
            try:
                return bool(passkeys.take_passkey(answer, challenge, party=party, now=NOON).id)
            except passkeys.PasskeyRefused:
                return False

        with all_wait_for(Passkey):
            assert self.taken(app, signed) == ["False"] * (AT_ONCE - 1) + ["True"]
        assert db.session.scalars(select(Passkey.sign_count)).one() == 7


class TestPasskeys:
    def signs_in(self, client: FlaskClient, device: Device, **lies: Any) -> TestResponse:
        asked = client.post("/sign-in/passkey/challenge").get_json()
        return client.post("/sign-in/passkey", data={"answer": device.sign(asked, **lies)})

    def test_a_passkey_signs_in_by_itself(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device = device_of(app, world, "administrator")
        answer = self.signs_in(client, device)
        assert (answer.status_code, answer.location) == (302, "/inbox")
        newest = db.session.scalars(select(LoginSession).order_by(LoginSession.id.desc())).first()
        assert newest is not None
        assert (newest.factors, newest.account_id) == ("passkey", world.people["administrator"].id)

    def test_a_passkey_is_the_second_step_of_its_own_person(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device, foreign = device_of(app, world, "administrator"), device_of(app, world, "inspector")
        password(client)
        asked = client.post(f"{BEGUN}/passkey").get_json()
        assert len(asked["allowCredentials"]) == 1
        assert client.post(BEGUN, data={"answer": foreign.sign(asked)}).status_code == 422
        asked = client.post(f"{BEGUN}/passkey").get_json()
        assert client.post(BEGUN, data={"answer": device.sign(asked)}).status_code == 302
        assert is_in(client)

    @pytest.mark.parametrize(
        "lies",
        [{"origin": "https://langbiang.example"}, {"origin": "http://localhost:1"}, {"flags": PRESENT}, {"flags": 0},
         {"handle": "c29tZWJvZHkgZWxzZQ"}, {"challenge": "AAAA"}],
    )  # fmt: skip
    def test_another_site_nobody_present_and_somebody_else_s_name_are_refused(
        self, app: Flask, world: build.World, client: FlaskClient, lies: dict[str, Any]
    ) -> None:
        device = device_of(app, world, "administrator")
        answer = self.signs_in(client, device, **lies)
        assert answer.status_code == 422
        assert "Không dùng được khóa truy cập này" in words_of(answer)
        assert not is_in(client)

    def test_a_counter_that_goes_back_is_that_of_a_copy(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device = device_of(app, world, "administrator")
        assert self.signs_in(client, device, count=7).status_code == 302
        for count in (7, 6, 0):
            assert self.signs_in(client_of(app), device, count=count).status_code == 422, count
        assert self.signs_in(client_of(app), device, count=8).status_code == 302

    def test_a_challenge_is_good_once_soon_and_in_its_browser(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device, other = device_of(app, world, "administrator"), client_of(app)
        asked = client.post("/sign-in/passkey/challenge").get_json()
        other.post("/sign-in/passkey/challenge")
        assert other.post("/sign-in/passkey", data={"answer": device.sign(asked)}).status_code == 422, "of another browser"
        answer = device.sign(asked)
        assert client.post("/sign-in/passkey", data={"answer": answer}).status_code == 302
        assert client.post("/sign-in/passkey", data={"answer": answer}).status_code == 422, "used"
        asked = client.post("/sign-in/passkey/challenge").get_json()
        at(app, NOON + timedelta(minutes=5))
        assert client.post("/sign-in/passkey", data={"answer": device.sign(asked)}).status_code == 422, "too late"

    def test_a_refused_answer_uses_its_challenge_up(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device = device_of(app, world, "administrator")
        asked = client.post("/sign-in/passkey/challenge").get_json()
        assert client.post("/sign-in/passkey", data={"answer": device.sign(asked, flags=0)}).status_code == 422
        assert client.post("/sign-in/passkey", data={"answer": device.sign(asked)}).status_code == 422

    def test_a_challenge_of_one_purpose_serves_no_other(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device = device_of(app, world, "administrator")
        password(client)
        asked = client.post("/sign-in/passkey/challenge").get_json()
        assert client.post(BEGUN, data={"answer": device.sign(asked)}).status_code == 422
        asked = client.post(f"{BEGUN}/passkey").get_json()
        assert client.post("/sign-in/passkey", data={"answer": device.sign(asked)}).status_code == 422
        mine, again = client_of(app), "/account/again?to=/settings/people/new"
        assert self.signs_in(mine, device).status_code == 302
        asked = mine.post("/account/security/passkeys/challenge").get_json()
        of_a_new_key = {"rpId": asked["rp"]["id"], "challenge": asked["challenge"]}
        assert mine.post(again, data={"again_answer": device.sign(of_a_new_key)}).status_code == 422, "nor another of the same session"
        assert mine.post(again, data={"again_answer": device.sign(mine.post("/account/again/passkey").get_json())}).status_code == 307

    @pytest.mark.parametrize("answer", ["", "x", "[]", "{}", '{"response": 1}', '{"response": {"clientDataJSON": "e30"}}', "[" * 50_000,
                                        '{"response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOjF9"}}'])  # fmt: skip
    def test_what_is_no_answer_is_refused(self, world: build.World, client: FlaskClient, answer: str) -> None:
        client.post("/sign-in/passkey/challenge")
        assert client.post("/sign-in/passkey", data={"answer": answer}).status_code == 422

    def test_registering_needs_the_own_session_the_own_site_and_a_verified_person(self, app: Flask, world: build.World) -> None:
        mine = signed_in(app, client_of(app), world.people["administrator"], now=NOON)
        theirs = signed_in(app, client_of(app), world.people["inspector"], now=NOON)
        device, put = Device(app.config["BASE_URL"]), "/account/security/passkeys"
        for browser, lies in ((theirs, {}), (mine, {"origin": "https://langbiang.example"}), (mine, {"flags": PRESENT})):
            asked = mine.post(f"{put}/challenge").get_json()
            assert browser.post(put, data={"answer": device.create(asked, **lies)}).status_code == 422
        assert db.session.scalar(select(func.count(Passkey.id))) == 0
        asked = mine.post(f"{put}/challenge").get_json()
        assert mine.post(put, data={"answer": device.create(asked), "name": "x" * 61}).status_code == 422
        asked = mine.post(f"{put}/challenge").get_json()
        assert mine.post(put, data={"answer": device.create(asked)}).status_code == 302
        asked = theirs.post(f"{put}/challenge").get_json()
        assert theirs.post(put, data={"answer": device.create(asked)}).status_code == 422, "one key, one person"
        ref = db.session.scalars(select(Passkey.ref)).one()
        assert theirs.post(f"{put}/{ref}/name", data={"new_name": "Của tôi"}).status_code == 404
        for name, status in (("", 422), ("x" * 61, 422), (" Máy ở  phòng một cửa ", 302)):
            assert mine.post(f"{put}/{ref}/name", data={"new_name": name}).status_code == status
        page = words_of(mine.get("/account/security"))
        assert "Máy ở phòng một cửa" in page
        assert theirs.post(f"{put}/{ref}/removal").status_code == 404
        assert mine.post(f"{put}/{ref}/removal").status_code == 302

    def test_a_disabled_person_s_passkey_opens_nothing(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device = device_of(app, world, "administrator")
        with unit_of_work():
            db.session.get_one(Account, world.people["administrator"].id).disabled_at = NOON
        assert self.signs_in(client, device).status_code == 422


class TestOwnPages:
    def test_an_app_is_added_by_its_first_code_and_other_browsers_end(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        person = world.people["operator"]
        browser, other = signed_in(app, client, person, now=NOON), signed_in(app, client_of(app), person, now=NOON)
        page, before = browser.get("/account/security/app").text, client.get_cookie(sessions.COOKIE)
        key = re.search(r'class="code typedkey"[^>]*>([A-Z2-7 ]+)<', page)
        assert key is not None
        secret, sealed = b32decode(key[1].replace(" ", "")), hidden(page, "key")
        assert "<svg" in page
        wrong = browser.post("/account/security/app", data={"code": "000000", "key": sealed})
        assert (wrong.status_code, key[1] in wrong.text) == (422, True), "the same picture stays"
        assert browser.post("/account/security/app", data={"code": code(secret=secret), "key": sealed}).status_code == 302
        after = client.get_cookie(sessions.COOKIE)
        assert before is not None
        assert after is not None
        assert before.value != after.value
        assert (is_in(browser), is_in(other)) == (True, False)
        password(other, "operator")
        assert other.post(BEGUN, data={"code": code(secret=secret)}).status_code == 422, "the first code is used up"
        assert db.session.scalars(select(OutboxMessage.template)).all() == ["second_factor_changed"]

    def test_a_key_of_somebody_else_or_of_long_ago_is_not_taken(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        mine = signed_in(app, client, world.people["operator"], now=NOON)
        theirs = signed_in(app, client_of(app), world.people["ops_lead"], now=NOON)
        sealed = hidden(theirs.get("/account/security/app").text, "key")
        for key in (sealed, "AAAA", ""):
            mine.post("/account/security/app", data={"code": "123456", "key": key})
        assert db.session.scalar(select(func.count(CodeApp.id))) == 0

    def test_citizens_have_no_such_page(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        assert signed_in(app, client, world.people["citizen"], now=NOON).get("/account/security").status_code == 404

    def test_removing_is_told_and_the_last_factor_takes_the_codes_with_it(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        with unit_of_work():
            recovery_codes.new_codes(guarded.id, now=NOON)
        password(client)
        client.post(BEGUN, data={"code": code()})
        assert client.post("/account/security/app/removal").status_code == 302
        assert not held.has_second_factor(guarded.id)
        assert recovery_codes.codes_left(guarded.id) == 0
        assert client.post("/account/security/app/removal").status_code == 404

    def test_changing_factors_wants_a_fresh_proof(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        password(client)
        client.post(BEGUN, data={"code": code()})
        at(app, NOON + timedelta(minutes=31))
        answer = client.post("/account/security/app/removal")
        assert answer.status_code == 401
        assert held.has_second_factor(guarded.id)


class TestRequired:
    @pytest.fixture(autouse=True)
    def rule(self, world: build.World) -> None:
        with unit_of_work():
            guard_sign_in(now=NOON)

    def test_within_the_days_of_grace_people_are_asked_and_go_on(self, client: FlaskClient) -> None:
        answer = password(client)
        assert answer.location == "/account/security?next=/inbox"
        page = client.get(answer.location)
        assert "19/03/2026" in words_of(page) or "09/03/2026" in words_of(page)
        assert 'href="/inbox"' in page.text
        assert is_in(client)

    def test_afterwards_nothing_else_opens(self, app: Flask, client: FlaskClient) -> None:
        at(app, NOON + timedelta(days=7))
        password(client)
        for page in ("/inbox", "/settings/values", "/settings/people", "/cases/x"):
            assert client.get(page).location.startswith("/account/security?next="), page
        assert client.post("/settings/values/quiet_from", data={"value": "20:00"}).location.startswith("/account/security")
        assert client.get("/account/security").status_code == 200
        assert client.get("/account/password").status_code == 200
        assert client.post("/sign-out").status_code == 302

    def test_who_has_one_works_and_may_not_remove_the_last(self, app: Flask, guarded: Account, client: FlaskClient) -> None:
        later = NOON + timedelta(days=7)
        at(app, later)
        password(client)
        client.post(BEGUN, data={"code": code(later)})
        assert is_in(client)
        assert client.post("/account/security/app/removal").status_code == 422
        assert held.has_second_factor(guarded.id)

    def test_other_roles_are_not_asked(self, app: Flask, client: FlaskClient) -> None:
        at(app, NOON + timedelta(days=7))
        assert password(client, "operator").location == "/inbox"
        assert is_in(client)

    def test_who_joins_later_has_the_days_from_then_on(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        later = NOON + timedelta(days=30)
        with unit_of_work():
            db.session.get_one(Account, world.people["administrator"].id).created_at = later
        at(app, later)
        assert password(client).location.startswith("/account/security?next=")
        assert is_in(client)

    def test_a_centre_s_own_rule_stands_in_place_of_the_installation_s(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        with unit_of_work():
            db.session.add(SecondFactorRule(role="officer", grace_days=0, valid_from=date(2026, 3, 1), centre_id=world.centre.id))
            db.session.add(SecondFactorRule(role="administrator", grace_days=90, valid_from=date(2026, 3, 1), centre_id=world.centre.id))
            record_setting("second_factor", "officer", by=SYSTEM, at=NOON, centre_id=None, old=None, new={}, reason="Thử")
        at(app, NOON + timedelta(days=7))
        password(client, "officer_ptnmt")
        assert client.get("/inbox").location.startswith("/account/security")
        assert password(client_of(app)).status_code == 302
        other = client_of(app)
        password(other)
        assert is_in(other)


class TestReset:
    WHY = {"act": "factors", "reason": "Mất điện thoại, đã gọi lại số cơ quan"}

    def test_an_administrator_takes_a_lost_telephone_s_factors_away(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        person = with_app(world, "operator")
        device = device_of(app, world, "ops_lead")
        with app.test_request_context(), unit_of_work():
            token = sessions.open_session(db.session.get_one(Account, person.id), now=NOON, factors=("password", "code"))
        theirs = client_of(app)
        theirs.set_cookie(sessions.COOKIE, token)
        office = signed_in(app, client, world.people["administrator"], now=NOON)
        page = f"/settings/people/{person.ref}"
        assert office.post(page, data={"act": "factors"}).status_code == 422, "a reason is needed"
        assert office.post(page, data=self.WHY).status_code == 302
        assert not held.has_second_factor(person.id)
        assert not is_in(theirs)
        event = db.session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert event is not None
        assert (event.payload["row"], event.payload["new"]) == ("operator", {"factors_reset": True})
        told = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
        assert told is not None
        assert told.recipient == f"account:{person.id}"
        assert office.post(page, data=self.WHY).status_code == 422, "nothing is left to take away"
        assert device.id, "others keep theirs"
        assert held.has_second_factor(world.people["ops_lead"].id)

    def test_nobody_does_it_for_themselves(self, app: Flask, world: build.World, guarded: Account, client: FlaskClient) -> None:
        password(client)
        client.post(BEGUN, data={"code": code()})
        assert client.post(f"/settings/people/{guarded.ref}", data=self.WHY).status_code == 422
        assert held.has_second_factor(guarded.id)


class TestProvenAgain:
    @pytest.fixture(autouse=True)
    def minutes(self, app: Flask, world: build.World) -> None:
        with unit_of_work():
            db.session.add(HouseSetting(key="fresh_minutes", value=30, changed_at=NOON))
            record_setting("value", "fresh_minutes", by=SYSTEM, at=NOON, centre_id=None, old={"value": 0}, new={"value": 30}, reason="Thử")

    FORM = {"value": "20:15", "reason": "Theo đề nghị của xã", "scope": "all"}
    PLACE = "/settings/values/quiet_from"

    def stale(self, app: Flask, world: build.World, client: FlaskClient) -> FlaskClient:
        """The administrator's browser, half an hour after signing in."""
        with unit_of_work():
            for row in db.session.get_one(Account, world.people["administrator"].id).memberships:
                row.centre_id = None
        browser = signed_in(app, client, world.people["administrator"], now=NOON)
        at(app, NOON + timedelta(minutes=30))
        return browser

    def test_just_signed_in_nobody_is_asked(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        browser = self.stale(app, world, client)
        at(app, NOON + timedelta(minutes=29))
        page = browser.get(self.PLACE).text
        assert browser.post(self.PLACE, data={**self.FORM, "seen": hidden(page, "seen")}).status_code == 302

    def test_what_was_sent_goes_on_after_the_password(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        browser = self.stale(app, world, client)
        form = {**self.FORM, "seen": hidden(browser.get(self.PLACE).text, "seen")}
        asked, before = browser.post(self.PLACE, data=form), client.get_cookie(sessions.COOKIE)
        assert asked.status_code == 401
        assert hidden(asked.text, "reason") == self.FORM["reason"]
        wrong = browser.post(f"/account/again?to={self.PLACE}", data={**form, "again_password": "wrong"})
        assert (wrong.status_code, hidden(wrong.text, "reason")) == (422, self.FORM["reason"])
        assert "wrong" not in wrong.text
        right = browser.post(f"/account/again?to={self.PLACE}", data={**form, "again_password": build.PASSWORD})
        assert (right.status_code, right.location) == (307, self.PLACE)
        after = client.get_cookie(sessions.COOKIE)
        assert before is not None
        assert after is not None
        assert before.value != after.value, "the session's token is another"
        done = browser.post(self.PLACE, data={**form, "again_password": build.PASSWORD})
        assert done.status_code == 302
        assert db.session.scalars(select(HouseSetting.value).where(HouseSetting.key == "quiet_from")).one() == "20:15"

    def test_code_and_passkey_do_as_well(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        device = device_of(app, world, "administrator")
        with_app(world, "administrator")
        asked = client.post("/sign-in/passkey/challenge").get_json()
        client.post("/sign-in/passkey", data={"answer": device.sign(asked)})
        later = NOON + timedelta(minutes=45)
        at(app, later)
        assert client.post("/settings/people/new", data={"login": "an"}).status_code == 401
        asked = client.post("/account/again/passkey").get_json()
        again = "/account/again?to=/settings/people/new"
        assert client.post(again, data={"again_answer": device.sign(asked)}).status_code == 307
        at(app, later + timedelta(minutes=45))
        assert client.post("/settings/people/new", data={"login": "an"}).status_code == 401
        assert client.post(again, data={"again_code": code(later + timedelta(minutes=45))}).status_code == 307

    def test_guesses_are_few(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        browser = self.stale(app, world, client)
        tries = [browser.post(f"/account/again?to={self.PLACE}", data={"again_password": "x"}).status_code for _ in range(6)]
        assert tries == [422] * 5 + [429]

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "", "javascript:alert(1)"])
    def test_nobody_is_sent_elsewhere_with_their_form(self, app: Flask, world: build.World, client: FlaskClient, target: str) -> None:
        browser = self.stale(app, world, client)
        answer = browser.post("/account/again", query_string={"to": target}, data={"again_password": build.PASSWORD})
        assert (answer.status_code, answer.location) == (302, "/account/security")

    def test_files_are_said_to_be_chosen_again(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        browser = self.stale(app, world, client)
        asked = browser.post("/settings/imports/people", data={"file": (BytesIO(b"a;b"), "people.csv"), "reason": "x"})
        assert asked.status_code == 401
        assert "chọn lại" in words_of(asked)
        assert 'name="reason"' not in asked.text
        answer = browser.post("/account/again?to=/settings/imports/people&files=yes", data={"again_password": build.PASSWORD})
        assert (answer.status_code, answer.location) == (302, "/settings/imports/people")

    def test_the_page_to_choose_them_again_on_is_found_under_a_path(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        app.config["APPLICATION_ROOT"] = "/phan-anh"
        browser, form = self.stale(app, world, client), "/phan-anh/settings/imports/people"
        answer = browser.post(f"/account/again?to={form}&files=yes", data={"again_password": build.PASSWORD})
        assert (answer.status_code, answer.location) == (302, form)

    def test_reading_and_ordinary_work_are_not_hampered(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        browser = self.stale(app, world, client)
        assert browser.get("/settings/values").status_code == 200
        assert browser.post("/account/messages", data={}).status_code != 401


def test_the_last_administrator_s_factors_are_taken_away_from_the_command_line(
    app: Flask, guarded: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.commands.setting_up.ready_app", lambda _config, _name: app)
    call = CliRunner().invoke
    assert call(commands, ["reset-second-factor", "nobody", "--reason", "Mất điện thoại"]).exit_code == 2
    assert call(commands, ["reset-second-factor", "administrator", "--reason", " "]).exit_code == 1, "a reason is needed"
    assert held.has_second_factor(guarded.id)
    assert call(commands, ["reset-second-factor", "Administrator", "--reason", "Mất điện thoại"]).exit_code == 0
    db.session.rollback()
    assert not held.has_second_factor(guarded.id)
