from __future__ import annotations
from datetime import UTC, datetime, timedelta
from collections.abc import Iterator
import pytest
from playwright.sync_api import expect
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.judging import barriers

@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment | {"LANGBIANG_TAKE_BACK_SECONDS": "60"}) as house:
        house.impacts = EVERY_IMPACT
        yield house

def test_look(house: House) -> None:
    world, now = house.world, datetime.now(UTC)
    for number, state in enumerate(("at_agency", "handling", "handling", "to_distribute", "to_publish", "to_verify")):
        build.case_at(world, state, now=now - timedelta(days=1, hours=number), urgent=number == 1)
    (PICTURES / "zz").mkdir(parents=True, exist_ok=True)
    faults = []
    for name, login, path in (("inbox", "operator", "/inbox"), ("field", "officer_ptnmt", "/field"), ("bell", "operator", "/bell")):
        page = house.visitor(login).go(path)
        page.wait_for_timeout(2500)
        for width, height in ((360, 780), (1366, 768)):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=PICTURES / "zz" / f"{name}-{width}.png")
            faults += [f"{name} {width} {each}" for each in barriers(page)]
            if page.evaluate("document.documentElement.scrollWidth") > width: faults.append(f"{name} {width} wide")
        if name == "field":
            page.set_viewport_size({"width": 360, "height": 780})
            page.locator("[data-do=write]:visible").first.click()
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / "zz" / "field-write-360.png")
            faults += [f"{name} write {each}" for each in barriers(page)]
    page = house.visitor("operator").go("/inbox")
    for width, height in ((360, 780), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/inbox")
        page.wait_for_timeout(500)
        page.keyboard.press("Control+k")
        page.wait_for_timeout(500)
        page.keyboard.type("rac")
        page.wait_for_timeout(2500)
        page.screenshot(path=PICTURES / "zz" / f"palette-{width}.png")
        faults += [f"palette {width} {each}" for each in barriers(page)]
    case = build.case_at(world, "approval", now=now - timedelta(days=2))
    page = house.visitor("leader_ptnmt").go(f"/tasks/{build.waiting(case, 'approve_answer').ref}")
    page.keyboard.press("d")
    page.wait_for_timeout(2500)
    for width, height in ((360, 780), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        page.screenshot(path=PICTURES / "zz" / f"held-{width}.png")
    faults += [f"held {each}" for each in barriers(page)]
    assert faults == []
