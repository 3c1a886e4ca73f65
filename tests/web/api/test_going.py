"""Who still calls what goes from the API: the owner is told once, and the account's page says what and until when."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.standing import look_after_service_accounts
from casework.models import GoingCall, OutboxMessage, ServiceAccount
from tests import build, service_accounts
from tests.conftest import client_of
from tests.web.api.asked import OF_AGENCY, House, opened
from tests.web.pages import at, signed_in
from web.api.routes import ROUTES, Going

GOING = Going(date(2026, 3, 1), date(2027, 3, 1))
ADDRESS = "GET /api/v1/people"


@pytest.fixture
def house(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    house = opened(sqlite_app)
    monkeypatch.setattr("web.api.routes.ROUTES", [replace(each, goes=GOING) if each.name == "people" else each for each in ROUTES])
    return house


def told() -> list[OutboxMessage]:
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "service_account_changed").order_by(OutboxMessage.id))
    return [row for row in rows if ADDRESS in str(row.parameters)]


def test_the_owner_is_told_once_of_each_operation_that_goes(house: House) -> None:
    other = service_accounts.made(house.world, *OF_AGENCY, agency="HKL", name="Hệ thống khác")[1]
    house.get("/fields")
    assert told() == []
    for _ in range(2):
        assert house.get("/people").status_code == 200
    assert house.get("/people", key=other).status_code == 200
    at(house.app, build.NOON + timedelta(days=3))
    assert house.get("/people").status_code == 200
    [message] = told()
    assert message.recipient == f"account:{house.account.owner_id}"
    for words, day in zip(message.parameters["change"], ("đến hết ngày 28/02/2027", "until the end of 28/02/2027"), strict=True):
        assert day in words
        assert "/api#people" in words
    assert {row.last_used_on for row in db.session.scalars(select(GoingCall))} == {date(2026, 3, 2), date(2026, 3, 5)}


def test_another_owner_is_told_too_and_a_call_that_was_refused_tells_nobody(house: House) -> None:
    house.get("/people", key="lb1_no_such")
    assert told() == []
    house.get("/people")
    with unit_of_work():
        db.session.get_one(ServiceAccount, house.account.account_id).owner_id = house.world.people["operator"].id
    house.get("/people")
    house.get("/people")
    assert [row.recipient for row in told()][1:] == [f"account:{house.world.people['operator'].id}"]


def test_the_page_of_the_account_says_what_it_calls_and_until_when(house: House) -> None:
    page = f"/settings/doors/{house.account.account.ref}"
    administrator = signed_in(house.app, client_of(house.app), house.world.people["administrator"], now=build.NOON)
    assert ADDRESS not in administrator.get(page).get_data(as_text=True)
    house.get("/people")
    text = administrator.get(page).get_data(as_text=True)
    assert ADDRESS in text
    assert "28/02/2027" in text
    look_after_service_accounts(build.NOON + timedelta(days=89))
    assert db.session.scalar(select(GoingCall.operation)) == "people"
    look_after_service_accounts(build.NOON + timedelta(days=91))
    assert db.session.scalar(select(GoingCall.operation)) is None
