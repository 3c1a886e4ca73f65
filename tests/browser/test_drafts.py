"""Nothing typed into the form of a step is lost: the session ends, the network fails, the browser dies, two windows are open."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from casework.db import db, unit_of_work
from casework.models import Account, Case, Draft, LoginSession
from casework.steps.drafts import opened_fields
from tests import build
from tests import with_photos as pictured
from tests.browser.house import House, Visitor, opened
from tests.browser.waiting import next_document
from tests.conftest import environment_of, prepare_schema
from web.config import Config

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OFFICER = "officer_ptnmt"
LEFT_HERE = "Object.keys(localStorage).filter(key => key.startsWith('langbiang-draft/')).length"
EXPECTED = ("status of 401", "status of 409", "status of 400", "status of 412", "ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
"""What the browser complains of because these tests take server and network away from it."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    variables = environment_of(tmp_path_factory.mktemp("drafts"))
    prepare_schema(Config.from_environment(variables))
    with opened(variables) as house:
        yield house
        faults = [fault for fault in house.faults if not any(words in fault for words in EXPECTED)]
        assert not faults, "\n".join(faults)


@pytest.fixture(scope="module")
def officer(house: House) -> Visitor:
    return house.visitor(OFFICER)


def case_of(house: House) -> tuple[Case, str]:
    """A case in the agency's hands, and the address of its answer."""
    assert house.world is not None
    case = build.case_at(house.world, "handling")
    return case, f"/tasks/{build.waiting(case, 'submit_answer').ref}"


def typed(page: Page, words: str, name: str = "findings") -> None:
    page.locator(f"[name={name}]").press_sequentially(words)


def says(page: Page, words: str) -> None:
    expect(page.locator("[data-draft-status]")).to_contain_text(words)


def left_here(page: Page) -> int:
    return int(page.evaluate(LEFT_HERE))


def kept_for(login: str) -> list[dict[str, str]]:
    """What stands in somebody's drafts."""
    db.session.rollback()
    own = select(Draft).join(Account, Account.id == Draft.account_id).where(Account.login == login).order_by(Draft.id)
    return [dict(opened_fields(draft)) for draft in db.session.scalars(own)]


def sign_in(page: Page, login: str) -> None:
    """In this browser, in place of whoever is signed in."""
    with next_document(page):
        page.locator("form[action$='/sign-out'] button").click()
    page.goto("/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", build.PASSWORD)
    with next_document(page, lambda url: "/sign-in" not in url):
        page.click("main form button.btn-primary")


def drafts() -> int:
    db.session.rollback()
    return db.session.query(Draft).count()


def test_a_session_that_ends_in_mid_draft_loses_nothing(house: House, officer: Visitor) -> None:
    _case, address = case_of(house)
    page = officer.go(address)
    typed(page, "Đã xem bờ suối.")
    says(page, "Đã lưu nháp lúc")
    with unit_of_work():
        db.session.execute(update(LoginSession).values(revoked_at=datetime.now(UTC)))
    typed(page, " Có 2 m³ rác.")
    says(page, "Phiên làm việc đã hết")
    assert left_here(page) == 1
    officer.look("answer-session-ended")
    page.get_by_role("link", name="Đăng nhập lại").click()
    page.fill("[name=login]", OFFICER)
    page.fill("[name=password]", build.PASSWORD)
    page.click("main form button.btn-primary")
    expect(page.locator("[name=findings]")).to_have_value("Đã xem bờ suối. Có 2 m³ rác.")
    page.wait_for_function(f"() => {LEFT_HERE} === 0")
    assert drafts() == 1


@pytest.mark.exhaustive
def test_without_a_network_the_words_wait_in_the_browser_and_any_page_sends_them(house: House, officer: Visitor) -> None:
    _case, address = case_of(house)
    before = drafts()
    page = officer.go(address)
    officer.context.set_offline(True)
    typed(page, "Viết khi mất mạng.")
    says(page, "Chưa lưu được lên máy chủ")
    assert (left_here(page), drafts()) == (1, before)
    page.close()                                                # the browser is gone, not asked whether it may
    officer.context.set_offline(False)
    officer.page = page = officer.context.new_page()
    officer.listen()
    officer.go("/inbox")
    page.wait_for_function(f"() => {LEFT_HERE} === 0")
    assert drafts() == before + 1
    officer.go(address)
    expect(page.locator("[name=findings]")).to_have_value("Viết khi mất mạng.")
    # on another device, after the browser died with what it had
    elsewhere = house.visitor(OFFICER)
    expect(elsewhere.go(address).locator("[name=findings]")).to_have_value("Viết khi mất mạng.")
    elsewhere.context.close()


