"""A leader judges an answer on a phone, photos compared by keys; an operator covers a face with mouse, keys and finger, and publishes."""
from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from casework.db import db
from casework.models import Case
from tests import build
from tests import with_photos as pictured
from tests.browser.house import PHONE, House, opened
from tests.browser.waiting import next_document

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        yield house


def test_an_answer_is_judged_on_a_phone_and_published_with_what_was_covered_by_hand(house: House) -> None:
    world = house.world
    assert world is not None
    files = house.app.config["FILES"]
    first = pictured.pictured_case(world, files, "approval")
    others = [build.case_at(world, "approval") for _ in range(2)]
    build.redo(world, first.case, world.agencies["PTNMT"])
    token = pictured.staged(world, house.app.extensions["file_store"], "again", by="officer_PTNMT", purpose="after", colour="teal")
    form = {**build.ANSWER, "no_photo_reason": "", "actions": "Đã thu gom, dọn sạch và chụp lại cùng góc.", "photos_token": token}
    build.do(world, first.case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"], **form)
    judge(house, first.case, others)
    db.session.rollback()
    assert {build.waiting(each, element).state for each, element in ((first.case, "publish"), (others[0], "publish"))} == {"waiting"}

    ref = pictured.scene_photo(first).ref
    cover_and_publish(house, first.case, ref)
    guest = house.visitor()
    page = guest.go(f"/reports/{first.case.code}", "published-covered")
    source = page.locator(f"img[src*='{ref}']").first.get_attribute("src") or ""
    published = Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB")
    at = [published.getpixel((round(x * published.width), round(y * published.height))) for x, y in ((0.2, 0.2), (0.5, 0.52), (0.8, 0.2))]
    assert all(abs(value - 64) < 10 for pixel in at for value in pixel), "drawn by mouse, set by keys, drawn by a finger"
    assert published.getpixel((round(0.5 * published.width), round(0.9 * published.height)))[0] > 100, "the rest is as it was"
    assert not house.faults, "\n".join(house.faults)


def judge(house: House, case: Case, others: list[Case]) -> None:
    """Compare the photos with the keyboard, approve with a thumb; then the rest together, of which one was not opened."""
    leader = house.visitor("leader_ptnmt")
    page = leader.go(f"/tasks/{build.waiting(case, 'approve_answer').ref}", "leader-approval")
    page.set_viewport_size(PHONE)                               # type: ignore[arg-type]
    link = page.locator("[data-compare] figure a").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.compare")
    expect(dialog).to_be_visible()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    moved = dialog.locator("img").evaluate_all("images => images.map(image => image.style.transform)")
    assert len(moved) == 2
    assert moved[0] == moved[1]
    assert "scale(1.96)" in moved[0]
    leader.house.folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=leader.house.folder / "leader-compare-360.png")
    page.keyboard.press("0")
    assert dialog.get_attribute("data-scale") == "1.00"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert link.evaluate("link => link === document.activeElement")
    for name in ("redo_answer", "approve_answer"):
        box = page.locator(f"button[name=act][value={name}]").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= PHONE["height"]
    leader.send("approve_answer")

    leader.go(f"/tasks/{build.waiting(others[0], 'approve_answer').ref}")
    page = leader.go("/approvals", "approvals")
    expect(page.locator("[name=pick]:disabled")).to_have_count(1)
    page.locator("[name=pick]:not(:disabled)").check()
    with next_document(page):
        page.locator(".actionbar button").click()
    expect(page.locator(".outcomes [data-ok]")).to_contain_text(others[0].code)
    leader.look("approvals-done")


def cover_and_publish(house: House, case: Case, ref: str) -> None:
    operator = house.visitor("operator")
    page = operator.go(f"/tasks/{build.waiting(case, 'publish').ref}")
    figure = page.locator(f"[data-cover]:has([name='cover-{ref}'])")
    drag(page, figure, (0.1, 0.1), (0.3, 0.3))
    expect(figure.locator(".blurlist li")).to_have_count(1)
    by_keys(page, figure)
    by_finger(page, figure, (0.7, 0.1), (0.9, 0.3))
    expect(figure.locator(".blurlist li")).to_have_count(3)
    page.check(f"[name='show-{ref}']")
    operator.send("preview")
    operator.look("publish-preview")
    page.check("[name=checked]")
    operator.send("publish")


def drag(page: Page, figure: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    (x, y), (to_x, to_y) = points(figure, start, end)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=4)
    page.mouse.up()


def by_keys(page: Page, figure: Locator) -> None:
    """Add an area, move it down and make it wider with the keys alone; one more is added and taken away."""
    figure.locator("[data-cover-add]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    field = figure.locator("[name^='cover-']")
    assert field.input_value().split(";")[1] == "0.4000,0.4100,0.6100,0.6100"
    figure.locator("[data-cover-add]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Delete")
    assert field.input_value().count(";") == 1


def by_finger(page: Page, figure: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A finger scrolls until it is told to draw; the button for that is there where there are fingers alone."""
    figure.locator("[data-cover-draw]").evaluate("button => button.click()")
    (x, y), (to_x, to_y) = points(figure, start, end)
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for part in (0.5, 1.0):
        at = {"x": x + (to_x - x) * part, "y": y + (to_y - y) * part}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def points(figure: Locator, *fractions: tuple[float, float]) -> list[tuple[float, float]]:
    stage = figure.locator(".coverstage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    return [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in fractions]
