"""What people ask about their own data: the days the law gives, what a copy holds, what erasing leaves, and that resting data rest."""
from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from casework.calendars import RULES_STREAM
from casework.casefile.history import staff_steps
from casework.cases import lock_case
from casework.contacts.blocked_senders import block_sender
from casework.db import METADATA, db, unit_of_work
from casework.erasure.files import remove_erased_files
from casework.events import append
from casework.files.local import LocalFileStore
from casework.intake.file_report import Place, original_words
from casework.messages.recipients import recipient_of
from casework.messages.routing import route_messages
from casework.models import (
    Account,
    BlockedSender,
    Case,
    CaseSuccession,
    Centre,
    DataRequest,
    Delivery,
    Device,
    Draft,
    Event,
    Follower,
    LoginSession,
    MessageChoice,
    MeToo,
    OutboxMessage,
    Refusal,
    Report,
    Reporter,
    ReportText,
    Withdrawal,
)
from casework.permissions import SYSTEM, NotAllowed, Role
from casework.photos.records import copy_for, photos_of_report
from casework.places.points import point_of
from casework.privacy.identity import Contact, RevealRefused, open_contact, reveal_identity
from casework.public.cases import public_case
from casework.public.me_too import say_me_too
from casework.rights.archive import PAGE_FILE, PERSON_FILE, REPORT_FILE, PageOf, archive_of
from casework.rights.deciding import (
    RequestDecisionRefused,
    answer_request,
    carry_out,
    extend_request,
    look_at_request,
    refuse_request,
)
from casework.rights.erasing_people import go_on_erasing
from casework.rights.lists import done_requests, is_late, open_requests, reports_beside, request_seen, was_late
from casework.rights.requests import (
    Person,
    RequestRefused,
    Wish,
    lock_request,
    person_of,
    record_copy,
    reply_in,
    request_data,
    requests_of,
    wish_in,
)
from casework.rights.restricting import lift_restriction
from casework.sealing.keyring import current_keyring
from casework.sealing.seal import seal_text
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from casework.verification.files import check_files
from tests import build
from tests.casework.acting import events, guest_of, local
from tests.with_photos import jpeg, pictured_case, staged
from web.accounts.sign_in import find_account

NOW = build.NOON + timedelta(days=1)
WORDS = "Xin xóa giúp, tôi là Nguyễn Thị Thử lờiyêucầu."


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def ask(world: build.World, kind: str, *, by: str = "citizen", now: datetime = NOW, wish: Wish | None = None) -> DataRequest:
    with unit_of_work():
        actor = world.actor(by, now)
        return request_data(kind, person=person_of(actor), by=actor, now=now, wish=wish)


def decide(
    world: build.World, request: DataRequest, do: Callable[..., object], *, by: str = "ops_lead", now: datetime = NOW, **form: object
) -> object:
    with unit_of_work():
        return do(lock_request(request.id), by=world.actor(by, now), now=now, **form)


def copy_of(person: Person, report_ids: list[int], files: Path) -> zipfile.ZipFile:
    def draw(page: PageOf) -> str:
        return page.title + " ".join(str(fact.value) for part in page.parts for record in part.records for fact in record)

    pieces = list(archive_of(person, report_ids, store=LocalFileStore(files), now=NOW, draw=draw))
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


# -- the clocks of the law -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "kind", "answer", "done"),
    [
        # Monday 02/03/2026: Tuesday and Wednesday are the two working days; the n-th calendar day after it is the last one
        (local(2, 3, 10), "erasure", local(5, 3), local(23, 3)),
        (local(2, 3, 10), "restriction", local(5, 3), local(18, 3)),
        (local(6, 3, 16, 59), "correction", local(11, 3), local(27, 3)),
        # Friday before Tết: 16-20/02 are off
        (local(13, 2, 9), "erasure", local(25, 2), local(6, 3)),
    ],
)
def test_a_request_has_the_days_of_the_law(
    world: build.World, asked: datetime, kind: str, answer: datetime, done: datetime
) -> None:
    request = ask(world, kind, now=asked, wish=Wish("Sai họ tên."))
    assert (request.answer_due_at, request.done_due_at) == (answer, done)
    assert not is_late(request, answer - timedelta(seconds=1))
    assert is_late(request, answer)
    decide(world, request, answer_request, now=answer - timedelta(seconds=1))
    assert not is_late(request, done - timedelta(seconds=1))
    assert is_late(request, done)


