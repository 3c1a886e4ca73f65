"""The desks at 400 %: a window of 1280 by 1024 pixels is one of 320 by 256 then. Nothing scrolls sideways but inside itself, and what stays
in sight while a page scrolls leaves room to read it."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.day import Day, begun
from tests.browser.desks import furnish
from tests.browser.waiting import ask
from tests.conftest import environment_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

AT_400 = {"width": 320, "height": 256}
MOST_COVERED = 0.5
"""Of the height of the window, by what stays while the page scrolls."""

BEYOND = """() => {
    const inside = each => { for (let at = each.parentElement; at; at = at.parentElement) {
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(at).overflowX)) return true; } return false; };
    return [...document.body.querySelectorAll("*")].filter(each => {
        const box = each.getBoundingClientRect();
        return box.width && box.right > innerWidth + 1 && getComputedStyle(each).visibility !== "hidden" && !inside(each);
    }).slice(0, 3).map(each => each.outerHTML.slice(0, 90));
}"""
"""What reaches beyond the right edge without a part of its own to scroll in."""

COVERED = """() => {
    scrollTo(0, Math.min(400, document.documentElement.scrollHeight / 2));
    const rows = new Set();
    document.querySelectorAll("body *").forEach(each => {
        if (!/fixed|sticky/.test(getComputedStyle(each).position)) return;
        const box = each.getBoundingClientRect();
        if (box.width < innerWidth / 2 || !box.height || getComputedStyle(each).visibility === "hidden") return;
        const stays = getComputedStyle(each).position === "fixed" || box.top <= 1 || box.bottom >= innerHeight - 1;
        if (stays) for (let y = Math.max(0, Math.round(box.top)); y < Math.min(innerHeight, box.bottom); y++) rows.add(y);
    });
    return rows.size / innerHeight;
}"""


@pytest.fixture
def day(sqlite_template: Path, tmp_path: Path) -> Iterator[Day]:
    variables = environment_of(tmp_path)
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with begun(variables) as day:
        furnish(day)
        yield day


def pages_of(day: Day) -> Iterator[tuple[str, str]]:
    """Whose page, and its address: every main desk, each kind of step, a case with all it has."""
    for path in ("/inbox", "/late", "/open-map", "/dashboard", "/dashboard/calendar", "/statistics"):
        yield "ops_lead", path
    for person, story, element in (
        ("operator", "verify", "verify"), ("operator", "classify", "classify"), ("operator", "distribute", "distribute"),
        ("operator", "urgent", "call_hotline"), ("operator", "publish", "publish"),
    ):  # fmt: skip
        yield person, day.address(story, element)
    yield "officer_PTNMT", day.address("answer", "submit_answer", "PTNMT")
    yield "leader_PTNMT", day.address("approve", "approve_answer", "PTNMT")
    for tab in ("", "?tab=answers", "?tab=history"):
        yield "ops_lead", f"/cases/{day.case('approve').ref}{tab}"
    yield "officer_PTNMT", "/inbox"


def faults_of(page: Page) -> Iterator[str]:
    page.wait_for_load_state("networkidle")
    wide = ask(page, "document.documentElement.scrollWidth")
    if wide > AT_400["width"]:
        yield f"{wide} pixels wide: {page.evaluate(BEYOND)}"
    covered = page.evaluate(COVERED)
    if covered > MOST_COVERED:
        yield f"{covered:.0%} of the window is covered while it scrolls"


def test_the_desks_are_read_at_four_hundred_per_cent(day: Day) -> None:
    faults = []
    for name, path in pages_of(day):
        page = day.person(name).page
        page.set_viewport_size(AT_400)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        faults += [f"{name} {path}: {fault}" for fault in faults_of(page)]
    assert not faults, "\n".join(faults)
