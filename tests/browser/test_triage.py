"""What the operator's steps do with a script: the map, suggestions taken at once, neutral words, limits as agencies are ticked.

Pictures at 360 and 1366 pixels go to var/screenshots/triage/.
"""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Case
from casework.photos.records import prepare_photo, stage_photo
from tests import build
from tests.browser.house import PICTURES, House, opened
from tests.browser.waiting import next_document
from tests.web.pages import at
from web.demo.pictures import draw_demo_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = "Tôi là Nguyễn Văn An, 0912 345 678. Cháy rừng thông ở thôn Păng Tiêng, xã Lát, gần nhà 12/4 Thống Nhất."


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder = PICTURES / "triage"
        at(house.app, build.NOON + timedelta(hours=1))
        yield house


def address(case: Case, element: str) -> str:
    return f"/tasks/{build.waiting(case, element).ref}"


def burning(house: House, world: build.World) -> Case:
    """A report with a photo and a position, near an older case and by somebody who has sent reports before."""
    older = Place(area=world.area, village="Thôn Păng Tiêng", latitude=12.0330, longitude=108.3690)
    build.case_at(world, "handling", place=older, words="Cháy rừng thông ven đường.")
    prepared = prepare_photo(draw_demo_photo(11, "trash"), "rung.jpg", store=house.app.extensions["file_store"], max_bytes=10_000_000)
    with unit_of_work():
        stage_photo(prepared, token="scene", purpose="scene", by=world.actor("citizen"), now=build.NOON)
    place = Place(latitude=12.0331, longitude=108.3672, accuracy_m=20)
    return build.file_report(world, words=WORDS, place=place, photos_token="scene", now=build.NOON + timedelta(minutes=40)).case


