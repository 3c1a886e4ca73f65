"""What is late, the letter that reminds of it, and the apology with a new day: who reads them, what they say, what leaves them again."""
from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pypdf
import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Assignment, Case, Event, Letter, Letterhead, OutboxMessage
from tests import build
from tests.casework.acting import local, told
from tests.grounds import remembered
from tests.web.desk import Office, statements_of
from tests.web.pages import words_of
from workflows.desks.late_cases import late_list

LATE = local(12, 3, 9)
"""The urgent case was due on Tuesday 03/03 at ten, the one with two agencies when Wednesday 11/03 was over."""


@remembered
def late_cases(world: build.World) -> None:
    """PTNMT is late with two cases, one urgent; UBND-LAT with one of them; a report waits unverified; one case has time."""
    build.case_at(world, "handling", agencies=2)
    build.case_at(world, "handling", urgent=True, by="citizen_2")
    build.case_at(world, "to_verify")
    build.case_at(world, "handling", now=local(11, 3, 9))
    with unit_of_work():
        db.session.add_all([
            Letterhead(centre_id=world.centre.id, agency_id=None, parent_body="Ủy ban nhân dân huyện Lạc Dương",
                       issuing_body="Trung tâm IOC", symbol="IOC",
                       place="Lạc Dương", authority="TL. Chủ tịch", signer_title="Giám đốc", signer_name="Người Ký Thử",
                       valid_from=date(2020, 1, 1), valid_to=date(2026, 3, 12)),
            Letterhead(centre_id=world.centre.id, agency_id=None, parent_body="Ủy ban nhân dân huyện Lạc Dương",
                       issuing_body="Trung tâm IOC mới", symbol="IOC", place="Lạc Dương", authority="TL. Chủ tịch",
                       signer_title="Giám đốc", signer_name="Người Ký Mới", valid_from=date(2026, 3, 12)),
        ])  # fmt: skip


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    late_cases(office.world)
    office.clock(LATE)
    return office


def case_of(number: int) -> Case:
    return db.session.scalars(select(Case).order_by(Case.id)).all()[number]


def letter_form(office: Office, agency: str = "PTNMT") -> tuple[str, list[str]]:
    address = f"/late/{office.world.agencies[agency].ref}/letter"
    html = office.get("operator", address).get_data(as_text=True)
    return address, re.findall(r'name="part" value="([^"]+)" checked', html)


def text_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())


def test_the_list_shows_to_each_what_is_theirs_the_urgent_first(office: Office) -> None:
    page = office.words("operator", "/late")
    urgent, plain, unverified, in_time = (case_of(number).code for number in (1, 0, 2, 3))
    assert page.index(urgent) < page.index(plain)
    assert unverified in page.split("Bước trễ của Trung tâm")[1]
    assert in_time not in page
    assert "Hồ sơ trễ đã có thư xin lỗi: 0, chưa có: 2" in page
    assert plain in office.words("ops_lead", "/late")
    committee = office.words("committee_leader", "/late")
    assert (plain in committee, urgent in committee) == (True, True)
    lat, others = office.words("leader_UBND-LAT", "/late"), office.words("leader_HKL", "/late")
    assert (plain in lat, urgent in lat, unverified in lat, "Phòng Tài nguyên" in lat) == (True, False, False, False)
    assert (plain in others, "Không có việc nào trễ hạn." in others) == (False, True)
    assert [office.get(name, "/late").status_code for name in ("officer_PTNMT", "administrator", "inspector")] == [403, 403, 403]
    camera = office.words("operator", "/late?source=camera")
    assert plain not in camera


def test_the_list_costs_the_same_for_more_cases(office: Office) -> None:
    office.get("operator", "/late")
    few = statements_of(lambda: office.get("operator", "/late"))
    for _ in range(3):
        build.case_at(office.world, "handling", agencies=3)
    assert statements_of(lambda: office.get("operator", "/late")) == few


def test_the_list_reads_of_each_part_only_what_it_shows(office: Office) -> None:
    shown = late_list(office.world.actor("operator", LATE), now=LATE)
    assert [(row.assignment.case.code, row.holder, row.can_be_written) for row in shown.agencies[0].rows] == [
        (case_of(1).code, None, True), (case_of(0).code, None, True),
    ]  # fmt: skip
    by = office.world.actor("leader_PTNMT", LATE)
    db.session.rollback()
    db.session.expunge_all()
    assert late_list(by, now=LATE).rows
    assert [row for row in db.session if isinstance(row, Assignment | Case)] == [], "rows, and no objects that follow what is done to them"


