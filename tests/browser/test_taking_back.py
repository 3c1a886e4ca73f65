"""Ten seconds in a real browser: the strip that offers to take back, and keys that ask before they decide what cannot be taken back."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from casework.db import db
from casework.models import HeldAct
from tests import build
from tests.browser.house import House, opened
from tests.browser.waiting import next_document
from workflows.running.carrying_out import carry_out_due

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment | {"LANGBIANG_TAKE_BACK_SECONDS": "10"}) as house:
        yield house


def test_a_leader_approves_by_a_key_takes_it_back_by_another_and_is_asked_before_a_redo(house: House) -> None:
    world, now = house.world, datetime.now(UTC)
    assert world is not None
    cases = [build.case_at(world, "approval", now=now - timedelta(days=2, hours=hour)) for hour in (1, 2)]
    first, second = (f"/tasks/{build.waiting(case, 'approve_answer').ref}" for case in cases)
    leader = house.visitor("leader_ptnmt")
    page = leader.go(first)
    with next_document(page):
        page.keyboard.press("d")
    line = page.locator("[data-held]")
    expect(line).to_contain_text(cases[0].code)
    expect(line.locator("[data-held-seconds]")).to_contain_text("giây")
    leader.look("taken-back", closely=True)
    with next_document(page):
        page.keyboard.press("z")
    assert page.url.endswith(first)
    expect(page.locator("main, .flashes").first).to_be_visible()
    expect(page.locator(".flashes")).to_contain_text("Đã hoàn tác")
    expect(page.locator("[data-held]")).to_have_count(0)

    page = leader.go(second)
    page.fill("[name=instructions]", "Chụp lại cùng góc.")
    page.locator("h1").click()
    asked = page.locator("[data-press-again]")
    page.keyboard.press("r")
    expect(asked).to_have_text("Nhấn R lần nữa: Yêu cầu xử lý lại. Esc: thôi.")
    page.keyboard.press("Escape")
    expect(asked).to_have_text("")
    page.keyboard.press("r")
    with next_document(page):
        page.keyboard.press("r")
    db.session.rollback()
    assert build.waiting(cases[1], "submit_answer").state == "waiting"

    page = leader.go(first)
    with next_document(page):
        page.keyboard.press("d")
    with house.app.app_context():
        carry_out_due(datetime.now(UTC) + timedelta(seconds=11))
    expect(page.locator("[data-held]")).to_contain_text("Đã thực hiện.", timeout=20_000)
    with house.app.app_context():
        assert db.session.query(HeldAct).filter(HeldAct.returned_at.is_(None)).count() == 0
    assert not house.faults, "\n".join(house.faults)
