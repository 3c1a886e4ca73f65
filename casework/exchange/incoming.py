"""Packages that come in: looked at with no transaction open, then kept sealed as they came, once, with the answer to their sender.

Nothing is decided by a package: a document waits for the records clerk, a status is told at the letter it is about.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.exchange.outgoing import NEW, REPLACES, STATUS, TAKEN_BACK, UPDATED, queue_status
from casework.exchange.packages import AGREED, ARRIVED, NOT_AGREED, REFUSED, Answered, Business, Package, Status, day_text
from casework.exchange.pieces import keep_bytes, sealed_told, told_of
from casework.exchange.reading import Named, named_in, read
from casework.exchange.refusals import PackageRefused
from casework.models import Case, IncomingPackage, OutgoingPackage

UNREAD = "unread"
WAITING, BOOKED, TURNED_AWAY, KEPT = "waiting", "booked", "refused", "kept"
KEPT_REFUSED = timedelta(days=30)
LONGEST_CAME_AS = 200
LONGEST_TOLD = 2_000
"""Characters of each text that is kept to be shown; the package has all of it."""

_BUSINESSES = {Business.NEW: NEW, Business.TAKEN_BACK: TAKEN_BACK, Business.UPDATED: UPDATED, Business.REPLACES: REPLACES}

Scan = Callable[[bytes, str], None]
"""Looks a file over by its bytes and name. Raises PackageRefused for malware."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A package as it was found: what it says, or why it is refused and to whom that can be said."""

    raw: bytes
    sha256: str
    message: Package | Status | None
    refused: PackageRefused | None = None
    named: Named | None = None


def examine(raw: bytes, *, ours: Mapping[str, int], scan: Scan) -> Examined:
    """Read a package and have its files looked over. `ours`: our centres by identifier. Passes on what `scan` raises but PackageRefused."""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        message = read(raw, ours=ours)
        for file in message.attachments if isinstance(message, Package) else ():
            scan(file.content, file.name)
    except PackageRefused as refused:
        return Examined(raw, digest, None, refused, named_in(raw))
    return Examined(raw, digest, message)


def take_in(examined: Examined, *, ours: Mapping[str, int], came_as: str, now: datetime) -> list[IncomingPackage]:
    """Keep a package: a row for each centre it was sent to. Empty where it is here already.

    A document is answered 01, a refused one 02 with the reason in words; a status, and what names no sender, is never answered.
    """
    if isinstance(examined.message, Status):
        rows = [_status_row(examined.message, examined.sha256)]
    elif examined.message is not None:
        rows = _document_rows(examined.message, ours, examined.sha256)
    else:
        rows = _refused_rows(examined, ours)
    rows = [row for row in rows if not _is_here(row)]
    for row in rows:
        row.size, row.came_as, row.came_at = len(examined.raw), came_as[:LONGEST_CAME_AS], now
        if row.state == TURNED_AWAY:
            row.forget_at = now + KEPT_REFUSED
        db.session.add(row)
        db.session.flush()
        keep_bytes(row, examined.raw)
        if isinstance(examined.message, Status):
            _tell_letter(row, examined.message, now)
        elif row.state == WAITING:
            queue_status(row, ARRIVED, now=now)
        else:
            queue_status(row, REFUSED, now=now, description=told_of(row)["reason"])
    return rows


def _is_here(row: IncomingPackage) -> bool:
    same = select(IncomingPackage.id).where(
        IncomingPackage.sender == row.sender, IncomingPackage.document == row.document, IncomingPackage.business == row.business,
        IncomingPackage.sha256 == row.sha256, IncomingPackage.receiver == row.receiver,
    )  # fmt: skip
    return db.session.scalar(same) is not None


def _document_rows(package: Package, ours: Mapping[str, int], digest: str) -> list[IncomingPackage]:
    told = sealed_told(_words_of(package))
    rows: list[IncomingPackage] = []
    for centre_id, receiver in _centres((to.id for to in package.receivers), ours).items():
        letter_id, case_id = _proposed(package, centre_id)
        rows.append(IncomingPackage(
            centre_id=centre_id, case_id=case_id, letter_id=letter_id, business=_BUSINESSES[package.business], sender=package.sender.id,
            receiver=receiver, document=str(package.document), sha256=digest, files=len(package.attachments), is_signed=package.is_signed,
            sealed_told=told, state=WAITING,
        ))  # fmt: skip
    return rows


def _centres(receivers: Iterable[str], ours: Mapping[str, int]) -> dict[int, str]:
    """Our centres among the receivers, each with the first of its identifiers."""
    found: dict[int, str] = {}
    for receiver in receivers:
        if receiver in ours:
            found.setdefault(ours[receiver], receiver)
    return found


def _words_of(package: Package) -> dict[str, Any]:
    told = {
        "sender_name": package.sender.name, "subject": package.subject, "content": package.content, "type": package.type.name,
        "number": package.number, "notation": package.notation, "place": package.place, "signer": package.signer.full_name,
        "position": package.signer.position, "reason": package.reason, "due_on": day_text(package.due_on) if package.due_on else "",
    }  # fmt: skip
    files = [{"name": file.name, "size": len(file.content), "shown": file.shown} for file in package.attachments]
    return {**{name: text[:LONGEST_TOLD] for name, text in told.items()}, "files": files}


