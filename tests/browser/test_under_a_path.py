"""The program under a path of its host, in a browser: the service worker, the scripts and the ways back stay under it."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests import build
from tests.browser.house import House, opened
from tests.browser.waiting import ask_until, next_document

pytestmark = [pytest.mark.browser]

ROOT = "/phan-anh"
KEPT = """async () => (await Promise.all((await caches.keys()).map(async name => (await caches.open(name)).keys())))
  .flat().map(each => new URL(each.url).pathname)"""


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment | {"LANGBIANG_BASE_URL": f"http://127.0.0.1{ROOT}"}) as house:
        yield house


@pytest.mark.exhaustive
def test_a_telephone_without_a_signal_has_the_pages_that_lie_under_the_path(house: House) -> None:
    guest, root = house.visitor(), f"{house.address}{ROOT}"
    page = guest.go(f"{root}/reports/new")
    assert ask_until(page, "navigator.serviceWorker.ready.then(each => each.scope)", bool) == f"{root}/"
    kept = ask_until(page, KEPT, lambda paths: f"{ROOT}/offline/away" in paths)
    assert all(path.startswith(f"{ROOT}/") for path in kept)
    assert any(path.endswith(".css") for path in kept)
    guest.context.set_offline(True)
    guest.go(f"{root}/track")
    expect(page.get_by_role("link", name="Gửi phản ánh").first).to_be_visible()
    guest.go(f"{root}/reports/new")
    expect(page.locator("[name=words]")).to_be_visible()
    assert house.faults == []


def test_staff_sign_in_change_the_language_and_sign_out_under_the_path(house: House) -> None:
    assert house.world is not None
    step = build.waiting(build.case_at(house.world, "to_verify"), "verify").ref
    operator, root = house.visitor(), f"{house.address}{ROOT}"
    page = operator.go(f"{root}/tasks/{step}")
    page.fill("#login", "operator")
    page.fill("#password", build.PASSWORD)
    with next_document(page, lambda url: "/sign-in" not in url):
        page.press("#password", "Enter")
    assert page.url == f"{root}/tasks/{step}"
    page.click(".comfort-menu summary")
    with next_document(page):
        page.get_by_role("link", name="English").first.click()
    assert page.url.rstrip("?") == f"{root}/tasks/{step}"
    with next_document(page):
        page.click(".sitebar form[action$='/sign-out'] button")
    assert page.url == f"{root}/"
    assert house.faults == []
