"""Reports filed by the API: for somebody, with photos sent ahead, once however often they are sent, and with no secret in the answer."""
from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db
from casework.intake.file_report import original_words, place_words
from casework.models import Case, DoorRepeat, Event, OutboxMessage, Photo, Report
from casework.permissions import Action
from tests import build, service_accounts
from tests.second_centre import HOME, second_world
from tests.web.api.asked import House, opened
from tests.web.pages import at
from tests.with_photos import jpeg

FIELD = "rung_dat_moi_truong"
WORDS = "Có ổ gà sâu <b>giữa</b> đường.\nXe máy đã ngã."


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    return service_accounts.made(house.world, Action.FILE_REPORT, agency=None, name="Ứng dụng thành phố")[1]


def sent(house: House, key: str, *, repeat: str | None = None, **fields: Any) -> TestResponse:
    given = {"field": FIELD, "words": WORDS, "area": house.world.area.ref, "phone": "0912 345 678", **fields}
    house.counted.append(1)
    headers = {"Idempotency-Key": repeat or f"key-of-a-report-{len(house.counted):06d}"}
    return house.ask("POST", "/reports", key=key, headers=headers, json={name: each for name, each in given.items() if each is not None})


def report(code: str) -> Report:
    return db.session.scalars(select(Report).where(Report.code == code)).one()


def pointers(answer: TestResponse) -> dict[str, str]:
    assert (answer.status_code, answer.json["code"]) == (422, "invalid"), answer.json
    return {each["pointer"]: each["code"] for each in answer.json["errors"]}


def test_a_report_is_filed_for_its_sender_and_its_event_names_account_and_door(house: House, key: str) -> None:
    answer = sent(house, key, place="Trước nhà văn hóa", is_urgent=True, name="Lê Văn Canary")
    assert answer.status_code == 201, answer.json
    told = answer.json
    assert set(told) == {"code", "filed_at", "accepted_by_at", "field", "notices"}
    assert (told["field"]["code"], told["notices"]) == (FIELD, [])
    row = report(told["code"])
    assert (row.source, row.marked_urgent, original_words(row), place_words(row)) == ("citizen", True, WORDS, "Trước nhà văn hóa")
    assert row.reporter is not None
    assert (row.filed_by_id, row.reporter.account_id) == (None, None)
    event = db.session.scalars(select(Event).where(Event.type == "file_report")).one()
    assert (event.actor_id, (event.payload or {})["door"]) == (row.service_id, "api")
    case = db.session.scalars(select(Case).where(Case.code == told["code"])).one()
    assert case.unconfirmed_since == build.NOON, "the contact is not proven, as a guest's"
    for text in ("Canary", "912345678", row.secret_digest):
        assert text not in answer.get_data(as_text=True)


def test_a_report_sent_again_is_filed_once(house: House, key: str) -> None:
    first, again = (sent(house, key, repeat="the-same-report-0001") for _ in range(2))
    assert (first.status_code, again.status_code, first.data) == (201, 201, again.data)
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")
    assert db.session.query(Report).count() == 1
    messages = db.session.query(OutboxMessage).count()
    other = sent(house, key, repeat="the-same-report-0001", words="Chuyện khác.")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_reused")
    assert (db.session.query(Report).count(), db.session.query(OutboxMessage).count()) == (1, messages)
    assert sent(house, key, repeat="short").json["code"] == "idempotency_key"


