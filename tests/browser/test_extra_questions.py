"""The extra questions of a field where people meet them: written in the settings, asked in the form, read at the desks."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.asking.answers import answers_given
from casework.asking.questions import MOST_OF_A_FIELD
from casework.db import db, unit_of_work
from casework.models import Area, Case, ExtraQuestion, Report
from casework.permissions import Role
from tests import build
from tests.asked import FIELD, extra_question, input_of
from tests.browser.day import Day, begun
from tests.browser.filing import open_more, put_at, tell_place
from tests.browser.house import EVERY_IMPACT, PICTURES, House, opened
from tests.browser.judging import too_wide
from tests.browser.waiting import next_document
from tests.second_centre import HOME, of_the_installation, second_world
from tests.web.pages import at
from tests.whole import WHOLE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

WORDS = "Đèn đường trước trường học không sáng đã ba tối."
SIX = (
    {"code": "so_tru", "kind": "text", "name_vi": "Số ghi trên trụ đèn là gì?", "hint_vi": "Thường là bảng nhỏ cao ngang vai, như T12.",
     "is_required": "yes"},
    {"code": "may_tru", "kind": "number", "name_vi": "Khoảng bao nhiêu trụ không sáng?", "least": "1", "most": "99"},
    {"code": "tu_khi", "kind": "choice", "name_vi": "Đèn như vậy từ khi nào?", "name_en": "Since when?",
     "options_vi": "Hôm nay\nVài ngày nay\nĐã lâu", "options_en": "Today\nSome days\nLong", "is_required": "yes"},
    {"code": "gan_truong", "kind": "choice", "name_vi": "Có gần trường học không?", "name_en": "Is a school near?",
     "options_vi": "Có\nKhông", "options_en": "Yes\nNo"},
    {"code": "them", "kind": "text", "name_vi": "Còn điều gì giúp tổ sửa chữa tìm nhanh hơn?"},
    {"code": "day_dien", "kind": "stop", "name_vi": "Dây điện đứt không báo ở đây.", "hint_vi": "Xin gọi Điện lực 1900 1909 ngay.",
     "may_send": "yes"},
)  # fmt: skip
"""All that a field can ask, one of each kind at least."""


@pytest.fixture
def day(sqlite_environment: dict[str, str]) -> Iterator[Day]:
    with begun(sqlite_environment) as day:
        day.house.folder, day.house.impacts = PICTURES / "extra-questions", EVERY_IMPACT
        yield day
        assert day.house.faults == []


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder, house.impacts = PICTURES / "extra-questions", EVERY_IMPACT
        at(house.app, build.NOON)
        yield house
        assert house.faults == []


def fill(page: Page, rows: list[ExtraQuestion]) -> None:
    """Answer all six."""
    post, how_many, since, school, more, notice = (page.locator(f"[name={input_of(row)}]") for row in rows)
    post.fill("T12")
    how_many.fill("3")
    since.select_option("Vài ngày nay")
    school.select_option("Có")
    more.fill("Trụ đứng sau bảng tin, gọi 0912 999 888.")
    notice.check()


def pictured(page: Page, shown: str) -> None:
    """Take the pictures of a page whose scripts do not run; axe is one, so nothing else looks at it."""
    for width in (360, 1366):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=PICTURES / "extra-questions" / f"{shown}-{width}.png", full_page=True)


def newest() -> Report:
    db.session.rollback()
    return db.session.scalars(select(Report).order_by(Report.id.desc()).limit(1)).one()


def test_six_questions_are_written_asked_and_read_where_nobody_is_kept_out(day: Day) -> None:
    rows = [extra_question(day.world, position=str(number), **typed) for number, typed in enumerate(SIX, 1)]
    assert len(rows) == MOST_OF_A_FIELD
    overseer = day.person("overseer")
    overseer.go("/settings/rules/extra_question")
    overseer.look("settings-six-questions", closely=True)
    for row in (rows[2], rows[5]):
        page = overseer.go(f"/settings/rules/extra_question/{row.id}")
        expect(page.locator("[aria-labelledby=preview]")).to_contain_text(row.name.vi)
        overseer.look(f"settings-preview-{row.code}", closely=True)
    guest = day.house.visitor()
    page = guest.go("/reports/new")
    page.fill("[name=words]", WORDS)
    open_more(page)
    page.select_option("[name=field]", FIELD)
    expect(page.locator(f"[data-questions={FIELD}]")).to_be_visible()
    guest.look("form-six-questions", closely=True)
    tell_place(page)
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    guest.look("form-answers-missing", closely=True)
    expect(page.locator("[data-errors]")).to_contain_text("Số ghi trên trụ đèn là gì?")
    fill(page, rows)
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    assert page.url.endswith("/receipt"), page.inner_text("main")
    assert len(answers_given(newest())) == len(SIX) - 1
    read_at_the_desks(day)


def read_at_the_desks(day: Day) -> None:
    """The centre reads all that was answered; an agency what was cleared."""
    case = day.newest("lamp")
    page = day.open_step("operator", "lamp", "verify")
    expect(page.locator("main")).to_contain_text("Còn điều gì giúp tổ sửa chữa tìm nhanh hơn? Trụ đứng sau bảng tin, gọi 0912 999 888.")
    day.person("operator").look("operator-answers", closely=True)
    day.person("operator").go(f"/cases/{case.ref}")
    day.person("operator").look("case-answers", closely=True)
    cleared = f"{WORDS} Số ghi trên trụ đèn: T12, khoảng 3 trụ."
    report = case.main_report
    day.do("lamp", "verify", "operator", title="Đèn đường không sáng", cleared=[build.cleared(report, words=cleared)])
    day.to_agencies("lamp", "PTNMT")
    page = day.open_step("officer_PTNMT", "lamp", "accept_assignment", "PTNMT")
    expect(page.locator("main")).to_contain_text("Số ghi trên trụ đèn: T12")
    assert "0912 999 888" not in page.content()
    day.person("officer_PTNMT").look("agency-answers", closely=True)


def test_the_same_six_without_a_script(day: Day) -> None:
    rows = [extra_question(day.world, position=str(number), **typed) for number, typed in enumerate(SIX, 1)]
    guest = day.house.visitor(scripts=False)
    page = guest.go("/reports/new")
    page.fill("[name=words]", WORDS)
    open_more(page)
    page.select_option("[name=field]", FIELD)
    tell_place(page)
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    expect(page.locator(f"[data-questions={FIELD}]")).to_be_visible()
    day.house.faults += [f"form-six-without-script: {fault}" for fault in too_wide(page, 320, 360, 1366)]
    if WHOLE:
        pictured(page, "form-six-without-script")
    fill(page, rows)
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    assert page.url.endswith("/receipt"), page.inner_text("main")


def test_a_question_written_as_the_form_opens_is_taken_at_the_first_save(day: Day) -> None:
    day.world.people["overseer"] = of_the_installation(day.world, "overseer", Role.ADMINISTRATOR)
    overseer = day.person("overseer")
    page = overseer.go("/settings/rules/extra_question/new")
    overseer.look("settings-new-question", closely=True)
    page.select_option("[name=service_code]", FIELD)
    page.fill("[name=code]", "so_tru")
    page.fill("[name=position]", "1")
    page.select_option("[name=kind]", "text")
    page.fill("[name=name_vi]", "Số trụ đèn?")
    page.fill("[name=reason]", "Tổ sửa chữa cần.")
    with next_document(page):
        page.get_by_role("button", name="Thêm", exact=True).click()
    assert "/new" not in page.url, page.inner_text("main")
    db.session.rollback()
    row = db.session.scalars(select(ExtraQuestion)).one()
    assert (row.for_citizens, row.for_operators) == (True, True)


def test_a_place_chosen_after_the_field_asks_what_its_centre_asks_and_shows_what_is_alike_there(house: House) -> None:
    assert house.world is not None
    other = second_world(house.world)
    shared = input_of(extra_question(house.world))
    own = input_of(extra_question(house.world, centre_id=other.centre.id, code="rieng", kind="text", name_vi="Gần trạm nào?",
                                  is_required="yes"))  # fmt: skip
    near = build.case_at(other, "handling", words="Đèn đường trước trường học không sáng.")
    with unit_of_work():
        db.session.get_one(Case, near.id).title = "Đèn đường trước trường học không sáng"
    guest = house.visitor()
    page = guest.go("/reports/new")
    page.fill("[name=words]", WORDS)
    open_more(page)
    page.select_option("[name=field]", FIELD)
    page.fill(f"[name={shared}]", "30")
    expect(page.locator("[data-alike] section")).to_have_count(0)
    tell_place(page, "Xã Ka Đô")
    expect(page.locator("[data-alike] section")).to_contain_text("Đèn đường trước trường học không sáng")
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    asked = page.locator(f"[name={own}]")
    expect(asked).to_be_visible()
    expect(page.locator("[data-errors]")).to_contain_text("Gần trạm nào?")
    assert (page.input_value(f"[name={shared}]"), page.input_value("[name=words]")) == ("30", WORDS)
    tell_place(page, "Xã Lát")
    expect(page.locator("[data-alike] section")).to_have_count(0)
    tell_place(page, "Xã Ka Đô")
    guest.look("form-place-after-field", closely=True)
    asked.fill("Trạm 3")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    assert page.url.endswith("/receipt"), page.inner_text("main")
    assert sorted((each.code, each.words.vi) for each in answers_given(newest())) == [("do_sau", "30"), ("rieng", "Trạm 3")]


def bounded(area: Area, south: float, west: float) -> None:
    """A boundary, so that a point says which commune it is in."""
    corners = [[west, south], [west + 0.1, south], [west + 0.1, south + 0.1], [west, south + 0.1], [west, south]]
    with unit_of_work():
        row = db.session.get_one(Area, area.id)
        row.boundary = {"type": "Polygon", "coordinates": [corners]}
        row.south, row.north, row.west, row.east = south, south + 0.1, west, west + 0.1


@pytest.mark.parametrize("first", ["field", "point"])
def test_field_and_point_in_either_order_ask_the_same_and_fill_in_the_commune(house: House, first: str) -> None:
    assert house.world is not None
    other = second_world(house.world)
    bounded(other.area, 11.75, 108.40)
    bounded(house.world.area, 12.0, 108.35)
    shared = input_of(extra_question(house.world))
    own = input_of(extra_question(house.world, centre_id=other.centre.id, code="rieng", kind="text", name_vi="Gần trạm nào?",
                                  is_required="yes"))  # fmt: skip
    page = house.visitor().go("/reports/new")
    page.fill("[name=words]", WORDS)
    commune = page.locator("[name=area] option:checked")

    def choose_field() -> None:
        open_more(page)
        page.select_option("[name=field]", FIELD)
        page.fill(f"[name={shared}]", "30")

    def point() -> None:
        put_at(page, 12.05, 108.4)
        expect(commune).to_have_text("Xã Lát")
        put_at(page, *HOME)
        expect(commune).to_have_text("Xã Ka Đô")

    for step in (choose_field, point) if first == "field" else (point, choose_field):
        step()
    expect(page.locator(f"[data-questions={FIELD}]").first).to_be_visible()
    assert (page.input_value(f"[name={shared}]"), page.input_value("[name=field]")) == ("30", FIELD)
    expect(commune).to_have_text("Xã Ka Đô")
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    asked = page.locator(f"[name={own}]")
    expect(asked).to_be_visible()
    expect(page.locator("[data-errors]")).to_contain_text("Gần trạm nào?")
    expect(commune).to_have_text("Xã Ka Đô")
    assert page.input_value(f"[name={shared}]") == "30"
    asked.fill("Trạm 3")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    assert page.url.endswith("/receipt"), page.inner_text("main")
    report = newest()
    assert (report.area.name.vi, report.centre_id) == ("Xã Ka Đô", other.centre.id)
    assert sorted((each.code, each.words.vi) for each in answers_given(report)) == [("do_sau", "30"), ("rieng", "Trạm 3")]
