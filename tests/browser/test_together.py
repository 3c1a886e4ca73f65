"""Working together in real browsers: the palette by keyboard and by finger, two people at one case, and one bell on two devices."""
from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from casework.cases import lock_case
from casework.db import unit_of_work
from casework.notes.mentions import mention_in
from casework.notes.notes import write_note
from tests import build
from tests.browser.house import DESK, PHONE, PICTURES, House, opened
from tests.browser.judging import barriers
from tests.browser.waiting import next_document

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = """() => [...document.querySelectorAll(".pal [role=option], .pal-x, .palbtn, .bellbtn")].filter(each => each.checkVisibility())
    .map(each => each.getBoundingClientRect()).filter(box => box.width < 44 || box.height < 44).length"""
LOOKS = os.environ.get("LANGBIANG_PICTURES")


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder = PICTURES / "together"
        assert house.world is not None
        now = datetime.now(UTC)
        for number in range(4):
            build.file_report(house.world, now=now - timedelta(minutes=30 - number), words=f"Đống rác thứ {number} ven suối, mùi rất nặng.")
        house.case = build.case_at(house.world, "handling", now=now - timedelta(days=2))     # type: ignore[attr-defined]
        house.ref, house.code = house.case.ref, house.case.code                              # type: ignore[attr-defined]
        yield house
        assert not house.faults, "\n".join(house.faults)


def picture(page: Page, name: str) -> None:
    if LOOKS:
        page.screenshot(path=f"{LOOKS}/{name}.png")


def test_the_palette_by_keyboard_alone(house: House) -> None:
    page = house.visitor("operator").go("/inbox")
    palette, field = page.locator("dialog.pal"), page.locator("#pal-q")
    page.keyboard.press("Control+k")
    expect(palette).to_be_visible()
    expect(field).to_be_focused()
    expect(palette.get_by_role("option").first).to_be_visible()                # pages, before anything is typed
    page.keyboard.type("xa lat")
    first = palette.locator("[aria-labelledby=pal-cases] [role=option]").first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(first.locator("mark").first).to_be_visible()
    assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
    picture(page, "palette-1366")
    assert list(barriers(page)) == []
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    expect(first).to_have_attribute("aria-selected", "true")
    with next_document(page):
        page.keyboard.press("Enter")
    assert page.url.endswith(f"/cases/{house.ref}")                             # type: ignore[attr-defined]

    # the acts of the case that is open, found by letters without accents; Enter leads to the page of the act
    page.keyboard.press("Control+k")
    page.keyboard.type(">nhac")
    act = palette.locator("[aria-labelledby=pal-acts] [role=option]").first
    expect(act).to_contain_text("Nhắc")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(field).to_have_value("")
    page.keyboard.type(">nhac")
    with next_document(page):
        page.keyboard.press("Enter")                                            # at once: what belongs to the words, not what stood there
    assert "/acts/remind" in page.url

    # the keys of the page behind rest while it is open, and by Tab it is reached as well
    page.goto("/inbox")
    page.locator("[data-palette-open]").focus()
    page.keyboard.press("Enter")
    expect(palette).to_be_visible()
    page.keyboard.type("khong co gi nhu the")
    expect(palette.get_by_role("option")).to_have_count(1)                      # the search page
    page.keyboard.press("Escape")
    expect(page.locator("[data-palette-open]")).to_be_focused()


