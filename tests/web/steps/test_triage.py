"""Verify, refuse, classify, call the hotline: through the pages."""
from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from casework.assignments.due_previews import case_limits
from casework.db import db, unit_of_work
from casework.intake.file_report import Place, cleared_words
from casework.models import Case
from casework.photos.images import Rectangle, RectangleRefused
from casework.photos.records import copy_for, open_copy, photos_of_report
from casework.triage.hotline import hotline_calls
from reports.case_file_reading import case_file_of
from tests import build
from tests import with_photos as pictured
from tests.web.desk import Office, named, step
from tests.web.pages import words_of
from tests.web.steps.test_publishing import halves_covered
from web.files.photo_choices import rectangles_in
from web.steps import triage
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.models import ProcessVersion


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


def at_once(office: Office, case: Case) -> str:
    """What the button that classifies along with the acceptance stands for; empty without one."""
    found = re.search(r'name="classified" value="([^"]*)"', office.get("operator", step(case, "verify")).get_data(as_text=True))
    return found[1] if found else ""


@pytest.mark.exhaustive(but=2)
def test_a_report_that_is_clear_is_classified_along_with_its_acceptance(app: Flask) -> None:
    office = Office(app)
    case = build.file_report(office.world).case
    form = verify_form(office, step(case, "verify"), act="", classified=at_once(office, case))
    answer = office.post("operator", step(case, "verify"), **form)
    assert answer.headers["Location"] == step(case, "distribute")
    assert (case.field.service_code, case.area_id) == ("rung_dat_moi_truong", office.world.area.id)
    assert (case.urgency, case.complexity) == ("normal", "ordinary")
    assert "Đã tiếp nhận và phân loại" in office.words("operator", answer.headers["Location"])


def test_what_may_be_urgent_is_classified_on_its_own_page(office: Office) -> None:
    for report in ({"marked_urgent": True}, {"words": "Cháy rừng thông ở sườn đồi."}):
        case = build.file_report(office.world, **report).case
        assert at_once(office, case) == "", report


def test_where_the_words_name_no_field_one_is_chosen_beside_the_button(office: Office) -> None:
    case = build.file_report(office.world, words="Xin xem giúp việc này.").case
    form = verify_form(office, step(case, "verify"), act="", classified=at_once(office, case), classified_field="rung_dat_moi_truong")
    assert office.post("operator", step(case, "verify"), **form).headers["Location"] == step(case, "distribute")


def test_without_a_field_chosen_beside_the_button_nothing_is_accepted_and_what_was_typed_stays(office: Office) -> None:
    case = build.file_report(office.world, words="Xin xem giúp việc này.").case
    form = verify_form(office, step(case, "verify"), act="", classified=at_once(office, case), classified_field="", place="Cạnh cầu treo")
    answer = office.post("operator", step(case, "verify"), **form)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, case.state) == (422, "to_verify")
    assert re.search(r'id="classified_field-error">.*Vui lòng chọn lĩnh vực', page)
    assert 'href="#classified_field"' in page
    assert "Rác ven suối" in page
    assert "Cạnh cầu treo" in page
    accepted = office.post("operator", step(case, "verify"), **{**form, "act": "verify", "classified": ""})
    assert accepted.headers["Location"] == step(case, "classify")


def test_the_field_chosen_beside_the_button_stays_when_the_report_cannot_be_accepted_yet(office: Office) -> None:
    case = build.file_report(office.world, words="Xin xem giúp việc này.").case
    chosen = {"classified": at_once(office, case), "classified_field": "rung_dat_moi_truong"}
    form = verify_form(office, step(case, "verify"), act="", title="", **chosen)
    answer = office.post("operator", step(case, "verify"), **form)
    assert (answer.status_code, '<option selected value="rung_dat_moi_truong">' in answer.text) == (422, True)


def test_nothing_is_classified_at_once_where_the_words_name_another_commune_than_the_sender_chose(office: Office) -> None:
    there, elsewhere = (build.file_report(office.world, words=f"Có đống rác lớn ở {name}.").case for name in ("xã Lát", "xã Đạ Chais"))
    assert (at_once(office, there) != "", at_once(office, elsewhere)) == (True, "")


