"""The worker's job that makes the PDFs of numbered letters one at a time: it claims rows, sets and stores the paper, then adds its row. A
paper is made once and always served as stored, even when letterheads and templates change."""

import io
from datetime import datetime

from flask import Flask

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.documents.files import Claimed, claim_unmade, has_unmade, keep_failure, keep_issued
from casework.files.local import FileNotStored, FileStore, StorageUnreachable, new_stored_name
from casework.models import DocumentNumber, Letter
from reports.letters import page_of, sheets_of
from web.request_log import LOGGER, failure_facts

AT_ONCE = 5
"""Letters per run, so that the worker's other jobs get their turn."""

FAULTS: dict[str, Bilingual] = {
    "no_page": Bilingual("Nội dung văn bản không còn để in.", "There is nothing left of the document to print."),
    "storage": Bilingual("Kho lưu trữ đang gặp sự cố.", "The storage has a problem."),
    "interrupted": Bilingual("Việc tạo tệp bị dừng giữa chừng nhiều lần.", "Making the file was cut off again and again."),
}
"""Known reasons why a file could not be made. Anything else is reported by its exception's name, for whoever reads the log."""


class NothingToPrint(Exception):
    """The letter was emptied, because one of its cases left the system."""


def make_letter_files(app: Flask, store: FileStore, *, now: datetime) -> int:
    """Make the files of waiting letters and return how many were taken up; a failure is recorded and tried again."""
    if not has_unmade(now=now):
        return 0
    with unit_of_work():
        waiting = claim_unmade(now=now, most=AT_ONCE)
    for each in waiting:
        _make(app, each, store, now)
    return len(waiting)


def verify_url(app: Flask, letter: Letter) -> str:
    """The address of the page that verifies a letter, for its QR code."""
    return f"{app.config['BASE_URL']}/verify/{letter.ref}"


def _make(app: Flask, claimed: Claimed, store: FileStore, now: datetime) -> None:
    import pikepdf  # late: docs/architecture.md

    try:
        pdf = _paper(app, claimed)
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            pages = len(opened.pages)
        stored = store.put(new_stored_name(), pdf, sealed=True)
    except NothingToPrint:
        _fail(claimed, "no_page", now)
    except (FileNotStored, StorageUnreachable):
        _fail(claimed, "storage", now)
    except Exception as error:  # whatever it is, the letter is not lost: the failure is recorded and tried again
        LOGGER.error("letter not made", extra=failure_facts(error))
        _fail(claimed, type(error).__name__, now)
    else:
        db.session.rollback()
        with unit_of_work():
            keep_issued(claimed, stored, pages=pages, now=now)


def _paper(app: Flask, claimed: Claimed) -> bytes:
    """The PDF as issued, with everything in the letter, whoever may read it. Raises NothingToPrint."""
    from reports.signing.fields import with_fields  # late: docs/architecture.md

    letter = db.session.get_one(Letter, claimed.letter_id)
    if not letter.content:
        raise NothingToPrint
    number = db.session.get_one(DocumentNumber, claimed.number_id)
    html = page_of(letter, number=number.number, verify_url=verify_url(app, letter))
    db.session.rollback()
    return with_fields(sheets_of(letter, html, store=app.extensions["file_store"]))


def _fail(claimed: Claimed, reason: str, now: datetime) -> None:
    db.session.rollback()
    with unit_of_work():
        keep_failure(claimed, reason, now=now)
