"""What a telephone takes along and sends: of the officer's own agency alone, once, and never over what somebody else has done."""
from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Case, Event, LoginSession
from tests import build
from tests.web.desk import Office, statements_of

HEADERS = {"X-Langbiang-Field": "", "Sec-Fetch-Site": "same-origin"}
PARTS = dict(build.ANSWER)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def work(office: Office, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.get(name, "/field/work").json["cases"]           # type: ignore[index]
    return found


def send(office: Office, name: str, kind: str, assignment: str, *, key: str = "", **form: Any) -> TestResponse:
    form |= {"kind": kind, "assignment": assignment}
    return office.browser(name).post(f"/field/items/{key or uuid4()}", data=form, headers=HEADERS)


def answer(office: Office, name: str, kind: str, one: dict[str, Any], **form: Any) -> TestResponse:
    given = {"version": one["version"], "window": "abcdefghijkl", **PARTS, **form}
    return send(office, name, kind, one["assignment"], **given)


def happened(case: Case, event: str) -> int:
    return db.session.query(Event).filter(Event.case_id == case.id, Event.type == event).count()


def test_a_thing_sent_again_is_recorded_once(office: Office) -> None:
    case, key = build.case_at(office.world, "at_agency"), str(uuid4())
    [one] = work(office, "officer_PTNMT")
    for _ in range(2):
        assert send(office, "officer_PTNMT", "accept", one["assignment"], key=key).json["state"] == "done"      # type: ignore[index]
    [one], key = work(office, "officer_PTNMT"), str(uuid4())
    for _ in range(2):
        assert answer(office, "officer_PTNMT", "answer", one, key=key).json["state"] == "done"                  # type: ignore[index]
    assert (happened(case, "accept_assignment"), happened(case, "submit_answer")) == (1, 1)
    assert work(office, "officer_PTNMT") == []


def test_what_is_not_the_agencys_is_gone_for_them(office: Office) -> None:
    build.case_at(office.world, "at_agency")
    [one] = work(office, "officer_PTNMT")
    assert work(office, "officer_HKL") == []
    refused = send(office, "officer_HKL", "accept", one["assignment"])
    assert (refused.status_code, refused.json["conflict"]) == (409, "gone")                                     # type: ignore[index]
    assert send(office, "officer_PTNMT", "accept", "0" * 16).json["conflict"] == "gone"                         # type: ignore[index]


def test_a_quarantined_case_is_not_taken_along_and_nothing_is_told_of_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    assert work(office, "officer_PTNMT") == []
    told = answer(office, "officer_PTNMT", "answer", one)
    assert (told.status_code, set(told.json or {})) == (409, {"conflict", "words"})


def test_an_answer_written_before_a_colleagues_is_not_handed_in_over_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    build.do(office.world, case, "submit_answer", "officer_2_PTNMT", **{**build.ANSWER, "findings": "Bản của đồng nghiệp."})
    told = answer(office, "officer_PTNMT", "answer", one).json or {}
    assert (told["conflict"], told["theirs"]["parts"]["findings"]) == ("done", "Bản của đồng nghiệp.")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    assert (answer(office, "officer_PTNMT", "answer", one).json or {})["conflict"] == "done", "also in the next round"
    [again] = work(office, "officer_PTNMT")
    assert (again["is_redo"], again["again"], again["version"]) == (True, "Chụp lại ảnh sau khi dọn.", 1)
    assert (answer(office, "officer_PTNMT", "answer", again).json or {})["state"] == "done"


def test_an_answer_that_lacks_something_is_refused_and_kept_as_a_draft(office: Office) -> None:
    build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    refused = answer(office, "officer_PTNMT", "answer", one, no_photo_reason="")
    assert refused.status_code == 422
    [again] = work(office, "officer_PTNMT")
    assert again["draft"]["parts"]["findings"] == build.ANSWER["findings"]


def test_another_sites_page_sends_nothing(office: Office) -> None:
    build.case_at(office.world, "at_agency")
    [one] = work(office, "officer_PTNMT")
    form = {"kind": "accept", "assignment": one["assignment"]}
    for headers in ({}, {**HEADERS, "Sec-Fetch-Site": "cross-site"}, {**HEADERS, "Origin": "https://elsewhere.example"}):
        assert office.browser("officer_PTNMT").post(f"/field/items/{uuid4()}", data=form, headers=headers).status_code == 404


def test_the_secret_tells_whether_its_session_is_on_and_nothing_else(office: Office) -> None:
    secret = (office.get("officer_PTNMT", "/field/work").json or {})["secret"]
    ask = lambda value: office.browser("guest").get("/field/contact", headers={"X-Langbiang-Field": value}).json  # noqa: E731
    office._browsers["guest"] = office.app.test_client()
    assert ask(secret) == {"is_on": True, "is_signed_in": False}
    assert ask(secret[:-1] + "x")["is_on"] is ask("")["is_on"] is False
    with unit_of_work():
        db.session.execute(update(LoginSession).values(revoked_at=build.NOON))
    assert ask(secret)["is_on"] is False


def test_the_secret_of_a_session_is_told_again_to_the_same_person_alone(office: Office) -> None:
    ref = (office.get("officer_PTNMT", "/field/work").json or {})["secret"].split(".")[0]
    told = [(office.browser(name).get("/field/work", headers={"X-Langbiang-Field": ref}).json or {})["known"]
            for name in ("officer_PTNMT", "officer_2_PTNMT")]
    assert (len(told[0]), told[1]) == (1, [])


def test_taking_work_along_costs_the_same_for_one_case_and_for_several(office: Office) -> None:
    build.case_at(office.world, "handling")
    office.get("officer_PTNMT", "/field/work")
    one = statements_of(lambda: office.get("officer_PTNMT", "/field/work"))
    for _ in range(3):
        build.case_at(office.world, "handling")
    assert statements_of(lambda: office.get("officer_PTNMT", "/field/work")) == one <= 16
