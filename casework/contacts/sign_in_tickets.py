"""Signing in by hand-over: another application signs who its person is, and that person's web view opens a ticket, once.

    host application  --signed token-->  ticket for a minute  --opened once-->  the person signed in here

The token is a compact JWS (RFC 7515) of the host's own key: `iss`, `aud`, `sub`, `phone` or `email` *that the host has proven*, `name`,
`next`, `iat`, `exp`, `jti`. Whoever vouches for a contact opens its account, so hosts are entered by administrators of the installation.
"""

import json
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from casework.contacts.host_apps import host_of
from casework.contacts.proven import LONGEST_NAME, account_of
from casework.db import db
from casework.errors import CaseworkError
from casework.models import HandOverTicket, HostApp, IdempotencyKey
from casework.privacy.identity import Contact, open_contact, seal_contact
from casework.sealing.seal import lookup_digest
from casework.text import normal

# RFC 9864 renames it to Ed25519; hosts' libraries still say EdDSA
warnings.filterwarnings("ignore", message="EdDSA is deprecated")

LONGEST_TOKEN, LONGEST_TARGET = 8_000, 300
LONGEST_LIFE = timedelta(seconds=120)
SKEW = timedelta(seconds=60)
"""The tolerated difference between the host's clock and ours."""
TICKET_LASTS = timedelta(seconds=60)
TICKET_KEPT = timedelta(days=1)
TICKET_PURPOSE, TOKEN_PURPOSE = "hand-over ticket", "hand-over token"
CURVE, EDWARDS = ["ES256"], ["EdDSA", "Ed25519"]


