"""The wallboard: what it shows and to whom, how a television comes to it and loses it, and what a question of it costs."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Area, Case, Event, VisibilityReason, Wallboard
from casework.settings.ground_loading import load_sketch
from casework.wallboard.map import ground_of
from casework.wallboard.picture import picture_of
from tests import build
from tests.casework.places.test_ground import feature, layer
from tests.system.world import SECRET_WORDS
from tests.web.desk import Office, statements_of
from tests.web.pages import words_of
from web.commands.console import AT_THE_SERVER
from web.wallboard import ALL_PAIRINGS, COOKIE

OUTLINE = {"type": "Polygon", "coordinates": [[[108.3, 12.0], [108.4, 12.0], [108.4, 12.1], [108.3, 12.1], [108.3, 12.0]]]}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def set_up(office: Office, name: str = "Phòng điều hành") -> str:
    """A television set up by the ops lead; the code on their screen."""
    answer = office.browser("ops_lead").post("/settings/wallboards", data={"name": name, "reason": "Treo trong phòng trực."})
    assert answer.status_code == 302
    first = office.words("ops_lead", "/settings/wallboards")
    code = re.search(r"\b(\d{4} \d{4})\b", first)
    assert code is not None
    assert code[1] not in office.words("ops_lead", "/settings/wallboards"), "the code is shown once"
    return code[1]


def pair(television: FlaskClient, code: str) -> int:
    return television.post("/wallboard/pair", data={"code": code}).status_code


@pytest.mark.exhaustive
def test_a_television_is_paired_by_a_code_used_once_within_ten_minutes_and_taken_back_at_once(office: Office) -> None:
    television, other = office.app.test_client(), office.app.test_client()
    assert television.get("/wallboard").location == "/wallboard/pair"
    assert television.get("/wallboard/picture").status_code == 404
    code = set_up(office)
    assert pair(television, "0000 0000") == 422
    assert pair(television, code) == 302
    cookie = television.get_cookie(COOKIE, path="/wallboard")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.path == "/wallboard"
    assert television.get("/wallboard").status_code == television.get("/wallboard/picture").status_code == 200
    assert television.get("/inbox").status_code == 302, "no session of staff"
    assert pair(other, code) == 422, "used once"
    row = db.session.scalars(select(Wallboard)).one()
    assert cookie.value not in (row.token_digest, row.ref)
    assert row.last_seen_at == build.NOON
    office.clock(build.NOON + timedelta(minutes=30))
    television.get("/wallboard/picture")
    db.session.rollback()
    assert db.session.scalars(select(Wallboard.last_seen_at)).one() == office.moment
    assert office.post("ops_lead", f"/settings/wallboards/{row.ref}/revocation", reason="").status_code == 422
    assert office.post("ops_lead", f"/settings/wallboards/{row.ref}/revocation", reason="Tivi đã dời đi.").status_code == 302
    assert television.get("/wallboard/picture").status_code == 404
    assert television.get("/wallboard").status_code == 302
    late = set_up(office, "Sảnh")
    office.clock(office.moment + timedelta(minutes=10))
    assert pair(other, late) == 422
    kept = [event.payload["row"] for event in db.session.scalars(select(Event).where(Event.type == "change_setting"))]
    assert kept == ["Phòng điều hành"] * 3 + ["Sảnh"], "set up, paired, taken back; set up"
    # guessing comes to an end
    codes = [pair(other, f"{number:08d}") for number in range(12)]
    assert codes[-1] == 429
    # one stranger's guesses keep out no television of another network
    assert {pair(other, "00000000") for _ in range(ALL_PAIRINGS.most)} == {429}
    third = office.app.test_client()
    fresh = set_up(office, "Cổng")
    assert third.post("/wallboard/pair", data={"code": fresh}, environ_overrides={"REMOTE_ADDR": "198.51.100.7"}).status_code == 302
    assert office.get("operator", "/settings/wallboards").status_code == 403


def test_it_shows_numbers_fields_and_communes_and_no_private_word_to_whoever_stands_before_it(office: Office) -> None:
    world, words = office.world, SECRET_WORDS
    build.file_report(world, words=f"Rác ven suối {words['original']}", now=build.NOON - timedelta(minutes=50))
    urgent = build.case_at(world, "handling", urgent=True, now=build.NOON - timedelta(hours=2))
    late = build.case_at(world, "handling", now=build.NOON - timedelta(days=20))
    hidden = build.case_at(world, "handling", now=build.NOON - timedelta(days=21))
    apart = build.case_at(world, "handling", now=build.NOON - timedelta(days=22))
    with unit_of_work():
        reason = db.session.scalars(select(VisibilityReason)).first()
        for case in (urgent, late):
            db.session.get_one(Case, case.id).title = words["title"]
        row = db.session.get_one(Case, hidden.id)
        row.visibility_reason_id, row.village = reason.id if reason else None, "Thôn Giấu Kín"
    build.act(world, apart, "quarantine", "operator", reason="Tố cáo đích danh.")
    with unit_of_work():
        area = db.session.get_one(Area, world.area.id)
        area.latitude, area.longitude, area.boundary = 12.05, 108.35, OUTLINE
    picture = picture_of(world.centre.id, now=office.moment)
    assert (picture.numbers.open, picture.numbers.urgent, picture.numbers.late, picture.numbers.to_verify) == (4, 1, 2, 1), "counted only"
    assert [len(picture.urgent), len(picture.due), picture.communes[0].number] == [1, 2, 3]
    assert picture.flow.received == 2
    assert picture.flow.accepted == 1
    page = office.get("operator", "/wallboard")
    shown = words_of(page)
    for word in ("Đang mở", "Phòng Tài nguyên và Môi trường chủ trì", "xã Lát", "Chờ tiếp nhận", "Còn", "Hôm nay: 2 nhận"):
        assert word.lower() in shown.lower(), word
    for private in (*words.values(), "Giấu Kín", "Rác", "108.", late.code, urgent.code):
        assert private not in page.get_data(as_text=True), private
    assert office.get("leader_PTNMT", "/wallboard").status_code == 404
    assert office.get("committee_leader", "/wallboard").status_code == 200
    assert 'class="wall-commune"' in page.get_data(as_text=True)
    with office.app.test_request_context():
        assert ground_of(world.centre.id, today=build.NOON.date()).communes[world.area.id].path.startswith("M")


def test_a_schematic_layer_lies_under_the_communes_and_its_names_leave_room_for_theirs(office: Office) -> None:
    world, store = office.world, office.app.extensions["file_store"]
    sketch = layer(
        feature("road", "LineString", [[108.2, 12.02], [108.5, 12.02]], **{"class": "national"}),
        feature("peak", "Point", [108.32, 12.08], name="Núi Voi"), feature("place", "Point", [108.35, 12.05], name="Dưới Kim"),
    )  # fmt: skip
    with unit_of_work():
        area = db.session.get_one(Area, world.area.id)
        area.latitude, area.longitude, area.boundary = 12.05, 108.35, OUTLINE
    load_sketch(sketch, store=store, attribution="Vẽ tay", by=AT_THE_SERVER, now=office.moment, reason="Thử.")
    page = office.get("operator", "/wallboard/picture").get_data(as_text=True)
    assert 'class="wg-national"' in page
    assert "Núi Voi" in page
    assert "Dưới Kim" not in page, "a pin stands there"
    assert "vị trí gần đúng<br>Vẽ tay" in page


def test_an_unchanged_picture_costs_no_bytes_and_few_statements_however_many_cases_there_are(office: Office) -> None:
    build.file_report(office.world, now=build.NOON - timedelta(minutes=50))
    first = office.get("operator", "/wallboard/picture")
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    assert first.headers["X-Release"]
    ask = {"If-None-Match": etag}
    again = office.browser("operator").get("/wallboard/picture", headers=ask)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Server-Time"] == build.NOON.isoformat()
    few = statements_of(lambda: office.get("operator", "/wallboard/picture"))
    for number in range(6):
        build.file_report(office.world, now=build.NOON - timedelta(minutes=number))
    build.case_at(office.world, "handling", urgent=True, now=build.NOON - timedelta(minutes=40))
    assert office.browser("operator").get("/wallboard/picture", headers=ask).status_code == 200
    assert statements_of(lambda: office.get("operator", "/wallboard/picture")) == few <= 12
    print(f"statements of one question: {few}")
