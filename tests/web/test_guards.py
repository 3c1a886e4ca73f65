"""Guards that stand all over the program: no evaluation, no shell, no pattern that takes for ever, no field nobody asked for."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser

from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Case, Field, Report
from tests import build
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.test_packaging import ROOT
from tests.web.desk import Office
from tests.web.pages import at, hidden, signed_in

PACKAGES = ("benchmark", "casework", "workflows", "reports", "web")
NEVER_CALLED = {
    "eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads", "yaml.load",
    "render_template_string",
}  # fmt: skip
MAY_DRAW_BY_LOT = {
    "pictures.py", "scenery.py", "life.py", "life_ways.py", "crowd.py", "visitors.py", "arrivals.py", "patience.py", "jobs.py", "errors.py",
}  # fmt: skip
"""What draws invented pictures, years and loads, and spreads jobs and people told to come again over seconds: nothing of it has to be
beyond guessing."""
COMMON_LOT = {"random", "numpy.random"}

MOST_SECONDS = 0.5
"""For one pattern and one text of LENGTH signs, on a busy machine. A pattern whose time grows with the square of the text is far below it,
one with the cube or worse is far above."""
LENGTH = 1_000
HOSTILE = (
    "a", "A", "1", " ", ".", "-", "/", "{", "[", "*", "a ", "1.", "1 ", "a.", "Nguyễn ", "K'", "1/", "/*", "%%EOF", "số 1 ",
    "anh A ",
)  # fmt: skip


@cache
def parsed() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text("utf-8"))) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def called(function: ast.expr) -> str:
    """`re.compile` for what is called so; the last name alone of what is longer."""
    if isinstance(function, ast.Attribute):
        return f"{function.value.id}.{function.attr}" if isinstance(function.value, ast.Name) else function.attr
    return function.id if isinstance(function, ast.Name) else ""


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for path, tree in parsed():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, node, called(node.func)


@cache
def imported(tree: ast.Module) -> set[str]:
    return {name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""])}  # fmt: skip


# -- what the program is written with -----------------------------------------------------------------------------------


def test_no_shell_and_no_evaluation() -> None:
    found = [f"{path.name}:{call.lineno} {name}" for path, call, name in calls()
             if name in NEVER_CALLED or any(each.arg == "shell" for each in call.keywords) or name.endswith("from_string")]  # fmt: skip
    assert not found
    assert not [path.name for path, tree in parsed() if {"pickle", "marshal", "shelve"} & imported(tree)]


def test_no_secret_comes_from_a_common_lot() -> None:
    assert {path.name for path, tree in parsed() if COMMON_LOT & imported(tree)} <= MAY_DRAW_BY_LOT


def test_patterns_are_constants() -> None:
    """A pattern is a literal, or put together from constants of its module, never from what somebody typed."""
    for path, call, name in calls():
        if not name.startswith("re.") or not call.args:
            continue
        parts = [node.id for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)]
        assert all(part.strip("_").isupper() for part in parts), f"{path.name}:{call.lineno} {parts}"


def test_our_scripts_put_text_in_as_text() -> None:
    allowed = {"wallboard.js": 1, "map-base.js": 1}  # a part of our own page, and a reading of what was escaped
    risky = re.compile(r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|addEventListener\(\"message\"")
    found = {path.name: len(risky.findall(path.read_text("utf-8"))) for path in (ROOT / "web/static/js").rglob("*.js")}
    assert {name: number for name, number in found.items() if number} == allowed


def test_no_answer_opens_itself_to_other_origins_but_what_a_door_shows_to_anybody() -> None:
    """The door Open311 alone, for reading without a key (tests/web/open311/test_services.py): nothing of it depends on a cookie."""
    opening = [path.relative_to(ROOT).as_posix() for path, _ in parsed() if "Access-Control-Allow" in path.read_text("utf-8")]
    assert opening == ["web/open311/door.py"]


# -- patterns that meet people's texts ----------------------------------------------------------------------------------


def patterns() -> dict[str, re.Pattern[Any]]:
    """Every pattern of the packages: those kept in modules, also within rows, and those written where they are used."""
    found: dict[str, re.Pattern[Any]] = {}

    def take(place: str, value: Any) -> None:
        if isinstance(value, re.Pattern):
            found[place] = value
        elif isinstance(value, (tuple, list)):
            for number, each in enumerate(value):
                take(f"{place}[{number}]", each)
        elif isinstance(value, dict):
            take(place, list(value.values()))

    for path, tree in parsed():
        if "re" not in imported(tree):
            continue
        module: ModuleType = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
        for name, value in vars(module).items():
            take(f"{path.name}:{name}", value)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node.func).startswith("re.") and node.args and isinstance(node.args[0], ast.Constant):
                found[f"{path.name}:{node.lineno}"] = re.compile(node.args[0].value)
    return {place: pattern for place, pattern in found.items() if pattern.pattern}


def hostile_to(pattern: re.Pattern[Any]) -> Iterator[str | bytes]:
    """Long texts that nearly match: usual ones, and the pattern's own signs again and again, with an end nobody expects."""
    own = re.sub(
        r"\\[a-zA-Z]|[\\^$|?*+(){}\[\]]",
        "",
        str(pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")),
    )
    for piece in (*HOSTILE, own[:12] or "x", own[-12:] or "x"):
        text = (piece * LENGTH)[:LENGTH] + "\0!"
        yield text if isinstance(pattern.pattern, str) else text.encode()


def test_no_pattern_takes_for_ever() -> None:
    tried = patterns()
    assert len(tried) > 80
    slow = {}
    for place, pattern in tried.items():
        for text in hostile_to(pattern):
            begun = time.process_time()
            pattern.fullmatch(text)
            pattern.findall(text)
            if (took := time.process_time() - begun) > MOST_SECONDS:
                slow[place] = f"{took:.1f} s for {text[:20]!r}"
    assert not slow


# -- requests -----------------------------------------------------------------------------------------------------------


EXTRA = {
    "id": "1", "kind": "staff", "login": "administrator2", "role": "administrator", "roles": "administrator", "is_admin": "1",
    "account_id": "1", "created_at": "2000-01-01", "disabled_at": "2000-01-01", "must_change_password": "", "password_hash": "x",
    "ref": "x" * 16, "code": "LD-1999-000001", "state": "closed", "centre_id": "999", "case_id": "1", "reporter_id": "1",
    "full_name": "Người Khác", "phone_verified_at": "2000-01-01", "source": "camera", "filed_at": "2000-01-01", "filed_by_id": "1",
    "camera_id": "1", "seen_at": "2000-01-01", "secret_digest": "x" * 64, "device_id": "1", "is_public": "1", "closed_at": "2000-01-01",
    "sealed_identity": "x", "phone_digest": "x" * 64, "is_focal": "1", "valid_from": "2000-01-01", "valid_to": "2000-01-02",
}  # fmt: skip
WHY = {"reason": "Theo quyết định số 12"}


def test_fields_nobody_asked_for_reach_no_row(sqlite_app: Flask) -> None:
    """Sent along in the body and in the address: neither an account nor a report takes them."""
    world = build.standard_world()
    at(sqlite_app, build.NOON)
    client = client_of(sqlite_app)
    here = {
        "name": "Nguyễn Thị Thêm",
        "phone": "0933444555",
        "password": "mua-mua-dai-hon",
        "password_again": "mua-mua-dai-hon",
        "consent": "y",
    }
    known = set(db.session.scalars(select(Account.id)))
    assert client.post("/register", query_string=EXTRA | {"name": "Tên Trong Địa Chỉ"}, data=EXTRA | here).status_code == 302
    [account] = [each for each in db.session.scalars(select(Account)) if each.id not in known]
    assert (account.kind, account.login, account.full_name, account.disabled_at, account.phone_verified_at) == (
        "citizen",
        None,
        None,
        None,
        None,
    )
    assert account.created_at.year != 2000
    assert account.ref != EXTRA["ref"]
    fields = {"words": "Đống rác lớn ven suối, mùi rất nặng, đã ba ngày nay.", "consent": "y", "alike_seen": "y", "act": "send",
              "area": world.area.ref, "idempotency_key": hidden(client.get("/reports/new").text, "idempotency_key")}  # fmt: skip
    assert client.post("/reports/new", query_string=EXTRA, data=EXTRA | fields).status_code == 302
    report = db.session.scalars(select(Report)).one()
    assert (report.code, report.source, report.filed_at, report.centre_id, report.area_id) == (
        "LD-2026-000001", "citizen", build.NOON, world.centre.id, world.area.id,
    )  # fmt: skip
    assert (report.filed_by_id, report.camera_id, report.seen_at, report.device_id) == (None, None, None, None)
    assert not {report.ref, report.secret_digest} & set(EXTRA.values())
    assert report.reporter is not None
    assert report.reporter.account_id == account.id
    case = db.session.scalars(select(Case)).one()
    assert (case.state, case.centre_id, case.closed_at, case.is_public) == ("to_verify", world.centre.id, None, False)


def test_fields_nobody_asked_for_reach_no_person_and_no_rule(sqlite_app: Flask) -> None:
    """An administrator of one centre sends them too: who joins gets the role that was chosen, and a rule is that centre's from today."""
    office = Office(sqlite_app)
    world, other = office.world, second_world(office.world)
    more, known = EXTRA | {"centre_id": str(other.centre.id)}, set(db.session.scalars(select(Account.id)))
    agency = world.agencies["PTNMT"]
    person = {"login": "mai.tran", "full_name": "Trần Thị Mai", "seat": f"officer.{agency.ref}", **WHY}
    assert office.post("administrator", "/settings/people/new", **more | person).status_code == 200
    [mai] = [each for each in db.session.scalars(select(Account)) if each.id not in known]
    ref, password = mai.ref, mai.password_hash
    assert (mai.kind, mai.login, mai.created_at, mai.disabled_at, mai.phone_verified_at, mai.phone_digest, mai.sealed_identity) == (
        "staff", "mai.tran", build.NOON, None, None, None, None,
    )  # fmt: skip
    assert mai.must_change_password
    assert not {ref, password} & set(EXTRA.values())
    assert roles_of(mai) == [("officer", None, agency.id, False)]
    seen = hidden(office.get("administrator", f"/settings/people/{ref}").text, "seen")
    changed = {"act": "change", "full_name": "Trần Thị Mai Anh", "seen": seen, **WHY}
    assert office.post("administrator", f"/settings/people/{ref}", **more | changed).status_code == 302
    db.session.expire_all()
    assert (mai.full_name, mai.login, mai.kind, mai.ref, mai.password_hash) == ("Trần Thị Mai Anh", "mai.tran", "staff", ref, password)
    assert mai.must_change_password
    assert roles_of(mai) == [("officer", None, agency.id, False)]

    rule = {"centre": world.centre.ref, "service_code": "thu_nghiem", "name_vi": "Tên thử", "name_en": "A trial", "position": "9", **WHY}
    assert office.post("administrator", "/settings/rules/field/new", **more | rule).status_code == 302
    [field] = db.session.scalars(select(Field).where(Field.service_code == "thu_nghiem"))
    today, number = local_day(build.NOON), field.id
    assert (field.centre_id, field.valid_from, field.valid_to) == (world.centre.id, today, None)
    seen = hidden(office.get("administrator", f"/settings/rules/field/{number}").text, "seen")
    changed = {"name_vi": "Tên khác", "name_en": "A trial", "position": "9", "act": "change", "seen": seen, **WHY}
    assert office.post("administrator", f"/settings/rules/field/{number}", **more | changed).status_code == 302
    db.session.expire_all()
    [field] = db.session.scalars(select(Field).where(Field.service_code == "thu_nghiem"))
    assert (field.id, field.name_vi, field.centre_id, field.valid_from, field.valid_to) == (
        number, "Tên khác", world.centre.id, today, None,
    )  # fmt: skip


def roles_of(account: Account) -> list[tuple[str, int | None, int | None, bool]]:
    return [(each.role, each.centre_id, each.agency_id, each.is_focal) for each in account.memberships]


def test_search_is_not_an_injection(sqlite_app: Flask) -> None:
    world = build.standard_world()
    client = signed_in(sqlite_app, client_of(sqlite_app), world.people["operator"], now=build.NOON)
    at(sqlite_app, build.NOON)
    for typed in ("' OR 1=1 --", '" OR "a"="a', "x') UNION SELECT password_hash FROM account --", "a* NEAR(b c)", "%", "\\"):
        for path in ("/reports", "/search", "/inbox"):
            answer = client.get(path, query_string={"q": typed})
            assert answer.status_code == 200
            assert "argon2" not in answer.text


@pytest.mark.parametrize(
    "body", ['{"login":"operator","password":["x"]}', '{"login":{"a":1}}', "[" * 20_000 + "]" * 20_000, '{"a":' * 20_000]
)
def test_json_is_no_form(sqlite_client: FlaskClient, body: str) -> None:
    """However deep: an address that takes a form finds none in it, and one that takes JSON finds nothing it knows."""
    for path in ("/sign-in", "/reports/new", "/track"):
        assert sqlite_client.post(path, data=body, content_type="application/json").status_code in (200, 422), path
    told = sqlite_client.post("/offline/token", data=body, content_type="application/json", headers={"X-Langbiang-Device": ""})
    assert told.status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH"])
def test_trace_is_not_answered(sqlite_client: FlaskClient, method: str) -> None:
    answer = sqlite_client.open("/sign-in", method=method, headers={"X-Own": "trace-me"})
    assert answer.status_code in (400, 405)
    assert "trace-me" not in answer.text


def test_every_answer_says_what_it_is(sqlite_client: FlaskClient) -> None:
    kinds = {}
    for path in ("/", "/nowhere", "/healthz", "/reports.csv", "/reports.json", "/reports.atom", "/static/css/citizen.css", "/sw.js"):
        with sqlite_client.get(path) as answer:
            kinds[path] = answer.headers["Content-Type"]
    assert all("charset=utf-8" in kind for path, kind in kinds.items() if kind.startswith("text/")), kinds
    assert kinds["/reports.json"].startswith("application/json")
    assert kinds["/reports.atom"].startswith("application/atom+xml")


def test_password_fields_name_themselves_to_password_managers(sqlite_client: FlaskClient) -> None:
    for path, purpose in (("/sign-in", "current-password"), ("/register", "new-password")):
        fields = re.findall(r"<input[^>]*type=\"password\"[^>]*>", sqlite_client.get(path).text)
        assert fields
        assert all(f'autocomplete="{purpose}"' in each for each in fields)


@pytest.mark.parametrize(
    "lengths", ["Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6", "Content-Length: +5", "Transfer-Encoding: xchunked"]
)
def test_two_lengths_in_one_request_are_refused(lengths: str) -> None:
    parser = HTTPRequestParser(Adjustments())
    parser.received(f"POST / HTTP/1.1\r\nHost: a\r\n{lengths}\r\n\r\nhello".encode())
    assert parser.error is not None
