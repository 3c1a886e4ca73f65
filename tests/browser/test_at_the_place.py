"""What a script adds to two pages of a case: names after an @, and an officer's camera and distance. Nothing of either is sent before it is
meant to be."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Request, expect

from casework.db import db, unit_of_work
from casework.models import Case
from tests import build
from tests import with_photos as pictured
from tests.browser.house import PICTURES, House, opened
from tests.browser.waiting import next_document
from tests.web.pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 480];
  const brush = canvas.getContext("2d");
  setInterval(() => { brush.fillStyle = "green"; brush.fillRect(0, 0, 640, 480); }, 50);
  return canvas.captureStream(20);
};"""
REFUSED = """() => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
  Object.defineProperty(navigator, "userActivation", { value: { isActive: false } });   // as after a minute before the question
}"""
HERE = {"latitude": 12.0441, "longitude": 108.3672}
CHOSEN = "[...document.querySelector('input[type=file][data-previews]').files].map(file => file.type)"


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder = PICTURES / "place"
        at(house.app, build.NOON + timedelta(hours=1))
        yield house


def test_names_are_chosen_with_the_keys_and_the_field_is_one_of_many_lines_again(house: House) -> None:
    assert house.world is not None
    case = build.case_at(house.world, "handling")
    operator = house.visitor("operator")
    page = operator.go(f"/cases/{case.ref}?tab=exchange")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    field, options = page.locator("#words"), page.locator(".namelist li")
    field.click()
    page.keyboard.type("Nhờ @nguoi thu ops")
    expect(options).to_have_count(1)
    operator.look("names")
    assert field.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    assert field.get_attribute("role") is None
    page.keyboard.type("_")
    expect(options).to_have_count(1)
    assert page.locator(f"#{field.get_attribute('aria-activedescendant')}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    expect(field).to_have_value("Nhờ @Người Thử ops_lead ")
    assert not [each for each in sent if "nguoi" in each], "whom somebody looks for stays in the page"
    page.keyboard.type("xem giúp.")
    with next_document(page):
        page.locator("button:has-text('Lưu ghi chú')").click()
    expect(page.locator(".letter .named")).to_have_text("@Người Thử ops_lead")


def test_an_officer_aims_by_the_old_photo_and_the_position_stays_on_the_device(house: House) -> None:
    world = house.world
    assert world is not None
    case = pictured.pictured_case(world, house.app.config["FILES"], "handling").case
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        row.latitude, row.longitude = 12.033, 108.367
    officer = house.visitor("officer_PTNMT")
    officer.page.context.grant_permissions(["geolocation"])
    officer.page.context.set_geolocation(HERE)
    officer.page.add_init_script(CAMERA)
    sent: list[Request] = []
    officer.page.on("request", lambda request: sent.append(request))
    page = officer.go(f"/tasks/{build.waiting(case, 'submit_answer').ref}")
    expect(page.locator("[data-own-distance]")).to_contain_text("cách Ông/Bà 1,2 km")
    left = page.locator("#checks [data-left]")
    expect(left).to_have_text(": còn 5")
    page.locator(".shoot").click()
    expect(page.locator("[data-finder-take]")).to_be_enabled()
    officer.look("camera")
    assert page.locator("[data-ghost]").is_visible()
    page.locator("[data-finder-take]").click()
    expect(page.locator("#chosen-photos img")).to_have_count(1)
    assert page.evaluate(CHOSEN) == ["image/jpeg"]
    expect(left).to_have_text(": còn 4")
    page.evaluate(REFUSED)
    page.locator(".shoot").click()
    expect(page.locator("[data-finder-fault]")).to_be_visible()
    assert not [each.url for each in sent if "12.044" in each.url + (each.post_data or "")]
