"""Open311: reports that a program files for people by its key, and what it reads of them afterwards."""
from __future__ import annotations

import io
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.intake.file_report import original_words, place_words
from casework.models import Case, Event, ExtraQuestion, Photo, Report
from casework.permissions import Action
from tests import build
from tests.merged import merge
from tests.second_centre import HOME, add_rule, second_world
from tests.system.canary import plain_photo
from tests.web.open311.asked import House, as_value, in_xml, new_key, opened, overseer, put
from tests.web.pages import at

FIELD = "rung_dat_moi_truong"
WORDS = "Có ổ gà sâu <b>giữa</b> đường.\nXe máy đã ngã."


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    return new_key(house.world)


def sent(house: House, key: str, form: str = "json", headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
    given = {"service_code": FIELD, "description": WORDS, "address_id": house.world.area.ref, "phone": "0912 345 678", **fields}
    return house.post(f"requests.{form}", key, headers=headers, **{name: value for name, value in given.items() if value is not None})


def code_of(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    [told] = answer.json
    assert set(told) == {"service_request_id", "service_notice", "account_id"}
    code: str = told["service_request_id"]
    return code


def report(code: str) -> Report:
    return db.session.scalars(select(Report).where(Report.code == code)).one()


def faults(answer: TestResponse) -> set[str]:
    assert answer.status_code == 400, answer.get_data(as_text=True)
    return {each["code"] for each in answer.json}


def test_a_report_is_filed_for_its_sender_and_its_event_names_account_and_door(house: House, key: str) -> None:
    code = code_of(sent(house, key, address_string="Trước nhà văn hóa", **{"attribute[urgent]": "yes", "attribute[easting]": "1"}))
    row = report(code)
    assert (row.source, row.marked_urgent, original_words(row), place_words(row)) == ("citizen", True, WORDS, "Trước nhà văn hóa")
    assert row.filed_by_id is None
    assert row.reporter is not None
    assert row.reporter.account_id is None
    assert row.reporter.phone_digest
    event = db.session.scalars(select(Event).where(Event.type == "file_report")).one()
    assert (event.actor_id, (event.payload or {})["door"]) == (row.service_id, "open311")
    case = db.session.scalars(select(Case).where(Case.code == code)).one()
    assert case.unconfirmed_since == build.NOON, "the contact is not proven, as a guest's"


def test_both_formats_answer_alike(house: House, key: str) -> None:
    told = sent(house, key).json
    told[0].pop("service_request_id")
    answer = as_value(in_xml(sent(house, key, "xml")), [{"service_request_id": "", **told[0]}])
    answer[0].pop("service_request_id")
    assert answer == told


def test_without_the_scope_or_a_key_nothing_is_filed(house: House) -> None:
    other = new_key(house.world, Action.READ_CASE, name="Hệ thống khác")
    for wrong in ("", other, other[:-1] + "x"):
        answer = sent(house, wrong)
        assert (answer.status_code, answer.json[0]["code"]) == (403, "key")
    assert db.session.query(Report).count() == 0
    by_parameter = sent(house, "", api_key=new_key(house.world, name="Tham số"))
    assert code_of(by_parameter)


def test_a_closed_door_takes_nothing(app: Flask) -> None:
    house = House(app, build.standard_world())
    at(app, build.NOON)
    for key in ("", new_key(house.world)):
        assert sent(house, key).status_code == 404
        assert house.get("tokens/client-1.xml", key=key).status_code == 404


@pytest.mark.exhaustive
def test_everything_wrong_is_told_at_once(house: House, key: str) -> None:
    wrong = sent(house, key, service_code=None, description=" ", address_id="none", lat="108.4", long="12.0", phone="12", email="a",
                 **{"attribute[urgent]": "maybe"})  # fmt: skip
    assert faults(wrong) == {"service_code_missing", "description_missing", "address_id", "lat_long", "phone", "email"}
    assert faults(sent(house, key, **{"attribute[urgent]": "maybe"})) == {"urgent"}
    assert faults(sent(house, key, address_id=None)) == {"place_missing"}
    assert faults(sent(house, key, description="x" * 10_001)) == {"description_long"}
    assert faults(sent(house, key, phone=["0912345678", "0912345679"])) == {"phone_twice"}
    assert sent(house, key, service_code="none").status_code == 404
    for lat, long in (("NaN", "108"), ("1e400", "108"), ("12", ""), ("-0", "0"), ("12.0", "108.4 "), ("91", "108")):
        answer = sent(house, key, lat=lat, long=long)
        assert answer.status_code in (200, 400), (lat, long)
    assert faults(sent(house, key, **{"attribute[seen_at]": "2026-03-09T10:00:00+07:00"})) == {"seen_at"}
    other = house.post("requests.json", key, headers={"Content-Type": "application/json"})
    assert (other.status_code, other.json[0]["code"]) == (403, "key") if not key else other.status_code == 400


def test_who_leaves_nothing_is_taken_only_where_that_is_allowed(house: House, key: str) -> None:
    assert faults(sent(house, key, service_code="do_thi", phone=None)) == {"contact_missing"}
    assert code_of(sent(house, key, service_code="do_thi", phone=None, **{"attribute[urgent]": "yes"}))


@pytest.mark.exhaustive
def test_sent_again_it_is_the_same_report(house: House, key: str) -> None:
    first = code_of(sent(house, key))
    assert code_of(sent(house, key)) == first, "the same account, code, place, words and contact within a day"
    assert code_of(sent(house, key, description="Việc khác.")) != first
    at(house.app, build.NOON + timedelta(hours=25))
    assert code_of(sent(house, key)) != first
    named = {"Idempotency-Key": "client-1"}
    third = code_of(sent(house, key, headers=named, description="Lần ba."))
    assert code_of(sent(house, key, headers=named, description="Lần ba.")) == third
    assert faults(sent(house, key, headers=named, description="Khác hẳn.")) == {"idempotency_conflict"}
    assert house.json("tokens/client-1", key=key) == [{"service_request_id": third, "token": "client-1"}]
    other = new_key(house.world, name="Ứng dụng khác")
    assert house.get("tokens/client-1.json", key=other).status_code == 404
    assert house.get("tokens/client-1.json").status_code == 403
    assert code_of(sent(house, other, headers=named, description="Của khác.")) != third


def test_photos_come_along_and_one_that_cannot_be_taken_loses_no_report(house: House, key: str) -> None:
    inline = "data:image/jpeg;base64," + b64encode(plain_photo(3)).decode()
    answer = sent(house, key, photo1=(io.BytesIO(plain_photo(1)), "a.jpg"), file_2=(io.BytesIO(b"nothing"), "b.jpg"),
                  media_url=[inline, "https://example.org/c.jpg"])  # fmt: skip
    code = code_of(answer)
    assert len(db.session.scalars(select(Photo).where(Photo.report_id == report(code).id)).all()) == 2
    notice = answer.json[0]["service_notice"]
    assert "b.jpg" in notice
    assert "1 ảnh ở địa chỉ khác" in notice
    assert "example.org" not in notice


def test_a_report_goes_to_the_centre_of_its_place(house: House, key: str) -> None:
    other = second_world(house.world)
    answer = sent(house, key, address_id=other.area.ref)
    assert faults(answer) == {"elsewhere"}
    assert "jurisdiction_id" not in answer.json[0]["description"]
    put(other, "door_open311", "open")
    assert "(jurisdiction_id: dn)" in sent(house, key, address_id=None, lat=str(HOME[0]), long=str(HOME[1])).json[0]["description"]
    assert report(code_of(sent(house, key, address_id=None, lat="21.03", long="105.85"))).centre_id == house.world.centre.id


def test_a_code_that_has_ended_is_taken_without_a_field(house: House, key: str) -> None:
    with unit_of_work():
        house.world.field().valid_to = build.NOON.date()
    add_rule(ExtraQuestion(service_code="x", code="x", position=1, kind="text", name_vi="a", name_en="a", hint_vi="", hint_en="",
                           options_vi="", options_en="", valid_from=build.LONG_AGO))  # fmt: skip
    answer = sent(house, key)
    assert report(code_of(answer)).field_id is None
    assert "Danh mục lĩnh vực đã thay đổi" in answer.json[0]["service_notice"]


def test_the_questions_of_the_field_are_asked(house: House, key: str) -> None:
    add_rule(ExtraQuestion(service_code=FIELD, code="how_deep", position=1, kind="choice", name_vi="Sâu bao nhiêu?", name_en="How deep?",
                           hint_vi="", hint_en="", options_vi="Nông\nSâu", options_en="Shallow\nDeep", is_required=True,
                           valid_from=build.LONG_AGO))  # fmt: skip
    assert faults(sent(house, key)) == {"attribute[how_deep]"}
    assert faults(sent(house, key, **{"attribute[how_deep]": "Rất sâu"})) == {"attribute[how_deep]"}
    row = report(code_of(sent(house, key, **{"attribute[how_deep]": "Sâu"})))
    assert any(each.sealed_answers for each in row.texts)


def test_limits_of_account_and_contact_hold(house: House, key: str) -> None:
    put(house.world, "door_reports_an_hour", "2", everywhere=True)
    answers = [sent(house, key, description=f"Việc {number}", phone=f"091234567{number}") for number in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 0
    assert answers[2].json[0]["code"] == "too_often"
    assert code_of(sent(house, key, description="Việc 1", phone="0912345671")), "a repeat is no further report"
    assert overseer(house.world)


def test_its_key_reads_more_of_a_report_than_the_public(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    case = db.session.scalars(select(Case).where(Case.code == code)).one()
    [own], [public] = house.json(f"requests/{code}", key=key), house.json(f"requests/{code}")
    assert own["updated_datetime"] == "2026-03-02T10:00:00+07:00"
    assert public["updated_datetime"] == "2026-03-02T00:00:00+07:00"
    other = new_key(house.world, name="Ứng dụng khác")
    assert house.json(f"requests/{code}", key=other) == [public]
    build.do(house.world, case, "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Lời riêng bíẩn.")
    for asked in (f"requests/{code}", "requests"):
        [told] = house.json(asked, key=key)
        assert told["status"] == "closed"
        assert told["status_notes"].startswith("Không tiếp nhận. ")
        assert told["service_code"] is told["address"] is told["expected_datetime"] is None, "the public does not see it: its state alone"
        assert "bíẩn" not in told["status_notes"]
    assert [each["service_request_id"] for each in house.json("requests", key=key, status="closed")] == [code]
    assert house.json("requests", key=key, status="open") == []
    assert house.json("requests") == house.json("requests", key=other) == []
    assert house.get(f"requests/{code}.json", key=other).status_code == 404


def test_of_a_report_that_is_set_apart_its_key_reads_the_receipt(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    with unit_of_work():
        db.session.scalars(select(Case).where(Case.code == code)).one().quarantined_at = build.NOON
    [told] = house.json(f"requests/{code}", key=key)
    assert (told["status"], told["status_notes"][:35]) == ("open", "Phản ánh được xử lý theo thủ tục ri")
    assert {name for name, value in told.items() if value is not None} == {
        "service_request_id", "status", "status_notes", "requested_datetime", "updated_datetime",
    }  # fmt: skip
    assert as_value(in_xml(house.get(f"requests/{code}.xml", key=key)), [told]) == [told]
    assert house.get(f"requests/{code}.json").status_code == 404


@pytest.mark.exhaustive
def test_a_merged_report_answers_its_key_under_its_own_code(house: House, key: str) -> None:
    main = build.case_at(house.world, "handling")
    code = code_of(sent(house, key))
    merge(house.world, db.session.scalars(select(Case).where(Case.code == code)).one(), main)
    [told] = house.json(f"requests/{code}", key=key)
    assert (told["service_request_id"], told["status"]) == (code, "open")
    assert told["status_notes"].startswith(f"Đã gộp với {main.code}.")
    assert [each["service_request_id"] for each in house.json("requests", key=key)] == [main.code]
