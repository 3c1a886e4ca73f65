"""Passkeys (WebAuthn Level 2) with py_webauthn: the challenges browsers sign, and the checks of their answers.

A challenge is a row, so that any machine may take the answer; it is valid for five minutes, once, for the browser and the purpose it was
made for.
"""

import hashlib
import ipaddress
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update

from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Passkey, PasskeyChallenge
from casework.text import normal

HOLDS = timedelta(minutes=5)
MOST_PASSKEYS = 10
LONGEST_NAME, LONGEST_ANSWER = 60, 20_000


class Purpose(StrEnum):
    """What an answer may be used for."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    SECOND = "second"
    AGAIN = "again"


class PasskeyRefused(CaseworkError):
    """The answer of a passkey is not accepted. The text never says why, so that nobody learns by trying keys."""

    def __init__(self) -> None:
        super().__init__(
            "Không dùng được khóa truy cập này. Vui lòng thử lại hoặc chọn cách khác.",
            "This passkey could not be used. Please try again or choose another way.",
        )


class PasskeyNotKept(CaseworkError):
    """This passkey cannot be kept; the text says why."""


@dataclass(frozen=True, slots=True)
class Party:
    """The site passkeys belong to: its origin and its host."""

    origin: str
    name: str

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""

    @property
    def can_have_passkeys(self) -> bool:
        """Whether browsers make passkeys for the site: only for host names, never for IP addresses."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return bool(self.host)
        return False


def party_of(base_url: str, name: str) -> Party:
    parts = urlsplit(base_url)
    return Party(f"{parts.scheme}://{parts.netloc}", name)


def passkeys_of(account_id: int) -> list[Passkey]:
    """The passkeys of an account, oldest first."""
    return list(db.session.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)))


def registration_options(account: Account, *, bound_to: str, party: Party, now: datetime) -> dict[str, Any]:
    """The options for making a passkey: discoverable by the device, and unlocked by finger, face or PIN."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=party.host, rp_name=party.name, user_id=account.ref.encode(), user_name=account.login or "",
        user_display_name=account.full_name or "", challenge=_challenge(Purpose.REGISTER, bound_to, now),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in passkeys_of(account.id)],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )  # fmt: skip
    told: dict[str, Any] = json.loads(options_to_json(options))
    return told


def spend_challenge(answer: str, purpose: Purpose, *, bound_to: str, now: datetime) -> bytes:
    """Use up the challenge of an answer and return it. Raises PasskeyRefused for another browser or purpose, or when it is too old or
    used.

    The caller commits before checking the signature, so that no challenge is answered twice.
    """
    challenge = _challenge_in(answer)
    used = delete(PasskeyChallenge).where(
        PasskeyChallenge.challenge_digest == _challenge_digest(challenge), PasskeyChallenge.purpose == purpose,
        PasskeyChallenge.bound_to == bound_to, PasskeyChallenge.expires_at > now,
    )  # fmt: skip
    if not db.session.execute(used, execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        raise PasskeyRefused
    return challenge


def read_name(typed: str) -> str:
    """Read a typed passkey name. Raises PasskeyNotKept where it is too long."""
    name = normal(typed)
    if len(name) > LONGEST_NAME:
        raise PasskeyNotKept(f"Tên tối đa {LONGEST_NAME} ký tự.", f"The name has {LONGEST_NAME} characters at most.")
    return name


def keep_passkey(account: Account, answer: str, challenge: bytes, *, name: str, party: Party, now: datetime) -> Passkey:
    """Keep a passkey made for a spent challenge. Raises PasskeyRefused; PasskeyNotKept for too many passkeys or too long a name."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    name = read_name(name)
    if len(passkeys_of(account.id)) >= MOST_PASSKEYS:
        raise PasskeyNotKept(f"Tối đa {MOST_PASSKEYS} khóa truy cập.", f"There are {MOST_PASSKEYS} passkeys at most.")
    credential = _read(answer)
    try:
        verified = verify_registration_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=party.host, expected_origin=party.origin,
            require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    digest = _credential_digest(verified.credential_id)
    if db.session.scalar(select(Passkey.id).where(Passkey.credential_digest == digest)) is not None:
        raise PasskeyRefused
    row = Passkey(
        account_id=account.id, credential_digest=digest, credential_id=verified.credential_id, public_key=verified.credential_public_key,
        sign_count=verified.sign_count, is_synced=verified.credential_backed_up, name=name or f"Passkey {local_day(now):%d/%m/%Y}",
        created_at=now,
    )  # fmt: skip
    db.session.add(row)
    return row


