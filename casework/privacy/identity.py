"""The sealed identity of a reporter: stored once, opened only with a reason that is recorded (promise 2)."""

from dataclasses import dataclass
from datetime import datetime

from casework.cases import OF_ANOTHER_CASE
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Account, Case, Report, Reporter
from casework.permissions import Action, Actor, NotAllowed, require
from casework.permissions.sight import Sight, sees
from casework.sealing.seal import lookup_digest, open_json, seal_json
from casework.sentences import Audience, Known, Payload, Said, says
from casework.text import normal
from casework.verbs import MESSAGE, Verb

IDENTITY_PURPOSE = "reporter identity"
PHONE_PURPOSE = "phone"
EMAIL_PURPOSE = "e-mail"
SHORTEST_REASON = 10


class RevealRefused(CaseworkError):
    """The identity stays sealed; the text says why."""


@dataclass(frozen=True)
class Contact:
    """A person's name and contact; phone in E.164, e-mail in lower case. Never logged, never in `repr`."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None

    def __repr__(self) -> str:
        return "Contact(sealed)"


def sealed_reporter(contact: Contact | None, *, account_id: int | None, language: str, verified_at: datetime | None = None) -> Reporter:
    """Make the sealed reporter row of a report. No contact and no account means anonymous to the centre."""
    contact = contact or Contact()
    is_anonymous = account_id is None and not (contact.name or contact.phone or contact.email)
    return Reporter(
        account_id=account_id,
        sealed_identity=None if is_anonymous else seal_contact(contact),
        phone_digest=lookup_digest(contact.phone, purpose=PHONE_PURPOSE) if contact.phone else None,
        email_digest=lookup_digest(contact.email, purpose=EMAIL_PURPOSE) if contact.email else None,
        is_anonymous=is_anonymous,
        contact_verified_at=verified_at,
        language=language,
    )


def seal_contact(contact: Contact) -> bytes:
    """Seal name, phone and e-mail into one envelope."""
    return seal_json({"name": contact.name, "phone": contact.phone, "email": contact.email}, purpose=IDENTITY_PURPOSE)


def open_contact(sealed: bytes) -> Contact:
    """Open an envelope. Only for `reveal_identity`, `export_identity`, the owner's own pages and the sending of messages."""
    return Contact(**open_json(sealed, purpose=IDENTITY_PURPOSE))


def _revealed(payload: Payload, known: Known) -> Said | None:
    if known.audience is not Audience.CENTRE:
        return None
    reason = payload.get("reason", "")
    return says(f"Xem danh tính người gửi. Lý do: {reason}", f"Looked at the sender's identity. Reason: {reason}")


@Verb("reveal_identity", Action.REVEAL_IDENTITY, kinds=MESSAGE, staff=_revealed)
def reveal_identity(case: Case, report: Report, *, by: Actor, reason: str, now: datetime) -> Contact:
    """Open the identity of a report's sender for somebody who has a reason.

    Records `reveal_identity` with the reason before anything is shown; the identity itself is in no event. Raises NotAllowed, or
    RevealRefused when the reason is too short, the report has no sender or is not of this case, or the sender asked to restrict
    processing. Source: rules.md, section 2, "identity and contact: with reason + event".
    """
    reason = normal(reason)
    if case.quarantined_at is None:
        require(by, Action.REVEAL_IDENTITY, case)
    if not sees(by, Sight.IDENTITY, case):
        raise NotAllowed
    if all(link.report_id != report.id or link.left_at is not None for link in case.reports):
        raise RevealRefused(*OF_ANOTHER_CASE)
    if len(reason) < SHORTEST_REASON:
        raise RevealRefused(
            "Vui lòng nêu rõ lý do xem (ít nhất 10 ký tự).", "Please give the reason for looking (at least 10 characters).",
            about="reason",
        )
    if report.reporter is None or report.reporter.sealed_identity is None:
        raise RevealRefused("Phản ánh này không có thông tin người gửi.", "This report has no information about its sender.")
    if report.reporter.is_restricted:
        raise RevealRefused(
            "Người gửi đã yêu cầu hạn chế xử lý dữ liệu của mình; không ai xem được cho đến khi họ bỏ yêu cầu.",
            "The sender asked that their data rest; nobody can look until they lift that.",
        )
    record(case, "reveal_identity", by=by, at=now, report=report.code, reason=reason)
    return open_contact(report.reporter.sealed_identity)


def citizen_account(contact: Contact, *, password_hash: str | None, language: str, now: datetime) -> Account:
    """Add a citizen's account with sealed name and contact, found again by keyed digest."""
    account = Account(
        kind="citizen",
        password_hash=password_hash,
        sealed_identity=seal_contact(contact),
        phone_digest=lookup_digest(contact.phone, purpose=PHONE_PURPOSE) if contact.phone else None,
        email_digest=lookup_digest(contact.email, purpose=EMAIL_PURPOSE) if contact.email else None,
        language=language,
        created_at=now,
    )
    db.session.add(account)
    return account
