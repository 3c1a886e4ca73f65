"""The life of a number: given in turn, left out with a word, used outside, struck out, never given twice, and begun anew each year."""
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from casework.bilingual import Bilingual
from casework.calendars import RULES_STREAM
from casework.db import db, unit_of_work
from casework.documents import numbering
from casework.documents.books import books_seen
from casework.documents.files import retry_file
from casework.documents.numbering import AlreadyNumbered, Body, NumberRefused, NumberSkipped
from casework.documents.register import Shelf, documents_seen, lines_of
from casework.documents.sealing import may_return, seals_for
from casework.documents.seals import Seal
from casework.documents.verification import check_books
from casework.events import append
from casework.models import Account, CaseSuccession, DocumentBook, DocumentNumber, Event, Letter
from casework.permissions import SYSTEM, Actor, NotAllowed, Role, actor_for
from casework.settings.value_changes import set_value
from tests import build
from tests.casework.clocks.test_reminders import side_by_side
from tests.second_centre import of_the_installation, second_world

HEAD = {"issuing_body": "Trung tâm IOC", "symbol": "IOC", "signer_name": "Người Ký Thử"}
NAMED = Bilingual("Con dấu", "Seal")
TODAY = date(2026, 3, 2)
NEW_YEAR = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
"""Half past midnight of 1 January 2027, local time."""


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def letter(world: build.World, kind: str = "late_list", *, agency: str | None = "PTNMT", at: datetime = build.NOON, **content: Any) -> int:
    """A letter that waits for its number."""
    with unit_of_work():
        row = Letter(
            kind=kind, centre_id=world.centre.id, agency_id=world.agencies[agency].id if agency else None, made_at=at,
            made_by_id=world.people["operator"].id, content={"head": HEAD, "on": TODAY.isoformat(), "to": "Phòng", **content},
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        return row.id


def give(world: build.World, letter_id: int, by: str = "records_clerk", *, now: datetime = build.NOON, on: date | None = None,
         **form: Any) -> int:
    actor = world.actor(by, now)
    with unit_of_work():
        on = on or numbering.local_day(now)
        return numbering.give_number(db.session.get_one(Letter, letter_id), on=on, by=actor, now=now, **form).number


def outside(world: build.World, last: int, *, by: str = "records_clerk", body: Body | None = None, now: datetime = build.NOON,
            on: date = TODAY, note: str = "Giấy mời họp", **form: Any) -> list[int]:
    actor = world.actor(by, now)
    with unit_of_work():
        body = body or Body(world.centre.id)
        found = numbering.note_outside(body, kind="late_list", last=last, on=on, note=note, by=actor, now=now, **form)
        return [row.number for row in found]


def strike(world: build.World, number: int, by: str = "records_clerk", *, reason: str = "Soạn nhầm.", now: datetime = build.NOON) -> None:
    actor = world.actor(by, now)
    with unit_of_work():
        row = db.session.scalars(select(DocumentNumber).where(DocumentNumber.number == number)).one()
        numbering.strike_number(row, reason=reason, by=actor, now=now)


def refused(act: Callable[[], object], kind: type[Exception] = NumberRefused) -> str:
    with pytest.raises(kind) as refusal:
        act()
    assert type(refusal.value) is kind
    return getattr(refusal.value, "vi", "")


def told() -> list[tuple[str, dict[str, Any]]]:
    query = select(Event).where(Event.stream.like("book:%")).order_by(Event.id)
    return [(each.type, each.payload or {}) for each in db.session.scalars(query)]


def test_numbers_rise_from_01_each_with_its_event_and_none_is_given_twice(world: build.World) -> None:
    first, second, third = (letter(world) for _ in range(3))
    assert (give(world, first), give(world, second, number=2)) == (1, 2)
    kept = db.session.get_one(Letter, first)
    assert (kept.symbol, kept.given_number.given_on, kept.given_number.file_due_at) == ("IOC", TODAY, build.NOON)
    # a second click changes nothing; a number that is given is not given again
    assert refused(lambda: give(world, first), AlreadyNumbered) == "Văn bản đã có số 01."
    assert refused(lambda: give(world, third, number=2)) == "Số 02 đã dùng, không cấp lại. Số tiếp theo là 03."
    assert "bắt đầu từ 01" in refused(lambda: give(world, third, number=0))
    # who skips says why, and each number left out has a row
    assert "05" not in refused(lambda: give(world, third, number=5), NumberSkipped)
    assert refused(lambda: give(world, third, number=5, gap_note=" \n"), NumberSkipped).startswith("Số tiếp theo của sổ là 03.")
    assert refused(lambda: give(world, third, number=999, gap_note="Sổ giấy")) == "Mỗi lần ghi tối đa 500 số; vui lòng kiểm tra lại số."
    assert "300" in refused(lambda: give(world, third, number=5, gap_note="x" * 301))
    assert db.session.scalars(select(DocumentBook)).one().last_number == 2, "a refusal leaves nothing"
    assert give(world, third, number=5, gap_note="Đã dùng trên sổ giấy.") == 5
    [book] = db.session.scalars(select(DocumentBook))
    assert [(line.number.number, line.number_words, line.note, line.state.value) for line in lines_of(book)] == [
        (1, "01/IOC", "", "making"), (2, "02/IOC", "", "making"), (3, "03", "Đã dùng trên sổ giấy.", "outside"),
        (4, "04", "Đã dùng trên sổ giấy.", "outside"), (5, "05/IOC", "", "making"),
    ]  # fmt: skip
    refs = [db.session.get_one(Letter, each).ref for each in (first, second, third)]
    assert told() == [
        ("give_number", {"number": 1, "on": "2026-03-02", "letter": refs[0]}),
        ("give_number", {"number": 2, "on": "2026-03-02", "letter": refs[1]}),
        ("give_number", {"number": 5, "on": "2026-03-02", "letter": refs[2], "skipped": [3, 4]}),
    ]


def test_numbers_used_outside_are_entered_by_hand_and_a_struck_number_is_gone(world: build.World) -> None:
    assert outside(world, 2) == [1, 2]
    assert refused(lambda: outside(world, 2)) == "Số 02 đã dùng, không cấp lại. Số tiếp theo là 03."
    assert "ghi số dùng cho" in refused(lambda: outside(world, 3, note=" "))
    assert "Sổ này đang ở số 03" in refused(lambda: outside(world, 5, first=4))
    assert "500" in refused(lambda: outside(world, 503))
    one = letter(world)
    assert give(world, one) == 3
    assert "nêu lý do" in refused(lambda: strike(world, 3, reason=" "))
    strike(world, 3)
    kept = db.session.get_one(Letter, one)
    assert (kept.withdrawn_reason, kept.given_number.struck_reason, kept.given_number.file_due_at) == ("Soạn nhầm.", "Soạn nhầm.", None)
    assert refused(lambda: strike(world, 3)) == "Số này đã được hủy."
    assert "đã thu hồi" in refused(lambda: give(world, one))
    strike(world, 1, reason="Không phát hành.")
    assert give(world, letter(world)) == 4, "what was struck out is not given again"
    [book] = db.session.scalars(select(DocumentBook))
    assert [(line.number.number, line.state.value, line.note) for line in lines_of(book)] == [
        (1, "struck", "Giấy mời họp · Không phát hành."), (2, "outside", "Giấy mời họp"), (3, "struck", "Soạn nhầm."), (4, "making", ""),
    ]  # fmt: skip
    assert [type_ for type_, _ in told()] == ["note_outside", "give_number", "strike_number", "strike_number", "give_number"]
    assert lines_of(book, after=2, limit=1)[0].number.number == 3


def test_a_letter_without_a_number_is_taken_back_with_a_reason_and_one_with_a_number_is_not(world: build.World) -> None:
    def withdraw(id_: int, by: str, reason: str = "Soạn nhầm.") -> None:
        actor = world.actor(by)
        with unit_of_work():
            numbering.withdraw_letter(db.session.get_one(Letter, id_), reason=reason, by=actor, now=build.NOON)

    waits, numbered, own = letter(world), letter(world), letter(world, "apology")
    give(world, numbered)
    assert "nêu lý do" in refused(lambda: withdraw(waits, "operator", ""))
    for by in ("leader_PTNMT", "committee_leader", "officer_PTNMT", "administrator", "citizen"):
        refused(lambda by=by: withdraw(waits, by), NotAllowed)  # type: ignore[misc]
    withdraw(waits, "operator")
    assert refused(lambda: withdraw(waits, "operator")) == "Văn bản đã được thu hồi."
    assert "hãy hủy số" in refused(lambda: withdraw(numbered, "records_clerk"))
    refused(lambda: withdraw(own, "operator"), NotAllowed)
    withdraw(own, "leader_PTNMT")
    streams = db.session.execute(select(Event.stream, Event.type).where(Event.stream.like("letters:%")).order_by(Event.id)).all()
    agency = world.agencies["PTNMT"].id
    assert streams == [(f"letters:c{world.centre.id}", "withdraw_letter"), (f"letters:a{agency}", "withdraw_letter")]
    clerk = world.actor("records_clerk")
    shelves = {shelf: [each.letter.id for each in documents_seen(clerk, shelf)] for shelf in Shelf}
    assert shelves == {Shelf.TO_NUMBER: [], Shelf.NUMBERED: [numbered], Shelf.TAKEN_BACK: [waits]}, "an agency's own are not the clerk's"


def test_only_who_keeps_the_book_gives_numbers(world: build.World) -> None:
    other = second_world(world)
    of_centre, of_agency, slip = letter(world), letter(world, "apology"), letter(world, "transfer_slip")
    for by in ("operator", "ops_lead", "committee_leader", "leader_PTNMT", "officer_PTNMT", "administrator", "inspector", "guest"):
        refused(lambda by=by: give(world, of_centre, by), NotAllowed)  # type: ignore[misc]
    for by in ("records_clerk", "leader_UBND-LAT", "operator"):
        refused(lambda by=by: give(world, of_agency, by), NotAllowed)  # type: ignore[misc]
    refused(lambda: give(other, of_centre), NotAllowed)
    refused(lambda: outside(other, 1, body=Body(world.centre.id)), NotAllowed)
    refused(lambda: outside(world, 1, by="leader_PTNMT"), NotAllowed)
    assert (give(world, of_centre), give(world, of_agency, "leader_PTNMT"), give(world, slip)) == (1, 1, 2)
    refused(lambda: strike(world, 2, "leader_PTNMT"), NotAllowed)
    assert db.session.get_one(Letter, slip).symbol == "PC-IOC", "to whom a slip goes does not give it its number"
    # an apology of the centre stands in the centre's book; a clerk of the whole installation keeps each centre's
    of_the_installation(world, "clerk_of_all", Role.RECORDS_CLERK)
    assert give(world, letter(world, "apology", agency=None), "clerk_of_all") == 3
    seen = {name: [(book.agency_id is not None, book.last_number) for book in books_seen(world.actor(name))] for name in
            ("records_clerk", "operator", "committee_leader", "leader_PTNMT", "leader_HKL", "inspector")}  # fmt: skip
    assert seen == {"records_clerk": [(False, 3)], "operator": [(False, 3)], "committee_leader": [(False, 3)],
                    "leader_PTNMT": [(True, 1)], "leader_HKL": [], "inspector": []}  # fmt: skip
    assert books_seen(other.actor("records_clerk")) == []


def test_the_books_of_who_has_ended_are_read_gone_on_with_and_struck_in_by_who_follows(world: build.World) -> None:
    other = second_world(world)
    of_centre, of_agency = letter(world), letter(world, "apology")
    assert (give(world, of_centre), give(world, of_agency, "leader_PTNMT")) == (1, 1)
    heirs = other.actor("records_clerk"), world.actor("leader_HKL")
    assert [books_seen(by) for by in heirs] == [[], []]
    with unit_of_work():
        db.session.add(CaseSuccession(kind="centre", predecessor_id=world.centre.id, successor_id=other.centre.id))
        db.session.add(CaseSuccession(kind="agency", predecessor_id=world.agencies["PTNMT"].id, successor_id=world.agencies["HKL"].id))
        append(RULES_STREAM, "reorganise", by=SYSTEM, at=build.NOON, payload={})
    assert [[book.agency_id for book in books_seen(by)] for by in heirs] == [[None], [world.agencies["PTNMT"].id]]
    assert [each.letter.id for each in documents_seen(heirs[0], Shelf.NUMBERED)] == [of_centre], "an agency's own are not the clerk's"

    def struck(id_: int, by: Actor) -> None:
        with unit_of_work():
            row = db.session.scalars(select(DocumentNumber).where(DocumentNumber.letter_id == id_)).one()
            numbering.strike_number(row, reason="Soạn nhầm.", by=by, now=build.NOON)

    refused(lambda: struck(of_agency, world.actor("leader_UBND-LAT")), NotAllowed)
    refused(lambda: give(other, letter(world)), NotAllowed)
    # a file that failed is made again by who follows, who signs and seals with their own: the seal of an ended body is put on nothing more
    for id_, by, code_prefix, key in zip((of_centre, of_agency), heirs, ("DN", "LD"), ("", "HKL"), strict=True):
        paper = db.session.get_one(Letter, id_)
        seals = [Seal("old", NAMED, "LD", "" if id_ == of_centre else "PTNMT"), Seal("new", NAMED, code_prefix, key)]
        assert [seal.name for seal in seals_for(by, paper, seals)] == ["new"]
        assert (may_return(by, paper), may_return(world.actor("leader_UBND-LAT"), paper)) == (True, False)
        refused(lambda paper=paper: retry_file(paper, by=world.actor("leader_UBND-LAT"), now=build.NOON), NotAllowed)
        with unit_of_work():
            retry_file(paper, by=by, now=build.NOON)
        struck(id_, by)
    assert list(check_books()) == []


def test_days_rise_with_numbers_and_lie_neither_ahead_nor_before_the_writing(world: build.World) -> None:
    early, late = letter(world, at=build.NOON - timedelta(days=3)), letter(world, at=build.NOON - timedelta(days=3))
    assert "tương lai" in refused(lambda: give(world, early, on=date(2026, 3, 3)))
    assert "trước ngày soạn" in refused(lambda: give(world, early, on=date(2026, 2, 26)))
    assert numbering.earliest_day(db.session.get_one(Letter, early), today=TODAY) == date(2026, 2, 27)
    assert give(world, early, on=date(2026, 2, 28)) == 1
    assert "mang ngày 28/02/2026" in refused(lambda: give(world, late, on=date(2026, 2, 27)))
    assert "tương lai" in refused(lambda: outside(world, 3, on=date(2026, 3, 4)))
    assert "mang ngày 28/02/2026" in refused(lambda: outside(world, 3, on=date(2026, 2, 1)))
    strike(world, 1)
    assert numbering.earliest_day(db.session.get_one(Letter, late), today=TODAY) == date(2026, 2, 28), "a struck number has its day as well"
    assert give(world, late) == 2
    # at midnight the day is the local one
    assert "tương lai" in refused(lambda: give(world, letter(world), on=date(2026, 3, 3), now=datetime(2026, 3, 2, 16, 59, tzinfo=UTC)))
    assert give(world, letter(world), on=date(2026, 3, 3), now=datetime(2026, 3, 2, 17, 0, tzinfo=UTC)) == 3


def test_each_year_begins_with_01_and_an_old_year_goes_on_for_its_own_days(world: build.World) -> None:
    for _ in range(2):
        give(world, letter(world))
    december, january = letter(world, at=NEW_YEAR - timedelta(hours=8)), letter(world, at=NEW_YEAR)
    assert numbering.next_number(db.session.get_one(Letter, january), on=date(2027, 1, 1)) == 1
    assert numbering.next_number(db.session.get_one(Letter, january), on=date(2026, 12, 31)) == 3
    assert "trước ngày soạn" in refused(lambda: give(world, january, on=date(2026, 12, 31), now=NEW_YEAR))
    assert give(world, january, now=NEW_YEAR) == 1
    assert give(world, december, on=date(2026, 12, 31), now=NEW_YEAR) == 3, "written and dated in the old year"
    assert give(world, letter(world, at=NEW_YEAR), now=NEW_YEAR) == 2
    assert [(book.year, book.last_number) for book in books_seen(world.actor("records_clerk"))] == [(2027, 2), (2026, 3)]


def test_kinds_have_rows_of_their_own_where_the_centre_says_so_but_not_in_the_middle_of_a_year(world: build.World) -> None:
    def choose(value: str) -> None:
        with unit_of_work():
            set_value("document_numbers", value, by=administrator, now=build.NOON, reason="Thử.", centre_id=world.centre.id)

    administrator = world.actor("administrator")
    give(world, letter(world))
    choose("by_kind")
    assert give(world, letter(world, "transfer_slip")) == 2, "this year goes on as it began"
    kinds = ("transfer_slip", "transfer_slip", "refusal_notice", "late_list")
    assert [give(world, letter(world, kind, at=NEW_YEAR), now=NEW_YEAR) for kind in kinds] == [1, 2, 1, 1]
    choose("shared")
    assert give(world, letter(world, "transfer_slip", at=NEW_YEAR), now=NEW_YEAR) == 3
    assert {book.series: book.last_number for book in books_seen(world.actor("records_clerk"), year=2027)} == {
        "PC": 3, "TB": 1, "CV": 1}  # fmt: skip
    assert numbering.series_kept(Body(world.centre.id, world.agencies["PTNMT"].id), 2027) == {"": "late_list"}


@pytest.mark.exhaustive(but=2)
def test_two_who_press_at_once_get_two_numbers_or_a_clear_refusal(app: Flask) -> None:
    world = build.standard_world()
    with unit_of_work():
        build.staff(world, "clerk_2", Role.RECORDS_CLERK)
    letters = [letter(world) for _ in range(6)]
    outcomes: list[object] = []

    def press(id_: int, by: str, **form: Any) -> Callable[[], None]:
        account_id = world.people[by].id

        def run() -> None:
            actor = actor_for(db.session.get_one(Account, account_id), now=build.NOON)
            try:
                with unit_of_work():
                    row = numbering.give_number(db.session.get_one(Letter, id_), on=TODAY, by=actor, now=build.NOON, **form)
                    outcomes.append(row.number)
            except NumberRefused as refusal:
                outcomes.append(refusal.vi)

        return run

    # the first two open the book of the year; then both have the same number on their form; then both press for the same letter
    side_by_side(app, press(letters[0], "records_clerk"), press(letters[1], "clerk_2"))
    assert sorted(map(str, outcomes)) == ["1", "2"]
    outcomes.clear()
    side_by_side(app, press(letters[2], "records_clerk", number=3), press(letters[3], "clerk_2", number=3))
    assert sorted(map(str, outcomes)) == ["3", "Số 03 đã dùng, không cấp lại. Số tiếp theo là 04."]
    outcomes.clear()
    side_by_side(app, press(letters[4], "records_clerk"), press(letters[4], "clerk_2"))
    assert sorted(map(str, outcomes)) == ["4", "Văn bản đã có số 04."]
    assert [row.number for row in db.session.scalars(select(DocumentNumber).order_by(DocumentNumber.number))] == [1, 2, 3, 4]
    # and behind the locks stands the constraint
    [book] = db.session.scalars(select(DocumentBook))
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.add(DocumentNumber(book_id=book.id, number=4, note="x", given_on=TODAY, given_by_id=world.people["clerk_2"].id,
                                      given_at=build.NOON))


def test_verification_finds_a_number_that_was_taken_away_moved_or_given_in_silence(world: build.World) -> None:
    def wrong(change: Callable[[], object]) -> list[str]:
        """What is found after a change by hand, which is then undone."""
        change()
        db.session.flush()
        found = [each.check for each in check_books()]
        db.session.rollback()
        assert list(check_books()) == []
        return found

    def row(number: int) -> DocumentNumber:
        return db.session.scalars(select(DocumentNumber).where(DocumentNumber.number == number)).one()

    for number in (None, 4, None):
        give(world, letter(world), number=number, gap_note="Sổ giấy.")
    strike(world, 1)
    assert wrong(lambda: db.session.delete(row(2))) == ["book.gap"]
    assert wrong(lambda: db.session.delete(row(5))) == ["book.gap", "book.untold"]
    assert wrong(lambda: setattr(row(5), "given_on", date(2026, 2, 1))) == ["book.days", "book.untold"]
    assert wrong(lambda: setattr(row(1), "struck_at", None)) == ["book.untold"]
    assert wrong(lambda: setattr(row(4), "letter_id", letter(world))) == ["book.untold"]
    assert wrong(lambda: setattr(db.session.scalars(select(DocumentBook)).one(), "last_number", 9)) == ["book.gap"]
