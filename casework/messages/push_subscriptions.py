"""Browsers subscribed to notices (RFC 8030): stored sealed, looked up for sending, ended.

A subscription belongs to the account signed in when the browser agreed, until that session ends, somebody else signs in on the same
browser, the person unsubscribes, or the push service reports it gone. Notices contain a code and what is asked of the reader, nobody's
words.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute

from casework.db import db
from casework.errors import CaseworkError
from casework.messages.http_client import Door, is_this_machine
from casework.models import LoginSession, PushSubscription
from casework.permissions import Action, Actor, require
from casework.sealing.seal import lookup_digest, open_json, seal_json

PURPOSE = "push subscription"
ENDPOINT_PURPOSE = "push endpoint"
LONGEST_ENDPOINT = 1_000
LONGEST_BROWSER = 80
MOST_BROWSERS = 10
"""Browsers of one person; an eleventh ends the oldest."""

PUSH_SERVICES = (
    "fcm.googleapis.com", "jmt17.google.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com",
)  # fmt: skip
"""The known push services, by the end of their names: Chrome, Cốc Cốc, Edge, Samsung; Firefox; Safari; Edge on Windows. The worker calls
no other address a browser sends."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,200}=*")


class SubscriptionRefused(CaseworkError):
    """The browser sent no valid subscription."""

    def __init__(self) -> None:
        super().__init__(
            "Trình duyệt chưa gửi đủ thông tin để nhận thông báo. Vui lòng thử lại.",
            "The browser did not send what is needed to be told. Please try again.",
        )


@dataclass(frozen=True)
class Endpoint:
    """The address and keys for encrypting a notice (RFC 8291). Never logged, never in `repr`."""

    subscription_id: int
    url: str
    p256dh: str
    auth: str

    def __repr__(self) -> str:
        return f"Endpoint({self.subscription_id})"


def subscribe(
    endpoint: str, p256dh: str, auth: str, *, by: Actor, session_id: int, browser: str, now: datetime, inside: Collection[str] = ()
) -> PushSubscription:
    """Keep a browser's agreement; one that is known already is now this person's. Raises SubscriptionRefused.

    `endpoint` is an https address of one of PUSH_SERVICES (or, for trials, one of this machine whose host is
    among `inside`, which the environment names), `p256dh` a point on
    P-256 and `auth` 16 bytes, both in base64url.
    """
    require(by, Action.CHOOSE_MESSAGES)
    _refuse_unless_sound(endpoint, p256dh, auth, inside=inside)
    digest, account_id = digest_of(endpoint), by.account_id
    sealed = seal_json({"endpoint": endpoint, "p256dh": p256dh, "auth": auth}, purpose=PURPOSE)
    row = db.session.scalar(select(PushSubscription).where(PushSubscription.endpoint_digest == digest))
    if row is None:
        row = PushSubscription(endpoint_digest=digest)
        db.session.add(row)
    row.account_id, row.session_id, row.sealed_subscription = account_id, session_id, sealed
    row.browser, row.created_at, row.ended_at = browser[:LONGEST_BROWSER], now, None
    db.session.flush()
    for old in subscriptions_of(account_id)[MOST_BROWSERS:]:
        old.ended_at = now
    return row


def subscriptions_of(account_id: int) -> list[PushSubscription]:
    """A person's subscribed browsers, newest first, without those whose session has ended."""
    query = select(PushSubscription).join(LoginSession, LoginSession.id == PushSubscription.session_id)
    query = query.where(PushSubscription.account_id == account_id, PushSubscription.ended_at.is_(None), LoginSession.revoked_at.is_(None))
    return list(db.session.scalars(query.order_by(PushSubscription.created_at.desc(), PushSubscription.id.desc()).limit(2 * MOST_BROWSERS)))


def endpoints_of(account_id: int) -> list[Endpoint]:
    """A person's subscriptions, opened for sending."""
    return [_opened(row) for row in subscriptions_of(account_id)[:MOST_BROWSERS]]


def have_push(account_ids: Iterable[int]) -> set[int]:
    """The accounts with a subscribed browser."""
    query = select(PushSubscription.account_id).join(LoginSession, LoginSession.id == PushSubscription.session_id)
    query = query.where(PushSubscription.account_id.in_(set(account_ids)), PushSubscription.ended_at.is_(None))
    return set(db.session.scalars(query.where(LoginSession.revoked_at.is_(None)).distinct()))


def is_told_in_browser(account_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The same as a condition in a query of accounts."""
    live = select(PushSubscription.id).join(LoginSession, LoginSession.id == PushSubscription.session_id)
    live = live.where(PushSubscription.account_id == account_id, PushSubscription.ended_at.is_(None), LoginSession.revoked_at.is_(None))
    return live.exists()


def unsubscribe(digest: str, *, by: Actor, now: datetime) -> bool:
    """End a subscription of the person's own; returns whether there was one."""
    require(by, Action.CHOOSE_MESSAGES)
    return _end(PushSubscription.endpoint_digest == digest, PushSubscription.account_id == by.account_id, now=now)


def follow_sign_in(digest: str, session: LoginSession, *, now: datetime) -> None:
    """Move a subscription to a new sign-in on its browser: the same person keeps it, anybody else ends it."""
    db.session.flush()
    _end(PushSubscription.endpoint_digest == digest, PushSubscription.account_id != session.account_id, now=now)
    same = update(PushSubscription).where(PushSubscription.endpoint_digest == digest, PushSubscription.ended_at.is_(None))
    same = same.where(PushSubscription.account_id == session.account_id).values(session_id=session.id)
    db.session.execute(same, execution_options={"synchronize_session": "fetch"})


def end_gone(subscription_id: int, *, now: datetime) -> None:
    """End a subscription the push service no longer knows (404, 410)."""
    _end(PushSubscription.id == subscription_id, now=now)


def digest_of(endpoint: str) -> str:
    """The digest that identifies a subscription without revealing its address."""
    return lookup_digest(endpoint, purpose=ENDPOINT_PURPOSE)


def _opened(row: PushSubscription) -> Endpoint:
    content = open_json(row.sealed_subscription, purpose=PURPOSE)
    return Endpoint(row.id, content["endpoint"], content["p256dh"], content["auth"])


def _end(*which: object, now: datetime) -> bool:
    ended = update(PushSubscription).where(PushSubscription.ended_at.is_(None), *which).values(ended_at=now)  # type: ignore[arg-type]
    result = db.session.execute(ended, execution_options={"synchronize_session": "fetch"})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _refuse_unless_sound(endpoint: str, p256dh: str, auth: str, *, inside: Collection[str]) -> None:
    try:
        parts = urlsplit(endpoint)
        is_known = parts.scheme == "https" and parts.port in (None, 443) and _is_push_service(parts.hostname or "")
        host = parts.hostname or ""
        is_address = is_known or (parts.scheme == "http" and host in Door(inside).inside and is_this_machine(host))
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bytes_of(p256dh))
        is_text = endpoint.isascii() and endpoint.isprintable() and len(endpoint) <= LONGEST_ENDPOINT and not parts.username
        is_sound = is_address and is_text and len(_bytes_of(auth)) == 16
    except ValueError:
        is_sound = False
    if not is_sound:
        raise SubscriptionRefused


def _is_push_service(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in PUSH_SERVICES)


def _bytes_of(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text):
        raise ValueError("no base64url")
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error as error:
        raise ValueError("no base64url") from error
