"""Two versions side by side in a real browser: drawn, marked, moved together, and read at every width and without scripts."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Account, Centre
from casework.permissions import actor_for
from tests import build
from tests import drawn_steps as drawn
from tests.browser.house import DESK, PHONE, House, opened
from tests.browser.judging import too_wide
from tests.browser.waiting import PATIENCE
from tests.conftest import environment_of
from workflows.definitions.process import shipped_table
from workflows.drafting.drafts import start_draft
from workflows.routing.rows import rows_of, with_rows
from workflows.versions.live import FIELD_REPORT, ROUTING

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

BOXES = """() => [...document.querySelectorAll("[data-model]")].map(canvas => {
  const box = canvas.querySelector(".viewport").getAttribute("transform");
  return box && box.match(/-?[\\d.]+/g).map(each => Math.round(Number(each) * 100) / 100);
})"""


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    variables = environment_of(tmp_path_factory.mktemp("comparing"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with opened(variables) as house:
        yield house


def draft(key: str, xml: bytes) -> str:
    account = db.session.scalars(select(Account).where(Account.login == "administrator")).one()
    centre_id = db.session.scalars(select(Centre.id)).one()
    with unit_of_work():
        return start_draft(by=actor_for(account, now=build.NOON), now=build.NOON, key=key, centre_id=centre_id, xml=xml).ref


def views(page: Page) -> list[Any]:
    """Where each drawing stands, as its viewport is moved and scaled."""
    return list(page.evaluate(BOXES))


def test_both_drawings_are_marked_and_move_together_and_nothing_is_too_wide(house: House) -> None:
    ref = draft(FIELD_REPORT, drawn.costly_model().replace("Phân loại".encode(), "Phân loại lại".encode()))
    visitor = house.visitor("administrator")
    page = visitor.go(f"/studio/versions/{ref}/compare")
    page.wait_for_selector("[data-compare][data-drawn]", timeout=PATIENCE)
    assert page.locator("[data-model] .step-added, [data-model] .step-removed").count() > 4
    assert page.locator("[data-model]").first.locator(".drawn-changed").count() == 1
    old, new = views(page)
    assert old == pytest.approx(new, abs=0.02)
    page.click("[data-zoom=in]")
    page.wait_for_function("before => document.querySelector('.viewport').getAttribute('transform') !== before", arg=str(old))
    assert views(page)[0] == pytest.approx(views(page)[1], abs=0.02) != old
    page.uncheck("[data-together]")
    second = page.locator("[data-model]").nth(1)
    second.scroll_into_view_if_needed()
    box = second.bounding_box()
    assert box is not None
    before = views(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + 70, steps=4)
    page.mouse.up()
    assert views(page)[0] == before[0]
    page.click(".sentences [data-to-element=classify]")
    assert page.locator("[data-model]").nth(1).locator("[data-element-id=classify]").is_visible()
    page.evaluate("scrollTo(0, 0)")
    for size, name in ((PHONE, "360"), (DESK, "1366")):
        page.set_viewport_size(size)
        page.screenshot(path=house.folder / f"compare-{name}.png", full_page=True)
    assert list(too_wide(page)) == []
    visitor.go(f"/studio/versions/{ref}")
    page.screenshot(path=house.folder / "compare-version.png", full_page=True)
    assert house.faults == []


def test_a_table_and_a_page_without_scripts_say_it_in_words(house: House) -> None:
    rows = rows_of(shipped_table())
    table = draft(ROUTING, with_rows(shipped_table(), [rows[1], rows[0], *rows[3:]]).replace(b'"PTNMT"', b'"HKL"', 1))
    page = house.visitor("administrator").go(f"/studio/versions/{table}/compare")
    for size, name in ((PHONE, "360"), (DESK, "1366")):
        page.set_viewport_size(size)
        page.screenshot(path=house.folder / f"compare-table-{name}.png", full_page=True)
    assert list(too_wide(page)) == []
    plain = house.visitor("administrator", scripts=False).go(f"/studio/versions/{draft(FIELD_REPORT, drawn.legal_model())}/compare")
    assert plain.get_by_text("Tổ trưởng vận hành có thêm bước").first.is_visible()
    assert "Sơ đồ cần JavaScript" in plain.locator("noscript p").inner_text()
    assert plain.locator("[data-compare-tools]").is_hidden()
    assert house.faults == []
