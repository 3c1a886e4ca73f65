"""Writing an answer and judging it: through the pages."""
from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask

from casework.models import Assignment, Case
from casework.photos import uploads as photo_files
from casework.photos.records import photos_of_answer
from tests import build
from tests import with_photos as pictured
from tests.web.desk import Office, step
from tests.web.pages import hidden, words_of

TEXT = {name: text for name, text in build.ANSWER.items() if name != "no_photo_reason"}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def photo(colour: str = "green") -> tuple[io.BytesIO, str]:
    return io.BytesIO(pictured.jpeg(colour)), f"{colour}.jpg"


def assignment(case: Case) -> Assignment:
    return case.assignments[0]


def submit(office: Office, case: Case, **form: Any) -> Any:
    return office.post("officer_PTNMT", step(case, "submit_answer"), **{"act": "submit_answer", **TEXT, **form})


def test_photos_are_kept_before_the_answer_is_finished(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    token = hidden(office.get("officer_PTNMT", address).get_data(as_text=True), "photos_token")
    answer = office.post("officer_PTNMT", address, act="photos", photos_token=token, photos=photo(), findings="Đang kiểm tra")
    assert answer.status_code == 200
    assert "Đang kiểm tra" in answer.get_data(as_text=True)
    assert submit(office, case, photos_token=token).status_code == 302
    assert len(photos_of_answer(assignment(case).answers[0])) == 1
    assert assignment(case).state == "submitted"


@pytest.mark.parametrize(("formats", "words", "types"), [
    (("JPEG", "PNG", "WEBP"), "JPEG, PNG hoặc WebP, mỗi ảnh", "image/jpeg,image/png,image/webp"),
    (("JPEG", "PNG", "WEBP", "HEIF"), "JPEG, PNG, WebP hoặc HEIC, mỗi ảnh", "image/*")])
def test_the_form_promises_the_photos_that_can_be_read_here(
    office: Office, monkeypatch: pytest.MonkeyPatch, formats: tuple[str, ...], words: str, types: str
) -> None:
    case = build.case_at(office.world, "handling")
    monkeypatch.setattr(photo_files, "FORMATS", formats)
    page = office.get("officer_PTNMT", step(case, "submit_answer"))
    assert words in words_of(page)
    assert f'accept="{types}"' in page.get_data(as_text=True)


def test_a_photo_can_be_taken_out_again(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    token = hidden(office.get("officer_PTNMT", address).get_data(as_text=True), "photos_token")
    kept = office.post("officer_PTNMT", address, act="photos", photos_token=token, photos=photo())
    assert "camera=(self)" in kept.headers["Permissions-Policy"], "this page alone looks through the camera"
    assert ": còn 4" in words_of(kept)
    page = kept.get_data(as_text=True)
    ref = page.split('name="remove" value="')[1].split('"')[0]
    assert 'name="remove"' not in office.post("officer_PTNMT", address, remove=ref, photos_token=token).get_data(as_text=True)
    assert submit(office, case, photos_token=token).status_code == 422


def test_a_file_that_is_no_photo_is_named_and_the_words_stay(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    answer = submit(office, case, photos=(io.BytesIO(b"no picture"), "thu.jpg"))
    assert answer.status_code == 422
    assert "Đã thu gom và dọn sạch." in answer.get_data(as_text=True)
    assert assignment(case).answers == []


def missing(page: str) -> list[str]:
    """The fields the list beside the answer says are missing."""
    return [field for field, rest in re.findall(r'<li data-check="(\w+)"([^>]*)>', page) if "data-ok" not in rest]


def test_what_is_missing_is_listed(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    page = office.get("officer_PTNMT", step(case, "submit_answer")).get_data(as_text=True)
    assert missing(page) == ["photos", "findings", "actions", "remaining", "contact"]
    refused = submit(office, case, remaining="")
    assert refused.status_code == 422
    assert missing(refused.get_data(as_text=True)) == ["photos", "remaining"]


def test_another_agency_cannot_open_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    assert office.get("officer_HKL", step(case, "submit_answer")).status_code == 404


def test_redo_needs_its_sentence_and_the_officer_reads_it_beside_the_last_version(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    address = step(case, "approve_answer")
    assert office.post("leader_PTNMT", address, act="redo_answer", instructions="").status_code == 422
    assert office.post("leader_PTNMT", address, act="redo_answer", instructions="Nói rõ ngày xong.").status_code == 302
    page = office.get("officer_PTNMT", step(case, "submit_answer")).get_data(as_text=True)
    assert "Nói rõ ngày xong." in page
    assert "Đã thu gom và dọn sạch." in page


def test_the_leader_sees_what_changed_since_the_last_version(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    submit(office, case, actions="Đã thu gom và dọn sạch ngày 03/03.", no_photo_reason="Trời tối.")
    page = office.get("leader_PTNMT", step(case, "approve_answer")).get_data(as_text=True)
    assert '<ins class="chg">sạch ngày 03/03.</ins>' in page
    assert '<del class="chg">sạch.</del>' in page
    assert "Chụp lại ảnh sau khi dọn." in words_of(page)
    plain = office.get("leader_PTNMT", f"{step(case, 'approve_answer')}?show=plain").get_data(as_text=True)
    assert "<ins" not in plain


def test_before_and_after_stand_side_by_side(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "approval")
    page = office.get("leader_PTNMT", step(filed.case, "approve_answer")).get_data(as_text=True)
    assert page.count('<div class="photo-pair big"') == 1
    assert f"/photos/{pictured.scene_photo(filed).ref}/agencies/view" in page
    assert f"/photos/{pictured.after_photo(filed).ref}/centre/view" in page
    for ref, audience in ((pictured.scene_photo(filed).ref, "agencies"), (pictured.after_photo(filed).ref, "centre")):
        with office.get("leader_PTNMT", f"/photos/{ref}/{audience}/view") as answer:
            assert answer.status_code == 200


def test_an_approved_answer_goes_to_the_centre(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    assert office.post("leader_PTNMT", step(case, "approve_answer"), act="approve_answer").headers["Location"] == "/inbox"
    assert case.state == "to_publish"


def test_an_officer_does_not_decide(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    for name in ("officer_PTNMT", "leader_HKL", "operator"):
        assert office.post(name, step(case, "approve_answer"), act="approve_answer").status_code == 404
    assert case.state == "approval"


# -- templates, and photos of the version before ------------------------------------------------------------------------


def value(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\s*([^<]*)</textarea>', page)
    assert found
    return found[1].strip()


def test_a_template_fills_what_is_empty_and_asks_before_it_touches_what_is_written(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    page = office.get("officer_PTNMT", address).get_data(as_text=True)
    refs = re.findall(r'<button class="popbtn" name="template" value="([^"]+)" formnovalidate><span>([^<]+?)\s*</span>', page)
    assert [name for _ref, name in refs][:2] == ["Rác thải, nguồn nước, ô nhiễm", "Rừng, đất đai: kiểm tra và xử lý vi phạm"]
    ref = refs[0][0]
    page = office.post("officer_PTNMT", address, template=ref, actions="Đã dọn xong lúc 8 giờ.").get_data(as_text=True)
    filled_in = f"Phòng Tài nguyên và Môi trường đã kiểm tra tại Thôn Păng Tiêng, Xã Lát theo phản ánh {case.code}."
    assert value(page, "findings").startswith(f"Ngày 02/03/2026, {filled_in}")
    assert value(page, "actions") == "Đã dọn xong lúc 8 giờ."
    assert "chưa thay vào chỗ Ông/Bà đã viết: 2. Việc đã làm" in words_of(page)
    for how, wanted in (("after", "Đã dọn xong lúc 8 giờ.\nĐã …"), ("instead", "Đã …")):
        page = office.post("officer_PTNMT", address, template=f"{how}:{ref}", actions="Đã dọn xong lúc 8 giờ.").get_data(as_text=True)
        assert value(page, "actions").startswith(wanted)
        assert "chưa thay vào chỗ" not in words_of(page)
    # nothing left to fill in reaches the leader
    refused = submit(office, case, no_photo_reason="Trời tối.", remaining="Xong trước ngày …", contact="{officer}")
    assert refused.status_code == 422
    assert words_of(refused).count("chưa điền.") == 4, "each field says it, and the list above"
    assert assignment(case).answers == []


def test_an_agency_keeps_names_and_retires_templates_of_its_own(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    typed = {**TEXT, "findings": f"Theo phản ánh {case.code} tại Thôn Păng Tiêng, Xã Lát, đã kiểm tra."}
    kept = office.post("officer_PTNMT", address, template_keep="yes", template_name="Rác ven suối", **typed)
    assert (kept.status_code, "Đã lưu mẫu" in words_of(kept)) == (200, True)
    again = office.post("officer_PTNMT", address, template_keep="yes", template_name="Rác ven suối", **typed)
    assert (again.status_code, "đã có mẫu tên" in words_of(again)) == (422, True)
    wrong = office.post("officer_PTNMT", address, template_keep="yes", template_name="Khác", **{**typed, "actions": "Đã làm {việc}."})
    assert "Không có chỗ điền “{việc}”." in words_of(wrong)
    page = office.get("leader_PTNMT", "/answer-templates").get_data(as_text=True)
    assert "Theo phản ánh {code} tại {place}, đã kiểm tra." in page
    ref = page.split('action="/answer-templates/')[1].split('"')[0]
    for name in ("officer_HKL", "leader_HKL"):
        assert "Rác ven suối" not in office.words(name, "/answer-templates")
        assert office.post(name, f"/answer-templates/{ref}", act="retire").status_code == 404
    assert office.get("operator", "/answer-templates").status_code == 403
    assert office.browser("leader_PTNMT").post(f"/answer-templates/{ref}", data={"act": "rename", "name": "Rác"}).status_code == 302
    assert "Rác của đơn vị" in office.words("officer_2_PTNMT", address)
    assert office.post("leader_PTNMT", f"/answer-templates/{ref}", act="retire").status_code == 302
    assert "Rác của đơn vị" not in office.words("officer_2_PTNMT", address)


def test_photos_of_the_last_version_go_on_into_the_new_one_unless_taken_out(office: Office) -> None:
    files = office.app.config["FILES"]
    filed = pictured.pictured_case(office.world, files, "approval")
    build.redo(office.world, filed.case, office.world.agencies["PTNMT"])
    address = step(filed.case, "submit_answer")
    page = office.get("officer_PTNMT", address).get_data(as_text=True)
    [name] = re.findall(r'name="(keep-[^"]+)" value="yes" data-carried checked', page)
    assert "photos" not in missing(page)
    assert submit(office, filed.case).status_code == 422, "taken out, and no reason why there is none"
    assert submit(office, filed.case, **{name: "yes"}).status_code == 302
    first, second = filed.case.assignments[0].answers
    [old], [new] = photos_of_answer(first), photos_of_answer(second)
    assert (new.sha256, new.uploaded_at, new.uploaded_by_id) == (old.sha256, old.uploaded_at, old.uploaded_by_id)
    assert {(file.audience, file.rendition) for file in new.files} == {("sealed", "original"), ("centre", "view"), ("centre", "thumb")}
    assert not {file.stored_name for file in new.files} & {file.stored_name for file in old.files}, "each version keeps its own"
    for photo_ref in (old.ref, new.ref):
        with office.get("leader_PTNMT", f"/photos/{photo_ref}/centre/view") as seen:
            assert seen.status_code == 200
    # a photo of another answer cannot be named
    other = pictured.pictured_case(office.world, files, "approval", by="citizen_2")
    build.redo(office.world, other.case, office.world.agencies["PTNMT"])
    assert submit(office, other.case, **{name: "yes"}).status_code == 422
