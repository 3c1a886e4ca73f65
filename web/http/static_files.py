"""Files with a digest in their address: the content never changes under it, so browsers need not ask again."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

STATIC = "static"
FOREVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
"""For files that style sheets and modules name without a digest: fonts, pictures, parts of scripts."""

_known: dict[str, tuple[int, str]] = {}


class SessionsOfPages(SecureCookieSessionInterface):
    """The cookie of pages. What caches keep for everybody brings none: they would give it to the next one. What a browser keeps for good
    does not depend on one either, since with the next notice it would be asked for anew. Doors to other systems have none at all."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if g.get("is_of_door"):
            return
        if not response.cache_control.public:
            super().save_session(app, session, response)
        elif session.accessed and not response.cache_control.immutable:
            response.vary.add("Cookie")


def install(app: Flask) -> None:
    """Add digests to the addresses of static files, and a cache lifetime to the files."""
    app.session_interface = SessionsOfPages()
    app.url_defaults(_add_digest)
    app.after_request(_let_live)


def digest_of(filename: str) -> str:
    """The digest of a static file as in its address; empty where there is no such file."""
    path = Path(current_app.static_folder or "") / filename
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return ""
    known = _known.get(filename)
    if known is None or known[0] != changed:
        known = _known[filename] = changed, sha256(path.read_bytes()).hexdigest()[:12]
    return known[1]


def _add_digest(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == STATIC and "v" not in values and (digest := digest_of(values.get("filename", ""))):
        values["v"] = digest


def _let_live(response: Response) -> Response:
    if request.endpoint == STATIC and response.status_code in (200, 304):
        asked = request.args.get("v")
        is_this = asked is not None and asked == digest_of((request.view_args or {}).get("filename", ""))
        response.headers["Cache-Control"] = FOREVER if is_this else AN_HOUR
    return response
