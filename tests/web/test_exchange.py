"""The exchange with one agency on the pages: beside the case, beside the step, in the inbox."""
from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from casework.db import db
from casework.models import Case, Draft, Mention, Note
from tests import build
from tests.merged import assignment_of
from tests.web.desk import Office, statements_of, step
from tests.web.pages import hidden, words_of

NEW = "trao đổi mới"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def address(case: Case, key: str = "PTNMT") -> str:
    return f"/cases/{case.ref}/exchange/{assignment_of(case, key).ref}"


def beside(office: Office, case: Case, page: str, words: str, **form: str) -> TestResponse:
    """Write from the page of the agency's step, with what stands in its form."""
    owner = hidden(office.get("officer_PTNMT", page).get_data(as_text=True), "draft_owner")
    part = assignment_of(case, "PTNMT").ref
    return office.post("officer_PTNMT", f"{page}/draft", draft_do=f"say:{part}", draft_say=words, draft_owner=owner, **form)


@pytest.mark.exhaustive
def test_the_centre_writes_to_one_agency_which_reads_it_beside_its_step_and_answers_there(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    assert office.post("operator", address(case), words="Xin hỏi số nhà của bãi rác.").status_code == 302
    assert "Trao đổi mới 1" in office.words("officer_PTNMT", "/inbox")
    assert "Trao đổi mới 1" not in office.words("officer_UBND-LAT", "/inbox")
    assert case.code in office.words("officer_PTNMT", "/exchanges")
    assert f"1 {NEW}" in office.words("officer_PTNMT", f"/cases/{case.ref}"), "said in the agency's row and at the part"
    page = step(case, "submit_answer", "PTNMT", office)
    assert "Xin hỏi số nhà của bãi rác." in office.words("officer_PTNMT", page)
    assert "1 mới" not in office.words("officer_PTNMT", page), "what was shown to an officer is read"
    assert "Trao đổi mới 1" not in office.words("officer_PTNMT", "/inbox")
    for name in ("officer_UBND-LAT", "leader_UBND-LAT"):
        assert "Xin hỏi số nhà" not in office.words(name, f"/cases/{case.ref}?tab=all")
    said = beside(office, case, page, "Số 12, đường Bạch Đằng.", findings="Đã đến nơi lúc sáng.")
    assert said.status_code == 302
    assert db.session.query(Draft).count() == 1, "what was typed in the step is kept"
    assert "Đã đến nơi lúc sáng." in office.words("officer_PTNMT", said.headers["Location"])
    assert [note.kind for note in db.session.query(Note).order_by(Note.id)] == ["to_agency", "note"]
    assert "Trao đổi mới 1" in office.words("operator", "/inbox")
    shown = office.words("operator", f"/cases/{case.ref}?tab=exchange")
    assert "Số 12, đường Bạch Đằng." in shown
    assert "1 mới" not in office.words("operator", f"/cases/{case.ref}?tab=exchange")


def test_a_word_that_is_refused_stays_typed(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    empty = office.post("operator", address(case), words="")
    assert (empty.status_code, db.session.query(Note).count()) == (422, 0)
    named = office.post("operator", address(case), words="Nhờ @officer_ubnd-lat xem số nhà.")
    assert named.status_code == 422, "not one who reads this exchange"
    assert "Nhờ @officer_ubnd-lat xem số nhà." in named.get_data(as_text=True)
    page = step(case, "submit_answer", "PTNMT", office)
    refused = beside(office, case, page, "Nhờ @khongco xem.")
    assert refused.status_code == 422
    assert "Nhờ @khongco xem." in refused.get_data(as_text=True)
    assert db.session.query(Note).count() == 0


def test_a_word_sent_twice_from_the_step_tells_whom_it_names_once(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    page, lead = step(case, "submit_answer"), office.world.people["ops_lead"].full_name
    for _ in range(2):
        assert beside(office, case, page, f"Nhờ @{lead} xem giúp.").status_code == 302
    assert (db.session.query(Note).count(), db.session.query(Mention).count()) == (1, 1)


def test_a_word_and_what_was_typed_are_not_lost_when_a_colleague_has_done_the_step_meanwhile(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    page, owner = step(case, "submit_answer"), hidden(office.get("officer_PTNMT", step(case, "submit_answer")).text, "draft_owner")
    build.do(office.world, case, "submit_answer", "officer_2_PTNMT", **build.ANSWER)
    part = assignment_of(case, "PTNMT").ref
    typed = {"draft_say": "Số 12, đường Bạch Đằng.", "draft_owner": owner, "findings": "Đã đến nơi lúc sáng."}
    late = office.post("officer_PTNMT", f"{page}/draft", draft_do=f"say:{part}", **typed)
    assert (late.status_code, "Đã đến nơi lúc sáng." in words_of(late)) == (409, True)
    assert [note.body for note in db.session.query(Note)] == ["Số 12, đường Bạch Đằng."], "it is about the case, not about the step"
    refused = office.post("officer_PTNMT", f"{page}/draft", draft_do=f"say:{part}", **{**typed, "draft_say": "Nhờ @khongco xem."})
    assert (refused.status_code, "Nhờ @khongco xem." in words_of(refused)) == (409, True)
    sent = office.post("officer_PTNMT", page, act="submit_answer", **{**typed, "draft_say": "Chưa gửi lời này."})
    assert "Chưa gửi lời này." in words_of(sent), "typed beside the step, and not sent yet"


@pytest.mark.parametrize(("name", "status"), [
    ("officer_UBND-LAT", 404), ("officer_HKL", 404), ("committee_leader", 403), ("administrator", 403), ("citizen", 403)])  # fmt: skip
def test_nobody_else_reaches_an_agencys_exchange(office: Office, name: str, status: int) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    assert office.get(name, address(case)).status_code == status
    assert office.post(name, address(case), words="Chen vào.").status_code == status
    assert db.session.query(Note).count() == 0


def test_an_agency_writes_from_its_exchange_and_the_history_of_others_does_not_tell(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    shown = office.get("officer_PTNMT", f"/cases/{case.ref}?tab=exchange").get_data(as_text=True)
    assert shown.count("<textarea") == 1, "one place to write: the note of an agency is its word to the centre"
    office.post("officer_PTNMT", f"/cases/{case.ref}/notes", audience="agency", words="Xin thêm ảnh.")
    assert "Trao đổi riêng giữa Trung tâm và" in office.words("operator", f"/cases/{case.ref}?tab=history")
    assert "Trao đổi riêng" not in office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=history")


def test_the_row_of_the_inbox_says_that_there_is_something_new(office: Office) -> None:
    case = build.case_at(office.world, "handling")

    def rows(name: str) -> str:
        return re.sub(r"\s+", " ", office.get(name, "/inbox").get_data(as_text=True))

    assert "i-message-circle" not in rows("officer_PTNMT")
    few = statements_of(lambda: office.words("officer_PTNMT", "/inbox"))
    office.post("operator", address(case), words="Xin hỏi số nhà.")
    assert "i-message-circle" in rows("officer_PTNMT")
    assert statements_of(lambda: office.words("officer_PTNMT", "/inbox")) == few


def test_the_public_and_the_sender_read_nothing_of_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    office.post("operator", address(case), words="Lời riêng giữa hai bên.")
    build.advance(office.world, case, "rating")
    assert "Lời riêng" not in office.words("citizen", f"/reports/{case.code}")
    assert "Lời riêng" in words_of(office.get("operator", f"/cases/{case.ref}/print"))


def test_each_side_reads_in_its_own_words_who_wrote_to_whom(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    office.post("officer_PTNMT", f"/cases/{case.ref}/notes", words="Đã đến nơi.", audience="agency")
    assert db.session.query(Note).count() == 1
    for name, label in (("officer_PTNMT", "Đơn vị tôi và Trung tâm"), ("operator", "Đơn vị viết riêng cho Trung tâm"),
                        ("committee_leader", "Đơn vị viết riêng cho Trung tâm")):  # fmt: skip
        page = office.words(name, f"/cases/{case.ref}?tab=exchange")
        assert label in page, name
    assert "Đơn vị tôi" not in office.words("operator", f"/cases/{case.ref}?tab=exchange")
