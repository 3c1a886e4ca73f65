"""Writing an answer and judging it: through the pages."""
from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask

from casework.models import Assignment, Case
from casework.photo_records import photos_of_answer
from tests import build, pictured
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


def test_a_photo_can_be_taken_out_again(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    token = hidden(office.get("officer_PTNMT", address).get_data(as_text=True), "photos_token")
    page = office.post("officer_PTNMT", address, act="photos", photos_token=token, photos=photo()).get_data(as_text=True)
    ref = page.split('name="remove" value="')[1].split('"')[0]
    assert 'name="remove"' not in office.post("officer_PTNMT", address, remove=ref, photos_token=token).get_data(as_text=True)
    assert submit(office, case, photos_token=token).status_code == 422


def test_a_file_that_is_no_photo_is_named_and_the_words_stay(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    answer = submit(office, case, photos=(io.BytesIO(b"no picture"), "thu.jpg"))
    assert answer.status_code == 422
    assert "Đã thu gom và dọn sạch." in answer.get_data(as_text=True)
    assert assignment(case).answers == []


def test_what_is_missing_is_listed(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    page = office.words("officer_PTNMT", step(case, "submit_answer"))
    assert page.count("Còn thiếu:") == 5
    refused = submit(office, case, remaining="")
    assert refused.status_code == 422
    assert words_of(refused).count("Còn thiếu:") == 2


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
    assert page.count('<div class="photo-pair big">') == 1
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
