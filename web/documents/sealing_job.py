"""The worker's job that seals letters: it claims orders, applies and stores the seal, then adds the copy's row."""

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask

from casework.db import db, unit_of_work
from casework.documents.files import open_file
from casework.documents.kinds import symbol_of
from casework.documents.register import number_words
from casework.documents.sealing import ClaimedSeal, claim_orders, has_orders, keep_seal_failure, keep_sealed
from casework.documents.seals import FIELDS, PERSON, Seal
from casework.files.local import FileStore, new_stored_name
from casework.models import Letter, LetterFile
from reports.signing.failures import TRIED_AGAIN, SealingFailed
from reports.signing.found import REVOKED, found_again
from web.documents.revocations import revocations
from web.request_log import LOGGER, failure_facts

AT_ONCE = 5
"""Letters per run, so that the worker's other jobs get their turn."""

REASONS = {True: "Ký ban hành văn bản", False: "Đóng dấu cơ quan ban hành văn bản"}
"""The reason inside a signature, for a person and for a body. Documents are in Vietnamese."""


def seal_letters(app: Flask, store: FileStore, *, now: datetime) -> int:
    """Seal the waiting letters and return how many were taken up; a failure is recorded, and tried again where that may help."""
    if not has_orders(now=now):
        return 0
    with unit_of_work():
        waiting = claim_orders(now=now, most=AT_ONCE)
    for each in waiting:
        _seal(app, each, store, now)
    return len(waiting)


def _seal(app: Flask, claimed: ClaimedSeal, store: FileStore, now: datetime) -> None:
    seals: Mapping[str, Seal] = app.extensions["seals"]
    try:
        if claimed.seal not in seals:
            raise SealingFailed("no_seal")
        pdf, number = _paper(claimed, store)
        sealed, pages, signatures = _sealed(pdf, seals[claimed.seal], number, app.extensions["trust"], now.replace(microsecond=0))
        stored = store.put(new_stored_name(), sealed, sealed=True)
    except SealingFailed as failure:
        _fail(claimed, failure.word, now)
    except Exception as error:  # a failing storage or an unforeseen error: the order is not lost, it is marked and tried again
        LOGGER.error("letter not sealed", extra=failure_facts(error))
        _fail(claimed, "failed", now)
    else:
        db.session.rollback()
        with unit_of_work():
            keep_sealed(claimed, stored, pages=pages, signatures=signatures, now=now)


def _paper(claimed: ClaimedSeal, store: FileStore) -> tuple[bytes, str]:
    """The newest copy, and the number printed next to a seal where there is no room below."""
    file, letter = db.session.get_one(LetterFile, claimed.file_id), db.session.get_one(Letter, claimed.letter_id)
    number = number_words(claimed.number, symbol_of(letter))
    with open_file(file, store=store) as opened:
        pdf = opened.read()
    db.session.rollback()
    return pdf, number


def _sealed(pdf: bytes, seal: Seal, number: str, trust: tuple[str, ...], at: datetime) -> tuple[bytes, int, list[dict[str, Any]]]:
    """The sealed copy, its number of pages, and what its signatures say now."""
    import pikepdf  # late: docs/architecture.md

    # imported late, so that only processes that seal load pyHanko
    from reports.signing.examining import examine, roots_of
    from reports.signing.sealing import seal_pdf

    sealed = seal_pdf(pdf, seal, reason=REASONS[seal.signer == PERSON], at=at, number=number)
    # examined in this process: the file was made here or judged when it was taken back
    told = examine(sealed, roots=roots_of(trust), at=at)
    known = revocations()
    own = [found_again(each) for each in told["signatures"] if each["field"] == FIELDS[seal.signer]]
    if any(each.as_of(at, known).revocation == REVOKED for each in own):
        raise SealingFailed("revoked")
    with pikepdf.open(io.BytesIO(sealed)) as opened:
        pages = len(opened.pages)
    return sealed, pages, told["signatures"]


def _fail(claimed: ClaimedSeal, word: str, now: datetime) -> None:
    db.session.rollback()
    with unit_of_work():
        keep_seal_failure(claimed, word, passes=word in TRIED_AGAIN, now=now)
