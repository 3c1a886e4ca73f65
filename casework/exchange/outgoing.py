"""Packages that go out: put in line with the act that asks for them, composed once, sent by the worker until the transport has taken them.

    queue (with the act)  →  claim (committed)  →  compose, once (committed)  →  send: no transaction is open  →  sent (committed)

A worker cut off between sending and the last step sends the same bytes under the same name again; who receives them knows them by their
digest.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from casework.db import db
from casework.documents.files import open_file
from casework.documents.kinds import issuer_agency_id, kind_of, symbol_of
from casework.documents.register import number_words
from casework.errors import CaseworkError
from casework.exchange.bodies import own_ids, type_of
from casework.exchange.packages import (
    Answered,
    Attachment,
    Business,
    DocumentId,
    Organ,
    Package,
    Replaced,
    Signer,
    Status,
    Trace,
)
from casework.exchange.pieces import bytes_of, keep_bytes, sealed_told, told_of
from casework.exchange.writing import write
from casework.files.local import FileStore
from casework.models import Case, Centre, IncomingPackage, Letter, LetterFile, OutgoingPackage, PackagePiece
from casework.permissions import Actor

NEW, TAKEN_BACK, UPDATED, REPLACES, STATUS = "new", "taken_back", "updated", "replaces", "status"
BUSINESSES = {NEW: Business.NEW, TAKEN_BACK: Business.TAKEN_BACK, UPDATED: Business.UPDATED, REPLACES: Business.REPLACES}

STORAGE, TRANSPORT, MISFIT, FAILED = "storage", "transport", "misfit", "failed"
"""Why it was not sent: the storage or a key is away; whoever carries it is; it does not fit the format; something nobody foresaw."""
LASTING = frozenset({MISFIT})
"""Faults that waiting does not mend: somebody has to ask again."""
LEASE = timedelta(minutes=5)
"""How long a worker that was cut off keeps a package from the others."""
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


class NotExchanged(CaseworkError):
    """The letter cannot go out as a package; the text says why."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A package whose turn it is. `name`: the same at each attempt."""

    id: int
    name: str


def document_of(letter: Letter) -> DocumentId:
    """The name of a letter of ours in document exchange. Raises NotExchanged where it has none."""
    ids, number = own_ids(letter.centre_id), letter.given_number
    if not ids:
        raise NotExchanged("Trung tâm chưa có mã định danh trên trục văn bản.", "The centre has no identifier for document exchange.")
    if number is None or number.struck_at is not None or letter.withdrawn_at is not None or issuer_agency_id(letter) is not None:
        raise NotExchanged("Chỉ gửi được văn bản của Trung tâm đã có số.", "Only numbered documents of the centre can be sent.")
    named = DocumentId.parse(f"{ids[0]},{number.given_on:%Y/%m/%d},{number_words(number.number, symbol_of(letter))}")
    if named is None:
        raise NotExchanged("Số, ký hiệu văn bản không ghi được vào gói tin.", "Number and notation cannot be told in a package.")
    return named


