"""Letters an account reads: those its centre's operators or its agency's leader find, and none of a case that was set apart."""

from dataclasses import dataclass

from sqlalchemy import select

from casework.db import db
from casework.documents.files import newest_file
from casework.documents.register import Document, Shelf, document_seen, documents_seen, reads_paper
from casework.doors.api.within import Page
from casework.doors.asking import Caller
from casework.doors.fields.told import Seen
from casework.models import Letter, LetterFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsWanted:
    shelf: str = Shelf.NUMBERED
    kind: str | None = None
    year: int | None = None


def documents_found(wanted: DocumentsWanted, page: Page, *, caller: Caller) -> list[Seen]:
    """The documents of a page, newest first, and one more where there is a next page."""
    before = db.session.scalar(select(Letter.id).where(Letter.ref == page.after)) if page.after is not None else None
    found = documents_seen(
        caller.actor, Shelf(wanted.shelf), kind=wanted.kind, year=wanted.year, before=before, limit=page.limit + 1
    )  # fmt: skip
    return [_seen(each, None, caller) for each in found]


def document_found(ref: str, *, caller: Caller) -> Seen | None:
    """One document, with the file the account may fetch."""
    found = document_seen(caller.actor, ref)
    return _seen(found, _file_of(found, caller), caller) if found is not None else None


def file_found(ref: str, *, caller: Caller) -> LetterFile | None:
    """The stored paper of a document: as issued, or sealed since; None before it is made, after it was taken back, and for who may not read
    all of it."""
    found = document_seen(caller.actor, ref)
    return _file_of(found, caller) if found is not None else None


def _file_of(document: Document, caller: Caller) -> LetterFile | None:
    letter = document.letter
    if letter.withdrawn_at is not None or document.number is None or not reads_paper(caller.actor, letter):
        return None
    return newest_file(letter)


def _seen(document: Document, file: LetterFile | None, caller: Caller) -> Seen:
    return Seen(document.letter, caller.actor, frozenset(), (document, file))
