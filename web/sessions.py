"""Who is signed in: sessions are rows, the browser holds a random token, the row only its digest."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from flask import Flask, Request, Response, current_app, g, has_request_context, request
from flask_login import LoginManager, UserMixin
from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import joinedload

from casework.accounts.second_factors import has_second_factor
from casework.bilingual import Bilingual
from casework.calendars import RULES_STREAM, hold_head
from casework.db import db, unit_of_work
from casework.messages.push_subscriptions import follow_sign_in
from casework.models import Account, EventStream, LoginSession
from casework.sealing.seal import lookup_digest
from casework.setting_values import value_of
from web.clock import now
from web.networks import this_network
from web.request_log import note_security
from web.user_agents import browser_words

COOKIE = "langbiang_session"
PUSH_COOKIE = "langbiang_push"
"""Which of the subscriptions is this browser's, by its digest (casework.messages.push_subscriptions)."""
TOKEN_PURPOSE = "login session"
UNATTENDED = frozenset(
    (
        "inbox.pulse", "static", "offline.worker", "offline_reports.token", "offline_reports.state", "offline_reports.file",
        "offline_reports.report",
    )
)  # fmt: skip
"""What open pages ask by themselves: no sign that somebody is there, so a session nobody uses ends all the same. Files ask for nobody."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly `last_seen_at` is kept: a write for each page would make every reader wait for the writers."""
LONGEST = {"staff": timedelta(hours=24), "citizen": timedelta(days=365)}
"""When a session ends however busy it is; staff's not before the hours it may be idle (NIST SP 800-63B, 4.2.3: a day for two factors)."""


SECOND_FACTORS = frozenset({"code", "passkey", "recovery", "elsewhere"})
"""What opens a session of an account that has a second factor. A passkey is both at once, for it is opened by finger, face or PIN; so
is a provider that says it has asked for two (`elsewhere`)."""


class SecondFactorMissing(Exception):
    """A session was to be opened past the second step: a fault of ours, whatever way in it was."""


@dataclass(eq=False)
class Person(UserMixin):
    """Who looks at a page, as templates know them (`current_user`)."""

    account: Account
    session_id: int

    def get_id(self) -> str:
        """The account's public identifier."""
        return self.account.ref

    @property
    def name(self) -> str:
        """A member of staff's name; a citizen's stays sealed, their own pages need no greeting."""
        return self.account.full_name or ""

    @property
    def initials(self) -> str:
        """The first letters of the last two words of the name: TM for Trần Thị Mai is `TM`."""
        return "".join(word[0] for word in self.name.split()[-2:]).upper()

    @property
    def role_words(self) -> Bilingual:
        """The position the person signs with."""
        return self.account.title


def install(app: Flask) -> None:
    """Let Flask-Login ask our rows; its own session keys and remember cookie are not used."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager.request_loader(_person_of)
    app.before_request(_note_seen)


def signed_in_account() -> Account | None:
    """The account of this request, None for guests and outside requests."""
    session = current_session()
    return session.account if session else None


def current_session() -> LoginSession | None:
    """The valid session the browser's cookie names, looked up once in a request."""
    if not has_request_context():
        return None
    if "login_session" not in g:
        token = request.cookies.get(COOKIE)
        g.login_session = find_session(token, now=now()) if token else None
        account = g.login_session.account if g.login_session else None
        # what a page asks of it after its step, when rows are forgotten and would have to be read anew
        g.account_ref, g.account_language = (account.ref, account.language) if account else (None, None)
    found: LoginSession | None = g.login_session
    return found


def find_session(token: str, *, now: datetime) -> LoginSession | None:
    """Return the session of a token if it is neither over nor revoked and its account not disabled.

    The head of the rules comes with it: hardly a page does without, and would ask for it alone.
    """
    found = db.session.execute(_session_of_token(), {"token_digest": _digest(token)}).first()
    if found is None:
        return None
    session, head = found
    hold_head(head)
    if session.revoked_at is not None or now >= session.expires_at or session.account.disabled_at is not None:
        return None
    return session


def open_session(account: Account, *, now: datetime, factors: tuple[str, ...] = ("password",)) -> str:
    """Add a session for this browser and return its token; the caller commits, then sets the cookie.

    `factors` is by what the person has proven who they are. The session the browser had before ends: a token planted in somebody's
    browser is worth nothing after they sign in. So does what it was told for somebody else. Raises SecondFactorMissing.
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
    """Note that the person has just proven once more who they are, perhaps by a factor the session did not know; returns its new token."""
    token, known = secrets.token_urlsafe(32), session.factors.split("+")
    session.token_digest, session.authenticated_at = _digest(token), now
    session.factors = "+".join(dict.fromkeys([*known, factor] if factor else known))
    note_security("proven again")
    return token


def open_sessions(account: Account, *, now: datetime) -> list[LoginSession]:
    """Return the account's sessions that are not over, the latest seen first."""
    query = select(LoginSession).where(
        LoginSession.account_id == account.id, LoginSession.revoked_at.is_(None), LoginSession.expires_at > now
    )
    return list(db.session.scalars(query.order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())))


def revoke_session(account: Account, ref: str, *, now: datetime) -> LoginSession | None:
    """End one of the account's own sessions; None when there is no such session."""
    session = db.session.scalar(select(LoginSession).where(LoginSession.ref == ref, LoginSession.account_id == account.id))
    if session is not None and session.revoked_at is None:
        session.revoked_at = now
        note_security("session ended")
    return session


def idle_of(account: Account) -> timedelta:
    """How long a session lives without being used."""
    return timedelta(hours=value_of("staff_session_hours")) if account.kind == "staff" else timedelta(days=value_of("citizen_session_days"))


def end_of(account: Account, *, begun: datetime, now: datetime) -> datetime:
    """When a session that is used now ends unless it is used again; never later than LONGEST after it began."""
    idle = idle_of(account)
    return min(now + idle, begun + max(LONGEST[account.kind], idle))


def set_cookie(response: Response, token: str, account: Account) -> None:
    """Hand the token to the browser: staff's is forgotten when the browser closes, a citizen's telephone remembers."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=None if account.kind == "staff" else int(idle_of(account).total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def drop_cookie(response: Response) -> None:
    """Take the token back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])


@cache
def _session_of_token() -> Select[LoginSession, EventStream]:
    """Made once: every page asks this, and to make the statement takes as long as to ask it."""
    query = select(LoginSession, EventStream).outerjoin(EventStream, EventStream.stream == RULES_STREAM)
    return query.where(LoginSession.token_digest == bindparam("token_digest")).options(joinedload(LoginSession.account))


def _digest(token: str) -> str:
    return lookup_digest(token, purpose=TOKEN_PURPOSE)


def _person_of(_request: Request) -> Person | None:
    session = current_session()
    return Person(session.account, session.id) if session else None


def _note_seen() -> None:
    """Move `last_seen_at` and the end of the session on, at most every SEEN_EVERY; a busy database is no reason to fail a page."""
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
    finally:
        g.pop("login_session", None)
