"""A partner that keeps the contacts of its people: none comes here, and it tells and asks them itself."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.contacts.partners import may_be_asked
from casework.db import db, unit_of_work
from casework.doors.accounts import end_service_account
from casework.intake.limits import OF_CONTACT
from casework.models import Event, RateCounter, Report
from casework.pausing.questions import QuestionRefused
from casework.permissions import Action
from tests import build, service_accounts
from tests.merged import merge
from tests.web.api import test_filing as by_api
from tests.web.api.asked import opened as opened_api
from tests.web.open311.asked import House, new_key, opened
from tests.web.open311.test_filing import code_of, report, sent
from tests.web.open311.test_read_again import agreed, service_of
from tests.web.open311.test_updates import case_of, say, told
from tests.web.pages import at

WHY = "Theo thỏa thuận."


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    """Of a partner that has filed a report already, before it was agreed that it keeps contacts."""
    text = new_key(house.world)
    agreed(house, code_of(sent(house, text, description="Việc trước đó.")), contact_mode="partner")
    return text


def counted() -> int:
    return db.session.query(RateCounter).filter(RateCounter.bucket.startswith(OF_CONTACT.name)).count()


def ask(house: House, code: str) -> None:
    case = case_of(code)
    build.act(house.world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đâu?", when_unanswered="continue")


def test_nothing_that_reaches_a_person_is_kept_counted_or_judged(house: House, key: str) -> None:
    before = counted()
    named = {"phone": "no number", "email": "none@", "first_name": "Bích", "last_name": "Lê"}
    code = code_of(sent(house, key, **named))
    row = report(code)
    assert row.reporter is not None
    assert row.reporter.is_anonymous
    assert not any((row.reporter.sealed_identity, row.reporter.phone_digest, row.reporter.email_digest, row.reporter.can_be_told))
    assert case_of(code).unconfirmed_since is None, "there is nothing to prove"
    assert counted() == before
    assert code_of(sent(house, key, phone="0912 345 999")) == code, "what is dropped tells no two reports apart"


def test_fields_that_need_a_contact_take_its_reports(house: House, key: str) -> None:
    assert code_of(sent(house, key, service_code="do_thi", phone=None))


def test_it_asks_its_person_what_the_centre_asks(house: House, key: str) -> None:
    code = code_of(sent(house, key, phone=None))
    at(house.app, build.NOON + timedelta(minutes=20))
    ask(house, code)
    assert case_of(code).state == "waiting_reporter"
    at(house.app, build.NOON + timedelta(hours=8))
    assert code in {each["service_request_id"] for each in told(house, key=key)}, "by the updates it hears of the question"
    assert say(house, key, code).status_code == 200
    assert case_of(code).state == "to_verify"


def test_who_has_ended_or_keeps_no_contacts_asks_nobody(house: House, key: str) -> None:
    code = code_of(sent(house, key, phone=None))
    rows = [report(code), build.file_report(house.world, by="guest", contact=None, marked_urgent=True).report]
    assert may_be_asked(rows) == rows[:1]
    agreed(house, code, contact_mode="reporter")
    assert may_be_asked(rows) == []
    agreed(house, code, contact_mode="partner")
    with unit_of_work():
        end_service_account(service_of(code), by=house.world.actor("administrator"), now=build.NOON, reason=WHY)
    assert may_be_asked(rows) == []
    with pytest.raises(QuestionRefused):
        ask(house, code)


def test_no_rating_is_asked_for_and_the_case_closes(house: House, key: str) -> None:
    code = code_of(sent(house, key, phone=None))
    case = build.advance(house.world, case_of(code), "to_publish")
    build.NEXT_STEPS["to_publish"](house.world, case, agencies=1, urgent=False)
    assert case_of(code).state == "closed"
    types = set(db.session.scalars(select(Event.type).where(Event.case_id == case.id)))
    assert "publish" in types
    assert "rate" not in types
    [told_own] = house.json(f"requests/{code}", key=key)
    assert told_own["status"] == "closed"


def test_merged_with_a_neighbours_report_the_neighbour_alone_is_asked_by_us(house: House, key: str) -> None:
    code = code_of(sent(house, key, phone=None))
    other = build.case_at(house.world, "to_verify")
    merge(house.world, case_of(code), other)
    present = [link.report for link in case_of(other.code).reports if link.left_at is None]
    assert {each.code for each in may_be_asked(present)} == {code, other.code}


def test_the_api_takes_none_either(app: Flask) -> None:
    house = opened_api(app)
    row, key = service_accounts.made(house.world, Action.FILE_REPORT, agency=None, name="Ứng dụng thành phố")
    with unit_of_work():
        row.contact_mode = "partner"
    answer = by_api.sent(house, key, field="do_thi", phone="no number", name="Lê Thị Bích")
    assert answer.status_code == 201, answer.json
    filed = db.session.scalars(select(Report).where(Report.code == answer.json["code"])).one()
    assert filed.reporter is not None
    assert filed.reporter.is_anonymous
