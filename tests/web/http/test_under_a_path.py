"""An installation that a proxy serves under a path of its host: no address leaves that path out, and every way back leads back."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urldefrag, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import Client, TestResponse

from casework.messages.rendering import Page
from tests import build
from tests.conftest import client_of, environment_of, prepare_schema, running
from tests.web.desk import Office
from tests.web.offline.test_offline_api import worker_run
from tests.web.pages import hidden
from web.accounts.notification_preferences import unsubscribe_link
from web.config import Config
from web.documents.making import verify_url
from web.gateways.opening import page_addresses
from web.http.security import own_address

ROOT = "/phan-anh"
HERE = {"REMOTE_ADDR": "127.0.0.1"}
HOST = "https://lamdong.example.vn"
ROLES = ("", "citizen", "operator", "ops_lead", "administrator", "process_approver", "officer_PTNMT")
MOST = 25
"""Pages of one role."""

NO_PAGE = re.compile(r"/(static|language|comfort|sign-out)\b|\.(csv|xlsx|json|geojson|atom|png|pdf)\b")
BACK = ("next", "back", "to")


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    sqlite_app.config.update(APPLICATION_ROOT=ROOT, BASE_URL=HOST + ROOT)
    return Office(sqlite_app)


@contextmanager
def served(folder: Path) -> Iterator[Flask]:
    """An installation whose settings name the path."""
    config = Config.from_environment(environment_of(folder) | {"LANGBIANG_BASE_URL": f"{HOST}{ROOT}/"})
    prepare_schema(config)
    with running(config) as app:
        build.standard_world()
        yield app


def is_ours(address: str) -> bool:
    """Whether an address of this host has the path in front, once, and so has every way back within it."""
    if address.startswith(HOST):
        address = address.removeprefix(HOST)
    elif not address.startswith("/") or address.startswith("//"):
        return True
    parts = urlsplit(address)
    within = [value for name, value in parse_qsl(parts.query) if name in BACK]
    return f"{parts.path}/".startswith(f"{ROOT}/") and not parts.path.startswith(ROOT * 2) and all(map(is_ours, within))


def addresses(page: str) -> Iterator[tuple[str, str]]:
    """What a page names by an address: in attributes, in data for scripts, and in fields that lead back."""
    document = html.fromstring(page)
    for element in document.iter("*"):
        for name, value in element.items():
            leads_back = name == "value" and element.get("name") in BACK
            if name in ("href", "src", "action", "formaction", "poster", "content") or name.startswith(("data-", "hx-")) or leads_back:
                yield f"{element.tag} {name}", value
                yield from ((f"in {element.tag} {name}", each) for each in re.findall(r'"(/[a-z][^"]*)"', value))
        if element.tag == "script" and element.text:
            yield from (("in script", each) for each in re.findall(r'"(/[a-z][^"]*)"', element.text))


def follow(browser: FlaskClient, address: str | None) -> TestResponse:
    """Open an address as it stands on a page: the test's client puts the path in front itself."""
    assert address is not None
    assert is_ours(address), address
    return browser.get(address.removeprefix(ROOT))


def link(page: str, words: str) -> str:
    return next(str(each.get("href")) for each in html.fromstring(page).iter("a") if each.text_content().strip() == words)


@pytest.mark.exhaustive
def test_no_page_names_an_address_outside_the_path(office: Office) -> None:
    world = office.world
    for state in ("to_verify", "handling", "approval", "closed"):
        build.case_at(world, state)
    faults, opened = set[str](), 0
    for name in ROLES:
        browser = office.browser(name) if name else client_of(office.app)
        waiting, seen = [f"{ROOT}/", *(f"{ROOT}/{each}" for each in ("inbox", "reports", "settings", "dashboard", "nowhere"))], set[str]()
        while waiting and len(seen) < MOST:
            address = waiting.pop(0)
            if address in seen:
                continue
            seen.add(address)
            answer = browser.get(address.removeprefix(ROOT))
            if not is_ours(answer.location or ""):
                faults.add(f"{name}: {address} leads to {answer.location}")
            if answer.mimetype != "text/html" or not answer.text.strip():
                continue
            opened += 1
            for where, each in addresses(answer.text):
                if not is_ours(each):
                    faults.add(f"{name}: {where}={each} on {address}")
                elif where == "a href" and each.startswith(ROOT) and not NO_PAGE.search(each):
                    waiting.append(urldefrag(each).url)
    assert sorted(faults) == []
    assert opened > 10 * len(ROLES)


