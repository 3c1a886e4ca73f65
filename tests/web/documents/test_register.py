"""Documents at the desk of the clerk: numbered, kept byte for byte, taken back, and read in the register of the year."""
from __future__ import annotations

import hashlib
import os
import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.erasure.files import remove_erased_files
from casework.models import DocumentNumber, File, Letter, LetterFile, Letterhead
from casework.upkeep.unsent_files import sweep_unsent
from casework.verification.files import check_files
from tests import build
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of
from tests.web.inbox.test_late import LATE, case_of, late_cases, letter_form, text_of
from tests.web.pages import words_of
from web.documents import making


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    late_cases(office.world)
    office.clock(LATE)
    return office


def written(office: Office) -> Letter:
    """A letter of late cases, by the operator."""
    address, parts = letter_form(office)
    office.post("operator", address, part=parts, reply_by="2026-03-16", words="Báo cáo ngay.")
    return db.session.scalars(select(Letter).order_by(Letter.id.desc()).limit(1)).one()


def numbered(office: Office, letter: Letter, by: str = "records_clerk", **form: object) -> str:
    """The page of a letter after it was given its number."""
    address = f"/documents/{letter.ref}"
    answer = office.post(by, f"{address}/number", **{"number": 1, "on": "2026-03-12", **form})
    assert (answer.status_code, answer.location) == (302, address), words_of(answer)
    return address


def work(office: Office) -> int:
    db.session.rollback()
    return making.make_letter_files(office.app, office.app.extensions["file_store"], now=office.moment)


def files_of(office: Office) -> list[str]:
    return list(office.app.extensions["file_store"].list_names())


