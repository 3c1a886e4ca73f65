"""The OpenAPI of the last release is kept in docs/openapi-v1.json: today's takes nothing of it back."""
from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask

from casework.local_time import local_day
from tests.web.api.asked import opened
from tests.web.api.kept import taken_back
from web.api.openapi import openapi
from web.api.routes import ROUTES, Going
from web.api.views import bp

FILE = Path(__file__).parents[3] / "docs" / "openapi-v1.json"
LIST, ONE, ANSWER = "/assignments", "/assignments/{ref}", "/assignments/{ref}/submit_answer"


def today() -> dict[str, Any]:
    assert bp is not None
    found: dict[str, Any] = json.loads(msgspec.json.encode(openapi("https://phananh.example")))
    return found


def test_today_takes_nothing_back_of_the_last_release() -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert taken_back(kept, today(), on=str(local_day(datetime.now(UTC)))) == [], "docs/api.md says what to do: /api/v2, or announce it"


def body(document: Any) -> Any:
    return document["paths"][ANSWER]["post"]["requestBody"]["content"]["application/json"]["schema"]


def drop_address(document: Any) -> None:
    del document["paths"][ONE]


def drop_member(document: Any) -> None:
    del document["components"]["schemas"]["Assignment"]["properties"]["code"]


def drop_filter(document: Any) -> None:
    document["paths"][LIST]["get"]["parameters"] = [
        each for each in document["paths"][LIST]["get"]["parameters"] if each["name"] != "state"
    ]


def need_member(document: Any) -> None:
    body(document)["required"].append("no_photo_reason")


def need_parameter(document: Any) -> None:
    document["paths"][LIST]["get"]["parameters"].append({"name": "new", "in": "query", "required": True, "schema": {"type": "string"}})


def shorten(document: Any) -> None:
    body(document)["properties"]["findings"]["maxLength"] -= 1


def tell_null(document: Any) -> None:
    document["components"]["schemas"]["Assignment"]["properties"]["code"]["type"] = ["string", "null"]


def narrow_values(document: Any) -> None:
    of_slot = next(each for each in document["paths"][LIST]["get"]["parameters"] if each["name"] == "slot")
    of_slot["schema"]["enum"] = of_slot["schema"]["enum"][:1]


@pytest.mark.parametrize("change", [
    drop_address, drop_member, drop_filter, need_member, need_parameter, shorten, tell_null, narrow_values,
])  # fmt: skip
def test_what_would_break_a_program_is_found(change: Callable[[Any], None]) -> None:
    before = today()
    after = deepcopy(before)
    change(after)
    assert len(taken_back(before, after)) >= 1


def test_what_is_added_breaks_nothing() -> None:
    before = today()
    after = deepcopy(before)
    after["paths"]["/new"] = after["paths"][LIST]
    after["components"]["schemas"]["Assignment"]["properties"]["new"] = {"type": "string"}
    after["paths"][LIST]["get"]["parameters"].append({"name": "new", "in": "query", "required": False, "schema": {"type": "string"}})
    body(after)["properties"]["findings"]["maxLength"] += 1
    assert taken_back(before, after) == []


def test_what_goes_says_so_in_every_answer_and_in_openapi(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    house = opened(sqlite_app)
    before = house.get("/people")
    assert not {"Deprecation", "Sunset"} & set(before.headers.keys())
    going = Going(date(2026, 3, 1), date(2027, 3, 1))
    routes = [replace(route, goes=going) if route.name == "people" else route for route in ROUTES]
    for module in ("routes", "openapi"):
        monkeypatch.setattr(f"web.api.{module}.ROUTES", routes)
    for answer in (house.get("/people"), house.get("/people", no_such="1"), house.get("/people", key="")):
        assert (answer.headers["Deprecation"], answer.headers["Sunset"]) == ("@1772298000", "Sun, 28 Feb 2027 17:00:00 GMT")
        assert answer.headers["Link"].endswith('/api#people>; rel="deprecation"; type="text/html"')
    assert "Deprecation" not in house.get("/fields").headers
    told = today()
    assert (told["paths"]["/people"]["get"]["deprecated"], told["paths"]["/people"]["get"]["x-sunset"]) == (True, "2027-03-01")
    later = deepcopy(told)
    del later["paths"]["/people"]
    assert taken_back(told, later, on="2027-02-28") == ["GET /people: removed"]
    assert taken_back(told, later, on="2027-03-01") == []
    with pytest.raises(ValueError, match="less than"):
        Going(date(2026, 3, 1), date(2027, 2, 28))