def test_all_that_is_wrong_is_told_at_once_and_the_mended_one_is_taken_with_the_same_key(house: House, key: str) -> None:
    wrong = sent(house, key, repeat="mended-afterwards-01", field="none", words=" ", area="0" * 16, latitude=108.4, longitude=12.0,
                 phone="12", email="a", photos=["0" * 16], answers={"no_such": "1"})  # fmt: skip
    found = pointers(wrong) if wrong.json["code"] == "invalid" else {}
    assert {"#/latitude"} <= found.keys()
    wrong = sent(house, key, repeat="mended-afterwards-01", field="none", words=" ", area="0" * 16, latitude=1.0, longitude=2.0,
                 phone="12", email="a", photos=["0" * 16])  # fmt: skip
    assert pointers(wrong) == {
        "#/field": "refused", "#/words": "missing", "#/area": "wrong", "#/latitude": "wrong", "#/phone": "wrong", "#/email": "wrong",
        "#/photos/0": "refused",
    }  # fmt: skip
    assert pointers(sent(house, key, area=None)) == {"#/place": "missing"}
    assert pointers(sent(house, key, latitude=11.9)) == {"#/longitude": "missing"}
    assert pointers(sent(house, key, answers={"no_such": "1"})) == {"#/answers/no_such": "unknown"}
    assert pointers(sent(house, key, words="x" * 10_001)) == {"#/words": "wrong"}
    future = sent(house, key, seen_at=f"{build.NOON + timedelta(days=1):%Y-%m-%dT%H:%M:%S}Z")
    assert (future.status_code, [each["pointer"] for each in future.json["errors"]]) == (422, ["#/seen_at"])
    unknown = sent(house, key, reporter_id=1, source_id=2)
    assert (unknown.status_code, unknown.json["code"]) == (400, "member_unknown")
    assert db.session.query(Report).count() == 0
    assert sent(house, key, repeat="mended-afterwards-01").status_code == 201


def test_who_leaves_nothing_is_taken_only_where_that_is_allowed(house: House, key: str) -> None:
    assert pointers(sent(house, key, field="do_thi", phone=None)) == {"#/phone": "missing"}
    assert pointers(sent(house, key, field="do_thi", phone=None, name="Chỉ có tên")) == {"#/phone": "missing"}
    assert sent(house, key, field="do_thi", phone=None, is_urgent=True).status_code == 201


def test_photos_go_ahead_and_are_the_reports(house: House, key: str) -> None:
    photo = house.ask("POST", "/photos", key=key, data={"file": (io.BytesIO(jpeg()), "a.jpg")}, content_type="multipart/form-data")
    assert photo.status_code == 201, photo.json
    ref = photo.json["ref"]
    answer = sent(house, key, photos=[ref])
    assert answer.status_code == 201, answer.json
    row = db.session.scalars(select(Photo).where(Photo.ref == ref)).one()
    assert (row.state, row.purpose, row.report_id) == ("linked", "scene", report(answer.json["code"]).id)
    assert pointers(sent(house, key, photos=[ref])) == {"#/photos/0": "refused"}
    theirs = house.ask("POST", "/photos", data={"file": (io.BytesIO(jpeg("green")), "a.jpg")}, content_type="multipart/form-data")
    assert pointers(sent(house, key, photos=[theirs.json["ref"]])) == {"#/photos/0": "refused"}


def test_what_staff_write_down_needs_its_own_scope(house: House, key: str) -> None:
    refused = sent(house, key, source="phone")
    assert (refused.status_code, refused.json["code"]) == (403, "scope")
    both = service_accounts.made(house.world, Action.FILE_REPORT, Action.TAKE_REPORT, agency=None, name="Tổng đài")[1]
    taken = sent(house, both, source="phone", name="Bà Hoa")
    assert taken.status_code == 201, taken.json
    assert report(taken.json["code"]).source == "phone"
    agency = sent(house, house.key)
    assert (agency.status_code, agency.json["code"]) == (403, "scope")


def test_a_place_another_centre_holds_is_named_and_not_filed(house: House, key: str) -> None:
    second_world(house.world)
    elsewhere = sent(house, key, area=None, latitude=HOME[0], longitude=HOME[1])
    assert (elsewhere.status_code, elsewhere.json["code"]) == (422, "elsewhere")
    assert db.session.query(Report).count() == 0


def test_the_answer_of_a_report_that_was_set_apart_is_kept_no_longer(house: House, key: str) -> None:
    answer = sent(house, key, repeat="kept-until-set-apart-1")
    case = db.session.scalars(select(Case).where(Case.code == answer.json["code"])).one()
    at(house.app, build.next_moment(case))
    assert db.session.query(DoorRepeat).filter_by(case_id=case.id).count() == 1
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo")
    assert db.session.query(DoorRepeat).filter_by(case_id=case.id).count() == 0


def test_too_many_reports_of_one_contact_wait(house: House, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.filing.by_programs.count_filing", lambda **_: build.NOON + timedelta(hours=1))
    refused = sent(house, key)
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (429, "quota", "3600")
    assert db.session.query(Report).count() == 0
