"""The records clerk sends a letter to a body as a package: once, signed, asked back or replaced with a reason, its state told beside it."""

import io
from datetime import timedelta

import pypdf
import pytest
from flask import Flask
from sqlalchemy import select, update

from casework.db import db, unit_of_work
from casework.documents.files import files_of, keep_file, open_file
from casework.documents.numbering import give_number
from casework.documents.transfer_slips import write_transfer_slip
from casework.documents.verification import check_books
from casework.exchange import Business, Package, Status, write
from casework.files.local import new_stored_name
from casework.intake.file_report import Place
from casework.local_time import local_day
from casework.models import Case, Event, Letter, OutgoingPackage, VisibilityReason
from casework.privacy.identity import Contact
from casework.text import fold
from tests import build
from tests.casework.exchange.house import (
    NOW,
    SEALED,
    all_outgoing,
    answer_to,
    come,
    letter_of,
    numbered_slip,
    outgoing,
    send_next,
    settled,
    signed_slip,
    status_of,
)
from tests.casework.exchange.samples import OTHER
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.web.pages import words_of
from web.documents.making import make_letter_files

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    settled(office.world)
    office.clock(LATER)
    return office


@pytest.fixture
def case(office: Office) -> Case:
    return build.case_at(office.world, "handling")


def sent(office: Office, letter: Letter, **form: str) -> str:
    """The page of a letter after the clerk has sent it."""
    page = f"/documents/{letter.ref}"
    answer = office.post("records_clerk", f"{page}/packages", **{"receiver": OTHER, "replaces": "", **form})
    assert (answer.status_code, answer.location) == (302, page), words_of(answer)
    return page


def test_a_signed_letter_is_sent_once_and_what_the_body_says_stands_beside_it(office: Office, case: Case) -> None:
    page = sent(office, signed_slip(office.app, office.world, case))
    assert "Sở Xây dựng · Gửi mới Chờ gửi" in " ".join(office.words("records_clerk", page).split())
    found = send_next(office.app, now=LATER)
    assert isinstance(found, Package)
    assert ([file.content for file in found.attachments], found.business) == ([SEALED], Business.NEW)
    assert "Đã gửi" in office.words("operator", page)
    (row,) = all_outgoing()
    come(write(status_of(row, "03", at=LATER, words="Số đến 118")), now=LATER)
    told = office.words("operator", page)
    assert "Đã tiếp nhận, vào sổ" in told
    assert "Số đến 118" in told
    again = office.post("records_clerk", f"{page}/packages", receiver=OTHER, replaces="")
    assert (again.status_code, len(all_outgoing())) == (422, 1), "the body is no choice any more"
    (event,) = db.session.scalars(select(Event).where(Event.type == "send_package"))
    assert event.payload is not None
    assert (event.payload["receiver"], event.payload["number"]) == (OTHER, 1)
    assert "Gửi số 01 cho H36.20 qua trục văn bản." in office.words("records_clerk", "/documents/books")


def test_what_has_no_signature_yet_is_not_sent(office: Office, case: Case) -> None:
    letter = numbered_slip(office.app, office.world, case)
    page = f"/documents/{letter.ref}"
    assert "Gửi được khi văn bản có tệp đã ký hoặc đóng dấu." in office.words("records_clerk", page)
    answer = office.post("records_clerk", f"{page}/packages", receiver=OTHER, replaces="")
    assert (answer.status_code, all_outgoing()) == (422, [])
    assert "chưa có tệp đã ký" in words_of(answer)


@pytest.mark.parametrize("who", ["operator", "ops_lead", "leader_PTNMT", "administrator"])
def test_only_the_records_clerk_sends(office: Office, case: Case, who: str) -> None:
    letter = signed_slip(office.app, office.world, case)
    page = f"/documents/{letter.ref}"
    assert office.post(who, f"{page}/packages", receiver=OTHER, replaces="").status_code in (403, 404)
    sent(office, letter)
    (row,) = all_outgoing()
    for act in ("back", "again"):
        assert office.post(who, f"{page}/packages/{row.ref}/{act}", reason="x").status_code in (403, 404)
    if who == "operator":
        assert "Thu hồi" not in office.words(who, page)


