"""For search engines: robots.txt, and the addresses of published pages."""

from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response, current_app, make_response, url_for
from flask.typing import ResponseReturnValue

from casework.permissions import Action
from casework.public.feed import listed_items
from casework.public.filters import PublicFilter, PublicState
from web.addresses import on_the_web
from web.guards import performs
from web.http.replica import may_be_behind

bp = Blueprint("for_search_engines", __name__)

PAGES = ("public.home", "public.reports", "filing.new_report", "transparency.transparency", "consent.privacy", "public.help_page",
         "foot.accessibility", "foot.licences")
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
AN_HOUR = "public, max-age=3600"


@bp.get("/robots.txt")
@performs(Action.READ_PUBLIC)
def robots() -> ResponseReturnValue:
    """Whether a page may be indexed is in its own headers (web/http/security.py); a demonstration is excluded entirely."""
    shut = url_for("public.home") if current_app.config["DEMO"] else ""
    return _kept(f"User-agent: *\nDisallow: {shut}\n\nSitemap: {on_the_web(url_for('.sitemap'))}\n", "text/plain")


@bp.get("/sitemap.xml")
@performs(Action.READ_PUBLIC)
@may_be_behind
def sitemap() -> ResponseReturnValue:
    """The public pages and the newest answered cases."""
    root = Element("urlset", xmlns=NAMESPACE)
    for endpoint in PAGES:
        _add(root, url_for(endpoint))
    for item in listed_items(PublicFilter(state=PublicState.ANSWERED)):
        _add(root, url_for("public.report", code=item.code))
    return _kept(tostring(root, encoding="utf-8", xml_declaration=True), "application/xml")


def _add(root: Element, path: str) -> None:
    SubElement(SubElement(root, "url"), "loc").text = on_the_web(path)


def _kept(body: str | bytes, mimetype: str) -> Response:
    answer = make_response(body)
    answer.mimetype = mimetype
    answer.headers["Cache-Control"] = AN_HOUR
    return answer
