"""Numbers of documents in the outgoing registers of those who issue them (sổ đăng ký văn bản đi; NĐ 30/2020/NĐ-CP, Điều 14 và 15).

A book belongs to one body, year and series. Its numbers rise from 01 with the dates of the documents; none is given twice, and none is
missing without an explanation: a number that was skipped, or used for a paper outside the software, has a row that says so. A number
struck out stays struck out. Giving a number locks the body, then the book; the unique constraint on book and number is the safety net.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, insert, select

from casework.db import db
from casework.documents.kinds import KINDS, Issuer, issuer_agency_id, kind_of
from casework.errors import CaseworkError
from casework.events import append
from casework.local_time import local_day
from casework.models import Agency, Case, Centre, DocumentBook, DocumentNumber, Letter
from casework.permissions import OPERATIONS, Action, Actor, NotAllowed, Role, desk_name, require
from casework.setting_values import value_of
from casework.successors import Followed, heirs_of
from casework.text import normal

FIRST = 1
ONE_ROW = ""
"""The series of a book that numbers all documents together."""
PLAIN_LETTERS = "CV"
"""The series of letters without an abbreviation (công văn), where each kind is numbered separately."""
MOST_SKIPPED = 500
"""Numbers explained in one act, each in a row. A book kept on paper until June takes a few acts."""
LONGEST_NOTE = 300
MOST_BOOKS = 100


class NumberRefused(CaseworkError):
    """The number cannot be given, noted or struck out like this; the text says why."""


class AlreadyNumbered(NumberRefused):
    pass


class NumberSkipped(NumberRefused):
    """Numbers would be left out without an explanation."""


@dataclass(frozen=True, slots=True)
class Body:
    """The issuer of a document: an agency, or the centre where none is named."""

    centre_id: int
    agency_id: int | None = None


def body_of(letter: Letter) -> Body:
    """The body in whose book a letter is numbered."""
    return Body(letter.centre_id, issuer_agency_id(letter))


def may_number(by: Actor, body: Body) -> bool:
    """Whether the person keeps the body's books: its centre's records clerk, or the agency's own leader."""
    if body.agency_id is not None:
        return by.holds([Role.AGENCY_LEADER], agency_id=body.agency_id)
    return by.holds([Role.RECORDS_CLERK], centre_id=body.centre_id)


def may_strike(by: Actor, book: DocumentBook, letter: Letter | None = None) -> bool:
    """Whether the person may strike a number out: the keeper of the book, and for a body that has ended its successor for the place of
    the letter's case. Otherwise a paper of an ended body would stay in force for ever."""
    return any(may_number(by, body) for body in answering(Body(book.centre_id, book.agency_id), letter))


def answering(body: Body, letter: Letter | None = None) -> list[Body]:
    """The bodies responsible for what a body issued: itself or, once it has ended, its successors for the place of the letter's case."""
    area_id = None
    if letter is not None and letter.case_id is not None:
        area_id = db.session.scalar(select(Case.area_id).where(Case.id == letter.case_id))
    if body.agency_id is not None:
        heirs = heirs_of(Followed.AGENCY, body.agency_id, area_id)
        homes = select(Agency.id, Agency.centre_id).where(Agency.id.in_(heirs))
        home_of = {row.id: row.centre_id for row in db.session.execute(homes)} if heirs else {}
        return [body, *(Body(home_of[heir], heir) for heir in heirs)]
    return [body, *(Body(heir) for heir in heirs_of(Followed.CENTRE, body.centre_id, area_id))]


def bodies_kept(by: Actor) -> list[Body]:
    centres = [grant.centre_id for grant in by.grants if grant.role == Role.RECORDS_CLERK]
    query = select(Centre.id) if None in centres else select(Centre.id).where(Centre.id.in_(centres))
    found = [Body(id_) for id_ in db.session.scalars(query.order_by(Centre.id).limit(MOST_BOOKS))] if centres else []
    led = {grant.agency_id for grant in by.grants if grant.role == Role.AGENCY_LEADER}
    agencies = db.session.execute(select(Agency.centre_id, Agency.id).where(Agency.id.in_(led)).order_by(Agency.id)) if led else ()
    return found + [Body(centre_id, id_) for centre_id, id_ in agencies]


def series_of(body: Body, year: int, kind: str) -> str:
    """The series in which a body numbers a kind of document in a year.

    The first book of a year decides for the whole year: if a change of the centre's setting took effect at once, two papers could bear
    the same number and symbol.
    """
    return (KINDS[kind].abbreviation or PLAIN_LETTERS) if _is_by_kind(body, year) else ONE_ROW


