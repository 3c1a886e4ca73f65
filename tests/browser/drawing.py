"""Drawing a step, approving it and working it: what is pressed for it, and what it leaves."""
from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.db import db
from casework.models import Case, StepRecord
from tests.browser.house import PHONE, Visitor
from tests.browser.test_studio import choose, chosen, wait_saved
from tests.browser.waiting import next_document
from workflows.models import ProcessInstance

STEP = "Thẩm định pháp lý"
BASIS = "Nghị định 45/2022/NĐ-CP, Điều 25: vứt rác không đúng nơi quy định."


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
    expect(page.locator(".findings-here")).to_contain_text("Biểu mẫu chưa có tên tiếng Anh cho: Căn cứ")
    administrator.look("studio-finding")
    page.fill("#p-field-0-en", "Basis")
    wait_saved(page)
    expect(page.locator(f".finding-badge[data-badge='{step}']")).to_have_count(0)
    with next_document(page):
        page.click("[data-back]")
    page.fill("#hand_in-words", "Thêm bước thẩm định pháp lý trước khi công khai, theo yêu cầu của UBND.")
    do(administrator, "hand_in")


def do(person: Visitor, act: str) -> None:
    """Press the button of an act with a version."""
    with next_document(person.page):
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
    with next_document(page):
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
