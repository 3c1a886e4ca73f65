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
"""Defaults every authenticator app understands; the secret has the size of the SHA-1 they all use (RFC 4226, section 4)."""
STEPS_AROUND = (0, -1, 1)
"""Steps accepted before and after the present one: a telephone's clock may be half a minute off, or the person slow."""


def new_secret() -> bytes:
    return os.urandom(SECRET_SIZE)


def typed_key(secret: bytes) -> str:
    """The secret in groups of four characters, for typing it where no QR code can be scanned."""
    key = b32encode(secret).decode()
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def address_of(secret: bytes, *, issuer: str, login: str) -> str:
    """The otpauth address shown as a QR code."""
    label = quote(f"{issuer}:{login}", safe="")
    said = urlencode({"secret": b32encode(secret).decode(), "issuer": issuer, "digits": DIGITS, "period": SECONDS}, quote_via=quote)
    return f"otpauth://totp/{label}?{said}"


def step_of(secret: bytes, typed: str, *, now: datetime) -> int | None:
    """The time step whose code was typed, spaces allowed; None for a wrong code."""
    digits = re.sub(r"[\s.-]", "", typed)
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
        return None
    codes, present, found = HOTP(secret, DIGITS, SHA1()), int(now.timestamp()) // SECONDS, None
    for step in (present + around for around in STEPS_AROUND):
        if hmac.compare_digest(codes.generate(step), digits.encode()):
            found = step
    return found


def app_of(account_id: int) -> CodeApp | None:
    return db.session.scalar(select(CodeApp).where(CodeApp.account_id == account_id))


def keep_app(account_id: int, secret: bytes, *, step: int, now: datetime) -> None:
    """Keep the app whose first code was right, replacing an earlier one; that code is used up by it."""
    app = app_of(account_id) or CodeApp(account_id=account_id)
    app.sealed_secret, app.last_step, app.created_at = seal(secret, purpose=purpose_of(account_id)), step, now
    db.session.add(app)


def take_code(account_id: int, typed: str, *, now: datetime) -> bool:
    """Whether the code is right and was not used before. A single statement decides, so of two simultaneous attempts only one succeeds."""
    app = app_of(account_id)
    if app is None:
        return False
    step = step_of(open_sealed(app.sealed_secret, purpose=purpose_of(account_id)), typed, now=now)
    if step is None:
        return False
    used = update(CodeApp).where(CodeApp.account_id == account_id, CodeApp.last_step < step).values(last_step=step)
    return bool(db.session.execute(used, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]


def purpose_of(account_id: int) -> str:
    """The purpose an account's secret is sealed for, so that it cannot be opened in another account's row."""
    return f"authenticator app of account {account_id}"
