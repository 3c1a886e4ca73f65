"""The page of a case, its paper and the search, in a real browser: two widths, two languages, the keyboard, and no barrier."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from casework.calendars import RULES_STREAM
from casework.db import db, unit_of_work
from casework.events import append
from casework.models import AreaSuccession
from casework.permissions import SYSTEM
from casework.search.rows import refresh_search_rows
from tests import build
from tests import with_photos as pictured
from tests.browser.house import House, opened
from tests.browser.waiting import ask, next_document

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

STYLE = "([place, name]) => getComputedStyle(document.querySelector(place))[name]"


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
        yield house


def test_case_page_paper_and_search_are_read_worked_by_keyboard_and_printed(house: House) -> None:
    world = house.world
    assert world is not None
    case = pictured.pictured_case(world, house.app.config["FILES"], "approval", agencies=3).case
    row = case.assignments[0]
    build.redo(world, case, row.agency)
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=row, reason="Chờ xe chuyên dụng.", until=date(2026, 3, 12))
    build.do(world, case, "endorse_extension", "leader_PTNMT", agency=row.agency, act="endorse_extension", endorsed=True)
    build.do(world, case, "decide_extension", "ops_lead", agency=row.agency, act="decide_extension", granted=True, words="Xe đến ngày 12.")
    changed = {**build.ANSWER, "actions": "Đã thu gom, dọn sạch và cắm biển."}
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=row.agency, **changed)
    build.act(world, case, "direct", "committee_leader", words="Dọn trước thứ Sáu.", until=date(2026, 3, 6))
    with unit_of_work():
        newer, older = build.commune(world, "Xã Lạc Dương"), db.session.merge(world.areas["xa da chais"])
        db.session.add(AreaSuccession(predecessor_id=older.id, successor_id=newer.id, on=build.LONG_AGO))
        append(RULES_STREAM, "change_rule", by=SYSTEM, at=build.NOON, payload={})
        locked = db.session.merge(case)
        locked.area = newer
        refresh_search_rows(locked, at=build.NOON)
    address = f"/cases/{case.ref}"

    lead = house.visitor("ops_lead")
    lead.go(address, "case-page")
    lead.page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach(each => { each.open = true; })")
    lead.look("case-page-opened")
    lead.go(f"{address}?history=limits", "case-history-limits")
    lead.go(f"{address}?tab=all", "case-page-all")
    lead.go(f"{address}/diagram", "case-path")
    page = lead.go(f"{address}/print", "case-on-paper")
    assert page.locator(".printbar [data-print]").is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".printbar, .sitebar, main button, main form").filter(visible=True).count()
    assert page.locator(".waitbox").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.casebar')).position") == "static"
    page.emulate_media(media="screen")

    page = lead.go(f"{address}/acts/hold")
    assert page.evaluate(STYLE, [".follows", "listStyleType"]) == "disc", "what follows is a list to the eye as well"
    assert page.evaluate(STYLE, [".code", "fontVariantNumeric"]) == "normal", "digits of one width leave gaps around a 1"
    assert page.evaluate(STYLE, [".code", "fontFamily"]) == page.evaluate(STYLE, ["body", "fontFamily"])

    page = lead.go("/search", "search-empty")
    page.keyboard.type("rac da chais")
    with next_document(page):
        page.keyboard.press("Enter")
    assert page.locator("mark.hit").count() >= 2
    lead.look("search-found")
    lead.go("/search?q=khongco&state=closed", "search-nothing")
    page.locator(".phonesearch summary").click()
    page.fill("[name=phone]", "0912345678")
    page.fill("[name=reason]", "vì")
    lead.press("Tra cứu")
    lead.look("search-phone-refused")
    page.fill("[name=reason]", "Người gọi hỏi về phản ánh của mình.")
    lead.press("Tra cứu")
    assert case.code in page.content()
    assert "0912345678" not in page.url + page.content()
    lead.look("search-phone-found")
    page.goto("/language?code=en&next=/search?q=rac")
    lead.look("search-found-en")
    lead.go(address, "case-page-en")
    house.visitor("officer_HKL").go(address, "case-page-agency")
    assert not house.faults, "\n".join(house.faults)


IN_SIGHT = """() => [...document.querySelectorAll('main :is(a, button, summary, h1, .wordcard .ask, .place-t, .due)')]
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().bottom <= innerHeight).map(each => each.innerText.trim())"""
FILLED = "[...document.querySelectorAll('main .btn-primary')].filter(each => each.checkVisibility()).length"
LABELS = "[...document.querySelectorAll('.djs-element.step-current text')].map(each => each.getBoundingClientRect().height)"


def test_the_first_screen_of_four_agencies_says_where_and_who_and_grants_the_time_asked_for(house: House) -> None:
    world = house.world
    assert world is not None
    case = pictured.pictured_case(world, house.app.config["FILES"], "handling", agencies=4).case
    lead_row = case.assignments[0]
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=lead_row, reason="Chờ xe chuyên dụng.", until=date(2026, 3, 12))
    build.do(world, case, "endorse_extension", "leader_PTNMT", agency=lead_row.agency, act="endorse_extension", endorsed=True)
    visitor = house.visitor("ops_lead")
    page = visitor.go(f"/cases/{case.ref}")
    sizes = {}
    for width, height in ((1366, 768), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        sizes[width] = ask(page, "document.documentElement.scrollHeight")
    assert (sizes[1366] <= 1100, sizes[360] <= 3000) == (True, True), sizes
    page.set_viewport_size({"width": 1366, "height": 768})
    assert ask(page, "document.querySelector('.stages').offsetHeight") <= 76
    seen = page.evaluate(IN_SIGHT)
    for words in (case.title, "Cho gia hạn", "Nhắc cả nhóm", "Xã Lát", "Cả hồ sơ", "Trả lời"):
        assert any(words in each for each in seen), (words, seen)
    assert ask(page, FILLED) == 1
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator(".phonebar a").click()
    assert page.locator(".askbox").is_visible()
    page.set_viewport_size({"width": 1366, "height": 768})
    with next_document(page):
        page.get_by_role("button", name="Cho gia hạn").click()
    assert page.url.endswith(f"/cases/{case.ref}")
    assert page.locator(".askbox").count() == 0
    page.locator(".tabs a", has_text="Thời hạn").click()
    page.wait_for_url("**tab=limits*")
    assert "được gia hạn đến hết ngày 12/03/2026" in page.inner_text("main")
    page.locator(".tabs a", has_text="Đường đi").click()
    page.locator("[data-drawn]").wait_for()
    assert min(page.evaluate(LABELS)) >= 12, "labels can be read where the drawing opens"
    assert not house.faults, "\n".join(house.faults)
