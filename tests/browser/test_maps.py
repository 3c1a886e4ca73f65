"""Maps in a real browser: own boundaries under the strict policy, nothing fetched from elsewhere, a tile file drawn from this server.

Pictures at 360 and 1366 pixels go to var/screenshots/maps/.
"""
from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations

import pytest
from playwright.sync_api import expect

from casework.db import unit_of_work
from casework.intake.file_report import Place
from casework.settings.ground_loading import load_sketch
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.casework.places.test_boundaries import EAST, SQUARE, collection, feature, polygon
from tests.casework.places.test_ground import feature as drawn
from tests.casework.places.test_ground import layer
from tests.web.pages import at
from web.commands.console import AT_THE_SERVER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STRANGE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder, house.impacts = PICTURES / "maps", EVERY_IMPACT
        at(house.app, build.NOON + timedelta(hours=1))
        yield house


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def member(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def tile_file() -> bytes:
    """A PMTiles file whose tiles of zoom 0 and 1 are all the same: a lake all over, in the layer "water" of a Protomaps base map."""
    square = b"".join(varint(each) for each in (9, 0, 0, 26, 8192, 0, 0, 8192, 8191, 0, 15))
    water = member(4, square) + varint(3 << 3) + varint(3) + member(2, b"\0\0")
    layer = varint(15 << 3) + varint(2) + member(1, b"water") + member(2, water) + member(3, b"kind") + member(4, member(1, b"lake"))
    tile, meta = member(3, layer + varint(5 << 3) + varint(4096)), b"{}"
    entry = b"".join(varint(each) for each in (1, 0, 5, len(tile), 1))
    after, end = 127 + len(entry), 127 + len(entry) + len(meta)
    header = struct.pack("<7sB11Q4B2B4iB2i", b"PMTiles", 3, 127, len(entry), after, len(meta), 0, 0, end, len(tile), 5, 1, 1,
                         1, 1, 1, 1, 0, 1, -1800000000, -850000000, 1800000000, 850000000, 0, 0, 0)  # fmt: skip
    return header + entry + meta + tile


def test_maps_draw_what_is_ours_and_fetch_nothing_from_elsewhere(house: House) -> None:
    world, fetched = house.world, list[str]()
    assert world is not None
    with unit_of_work():
        world.areas["xa lat"].official_code = "24846"
    administrator = house.visitor("administrator")
    administrator.context.on("request", lambda request: fetched.append(request.url))
    page = administrator.go("/settings/boundaries")
    shapes = collection(feature(polygon(SQUARE), code="24846", name="Lát"), feature(polygon(EAST), name="Xã Đạ Chais"),
                        feature(polygon([[x + 0.2, y] for x, y in SQUARE]), name=STRANGE))  # fmt: skip
    page.set_input_files("#file", {"name": "a.geojson", "mimeType": "application/json", "buffer": json.dumps(shapes).encode()})
    administrator.press("Kiểm tra tệp")
    expect(page.locator("path.map-after")).to_have_count(2)
    expect(page.locator("path.map-skipped")).to_have_count(1)
    page.locator("path.map-skipped").hover()
    expect(page.locator(".leaflet-tooltip")).to_have_text(STRANGE)
    administrator.look("boundaries-look")
    page.fill("#source", "Sở Nông nghiệp và Môi trường")
    page.fill("#reason", "Nhập lần đầu")
    administrator.press("Cập nhật ranh giới")
    expect(page.locator("path.map-area")).to_have_count(2)
    expect(page.locator(".map-name-box")).to_have_text(["Xã Lát", "Xã Đạ Chais"])
    expect(page.locator(".leaflet-control-attribution")).to_have_text("")
    administrator.look("boundaries")

    path = house.app.config["PMTILES"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tile_file())
    page = administrator.go("/settings/map")
    page.wait_for_function("""() => [...document.querySelectorAll('.leaflet-tile-pane canvas')].some(canvas => {
        const [red, , blue] = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
        return red < 160 && blue > 220;                                         // the colour of water, not that of no tile
    })""")
    administrator.look("base-map")
    path.unlink()

    names = [drawn("village", "Point", [108.05 + n / 2000, 12.05], name=f"Thôn {n}", minzoom=9) for n in range(40)]
    sketch = layer(drawn("road", "LineString", [[107.9, 12.05], [108.3, 12.05]], ref="QL27C", **{"class": "national"}), *names)
    load_sketch(sketch, store=house.app.extensions["file_store"], attribution="Vẽ tay", by=AT_THE_SERVER, now=build.NOON, reason="Thử.")
    page = administrator.go("/settings/map")
    expect(page.locator(".map-notice")).to_have_text("Sơ đồ minh họa · vị trí gần đúng")
    expect(page.locator("path.map-road.map-national")).to_have_count(1)
    expect(page.locator(".map-name-small").first).to_be_attached()
    boxes = page.locator(".map-name-box span").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect()).map(box => [box.left, box.top, box.right, box.bottom])"
    )
    assert 3 < len(boxes) < 40
    assert not [1 for one, other in combinations(boxes, 2) if one[0] < other[2] - 1 and one[2] > other[0] + 1
                and one[1] < other[3] - 1 and one[3] > other[1] + 1], "no name covers another"  # fmt: skip
    while not page.locator(".leaflet-control-zoom-in.leaflet-disabled").count():
        page.locator(".leaflet-control-zoom-in").click()
    expect(page.locator(".leaflet-control-scale-line")).to_have_text("200 m")
    administrator.look("schematic")

    case = build.file_report(world, place=Place(area=world.area, latitude=12.05, longitude=108.05, accuracy_m=20)).case
    operator = house.visitor("operator")
    operator.context.on("request", lambda request: fetched.append(request.url))
    page = operator.go(f"/tasks/{build.waiting(case, 'verify').ref}")
    expect(page.locator("path.map-area")).to_have_count(2)
    expect(page.locator(".map-own")).to_have_count(1)
    assert [url for url in fetched if not url.startswith((house.address, "data:", "blob:"))] == []
    assert house.faults == []


