"""The desks for everybody: no barrier axe knows on any page, open menus and refusals included, and all of it by keyboard alone.

Every tenth page is looked at once here, in one language and at one size by turns, and measured at one other; a whole run looks at all of
them and measures them at all, and `bin/soak looks` looks at all of them in all.
"""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests import build
from tests.browser.day import Day, begun, button, ref_of
from tests.browser.desks import Desk, desks_of, furnish
from tests.browser.house import DESK
from tests.browser.judging import UNFOLD, barriers, other_widths, resize, speak, too_wide, walk
from tests.browser.settings_desks import furnish_settings, settings_desks, untold_in_events
from tests.browser.waiting import next_document
from tests.conftest import environment_of
from tests.whole import sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ALWAYS = frozenset({"quarantined", "error-403", "error-404", "error-409"})
"""Pages like no other, tried in each run."""

TURNS = (("vi", 1366), ("en", 360), ("vi", 360), ("en", 1366))


@pytest.fixture(scope="module")
def day(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    variables = environment_of(tmp_path_factory.mktemp("desks"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with begun(variables) as day:
        furnish(day)
        furnish_settings(day)
        yield day


def judged(day: Day, desk: Desk, number: int, *, goes_over: bool) -> Iterator[str]:
    """What is wrong with one page, at its turn."""
    language, width = TURNS[number % len(TURNS)]
    page = day.person(desk.person).page
    speak(page, day.house.address, language)
    resize(page, width)
    answer = page.goto(desk.path)
    if answer is None or answer.status != desk.status:
        yield f"answered with {answer and answer.status}"
        return
    if desk.then is not None:
        desk.then(page)
    if goes_over:
        yield from walk(page)
    # as wide as it is already first, so that the window is made another width as seldom as can be
    yield from too_wide(page, width, *other_widths(width, number // len(TURNS)))
    resize(page, width)
    page.evaluate(UNFOLD)
    yield from barriers(page)
    yield from too_wide(page, width)


def test_no_page_keeps_anybody_out(day: Day) -> None:
    faults = []
    desks = desks_of(day)
    for number, desk in enumerate(dict.fromkeys([*sample(desks, 10), *(desk for desk in desks if desk.name in ALWAYS)])):
        goes_over = desk.name.startswith(("task-", "inbox-", "search", "case-approval", "team", "approvals", "note")) and number % 2 == 0
        faults += [f"{desk.name} {TURNS[number % 4]} {desk.path}: {fault}" for fault in judged(day, desk, number, goes_over=goes_over)]
    assert not faults, "\n".join(faults)


@pytest.mark.exhaustive
def test_no_page_of_settings_keeps_anybody_out(day: Day) -> None:
    faults = []
    day.house.faults.clear()                                # what the pages before were refused on purpose
    for number, desk in enumerate(sample(settings_desks(day), 10)):
        found = judged(day, desk, number, goes_over=number % 3 == 0)
        faults += [f"{desk.name} {TURNS[number % 4]} {desk.path}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    assert not day.house.faults, "\n".join(day.house.faults)
    assert untold_in_events() == []


REFUSED = (
    ("operator", "verify", "verify", ""), ("operator", "classify", "classify", ""), ("operator", "distribute", "distribute", "distribute"),
    ("officer_PTNMT", "accept", "accept_assignment", "hand_back"), ("officer_PTNMT", "answer", "submit_answer", "submit_answer"),
    ("leader_PTNMT", "approve", "approve_answer", "redo_answer"), ("operator", "publish", "publish", "publish"),
    ("operator", "urgent", "call_hotline", ""), ("leader_PTNMT", "endorse", "endorse_extension", ""),
)  # fmt: skip


@pytest.mark.exhaustive
def test_no_refusal_keeps_anybody_out(day: Day) -> None:
    faults = []
    for number, (name, story, element, verb) in enumerate(REFUSED):
        page = day.open_step(name, story, element, "PTNMT" if element in ("accept_assignment", "submit_answer", "approve_answer") else "")
        language, width = TURNS[number % len(TURNS)]
        speak(page, day.house.address, language)
        page.evaluate("document.querySelectorAll('form.work-form :is(input[type=text], textarea)').forEach(each => { each.value = ''; })")
        page.evaluate(UNFOLD)
        with next_document(page), page.expect_response(lambda answer: answer.request.is_navigation_request()) as answered:
            button(page, verb).evaluate("button => { button.form.noValidate = true; button.click(); }")
        where = f"{element} refused ({language}, {width})"
        if answered.value.status != 422:
            faults.append(f"{where}: answered with {answered.value.status}")
        if not page.evaluate("document.activeElement.matches('[data-errors]')"):
            faults.append(f"{where}: the focus is not at what has to be put right")
        page.set_viewport_size({"width": width, "height": 900})
        faults += [f"{where}: {fault}" for fault in (*barriers(page), *too_wide(page, width, *other_widths(width, number)))]
        speak(page, day.house.address, "vi")
    assert not faults, "\n".join(faults)


# -- by keyboard alone ---------------------------------------------------------------------------------------------------


def reach(page: Page, selector: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no number of Tabs leads to {selector} on {page.url}")


def typed(page: Page, selector: str, words: str) -> None:
    reach(page, selector)
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(words)


def pressed(page: Page, selector: str, key: str = "Enter") -> None:
    reach(page, selector)
    with next_document(page):
        page.keyboard.press(key)


def chosen(page: Page, selector: str, value: str) -> None:
    """Choose in a list by its arrow keys."""
    reach(page, selector)
    for _ in range(40):
        if page.evaluate("document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{value} is not in {selector}")


@pytest.mark.exhaustive
def test_a_case_is_worked_from_verification_to_publication_by_keyboard_alone(day: Day) -> None:
    for person in day.people.values():
        person.page.set_viewport_size(DESK)                     # type: ignore[arg-type]
        speak(person.page, day.house.address, "vi")
    day.file("by keys", words="Có đống rác lớn ven suối.")
    page = day.open_step("operator", "by keys", "verify")
    typed(page, "[name=title]", "Rác đổ ven suối")
    typed(page, "textarea[name^=words-]", "Có đống rác ven suối.")
    pressed(page, "button[name=act][value=verify]")
    chosen(page, "[name=field]", "rung_dat_moi_truong")
    reach(page, "[name=urgency]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.locator("[name=urgency]:checked").get_attribute("value") == "normal"
    reach(page, "[name=complexity]")
    page.keyboard.press("Space")
    pressed(page, ".actionbar button.btn-primary")
    reach(page, "[name=lead]")
    page.keyboard.press("Space")
    assert page.locator("[name=lead]:checked").get_attribute("value") == ref_of(day.world.agencies["PTNMT"])
    reach(page, "#agencies-typed")
    page.keyboard.insert_text("hat kiem")
    page.keyboard.press("Enter")
    assert page.locator(".combo-in .chip").count() == 1
    page.keyboard.press("Backspace")
    assert page.locator(".combo-in .chip").count() == 0
    pressed(page, "button[name=act][value=distribute]", "Space")

    page = day.open_step("officer_PTNMT", "by keys", "accept_assignment")
    pressed(page, "button[name=act][value=accept_assignment]")
    for name, words in build.ANSWER.items():
        if name != "no_photo_reason":
            typed(page, f"[name={name}]", words)
    typed(page, "[name=no_photo_reason]", build.ANSWER["no_photo_reason"])
    pressed(page, "button[name=act][value=submit_answer]")
    page = day.open_step("leader_PTNMT", "by keys", "approve_answer")
    pressed(page, "button[name=act][value=approve_answer]")
    page = day.open_step("operator", "by keys", "publish")
    reach(page, "[name=checked]")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    pressed(page, "button[name=act][value=publish]")
    assert day.case("by keys").state == "rating"
