"""Ten seconds in a real browser: the strip that offers to take back, and keys that ask before they decide what cannot be taken back."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from casework.db import db
from casework.models import HeldAct
from tests import build
from tests.browser.day import fill_in, send
from tests.browser.house import EVERY_IMPACT, House, opened
from tests.browser.judging import resize
from tests.browser.waiting import next_document
from workflows.running.carrying_out import carry_out_due

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@dataclass(frozen=True)
class Deed:
    """One of the acts: where its case stands, at which step, by whom, what is typed, and a field that has it again afterwards."""

    verb: str
    state: str
    element: str
    login: str
    fill: Callable[[Page, build.World], None]
    kept: tuple[str, str] | None = None


def choose_agency(page: Page, world: build.World) -> None:
    agency = world.agencies["PTNMT"].ref
    page.check(f"[name=lead][value='{agency}']")
    page.locator("[data-ownbox] > summary").click()
    page.fill(f"[name='instructions-{agency}']", TYPED)


def open_other_ways(page: Page, _world: build.World) -> None:
    fill_in(page, question=TYPED)
    page.locator("details.more-acts > summary").click()


def give_reason(page: Page, _world: build.World) -> None:
    fill_in(page, reason="khong_ro_noi_dung", refusal_words=TYPED)


OVERLAP = """() => {
    const line = document.querySelector("[data-held]"), words = document.createRange();
    words.selectNodeContents(line.querySelector("[data-held-words] b"));
    return words.getBoundingClientRect().right - line.querySelector("button").getBoundingClientRect().left;
}"""
TYPED = "Xin xem lại cho đúng nơi."
DEEDS = (
    Deed("approve_answer", "approval", "approve_answer", "leader_ptnmt", lambda *_: None),
    Deed("distribute", "to_distribute", "distribute", "operator", choose_agency),
    Deed("answer_privately", "to_publish", "publish", "operator", open_other_ways, ("question", TYPED)),
    Deed("refuse", "to_verify", "verify", "operator", give_reason, ("refusal_words", TYPED)),
)  # fmt: skip


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


@pytest.mark.parametrize("deed", DEEDS, ids=[deed.verb for deed in DEEDS])
def test_the_strip_is_for_everybody_and_keys_alone_lead_to_it_and_back_into_the_form(house: House, deed: Deed) -> None:
    assert house.world is not None
    house.impacts, house.app.config["TAKE_BACK_SECONDS"] = EVERY_IMPACT, 600
    case = build.case_at(house.world, deed.state, now=datetime.now(UTC) - timedelta(days=2))
    address = f"/tasks/{build.waiting(case, deed.element).ref}"
    visitor = house.visitor(deed.login)
    page = visitor.go(address)
    deed.fill(page, house.world)
    send(page, deed.verb)
    line = page.locator("[data-held]")
    expect(line).to_contain_text(case.code)
    visitor.look(f"taken-back-{deed.verb}", closely=True)
    resize(page, 360)
    assert page.evaluate(OVERLAP) <= 0, "the button lies over the words"
    page.reload()
    for key in ("Tab", "Enter", "Shift+Tab"):               # past the bar to the contents, and one back
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('[data-held]') !== null"), page.evaluate("document.activeElement.outerHTML")
    with next_document(page):
        page.keyboard.press("Enter")
    assert page.url.endswith(address)
    expect(page.locator(".flashes")).to_contain_text("Đã hoàn tác")
    expect(line).to_have_count(0)
    if deed.kept is not None:
        expect(page.locator(f"[name={deed.kept[0]}]").last).to_have_value(deed.kept[1])
    assert not house.faults, "\n".join(house.faults)


def test_the_key_takes_back_what_was_done_last(house: House) -> None:
    assert house.world is not None
    house.app.config["TAKE_BACK_SECONDS"] = 600
    now = datetime.now(UTC)
    cases = [build.case_at(house.world, "approval", now=now - timedelta(days=2, hours=hour)) for hour in (1, 2)]
    addresses = [f"/tasks/{build.waiting(case, 'approve_answer').ref}" for case in cases]
    page = house.visitor("leader_ptnmt").page
    for address in addresses:
        page.goto(address)
        send(page, "approve_answer")
    expect(page.locator("[data-held] .code")).to_have_text([case.code for case in reversed(cases)])
    expect(page.locator("[data-held] kbd")).to_have_count(1)
    with next_document(page):
        page.keyboard.press("z")
    assert page.url.endswith(addresses[1])
    expect(page.locator("[data-held] .code")).to_have_text([cases[0].code])
    expect(page.locator("[data-held] kbd")).to_have_count(1)
