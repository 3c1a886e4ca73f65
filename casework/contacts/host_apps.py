"""Host applications that sign their users in here ("Lạc Dương Smart"): known by a key of their own, never by a shared secret."""

import re
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from sqlalchemy import select

from casework.db import db
from casework.errors import CaseworkError
from casework.models import HostApp
from casework.permissions import Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of
from casework.text import normal

KIND = "host_app"
LONGEST_NAME, LONGEST_KEY, LONGEST_PEM = 120, 40, 2_000
MOST_LISTED = 100
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


class HostRefused(CaseworkError):
    """The application cannot be entered like this; the text says why."""


def host_apps() -> list[HostApp]:
    query = select(HostApp).where(HostApp.ended_at.is_(None)).order_by(HostApp.name_vi, HostApp.id)
    return list(db.session.scalars(query.limit(MOST_LISTED)))


def host_of(key: str) -> HostApp | None:
    """The application with that key; None once it was ended."""
    return db.session.scalar(select(HostApp).where(HostApp.key == key, HostApp.ended_at.is_(None)))


def add_host(*, name_vi: str, name_en: str, key: str, public_key: str, reason: str, by: Actor, now: datetime) -> HostApp:
    """Let an application sign its users in with tokens of its private key; only for administrators of the installation.

    A used key is never given again. Records `change_setting`. Raises NotAllowed, HostRefused, ReasonMissing.
    """
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, None)
    name_vi, key = " ".join(normal(name_vi).split()), key.strip().lower()
    name_en = " ".join(normal(name_en).split()) or name_vi
    if not name_vi or max(len(name_vi), len(name_en)) > LONGEST_NAME:
        raise HostRefused(f"Cần tên, tối đa {LONGEST_NAME} ký tự.", f"A name of at most {LONGEST_NAME} characters is needed.")
    if not _KEY.fullmatch(key):
        raise HostRefused(
            "Mã ứng dụng gồm 2 đến 40 chữ thường không dấu, chữ số và gạch nối.",
            "The key has 2 to 40 small letters, digits and hyphens.",
            about="key",
        )
    if db.session.scalar(select(HostApp.id).where(HostApp.key == key)) is not None:
        raise HostRefused("Mã ứng dụng này đã dùng.", "This key has been used.", about="key")
    pem = read_public_key(public_key)
    row = HostApp(key=key, name_vi=name_vi, name_en=name_en, public_key=pem, created_by_id=by.account_id, created_at=now)
    record_setting(
        KIND, key, by=by, at=now, centre_id=None, old=None,
        new={"name_vi": name_vi, "name_en": name_en, "public_key": pem}, reason=reason,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def end_host(host: HostApp, *, reason: str, by: Actor, now: datetime) -> None:
    """Accept nothing more from an application; people it signed in stay signed in. Records `change_setting`. Raises NotAllowed,
    ReasonMissing."""
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, None)
    record_setting(KIND, host.key, by=by, at=now, centre_id=None, old={"name_vi": host.name_vi}, new=None, reason=reason)
    host.ended_at = now


def read_public_key(pem: str) -> str:
    """Normalise a public key in PEM (P-256 or Ed25519). Raises HostRefused; the message names a private key as such, because it is
    compromised then."""
    pem = pem.strip()
    if "PRIVATE KEY" in pem:
        raise HostRefused(
            "Đây là khóa riêng: không được đưa cho ai. Vui lòng tạo cặp khóa mới và chỉ gửi khóa công khai.",
            "This is a private key: nobody else may have it. Please make a new pair and send the public key alone.",
        )
    try:
        key = load_pem_public_key(pem[:LONGEST_PEM].encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not (is_p256 or isinstance(key, ed25519.Ed25519PublicKey)) or key is None:
        raise HostRefused(
            "Cần khóa công khai dạng PEM, loại EC P-256 hoặc Ed25519.", "A public key in PEM is needed, of the kind EC P-256 or Ed25519."
        )
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().strip()
