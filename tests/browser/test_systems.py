"""An administrator gives a system a key in the browser: seen once, used, replaced, revoked; an officer lends their name to it."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from casework.db import unit_of_work
from casework.doors.asking import KeyRefused, caller_of
from casework.doors.gates import Door
from casework.doors.key_format import public_of
from casework.permissions import Action
from tests import service_accounts
from tests.browser.house import PICTURES, House, Visitor, opened
from tests.browser.waiting import next_document

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

KEY = re.compile(r"lb1_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}")
WHY = "Theo công văn số 12."


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.folder = PICTURES / "systems"
        house.impacts |= {"moderate", "minor"}
        yield house


def opens(text: str) -> bool:
    with unit_of_work():
        try:
            caller_of(text, door=Door.API, address="127.0.0.1", now=datetime.now(UTC))
        except KeyRefused:
            return False
    return True


def pressed(visitor: Visitor, button: str) -> None:
    with next_document(visitor.page):
        visitor.page.locator(button).first.click()


def shown_key(visitor: Visitor) -> str:
    found = KEY.search(visitor.page.inner_text("main"))
    assert found, visitor.page.inner_text("main")[:500]
    return found[0]


def test_a_key_is_seen_once_used_followed_and_revoked(house: House) -> None:
    visitor = house.visitor("administrator")
    page = visitor.go("/settings/doors", "none-yet")
    visitor.press("Thêm hệ thống")
    page.select_option("#body", label="Phòng Tài nguyên và Môi trường")
    visitor.look("whose", closely=True)
    visitor.press("Tiếp tục")
    pressed(visitor, "main form button.btn-primary")
    assert page.locator("[aria-invalid=true]").count() == 5, "all that is missing at once"
    visitor.look("refused", closely=True)
    page.fill("#name", "Phần mềm giao việc")
    page.fill("#purpose", "Nhận và trả lời việc của phòng.")
    page.select_option("#owner", index=1)
    for scope in ("read_case", "read_inbox", "accept_assignment", "submit_answer"):
        page.check(f"[name=scopes][value={scope}]")
    page.fill("#reason", WHY)
    pressed(visitor, "main form button.btn-primary")
    first = shown_key(visitor)
    visitor.look("key", closely=True)
    assert opens(first)
    visitor.press("Tôi đã cất khóa")
    assert first not in page.content()
    assert public_of(first) or "" in page.content()
    visitor.look("account", closely=True)
    visitor.press("Tạo khóa mới")
    visitor.look("another", closely=True)
    page.fill("#reason", WHY)
    pressed(visitor, "main form button.btn-primary")
    second = shown_key(visitor)
    assert opens(first)
    assert opens(second)
    visitor.press("Tôi đã cất khóa")
    old = page.locator("li.seatline", has_text=public_of(first) or "")
    old.locator("summary").click()
    old.locator("input[name=reason]").fill(WHY)
    with next_document(page):
        old.locator("button").click()
    assert (opens(first), opens(second)) == (False, True)
    visitor.press("Thay đổi")
    visitor.look("change", closely=True)
    visitor.go("/settings/doors", "").locator("li.card summary").first.click()
    visitor.look("doors", closely=True)
    assert house.faults == []


def test_an_officer_lends_their_name_and_takes_it_back(house: House) -> None:
    assert house.world is not None
    service_accounts.made(house.world, Action.READ_CASE, Action.PROGRESS_NOTE, Action.SUBMIT_ANSWER)
    visitor = house.visitor("officer_ptnmt")
    page = visitor.go("/sessions")
    visitor.press("Hệ thống làm thay tôi")
    visitor.look("asked", closely=True)
    visitor.press("Cho hệ thống làm thay tôi")
    assert "đang làm thay Ông/Bà" in page.inner_text("main")
    visitor.look("agreed", closely=True)
    visitor.press("Thôi ngay")
    assert "đang làm thay Ông/Bà" not in page.inner_text("main")
    assert house.faults == []
