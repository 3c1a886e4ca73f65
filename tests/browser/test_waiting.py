"""The waiting of the browser tests, tried on pages that do what ours do at the wrong moment."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.browser.house import launched
from tests.browser.waiting import ask, ask_until, next_document

pytestmark = pytest.mark.browser

SITE = "http://waiting.example"
PAGES = {
    "/first": """<h1>first</h1><button onclick="history.replaceState(null, '', '/first?said'); setTimeout(() => location = '/second', 700)">
                 on</button>""",
    "/second": "<h1>second</h1>",
    "/leaves": "<h1>leaves</h1><script>setTimeout(() => location = '/second', 700)</script>",
    "/says": "<h1>says</h1><script>setTimeout(() => document.body.dataset.said = 'yes', 700)</script>",
}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0]
        route.fulfill(content_type="text/html", body=PAGES.get(path, ""))

    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page()
        page.route("**/*", answer)
        yield page
        browser.close()


def test_an_address_that_is_written_anew_is_not_the_next_document(page: Page) -> None:
    page.goto(f"{SITE}/first")
    with next_document(page):
        page.click("button")
    assert page.inner_text("h1") == "second"


def test_what_is_asked_of_a_page_that_leaves_is_asked_of_the_one_that_comes(page: Page) -> None:
    page.goto(f"{SITE}/leaves")
    slowly = "new Promise(told => setTimeout(() => told(document.querySelector('h1').textContent), 2000))"
    assert ask(page, slowly) == "second"


def test_a_notice_is_waited_for_until_the_page_says_it(page: Page) -> None:
    page.goto(f"{SITE}/says")
    assert ask_until(page, "document.body.dataset.said || ''") == "yes"
    with pytest.raises(AssertionError, match="says 'yes'"):
        ask_until(page, "document.body.dataset.said", "no".__eq__, patience=100)