def test_more_time_is_taken_once_with_a_reason_and_not_after_the_day(world: build.World) -> None:
    request = ask(world, "erasure", now=local(2, 3, 10))
    for days, words in ((16, "Cần tìm hồ sơ."), (0, "Cần tìm hồ sơ."), (5, "  ")):
        with pytest.raises(RequestDecisionRefused):
            decide(world, request, extend_request, days=days, words=words)
    with pytest.raises(RequestDecisionRefused):
        decide(world, request, extend_request, days=5, words="Muộn.", now=local(23, 3))
    decide(world, request, extend_request, days=15, words="Hồ sơ giấy ở kho.", now=local(3, 3, 9))
    assert request.done_due_at == local(7, 4)
    assert (request.granted, reply_in(request)) == (True, "Hồ sơ giấy ở kho.")
    with pytest.raises(RequestDecisionRefused):
        decide(world, request, extend_request, days=1, words="Thêm nữa.")
    assert request.done_due_at == local(7, 4)


def test_each_word_reaches_the_person_and_no_words_stand_in_events_or_messages(world: build.World) -> None:
    request = ask(world, "erasure", wish=Wish(WORDS))
    with pytest.raises(RequestRefused):
        ask(world, "erasure")
    with pytest.raises(RequestDecisionRefused):
        decide(world, request, refuse_request, words="")
    decide(world, request, answer_request, words="Sẽ xóa trước hạn lờitrảlời.")
    with pytest.raises(RequestDecisionRefused):
        decide(world, request, answer_request)
    decide(world, request, refuse_request, words="Phải lưu theo Luật Lưu trữ lờitừchối.", now=NOW + timedelta(hours=1))
    assert (request.granted, reply_in(request), wish_in(request).words) == (False, "Phải lưu theo Luật Lưu trữ lờitừchối.", WORDS)
    with pytest.raises(RequestDecisionRefused):
        decide(world, request, carry_out)
    sent = list(db.session.execute(select(OutboxMessage.recipient, OutboxMessage.template).order_by(OutboxMessage.id)))
    citizen, lead = f"account:{world.people['citizen'].id}", f"desk:ops_lead@c{world.centre.id}"
    assert sent == [(lead, "data_request_received"), (citizen, "data_request_answered"), (citizen, "data_request_answered")]
    assert ask(world, "erasure").id != request.id, "what was refused may be asked again"
    told = json.dumps([[event.type, event.payload] for event in db.session.scalars(select(Event))])
    assert "request_data" in told
    for mark in ("lờiyêucầu", "lờitrảlời", "lờitừchối", "Nguyễn"):
        assert json.dumps(mark)[1:-1] not in told
    assert list(check_chains()) == []


def test_only_operations_leads_of_the_centre_decide(world: build.World) -> None:
    request = ask(world, "restriction")
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["ops_lead_DN"] = build.staff(other, "ops_lead_DN", Role.OPS_LEAD)
    for name in ("operator", "administrator", "committee_leader", "ops_lead_DN", "citizen"):
        with pytest.raises(NotAllowed):
            decide(world, request, carry_out, by=name)
        assert request_seen(world.actor(name), request.ref) is None
    assert request_seen(world.actor("ops_lead"), request.ref) is request
    assert [row.id for row in open_requests(world.actor("ops_lead")).rows] == [request.id]
    assert open_requests(world.actor("ops_lead_DN")).rows == []
    # where the centre has ended, the one that follows it decides
    with unit_of_work():
        db.session.get_one(Centre, world.centre.id).valid_to = NOW.date()
        db.session.add(CaseSuccession(kind="centre", predecessor_id=world.centre.id, successor_id=other.centre.id, area_id=None))
        append(RULES_STREAM, "reorganise", by=SYSTEM, at=NOW, payload={})
    assert request_seen(world.actor("ops_lead_DN"), request.ref) is request
    decide(world, request, answer_request, by="ops_lead_DN")