@pytest.mark.exhaustive
def test_a_letter_goes_from_its_writer_to_the_clerk_and_is_kept_as_it_was_issued(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = written(office)
    address = f"/documents/{letter.ref}"
    listed = office.get("records_clerk", "/documents")
    assert (address in listed.text, "Chờ cấp số 1 văn bản" in words_of(listed)) == (True, True)
    page = office.get("records_clerk", address)
    assert re.search(r'name="number"[^>]*value="1"', page.text)
    assert re.search(r'name="on"[^>]*value="2026-03-12"', page.text)
    assert "Số: /IOC" in words_of(page)
    assert "Số tiếp theo trong sổ: 01." in words_of(page)
    # before it has a number it is printed with room left, by whoever reads it
    assert "Số: /IOC" in text_of(office.get("operator", f"{address}/file").data)
    numbered(office, letter)
    assert "đang tạo tệp" in office.words("records_clerk", address)
    assert office.get("operator", f"{address}/file").location == address, "no other rendering goes out meanwhile"
    assert (work(office), work(office)) == (1, 0)
    kept = db.session.scalars(select(LetterFile)).one()
    first = office.get("operator", f"{address}/file")
    assert (kept.kind, kept.pages, kept.size, kept.sha256) == ("issued", 1, len(first.data), hashlib.sha256(first.data).hexdigest())
    assert (kept.file.key_id is not None, kept.file.audience, kept.file.rendition) == (True, "centre", "document")
    assert first.headers["Content-Disposition"] == 'inline; filename="so-01-IOC-2026.pdf"'
    text = text_of(first.data)
    for said in ("Số: 01/IOC", "ngày 12 tháng 3 năm 2026", "Trung tâm IOC mới".upper()):
        assert said in text, said
    # another letterhead, another template, another name: the kept bytes are served, and no rendering any more
    with unit_of_work():
        for row in db.session.scalars(select(Letterhead)):
            row.issuing_body = "Tên khác hẳn"
        office.world.agencies["PTNMT"].name_vi = "Phòng đổi tên"
    monkeypatch.setattr("web.documents.printing.sheets_of", lambda *_args, **_named: pytest.fail("a new rendering"))
    for name in ("operator", "ops_lead", "committee_leader", "leader_PTNMT"):
        assert office.get(name, f"{address}/file").data == first.data, name
    assert office.get("operator", f"{address}/file?file={kept.ref}").data == first.data
    assert office.get("operator", f"{address}/file?file=0000000000000000").status_code == 404
    words = office.words("operator", address)
    assert ("Đã ban hành" in words, kept.sha256 in words, "01/IOC" in words) == (True, True, True)
    assert list(check_files(office.app.extensions["file_store"], now=office.moment, key_ids=frozenset({kept.file.key_id or ""}))) == []


def test_the_form_says_what_is_wrong_keeps_what_was_typed_and_takes_a_second_click_for_the_first(office: Office) -> None:
    first, second = written(office), written(office)
    address = f"/documents/{second.ref}"
    numbered(office, first)
    again = office.post("records_clerk", f"/documents/{first.ref}/number", number=1, on="2026-03-12")
    assert (again.status_code, again.location) == (302, f"/documents/{first.ref}")
    assert "Văn bản đã có số 01." in office.words("records_clerk", f"/documents/{first.ref}")
    for form, said in (
        ({"number": 1, "on": "2026-03-12"}, "Số 01 đã dùng"),
        ({"number": 5, "on": "2026-03-12"}, "Số tiếp theo của sổ là 02. Nếu bỏ qua 02–04"),
        ({"number": 2, "on": "2026-03-13"}, "tương lai"), ({"number": 2, "on": "2026-03-11"}, "trước ngày soạn"),
        ({"number": "", "on": "2026-03-12"}, "Vui lòng nhập số"), ({"number": "x", "on": "2026-03-12"}, "số nguyên"),
        ({"number": 2, "on": "hôm nay"}, "ngày"), ({"number": 0, "on": "2026-03-12"}, "bắt đầu từ 01"),
        ({"number": 3, "on": "2026-03-12", "gap_note": "x" * 301}, "300"),
    ):
        answer = office.post("records_clerk", f"{address}/number", **form)
        assert (answer.status_code, said in words_of(answer)) == (422, True), (form, words_of(answer))
        assert f'value="{form["number"]}"' in answer.text
    skipping = office.post("records_clerk", f"{address}/number", number=5, on="2026-03-12")
    assert re.search(r"<details data-skips open>", skipping.text)
    assert "<details data-skips>" in office.get("records_clerk", address).text
    numbered(office, second, number=5, gap_note="Đã dùng trên sổ giấy.")
    page = office.words("records_clerk", "/documents/books")
    for said in ("01/IOC", "02", "Đã dùng trên sổ giấy.", "05/IOC", "Ngoài phần mềm", "Cấp số 05. Bỏ trống: 02–04."):
        assert said in page, said


def test_each_does_with_documents_what_is_theirs(office: Office) -> None:
    second_world(office.world)
    letter = written(office)
    address = f"/documents/{letter.ref}"
    seers = {"records_clerk": 200, "operator": 200, "leader_PTNMT": 200, "committee_leader": 200, "leader_HKL": 404,
             "records_clerk_dn": 404, "officer_PTNMT": 403, "inspector": 403, "administrator": 403, "citizen": 403}  # fmt: skip
    office.world.people["records_clerk_dn"] = db.session.scalars(
        select(type(office.world.people["operator"])).filter_by(login="records_clerk_dn")
    ).one()
    for name, status in seers.items():
        assert office.get(name, address).status_code == status, name
    form = {"number": 1, "on": "2026-03-12"}
    for name, status in {"records_clerk_dn": 404, "operator": 403, "leader_PTNMT": 404, "committee_leader": 403, "citizen": 403}.items():
        assert office.post(name, f"{address}/number", **form).status_code == status, name
        assert office.post(name, f"{address}/strike", reason="x").status_code == status, name
    assert office.post("committee_leader", f"{address}/withdrawal", reason="x").status_code == 404
    assert "Cấp số" not in office.get("operator", address).text
    # the clerk, who sees no case, reads no title in it and takes the paper that bears one to sign or seal it
    title = case_of(0).title or ""
    assert (title in office.words("operator", address), title in office.words("records_clerk", address)) == (True, False)
    numbered(office, letter)
    work(office)
    assert (office.get("operator", f"{address}/file").status_code, office.get("records_clerk", f"{address}/file").status_code) == (200, 200)
    assert "Mỗi lần tải tệp đều được ghi lại" in office.words("records_clerk", address)
    # the clerk's work begins here, and old addresses lead here
    clerk = office.browser("records_clerk")
    assert [clerk.get(path).location for path in ("/letters", f"/letters/{letter.ref}", f"/letters/{letter.ref}/file")] == [
        "/documents", address, f"{address}/file"]  # fmt: skip
    with office.app.test_request_context():
        from web.accounts.sign_in import home_of

        people = office.world.people
        assert [home_of(db.session.merge(people[name])) for name in ("records_clerk", "operator")] == ["/documents", "/inbox"]


@pytest.mark.exhaustive
def test_an_agency_numbers_its_own_apology_in_its_own_book_and_the_sender_gets_the_kept_paper(office: Office) -> None:
    case = case_of(0)
    office.post("leader_UBND-LAT", f"/cases/{case.ref}/acts/apologise", reason="Mưa lớn.", until="2026-03-16")
    letter = db.session.scalars(select(Letter)).one()
    assert letter.ref not in office.get("records_clerk", "/documents").text
    assert office.post("records_clerk", f"/documents/{letter.ref}/number", number=1, on="2026-03-12").status_code == 404
    own = f"/mine/{case.code}/letters/{letter.ref}"
    assert "Số: /" in text_of(office.get("citizen", own).data)
    address = numbered(office, letter, "leader_UBND-LAT")
    work(office)
    kept = office.get("citizen", own)
    assert ("Số: 01/" in text_of(kept.data), kept.data) == (True, office.get("operator", f"{address}/file").data)
    assert (office.get("citizen_2", own).status_code, office.get("operator", own).status_code) == (404, 404)
    assert "01" in office.words("leader_UBND-LAT", "/documents/books")
    assert "Chưa cấp số nào" in office.words("records_clerk", "/documents/books")
    # struck out it is shown as that everywhere, and sent to nobody any more
    assert office.post("leader_UBND-LAT", f"{address}/strike", reason="").status_code == 422
    assert office.post("leader_UBND-LAT", f"{address}/strike", reason="Sai ngày hẹn.").status_code == 302
    page = office.words("operator", address)
    assert ("Số đã bị hủy" in page, "Sai ngày hẹn." in page, "Đã hủy số" in page) == (True, True, True)
    assert {office.get(name, path).status_code for name, path in (("operator", f"{address}/file"), ("citizen", own))} == {404}
    assert case.code in office.words("operator", "/documents?shelf=taken_back")
    assert letter.ref not in office.get("operator", "/documents?shelf=numbered").text
    assert "Sai ngày hẹn." in office.words("leader_UBND-LAT", "/documents/books")
    again = office.post("leader_UBND-LAT", f"{address}/strike", reason="Lần nữa.")
    assert (again.status_code, "đã được hủy" in words_of(again)) == (422, True)


def test_a_letter_without_a_number_is_taken_back_by_its_writers(office: Office) -> None:
    letter = written(office)
    address = f"/documents/{letter.ref}"
    empty = office.post("operator", f"{address}/withdrawal", reason=" ")
    assert (empty.status_code, "lý do" in words_of(empty)) == (422, True)
    assert office.post("operator", f"{address}/withdrawal", reason="Gửi nhầm đơn vị.").location == address
    assert "Gửi nhầm đơn vị." in office.words("leader_PTNMT", address)
    refused = office.post("records_clerk", f"{address}/number", number=1, on="2026-03-12")
    assert (refused.status_code, "không cấp số nữa" in words_of(refused)) == (422, True)
    assert office.get("operator", f"{address}/file").status_code == 404
    assert "Không có văn bản nào" in office.words("records_clerk", "/documents")


def test_what_cannot_be_made_says_why_and_is_made_when_somebody_asks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = written(office)
    address = numbered(office, letter)
    with monkeypatch.context() as patched:
        patched.setattr("web.documents.making.sheets_of", lambda *_args, **_named: 1 / 0)
        for tried in range(1, 7):
            assert work(office) == 1, tried
            assert work(office) == 0, "it waits between attempts"
            office.clock(office.moment + timedelta(hours=13))
        assert work(office) == 0
    page = office.words("records_clerk", address)
    assert ("chưa tạo được tệp" in page, "ZeroDivisionError" in page) == (True, True)
    assert office.post("leader_PTNMT", f"{address}/retry").status_code == 403
    assert office.post("records_clerk", f"{address}/retry").location == address
    assert (work(office), work(office)) == (1, 0)
    assert "Đã ban hành" in office.words("records_clerk", address)
    assert office.post("records_clerk", f"{address}/retry").status_code == 409


def test_a_worker_killed_between_file_and_row_leaves_nothing_but_a_file_that_is_swept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, store, before = written(office), office.app.extensions["file_store"], files_of(office)
    address = numbered(office, letter)
    with monkeypatch.context() as patched:
        patched.setattr("web.documents.making.keep_issued", lambda *_args, **_named: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            work(office)
    [orphan] = set(files_of(office)) - set(before)
    assert db.session.query(LetterFile).count() == 0
    assert work(office) == 0, "another worker leaves it to the one that took it, for a while"
    old = (office.moment - timedelta(days=2)).timestamp()
    os.utime(store.root / orphan, (old, old))
    assert sweep_unsent(store, now=office.moment) == [orphan]
    office.clock(office.moment + timedelta(minutes=11))
    assert work(office) == 1
    kept = db.session.scalars(select(File).where(File.letter_file_id.is_not(None))).one()
    os.utime(store.root / kept.stored_name, (old, old))
    assert sweep_unsent(store, now=office.moment) == [], "what has its row stays"
    assert office.get("operator", f"{address}/file").status_code == 200


def test_a_case_that_leaves_the_system_takes_the_kept_paper_along_but_not_its_number(office: Office) -> None:
    letter, case = written(office), case_of(0)
    address = numbered(office, letter)
    work(office)
    kept = db.session.scalars(select(LetterFile)).one()
    name, digest = kept.file.stored_name, kept.sha256
    build.act(office.world, case, "quarantine", "operator", now=office.moment, reason="Tố cáo cán bộ.")
    remove_erased_files(office.app.extensions["file_store"], now=office.moment)
    assert name not in files_of(office)
    assert db.session.scalars(select(LetterFile.sha256)).one() == digest, "whoever verifies the paper learns that it was taken back"
    assert office.get("operator", f"{address}/file").status_code == 404
    page, book = office.words("operator", address), office.words("records_clerk", "/documents/books")
    assert ("không in nữa" in page, case.code in page, case.code in book, "01/IOC" in book) == (True, False, False, True)
    assert "Đã thu hồi" in book
    assert work(office) == 0


def test_the_register_takes_numbers_of_paper_and_costs_the_same_for_more(office: Office) -> None:
    page = office.words("records_clerk", "/documents/books")
    assert ("Chưa cấp số nào" in page, "Số tiếp theo 01" in page or "số tiếp theo 01" in page) == (True, True)
    place = f"{office.world.centre.ref}::"
    form = {"place": f"{place}1", "last": 3, "on": "2026-03-12", "note": "Giấy mời họp"}
    assert office.post("operator", "/documents/books/outside", **form).status_code == 403
    for wrong, said in (({"last": 600}, "500"), ({"place": f"{place}x"}, "sổ"), ({"place": place}, "sổ"), ({"last": ""}, "số"),
                        ({"note": " "}, "dùng"), ({"on": "2026-03-13"}, "tương lai")):
        answer = office.post("records_clerk", "/documents/books/outside", **{**form, **wrong})
        assert (answer.status_code, said in words_of(answer)) == (422, True), wrong
    assert office.post("records_clerk", "/documents/books/outside", **{**form, "place": "khác"}).status_code == 422
    answer = office.post("records_clerk", "/documents/books/outside", **form)
    assert (answer.status_code, "Giấy mời họp" in office.words("records_clerk", answer.location)) == (302, True)
    assert "Ghi số 01–03 dùng ngoài phần mềm." in office.words("operator", answer.location)
    # who meant 01 to 05 did not mean 04 to 05: somebody was quicker, and the form says so and stands at the next number
    stale = office.post("records_clerk", "/documents/books/outside", **{**form, "last": 5})
    assert (stale.status_code, "Sổ này đang ở số 04." in words_of(stale), f'value="{place}4"' in stale.text) == (422, True, True)
    book = answer.location.partition("book=")[2]
    letter = written(office)
    numbered(office, letter, number=4)
    few = statements_of(lambda: office.get("records_clerk", answer.location))
    for number in (5, 6, 7):
        numbered(office, written(office), number=number)
    assert statements_of(lambda: office.get("records_clerk", answer.location)) == few
    assert "08" in office.words("records_clerk", f"/documents/{written(office).ref}")
    lists = statements_of(lambda: office.get("records_clerk", "/documents?shelf=numbered"))
    numbered(office, written(office), number=8)
    assert statements_of(lambda: office.get("records_clerk", "/documents?shelf=numbered")) == lists
    strike = {"book": book, "number": 2, "reason": "Không gửi."}
    assert office.post("operator", "/documents/books/strike", **strike).status_code == 403
    assert office.post("leader_PTNMT", "/documents/books/strike", **strike).status_code == 404
    assert office.post("records_clerk", "/documents/books/strike", **{**strike, "number": "9" * 25}).status_code == 422
    unknown = office.post("records_clerk", "/documents/books/strike", **{**strike, "number": 99})
    assert (unknown.status_code, "Sổ không có số này." in words_of(unknown)) == (422, True)
    assert office.post("records_clerk", "/documents/books/strike", **strike).status_code == 302
    assert "Hủy số 02." in office.words("records_clerk", answer.location)
    [row] = db.session.scalars(select(DocumentNumber).where(DocumentNumber.number == 2))
    assert (row.struck_reason, row.given_on) == ("Không gửi.", date(2026, 3, 12))
    # one year's list and another's, one kind's and another's
    asked = ("year=2026", "year=2025", "kind=late_list", "kind=apology", "year=x&kind=y&before=z")
    found = [letter.ref in office.get("operator", f"/documents?shelf=numbered&{each}").text for each in asked]
    assert found == [True, False, True, False, True]


def test_an_administrator_chooses_rows_of_numbers_by_words_and_reads_them_so(office: Office) -> None:
    address = "/settings/values/document_numbers"
    page = office.get("administrator", address)
    seen = re.findall(r'name="seen" value="([^"]*)"', page.text)[-1]
    assert '<option value="by_kind">Mỗi loại một dãy</option>' in page.text
    form = {"scope": office.world.centre.ref, "seen": seen, "reason": "Quy chế mới."}
    assert office.post("administrator", address, **form, value="khác").status_code == 422
    assert office.post("administrator", address, **form, value="by_kind").status_code == 302
    words = office.words("administrator", address)
    assert ("Mỗi loại một dãy" in words, "by_kind" in words) == (True, False)
    assert "Mỗi loại một dãy" in office.words("administrator", "/settings/values")
    numbered(office, written(office))
    assert "Công văn" in office.words("records_clerk", "/documents/books")