def test_a_letter_lists_what_was_ticked_as_of_its_day_and_stays_the_same(office: Office) -> None:
    address, parts = letter_form(office)
    assert len(parts) == 2
    answer = office.post("operator", address, part=parts, reply_by="2026-03-16", words="Báo cáo ngay hồ sơ khẩn.")
    assert answer.status_code == 302
    page = office.words("leader_PTNMT", answer.location)
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: /IOC", "ngày 12 tháng 3 năm 2026", "Trung tâm IOC mới", "Người Ký Mới",
                  "Kính gửi: Phòng Tài nguyên và Môi trường.", "KHẨN.", "còn 02 hồ sơ", case_of(0).code, "trước khi hết ngày 16/03/2026",
                  "./.", "Báo cáo ngay hồ sơ khẩn.", "TL. CHỦ TỊCH", "Lưu: VT, IOC."):
        assert words in page, words
    first = office.get("leader_PTNMT", f"{answer.location}/file")
    assert (first.status_code, first.mimetype) == (200, "application/pdf")
    [sent] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "late_letter"))
    assert (sent.recipient, sent.case_id) == (f"desk:agency_leader@a{office.world.agencies['PTNMT'].id}", None)
    assert (sent.parameters["number"], sent.parameters["due_at"]) == (2, local(17, 3).isoformat())
    # another letterhead, another name, an answered case: what was written stays
    with unit_of_work():
        for row in db.session.scalars(select(Letterhead)):
            row.issuing_body = "Tên khác hẳn"
        office.world.agencies["PTNMT"].name_vi = "Phòng đổi tên"
    assert office.get("operator", f"{answer.location}/file").data == first.data
    text = text_of(first.data)
    assert "THỬ" not in text
    assert ("trung tâm ioc mới" in text.lower(), "0912" in text, "Nguyễn Thị Thử" in text) == (True, False, False)
    seers = {"leader_UBND-LAT": 404, "leader_HKL": 404, "officer_PTNMT": 403, "committee_leader": 200, "citizen": 403}
    for name, status in seers.items():
        assert office.get(name, answer.location).status_code == status, name
    listed = [answer.location in office.get(name, "/documents").text for name in ("ops_lead", "leader_PTNMT", "leader_UBND-LAT")]
    assert listed == [True, True, False]


@pytest.mark.exhaustive
def test_an_agency_that_was_removed_reads_no_title_in_its_letter_any_more(office: Office) -> None:
    address, parts = letter_form(office, "UBND-LAT")
    case = case_of(0)
    listed = office.post("operator", address, part=parts, reply_by="2026-03-16", words="").location
    title = case.title or ""

    def seen(name: str) -> tuple[bool, bool, bool]:
        page, text = office.words(name, listed), text_of(office.get(name, f"{listed}/file").data)
        return title in page, title in text, case.code in page

    assert (seen("leader_UBND-LAT"), seen("operator")) == ((True, True, True), (True, True, True))
    part = next(each for each in case.assignments if each.agency.key == "UBND-LAT")
    build.act(office.world, case, "remove_agency", "operator", assignment=part, reason="Nhầm đơn vị.", now=LATE)
    assert (seen("leader_UBND-LAT"), seen("operator")) == ((False, False, True), (True, True, True))


def test_a_letter_refuses_what_it_cannot_say(office: Office) -> None:
    address, parts = letter_form(office)
    _, others = letter_form(office, "UBND-LAT")
    for form, said in (
        ({"part": parts, "reply_by": "2026-03-14"}, "ngày làm việc từ ngày mai"),
        ({"part": parts, "reply_by": "2026-03-12"}, "từ ngày mai"),
        ({"part": parts, "reply_by": "9999-01-01"}, "mười năm"),
        ({"part": [], "reply_by": "2026-03-16"}, "từ 1 đến 100"),
        ({"part": others, "reply_by": "2026-03-16"}, "từ 1 đến 100"), ({"part": parts, "reply_by": ""}, "chọn ngày"),
        ({"part": parts, "reply_by": "2026-03-16", "words": "x" * 1_001}, "1000"),
    ):
        answer = office.post("operator", address, **form)
        assert (answer.status_code, said.lower() in words_of(answer).lower().replace("1.000", "1000")) == (422, True), (form, said)
    assert db.session.query(Letter).count() == 0
    assert office.get("leader_PTNMT", address).status_code == 404, "an agency does not remind itself"