def series_kept(body: Body, year: int) -> dict[str, str]:
    """The series a body has in a year, opened or not, each with one of the kinds it numbers."""
    if not _is_by_kind(body, year):
        return {ONE_ROW: next(iter(KINDS))}
    own = [kind for kind in KINDS.values() if body.agency_id is None or kind.issuer is Issuer.NAMED_AGENCY]
    return {kind.abbreviation or PLAIN_LETTERS: kind.key for kind in reversed(own)}


def _is_by_kind(body: Body, year: int) -> bool:
    began = set(db.session.scalars(select(DocumentBook.series).where(_of(body), DocumentBook.year == year)))
    return ONE_ROW not in began if began else value_of("document_numbers", body.centre_id) == "by_kind"


def next_number(letter: Letter, *, on: date) -> int:
    """The number a letter would get next; another letter may take it first."""
    body = body_of(letter)
    book = _book(body, on.year, series_of(body, on.year, letter.kind))
    return book.last_number + 1 if book is not None else FIRST


def earliest_day(letter: Letter, *, today: date) -> date:
    """The first date a letter numbered today may bear: not before it was written, nor before the date of an earlier number."""
    body = body_of(letter)
    book = _book(body, today.year, series_of(body, today.year, letter.kind))
    last = _last_day(book) if book is not None else None
    written = max(local_day(letter.made_at), date(today.year, 1, 1))
    return max(last, written) if last is not None else written


def give_number(
    letter: Letter, *, number: int | None = None, on: date, by: Actor, now: datetime, gap_note: str | None = None
) -> DocumentNumber:
    """Give a letter its number: the next of its book, or a later one with an explanation of those in between, which get a row each.

    `on` is the date on the document, not before the day of the number before, nor before it was written, nor in the future. From then on
    the worker makes its file. Records `give_number` on the stream of the book (without the explanations, which are in the rows). Raises
    NotAllowed, AlreadyNumbered, NumberSkipped, NumberRefused.
    """
    require(by, Action.NUMBER_LETTER)
    letter = locked_letter(letter.id)
    body, note = body_of(letter), _note(gap_note or "")
    if not may_number(by, body):
        raise NotAllowed
    if letter.withdrawn_at is not None:
        raise NumberRefused("Văn bản đã thu hồi, không cấp số nữa.", "The document was taken back, so it gets no number.")
    given = db.session.scalar(select(DocumentNumber.number).where(DocumentNumber.letter_id == letter.id))
    if given is not None:
        raise AlreadyNumbered(f"Văn bản đã có số {given:02}.", f"The document has the number {given:02} already.")
    if on < local_day(letter.made_at):
        raise NumberRefused("Ngày văn bản không thể trước ngày soạn.", "A document cannot bear a day before it was written.")
    book = _locked_book(body, on, letter.kind, now)
    given, skipped = _next_in(book, number, note)
    row = DocumentNumber(
        book_id=book.id, number=given, letter_id=letter.id, given_on=on, given_by_id=by.account_id, given_at=now, file_due_at=now
    )
    db.session.add(row)
    letter.symbol = kind_of(letter).symbol(_symbol_in(letter))
    told = {"number": given, "on": on.isoformat(), "letter": letter.ref}
    _take(book, given, skipped, note=note, on=on, by=_at_desk(by, body), now=now, type_="give_number", told=told)
    return row


def note_outside(
    body: Body, *, kind: str, first: int | None = None, last: int, on: date, note: str, by: Actor, now: datetime
) -> list[DocumentNumber]:
    """Record that the numbers from the next one up to `last` were used for papers outside the software, and for which.

    `first` is the next number as the person saw it; if it was taken meanwhile, nothing is recorded. Records `note_outside`. Raises
    NotAllowed, NumberRefused.
    """
    require(by, Action.NUMBER_LETTER)
    if not may_number(by, body):
        raise NotAllowed
    note = _note(note)
    if not note:
        raise NumberRefused("Vui lòng ghi số dùng cho văn bản nào.", "Please say what the numbers were used for.", about="note")
    book = _locked_book(body, on, kind, now)
    after = book.last_number + 1
    if first is not None and first != after:
        raise NumberRefused(f"Sổ này đang ở số {after:02}.", f"The next number of this book is {after:02}.")
    if last < after:
        raise NumberRefused(_is_taken(book, last).vi, _is_taken(book, last).en)
    numbers = range(after, last + 1)
    _refuse_many(numbers)
    told = {"first": after, "last": last, "on": on.isoformat()}
    _take(book, last, numbers, note=note, on=on, by=_at_desk(by, body), now=now, type_="note_outside", told=told)
    rows = select(DocumentNumber).where(DocumentNumber.book_id == book.id, DocumentNumber.number >= after)
    return list(db.session.scalars(rows.order_by(DocumentNumber.number)))


