"""Headers, tokens of forms, hosts, sizes, the log, the languages, and what happens when something fails."""
from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import NotFound

import web
from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.permissions import Action, NotAllowed
from casework.sealing.keyring import use_keyring
from tests import build
from tests.build import NOON as NOW
from tests.conftest import client_of, environment_of, prepare_schema, running
from tests.web.pages import hidden, words_of
from web import errors, request_log
from web.config import Config
from web.guards import performs
from web.http.security import allow_inline_style_attributes, sent_json
from web.jobs.worker import sweep
from web.navigation import NavigationEntry
from web.networks import network_of
from web.request_log import LOGGER, JsonLines
from web.sessions import COOKIE
from web.startup_checks import StartRefused
from workflows.running.steps import TaskAlreadyDone

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECRET_WORDS = "Nguyễn Thị Bí Mật 0912345678"


@contextmanager
def https(folder: Path) -> Iterator[Flask]:
    """An installation behind a proxy that speaks https."""
    config = Config.from_environment(environment_of(folder) | {"LANGBIANG_BASE_URL": "https://phananh.example.vn"})
    prepare_schema(config)
    with running(config) as app:
        yield app


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """The lines of the log."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonLines())
    LOGGER.addHandler(handler)
    try:
        yield lines
    finally:
        LOGGER.removeHandler(handler)


@pytest.fixture
def guarded(sqlite_app: Flask) -> FlaskClient:
    """A browser of an application whose forms want their token."""
    sqlite_app.config["WTF_CSRF_ENABLED"] = True
    return client_of(sqlite_app)


def view_that(app: Flask, act: object, path: str = "/test") -> FlaskClient:
    """A browser of an application with one more page, which does `act`."""

    @performs(Action.READ_PUBLIC)
    def view() -> str:
        if isinstance(act, Exception):
            raise act
        return str(act() if callable(act) else act)

    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app._got_first_request = False
    app.add_url_rule(path, f"test{path}", view, methods=["GET", "POST"])
    return client_of(app)


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/healthz", "/static/css/citizen.css"])
    def test_every_answer_is_protected(self, sqlite_client: FlaskClient, path: str) -> None:
        with sqlite_client.get(path) as answer:
            headers = answer.headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Permissions-Policy"].startswith("geolocation=(self), camera=()")
        assert "Strict-Transport-Security" not in headers

    def test_over_https_cookies_and_connection_stay_there(self, tmp_path: Path) -> None:
        with https(tmp_path) as app:
            answer = client_of(app).get("/sign-in", base_url="https://phananh.example.vn")
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
            app.config["WTF_CSRF_ENABLED"] = True
            answer = client_of(app).get("/sign-in", base_url="https://phananh.example.vn")
            assert "; Secure" in answer.headers["Set-Cookie"]

    def test_over_https_every_cookie_is_of_this_host_alone(self, tmp_path: Path) -> None:
        """Each is set by a page of its own; one that another host of the domain may have planted is not read."""
        ours = "https://phananh.example.vn"
        with https(tmp_path) as app:
            build.standard_world()
            client = client_of(app)
            login = {"login": "operator", "password": build.PASSWORD}
            answers = [client.post("/sign-in", data=login, base_url=ours),
                       client.post("/language", data={"code": "en"}, base_url=ours),
                       client.post("/offline/token", json={"owner": "guest"}, base_url=ours, headers={"X-Langbiang-Device": ""})]
            given = [each for answer in answers for each in answer.headers.getlist("Set-Cookie")]
            names = {each.partition("=")[0].removeprefix("__Host-langbiang_") for each in given}
            assert {"session", "known", "state", "language", "device"} <= names
            for each in given:
                assert each.startswith("__Host-langbiang_"), each
                assert {"Secure", "HttpOnly", "Path=/"} <= set(each.split("; ")), each
                assert "SameSite=" in each
                assert "Domain" not in each
            assert client.get("/inbox", base_url=ours).status_code == 200
            token = client.get_cookie("__Host-langbiang_session", domain="phananh.example.vn")
            assert token is not None
            planted = client_of(app)
            planted.set_cookie(COOKIE, token.value, domain="phananh.example.vn")
            assert planted.get("/inbox", base_url=ours).status_code == 302
            dropped = client.post("/sign-out", base_url=ours).headers.getlist("Set-Cookie")
            assert any(each.startswith("__Host-langbiang_session=;") and "Secure" in each for each in dropped)

    def test_what_anybody_may_keep_may_stand_on_other_sites_and_nothing_else(self, sqlite_client: FlaskClient) -> None:
        policies = {}
        for path in ("/static/css/citizen.css", "/sign-in", "/healthz"):
            with sqlite_client.get(path) as answer:
                policies[path] = answer.headers["Cross-Origin-Resource-Policy"]
        assert policies == {"/static/css/citizen.css": "cross-origin", "/sign-in": "same-origin", "/healthz": "same-origin"}

    def test_behind_the_proxy_the_visitors_network_counts(self, tmp_path: Path) -> None:
        with https(tmp_path) as app, logged() as lines:
            forwarded = {"X-Forwarded-For": "203.0.113.77", "X-Forwarded-Proto": "https"}
            client_of(app).get("/healthz", headers={"Host": "phananh.example.vn"} | forwarded)
            assert json.loads(lines.getvalue())["network"] == "203.0.113.0/24"

    def test_without_a_proxy_nobody_names_their_own_network(self, sqlite_client: FlaskClient) -> None:
        with logged() as lines:
            sqlite_client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.77"})
        assert json.loads(lines.getvalue())["network"] == "127.0.0.0/24"

    def test_the_diagram_may_set_style_attributes_and_nothing_else(self, sqlite_app: Flask) -> None:
        client = view_that(sqlite_app, "x")
        sqlite_app.view_functions["test/test"] = allow_inline_style_attributes(sqlite_app.view_functions["test/test"])
        assert client.get("/test").headers["Content-Security-Policy"] == f"{POLICY}; style-src-attr 'unsafe-inline'"

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil"])
    def test_another_host_name_is_refused_without_a_page(self, sqlite_client: FlaskClient, host: str) -> None:
        answer = sqlite_client.get("/", headers={"Host": host})
        assert answer.status_code == 400
        assert host not in answer.text


class TestForms:
    WORDS = "Đống rác lớn ven suối, mùi rất nặng, đã ba ngày nay."

    def test_without_its_token_a_form_is_refused_and_its_text_kept(self, guarded: FlaskClient) -> None:
        answer = guarded.post("/reports/new", data={"words": self.WORDS, "csrf_token": "old"})
        assert answer.status_code == 400
        assert "<h1>" in answer.text
        assert self.WORDS in answer.text
        assert "<form method=\"post\" action=\"/reports/new\"" not in answer.text

    def test_a_form_of_ours_may_be_sent_again(self, guarded: FlaskClient) -> None:
        answer = guarded.post("/reports/new", data={"words": self.WORDS}, headers={"Sec-Fetch-Site": "same-origin"})
        assert '<form method="post" action="/reports/new"' in answer.text
        again = guarded.post("/reports/new", data={"words": hidden(answer.text, "words"), "csrf_token": hidden(answer.text, "csrf_token")})
        assert again.status_code == 422
        assert self.WORDS in again.text

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    def test_a_form_of_others_is_not_offered_again(self, guarded: FlaskClient, site: str) -> None:
        answer = guarded.post("/reports/new", data={"words": self.WORDS}, headers={"Sec-Fetch-Site": site})
        assert "csrf_token" not in answer.text

    def test_passwords_and_secrets_are_not_shown_again(self, guarded: FlaskClient) -> None:
        answer = guarded.post("/sign-in", data={"password": "p" * 40, "secret": "s" * 40}, headers={"Sec-Fetch-Site": "same-origin"})
        assert "p" * 40 not in answer.text
        assert "s" * 40 not in answer.text

    @pytest.mark.parametrize("path", ["/account/password", "/account/password-removal"])
    def test_the_present_password_is_not_shown_by_the_page_that_says_the_session_has_ended(self, guarded: FlaskClient, path: str) -> None:
        """Neither where the token has ended, nor where the person is not signed in any more."""
        typed = {"present": "Mật khẩu bí mật 2026!", "password": "Một câu dài hơn 17", "password_again": "Một câu dài hơn 17"}
        old = guarded.post(path, data=typed, headers={"Sec-Fetch-Site": "same-origin"})
        token = hidden(guarded.get("/sign-in").text, "csrf_token")
        ended = guarded.post(path, data={**typed, "csrf_token": token})
        assert (old.status_code, ended.status_code) == (400, 401)
        for answer in (old, ended):
            assert not [value for value in typed.values() if value in words_of(answer) or value in answer.text]

    def test_a_recovery_code_is_not_shown_by_the_page_that_says_the_form_has_waited_too_long(self, guarded: FlaskClient) -> None:
        answer = guarded.post("/sign-in/second", data={"recovery": "K7PX-92MD-Q4RT"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 400
        assert "K7PX" not in answer.text

    def test_with_its_token_a_form_is_taken(self, guarded: FlaskClient) -> None:
        token = hidden(guarded.get("/sign-in").text, "csrf_token")
        assert guarded.post("/sign-in", data={"csrf_token": token, "login": "x", "password": "y"}).status_code == 422

    def test_a_token_has_no_end_of_its_own(self, sqlite_app: Flask) -> None:
        assert sqlite_app.config["WTF_CSRF_TIME_LIMIT"] is None

    def test_a_token_of_another_browser_is_refused(self, guarded: FlaskClient) -> None:
        token = hidden(guarded.get("/sign-in").text, "csrf_token")
        other = client_of(guarded.application)
        other.get("/sign-in")
        assert other.post("/sign-in", data={"csrf_token": token, "login": "x", "password": "y"}).status_code == 400

    def test_signing_in_makes_old_tokens_worthless(self, guarded: FlaskClient) -> None:
        build.standard_world()
        token = hidden(guarded.get("/sign-in").text, "csrf_token")
        assert guarded.post("/sign-in", data={"csrf_token": token, "login": "operator", "password": build.PASSWORD}).status_code == 302
        assert guarded.post("/sign-out", data={"csrf_token": token}).status_code == 400

    def test_what_was_sent_by_somebody_not_signed_in_any_more_is_kept(self, sqlite_client: FlaskClient) -> None:
        answer = sqlite_client.post("/tasks/abc", data={"words": self.WORDS})
        assert answer.status_code == 401
        assert self.WORDS in answer.text
        assert "/sign-in?next=/tasks/abc" in answer.text

    def test_too_much_is_said_to_be_too_much(self, sqlite_app: Flask) -> None:
        sqlite_app.config["MAX_CONTENT_LENGTH"] = 1000
        answer = client_of(sqlite_app).post("/sign-in", data={"login": "x" * 2000})
        assert answer.status_code == 413
        assert "15 MB" in answer.text

    def test_a_form_full_of_photos_fits(self, sqlite_config: Config, sqlite_app: Flask) -> None:
        assert sqlite_app.config["MAX_CONTENT_LENGTH"] > 10 * sqlite_config.max_photo_bytes


class TestFailures:
    @pytest.mark.exhaustive(but=2)
    @pytest.mark.parametrize(
        ("error", "status", "words"),
        [
            (CaseworkError("Hồ sơ đã khóa.", "The case is locked."), 422, "Hồ sơ đã khóa."),
            (NotAllowed(), 403, "403"),
            (TaskAlreadyDone("Chị Mẫu đã làm lúc 09:12.", "Ms Mẫu did it at 09:12."), 409, "Chị Mẫu đã làm lúc 09:12."),
            (StaleDataError(SECRET_WORDS), 409, "409"),
            (OperationalError("UPDATE", {}, Exception("database is locked")), 503, "503"),
            (RuntimeError(SECRET_WORDS), 500, "500"),
            (OperationalError("SELECT", {}, Exception(SECRET_WORDS)), 500, "500"),
        ],
    )
    def test_each_kind_has_its_page(self, sqlite_app: Flask, error: Exception, status: int, words: str) -> None:
        answer = view_that(sqlite_app, error).get("/test")
        assert answer.status_code == status
        assert words in words_of(answer)
        assert SECRET_WORDS not in answer.text

    def test_the_failure_page_names_the_request(self, sqlite_app: Flask) -> None:
        answer = view_that(sqlite_app, RuntimeError()).get("/test", headers={"X-Request-Id": "given-by-proxy-1"})
        assert answer.headers["X-Request-Id"] == "given-by-proxy-1"
        assert "given-by-proxy-1" in answer.text

    def test_the_failure_page_needs_no_database(self, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_database(*_: object, **__: object) -> None:
            raise OperationalError("SELECT", {}, Exception("unable to open database file"))

        client = view_that(sqlite_app, "unused")
        monkeypatch.setattr(db.session, "scalar", no_database)
        monkeypatch.setattr(db.session, "scalars", no_database)
        assert client.get("/").status_code == 500

    def test_a_database_that_goes_away_below_the_bar_of_a_page_is_a_pause_and_no_failure(
        self, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone_once() -> tuple[list[NavigationEntry], list[NavigationEntry]]:
            if not asked:
                asked.append(True)
                raise OperationalError("SELECT", {}, Exception("database is locked"))
            return [], []

        asked: list[bool] = []
        client = view_that(sqlite_app, lambda: render_template_string("{% for entry in navigation %}{{ entry.words }}{% endfor %}"))
        assert "Trang chủ" in client.get("/test").text
        monkeypatch.setattr("web.navigation._citizen_entries", gone_once)
        assert client.get("/test").status_code == 503


    @pytest.mark.parametrize("refusal", [NotAllowed(), NotFound(), TaskAlreadyDone("Đã làm.", "Done."), CaseworkError("Không.", "No.")])
    def test_a_database_that_goes_away_below_a_page_of_refusal_is_a_pause_and_no_failure(
        self, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, refusal: Exception
    ) -> None:
        def gone() -> None:
            raise NoConnection

        client = view_that(sqlite_app, refusal)
        assert client.get("/test").status_code in (403, 404, 409, 422)
        monkeypatch.setattr("web.navigation._citizen_entries", gone)
        answer = client.get("/test")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")


class TestLog:
    def test_a_line_says_what_happened_and_not_to_whom(self, sqlite_app: Flask) -> None:
        build.standard_world()
        client = client_of(sqlite_app)
        client.post("/sign-in", data={"login": "operator", "password": build.PASSWORD})
        with logged() as lines:
            client.get("/cases/somewhere?q=Nguyen+Van+Mat")
        line = json.loads(lines.getvalue())
        assert (line["method"], line["route"], line["status"], line["network"]) == ("GET", "/cases/<ref>", 404, "127.0.0.0/24")
        assert len(line["account"]) == 16
        assert line["statements"] > 0
        assert line["ms"] > 0
        assert "Mat" not in lines.getvalue()
        assert "somewhere" not in lines.getvalue()

    def test_a_failure_is_logged_with_its_place_and_without_its_text(self, sqlite_app: Flask) -> None:
        client = view_that(sqlite_app, ValueError(SECRET_WORDS))
        with logged() as lines:
            client.post("/test", data={"name": SECRET_WORDS})
        failure = json.loads(lines.getvalue().splitlines()[0])
        assert failure["errors"] == ["ValueError"]
        assert "test_security.py" in failure["where"][-1]
        assert SECRET_WORDS not in lines.getvalue()

    def test_what_befell_a_way_in_stands_in_its_line_in_fixed_words(self, sqlite_app: Flask) -> None:
        build.standard_world()
        sqlite_app.config["WTF_CSRF_ENABLED"] = False
        client = client_of(sqlite_app)
        noted = []

        def note(answer: object) -> None:
            noted.append(json.loads(lines.getvalue().splitlines()[-1]).get("security"))

        with logged() as lines:
            note(client.post("/sign-in", data={"login": "operator", "password": SECRET_WORDS}))
            note(client.post("/sign-in", data={"login": "operator", "password": build.PASSWORD}))
            note(client.post("/track", data={"code": "LD-2026-000001", "secret": "ABCD-EFGH-JKLM"}))
            note(client.get("/settings/people"))
            note(client.post("/sign-out"))
            note(client.post("/tasks/abc", data={"name": SECRET_WORDS}))
            note(client.get("/", headers={"Host": "evil.example"}))
            note(client.get("/"))
        assert noted == [["sign-in refused"], ["session opened: password"], ["tracking secret refused"], ["not allowed"], ["session ended"],
                         ["not signed in"], ["unknown host"], None]  # fmt: skip
        assert SECRET_WORDS not in lines.getvalue()

    def test_nobody_writes_a_second_line_into_the_log(self, sqlite_client: FlaskClient) -> None:
        with logged() as lines:
            forged = {"X-Request-Id": "forged-1%0aforged", "User-Agent": "a\u2028b"}
            sqlite_client.get("/%0a%7b%22what%22%3a%22forged%22%7d", headers=forged)
        [line] = lines.getvalue().splitlines()
        assert "forged" not in line

    def test_a_failing_statement_keeps_its_parameters_to_itself(self, app: Flask) -> None:
        with pytest.raises(Exception, match="hide_parameters"):
            db.session.execute(db.text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": SECRET_WORDS})

    @pytest.mark.parametrize("given", ["x", "with space 123", "<script>alert(1)</script>", "a" * 65])
    def test_a_strange_request_id_is_replaced(self, sqlite_client: FlaskClient, given: str) -> None:
        assert sqlite_client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] != given

    @pytest.mark.parametrize(
        ("address", "network"),
        [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1::/48"), ("::ffff:203.0.113.77", "203.0.113.0/24"),
         (None, "unknown"), ("nonsense", "unknown")],
    )  # fmt: skip
    def test_addresses_are_cut(self, address: str | None, network: str) -> None:
        assert network_of(address) == network


class TestLanguages:
    def test_pages_are_vietnamese_unless_a_browser_asks_for_english_and_not_for_vietnamese(self, sqlite_client: FlaskClient) -> None:
        for asked, language in {"": "vi", "vi": "vi", "fr, de": "vi", "en-GB, vi;q=0.3": "vi", "en": "en", "fr, en;q=0.5": "en"}.items():
            headers = {"Accept-Language": asked} if asked else {}
            assert f'<html lang="{language}"' in sqlite_client.get("/sign-in", headers=headers).text, asked

    def test_a_choice_outlives_the_browsers_session(self, sqlite_client: FlaskClient) -> None:
        answer = sqlite_client.post("/language", data={"code": "en"})
        assert any(line.startswith("langbiang_language=en") and "Max-Age" in line for line in answer.headers.getlist("Set-Cookie"))
        sqlite_client.delete_cookie("langbiang_state")
        assert '<html lang="en"' in sqlite_client.get("/sign-in").text

    def test_what_caches_keep_for_good_brings_nobody_a_language(self, sqlite_client: FlaskClient) -> None:
        sqlite_client.post("/language", data={"code": "en"})
        style = re.search(r'href="(/static/[^"]+\?v=[0-9a-f]+)"', sqlite_client.get("/sign-in").text)
        assert style is not None
        sqlite_client.delete_cookie("langbiang_language")
        kept = sqlite_client.get(style[1])
        assert ("immutable" in kept.headers["Cache-Control"], kept.headers.getlist("Set-Cookie")) == (True, [])
        assert '<html lang="en"' in sqlite_client.get("/sign-in").text, "the choice itself stays"

    def test_marks_stand_around_every_translated_text(self, sqlite_app: Flask) -> None:
        from web.locales import in_reader_language

        sqlite_app.config["PSEUDO_LOCALE"] = True
        page = client_of(sqlite_app).get("/sign-in").text
        assert "⟦Đăng nhập⟧" in page
        with sqlite_app.test_request_context():
            assert in_reader_language(Bilingual("Xã Lát", "Lát Commune")) == "⟦Xã Lát⟧"
            assert in_reader_language("Nguyễn Văn Mẫu") == "Nguyễn Văn Mẫu"

    def test_no_other_mark_is_left_behind(self, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
        assert "⟦" not in sqlite_client.get("/sign-in").text


class TestKeys:
    def test_a_new_installation_gets_keys(self, sqlite_config: Config, sqlite_app: Flask) -> None:
        assert sqlite_config.keyring.exists()
        assert sqlite_config.keyring.stat().st_mode & 0o077 == 0

    @pytest.mark.usefixtures("app")
    def test_without_the_keys_of_sealed_rows_nothing_starts(self, config: Config) -> None:
        build.standard_world()
        config.keyring.rename(config.keyring.with_name("elsewhere.json"))
        with pytest.raises(StartRefused, match=r"There is no key file .* sealed with the key “k[0-9a-f]{8}”"):
            web.create_app(config)
        assert not config.keyring.exists()

    @pytest.mark.usefixtures("app")
    def test_with_other_keys_nothing_starts(self, config: Config, tmp_path: Path) -> None:
        from casework.sealing.keyring import Keyring

        build.standard_world()
        config.keyring.unlink()
        Keyring.create(config.keyring)
        with pytest.raises(StartRefused, match="does not hold the key"):
            web.create_app(config)

    def test_a_damaged_key_file_is_said_to_be_damaged(self, sqlite_config: Config) -> None:
        sqlite_config.keyring.write_text("{}")
        with pytest.raises(StartRefused, match="damaged"):
            web.create_app(sqlite_config)

    @pytest.fixture(autouse=True)
    def _no_keys_afterwards(self) -> Iterator[None]:
        yield
        use_keyring(None)


def test_an_address_with_a_nul_is_not_found(app: Flask) -> None:
    addresses = ("/verify/%00", "/verify/a%00b", "/transparency/yearbook?centre=%00", "/cases/%00", "/mine/%00", "/%00")
    assert [client_of(app).get(address).status_code for address in addresses] == [404] * len(addresses)


def test_a_nul_in_a_form_or_in_json_is_refused_in_words_and_what_was_typed_is_shown_again(app: Flask) -> None:
    build.standard_world()
    app.config["WTF_CSRF_ENABLED"] = True
    browser = client_of(app)
    token = hidden(browser.get("/sign-in").text, "csrf_token")
    fields = {"csrf_token": token, "words": "Rác ven suối \0 Đạ Nghịt, cạnh cầu treo", "password": SECRET_WORDS}
    for sent in (fields, {**fields, "words": "Rác ven suối Đạ Nghịt, cạnh cầu treo", "bo\0ok": "x"},
                 {**fields, "words": "Rác ven suối Đạ Nghịt, cạnh cầu treo", "photos": (io.BytesIO(b"x"), "a\0.jpg")}):  # fmt: skip
        answer = browser.post("/reports/new", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert "ký tự không lưu được" in answer.text
        assert "Rác ven suối" in answer.text, "nothing is lost"
        assert "\0" not in answer.text
        assert SECRET_WORDS not in answer.text
    # a form that needs no token, and what a host sends as bytes, whatever it calls them
    assert browser.post("/unsubscribe?token=x", data={"List-Unsubscribe": "One\0Click"}).status_code == 422
    form = "application/x-www-form-urlencoded"
    with app.test_request_context("/hand-over/tickets", method="POST", data=b"a.b.c", content_type=form):
        app.full_dispatch_request()
        assert request.get_data() == b"a.b.c"
    with app.test_request_context("/x", method="POST", json={"keys": [{"auth": "a\0"}]}):
        assert sent_json() is None
    with app.test_request_context("/x", method="POST", json={"keys": [{"auth": "a\\u0000"}]}):
        assert sent_json() == {"keys": [{"auth": "a\\u0000"}]}
    modules = Path(web.__file__).parent.rglob("*.py")
    readers = {path.name for path in modules if re.search(r"\.get_json\(|request\.json\b", path.read_text("utf-8"))}
    assert readers == {"security.py"}, "JSON is read in one place, which refuses a NUL"


def test_no_password_field_is_shown_again_by_an_error_page() -> None:
    """Of the forms of every module, and of those that templates write by hand."""
    modules, pages = ("\n".join(path.read_text("utf-8") for path in Path(web.__file__).parent.rglob(kind)) for kind in ("*.py", "*.html"))
    declared = set(re.findall(r"^    (\w+) = PasswordField\(", modules, re.M))
    inputs = re.findall(r"<input[^>]*type=\"password\"[^>]*>", pages)
    written = {name for each in inputs for name in re.findall(r' name="(\w+)"', each)}
    assert {"password", "password_again", "present"} <= declared
    assert {"password", "present", "again_password"} <= written
    for name in declared | written | {"recovery", "digits", "again_code"}:
        with Flask("form").test_request_context(method="POST", data={name: SECRET_WORDS, "words": "Rác ven suối"}):
            assert errors.kept_fields() == [("words", "Rác ven suối")], name


def test_the_log_of_a_process_long_gone_is_deleted_by_the_sweep(app: Flask) -> None:
    folder = Path(app.config["DATA"]) / "log"
    folder.mkdir(exist_ok=True)
    old, young = folder / "worker-1.jsonl.2", folder / "worker-2.jsonl"
    for path, days in ((old, request_log.LOG_DAYS + 1), (young, request_log.LOG_DAYS - 1)):
        path.touch()
        written = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (written, written))
    sweep(app, NOW)
    assert not old.exists()
    assert young.exists()
