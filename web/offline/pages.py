"""Offline support for telephones: a service worker, the report form, the list of waiting reports, and a page shown without a signal.

Browsers cache the three pages and may be shared by several people. So they are rendered in a request of their own without any cookie: no
name, form token or session content can get into them.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from casework.calendars import rules_head
from casework.db import db
from casework.permissions import Action
from web.filing.pages import shell_page
from web.guards import performs
from web.http.devices import owner_here
from web.http.security import allow_microphone
from web.locales import language, languages
from web.public.pages import today

bp = Blueprint("offline", __name__)

LANGUAGE = "lang"
"""The query parameter for the language of a cached page, which must not depend on a cookie."""
ICONS = (192, 512)
MADE_OF = (
    "templates/*.html", "templates/components/*.html", "templates/field/*", "templates/filing/*", "templates/offline/*",
    "templates/public/_parts.html", "translations/*/LC_MESSAGES/*.mo", "static/css/*.css", "static/js/*.js", "static/vendor/tabler/*.svg",
)  # fmt: skip


@bp.get("/offline")
@performs(Action.READ_PUBLIC)
@allow_microphone
def form() -> ResponseReturnValue:
    """The report form, to be filled in without a signal."""
    return kept_page(shell_page)


@bp.get("/offline/queue")
@performs(Action.READ_PUBLIC)
def queue() -> ResponseReturnValue:
    """The reports waiting in this browser; only the browser has them, so its script fills in the list."""
    return kept_page(_queue_page) if LANGUAGE in request.args else make_response(_queue_page())


@bp.get("/offline/away")
@performs(Action.READ_PUBLIC)
def away() -> ResponseReturnValue:
    """Shown in place of a page that needs a signal."""
    return kept_page(_away_page)


@bp.get("/sw.js")
@performs(Action.READ_PUBLIC)
def worker() -> ResponseReturnValue:
    """The service worker. It changes whenever a cached page may: after an upgrade, a change of rules, or of the language."""
    kept = {
        "version": _version(),
        "form": url_for(".form", lang=language()),
        "queue": url_for(".queue", lang=language()),
        "away": url_for(".away", lang=language()),
        "field": url_for("field.kept", lang=language()),
    }
    parts = [url_for("static", filename=f"js/{name}.js") for name in ("seal", "queue-core", "field-store")]
    script = (Path(current_app.static_folder or "") / "js" / "sw.js").read_text()
    told = current_app.json.dumps
    response = make_response(f"self.LANGBIANG = {told(kept)};\nimportScripts(...{told(parts)});\n{script}")
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)


@bp.get("/manifest.webmanifest")
@performs(Action.READ_PUBLIC)
def manifest() -> ResponseReturnValue:
    """The appearance of the pages when added to a telephone's home screen."""
    given = request.args.get(LANGUAGE, "")
    start = url_for("public.home", app=1)
    with force_locale(given if given in languages() else language()):
        content = {
            "id": start, "start_url": start, "scope": url_for("public.home"), "display": "standalone", "lang": language(),
            "name": _("Field reports"), "short_name": _("Reports"), "description": _("Send a report to the centre, also without a signal."),
            "theme_color": "#123B2C", "background_color": "#F4F6F4",
            "icons": [
                {"src": url_for("static", filename=f"img/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png",
                 "purpose": purpose} for size in ICONS for purpose in ("any", "maskable")
            ],
        }  # fmt: skip
    response = jsonify(content)
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.app_context_processor
def _told_to_pages() -> dict[str, Any]:
    # a cached page is shown to whoever holds the telephone, and cannot know who that will be
    return {"queue_owner": lambda: "" if g.get("is_kept_page") else owner_here()}


def kept_page(page: Callable[[], str]) -> Response:
    """An anonymous page in the language named by its address, else in the reader's."""
    given = request.args.get(LANGUAGE, "")
    response = make_response(_for_nobody(page, given if given in languages() else language()))
    response.headers["Cache-Control"] = "no-cache"
    return response


def _for_nobody(page: Callable[[], str], code: str) -> str:
    """Render a page as for a browser without cookies, in its own request and context."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    asked = {name: value for name, value in request.environ.items() if not name.startswith(("werkzeug.", "flask."))}
    asked |= {"HTTP_COOKIE": "", "QUERY_STRING": ""}
    # release this request's connection first: rendering takes another
    db.session.rollback()
    with app.app_context(), app.request_context(asked), force_locale(code):
        g.is_kept_page = True
        return page()


def _queue_page() -> str:
    return render_template("offline/queue.html")


def _away_page() -> str:
    return render_template("offline/away.html")


def _version() -> str:
    """The version of the cached pages: what they are made of, and the rules in them as of this month."""
    return sha256(f"{_made_of()} {rules_head()} {today():%Y-%m} {language()}".encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _made_of() -> str:
    """A digest of all templates, texts, styles and scripts: an unneeded update costs a telephone only some kilobytes."""
    root, known = Path(__file__).parent.parent, sha256()
    for pattern in MADE_OF:
        for path in sorted(root.glob(pattern)):
            known.update(path.read_bytes())
    return known.hexdigest()
