"""A call by keyboard alone within half a minute, a case from a camera, and a television that hangs on the wall for a week."""
from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casework.db import db, unit_of_work
from casework.models import Area, Camera, Report
from casework.wallboard.wallboards import add_wallboard
from tests import build
from tests.browser.house import EVERY_IMPACT, House, Visitor, opened
from tests.conftest import environment_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

A_KEY = 0.2
"""Seconds a key takes somebody who types neither well nor badly. What the machine takes is not counted: it has other work as well."""
WALL = {"width": 1920, "height": 1080}
SPILLED = """[...document.querySelectorAll(".wall *")].filter(each => each.checkVisibility() && !each.closest("svg, .visually-hidden"))
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1 || each.getBoundingClientRect().bottom > innerHeight + 1)
    .concat([...document.querySelectorAll(".wall-list li")].filter(each => each.checkVisibility()
        && each.getBoundingClientRect().bottom > each.closest("section").getBoundingClientRect().bottom + 1))
    .map(each => each.outerHTML.slice(0, 120))"""
AT_THE_FOOT = """() => {
    const box = document.querySelector("[name=urgent]"), place = () => box.getBoundingClientRect();
    scrollTo(0, 0);
    scrollBy(0, place().bottom - innerHeight + 4);
    const { x, y, width, height } = place(), found = document.elementFromPoint(x + width / 2, y + height / 2);
    return found?.name || found?.className;
}"""
"""What is met where the tick stands, as low on the screen as it is whole."""
OUTLINE = {"type": "Polygon", "coordinates": [[[108.28, 11.98], [108.45, 11.98], [108.45, 12.12], [108.36, 12.15], [108.28, 11.98]]]}


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    variables = environment_of(tmp_path_factory.mktemp("intake"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with opened(variables) as house:
        assert house.world is not None
        house.impacts = EVERY_IMPACT
        furnish(house.world)
        yield house


def furnish(world: build.World) -> None:
    """Cameras, communes with a place, and many cases: late, urgent, soon due."""
    now = datetime.now(UTC)
    with unit_of_work():
        for number, area in enumerate(db.session.query(Area).filter(Area.level == "commune").order_by(Area.id)):
            area.latitude, area.longitude = 12.05 + number * 0.08, 108.36 + number * 0.1
            area.south, area.north, area.west, area.east = 11.98, 12.15, 108.28, 108.45
            area.boundary = OUTLINE if number == 0 else None
        for name, at in (("Camera tầm cao Klong Klanh", (12.1795, 108.6755)), ("Camera an ninh chợ Lạc Dương", (12.0102, 108.4267))):
            db.session.add(Camera(centre_id=world.centre.id, name_vi=name, name_en=name, kind="tower", area_id=world.area.id,
                                  latitude=at[0], longitude=at[1], valid_from=build.LONG_AGO))
    build.case_at(world, "handling", now=now - timedelta(hours=3), urgent=True)
    for hours in (4, 5, 6, 7):
        build.case_at(world, "to_distribute", now=now - timedelta(hours=hours), urgent=True)
    for days in (20, 25):
        build.case_at(world, "to_distribute", now=now - timedelta(days=days))
    for minutes in range(8):
        build.file_report(world, now=now - timedelta(minutes=minutes), marked_urgent=True)


@pytest.fixture
def operator(house: House) -> Iterator[Visitor]:
    visitor = house.visitor("operator")
    yield visitor
    visitor.context.close()
    assert not house.faults, "\n".join(house.faults)


class Typist:
    """Somebody at the keys; `keys` is how many they have pressed."""

    def __init__(self, page: Page) -> None:
        self.page, self.keys = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.keys += len(keys)

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)
        self.keys += len(words)


def test_a_call_is_taken_down_by_keyboard_alone_within_half_a_minute(operator: Visitor) -> None:
    page = operator.go("/inbox")
    typist = Typist(page)
    typist.press("g", "c")
    page.wait_for_url("**/intake/call")
    typist.type("0912345678")
    typist.press("Tab")
    typist.type("Nguyễn Văn Gọi")
    typist.press("Tab", "Space", "Tab")
    typist.type("Cây thông đổ chắn ngang đường vào thôn, có người bị thương.")
    typist.press("Tab")
    typist.type("la")
    typist.press("Tab")
    assert page.input_value("[name=area]") == "Xã Lát"
    typist.type("Thôn Păng Tiêng")
    expect(page.locator("[data-known-words]")).to_have_text("Số này đã có 15 phản ánh.")
    expect(page.locator("[data-emergency]")).to_contain_text("115")
    typist.press("Control+Enter")
    page.wait_for_url("**/intake/taken")
    expect(page.locator("#secret")).to_have_text(re.compile(r"^[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}$"))
    assert typist.keys * A_KEY <= 30
    operator.look("call-taken")
    page.keyboard.press("x")
    page.wait_for_url("**/tasks/*")
    expect(page.locator(".casebar")).to_contain_text(page.locator(".casebar .code").inner_text())
    db.session.rollback()
    report = db.session.query(Report).order_by(Report.id.desc()).first()
    assert report is not None
    assert report.source == "phone"
    assert report.seen_at is not None


def test_both_forms_fit_are_free_of_barriers_and_a_camera_is_chosen_on_the_map(operator: Visitor) -> None:
    page = operator.go("/intake/call")
    page.locator("details summary", has_text="bản đồ").click()
    page.locator(".pickmap.leaflet-container").click(position={"x": 100, "y": 100})
    assert page.input_value("[name=latitude]")
    page.fill("[name=words]", "Đống rác thải lớn đổ trộm ven suối bốc mùi hôi thối")
    page.locator("[name=words]").blur()
    page.locator("[data-take-field]").click()
    assert page.input_value("[name=field]") == "rung_dat_moi_truong"
    assert page.locator("[data-hint-urgent]").is_hidden()
    page.fill("[name=words]", "Dây điện đứt rơi xuống đường, trẻ con đi học qua")
    page.locator("[name=words]").blur()
    page.locator("[data-take-urgent]").click()
    expect(page.locator("[name=urgent]")).to_be_checked()
    expect(page.locator("[name=urgent]")).to_be_focused()
    expect(page.locator("[data-hint-urgent]")).to_be_hidden()
    operator.look("call")
    page.set_viewport_size({"width": 768, "height": 900})
    assert page.evaluate(AT_THE_FOOT) == "urgent", "nothing lies over the tick where it comes into sight"
    page.set_viewport_size({"width": 1366, "height": 900})
    page.evaluate("document.querySelector('form[data-guard]').dataset.guard = ''")
    operator.go("/intake/camera", "camera")
    page.get_by_role("button", name="Camera an ninh chợ Lạc Dương").press("Enter")
    assert page.locator("[name=camera]:checked").count() == 1
    page.fill("[name=words]", "Ô tô đỗ chắn lối ra vào chợ.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/intake/taken")
    assert page.locator("#secret").count() == 0
    operator.go("/intake/cameras", "cameras")


def television(house: House) -> Page:
    """A browser of its own that was paired at the page for it."""
    with unit_of_work():
        assert house.world is not None
        _, code = add_wallboard(centre=db.session.merge(house.world.centre), name="Phòng điều hành", reason="Treo ở phòng trực.",
                                by=house.world.actor("ops_lead"), now=datetime.now(UTC))
    context = house.browser.new_context(base_url=house.address, viewport=WALL, locale="vi-VN", reduced_motion="reduce")  # type: ignore[arg-type]
    visitor = Visitor(house, context, context.new_page(), "television")
    page = visitor.page
    page.goto("/wallboard")
    visitor.look("wallboard-pair")
    page.set_viewport_size(WALL)  # type: ignore[arg-type]
    page.fill("[name=code]", code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/wallboard")
    return page


def test_a_television_fits_its_wall_keeps_its_picture_without_a_network_and_does_not_grow_in_a_week(house: House) -> None:
    page = television(house)
    assert page.locator(".wall-urgent li").count() == 4
    assert page.locator(".wall-list li").count() >= 4
    for size in (WALL, {"width": 1366, "height": 768}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(SPILLED) == []
        page.screenshot(path=house.folder / f"wallboard-{size['width']}.png")
    page.set_viewport_size(WALL)  # type: ignore[arg-type]
    Visitor(house, page.context, page, "television").look("wallboard")

    # a week on the wall: the page's own clock is turned, the questions are real
    page.set_viewport_size(WALL)  # type: ignore[arg-type]
    asked: list[int] = []
    page.on("response", lambda answer: asked.append(answer.status) if answer.url.endswith("/wallboard/picture") else None)
    page.clock.install()
    page.reload()
    loads: list[str] = []
    page.on("load", lambda: loads.append(page.url))
    nodes, listeners = weight(page)
    for _ in range(40):
        with page.expect_response("**/wallboard/picture"):
            page.clock.run_for(20_000)
        page.wait_for_timeout(10)
    assert set(asked) <= {200, 304}
    assert asked.count(304) > 30
    assert weight(page)[0] == nodes, "no question leaves a node behind"
    assert weight(page)[1] <= listeners + 1, "nor a listener"
    for _ in range(7):
        page.clock.fast_forward(24 * 3600 * 1000)
        with page.expect_event("load"):
            page.clock.run_for(20_000)
    expect(page.locator("[data-lost]")).to_be_hidden()
    assert len(loads) == 7, "loaded anew once a day"
    assert weight(page)[0] == nodes, "and no heavier after a week"

    numbers = page.locator(".wall-kpis").inner_text()
    page.context.set_offline(True)
    page.clock.run_for(21_000)
    expect(page.locator("[data-lost]")).to_contain_text("Mất kết nối từ")
    assert page.locator(".wall-kpis").inner_text() == numbers
    build.file_report(house.world, now=datetime.now(UTC))  # type: ignore[arg-type]
    page.context.set_offline(False)
    page.clock.run_for(21_000)
    expect(page.locator("[data-lost]")).to_be_hidden()
    expect(page.locator(".wall-kpis")).not_to_have_text(numbers)
    house.faults[:] = [fault for fault in house.faults if "ERR_INTERNET_DISCONNECTED" not in fault]
    assert not house.faults, "\n".join(house.faults)


def weight(page: Page) -> tuple[int, int]:
    """Nodes of the document and what listens to it, after what is not needed has been thrown away."""
    tools = page.context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    counted = tools.send("Memory.getDOMCounters")
    nodes = page.evaluate("document.querySelectorAll('*').length")
    tools.detach()
    return int(nodes), int(counted["jsEventListeners"])
