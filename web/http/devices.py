"""Which browser this is: a cookie no script can read, and the token its script shows when it sends what waited.

The token is derived from the cookie, of the browser for guests, of the session for who is signed in. So it can be told again without
being kept, and whoever has read it out of the browser's store knows neither cookie.
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
"""The longest a browser keeps a cookie; it is set anew with every use that changes something."""
GUEST_PURPOSE = "token of a browser without account"
ACCOUNT_PURPOSE = "token of a browser signed in"
OWNER_PURPOSE = "owner of what waits in a browser"
GUEST = "guest"


def this_device() -> Device | None:
    """This browser as the device of a guest; None when it has been given no cookie yet, or not by us."""
    if "device" not in g:
        cookie = request.cookies.get(DEVICE_COOKIE, "")
        g.device = device_of(_guest_token(cookie)) if cookie else None
    device: Device | None = g.device
    return device


def guest_device() -> Device:
    """This browser as the device of a guest; gives it a cookie if it has none. Call it inside a unit of work."""
    return _guest_device()[0]


def queue_token(owner: str) -> str:
    """What this browser's script shows for what waits of `owner`: `guest`, or who is signed in here. Not to be called in a unit of work."""
    known = _token_here(owner)
    device = device_of(known)
    # asked on every page on which something waits: most times there is nothing to write
    if device is not None and not is_long_unseen(device, now=now()):
        return known
    with unit_of_work():
        if owner == GUEST:
            return _guest_device()[1]
        session = found(current_session())
        return issue_device(session.account, now=now(), token=known, session=session)[1]


def is_known_here(owner: str) -> bool:
    """Whether this browser has a token already for what waits of `owner`."""
    return device_of(_token_here(owner)) is not None


def owner_here() -> str:
    """Whose the reports are that are written in this browser now: `guest`, or an account by a name that says nothing of it.

    Staff write as anybody does: their name stays out of it.
    """
    account = actor().account
    return GUEST if account is None or actor().is_staff else owner_of(account.id)


def owner_of(account_id: int | None) -> str:
    """How a browser's store names an account."""
    return GUEST if account_id is None else lookup_digest(str(account_id), purpose=OWNER_PURPOSE)[:20]


def _token_here(owner: str) -> str:
    return _account_token(request.cookies.get(COOKIE, "")) if owner != GUEST else _guest_token(request.cookies.get(DEVICE_COOKIE, ""))


def _guest_device() -> tuple[Device, str]:
    cookie = request.cookies.get(DEVICE_COOKIE, "")
    if not cookie or device_of(_guest_token(cookie)) is None:
        # one we do not know may have been planted: it is never taken over
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
