"""A passkey device in software, honest unless told otherwise: what it makes is what a browser would send (WebAuthn Level 2)."""
from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def text_of(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """One key, for whoever it is registered by."""

    def __init__(self, origin: str) -> None:
        self.key, self.id, self.count, self.origin, self.handle = ec.generate_private_key(ec.SECP256R1()), os.urandom(32), 0, origin, ""

    def create(self, asked: dict[str, Any], **lies: Any) -> str:
        """The answer to a question for a new passkey. Lies: `origin`, `flags`."""
        self.handle = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        told = self._told(asked["rp"]["id"], lies.get("flags", PRESENT | VERIFIED) | WITH_KEY, self.count)
        told += bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told})
        return self._answer("webauthn.create", asked, lies, attestationObject=text_of(attested))

    def sign(self, asked: dict[str, Any], **lies: Any) -> str:
        """The answer to a challenge. Lies: `origin`, `flags`, `count`, `handle`, `challenge`."""
        self.count = lies.get("count", self.count + 1)
        told = self._told(asked["rpId"], lies.get("flags", PRESENT | VERIFIED), self.count)
        client = self._client("webauthn.get", asked, lies)
        signature = self.key.sign(told + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        more = {"authenticatorData": text_of(told), "signature": text_of(signature), "userHandle": lies.get("handle", self.handle)}
        return self._answer("webauthn.get", asked, lies, **more)

    def _told(self, host: str, flags: int, count: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _client(self, kind: str, asked: dict[str, Any], lies: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": lies.get("challenge", asked["challenge"]), "origin": lies.get("origin", self.origin),
                "crossOrigin": False}  # fmt: skip
        return json.dumps(said).encode()

    def _answer(self, kind: str, asked: dict[str, Any], lies: dict[str, Any], **response: str) -> str:
        client = text_of(self._client(kind, asked, lies))
        return json.dumps({"id": text_of(self.id), "rawId": text_of(self.id), "type": "public-key",
                           "response": {"clientDataJSON": client, **response}, "clientExtensionResults": {}})  # fmt: skip
