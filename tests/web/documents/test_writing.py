"""Letters written from the page of a case: previewed, written once, found by their readers, shut to everybody else."""
from __future__ import annotations

import io
import re

import pypdf
import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.documents import kinds
from casework.local_time import LOCAL_ZONE
from casework.main_reports import make_main
from casework.models import Case, Letter, Report
from tests import beside, build
from tests import merged as joined
from tests.casework.documents.test_letters import extended, letterheads, two_at_work, write
from tests.web.desk import Office, statements_of
from tests.web.pages import hidden, words_of
from web.documents.making import make_letter_files

HOSTILE = '<img src="file:///etc/passwd"><script>alert(1)</script> \u202etxet =HYPERLINK("http://a")'


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    letterheads(office.world)
    return office


def links(office: Office, name: str, case: Case) -> list[tuple[str, str]]:
    """Words and addresses under “Documents” on the page of a case."""
    html = office.get(name, f"/cases/{case.ref}?tab=all").get_data(as_text=True)
    block = html.partition('id="documents"')[2].partition("</section>")[0]
    found = re.findall(r'<a href="([^"]+)">(.*?)</a>', block, re.S)
    return [(words_of(words), address.replace("&amp;", "&")) for address, words in found]


def offered(office: Office, name: str, case: Case) -> dict[str, str]:
    """The same by the words; of several with the same words the last, which may still be written."""
    return dict(links(office, name, case))


def text_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())


def letters() -> list[Letter]:
    return list(db.session.scalars(select(Letter).order_by(Letter.id)))


@pytest.mark.exhaustive
def test_a_slip_is_previewed_with_what_was_typed_and_written_once(office: Office) -> None:
    case = two_at_work(office.world)
    office.clock(build.next_moment(case))
    there = offered(office, "operator", case)
    assert [words.partition(":")[0] for words in there] == ["Phiếu chuyển"] * 2
    address = next(iter(there.values()))
    page = office.get("operator", address)
    key = hidden(page.get_data(as_text=True), "key")
    assert "PHIẾU CHUYỂN" in words_of(page)
    seen = office.post("operator", address, words="Báo cáo trong ngày.", urgency="hoa_toc", copies="Thường trực Huyện ủy\r\n" + HOSTILE,
                       key=key, act="preview")
    words, html = words_of(seen), seen.get_data(as_text=True)
    assert (seen.status_code, "HỎA TỐC" in words, "- Thường trực Huyện ủy;" in words, hidden(html, "key")) == (200, True, True, key)
    assert ("<script>alert" in html, "&lt;script&gt;alert(1)" in html, html.count("Báo cáo trong ngày.") >= 2) == (False, True, True)
    assert letters() == []
    refused = office.post("operator", address, words="x" * 1_001, key=key, act="write")
    assert (refused.status_code, "x" * 1_001 in refused.get_data(as_text=True), letters()) == (422, True, [])
    lines = "\r\n".join("abc" for _ in range(31))
    too_many = office.post("operator", address, words="Giữ lại lời này.", copies=lines, key=key, act="write")
    assert (too_many.status_code, "30 dòng" in words_of(too_many), "Giữ lại lời này." in words_of(too_many)) == (422, True, True)
    form = {"words": HOSTILE, "urgency": "khan", "copies": "", "key": key, "act": "write"}
    first, second = office.post("operator", address, **form), office.post("operator", address, **form)
    assert (first.status_code, second.location, len(letters())) == (302, first.location, 1)
    other = office.post("operator", address, **{**form, "words": "Lời khác."})
    assert (other.status_code, "soạn một văn bản khác" in words_of(other), "Lời khác." in words_of(other)) == (422, True, True)
    new_key = hidden(other.get_data(as_text=True), "key")
    assert office.post("operator", address, **{**form, "words": "Lời khác.", "key": new_key}).status_code == 302
    assert [letter.kind for letter in letters()] == [kinds.TRANSFER_SLIP] * 2
    printed = office.get("operator", first.location)
    assert ("&lt;script&gt;" in printed.get_data(as_text=True), "<script>alert" in printed.get_data(as_text=True)) == (True, False)
    assert "<script>alert(1)</script>" in text_of(office.get("operator", f"{first.location}/file").data)
    timeline = office.words("operator", f"/cases/{case.ref}?tab=all")
    assert timeline.count("Soạn phiếu chuyển gửi") == 2
    english = office.browser("operator").get(f"/cases/{case.ref}?lang=en")
    assert english.status_code == 200
    assert "Phiếu chuyển" in str(offered(office, "operator", case))
    assert "documents" not in office.get("operator", f"/cases/{case.ref}/print").get_data(as_text=True).partition('<main')[2]
    # the leader of the agency it goes to finds it in the case, and writes none
    mine = [where for _words, where in links(office, "leader_PTNMT", case)]
    assert mine == [f"/documents/{letter.ref}" for letter in reversed(letters()) if letter.agency.key == "PTNMT"]
    assert offered(office, "officer_PTNMT", case) == {}