def test_where_a_centre_has_no_identifier_nothing_is_offered(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    office.clock(LATER)
    letter = signed_slip(office.app, office.world)
    page = f"/documents/{letter.ref}"
    assert "Gửi qua trục" not in office.words("records_clerk", page)
    assert office.post("records_clerk", f"{page}/packages", receiver=OTHER).status_code == 404


def test_a_clerk_of_another_centre_finds_nothing(office: Office, case: Case) -> None:
    letter = signed_slip(office.app, office.world, case)
    other = settled(second_world(office.world), exchange_id="H36.13")
    office.world.people["clerk_elsewhere"] = other.people["records_clerk"]
    assert office.post("clerk_elsewhere", f"/documents/{letter.ref}/packages", receiver=OTHER).status_code == 404


@pytest.mark.parametrize(("form", "said"), [
    ({"receiver": ""}, "Vui lòng chọn cơ quan nhận."), ({"receiver": "H36.66"}, "")], ids=["none", "unknown"])  # fmt: skip
def test_a_body_has_to_be_chosen(office: Office, case: Case, form: dict[str, str], said: str) -> None:
    letter = signed_slip(office.app, office.world, case)
    answer = office.post("records_clerk", f"/documents/{letter.ref}/packages", replaces="", replacing_reason="Lời đã gõ", **form)
    assert (answer.status_code, all_outgoing()) == (422, [])
    assert said in words_of(answer)
    assert "Lời đã gõ" in answer.get_data(as_text=True)


def test_a_letter_is_asked_back_with_a_reason_which_the_body_reads(office: Office, case: Case) -> None:
    page = sent(office, signed_slip(office.app, office.world, case))
    send_next(office.app, now=LATER)
    (row,) = all_outgoing()
    assert office.post("records_clerk", f"{page}/packages/{row.ref}/back", reason=" ").status_code == 422
    assert office.post("records_clerk", f"{page}/packages/{row.ref}/back", reason="Gửi nhầm nơi").status_code == 302
    found = send_next(office.app, now=LATER)
    assert isinstance(found, Package)
    assert (found.business, found.reason, found.attachments) == (Business.TAKEN_BACK, "Gửi nhầm nơi", ())
    assert str(found.answers[0].document) == row.document
    again = office.post("records_clerk", f"{page}/packages/{row.ref}/back", reason="Lần nữa")
    assert (again.status_code, len(all_outgoing())) == (422, 2)
    come(write(status_of(row, "15", at=LATER)), now=LATER)
    assert "Đồng ý cập nhật, thu hồi" in office.words("records_clerk", page)


def test_one_that_was_never_tried_does_not_go_at_all(office: Office, case: Case) -> None:
    page = sent(office, signed_slip(office.app, office.world, case))
    (row,) = all_outgoing()
    office.post("records_clerk", f"{page}/packages/{row.ref}/back", reason="Nhầm")
    assert send_next(office.app, now=LATER) is None
    assert [each.dropped_at for each in all_outgoing()] == [LATER]
    assert "Không gửi nữa" in office.words("records_clerk", page)


def test_a_letter_whose_number_was_struck_out_can_still_be_asked_back(office: Office, case: Case) -> None:
    page = sent(office, signed_slip(office.app, office.world, case))
    send_next(office.app, now=LATER)
    (row,) = all_outgoing()
    assert office.post("records_clerk", f"{page}/strike", reason="Sai").status_code == 302
    assert office.post("records_clerk", f"{page}/packages/{row.ref}/back", reason="Sai").status_code == 302
    found = send_next(office.app, now=LATER)
    assert isinstance(found, Package)
    assert found.business is Business.TAKEN_BACK


def test_a_letter_replaces_an_earlier_one_to_the_same_body_with_a_reason(office: Office, case: Case) -> None:
    sent(office, signed_slip(office.app, office.world, case))
    send_next(office.app, now=LATER)
    (old,) = all_outgoing()
    letter = signed_slip(office.app, office.world, db.session.get_one(Case, case.id), now=LATER)
    page = f"/documents/{letter.ref}"
    no_reason = office.post("records_clerk", f"{page}/packages", receiver=OTHER, replaces=old.ref)
    elsewhere = office.post("records_clerk", f"{page}/packages", receiver="H36.31", replaces=old.ref, replacing_reason="x")
    assert (no_reason.status_code, elsewhere.status_code, len(all_outgoing())) == (422, 422, 1)
    sent(office, letter, replaces=old.ref, replacing_reason="Sai ngày")
    found = send_next(office.app, now=LATER)
    assert isinstance(found, Package)
    assert (found.business, found.reason, str(found.replaces[0].document)) == (Business.REPLACES, "Sai ngày", old.document)


def test_what_could_not_be_sent_says_why_and_is_tried_again(office: Office, case: Case) -> None:
    page = sent(office, signed_slip(office.app, office.world, case))
    (row,) = all_outgoing()
    assert office.post("records_clerk", f"{page}/packages/{row.ref}/again").status_code == 302
    assert outgoing(row.ref).due_at == LATER
    with unit_of_work():
        db.session.execute(update(OutgoingPackage).values(last_error="misfit", due_at=None))
    assert "Không ghi được vào gói tin" in office.words("records_clerk", page)
    office.clock(LATER + timedelta(minutes=1))
    office.post("records_clerk", f"{page}/packages/{row.ref}/again")
    assert outgoing(row.ref).due_at == office.moment
    assert office.post("records_clerk", f"{page}/packages/0000000000000000/again").status_code == 404
    assert office.post("records_clerk", f"{page}/packages/0000000000000000/back", reason="x").status_code == 404


def test_of_a_sensitive_case_only_a_slip_without_its_matter_goes_out(office: Office, case: Case) -> None:
    letter = signed_slip(office.app, office.world, case)
    with unit_of_work():
        reason = db.session.scalars(select(VisibilityReason.id)).first()
        db.session.execute(update(Case).values(visibility_reason_id=reason))
    answer = office.post("records_clerk", f"/documents/{letter.ref}/packages", receiver=OTHER, replaces="")
    assert (answer.status_code, all_outgoing()) == (422, [])
    assert "không gửi ra ngoài được" in words_of(answer)
    with unit_of_work():
        again = db.session.get_one(Letter, letter.id)
        again.content = {**again.content, "is_sensitive": True}
    sent(office, letter)


CANARY = {
    "name": "Zoãn Quýnh Xuyến", "phone": "0912 345 671", "words": "zqxkhogu chỉ người gửi biết", "house": "12/4 ngõ Zqxhem",
    "latitude": "12.01234", "longitude": "108.43217",
}  # fmt: skip


def test_a_package_tells_nothing_of_who_sent_the_report(office: Office) -> None:
    """A real slip, its paper set and read again; everything in the package is looked through, and in the statuses beside it."""
    world = office.world
    place = Place(area=world.area, village="Thôn Păng Tiêng", words=CANARY["house"], latitude=12.01234, longitude=108.43217)
    told = f"Tôi là {CANARY['name']}, {CANARY['phone']}, {CANARY['house']}. {CANARY['words']}."
    contact = Contact(name=CANARY["name"], phone="+84912345671")
    case = build.case_at(world, "handling", by="guest", words=told, contact=contact, place=place)
    build.act(world, case, "refer", "operator", body="Sở Xây dựng", reason="Thuộc thẩm quyền của Sở.")
    now = office.moment
    with unit_of_work():
        letter = write_transfer_slip(db.session.get_one(Case, case.id), by=world.actor("operator", now), now=now)
        give_number(letter, on=local_day(now), by=world.actor("records_clerk", now), now=now)
        ref = letter.ref
    store = office.app.extensions["file_store"]
    assert make_letter_files(office.app, store, now=now) == 1
    with unit_of_work():
        letter = letter_of(ref)
        (issued,) = files_of(letter)
        with open_file(issued, store=store) as opened:
            keep_file(letter, "sealed", store.put(new_stored_name(), opened.read(), sealed=True), pages=1, now=now)
    sent(office, letter_of(ref))
    package = send_next(office.app, now=now)
    assert isinstance(package, Package)
    (file,) = package.attachments
    paper = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file.content)).pages)
    (row,) = all_outgoing()
    come(write(answer_to(row)), now=now)
    status = send_next(office.app, now=now)
    assert isinstance(status, Status)
    everything = " ".join((write(package).decode(), write(status).decode(), file.content.decode("latin-1"), paper))
    folded = fold("".join(everything.split()))
    assert fold("Thuộcthẩmquyền") in folded, "what is cleared is read, so the rest would be"
    for what, secret in {**CANARY, "number": "912345671", "international": "84912345671"}.items():
        assert fold("".join(secret.split())) not in folded, what


def test_books_and_histories_agree_after_it(office: Office, case: Case) -> None:
    sent(office, signed_slip(office.app, office.world, case))
    assert list(check_books()) == []