@pytest.mark.exhaustive
def test_two_windows_keep_two_texts_and_photos_are_kept_when_chosen(house: House, officer: Visitor) -> None:
    _case, address = case_of(house)
    page = officer.go(address)
    page.set_input_files("[name=photos]", {"name": "sau.jpg", "mimeType": "image/jpeg", "buffer": pictured.jpeg("green")})
    says(page, "Đã lưu nháp lúc")
    other = officer.context.new_page()
    other.goto(address)
    expect(other.locator("[data-staged]")).to_have_count(1)
    typed(page, "Cửa sổ một.")
    says(page, "Đã lưu nháp lúc")
    page.wait_for_timeout(1800)
    typed(other, "Cửa sổ hai.")
    says(other, "mỗi bên thành một bản nháp riêng")
    other.reload()
    other.locator(".drafts > summary").click()
    with next_document(other):
        other.locator(".draftlist .popbtn").first.click()
    expect(other.locator("[name=findings]")).to_have_value("Cửa sổ một.")
    expect(other.locator("[data-staged]")).to_have_count(1)
    other.close()


def test_what_was_sent_does_not_come_back_and_signing_out_leaves_nothing(house: House, officer: Visitor) -> None:
    _case, address = case_of(house)
    page = officer.go(address)
    before = drafts()
    for name, words in {**build.ANSWER, "no_photo_reason": "Trời tối."}.items():
        page.fill(f"[name={name}]", words)
    expect(page.locator("[data-check][data-ok]")).to_have_count(5)
    officer.send("submit_answer")                               # at once, before anything could be kept
    page.wait_for_function(f"() => {LEFT_HERE} === 0")
    assert drafts() == before
    _case, address = case_of(house)
    page = officer.go(address)
    page.route("**/draft", lambda route: route.abort())
    typed(page, "Chữ chưa gửi được.")
    says(page, "Chưa lưu được lên máy chủ")
    assert left_here(page) == 1
    page.evaluate("localStorage.setItem('langbiang-draft/somebody-else/a/b/c', JSON.stringify({ at: Date.now() }))")
    officer.go("/inbox")
    assert left_here(page) == 1, "what another person left is gone as soon as this one works here"
    page.unroute("**/draft")
    officer.go(address)
    page.locator("[name=findings]").press("End")
    typed(page, " Chữ cuối cùng.")
    with next_document(page):
        page.locator("form[action$='/sign-out'] button").click()      # at once: the words are kept before the session ends
    assert left_here(page) == 0
    again = house.visitor(OFFICER)
    expect(again.go(address).locator("[name=findings]")).to_have_value("Chữ chưa gửi được. Chữ cuối cùng.")
    again.context.close()


def test_words_of_a_page_left_open_are_never_those_of_who_signs_in_next(house: House) -> None:
    first = house.visitor(OFFICER)
    _case, address = case_of(house)
    page = first.go(address)
    other = first.context.new_page()
    other.goto("/inbox")
    sign_in(other, "officer_2_ptnmt")
    before, leaves = len(kept_for(OFFICER)), page.locator("form.work-form").get_attribute("data-guard")
    typed(page, "Chữ của người trước.")
    says(page, "Có người khác đang đăng nhập trong trình duyệt này")
    typed(page, " Viết tiếp.")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(1800)
    assert (len(kept_for(OFFICER)), kept_for("officer_2_ptnmt"), left_here(page), leaves) == (before, [], 1, None)
    assert page.locator("form.work-form").get_attribute("data-guard") == "text", "whoever leaves is asked"
    # the page goes on when its writer is back
    sign_in(other, OFFICER)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    says(page, "Đã lưu nháp lúc")
    assert (kept_for(OFFICER)[before]["findings"], left_here(page)) == ("Chữ của người trước. Viết tiếp.", 0)
    assert page.locator("form.work-form").get_attribute("data-guard") is None
    first.context.close()


@pytest.mark.exhaustive
def test_what_was_sent_is_no_draft_again_at_a_step_that_stays_open(house: House) -> None:
    assert house.world is not None
    case = build.case_at(house.world, "to_classify", urgent=True)
    build.classify(house.world, case, urgent=True)
    caller = house.visitor("operator")
    page = caller.go(f"/tasks/{build.waiting(case, 'call_hotline').ref}?back=%2Finbox%3Fview%3Dmine")
    posted: list[str] = []
    page.on("request", lambda sent: posted.append(sent.url.partition("?")[0].rpartition("/")[2]) if sent.method == "POST" else None)
    page.fill("[name=number]", "0263")
    page.check("[name=reached][value=no]")
    page.fill("[name=what]", "Không ai nghe máy.")
    with next_document(page):
        page.evaluate("""() => {
            [...document.querySelectorAll("main button.btn-primary")].at(-1).click();
            document.dispatchEvent(new Event("visibilitychange"));
            window.dispatchEvent(new Event("online"));
        }""")
    page.wait_for_function(f"() => {LEFT_HERE} === 0")
    page.wait_for_timeout(1000)
    assert (page.url.partition("?")[2], posted.count("draft"), kept_for("operator")) == ("draft=none&back=/inbox?view%3Dmine", 0, [])
    expect(page.locator("[name=what]")).to_have_value("")
    # words that wait come into the form, and the way back stays
    page.route("**/draft", lambda route: route.abort())
    typed(page, "Chưa gửi.", "what")
    says(page, "Chưa lưu được lên máy chủ")
    page.unroute("**/draft")
    page.goto(page.url.replace("draft=none&", ""))
    page.wait_for_url("**draft=*")
    expect(page.locator("[name=what]")).to_have_value("Chưa gửi.")
    assert "view%3Dmine" in page.url
    caller.context.close()
