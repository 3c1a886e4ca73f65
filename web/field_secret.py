"""The secret of a session that opens what its telephone keeps, and whether that session is still on.

What an officer takes along lies on the telephone as ciphertext. Its key is made of two parts: one the browser keeps and gives to no script,
and this secret, which the page keeps in a cookie that ends with the session. It is derived, so nothing is stored here; and it signs nobody
in: with it one may only ask whether the session it belongs to has ended.
"""

import hmac

from flask import Response, current_app, url_for
from sqlalchemy import select

from casework.db import db
from casework.models import Account, LoginSession
from casework.permissions.asking import SignedIn
from casework.sealing.seal import lookup_digest
from web.clock import now

PURPOSE = "field desk of a session"
COOKIE = "field_desk"
"""Set by js/field-store.js on the path of the field desk; signing out removes it as well, for a browser without scripts."""
MOST_ASKED = 4


def device_secret(session: SignedIn) -> str:
    """`REF.SECRET` of a session."""
    return f"{session.ref}.{_secret(session.ref)}"


def seconds_left(session: SignedIn) -> int:
    """Until when the session lasts unless it is used again."""
    ends_at = db.session.scalar(select(LoginSession.expires_at).where(LoginSession.id == session.id))
    return max(0, int((ends_at - now()).total_seconds())) if ends_at is not None else 0


def secrets_of(account_id: int, refs: list[str]) -> list[str]:
    """The secrets of those of some sessions that are this person's and still on: a browser that was killed before it had written its
    secret down asks for it again."""
    if not refs:
        return []
    query = select(LoginSession.ref).where(LoginSession.ref.in_(refs[:MOST_ASKED]), LoginSession.account_id == account_id)
    query = query.where(LoginSession.revoked_at.is_(None), LoginSession.expires_at > now())
    return [f"{ref}.{_secret(ref)}" for ref in db.session.scalars(query)]


def is_on(named: str) -> bool:
    """Whether the session a telephone names by its secret is still on; False for one that never was."""
    ref, _dot, secret = named.partition(".")
    if not ref or not hmac.compare_digest(secret.encode(), _secret(ref).encode()):
        return False
    query = select(LoginSession.id).join(Account, Account.id == LoginSession.account_id)
    query = query.where(LoginSession.ref == ref, LoginSession.revoked_at.is_(None), LoginSession.expires_at > now())
    return db.session.scalar(query.where(Account.disabled_at.is_(None))) is not None


def _secret(ref: str) -> str:
    return lookup_digest(ref, purpose=PURPOSE)


def drop_device_secret(response: Response) -> None:
    """Take the secret from a browser that signs out; its script and its service worker wipe what it opened."""
    response.delete_cookie(COOKIE, path=url_for("field.desk"), samesite="Strict", secure=current_app.config["SESSION_COOKIE_SECURE"])
