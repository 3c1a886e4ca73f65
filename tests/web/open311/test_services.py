"""Open311: discovery, services and definitions, and how the door refuses, in both formats and languages."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import unit_of_work
from casework.models import ExtraQuestion
from casework.permissions import Action
from tests import build
from tests.conftest import client_of
from tests.second_centre import add_rule, second_world
from tests.web.open311.asked import BASE, House, as_value, in_xml, new_key, opened, put

FIELD = "rung_dat_moi_truong"


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.mark.parametrize("path", ["/open311/discovery", "services", f"services/{FIELD}"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_both_formats_say_the_same(house: House, path: str, language: str) -> None:
    told = house.json(path, language=language)
    assert as_value(in_xml(house.get(f"{path}.xml", language=language)), told) == told


def test_discovery_names_one_endpoint_and_both_formats(house: House) -> None:
    put(house.world, "open311_contact", "open311@example.vn")
    told = house.json("/open311/discovery")
    assert told["contact"] == "open311@example.vn"
    [endpoint] = told["endpoints"]
    assert endpoint["url"].endswith("/open311/v2")
    assert endpoint["type"] == "production"
    assert endpoint["formats"] == ["text/xml", "application/json"]


def test_services_are_the_fields_in_the_readers_language(house: House) -> None:
    vi, en = (house.json("services", language=language) for language in ("vi", "en"))
    assert [each["service_code"] for each in vi] == [each["service_code"] for each in en]
    assert FIELD in [each["service_code"] for each in vi]
    assert vi[0]["service_name"] != en[0]["service_name"]
    assert all(each["metadata"] is True and each["type"] == "realtime" for each in vi)


def test_a_definition_has_what_all_services_ask_then_the_questions_of_the_field(house: House) -> None:
    add_rule(ExtraQuestion(
        service_code=FIELD, code="how_deep", position=1, kind="choice", name_vi="Sâu bao nhiêu?", name_en="How deep?", hint_vi="",
        hint_en="", options_vi="Nông\nSâu", options_en="Shallow\nDeep", is_required=True, valid_from=build.LONG_AGO,
    ))  # fmt: skip
    told = house.json(f"services/{FIELD}", language="en")["attributes"]
    assert [each["order"] for each in told] == list(range(1, len(told) + 1))
    by_code = {each["code"]: each for each in told}
    assert list(by_code)[:4] == ["hint", "urgent", "village", "seen_at"]
    assert not by_code["hint"]["variable"]
    assert by_code["urgent"]["values"] == [{"key": "yes", "name": "Yes"}, {"key": "no", "name": "No"}]
    assert by_code["how_deep"]["required"] is True
    assert by_code["how_deep"]["values"] == [{"key": "Nông", "name": "Shallow"}, {"key": "Sâu", "name": "Deep"}]


def test_a_closed_door_is_not_there_in_any_form(app: Flask) -> None:
    house = House(app, build.standard_world())
    for path in ("/open311/discovery.xml", "services.json", f"services/{FIELD}.xml", "anything"):
        assert house.get(path).status_code == 404


def test_what_is_not_there_is_told_in_the_form_asked_and_in_xml_for_another(house: House) -> None:
    assert house.get("services/none.json", language="en").json == [
        {"code": "service_code_unknown", "description": "There is no such service_code."}
    ]
    told = in_xml(house.get("services/none.xml", language="en"))
    assert (told.tag, told[0].tag, told[0].findtext("code")) == ("errors", "error", "service_code_unknown")
    for path in ("services.pdf", "services", "nothing", "services/a/b.json.exe"):
        answer = house.get(path)
        assert answer.status_code == 404
        assert in_xml(answer)[0].findtext("code") == "not_found"


def test_other_methods_are_refused_with_those_there_are(house: House) -> None:
    client = client_of(house.app)
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = client.open(f"{BASE}/services.json", method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD"), method
        assert answer.json[0]["code"] == "method"


def test_answers_are_kept_and_asked_for_again_by_their_mark(house: House) -> None:
    first = house.get("services.json")
    mark = first.headers["ETag"]
    assert not mark.startswith("W/")
    again = client_of(house.app).get(f"{BASE}/services.json", headers={"If-None-Match": mark})
    assert (again.status_code, again.data) == (304, b"")
    head = client_of(house.app).head(f"{BASE}/services.json")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", mark)
    for answer in (first, again):
        assert answer.headers["Cache-Control"] == "public, no-cache"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Vary"] == "Accept-Language"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


def test_a_kind_of_english_that_is_preferred_is_answered_in_english(house: House) -> None:
    answer = client_of(house.app).get("/open311/v2/services/never-given.json", headers={"Accept-Language": "en-GB,vi;q=0.5"})
    asked_for = client_of(house.app).get("/open311/v2/services/never-given.json", headers={"Accept-Language": "en"})
    assert answer.status_code == asked_for.status_code == 404
    assert answer.data == asked_for.data


def test_no_cookie_says_in_which_language_the_door_answers(house: House) -> None:
    client = client_of(house.app)
    client.get("/language", query_string={"code": "en"})
    answer = client.get(f"{BASE}/services.json")
    assert answer.json == house.json("services")
    assert answer.headers["Vary"] == "Accept-Language"
    assert "Set-Cookie" not in answer.headers


def test_with_a_key_nothing_is_kept_by_others(house: House) -> None:
    key = new_key(house.world)
    answer = house.get("services.json", key=key)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert house.get("services.json", api_key=key).status_code == 200
    wrong = house.get("services.json", key=key[:-1] + ("a" if key[-1] != "a" else "b"))
    assert (wrong.status_code, wrong.json[0]["code"]) == (403, "key")
    other = new_key(house.world, Action.READ_CASE, name="Hệ thống khác")
    assert house.get("services.json", key=other).status_code == 200, "what anybody reads needs no scope"


def test_of_several_centres_one_has_to_be_named(house: House) -> None:
    other = second_world(house.world)
    put(other, "door_open311", "open")
    put(other, "open311_jurisdiction", "donduong.example.vn")
    assert house.get("services.json").json[0]["code"] == "jurisdiction_missing"
    assert house.get("services.json", jurisdiction_id="").status_code == 400
    for name in ("ld", "LD", "DonDuong.example.vn"):
        assert house.get("services.json", jurisdiction_id=name).status_code == 200
    unknown = house.get("services.json", jurisdiction_id="hue")
    assert (unknown.status_code, unknown.json[0]["code"]) == (404, "jurisdiction_unknown")
    key = new_key(house.world)
    assert house.get("services.json", key=key).status_code == 200
    assert house.get("services.json", key=key, jurisdiction_id="donduong.example.vn").status_code == 403


def test_a_renamed_service_is_told_as_long_as_it_is_taken(house: House) -> None:
    with unit_of_work():
        field = house.world.field()
        field.valid_to = build.NOON.date()
    add_rule(ExtraQuestion(service_code="nothing", code="x", position=1, kind="text", name_vi="a", name_en="a", hint_vi="", hint_en="",
                           options_vi="", options_en="", valid_from=build.LONG_AGO))  # fmt: skip
    assert FIELD not in [each["service_code"] for each in house.json("services")]
    assert house.get(f"services/{FIELD}.json").status_code == 200
    house.app.config["CLOCK"] = lambda: build.NOON + timedelta(days=91)
    assert house.get(f"services/{FIELD}.json").status_code == 404


@pytest.mark.parametrize("query", [b"jurisdiction_id=%ff", b"api_key=%c3%28", b"jurisdiction_id=%00"])
def test_bytes_that_are_no_text_are_refused(house: House, query: bytes) -> None:
    answer: Any = client_of(house.app).get(f"{BASE}/services.json?{query.decode()}")
    assert answer.status_code in (400, 403)
    assert isinstance(answer.json, list)