def strike_number(row: DocumentNumber, *, reason: str, by: Actor, now: datetime) -> None:
    """Strike a number out and take back its letter; the number is not given again. Records `strike_number`.

    The letter and its files stay, so that anybody who verifies the paper learns that it was taken back. Raises NotAllowed, NumberRefused.
    """
    require(by, Action.NUMBER_LETTER)
    book = row.book
    if not may_strike(by, book, row.letter):
        raise NotAllowed
    reason = _reason(reason)
    letter = locked_letter(row.letter_id) if row.letter_id is not None else None
    locked_row = select(DocumentNumber).where(DocumentNumber.id == row.id).with_for_update(of=DocumentNumber)
    row = db.session.scalars(locked_row.execution_options(populate_existing=True)).one()
    if row.struck_at is not None:
        raise NumberRefused("Số này đã được hủy.", "This number has been struck out already.")
    by = _at_desk(by, Body(book.centre_id, book.agency_id))
    append(stream_of(book), "strike_number", by=by, at=now, payload={"number": row.number, "letter": letter.ref if letter else None})
    row.struck_reason, row.struck_by_id, row.struck_at, row.file_due_at = reason, by.account_id, now, None
    if letter is not None and letter.withdrawn_at is None:
        letter.withdrawn_at, letter.withdrawn_reason = now, reason


def withdraw_letter(letter: Letter, *, reason: str, by: Actor, now: datetime) -> None:
    """Take back a letter that has no number yet: it is no longer printed, and another may be written. Records `withdraw_letter`.

    By those who keep the book or wrote for the same body: the centre's clerk and operations, the agency's leader. A letter with a number
    is not taken back but struck out. Raises NotAllowed, NumberRefused.
    """
    require(by, Action.READ_LETTERS)
    if not may_withdraw(by, letter):
        raise NotAllowed
    reason = _reason(reason)
    letter = locked_letter(letter.id)
    if letter.withdrawn_at is not None:
        raise NumberRefused("Văn bản đã được thu hồi.", "The document has been taken back already.")
    if db.session.scalar(select(DocumentNumber.id).where(DocumentNumber.letter_id == letter.id)) is not None:
        raise NumberRefused("Văn bản đã có số: hãy hủy số trong sổ.", "The document has a number: strike that out in the book.")
    append(unnumbered_stream(body_of(letter)), "withdraw_letter", by=by, at=now, payload={"letter": letter.ref, "kind": letter.kind})
    letter.withdrawn_at, letter.withdrawn_reason = now, reason


def locked_letter(letter_id: int) -> Letter:
    """A letter with its row locked and read anew."""
    locked = select(Letter).where(Letter.id == letter_id).with_for_update(of=Letter)
    return db.session.scalars(locked.execution_options(populate_existing=True)).one()


def may_withdraw(by: Actor, letter: Letter) -> bool:
    """Whether the person may take back an unnumbered letter; also the successor of an ended body, which gives no numbers."""
    bodies = answering(body_of(letter), letter)
    of_centres = [body.centre_id for body in bodies if body.agency_id is None]
    return any(may_number(by, body) for body in bodies) or any(by.holds(OPERATIONS, centre_id=centre_id) for centre_id in of_centres)


def stream_of(book: DocumentBook) -> str:
    """The name of a book's event stream."""
    return f"book:{book.id}"


def unnumbered_stream(body: Body) -> str:
    """The name of the event stream for letters a body took back before they were numbered, which are in no book."""
    return f"letters:c{body.centre_id}" if body.agency_id is None else f"letters:a{body.agency_id}"


def _of(body: Body) -> ColumnElement[bool]:
    if body.agency_id is not None:
        return DocumentBook.agency_id == body.agency_id
    return (DocumentBook.centre_id == body.centre_id) & DocumentBook.agency_id.is_(None)


def _book(body: Body, year: int, series: str) -> DocumentBook | None:
    return db.session.scalars(select(DocumentBook).where(_of(body), DocumentBook.year == year, DocumentBook.series == series)).first()