class HandOverRefused(CaseworkError):
    """No ticket is issued, or the ticket opens nothing. `code` is stable and meant for programs; nothing that was sent is quoted."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(vi, en)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claims:
    """The verified claims of a host. Never in `repr`."""

    host: HostApp
    contact: Contact
    target: str
    token_id: str

    def __repr__(self) -> str:
        return f"Claims({self.host.key})"


Reader = Callable[[str], str | None]


def read_token(
    token: str, *, audience: str, now: datetime, read_phone: Reader, read_email: Reader, is_own_path: Callable[[str], bool]
) -> Claims:
    """Verify a host's token and return its claims. Raises HandOverRefused.

    `audience` is the address of this installation; `read_phone` and `read_email` normalise a contact to the form accounts are found by,
    or return None. The signature is checked with the key of the host it names, by the one algorithm of that key.
    """
    said = _unverified(token)
    host = host_of(str(said.get("iss", ""))[:40])
    if host is None:
        raise HandOverRefused("host_unknown", "Ứng dụng này chưa được khai báo.", "This application is not known here.")
    said = _verified(token, host)
    if said.get("aud") != audience:
        raise HandOverRefused("audience_wrong", "Mã này dành cho nơi khác.", "This token is for another place.")
    _refuse_untimely(said, now)
    token_id = said.get("jti")
    if not (isinstance(token_id, str) and 8 <= len(token_id) <= 200 and isinstance(said.get("sub"), str) and said["sub"]):
        raise HandOverRefused("token_incomplete", "Mã thiếu jti hoặc sub.", "The token has no jti or no sub.")
    target = said.get("next") or "/mine"
    if not (isinstance(target, str) and len(target) <= LONGEST_TARGET and is_own_path(target)):
        raise HandOverRefused("next_not_ours", "Trang đến không thuộc hệ thống này.", "`next` is no page of this place.")
    return Claims(host, _contact_in(said, read_phone, read_email), target, token_id)


def issue_ticket(claims: Claims, *, now: datetime) -> str:
    """Return a ticket the person's web view opens within TICKET_LASTS. Raises HandOverRefused when the token has had its ticket.

    A new person gets no account yet: name and contact stay sealed in the ticket until they agree to the notice on personal data.
    """
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    used = insert(IdempotencyKey).values(
        key=lookup_digest(f"{claims.host.key} {claims.token_id}", purpose=TOKEN_PURPOSE), purpose="hand_over", result=claims.host.key,
        content_digest="", used_at=now,
    )  # fmt: skip
    if db.session.execute(used.on_conflict_do_nothing().returning(IdempotencyKey.key)).first() is None:
        raise HandOverRefused("token_used", "Mã này đã dùng.", "This token has been used.")
    account, ticket = account_of(_of_one_way(claims.contact)), secrets.token_urlsafe(32)
    db.session.add(
        HandOverTicket(
            ticket_digest=_digest(ticket), host_app_id=claims.host.id, account_id=account.id if account is not None else None,
            sealed_contact=seal_contact(claims.contact), target=claims.target, created_at=now, expires_at=now + TICKET_LASTS,
        )
    )  # fmt: skip
    return ticket


def waiting_ticket(ticket: str, *, now: datetime) -> HandOverTicket | None:
    """A ticket that may still be opened. Reading it does not use it up, because link previews read it too."""
    row = db.session.scalar(select(HandOverTicket).where(HandOverTicket.ticket_digest == _digest(ticket)))
    is_open = row is not None and row.used_at is None and now < row.expires_at and row.host_app.ended_at is None
    return row if is_open else None


def contact_in(row: HandOverTicket) -> Contact:
    """The person a waiting ticket is for."""
    return open_contact(row.sealed_contact) if row.sealed_contact is not None else Contact()


def use_ticket(ticket: str, *, now: datetime) -> tuple[HandOverTicket, Contact]:
    """Use up a ticket and return it with its contact. Raises HandOverRefused alike for a used, expired or unknown one."""
    row = waiting_ticket(ticket, now=now)
    contact = contact_in(row) if row is not None else Contact()
    used = update(HandOverTicket).where(HandOverTicket.ticket_digest == _digest(ticket), HandOverTicket.used_at.is_(None))
    used = used.values(used_at=now, sealed_contact=None).returning(HandOverTicket.id)
    if row is None or db.session.execute(used, execution_options={"synchronize_session": False}).first() is None:
        raise HandOverRefused(
            "ticket_over",
            "Liên kết này đã dùng hoặc đã hết hạn. Ông/Bà vui lòng mở lại từ ứng dụng.",
            "This link has been used or is too old. Please open it again from the application.",
        )
    return row, contact


def sweep_tickets(now: datetime) -> int:
    """Delete expired tickets: the contact in an unopened one at once, its row a day later. Commits nothing."""
    over = update(HandOverTicket).where(HandOverTicket.expires_at <= now, HandOverTicket.sealed_contact.is_not(None))
    db.session.execute(over.values(sealed_contact=None), execution_options={"synchronize_session": False})
    old = select(HandOverTicket.id).where(HandOverTicket.expires_at < now - TICKET_KEPT).limit(1_000)
    ids = list(db.session.scalars(old))
    if ids:
        db.session.execute(delete(HandOverTicket).where(HandOverTicket.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def _of_one_way(contact: Contact) -> Contact:
    return Contact(phone=contact.phone, email=None if contact.phone else contact.email)


def _unverified(token: str) -> dict[str, Any]:
    """The token's unverified claims, used only to find the host's key."""
    from joserfc import jws  # late: docs/architecture.md
    from joserfc.errors import JoseError

    unreadable = HandOverRefused("token_unreadable", "Không đọc được mã.", "The token cannot be read.")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise unreadable
    try:
        said = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise unreadable from None
    if not isinstance(said, dict):
        raise unreadable
    return said


def _verified(token: str, host: HostApp) -> dict[str, Any]:
    from joserfc import jws  # late: docs/architecture.md
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey

    wrong = HandOverRefused("signature_wrong", "Chữ ký không đúng.", "The signature is not right.")
    is_curve = isinstance(load_pem_public_key(host.public_key.encode()), ec.EllipticCurvePublicKey)
    key, algorithms = (ECKey.import_key(host.public_key), CURVE) if is_curve else (OKPKey.import_key(host.public_key), EDWARDS)
    try:
        said = json.loads(jws.deserialize_compact(token, key, algorithms=algorithms).payload)
    except (JoseError, ValueError, TypeError):
        raise wrong from None
    if not isinstance(said, dict) or said.get("iss") != host.key:
        raise wrong
    return said


def _refuse_untimely(said: dict[str, Any], now: datetime) -> None:
    issued_at, expires_at = (_instant(said.get(name)) for name in ("iat", "exp"))
    if issued_at is None or expires_at is None:
        raise HandOverRefused("token_incomplete", "Mã thiếu iat hoặc exp.", "The token has no iat or no exp.")
    if not timedelta() < expires_at - issued_at <= LONGEST_LIFE:
        raise HandOverRefused("life_too_long", "Mã chỉ được có hạn 120 giây.", "A token lives for 120 seconds at most.")
    if issued_at > now + SKEW:
        raise HandOverRefused("not_yet", "Mã chưa có hiệu lực; xem lại đồng hồ.", "The token is of the future; compare the clocks.")
    if now >= expires_at + SKEW:
        raise HandOverRefused("expired", "Mã đã hết hạn.", "The token has run out.")


def _instant(said: Any) -> datetime | None:
    """A NumericDate (RFC 7519) as an instant; None for anything else."""
    is_number = isinstance(said, int | float) and not isinstance(said, bool) and 0 < said < 253_402_300_799
    return datetime.fromtimestamp(said, UTC) if is_number else None


def _contact_in(said: dict[str, Any], read_phone: Reader, read_email: Reader) -> Contact:
    """The contact the host vouches for: the telephone, or else the e-mail address."""
    phone, email, name = (said.get(key) for key in ("phone", "email", "name"))
    if phone is None and email is None:
        raise HandOverRefused("contact_missing", "Mã cần phone hoặc email.", "The token needs a phone or an email.")
    if phone is not None and (not isinstance(phone, str) or not phone.startswith("+") or read_phone(phone) is None):
        raise HandOverRefused("phone_invalid", "Số điện thoại cần ở dạng E.164.", "The phone has to be a valid number in E.164.")
    if email is not None and (not isinstance(email, str) or read_email(email) is None):
        raise HandOverRefused("email_invalid", "Thư điện tử không hợp lệ.", "The email is not valid.")
    if name is not None and (not isinstance(name, str) or len(name) > LONGEST_NAME):
        raise HandOverRefused("name_invalid", f"Họ và tên tối đa {LONGEST_NAME} ký tự.", f"A name has {LONGEST_NAME} characters at most.")
    known = Contact(name=normal(name) or None if name else None, phone=read_phone(phone) if phone else None)
    return known if known.phone else Contact(name=known.name, email=read_email(email or ""))


def _digest(ticket: str) -> str:
    return lookup_digest(ticket, purpose=TICKET_PURPOSE)