def test_the_steps_of_an_operator(house: House) -> None:
    world = house.world
    assert world is not None
    case = burning(house, world)
    with unit_of_work():
        world.agencies["HKL"].phone = "+842633839040"
    operator = house.visitor("operator")
    page = operator.go(address(case, "verify"))

    expect(page.locator(".map-own")).to_have_count(1)
    near = page.locator(".map-point:not(.map-own)")
    expect(near).to_have_count(1)
    expect(near).to_have_attribute("aria-label", "Rác đổ ven suối")
    expect(page.locator(".map-net").first).to_be_attached()
    near.press("Enter")
    expect(page.locator(".alikelist li[data-chosen]")).to_have_count(1)

    words = page.locator("textarea[name^=words-]")
    page.get_by_role("button", name="Thay 0912 345 678 bằng [số điện thoại]").click()
    expect(words).to_have_value(WORDS.replace("0912 345 678", "[số điện thoại]"))
    expect(page.locator("[data-mark='0912 345 678']")).to_be_hidden()
    words.fill("Cháy rừng thông ở thôn Păng Tiêng, xã Lát.")
    expect(page.locator("[data-clear]")).to_be_visible()
    page.fill("[name=title]", "Cháy rừng thông ở Păng Tiêng")
    page.locator("details.more-acts summary").click()
    operator.look("verify-cleared")
    for tick in page.locator("input[name^=show-]").all():
        tick.check()
    operator.send("verify")

    expect(page.locator("[name=field]")).to_have_value("")          # suggested, never chosen
    expect(page.locator("[name=urgency]:checked")).to_have_value("normal")
    for button in page.locator("[data-take]").all():
        button.click()
    expect(page.locator("[name=field]")).to_have_value("rung_dat_moi_truong")
    expect(page.locator("[name=urgency]:checked")).to_have_value("urgent")
    expect(page.locator("[name=area]")).to_have_value(world.area.ref)
    expect(page.locator("[name=village]")).to_have_value("Thôn Păng Tiêng")
    page.check("[name=urgency][value=normal]")
    page.locator("form.work-form").press("p")                      # asks: nothing of it could be taken back
    with next_document(page):
        page.locator("form.work-form").press("p")

    expect(page.locator("[name=lead]:checked")).to_have_count(0)   # suggested, never chosen
    one, several = page.locator("[data-limits-of='1']"), page.locator("[data-limits-of='2']")
    expect(one).to_be_visible()
    expect(several).to_be_hidden()
    page.check(f"[name=lead][value='{world.agencies['PTNMT'].ref}']")
    expect(page.locator("[data-send-rows] li")).to_have_count(1)
    typed = page.locator("#agencies-typed")
    typed.press_sequentially("xa la")
    expect(page.locator(".combo-list li")).to_have_count(1)
    typed.press("Enter")
    typed.press_sequentially("kiem")
    typed.press("ArrowDown")
    typed.press("Enter")
    expect(page.locator(".combo-in .chip")).to_have_count(2)
    expect(page.locator("[data-send-head]")).to_have_text("Sẽ gửi đến 3 đơn vị")
    typed.press("Backspace")
    expect(page.locator(".combo-in .chip")).to_have_text("UBND xã Lát×")
    expect(page.locator(f"[name=cooperating][value='{world.agencies['UBND-LAT'].ref}']")).to_be_checked()
    expect(several).to_be_visible()
    expect(one).to_be_hidden()
    typed.blur()
    page.locator("form.work-form").press("p")
    page.locator("form.work-form").press("p")
    page.wait_for_url("**/inbox*")

    other = build.case_at(world, "at_agency", now=build.NOON - timedelta(hours=2))
    for number in (1, 2):
        build.do(world, other, "accept_assignment", "officer_PTNMT", act="hand_back", reason=f"Thuộc xã ({number}).",
                 suggested=world.agencies["UBND-LAT"])
        if number == 1:
            build.do(world, other, "decide_hand_back", "operator", upheld=False, words="Việc này thuộc phòng.")
    operator.go(address(other, "decide_hand_back"), "hand-back")
    decide = page.locator("button[data-verb-of]")
    expect(decide).to_have_text("Gửi quyết định")
    page.check("[name=upheld][value=yes]")
    expect(decide).to_have_text("Cho chuyển trả")
    page.check("[name=upheld][value=no]")
    expect(decide).to_have_text("Giữ đơn vị làm tiếp")
    urgent = build.case_at(world, "to_classify", urgent=True)
    build.classify(world, urgent, urgent=True)
    build.do(world, urgent, "call_hotline", "operator", number="0263 000 000", spoke_to="", reached=False, what="Không ai nghe máy.")
    operator.go(address(urgent, "call_hotline"))
    page.locator("a[href^='tel:']").evaluate("link => link.addEventListener('click', event => event.preventDefault())")
    page.locator("a[href^='tel:']").click()
    expect(page.locator("[name=number]")).to_have_value("0263 3839 040")
    operator.look("hotline")
    assert not house.faults, "\n".join(house.faults)


@pytest.mark.exhaustive
def test_what_a_sender_typed_for_the_place_is_let_out_by_a_press_and_else_by_nobody(house: House) -> None:
    world = house.world
    assert world is not None
    typed = "Nhà bà Thử, số nhà 45/3, 0912 345 678"
    cases = [build.file_report(world, place=Place(area=world.area, village=typed)).case for _ in range(2)]
    operator = house.visitor("operator")
    page = operator.go(address(cases[0], "verify"), "verify-place")
    village = page.locator("[name=village]")
    expect(village).to_have_value("")
    page.get_by_role("button", name="Thay bằng từ trung tính").click()
    expect(village).to_have_value("Nhà bà Thử, số nhà [số nhà], [số điện thoại]")
    page.get_by_role("button", name="Cho mọi người đọc").click()
    expect(village).to_have_value(typed)
    page.fill("[name=title]", "Rác ven suối")
    operator.send("verify")
    expect(page.locator("[data-errors]")).to_contain_text("Nội dung có thể còn thông tin về một người.")
    operator.look("verify-place-refused")
    page.get_by_role("button", name="Thay 0912 345 678 bằng [số điện thoại]").click()
    expect(village).to_have_value("Nhà bà Thử, số nhà 45/3, [số điện thoại]")

    page = operator.go(address(cases[1], "verify"))
    page.fill("[name=title]", "Rác ven suối")
    operator.send("verify")
    operator.look("classify-place")
    expect(page.locator("[name=village]")).to_have_value("")
    with unit_of_work():
        for case in cases:
            db.session.merge(case).village_in_clear = typed
    house.visitor("ops_lead").go("/unreleased-villages", "unreleased-villages")
