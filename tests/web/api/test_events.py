"""What happened, read with a place to go on from: what webhooks tell, of what the account may still hear of, and nothing in it but refs."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.doors.api import events as looked
from casework.permissions import Action
from tests import build, service_accounts, webhooks
from tests.second_centre import second_world
from tests.web.api.asked import OF_AGENCY, OF_CENTRE, House, opened, put_open
from tests.web.pages import at

LATER = timedelta(days=30)
MARK = "zqxk"


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def centre(house: House) -> tuple[Any, str]:
    return service_accounts.made(house.world, *OF_CENTRE, agency=None, name="Của Trung tâm")


def read(house: House, *, key: str | None = None, moment: datetime | None = None, limit: int = 50, after: str | None = None) -> list[Any]:
    """All rows, page after page, until the place stays."""
    at(house.app, moment or build.NOON + LATER)
    found: list[Any] = []
    while True:
        told = house.json("/events", key=key, limit=str(limit), **({"after": after} if after else {}))
        found += told["items"]
        if told["next"] == after:
            return found
        after = told["next"]


def told(rows: list[Any]) -> list[tuple[str, str]]:
    return [(row["type"], row["code"]) for row in rows]


def test_an_account_reads_what_its_webhooks_are_told(house: House, centre: tuple[Any, str]) -> None:
    endpoints = {house.key: webhooks.listening(house.world, house.account), centre[1]: webhooks.listening(house.world, centre[0])}
    other = service_accounts.made(house.world, *OF_AGENCY, agency="HKL", name="Đơn vị khác")[1]
    build.case_at(house.world, "rating", words=f"Dấu vết {MARK} của người gửi.")
    main, source = build.case_at(house.world, "at_agency"), build.case_at(house.world, "at_agency")
    for key, endpoint in endpoints.items():
        rows = read(house, key=key)
        assert told(rows) == [(row.type, row.told["code"]) for row in webhooks.rows_of(endpoint)]
        assert read(house, key=key, limit=1) == rows == read(house, key=key, limit=7)
        assert len({row["id"] for row in rows}) == len(rows)
        assert all(set(row) == {"id", "type", "at", "ref", "case", "code", "href"} for row in rows)
        assert not any(mark in str(rows) for mark in (MARK, build.PHONE))
        assert {row["code"] for row in rows} >= {main.code, source.code}
    assert read(house, key=other) == []


def test_merged_and_split_cases_are_told_under_both_codes(house: House, centre: tuple[Any, str]) -> None:
    endpoint = webhooks.listening(house.world, centre[0])
    main, source = build.case_at(house.world, "at_agency"), build.case_at(house.world, "at_agency")
    build.act(house.world, source, "merge", "operator", into=main, reason="Cùng một việc.")
    own = read(house)
    assert {("case.merge", main.code), ("assignment.end", source.code)} <= set(told(own))
    assert ("case.merge", source.code) not in told(own), "of work that ended it hears that alone"
    assert ("assignment.end", main.code) not in told(own)
    rows = told(read(house, key=centre[1]))
    assert sorted(rows) == sorted((row.type, row.told["code"]) for row in webhooks.rows_of(endpoint))


def test_of_a_case_set_apart_nothing_is_told_any_more(house: House, centre: tuple[Any, str]) -> None:
    kept, hidden = build.case_at(house.world, "at_agency"), build.case_at(house.world, "at_agency")
    assert hidden.code in {row["code"] for row in read(house)}
    build.act(house.world, hidden, "quarantine", "operator", reason="Tố cáo")
    for key in (house.key, centre[1]):
        assert {row["code"] for row in read(house, key=key)} == {kept.code}


def test_of_two_centres_each_hears_of_its_own_and_a_case_goes_with_its_events(house: House, centre: tuple[Any, str]) -> None:
    other = second_world(house.world)
    put_open(other)
    there = service_accounts.made(other, *OF_CENTRE, agency=None, name="Trung tâm khác")[1]
    case, kept = build.case_at(house.world, "to_verify"), build.case_at(house.world, "to_verify")
    assert read(house, key=there) == []
    build.act(house.world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn khác.")
    assert {row["code"] for row in read(house, key=there)} == {case.code}
    assert {row["code"] for row in read(house, key=centre[1])} == {kept.code}


def test_work_that_was_taken_away_is_told_as_ended_and_without_a_reason(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    build.do(house.world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason="Không thuộc đơn vị.")
    build.do(house.world, case, "decide_hand_back", "operator", upheld=True, words="Đồng ý.")
    assert [kind for kind, _code in told(read(house))] == ["assignment.end"]


def test_rows_wait_until_no_earlier_one_can_follow_and_are_read_from_the_place_that_was_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    case = build.case_at(house.world, "at_agency")
    last = case.assignments[0].distributed_at
    assert "assignment.distribute" not in {kind for kind, _code in told(read(house, moment=last + timedelta(seconds=60)))}
    at(house.app, last + timedelta(minutes=3))
    first = house.json("/events")
    assert "assignment.distribute" in {row["type"] for row in first["items"]}
    assert house.json("/events", after=first["next"]) == {"items": [], "next": first["next"]}
    build.advance(house.world, case, "handling")
    monkeypatch.setattr(looked, "SPAN", 2)
    assert told(read(house, after=first["next"])) == [("assignment.accept_assignment", case.code)]
    assert read(house) == [*first["items"], *read(house, after=first["next"])]


def test_a_place_is_of_one_account_and_of_ninety_days(house: House) -> None:
    build.case_at(house.world, "at_agency")
    at(house.app, build.NOON + LATER)
    place = house.json("/events", limit="1")["next"]
    other = service_accounts.made(house.world, *OF_AGENCY, name="Hệ thống khác")[1]
    wrong = [house.get("/events", after=place, key=other), *(house.get("/events", after=each) for each in (place[:-2], "x" * 60, "ă"))]
    assert [(each.status_code, each.json["code"]) for each in wrong] == [(400, "cursor_invalid")] * 4
    at(house.app, build.NOON + timedelta(days=95))
    assert house.json("/events")["items"] == []
    assert house.get("/events", after=place).json["code"] == "cursor_invalid"


def test_who_may_not_read_a_thing_is_not_told_of_it(house: House) -> None:
    key = service_accounts.made(house.world, Action.READ_STATISTICS, agency=None, name="Chỉ số liệu")[1]
    build.case_at(house.world, "at_agency")
    assert read(house, key=key) == []
