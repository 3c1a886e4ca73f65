"""Letters about a case: who writes which, what each says, that it stays as it was written, and what leaves it again."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.casefile.history import staff_steps
from casework.casefile.views import publications_of
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents import kinds
from casework.documents.handover_minutes import minutes_apart
from casework.documents.kinds import KINDS, issuer_agency_id, symbol_of
from casework.documents.letters import LetterRefused, content_for, letter_seen, reads_whole, take_out_of_letters
from casework.documents.offers import PossibleLetter, draft_letter, letter_subject, letters_of_case, letters_to_offer, write_letter
from casework.documents.to_senders import letters_told
from casework.documents.writing import Added, AlreadyWritten
from casework.erasure.quarantine import HandOverInput, QuarantineInput, hand_over, quarantine
from casework.main_reports import make_main
from casework.models import Case, Event, Extension, Letter, Letterhead, Publication, Report, VisibilityReason
from casework.permissions import NotAllowed
from casework.reporters.report import own_report
from reports.letters import page_of
from tests import beside, build
from tests import merged as joined
from tests.casework.acting import events, payload
from tests.grounds import remembered
from tests.web.pages import words_of

PEOPLE = ("operator", "ops_lead", "committee_leader", "administrator", "confidential_reader", "records_clerk", "inspector",
          "officer_PTNMT", "leader_PTNMT", "leader_UBND-LAT", "leader_HKL", "citizen")
CENTRE = {"operator", "ops_lead"}
PHONE_OF_SENDER, NAME_OF_SENDER = "0912", "Nguyễn Thị Thử"


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> build.World:
    return build.standard_world()


@remembered
def letterheads(world: build.World) -> None:
    """The centre's and one agency's, until the 20th of March."""
    with unit_of_work():
        for agency, symbol in ((None, "IOC"), (world.agencies["PTNMT"], "PTNMT")):
            db.session.add(Letterhead(
                centre_id=world.centre.id, agency_id=agency.id if agency else None, parent_body="Ủy ban nhân dân huyện Lạc Dương",
                issuing_body=f"Cơ quan {symbol}", symbol=symbol, place="Lạc Dương", authority="", signer_title="Thủ trưởng",
                signer_name="Người Ký Cũ", valid_from=date(2020, 1, 1), valid_to=date(2026, 3, 20),
            ))  # fmt: skip


@remembered
def extended(world: build.World) -> Case:
    case = beside.more_time_asked(world)
    agency = world.agencies["PTNMT"]
    build.do(world, case, "endorse_extension", "leader_PTNMT", agency=agency, endorsed=True)
    build.do(world, case, "decide_extension", "ops_lead", agency=agency, granted=True)
    return case


def two_at_work(world: build.World) -> Case:
    return build.case_at(world, "handling", agencies=2)


def answered(world: build.World) -> Case:
    return build.case_at(world, "rating", agencies=2)


def referred(world: build.World) -> Case:
    return beside.CASES["referred"](world)


def apart(world: build.World) -> Case:
    return beside.CASES["set apart"](world)


CASES: dict[str, tuple[str, Callable[[build.World], Case], set[str]]] = {
    "slip to an agency": (kinds.TRANSFER_SLIP, two_at_work, CENTRE),
    "slip to a body outside": (kinds.TRANSFER_SLIP, referred, CENTRE),
    "answer": (kinds.ANSWER, answered, CENTRE | {"leader_PTNMT", "leader_UBND-LAT"}),
    "answer in private": (kinds.ANSWER, beside.answered_privately, CENTRE | {"leader_PTNMT"}),
    "more time": (kinds.EXTENSION_NOTICE, extended, CENTRE | {"leader_PTNMT"}),
    "refusal": (kinds.REFUSAL_NOTICE, beside.CASES["refused"], CENTRE),
    "minutes": (kinds.HANDOVER_MINUTES, referred, CENTRE),
    "minutes of a quarantined case": (kinds.HANDOVER_MINUTES, apart, {"confidential_reader"}),
}  # fmt: skip


def subject(case: Case, kind: str, number: int = 0) -> PossibleLetter:
    """What a letter of the kind is about in a case; the first where there are several."""
    if kind == kinds.TRANSFER_SLIP and case.paused_for is None:
        return PossibleLetter(KINDS[kind], assignment=case.open_assignments[number])
    if kind == kinds.EXTENSION_NOTICE:
        return PossibleLetter(KINDS[kind], extension=db.session.scalars(select(Extension)).all()[number])
    if kind == kinds.ANSWER:
        return PossibleLetter(KINDS[kind], publication=publications_of(case)[number])
    return PossibleLetter(KINDS[kind])


def write(world: build.World, case: Case, kind: str, by: str = "operator", *, number: int = 0, key: str | None = None,
          days: float = 0, **added: Any) -> Letter:
    moment = build.next_moment(case) + timedelta(days=days)
    actor = world.actor(by, moment)
    with unit_of_work():
        locked = lock_case(case.id)
        return write_letter(locked, subject(locked, kind, number), by=actor, now=moment, added=Added(**added), key=key)


def page(letter: Letter, **how: Any) -> str:
    return words_of(page_of(letter, **how))


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("name", CASES)
def test_a_letter_is_written_and_offered_by_who_may_and_by_nobody_else(small: build.World, name: str) -> None:
    kind, made, writers = CASES[name]
    case = made(small)
    extensions = list(db.session.scalars(select(Extension)))
    wrote, offered = set(), set()
    for person in PEOPLE:
        by = small.actor(person)
        possible = letters_to_offer(case, by, publications=publications_of(case), extensions=extensions)
        offered |= {person} if any(each.kind.key == kind for each in possible) else set()
        for each in possible:
            assert letter_subject(case, each.kind.key, each.about, publications=publications_of(case)) == each
            draft_letter(case, each, by=by, now=build.next_moment(case))
        try:
            draft_letter(case, subject(case, kind), by=by, now=build.next_moment(case))
        except NotAllowed:
            continue
        wrote.add(person)
    assert (wrote, offered) == (writers, writers)
    assert db.session.scalar(select(func.count()).select_from(Letter)) == 0, "a draft is kept nowhere"
    letter = write(small, case, kind, by=min(writers))
    assert events(case)[-1] == "write_letter"
    assert payload(case)["kind"] == letter.kind == kind
    assert "write_letter" not in str([step.words for step in staff_steps(case, by=small.actor("operator"))])
    assert set(letter.content) & {"name", "phone_of_sender"} == set()
    shown = page(letter)
    assert (PHONE_OF_SENDER in shown, NAME_OF_SENDER in shown) == (False, False)


def test_what_is_not_so_cannot_be_written(small: build.World) -> None:
    cases = {"handling": two_at_work(small), "refused": beside.CASES["refused"](small), "merged": beside.merged(small, main=False)}
    by, now = small.actor("operator"), build.next_moment(cases["handling"])

    def refuse(case: Case, kind: str, about: PossibleLetter | None = None, **added: Any) -> str:
        with pytest.raises(LetterRefused) as refusal:
            draft_letter(case, about or PossibleLetter(KINDS[kind]), by=by, now=now, added=Added(**added))
        return refusal.value.vi

    at_work = cases["handling"]
    assert "không bị từ chối" in refuse(at_work, kinds.REFUSAL_NOTICE)
    assert "không ở cơ quan khác" in refuse(at_work, kinds.TRANSFER_SLIP)
    assert "không ở cơ quan khác" in refuse(at_work, kinds.HANDOVER_MINUTES)
    assert "đã gộp" in refuse(cases["merged"], kinds.TRANSFER_SLIP)
    ended = PossibleLetter(KINDS[kinds.TRANSFER_SLIP], assignment=next(iter(cases["refused"].assignments), at_work.assignments[0]))
    assert "không còn việc" in refuse(cases["refused"], kinds.TRANSFER_SLIP, ended)
    slip = subject(at_work, kinds.TRANSFER_SLIP)
    assert "tối đa 1000" in refuse(at_work, kinds.TRANSFER_SLIP, slip, words="x" * 1_001)
    assert "tối đa 30 dòng" in refuse(at_work, kinds.TRANSFER_SLIP, slip, copies=("Nơi nhận",) * 31)
    assert "mỗi dòng 200" in refuse(at_work, kinds.TRANSFER_SLIP, slip, copies=("x" * 201,))
    assert "mức độ khẩn" in refuse(at_work, kinds.TRANSFER_SLIP, slip, urgency="toi_khan")
    told = answered(small)
    build.act(small, told, "unpublish", "operator", publication=publications_of(told)[0], reason="Lộ biển số.")
    assert "đã được gỡ" in refuse(told, kinds.ANSWER, subject(told, kinds.ANSWER))
    # an answer only its leader stands behind is not told in a letter either
    approved = build.case_at(small, "to_publish")
    assert [each.kind.key for each in letters_to_offer(approved, small.actor("leader_PTNMT"), publications=publications_of(approved))] == []


@pytest.mark.exhaustive
def test_each_letter_says_what_it_is_for(small: build.World) -> None:
    letterheads(small)
    case = two_at_work(small)
    slip = write(small, case, kinds.TRANSFER_SLIP, words="Báo cáo trong ngày.", copies=("Thường trực Huyện ủy.", " "), urgency="khan")
    shown = page(slip)
    for words in ("CƠ QUAN IOC", "/PC-IOC", "PHIẾU CHUYỂN", "KHẨN", "Kính gửi: Phòng Tài nguyên và Môi trường.", "chủ trì xử lý",
                  "Về việc: Rác đổ ven suối.", "Thôn Păng Tiêng, Xã Lát", "Nội dung phản ánh: Có đống rác ven suối, mùi nặng.",
                  "chậm nhất ", "Báo cáo trong ngày.", "- Thường trực Huyện ủy;", "Lưu: VT, IOC.", "Người Ký Cũ", "./."):
        assert words in shown, words
    assert "mùi rất nặng" not in shown, "the sender's own words"
    assert (slip.agency_id, issuer_agency_id(slip), slip.urgency, symbol_of(slip)) == (small.agencies["PTNMT"].id, None, "khan", "PC-IOC")
    assert "phối hợp xử lý" in page(write(small, case, kinds.TRANSFER_SLIP, number=1))
    outside = referred(small)
    shown = page(write(small, outside, kinds.TRANSFER_SLIP))
    assert ("Kính gửi: Điện lực Lâm Đồng." in shown, "Lý do chuyển: Thuộc lưới điện." in shown, "Rác đổ" in shown) == (True, True, True)
    minutes = page(write(small, outside, kinds.HANDOVER_MINUTES))
    assert ("Bên nhận: Điện lực Lâm Đồng" in minutes, "/BB-IOC" in minutes, "Rác" in minutes, "đống rác" in minutes) == (
        True, True, False, False)
    with unit_of_work():
        lock_case(outside.id).visibility_reason_id = db.session.scalars(select(VisibilityReason.id)).first()
    shown = page(write(small, outside, kinds.TRANSFER_SLIP))
    assert "thuộc diện không công khai" in shown
    assert [words for words in ("Rác", "đống rác", "Păng Tiêng", "lưới điện") if words in shown] == []
    told = answered(small)
    shown = page(write(small, told, kinds.ANSWER))
    for words in ("V/v trả lời phản ánh hiện trường", f"Kính gửi: Ông/Bà có phản ánh mã số {told.code}.",
                  "1. Phòng Tài nguyên và Môi trường", f"2. {small.agencies['UBND-LAT'].name_vi}", "Hiện trạng: Đã kiểm tra",
                  "Việc đã làm: Đã thu gom", "Việc còn lại, thời gian hoàn thành",
                  "Trân trọng cảm ơn Ông/Bà đã phản ánh./."):
        assert words in shown, words
    own = write(small, told, kinds.ANSWER, "leader_PTNMT")
    shown = page(own)
    assert ("CƠ QUAN PTNMT" in shown, "/PTNMT" in shown, small.agencies["UBND-LAT"].name_vi in shown, own.content["unit"]) == (
        True, True, False, "Phòng Tài nguyên và Môi trường")
    assert issuer_agency_id(own) == small.agencies["PTNMT"].id
    longer = extended(small)
    shown = page(write(small, longer, kinds.EXTENSION_NOTICE))
    for words in ("THÔNG BÁO", "Về việc gia hạn", "/TB-IOC", "đã hẹn là hết ngày 09/03/2026", "Lý do: Chờ vật tư.",
                  "gia hạn thời gian trả lời đến hết ngày 12/03/2026"):
        assert words in shown, words
    refused = beside.CASES["refused"](small)
    notice = write(small, refused, kinds.REFUSAL_NOTICE)
    shown = page(notice)
    assert ("không tiếp nhận phản ánh này" in shown, "trong thời hạn 07 ngày, đến hết ngày 09/03/2026" in shown) == (True, True)
    assert "07 ngày" not in page(write(small, refused, kinds.REFUSAL_NOTICE, days=9)), "the time to object is over"


@pytest.mark.exhaustive
def test_a_letter_stays_as_it_was_written(small: build.World) -> None:
    letterheads(small)
    cases = [(two_at_work(small), kinds.TRANSFER_SLIP), (answered(small), kinds.ANSWER), (extended(small), kinds.EXTENSION_NOTICE),
             (beside.CASES["refused"](small), kinds.REFUSAL_NOTICE)]  # fmt: skip
    letters = [write(small, case, kind) for case, kind in cases]
    before = [page_of(letter, number=5) for letter in letters]
    refs = [letter.ref for letter in letters]
    with unit_of_work():
        for row in db.session.scalars(select(Letterhead)):
            row.issuing_body, row.signer_name = "Tên khác hẳn", "Người Ký Mới"
        for agency in db.session.scalars(select(type(small.agencies["PTNMT"]))):
            agency.name_vi = "Phòng đổi tên"
        for extension in db.session.scalars(select(Extension)):
            extension.reason = "Lý do khác."
        lock_case(cases[0][0].id).title = "Tiêu đề khác"
        small_version = db.session.scalars(select(Publication)).first()
        assert small_version is not None
        small_version.current.title = "Tiêu đề khác"
        for reason in db.session.scalars(select(type(small.refusal_reason()))):
            reason.guidance_vi = "Hướng dẫn khác."
    after = [page_of(db.session.scalars(select(Letter).where(Letter.ref == ref)).one(), number=5) for ref in refs]
    assert after == before
    # one written now has the head of today
    assert "TÊN KHÁC HẲN" in page(write(small, cases[0][0], kinds.TRANSFER_SLIP))
    assert "TÊN KHÁC HẲN" not in page(write(small, cases[0][0], kinds.TRANSFER_SLIP, days=30)), "its row ended on the 20th"


@pytest.mark.on_both
def test_a_second_click_writes_no_second_letter(world: build.World) -> None:
    case = two_at_work(world)
    first = write(world, case, kinds.TRANSFER_SLIP, key="k" * 32, words="Một.").ref
    number = len(events(case))
    assert write(world, case, kinds.TRANSFER_SLIP, key="k" * 32, words="Một.").ref == first
    for changed in ({"words": "Hai."}, {"words": "Một.", "number": 1}, {"words": "Một.", "by": "ops_lead"}):
        with pytest.raises(AlreadyWritten) as refusal:
            write(world, case, kinds.TRANSFER_SLIP, key="k" * 32, **changed)
        assert refusal.value.letter_ref == first
    assert (len(events(case)), db.session.scalar(select(func.count()).select_from(Letter))) == (number, 1)
    write(world, case, kinds.TRANSFER_SLIP, key="l" * 32, words="Một.")
    write(world, case, kinds.TRANSFER_SLIP, words="Một.")
    assert db.session.scalar(select(func.count()).select_from(Letter)) == 3


def test_who_reads_a_letter_reads_of_it_what_they_read_of_the_case(small: build.World) -> None:
    case = two_at_work(small)
    slip = write(small, case, kinds.TRANSFER_SLIP, number=1, words="Gọi ông Tổ trưởng.")
    leader, clerk = small.actor("leader_UBND-LAT"), small.actor("records_clerk")
    readers = {name for name in PEOPLE if letter_seen(small.actor(name), slip.ref) is not None}
    assert readers == CENTRE | {"committee_leader", "records_clerk", "leader_UBND-LAT"}
    assert content_for(leader, slip) == slip.content
    hidden = page(slip, reader=clerk)
    for words in ("Rác đổ", "đống rác", "Păng Tiêng", "Tổ trưởng"):
        assert (words in page(slip, reader=leader), words in hidden) == (True, False), words
    assert "không hiển thị" in hidden
    build.act(small, case, "remove_agency", "operator", assignment=joined.assignment_of(case, "UBND-LAT"), reason="Nhầm đơn vị.")
    slip = db.session.get_one(Letter, slip.id)
    assert (reads_whole(leader, slip), "Rác đổ" in page(slip, reader=leader), reads_whole(small.actor("operator"), slip)) == (
        False, False, True)
    # its own letter an agency keeps
    longer = extended(small)
    own = write(small, longer, kinds.EXTENSION_NOTICE, "leader_PTNMT")
    build.act(small, longer, "add_agency", "operator", agency=small.agencies["HKL"])
    build.act(small, longer, "change_lead", "operator", agency=small.agencies["HKL"])
    build.act(small, longer, "remove_agency", "operator", assignment=joined.assignment_of(longer, "PTNMT"), reason="Đổi đơn vị.")
    assert reads_whole(small.actor("leader_PTNMT"), db.session.get_one(Letter, own.id))
    with pytest.raises((NotAllowed, LetterRefused)):
        write(small, longer, kinds.EXTENSION_NOTICE, "leader_PTNMT")


def test_each_sender_finds_the_letters_of_their_own_time_in_the_case(small: build.World) -> None:
    main, other = build.file_report(small), build.file_report(small, by="citizen_2")
    for filed in (main, other):
        build.advance(small, filed.case, "handling")
    joined.merge(small, other.case, main.case)
    build.advance(small, main.case, "rating")
    write(small, main.case, kinds.ANSWER)
    letter = letters_told(main.report)[0]
    assert [each.ref for each in letters_told(other.report)] == [letter.ref]
    assert f"mã số {other.report.code}." in page(letter, report=other.report)
    assert main.report.code not in page(letter, report=other.report)
    now = build.next_moment(main.case)
    [shown] = own_report(main.report, now=now).letters
    assert (shown.name.vi, shown.unit) == ("Công văn trả lời", small.centre.name_vi)
    told = [step.words.vi for step in own_report(main.report, now=now).steps]
    assert "Trung tâm gửi công văn trả lời" in told
    stranger = build.file_report(small, by="citizen_2", now=build.NOON + timedelta(days=40))
    assert letters_told(stranger.report) == []


@pytest.mark.exhaustive(but=2)
def test_a_case_that_leaves_the_system_empties_its_letters_and_the_slips_its_report_was_in(world: build.World) -> None:
    main, other = build.file_report(world), build.file_report(world, by="citizen_2", words="Ông Chủ tịch xã nhận tiền.")
    for filed in (main, other):
        build.advance(world, filed.case, "handling")
    build.act(world, other.case, "merge", "operator", into=main.case, reason="")
    told_both = write(world, main.case, kinds.TRANSFER_SLIP).id
    build.act(world, main.case, "split", "operator", report=other.report, reason="Hai việc khác nhau.")
    told_one = write(world, main.case, kinds.TRANSFER_SLIP).id
    split_case = other.report.code
    case = db.session.scalars(select(Case).where(Case.code == split_case)).one()
    build.advance(world, case, "at_agency")
    own = write(world, case, kinds.TRANSFER_SLIP).id
    moment = build.next_moment(case)
    actor = world.actor("operator", moment)
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=actor, now=moment)
    emptied = {name: db.session.get_one(Letter, id_) for name, id_ in (("both", told_both), ("one", told_one), ("own", own))}
    assert {name: (letter.content == {}, letter.withdrawn_at is not None) for name, letter in emptied.items()} == {
        "both": (True, True), "one": (False, False), "own": (True, True)}
    with pytest.raises(LookupError):
        page_of(emptied["own"])
    with unit_of_work():
        take_out_of_letters([], at=moment)


@pytest.mark.on_both
def test_a_list_tells_of_the_case_that_bore_the_code_on_its_day_whichever_bears_it_since(world: build.World) -> None:
    first, second = build.file_report(world), build.file_report(world, by="citizen_2")
    for filed in (first, second):
        build.advance(world, filed.case, "handling")
    joined.merge(world, second.case, first.case)
    at, code = build.next_moment(first.case), first.report.code
    row = {"code": code, "title": "Rác ven suối", "source": "citizen", "urgent": False, "due_at": at.isoformat(), "days": 1}
    with unit_of_work():
        late = Letter(kind=kinds.LATE_LIST, centre_id=world.centre.id, agency_id=world.agencies["PTNMT"].id, made_at=at,
                      made_by_id=world.people["operator"].id, content={"rows": [row], "words": ""})  # fmt: skip
        db.session.add(late)
    assert content_for(world.actor("leader_PTNMT"), late) == late.content
    with unit_of_work():
        case = lock_case(first.case.id)
        next(link for link in case.reports if link.report.code == code).left_at = at + timedelta(minutes=1)
        make_main(case, db.session.get_one(Report, second.report.id))
    assert db.session.scalars(select(Case.merged_into_id).where(Case.code == code)).one() == first.case.id, "the merged one has it now"
    assert content_for(world.actor("leader_PTNMT"), late) == late.content
    with unit_of_work():
        take_out_of_letters([db.session.get_one(Case, second.case.id)], at=at)
    assert late.content["rows"] == [row], "the merged case leaves, and was not told of"
    with unit_of_work():
        take_out_of_letters([db.session.get_one(Case, first.case.id)], at=at)
    assert (late.content["rows"], late.withdrawn_at) == ([], at)


def test_minutes_of_what_was_set_apart_are_for_its_confidential_readers_and_tell_nothing(world: build.World) -> None:
    case = apart(world)
    letter = write(world, case, kinds.HANDOVER_MINUTES, "confidential_reader", words="Bị cáo là ông A.", copies=("Báo Lâm Đồng",))
    reader = world.actor("confidential_reader")
    assert [each.ref for each in minutes_apart(case, reader)] == [letter.ref]
    assert [minutes_apart(case, world.actor(name)) for name in PEOPLE if name != "confidential_reader"] == [[]] * (len(PEOPLE) - 1)
    for name in PEOPLE:
        assert letter_seen(world.actor(name), letter.ref) is None, name
        assert letters_of_case(case, world.actor(name)) == [], name
    before = page(letter)
    for words in ("Rác", "suối", "ông A", "Báo Lâm Đồng", NAME_OF_SENDER, PHONE_OF_SENDER, "Păng Tiêng"):
        assert words not in before, words
    assert ("01" in before, "xóa các tài liệu trên khỏi hệ thống" in before, case.code in before) == (True, True, True)
    moment = build.next_moment(case)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="BB 01"), by=world.actor("confidential_reader", moment), now=moment)
    assert page(db.session.get_one(Letter, letter.id)) == before, "what was handed over can be proved afterwards"
    with pytest.raises(LetterRefused, match="handed over"):
        write(world, case, kinds.HANDOVER_MINUTES, "confidential_reader")
    assert db.session.scalars(select(Event.payload).where(Event.case_id == case.id, Event.type == "write_letter")).one() is None
