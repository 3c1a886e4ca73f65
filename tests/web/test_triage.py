"""Verify, refuse, classify, call the hotline: through the pages."""
from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask

from casework.due_previews import case_limits
from casework.intake import cleared_words
from casework.models import Case
from casework.personal_marks import MarkKind, marked_pieces, personal_marks
from casework.photo_records import copy_for, open_copy, photos_of_report
from casework.photos import Rectangle, RectangleRefused
from casework.triage import hotline_calls
from tests import build, pictured
from tests.web.desk import Office, named, step
from tests.web.pages import words_of
from tests.web.test_publishing import halves_covered
from web.photo_choices import rectangles_in


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def verify_form(office: Office, address: str, **changes: Any) -> dict[str, Any]:
    page = office.get("operator", address)
    form = {"act": "verify", "title": "Rác ven suối", "place": "", named(page, "words-")[0]: "Có rác ven suối."}
    return {**form, **dict.fromkeys(named(page, "show-"), "yes"), **changes}


def pictured_report(office: Office) -> Case:
    store = office.app.extensions["file_store"]
    return build.file_report(office.world, photos_token=pictured.staged(office.world, store, "scene", by="citizen")).case


def test_a_report_is_accepted_with_a_title_and_words_for_agencies(app: Flask) -> None:
    office = Office(app)
    case = build.file_report(office.world).case
    address = step(case, "verify")
    answer = office.post("operator", address, **verify_form(office, address))
    assert answer.headers["Location"] == step(case, "classify")
    assert case.title == "Rác ven suối"
    assert cleared_words(case.main_report) == "Có rác ven suối."


def test_what_was_typed_stays_when_the_title_is_missing(office: Office) -> None:
    case = build.file_report(office.world).case
    answer = office.post("operator", step(case, "verify"), **verify_form(office, step(case, "verify"), title="", place="Cạnh cầu treo"))
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Có rác ven suối." in page
    assert "Cạnh cầu treo" in page
    assert case.state == "to_verify"


def test_personal_data_in_the_original_is_marked_and_what_is_left_over_is_named(office: Office) -> None:
    case = build.file_report(office.world, words="Tôi là Nguyễn Văn An, số 0912 345 678. Rác nhiều.").case
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    assert '<mark class="personal">Nguyễn Văn An</mark>' in page
    form = verify_form(office, step(case, "verify"), title="")
    refused = office.post("operator", step(case, "verify"), **form).get_data(as_text=True)
    assert "Có thể còn cho biết ai gửi" not in words_of(refused)
    form[next(name for name in form if name.startswith("words-"))] = "Xin gọi 0912 345 678."
    assert "Có thể còn cho biết ai gửi: 0912 345 678" in words_of(office.post("operator", step(case, "verify"), **form))


def test_what_may_be_the_same_matter_stands_beside_the_decision_with_a_way_to_merge(office: Office) -> None:
    there = build.case_at(office.world, "handling")
    case = build.file_report(office.world, by="citizen_2", words="Rác đổ ven suối, mùi nặng.").case
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    hint = words_of(page[page.index('id="alike-heading"') : page.index("</section>", page.index('id="alike-heading"'))])
    for words in (there.title, there.code, "02/03/2026", office.world.field().name_vi, "Thôn Păng Tiêng", "Xã Lát", "Hạn 09/03/2026",
                  "Đang xử lý"):
        assert words in hint, words
    link = re.search(r'href="(/cases/[^"]+/acts/merge\?into=[^"]+)"', page)
    assert link
    assert re.search(rf'value="{there.ref}" checked', office.get("operator", html.unescape(link[1])).get_data(as_text=True))


def test_a_photo_nobody_ticked_keeps_the_report_at_the_desk(office: Office) -> None:
    case = pictured_report(office)
    form = {name: value for name, value in verify_form(office, step(case, "verify")).items() if not name.startswith("show-")}
    assert office.post("operator", step(case, "verify"), **form).status_code == 422
    assert copy_for(photos_of_report(case.main_report)[0], "agencies", "view") is None


def test_agencies_get_a_copy_with_the_rectangles_covered(office: Office) -> None:
    case = pictured_report(office)
    ref = photos_of_report(case.main_report)[0].ref
    form = verify_form(office, step(case, "verify"), **{f"cover-{ref}": "0.0,0.0,0.5,1.0"})
    assert office.post("operator", step(case, "verify"), **form).status_code == 302
    copy = copy_for(photos_of_report(case.main_report)[0], "agencies", "view")
    assert copy is not None
    with open_copy(copy, store=office.app.extensions["file_store"]) as opened:
        assert halves_covered(opened.read()) == (True, False)


def test_a_broken_rectangle_is_refused_and_the_form_stays(office: Office) -> None:
    case = pictured_report(office)
    ref = photos_of_report(case.main_report)[0].ref
    answer = office.post("operator", step(case, "verify"), **verify_form(office, step(case, "verify"), **{f"cover-{ref}": "0.9,0,0.1,1"}))
    assert answer.status_code == 422
    assert "Có rác ven suối." in answer.get_data(as_text=True)


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "0,0,2,1", "0.5,0.5,0.5,0.6", "nan,0,1,1", "0,0,1,1,1", ";".join(["0,0,1,1"] * 41)])
def test_what_is_no_rectangle_in_the_picture_is_refused(text: str) -> None:
    with pytest.raises(RectangleRefused):
        rectangles_in(text)


