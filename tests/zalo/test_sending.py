"""Messages leave with the account's own token, which is renewed at its first refusal; without a permission people are told by SMS."""
from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.models import ChannelFault
from casework.zalo.consent import withdraw_consent
from casework.zalo.renewal import LEASE
from tests.messages.house import BY_PHONE, House, gateways_to, has_zns, quiet_case
from tests.messages.worker import started
from tests.outside import Outside, running
from tests.outside.zalo import OA_ID
from tests.zalo.account import HOUR, MINUTE, Keeper, keeper, seen, settings_for, tell
from web.gateways.fault_words import what_is_wrong, what_to_do
from web.gateways.zalo_keys import AccountKey
from web.gateways.zns import ZnsGateway


def house_of(kept: Keeper, gateway: Outside | None = None) -> House:
    house = House(kept.app, gateways_to(gateway=gateway), now=kept.now, world=kept.world)
    url = f"http://127.0.0.1:{kept.zalo.port}/message/template"
    house.gateways["zns"] = ZnsGateway(url, AccountKey(OA_ID, lambda: house.now))
    has_zns("report_accepted")
    return house


def told(house: House) -> None:
    house.tell(quiet_case(house.world, BY_PHONE), "report_accepted")
    house.route()


def faults() -> list[ChannelFault]:
    db.session.rollback()
    return list(db.session.scalars(select(ChannelFault)))


def test_a_token_that_is_refused_is_renewed_and_the_message_leaves_a_minute_later(app: Flask, zalo: Outside) -> None:
    kept = keeper(app, zalo)
    house = house_of(kept)
    told(house)
    tell(zalo, refuse_access=True)
    assert (house.send("zns"), zalo.requests) == (0, [])
    [fault] = faults()
    assert (fault.said, fault.asks_administrator) == ("ZNS -220", False), "it mends itself"
    assert kept.renew() is True
    house.wait(minutes=1)
    assert (house.send("zns"), len(zalo.requests), faults()) == (1, 1, [])
    assert (house.delivery().attempts, kept.row.generation) == (1, 2)


def test_where_the_renewed_token_is_refused_too_an_administrator_is_asked(sqlite_app: Flask, zalo: Outside) -> None:
    kept = keeper(sqlite_app, zalo)
    house = house_of(kept)
    told(house)
    for _ in range(2):
        tell(zalo, refuse_access=True)
        house.send("zns")
        kept.renew()
        house.wait(minutes=1)
    [fault] = faults()
    assert (fault.asks_administrator, kept.row.generation) == (True, 2)


@pytest.fixture
def gateway(tmp_path: Path) -> Outside:
    with running("gateway", tmp_path / "gateway") as server:
        yield server  # type: ignore[misc]


@pytest.mark.parametrize("ends", ["withdrawn", "run out"])
def test_without_a_permission_people_are_told_by_sms(sqlite_app: Flask, zalo: Outside, gateway: Outside, ends: str) -> None:
    kept = keeper(sqlite_app, zalo)
    house = house_of(kept, gateway)
    told(house)
    if ends == "withdrawn":
        from casework.db import unit_of_work

        with unit_of_work():
            assert withdraw_consent(OA_ID, kept.world.centre, by=kept.world.actor("administrator"), now=house.now)
    else:
        tell(zalo, revoke=True)
        kept.wait(40 * MINUTE)
        kept.renew()
        house.now += HOUR
    assert (house.send("zns"), house.send("sms"), zalo.requests) == (0, 1, [])
    [fault] = faults()
    assert what_is_wrong(fault).vi == "Chưa có quyền gửi qua Zalo, hoặc quyền đã hết hạn"
    assert "Cài đặt → Zalo" in what_to_do(fault).vi


def test_while_zalo_gives_no_new_token_messages_wait(sqlite_app: Flask, zalo: Outside) -> None:
    kept = keeper(sqlite_app, zalo)
    house = house_of(kept)
    told(house)
    house.now += HOUR
    assert house.send("zns") == 0
    [fault] = faults()
    assert (fault.said, fault.asks_administrator) == ("Zalo OA token", False)


@pytest.mark.exhaustive
def test_a_worker_killed_while_zalo_has_not_answered_costs_no_permission(
    sqlite_environment: dict[str, str], sqlite_app: Flask, zalo: Outside, gateway: Outside
) -> None:
    kept = keeper(sqlite_app, zalo)
    kept.now = datetime.now(UTC) - 40 * MINUTE
    kept.consent()
    before = len(seen(zalo)["calls"])
    tell(zalo, orders=["hold"])
    worker = started(sqlite_environment | settings_for(zalo), gateway, gateway)
    try:
        for _ in range(400):
            if len(seen(zalo)["calls"]) > before:
                break
            worker.poll()
            signal.sigtimedwait([], 0.05)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert kept.row.state == "renewing"
    kept.now = datetime.now(UTC) + LEASE + timedelta(seconds=1)
    assert (kept.renew(), kept.row.state, kept.row.generation) == (True, "ok", 3)
