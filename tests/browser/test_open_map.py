"""The map of open work in a browser: a point and its row are one selection, near cases are one circle, and the list is the page alone."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from casework.db import unit_of_work
from casework.intake.file_report import Place
from tests import build
from tests.browser.house import House, opened
from tests.casework.places.test_boundaries import polygon
from tests.web.pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        at(house.app, build.NOON + timedelta(hours=3))
        yield house


def test_a_point_and_its_row_are_one_selection_and_the_list_is_the_page_alone(house: House) -> None:
    world = house.world
    assert world is not None
    near, beside, far = (
        build.case_at(world, state, urgent=state == "handling", place=Place(area=world.area, latitude=latitude, longitude=108.41))
        for state, latitude in (("to_distribute", 12.04), ("handling", 12.041), ("at_agency", 12.16))
    )  # fmt: skip
    with unit_of_work():
        world.area.boundary = polygon([[108.3, 12.0], [108.5, 12.0], [108.5, 12.2], [108.3, 12.2], [108.3, 12.0]])
        name = world.area.name_vi
    visitor = house.visitor("operator")
    page = visitor.go("/open-map")
    expect(page.locator(".map-name-own")).to_have_text(f"{name} · 3")
    several, alone = page.locator(".omap-pin:has(.omap-many)"), page.locator(".omap-pin:not(:has(.omap-many))")
    expect(several).to_have_count(1)
    expect(several.locator(".mk-urgent")).to_have_text("1")
    expect(alone).to_have_count(1)

    alone.click()
    row = page.locator(f".orow[data-code='{far.code}']")
    expect(row.get_by_role("link")).to_be_focused()
    expect(row.get_by_role("link")).to_have_attribute("aria-current", "true")
    card = page.locator("[data-card]")
    expect(card).to_contain_text(far.code)
    # by keyboard: the row of another case chooses its point
    page.locator(f".orow[data-code='{beside.code}'] a").focus()
    expect(card).to_contain_text(beside.code)
    expect(page.locator(".omap-pin.is-sel .omap-many")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    several.click()
    expect(alone).to_have_count(3)
    page.get_by_role("button", name="Xem toàn bộ").click()
    expect(several).to_have_count(1)
    page.get_by_role("link", name="Khẩn").first.click()
    expect(page.locator(".orow")).to_have_count(1)
    visitor.look("open-map")

    plain = house.visitor("operator", scripts=False)
    plain.go("/open-map")
    expect(plain.page.locator(".omap-stage")).to_be_hidden()
    plain.page.locator(f".orow[data-code='{near.code}'] a").click()
    expect(plain.page.locator(".casebar")).to_contain_text(near.code)


def test_opened_from_a_case_the_map_shows_that_case_chosen_and_in_its_middle(house: House) -> None:
    world = house.world
    assert world is not None
    case, beside = (
        build.case_at(world, "handling", place=Place(area=world.area, latitude=latitude, longitude=108.41)) for latitude in (12.04, 12.0425)
    )
    page = house.visitor("ops_lead").go(f"/cases/{case.ref}")
    page.get_by_role("link", name="Việc gần đây").click()
    card = page.locator("[data-card]")
    expect(card).to_contain_text(case.code)
    expect(page.locator(f".orow[data-code='{case.code}'] a")).to_have_attribute("aria-current", "true")
    expect(page.locator(f".orow[data-code='{beside.code}']")).to_have_count(1)
    stage, chosen = page.locator("[data-open-map]").bounding_box(), page.locator(".omap-pin.is-sel").bounding_box()
    assert stage is not None
    assert chosen is not None
    for side, length in (("x", "width"), ("y", "height")):
        assert abs(stage[side] + stage[length] / 2 - chosen[side] - chosen[length] / 2) < 30, "its point is in the middle"
