"""The inbox in a browser: by keyboard alone to a step and back, several at once, what comes while it is open, and on a telephone."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casework.db import db, unit_of_work
from casework.inbox.saved_filters import keep_filter, sharing_places
from casework.models import Deputy
from tests import build
from tests.browser.house import DESK, PHONE, House, Visitor, opened
from tests.browser.waiting import next_document
from tests.conftest import environment_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = "/inbox?view=verify&urgency=normal"
AT = "[data-row][data-at]"
PAST_ITS_CELL = """[...document.querySelectorAll("td :is(.due, .tag, .urgent, .code, .rowbtn)")].filter(each => each.checkVisibility())
    .filter(each => each.getBoundingClientRect().right > each.closest("td").getBoundingClientRect().right).map(each => each.outerHTML)"""


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    variables = environment_of(tmp_path_factory.mktemp("inbox"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with opened(variables) as house:
        assert house.world is not None
        furnish(house.world)
        yield house


def furnish(world: build.World) -> None:
    """Some of everything: late and fresh reports, cases at agencies and to be published, a deputy, kept filters."""
    now = datetime.now(UTC)
    for number in range(5):
        build.file_report(world, now=now - timedelta(minutes=30 - number), words=f"Đống rác thứ {number} ven suối, mùi nặng.")
    build.file_report(world, now=now - timedelta(days=4), words="Cây thông lớn nghiêng, có nguy cơ đổ vào nhà dân.", marked_urgent=True)
    for state in ("at_agency", "handling", "to_publish", "approval"):
        build.case_at(world, state, now=now - timedelta(days=3))
    operator = world.actor("operator", now)
    with unit_of_work():
        people = world.people
        db.session.add(Deputy(principal_id=people["leader_PTNMT"].id, deputy_id=people["ops_lead"].id, starts_at=now - timedelta(days=1),
                              ends_at=now + timedelta(days=5), created_by_id=people["administrator"].id))
        keep_filter(by=operator, now=now, name="Khẩn, chưa ai nhận", chosen={"urgency": "urgent", "holder": "nobody"})
        keep_filter(by=operator, now=now, name="Chờ đơn vị", chosen={"waits": "officer"}, shared_with=sharing_places(operator)[0])


def rows(page: Page) -> list[str]:
    return page.locator("[data-row]").evaluate_all("rows => rows.map(row => row.id)")


def at(page: Page) -> str:
    return page.locator(AT).evaluate("row => row.id")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_by_keyboard_alone_to_a_step_and_back_to_the_row_one_came_from(house: House) -> None:
    page = house.visitor("operator").go(VIEW)
    shown = rows(page)
    press(page, "?")
    expect(page.locator("details.allkeys")).to_have_attribute("open", "")
    press(page, "Escape")
    expect(page.locator("details.allkeys")).not_to_have_attribute("open", "")
    press(page, "/")
    page.keyboard.type("jc?x")
    assert page.input_value("#q") == "jc?x", "no key acts while somebody types"
    assert page.locator(AT).count() == 0
    page.locator("#q").evaluate("field => { field.value = ''; field.blur(); }")
    press(page, "j", "j", "k", "j")
    assert at(page) == shown[1]
    with next_document(page):
        press(page, "c")
    assert VIEW in page.url
    assert at(page) == shown[1], "the row is stood at after it was taken"
    expect(page.locator(f"#{shown[1]} .mine")).to_be_visible()
    with next_document(page):
        press(page, "Enter")
    assert "/tasks/" in page.url
    with next_document(page):
        press(page, "b")
    assert VIEW in page.url
    assert at(page) == shown[1]
    with next_document(page):
        press(page, "Enter")
    page.locator("details.refusebox > summary").click()
    page.select_option("[name=reason]", "khong_ro_noi_dung")
    page.fill("[name=refusal_words]", "Chưa rõ nơi xảy ra, xin gửi lại.")
    with next_document(page):
        page.locator("button[name=act][value=refuse]").click()
    urgent = shown[0].removeprefix("t-")
    assert f"/tasks/{urgent}?back={VIEW.partition('?')[0]}" in page.url, "a step done leads to the next one, reported urgent ones first"
    with next_document(page):
        press(page, "b")
    assert VIEW in page.url
    assert rows(page) == [each for each in shown if each != shown[1]]
    assert at(page) == shown[2], "the row that took its place is stood at"
    with next_document(page):
        press(page, "g", "i")
    assert page.url.endswith("/inbox")
    assert not house.faults, "\n".join(house.faults)


def test_several_are_taken_at_once_with_a_result_for_each(house: House) -> None:
    page = house.visitor("operator_2").go("/inbox?view=verify")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    press(page, "j", "x", "j", "x")
    expect(page.locator("[data-bulk] [data-n]")).to_have_text("2")
    page.locator("[data-all]").check()
    number = len(rows(page))
    expect(page.locator("[data-bulk] [data-n]")).to_have_text(str(number))
    with next_document(page):
        page.locator("[data-bulk] button[formaction$='/claim']").click()
    assert page.locator("[data-result=done]").count() == number
    page.go_back()
    page.locator("[data-all]").check()
    with next_document(page):
        page.locator("[data-bulk] button[formaction$='/claim']").click()
    assert page.locator("[data-result=already]").count() == number, "sent twice it does no harm"
    with next_document(page):
        press(page, "b")
    assert page.url.endswith("/inbox?view=verify")
    assert not house.faults, "\n".join(house.faults)


def test_what_comes_meanwhile_is_said_and_moves_nothing_until_it_is_asked_for(house: House) -> None:
    assert house.world is not None
    page = house.visitor("operator").go("/inbox?view=verify")
    before = rows(page)
    page.locator("[data-sound]").click()
    expect(page.locator("[data-sound]")).to_have_attribute("aria-pressed", "true")
    filed = build.file_report(house.world, now=datetime.now(UTC), words="Dây điện rơi xuống đường.", marked_urgent=True)
    page.evaluate("document.dispatchEvent(new Event('inbox:ask'))")
    expect(page.locator("[data-fresh] a")).to_have_text("1 việc mới: xem")
    assert page.title().startswith("(1) ")
    assert rows(page) == before
    expect(page.locator("[data-view=verify] .count")).to_contain_text(str(len(before) + 1))
    page.wait_for_function("document.querySelector('[data-pulse]').dataset.rang === '2'")   # once as a sample, once for the task
    with next_document(page):
        page.locator("[data-fresh] a").click()
    task = build.waiting(db.session.merge(filed.case), "verify")
    assert f"t-{task.ref}" in rows(page)
    page.context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('inbox:ask'))")
    expect(page.locator("[data-said]")).to_have_text("Phiên làm việc đã hết: xin đăng nhập lại.")
    assert not house.faults, "\n".join(house.faults)


@pytest.mark.exhaustive
def test_every_page_of_it_fits_a_telephone_and_keeps_nobody_out(house: House) -> None:
    operator, leader = house.visitor("operator"), house.visitor("ops_lead")
    operator.go("/inbox")
    operator.page.set_viewport_size(PHONE)
    small = operator.page.locator("[data-row] :is(a, button, label)").evaluate_all(
        """all => all.filter(each => Math.min(each.getBoundingClientRect().height, each.getBoundingClientRect().width) < 44)
        .map(each => each.outerHTML)"""
    )
    assert not small, small
    operator.page.set_viewport_size(DESK)
    operator.page.locator("[data-row] input[type=checkbox]").first.check()
    operator.page.locator(".inboxfilters > summary").click()
    press(operator.page, "Tab")
    operator.look("inbox-filters-and-ticks")
    operator.go("/inbox?waits=officer&due=late", "inbox-waiting-for-officers")
    operator.go("/inbox?source=camera", "inbox-nothing-fits")
    operator.go("/inbox/filters", "kept-filters")
    leader.go("/inbox", "inbox-of-a-deputy")
    leader.go("/team", "team")
    bulk(leader, "classify", "bulk-classify")
    held = leader.go("/inbox?view=verify").locator("a.rowbtn").first
    with next_document(leader.page):
        held.click()
    leader.look("assign")
    leader.page.locator("input[name=to]").last.check()
    with next_document(leader.page):
        leader.page.locator("form.card button.btn-primary").click()
    leader.look("assign-confirm")
    assert not house.faults, "\n".join(house.faults)


@pytest.mark.exhaustive
def test_nothing_in_a_row_reaches_past_its_cell_and_the_filter_stays_where_it_is_pressed(house: House) -> None:
    page = house.visitor("ops_lead").page
    for width in (360, 1024, 1366, 1700):
        page.set_viewport_size({"width": width, "height": 800})
        for address in ("/inbox", "/inbox?waits=others"):
            page.goto(address)
            assert not page.evaluate(PAST_ITS_CELL), (width, address)
            narrowest = page.evaluate("Math.min(...[...document.querySelectorAll('td.c-title')].map(each => each.clientWidth))")
            assert narrowest >= 160, (width, address, f"{narrowest} pixels for what it is about")
    page.set_viewport_size(PHONE)
    page.goto("/inbox")
    page.locator("[data-row] input[type=checkbox]").first.check()
    acts = page.locator("[data-bulk] button[formaction]")
    assert [acts.nth(number).is_visible() for number in range(2)] == [True, False]
    page.locator(".morebulk > summary").click()
    expect(acts.nth(1)).to_be_in_viewport(ratio=1)
    page.set_viewport_size(DESK)
    button = page.locator(".inboxfilters > summary")
    place = button.bounding_box()
    button.click()
    assert button.bounding_box() == place
    expect(page.locator("#f-state")).to_be_visible()
    button.click()
    expect(page.locator("#f-state")).to_be_hidden()


@pytest.mark.exhaustive
def test_the_bar_names_the_centre_whole_between_a_telephone_and_a_desk(house: House) -> None:
    with unit_of_work():
        centre = db.session.merge(house.world.centre)  # type: ignore[union-attr]
        centre.name_vi = "Trung tâm giám sát, điều hành thông minh huyện Lạc Dương"
    page = house.visitor("ops_lead").go("/inbox")
    for width in (768, 1024, 1199):
        page.set_viewport_size({"width": width, "height": 800})
        name, bar = page.locator(".sitebar .brand b"), page.locator(".sitebar")
        expect(name).to_be_in_viewport(ratio=1)
        assert name.evaluate("name => name.scrollWidth <= name.clientWidth"), f"cut at {width}"
        told = page.evaluate("getComputedStyle(document.body).getPropertyValue('--bar-h')")
        assert (bar.evaluate("bar => bar.offsetHeight"), told) == (88, "88px"), "two lines, and what sticks below them knows it"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size(DESK)
    assert page.locator(".sitenav").evaluate("all => all.scrollWidth <= all.clientWidth"), "the name gives way before an entry does"


def bulk(visitor: Visitor, act: str, shown: str) -> None:
    page = visitor.go("/inbox?view=verify")
    page.locator("[data-row] input[type=checkbox]").first.check()
    with next_document(page):
        page.locator(f"[data-bulk] button[formaction$='/{act}']").click()
    visitor.look(shown)