def test_nothing_is_classified_at_once_in_a_model_without_that_step(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.file_report(office.world).case
    assert at_once(office, case)

    def without(version: ProcessVersion) -> Definition:
        whole = definition_of(version)
        return replace(whole, elements={key: each for key, each in whole.elements.items() if key != "classify"})

    monkeypatch.setattr(triage, "definition_of", without)
    assert at_once(office, case) == ""


def test_a_classification_sent_along_that_cannot_be_chosen_leaves_the_report_accepted(office: Office) -> None:
    case = build.file_report(office.world).case
    form = verify_form(office, step(case, "verify"), act="", classified="rung_dat_moi_truong:nowhere")
    assert office.post("operator", step(case, "verify"), **form).headers["Location"] == step(case, "classify")
    assert case.state == "to_classify"


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
    assert "Có thể còn cho biết ai gửi: Nguyễn Văn An (tên người gửi)" in words_of(page)
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
    refused = office.post("operator", step(case, "verify"), **form)
    assert refused.status_code == 422
    assert "Xin xem ảnh rồi đánh dấu “Đơn vị được xem ảnh này” ở dưới" in words_of(refused)
    photo = photos_of_report(case.main_report)[0]
    page = refused.get_data(as_text=True)
    assert f'href="#show-{photo.ref}"' in page
    assert re.search(rf'id="show-{photo.ref}"[^>]*aria-invalid="true"', page)
    assert copy_for(photo, "agencies", "view") is None


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
    assert answer.headers["Location"].split("?")[0] == address
    assert "Không ai nghe máy." in office.words("operator", address)
    nameless = office.post("operator", address, number="0263 000 000", spoke_to="", reached="again", what="Hẹn gọi lại.")
    assert (nameless.status_code, 'id="spoke_to-error"' in nameless.text) == (422, True), "who answered is named, and marked at its field"
    office.post("operator", address, number="0263 000 000", spoke_to="Nhân viên trực", reached="again", what="Chỉ huy đang họp.")
    assert "gọi lại Chỉ huy đang họp." in office.words("operator", address)
    office.post("operator", address, number="0263 000 000", spoke_to="Trực ban", reached="yes", what="Đã báo.")
    assert [(call.reached, call.is_to_be_called_again) for call in hotline_calls(case)] == [(False, False), (False, True), (True, False)]
    filed = case_file_of(case, by=office.world.actor("operator"), now=build.NOON).file.turns
    assert [each.outcome for each in filed] == ["không liên hệ được", "Nhân viên trực nghe máy, hẹn gọi lại", "đã liên hệ được Trực ban"]
    assert office.get("operator", address).status_code == 409


def test_every_number_has_a_link_to_call_it_and_the_tries_are_counted(office: Office) -> None:
    with unit_of_work():
        office.world.agencies["HKL"].phone = "+842633839040"
    case = build.case_at(office.world, "to_classify", urgent=True)
    build.classify(office.world, case, urgent=True)
    address = step(case, "call_hotline")
    for number in (1, 2):
        office.post("operator", address, number="0263 000 000", spoke_to="", reached="no", what=f"Không ai nghe máy ({number}).")
    page = office.get("operator", address).get_data(as_text=True)
    assert 'href="tel:+842633839040"' in page
    assert "0263 3839 040" in words_of(page)
    assert "Đã gọi 2 lần" in words_of(page)
    assert page.index("Không ai nghe máy (1).") < page.index("Không ai nghe máy (2).")
    assert "Người Thử operator" in words_of(page[page.index("Đã gọi 2 lần") :])


def test_neutral_words_are_put_in_by_a_button_too_and_what_may_be_the_matter_is_left(office: Office) -> None:
    case = build.file_report(office.world, words="Tôi là Lê Minh, 0912 345 678. Xe 49A-123.45 của ông Sáu chạy ẩu.").case
    address = step(case, "verify")
    form = {**verify_form(office, address, title="Xe chạy ẩu"), "act": "neutral"}
    words = next(name for name in form if name.startswith("words-"))
    form[words] = "Tôi là Lê Minh, 0912 345 678. Xe 49A-123.45 của ông Sáu chạy ẩu."
    answer = office.post("operator", address, **form)
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert "Tôi là [tên người gửi], [số điện thoại]. Xe 49A-123.45 của ông Sáu chạy ẩu.</textarea>" in page
    assert 'value="Xe chạy ẩu"' in page
    assert "49A-123.45 (biển số xe)" in words_of(page)
    assert "0912 345 678 (" not in words_of(page)
    assert 'value="neutral"' not in page                                   # nothing of the sender is left to replace
    assert case.state == "to_verify"


def test_the_desk_shows_where_it_is_what_is_near_and_what_else_may_be_done(office: Office) -> None:
    near = Place(area=office.world.area, latitude=12.0330, longitude=108.3690)
    there = build.case_at(office.world, "handling", place=near)
    unread = build.file_report(office.world, by="citizen_2", place=near).case
    place = Place(latitude=12.0331, longitude=108.3672, accuracy_m=20)
    case = build.file_report(office.world, place=place, words="Rác đổ ven suối").case
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    points = re.findall(r'data-place="(\w+)" data-latitude="([\d.]+)" data-longitude="([\d.]+)" data-words="([^"]+)"', page)
    assert ("own", "12.0331", "108.3672", f"Phản ánh này, {case.code}") in points
    assert [(kind, words) for kind, _latitude, _longitude, words in points[1:]] == [("near", there.title), ("near", unread.code)]
    assert "12.03310, 108.36720 ±20 m" in words_of(page)
    assert "data-staff-map hidden" in page                                 # the list says the same without it
    assert "leaflet.js" in page
    assert "cách khoảng 220 mét" in words_of(page), "between the rounded points"
    earlier = words_of(page[page.index('id="earlier-heading"') :])
    assert there.code in earlier
    assert unread.code not in earlier.split("Tìm được mà không mở")[0]
    assert "Nguyễn Thị Thử" not in page
    others = page[page.index("more-acts") :]
    for verb in ("ask_reporter", "merge", "refer", "quarantine"):
        assert f"/acts/{verb}" in others, verb
    for verb in ("hold", "split", "classify", "add_agency"):
        assert f"/acts/{verb}" not in others, verb


def test_a_case_that_is_further_on_is_not_offered_to_be_merged_and_says_why(office: Office) -> None:
    unread = build.file_report(office.world, by="citizen_2", words="Rác đổ ven suối, mùi nặng.").case
    case = build.file_report(office.world, words="Rác đổ ven suối, mùi nặng.").case
    build.act(office.world, unread, "ask_reporter", "operator", report=unread.main_report, words="Ở chỗ nào?", when_unanswered="close")
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    assert f"into={unread.code}" not in page
    assert f"Không gộp được vào hồ sơ {unread.code}" in words_of(page)


def test_a_report_without_a_position_has_no_map_and_a_first_report_no_past(office: Office) -> None:
    case = build.file_report(office.world, by="citizen_2", place=Place(area=office.world.area)).case
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    assert "data-staff-map" not in page
    assert "leaflet" not in page
    assert "Chưa có phản ánh nào trước đó." in words_of(page)


def banner(page: str) -> str:
    """The words of the question above the form; empty where none is asked."""
    found = re.search(r'<div class="banner alikebanner"[^>]*data-alike>(.*?)</div></div>', page, re.DOTALL)
    return words_of(found[1]) if found else ""


@pytest.mark.exhaustive
def test_a_likely_duplicate_is_asked_about_above_everything_and_three_answers_end_the_question(office: Office) -> None:
    world, here = office.world, Place(area=office.world.area, latitude=12.033, longitude=108.369)
    there = Place(area=world.area, latitude=12.034, longitude=108.369)
    same = build.case_at(world, "to_distribute", place=there)              # "Rác đổ ven suối"
    case = build.file_report(world, by="citizen_2", words="Có người đổ rác ven suối, mùi nặng.", place=here).case
    address = step(case, "verify")
    page = office.get("operator", address).get_data(as_text=True)
    assert page.index("data-alike>") < page.index('class="work-grid')
    asked = banner(page)
    assert "cách khoảng 110 m" in asked
    assert same.title in asked
    assert "chữ giống 100" in asked
    assert "suối" in asked
    assert f"into={same.code}" in page
    assert all(words in asked for words in ("Gộp", "Không trùng", "Để sau"))
    form = {**verify_form(office, address), "act": ""}
    for answer in ("apart", "later"):
        answered = office.post("operator", address, **{**form, answer: same.ref})
        assert answered.status_code == 200
        again = answered.get_data(as_text=True)
        assert banner(again) == ""
        assert f'<input type="hidden" name="{answer}" value="{same.ref}">' in again
        assert ("đã xem: không trùng" in words_of(again)) == (answer == "apart")
    assert case.state == "to_verify"


def test_being_near_alone_asks_nothing(office: Office) -> None:
    here = Place(area=office.world.area, latitude=12.033, longitude=108.369)
    build.case_at(office.world, "to_distribute", place=here)
    case = build.file_report(office.world, by="citizen_2", words="Cây thông gãy đè lên dây điện.", place=here).case
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    assert banner(page) == ""
    assert "Rác đổ ven suối" in words_of(page)                             # it still stands in the list of what is near


def test_a_page_takes_as_many_statements_with_much_around_it_as_with_little(office: Office) -> None:
    case = build.file_report(office.world, words="Rác đổ ven suối, mùi nặng.").case
    address = step(case, "verify")
    build.file_report(office.world, words="Rác đổ ven suối, mùi nặng.")
    counts = [statements(office, address)]
    for number in range(5):
        build.file_report(office.world, by=("citizen", "citizen_2")[number % 2], words="Rác đổ ven suối, mùi nặng.")
    counts.append(statements(office, address))
    assert counts[1] <= counts[0], counts
    assert counts[0] <= 45, counts


def statements(office: Office, address: str) -> int:
    office.get("operator", address)
    sent: list[str] = []

    def count(*call: Any) -> None:
        sent.append(call[2])

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        assert office.get("operator", address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return len(sent)


FIRE = "Cháy rừng thông ở thôn Păng Tiêng, xã Lát"


def unplaced(office: Office, words: str) -> Case:
    """A report that says nothing but words and a position."""
    case = build.file_report(office.world, words=words, place=Place(words="trên đồi")).case
    build.do(office.world, case, "verify", "operator", title="Trên đồi", cleared=[build.cleared(case.main_report)])
    return case


def test_what_is_suggested_is_said_with_its_reason_and_chosen_by_nobody(office: Office) -> None:
    case = unplaced(office, FIRE)
    address = step(case, "classify")
    page = office.get("operator", address).get_data(as_text=True)
    for words in ("Gợi ý: Rừng, đất đai, tài nguyên - môi trường , vì có Cháy rừng , rừng thông", "Gợi ý: Khẩn , vì có Cháy rừng",
                  "Gợi ý: Thôn Păng Tiêng, Xã Lát , vì có thôn Păng Tiêng , xã Lát"):
        assert words in words_of(page), words
    assert '<option selected value="">' in page
    assert re.search(r'<input checked[^>]*name="urgency"[^>]*value="normal"', page)
    kept = {"urgency": "normal", "complexity": "simple", "area": "", "village": "", "visibility": ""}
    taken = office.post("operator", address, take="field", **{**kept, "field": ""})
    assert taken.status_code == 200
    assert '<option selected value="rung_dat_moi_truong">' in taken.get_data(as_text=True)
    taken = office.post("operator", address, take="urgency", **{**kept, "field": "do_thi"})
    assert re.search(r'<input checked[^>]*name="urgency"[^>]*value="urgent"', taken.get_data(as_text=True))
    assert '<option selected value="do_thi">' in taken.get_data(as_text=True)
    assert re.search(r'<input checked[^>]*name="complexity"[^>]*value="simple"', taken.get_data(as_text=True))
    taken = office.post("operator", address, take="place", **{**kept, "field": ""})
    assert f'<option selected value="{office.world.area.ref}">' in taken.get_data(as_text=True)
    assert 'value="Thôn Păng Tiêng"' in taken.get_data(as_text=True)
    assert case.state == "to_classify"


def test_nothing_clear_is_said_to_be_unclear(office: Office) -> None:
    case = unplaced(office, "Xin cảm ơn trung tâm rất nhiều")
    address = step(case, "classify")
    page = office.get("operator", address).get_data(as_text=True)
    assert "Chưa rõ: nội dung chưa đủ để gợi ý lĩnh vực nào." in words_of(page)
    assert "data-take" not in page
    assert office.post("operator", address, take="field", field="", urgency="normal", complexity="simple").status_code == 200


def test_a_step_is_done_once_however_often_it_is_sent(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    address = step(case, "classify")
    assert office.post("operator", address, **classify_form(office)).status_code == 302
    again = office.post("operator", address, **classify_form(office, village="Thôn B"))
    assert again.status_code == 409
    assert "Thôn, tổ dân phố hoặc đường Thôn B" in words_of(again), "nothing typed is lost, and it says where it was typed"
    assert "Ông/Bà đã thực hiện “" in words_of(again)
    assert case.village == "Thôn A"
    assert office.post("operator", address, take="field", **classify_form(office)).status_code == 409


def test_words_that_sound_urgent_name_whom_to_call_before_anything_is_read_on(office: Office) -> None:
    sounds = build.file_report(office.world, words="Nhà đang cháy, có người mắc kẹt bên trong.").case
    page = office.get("operator", step(sounds, "verify")).get_data(as_text=True)
    alert = page[page.index("callbanner") : page.index('class="work-grid')]
    assert "Gọi trước khi đọc tiếp: Cứu hỏa, cứu nạn 114" in words_of("<p>" + alert)
    assert 'href="tel:114"' in alert
    quiet = build.file_report(office.world, by="citizen_2", words="Có rác ven suối.").case
    assert "callbanner" not in office.get("operator", step(quiet, "verify")).get_data(as_text=True)
