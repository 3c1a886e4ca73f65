"""Identifies a browser: a cookie no script can read, and the token its script sends with offline reports.

The token is derived from the cookie of the browser for guests, of the session for people signed in. So it can be computed again without
being stored, and somebody who reads it from the browser's storage knows neither cookie.
"""

import secrets

from flask import Response, after_this_request, current_app, g, request

from casework.contacts.devices import device_of, is_long_unseen, issue_device
from casework.db import unit_of_work
from casework.models import Device
from casework.sealing.seal import lookup_digest
from web.clock import now
from web.guards import actor, found
from web.sessions import COOKIE, current_session

DEVICE_COOKIE = "langbiang_device"
KEPT_SECONDS = 400 * 86_400
"""The longest a browser keeps a cookie; it is renewed by every use that changes something."""
GUEST_PURPOSE = "token of a browser without account"
ACCOUNT_PURPOSE = "token of a browser signed in"
OWNER_PURPOSE = "owner of what waits in a browser"
GUEST = "guest"


def this_device() -> Device | None:
    """This browser as the device of a guest; None when it has no cookie, or none of ours."""
    if "device" not in g:
        cookie = request.cookies.get(DEVICE_COOKIE, "")
        g.device = device_of(_guest_token(cookie)) if cookie else None
    device: Device | None = g.device
    return device


def guest_device() -> Device:
    """This browser as the device of a guest; sets a cookie if it has none. Call it inside a unit of work."""
    return _guest_device()[0]


def queue_token(owner: str) -> str:
    """The token for `owner`'s offline reports in this browser, where `owner` is `guest` or the person signed in. Not to be called in a unit
    of work."""
    known = _token_here(owner)
    device = device_of(known)
    # every page with waiting reports asks; mostly there is nothing to write
    if device is not None and not is_long_unseen(device, now=now()):
        return known
    with unit_of_work():
        if owner == GUEST:
            return _guest_device()[1]
        session = found(current_session())
        return issue_device(session.account_id, now=now(), token=known, session_id=session.id)[1]


def is_known_here(owner: str) -> bool:
    """Whether this browser already has a token for `owner`'s offline reports."""
    return device_of(_token_here(owner)) is not None


def owner_here() -> str:
    """The owner of reports written in this browser now: `guest`, or an account under an opaque name.

    Staff write as anybody does, without their name.
    """
    account = actor().account
    return GUEST if account is None or actor().is_staff else owner_of(account.id)


def owner_of(account_id: int | None) -> str:
    """The name of an account in a browser's storage."""
    return GUEST if account_id is None else lookup_digest(str(account_id), purpose=OWNER_PURPOSE)[:20]


def _token_here(owner: str) -> str:
    return _account_token(request.cookies.get(COOKIE, "")) if owner != GUEST else _guest_token(request.cookies.get(DEVICE_COOKIE, ""))


def _guest_device() -> tuple[Device, str]:
    cookie = request.cookies.get(DEVICE_COOKIE, "")
    if not cookie or device_of(_guest_token(cookie)) is None:
        # an unknown cookie may have been planted: it is never adopted
        cookie = secrets.token_urlsafe(32)
    device, token = issue_device(None, now=now(), token=_guest_token(cookie))
    g.device = device
    after_this_request(lambda response: _with_cookie(response, cookie))
    return device, token


def _with_cookie(response: Response, cookie: str) -> Response:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(DEVICE_COOKIE, cookie, max_age=KEPT_SECONDS, httponly=True, samesite="Lax", secure=secure)
    return response


def _guest_token(cookie: str) -> str:
    return lookup_digest(cookie, purpose=GUEST_PURPOSE)


def _account_token(cookie: str) -> str:
    return lookup_digest(cookie, purpose=ACCOUNT_PURPOSE)
