"""The board and the television of a desk in a browser: by keyboard, at every size, with pages that turn and can be stopped."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from casework.db import db, unit_of_work
from casework.models import Account
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.judging import barriers, too_wide
from tests.browser.waiting import next_document
from tests.web.pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

FITS = """() => [...document.querySelectorAll("[data-page]:not([hidden]) li")].every(each =>
    each.getBoundingClientRect().bottom <= document.querySelector(".wall-steps").getBoundingClientRect().top)"""
SIZES = ((360, 780), (820, 780), (1366, 768), (1920, 1080))


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder, house.impacts = PICTURES / "board", EVERY_IMPACT
        at(house.app, build.NOON + timedelta(hours=1))
        yield house


def some_work(house: House) -> None:
    assert house.world is not None
    for state in ("to_verify", "to_classify", "to_publish"):
        build.case_at(house.world, state)
    for _number in range(10):
        build.case_at(house.world, "to_distribute")
    build.case_at(house.world, "to_distribute", now=build.NOON - timedelta(days=20))


def looked_at(page: Page, shown: str) -> list[str]:
    """What is wrong with a page at three sizes; a picture of each is kept."""
    faults = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        (PICTURES / "board").mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / "board" / f"{shown}-{width}.png")
        faults += [f"{shown} at {width}: {fault}" for fault in barriers(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        faults += [f"{shown} is {wide} pixels wide at {width}"] if wide > width else []
    faults += [f"{shown}: {fault}" for fault in too_wide(page, 320)]
    return faults


def test_the_board_is_walked_by_keyboard_and_the_television_turns_its_pages(house: House) -> None:
    some_work(house)
    visitor = house.visitor("operator")
    page = visitor.go("/inbox")
    page.get_by_role("link", name="Dạng bảng").click()
    expect(page.locator(".bcol")).to_have_count(4)
    assert looked_at(page, "board") == []
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("#b-distribute a").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.bcard') !== null"), "from the heading to the first card"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/tasks/.*back=/inbox\?view%3Ddistribute"))

    visitor.go("/desk-wall")
    shown = page.locator("[data-page]:not([hidden])")
    expect(page.locator("[data-page]")).to_have_count(3)
    expect(shown).to_have_count(1)
    expect(page.locator("[data-page-of]")).to_have_text("trang 1/3")
    assert looked_at(page, "wall") == []
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-page-of]")).to_have_text("trang 2/3")
    stop = page.get_by_role("button", name="Dừng lật trang")
    stop.click()
    expect(stop).to_have_attribute("aria-pressed", "true")
    for width, height in SIZES[1:]:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(FITS), width
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("getComputedStyle(document.querySelector('[data-page]:not([hidden])')).animationName") == "none"


def test_without_scripts_every_page_of_the_television_is_there(house: House) -> None:
    some_work(house)
    page = house.visitor("operator", scripts=False).go("/desk-wall")
    expect(page.locator("[data-page]:visible")).to_have_count(3)


def test_the_board_is_filtered_by_keyboard_and_the_filter_stays_between_board_and_list(house: House) -> None:
    some_work(house)
    assert house.world is not None
    urgent = build.case_at(house.world, "to_distribute", urgent=True)
    page = house.visitor("operator").go("/inbox/board")
    for width, height in SIZES[:2]:
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/inbox/board")
        page.locator(".inboxfilters > summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#f-urgency")).to_be_visible()
        assert list(barriers(page)) == [], width
        (PICTURES / "board").mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / "board" / f"filter-{width}.png")
        for _each in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "f-urgency":
                break
        page.keyboard.press("ArrowDown")
        for _each in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.filteracts button')"):
                break
        with next_document(page):
            page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/inbox/board\?urgency=urgent$"))
        expect(page.locator(".bcard")).to_have_count(2)                # to be called, and to be distributed
        expect(page.locator(".bcard", has_text=urgent.code)).to_have_count(2)
        assert list(barriers(page)) == [], width
        page.screenshot(path=PICTURES / "board" / f"filtered-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Dạng danh sách").click()
    expect(page).to_have_url(re.compile(r"/inbox\?urgency=urgent$"))
    page.get_by_role("link", name="Dạng bảng").click()
    expect(page).to_have_url(re.compile(r"/inbox/board\?urgency=urgent$"))
    page.get_by_role("link", name="Bỏ điều kiện này").click()
    expect(page.locator(".bcol")).to_have_count(5)
    expect(page).to_have_url(re.compile(r"/inbox/board$"))


ASKED = "window.dispatchEvent(new Event('online'))"
OVER = "Phiên làm việc đã hết: xin đăng nhập lại."


def test_the_television_says_that_the_network_is_away_and_goes_on_when_it_is_back(house: House) -> None:
    some_work(house)
    assert house.world is not None
    visitor = house.visitor("operator")
    page = visitor.go("/desk-wall")
    waiting = page.locator(".wall-kpis .kpi b").first
    before = int(waiting.inner_text())
    visitor.context.set_offline(True)
    expect(page.locator("[data-lost]")).to_contain_text("Mất kết nối từ")
    expect(page.locator("[data-fresh-line]")).to_be_hidden()
    expect(waiting).to_have_text(str(before))
    build.case_at(house.world, "to_classify")
    visitor.context.set_offline(False)
    expect(waiting).to_have_text(str(before + 1))
    expect(page.locator("[data-lost]")).to_be_hidden()
    expect(page.locator("[data-fresh-line]")).to_be_visible()


def signed_out(_house: House, page: Page) -> None:
    other = page.context.new_page()
    other.goto("/inbox/board")
    with next_document(other):
        other.evaluate("HTMLFormElement.prototype.submit.call(document.querySelector(\"form[action$='/sign-out']\"))")
    other.close()


def ended(house: House, _page: Page) -> None:
    at(house.app, build.NOON + timedelta(days=3))


def disabled(house: House, page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("[data-lost]")).to_be_visible()
    assert house.world is not None
    account = house.world.people["operator"]
    with unit_of_work():
        db.session.get_one(Account, account.id).disabled_at = build.NOON
    page.context.set_offline(False)


@pytest.mark.parametrize("ends", [signed_out, ended, disabled])
def test_once_the_session_is_over_the_television_says_so_and_shows_nothing(house: House, ends: Callable[[House, Page], None]) -> None:
    some_work(house)
    page = house.visitor("operator").go("/desk-wall")
    expect(page.locator("[data-page]")).to_have_count(3)
    ends(house, page)
    page.evaluate(ASKED)
    expect(page.locator("[data-wallboard]")).to_contain_text(OVER)
    for gone in (".wall-kpis", "[data-page]", ".wall-steps", "[data-turn]:visible", "[data-lost]:visible", "[data-fresh-line]:visible"):
        expect(page.locator(gone)).to_have_count(0)
    assert list(barriers(page)) == []
    (PICTURES / "board").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "board" / f"wall-over-{ends.__name__}.png")
    page.locator("[data-wallboard]").get_by_role("link", name="Đăng nhập").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