def test_a_look_needs_a_reason_and_is_written_down(world: build.World) -> None:
    build.file_report(world)
    request = ask(world, "correction", wish=Wish("Họ tên sai.", Contact(name="Nguyễn Thị Thử Hai")))
    with pytest.raises(RequestDecisionRefused):
        decide(world, request, look_at_request, reason="xem")
    wish, contacts = decide(world, request, look_at_request, reason="Đối chiếu trước khi đính chính.")  # type: ignore[misc]
    assert (wish.words, [contact.name for contact in contacts]) == ("Họ tên sai.", ["Nguyễn Thị Thử"])
    [event] = db.session.scalars(select(Event).where(Event.type == "look_at_data_request"))
    assert (event.stream, event.payload["reason"]) == (f"account:{world.people['citizen'].ref}", "Đối chiếu trước khi đính chính.")


# -- correction ----------------------------------------------------------------------------------------------------------------


def test_a_correction_takes_the_place_of_what_was_sealed(world: build.World) -> None:
    filed, other = build.file_report(world), build.file_report(world, by="citizen_2", contact=Contact(phone="+84987654321"))
    before = filed.report.reporter.phone_digest
    with pytest.raises(RequestRefused):
        ask(world, "correction")
    request = ask(world, "correction", wish=Wish("", Contact(name="Nguyễn Thị Thử Hai", phone="+84901234567")))
    decide(world, request, carry_out)
    reporter = filed.report.reporter
    assert open_contact(reporter.sealed_identity) == Contact("Nguyễn Thị Thử Hai", "+84901234567")
    assert (reporter.phone_digest != before, reporter.contact_verified_at) == (True, None)
    account = world.people["citizen"]
    assert open_contact(account.sealed_identity) == Contact("Nguyễn Thị Thử Hai", build.PHONE), "what one signs in with stays"
    assert open_contact(other.report.reporter.sealed_identity) == Contact(phone="+84987654321")


# -- data that rest ------------------------------------------------------------------------------------------------------------


def test_of_resting_data_nobody_learns_and_no_message_leaves_until_the_person_lifts_it(world: build.World) -> None:
    case = build.file_report(world, by="guest").case
    guest = guest_of(case.main_report)
    with unit_of_work():
        lock_case(case.id)
        request = request_data("restriction", person=person_of(guest, case.main_report), by=guest, now=NOW)
    decide(world, request, carry_out, words="Đã dừng.")
    with pytest.raises(RevealRefused), unit_of_work():
        reveal_identity(lock_case(case.id), case.main_report, by=world.actor("operator"), reason="Cần gọi lại hỏi đường.", now=NOW)
    build.verify(world, case)
    route_messages(NOW + timedelta(days=1), 100, configured={"sms"})
    left = set(db.session.scalars(select(Delivery.template).where(Delivery.recipient == f"reporter:{case.main_report.reporter_id}")))
    assert left == {"data_request_done"}, "what they asked of their data is answered all the same"
    assert recipient_of(f"reporter:{case.main_report.reporter_id}").is_left_alone("report_published")
    assert not any("dữ liệu" in step.words.vi for step in staff_steps(case, by=world.actor("committee_leader")))
    assert any("dữ liệu" in step.words.vi for step in staff_steps(case, by=world.actor("ops_lead")))
    with unit_of_work():
        lock_case(case.id)
        lift_restriction(person=Person(report=case.main_report), by=guest, now=NOW + timedelta(days=2))
    with unit_of_work():
        seen = reveal_identity(lock_case(case.id), case.main_report, by=world.actor("operator"), reason="Cần gọi lại hỏi đường.", now=NOW)
    assert seen.phone == build.PHONE
    with pytest.raises(RequestRefused), unit_of_work():
        lift_restriction(person=Person(report=case.main_report), by=guest, now=NOW)


