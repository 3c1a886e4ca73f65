"""What browsers and caches keep for good is the same for everybody: it comes without a cookie and varies by nobody's."""
from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask, Response, g, session
from werkzeug.test import TestResponse

import web
from casework.models import File
from casework.photos.records import copy_for
from casework.public.photos import mark_of
from tests.web.desk import Office
from tests.web.public.test_map_pages import bounded
from tests.with_photos import pictured_case, scene_photo

SAY_IMMUTABLE = {"http/static_files.py", "public/map_pages.py", "files/photos.py"}
"""Modules that let something be kept for good; every kind of it is asked for below."""


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def kept_alike(answer: TestResponse) -> tuple[int, bool, list[str], set[str]]:
    """The status, whether it is kept for good, its cookies, and what else than the packing it varies by."""
    kept = answer.headers
    varies = {each.strip() for each in kept.get("Vary", "").split(",")} - {"", "Accept-Encoding"}
    return answer.status_code, "immutable" in kept["Cache-Control"], kept.getlist("Set-Cookie"), varies


def test_no_other_module_lets_anything_be_kept_for_good() -> None:
    root = Path(web.__file__).parent
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if re.search(r"= .*(\bFOREVER\b|immutable\")", path.read_text())}
    assert found == SAY_IMMUTABLE


def test_files_map_layers_and_published_photos_bring_no_cookie_and_vary_by_none(office: Office) -> None:
    filed = pictured_case(office.world, office.app.config["FILES"], "rating")
    photo = scene_photo(filed)
    copy = copy_for(photo, "public", "view")
    assert isinstance(copy, File)
    bounded(office)
    page = office.get("operator", "/intake/call").get_data(as_text=True)
    layer, style = re.search(r'data-areas="([^"]+)"', page), re.search(r'href="(/static/[^"]+\?v=[0-9a-f]+)"', page)
    assert layer is not None
    assert style is not None
    addresses = [style[1], unescape(layer[1]), f"/photos/{photo.ref}/public/view?v={mark_of(copy.sha256)}"]
    for name in ("operator", "citizen"):
        browser = office.browser(name)
        for address in addresses:
            # the language was chosen in this session, and the browser has lost the cookie that keeps it
            browser.post("/language", data={"code": "en"})
            browser.delete_cookie("langbiang_language")
            assert kept_alike(browser.get(address, buffered=True)) == (200, True, [], set()), (name, address)


def test_what_caches_keep_for_an_hour_or_may_keep_at_all_brings_no_cookie_either(office: Office) -> None:
    browser = office.browser("operator")
    for address in ("/static/css/tokens.css", "/robots.txt", "/manifest.webmanifest", "/map/areas/" + office.world.centre.ref + ".geojson"):
        browser.post("/language", data={"code": "en"})
        browser.delete_cookie("langbiang_language")
        answer = browser.get(address, buffered=True)
        assert (answer.status_code, "public" in answer.headers["Cache-Control"]) == (200, True), address
        assert answer.headers.getlist("Set-Cookie") == [], address


def test_a_view_that_kept_something_in_the_session_still_sends_no_cookie_with_what_caches_keep(office: Office) -> None:
    def careless() -> Response:
        session["language"], g.language_asked = "en", True
        answer = Response("x")
        answer.headers["Cache-Control"] = kept
        return answer

    endpoint = "for_search_engines.robots"
    careless.action = office.app.view_functions[endpoint].action  # type: ignore[attr-defined]
    office.app.view_functions[endpoint] = careless
    for kept in ("public, max-age=31536000, immutable", "public, max-age=600"):
        assert office.browser("operator").get("/robots.txt").headers.getlist("Set-Cookie") == [], kept
    kept = "private, no-store"
    assert office.browser("operator").get("/robots.txt").headers.getlist("Set-Cookie") != [], "or nothing was tried here"
