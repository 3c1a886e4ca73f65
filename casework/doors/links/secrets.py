"""The secret part of a link's address, and its code of six digits: both follow from the row's ref and the key of this installation.

So no row, message or backup holds what opens a link, and whoever sent it can read it out as long as it holds.
"""

import base64
import hmac
import re

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import ReplyLink
from casework.sealing.seal import lookup_digest

SECRET_PURPOSE, CODE_PURPOSE = "secret of a reply link", "code of a reply link"
DIGEST_PURPOSE, MARK_PURPOSE = "digest of a reply link", "opened reply link"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
DIGITS = 6


def secret_of(ref: str) -> str:
    """256 bits in 43 characters that may stand in an address."""
    return base64.urlsafe_b64encode(bytes.fromhex(lookup_digest(ref, purpose=SECRET_PURPOSE))).decode().rstrip("=")


def code_of(ref: str) -> str:
    """Six digits, told by telephone."""
    return f"{int(lookup_digest(ref, purpose=CODE_PURPOSE), 16) % 10**DIGITS:0{DIGITS}}"


def digest_of(secret: str) -> str:
    """By which the row of a link is found."""
    return lookup_digest(secret, purpose=DIGEST_PURPOSE)


def link_by_secret(secret: str) -> ReplyLink | None:
    """The link an address names, whether it still holds or not."""
    if not SECRET.fullmatch(secret):
        return None
    query = select(ReplyLink).where(ReplyLink.digest == digest_of(secret))
    return db.session.scalar(query.options(joinedload(ReplyLink.referral), joinedload(ReplyLink.assignment)))


def opened_mark(ref: str) -> str:
    """What a page carries once the code was right; it opens nothing without the address."""
    return lookup_digest(ref, purpose=MARK_PURPOSE)


def is_opened_mark(ref: str, mark: str) -> bool:
    return hmac.compare_digest(opened_mark(ref).encode(), mark.encode())
