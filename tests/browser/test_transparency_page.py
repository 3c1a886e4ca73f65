"""The transparency page of a large house: three screens of a telephone, and every line within reach without scripts and on paper."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.figures.definitions import FIGURES, NESTED
from casework.figures.reading import last_months
from casework.models import Case, Field, PublicFigures, RefusalReason
from tests import build
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.judging import UNFOLD, barriers, too_wide, walk
from tests.web.pages import at

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

TELEPHONE: Any = {"width": 360, "height": 740}
AT_400: Any = {"width": 320, "height": 256}
MOST_SCREENS = 3
COMMUNES = ("Phường Lang Biang - Đà Lạt", "Xã Đam Rông 4", "Xã Lạc Dương")
MONTHS = 14
NOW = build.NOON + timedelta(hours=1)
NAMES = (
    "Ban Quản lý dự án đầu tư xây dựng khu vực Lạc Dương", "Trung tâm Quản lý công trình công cộng khu vực Lạc Dương",
    "Hạt Kiểm lâm khu vực Lạc Dương", "Điện lực Lạc Dương", "Đội Quản lý thị trường", "Trạm Kỹ thuật nông nghiệp khu vực Lạc Dương",
    "Trung tâm Y tế khu vực Lạc Dương", "Trung tâm Phục vụ hành chính công phường Lang Biang - Đà Lạt",
    *(f"{kind} {commune[0].lower()}{commune[1:]}" for kind in ("Công an", "UBND", "Phòng Kinh tế", "Phòng Văn hóa - Xã hội")
      for commune in COMMUNES),
)  # fmt: skip
LAST = "Phòng Văn hóa - Xã hội xã Lạc Dương"
SHOWN = "each => each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })"


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder, house.impacts = PICTURES / "transparency", EVERY_IMPACT
        at(house.app, NOW)
        assert house.world is not None
        fill(house.world)
        yield house


def fill(world: build.World) -> None:
    """Fourteen months of figures by twenty agencies, six fields and three communes; two cases are late."""
    for place in range(2):
        case = build.case_at(world, "handling")
        with unit_of_work():
            db.session.get_one(Case, case.id).due_at = NOW - timedelta(days=3 + place)
    with unit_of_work():
        agencies = [build.agency(world, f"X{place}", name, name).ref for place, name in enumerate(NAMES)]
        areas = [build.commune(world, name).ref for name in COMMUNES]
        fields = list(db.session.scalars(select(Field.service_code).order_by(Field.position).limit(6)))
        reasons = list(db.session.scalars(select(RefusalReason.key).order_by(RefusalReason.position).limit(7)))
        for place, month_on in enumerate(last_months(NOW, MONTHS)):
            add(world, month_on, "all", "", received=30 + place, answered=20 + place, reasons=reasons)
            for dimension, subjects, most in (("agency", agencies, 6), ("field", fields, 5), ("area", areas, 9)):
                for number, subject in enumerate(subjects):
                    add(world, month_on, dimension, subject, received=most, answered=max(1, most - number % 7))
        # one that has answered nothing yet
        add(world, month_on, "agency", world.agencies["HKL"].ref, received=1, answered=0)


def add(world: build.World, month_on: date, dimension: str, subject: str, *, received: int, answered: int, reasons: list[str] | None = None,
        ) -> None:  # fmt: skip
    late, after = answered // 6, answered // 9
    figures: dict[str, Any] = dict.fromkeys((key for key in FIGURES if key not in NESTED), 0) | {
        "received": received, "eligible": received, "answered": answered, "late": late, "in_time_after_extension": after,
        "in_time": answered - late - after, "satisfied": answered // 2, "dissatisfied": answered // 4, "open_late": 2,
        "acceptance_minutes": {"80": answered}, "answer_days": {"6": answered}, "refused": dict.fromkeys(reasons or (), 3),
    }  # fmt: skip
    db.session.add(PublicFigures(month_on=month_on, centre_id=world.centre.id, dimension=dimension, subject=subject, figures=figures,
                                 counted_at=NOW))  # fmt: skip


def screens(page: Page) -> float:
    return round(page.evaluate("document.documentElement.scrollHeight") / TELEPHONE["height"], 2)


def lines(page: Page) -> list[str]:
    """The names of the lines of every list that are seen."""
    names = "[...document.querySelectorAll('.aline > summary > b')]"
    found: list[str] = page.evaluate(f"{names}.filter({SHOWN}).map(each => each.textContent)")
    return found


def test_a_house_of_twenty_agencies_takes_three_screens_of_a_telephone(house: House) -> None:
    guest = house.visitor()
    guest.page.set_viewport_size(TELEPHONE)
    page = guest.go("/transparency")
    assert screens(page) <= MOST_SCREENS
    assert "trung vị" not in page.locator("main").inner_text().lower(), "a word of those who count"
    seen = lines(page)
    assert len(seen) == 6, "three agencies and three fields"
    agencies = page.locator("section[aria-labelledby=agencies] .alist > .aline > summary > b").all_inner_texts()
    assert agencies == [NAMES[0], NAMES[14], NAMES[7]], "those with the most answers, in the order of names"
    house.faults += list(too_wide(page, 320, 360, 1366))
    house.faults += list(barriers(page))

    page.evaluate(UNFOLD)
    assert set(lines(page)) >= {*NAMES, *COMMUNES}
    house.faults += list(barriers(page))
    house.faults += list(too_wide(page, 320, 360, 1366))
    page.set_viewport_size(AT_400)
    house.faults += list(walk(page))
    page.evaluate("document.documentElement.dataset.text = 'larger'")
    house.faults += list(too_wide(page, 320, 360))
    assert house.faults == []


def test_every_line_is_opened_with_the_keyboard_where_no_script_runs(house: House) -> None:
    guest = house.visitor(scripts=False)
    guest.page.set_viewport_size(TELEPHONE)
    page = guest.go("/transparency")
    assert page.get_by_text(LAST, exact=True).count() == 1
    assert not page.get_by_text(LAST, exact=True).is_visible()
    page.get_by_text("Còn 18 đơn vị").focus()
    page.keyboard.press("Enter")
    assert page.get_by_text(LAST, exact=True).is_visible()
    assert page.get_by_text("Chưa trả lời phản ánh nào: 1").is_visible()
    page.locator("summary", has_text=LAST).focus()
    page.keyboard.press("Enter")
    facts = page.locator("details[open] > dl")
    assert facts.locator("dd").evaluate_all("each => each.every(one => one.clientWidth >= 6 * one.innerText.length)"), "in one line"
    for heading, within in (("Đúng hạn theo xã, phường", COMMUNES[0]), ("Không tiếp nhận: 252", "Trùng với phản ánh đã có")):
        assert not page.locator("main").get_by_text(within, exact=True).first.is_visible()
        page.locator("summary", has_text=heading).focus()
        page.keyboard.press("Enter")
        assert page.locator("main").get_by_text(within, exact=True).first.is_visible()


def test_paper_holds_every_line_with_its_facts_and_definitions(house: House) -> None:
    page = house.visitor().go("/transparency")
    facts = f"[...document.querySelectorAll('.aline > dl')].filter({SHOWN}).length"
    assert page.evaluate(facts) == 0
    page.emulate_media(media="print")
    assert set(lines(page)) >= {*NAMES, *COMMUNES, "Hạt Kiểm lâm huyện Lạc Dương"}
    assert page.evaluate(facts) == len(lines(page))
    assert page.locator("#figure-received").is_visible()
    assert page.get_by_role("heading", name="Không tiếp nhận").is_visible()
    assert page.get_by_role("columnheader", name="Tháng").is_visible()
    assert not page.locator("main .filterbar, main .outs").filter(visible=True).count()
