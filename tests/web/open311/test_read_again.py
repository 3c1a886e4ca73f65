"""Open311, at the edges: bodies too large, parameters twice, changes of a key's own reports, a door that is closed next door."""
from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.accounts import ServiceRefused, ServiceWish, change_service_account
from casework.models import Event, Photo, Report, ServiceAccount
from casework.permissions import Action
from casework.setting_values import ValueRefused
from tests import build
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.system.canary import plain_photo
from tests.web.open311.asked import BASE, House, in_xml, new_key, opened, put
from tests.web.open311.test_filing import code_of, sent
from tests.web.open311.test_requests import like_never
from tests.web.open311.test_updates import case_of, say
from tests.web.pages import at


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    return new_key(house.world)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("has_header", [True, False])
def test_a_body_that_is_too_large_is_told_so(house: House, key: str, has_header: bool) -> None:
    headers = {"Authorization": f"Bearer {key}"} if has_header else {}
    for form in ("xml", "json"):
        answer = client_of(house.app).post(f"{BASE}/requests.{form}", data={"description": "x" * 25_000_001}, headers=headers)
        assert answer.status_code == 413
        code = answer.json[0]["code"] if form == "json" else in_xml(answer)[0].findtext("code")
        assert code == "too_large"


def test_a_known_parameter_given_twice_is_refused_and_an_unknown_one_ignored(house: House) -> None:
    client = client_of(house.app)
    twice = client.get(f"{BASE}/requests.json?status=open&status=closed&page=1&page=2")
    assert (twice.status_code, {each["code"] for each in twice.json}) == (400, {"status_twice", "page_twice"})
    assert client.get(f"{BASE}/requests.json?nothing=1&nothing=2").status_code == 200


def test_days_of_filing_may_be_many_where_changes_are_asked_for(house: House) -> None:
    case = build.case_at(house.world, "to_verify")
    span = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-12-01T00:00:00Z"}
    told = house.json("requests", updated_after="2026-03-01T00:00:00Z", **span)
    assert [each["service_request_id"] for each in told] == [case.code]
    backwards = house.get("requests.json", updated_after="2026-03-01T00:00:00Z", start_date=span["end_date"], end_date=span["start_date"])
    assert (backwards.status_code, backwards.json[0]["code"]) == (400, "span")


def test_a_centre_whose_door_is_closed_has_no_case_behind_it(house: House, key: str) -> None:
    other = second_world(house.world)
    there = build.case_at(other, "to_verify")
    like_never(house, there.code)
    assert say(house, key, there.code).status_code == 404
    put(other, "door_open311", "open")
    assert house.json(f"requests/{there.code}", jurisdiction_id="ld")[0]["service_request_id"] == there.code


