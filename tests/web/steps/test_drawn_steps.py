"""The page of a step an administrator drew: what is asked, what comes back when it cannot be kept, what stands on the case's page."""
from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.models import Case, Photo, StepRecord
from casework.permissions import Role
from casework.photos.uploads import takes_heic
from casework.steps.fields import FieldRefused
from tests import build
from tests import drawn_steps as drawn
from tests.web.desk import Office, step
from tests.web.pages import hidden, words_of
from tests.with_photos import jpeg
from web.steps.drawn_steps import typed
from workflows.definitions.step_forms import FieldType, FormField
from workflows.models import WaitingTask

FILLED = {"asked_findings": "Sụt lún 2 m.", "asked_danger": "high", "act": "pass"}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def inspected_case(office: Office) -> Case:
    """A case that waits at the step with a field of each type, filed on a model that has it."""
    drawn.put_live(drawn.every_type_model())
    case = build.case_at(office.world, "approval")
    build.approve(office.world, case)
    return case


def page_at(office: Office, case: Case, name: str = "operator", element: str = "inspection") -> str:
    answer = office.get(name, step(case, element))
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def send(office: Office, case: Case, name: str = "operator", **form: Any) -> Any:
    token = hidden(page_at(office, case, name), "photos_pictures")
    return office.post(name, step(case, "inspection"), photos_pictures=form.pop("token", token), **form)


def picture(colour: str = "olive") -> tuple[io.BytesIO, str]:
    return io.BytesIO(jpeg(colour)), "anh.jpg"


# -- the form -----------------------------------------------------------------------------------------------------------


def test_the_form_asks_what_the_model_declares(office: Office) -> None:
    case = inspected_case(office)
    page = page_at(office, case)
    for name, marks in {
        "asked_place": 'maxlength="200"', "asked_findings": "textarea", "asked_depth": 'inputmode="decimal"',
        "asked_danger": 'type="radio"', "asked_fenced": 'type="radio"', "asked_again_on": 'type="date"', "asked_pictures": 'type="file"',
    }.items():  # fmt: skip
        assert any(marks in tag for tag in re.findall(rf'<[^>]*name="{name}"[^>]*>', page)), name
    assert re.findall(r'<button class="btn ([a-z-]+)[^"]*" name="act" value="(\w+)">([^<]+)<', page) == [
        ("btn-primary", "pass", "Đạt"), ("btn-outline-secondary", "fail", "Không đạt")]
    words = words_of(page)
    assert "Khảo sát" in words
    assert "Ghi tên thôn." in words
    assert "Từ 0 đến 99,5." in words
    assert ("HEIC" in words) == takes_heic(), "only what can be read here is promised"
    assert "Có đống rác ven suối" in words                  # what was reported stands beside it
    assert "Đã thu gom và dọn sạch." in words               # and what the agency answered


def test_a_step_without_buttons_or_fields_has_one_button_and_its_help(office: Office) -> None:
    drawn.put_live(drawn.costly_model())
    case = build.case_at(office.world, "approval")
    build.approve(office.world, case)
    answer = office.post("operator", step(case, "cost_check"), asked_cost="7", asked_settled="true", act="done")
    assert answer.status_code == 302
    page = office.words("ops_lead", step(case, "cost_signature"))
    assert "Đối chiếu với dự toán." in page
    assert "Hoàn thành bước" in page
    assert "Chi phí (triệu đồng) 7" in page                  # what the step before it wrote
    assert office.post("ops_lead", step(case, "cost_signature"), act="done").headers["Location"] == step(case, "publish")


def test_a_filled_form_is_kept_and_the_case_goes_on(office: Office) -> None:
    case = inspected_case(office)
    answer = send(office, case, asked_pictures=picture(), asked_depth="12,5", asked_fenced="false", asked_again_on="2026-03-09",
                  asked_place="Thôn Păng Tiêng", **FILLED)
    assert answer.headers["Location"] == step(case, "publish")
    (row,) = db.session.scalars(select(StepRecord))
    assert (row.outcome, {value.field: value.value for value in row.values}) == ("pass", {
        "place": "Thôn Păng Tiêng", "findings": "Sụt lún 2 m.", "depth": "12.5", "danger": "high", "fenced": "false",
        "again_on": "2026-03-09", "pictures": None})
    assert "“Khảo sát” đã hoàn thành" in words_of(office.get("operator", step(case, "publish")))


# -- what cannot be kept ------------------------------------------------------------------------------------------------


