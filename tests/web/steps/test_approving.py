"""The leader's page, what it remembers of who read what, and several answers approved at once."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore
from casework.models import AnswerOpening, Assignment, Case, Decision
from casework.permissions import Role
from tests import build
from tests import with_photos as pictured
from tests.web.desk import Office, statements_of, step
from tests.web.pages import words_of

PAGE = "/approvals"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def row_of(case: Case) -> Assignment:
    return next(row for row in case.assignments if row.agency.key == "PTNMT")


def approve(office: Office, name: str, *cases: Case, versions: int = 1) -> TestResponse:
    refs = [build.waiting(case, "approve_answer").ref for case in cases]
    return office.browser(name).post(PAGE, data={"pick": refs, **{f"version-{ref}": str(versions) for ref in refs}})


def second_leader(office: Office) -> str:
    with unit_of_work():
        office.world.people["leader_2"] = build.staff(
            office.world, "leader_2", Role.AGENCY_LEADER, agency=db.session.merge(office.world.agencies["PTNMT"])
        )
    return "leader_2"


def test_the_leaders_page_holds_all_there_is_to_judge_by(office: Office) -> None:
    files = office.app.config["FILES"]
    filed = pictured.pictured_case(office.world, files, "handling", agencies=2)
    case, agency = filed.case, office.world.agencies["PTNMT"]
    build.act(office.world, case, "progress_note", "officer_PTNMT", assignment=row_of(case), words="Đã xem hiện trường.")
    build.act(office.world, case, "request_extension", "officer_PTNMT", assignment=row_of(case), reason="Chờ vật tư.",
              until=date(2026, 3, 12))
    token = pictured.staged(office.world, LocalFileStore(files), "after", by="officer_PTNMT", purpose="after", colour="green")
    form = {**build.ANSWER, "no_photo_reason": "", "photos_token": token}
    build.do(office.world, case, "submit_answer", "officer_PTNMT", agency=agency, **form)
    address = f"/tasks/{build.waiting(case, 'approve_answer', agency).ref}"
    office.clock(build.next_moment(case))
    page = office.words("leader_PTNMT", address)
    for words in ("Có đống rác ven suối, mùi nặng.", "Đã xem hiện trường.", "Chờ vật tư.", "12/03/2026", build.ANSWER["actions"],
                  "Hạn phê duyệt", "Hạn của đơn vị", "Đã hẹn với người gửi", "UBND xã Lát"):
        assert words in page, words
    assert row_of(case).instructions is None or row_of(case).instructions in page
    html = office.get("leader_PTNMT", address).get_data(as_text=True)
    endorse = build.waiting(case, "endorse_extension", agency).ref
    assert f'href="/tasks/{endorse}"' in html
    assert "data-compare" in html
    assert html.count('target="_blank"') >= 2, "without script each photo is a link to itself"
    refused = office.post("leader_PTNMT", address, act="redo_answer", instructions="")
    assert (refused.status_code, "Vui lòng nêu rõ cần làm lại gì, ở đâu." in words_of(refused)) == (422, True)
    assert office.post("leader_PTNMT", address, act="redo_answer", instructions="Chụp lại cùng góc.").status_code == 302
    form = {**build.ANSWER, "photos_token": "", "actions": "Đã dọn hết và chụp lại."}
    build.do(office.world, case, "submit_answer", "officer_PTNMT", agency=agency, **form)
    page = office.words("leader_PTNMT", f"/tasks/{build.waiting(case, 'approve_answer', agency).ref}")
    for words in ("Chụp lại cùng góc.", "Đã viết lại: 2. Việc đã làm", "Bản này không kèm ảnh", "So với bản 1"):
        assert words in page, words
    assert "Đã viết lại: 1." not in page


@pytest.mark.exhaustive(but=2)
def test_only_what_was_opened_is_approved_together_each_with_a_result(app: Flask) -> None:
    office = Office(app)
    read, unread, done = (build.case_at(office.world, "approval") for _ in range(3))
    other, steps = second_leader(office), {case.code: step(case, "approve_answer") for case in (read, unread, done)}
    office.clock(office.moment + timedelta(hours=1))
    page = office.words("leader_PTNMT", PAGE)
    assert all(code in page for code in steps)
    assert page.count("Chưa mở: xin mở đọc trước.") == 3
    for case in (read, done):
        assert office.get("leader_PTNMT", steps[case.code]).status_code == 200
        assert office.get("leader_PTNMT", steps[case.code]).status_code == 200, "opened twice is opened once"
    assert db.session.query(AnswerOpening).count() == 2
    page = office.get("leader_PTNMT", PAGE).get_data(as_text=True)
    assert (page.count("disabled"), page.count('name="pick"')) == (1, 3)
    assert office.words(other, PAGE).count("Chưa mở") == 3, "what one leader has read another has not"
    assert office.post("leader_PTNMT", PAGE).status_code == 422
    # the same button at once: the other one opened and pressed first
    office.get(other, steps[done.code])
    refs = [build.waiting(case, "approve_answer").ref for case in (read, unread, done)]
    assert office.post(other, steps[done.code], act="approve_answer").status_code == 302
    answer = office.browser("leader_PTNMT").post(PAGE, data={"pick": refs, **{f"version-{ref}": "1" for ref in refs}})
    result = words_of(answer)
    assert answer.status_code == 422
    for words in (f"{read.code} Rác đổ ven suối: Đã phê duyệt.", "Ông/Bà chưa mở đọc trả lời này.", "Người Thử leader_2 đã thực hiện bước"):
        assert words in result, words
    db.session.expire_all()
    assert [case.state for case in (read, unread, done)] == ["to_publish", "approval", "to_publish"]
    assert db.session.query(Decision).count() == 2
    for name in ("officer_PTNMT", "operator"):
        assert office.get(name, PAGE).status_code == 403
    assert office.browser("leader_HKL").post(PAGE, data={"pick": refs[1], f"version-{refs[1]}": "1"}).status_code == 422
    assert unread.code not in office.words("leader_HKL", PAGE)


def test_a_version_that_came_after_the_list_is_not_approved_and_has_to_be_opened_itself(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    office.get("leader_PTNMT", step(case, "approve_answer"))
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    build.advance(office.world, case, "approval")
    assert "Trả lời đã có bản khác" in words_of(approve(office, "leader_PTNMT", case))
    assert "Ông/Bà chưa mở đọc trả lời này." in words_of(approve(office, "leader_PTNMT", case, versions=2))
    assert approve(office, "leader_PTNMT", case, versions=10**4000).status_code == 422, "no number of a version"
    office.get("leader_PTNMT", step(case, "approve_answer"))
    assert approve(office, "leader_PTNMT", case, versions=2).status_code == 200
    assert case.state == "to_publish"


def test_the_list_asks_the_database_as_often_for_many_as_for_few(office: Office) -> None:
    build.case_at(office.world, "approval")
    office.get("leader_PTNMT", PAGE)
    few = statements_of(lambda: office.get("leader_PTNMT", PAGE))
    for _ in range(3):
        build.case_at(office.world, "approval")
    assert 0 < statements_of(lambda: office.get("leader_PTNMT", PAGE)) == few <= 20
