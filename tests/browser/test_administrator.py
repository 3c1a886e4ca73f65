"""An administrator draws a step, a second person approves it, a new case goes through it on a phone, an old one ends on its version.

Everything by the pages but what other tests press already: cases are brought near the step by the use cases themselves.
"""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.db import db
from casework.models import Case, StepRecord
from tests import build
from tests.browser.house import PHONE, House, Visitor, opened
from tests.browser.test_studio import choose, chosen, wait_saved
from workflows.models import ProcessInstance
from workflows.versions import live_version

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEP = "Thẩm định pháp lý"
BASIS = "Nghị định 45/2022/NĐ-CP, Điều 25: vứt rác không đúng nơi quy định."


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        yield house


def test_a_drawn_step_is_mended_approved_and_worked_while_old_cases_end_as_they_began(house: House) -> None:
    world = house.world
    assert world is not None
    old = build.case_at(world, "approval")
    first = live_version(world.centre.id).id

    administrator = house.visitor("administrator")
    draw_the_step(administrator)
    approver = house.visitor("process_approver")
    approve(approver)
    administrator.page.reload()
    do(administrator, "put_live")
    db.session.rollback()
    second = live_version(world.centre.id).id
    assert second != first

    new = build.case_at(world, "to_publish", now=build.NOON)
    work_the_step(house.visitor("ops_lead"), new)
    db.session.rollback()
    build.advance(world, new, "closed")
    build.advance(world, old, "closed")
    db.session.expire_all()
    assert {case.state for case in (old, new)} == {"closed"}
    assert records(new) == {("can_cu", BASIS), ("hop_phap", "true")}
    assert not records(old)
    assert versions(old) == {first}
    assert versions(new) == {second}
    assert not house.faults, "\n".join(house.faults)


def draw_the_step(administrator: Visitor) -> None:
    """Between the agencies' approved answers and the publication; handed in once nothing is left to mend."""
    administrator.go("/studio")
    administrator.page.locator("main a[href^='/studio/versions/']").first.click()
    administrator.press("Lập bản nháp từ bản này")
    page = administrator.page
    page.wait_for_selector("[data-studio][data-ready]")
    choose(page, "is_answered")
    page.click("[data-way='is_answered_to_publish']")
    page.click("#p-insert-do")
    page.fill("#p-name-vi", STEP)
    page.fill("#p-name-en", "Legal review")
    page.select_option("#p-role", "ops_lead")
    page.select_option("#p-limit", "own")
    page.fill("#p-limit-amount", "4")
    page.select_option("#p-limit-unit", "working_hours")
    field(page, 0, "Căn cứ", "", "long_text")
    field(page, 1, "Hợp pháp", "Lawful", "yes_no")
    step = chosen(page)
    wait_saved(page)
    expect(page.locator(f".finding-badge[data-badge='{step}']")).to_be_visible()
    expect(page.locator(".findings-here")).to_contain_text("“Căn cứ” thiếu tên ở một ngôn ngữ")
    administrator.look("studio-finding")
    page.fill("#p-field-0-en", "Basis")
    wait_saved(page)
    expect(page.locator(f".finding-badge[data-badge='{step}']")).to_have_count(0)
    with page.expect_navigation():
        page.click("[data-back]")
    page.fill("#hand_in-words", "Thêm bước thẩm định pháp lý trước khi công khai, theo yêu cầu của UBND.")
    do(administrator, "hand_in")


def do(person: Visitor, act: str) -> None:
    """Press the button of an act with a version."""
    with person.page.expect_navigation():
        person.page.locator(f"form[action$='/{act}'] button").click()


def field(page: Page, number: int, vi: str, en: str, kind: str) -> None:
    page.click("#p-add-field")
    page.fill(f"#p-field-{number}-vi", vi)
    page.fill(f"#p-field-{number}-en", en)
    page.select_option(f"#p-field-{number}-type", kind)
    page.check(f"#p-field-{number}-required")


def approve(approver: Visitor) -> None:
    approver.go("/studio")
    approver.page.locator("main tr", has_text="Chờ phê duyệt").locator("a[href^='/studio/versions/']").first.click()
    approver.look("studio-to-approve")
    do(approver, "approve_version")


def work_the_step(lead: Visitor, case: Case) -> None:
    """On a phone: from the inbox to the form, refused once with the words still there, then done."""
    page = lead.page
    page.set_viewport_size(PHONE)                               # type: ignore[arg-type]
    lead.go("/inbox")
    expect(page.locator("main")).to_contain_text(STEP)
    with page.expect_navigation():
        page.locator("main a[href^='/tasks/']").first.click()
    page.get_by_label("Căn cứ").fill(BASIS)
    lead.press("Hoàn thành bước")
    expect(page.get_by_label("Căn cứ")).to_have_value(BASIS)
    lead.look("drawn-step")
    page.get_by_label("Có", exact=True).check()
    lead.press("Hoàn thành bước")
    lead.go(f"/cases/{case.ref}")
    expect(page.locator("main")).to_contain_text(BASIS)


def records(case: Case) -> set[tuple[str, str | None]]:
    """What was written in drawn steps of a case: field and value."""
    query = select(StepRecord).where(StepRecord.case_id == case.id)
    return {(value.field, value.value) for record in db.session.scalars(query) for value in record.values}


def versions(case: Case) -> set[int]:
    """The versions the case and its assignments run on."""
    return set(db.session.scalars(select(ProcessInstance.version_id).where(ProcessInstance.case_id == case.id)))
