"""Open311: the steps of cases as updates, and what a sender's own system adds to a report."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Addition, Case, Event
from casework.pausing.additions import addition_words
from tests import build
from tests.web.open311.asked import House, as_value, in_xml, new_key, opened
from tests.web.open311.test_filing import code_of, sent
from tests.web.pages import at

LATER = build.NOON + timedelta(hours=8)


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    return new_key(house.world)


def told(house: House, **asked: str) -> list[dict[str, Any]]:
    return list(house.json("servicerequestupdates", **asked))


def case_of(code: str) -> Case:
    return db.session.scalars(select(Case).where(Case.code == code)).one()


def test_the_public_reads_the_steps_of_published_cases_alone(house: House) -> None:
    build.case_at(house.world, "handling")
    done = build.case_at(house.world, "rating")
    at(house.app, LATER)
    steps = told(house)
    assert {each["service_request_id"] for each in steps} == {done.code}
    assert [each["updated_datetime"] for each in steps] == sorted(each["updated_datetime"] for each in steps)
    assert (steps[0]["status"], steps[-1]["status"]) == ("OPEN", "CLOSED")
    assert len({each["update_id"] for each in steps}) == len(steps)
    assert not {each["update_id"] for each in steps} & {str(number) for number in db.session.scalars(select(Event.id))}
    assert as_value(in_xml(house.get("servicerequestupdates.xml")), steps) == steps
    assert all("gửi phản ánh" not in each["description"] for each in steps), "never the filing"


def test_a_span_is_cut_at_both_ends_and_wrong_ones_are_told(house: House) -> None:
    build.case_at(house.world, "rating")
    at(house.app, LATER)
    every = told(house)
    middle = every[len(every) // 2]["updated_datetime"]
    assert told(house, start_date=middle) == [each for each in every if each["updated_datetime"] >= middle]
    assert told(house, start_date="2026-03-03T00:00:00Z") == []
    assert house.get("servicerequestupdates.json", start_date="yesterday").json[0]["code"] == "start_date"
    long_span = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}
    assert house.get("servicerequestupdates.json", **long_span).json[0]["code"] == "span"


def test_what_is_set_apart_has_no_step_any_more(house: House, key: str) -> None:
    done = build.case_at(house.world, "rating")
    own = case_of(code_of(sent(house, key)))
    at(house.app, LATER)
    assert told(house)
    with unit_of_work():
        for case in (done, own):
            db.session.get_one(Case, case.id).quarantined_at = LATER
    assert told(house) == told(house, key=key) == []


def test_a_key_reads_what_the_senders_of_its_reports_are_told(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    build.do(house.world, case_of(code), "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Lời riêng bíẩn.")
    at(house.app, LATER)
    assert told(house) == told(house, key=new_key(house.world, name="Ứng dụng khác")) == []
    [refused] = told(house, key=key)
    assert (refused["service_request_id"], refused["status"], refused["description"]) == (code, "CLOSED", "Trung tâm không tiếp nhận")


def say(house: House, key: str, code: str, **fields: str) -> Any:
    given = {"service_request_id": code, "update_id": "u-1", "description": "Nước đã rút.", "status": "fixed", **fields}
    return house.post("servicerequestupdates.json", key, **{name: value for name, value in given.items() if value})


def test_an_update_is_words_for_the_centre_and_moves_nothing(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    state = case_of(code).state
    first = say(house, key, code)
    assert first.status_code == 200
    assert list(first.json[0]) == ["update_id"]
    [addition] = db.session.scalars(select(Addition)).all()
    assert addition_words(addition) == "Nước đã rút."
    assert case_of(code).state == state
    assert say(house, key, code).json == first.json, "the same update again is answered like the first time"
    assert len(db.session.scalars(select(Addition)).all()) == 1
    assert told(house, key=key) == [], "its own words are not told to it again"


def test_an_update_answers_the_question_of_the_centre(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    case = case_of(code)
    build.act(house.world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đâu?", when_unanswered="continue")
    assert case_of(code).state == "waiting_reporter"
    at(house.app, build.NOON + timedelta(minutes=30))
    assert say(house, key, code).status_code == 200
    assert case_of(code).state == "to_verify"


def test_updates_that_cannot_be_taken_say_why(house: House, key: str) -> None:
    code, public = code_of(sent(house, key)), build.case_at(house.world, "handling").code
    assert say(house, key, public).status_code == 403
    assert say(house, key, "LD-2026-999999").status_code == 404
    assert say(house, "", code).status_code == 403
    wrong = say(house, key, "", description=" ", status="nonsense", updated_datetime="today")
    assert {each["code"] for each in wrong.json} == {
        "service_request_id_missing", "description_missing", "status_update", "updated_datetime"
    }
    build.do(house.world, case_of(code), "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Không rõ.")
    closed = say(house, key, code)
    assert (closed.status_code, closed.json[0]["code"]) == (400, "closed")
