"""The pages of those who follow an area, and of the question whether it is really mended: read by everybody, at every width.

They are looked at by axe in both languages at 360 and 1366 pixels; a whole run leaves pictures under var/screenshots/after/.
"""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.area_news.matching import number_news
from casework.db import db, unit_of_work
from casework.mended.answering import hold_question, lead_back
from casework.mended.asking import ask_if_mended
from casework.models import Case, MendedQuestion, Publication, Report
from casework.permissions import SYSTEM
from tests import build
from tests.browser.citizen_desks import Town
from tests.browser.day import Day, begun
from tests.browser.house import HIGHEST, PICTURES
from tests.browser.judging import barriers, speak, too_wide
from tests.browser.waiting import ask_until, next_document
from tests.conftest import environment_of
from tests.whole import WHOLE
from web.reporters.mended import PURPOSE
from web.signed_links import signed_ref

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

FOLDER = PICTURES / "after"
WIDTHS = (360, 1366)
MONTH = timedelta(days=30)


@pytest.fixture(scope="module")
def day(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    variables = environment_of(tmp_path_factory.mktemp("after"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with begun(variables) as day:
        day.house.app.config["DEMO"] = True                     # its pages say the codes that nobody sends
        yield day


@contextmanager
def an_hour_after(question: MendedQuestion, day: Day) -> Iterator[None]:
    """The clock of the house, while its pages are read."""
    config, at = day.house.app.config, question.asked_at + timedelta(hours=1)
    before, config["CLOCK"] = config["CLOCK"], lambda: at
    try:
        yield
    finally:
        config["CLOCK"] = before


class Judged:
    """One browser, and what is wrong with the pages it was shown."""

    def __init__(self, page: Page, address: str, widths: tuple[int, ...] = WIDTHS) -> None:
        self.page, self.address, self.widths, self.faults = page, address, widths, list[str]()

    def look(self, name: str, language: str) -> None:
        for width in self.widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.faults += [f"{name} ({language}): {fault}" for fault in too_wide(self.page, width)]
            self.faults += [f"{name} ({language}) {width}: {fault}" for fault in barriers(self.page)]
            if WHOLE:
                height = min(max(self.page.evaluate("document.documentElement.scrollHeight"), 900), HIGHEST)
                self.page.set_viewport_size({"width": width, "height": height})
                FOLDER.mkdir(parents=True, exist_ok=True)
                self.page.screenshot(path=FOLDER / f"{name}-{language}-{width}.png")


def asked(day: Day, case: Case) -> MendedQuestion:
    [answered_at] = db.session.scalars(select(Publication.published_at).where(Publication.case_id == case.id))
    ask_if_mended(answered_at + MONTH)
    db.session.rollback()
    return db.session.scalars(select(MendedQuestion).where(MendedQuestion.case_id == case.id)).one()


def address_of(question: MendedQuestion, day: Day) -> str:
    with day.house.app.app_context():
        return f"/m/{signed_ref(question.ref, purpose=PURPOSE)}"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_area_is_followed_and_left_by_everybody(day: Day, language: str) -> None:
    case = build.case_at(day.world, "rating")
    page = Town(day).person("guest").page
    judged = Judged(page, day.house.address)
    speak(page, day.house.address, language)
    page.goto(f"/area?near={case.code}")
    judged.look("area", language)
    page.click("details[data-area-map] summary")
    page.wait_for_selector("[data-area-stage].leaflet-container")
    page.focus("[data-area-stage]")
    page.keyboard.press("Enter")
    page.wait_for_selector("path.map-accuracy")
    page.select_option("#radius", "3000")
    assert page.is_checked("input[name=where][value=circle]")
    assert float(page.input_value("#latitude"))
    judged.look("area-map", language)
    page.check("input[name=where][value=area]", force=True)
    page.click("form.fcard button.btn-primary")
    judged.look("area-errors", language)
    page.fill("#contact", f"{language}@nguoi-dan.example")
    page.click("form.fcard button.btn-primary")
    page.wait_for_url("**/area/code")
    judged.look("area-confirm", language)
    page.fill("#digits", "000000")
    page.click("main .btn-primary")
    judged.look("area-confirm-wrong", language)
    page.fill("#digits", page.inner_text("[data-demo-code]"))
    page.click("main .btn-primary")
    page.wait_for_url("**/a/*")
    with unit_of_work():
        number_news(day.now(), 100)
    page.reload()
    judged.look("area-followed", language)
    page.click("main form button")
    judged.look("area-ended", language)
    page.goto("/reports")
    judged.look("reports", language)
    assert judged.faults == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_sender_says_that_it_is_not_mended(day: Day, language: str) -> None:
    town = Town(day)
    cases = [build.case_at(day.world, "closed") for _ in range(2)]
    first, second = [asked(day, case) for case in cases]
    with an_hour_after(first, day):
        page = town.person("guest").page
        judged = Judged(page, day.house.address)
        speak(page, day.house.address, language)
        page.goto(address_of(first, day))
        judged.look("mended", language)
        page.click("button[value=yes]")
        judged.look("mended-yes", language)
        page.goto(address_of(second, day))
        page.click("button[value=no]")
        page.wait_for_url("**/reports/new*")
        judged.look("mended-form", language)
        page.goto(address_of(second, day))
        judged.look("mended-no", language)
        led(day, second, first.asked_at + timedelta(hours=2))
        page.goto(f"/reports/{cases[1].code}")
        judged.look("mended-public", language)
        assert judged.faults == []


def test_both_work_where_no_script_runs(day: Day) -> None:
    case = build.case_at(day.world, "closed")
    question = asked(day, case)
    with an_hour_after(question, day):
        page = day.house.visitor(scripts=False).page
        page.goto(address_of(question, day))
        page.click("button[value=no]")
        assert page.url.endswith("/reports/new?again=1")
        page.goto(f"/reports/{case.code}")
        page.click("a[href^='/area?near=']")
        page.fill("#contact", "khong-script@nguoi-dan.example")
        page.click("form.fcard button.btn-primary")
        page.fill("#digits", page.inner_text("[data-demo-code]"))
        page.click("main .btn-primary")
        assert "/a/" in page.url
        page.click("main form button")
        assert "xóa" in page.inner_text("main")


def test_a_draft_of_the_new_report_keeps_what_it_follows_and_names_no_code(day: Day) -> None:
    case = build.case_at(day.world, "closed")
    question = asked(day, case)
    with an_hour_after(question, day):
        page = Town(day).person("guest").page
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(address_of(question, day))
        page.click("button[value=no]")
        page.wait_for_url("**/reports/new*")
        page.fill("[name=words]", "Rác vẫn còn nguyên ở đó.")
        ask_until(page, "Object.values(localStorage).some(kept => kept.includes('Rác vẫn còn'))")
        page.goto("/reports/new")
        follows = page.get_by_text("Phản ánh này tiếp theo một phản ánh trước của Ông/Bà.")
        expect(follows).to_be_hidden()
        page.get_by_role("button", name="Viết tiếp bản nháp").click()
        expect(follows).to_be_visible()
        assert case.code not in page.inner_text("main"), "whether it still leads there, the server knows when it is sent"
        page.fill("[name=contact]", "0912 345 678")
        page.check("[name=consent]")
        with next_document(page):
            page.locator(".actionbar button[value=send]").click()
        assert page.url.endswith("/receipt"), page.inner_text("main")
        db.session.rollback()
        led_to = db.session.scalar(select(MendedQuestion.new_report_id).where(MendedQuestion.id == question.id))
        assert db.session.get_one(Report, led_to).code in page.url


def test_a_draft_of_another_report_outlives_the_form_after_a_no_and_each_goes_with_its_own_receipt(day: Day) -> None:
    case = build.case_at(day.world, "closed")
    question = asked(day, case)
    other, still = "Cây đổ chắn lối vào chợ.", "Rác vẫn còn nguyên ở đó."
    names = "Object.keys(localStorage).filter(key => key.startsWith('report-draft:'))"
    drafts = f"{names}.map(key => JSON.parse(localStorage[key]).values.words)"
    with an_hour_after(question, day):
        page = Town(day).person("guest").page
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/reports/new")
        page.fill("[name=words]", other)
        ask_until(page, f"{drafts}.length === 1")
        page.goto(address_of(question, day))
        page.click("button[value=no]")
        page.wait_for_url("**/reports/new*")
        expect(page.locator("[data-follows]")).to_be_visible()
        page.wait_for_timeout(900)                              # longer than a form waits before it keeps what is in it
        assert page.evaluate(drafts) == [other], "nobody has written here yet"
        expect(page.locator("[data-draft-offer]")).to_be_hidden()
        page.fill("[name=words]", still)
        ask_until(page, f"{drafts}.length === 2")
        page.reload()
        expect(page.locator("[data-draft-offer]")).to_be_visible()
        page.get_by_role("button", name="Viết tiếp bản nháp").click()
        assert page.input_value("[name=words]") == still
        page.fill("[name=contact]", "0912 345 678")
        page.check("[name=consent]")
        with next_document(page):
            page.locator(".actionbar button[value=send]").click()
        assert page.url.endswith("/receipt"), page.inner_text("main")
        ask_until(page, f"{drafts}.length === 1")
        page.goto("/reports/new")
        page.get_by_role("button", name="Viết tiếp bản nháp").click()
        assert page.input_value("[name=words]") == other
        expect(page.locator("[data-follows]")).to_be_hidden()
        assert page.evaluate(drafts) == [other]


def led(day: Day, question: MendedQuestion, now: datetime) -> None:
    """A new report was sent after the no."""
    new = build.file_report(day.world, now=now, words="Rác vẫn còn.").case
    with unit_of_work():
        held = hold_question(question.ref, now=now)
        assert held is not None
        lead_back(held, db.session.get_one(Report, new.main_report.id), db.session.get_one(Case, new.id), by=SYSTEM, now=now)
