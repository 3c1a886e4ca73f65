"""The stored PDF of a numbered letter: made once by the worker, then served unchanged even if letterheads and templates change.

As in casework/recordings/preparing.py, rows are claimed, so that any number of workers may run. The bytes are stored before the
transaction that gives them their row; bytes a crash leaves without a row are swept, and the letter is tried again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.documents.numbering import Body, NumberRefused, answering, locked_letter, may_number
from casework.files.local import FileStore, StoredFile
from casework.models import DocumentNumber, File, Letter, LetterFile
from casework.permissions import OPERATIONS, Action, Actor, NotAllowed, require

ISSUED = "issued"
PDF = "application/pdf"
MOST_ATTEMPTS = 6
TRIED_AGAIN_AFTER = timedelta(minutes=10)
"""How long a worker that was cut off keeps a letter from the others."""
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
"""The wait after each failure; after the last attempt somebody has to ask again."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A numbered letter whose file is to be made."""

    number_id: int
    letter_id: int


def has_unmade(*, now: datetime) -> bool:
    return db.session.scalar(select(DocumentNumber.id).where(DocumentNumber.file_due_at <= now).limit(1)) is not None


def claim_unmade(*, now: datetime, most: int) -> list[Claimed]:
    """Claim the letters that have waited longest, keeping them from other workers for a while."""
    due = select(DocumentNumber).where(DocumentNumber.file_due_at <= now).order_by(DocumentNumber.file_due_at).limit(most)
    found = []
    for row in db.session.scalars(due.with_for_update(skip_locked=True)):
        row.file_attempts += 1
        row.file_due_at = now + TRIED_AGAIN_AFTER
        if row.letter_id is None:
            row.file_due_at = None
        elif row.file_attempts > MOST_ATTEMPTS:
            # every attempt ended its worker without a trace: do not try again and again
            row.file_due_at, row.file_error = None, row.file_error or "interrupted"
        else:
            found.append(Claimed(row.id, row.letter_id))
    return found


def keep_issued(claimed: Claimed, stored: StoredFile, *, pages: int, now: datetime) -> LetterFile | None:
    """Give the stored PDF its row as the issued file; None where the letter was taken back meanwhile, or another worker was quicker."""
    letter = locked_letter(claimed.letter_id)
    number = db.session.get_one(DocumentNumber, claimed.number_id, with_for_update=True, populate_existing=True)
    number.file_due_at, number.file_error = None, None
    if letter.withdrawn_at is not None or number.struck_at is not None or issued_file(letter) is not None:
        return None
    return keep_file(letter, ISSUED, stored, pages=pages, now=now)


def keep_file(letter: Letter, kind: str, stored: StoredFile, *, pages: int, now: datetime, by: Actor | None = None) -> LetterFile:
    """Give stored bytes their rows as a file of a letter. The caller holds the lock of the letter."""
    made_by = by.own_id if by is not None else None
    row = LetterFile(letter_id=letter.id, kind=kind, sha256=stored.sha256, size=stored.size, pages=pages, signatures=[], made_at=now,
                     made_by_id=made_by)  # fmt: skip
    row.file = File(
        audience="centre", rendition="document", stored_name=stored.stored_name, sha256=stored.sha256, size=stored.size, media_type=PDF,
        key_id=stored.key_id, width=0, height=0, created_at=now, created_by_id=made_by,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def keep_failure(claimed: Claimed, reason: str, *, now: datetime) -> None:
    """Record why a file could not be made, for the person who retries it; a few retries are automatic."""
    number = db.session.get_one(DocumentNumber, claimed.number_id, with_for_update=True, populate_existing=True)
    tried = number.file_attempts
    number.file_error = reason[:300]
    number.file_due_at = now + WAITS[tried - 1] if tried <= len(WAITS) and number.struck_at is None else None


def retry_file(letter: Letter, *, by: Actor, now: datetime) -> None:
    """Let the worker make the file of a letter again: by the keeper of the book or its centre's operations, and for a body that has ended
    by its successor.

    Raises NotAllowed, NumberRefused where there is nothing to make.
    """
    require(by, Action.READ_LETTERS)
    number = db.session.scalars(select(DocumentNumber).where(DocumentNumber.letter_id == letter.id).with_for_update()).first()
    if number is None or letter.withdrawn_at is not None or issued_file(letter) is not None:
        raise NumberRefused("Văn bản này không cần tạo lại tệp.", "There is no file to be made for this document.")
    bodies = answering(Body(number.book.centre_id, number.book.agency_id), letter)
    if not any(may_number(by, body) or by.holds(OPERATIONS, centre_id=body.centre_id) for body in bodies):
        raise NotAllowed
    number.file_attempts, number.file_due_at = 0, now


def files_of(letter: Letter) -> list[LetterFile]:
    """The files of a letter whose bytes exist, in the order they were made."""
    query = select(LetterFile).join(File, File.letter_file_id == LetterFile.id).where(LetterFile.letter_id == letter.id)
    return list(db.session.scalars(query.where(File.erased_at.is_(None)).options(joinedload(LetterFile.file)).order_by(LetterFile.id)))


def issued_file(letter: Letter) -> LetterFile | None:
    """The file of a letter as issued; None before it is made."""
    return next((row for row in files_of(letter) if row.kind == ISSUED), None)


def newest_file(letter: Letter) -> LetterFile | None:
    """The file to download: the sealed or signed one, else the issued one."""
    kept = files_of(letter)
    return kept[-1] if kept else None


def open_file(row: LetterFile, *, store: FileStore) -> BinaryIO:
    """Open the bytes of a file. Raises LookupError where they are gone."""
    if row.file is None or row.file.erased_at is not None:
        raise LookupError(f"letter file {row.ref} has lost its bytes")
    return store.open(row.file.stored_name, sealed=row.file.key_id is not None)
