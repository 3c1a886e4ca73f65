"""The public list with its map, and a case's page, in a real browser: what is fetched when, what a keyboard reaches, what filters keep.

Pictures at 320, 360 and 1366 pixels go to var/screenshots/public/.
"""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Field, Publication
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.waiting import next_document
from tests.web.pages import at
from tests.with_photos import pictured_case

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LITTLE = {"width": 320, "height": 640}


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder, house.impacts = PICTURES / "public", EVERY_IMPACT
        house.sizes = (LITTLE, *house.sizes)
        at(house.app, build.NOON + timedelta(hours=3))
        yield house


def published(house: House) -> list[str]:
    """Three cases close together, two of which show where, and one before its publication; their codes."""
    world = house.world
    assert world is not None
    pictured = pictured_case(world, house.app.extensions["file_store"].root, "rating").case
    others = [build.case_at(world, "rating", by="citizen_2", now=build.NOON + timedelta(minutes=minute)) for minute in (1, 2)]
    open_ = build.case_at(world, "handling", urgent=True, now=build.NOON + timedelta(minutes=3))
    with unit_of_work():
        for number, case in enumerate((pictured, *others)):
            row = db.session.merge(case)
            row.latitude, row.longitude = 12.1 + number / 10_000, 108.4
        for publication in db.session.scalars(select(Publication).order_by(Publication.id).limit(2)):
            publication.current.shows_exact_place = True
    return [case.code for case in (pictured, *others, open_)]


def test_list_map_and_case_are_read_with_and_without_scripts(house: House) -> None:
    codes, fetched, field = published(house), list[str](), db.session.scalars(select(Field.service_code).order_by(Field.id)).first()
    guest = house.visitor()
    guest.page.on("request", lambda request: fetched.append(request.url))
    guest.page.set_viewport_size({"width": 360, "height": 740})
    guest.go("/reports?q=rac")
    assert not [url for url in fetched if "leaflet" in url or "points.json" in url]
    guest.press("Xem bản đồ")
    page = guest.page
    assert "q=rac" in page.url
    assert "view=map" in page.url
    expect(page.locator("[data-map-words]")).to_contain_text("2 phản ánh có vị trí")
    assert [url for url in fetched if not url.startswith((house.address, "data:", "blob:"))] == []
    expect(page.get_by_role("button", name="2 phản ánh gần nhau")).to_be_visible()

    guest.go(f"/reports?field={field}&state=answered")
    page.set_viewport_size({"width": 1366, "height": 900})
    guest.go("/reports?state=answered")
    group = page.get_by_role("button", name="2 phản ánh gần nhau")
    expect(group).to_be_visible()
    expect(page.locator(".pin-area")).to_have_count(0)
    # by keyboard alone: they stand too close to be told apart, so the group says which they are
    group.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pin-list a")).to_have_count(2)
    expect(page.locator(".pin-list a").first).to_be_focused()
    guest.look("map-wide")
    with next_document(page):
        page.locator(".pin-list a").first.press("Enter")
    assert page.url.rpartition("/")[2] in codes[:2]

    fetched.clear()
    guest.go(f"/reports/{codes[0]}")
    assert not [url for url in fetched if "leaflet" in url]
    page.get_by_text("Xem trên bản đồ").click()
    expect(page.locator(".casemap .leaflet-marker-icon.pin")).to_be_visible()
    page.get_by_text("Chia sẻ, in, mã QR").click()
    guest.look("case-opened")
    head = page.locator(".paperhead")
    expect(head).to_be_hidden()
    page.emulate_media(media="print")
    expect(head).to_be_visible()
    page.emulate_media(media="screen")
    with next_document(page):
        page.get_by_role("button", name="Tôi cũng gặp").click()
    expect(page.locator("#also")).to_contain_text("1 người cũng gặp")

    plain = house.visitor(scripts=False)
    plain.go("/reports?view=map&state=answered")
    expect(plain.page.get_by_role("link", name="Xã Lát: 1 phản ánh")).to_be_visible()
    assert plain.page.locator(".pitem").count() == 3
    assert house.faults == []


@pytest.mark.exhaustive
def test_marks_of_the_map_never_lie_over_each_other(house: House) -> None:
    """Two points on both sides of a border between groups lay a finger's breadth apart, a commune's count over its reports."""
    points = [{"at": [12.1 + number * 0.0004, 108.4 + number * 0.0005], "title": f"Vụ {number}", "words": "", "kind": "open", "url": "/"}
              for number in range(40)]  # fmt: skip
    areas = [{"at": point["at"], "count": 3, "words": "Xã", "url": "/"} for point in points[::8]]
    guest = house.visitor()
    guest.page.route("**/reports/points.json*", lambda route: route.fulfill(json={"points": points, "areas": areas, "words": "Xong"}))
    guest.go("/reports?view=map")
    expect(guest.page.locator("[data-map-words]")).to_contain_text("Xong")
    boxes = guest.page.evaluate("Array.from(document.querySelectorAll('.pin'), each => { const { x, y, width, height } = "
                                "each.getBoundingClientRect(); return [x, y, width, height]; })")  # fmt: skip
    assert len(boxes) > 5
    over = [(one, other) for number, one in enumerate(boxes) for other in boxes[:number]
            if abs(one[0] + one[2] / 2 - other[0] - other[2] / 2) < (one[2] + other[2]) / 2
            and abs(one[1] + one[3] / 2 - other[1] - other[3] / 2) < (one[3] + other[3]) / 2]  # fmt: skip
    assert over == []


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("width", [320, 360, 1366])
def test_the_bar_names_the_centre_in_one_line_and_says_that_data_are_invented(house: House, width: int) -> None:
    house.app.config["DEMO"] = True
    with unit_of_work():
        centre = db.session.merge(house.world.centre)  # type: ignore[union-attr]
        centre.name_vi = "Trung tâm giám sát, điều hành thông minh huyện Lạc Dương"
    guest = house.visitor()
    guest.page.set_viewport_size({"width": width, "height": 740})
    guest.go("/")
    bar = guest.page.locator(".sitebar")
    name = bar.locator(".brand small").first
    expect(name).to_be_visible()
    assert name.bounding_box()["height"] < 24, "one line"  # type: ignore[index]
    expect(bar.get_by_text("Dữ liệu minh họa").locator("visible=true")).to_have_count(1)
    assert bar.bounding_box()["height"] < 90  # type: ignore[index]
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= width
