"""Extra questions: which a field has on a day, what is an answer, and where an answer goes and does not go."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from casework.asking.answers import answers_given
from casework.asking.questions import (
    MOST_OF_A_FIELD,
    AnswerRefused,
    AskedQuestion,
    GivenAnswer,
    answer_to,
    questions_of,
)
from casework.bilingual import Bilingual
from casework.casefile.views import reports_seen
from casework.db import db, unit_of_work
from casework.erasure.erase import erase_derived, erase_originals
from casework.intake.file_report import OtherReportFiled, cleared_words, everything_said, original_words
from casework.local_time import local_day
from casework.models import Case, Field, Report, SearchRow
from casework.reporters.report import own_report
from casework.settings.importing.rows import RowRefused, end_row
from casework.settings.kinds.table import KINDS
from casework.triage.acts import ClearedReport, VerifyInput, verify
from tests import build
from tests.asked import FIELD, extra_question
from tests.second_centre import second_world

NOW, TODAY = build.NOON, local_day(build.NOON)
ASKED = Bilingual("Sâu khoảng bao nhiêu cm?", "How deep is it, in cm?")
SAID = GivenAnswer("do_sau", ASKED, Bilingual("ba gang tay zqx", "ba gang tay zqx"))


@pytest.fixture
def world(app: Flask) -> Iterator[build.World]:
    with app.app_context():
        yield build.standard_world()


def question(kind: str = "text", **more: Any) -> AskedQuestion:
    usual: dict[str, Any] = {
        "id": 1, "centre_id": None, "name_vi": "Hỏi?", "name_en": "Ask?", "valid_from": TODAY, "valid_to": None, "service_code": FIELD,
        "code": "hoi", "position": 1, "hint_vi": "", "hint_en": "", "least": None, "most": None, "options_vi": "", "options_en": "",
        "is_required": False, "for_citizens": True, "for_operators": True, "may_send": False,
    }  # fmt: skip
    return AskedQuestion(**{**usual, "kind": kind, **more})


def urban() -> Field:
    return db.session.scalars(select(Field).where(Field.service_code == FIELD)).one()


def asked(centre_id: int | None, days: int = 0) -> list[str]:
    return [each.name_vi for each in questions_of(urban(), centre_id, on=TODAY + timedelta(days=days))]


def test_a_field_has_the_questions_of_the_installation_and_a_centre_its_own_instead(world: build.World) -> None:
    other = second_world(world)
    extra_question(world, code="sau", position="2", name_vi="Sâu bao nhiêu?")
    extra_question(world, code="rong", position="1", name_vi="Rộng bao nhiêu?")
    extra_question(world, code="khac", service_code="rung_dat_moi_truong", name_vi="Mùi gì?")
    own = extra_question(world, code="sau", position="2", name_vi="Ngập đến đâu?", centre_id=world.centre.id)
    assert asked(world.centre.id) == ["Rộng bao nhiêu?", "Ngập đến đâu?"]
    assert asked(other.centre.id) == ["Rộng bao nhiêu?", "Sâu bao nhiêu?"]
    assert asked(world.centre.id, days=-1) == []
    with unit_of_work():
        end_row(KINDS["extra_question"], own, by=world.actor("overseer", NOW), now=NOW, reason="Thử", on=TODAY + timedelta(days=3))
    assert asked(world.centre.id, days=3) == ["Rộng bao nhiêu?", "Sâu bao nhiêu?"]


def test_a_field_has_six_questions_at_most_in_every_centre(world: build.World) -> None:
    for number in range(MOST_OF_A_FIELD):
        extra_question(world, code=f"cau_{number}", position=str(number))
    with pytest.raises(RowRefused):
        extra_question(world, code="cau_7")
    with pytest.raises(RowRefused):
        extra_question(world, code="cau_7", centre_id=world.centre.id)
    extra_question(world, code="cau_1", centre_id=world.centre.id)  # in place of the installation's


@pytest.mark.parametrize(("kind", "more", "typed", "answer"), [
    ("text", {}, " gần  cầu ", "gần  cầu"), ("number", {}, "12", "12"), ("number", {}, "1,5", "1,5"), ("number", {}, "1.5", "1,5"),
    ("number", {"least": 0, "most": 9}, "9", "9"), ("choice", {"options_vi": "Đỏ\nXanh", "options_en": "Red\nBlue"}, "Xanh", "Xanh"),
])  # fmt: skip
def test_an_answer_is_kept_as_people_read_it(kind: str, more: dict[str, Any], typed: str, answer: str) -> None:
    given = answer_to(question(kind, **more), typed)
    assert given is not None
    assert given.words.vi == answer


@pytest.mark.parametrize(("kind", "more", "typed"), [
    ("text", {"is_required": True}, " "), ("text", {}, "a" * 501), ("number", {}, "nhiều"), ("number", {}, "NaN"), ("number", {}, "1e9"),
    ("number", {}, "²"), ("number", {}, "-"), ("number", {}, "1.2.3"), ("number", {"least": 1}, "0"), ("number", {"most": 9}, "9,1"),
    ("number", {"least": 1, "most": 9}, "-5"), ("choice", {"options_vi": "Đỏ\nXanh", "options_en": "Red\nBlue"}, "2"),
    ("choice", {"options_vi": "Đỏ\nXanh", "options_en": "Red\nBlue"}, "Red"),
])  # fmt: skip
def test_what_is_no_answer_is_refused_with_a_reason(kind: str, more: dict[str, Any], typed: str) -> None:
    with pytest.raises(AnswerRefused) as refused:
        answer_to(question(kind, **more), typed)
    assert refused.value.text.vi


def test_answers_are_sealed_and_read_by_those_who_read_the_original_words(world: build.World) -> None:
    filed = build.file_report(world, answers=[SAID])
    kept = db.session.execute(text("SELECT sealed_answers FROM report_text")).scalar_one()
    assert b"zqx" not in bytes(kept)
    assert answers_given(filed.report) == (SAID,)
    assert original_words(filed.report) == "Có đống rác lớn ven suối, mùi rất nặng."
    seen = {name: [each.original for each in reports_seen(filed.case, world.actor(name, NOW))] for name in ("operator", "officer_PTNMT")}
    assert seen["operator"] == ["Có đống rác lớn ven suối, mùi rất nặng.\n\nSâu khoảng bao nhiêu cm? ba gang tay zqx"]
    assert not any(seen["officer_PTNMT"])
    assert "zqx" in (own_report(filed.report, now=NOW).words or "")


def test_they_are_found_and_read_by_agencies_once_an_operator_has_released_them(world: build.World) -> None:
    filed = build.file_report(world, answers=[SAID])

    def found() -> list[str]:
        return [row.exact_words for row in db.session.scalars(select(SearchRow)) if "zqx" in row.exact_words]

    assert found() == []
    with unit_of_work():
        said = everything_said(filed.report) or ""
        verify(filed.case, VerifyInput(title="Rác", cleared=[ClearedReport(filed.report, said)]), by=world.actor("operator", NOW), now=NOW)
    assert "zqx" in (cleared_words(filed.report) or "")
    assert found()


def test_another_answer_makes_another_report_of_the_same_form(world: build.World) -> None:
    key = "k" * 24
    first = build.file_report(world, idempotency_key=key, answers=[SAID])
    assert build.file_report(world, idempotency_key=key, answers=[SAID]).report.id == first.report.id
    with pytest.raises(OtherReportFiled):
        build.file_report(world, idempotency_key=key)


def test_they_are_erased_with_the_words(world: build.World) -> None:
    filed = build.file_report(world, answers=[SAID])
    with unit_of_work():
        erase_derived([filed.case], at=NOW)
    assert answers_given(filed.report) == (SAID,)
    with unit_of_work():
        erase_originals([db.session.get_one(Case, filed.case.id)], at=NOW)
    db.session.expire_all()
    report = db.session.get_one(Report, filed.report.id)
    assert (original_words(report), answers_given(report)) == (None, ())