def signing_options(purpose: Purpose, *, bound_to: str, party: Party, now: datetime, account_id: int | None = None) -> dict[str, Any]:
    """The options for signing in. Without an account no passkey is named: the device offers its own, and nobody learns whether an account
    has one."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    named = [PublicKeyCredentialDescriptor(id=row.credential_id) for row in passkeys_of(account_id)] if account_id is not None else None
    options = generate_authentication_options(
        rp_id=party.host, challenge=_challenge(purpose, bound_to, now), allow_credentials=named,
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(options_to_json(options))
    return told


def take_passkey(answer: str, challenge: bytes, *, party: Party, now: datetime, account_id: int | None = None) -> Passkey:
    """Return the passkey that signed a spent challenge; with `account_id` it must belong to that account.

    Raises PasskeyRefused for anything else: another site or person, or a counter that went back, which is the sign of a copied key.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    credential = _read(answer)
    row = _named(credential)
    if row is None or (account_id is not None and row.account_id != account_id) or not _is_of_its_person(credential, row):
        raise PasskeyRefused
    try:
        verified = verify_authentication_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=party.host, expected_origin=party.origin,
            credential_public_key=row.public_key, credential_current_sign_count=row.sign_count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    # of two simultaneous answers with the same count, only one is accepted
    is_ahead = Passkey.sign_count < verified.new_sign_count if verified.new_sign_count else Passkey.sign_count == 0
    used = update(Passkey).where(Passkey.id == row.id, is_ahead).values(sign_count=verified.new_sign_count, last_used_at=now)
    if not db.session.execute(used, execution_options={"synchronize_session": "fetch"}).rowcount:  # type: ignore[attr-defined]
        raise PasskeyRefused
    return row


def drop_old_challenges(now: datetime) -> int:
    """Delete the challenges that expired unanswered and return how many."""
    return db.session.query(PasskeyChallenge).filter(PasskeyChallenge.expires_at <= now).delete(synchronize_session=False)


def _challenge(purpose: Purpose, bound_to: str, now: datetime) -> bytes:
    challenge = os.urandom(32)
    db.session.add(
        PasskeyChallenge(challenge_digest=_challenge_digest(challenge), purpose=purpose, bound_to=bound_to, expires_at=now + HOLDS)
    )
    return challenge


def _read(answer: str) -> dict[str, Any]:
    """Parse the browser's answer, refusing any larger than real ones are."""
    try:
        told = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("response"), dict):
        raise PasskeyRefused
    return told


def _challenge_in(answer: str) -> bytes:
    """The challenge the browser claims to have signed; the library verifies the claim."""
    from webauthn import base64url_to_bytes

    try:
        said = json.loads(base64url_to_bytes(_read(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(said["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PasskeyRefused from None


def _named(credential: dict[str, Any]) -> Passkey | None:
    from webauthn import base64url_to_bytes

    try:
        digest = _credential_digest(base64url_to_bytes(credential["rawId"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return db.session.scalar(select(Passkey).where(Passkey.credential_digest == digest))


def _is_of_its_person(credential: dict[str, Any], row: Passkey) -> bool:
    """Whether the user handle the device sent, if any, belongs to the owner of the key."""
    from webauthn.helpers import bytes_to_base64url

    handle = credential["response"].get("userHandle")
    return not handle or handle == bytes_to_base64url(row.account.ref.encode())


def _challenge_digest(challenge: bytes) -> str:
    return hashlib.sha256(b"challenge" + challenge).hexdigest()


def _credential_digest(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()
