"""One-time codes: six digits sent to a telephone number or an e-mail address, to prove that the person owns it.

A code is valid for ten minutes, five attempts from one network and one use; only the newest for a contact and purpose counts. Keyed
digests are stored; contact and digits are sealed in the row until the message is sent, then wiped. Nothing here says whether anybody is
known under a contact: a code is sent to whoever asks for one, within limits.

It leaves as a delivery of its own, urgent and in quiet hours too, whose recipient is `code:<id>`; one that could not be sent in time is
dropped.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update

from casework.db import db
from casework.messages.rendering import COMPOSED, Addresses, MessageWords, NothingToSay, fill, template_of
from casework.models import Delivery, OneTimeCode, Report
from casework.privacy.contact_codes import RECIPIENT, code_of, digest_of, kind_of, open_message, seal_message
from casework.privacy.identity import Contact
from casework.rate_limits import Limit, count_attempt, limit_set_by
from casework.sealing.seal import lookup_digest

TEMPLATE = "one_time_code"
DIGITS = 6
LASTS = timedelta(minutes=10)
MOST_ATTEMPTS_HERE = 5
"""From one network: somebody typing wrong digits elsewhere does not use up the owner's code."""
MOST_ATTEMPTS = 3 * MOST_ATTEMPTS_HERE
"""From all networks together."""
RESEND_AFTER = timedelta(seconds=60)
"""A repeat within this time gets the same answer and no second message: the first one is on its way."""
KEPT = timedelta(days=1)
"""How long the row is kept after it has expired."""
SWEPT_TOGETHER = 1_000
CODE_PURPOSE = "one-time code"

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
NETWORKS = 3
"""How many networks it takes to use up a contact's limit, so that no single one shuts the owner out."""
OF_CONTACT_HERE = limit_set_by("codes_of_contact", "code to contact from network", QUARTER)
OF_CONTACT_HERE_A_DAY = Limit("code to contact from network in a day", 10, DAY)
OF_CONTACT = limit_set_by("codes_of_contact", "code to contact", QUARTER, times=NETWORKS)
OF_CONTACT_A_DAY = Limit("code to contact in a day", 10, DAY, times=NETWORKS)
"""So that nobody is flooded. With MOST_ATTEMPTS it leaves 450 guesses a day at a million codes."""
TRIES_HERE = Limit("tries of a code from network", MOST_ATTEMPTS_HERE, DAY)
"""For one code; a day is longer than any is valid."""
OF_NETWORK = limit_set_by("codes_of_network", "code from network", HOUR)
OF_ALL = limit_set_by("codes_an_hour", "codes", HOUR)
"""Messages cost money: a script with many numbers and networks must not run up the bill."""


