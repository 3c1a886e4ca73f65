"""The account a proven contact opens, and the reports that belong to it.

An account *claims* a contact until a code sent there has come back. The person who proves a contact gets it: an account that only claimed
it keeps its reports, sessions and other contact, and is told. The proof never opens that account, because its reports may belong to
somebody who typed a stranger's number.
"""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from casework.contacts.former import tell_former_contact
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, OutboxMessage, Report, Reporter
from casework.permissions import SYSTEM, Actor
from casework.privacy.account_marks import mark_account
from casework.privacy.contact_codes import digest_of, kind_of
from casework.privacy.dead_addresses import lives_again
from casework.privacy.identity import Contact, citizen_account, open_contact, seal_contact
from casework.settings.consent_notices import Notice
from casework.text import normal

MOST_CLAIMED = 100
"""Reports linked to an account by one sign-in."""
MOST_OPENED = 20
"""Reports a code opens in a browser, newest first."""
LONGEST_NAME = 120


class ContactRefused(CaseworkError):
    pass


def account_claiming(contact: Contact) -> Account | None:
    """The citizen's account with this contact, proven or not."""
    return db.session.scalar(select(Account).where(_digest_column(contact) == digest_of(contact), Account.kind == "citizen"))


def has_proven(account: Account, contact: Contact) -> bool:
    """Whether the contact was proven to this account."""
    return (account.phone_verified_at if kind_of(contact) == "phone" else account.email_verified_at) is not None


def account_of(contact: Contact) -> Account | None:
    """The account a proof of this contact opens; None where no account has proven it."""
    account = account_claiming(contact)
    return account if account is not None and has_proven(account, contact) else None


def open_account(
    contact: Contact, *, name: str, language: str, notice: Notice | None, now: datetime, password_hash: str | None = None
) -> Account:
    """Open an account for a contact proven just now; an account that only claimed it loses it. Adds the contact's reports.

    `notice` is what the person agreed to. Raises ContactRefused when the contact is proven to an account already, or the name is too
    long.
    """
    name = normal(name)
    _refuse_name(name)
    _take_from_claimant(contact, now)
    account = citizen_account(replace(contact, name=name or None), password_hash=password_hash, language=language, now=now)
    note_proof(account, contact, now=now)
    account.consented_at, account.consent_notice_id = now, notice.id if notice is not None else None
    db.session.flush()
    if password_hash is not None:
        mark_account(account, by=SYSTEM, at=now)
    claim_reports(account)
    return account


def give_contact(account: Account, contact: Contact, *, now: datetime, configured: Collection[str] = ()) -> None:
    """Give an account a contact proven just now, replacing its contact of that kind.

    The contact proven before is told by one of the `configured` channels, and so is the account, so that nobody loses a contact
    unnoticed. Raises ContactRefused when it is proven to another account.
    """
    former = _proven_of_kind(account, kind_of(contact))
    claiming = account_claiming(contact)
    if claiming is None or claiming.id != account.id:
        _take_from_claimant(contact, now)
    kept = _opened(account)
    if kind_of(contact) == "phone":
        account.sealed_identity = seal_contact(replace(kept, phone=contact.phone))
        account.phone_digest = digest_of(contact)
    else:
        account.sealed_identity = seal_contact(replace(kept, email=contact.email))
        account.email_digest = digest_of(contact)
        lives_again(account.email_digest)
    note_proof(account, contact, now=now)
    db.session.flush()
    claim_reports(account)
    if former is None or digest_of(former) != digest_of(contact):
        tell_sign_in_changed(account, now=now)
        if former is not None:
            tell_former_contact(former, language=account.language, configured=configured, now=now)


def tell_sign_in_changed(account: Account, *, now: datetime) -> None:
    """Tell an account that its contact or password was changed."""
    _tell_itself(account, template="sign_in_changed", now=now)


def note_proof(account: Account, contact: Contact, *, now: datetime) -> None:
    """Record that the account has proven its contact."""
    if kind_of(contact) == "phone":
        account.phone_verified_at = now
    else:
        account.email_verified_at = now


