"""Sign-in sessions: rows with the digest of a random token that only the browser holds."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, Request, Response, current_app, g, has_request_context, request
from flask_login import LoginManager, UserMixin
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from casework.accounts.second_factors import has_second_factor
from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.messages.push_subscriptions import follow_sign_in
from casework.models import Account, LoginSession
from casework.permissions.acting_account import ActingAccount
from casework.permissions.asking import SignedIn, who_asks
from casework.sealing.seal import lookup_digest
from casework.setting_values import value_of
from web.clock import now
from web.networks import this_network
from web.request_log import note_security
from web.user_agents import browser_words

COOKIE = "langbiang_session"
PUSH_COOKIE = "langbiang_push"
"""Names this browser's push subscription by its digest (casework.messages.push_subscriptions)."""
TOKEN_PURPOSE = "login session"
UNATTENDED = frozenset(
    (
        "inbox.pulse", "board.wall_picture", "dashboard.pulse", "presence.pulse", "static", "offline.worker", "offline_reports.token",
        "offline_reports.state", "offline_reports.file", "offline_reports.report", "field.work", "field.contact",
    )
)  # fmt: skip
"""Requests that open pages make on their own are no sign of presence, so an idle session still ends. Static files are served to anybody."""
SEEN_EVERY = timedelta(minutes=5)
"""The resolution of `last_seen_at`: writing it for each page would make every reader wait for the writers."""
LONGEST = {"staff": timedelta(hours=24), "citizen": timedelta(days=365)}
"""The longest a session lasts however active; for staff at least the idle time they are allowed (NIST SP 800-63B, 4.2.3: a day for two
factors)."""


SECOND_FACTORS = frozenset({"code", "passkey", "recovery", "elsewhere"})
"""Factors that open a session of an account with a second factor. A passkey is two at once, because it is unlocked by finger, face or PIN;
so is a provider that says it has asked for two (`elsewhere`)."""


class SecondFactorMissing(Exception):
    """A session would have been opened without its second step: a fault of ours in some way of signing in."""


@dataclass(frozen=True, eq=False)
class Person(UserMixin):
    """The reader of a page, for templates (`current_user`)."""

    account: ActingAccount

    def get_id(self) -> str:
        return self.account.ref

    @property
    def name(self) -> str:
        """The name of a member of staff; a citizen's stays sealed, because their own pages need no greeting."""
        return self.account.full_name or ""

    @property
    def initials(self) -> str:
        """The initials of the last two words of the name: `TM` for Trần Thị Mai."""
        return "".join(word[0] for word in self.name.split()[-2:]).upper()

    @property
    def role_words(self) -> Bilingual:
        """The position the person signs with."""
        return self.account.title


def install(app: Flask) -> None:
    """Make Flask-Login use our rows; its own session keys and remember cookie are not used."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager.request_loader(_person_of)
    app.before_request(_note_seen)


def signed_in_account() -> ActingAccount | None:
    """The account of this request as it was when the request came in, None for guests and outside requests."""
    session = current_session()
    return session.account if session else None


def own_account() -> Account | None:
    """The row of this request's account, loaded for those who change it or need its password or contacts."""
    session = current_session()
    return db.session.get_one(Account, session.account_id) if session else None


def current_session() -> SignedIn | None:
    """The valid session named by the browser's cookie, with the roles of its account; looked up once per request."""
    if not has_request_context():
        return None
    if "signed_in" not in g:
        token = request.cookies.get(COOKIE)
        g.signed_in = find_session(token, now=now()) if token else None
        g.account_ref = g.signed_in.account.ref if g.signed_in else None
    found: SignedIn | None = g.signed_in
    return found


def find_session(token: str, *, now: datetime) -> SignedIn | None:
    """The session of a token if it is not over, not revoked, and its account not disabled."""
    return who_asks(_digest(token), now=now)