def test_rectangles_are_read_in_order() -> None:
    assert rectangles_in("0,0,0.5,0.5;0.5,0.5,1,1;") == [Rectangle(0, 0, 0.5, 0.5), Rectangle(0.5, 0.5, 1, 1)]


def test_a_report_is_refused_with_a_reason_and_words(office: Office) -> None:
    case = build.file_report(office.world).case
    for form in ({"refusal_words": "Chưa rõ."}, {"reason": "khong_ro_noi_dung"}):
        answer = office.post("operator", step(case, "verify"), act="refuse", **form)
        assert answer.status_code == 422
        assert case.state == "to_verify"
    answer = office.post("operator", step(case, "verify"), act="refuse", reason="khong_ro_noi_dung", refusal_words="Chưa rõ nơi.")
    assert answer.status_code == 302
    assert case.state == "refused"


def test_the_day_beside_each_choice_is_the_day_that_will_be_promised(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    page = office.words("operator", step(case, "classify"))
    assert "Đơn giản hạn xử lý 05/03/2026" in page
    assert "Thông thường hạn xử lý 09/03/2026" in page
    for limit in case_limits(case, now=build.NOON):
        other = build.case_at(office.world, "to_classify")
        build.do(office.world, other, "classify", "operator", field=office.world.field(), urgency=limit.urgency,
                 complexity=limit.complexity, area=office.world.area)
        assert other.due_at == limit.due_at


def classify_form(office: Office, **changes: Any) -> dict[str, Any]:
    return {"field": "rung_dat_moi_truong", "urgency": "normal", "complexity": "simple", "area": office.world.area.ref, "village": "Thôn A",
            "visibility": "", **changes}


def test_a_case_is_classified(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    answer = office.post("operator", step(case, "classify"), **classify_form(office))
    assert answer.headers["Location"] == step(case, "distribute")
    assert (case.complexity, case.village) == ("simple", "Thôn A")


def test_a_field_nobody_chose_is_no_choice(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    answer = office.post("operator", step(case, "classify"), **classify_form(office, field=""))
    assert answer.status_code == 422
    assert "Vui lòng chọn trong danh sách." in words_of(answer)
    assert "Thôn A" in answer.get_data(as_text=True)


def test_a_sensitive_case_keeps_its_reason(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    page = office.get("operator", step(case, "classify")).get_data(as_text=True)
    key = page.split('name="visibility"')[1].split('<option value="')[1].split('"')[0]
    office.post("operator", step(case, "classify"), **classify_form(office, visibility=key))
    assert case.visibility_reason is not None
    assert case.visibility_reason.key == key


def test_a_call_nobody_answered_is_listed_and_the_step_stays(office: Office) -> None:
    case = build.case_at(office.world, "to_classify", urgent=True)
    build.classify(office.world, case, urgent=True)
    address = step(case, "call_hotline")
    answer = office.post("operator", address, number="0263 000 000", spoke_to="", reached="no", what="Không ai nghe máy.")
    assert answer.headers["Location"] == address
    assert "Không ai nghe máy." in office.words("operator", address)
    office.post("operator", address, number="0263 000 000", spoke_to="Trực ban", reached="yes", what="Đã báo.")
    assert [call.reached for call in hotline_calls(case)] == [False, True]
    assert office.get("operator", address).status_code == 409


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("gọi 0912 345 678 nhé", MarkKind.PHONE, "0912 345 678"),
        ("gọi +84 912.345.678", MarkKind.PHONE, "+84 912.345.678"),
        ("máy bàn 0263 3839 040", MarkKind.PHONE, "0263 3839 040"),
        ("thư an.nguyen@example.vn.", MarkKind.EMAIL, "an.nguyen@example.vn"),
        ("Tôi tên là K' Brông, ở đây", MarkKind.NAME, "K' Brông"),
        ("cháu là Kơ Dơng Ha Lem", MarkKind.NAME, "Kơ Dơng Ha Lem"),
        ("số nhà 12A/3 đường lớn", MarkKind.HOUSE, "12A/3"),
        ("CCCD 068123456789", MarkKind.ID_NUMBER, "068123456789"),
    ],
)
def test_personal_data_is_found(text: str, kind: MarkKind, found: str) -> None:
    assert [(text[mark.start : mark.end], mark.kind) for mark in personal_marks(text)] == [(found, kind)]


@pytest.mark.parametrize("text", ["2.000.000.000 đồng", "km 65+800", "tôi là dân ở đây", "lúc 13:47 ngày 07/11/2022", "LD-2026-000123"])
def test_what_names_nobody_is_left_alone(text: str) -> None:
    assert personal_marks(text) == []


def test_marked_pieces_put_together_are_the_text() -> None:
    text = "Tôi là Nguyễn Văn An, số nhà 5, gọi 0912345678.\nXin cảm ơn."
    assert "".join(piece.text for piece in marked_pieces(text)) == text