def test_every_fault_is_named_at_its_field_and_nothing_typed_is_lost(office: Office) -> None:
    case = inspected_case(office)
    answer = send(office, case, asked_place="x" * 201, asked_findings=" ", asked_depth="100", asked_again_on="hôm nay", act="pass")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    words = words_of(page)
    for fault in ("Nơi khảo sát : Tối đa 200 ký tự.", "Ghi nhận : Vui lòng điền mục này.", "Độ sâu (m) : Không lớn hơn 99,5.",
                  "Mức nguy hiểm : Vui lòng điền mục này.", "Ngày khảo sát lại : Vui lòng chọn một ngày.",
                  "Ảnh hiện trường : Vui lòng điền mục này."):
        assert fault in words, fault
    assert "6 chỗ cần sửa" in words
    assert 'value="100"' in page
    assert "x" * 201 in page
    assert build.waiting(case, "inspection").state == "waiting"


def test_photos_are_kept_while_the_form_is_put_right(office: Office) -> None:
    case = inspected_case(office)
    first = send(office, case, asked_pictures=picture(), act="pass")
    assert first.status_code == 422
    page = first.get_data(as_text=True)
    token, ref = hidden(page, "photos_pictures"), re.search(r'name="remove" value="([^"]+)"', page)[1]
    assert office.get("operator", f"/photos/{ref}/centre/view").status_code == 200
    kept = send(office, case, token=token, keep="photos", asked_pictures=picture("green"), asked_findings="Đang viết")
    assert kept.status_code == 200
    assert "Đang viết" in kept.get_data(as_text=True)
    dropped = send(office, case, token=token, remove=ref)
    assert dropped.status_code == 200
    assert send(office, case, token=token, **FILLED).status_code == 302
    assert db.session.query(Photo).filter(Photo.step_value_id.is_not(None), Photo.state == "linked").count() == 1


def test_a_file_that_is_no_photo_is_refused_and_the_words_stay(office: Office) -> None:
    case = inspected_case(office)
    answer = send(office, case, asked_pictures=(io.BytesIO(b"MZ not a picture"), "anh.jpg"), **FILLED)
    assert answer.status_code == 422
    assert "Sụt lún 2 m." in answer.get_data(as_text=True)
    assert db.session.query(StepRecord).count() == 0


def test_the_enter_key_presses_no_button_of_the_step(office: Office) -> None:
    case = inspected_case(office)
    answer = send(office, case, asked_pictures=picture(), **{**FILLED, "act": ""})
    assert answer.status_code == 422
    assert "Vui lòng bấm một trong các nút của bước này." in words_of(answer)
    assert send(office, case, **{**FILLED, "act": "publish"}).status_code == 422


def test_who_comes_second_reads_who_was_first_and_what_they_had_typed(office: Office) -> None:
    case = inspected_case(office)
    address, token = step(case, "inspection"), hidden(page_at(office, case, "operator_2"), "photos_pictures")
    send(office, case, asked_pictures=picture(), **FILLED)
    answer = office.post("operator_2", address, photos_pictures=token, asked_depth="3,5", asked_again_on="2026-03-20", **FILLED)
    assert answer.status_code == 409
    words = words_of(answer)
    assert "Kết quả: Đạt." in words
    for kept in ("Sụt lún 2 m.", "3,5", "2026-03-20"):
        assert kept in words


# -- numbers as people write them ---------------------------------------------------------------------------------------


NUMBER = FormField("x", FieldType.NUMBER, Bilingual("Số", "Number"), Bilingual("", ""), False)


def test_a_comma_is_for_the_fraction(sqlite_app: Flask) -> None:
    said = {"12": 12, "12,5": 12.5, "12.5": 12.5, " 1 250 ": 1250, "1.250,75": 1250.75, "-3": -3, "−3,25": -3.25, "0,125": 0.125,
            "1,250": 1.25, "1.2345": 1.2345, "+4": 4}  # fmt: skip
    with sqlite_app.test_request_context():
        assert {words: typed(NUMBER, words) for words in said} == said


def test_what_can_be_read_in_two_ways_or_none_is_asked_again(sqlite_app: Flask) -> None:
    with sqlite_app.test_request_context():
        for words in ("1.250", "12.000", "1,2,3", "1.25,5", "mười", "1e5", "0x10", "∞", "nan", "1" * 41, "--1", ",5"):
            with pytest.raises(FieldRefused):
                typed(NUMBER, words)
        with force_locale("en"), pytest.raises(FieldRefused, match=r"1250 or 1\.25"):
            typed(NUMBER, "1,250")


# -- not by the same person ---------------------------------------------------------------------------------------------


