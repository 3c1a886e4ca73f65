"""An account's own webhooks by the API: their hosts and states, what could not be delivered, and nothing of anybody else's."""
from __future__ import annotations

import pytest
from flask import Flask

from casework.db import unit_of_work
from tests import build, service_accounts, webhooks
from tests.web.api.asked import OF_AGENCY, House, opened
from tests.web.pages import at

URL = "https://nhan.example/hook/bi-mat-canary"


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


def test_an_account_reads_its_endpoints_by_host_and_state_and_nobody_elses(house: House) -> None:
    assert house.json("/endpoints")["items"] == []
    endpoint = webhooks.listening(house.world, house.account, url=URL)
    [told] = house.json("/endpoints")["items"]
    assert (told["ref"], told["host"], told["state"], told["scheme"]) == (endpoint.ref, "nhan.example", "on", "v1a")
    assert [key[:5] for key in told["public_keys"]] == ["whpk_"]
    assert (told["waiting"], told["dead"]) == (0, 0)
    one = house.get(f"/endpoints/{endpoint.ref}")
    assert (one.status_code, one.json) == (200, told)
    assert "canary" not in one.get_data(as_text=True)
    other = service_accounts.made(house.world, *OF_AGENCY, name="Hệ thống khác")[1]
    assert house.json("/endpoints", key=other)["items"] == []
    for path in (f"/endpoints/{endpoint.ref}", f"/endpoints/{endpoint.ref}/dead"):
        theirs, never = (house.get(each, key=other) for each in (path, path.replace(endpoint.ref, "0" * 16)))
        assert theirs.status_code == never.status_code == 404
        assert {**theirs.json, "instance": ""} == {**never.json, "instance": ""}


def test_what_could_not_be_delivered_is_told_without_its_body_and_is_gone_with_its_case(house: House) -> None:
    endpoint = webhooks.listening(house.world, house.account, url=URL)
    case = build.case_at(house.world, "at_agency")
    at(house.app, build.next_moment(case))
    rows = webhooks.rows_of(endpoint)
    with unit_of_work():
        for row in rows:
            row.attempts, row.last_status, row.dead_at = 10, 500, build.next_moment(case)
    told = house.json(f"/endpoints/{endpoint.ref}")
    assert (told["waiting"], told["dead"]) == (0, len(rows))
    items = house.json(f"/endpoints/{endpoint.ref}/dead")["items"]
    assert sorted(each["id"] for each in items) == sorted(row.message for row in rows)
    assert {each["code"] for each in items} == {case.code}
    assert {(each["attempts"], each["last_status"]) for each in items} == {(10, 500)}
    assert all(set(each) == {"id", "type", "ref", "case", "code", "seq", "at", "attempts", "last_status", "dead_at"} for each in items)
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo")
    left = house.json(f"/endpoints/{endpoint.ref}/dead")["items"]
    assert left == []
    assert [each for each in webhooks.rows_of(endpoint) if each.type != "assignment.end"] == []


def test_many_endpoints_cost_no_more_statements_than_one(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def statements() -> int:
        caplog.clear()
        with caplog.at_level("INFO", logger="langbiang"):
            house.json("/endpoints")
        return int(caplog.records[-1].statements)

    webhooks.listening(house.world, house.account, url=URL)
    house.json("/endpoints")
    one = statements()
    for number in range(4):
        webhooks.listening(house.world, house.account, url=f"{URL}-{number}")
    house.json("/endpoints")  # what is kept with the rules is read anew after a change
    assert statements() == one
    assert all(len(each["public_keys"]) == 1 for each in house.json("/endpoints")["items"])
