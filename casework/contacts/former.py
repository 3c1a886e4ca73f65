"""Telling a contact that it was removed from an account, which can no longer reach it itself.

The message is sent like a one-time code, sealed in a row of that table until then; it has no digits, so nobody can type it.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from casework.contacts.codes import way_to
from casework.db import db
from casework.messages.rendering import COMPOSED, Addresses, MessageWords, NothingToSay, fill, template_of
from casework.models import Delivery, OneTimeCode
from casework.privacy.contact_codes import RECIPIENT, code_of, digest_of, kind_of, seal_message
from casework.privacy.identity import Contact

TEMPLATE = "sign_in_changed"
PURPOSE = "told"
LASTS = timedelta(days=2)
"""How late the message is still worth sending."""


def tell_former_contact(contact: Contact, *, language: str, configured: Collection[str], now: datetime) -> None:
    """Tell a contact that its account now signs in with another one; does nothing where no channel reaches it."""
    channel = way_to(kind_of(contact), configured=configured, now=now)
    if channel == "zns":
        # Zalo has no approved template for it
        channel = "sms" if "sms" in configured else None
    if channel is None:
        return
    row = OneTimeCode(
        contact_digest=digest_of(contact), code_digest=secrets.token_hex(32), purpose=PURPOSE, language=language,
        sealed_message=seal_message(contact, ""), created_at=now, expires_at=now + LASTS, attempts=0,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    delivery = Delivery(
        message_id=None, recipient=f"{RECIPIENT}{row.id}", case_id=None, channel=channel, is_urgent=True, template=TEMPLATE,
        dedupe_key=f"{TEMPLATE}:{row.code_digest}:{channel}", created_at=now, due_at=now,
    )  # fmt: skip
    db.session.add(delivery)


def _words(delivery: Delivery, language: str, now: datetime, _pages: Addresses) -> MessageWords:
    """Without a link, because the recipient has no account here. Raises NothingToSay once it is too old."""
    row, template = code_of(delivery.recipient), template_of(TEMPLATE, None, now)
    if row is None or row.created_at != delivery.created_at or now >= row.expires_at or template is None:
        raise NothingToSay
    subject, body, short = (fill(getattr(template, f"{part}_{language}") or "", {}).strip() for part in ("subject", "body", "short"))
    return MessageWords(language, subject, body, short or subject, "", line=short or subject)


COMPOSED[TEMPLATE] = _words
