"""A part of a case in a real browser: split off on its form, seen from both sides, read by everybody; at two widths, and no barrier."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.db import db
from casework.parts import parts_of
from tests import build
from tests.browser.house import House, opened
from tests.browser.waiting import next_document
from tests.casework.parting.family import answer, finish_agencies
from tests.with_photos import pictured_case

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
        yield house


def test_a_part_is_split_off_followed_and_read_by_everybody(house: House) -> None:
    world = house.world
    assert world is not None
    case = pictured_case(world, Path(house.app.config["FILES"]), "handling", agencies=2).case
    operator = house.visitor("operator")
    page = operator.go(f"/cases/{case.ref}/acts/divide", "part-form")
    page.fill("#title", "Cột điện nghiêng")
    page.fill("#words", "Cột điện cạnh bãi rác bị nghiêng, có nguy cơ đổ.")
    page.select_option("#field", index=1)
    with next_document(page):
        page.get_by_role("button", name="Tách phần này").click()
    assert page.input_value("#words").startswith("Cột điện"), "the agency was missing, and nothing typed is lost"
    operator.look("part-refused")
    page.select_option("#lead", world.agencies["HKL"].ref)
    page.locator("input[name=photos]").check()
    with next_document(page):
        page.get_by_role("button", name="Tách phần này").click()
    db.session.rollback()
    [part] = parts_of(case)
    operator.go(f"/cases/{case.ref}", "part-of-case")
    operator.go(f"/cases/{part.ref}", "part-itself")
    operator.go(f"/cases/{part.ref}/acts/join_part", "part-join")
    officer = house.visitor("officer_HKL")
    officer.go("/inbox", "part-inbox")
    officer.go(f"/cases/{part.ref}", "part-agency")
    answer(world, part)
    finish_agencies(world, case)
    build.publish(world, case)
    house.visitor().go(f"/reports/{case.code}", "part-public")