@pytest.mark.exhaustive
def test_the_palette_by_finger(house: House) -> None:
    page = house.visitor("operator").go(f"/cases/{house.ref}")                  # type: ignore[attr-defined]
    page.set_viewport_size(PHONE)                                               # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("[data-palette-open]").click()
    expect(page.locator("dialog.pal").get_by_role("option").first).to_be_visible()
    assert page.evaluate(SMALL) == 0
    page.locator("#pal-q").fill("suoi")
    expect(page.locator("dialog.pal mark").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    picture(page, "palette-360")
    assert list(barriers(page)) == []
    page.get_by_role("button", name="Đóng").click()
    expect(page.locator("dialog.pal")).to_be_hidden()
    picture(page, "case-360")


@pytest.mark.exhaustive
def test_two_people_at_one_case_see_each_other_and_who_writes(house: House) -> None:
    address = f"/cases/{house.ref}"                                             # type: ignore[attr-defined]
    page, other = house.visitor("operator").go(address), house.visitor("operator_2").go(address)
    line = other.locator("[data-presence]")
    expect(line).to_contain_text("Người Thử operator đang xem hồ sơ này, từ")
    picture(other, "presence-1366")
    assert list(barriers(other)) == []
    other.goto("/inbox?waits=others")
    inbox = house.visitor("ops_lead").go("/inbox")
    assert inbox.locator("[data-presence]").count() == 0

    step = page
    step.goto("/inbox?view=verify")
    with next_document(step):
        step.locator("[data-row] a").first.click()
    with step.expect_response("**/presence"):
        step.locator("[name=title]").press_sequentially("Rác")
    other.goto("/inbox?view=verify")
    row = other.locator("[data-here]:not([hidden])")
    expect(row).to_contain_text("Người Thử operator đang soạn")
    picture(other, "inbox-presence-1366")
    with next_document(other):
        other.locator("[data-row] a").first.click()
    expect(line).to_contain_text("Người Thử operator đang soạn trong hồ sơ này")
    picture(other, "step-presence-1366")
    with other.expect_response("**/presence"):
        step.goto("/sessions")                                                  # closed: gone with the next pulse
        other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(line).to_be_hidden()
    # an agency sees nobody of the centre
    officer = house.visitor("officer_ptnmt").go(address)
    other.goto(address)
    expect(officer.locator("[data-presence]")).to_be_hidden()


@pytest.mark.exhaustive
def test_what_the_bell_tells_is_read_on_every_device(house: House) -> None:
    assert house.world is not None
    with unit_of_work():
        case = lock_case(house.case.id)                                         # type: ignore[attr-defined]
        by, now = house.world.actor("operator"), datetime.now(UTC)
        mention_in(write_note(case, by=by, now=now, audience="agencies", words="Nhờ @officer_ptnmt xem."), case, by=by, now=now)
    telephone, desk = house.visitor("officer_ptnmt").go("/inbox"), house.visitor("officer_ptnmt").go("/inbox")
    number = desk.locator("[data-bell-number]")
    expect(number).to_be_visible()
    telephone.set_viewport_size(PHONE)                                          # type: ignore[arg-type]
    telephone.locator("[data-bell]").click()
    box = telephone.locator("[data-bell-box]")
    expect(box).to_contain_text("Đồng nghiệp nhắc tên trong ghi chú")
    assert telephone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert telephone.evaluate(SMALL) == 0
    picture(telephone, "bell-360")
    assert list(barriers(telephone)) == []
    with next_document(telephone):
        box.locator("li a", has_text="nhắc tên").click()
    expect(telephone.locator("[data-bell-number]")).to_be_visible()             # as the page was when it was opened
    desk.set_viewport_size(DESK)                                                # type: ignore[arg-type]
    with desk.expect_response("**/inbox/pulse**"):
        desk.evaluate("document.dispatchEvent(new Event('inbox:ask'))")
    before = int(number.text_content().split()[0]) if number.is_visible() else 0      # type: ignore[union-attr]
    desk.goto("/bell")
    picture(desk, "bell-1366")
    assert list(barriers(desk)) == []
    assert desk.locator("h1").bounding_box()["x"] >= 16, "the page has margins"  # type: ignore[index]
    if before:
        with next_document(desk):
            desk.get_by_role("button", name="Đánh dấu tất cả đã đọc").click()
    expect(number).to_be_hidden()
    telephone.goto("/inbox")
    expect(telephone.locator("[data-bell-number]")).to_be_hidden()
