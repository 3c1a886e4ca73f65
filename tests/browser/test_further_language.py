"""A third language is a catalogue alone: here one that is written from right to left, with marks instead of translations."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.judging import too_wide
from tests.browser.waiting import next_document
from tests.web.pages import at

pytestmark = [pytest.mark.browser]

ROOT = Path(__file__).parent.parent.parent
PAGES = ("/", "/reports", "/reports/new", "/reports?view=map", "/transparency", "/track", "/help", "/privacy", "/sign-in")


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
