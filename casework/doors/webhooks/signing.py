"""Signatures of Standard Webhooks: `v1a` by an ed25519 key pair of each endpoint, `v1` by a shared secret (HMAC-SHA-256).

Signed is `id.timestamp.body`. The private half is kept sealed; of a rotation the former secret goes on signing beside the new one.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from casework.sealing.seal import open_sealed, seal

V1, V1A = "v1", "v1a"
SCHEMES = (V1A, V1)
SECRET_PURPOSE = "webhook secret"
SIZE = 32


@dataclass(frozen=True, slots=True)
class MadeSecret:
    """A new secret: sealed to be kept, and the text the receiver verifies by. Of `v1a` that is public, of `v1` shown once."""

    sealed: bytes
    text: str
    public: str | None

    def __repr__(self) -> str:
        return "MadeSecret()"


def new_secret(scheme: str) -> MadeSecret:
    raw = secrets.token_bytes(SIZE)
    if scheme == V1:
        return MadeSecret(seal(raw, purpose=SECRET_PURPOSE), f"whsec_{_text(raw)}", None)
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return MadeSecret(seal(raw, purpose=SECRET_PURPOSE), f"whpk_{_text(public)}", f"whpk_{_text(public)}")


def signatures(held: Iterable[tuple[str, bytes]], *, message: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each scheme and sealed secret, with a space between."""
    signed = f"{message}.{timestamp}.".encode() + body
    return " ".join(f"{scheme},{_text(_signature(scheme, sealed, signed))}" for scheme, sealed in held)


def _signature(scheme: str, sealed: bytes, signed: bytes) -> bytes:
    raw = open_sealed(sealed, purpose=SECRET_PURPOSE)
    if scheme == V1:
        return hmac.new(raw, signed, hashlib.sha256).digest()
    return Ed25519PrivateKey.from_private_bytes(raw).sign(signed)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
