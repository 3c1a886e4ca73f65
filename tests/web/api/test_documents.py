"""The examples of docs/api.md are sent as they stand; OpenAPI is valid and names every route; the reference tells every field."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import validate

from casework.db import unit_of_work
from casework.doors.fields.told import Thing
from casework.doors.gates import OPEN_DOOR, Door, setting_of
from casework.doors.webhooks.kinds import Thing as WebhookThing
from casework.doors.webhooks.kinds import types_of
from casework.permissions import Action, actor_for
from casework.settings.value_changes import set_value
from tests import build, service_accounts
from tests.web.api.asked import House, assignment_of, opened
from tests.web.pages import at
from web.api.front import OPEN311_ADDRESSES
from web.api.openapi import path_of, things_of
from web.api.routes import ROUTES
from web.commands.openapi import openapi

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"
PAIR = re.compile(r"```http\n(.*?)```\s*```text\n(\d{3})", re.DOTALL)


@pytest.fixture
def house(sqlite_app: Flask) -> House:
    return opened(sqlite_app)


def test_the_examples_are_answered_as_the_document_says(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    at(house.app, build.next_moment(case))
    path = f"/assignments/{assignment_of(case).ref}"
    given = {"key": house.key, "assignment": assignment_of(case).ref, "case": case.ref, "officer": house.world.people["officer_PTNMT"].ref,
             "etag": house.get(path).headers["ETag"],
             "filing key": service_accounts.made(house.world, Action.FILE_REPORT, agency=None, name="Ứng dụng thành phố")[1]}  # fmt: skip
    pairs = PAIR.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(pairs) >= 9
    for text, status in pairs:
        for name, value in (*given.items(), ("etag now", house.get(path).headers["ETag"])):
            text = text.replace(f"{{{name}}}", value)
        head, _blank, body = text.partition("\n\n")
        first, *lines = head.strip().split("\n")
        method, address = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        answer = house.ask(method, address, key="", headers=headers, data=body.encode())
        assert answer.status_code == int(status), (first, answer.get_data(as_text=True))


def test_openapi_is_valid_and_names_every_route(house: House) -> None:
    answer = house.get("/openapi.json", key="")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, no-cache")
    told = json.loads(answer.data)
    validate(told)
    assert {(path, method.upper()) for path, of_path in told["paths"].items() for method in of_path} == {
        (path_of(route), route.method) for route in ROUTES
    }  # fmt: skip
    for of_path in told["paths"].values():
        for operation in of_path.values():
            assert operation["x-vi"]["summary"]


def test_the_reference_tells_every_address_and_field_in_both_languages(house: House) -> None:
    for language in ("vi", "en"):
        page = house.get("/api", key="", headers={"Accept-Language": language})
        text = page.get_data(as_text=True)
        assert page.status_code == 200
        assert "//cdn" not in text
        for route in ROUTES:
            assert f'<h3 class="visually-hidden" id="{route.name}">{route.method} {path_of(route)}</h3>' in text
        for thing in things_of():
            assert isinstance(thing, Thing)
            assert all(f">{each.name}</code>" in text for each in thing.fields)


def test_the_page_for_developers_tells_of_open_doors_alone_and_of_every_address_behind_them(house: House) -> None:
    page = house.get("/api", key="").get_data(as_text=True)
    assert 'id="rest"' in page
    assert 'id="open311"' not in page
    assert 'id="webhooks"' not in page
    with house.app.app_context(), unit_of_work():
        by = actor_for(house.world.people["administrator"], now=build.NOON)
        for door in (Door.OPEN311, Door.WEBHOOKS):
            set_value(setting_of(door), OPEN_DOOR, by=by, now=build.NOON, reason="Mở cửa để thử.", centre_id=house.world.centre.id)
    page = house.get("/api", key="").get_data(as_text=True)
    assert all(f">{kind}</code>" in page for thing in WebhookThing for kind in types_of(thing))
    rules = {(method, rule.rule) for rule in house.app.url_map.iter_rules() if rule.endpoint.startswith("open311.")
             for method in (rule.methods or set()) & {"GET", "POST"} if "path:" not in rule.rule}  # fmt: skip
    assert {(method, f"/open311{path}.<form>") for method, path, _words in OPEN311_ADDRESSES} == rules


def test_the_command_writes_the_same_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGBIANG_DATA", str(tmp_path))
    out = tmp_path / "openapi.json"
    result = CliRunner().invoke(openapi, ["--out", str(out)])
    assert result.exit_code == 0, result.output
    validate(json.loads(out.read_text(encoding="utf-8")))
