"""Sign-in of a demonstration in a browser: on one screen of a telephone and of a desk, by keyboard, with scripts and without."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from casework.bilingual import Bilingual
from tests import build
from tests.browser.house import PICTURES, House, opened
from tests.browser.judging import barriers, speak, too_wide
from tests.browser.waiting import next_document
from tests.web.pages import at
from web.demo.people import CENTRE, PASSWORD, DemoAccount

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONGEST = "Lãnh đạo đơn vị, Trung tâm Quản lý và Khai thác công trình công cộng"


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder = PICTURES / "offered"
        at(house.app, build.NOON)
        house.app.config["DEMO"] = True
        parts = [("operator", "Nhân viên tổ vận hành", "Operator"), ("lead", "Tổ trưởng vận hành", "Operations lead"),
                 *((f"officer{number}", f"{LONGEST} {number}", f"Agency leader, Public Works Centre {number}") for number in range(40))]
        house.app.extensions["demo_accounts"] = [
            DemoAccount(login, PASSWORD, "Nguyễn Thị Minh Họa", Bilingual(vi, en), CENTRE, number < 6)
            for number, (login, vi, en) in enumerate(parts)
        ]
        yield house
        house.app.extensions["demo_accounts"] = []


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1366, 768)])
def test_the_accounts_of_the_demonstration_fit_one_screen(house: House, language: str, width: int, height: int) -> None:
    page = house.visitor().go("/sign-in")
    speak(page, house.address, language)
    page.set_viewport_size({"width": width, "height": height})
    page.reload()
    assert page.locator("[data-folded]:visible").count() == 6
    bar = page.locator(".tabbar").bounding_box() if page.locator(".tabbar:visible").count() else None
    last = page.locator("main > details > summary").bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= (bar["y"] if bar else height)
    assert [*barriers(page), *too_wide(page), *house.faults] == []


@pytest.mark.exhaustive
def test_somebody_types_a_role_and_enters_with_the_keyboard(house: House) -> None:
    page = house.visitor().go("/sign-in")
    box = page.locator("#who")
    box.focus()
    page.keyboard.type("cong cong 17")
    assert page.locator("[data-folded]:visible").count() == 1
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.value") == "officer17"
    box.fill("nobody at all")
    assert page.locator("[data-nobody]").inner_text() == "Không có tài khoản nào như vậy."
    box.fill("")
    assert page.locator("[data-folded]:visible").count() == 6
    box.fill("van hanh")
    page.keyboard.press("Enter")
    with next_document(page):
        page.keyboard.press("Enter")
    assert page.url.endswith("/sign-in"), "nobody of that name has this password here"
    assert page.locator("[role=alert]").count()


@pytest.mark.exhaustive
def test_without_scripts_the_search_asks_the_server(house: House) -> None:
    page = house.visitor(scripts=False).go("/sign-in")
    page.fill("#who", "cong cong 17")
    with next_document(page):
        page.keyboard.press("Enter")
    assert page.locator("[data-folded]:visible").count() == 1
