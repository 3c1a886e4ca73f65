"""Drafts of the forms of steps, through the pages: kept, brought back whole, several of one form, with and without script."""
from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from casework.db import db
from casework.models import Case, Draft, Photo
from tests import build
from tests import drawn_steps as drawn
from tests import with_photos as pictured
from tests.web.desk import Office, named, step
from tests.web.pages import hidden, words_of

OFFICER = "officer_PTNMT"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def page_of(office: Office, address: str, by: str = OFFICER) -> str:
    answer = office.get(by, address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def window_of(page: str) -> dict[str, str]:
    """The hidden fields that say which draft a page has at hand."""
    return {name: hidden(page, name) for name in ("draft_owner", "draft_ref", "draft_revision", "draft_window", "draft_seen")}


def save(office: Office, address: str, page: str, by: str = OFFICER, **fields: Any) -> TestResponse:
    """What the script sends."""
    return office.browser(by).post(f"{address}/draft", data={**window_of(page), **fields}, headers={"Accept": "application/json"})


def press(office: Office, address: str, page: str, do: str, **fields: Any) -> TestResponse:
    """A button without script."""
    return office.post(OFFICER, f"{address}/draft", draft_do=do, **window_of(page), **fields)


def value_of(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\s*([^<]*)</textarea>', page)
    assert found, name
    return found[1]


def test_what_is_typed_is_kept_and_comes_back_to_its_author_alone(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    page = page_of(office, address)
    kept = save(office, address, page, findings="Đã xem bờ suối.", contact="Đội 1")
    assert kept.status_code == 200
    assert kept.json == {"ref": kept.json["ref"], "revision": 1, "time": "10:00", "words": ""}
    again = page_of(office, address)
    assert (value_of(again, "findings"), hidden(again, "draft_ref")) == ("Đã xem bờ suối.", kept.json["ref"])
    assert "Đây là bản nháp Ông/Bà lưu lúc 10:00 02/03/2026." in words_of(again)
    assert "Đã xem bờ suối." not in page_of(office, address, "officer_2_PTNMT")
    assert "Đã xem bờ suối." not in page_of(office, f"{address}?draft=none")
    # two windows: the one that comes second is told, and both texts are there
    second = save(office, address, page_of(office, f"{address}?draft=none"), findings="Bắt đầu lại.")
    assert second.status_code == 200, "who begins anew on purpose is in nobody's way"
    stale = save(office, address, page, findings="Cửa sổ khác.")
    assert stale.status_code == 200, "the page that wrote it goes on"
    stale = save(office, address, again, findings="Từ trang mở sau.")
    assert (stale.status_code, stale.json["revision"]) == (409, 1)
    assert {value_of(page_of(office, f"{address}?draft={row.ref}"), "findings") for row in db.session.query(Draft)} == {
        "Bắt đầu lại.", "Cửa sổ khác.", "Từ trang mở sau.",
    }  # fmt: skip
    # what cannot be kept is said, and whose it is not is not there
    assert save(office, address, page, findings="x" * 100_001).status_code == 422
    assert office.post("officer_HKL", f"{address}/draft", findings="x").status_code == 404
    assert office.app.test_client().post(f"{address}/draft", data={"findings": "x"}).status_code == 401
    submitted = office.post(OFFICER, address, act="submit_answer", **build.ANSWER, **window_of(again))
    assert submitted.status_code == 302
    assert db.session.query(Draft).count() == 0
    late = save(office, address, again, findings="Muộn.")
    assert (late.status_code, late.json["done"], db.session.query(Draft).count()) == (200, True, 0)


def test_the_text_of_one_never_becomes_the_draft_or_the_act_of_who_signs_in_next(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    page, theirs = page_of(office, address), "officer_2_PTNMT"
    token = hidden(page, "photos_token")
    typed = {**window_of(page), **build.ANSWER, "photos_token": token, "findings": "Chữ của người trước, dài hơn ba mươi ký tự."}
    refused = save(office, address, page, theirs, **build.ANSWER)
    assert (refused.status_code, "Có người khác đang đăng nhập" in refused.json["words"]) == (412, True)
    picture = (io.BytesIO(pictured.jpeg("green")), "sau.jpg")
    answers = [office.post(theirs, f"{address}/draft", draft_do="keep", **typed, photos=picture),
               office.post(theirs, address, act="submit_answer", **typed),
               office.post("operator", f"{address}/draft", **typed)]  # fmt: skip
    office.app.config["WTF_CSRF_ENABLED"] = True            # the token was of the session before
    answers += [office.post(theirs, f"{address}{way}", act="submit_answer", **typed) for way in ("", "/draft")]
    assert office.post(OFFICER, address, **typed).status_code == 400
    office.app.config["WTF_CSRF_ENABLED"] = False
    for answer in answers:
        assert (answer.status_code, "Chữ của người trước" in answer.get_data(as_text=True)) == (412, False)
        assert "Có người khác đang đăng nhập trong trình duyệt này" in words_of(answer)
        assert "drafts.js" not in answer.get_data(as_text=True), "it would clear what the browser keeps for the first"
    assert (db.session.query(Draft).count(), db.session.query(Photo).filter(Photo.staged_token == token).count()) == (0, 0)
    assert build.waiting(case, "submit_answer").state == "waiting"
    nobodys = office.browser(OFFICER).post(f"{address}/draft", data={"findings": "x"}, headers={"Accept": "application/json"})
    assert nobodys.status_code == 412, "a form that does not say whose it is"


def test_a_draft_of_an_earlier_round_is_offered_and_does_not_hide_the_version_to_be_done_again(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    assert save(office, address, page_of(office, address, "officer_2_PTNMT"), by="officer_2_PTNMT", findings="Bản dở.").status_code == 200
    build.advance(office.world, case, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    address = step(case, "submit_answer")
    page = page_of(office, address, "officer_2_PTNMT")
    assert value_of(page, "findings") == build.ANSWER["findings"]
    ref = re.search(r'\?draft=([\w-]+)">Dùng bản nháp', page)
    assert ref
    assert value_of(page_of(office, f"{address}?draft={ref[1]}", "officer_2_PTNMT"), "findings") == "Bản dở."


def test_without_script_several_drafts_are_kept_by_buttons(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    picture = (io.BytesIO(pictured.jpeg("green")), "sau.jpg")
    page = page_of(office, address)
    token = hidden(page, "photos_token")
    kept = press(office, address, page, "keep", findings="Bản một.", photos_token=token, photos=picture)
    assert (kept.status_code, kept.location.split("?")[0]) == (302, address)
    one = page_of(office, kept.location)
    assert 'name="remove"' in one, "the photo came back with the words"
    other = page_of(office, press(office, address, one, "another", findings="Bản hai.", draft_name="Ngắn gọn").location)
    assert "“Ngắn gọn”" in other
    one = page_of(office, press(office, address, other, f"open:{hidden(one, 'draft_ref')}", findings="Bản hai, sửa.").location)
    assert value_of(one, "findings") == "Bản một."
    assert "Ngắn gọn" in words_of(page_of(office, press(office, address, one, "rename", findings="Bản một.", draft_name="Đầy đủ").location))
    # deleting another keeps the text at hand; deleting this one shows what is left
    one = page_of(office, f"{address}?draft={hidden(one, 'draft_ref')}")
    gone = press(office, address, one, f"drop:{hidden(other, 'draft_ref')}", findings="Bản một, viết tiếp.")
    one = page_of(office, gone.location)
    assert (value_of(one, "findings"), "Ngắn gọn" in one) == ("Bản một, viết tiếp.", False)
    assert press(office, address, one, "to:https://example.org/", findings="Bản một, viết tiếp.").location == address
    away = press(office, address, one, f"to:/cases/{case.ref}/notes", findings="Bản một, đi chỗ khác.")
    assert away.location == f"/cases/{case.ref}/notes"
    assert value_of(page_of(office, address), "findings") == "Bản một, đi chỗ khác."
    assert press(office, address, page_of(office, address), "drop", findings="Bỏ.").status_code == 302
    assert db.session.query(Draft).count() == 0
    refused = press(office, address, page_of(office, address), "another", findings="Không tên.", draft_name=" ")
    assert refused.status_code == 422
    assert value_of(refused.get_data(as_text=True), "findings") == "Không tên."


def fields_of(page: str) -> MultiDict[str, str]:
    """What a browser would send of a page's step form, as far as these tests need it: texts, hidden fields, ticks."""
    form = page.split('class="work-form"')[1]
    found: MultiDict[str, str] = MultiDict()
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="file"' not in tag and (("checkbox" not in tag and "radio" not in tag) or " checked" in tag):
            found.add(name[1], value[1] if value else "")
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', form):
        found.add(name, value)
    return found


@pytest.mark.exhaustive
def test_every_kind_of_form_comes_back_as_it_was(office: Office) -> None:
    """Words, ticks and rectangles beside the fields, agencies' instructions, drawn forms: each page restores itself."""
    world = office.world
    filed = pictured.pictured_case(world, office.app.config["FILES"], "to_verify")
    verify = step(filed.case, "verify")
    page = page_of(office, verify, "operator")
    photo, text = pictured.scene_photo(filed).ref, named(page, "words-")[0]
    typed = {"title": "Rác ven suối", text: "Rác ở bờ suối.", f"show-{photo}": "yes", f"cover-{photo}": "0.1,0.1,0.2,0.2"}
    assert save(office, verify, page, "operator", **typed).status_code == 200
    back = fields_of(page_of(office, verify, "operator"))
    assert {name: back.get(name) for name in typed} == typed
    other = build.case_at(world, "to_distribute")
    distribute = step(other, "distribute")
    lead = world.agencies["PTNMT"].ref
    answer = office.post("operator", distribute, act="choose", lead=lead)
    instructions = named(answer, "instructions-")[0]
    assert save(office, distribute, answer.get_data(as_text=True), "operator", lead=lead, **{instructions: "Báo cáo trước 16 giờ."}).json
    assert fields_of(page_of(office, distribute, "operator")).get(instructions) == "Báo cáo trước 16 giờ."
    # what confirms that somebody has looked is never ticked by a draft
    shown = pictured.pictured_case(world, office.app.config["FILES"], "to_publish", by="citizen_2").case
    publish = step(shown, "publish")
    page = page_of(office, publish, "operator")
    assert save(office, publish, page, "operator", title="Tên mới", summary="Tóm tắt.", checked="y").status_code == 200
    back = fields_of(page_of(office, publish, "operator"))
    assert (back.get("title"), back.get("summary"), back.get("checked")) == ("Tên mới", "Tóm tắt.", None)
    named_person = {"title": "Tên mới", "question": "Tôi tên là Nguyễn Văn Bình, số 0912345678."}
    page = office.post("operator", publish, act="preview", **named_person, **window_of(page)).get_data(as_text=True)
    mark = re.search(r'name="leftovers" value="([0-9a-f]+)"', page)
    assert mark
    assert save(office, publish, page, "operator", **named_person, leftovers=mark[1]).status_code == 200
    page = page_of(office, publish, "operator")
    assert (fields_of(page).get("question"), fields_of(page).get("leftovers")) == (named_person["question"], None)
    assert mark[1] in page


def test_a_form_an_administrator_drew_comes_back_with_its_photos(office: Office) -> None:
    drawn.put_live(drawn.every_type_model())
    case: Case = build.case_at(office.world, "approval")
    build.approve(office.world, case)
    address = step(case, "inspection")
    page = page_of(office, address, "operator")
    typed = {"asked_findings": "Sụt lún 2 m.", "asked_danger": "high", "asked_depth": "2,5", "asked_fenced": "true"}
    token, pictures = hidden(page, "photos_pictures"), (io.BytesIO(pictured.jpeg()), "anh.jpg")
    assert save(office, address, page, "operator", **typed, photos_pictures=token, asked_pictures=pictures).status_code == 200
    page = page_of(office, address, "operator")
    assert {name: fields_of(page).get(name) for name in typed} == typed
    assert (page.count('name="remove"'), hidden(page, "photos_pictures")) == (1, token)
