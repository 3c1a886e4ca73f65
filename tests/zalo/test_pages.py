"""Giving and withdrawing the permission on the page of the Official Account, against a Zalo in a process of its own."""
from __future__ import annotations

import re
import urllib.error
import urllib.request
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.models import Event, ZaloAccount
from casework.zalo.consent import ConsentOver, begin_consent, take_consent
from casework.zalo.tokens import access_of
from tests import build
from tests.outside import Outside
from tests.outside.zalo import OA_ID
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.zalo.account import KeepHere, oauth_of, seen, tell


@pytest.fixture
def office(sqlite_app: Flask, zalo: Outside) -> Office:
    there = Office(sqlite_app)
    sqlite_app.extensions["zalo"] = oauth_of(zalo)
    tell(zalo, life=3600, ahead=0, expires_as="text", orders=[], numbers=[], revoke=True)
    return there


def leave(office: Office, name: str = "administrator") -> str:
    """Where the page leads the browser at Zalo."""
    page = office.post(name, "/settings/zalo/consents")
    assert page.status_code == 200, page.status_code
    [address] = {unescape(each) for each in re.findall(r'href="(http://127[^"]*/permission[^"]*)"', page.text)}
    assert page.headers["Refresh"] == f"0; url={address}"
    return address


def agreed(address: str) -> str:
    """Where Zalo sends the browser back."""
    try:
        urllib.request.build_opener(KeepHere()).open(address)
    except urllib.error.HTTPError as answer:
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"
    raise AssertionError("no redirect")


def row() -> ZaloAccount | None:
    db.session.rollback()
    return db.session.get(ZaloAccount, OA_ID, populate_existing=True)


def said(office: Office, back: str, name: str = "administrator") -> str:
    assert office.get(name, back).status_code == 302
    return office.words(name, "/settings/zalo")


def test_an_administrator_gives_the_permission_and_withdraws_it(office: Office, zalo: Outside) -> None:
    assert "Chưa có quyền gửi tin qua Zalo" in office.words("administrator", "/settings/zalo")
    address = leave(office)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (set(asked), len(asked["code_challenge"])) == ({"app_id", "redirect_uri", "code_challenge", "state"}, 43)
    assert asked["redirect_uri"] == "http://127.0.0.1:8080/settings/zalo/returns"
    words = said(office, agreed(address))
    assert "Từ bây giờ gửi được tin qua Zalo." in words
    assert "Đang có quyền gửi" in words
    token = access_of(OA_ID, build.NOON).token
    assert token not in office.get("administrator", "/settings/zalo").text

    assert office.post("administrator", "/settings/zalo/withdrawals").status_code == 302
    kept = row()
    assert kept is not None
    assert (kept.sealed_access, kept.sealed_refresh, kept.state) == (None, None, "needs_consent")
    told = [event.payload or {} for event in db.session.query(Event).filter_by(type="change_setting").order_by(Event.id)]
    of_zalo = [payload for payload in told if payload["kind"] == "zalo_account"]
    assert [payload["new"]["consented"] for payload in of_zalo] == [True, False]
    assert token not in str(of_zalo)
    assert "Thu hồi quyền gửi qua Zalo" in office.words("administrator", "/settings/events")


def test_a_consent_counts_once_in_the_session_that_left_and_for_ten_minutes(office: Office, zalo: Outside) -> None:
    back = agreed(leave(office))
    assert "Từ bây giờ" in said(office, back)
    assert "đã hết hạn hoặc đã được dùng" in said(office, back)
    late = agreed(leave(office))
    office.app.config["CLOCK"] = lambda: build.NOON + timedelta(minutes=10)
    assert "đã hết hạn hoặc đã được dùng" in said(office, late)
    assert "đã hết hạn hoặc đã được dùng" in said(office, "/settings/zalo/returns?code=x&oa_id=1&state=made-up")
    kept = row()
    assert kept is not None
    assert kept.generation == 1


def test_another_account_and_a_refusal_bring_nothing(office: Office, zalo: Outside) -> None:
    back = agreed(leave(office))
    assert "không phải tài khoản đã thiết lập" in said(office, back.replace(OA_ID, "999"))
    assert "đã hết hạn hoặc đã được dùng" in said(office, back), "it is used up"
    state = parse_qs(urlsplit(leave(office)).query)["state"][0]
    assert "chưa có ai đồng ý" in said(office, f"/settings/zalo/returns?oa_id={OA_ID}&state={state}")
    for order in ("refuse -14014", "500", "html"):
        back = agreed(leave(office))
        tell(zalo, orders=[order])
        assert "Zalo không cấp quyền" in said(office, back)
    assert row() is None
    assert seen(zalo)["calls"][-3:] == ["authorization_code"] * 3


def test_only_administrators_of_its_centre_act_on_it(office: Office, zalo: Outside) -> None:
    other = second_world(office.world)
    office.world.people["administrator_dn"] = other.people["administrator"]
    back = agreed(leave(office))
    assert "thuộc Trung tâm khác" in office.words("administrator_dn", "/settings/zalo")
    for path in ("consents", "withdrawals"):
        assert office.post("administrator_dn", f"/settings/zalo/{path}").status_code == 404
        assert office.post("operator", f"/settings/zalo/{path}").status_code == 403
    assert office.get("administrator_dn", back).status_code == 404
    assert row() is None


def test_another_session_does_not_use_up_a_consent(office: Office) -> None:
    by, centre = office.world.actor("administrator"), office.world.centre
    with unit_of_work():
        state, _ = begin_consent(OA_ID, centre, session="session 1", by=by, now=build.NOON)
    with unit_of_work(), pytest.raises(ConsentOver):
        take_consent(state, OA_ID, returned_id=OA_ID, session="session 2", now=build.NOON)
    with unit_of_work():
        assert len(take_consent(state, OA_ID, returned_id=OA_ID, session="session 1", now=build.NOON)) == 43


def test_without_an_account_the_page_says_who_sets_one_up(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    assert "Chưa thiết lập Official Account" in office.words("administrator", "/settings/zalo")
    assert office.post("administrator", "/settings/zalo/consents").status_code == 404
    assert "Zalo" in office.words("administrator", "/settings")
