"""A third language is a catalogue alone: here one that is written from right to left, with marks instead of translations."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from casework.figures.keeping import count_public_figures
from casework.public.cases import public_list
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.judging import UNFOLD, too_wide
from tests.browser.waiting import next_document
from tests.web.pages import at

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

ROOT = Path(__file__).parent.parent.parent
PAGES = ("/", "/reports", "/reports/new", "/reports?view=map", "/transparency", "/track", "/help", "/privacy", "/sign-in")

LINKS = ((".linklist a > .i", ".linklist a > span"), (".linklist a > span", ".linklist a > .i:last-child"))
RIGHT_OF = {
    "/": ((".brandmark", ".brand > span"), (".tabbar a:first-child", ".tabbar a:last-child"), (".brand", ".sitebar-end")),
    "/reports/new": ((".consent input", ".consent label"), (".urgentrow input", ".urgentrow b")),
    "/reports": ((".pitem .status", ".pitem .due"),),
    "/reports/CODE": (*LINKS, (".facts dt", ".facts dd")),
    "/reports/CODE/receipt": (
        *LINKS, (".rc-head > .i", ".rc-head h1"), (".codes-grid > div", ".codes-grid .qrbox"), (".facts dt", ".facts dd"),
    ),
    "/transparency": ((".aline summary > b", ".aline summary > .n"),),
    "/mine/CODE": (*LINKS, (".progress5 > li:first-child", ".progress5 > li:last-child")),
}
"""By address: what stands to the right of what in such a language, with room between. CODE: a report that waits to be rated."""

STANDS_RIGHT = """pair => {
    const [right, left] = pair.map(each => (document.querySelector(each) || new Image()).getBoundingClientRect());
    return left.width > 0 && right.width > 0 && right.left >= left.right + 4;
}"""

TURNED = "matrix(-1, 0, 0, 1, 0, 0)"

STARTS_LEFT = """() => [...document.querySelectorAll("main *")].filter(each => {
    const style = getComputedStyle(each), text = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    return text && style.direction === "rtl" && style.textAlign === "left" && !each.closest("svg, .leaflet-container");
}).map(each => each.outerHTML.slice(0, 90))"""
"""Text that a style has left on the left."""


@pytest.fixture
def house(sqlite_environment: dict[str, str], tmp_path: Path) -> Iterator[House]:
    catalogue = tmp_path / "ar/LC_MESSAGES/messages.po"
    subprocess.run([sys.executable, ROOT / "tools/translations.py", "--pseudo", catalogue], check=True, capture_output=True)
    with opened(sqlite_environment | {"LANGBIANG_TRANSLATIONS": str(tmp_path)}) as house:
        house.folder, house.impacts = PICTURES / "further-language", EVERY_IMPACT
        at(house.app, build.NOON + timedelta(hours=1))
        yield house


def test_pages_are_read_from_right_to_left_in_a_language_that_only_has_a_catalogue(house: House) -> None:
    assert house.world is not None
    build.case_at(house.world, "rating")
    guest = house.visitor()
    page = guest.go("/")
    assert page.locator("html").get_attribute("dir") is None
    with next_document(page):
        page.locator(".foot-end").get_by_role("link", name="العربية").click()
    for address in PAGES:
        guest.go(address)
        assert page.locator("html").get_attribute("dir") == "rtl", address
        assert page.locator("html").get_attribute("lang") == "ar", address
        assert page.locator("h1").first.inner_text().startswith("⟦"), address
        house.faults += [f"{address}: {fault}" for fault in too_wide(page, 320, 360, 1366)]
    assert page.evaluate("getComputedStyle(document.querySelector('.brandmark')).marginLeft") == "10px"
    guest.look("right-to-left")
    assert house.faults == []


def test_what_begins_a_line_stands_at_its_right_on_every_page_for_citizens(house: House) -> None:
    assert house.world is not None
    case = build.case_at(house.world, "rating")
    count_public_figures(build.NOON + timedelta(hours=1))
    citizen = house.visitor(build.PHONE)
    page = citizen.page
    citizen.go("/language?code=ar&next=/")
    for address, pairs in RIGHT_OF.items():
        citizen.go(address.replace("CODE", case.code))
        page.set_viewport_size({"width": 360, "height": 740})
        turned = [pair for pair in pairs if not page.evaluate(STANDS_RIGHT, pair)]
        house.faults += [f"{address}: {right} is not right of {left}" for right, left in turned]
        page.evaluate(UNFOLD)
        house.faults += [f"{address}: {each}" for each in page.evaluate(STARTS_LEFT)]
        house.faults += [f"{address}, unfolded: {fault}" for fault in too_wide(page, 320, 360, 1366)]
    citizen.go(f"/reports/{case.code}")
    assert page.evaluate("getComputedStyle(document.querySelector('.crumbs use')).transform") == TURNED, "the arrow points back"
    assert house.faults == []


POINTS = """link => {
    const icon = link.querySelector(".i").getBoundingClientRect(), words = document.createRange();
    words.selectNodeContents(link);
    const all = words.getBoundingClientRect(), side = icon.left + icon.width / 2 < all.left + all.width / 2 ? "left" : "right";
    return [side, getComputedStyle(link.querySelector("use")).transform];
}"""
"""On which side of its words the arrow of a link stands, and how it is turned."""


def test_the_arrows_between_the_pages_of_a_list_point_where_one_reads_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert house.world is not None
    for _ in range(2):
        build.case_at(house.world, "rating")
    monkeypatch.setitem(public_list.__kwdefaults__, "size", 1)
    guest = house.visitor()
    page = guest.page
    for language, onward, back in (("vi", ["right", "none"], ["left", "none"]), ("ar", ["left", TURNED], ["right", TURNED])):
        guest.go(f"/language?code={language}&next=/reports")
        assert page.eval_on_selector("a[rel=next]", POINTS) == onward, language
        with next_document(page):
            page.click("a[rel=next]")
        assert page.eval_on_selector("a[rel=prev]", POINTS) == back, language
        house.faults += [f"{language}: {fault}" for fault in too_wide(page, 320, 360, 1366)]
    assert house.faults == []


def test_vietnamese_keeps_its_plurals_beside_another_catalogue(house: House) -> None:
    page = house.visitor().go("/privacy")
    assert "30 ngày" in page.locator("dl.facts").inner_text()


def test_the_names_of_places_and_fields_are_english_where_there_is_no_translation(house: House) -> None:
    guest = house.visitor()
    page = guest.go("/language?code=ar&next=/reports/new")
    assert "Road safety" in page.content() or "Urban" in page.content()


def test_a_browser_that_asks_for_the_further_language_alone_gets_it(house: House) -> None:
    for asked, shown in (("ar", "ar"), ("fr", "vi")):
        page = house.browser.new_context(base_url=house.address, locale=asked).new_page()
        page.goto("/")
        assert page.locator("html").get_attribute("lang") == shown
