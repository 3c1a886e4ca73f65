"""What anybody may learn about a document of ours: that it exists and whether it is in force. Nothing of its matter or case.

It is found by its reference, which the QR code on the paper leads to, or by the digest of a file. Neither reveals the recipient, often a
citizen. A letter that never got a number is not a document yet and is unknown here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.kinds import kind_of, symbol_of
from casework.documents.register import number_words
from casework.models import DocumentBook, DocumentNumber, Letter, LetterFile


class DocumentStanding(StrEnum):
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"
    STRUCK = "struck"


STANDINGS: dict[DocumentStanding, Bilingual] = {
    DocumentStanding.IN_FORCE: Bilingual("Đã ban hành, còn giá trị", "Issued, in force"),
    DocumentStanding.WITHDRAWN: Bilingual("Đã thu hồi", "Taken back"),
    DocumentStanding.STRUCK: Bilingual("Đã hủy số, không còn giá trị", "Number struck out, not in force"),
}


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document as anybody may know it. `files` are its stored copies, newest last."""

    kind: Bilingual
    number: str
    on: date
    body: Bilingual
    standing: DocumentStanding
    files: tuple[LetterFile, ...]


def known_by_ref(ref: str) -> KnownDocument | None:
    """The document of a QR code; None where no numbered one has that reference."""
    return _known(Letter.ref == ref)


def known_by_digest(digests: Sequence[str]) -> tuple[KnownDocument, LetterFile] | None:
    """The newest document with a stored copy that has one of these digests, and that copy; None where there is none."""
    file = db.session.scalars(select(LetterFile).where(LetterFile.sha256.in_(digests)).order_by(LetterFile.id.desc()).limit(1)).first()
    known = _known(Letter.id == file.letter_id) if file is not None else None
    return (known, file) if known is not None and file is not None else None


def _known(condition: ColumnElement[bool]) -> KnownDocument | None:
    query = select(DocumentNumber).join(Letter, Letter.id == DocumentNumber.letter_id).where(condition)
    beside = joinedload(DocumentNumber.letter).joinedload(Letter.centre), joinedload(DocumentNumber.book).joinedload(DocumentBook.agency)
    number = db.session.scalars(query.options(*beside)).first()
    if number is None or number.letter is None:
        return None
    letter = number.letter
    return KnownDocument(
        kind=kind_of(letter).name,
        number=number_words(number.number, symbol_of(letter)),
        on=number.given_on,
        body=_body(letter, number.book),
        standing=_standing(letter, number),
        files=tuple(letter.files),
    )


def _body(letter: Letter, book: DocumentBook) -> Bilingual:
    """The issuer according to the letterhead of the day; an emptied letter has the name on its book."""
    named = str((letter.content.get("head") or {}).get("issuing_body", ""))
    if named:
        return Bilingual(named, named)
    return book.agency.name if book.agency is not None else letter.centre.name


def _standing(letter: Letter, number: DocumentNumber) -> DocumentStanding:
    if number.struck_at is not None:
        return DocumentStanding.STRUCK
    return DocumentStanding.WITHDRAWN if letter.withdrawn_at is not None else DocumentStanding.IN_FORCE