def test_pages_are_shut_to_who_may_not_and_to_what_is_not_there(office: Office) -> None:
    case, refused = two_at_work(office.world), beside.CASES["refused"](office.world)
    slip = f"/cases/{case.ref}/letters/transfer_slip?about={case.assignments[0].ref}"
    notice = f"/cases/{refused.ref}/letters/refusal_notice"
    statuses = {name: (office.get(name, slip).status_code, office.get(name, notice).status_code) for name in (
        "operator", "ops_lead", "leader_PTNMT", "leader_HKL", "officer_PTNMT", "committee_leader", "records_clerk", "administrator",
        "inspector", "confidential_reader", "citizen")}  # fmt: skip
    # a leader whose agency is on the case may not; whose is not finds nothing
    assert statuses.pop("leader_PTNMT")[0] == 403
    assert statuses.pop("leader_HKL") == (404, 404)
    assert {name: status for name, status in statuses.items() if status != (403, 403)} == {"operator": (200, 200), "ops_lead": (200, 200)}
    for address in (f"/cases/{case.ref}/letters/transfer_slip?about=0000000000000000", f"/cases/{case.ref}/letters/apology",
                    f"/cases/{case.ref}/letters/answer", f"/cases/{case.ref}/letters/nothing", "/cases/0000000000000000/letters/answer",
                    f"/cases/{case.ref}/letters/transfer_slip?about={refused.ref}", f"/cases/{case.ref}/minutes"):
        assert office.get("operator", address).status_code in (403, 404), address
    # what cannot be written now says so, and keeps what was typed
    page = office.post("operator", f"/cases/{case.ref}/letters/refusal_notice", words="Giữ lời này.", act="write", key="k" * 32)
    assert (page.status_code, "không bị từ chối" in words_of(page), "Giữ lời này." in words_of(page)) == (422, True, True)
    assert "không bị từ chối" in office.words("operator", f"/cases/{case.ref}/letters/refusal_notice")
    assert db.session.scalar(select(func.count()).select_from(Letter)) == 0


def test_a_sender_finds_their_letters_and_nobody_elses(office: Office) -> None:
    world = office.world
    told, longer, refused = build.case_at(world, "rating"), extended(world), beside.CASES["refused"](world)
    office.clock(max(build.next_moment(case) for case in (told, longer, refused)))
    for case, by, words in ((told, "leader_PTNMT", "Công văn trả lời"), (longer, "operator", "Thông báo gia hạn"),
                            (refused, "ops_lead", "Thông báo không tiếp nhận")):
        address = offered(office, by, case)[words]
        written = office.post(by, address, act="write", key="0123456789abcdef0123456789abcde" + str(case.id % 10))
        assert written.status_code == 302, words_of(written)
        own = office.get("citizen", f"/mine/{case.code}")
        assert (own.status_code, "Văn bản gửi Ông/Bà" in words_of(own), words in words_of(own)) == (200, True, True)
        [file] = re.findall(rf'href="(/mine/{case.code}/letters/[^"]+)"', own.get_data(as_text=True))
        pdf = office.get("citizen", file)
        assert (pdf.status_code, pdf.mimetype) == (200, "application/pdf")
        text = text_of(pdf.data)
        assert (f"mã số {case.code}" in text, "Nguyễn Thị Thử" in text) == (True, False)
        assert [office.get(name, file).status_code for name in ("citizen_2", "operator")] == [404, 404]
    assert office.get("citizen", f"/mine/{told.code}/letters/{letters()[1].ref}").status_code == 404
    slip = offered(office, "operator", longer)
    office.post("operator", next(address for words, address in slip.items() if words.startswith("Phiếu chuyển")), act="write", key="z" * 32)
    assert "Phiếu chuyển" not in office.words("citizen", f"/mine/{longer.code}")
    with unit_of_work():
        for letter in letters():
            letter.withdrawn_at = office.moment
    assert "Văn bản gửi" not in office.words("citizen", f"/mine/{told.code}")