def open_session(account: Account, *, now: datetime, factors: tuple[str, ...] = ("password",)) -> str:
    """Add a session for this browser and return its token; the caller commits, then sets the cookie.

    `factors` are those by which the person was proven. The browser's previous session ends, so that a token planted in somebody's browser
    is worth nothing after they sign in; so does what the browser was told for somebody else. Raises SecondFactorMissing.
    """
    if account.kind == "staff" and not SECOND_FACTORS.intersection(factors) and has_second_factor(account.id):
        raise SecondFactorMissing
    before = request.cookies.get(COOKIE)
    if before:
        ended = update(LoginSession).where(LoginSession.token_digest == _digest(before), LoginSession.revoked_at.is_(None))
        db.session.execute(ended.values(revoked_at=now))
    token = secrets.token_urlsafe(32)
    session = LoginSession(
        token_digest=_digest(token),
        account_id=account.id,
        created_at=now,
        last_seen_at=now,
        expires_at=end_of(account, begun=now, now=now),
        browser=browser_words(request.user_agent.string),
        network=this_network(),
        authenticated_at=now,
        factors="+".join(factors),
    )
    db.session.add(session)
    if agreed := request.cookies.get(PUSH_COOKIE):
        follow_sign_in(agreed, session, now=now)
    note_security(f"session opened: {'+'.join(factors)}")
    return token


def authenticate_again(session: LoginSession, *, now: datetime, factor: str = "") -> str:
    """Record a new proof of identity, perhaps by a factor the session did not have; returns the session's new token."""
    token, known = secrets.token_urlsafe(32), session.factors.split("+")
    session.token_digest, session.authenticated_at = _digest(token), now
    session.factors = "+".join(dict.fromkeys([*known, factor] if factor else known))
    note_security("proven again")
    return token


def open_sessions(account: Account | ActingAccount, *, now: datetime) -> list[LoginSession]:
    """The account's sessions that are not over, last seen first."""
    query = select(LoginSession).where(
        LoginSession.account_id == account.id, LoginSession.revoked_at.is_(None), LoginSession.expires_at > now
    )
    return list(db.session.scalars(query.order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())))


def revoke_session(account: Account | ActingAccount, ref: str, *, now: datetime) -> LoginSession | None:
    """End one of the account's own sessions; None when there is no such session."""
    session = db.session.scalar(select(LoginSession).where(LoginSession.ref == ref, LoginSession.account_id == account.id))
    if session is not None and session.revoked_at is None:
        session.revoked_at = now
        note_security("session ended")
    return session


def idle_of(account: Account | ActingAccount) -> timedelta:
    return timedelta(hours=value_of("staff_session_hours")) if account.kind == "staff" else timedelta(days=value_of("citizen_session_days"))


def end_of(account: Account | ActingAccount, *, begun: datetime, now: datetime) -> datetime:
    """When a session that is used now ends unless it is used again; never later than LONGEST after it began."""
    idle = idle_of(account)
    return min(now + idle, begun + max(LONGEST[account.kind], idle))


def set_cookie(response: Response, token: str, account: Account) -> None:
    """Give the token to the browser: for staff until the browser closes, on a citizen's telephone for longer."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=None if account.kind == "staff" else int(idle_of(account).total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def drop_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])


def _digest(token: str) -> str:
    return lookup_digest(token, purpose=TOKEN_PURPOSE)


def _person_of(_request: Request) -> Person | None:
    session = current_session()
    return Person(session.account) if session else None


def _note_seen() -> None:
    """Update `last_seen_at` and the session's end, at most every SEEN_EVERY; a busy database does not fail the page."""
    if request.endpoint in UNATTENDED:
        return
    session = current_session()
    moment = now()
    if session is None or moment - session.last_seen_at < SEEN_EVERY:
        return
    seen = update(LoginSession).where(LoginSession.id == session.id, LoginSession.revoked_at.is_(None))
    seen = seen.values(last_seen_at=moment, expires_at=end_of(session.account, begun=session.created_at, now=moment))
    try:
        with unit_of_work():
            db.session.execute(seen)
    except DBAPIError as error:
        current_app.logger.warning("a session was not noted as seen: %s", type(error).__name__)
