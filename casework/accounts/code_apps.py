"""Codes of an authenticator app (RFC 6238): six digits that change every 30 seconds, each good once."""

import hmac
import os
import re
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from sqlalchemy import select, update

from casework.db import db
from casework.models import CodeApp
from casework.sealing.seal import open_sealed, seal

DIGITS, SECONDS, SECRET_SIZE = 6, 30, 20
"""What every authenticator app understands; a secret has the size of the SHA-1 they all use (RFC 4226, 4)."""
STEPS_AROUND = (0, -1, 1)
"""A telephone's clock may be half a minute wrong, or the person slow."""


def new_secret() -> bytes:
    """A secret for an app that is being set up."""
    return os.urandom(SECRET_SIZE)


def typed_key(secret: bytes) -> str:
    """The secret as it is typed where no picture can be taken: groups of four letters and digits."""
    key = b32encode(secret).decode()
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def address_of(secret: bytes, *, issuer: str, login: str) -> str:
    """What the QR code says (otpauth)."""
    label = quote(f"{issuer}:{login}", safe="")
    said = urlencode({"secret": b32encode(secret).decode(), "issuer": issuer, "digits": DIGITS, "period": SECONDS}, quote_via=quote)
    return f"otpauth://totp/{label}?{said}"


def step_of(secret: bytes, typed: str, *, now: datetime) -> int | None:
    """The step of time whose code was typed, with spaces or without; None for a wrong one."""
    digits = re.sub(r"[\s.-]", "", typed)
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
        return None
    codes, present, found = HOTP(secret, DIGITS, SHA1()), int(now.timestamp()) // SECONDS, None
    for step in (present + around for around in STEPS_AROUND):
        if hmac.compare_digest(codes.generate(step), digits.encode()):
            found = step
    return found


def app_of(account_id: int) -> CodeApp | None:
    """The authenticator app of an account."""
    return db.session.scalar(select(CodeApp).where(CodeApp.account_id == account_id))


def keep_app(account_id: int, secret: bytes, *, step: int, now: datetime) -> None:
    """Keep the app whose first code was right, in place of the one there was; that code is used up with it."""
    app = app_of(account_id) or CodeApp(account_id=account_id)
    app.sealed_secret, app.last_step, app.created_at = seal(secret, purpose=purpose_of(account_id)), step, now
    db.session.add(app)


def take_code(account_id: int, typed: str, *, now: datetime) -> bool:
    """Whether the code is right and was not used before. One statement decides, so that of two who send it at once one is let in."""
    app = app_of(account_id)
    if app is None:
        return False
    step = step_of(open_sealed(app.sealed_secret, purpose=purpose_of(account_id)), typed, now=now)
    if step is None:
        return False
    used = update(CodeApp).where(CodeApp.account_id == account_id, CodeApp.last_step < step).values(last_step=step)
    return bool(db.session.execute(used, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]


def purpose_of(account_id: int) -> str:
    """What the secret of an account's app is sealed for: it opens for nobody else's row."""
    return f"authenticator app of account {account_id}"