@pytest.mark.parametrize("path", ["/reports.atom", "/reports.json", "/reports.csv", "/sitemap.xml", "/robots.txt", "/manifest.webmanifest"])
def test_no_file_names_an_address_outside_the_path(office: Office, path: str) -> None:
    build.case_at(office.world, "closed")
    said = client_of(office.app).get(path).text
    named = [*re.findall(rf"{HOST}[^\s\"'<>,]*", said), *re.findall(r'"(/(?!>)[^"]*)"', said)]
    assert named
    assert [each for each in named if not is_ours(each)] == []


def test_after_signing_in_one_is_where_one_wanted_to_be(office: Office) -> None:
    guest = client_of(office.app)
    asked = guest.get("/inbox?view=late")
    (wanted,) = html.fromstring(follow(guest, asked.location).text).xpath("//form[.//input[@name='login']]//input[@name='next']/@value")
    answer = guest.post("/sign-in", data={"login": "operator", "password": build.PASSWORD, "next": wanted})
    assert answer.location == f"{ROOT}/inbox?view=late"
    assert follow(guest, answer.location).status_code == 200


def test_who_changes_the_language_or_the_size_of_the_text_stays_on_the_page(office: Office) -> None:
    guest = client_of(office.app)
    page = guest.get("/reports?state=answered").text
    answer = follow(guest, link(page, "English"))
    assert answer.location == f"{ROOT}/reports?state=answered"
    assert "Tiếng Việt" in follow(guest, answer.location).text
    answer = guest.get("/comfort", query_string={"next": hidden(page, "next"), "text": "bigger"})
    assert answer.location == f"{ROOT}/reports?state=answered"


