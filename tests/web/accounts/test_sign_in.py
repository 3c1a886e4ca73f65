"""Signing in, out and up, and what an attacker would try there."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.models import Account, LoginSession, RateCounter
from casework.privacy.identity import open_contact
from tests import build
from tests.conftest import client_of
from tests.web.letterbox import letterbox
from tests.web.pages import at, words_of
from web import sessions
from web.accounts import password_rules as passwords
from web.accounts.sign_in import ANYWHERE, HERE, home_of
from web.http.security import own_address

NOON = build.NOON
RIGHT = build.PASSWORD


@pytest.fixture
def kind_of_database() -> str:
    """One database is enough for most of this; TestThrottle runs on both."""
    return "sqlite"


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON)
    return build.standard_world()


def sign_in(client: FlaskClient, login: str, password: str = RIGHT, **fields: str) -> TestResponse:
    return client.post("/sign-in", data={"login": login, "password": password, **fields})


def token_of(client: FlaskClient) -> str | None:
    cookie = client.get_cookie(sessions.COOKIE)
    return cookie.value if cookie else None


@pytest.mark.usefixtures("world")
class TestSigningIn:
    def test_staff_come_to_their_inbox(self, client: FlaskClient) -> None:
        answer = sign_in(client, "Operator")
        assert (answer.status_code, answer.location) == (302, "/inbox")
        assert client.get("/inbox").status_code == 200

    @pytest.mark.parametrize("login", ["0912345678", "+84 912 345 678", "0912.345.678"])
    def test_citizens_come_to_their_reports_by_any_way_to_write_their_number(self, client: FlaskClient, login: str) -> None:
        answer = sign_in(client, login)
        assert (answer.status_code, answer.location) == (302, "/mine")

    def test_the_page_asked_for_comes_after(self, client: FlaskClient) -> None:
        answer = client.get("/inbox?view=late")
        assert answer.location == "/sign-in?next=/inbox?view%3Dlate"
        assert sign_in(client, "operator", next="/inbox?view=late").location == "/inbox?view=late"

    def test_a_wrong_password_and_an_unknown_name_look_alike(self, client: FlaskClient) -> None:
        wrong, unknown = sign_in(client, "operator", "wrong"), sign_in(client, "nobody-here", "wrong")
        assert wrong.status_code == unknown.status_code == 422
        assert words_of(wrong) == words_of(unknown)
        assert token_of(client) is None

    def test_an_unknown_name_costs_a_hash_too(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        checked = []
        monkeypatch.setattr("web.accounts.sign_in.check_password", lambda _password, kept: checked.append(kept) or False)
        sign_in(client, "nobody-here", "wrong")
        assert checked == [None]

    def test_a_closed_account_stays_out(self, client: FlaskClient, world: build.World) -> None:
        with unit_of_work():
            world.people["operator"].disabled_at = NOON
        assert sign_in(client, "operator").status_code == 422

    def test_what_was_typed_stays_but_for_the_password(self, client: FlaskClient) -> None:
        page = sign_in(client, "operator", "wrong-password").text
        assert 'value="operator"' in page
        assert "wrong-password" not in page

    def test_the_hash_is_made_outside_any_unit_of_work(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        inside = []

        def check(password: str, kept: str | None) -> bool:
            inside.append(db.session().info.get("in_unit_of_work", False))
            return passwords.check_password(password, kept)

        monkeypatch.setattr("web.accounts.sign_in.check_password", check)
        assert sign_in(client, "operator").status_code == 302
        assert inside == [False]

    def test_a_hash_of_another_cost_is_made_anew(self, client: FlaskClient, world: build.World) -> None:
        from argon2 import PasswordHasher

        with unit_of_work():
            world.people["operator"].password_hash = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(RIGHT)
        assert sign_in(client, "operator").status_code == 302
        kept = db.session.scalar(select(Account.password_hash).where(Account.login == "operator"))
        assert kept is not None
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert sign_in(client_of(client.application), "operator").status_code == 302


class TestSessions:
    def test_the_cookie_is_for_the_server_alone(self, world: build.World, client: FlaskClient) -> None:
        cookie = next(line for line in sign_in(client, "operator").headers.getlist("Set-Cookie") if line.startswith(sessions.COOKIE))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Max-Age" not in cookie, "staff share computers: their cookie ends with the browser"
        assert "Max-Age=2592000" in " ".join(sign_in(client_of(client.application), "0912345678").headers.getlist("Set-Cookie"))

    def test_the_database_keeps_no_token(self, world: build.World, client: FlaskClient) -> None:
        sign_in(client, "operator")
        row = db.session.scalars(select(LoginSession)).one()
        assert token_of(client) not in {row.token_digest, row.ref}
        assert row.network == "127.0.0.0/24"

    def test_a_planted_token_is_worth_nothing_after_signing_in(self, world: build.World, client: FlaskClient) -> None:
        client.set_cookie(sessions.COOKIE, "planted")
        sign_in(client, "operator")
        assert token_of(client) not in {None, "planted"}
        attacker = client_of(client.application)
        attacker.set_cookie(sessions.COOKIE, "planted")
        assert attacker.get("/inbox").status_code == 302

    def test_signing_in_again_ends_the_session_before(self, world: build.World, client: FlaskClient) -> None:
        sign_in(client, "operator")
        before = token_of(client)
        sign_in(client, "officer_hkl")
        attacker = client_of(client.application)
        attacker.set_cookie(sessions.COOKIE, before or "")
        assert attacker.get("/inbox").status_code == 302

    def test_signing_out_ends_the_session_for_whoever_has_the_token(self, world: build.World, client: FlaskClient) -> None:
        sign_in(client, "operator")
        token = token_of(client)
        answer = client.post("/sign-out")
        assert answer.headers["Clear-Site-Data"] == '"cache"'
        assert token_of(client) is None
        client.set_cookie(sessions.COOKIE, token or "")
        assert client.get("/inbox").status_code == 302

    def test_a_revoked_session_is_over_at_once(self, world: build.World, client: FlaskClient) -> None:
        other = client_of(client.application)
        sign_in(client, "operator")
        sign_in(other, "operator")
        page = client.get("/sessions")
        assert words_of(page).count("127.0.0.0/24") == 2
        newest = db.session.scalars(select(LoginSession).order_by(LoginSession.id.desc())).first()
        assert newest is not None
        assert client.post(f"/sessions/{newest.ref}/revocation").status_code == 302
        assert other.get("/inbox").status_code == 302
        assert client.get("/inbox").status_code == 200

    def test_nobody_ends_the_session_of_somebody_else(self, world: build.World, client: FlaskClient) -> None:
        other = client_of(client.application)
        sign_in(client, "operator")
        sign_in(other, "ops_lead")
        row = db.session.scalars(select(LoginSession).where(LoginSession.account_id == world.people["operator"].id)).one()
        assert other.post(f"/sessions/{row.ref}/revocation").status_code == 404
        assert client.get("/inbox").status_code == 200

    @pytest.mark.parametrize(("login", "idle"), [("operator", timedelta(hours=12)), ("0912345678", timedelta(days=30))])
    def test_a_session_ends_when_it_is_not_used(
        self, app: Flask, world: build.World, client: FlaskClient, login: str, idle: timedelta
    ) -> None:
        sign_in(client, login)
        at(app, NOON + idle - timedelta(seconds=1))
        assert client.get("/sessions").status_code == 200
        at(app, NOON + idle - timedelta(seconds=1) + idle)
        assert client.get("/sessions").status_code == 302

    def test_a_session_of_staff_ends_after_a_day_however_busy_it_is(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        sign_in(client, "operator")
        for hours in (10, 20):
            at(app, NOON + timedelta(hours=hours))
            assert client.get("/sessions").status_code == 200
        at(app, NOON + sessions.LONGEST["staff"])
        assert client.get("/sessions").status_code == 302

    def test_use_is_written_down_every_five_minutes_at_most(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        sign_in(client, "operator")
        seen = []
        for minutes in (4, 5, 9, 10):
            at(app, NOON + timedelta(minutes=minutes))
            client.get("/sessions")
            db.session.rollback()
            seen.append((db.session.scalars(select(LoginSession.last_seen_at)).one() - NOON).total_seconds() / 60)
        assert seen == [0, 5, 5, 10]

    def test_signed_in_pages_are_kept_by_nobody(self, world: build.World, client: FlaskClient) -> None:
        assert client.get("/").headers["Cache-Control"] == "private, no-cache"
        sign_in(client, "operator")
        assert client.get("/inbox").headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("world")
class TestThrottle:
    @pytest.fixture(params=["sqlite", "postgres"])
    def kind_of_database(self, request: pytest.FixtureRequest) -> Any:
        return request.param

    def test_the_sixth_guess_is_refused_and_told_when_to_come_back(self, client: FlaskClient) -> None:
        for _ in range(HERE.most):
            assert sign_in(client, "operator", "wrong").status_code == 422
        answer = sign_in(client, "operator")
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "900"
        assert "thử lại từ 10:15" in words_of(answer)

    def test_the_right_password_is_let_in_when_the_window_is_over(self, app: Flask, client: FlaskClient) -> None:
        for _ in range(HERE.most + 1):
            sign_in(client, "operator", "wrong")
        at(app, NOON + timedelta(minutes=15))
        assert sign_in(client, "operator").status_code == 302

    def test_guesses_at_one_account_do_not_lock_out_another(self, client: FlaskClient) -> None:
        for _ in range(HERE.most + 1):
            sign_in(client, "operator", "wrong")
        assert sign_in(client, "ops_lead").status_code == 302

    def test_one_number_is_one_account_however_it_is_written(self, client: FlaskClient) -> None:
        for login in ("0912345678", "+84912345678", "0912 345 678", "84 912345678", "0912-345-678"):
            assert sign_in(client, login, "wrong").status_code == 422
        assert sign_in(client, "0912345678").status_code == 429

    def test_guesses_from_many_networks_are_stopped_later(self, client: FlaskClient) -> None:
        for number in range(ANYWHERE.most):
            answer = client.post("/sign-in", data={"login": "operator", "password": "x"}, environ_base={"REMOTE_ADDR": f"10.{number}.0.1"})
            assert answer.status_code == 422
        assert sign_in(client, "operator").status_code == 429

    def test_success_starts_the_count_anew(self, client: FlaskClient) -> None:
        for _ in range(2):
            for _ in range(HERE.most - 1):
                sign_in(client, "operator", "wrong")
            assert sign_in(client, "operator").status_code == 302

    def test_counters_hold_neither_names_nor_addresses(self, client: FlaskClient) -> None:
        sign_in(client, "operator", "wrong")
        buckets = " ".join(db.session.scalars(select(RateCounter.bucket)))
        assert "operator" not in buckets
        assert "127.0" not in buckets


class TestRegistering:
    FIELDS = {
        "name": "Nguyễn Văn Mẫu", "phone": "0977 123 456", "password": "nui-xanh-may-trang", "password_again": "nui-xanh-may-trang",
        "consent": "y",
    }  # fmt: skip

    def test_a_citizen_is_in_at_once_and_sealed(self, world: build.World, client: FlaskClient) -> None:
        answer = client.post("/register", data=self.FIELDS)
        assert (answer.status_code, answer.location) == (302, "/mine")
        account = db.session.scalars(select(Account).order_by(Account.id.desc())).first()
        assert account is not None
        assert account.sealed_identity is not None
        assert account.kind == "citizen"
        assert open_contact(account.sealed_identity).phone == "+84977123456"
        assert b"977123456" not in account.sealed_identity
        assert account.full_name is None
        assert account.login is None

    def test_one_number_opens_one_account(self, world: build.World, client: FlaskClient) -> None:
        answer = client.post("/register", data=self.FIELDS | {"phone": "0912345678"})
        assert answer.status_code == 422
        assert "đã có tài khoản" in words_of(answer).lower() or "already" in words_of(answer)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [({"phone": "123"}, "phone"), ({"phone": ""}, "phone"), ({"email": "x@"}, "email"),
         ({"password": "short", "password_again": "short"}, "password"),
         ({"password": "12345678", "password_again": "12345678"}, "password"), ({"password_again": "other"}, "password_again"),
         ({"consent": ""}, "consent"), ({"name": ""}, "name")],
    )  # fmt: skip
    def test_what_is_wrong_is_said_beside_the_field(
        self, world: build.World, client: FlaskClient, wrong: dict[str, str], field: str
    ) -> None:
        answer = client.post("/register", data=self.FIELDS | wrong)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
        assert "nui-xanh-may-trang" not in answer.text

    def test_an_address_is_enough(self, world: build.World, client: FlaskClient) -> None:
        assert client.post("/register", data=self.FIELDS | {"phone": "", "email": "Mau@Example.com"}).status_code == 302
        client.post("/sign-out")
        assert sign_in(client, "mau@example.com", "nui-xanh-may-trang").status_code == 302


class TestDemonstration:
    def test_accounts_are_offered_in_a_demonstration_alone(self, app: Flask, world: build.World, client: FlaskClient) -> None:
        from web.demo.people import DemoAccount

        part = Bilingual("Tổ vận hành", "Operator")
        app.extensions["demo_accounts"] = [DemoAccount("operator", RIGHT, "Nguyễn Thị Mẫu", part)]
        assert "Nguyễn Thị Mẫu" not in client.get("/sign-in").text
        app.config["DEMO"] = True
        page = client.get("/sign-in").text
        assert "Tổ vận hành" in page
        assert f'name="password" value="{RIGHT}"' in page


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil",
     "", None, "/ok\r\nSet-Cookie: x=1", "http:/evil", "///evil.example"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(target: str | None) -> None:
    assert own_address(target, "/home") == "/home"


@pytest.mark.parametrize("target", ["/", "/inbox?view=late&q=a%20b", "/reports/LD-2026-000001#answers"])
def test_own_addresses_are_followed(target: str) -> None:
    assert own_address(target, "/home") == target


def test_an_address_elsewhere_leads_home(world: build.World, client: FlaskClient) -> None:
    assert sign_in(client, "operator", next="https://evil.example/").location == "/inbox"


def test_passwords_cost_what_they_should() -> None:
    assert passwords.hash_password("x" * 10).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_with_accents_is_the_same_from_every_keyboard() -> None:
    kept = passwords.hash_password("mật khẩu của tôi")
    assert passwords.check_password("mật khẩu của tôi", kept)
    assert not passwords.check_password("mat khau cua toi", kept)
    assert not passwords.check_password("mật khẩu của tôi", None)


def test_where_codes_are_sent_staff_see_the_fields_of_their_password_and_come_in_by_them(world: build.World, app: Flask) -> None:
    client = client_of(app)
    with letterbox(app, "sms"):
        page = html.fromstring(client.get("/sign-in").data)
        assert page.xpath("//form[contains(@action, 'contact')]//input[@name='contact']"), "codes are sent"
        [way] = page.xpath("//details[@id='password-way']")
        assert way.get("open") is not None
        assert {each.get("name") for each in way.xpath(".//input")} >= {"login", "password"}
        assert sign_in(client, "operator").location == "/inbox"


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("inspector", "/personal-data/looks"),
        ("confidential_reader", "/quarantined"),
        ("records_clerk", "/documents"),
        ("operator", "/inbox"),
    ],
)
def test_everybody_lands_where_their_work_is_after_signing_in(sqlite_app: Flask, name: str, page: str) -> None:
    with sqlite_app.test_request_context():
        assert home_of(build.standard_world().people[name]) == page