def test_a_case_that_leaves_the_system_leaves_its_letters(office: Office) -> None:
    address, parts = letter_form(office)
    listed = office.post("operator", address, part=parts, reply_by="2026-03-16", words="Về vụ đổ rác.").location
    case = case_of(0)
    office.post("operator", f"/cases/{case.ref}/acts/apologise", reason="Mưa lớn.", until="2026-03-16")
    build.act(office.world, case, "quarantine", "operator", now=LATE, reason="Tố cáo cán bộ.")
    assert "không in nữa" in office.words("operator", listed)
    assert office.get("operator", f"{listed}/file").status_code == 404
    kept = {letter.kind: letter for letter in db.session.scalars(select(Letter))}
    assert kept["apology"].content == {}
    assert ([row["code"] for row in kept["late_list"].content["rows"]], kept["late_list"].content["words"]) == ([case_of(1).code], "")
    assert case.code not in office.words("operator", "/documents")
    assert office.get("citizen", f"/mine/{case.code}/letters/{kept['apology'].ref}").status_code == 404


def test_an_apology_is_told_to_each_sender_with_the_day_and_read_on_their_page(office: Office) -> None:
    case = case_of(0)
    due = case.due_at
    address = f"/cases/{case.ref}/acts/apologise"
    assert "Phòng Tài nguyên và Môi trường" in office.words("operator", address)
    answer = office.post("leader_UBND-LAT", address, reason="Mưa lớn, xe chưa vào được.", until="2026-03-16")
    assert answer.status_code == 302, words_of(answer)
    assert case.due_at == due, "late stays late"
    [message] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "apology"))
    assert message.parameters == {"code": case.code, "due_at": local(17, 3).isoformat()}
    [event] = db.session.scalars(select(Event).where(Event.type == "apologise"))
    assert event.payload == {"agency": "UBND-LAT", "new_day": "2026-03-16"}
    own = office.words("citizen", f"/mine/{case.code}")
    for words in ("Mưa lớn, xe chưa vào được.", "16/03/2026", "UBND xã Lát xin lỗi vì trả lời chậm"):
        assert words in own
    letter = db.session.scalars(select(Letter)).one()
    file = office.get("citizen", f"/mine/{case.code}/letters/{letter.ref}")
    text = text_of(file.data)
    for words in (f"mã số {case.code}", "Ngày 02/03/2026", "hạn trả lời đã hẹn là ngày 11/03/2026", "chậm nhất ngày 16/03/2026",
                  "UBND xã Lát xin lỗi Ông/Bà"):
        assert words in text, words
    for name in ("citizen_2", "operator"):
        assert office.get(name, f"/mine/{case.code}/letters/{letter.ref}").status_code == 404
    assert "UBND xã Lát xin lỗi người phản ánh" in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "đến 16/03/2026" in office.words("operator", "/late")
    assert "Hồ sơ trễ đã có thư xin lỗi: 1, chưa có: 1" in office.words("operator", "/late")
    again = office.post("operator", address, reason="Lý do khác.", until="2026-03-16")
    assert (again.status_code, "Đã hẹn lại ngày này" in words_of(again)) == (422, True)
    office.clock(LATE + timedelta(minutes=5))
    assert office.post("operator", address, reason="Vẫn chưa xong.", until="2026-03-17").status_code == 302
    assert len(told("apology")) == 2


def test_an_apology_names_the_report_it_was_written_about_and_of_a_sensitive_case_no_matter(office: Office) -> None:
    address, told = f"/cases/{case_of(0).ref}/acts/apologise", []
    for until, reason in (("2026-03-16", None), ("2026-03-17", 1)):
        office.clock(office.moment + timedelta(minutes=1))
        with unit_of_work():
            case_of(0).visibility_reason_id = reason
        assert office.post("operator", address, reason="Mưa lớn.", until=until).status_code == 302
        content = db.session.scalars(select(Letter.content).order_by(Letter.id.desc()).limit(1)).one()
        told.append((content["code"] == case_of(0).code, content["title"] == case_of(0).title))
        assert content["title"] in (case_of(0).title, "")
    assert told == [(True, True), (True, False)]


