"""Home, the public list and the public page, read as a person without JavaScript reads them."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casework.db import db, unit_of_work
from casework.models import Case
from tests import build
from tests.pictured import pictured_case
from tests.web.pages import at, words_of

NOON = build.NOON


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON + timedelta(hours=3))
    return build.standard_world()


def test_the_home_page_names_the_emergency_numbers_and_one_thing_to_do(world: build.World, sqlite_client: FlaskClient) -> None:
    page = words_of(sqlite_client.get("/"))
    for words in ("114", "113", "115", "Gửi phản ánh", "Tra cứu", "Chưa có phản ánh nào được công khai"):
        assert words in page


def test_the_home_page_shows_finished_cases_as_pairs_of_photos(world: build.World, sqlite_client: FlaskClient, sqlite_app: Flask) -> None:
    pictured_case(world, Path(sqlite_app.extensions["file_store"].root), "rating")
    page = sqlite_client.get("/").get_data(as_text=True)
    assert "Rác đổ ven suối" in page
    assert page.count("/public/thumb?v=") == 2


def test_the_list_shows_a_case_before_publication_by_field_and_place_alone(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    page = words_of(sqlite_client.get("/reports"))
    for words in (case.code, "Thôn Păng Tiêng", "Xã Lát", "Đang xử lý", "Rừng, đất đai"):
        assert words in page
    assert "Rác" not in page
    assert "suối" not in page


def test_filters_stand_in_the_address_and_come_back_in_the_form(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "rating")
    address = f"/reports?q=rac+suoi&state=answered&area={world.area.ref}&field=rung_dat_moi_truong"
    page = sqlite_client.get(address).get_data(as_text=True)
    assert case.code in page
    assert 'value="rac suoi"' in page
    assert '<option value="answered" selected>' in page
    assert f'<option value="{world.area.ref}" selected>' in page
    assert case.code not in words_of(sqlite_client.get("/reports?state=received"))
    assert case.code not in words_of(sqlite_client.get("/reports?urgency=urgent"))
    assert sqlite_client.get("/reports?state=nonsense&after=nothing&before=x").status_code == 200


def test_a_long_list_goes_on_from_page_to_page(world: build.World, sqlite_client: FlaskClient) -> None:
    filed = [build.file_report(world, now=NOON + timedelta(minutes=minute)).case.code for minute in range(22)]
    first = sqlite_client.get("/reports").get_data(as_text=True)
    assert f"after={filed[2]}" in first
    assert "before=" not in first
    second = sqlite_client.get(f"/reports?after={filed[2]}").get_data(as_text=True)
    assert filed[1] in words_of(second)
    assert filed[2] not in words_of(second)
    assert f"before={filed[1]}" in second


def test_the_public_page_shows_answers_verdict_and_rating(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "rating", agencies=2)
    build.rate(world, case)
    answer = sqlite_client.get(f"/reports/{case.code}")
    assert 'data-due="kept"' in answer.get_data(as_text=True)
    page = words_of(answer)
    for words in ("Phòng Tài nguyên và Môi trường", "UBND xã Lát", "Đã thu gom và dọn sạch.", "Hài lòng", "1/1",
                  "Người dân phản ánh rác đổ ven suối.", "Hạn xử lý 11/03/2026", "Trung tâm công khai kết quả"):
        assert words in page
    assert page.index("Phòng Tài nguyên và Môi trường Đơn vị chủ trì") < page.index("UBND xã Lát Đơn vị phối hợp")


def test_the_public_page_before_publication_says_what_will_come(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "approval")
    page = words_of(sqlite_client.get(f"/reports/{case.code}"))
    assert "được hiện khi công khai kết quả" in page
    for words in ("Rác", "suối", "thu gom", "Phòng Tài nguyên"):
        assert words not in page


def test_a_late_case_is_called_late_from_its_first_late_instant(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    assert case.due_at is not None
    due_at = case.due_at
    at(sqlite_app, due_at - timedelta(minutes=1))
    assert 'data-due="soon"' in sqlite_client.get(f"/reports/{case.code}").get_data(as_text=True)
    at(sqlite_app, due_at)
    assert 'data-due="late"' in sqlite_client.get(f"/reports/{case.code}").get_data(as_text=True)


@pytest.mark.parametrize("column", ["visibility_reason_id", "quarantined_at"])
def test_what_the_public_may_not_know_of_is_not_found(world: build.World, sqlite_client: FlaskClient, column: str) -> None:
    case = build.case_at(world, "rating")
    with unit_of_work():
        setattr(db.session.merge(case), column, 1 if column == "visibility_reason_id" else NOON)
    assert sqlite_client.get(f"/reports/{case.code}").status_code == 404
    assert case.code not in words_of(sqlite_client.get("/reports"))
    assert sqlite_client.get("/reports/LD-2026-999999").status_code == 404


def test_the_code_of_a_merged_report_leads_to_its_main_case(world: build.World, sqlite_client: FlaskClient) -> None:
    main, other = build.case_at(world, "handling"), build.file_report(world, now=NOON + timedelta(hours=1))
    with unit_of_work():
        merged: Case = db.session.merge(other.case)
        merged.state, merged.merged_into_id = "merged", main.id
        merged.reports[0].case_id = main.id
    answer = sqlite_client.get(f"/reports/{other.report.code}")
    assert (answer.status_code, answer.location) == (302, f"/reports/{main.code}")


def test_the_language_changes_for_this_browser_and_leads_back(world: build.World, sqlite_client: FlaskClient) -> None:
    answer = sqlite_client.post("/language", data={"code": "en", "next": "/reports?q=rac"})
    assert answer.location == "/reports?q=rac"
    assert "Something is not right?" in words_of(sqlite_client.get("/"))
    assert sqlite_client.get("/language?code=vi&next=/track").location == "/track"
    assert "Thấy điều chưa ổn?" in words_of(sqlite_client.get("/"))


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", ""])
def test_the_language_switch_leads_nowhere_else(world: build.World, sqlite_client: FlaskClient, target: str) -> None:
    assert sqlite_client.post("/language", data={"code": "vi", "next": target}).location == "/"


def test_typed_markup_is_shown_as_text(world: build.World, sqlite_client: FlaskClient) -> None:
    page = sqlite_client.get("/reports?q=<script>alert(1)</script>").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
