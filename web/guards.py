"""Checks in front of every view: its action, the actor, and access to what is looked up."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound, Unauthorized

from casework.accounts.requirement import Need, need_of
from casework.accounts.second_factors import has_second_factor
from casework.files.local import FileStore
from casework.models import Report
from casework.permissions import ANYONE, Action, Actor, NotAllowed, may
from casework.permissions.sight import report_owned_by
from web.addresses import this_address
from web.clock import now
from web.fresh_proof import ask_for_proof, wants_proof
from web.sent_forms import recorded_once
from web.sessions import SECOND_FACTORS, current_session, own_account, signed_in_account

__all__ = [
    "actor", "alone", "file_store", "found", "keep_own_report", "must_set_up",
    "own_account", "own_report_here", "performs", "signed_in_account",
]  # fmt: skip

TRACKED_KEY = "tracked"

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[P, ResponseReturnValue]


def performs(action: Action, *, with_account: bool = False, is_fresh: bool = False) -> Callable[[View[P]], View[P]]:
    """Declare the action of a view; a test makes sure that every view has one.

    Actions open to anyone pass, unless the view needs `with_account`. Otherwise people who are not signed in are sent to sign in (with an
    explanation if they submitted something), and people without a suitable role get NotAllowed. Only roles are checked here; whether the
    *case* is theirs is checked where it is looked up. A submission for an action of FRESH_ACTIONS, or to a view that `is_fresh`, waits for
    a recent proof of identity.
    """
    is_open = action.roles == ANYONE and not with_account
    # allowed with a start password: changing it, seeing one's sessions, signing out
    is_own = action in (Action.MANAGE_SESSIONS, Action.SIGN_OUT)

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not is_open:
                if signed_in_account() is None:
                    return _to_sign_in()
                if _has_start_password() and not is_own:
                    return _to_own_password()
                if must_set_up() and not is_own:
                    return _to_own_factors()
                if not may(actor(), action):
                    raise NotAllowed
            if wants_proof(action, always=is_fresh):
                return ask_for_proof()
            return recorded_once(view, action, *args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]
        return guarded

    return guard


def actor() -> Actor:
    """The actor of this request: the signed-in account with its present roles, and the reports this browser opened by secret."""
    if "actor" not in g:
        session = current_session()
        account, grants = (session.account, session.grants) if session is not None else (None, ())
        g.actor = Actor(account, grants, tracked_report_ids())
        g.must_set_up = _lacks_second_factor(g.actor)
        if _has_start_password() or g.must_set_up:
            # with a start password, which an administrator has seen, or without a required second factor, only the page that mends it opens
            g.actor = replace(g.actor, grants=())
    found_actor: Actor = g.actor
    return found_actor


def alone() -> Actor:
    """The actor without deputised rights, for the pages of people, bodies and deputies."""
    return actor().alone


def tracked_report_ids() -> frozenset[int]:
    """The reports opened with code and secret in this browser; kept in the signed cookie until the browser session ends."""
    return frozenset(id_ for id_ in session.get(TRACKED_KEY, ()) if isinstance(id_, int))


def file_store() -> FileStore:
    store: FileStore = current_app.extensions["file_store"]
    return store


def own_report_here(code: str) -> Report | None:
    """One's own report, looked up once per request however many parts of the page ask."""
    kept: dict[str, Report | None] = g.setdefault("own_reports", {})
    if code not in kept:
        kept[code] = report_owned_by(actor(), code)
    return kept[code]


def keep_own_report(report: Report) -> None:
    """Keep a report of one's own that was read with more, so that no part of the page asks for it."""
    g.setdefault("own_reports", {})[report.code] = report


def found(thing: T | None) -> T:
    """Return what was looked up. Raises NotFound (404) when it does not exist or is not for this person: the two look alike."""
    if thing is None:
        raise NotFound
    return thing


def must_set_up() -> bool:
    """Whether the person's role requires a second factor by now and they have none."""
    actor()
    return bool(g.must_set_up)


def _lacks_second_factor(who: Actor) -> bool:
    session = current_session()
    if session is None or not who.grants or need_of(who, now=now()) is not Need.NOW:
        return False
    return not SECOND_FACTORS & session.proven_by and not has_second_factor(session.account_id)


def _has_start_password() -> bool:
    account = signed_in_account()
    return account is not None and account.must_change_password


def _to_own_password() -> ResponseReturnValue:
    return redirect(url_for("account.password", next=this_address() if request.method == "GET" else None))


def _to_own_factors() -> ResponseReturnValue:
    return redirect(url_for("factors_own.security", next=this_address() if request.method == "GET" else None))


def _to_sign_in() -> ResponseReturnValue:
    if request.method in {"GET", "HEAD"}:
        return redirect(url_for("auth.sign_in", next=this_address()))
    raise Unauthorized