def test_a_key_that_asks_for_changes_misses_none_of_its_own(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    public = build.case_at(house.world, "to_verify")
    build.do(house.world, case_of(code), "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Không rõ.")
    [own] = house.json(f"requests/{code}", key=key)
    moment = own["updated_datetime"]
    assert moment > "2026-03-02T10"

    def codes(**query: str) -> set[str]:
        return {each["service_request_id"] for each in house.json("requests", key=key, **query)}

    assert codes(updated_after=moment, updated_before=moment) == {code, public.code}
    assert codes(updated_after="2026-03-03T00:00:00+07:00") == set()
    assert codes(updated_after="2026-03-02T23:00:00+07:00") == {public.code}, "its own is told by the instant, another's by its day"
    assert codes(updated_after=moment, status="closed") == {code}


def test_an_update_sent_again_after_another_is_answered_like_the_first_time(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    first = say(house, key, code).json
    second = say(house, key, code, update_id="u-2", description="Nước lại lên.").json
    assert first != second
    assert say(house, key, code).json == first
    assert say(house, key, code, update_id="u-2", description="Nước lại lên.").json == second


def test_photos_of_an_update_may_stand_in_the_form(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    inline = "data:image/jpeg;base64," + b64encode(plain_photo(3)).decode()
    assert say(house, key, code, media_url=inline).status_code == 200
    assert len(db.session.scalars(select(Photo)).all()) == 1
    at(house.app, build.NOON + timedelta(hours=1))


def service_of(code: str) -> ServiceAccount:
    return db.session.get_one(ServiceAccount, db.session.scalars(select(Report.service_id).where(Report.code == code)).one())


def agreed(house: House, code: str, **columns: Any) -> None:
    """What the account that filed a report is set to, as an administrator would."""
    row = service_of(code)
    wish = ServiceWish(name=row.account.full_name or "", owner=row.owner, purpose=row.purpose, scopes=[Action.FILE_REPORT],
                       agreement_number=row.agreement_number or "", agreement_on=row.agreement_on, **columns)  # fmt: skip
    with unit_of_work():
        assert change_service_account(row, wish, by=house.world.actor("administrator"), now=build.NOON, reason="Theo thỏa thuận.")


def test_where_its_operator_vouches_for_a_contact_no_code_is_sent_and_the_event_names_it(house: House, key: str) -> None:
    by_code = code_of(sent(house, key))
    assert case_of(by_code).unconfirmed_since is not None
    agreed(house, by_code, contact_mode="proven")
    vouched = code_of(sent(house, key, description="Việc khác.", phone="0912345679"))
    assert case_of(vouched).unconfirmed_since is None
    report = db.session.scalars(select(Report).where(Report.code == vouched)).one()
    assert report.reporter is not None
    assert report.reporter.contact_verified_at == build.NOON
    event = db.session.scalars(select(Event).where(Event.type == "confirm_contact")).one()
    assert event.actor_id == report.service_id
    with pytest.raises(ServiceRefused):
        agreed(house, by_code, contact_mode="somehow")


@pytest.mark.exhaustive
def test_an_account_may_be_told_the_steps_in_fixmystreets_words(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    build.do(house.world, case_of(code), "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Không rõ.")
    done = build.case_at(house.world, "rating")
    at(house.app, build.NOON + timedelta(hours=8))

    def words(report: str) -> list[str]:
        return [each["status"] for each in house.json("servicerequestupdates", key=key) if each["service_request_id"] == report]

    assert words(code) == ["CLOSED"]
    assert set(words(done.code)) == {"OPEN", "CLOSED"}
    agreed(house, code, extended_statuses=True)
    assert words(code) == ["NO_FURTHER_ACTION"]
    assert (words(done.code)[0], words(done.code)[-1]) == ("INVESTIGATING", "CLOSED")
    assert "IN_PROGRESS" in words(done.code)
    assert {each["status"] for each in house.json("servicerequestupdates")} == {"OPEN", "CLOSED"}


def statements(asks: Callable[[], object]) -> list[str]:
    sent_to: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SET LOCAL", "SELECT set_config")):
            sent_to.append(statement)

    sqlalchemy_event.listen(db.engine, "before_cursor_execute", note)
    try:
        asks()
    finally:
        sqlalchemy_event.remove(db.engine, "before_cursor_execute", note)
    return sent_to


@pytest.mark.exhaustive
def test_however_many_reports_a_key_has_filed_its_updates_take_as_many_statements(house: House, key: str) -> None:
    codes = [code_of(sent(house, key, description=f"Việc {number}.", phone=f"091234567{number}")) for number in range(4)]
    build.case_at(house.world, "rating")

    def ask() -> None:
        house.json("servicerequestupdates", key=key)

    ask()
    few = statements(ask)
    for code in codes:
        build.do(house.world, case_of(code), "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Không rõ.")
    assert len(statements(ask)) == len(few) <= 16, "\n".join(few)
    assert len(statements(lambda: house.json("servicerequestupdates"))) <= 10
    assert len(statements(lambda: house.json(f"requests/{codes[0]}", key=key))) <= 12


def test_a_point_outside_what_is_served_is_refused_and_that_is_a_setting(house: House, key: str) -> None:
    away = {"address_id": None, "lat": "47.5", "long": "19.0"}
    assert sent(house, key, **away).status_code == 400
    with pytest.raises(ValueRefused):
        put(house.world, "open311_box", "23.5 8.0 102.0 110.0", everywhere=True)
    put(house.world, "open311_box", "45.0 49.0 16.0 23.0", everywhere=True)
    assert code_of(sent(house, key, **away))
