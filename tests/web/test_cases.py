"""The page of a case: what each reader finds there, the sealed sender, notes, history, diagram."""
from __future__ import annotations

import html
import json
import re

import pytest
from flask import Flask

from casework.case_history import SENTENCES, staff_steps
from casework.db import db, unit_of_work
from casework.models import Event, Note
from casework.permissions import Role
from tests import build, pictured
from tests.web.desk import Office
from tests.web.pages import hidden, words_of

ORIGINAL = "Tôi là Nguyễn Văn An, thấy rác ven suối."
CLEARED = "Có đống rác ven suối, mùi nặng."


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def test_each_reader_finds_what_the_table_allows(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "approval", agencies=2, words=ORIGINAL)
    build.approve(office.world, case)
    address = f"/cases/{case.ref}"
    operator, officer = office.words("operator", address), office.words("officer_PTNMT", address)
    committee, administrator = office.words("committee_leader", address), office.words("administrator", address)
    assert ORIGINAL in operator
    assert all(ORIGINAL not in page for page in (officer, committee, administrator))
    assert all(CLEARED in page for page in (operator, officer, committee))
    assert CLEARED not in administrator
    assert "Rác đổ ven suối" not in administrator
    assert case.code in administrator
    assert office.get("officer_HKL", address).status_code == 404
    assert office.get("inspector", address).status_code == 403