def test_who_may_apologise_and_when_one_is_owed(office: Office) -> None:
    late, in_time = case_of(0), case_of(3)
    for name, status in (("leader_HKL", 404), ("officer_PTNMT", 403), ("committee_leader", 403), ("leader_PTNMT", 200), ("ops_lead", 200)):
        assert office.get(name, f"/cases/{late.ref}/acts/apologise").status_code == status, name
    assert "Xin lỗi và hẹn lại ngày" in office.words("leader_PTNMT", f"/cases/{late.ref}?tab=all")
    assert "Xin lỗi và hẹn lại ngày" not in office.words("leader_PTNMT", f"/cases/{in_time.ref}?tab=all")
    assert office.post("operator", f"/cases/{in_time.ref}/acts/apologise", reason="Chậm.", until="2026-03-16").status_code == 422
    for moment, owed in ((local(10, 3, 16), 1), (LATE, 1), (local(13, 3, 9), 3)):
        office.clock(moment)
        assert office.words("operator", "/late").count("cần xin lỗi") == owed, moment


def test_one_press_reminds_of_what_is_ticked_and_of_whole_agencies_and_only_of_what_is_theirs(office: Office) -> None:
    page = office.get("operator", "/late").get_data(as_text=True)
    ptnmt, lat = (office.world.agencies[key] for key in ("PTNMT", "UBND-LAT"))
    groups = re.split(r"<tbody", page)
    own = next(group for group in groups if f"a-{ptnmt.ref}" in group)
    parts = re.findall(r'name="part" value="([^"]+)"', own)
    assert len(parts) == 2
    answer = office.post("operator", "/late/remind", part=parts[:1], agency=lat.ref)
    assert (answer.status_code, answer.location) == (302, "/late")
    reminded = [(event.case_id, event.payload["agency"]) for event in db.session.scalars(select(Event).where(Event.type == "remind"))]
    assert sorted(reminded) == sorted([(case_of(1).id, "PTNMT"), (case_of(0).id, "UBND-LAT")])
    words = office.words("operator", "/late")
    assert "Đã gửi 2 lời nhắc." in words
    assert "1 lần, 12/03/2026" in words
    assert "Nhắc từ 2 lần" not in words, "nothing was reminded of twice"
    for form, said in (({}, "đánh dấu ít nhất một"), ({"part": "no-such"}, "Những hồ sơ đã đánh dấu không còn trễ hạn")):
        office.post("operator", "/late/remind", **form)
        assert said in office.words("operator", "/late")
    assert office.post("leader_PTNMT", "/late/remind", part=parts).status_code == 403
    assert 'name="part"' not in office.get("leader_PTNMT", "/late").get_data(as_text=True)
    assert len(list(db.session.scalars(select(Event).where(Event.type == "remind")))) == 2


def test_letters_to_several_agencies_are_looked_at_and_written_one_for_each(office: Office) -> None:
    agencies = [office.world.agencies[key].ref for key in ("PTNMT", "UBND-LAT")]
    asked = office.post("operator", "/late/letters", agency=agencies)
    html = asked.get_data(as_text=True)
    assert "Sẽ soạn 2 công văn" in words_of(asked)
    parts = re.findall(r'name="part" value="([^"]+)"', html)
    assert (len(parts), db.session.query(Letter).count()) == (3, 0)
    late = office.post("operator", "/late/letters", part=parts, sent="yes", reply_by="2026-03-14", words="")
    assert (late.status_code, "ngày làm việc" in words_of(late)) == (422, True)
    assert office.post("operator", "/late/letters", part=parts, sent="yes", reply_by="2026-03-16", words="").status_code == 302
    written = {letter.agency_id: len(letter.content["rows"]) for letter in db.session.scalars(select(Letter))}
    assert written == {office.world.agencies["PTNMT"].id: 2, office.world.agencies["UBND-LAT"].id: 1}
    assert "Đã soạn 2 công văn" in office.words("operator", "/late")
    office.post("leader_PTNMT", "/late/letters", part=parts, sent="yes", reply_by="2026-03-16")
    assert db.session.query(Letter).count() == 2, "an agency does not remind itself"
    assert "data-part" not in office.get("leader_PTNMT", "/late").get_data(as_text=True)
