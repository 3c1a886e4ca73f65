"""What a person may read of documents: the list, one document with its state, and the register of a book (NĐ 30/2020, Điều 15 and 33).

A line of the register gives kind, code, recipient and signer, never the operator's title. A records clerk, who sees no case (rules.md,
section 2), reads in the document itself what `casework.documents.letters.content_for` leaves: never the matter of a case.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.kinds import kind_of, symbol_of
from casework.documents.letters import PAGE, content_for, letters_within
from casework.local_time import LOCAL_ZONE
from casework.models import Case, DocumentBook, DocumentNumber, Letter
from casework.permissions import Actor

MOST_COUNTED = 99
LINES = 200
"""Lines of the register on one page, printed on five or six sheets."""


class Shelf(StrEnum):
    """The lists of documents."""

    TO_NUMBER = "to_number"
    NUMBERED = "numbered"
    TAKEN_BACK = "taken_back"


SHELVES: dict[Shelf, Bilingual] = {
    Shelf.TO_NUMBER: Bilingual("Chờ cấp số", "To number"),
    Shelf.NUMBERED: Bilingual("Đã cấp số", "Numbered"),
    Shelf.TAKEN_BACK: Bilingual("Đã thu hồi", "Taken back"),
}


class State(StrEnum):
    """The state of a document."""

    TO_NUMBER = "to_number"
    MAKING = "making"
    FAILED = "failed"
    ISSUED = "issued"
    SEALED = "sealed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    STRUCK = "struck"
    OUTSIDE = "outside"


STATES: dict[State, Bilingual] = {
    State.TO_NUMBER: Bilingual("Chờ cấp số", "Waits for its number"),
    State.MAKING: Bilingual("Đã cấp số, đang tạo tệp", "Numbered, file being made"),
    State.FAILED: Bilingual("Đã cấp số, chưa tạo được tệp", "Numbered, file not made"),
    State.ISSUED: Bilingual("Đã ban hành", "Issued"),
    State.SEALED: Bilingual("Đã đóng dấu", "Sealed"),
    State.RETURNED: Bilingual("Đã ký, đóng dấu", "Signed and sealed"),
    State.WITHDRAWN: Bilingual("Đã thu hồi", "Taken back"),
    State.STRUCK: Bilingual("Đã hủy số", "Number struck out"),
    State.OUTSIDE: Bilingual("Ngoài phần mềm", "Outside the software"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A letter as shown in lists and on its page. `about` is a case's code, a period or nothing."""

    letter: Letter
    number: DocumentNumber | None
    state: State
    kind: Bilingual
    about: str
    recipient: Bilingual

    @property
    def number_words(self) -> str:
        """Number and symbol, 05/BC-IOC; empty before it is numbered."""
        return number_words(self.number.number, symbol_of(self.letter)) if self.number is not None else ""

    @property
    def signer(self) -> str:
        """The signer according to the letterhead of its day."""
        return str((self.letter.content.get("head") or {}).get("signer_name", ""))


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One number in the register; `document` is empty for a number without a letter of ours. `note` explains a gap or a strike."""

    number: DocumentNumber
    state: State
    document: Document | None

    @property
    def number_words(self) -> str:
        return self.document.number_words if self.document is not None else number_words(self.number.number, "")

    @property
    def note(self) -> str:
        """The note in the register: what the number was used for, or why it was struck out."""
        return " · ".join(filter(None, (self.number.note, self.number.struck_reason)))


def number_words(number: int, symbol: str) -> str:
    """Number and symbol, 05/BC-IOC: numbers below 10 have a leading zero, no spaces around the slash (NĐ 30/2020, Phụ lục I, ô 3)."""
    return f"{number:02}/{symbol}" if symbol else f"{number:02}"


def documents_seen(
    by: Actor, shelf: Shelf, *, kind: str | None = None, year: int | None = None, before: int | None = None, limit: int = PAGE
) -> list[Document]:
    """A page of the documents a person may see, newest first; `before` is the last row of the previous page."""
    query = _with_all(letters_within(by)).where(*_on(shelf))
    if kind is not None:
        query = query.where(Letter.kind == kind)
    if year is not None:
        query = query.where(*_written_in(year))
    if before is not None:
        query = query.where(Letter.id < before)
    return documents_of(list(db.session.scalars(query.order_by(Letter.id.desc()).limit(limit))))


def count_to_number(by: Actor) -> int:
    """How many of them wait for their number, counted one past the largest number shown."""
    some = letters_within(by).where(*_on(Shelf.TO_NUMBER)).with_only_columns(Letter.id).limit(MOST_COUNTED + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def document_seen(by: Actor, ref: str) -> Document | None:
    """One document within the person's sight; None where there is none."""
    found = documents_of(list(db.session.scalars(_with_all(letters_within(by)).where(Letter.ref == ref))))
    return found[0] if found else None


