"""Who may get a message, and by which channels: by digests alone while it is routed, opened only for sending."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.messages.choices import CHANNELS, wishes_of, wishes_of_reporter
from casework.messages.push_subscriptions import have_push
from casework.models import Account, Reporter
from casework.privacy.area_contacts import FOLLOWS_AREA, contact_followed_by, subscription_of
from casework.privacy.body_contacts import BODY, contact_of_body, link_carried
from casework.privacy.contact_codes import RECIPIENT, code_of, open_message
from casework.privacy.dead_addresses import dead_among
from casework.privacy.identity import Contact, open_contact

TAKEN_AT_ONCE = {False: ("all",), True: ("all", "urgent", "digest")}
"""The choices that allow telling at once, by whether the matter is urgent; everything else waits for the digest."""

IN_NO_DIGEST = frozenset({"deputy_changed", "deputy_to_confirm", "scheduled_output", "schedule_failed", "second_factor_changed",
                          "service_account_changed"})  # fmt: skip
"""Messages sent at once even to people who take a digest, which counts work and would not mention them."""

TOLD_ANYHOW = frozenset({"data_breach", "deputy_changed", "second_factor_changed", "service_account_changed"})
"""Messages sent whatever the person chose, by one channel at least: somebody else may be using their account (ASVS 5.0, 6.3.7), acts in
their name, or holds data they gave the installation (Luật 91/2025/QH15, on breaches)."""

ABOUT_ONES_DATA = frozenset({"data_request_answered", "data_request_done", "data_breach"})
"""Sent even to people who asked to restrict processing."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person: whether staff, the channels that reach them, and their choice for each."""

    key: str
    is_staff: bool
    language: str
    is_open: bool
    reached: frozenset[str]
    wishes: dict[str, str] = field(default_factory=dict)
    is_restricted: bool = False

    def is_left_alone(self, template: str) -> bool:
        """Whether nothing of this kind is sent, because the person asked to restrict processing. Requests about their data are answered."""
        return self.is_restricted and template not in ABOUT_ONES_DATA

    def takes(self, channel: str, *, urgent: bool, template: str = "") -> bool:
        """Whether the person may be told at once by that channel."""
        return self.is_open and channel in self.reached and (template in TOLD_ANYHOW or self._wishes(channel, urgent, template))

    def ways(self, *, urgent: bool, has_zns: bool, configured: Collection[str], template: str = "") -> list[str]:
        """The channels a message uses. A citizen is told by telephone where no e-mail is sent: by Zalo, or else by SMS."""
        leading = [channel for channel in CHANNELS if channel in configured and (has_zns or channel != "zns")]
        leading = [channel for channel in leading if self.takes(channel, urgent=urgent, template=template)]
        taken = [channel for channel in leading if self._wishes(channel, urgent, template)] or leading[:1]
        if self.is_staff:
            return taken
        if "email" in taken:
            return [channel for channel in taken if channel in ("email", "push")]
        return [channel for channel in taken if channel != "sms" or "zns" not in taken]

    def _wishes(self, channel: str, urgent: bool, template: str) -> bool:
        wish = self.wishes.get(channel, "all")
        return wish in TAKEN_AT_ONCE[urgent] or (wish == "digest" and template in IN_NO_DIGEST)


def recipients_of(keys: Collection[str]) -> dict[str, Recipient]:
    """Return the people behind `reporter:<id>`, `account:<id>`, `code:<id>`, `area:<ref>` and `body:<ref>`, without unknown and unreachable
    ones."""
    reporter_ids = {int(key.partition(":")[2]) for key in keys if key.startswith("reporter:")}
    account_ids = {int(key.partition(":")[2]) for key in keys if key.startswith("account:")}
    reporters = list(
        db.session.scalars(select(Reporter).where(Reporter.id.in_(reporter_ids)).options(joinedload(Reporter.account)))
        if reporter_ids else ()
    )  # fmt: skip
    accounts = list(db.session.scalars(select(Account).where(Account.id.in_(account_ids))) if account_ids else ())
    all_ids = {account.id for account in accounts} | {row.account_id for row in reporters if row.account_id is not None}
    wishes, in_browsers = (wishes_of(all_ids), have_push(all_ids)) if all_ids else ({}, set())
    digests = [*map(_email_digest, accounts), *map(_email_digest, reporters)]
    dead = dead_among({digest for digest in digests if digest is not None})
    found = [_of_account(account, wishes.get(account.id, {}), in_browsers, dead) for account in accounts]
    found += [_of_reporter(row, wishes, in_browsers, dead) for row in reporters if row.can_be_told]
    found += [recipient for key in keys if key.startswith(RECIPIENT) and (recipient := _of_code(key)) is not None]
    found += [recipient for key in keys if key.startswith(FOLLOWS_AREA) and (recipient := _of_area(key)) is not None]
    found += [recipient for key in keys if key.startswith(BODY) and (recipient := _of_body(key)) is not None]
    return {recipient.key: recipient for recipient in found}


def recipient_of(key: str) -> Recipient | None:
    return recipients_of([key]).get(key)


