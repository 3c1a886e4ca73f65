"""A fault in a step: said as what it is, kept for the administrator, tried again."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import wraps
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from casework.db import db
from casework.models import Case, Event
from tests import build
from tests.conftest import client_of
from tests.web.desk import Office, step
from tests.web.pages import signed_in, words_of
from workflows import bindings
from workflows.models import Incident, WaitingTask
from workflows.running.wakeups import fire_due_timers

SECRET_WORDS = "Nguyễn Thị Thử, 0912 345 678"
ACT = {"act": "submit_answer", **build.ANSWER}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


@pytest.fixture
def broken() -> Iterator[dict[str, Exception]]:
    """Steps that raise what stands here by their element, as long as it stands here."""
    faults: dict[str, Exception] = {}
    kept = dict(bindings.BINDINGS.steps)

    def wrapped(element: str, use_case: Any) -> Any:
        @wraps(use_case)
        def act(*arguments: Any, **form: Any) -> Any:
            if element in faults:
                raise faults[element]
            return use_case(*arguments, **form)

        return act

    steps: Any = bindings.BINDINGS.steps
    for element, each in kept.items():
        steps[element] = dataclasses.replace(each, acts={verb: wrapped(element, use) for verb, use in each.acts.items()})
    yield faults
    steps.update(kept)


def incident() -> Incident:
    db.session.rollback()
    return db.session.scalars(select(Incident)).one()


def test_a_fault_is_no_refusal_and_leaves_an_incident(
    office: Office, broken: dict[str, Exception], caplog: pytest.LogCaptureFixture
) -> None:
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    broken["submit_answer"] = ZeroDivisionError(SECRET_WORDS)
    with caplog.at_level("ERROR", "langbiang"):
        answer = office.post("officer_PTNMT", address, **ACT)
    assert answer.status_code == 500
    page = words_of(answer)
    assert incident().ref in page
    assert "chưa có gì được ghi nhận" in page
    assert build.ANSWER["findings"] in answer.get_data(as_text=True)
    assert SECRET_WORDS not in answer.get_data(as_text=True)
    assert build.waiting(case, "submit_answer").state == "waiting"
    assert [line.incident for line in caplog.records if line.getMessage() == "step failed"] == [incident().ref]  # type: ignore[attr-defined]


def test_a_case_in_use_is_busy(office: Office, broken: dict[str, Exception]) -> None:
    case = build.case_at(office.world, "handling")
    broken["submit_answer"] = StaleDataError(SECRET_WORDS)
    answer = office.post("officer_PTNMT", step(case, "submit_answer"), **ACT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert db.session.scalars(select(Incident)).all() == []


def test_a_failing_rating_leaves_an_incident(office: Office, broken: dict[str, Exception]) -> None:
    case = build.case_at(office.world, "rating")
    broken["rate"] = ZeroDivisionError(SECRET_WORDS)
    answer = office.post("citizen", f"/mine/{case.main_report.code}/rating", level="satisfied")
    assert answer.status_code == 500
    assert (incident().kind, incident().element) == ("step", "rate")
    assert incident().ref in words_of(answer)


def test_the_administrator_sees_where_and_no_content_and_gives_the_step_back(office: Office, broken: dict[str, Exception]) -> None:
    case = build.case_at(office.world, "handling")
    broken["submit_answer"] = ZeroDivisionError(SECRET_WORDS)
    for _ in range(2):
        office.post("officer_PTNMT", step(case, "submit_answer"), **ACT)
    page = office.words("administrator", "/incidents")
    assert all(words in page for words in (case.code, "ZeroDivisionError", incident().ref, incident().error_text))
    assert incident().attempts == 2
    assert case.title
    assert case.title not in page
    assert "/incidents" in office.get("administrator", "/inbox").get_data(as_text=True)
    answer = office.post("administrator", f"/incidents/{incident().ref}/retry")
    assert (answer.status_code, answer.location) == (302, "/incidents")
    page = office.words("administrator", "/incidents")
    assert "đang chờ người phụ trách" in page
    assert "Không có sự cố nào" in page
    assert incident().resolved_by_id == office.world.people["administrator"].id
    assert db.session.scalars(select(Event.type).where(Event.case_id == case.id)).all()[-1] == "retry_incident"
    assert "Xử lý lại sau sự cố kỹ thuật" in office.words("operator", f"/cases/{case.ref}?tab=all")
    broken.clear()
    assert office.post("officer_PTNMT", step(case, "submit_answer"), **ACT).status_code == 302


def test_a_timer_that_fails_again_says_so_and_one_that_does_not_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(office.world, "rating")
    over = build.next_moment(case).replace(month=5)

    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError(SECRET_WORDS)

    ends: Any = bindings.BINDINGS.ends
    closes = ends["closed"]
    monkeypatch.setitem(ends, "closed", fails)
    assert fire_due_timers(over) == 0
    at = f"/incidents/{incident().ref}/retry"
    office.clock(over)
    browser = signed_in(office.app, client_of(office.app), office.world.people["administrator"], now=over)
    assert browser.post(at).status_code == 302
    assert "Thử lại gặp lỗi" in words_of(browser.get("/incidents"))
    assert incident().attempts == 2
    monkeypatch.setitem(ends, "closed", closes)
    browser.post(at)
    assert f"Đã thử lại thành công: {case.code}" in words_of(browser.get("/incidents"))
    db.session.rollback()
    assert db.session.get_one(Case, case.id).state == "closed"


def test_nobody_else_looks_or_tries(office: Office, broken: dict[str, Exception]) -> None:
    case = build.case_at(office.world, "handling")
    broken["submit_answer"] = ZeroDivisionError()
    office.post("officer_PTNMT", step(case, "submit_answer"), **ACT)
    for name in ("operator", "ops_lead", "officer_PTNMT", "inspector", "citizen"):
        refused = office.get(name, "/incidents")
        assert refused.status_code == 403
        assert ("Về hộp việc" in words_of(refused)) == (name != "citizen"), "staff are led back to their work"
        assert office.post(name, f"/incidents/{incident().ref}/retry").status_code == 403
    assert office.post("administrator", "/incidents/0000000000000000/retry").status_code == 404
    assert "Những việc đang chờ có trong hộp việc." in words_of(office.get("operator", "/nowhere"))
    assert "mã trên giấy biên nhận" in words_of(office.get("citizen", "/nowhere"))
    assert incident().resolved_at is None
    assert db.session.scalars(select(WaitingTask.state).where(WaitingTask.element == "submit_answer")).all() == ["waiting"]