def change_name(account: Account, name: str) -> None:
    """Rename an account; empty for no name. Raises ContactRefused for too long a name."""
    name = normal(name)
    _refuse_name(name)
    account.sealed_identity = seal_contact(replace(_opened(account), name=name or None))


def claim_reports(account: Account) -> int:
    """Give an account the reports sent without one whose *proven* contact it has proven too; returns how many.

    At most MOST_CLAIMED at a time, newest first.
    """
    claimed = 0
    for kind, digest, proven_at in (
        ("phone", account.phone_digest, account.phone_verified_at), ("email", account.email_digest, account.email_verified_at),
    ):  # fmt: skip
        if digest is None or proven_at is None:
            continue
        query = select(Reporter).where(_reporter_column(kind) == digest, Reporter.verified_contact == kind, Reporter.account_id.is_(None))
        for reporter in db.session.scalars(query.order_by(Reporter.id.desc()).limit(MOST_CLAIMED)):
            reporter.account_id = account.id
            claimed += 1
    return claimed


def reports_proven_by(contact: Contact) -> list[Report]:
    """The newest reports with this proven contact, with or without an account; at most MOST_OPENED."""
    kind = kind_of(contact)
    query = select(Report).join(Reporter, Report.reporter_id == Reporter.id)
    query = query.where(_reporter_column(kind) == digest_of(contact), Reporter.verified_contact == kind)
    return list(db.session.scalars(query.order_by(Reporter.id.desc()).limit(MOST_OPENED)))


def reports_tracked_by(by: Actor) -> list[Report]:
    """The reports opened in somebody's browser by secret or code, newest first."""
    if not by.tracked_report_ids:
        return []
    query = select(Report).where(Report.id.in_(by.tracked_report_ids)).options(joinedload(Report.reporter))
    return list(db.session.scalars(query.order_by(Report.id.desc())))


def _take_from_claimant(contact: Contact, now: datetime) -> None:
    """Take a contact from an account that only claimed it. Raises ContactRefused where it was proven."""
    claiming = account_claiming(contact)
    if claiming is None:
        return
    if has_proven(claiming, contact):
        raise ContactRefused(
            "Số điện thoại hoặc thư điện tử này đã thuộc một tài khoản khác. Vui lòng đăng nhập bằng chính nó.",
            "This number or address belongs to another account. Please sign in with it.",
        )
    kept = _opened(claiming)
    if kind_of(contact) == "phone":
        claiming.phone_digest, kept = None, replace(kept, phone=None)
    else:
        claiming.email_digest, kept = None, replace(kept, email=None)
    claiming.sealed_identity = seal_contact(kept)
    _tell_itself(claiming, template="contact_taken", now=now)
    # flushed before another account gets it, because a contact belongs to one account
    db.session.flush()


def _proven_of_kind(account: Account, kind: str) -> Contact | None:
    kept = _opened(account)
    own = Contact(phone=kept.phone) if kind == "phone" else Contact(email=kept.email)
    return own if (own.phone or own.email) and has_proven(account, own) else None


def _tell_itself(account: Account, *, template: str, now: datetime) -> None:
    message = OutboxMessage(
        recipient=f"account:{account.id}", channel="page", template=template, parameters={}, created_at=now, due_at=now,
        dedupe_key=f"{template}:{account.id}:{secrets.token_hex(8)}",
    )  # fmt: skip
    db.session.add(message)


def _opened(account: Account) -> Contact:
    return open_contact(account.sealed_identity) if account.sealed_identity is not None else Contact()


def _digest_column(contact: Contact) -> ColumnElement[str | None]:
    return Account.phone_digest.expression if kind_of(contact) == "phone" else Account.email_digest.expression


def _reporter_column(kind: str) -> ColumnElement[str | None]:
    return Reporter.phone_digest.expression if kind == "phone" else Reporter.email_digest.expression


def _refuse_name(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise ContactRefused(f"Họ và tên tối đa {LONGEST_NAME} ký tự.", f"A name has {LONGEST_NAME} characters at most.", about="name")