def test_a_refused_form_can_be_sent_again(office: Office) -> None:
    office.app.config["WTF_CSRF_ENABLED"] = True
    guest = client_of(office.app)
    typed = {"contact": "", "words": "Rác ven suối"}
    refused = guest.post("/reports/new?area=x", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    assert refused.status_code == 400
    (form,) = html.fromstring(refused.text).xpath("//main//form[@method='post']")
    assert form.get("action") == f"{ROOT}/reports/new?area=x"
    again = guest.post(form.get("action").removeprefix(ROOT), data=dict(form.form_values()))
    assert (again.status_code, "Rác ven suối" in again.text) == (422, True), "the form with what is missing"


def test_who_is_signed_out_goes_on_where_they_were(office: Office) -> None:
    answer = client_of(office.app).post("/account/password", data={"present": "x"})
    assert answer.status_code == 401
    (sign_in,) = html.fromstring(answer.text).xpath("//main//a[contains(@class, 'btn-primary')]/@href")
    assert sign_in == f"{ROOT}/sign-in?next={ROOT}/account/password"


def test_from_the_inbox_a_step_is_claimed_and_one_is_back_at_the_same_view(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    page = office.get("operator", "/inbox?order=oldest").text
    step = build.waiting(case, "verify").ref
    (form,) = html.fromstring(page).xpath(f"//form[@action='{ROOT}/tasks/{step}/claim']")
    assert form.fields["back"] == f"{ROOT}/inbox?order=oldest"
    answer = office.post("operator", f"/tasks/{step}/claim", **dict(form.form_values()))
    assert answer.location.partition("#")[0] == f"{ROOT}/inbox?order=oldest"
    opened = office.get("operator", f"/tasks/{step}?back={ROOT}/inbox?order=oldest").text
    assert f'href="{ROOT}/inbox?order=oldest#t-{step}"' in opened


@pytest.mark.parametrize("target", [ROOT, f"{ROOT}/", f"{ROOT}/inbox?view=late&q=a%20b", f"{ROOT}/reports/LD-2026-000001#answers",
                                    f"{ROOT}/search?q=../.."])  # fmt: skip
def test_addresses_under_the_path_are_followed(sqlite_app: Flask, target: str) -> None:
    sqlite_app.config["APPLICATION_ROOT"] = ROOT
    with sqlite_app.test_request_context("/"):
        assert own_address(target, "/home") == target


@pytest.mark.parametrize("target", [
    "/", "/inbox", f"{ROOT}-other/inbox", f"{ROOT}x", "/other", f"{ROOT}/../other", f"{ROOT}/a/../../other", f"{ROOT}/%2e%2E/other",
    f"{ROOT}/.%2e/other", f"{ROOT}/..%2fother", f"{ROOT}/..", f"//evil.example{ROOT}/", f"https://evil.example{ROOT}/",
    f"{ROOT}\\..\\other",
])  # fmt: skip
def test_nobody_is_sent_past_the_path(sqlite_app: Flask, target: str) -> None:
    sqlite_app.config["APPLICATION_ROOT"] = ROOT
    with sqlite_app.test_request_context("/"):
        assert own_address(target, "/home") == "/home"


def test_cookies_meant_for_some_pages_reach_them(office: Office) -> None:
    guest = client_of(office.app)
    answer = guest.post("/sign-in", data={"login": "operator", "password": build.PASSWORD, "next": ""})
    paths = {part for each in answer.headers.getlist("Set-Cookie") for part in each.split("; ") if part.startswith("Path=")}
    assert f"Path={ROOT}/sign-in" in paths
    assert paths <= {"Path=/", f"Path={ROOT}", f"Path={ROOT}/sign-in"}


def test_the_worker_keeps_and_answers_pages_under_the_path(office: Office, tmp_path: Path) -> None:
    said = worker_run(client_of(office.app).get("/sw.js").text, tmp_path, f"{ROOT}/")
    pages = [f"{ROOT}/offline?lang=vi", f"{ROOT}/offline/queue?lang=vi", f"{ROOT}/offline/away?lang=vi"]
    files = [f"{ROOT}/static/js/of.js?v=abc123", f"{ROOT}/static/css/of.css?v=def456"]
    assert sorted(said["kept"]) == sorted([*pages, *files])


def test_the_setting_names_the_path_for_pages_messages_and_letters(tmp_path: Path) -> None:
    with served(tmp_path) as app:
        address, letter = page_addresses(app), type("Letter", (), {"ref": "xyz"})()
        assert address(Page.CASE, "abc") == f"{HOST}{ROOT}/cases/abc"
        assert address(Page.TRACK, "") == f"{HOST}{ROOT}/track?code="
        assert unsubscribe_link("account:1") == f"{HOST}{ROOT}/account/messages"
        assert verify_url(app, letter) == f"{HOST}{ROOT}/verify/xyz"
        # as a server passes it on: no client of Flask, which would put the path in front itself
        outside = Client(app.wsgi_app)
        for path in (f"{ROOT}/inbox", "/inbox"):
            asked = outside.get(path, base_url=HOST)
            assert asked.location == f"{ROOT}/sign-in?next={ROOT}/inbox", "whether the proxy leaves the path in or takes it off"
        assert outside.get(ROOT, base_url=HOST).location == f"{HOST}{ROOT}/"
        assert outside.get(f"{ROOT}er/inbox", base_url=HOST).status_code == 404
        assert outside.get("/readyz", base_url="http://127.0.0.1:8080").json["status"] == "ok"
        assert outside.get(f"{ROOT}/metrics", base_url="http://10.0.0.7:8080", environ_base=HERE).status_code == 200
