"""Security headers of every response, the CSRF check, and which hosts and return addresses are ours."""

from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any, ParamSpec
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, abort, current_app, g, request, session
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from casework.errors import CaseworkError
from casework.permissions import Action
from casework.photos.records import MOST_PHOTOS
from web.config import Config
from web.guards import TRACKED_KEY
from web.http.cookies import HostCookies
from web.http.signing_keys import FormProtection
from web.sessions import COOKIE

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

FORM_SLACK_BYTES = 1_000_000
"""Room for words and fields in addition to the photos of a form."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TAKE_BYTES = frozenset({"contacts_hand_over.tickets"})
"""Endpoints that take raw bytes of any content type: reading them as a form would consume them."""

IMAGES = "img-src 'self' data: blob:"
POLICY = (
    "default-src 'self'",
    IMAGES,
    "style-src 'self'",
    "script-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
INLINE_STYLE_ATTRIBUTES = "style-src-attr 'unsafe-inline'"
OWN_RECORDING = "media-src 'self' blob:"
FEATURES = ("camera", "microphone", "payment", "usb", "serial", "midi", "display-capture", "browsing-topics")
YEAR_SECONDS = 31_536_000
ALWAYS_OURS = ("localhost", "127.0.0.1", "[::1]")


def install(app: Flask, config: Config) -> None:
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,
        # the token in a SameSite=Lax session is proof enough; some browsers and proxies here remove the Referer header
        WTF_CSRF_SSL_STRICT=False,
        SESSION_COOKIE_NAME="langbiang_state",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.is_secure,
        MAX_CONTENT_LENGTH=config.max_photo_bytes * MOST_PHOTOS + FORM_SLACK_BYTES,
        TRUSTED_HOSTS=[_host_of(config.base_url), *ALWAYS_OURS],
    )
    if config.is_secure:
        # We speak no TLS ourselves: with https there is one proxy in front, and the browser's address is the one it adds.
        app.wsgi_app = ProxyFix(HostCookies(app.wsgi_app), x_for=1, x_proto=1)  # type: ignore[method-assign]
    app.before_request(_refuse_nul)
    FormProtection(app)
    app.before_request(_refuse_nul_in_forms)
    app.after_request(_protect)


class NulSent(CaseworkError):
    """The request contains a NUL, which no text has and PostgreSQL does not accept."""

    def __init__(self) -> None:
        super().__init__(
            "Nội dung gửi lên có ký tự không lưu được (ký tự rỗng), thường do sao chép từ một tệp hỏng. Vui lòng gõ lại chỗ đó.",
            "What was sent holds a character that cannot be kept (NUL), most often copied from a damaged file. Please type that part anew.",
        )


def allow_inline_style_attributes(view: View[P]) -> View[P]:
    """Let one page set style attributes, for the diagram library that writes them; style sheets and scripts stay strict."""

    @wraps(view)
    def allowed(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        g.inline_style_attributes = True
        return view(*args, **kwargs)

    return allowed


def allow_microphone(view: View[P]) -> View[P]:
    """Let one page record a voice note and play it back before sending."""

    @wraps(view)
    def allowed(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        g.microphone = True
        return view(*args, **kwargs)

    return allowed


def lets_use_camera() -> None:
    """Let the page of this request use the camera, so that it may make a picture on the device."""
    g.camera = True


def own_address(target: str | None, otherwise: str) -> str:
    """The target if it is one of our pages, else `otherwise`.

    No scheme and no host; and no backslash or control character, because browsers take those for a slash or drop them. Where we are served
    under a path, nothing outside it.
    """
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable():
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc or _is_outside(parts.path) else target


def _is_outside(path: str) -> bool:
    """Whether a path leads past the one we are served under. Browsers go up at each `..`, also where its dots are written %2e."""
    root = request.root_path if request else ""
    return bool(root) and (not f"{path}/".startswith(f"{root}/") or ".." in unquote(path).split("/"))


def _refuse_nul() -> None:
    """No address of ours contains a NUL; looked up in PostgreSQL, it would cause a failure."""
    if "\0" in request.path or b"%00" in request.query_string:
        abort(404)


def _refuse_nul_in_forms() -> None:
    """Nobody types a NUL; it is copied from a damaged file. The page that reports it shows what was typed."""
    if request.method in SAFE_METHODS or request.endpoint in TAKE_BYTES:
        return
    texts = (each for name, value in request.form.items(multi=True) for each in (name, value))
    named = (each for name, file in request.files.items(multi=True) for each in (name, file.filename or ""))
    if any("\0" in each for each in chain(texts, named)):
        raise NulSent


def sent_json(*, is_named_so: bool = True) -> Any:
    """The JSON sent by one of our scripts; None where it is malformed or contains a NUL, which none of our scripts sends.

    `is_named_so`: the Content-Type must be JSON.
    """
    try:
        sent = request.get_json(force=not is_named_so, silent=True)
        return None if _holds_nul(sent) else sent
    except RecursionError:
        # thousands of nested brackets, which none of our scripts sends either
        return None


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, list) and any(_holds_nul(each) for each in value)


def _protect(response: Response) -> Response:
    headers = response.headers
    records = bool(g.get("microphone"))
    extra = ((INLINE_STYLE_ATTRIBUTES,) if g.get("inline_style_attributes") else ()) + ((OWN_RECORDING,) if records else ())
    # set by web/base_map.py on a page with a map, where an administrator has configured a host for tiles
    own = tuple(f"{IMAGES} {g.map_origin}" if each == IMAGES else each for each in POLICY) if g.get("map_origin") else POLICY
    headers.setdefault("Content-Security-Policy", "; ".join(own + extra))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    own_features = {"microphone": records, "camera": bool(g.get("camera"))}
    features = (f"{feature}=({'self' if own_features.get(feature) else ''})" for feature in FEATURES)
    headers.setdefault("Permissions-Policy", ", ".join(["geolocation=(self)", *features]))
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    # what anybody may keep may be embedded by a newspaper; nothing else may be loaded by another site
    is_anybodys = headers.get("Cache-Control", "").startswith("public")
    headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if is_anybodys else "same-origin")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}; includeSubDomains")
    if not _is_for_everybody():
        headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    if response.mimetype == "text/html" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store" if _is_private() else "private, no-cache"
    return response


def _is_for_everybody() -> bool:
    """Whether search engines may show the page: published content and the form, nothing personal and nothing of staff."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.endpoint == "static" or getattr(view, "action", None) in (Action.READ_PUBLIC, Action.FILE_REPORT)


def _is_private() -> bool:
    """Whether the page may contain personal content: somebody is signed in, or has opened a report by its secret."""
    return COOKIE in request.cookies or bool(session.get(TRACKED_KEY))


def _host_of(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    return f"[{host}]" if ":" in host else host
