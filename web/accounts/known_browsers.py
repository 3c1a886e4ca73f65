"""Browsers that have signed in before, so that somebody else's guesses elsewhere do not lock out the person's own browser.

The signed cookie reveals nothing: it holds a random number of the browser and keyed digests of the user names that signed in there.
"""

import secrets
from datetime import timedelta

from flask import Response, current_app, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from casework.sealing.seal import lookup_digest
from web.http.signing_keys import signing_keys

COOKIE = "langbiang_known"
KEPT = timedelta(days=180)
MOST_NAMES, DIGEST = 12, 22
"""How many user names one browser remembers (the latest), and the length of each digest in characters."""


def browser_known_to(subject: str) -> str | None:
    """This browser's number if `subject` has signed in with it before."""
    number, names = _kept()
    return number if _digest(subject) in names else None


def browser_known() -> str | None:
    """This browser's number if anybody has signed in with it before."""
    return _kept()[0] or None


def remember_browser(response: Response, subject: str) -> None:
    """Remember that `subject` completed a sign-in here."""
    number, names = _kept()
    names = [_digest(subject), *(name for name in names if name != _digest(subject))][:MOST_NAMES]
    response.set_cookie(
        COOKIE, _signer().dumps([number or secrets.token_urlsafe(12), names]), max_age=int(KEPT.total_seconds()),
        path=url_for("auth.sign_in"), httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip


def _kept() -> tuple[str, list[str]]:
    try:
        number, names = _signer().loads(request.cookies.get(COOKIE, ""), max_age=int(KEPT.total_seconds()))
        return str(number), [str(name) for name in names]
    except (BadData, TypeError, ValueError):
        return "", []


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(), salt="known browser")


def _digest(subject: str) -> str:
    return lookup_digest(subject, purpose="known browser")[:DIGEST]
