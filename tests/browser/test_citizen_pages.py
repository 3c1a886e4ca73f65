"""The citizens' pages for everybody: no barrier axe knows on any of them, and none wider than the telephone it is read on.

Each page is opened once here, in one language and at one width by turns, and axe looks at every other one; in a whole run at all of them,
in both languages and at every width, with pictures under var/screenshots/citizen/.
"""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.browser.citizen_desks import Town, bare_desks, citizen_desks, fail_on_request, furnish
from tests.browser.day import Day, begun
from tests.browser.desks import Desk
from tests.browser.house import HIGHEST, PICTURES
from tests.browser.judging import barriers, resize, speak, too_wide
from tests.conftest import environment_of
from tests.whole import WHOLE, at_every_other

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (320, 360, 1366)
TURNS = tuple((language, width) for width in WIDTHS for language in ("vi", "en"))
FOLDER = PICTURES / "citizen"


@pytest.fixture(scope="module")
def day(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    variables = environment_of(tmp_path_factory.mktemp("citizens"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with begun(variables) as day:
        day.house.app.config["DEMO"] = True                     # its pages say the codes that nobody sends
        fail_on_request(day.house.app)
        yield day


def judged(town: Town, desk: Desk, language: str, widths: tuple[int, ...], *, with_axe: bool) -> Iterator[str]:
    """What is wrong with one page, come to once."""
    page = town.person(desk.person).page
    speak(page, town.day.house.address, language)
    resize(page, widths[0])
    answer = page.goto(desk.path)
    if answer is None or answer.status != desk.status:
        yield f"answered with {answer and answer.status}"
        return
    if desk.then is not None:
        try:
            desk.then(page)
        except (PlaywrightError, AssertionError) as failure:
            yield f"what is done there fails: {failure}"
            return
    for width in widths:
        yield from too_wide(page, width)
        if with_axe:
            yield from (f"{width}: {fault}" for fault in barriers(page))
        if WHOLE:
            height = min(max(page.evaluate("document.documentElement.scrollHeight"), 900), HIGHEST)
            page.set_viewport_size({"width": width, "height": height})
            FOLDER.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=FOLDER / f"{desk.name}-{language}-{width}.png")


def all_judged(town: Town, desks: list[Desk], languages: tuple[str, ...] = ()) -> list[str]:
    faults = []
    for language in languages or ("",):
        for number, desk in enumerate(desks):
            of_turn, width = TURNS[number % len(TURNS)]
            spoken, widths = language or of_turn, WIDTHS if WHOLE else (width,)
            found = judged(town, desk, spoken, widths, with_axe=at_every_other(number, len(TURNS)))
            faults += [f"{desk.name} ({spoken}) {desk.path}: {fault}" for fault in found]
    return faults


def test_no_page_keeps_anybody_out(day: Day) -> None:
    languages = ("vi", "en") if WHOLE else ()
    faults = all_judged(Town(day), bare_desks(), languages)
    town = furnish(day)
    faults += all_judged(town, citizen_desks(town), languages)
    assert not faults, "\n".join(faults)
