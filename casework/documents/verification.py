"""Verifying the books: each has a row for every number up to its last, and its history has every number given or struck out."""

from collections.abc import Iterator
from itertools import pairwise

from sqlalchemy import select

from casework.db import db
from casework.documents.numbering import stream_of
from casework.findings import Finding, fault
from casework.models import DocumentBook, DocumentNumber, Event, Letter


def check_books() -> Iterator[Finding]:
    """Check every book, one after the other: some thousand rows a year and body."""
    for book_id in db.session.scalars(select(DocumentBook.id).order_by(DocumentBook.id)).all():
        book = db.session.get_one(DocumentBook, book_id)
        yield from _check(book)
        db.session.expunge(book)


def _check(book: DocumentBook) -> Iterator[Finding]:
    query = select(DocumentNumber.number, DocumentNumber.given_on, DocumentNumber.struck_at, Letter.ref).outerjoin(
        Letter, Letter.id == DocumentNumber.letter_id
    )
    rows = db.session.execute(query.where(DocumentNumber.book_id == book.id).order_by(DocumentNumber.number)).all()
    where = f"{stream_of(book)} ({book.year}{f' {book.series}' if book.series else ''})"
    if [row.number for row in rows] != list(range(1, book.last_number + 1)):
        yield fault(
            "book.gap", where, f"Sổ {where} thiếu hoặc thừa số so với số cuối {book.last_number}.",
            f"The book {where} lacks numbers up to its last, {book.last_number}, or has more.",
        )  # fmt: skip
    for before, after in pairwise(rows):
        if after.given_on < before.given_on:
            yield fault(
                "book.days", f"{where}#{after.number}", f"Số {after.number} của sổ {where} mang ngày sớm hơn số trước nó.",
                f"Number {after.number} of the book {where} bears an earlier day than the one before it.",
            )  # fmt: skip
    given, struck = _told(book)
    for row in rows:
        if (row.ref is not None and given.get(row.number) != (row.ref, row.given_on.isoformat())) or (
            (row.struck_at is not None) != (row.number in struck)
        ):
            yield fault(
                "book.untold", f"{where}#{row.number}", f"Số {row.number} của sổ {where} không khớp với nhật ký của sổ.",
                f"Number {row.number} of the book {where} is not as its history tells it.",
            )  # fmt: skip
    for number in sorted(set(given) - {row.number for row in rows if row.ref is not None}):
        yield fault(
            "book.untold", f"{where}#{number}", f"Nhật ký sổ {where} có cấp số {number}, nhưng sổ không có.",
            f"The history of the book {where} tells that number {number} was given, and the book has it not.",
        )  # fmt: skip


def _told(book: DocumentBook) -> tuple[dict[int, tuple[str, str]], set[int]]:
    """From the history: the letter and date of each number given, and the numbers struck out."""
    given, struck = dict[int, tuple[str, str]](), set[int]()
    events = db.session.execute(select(Event.type, Event.payload).where(Event.stream == stream_of(book)).order_by(Event.seq))
    for type_, payload in events:
        if type_ == "give_number" and payload:
            given[payload.get("number", 0)] = (payload.get("letter", ""), payload.get("on", ""))
        elif type_ == "strike_number" and payload:
            struck.add(payload.get("number", 0))
    return given, struck