def test_an_answer_is_its_own_agencys_until_it_is_approved(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    build.do(office.world, case, "submit_answer", "officer_PTNMT", agency=office.world.agencies["PTNMT"], **build.ANSWER)
    address, text = f"/cases/{case.ref}", "khoảng 2 m³ rác ven suối"
    assert text in office.words("officer_PTNMT", address)
    assert text in office.words("operator", address)
    assert text not in office.words("officer_UBND-LAT", address)
    build.do(office.world, case, "approve_answer", "leader_PTNMT", agency=office.world.agencies["PTNMT"])
    assert text in office.words("officer_UBND-LAT", address)


def test_an_agency_that_was_released_keeps_nothing_but_the_process(office: Office) -> None:
    case = build.case_at(office.world, "at_agency", agencies=2)
    lat = office.world.agencies["UBND-LAT"]
    build.do(office.world, case, "accept_assignment", "officer_UBND-LAT", act="hand_back", agency=lat, reason="Không thuộc xã.")
    build.do(office.world, case, "decide_hand_back", "operator", agency=lat, upheld=True, words="")
    page = office.words("officer_UBND-LAT", f"/cases/{case.ref}")
    assert case.code in page
    assert CLEARED not in page
    assert "Rác đổ ven suối" not in page
    assert "Không thuộc xã." in page
    assert "Không thuộc xã." not in office.words("officer_PTNMT", f"/cases/{case.ref}")


def test_instructions_are_read_by_the_agency_they_are_for(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    ptnmt, lat = office.world.agencies["PTNMT"], office.world.agencies["UBND-LAT"]
    build.do(office.world, case, "distribute", "operator", lead=ptnmt, cooperating=[lat], instructions={ptnmt.id: "Xin dọn trước thứ Sáu."})
    for name, reads in (("operator", True), ("officer_PTNMT", True), ("officer_UBND-LAT", False), ("administrator", False)):
        assert ("Xin dọn trước thứ Sáu." in office.words(name, f"/cases/{case.ref}")) is reads, name


def test_the_sender_is_shown_once_for_a_reason(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "to_verify")
    address = f"/cases/{case.ref}"
    page = office.get("operator", address).get_data(as_text=True)
    assert "Nguyễn Thị Thử" not in page
    report = hidden(page, "report")
    refused = office.post("operator", f"{address}/identity", report=report, reason="vì")
    assert refused.status_code == 422
    assert 'value="vì"' in refused.get_data(as_text=True)
    shown = office.post("operator", f"{address}/identity", report=report, reason="Gọi lại hỏi đường vào.")
    assert "Nguyễn Thị Thử" in words_of(shown)
    assert shown.headers["Cache-Control"] == "no-store"
    after = office.words("operator", address)
    assert "Nguyễn Thị Thử" not in after
    assert "Gọi lại hỏi đường vào." in after


def test_nobody_outside_operations_may_ask_for_the_sender(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    report = case.main_report.ref
    for name in ("officer_PTNMT", "committee_leader", "administrator", "confidential_reader"):
        answer = office.post(name, f"/cases/{case.ref}/identity", report=report, reason="Muốn biết là ai.")
        assert answer.status_code in (403, 404)
        if name == "officer_PTNMT":
            assert "/identity" not in office.get(name, f"/cases/{case.ref}").get_data(as_text=True)
    assert db.session.query(Event).filter(Event.type == "reveal_identity").count() == 0


def test_a_look_at_the_sender_is_told_to_the_centre_alone(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    office.post("operator", f"/cases/{case.ref}/identity", report=case.main_report.ref, reason="Gọi lại hỏi đường vào.")
    assert "Gọi lại hỏi đường" in office.words("ops_lead", f"/cases/{case.ref}")
    for name in ("officer_PTNMT", "committee_leader", "administrator"):
        assert "Gọi lại hỏi đường" not in office.words(name, f"/cases/{case.ref}")


def test_notes_are_read_by_whom_they_are_for(office: Office) -> None:
    case = build.case_at(office.world, "at_agency", agencies=2)
    address = f"/cases/{case.ref}"
    for name, audience, words in (("operator", "centre", "riêng trung tâm"), ("operator", "agencies", "cho các đơn vị"),
                                  ("officer_PTNMT", "agency", "của phòng")):
        assert office.post(name, f"{address}/notes", audience=audience, words=words).status_code == 302
    readers = {
        "operator": ("riêng trung tâm", "cho các đơn vị", "của phòng"),
        "committee_leader": ("riêng trung tâm", "cho các đơn vị", "của phòng"),
        "officer_PTNMT": ("cho các đơn vị", "của phòng"),
        "officer_UBND-LAT": ("cho các đơn vị",),
        "administrator": (),
    }
    for name, expected in readers.items():
        page = office.words(name, address)
        assert tuple(words for words in ("riêng trung tâm", "cho các đơn vị", "của phòng") if words in page) == expected, name


@pytest.mark.parametrize(
    ("name", "audience"),
    [("officer_PTNMT", "centre"), ("officer_PTNMT", "agencies"), ("administrator", "centre"), ("committee_leader", "agency")],
)
def test_nobody_writes_notes_to_an_audience_that_is_not_theirs(office: Office, name: str, audience: str) -> None:
    case = build.case_at(office.world, "at_agency")
    assert office.post(name, f"/cases/{case.ref}/notes", audience=audience, words="thử").status_code in (403, 422)
    assert db.session.query(Note).count() == 0


def test_an_empty_note_is_refused(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    assert office.post("operator", f"/cases/{case.ref}/notes", audience="centre", words=" ").status_code == 422


def test_the_history_names_who_did_what(office: Office) -> None:
    case = build.case_at(office.world, "closed", agencies=2)
    page = office.words("operator", f"/cases/{case.ref}")
    for words in ("Tiếp nhận phản ánh", "Phân phối:", "trình trả lời, bản 1", "Phê duyệt trả lời", "Công khai kết quả"):
        assert words in page
    assert "Người Thử leader_PTNMT" in page


def test_every_event_the_walk_records_has_a_sentence(office: Office) -> None:
    case = build.case_at(office.world, "closed", agencies=2)
    assert {type_ for (type_,) in db.session.query(Event.type).filter(Event.case_id == case.id)} <= set(SENTENCES)


def test_an_event_nobody_foresaw_is_shown_by_its_name(office: Office) -> None:
    from casework.cases import lock_case
    from casework.events import record

    case = build.case_at(office.world, "to_verify")
    with unit_of_work():
        record(lock_case(case.id), "something_new", by=office.world.actor("operator"), at=build.NOON)
    steps = staff_steps(case, by=office.world.actor("operator"))
    assert "something_new" in steps[0].words.vi


def test_a_deputy_is_named_with_the_principal(office: Office) -> None:
    from datetime import timedelta

    from casework.models import Deputy

    case = build.case_at(office.world, "approval")
    with unit_of_work():
        deputy = build.staff(office.world, "deputy", Role.OFFICER, agency=office.world.agencies["HKL"])
        db.session.flush()
        db.session.add(Deputy(principal_id=office.world.people["leader_PTNMT"].id, deputy_id=deputy.id, starts_at=build.NOON,
                              ends_at=build.NOON + timedelta(days=3), created_by_id=deputy.id))
    build.do(office.world, case, "approve_answer", "deputy")
    steps = staff_steps(case, by=office.world.actor("operator"))
    assert steps[0].note is not None
    assert steps[0].note.vi == "Người Thử deputy, thay Người Thử leader_PTNMT"


def test_the_diagram_marks_where_the_case_stands_and_says_it_in_words(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "handling", agencies=2)
    answer = office.get("officer_PTNMT", f"/cases/{case.ref}/diagram")
    marks = json.loads(html.unescape(re.search(r'data-marks="([^"]*)"', answer.get_data(as_text=True))[1]))  # type: ignore[index]
    assert "submit_answer" in marks["current"]
    assert "verify" in marks["done"]
    assert "Xử lý, trình kết quả" in words_of(answer)
    assert "style-src-attr 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in office.get("officer_PTNMT", f"/cases/{case.ref}").headers["Content-Security-Policy"]


def test_the_diagram_speaks_the_readers_language(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    with office.browser("operator").session_transaction() as session:
        session["language"] = "en"
    page = html.unescape(office.get("operator", f"/cases/{case.ref}/diagram").get_data(as_text=True))
    assert 'name="Receive and verify"' in page


def test_a_quarantined_case_is_not_there(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    with unit_of_work():
        db.session.get_one(type(case), case.id).quarantined_at = build.NOON
    for name in ("operator", "ops_lead", "officer_PTNMT", "committee_leader", "administrator"):
        assert office.get(name, f"/cases/{case.ref}").status_code == 404
        assert office.get(name, f"/cases/{case.ref}/diagram").status_code == 404
    assert office.get("confidential_reader", f"/cases/{case.ref}").status_code == 200
    assert office.get("confidential_reader", f"/cases/{case.ref}/diagram").status_code == 404


def test_photos_on_the_page_are_those_the_reader_may_have(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "approval")
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        page = office.get(name, f"/cases/{filed.case.ref}").get_data(as_text=True)
        sources = set(re.findall(r'src="(/photos/[^"]+)"', page))
        assert sources
        for source in sources:
            with office.get(name, source) as answer:
                assert answer.status_code == 200, name