def _locked_book(body: Body, on: date, kind: str, now: datetime) -> DocumentBook:
    """The book of that day's year, locked, and opened where it is new. Raises NumberRefused for an impossible day.

    The body is locked first, so that the same book is not opened twice; that does not block rows with foreign keys to it.
    """
    if on > local_day(now):
        raise NumberRefused("Ngày văn bản không thể ở tương lai.", "A document cannot bear a day to come.", about="on")
    owner = select(Agency.id).where(Agency.id == body.agency_id) if body.agency_id is not None else None
    owner = owner if owner is not None else select(Centre.id).where(Centre.id == body.centre_id)
    db.session.execute(owner.with_for_update(key_share=True))
    series = series_of(body, on.year, kind)
    same = select(DocumentBook).where(_of(body), DocumentBook.year == on.year, DocumentBook.series == series)
    book = db.session.scalars(same.with_for_update(of=DocumentBook).execution_options(populate_existing=True)).first()
    if book is None:
        book = DocumentBook(centre_id=body.centre_id, agency_id=body.agency_id, year=on.year, series=series, last_number=0)
        db.session.add(book)
        db.session.flush()
    last = _last_day(book)
    if last is not None and on < last:
        raise NumberRefused(
            f"Số trước trong sổ mang ngày {last:%d/%m/%Y}, văn bản này không thể mang ngày sớm hơn.",
            f"The number before it bears {last:%d/%m/%Y}: this document cannot bear an earlier day.",
            about="on",
        )
    return book


def _last_day(book: DocumentBook) -> date | None:
    """The date of the newest number; dates rise with numbers."""
    return db.session.scalar(
        select(DocumentNumber.given_on).where(DocumentNumber.book_id == book.id, DocumentNumber.number == book.last_number)
    )


def _next_in(book: DocumentBook, number: int | None, note: str) -> tuple[int, range]:
    """The number to give, and those skipped for it."""
    after = book.last_number + 1
    number = after if number is None else number
    if number < after:
        taken = _is_taken(book, number)
        raise NumberRefused(taken.vi, taken.en)
    skipped = range(after, number)
    _refuse_many(skipped)
    if skipped and not note:
        which = f"{after:02}" if len(skipped) == 1 else f"{after:02}–{number - 1:02}"
        raise NumberSkipped(
            f"Số tiếp theo của sổ là {after:02}. Nếu bỏ qua {which}, vui lòng ghi lý do.",
            f"The next number of the book is {after:02}. If {which} is left out, please say why.",
            about="note",
        )
    return number, skipped


def _refuse_many(numbers: Collection[int]) -> None:
    if len(numbers) > MOST_SKIPPED:
        raise NumberRefused(
            f"Mỗi lần ghi tối đa {MOST_SKIPPED} số; vui lòng kiểm tra lại số.",
            f"At most {MOST_SKIPPED} numbers are entered at a time; please check the number.",
        )


def _is_taken(book: DocumentBook, number: int) -> NumberRefused:
    after = book.last_number + 1
    if number < FIRST:
        return NumberRefused("Số văn bản bắt đầu từ 01.", "Numbers begin with 01.")
    return NumberRefused(
        f"Số {number:02} đã dùng, không cấp lại. Số tiếp theo là {after:02}.", f"Number {number:02} is taken. The next one is {after:02}."
    )


def _take(
    book: DocumentBook, number: int, explained: range, *, note: str, on: date, by: Actor, now: datetime, type_: str, told: dict[str, object]
) -> None:
    """Move the book on to a number, with a row for each number without a letter, and record one event, which comes first."""
    if explained and type_ == "give_number":
        told = told | {"skipped": [explained[0], explained[-1]]}
    append(stream_of(book), type_, by=by, at=now, payload=told)
    book.last_number = number
    db.session.flush()
    if explained:
        row = {"book_id": book.id, "note": note, "given_on": on, "given_by_id": by.account_id, "given_at": now}
        db.session.execute(insert(DocumentNumber), [row | {"number": each} for each in explained])


def _symbol_in(letter: Letter) -> str:
    head = letter.content.get("head") or {}
    return str(head.get("symbol", ""))


def _note(typed: str) -> str:
    words = normal(typed)
    if len(words) > LONGEST_NOTE:
        raise NumberRefused(f"Phần giải thích tối đa {LONGEST_NOTE} ký tự.", f"The explanation may have {LONGEST_NOTE} characters.")
    return words


def _reason(typed: str) -> str:
    reason = normal(typed)
    if not reason or len(reason) > LONGEST_NOTE:
        raise NumberRefused(
            f"Vui lòng nêu lý do, tối đa {LONGEST_NOTE} ký tự.", f"Please give the reason, {LONGEST_NOTE} characters at most."
        )
    return reason


def _at_desk(by: Actor, body: Body) -> Actor:
    """The person at the desk that keeps the book: a deputy's act is recorded as done for the principal."""
    if body.agency_id is not None:
        return by.at(desk_name(Role.AGENCY_LEADER, agency_id=body.agency_id))
    return by.at(desk_name(Role.RECORDS_CLERK, centre_id=body.centre_id))