def years_seen(by: Actor) -> list[int]:
    """The years of the letters a person may see, newest first."""
    first, last = (
        db.session.scalar(letters_within(by).with_only_columns(Letter.made_at).order_by(order).limit(1)) for order in
        (Letter.id, Letter.id.desc())
    )  # fmt: skip
    return list(range(last.astimezone(LOCAL_ZONE).year, first.astimezone(LOCAL_ZONE).year - 1, -1)) if first and last else []


def reads_paper(by: Actor, letter: Letter) -> bool:
    """Whether the person may have the file as issued; a person who may read less sees only the page."""
    return bool(letter.content) and content_for(by, letter) == letter.content


def lines_of(book: DocumentBook, *, after: int = 0, limit: int = LINES) -> list[RegisterLine]:
    """Lines of the register after the number `after`."""
    query = select(DocumentNumber).where(DocumentNumber.book_id == book.id, DocumentNumber.number > after)
    rows = list(db.session.scalars(query.order_by(DocumentNumber.number).limit(limit)))
    ids = [row.letter_id for row in rows if row.letter_id is not None]
    letters = db.session.scalars(_with_all(select(Letter)).where(Letter.id.in_(ids)))
    known = {document.letter.id: document for document in documents_of(list(letters))}
    return [_line(row, known.get(row.letter_id) if row.letter_id is not None else None) for row in rows]


def every_line(book: DocumentBook) -> Iterator[RegisterLine]:
    """The whole register, read in batches, for an export."""
    after = 0
    while lines := lines_of(book, after=after):
        yield from lines
        after = lines[-1].number.number


def documents_of(letters: Collection[Letter]) -> list[Document]:
    """Letters with their descriptions, in one query however many there are."""
    case_ids = {letter.case_id for letter in letters if letter.case_id is not None}
    open_cases = select(Case.id, Case.code).where(Case.id.in_(case_ids), Case.quarantined_at.is_(None))
    codes = {row.id: row.code for row in db.session.execute(open_cases)} if case_ids else {}
    found = []
    for letter in letters:
        code = codes.get(letter.case_id, "") if letter.case_id is not None else ""
        about = code or period_told(letter)
        number = letter.given_number
        found.append(Document(letter, number, _state_of(letter, number), kind_of(letter).name, about, recipient_of(letter, code)))
    return found


def period_told(letter: Letter) -> str:
    """The period of a report, sheet or yearbook in its own words; empty for other letters."""
    told: Any = letter.content.get("report") or {}
    return str(told.get("label") or told.get("year") or "")


def recipient_of(letter: Letter, code: str) -> Bilingual:
    """The recipient of a letter as the register names it; a citizen is the sender of a report, by its code."""
    to: Any = letter.content.get("to") or ""
    named = "; ".join(map(str, to)) if isinstance(to, list | tuple) else str(to)
    if named:
        return Bilingual(named, named)
    if kind_of(letter).to_senders and code:
        return Bilingual(f"Người gửi phản ánh {code}", f"Sender of report {code}")
    return Bilingual("", "")


def _state_of(letter: Letter, number: DocumentNumber | None) -> State:
    if number is not None and number.struck_at is not None:
        return State.STRUCK
    if letter.withdrawn_at is not None:
        return State.WITHDRAWN
    if number is None:
        return State.TO_NUMBER
    kinds = [row.kind for row in letter.files]
    if kinds:
        return State(kinds[-1])
    return State.FAILED if number.file_error is not None else State.MAKING


def _line(row: DocumentNumber, document: Document | None) -> RegisterLine:
    if document is not None:
        return RegisterLine(row, document.state, document)
    return RegisterLine(row, State.STRUCK if row.struck_at is not None else State.OUTSIDE, None)


def _on(shelf: Shelf) -> tuple[ColumnElement[bool], ...]:
    """The condition of a list, worded like the table's partial indexes."""
    if shelf is Shelf.TAKEN_BACK:
        return (Letter.withdrawn_at.is_not(None),)
    return (Letter.symbol.is_(None) if shelf is Shelf.TO_NUMBER else Letter.symbol.is_not(None), Letter.withdrawn_at.is_(None))


def _written_in(year: int) -> tuple[ColumnElement[bool], ...]:
    begins, ends = (datetime(each, 1, 1, tzinfo=LOCAL_ZONE).astimezone(UTC) for each in (year, year + 1))
    return (Letter.made_at >= begins, Letter.made_at < ends)


def _with_all(query: Select[Letter]) -> Select[Letter]:
    return query.options(joinedload(Letter.agency), joinedload(Letter.centre), joinedload(Letter.given_number), selectinload(Letter.files))