def contact_of(key: str) -> Contact:
    """Open a person's contact, only for sending. For a reporter what they wrote on the form, or else their account's."""
    if key.startswith(RECIPIENT):
        row = code_of(key)
        opened = open_message(row) if row is not None else None
        return opened[0] if opened is not None else Contact()
    if key.startswith(FOLLOWS_AREA):
        return contact_followed_by(key)
    if key.startswith(BODY):
        return contact_of_body(key)
    if key.startswith("account:"):
        account = db.session.get(Account, int(key.partition(":")[2]))
        return _contact_of(account) if account is not None else Contact()
    reporter = db.session.get(Reporter, int(key.partition(":")[2]))
    if reporter is None:
        return Contact()
    given = open_contact(reporter.sealed_identity) if reporter.sealed_identity is not None else Contact()
    if (given.email and given.phone) or reporter.account is None:
        return given
    own = _contact_of(reporter.account)
    return Contact(phone=given.phone or own.phone, email=given.email or own.email)


def account_id_of(key: str) -> int | None:
    """The account whose browsers are told; None for a reporter without one, and for whoever is no account."""
    if key.startswith((RECIPIENT, FOLLOWS_AREA, BODY)):
        return None
    number = int(key.partition(":")[2])
    return number if key.startswith("account:") else db.session.scalar(select(Reporter.account_id).where(Reporter.id == number))


def email_digests_of(key: str) -> frozenset[str]:
    """Digests of the e-mail addresses of a citizen: of a reporter what they wrote on the form, and their account's."""
    number = int(key.partition(":")[2]) if key.startswith(("account:", "reporter:")) else 0
    if key.startswith("account:"):
        account = db.session.get(Account, number)
        held = [account.email_digest] if account is not None else []
    else:
        reporter = db.session.get(Reporter, number)
        held = [reporter.email_digest, reporter.account.email_digest if reporter.account else None] if reporter is not None else []
    return frozenset(digest for digest in held if digest is not None)


def _email_digest(row: Account | Reporter) -> str | None:
    if isinstance(row, Account):
        return row.email_digest
    return row.email_digest or (row.account.email_digest if row.account is not None else None)


def _contact_of(account: Account) -> Contact:
    if account.kind == "staff":
        return Contact(phone=account.phone, email=account.email)
    return open_contact(account.sealed_identity) if account.sealed_identity is not None else Contact()


def _of_code(key: str) -> Recipient | None:
    """The recipient of a one-time code: nobody known, reached by the contact sealed with it."""
    row = code_of(key)
    opened = open_message(row) if row is not None else None
    if row is None or opened is None:
        return None
    return Recipient(key, False, row.language, True, _reached(opened[0].email, opened[0].phone, False))


def _of_area(key: str) -> Recipient | None:
    """Somebody who follows an area; None once that has ended."""
    row = subscription_of(key)
    if row is None:
        return None
    return Recipient(key, False, row.language, True, _reached(row.contact_kind == "email", row.contact_kind == "phone", False))


def _of_body(key: str) -> Recipient | None:
    """The body a one-time link is sent to; None where nothing is sent."""
    row = link_carried(key)
    return Recipient(key, False, "vi", True, frozenset({"email"})) if row is not None and row.sealed_contact is not None else None


def _of_account(account: Account, wishes: dict[str, str], in_browsers: set[int], dead: frozenset[str]) -> Recipient:
    is_staff = account.kind == "staff"
    email, phone = (account.email, account.phone) if is_staff else (_alive(account, dead), account.phone_digest)
    reached = _reached(email, phone, account.id in in_browsers)
    return Recipient(f"account:{account.id}", is_staff, account.language, account.disabled_at is None, reached, wishes,
                     account.restricted_at is not None)  # fmt: skip


def _of_reporter(row: Reporter, wishes: dict[int, dict[str, str]], in_browsers: set[int], dead: frozenset[str]) -> Recipient:
    """For a reporter without an account the choice is the form's: a list of channels, or nothing."""
    account = row.account
    email = _alive(row, dead)
    phone = row.phone_digest or (account.phone_digest if account else None)
    reached = _reached(email, phone, account is not None and account.id in in_browsers)
    if account is not None and not row.channels:
        own = wishes.get(account.id, {})
    else:
        taken = wishes_of_reporter(row)
        if taken == {"zns"}:
            # somebody who asked by telephone for Zalo is told by telephone, even where Zalo has no template
            taken = frozenset({"zns", "sms"})
        own = {channel: "all" if channel in taken else "none" for channel in CHANNELS}
    # an account erased at its owner's request is disabled; the sender of a report still under way is told of it
    is_open = account is None or account.disabled_at is None or account.sealed_identity is None
    return Recipient(f"reporter:{row.id}", False, row.language, is_open, reached, own, row.is_restricted)


def _alive(row: Account | Reporter, dead: frozenset[str]) -> str | None:
    """The digest of the address, unless letters to it come back (casework.mail_in)."""
    digest = _email_digest(row)
    return digest if digest not in dead else None


def _reached(email: object, phone: object, in_browser: bool) -> frozenset[str]:
    ways = {"email": email, "push": in_browser, "zns": phone, "sms": phone}
    return frozenset(channel for channel, leads in ways.items() if leads)