def _proposed(package: Package, centre_id: int) -> tuple[int | None, int | None]:
    """The letter of ours and the case a package is about, as far as what it answers says so."""
    for answered in package.answers:
        found = _sent_as(answered, package.sender.id, centre_id)
        if found is not None:
            return found.letter_id, found.case_id
        case_id = _case_of_theirs(answered, package.sender.id, centre_id)
        if case_id is not None:
            return None, case_id
    return None, None


def _sent_as(answered: Answered, sender: str, centre_id: int) -> OutgoingPackage | None:
    """What we sent under this name; by number and notation alone only what went to this body."""
    ours = select(OutgoingPackage).where(OutgoingPackage.centre_id == centre_id, OutgoingPackage.letter_id.is_not(None))
    ours = ours.join(Case, Case.id == OutgoingPackage.case_id, isouter=True).where(Case.quarantined_at.is_(None))
    ours = ours.order_by(OutgoingPackage.id.desc()).limit(1)
    if answered.document is not None:
        return db.session.scalars(ours.where(OutgoingPackage.document == str(answered.document))).first()
    if not answered.code:
        return None
    to_sender = ours.where(OutgoingPackage.receiver == sender, OutgoingPackage.document.endswith(f",{answered.code}", autoescape=True))
    return db.session.scalars(to_sender).first()


def _case_of_theirs(answered: Answered, sender: str, centre_id: int) -> int | None:
    """The case of an earlier document of theirs that this one takes back, changes or replaces."""
    if answered.document is None:
        return None
    theirs = select(IncomingPackage.case_id).where(
        IncomingPackage.sender == sender, IncomingPackage.document == str(answered.document), IncomingPackage.centre_id == centre_id,
        IncomingPackage.case_id.is_not(None),
    )  # fmt: skip
    return db.session.scalar(theirs.order_by(IncomingPackage.id.desc()).limit(1))


def _refused_rows(examined: Examined, ours: Mapping[str, int]) -> list[IncomingPackage]:
    refused, named = examined.refused, examined.named
    if refused is None:
        return []
    receivers = list(_centres(named.receivers, ours).values()) if named is not None else []
    return [
        IncomingPackage(
            centre_id=ours.get(receiver), business=UNREAD, sender=named.sender if named is not None else "", receiver=receiver,
            document=str(named.document) if named is not None else "", sha256=examined.sha256, state=TURNED_AWAY, refused_for=refused.code,
            sealed_told=sealed_told({"reason": refused.vi, "reason_en": refused.en}),
        )
        for receiver in receivers or [""]
    ]  # fmt: skip


def _status_row(status: Status, digest: str) -> IncomingPackage:
    about = _letter_told_of(status)
    told: dict[str, Any] = {"sender_name": status.sender.name, "reason": status.description[:LONGEST_TOLD]}
    if about is None:
        refused = PackageRefused("unknown")
        told |= {"reason": refused.vi, "reason_en": refused.en}
    return IncomingPackage(
        centre_id=about.centre_id if about is not None else None, case_id=about.case_id if about is not None else None,
        letter_id=about.letter_id if about is not None else None, business=STATUS, sender=status.sender.id,
        receiver=about.sender if about is not None else "", document=str(status.answers.document), sha256=digest,
        status_code=status.code, said_at=status.at, is_signed=status.is_signed, sealed_told=sealed_told(told),
        state=KEPT if about is not None else TURNED_AWAY, refused_for="unknown" if about is None else None,
    )  # fmt: skip


def _letter_told_of(status: Status) -> OutgoingPackage | None:
    """The package of ours a status is about: that of the letter, or for an agreement the last one that asked for something else."""
    sent = select(OutgoingPackage).where(
        OutgoingPackage.document == str(status.answers.document), OutgoingPackage.receiver == status.sender.id,
        OutgoingPackage.business != STATUS,
    )  # fmt: skip
    if status.code in (AGREED, NOT_AGREED):
        asked = db.session.scalars(sent.where(OutgoingPackage.business != NEW).order_by(OutgoingPackage.id.desc()).limit(1)).first()
        if asked is not None:
            return asked
    return db.session.scalars(sent.order_by(OutgoingPackage.id).limit(1)).first()


def _tell_letter(row: IncomingPackage, status: Status, now: datetime) -> None:
    """Show a status at the letter, unless a later one was told already. A time in the future counts as now."""
    about = _letter_told_of(status)
    said_at = min(status.at or now, now)
    if about is None or row.state != KEPT:
        return
    about = db.session.get_one(OutgoingPackage, about.id, with_for_update=True, populate_existing=True)
    if about.told_at is None or said_at >= about.told_at:
        about.told_code, about.told_at = status.code, said_at
        about.sealed_told = sealed_told({**told_of(about), "words": status.description[:LONGEST_TOLD]})