def test_who_may_not_do_the_step_reads_why_and_finds_no_button(office: Office) -> None:
    with unit_of_work():
        build.staff(office.world, "ops_lead_2", Role.OPS_LEAD)
    drawn.put_live(drawn.costly_model())
    case = build.case_at(office.world, "approval")
    build.approve(office.world, case)
    build.do(office.world, case, "cost_check", "ops_lead", values={"settled": True, "cost": 9})
    address = step(case, "cost_signature")
    page = office.get("ops_lead", address).get_data(as_text=True)
    assert "nên bước này do người khác thực hiện." in words_of(page)
    assert 'name="act"' not in page
    assert 'class="bare" disabled' in page
    assert office.post("ops_lead", address, act="done").status_code == 422
    office.post("ops_lead", f"{address}/claim", to="task")
    assert build.waiting(case, "cost_signature").claimed_by_id is None
    assert "nên bước này do người khác thực hiện." in office.words("ops_lead", address)
    assert 'name="act"' in office.get("ops_lead_2", address).get_data(as_text=True)


def test_nobody_is_led_to_a_step_they_may_not_do(office: Office) -> None:
    drawn.put_live(drawn.costly_model())
    first, second = build.case_at(office.world, "approval"), build.case_at(office.world, "approval")
    for case in (first, second):
        build.approve(office.world, case)
    sent = {"asked_cost": "7", "asked_settled": "true", "act": "done"}
    assert office.post("ops_lead", step(first, "cost_check"), **sent).location == step(second, "cost_check")
    assert office.post("ops_lead", step(second, "cost_check"), **sent).location == "/inbox"
    assert build.waiting(first, "cost_signature").state == "waiting"


# -- inbox and case -----------------------------------------------------------------------------------------------------


def test_the_inbox_calls_the_step_as_its_model_does(office: Office) -> None:
    case = inspected_case(office)
    page = office.words("operator", "/inbox")
    assert page.count("Khảo sát") == 2                       # the view and the row
    assert case.code in office.words("operator", "/inbox?view=inspection")
    assert "inspection" not in page


def test_the_page_of_the_case_shows_what_was_written_to_whom_it_is_for(office: Office) -> None:
    case = inspected_case(office)
    send(office, case, asked_pictures=picture(), asked_depth="12,5", **FILLED)
    for name in ("operator", "ops_lead", "committee_leader"):
        page = office.get(name, f"/cases/{case.ref}?tab=all").get_data(as_text=True)
        words = words_of(page)
        assert "Các bước khác" in words
        assert "Khảo sát Đạt · Người Thử operator · " in words
        assert "Độ sâu (m) 12,5" in words
        assert "Mức nguy hiểm Cao" in words
        ref = re.search(r'src="(/photos/[^"]+/centre/view)"[^>]*></a><span class="photo-label" aria-hidden="true">1/1', page)[1]
        assert office.get(name, ref).status_code == 200
    for name in ("officer_PTNMT", "leader_PTNMT", "administrator"):
        assert "Sụt lún" not in office.words(name, f"/cases/{case.ref}?tab=all")
        assert office.get(name, ref).status_code == 404


def test_the_limits_of_a_case_name_the_step(office: Office) -> None:
    drawn.put_live(drawn.legal_model())
    case = build.case_at(office.world, "approval")
    build.approve(office.world, case)
    assert "Hạn của bước Thẩm định pháp lý" in office.words("ops_lead", f"/cases/{case.ref}?tab=all")
    office.clock(build.NOON + timedelta(hours=7))
    assert "trễ" in office.words("ops_lead", step(case, "legal_review")).lower()


def test_neither_the_public_nor_the_sender_learns_of_the_step(office: Office) -> None:
    case = inspected_case(office)
    send(office, case, asked_pictures=picture(), **FILLED)
    build.publish(office.world, case)
    for address in (f"/reports/{case.code}", f"/mine/{case.code}"):
        page = office.words("citizen", address)
        assert case.code in page
        assert "Sụt lún" not in page
        assert "Khảo sát" not in page


def test_a_role_without_sight_of_the_matter_gets_none_by_a_drawn_step(office: Office) -> None:
    case = inspected_case(office)
    with unit_of_work():
        task = db.session.scalars(select(WaitingTask).where(WaitingTask.element == "inspection")).one()
        task.desk = f"administrator@c{office.world.centre.id}"
    for address in (step(case, "inspection"), "/inbox"):
        words = office.words("administrator", address)
        assert case.code in words
        for told in ("Rác đổ ven suối", "Có đống rác", "Đã thu gom", "Păng Tiêng"):
            assert told not in words
