"""Second factors in a browser: an authenticator of the browser's own tools makes and opens passkeys, as a telephone would."""
from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession, expect
from sqlalchemy import select, update

from casework.accounts import code_apps
from casework.accounts.requirement import guard_sign_in
from casework.db import db, unit_of_work
from casework.models import CodeApp, LoginSession, Passkey
from tests.browser.house import House, Visitor, opened
from tests.browser.waiting import next_document
from web.clock import now

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
          "automaticPresenceSimulation": True}  # fmt: skip


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        # passkeys are made for names, not for numbers of machines
        house.address = house.app.config["BASE_URL"] = f"http://localhost:{urlsplit(house.address).port}"
        with unit_of_work():
            guard_sign_in(now=now())
        yield house
    assert house.faults == []


def device(visitor: Visitor) -> tuple[CDPSession, str]:
    tools = visitor.context.new_cdp_session(visitor.page)
    tools.send("WebAuthn.enable")
    return tools, tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]


def code_now() -> str:
    """What the app shows now; the step before is taken as not used, so that nobody waits for the next."""
    db.session.rollback()
    row = db.session.scalars(select(CodeApp)).one()
    secret = code_apps.open_sealed(row.sealed_secret, purpose=code_apps.purpose_of(row.account_id))
    with unit_of_work():
        db.session.execute(update(CodeApp).values(last_step=0))
    return code_apps.HOTP(secret, 6, code_apps.SHA1()).generate(int(now().timestamp()) // 30).decode()


def test_from_the_first_sign_in_to_a_passkey_alone_and_back_by_paper(house: House) -> None:
    visitor = house.visitor("administrator")
    page = visitor.page
    expect(page.locator("main .banner")).to_contain_text("cần xác thực hai lớp")
    visitor.look("security-asked")
    visitor.press("Thêm ứng dụng")
    visitor.look("code-app")
    page.locator("main summary").click()
    key = (page.locator(".typedkey").text_content() or "").replace(" ", "")
    secret = b32decode(key)
    page.fill("#code", code_apps.HOTP(secret, 6, code_apps.SHA1()).generate(int(now().timestamp()) // 30).decode())
    visitor.press("Thêm ứng dụng này")

    # a passkey beside it
    _tools, _authenticator = device(visitor)
    page.fill("#name", "Máy cơ quan")
    visitor.press("Thêm khóa truy cập")
    expect(page.locator("main")).to_contain_text("Máy cơ quan")
    page.locator("main summary", has_text="Đổi tên").click()
    visitor.look("security", closely=True)
    page.fill("[name=new_name]", "Máy ở phòng một cửa")
    visitor.press("Lưu")
    expect(page.locator("main")).to_contain_text("Máy ở phòng một cửa")
    visitor.press("Tạo mã dự phòng")
    paper = re.findall(r"[A-Z2-9]{5}-[A-Z2-9]{5}", page.inner_text("main"))
    assert len(paper) == 10
    visitor.look("recovery-codes")
    visitor.press("Tôi đã cất mã")

    def leave() -> None:
        page.goto("/account/security")
        with next_document(page):
            page.locator("form[action$='sign-out'] button").first.click()
        page.goto("/sign-in")

    def password() -> None:
        page.fill("#login", "administrator")
        page.fill("#password", "mot-mat-khau-de-thu")
        with next_document(page):
            page.press("#password", "Enter")

    # the passkey alone
    leave()
    visitor.look("sign-in-passkey")
    visitor.press("Đăng nhập bằng khóa truy cập (cán bộ)")
    page.wait_for_url("**/inbox")
    # password and code, password and passkey, password and paper
    leave()
    password()
    visitor.look("second-step")
    page.fill("#code", code_now())
    visitor.press("Tiếp tục")
    page.wait_for_url("**/inbox")
    leave()
    password()
    visitor.press("Dùng khóa truy cập")
    page.wait_for_url("**/inbox")
    leave()
    password()
    page.locator("main summary").click()
    page.fill("#recovery", paper[3])
    visitor.press("Dùng mã dự phòng")
    page.wait_for_url("**/inbox")
    db.session.rollback()
    found = list(db.session.scalars(select(LoginSession.factors).order_by(LoginSession.id)))
    assert found == ["password+code+passkey", "passkey", "password+code", "password+passkey", "password+recovery"]
    assert db.session.scalars(select(Passkey.sign_count)).one() >= 2

    # half an hour later a change of settings asks once more, and what was typed goes on
    with unit_of_work():
        db.session.execute(update(LoginSession).values(authenticated_at=now() - timedelta(minutes=40)))
    page.goto("/settings/people/new")
    page.fill("#f-full_name", "Lê Thị Mới")
    page.fill("#f-login", "moi.le")
    page.locator("select[name=seat]").select_option(index=1)
    page.fill("#reason", "Người mới của tổ")
    with next_document(page):
        page.locator("main form button.btn-primary").first.click()
    visitor.look("proven-again")
    visitor.press("Dùng khóa truy cập")
    expect(page.locator("main")).to_contain_text("moi.le")
    # the browser reports the page that asks as a refusal, which it is
    house.faults[:] = [fault for fault in house.faults if "status of 401" not in fault]