def test_of_a_report_set_apart_nothing_can_be_asked_here(world: build.World) -> None:
    filed = build.file_report(world, by="guest")
    guest = guest_of(filed.report)
    with unit_of_work():
        lock_case(filed.case.id)
        before = request_data("restriction", person=person_of(guest, filed.report), by=guest, now=build.NOON)
    build.act(world, filed.case, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.")
    assert open_requests(world.actor("ops_lead")).rows == []
    assert request_seen(world.actor("ops_lead"), before.ref) is None
    with pytest.raises(RequestRefused), unit_of_work():
        request_data("erasure", person=person_of(guest, filed.report), by=guest, now=NOW)
    with pytest.raises(NotAllowed):
        person_of(world.actor("citizen"), filed.report)


# -- erasing -------------------------------------------------------------------------------------------------------------------


def everything() -> str:
    """Every value of every row that is not sealed, as one text."""
    found = []
    for table in METADATA.sorted_tables:
        for row in db.session.execute(select(table)):
            found += [str(value) for value in row if isinstance(value, str | dict | list)]
    return "\n".join(found)


@pytest.mark.exhaustive(but=2)
def test_erasing_takes_the_person_and_what_they_sent_and_leaves_what_was_made_of_it(app: Flask) -> None:
    world, store = build.standard_world(), LocalFileStore(app.config["FILES"])
    citizen = world.people["citizen"]
    ended = pictured_case(world, app.config["FILES"], "rating")
    case = ended.case
    build.act(world, case, "write_to_centre", "citizen", report=ended.report, words="Viết thêm", token=staged(world, store, "a" * 24))
    build.do(world, case, "clear_text", "operator", words="")
    with unit_of_work():
        reveal_identity(lock_case(case.id), ended.report, by=world.actor("operator"), reason="Gọi bà Thử ở số 12.", now=NOW)
    build.rate(world, case)
    build.end_rating_window(case)
    going_on = build.case_at(world, "handling", contact=None)
    other = build.file_report(world, by="citizen_2", contact=Contact(name="Trần Văn Mẫu"))
    build.act(world, build.case_at(world, "rating", by="citizen_2", contact=None), "follow", "citizen")
    with unit_of_work():
        session = LoginSession(token_digest="d" * 64, account_id=citizen.id, created_at=NOW, last_seen_at=NOW, expires_at=NOW, browser="",
                               network="")
        db.session.add_all([session, MessageChoice(account_id=citizen.id, channel="email", takes="none", changed_at=NOW)])
        db.session.flush()
        db.session.add(Device(token_digest="e" * 64, account_id=citizen.id, session_id=session.id, created_at=NOW, last_seen_at=NOW))
    digest, files = citizen.phone_digest, [file.stored_name for photo in photos_of_report(ended.report) for file in photo.files]
    assert len(photos_of_report(ended.report)) == 2
    request = ask(world, "erasure", wish=Wish(WORDS))
    decide(world, request, carry_out, now=NOW)

    assert (request.begun_at, request.done_at) == (NOW, None), "a report still goes on"
    assert not is_late(request, request.done_due_at + timedelta(days=1)), "the person was told that the rest waits"
    assert (citizen.sealed_identity, citizen.phone_digest, citizen.password_hash, citizen.disabled_at) == (None, None, None, NOW)
    assert find_account(build.PHONE) is None
    for table in (LoginSession, MessageChoice, Follower):
        assert db.session.scalar(select(func.count()).select_from(table).where(table.account_id == citizen.id)) == 0
    [device] = db.session.scalars(select(Device))
    assert (device.account_id, device.ended_at, device.token_digest == "e" * 64) == (None, NOW, False)
    reporter, report = ended.report.reporter, ended.report
    assert (reporter.account_id, reporter.sealed_identity, reporter.phone_digest) == (None, None, None)
    assert original_words(report) is None
    assert [text.body for text in report.texts if text.kind == "cleared"] == ["Có đống rác ven suối, mùi nặng."]
    for photo in photos_of_report(report):
        assert {file.audience for file in photo.files if file.erased_at is None} <= {"agencies", "public"}
        assert (photo.sealed_metadata, copy_for(photo, "centre", "view")) == (None, None)
    assert copy_for(photos_of_report(report)[0], "agencies", "view") is not None
    [looked] = db.session.scalars(select(Event).where(Event.case_id == case.id, Event.type == "reveal_identity"))
    assert (looked.payload, looked.salt) == (None, None), "why somebody looked may name the person"
    remove_erased_files(store, now=NOW + timedelta(minutes=1))

    # what goes on is told to its sender still, by what the account said; nobody else lost anything
    kept = going_on.main_report.reporter
    assert (original_words(going_on.main_report) is not None, kept.phone_digest, kept.account_id) == (True, digest, citizen.id)
    assert recipient_of(f"reporter:{kept.id}").is_open
    assert original_words(other.report) is not None
    assert open_contact(other.report.reporter.sealed_identity) == Contact(name="Trần Văn Mẫu")
    assert go_on_erasing(NOW + timedelta(days=1)) == 0
    build.advance(world, going_on, "rating")
    db.session.rollback()
    build.do(world, going_on, "rate", "citizen", report=going_on.main_report, level="satisfied", reason="")
    build.end_rating_window(going_on)
    later = NOW + timedelta(days=20)
    assert go_on_erasing(later) == 1
    db.session.refresh(request)
    assert (request.done_at, request.sealed_words, original_words(going_on.main_report)) == (later, None, None)
    assert db.session.scalar(select(func.count()).select_from(Reporter).where(Reporter.account_id == citizen.id)) == 0
    assert db.session.scalar(select(func.count()).select_from(ReportText).where(ReportText.kind == "cleared")) == 3
    assert go_on_erasing(later) == 0

    remove_erased_files(store, now=later)
    assert [name for name in files if store.exists(name)] == [file.stored_name for photo in photos_of_report(report)
                                                              for file in photo.files if file.erased_at is None]
    assert build.PHONE not in everything()
    assert "số 12" not in everything()
    keys = current_keyring().key_ids
    found = [*check_chains(), *check_cases(now=later), *check_files(store, now=later + timedelta(days=3), key_ids=keys)]
    assert [finding for finding in found if finding.is_fault] == []
    assert "end_erasure" in set(db.session.scalars(select(Event.type).where(Event.stream == f"account:{citizen.ref}")))


def test_an_erasure_leaves_no_trace_of_place_of_support_of_blocks_or_of_why_somebody_looked(world: build.World) -> None:
    where = Place(area=world.area, village="nhà bà Thử, hẻm 12", latitude=11.940412, longitude=108.458312)
    filed, public = build.file_report(world, place=where), build.case_at(world, "rating", place=where)
    build.end_rating_window(public)
    kept = build.file_report(world, by="citizen_2", words="Đèn hỏng.", contact=None)
    lead, citizen = world.actor("ops_lead", NOW), world.actor("citizen", NOW)
    guest = guest_of(filed.report)
    with unit_of_work():
        say_me_too(db.session.get_one(Case, kept.case.id), by=citizen, device=None, now=NOW)
        report = db.session.get_one(Report, filed.report.id)
        block_sender(lock_case(filed.case.id), report, by=lead, now=NOW, reason="Bà Thử gửi quá nhiều.", days=2)
        # a wish made with the secret of the receipt, before the report belonged to the account
        report.reporter.account_id = None
        old = request_data("correction", person=person_of(guest, report), by=guest, now=NOW,
                           wish=Wish("Tôi là Nguyễn Thị Thử", Contact(phone="+84905777666")))
    decide(world, old, look_at_request, reason="Bà Thử gọi từ 0905777666.")
    with unit_of_work():
        db.session.get_one(Report, filed.report.id).reporter.account_id = citizen.own_id
        case = db.session.get_one(Case, filed.case.id)
        case.state, case.closed_at = "closed", NOW
    request = ask(world, "erasure")
    decide(world, request, look_at_request, reason="Bà Thử gọi lại xác nhận.")
    decide(world, request, carry_out)
    db.session.expire_all()
    assert request.done_at == NOW
    report, case = db.session.get_one(Report, filed.report.id), db.session.get_one(Case, filed.case.id)
    assert (report.village, point_of(report), case.village, case.latitude, case.longitude) == (None,) * 5
    assert (report.sealed_point, report.area_id, case.area_id) == (None, world.area.id, world.area.id), "the commune stays for statistics"
    shown = public_case(public.code)
    assert shown is not None
    was_public = db.session.get_one(Case, public.id)
    assert (shown.item.village, was_public.village, was_public.latitude) == (None, None, shown.latitude), "published was its commune"
    assert db.session.scalars(select(MeToo)).all() == []
    assert (wish_in(old), old.done_at, old.granted) == (Wish(), NOW, False)
    blocks = list(db.session.scalars(select(BlockedSender)))
    assert {block.reason for block in blocks} == {""}
    assert {event.payload for event in db.session.scalars(select(Event).where(Event.type == "look_at_data_request"))} == {None}
    assert "erase_report" in events(case)
    told = everything()
    for trace in ("0905777666", "Bà Thử", "Nguyễn Thị Thử"):
        assert trace not in told, trace
    assert [finding for finding in check_chains() if finding.is_fault] == []
    go_on_erasing(NOW + timedelta(days=4))
    assert db.session.scalars(select(BlockedSender)).all() == [], "digests stay no longer than the block holds"


def test_a_report_that_left_a_case_takes_no_draft_of_those_who_go_on_with_it(world: build.World) -> None:
    main = build.case_at(world, "to_classify", by="citizen_2", words="Rác ở cầu.")
    joined = build.case_at(world, "to_classify")
    report = joined.main_report
    build.act(world, joined, "merge", "operator", into=main)
    build.act(world, main, "withdraw_report", "citizen", report=report, reason="Thôi.")
    with unit_of_work():
        db.session.add(Draft(account_id=world.people["operator"].id, case_id=main.id, subject="classify", sealed_fields=b"-",
                             started_at=NOW, saved_at=NOW))
    decide(world, request := ask(world, "erasure"), carry_out)
    assert (request.done_at, original_words(report)) == (NOW, None)
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 1


def test_each_centre_decides_about_its_own_reports_alone(world: build.World) -> None:
    here = build.file_report(world, contact=Contact(name="Tên Ở Đây"))
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["ops_lead_DN"] = build.staff(other, "ops_lead_DN", Role.OPS_LEAD)
    there = build.file_report(world, contact=Contact(name="Tên Nơi Khác"))
    with unit_of_work():
        for row in (db.session.get_one(Case, there.case.id), db.session.get_one(Report, there.report.id)):
            row.centre_id = other.centre.id
        for filed in (here, there):
            case = db.session.get_one(Case, filed.case.id)
            case.state, case.closed_at = "closed", NOW
    ask(world, "erasure", wish=Wish(WORDS))
    rows = {row.centre_id: row for row in db.session.scalars(select(DataRequest))}
    assert set(rows) == {world.centre.id, other.centre.id}
    with pytest.raises(RequestRefused):
        ask(world, "erasure")
    at_home, elsewhere = rows[world.centre.id], rows[other.centre.id]
    for row, by, name in ((at_home, "ops_lead", "Tên Ở Đây"), (elsewhere, "ops_lead_DN", "Tên Nơi Khác")):
        _, contacts = decide(world, row, look_at_request, by=by, reason="Đối chiếu trước khi xóa.")  # type: ignore[misc]
        assert {contact.name for contact in contacts} - {"Nguyễn Thị Thử"} == {name}
        assert [beside.report.code for beside in reports_beside(row, world.actor(by))] == [(here if row is at_home else there).report.code]
    decide(world, at_home, carry_out)
    assert (original_words(here.report), original_words(there.report) is not None) == (None, True)
    assert (at_home.done_at, elsewhere.done_at, wish_in(elsewhere).words) == (NOW, None, WORDS)
    decide(world, elsewhere, carry_out, by="ops_lead_DN")
    assert (original_words(there.report), elsewhere.done_at, wish_in(elsewhere)) == (None, NOW, Wish())
    assert all(events(filed.case)[-1] == "erase_report" for filed in (here, there))
    assert db.session.get_one(Account, world.people["citizen"].id).sealed_identity is None


def test_a_guests_report_that_has_ended_is_erased_at_once_and_its_secret_opens_what_is_left(world: build.World) -> None:
    filed = build.file_report(world, by="guest")
    build.do(world, filed.case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Không rõ nơi.")
    guest = guest_of(filed.report)

    def asked(now: datetime) -> DataRequest:
        with unit_of_work():
            lock_case(filed.case.id)
            return request_data("erasure", person=person_of(guest, filed.report), by=guest, now=now)

    request = asked(NOW)
    decide(world, request, carry_out)
    assert request.done_at is None, "until the seventh day the refusal may be objected to"
    over = NOW + timedelta(days=8)
    assert go_on_erasing(over) == 1
    db.session.refresh(request)
    assert (request.done_at, original_words(filed.report), filed.report.reporter.can_be_told) == (over, None, False)
    assert person_of(guest, filed.report) == Person(report=filed.report), "the receipt still opens the report's own page"
    assert was_late(request) is False
    assert events(filed.case)[-1] == "end_erasure"


def test_a_refused_report_is_not_erased_while_its_sender_objects(world: build.World) -> None:
    """Whoever decides on the objection reads what was sent, also where that takes longer than the seven days."""
    case = build.file_report(world).case
    build.do(world, case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Không rõ nơi.")
    build.do(world, case, "object_to_refusal", "citizen", report=case.main_report, words="Nơi đó đã ghi rõ trong phản ánh.")
    decide(world, ask(world, "erasure"), carry_out)
    over = NOW + timedelta(days=8)
    assert go_on_erasing(over) == 0
    assert original_words(case.main_report) is not None
    build.do(world, case, "decide_objection", "ops_lead", upheld=False, words="Vẫn không rõ nơi.", now=over)
    assert go_on_erasing(over) == 1
    assert original_words(case.main_report) is None


def test_erasing_takes_what_the_sender_gave_as_reasons_too(world: build.World) -> None:
    """Why they wished to withdraw, why they objected: words of theirs that stand beside the report."""
    filed = build.file_report(world, by="guest")
    sealed, guest = seal_text(WORDS, purpose="words of a reporter"), guest_of(filed.report)
    build.do(world, filed.case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Không rõ nơi.")
    with unit_of_work():
        lock_case(filed.case.id)
        refusal = db.session.scalars(select(Refusal).where(Refusal.case_id == filed.case.id)).one()
        refusal.objected_by_id, refusal.objected_at, refusal.decided_at, refusal.sealed_objection = filed.report.id, NOW, NOW, sealed
        db.session.add(Withdrawal(case_id=filed.case.id, report_id=filed.report.id, sealed_reason=sealed, requested_at=NOW, decided_at=NOW))
        request = request_data("erasure", person=person_of(guest, filed.report), by=guest, now=NOW)
    decide(world, request, carry_out)
    assert request.done_at == NOW
    left = [db.session.scalars(select(column)).all() for column in (Refusal.sealed_objection, Withdrawal.sealed_reason)]
    assert left == [[None], [None]]


# -- a copy --------------------------------------------------------------------------------------------------------------------


def test_a_copy_holds_all_that_is_held_and_nothing_of_others(sqlite_app: Flask) -> None:
    world, files = build.standard_world(), sqlite_app.config["FILES"]
    store = LocalFileStore(files)
    filed = pictured_case(world, files, "rating")
    case, report = filed.case, filed.report
    token = staged(world, store, "b" * 24, colour="navy")
    build.act(world, case, "write_to_centre", "citizen", report=report, words="Viết thêm riêngtôi", token=token)
    build.rate(world, case, level="dissatisfied")
    with unit_of_work():
        reveal_identity(lock_case(case.id), report, by=world.actor("operator"), reason="Cần hỏi đường vào lýdoxem.", now=NOW)
    merged = build.case_at(world, "to_classify", by="citizen_2", words="Của người khác lờingườikhác.")
    build.act(world, merged, "merge", "operator", into=build.case_at(world, "handling", words="Rác ở cầu."))
    apart = build.file_report(world, words="Tôi tố cáo lờimật.")
    build.act(world, apart.case, "quarantine", "operator", reason="Tố cáo cán bộ có tên.")
    person = person_of(world.actor("citizen"))
    with unit_of_work():
        record_copy(person=person, by=world.actor("citizen"), now=NOW)
    ids = [filed.report.id, apart.report.id]
    bundle = copy_of(person, ids, files)

    names = set(bundle.namelist())
    folder = f"{report.code}/"
    assert names >= {PERSON_FILE, PAGE_FILE, folder + REPORT_FILE, folder + PAGE_FILE, folder + "anh-01.jpg", folder + "anh-02.jpg"}
    assert bundle.testzip() is None
    assert bundle.read(folder + "anh-01.jpg") == jpeg("olive"), "the original, byte for byte"
    assert bundle.read(folder + "anh-02.jpg") == jpeg("navy")
    own = json.loads(bundle.read(PERSON_FILE))
    assert own["identity"][0] | {"created_at": 0} == {
        "name": "Nguyễn Thị Thử", "phone": build.PHONE, "language": "vi", "has_password": True, "created_at": 0,
    }  # fmt: skip
    assert [(row["kind"]["en"], row["granted"]) for row in own["requests"]] == [("A copy of the data", True)]
    told = json.loads(bundle.read(folder + REPORT_FILE))
    assert told["report"][0]["words"] == "Có đống rác lớn ven suối, mùi rất nặng."
    assert told["identity"][0]["phone"] == build.PHONE
    assert told["consent"][0]["consented_at"].startswith("2026-03-02")
    assert [row.get("words") for row in told["talk"]] == ["Viết thêm riêngtôi"]
    assert told["files"][0]["sent_as"] == "anh-olive.jpg"
    assert (told["ratings"][0]["level"]["en"], told["ratings"][0]["reason"]) == ("Not satisfied", "Chưa dọn hết.")
    assert told["answers"][1]["findings"] == build.ANSWER["findings"]
    assert told["looks"] == [
        {"at": NOW.isoformat(), "role": {"vi": "Tổ vận hành", "en": "The operations team"}, "reason": "Cần hỏi đường vào lýdoxem.",
         "occasion": {"vi": "Xem họ tên, cách liên hệ để xử lý phản ánh", "en": "Looked at name and contact to handle the report"}}
    ]
    assert {row["kind"]["en"] for row in told["messages"]} >= {"When a report was sent", "When the answer is published"}
    for name in names:
        text = bundle.read(name).decode("utf-8", "ignore")
        for stranger in ("lờingườikhác", "lờimật", "Trần Văn Mẫu", "+84987654321", "Người Thử operator"):
            assert stranger not in text, f"{stranger} in {name}"
    receipt = json.loads(bundle.read(f"{apart.report.code}/{REPORT_FILE}"))
    assert set(receipt) == {"report"}
    assert {"words", "place"}.isdisjoint(receipt["report"][0]), "of a report under its own procedure the receipt alone"
    assert done_requests(world.actor("ops_lead")).rows[0].kind == "copy"
    assert request_seen(world.actor("ops_lead"), done_requests(world.actor("ops_lead")).rows[0].ref) is None


def test_lists_turn_their_pages_and_ask_as_much_however_long_they_are(world: build.World) -> None:
    first = ask(world, "erasure")
    with unit_of_work():
        db.session.add_all(
            DataRequest(kind="erasure", centre_id=world.centre.id, account_id=world.people["citizen_2"].id, requested_at=NOW,
                        answer_due_at=first.answer_due_at, done_due_at=first.done_due_at + timedelta(days=number // 7))
            for number in range(60)
        )  # fmt: skip
    lead = world.actor("ops_lead")
    one = open_requests(lead)
    two = open_requests(lead, after=one.after or "")
    ids = [row.id for row in [*one.rows, *two.rows]]
    assert (len(one.rows), len(ids), len(set(ids)), two.after) == (50, 61, 61, None)
    assert [row.done_due_at for row in [*one.rows, *two.rows]] == sorted(row.done_due_at for row in [*one.rows, *two.rows])
    for wrong in ("²_1", "1_²", "9999999999999999_1", "99999999999999_1", f"1_{'9' * 30}", "_", "²", "9" * 30):
        assert (open_requests(lead, after=wrong).rows, done_requests(lead, after=wrong).rows) == (one.rows, []), wrong
    with unit_of_work():
        db.session.execute(update(DataRequest).values(done_at=NOW, granted=True))
    over = done_requests(lead)
    assert (len(over.rows), len(done_requests(lead, after=over.after or "").rows)) == (50, 11)
    assert len(requests_of(Person(account=world.people["citizen_2"]))) == 20
