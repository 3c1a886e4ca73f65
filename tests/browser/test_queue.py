"""The queue in a browser: next to the step from 1200 pixels on, walked by keys, and one step after the other without the inbox between."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import request, request_finished
from playwright.sync_api import Page, expect

from tests import build
from tests.browser.house import DESK, PHONE, PICTURES, House, opened
from tests.browser.waiting import next_document

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

VIEW = "/inbox?view=verify"
LARGE_ENOUGH = """() => [...document.querySelectorAll(".walk a")].map(each => each.getBoundingClientRect())
    .every(box => box.width >= 44 && box.height >= 44)"""
IN_SIGHT = """() => { const row = document.querySelector(".queue [data-at]").getBoundingClientRect(),
    list = document.querySelector(".queue ol").getBoundingClientRect(); return row.top >= list.top && row.bottom <= list.bottom + 1; }"""


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder = PICTURES / "queue"
        now = datetime.now(UTC)
        for number in range(9):
            words = f"Đống rác thứ {number} ven suối, nước đọng, mùi rất nặng, dân trong thôn không qua lại được."
            build.file_report(house.world, now=now - timedelta(minutes=30 - number), words=words, marked_urgent=number == 3)
        build.case_at(house.world, "to_classify", now=now - timedelta(days=4))
        yield house


def walked(page: Page, key: str) -> str:
    with next_document(page):
        page.keyboard.press(key)
    return page.url


def refuse(page: Page) -> None:
    page.locator("details.refusebox > summary").click()
    page.select_option("[name=reason]", "khong_ro_noi_dung")
    page.fill("[name=refusal_words]", "Chưa rõ nơi xảy ra, xin gửi lại.")
    with next_document(page):
        page.locator("button[name=act][value=refuse]").click()


def test_one_step_after_the_other_without_the_inbox_between(house: House) -> None:
    operator = house.visitor("operator")
    page = operator.go(VIEW)
    with next_document(page):
        page.locator("[data-row] a").nth(4).click()
    queue, walk = page.locator("nav.queue"), page.locator("nav.walk")
    expect(queue).to_be_visible()
    expect(queue.locator("li")).to_have_count(9)
    expect(walk).to_contain_text("Việc 5/9")
    fifth = page.url
    assert walked(page, "j") != fifth
    expect(walk).to_contain_text("Việc 6/9")
    assert walked(page, "k") == fifth
    for _ in range(4):
        walked(page, "j")
    expect(walk).to_contain_text("Việc 9/9")
    expect(walk.get_by_role("link", name="Việc sau")).to_have_count(0)
    page.wait_for_function(IN_SIGHT)                                # the list is scrolled to the step at hand
    page.go_back()
    expect(walk).to_contain_text("Việc 8/9")

    page.locator("[name=title]").focus()
    page.keyboard.type("jk")
    expect(walk).to_contain_text("Việc 8/9")
    page.locator("[name=title]").fill("")
    operator.look("step-with-its-queue", closely=True)
    asked: list[str] = []

    def hear(_app: object, **_: object) -> None:
        if request.endpoint not in ("static", "drafts.keep", "inbox.pulse", "presence.pulse"):
            asked.append(request.method)

    with request_finished.connected_to(hear, house.app):
        refuse(page)
        page.wait_for_load_state("networkidle")
    assert asked == ["POST", "GET"], "a step is two requests: the form, and the page it leads to with the queue"
    expect(page.get_by_role("status").first).to_contain_text("LD-")
    expect(walk).to_contain_text("Việc 1/8")                        # what was reported urgent comes before the one due next
    with next_document(page):
        queue.locator("li a").nth(6).click()
    expect(queue.locator("[aria-current=true]")).to_have_count(1)
    expect(walk).to_contain_text("Việc 7/8")
    with next_document(page):
        page.keyboard.press("b")
    assert VIEW in page.url
    assert not house.faults, "\n".join(house.faults)


def test_the_skip_link_leads_past_the_list_to_the_step(house: House) -> None:
    page = house.visitor("operator").go(VIEW)
    with next_document(page):
        page.locator("[data-row] a").first.click()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#step').contains(document.activeElement)")


def test_on_a_telephone_the_list_is_no_burden_and_the_ways_stay(house: House) -> None:
    page = house.visitor("operator").go(VIEW)
    with next_document(page):
        page.locator("[data-row] a").nth(1).click()
    for size in (PHONE, {"width": 1199, "height": 800}):
        page.set_viewport_size(size)                                # type: ignore[arg-type]
        expect(page.locator("nav.queue")).to_be_hidden()
        expect(page.locator("nav.walk")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.set_viewport_size(PHONE)                                   # type: ignore[arg-type]
    assert page.evaluate(LARGE_ENOUGH)
    with next_document(page):
        page.get_by_role("link", name="Việc sau").click()
    expect(page.locator("nav.walk")).to_contain_text("Việc 3/9")
    page.set_viewport_size(DESK)                                    # type: ignore[arg-type]
    expect(page.locator("nav.queue")).to_be_visible()


def test_without_scripts_the_list_and_the_ways_are_links(house: House) -> None:
    page = house.visitor("operator", scripts=False).go(VIEW)
    page.locator("[data-row] a").first.click()
    expect(page.locator("nav.queue")).to_be_visible()
    page.get_by_role("link", name="Việc sau").click()
    expect(page.locator("nav.walk")).to_contain_text("Việc 2/9")
