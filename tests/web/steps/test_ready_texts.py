"""Texts ready for questions, refusals and orders to redo: offered for the field of the case, filled in, and not sent with a blank."""
from __future__ import annotations

import re

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.models import Case, ReadyText
from casework.steps.ready_texts import LONGEST, PURPOSES, Purpose, ready_texts
from tests import build
from tests.second_centre import second_world
from tests.web.desk import Office, step
from tests.web.pages import words_of

WHY = "Chưa rõ."


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def kept(purpose: Purpose, body: str, **more: object) -> ReadyText:
    with unit_of_work():
        named = {"name_vi": f"Mẫu {body[:20]}", "name_en": "A text", "position": 1, "valid_from": build.LONG_AGO}
        row = ReadyText(purpose=purpose, body=body, **named, **more)
        db.session.add(row)
    return row


def offered(page: str) -> list[str]:
    return re.findall(r'name="ready_text" value="([^"]+)"', page)


def test_a_text_is_put_behind_what_was_typed_with_its_places_filled_in(office: Office) -> None:
    case, row = build.case_at(office.world, "to_verify"), kept(Purpose.REFUSAL, "Phản ánh {code} chưa rõ nơi xảy ra: …")
    address = step(case, "verify")
    choice = f"refusal_words:{row.ref}"
    assert choice in offered(office.get("operator", address).get_data(as_text=True))
    answer = office.post("operator", address, refusal_words=WHY, ready_text=choice)
    assert answer.status_code == 200
    assert f"{WHY}\nPhản ánh {case.code} chưa rõ nơi xảy ra: …</textarea>" in answer.get_data(as_text=True)
    assert db.session.get(Case, case.id).state == "to_verify"  # type: ignore[union-attr]
    twice = office.post("operator", address, refusal_words=f"Phản ánh {case.code} chưa rõ nơi xảy ra: …", ready_text=choice)
    assert twice.get_data(as_text=True).count("chưa rõ nơi xảy ra") == 1, "what is there already is not put there again"


@pytest.mark.parametrize(("state", "act", "field", "form"), [
    ("to_verify", "refuse", "refusal_words", {"reason": "khong_ro_noi_dung"}),
    ("approval", "redo_answer", "instructions", {}),
])  # fmt: skip
def test_a_blank_that_is_left_is_not_sent(office: Office, state: str, act: str, field: str, form: dict[str, str]) -> None:
    case = build.case_at(office.world, state)
    element, name = {"to_verify": ("verify", "operator"), "approval": ("approve_answer", "leader_PTNMT")}[state]
    address = step(case, element)
    answer = office.post(name, address, act=act, **form, **{field: "Đề nghị làm lại trước ngày …"})
    assert answer.status_code == 422
    assert "Còn chỗ “…” chưa điền" in words_of(answer)
    assert office.post(name, address, act=act, **form, **{field: "Đề nghị làm lại trước ngày 5/3."}).status_code in (302, 303)


def test_a_question_may_begin_with_a_text(office: Office) -> None:
    case, row = build.case_at(office.world, "to_classify"), kept(Purpose.QUESTION, "Xin gửi thêm ảnh của {code}.")
    address = f"/cases/{case.ref}/acts/ask_reporter"
    assert f"words:{row.ref}" in offered(office.get("operator", address).get_data(as_text=True))
    answer = office.post("operator", address, words="", ready_text=f"words:{row.ref}")
    assert f"Xin gửi thêm ảnh của {case.code}.</textarea>" in answer.get_data(as_text=True)


def test_offered_are_those_of_the_field_first_and_none_of_another_field_purpose_or_centre(office: Office) -> None:
    case, second = build.case_at(office.world, "to_distribute"), second_world(office.world)
    assert case.field is not None
    for_any, for_field = kept(Purpose.REFUSAL, "Chung"), kept(Purpose.REFUSAL, "Riêng", service_code=case.field.service_code)
    kept(Purpose.REFUSAL, "Lĩnh vực khác", service_code="khac_han")
    kept(Purpose.REDO, "Việc khác")
    kept(Purpose.REFUSAL, "Trung tâm khác", centre_id=second.centre.id)
    kept(Purpose.REFUSAL, "Đã hết", valid_to=build.LONG_AGO)
    rows = [row.ref for row in ready_texts(case, Purpose.REFUSAL, now=office.moment)]
    assert [ref for ref in rows if ref in (for_any.ref, for_field.ref)] == [for_field.ref, for_any.ref]
    bodies = {row.body for row in ready_texts(case, Purpose.REFUSAL, now=office.moment)}
    assert bodies.isdisjoint({"Lĩnh vực khác", "Việc khác", "Trung tâm khác", "Đã hết"})


def test_every_text_that_is_shipped_has_a_purpose_known_places_and_fits(office: Office) -> None:
    shipped = db.session.query(ReadyText).all()
    assert {row.purpose for row in shipped} == set(PURPOSES)
    for row in shipped:
        assert len(row.body) <= LONGEST
        assert set(re.findall(r"{(\w+)}", row.body)) <= {"code", "field", "today", "reported_on"}, row.name_vi