class Purpose(StrEnum):
    """The purpose of a code; a code sent for one purpose is worth nothing for another."""

    SIGN_IN = "sign_in"
    ADD_CONTACT = "add_contact"
    CONFIRM_REPORT = "confirm_report"
    TRACK = "track"
    OWN_DATA = "own_data"
    FOLLOW_AREA = "follow_area"


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code sent by `channel`; with None there is no way to send it, and only a demonstration shows its digits. Never in `repr`."""

    channel: str | None
    digits: str | None
    created_at: datetime

    def __repr__(self) -> str:
        return f"SentCode({self.channel})"


def count_code(contact: Contact, *, network: str, now: datetime) -> datetime | None:
    """Count a request for a code; return when the next is allowed if there were too many, else None.

    The narrowest limit is checked first, and each only if the one before passes, so that a refused request uses up nothing others share.
    The caller commits it before `send_code`.
    """
    subject = digest_of(contact)
    here = f"{subject} {network}"
    limits = (
        (OF_CONTACT_HERE, here), (OF_CONTACT_HERE_A_DAY, here), (OF_NETWORK, network), (OF_CONTACT, subject), (OF_CONTACT_A_DAY, subject),
        (OF_ALL, "all"),
    )  # fmt: skip
    counted = (count_attempt(limit, whose, now=now) for limit, whose in limits)
    return next((until for until in counted if until is not None), None)


def way_to(kind: str, *, configured: Collection[str], now: datetime) -> str | None:
    """The configured channel by which a code reaches a `phone` or an `email`; None where there is none.

    Zalo where its template was approved, else SMS.
    """
    if kind == "email":
        return "email" if "email" in configured else None
    if "zns" in configured and (template := template_of(TEMPLATE, None, now)) is not None and template.zns_template:
        return "zns"
    return "sms" if "sms" in configured else None


def send_code(
    contact: Contact, *, purpose: Purpose, now: datetime, configured: Collection[str], report: Report | None = None, language: str = "vi"
) -> SentCode:
    """Make a code for a contact with one address and queue it; earlier ones for the same purpose no longer count.

    Asked for again within RESEND_AFTER it is the same one, and nothing is sent. Raises ValueError for a contact with no address or two.
    """
    digest, channel = digest_of(contact), way_to(kind_of(contact), configured=configured, now=now)
    earlier = _newest(digest, purpose)
    if earlier is not None and _is_fresh(earlier, report, now):
        opened = open_message(earlier)
        return SentCode(channel, opened[1] if opened is not None else None, earlier.created_at)
    _wipe(digest, purpose)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    row = OneTimeCode(
        contact_digest=digest, code_digest=_code_digest(digest, purpose, now, digits), purpose=purpose, language=language,
        report_id=report.id if report is not None else None, sealed_message=seal_message(contact, digits), created_at=now,
        expires_at=now + LASTS, attempts=0,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    if channel is not None:
        delivery = Delivery(
            message_id=None, recipient=f"{RECIPIENT}{row.id}", case_id=None, channel=channel, is_urgent=True, template=TEMPLATE,
            dedupe_key=f"code:{row.code_digest}:{channel}", created_at=now, due_at=now,
        )  # fmt: skip
        db.session.add(delivery)
    return SentCode(channel, digits, now)


def check_code(contact: Contact, typed: str, *, purpose: Purpose, network: str, now: datetime, report: Report | None = None) -> bool:
    """Whether the typed digits are the newest code for that contact and purpose; if so it is used up. Every call is an attempt.

    MOST_ATTEMPTS_HERE from one network; what is typed beyond them counts for nothing. The caller commits, also after a wrong one: nothing
    is raised, for a refused attempt counts too. Spaces and full-width digits do not matter.
    """
    digest = digest_of(contact)
    open_one = _newest(digest, purpose)
    if open_one is None or not _is_open(open_one, now):
        return False
    here = f"{digest} {purpose} {open_one.created_at.timestamp():.6f} {network}"
    if count_attempt(TRIES_HERE, here, now=now) is not None:
        return False
    digits = "".join(sign for sign in unicodedata.normalize("NFKC", typed) if sign.isascii() and sign.isdigit())
    newest = select(func.max(OneTimeCode.id)).where(OneTimeCode.contact_digest == digest, OneTimeCode.purpose == purpose)
    attempt = update(OneTimeCode).where(
        OneTimeCode.id == newest.scalar_subquery(), OneTimeCode.used_at.is_(None), OneTimeCode.attempts < MOST_ATTEMPTS,
        OneTimeCode.expires_at > now,
    )  # fmt: skip
    counted = attempt.values(attempts=OneTimeCode.attempts + 1).returning(
        OneTimeCode.id, OneTimeCode.code_digest, OneTimeCode.created_at, OneTimeCode.report_id
    )
    row = db.session.execute(counted, execution_options={"synchronize_session": False}).first()
    if row is None or row.report_id != (report.id if report is not None else None):
        return False
    if not hmac.compare_digest(row.code_digest, _code_digest(digest, purpose, row.created_at, digits)):
        return False
    used = update(OneTimeCode).where(OneTimeCode.id == row.id, OneTimeCode.used_at.is_(None)).values(used_at=now, sealed_message=None)
    used = used.returning(OneTimeCode.id)
    return db.session.execute(used, execution_options={"synchronize_session": False}).first() is not None


def open_code(contact: Contact, *, purpose: Purpose, now: datetime, report: Report | None = None) -> OneTimeCode | None:
    """The code for that contact and purpose that may still be typed."""
    row = _newest(digest_of(contact), purpose)
    is_of_it = row is not None and row.report_id == (report.id if report is not None else None)
    return row if row is not None and is_of_it and _is_open(row, now) else None


def sweep_codes(now: datetime) -> int:
    """Wipe expired codes and delete them a day later; returns how many rows were deleted. Commits nothing.

    The newest row always stays: SQLite reuses the number of a deleted last row, and a delivery names its row by number.
    """
    over = update(OneTimeCode).where(OneTimeCode.expires_at <= now, OneTimeCode.sealed_message.is_not(None)).values(sealed_message=None)
    db.session.execute(over, execution_options={"synchronize_session": False})
    newest = db.session.scalar(select(func.max(OneTimeCode.id)))
    old = select(OneTimeCode.id).where(OneTimeCode.expires_at < now - KEPT, OneTimeCode.id != newest).limit(SWEPT_TOGETHER)
    ids = list(db.session.scalars(old)) if newest is not None else []
    if ids:
        db.session.execute(delete(OneTimeCode).where(OneTimeCode.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def _newest(digest: str, purpose: str) -> OneTimeCode | None:
    query = select(OneTimeCode).where(OneTimeCode.contact_digest == digest, OneTimeCode.purpose == purpose)
    return db.session.scalars(query.order_by(OneTimeCode.id.desc()).limit(1).execution_options(populate_existing=True)).first()


def _is_open(row: OneTimeCode, now: datetime) -> bool:
    return row.used_at is None and row.attempts < MOST_ATTEMPTS and now < row.expires_at


def _is_fresh(row: OneTimeCode, report: Report | None, now: datetime) -> bool:
    is_of_it = row.report_id == (report.id if report is not None else None)
    return is_of_it and _is_open(row, now) and now < row.created_at + RESEND_AFTER


def _wipe(digest: str, purpose: str) -> None:
    earlier = update(OneTimeCode).where(
        OneTimeCode.contact_digest == digest, OneTimeCode.purpose == purpose, OneTimeCode.sealed_message.is_not(None)
    )
    db.session.execute(earlier.values(sealed_message=None), execution_options={"synchronize_session": False})


def _code_digest(contact_digest: str, purpose: str, created_at: datetime, digits: str) -> str:
    return lookup_digest(f"{contact_digest} {purpose} {created_at.timestamp():.6f} {digits}", purpose=CODE_PURPOSE)


def _words(delivery: Delivery, language: str, now: datetime, _pages: Addresses) -> MessageWords:
    """The message with the code. Raises NothingToSay once it is used, replaced or expired."""
    row = code_of(delivery.recipient)
    # compared by instant too: after an older backup is restored, row numbers repeat
    if row is None or row.created_at != delivery.created_at or not _is_open(row, now):
        raise NothingToSay
    opened, template = open_message(row), template_of(TEMPLATE, None, now)
    if opened is None or template is None:
        raise NothingToSay
    places = {"digits": opened[1]}
    subject, body, short = (fill(getattr(template, f"{part}_{language}") or "", places) for part in ("subject", "body", "short"))
    data = {name: places.get(place, "") for name, place in (template.zns_parameters or {}).items()}
    return MessageWords(
        language, subject, body, short or subject, "", line=short or subject, zns_template=template.zns_template, zns_data=data
    )


COMPOSED[TEMPLATE] = _words
