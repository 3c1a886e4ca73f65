"""From another application's web view to our report form, all the way: its server signs, the view opens the ticket by itself."""
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from casework.contacts.host_apps import add_host
from casework.db import db, unit_of_work
from casework.models import Account
from casework.permissions import Role
from tests import build
from tests.browser.house import EVERY_IMPACT, House, Visitor, opened
from tests.browser.waiting import next_document
from tests.outside import ROOT
from tests.second_centre import of_the_installation

pytestmark = pytest.mark.exhaustive

WEB_VIEW = ("Mozilla/5.0 (Linux; Android 9; SM-J415F Build/PPR1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
            "Chrome/91.0.4472.120 Mobile Safari/537.36 LacDuongSmart/3.2")  # fmt: skip


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.app.config["BASE_URL"] = house.address
        house.impacts = EVERY_IMPACT
        yield house


@pytest.fixture
def host(house: House) -> Iterator[str]:
    """The address of the application, entered here with its public key."""
    process = subprocess.Popen([sys.executable, "-m", "tests.outside.host"], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert house.world is not None
    try:
        port, public_key = int(process.stdout.readline()), json.loads(process.stdout.readline())
        house.world.people["overseer"] = of_the_installation(house.world, "overseer", Role.ADMINISTRATOR)
        with unit_of_work():
            add_host(name_vi="Lạc Dương Smart", name_en="", key="lac-duong-smart", public_key=public_key, reason="Theo thỏa thuận kết nối",
                     by=house.world.actor("overseer", build.NOON), now=build.NOON)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def view_of(house: House, *, scripts: bool) -> Visitor:
    context = house.browser.new_context(base_url=house.address, viewport={"width": 360, "height": 780}, locale="vi-VN", user_agent=WEB_VIEW,
                                        java_script_enabled=scripts)
    visitor = Visitor(house, context, context.new_page(), "web view")
    visitor.listen()
    return visitor


def test_a_person_goes_from_the_application_to_the_form_and_back_in_by_themselves(house: House, host: str) -> None:
    asked = {"at": house.address, "phone": "+84905111222", "name": "K' Prum", "next": "/reports/new"}
    view = view_of(house, scripts=True)
    view.page.goto(f"{host}/open?{urlencode(asked)}")
    view.page.wait_for_url("**/sign-in/new")                       # by itself, and only as far as the notice
    assert view.page.input_value("[name=name]") == "K' Prum"
    assert not view.page.is_checked("[name=consent]")
    view.page.check("[name=consent]")
    with next_document(view.page):
        view.page.click("main form button.btn-primary")
    assert view.page.url.endswith("/reports/new")
    db.session.rollback()
    assert db.session.scalars(select(Account).where(Account.kind == "citizen", Account.phone_verified_at.is_not(None))).one()
    again = f"{host}/open?{urlencode({**asked, 'next': '/mine'})}"
    view.page.goto(again)                                          # somebody is signed in: nothing happens without a press
    view.look("hand-over")
    view.press("Tiếp tục")
    plain = view_of(house, scripts=False)
    plain.page.goto(again)
    plain.press("Tiếp tục")
    assert [each.page.url for each in (view, plain)] == [f"{house.address}/mine"] * 2
    assert house.faults == []