@pytest.mark.exhaustive
def test_a_citizens_place_chooses_the_commune(house: House) -> None:
    world = house.world
    assert world is not None
    with unit_of_work():
        lat = world.areas["xa lat"]
        lat.boundary, (lat.south, lat.north, lat.west, lat.east) = polygon(SQUARE), (12.0, 12.1, 108.0, 108.1)
    guest = house.visitor()
    guest.context.grant_permissions(["geolocation"])
    guest.context.set_geolocation({"latitude": 12.05, "longitude": 108.05})
    page = guest.go("/reports/new")
    page.get_by_role("button", name="Tôi đang ở đó").click()
    expect(page.locator("#area")).to_have_value(lat.ref)
    guest.context.set_geolocation({"latitude": 10.7, "longitude": 106.7})
    page.get_by_role("button", name="Bỏ vị trí").click()
    page.get_by_role("button", name="Tôi đang ở đó").click()
    expect(page.locator("[data-located-outside]")).to_be_visible()
    expect(page.locator("#area")).to_have_value("")
    page.get_by_role("button", name="Thêm mốc").click()
    page.select_option("#area", lat.ref)
    guest.context.set_geolocation({"latitude": 12.06, "longitude": 108.06})
    page.get_by_role("button", name="Bỏ vị trí").click()
    page.get_by_role("button", name="Tôi đang ở đó").click()
    expect(page.locator("[data-located-outside]")).to_be_hidden()
    expect(page.locator("#area")).to_have_value(lat.ref)
    assert house.faults == []


@pytest.mark.exhaustive
def test_a_new_point_brings_its_own_commune_after_the_form_came_back(house: House) -> None:
    world = house.world
    assert world is not None
    first, other = world.areas["xa lat"], world.areas["xa da chais"]
    with unit_of_work():
        for area, west in ((first, 108.0), (other, 108.2)):
            area.boundary = polygon([[x - 108 + west, y] for x, y in SQUARE])
            area.south, area.north, area.west, area.east = 12.0, 12.1, west, west + 0.1
    guest = house.visitor()
    guest.context.grant_permissions(["geolocation"])
    page = guest.go("/reports/new")

    def stand(longitude: float) -> None:
        guest.context.set_geolocation({"latitude": 12.05, "longitude": longitude})
        if page.get_by_role("button", name="Bỏ vị trí").is_visible():
            page.get_by_role("button", name="Bỏ vị trí").click()
        page.get_by_role("button", name="Tôi đang ở đó").click()

    stand(108.05)
    expect(page.locator("#area")).to_have_value(first.ref)
    with page.expect_navigation():
        page.evaluate("document.querySelector('form[data-report]').submit()")
    expect(page.locator("#area")).to_have_value(first.ref)
    stand(108.25)
    expect(page.locator("#area")).to_have_value(other.ref)
    page.get_by_role("button", name="Thêm mốc").click()
    page.select_option("#area", first.ref)
    with page.expect_navigation():
        page.evaluate("document.querySelector('form[data-report]').submit()")
    stand(108.26)
    expect(page.locator("#area")).to_have_value(first.ref)
    assert house.faults == []