def test_a_letter_too_long_for_paper_is_refused_in_its_form_and_not_at_the_clerks_desk(office: Office) -> None:
    case = two_at_work(office.world)
    office.clock(build.next_moment(case))
    address = next(iter(offered(office, "operator", case).values()))
    with unit_of_work():
        for text in db.session.get_one(Case, case.id).main_report.texts:
            text.body = text.body and "Dài quá. " * 30_000
    for page in (office.get("operator", address), office.post("operator", address, words="Giữ lời này.", act="write", key="k" * 32)):
        assert ("quá dài để in" in words_of(page), len(page.data) < 100_000) == (True, True)
    assert (page.status_code, "Giữ lời này." in words_of(page), letters()) == (422, True, [])


@pytest.mark.exhaustive
def test_the_paper_that_names_one_report_goes_to_its_sender_whichever_leads_the_case_since(office: Office) -> None:
    world = office.world
    first, second = build.file_report(world), build.file_report(world, by="citizen_2")
    for filed in (first, second):
        build.advance(world, filed.case, "handling")
    joined.merge(world, second.case, first.case)
    build.advance(world, first.case, "rating")
    ref = write(world, first.case, kinds.ANSWER).ref
    office.clock(build.next_moment(first.case))
    with unit_of_work():
        case = db.session.get_one(Case, first.case.id)
        next(link for link in case.reports if link.report.code == first.report.code).left_at = office.moment
        make_main(case, db.session.get_one(Report, second.report.id))
    on = office.moment.astimezone(LOCAL_ZONE).date().isoformat()
    assert office.post("records_clerk", f"/documents/{ref}/number", number=1, on=on).status_code == 302
    db.session.rollback()
    assert make_letter_files(office.app, office.app.extensions["file_store"], now=office.moment) == 1
    codes = [first.report.code, second.report.code]
    for name, own in zip(("citizen", "citizen_2"), codes, strict=True):
        text = text_of(office.get(name, f"/mine/{own}/letters/{ref}").data)
        assert [code for code in codes if code in text] == [own], name


def test_minutes_of_a_case_set_apart_are_written_read_and_printed_by_its_confidential_readers_alone(office: Office) -> None:
    case = beside.CASES["set apart"](office.world)
    office.clock(build.next_moment(case))
    [(words, address)] = offered(office, "confidential_reader", case).items()
    assert (words, address) == ("Biên bản bàn giao", f"/cases/{case.ref}/minutes")
    assert "BIÊN BẢN" in office.words("confidential_reader", address)
    written = office.post("confidential_reader", address, act="write", key="m" * 32, words="Ông A.")
    assert written.location.startswith(f"/cases/{case.ref}/minutes/")
    shown = office.words("confidential_reader", written.location)
    assert ("ĐẠI DIỆN BÊN NHẬN" in shown, "Ông A." in shown, "Rác" in shown) == (True, False, False)
    assert office.get("confidential_reader", f"{written.location}/file").mimetype == "application/pdf"
    assert [where for _words, where in links(office, "confidential_reader", case)] == [written.location, address]
    for name in ("operator", "ops_lead", "committee_leader", "administrator", "records_clerk", "leader_PTNMT"):
        for each in (address, written.location, f"{written.location}/file"):
            assert office.get(name, each).status_code == 403, (name, each)
        if name not in ("administrator",):
            assert office.get(name, f"/documents/{letters()[0].ref}").status_code in (403, 404)
    assert office.get("confidential_reader", f"/cases/{case.ref}/letters/handover_minutes").status_code == 403
    assert letters()[0].content["words"] == ""


def test_the_page_of_a_case_costs_the_same_however_many_letters_it_has(office: Office) -> None:
    case = two_at_work(office.world)
    office.clock(build.next_moment(case))
    address = next(iter(offered(office, "operator", case).values()))
    office.post("operator", address, act="write", key="a" * 32)
    few = statements_of(lambda: office.get("operator", f"/cases/{case.ref}?tab=all"))
    for number in range(4):
        office.post("operator", address, act="write", key=f"{number}" * 32)
    assert statements_of(lambda: office.get("operator", f"/cases/{case.ref}?tab=all")) == few
