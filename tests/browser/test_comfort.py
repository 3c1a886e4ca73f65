"""Text size, contrast and the transparency page in a browser: by keyboard, nothing typed is lost, nothing runs off a narrow screen."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from casework.figures.keeping import count_public_figures
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, Visitor, opened
from tests.browser.judging import too_wide
from tests.browser.waiting import next_document
from tests.web.pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

NARROW = 320


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder, house.impacts = PICTURES / "comfort", EVERY_IMPACT
        at(house.app, build.NOON + timedelta(hours=1))
        yield house


def open_menu(visitor: Visitor) -> None:
    """With the Tab and Enter keys alone."""
    for _ in range(12):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("!!document.activeElement.closest('.comfort-menu')"):
            visitor.page.keyboard.press("Enter")
            return
    raise AssertionError("the menu is not reached")


def test_text_grows_by_keyboard_without_losing_what_was_typed_and_fits_a_narrow_screen(house: House) -> None:
    assert house.world is not None
    case = build.case_at(house.world, "rating")
    count_public_figures(build.NOON + timedelta(hours=1))
    guest = house.visitor()
    page = guest.go("/reports/new")
    words = page.locator("textarea").first
    words.fill("Có đống rác lớn ven suối.")
    page.locator(".skip").focus()
    with page.expect_request("**/comfort?*"):
        open_menu(guest)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.text") == "large"
    with page.expect_response("**/comfort?*"):
        page.keyboard.press("Enter")
    with page.expect_response("**/comfort?*"):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    assert words.input_value() == "Có đống rác lớn ven suối."
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "22.4px"
    assert page.get_by_role("button", name="Tương phản cao").get_attribute("aria-pressed") == "true"

    faults = []
    page.on("dialog", lambda dialog: dialog.accept())
    for address in ("/", "/transparency?period=2026-03", "/reports", f"/reports/{case.code}", "/reports/new", "/track", "/sign-in"):
        guest.go(address)
        root = page.locator("html")
        assert (root.get_attribute("data-text"), root.get_attribute("data-contrast")) == ("larger", "more"), address
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        faults += [f"{address}: {fault}" for fault in too_wide(page, NARROW)]
    assert faults + house.faults == []

    without_scripts = house.visitor(scripts=False)
    page = without_scripts.go("/transparency")
    page.locator(".comfort-menu summary").click()
    with next_document(page):
        page.get_by_role("button", name="Chữ to hơn").click()
    assert "/transparency" in page.url
    assert page.locator("html").get_attribute("data-text") == "large"