def queue_letter(
    letter: Letter, file: LetterFile | None, *, receiver: Organ, by: Actor, now: datetime, business: str = NEW, reason: str = "",
    replaced: DocumentId | None = None, document: str = "",
) -> OutgoingPackage:
    """Put a letter in line for one body; the caller holds its lock. A letter goes to a body once. Raises NotExchanged.

    `document`: the name it went out by, where it is taken back, whatever has become of its number.
    """
    document = document or str(document_of(letter))
    before = select(OutgoingPackage.id).where(
        OutgoingPackage.letter_id == letter.id, OutgoingPackage.receiver == receiver.id, OutgoingPackage.business == business
    )
    if db.session.scalar(before) is not None:
        raise NotExchanged("Văn bản đã gửi cơ quan này.", "The document went to this body already.")
    told = {"name": receiver.name, "reason": reason, "replaced": str(replaced or "")}
    row = OutgoingPackage(
        centre_id=letter.centre_id, case_id=letter.case_id, letter_id=letter.id, letter_file_id=file.id if file is not None else None,
        business=business, sender=document.partition(",")[0], receiver=receiver.id, document=document, sealed_told=sealed_told(told),
        asked_by_id=by.account_id, asked_at=now, due_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def queue_status(incoming: IncomingPackage, code: str, *, now: datetime, description: str = "", by: Actor | None = None) -> None:
    """Put a status about a package in line for its sender; each status goes once, and none where its sender is not known."""
    there = select(OutgoingPackage.id).where(OutgoingPackage.incoming_id == incoming.id, OutgoingPackage.status_code == code)
    if incoming.centre_id is None or not incoming.sender or not incoming.document or db.session.scalar(there) is not None:
        return
    told = {"name": told_of(incoming).get("sender_name", ""), "reason": description}
    db.session.add(OutgoingPackage(
        centre_id=incoming.centre_id, case_id=incoming.case_id, incoming_id=incoming.id, business=STATUS, sender=incoming.receiver,
        receiver=incoming.sender, document=incoming.document, status_code=code, sealed_told=sealed_told(told),
        asked_by_id=by.account_id if by is not None else None, asked_at=now, due_at=now,
    ))  # fmt: skip
    db.session.flush()


def claim_outgoing(*, now: datetime) -> Claimed | None:
    """The package that has waited longest, kept from other workers for a while; None where nothing is due.

    What is about one document goes to a body in the order it was asked for: nothing overtakes what still waits.
    """
    earlier = aliased(OutgoingPackage)
    waits = exists().where(
        earlier.document == OutgoingPackage.document, earlier.receiver == OutgoingPackage.receiver, earlier.id < OutgoingPackage.id,
        earlier.due_at.is_not(None),
    )  # fmt: skip
    due = select(OutgoingPackage).where(OutgoingPackage.due_at <= now, ~waits).order_by(OutgoingPackage.due_at, OutgoingPackage.id).limit(1)
    while row := db.session.scalars(due.with_for_update(of=OutgoingPackage, skip_locked=True)).first():
        if _is_gone(row):
            row.due_at, row.dropped_at = None, now
            _forget_bytes(row)
            db.session.flush()
            continue
        row.attempts, row.due_at = row.attempts + 1, now + LEASE
        return Claimed(row.id, f"{row.ref}.edxml")
    return None


def compose(claimed: Claimed, *, store: FileStore) -> bytes:
    """The bytes of a claimed package: those of the first attempt, or made now, for `keep_composed`. No lock is taken.

    Raises LookupError, OSError and what casework.files.local.AWAY names where the letter's file cannot be read, and what `write` raises.
    """
    row = db.session.get_one(OutgoingPackage, claimed.id)
    if row.sha256 is not None:
        return bytes_of(row)
    return write(_status(row) if row.business == STATUS else _document(row, store))


def keep_composed(claimed: Claimed, raw: bytes) -> bytes | None:
    """Keep the bytes that will be sent at each attempt; those kept before count. None where it was dropped meanwhile."""
    row = _locked(claimed)
    if row is None:
        return None
    if row.sha256 is not None:
        return bytes_of(row)
    keep_bytes(row, raw)
    row.sha256 = hashlib.sha256(raw).hexdigest()
    return raw


def keep_sent(claimed: Claimed, sent_as: str, *, now: datetime) -> None:
    """It has left: its bytes are forgotten, the letter and its file stay."""
    row = db.session.get_one(OutgoingPackage, claimed.id, with_for_update=True, populate_existing=True)
    row.due_at, row.last_error, row.sent_as, row.sent_at, row.dropped_at = None, None, sent_as[:200], now, None
    _forget_bytes(row)


def keep_unsent(claimed: Claimed, why: str, *, now: datetime) -> None:
    """It could not be sent: again after a while that grows, or, where waiting mends nothing, when somebody asks."""
    row = _locked(claimed)
    if row is not None:
        row.last_error = why
        row.due_at = None if why in LASTING else now + min(SHORTEST_WAIT * 2 ** min(row.attempts - 1, 10), LONGEST_WAIT)


def _locked(claimed: Claimed) -> OutgoingPackage | None:
    row = db.session.get_one(OutgoingPackage, claimed.id, with_for_update=True, populate_existing=True)
    return row if row.sent_at is None and row.dropped_at is None else None


def _is_gone(row: OutgoingPackage) -> bool:
    """Whether what it carries was taken back, or left the system, before it went."""
    if row.letter_id is None or row.business == TAKEN_BACK:
        return False
    return db.session.get_one(Letter, row.letter_id).withdrawn_at is not None


def _forget_bytes(row: OutgoingPackage) -> None:
    db.session.query(PackagePiece).where(PackagePiece.outgoing_id == row.id).delete(synchronize_session=False)


def _from(row: OutgoingPackage) -> Organ:
    centre = db.session.get_one(Centre, row.centre_id)
    return Organ(row.sender, centre.name_vi, telephone=centre.phone or "")


def _status(row: OutgoingPackage) -> Status:
    about = DocumentId.parse(row.document)
    if about is None or row.status_code is None:
        raise LookupError(f"status {row.ref} names no document")
    answers = Answered(row.receiver, about.code, about, about.day)
    return Status(_from(row), answers, row.status_code, str(told_of(row).get("reason", "")), row.asked_at)


def _document(row: OutgoingPackage, store: FileStore) -> Package:
    letter, told = db.session.get_one(Letter, row.letter_id), told_of(row)
    document, number = DocumentId.parse(row.document), letter.given_number
    if document is None or number is None:
        raise LookupError(f"package {row.ref} has no document")
    head, kind = letter.content.get("head") or {}, kind_of(letter)
    code = db.session.scalar(select(Case.code).where(Case.id == letter.case_id)) if letter.case_id is not None else None
    replaced = DocumentId.parse(told.get("replaced", ""))
    about = replaced or (document if row.business == TAKEN_BACK else None)
    return Package(
        sender=_from(row), receivers=(Organ(row.receiver, told.get("name", "")),), document=document, number=f"{number.number:02}",
        notation=symbol_of(letter), subject=f"{kind.name.vi} {code}" if code else kind.name.vi, business=BUSINESSES[row.business],
        reason=told.get("reason", ""), promulgated_on=number.given_on, place=str(head.get("place", "")),
        type=type_of(letter.kind, letter.centre_id, kind.type_name or "Công văn"),
        signer=Signer(str(head.get("authority", "")), str(head.get("signer_title", "")), str(head.get("signer_name", ""))),
        due_on=letter.reply_by, answers=(Answered(row.sender, about.code, about, about.day),) if about else (),
        traces=(Trace(row.sender, row.asked_at),), replaces=(Replaced(replaced, (row.receiver,)),) if replaced else (),
        attachments=_attachments(row, store),
    )  # fmt: skip


def _attachments(row: OutgoingPackage, store: FileStore) -> tuple[Attachment, ...]:
    if row.letter_file_id is None:
        return ()
    with open_file(db.session.get_one(LetterFile, row.letter_file_id), store=store) as opened:
        content = opened.read()
    name = "".join(sign if sign.isalnum() or sign in "-." else "-" for sign in row.document.rpartition(",")[2])
    return (Attachment(f"{name}.pdf", content, content_id=f"{row.ref}.pdf"),)
