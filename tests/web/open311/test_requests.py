"""Open311: requests, as the public list and its pages show them and no more; what is hidden is like a code never given."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.local_time import local_day, midnight
from casework.models import Case, VisibilityReason
from casework.public.cases import PublicCase, case_behind, page_of, public_case
from casework.public.filters import is_shown
from casework.public.publication import public_publications
from tests import build
from tests.conftest import client_of
from tests.many import copies
from tests.merged import merge, split
from tests.second_centre import second_world
from tests.web.open311.asked import House, as_value, in_xml, opened, put
from tests.web.pages import at

STATES = ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish", "rating")
NEVER = "LD-2026-999999"


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


def one(house: House, code: str, **query: str) -> Any:
    [told] = house.json(f"requests/{code}", **query)
    return told


def page(code: str) -> PublicCase:
    found = public_case(code)
    assert found is not None
    return found


def later(house: House, case: Case) -> None:
    at(house.app, build.next_moment(case))


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("state", STATES)
def test_a_request_tells_what_the_public_page_tells(house: House, state: str) -> None:
    case = build.case_at(house.world, state)
    later(house, case)
    told, shown = one(house, case.code, extensions="true"), page(case.code)
    item, extended = shown.item, told["extended_attributes"]
    assert told["service_name"] == (item.field.vi if item.field else None)
    assert told["status"] == ("closed" if item.progress.step == "4" else "open")
    assert told["description"] == shown.question
    assert told["agency_responsible"] == (item.lead.vi if item.lead else None)
    assert told["requested_datetime"] == midnight(item.opened_on).isoformat()
    assert (told["expected_datetime"] or "")[:10] == (str(item.limit.due_on) if item.limit else "")
    assert told["address"] == ", ".join(part for part in (shown.place, item.village, item.area.vi if item.area else None) if part)
    assert (told["lat"], told["long"]) == (shown.latitude, shown.longitude)
    assert (extended["title"], extended["progress"]) == (item.title, int(item.progress.step))
    assert extended["urgent"] is item.is_urgent
    assert [each["agency"] for each in extended["answers"]] == [each.agency.vi for each in shown.answers]
    assert [each["description"] for each in told["notes"]] == [each.words.vi for each in shown.steps]
    if item.title is None:
        assert told["status_notes"] == f"{item.progress.label.vi}."


def test_both_formats_say_the_same(house: House) -> None:
    for state in ("to_verify", "handling", "rating"):
        build.case_at(house.world, state, agencies=2)
    for query in ({}, {"extensions": "true"}):
        told = house.json("requests", **query)
        assert len(told) == 3
        assert as_value(in_xml(house.get("requests.xml", **query)), told) == told


def test_the_hour_of_a_filing_is_told_by_nothing(house: House) -> None:
    morning = build.case_at(house.world, "handling")
    evening = build.case_at(house.world, "handling", now=build.NOON + timedelta(hours=6))
    later(house, evening)
    first, second = (one(house, each.code, extensions="true") for each in (morning, evening))
    alike = ("requested_datetime", "updated_datetime", "status_notes", "expected_datetime")
    assert [first[each] for each in alike] == [second[each] for each in alike]
    assert first["requested_datetime"] == "2026-03-02T00:00:00+07:00"
    assert first["expected_datetime"].endswith("T23:59:59+07:00")
    for hour in ("00", "10", "23"):
        listed = house.json("requests", start_date=f"2026-03-02T{hour}:00:00+07:00", end_date=f"2026-03-02T{hour}:00:01+07:00")
        assert {each["service_request_id"] for each in listed} == {morning.code, evening.code}


def test_nothing_of_the_sender_is_told_before_the_first_publication(house: House) -> None:
    case = build.case_at(house.world, "handling")
    told = one(house, case.code)
    for name in ("description", "agency_responsible", "lat", "long", "media_url", "zipcode"):
        assert told[name] is None, name
    assert told["address_id"] == house.world.area.ref


def like_never(house: House, code: str) -> None:
    """The same answer for a code as for one never given, byte for byte, and nothing in lists."""
    def bare(answer: TestResponse) -> tuple[Any, ...]:
        return answer.status_code, answer.data, sorted((name, value) for name, value in answer.headers if name != "X-Request-Id")

    for form in ("json", "xml"):
        assert bare(house.get(f"requests/{code}.{form}")) == bare(house.get(f"requests/{NEVER}.{form}"))
        assert house.get(f"requests/{code}.{form}").status_code == 404
    assert house.json("requests", service_request_id=f"{code},{NEVER}") == []
    assert code not in house.get("requests.json").get_data(as_text=True)
    assert code not in house.get("requests.json", updated_after="2026-01-01T00:00:00Z").get_data(as_text=True)


def test_what_is_hidden_is_like_a_code_never_given(house: House) -> None:
    refused = build.case_at(house.world, "to_verify")
    build.do(house.world, refused, "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Không rõ nơi nào.")
    like_never(house, refused.code)
    apart = build.case_at(house.world, "handling")
    with unit_of_work():
        db.session.get_one(Case, apart.id).quarantined_at = build.NOON
    like_never(house, apart.code)
    sensitive = build.case_at(house.world, "handling")
    with unit_of_work():
        reason = db.session.query(VisibilityReason).order_by(VisibilityReason.id).first()
        db.session.get_one(Case, sensitive.id).visibility_reason = reason
    like_never(house, sensitive.code)


def test_an_answer_kept_by_others_is_asked_for_again_and_gone_with_the_quarantine(house: House) -> None:
    case = build.case_at(house.world, "handling")
    mark = house.get(f"requests/{case.code}.json").headers["ETag"]
    with unit_of_work():
        db.session.get_one(Case, case.id).quarantined_at = build.NOON
    again = client_of(house.app).get(f"/open311/v2/requests/{case.code}.json", headers={"If-None-Match": mark})
    assert again.status_code == 404


def test_a_merged_code_answers_with_all_of_the_main_case_and_is_its_own_after_a_split(house: House) -> None:
    main = build.case_at(house.world, "handling")
    other = build.case_at(house.world, "to_verify", now=build.NOON + timedelta(hours=1))
    report = other.main_report
    merge(house.world, other, main)
    told = one(house, other.code)
    assert told["service_request_id"] == other.code
    assert told["status_notes"].startswith(f"Đã gộp với {main.code}. ")
    assert one(house, other.code, language="en")["status_notes"].startswith(f"Merged with {main.code}. ")
    same = {name: value for name, value in one(house, main.code).items() if name not in ("service_request_id", "status_notes")}
    assert same == {name: told[name] for name in same}
    assert [each["service_request_id"] for each in house.json("requests")] == [main.code]
    assert one(house, other.code, extensions="true")["extended_attributes"]["merged_into"] == main.code
    split(house.world, main, report)
    alone = one(house, other.code, extensions="true")
    assert alone["extended_attributes"]["merged_into"] is None
    assert len(house.json("requests")) == 2


def test_after_an_unpublication_it_is_as_before_the_first_publication(house: House) -> None:
    case = build.case_at(house.world, "rating")
    assert one(house, case.code)["status"] == "closed"
    [publication] = public_publications([case]).values()
    build.act(house.world, case, "unpublish", "operator", publication=publication, reason="Lộ số nhà trong ảnh.")
    shown = case_behind(case.code)
    if shown is None:
        like_never(house, case.code)
        return
    told = one(house, case.code)
    assert told["description"] is None
    assert told["status_notes"] == f"{page_of(shown).item.progress.label.vi}."


def test_lists_are_by_day_then_code_and_lead_to_the_next_page(house: House) -> None:
    codes = [build.case_at(house.world, "to_verify", now=build.NOON + timedelta(days=days, minutes=-days)).code for days in (0, 1, 1, 2)]
    at(house.app, build.NOON + timedelta(days=3))
    newest = [codes[3], codes[2], codes[1], codes[0]]
    assert [each["service_request_id"] for each in house.json("requests")] == newest
    first = house.get("requests.json", page_size="3")
    assert [each["service_request_id"] for each in first.json] == newest[:3]
    link = first.headers["Link"]
    assert link.endswith('>; rel="next"')
    path = link.partition("/open311")[2].partition(">")[0]
    second = client_of(house.app).get(f"/open311{path}")
    assert [each["service_request_id"] for each in second.json] == newest[3:]
    assert "Link" not in second.headers
    assert house.json("requests", page="9", page_size="100") == []


def test_filters_narrow_together_and_wrong_ones_are_told_all_at_once(house: House) -> None:
    waiting, done = build.case_at(house.world, "to_verify"), build.case_at(house.world, "rating")
    later(house, done)

    def codes(**query: str) -> list[str]:
        return sorted(each["service_request_id"] for each in house.json("requests", **query))

    assert codes(status="Open") == [waiting.code]
    assert codes(status="closed") == [done.code]
    assert codes(status="open,CLOSED", nothing="known") == sorted([waiting.code, done.code])
    assert codes(service_code="rung_dat_moi_truong") == [done.code]
    assert codes(service_code="rung_dat_moi_truong", status="open") == []
    assert codes(start_date="2026-03-03T00:00:00 07:00") == [], "a plus may come as a space"
    wrong = house.get("requests.json", status="done", service_code="none", start_date="2026-03-02", page_size="0")
    assert wrong.status_code == 400
    assert {each["code"] for each in wrong.json} == {"status", "service_code_unknown", "start_date", "page"}
    assert house.get("requests.json", start_date="2026-01-01T00:00:00Z", end_date="2026-06-01T00:00:00Z").json[0]["code"] == "span"
    assert house.get("requests.json", page="11").json[0]["code"] == "narrow"


def test_who_asks_for_changes_misses_none(house: House) -> None:
    waiting, done = build.case_at(house.world, "to_verify"), build.case_at(house.world, "rating")
    later(house, done)
    moment = one(house, done.code)["updated_datetime"]
    day = local_day(build.NOON)

    def codes(**query: str) -> set[str]:
        return {each["service_request_id"] for each in house.json("requests", **query)}

    assert codes(updated_after=moment, updated_before=moment) == {done.code, waiting.code}, "what is a day alone lies in it with all of it"
    assert codes(updated_after=f"{day}T23:00:00+07:00") == {waiting.code}
    assert codes(updated_after=f"{day + timedelta(days=1)}T00:00:00+07:00") == set()
    assert codes(updated_before=f"{day - timedelta(days=1)}T00:00:00Z") == set()


def test_a_centre_lists_its_own_and_a_code_decides_alone(house: House) -> None:
    other = second_world(house.world)
    put(other, "door_open311", "open")
    here, there = build.case_at(house.world, "to_verify"), build.case_at(other, "to_verify")
    assert [each["service_request_id"] for each in house.json("requests", jurisdiction_id="ld")] == [here.code]
    assert one(house, there.code, jurisdiction_id="ld")["service_request_id"] == there.code


@pytest.mark.exhaustive
def test_a_list_of_a_hundred_takes_few_statements(house: House) -> None:
    for number, state in enumerate(("to_verify", "handling", "approval", "rating")):
        copies(build.case_at(house.world, state, agencies=2, now=build.NOON + timedelta(hours=number)), 24)
    statements: list[str] = []
    engine = db.engine

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SET LOCAL", "SELECT set_config")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    try:
        assert len(house.json("requests")) == 100
        plain = len(statements)
        house.json("requests", extensions="true")
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert plain <= 10, "\n".join(statements[:plain])
    assert len(statements) - plain <= 13
    assert db.session.query(Case).filter(is_shown()).count() == 100
