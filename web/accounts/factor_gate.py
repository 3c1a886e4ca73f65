"""The gate between a correct first step and a session. Staff sign in through `enter`, except by a passkey alone or through a provider that
vouches for two factors: those are both steps at once.

    with unit_of_work():
        entry = enter(account, first="password", now=moment)
    return entry_answer(entry, target) if entry.is_half else signed_in_answer(account, entry.token, target)
"""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, make_response, redirect, request, url_for

from casework.accounts.pending_sign_ins import HOLDS, begin_sign_in, begun_by
from casework.accounts.requirement import Need, need_of
from casework.accounts.second_factors import has_second_factor
from casework.models import Account, SignInBegun
from casework.permissions import actor_for
from web.clock import now
from web.sessions import open_session

COOKIE = "langbiang_begun"


@dataclass(frozen=True, slots=True)
class SignInEntry:
    """A token for the browser: for a session, or for a sign-in that still needs its second step. Its `repr` omits the token."""

    token: str
    is_half: bool
    is_asked: bool = False
    """Whether the person needs a second factor, now or soon, and has none yet."""

    def __repr__(self) -> str:
        return f"SignInEntry(is_half={self.is_half})"


def enter(account: Account, *, first: str, now: datetime) -> SignInEntry:
    """Open a session after a correct first step, or start the second step where the account has one. Call inside a unit of work."""
    if account.kind == "staff" and has_second_factor(account.id):
        return SignInEntry(begin_sign_in(account.id, first_factor=first, now=now), is_half=True)
    is_asked = account.kind == "staff" and need_of(actor_for(account, now=now), now=now) is not Need.NONE
    return SignInEntry(open_session(account, now=now, factors=(first,)), is_half=False, is_asked=is_asked)


def entry_answer(entry: SignInEntry, target: str) -> Response:
    """Redirect to the second step; the cookie opens no other page."""
    response = make_response(redirect(url_for("factors_second.second", next=target or None)))
    response.set_cookie(
        COOKIE, entry.token, max_age=int(HOLDS.total_seconds()), path=url_for("auth.sign_in"), httponly=True, samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return response


def begun_here() -> SignInBegun | None:
    """The sign-in this browser has started, waiting for its second step."""
    return begun_by(request.cookies.get(COOKIE, ""), now=now())


def drop_begun_cookie(response: Response) -> None:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.delete_cookie(COOKIE, path=url_for("auth.sign_in"), httponly=True, samesite="Lax", secure=secure)


def asked_first(entry: SignInEntry, target: str) -> str:
    """Where to go after sign-in: somebody who lacks a second factor is asked to add one at each sign-in, and may skip that until it is
    required."""
    return url_for("factors_own.security", next=target) if entry.is_asked else target
