"""Answers to extra questions beside everything that befalls a report: they stay with it, as its words do, and go with them."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.asking.answers import answers_given
from casework.asking.questions import GivenAnswer, questions_of
from casework.bilingual import Bilingual
from casework.casefile.views import reports_seen
from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import db, unit_of_work
from casework.erasure.quarantine import HandOverInput, QuarantineInput, hand_over, quarantine
from casework.intake.pass_on import PassOnInput, pass_on
from casework.models import Case, Event, ExtraQuestion, Field, OutboxMessage, Report
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from casework.rights.erasing_people import erase_report
from casework.rights.held_reports import parts_of_report
from tests import build, merged, reorganised
from tests.asked import FIELD, extra_question
from tests.second_centre import second_world

NOW = build.NOON
SAID = GivenAnswer("do_sau", Bilingual("Sâu khoảng bao nhiêu cm?", "How deep is it, in cm?"), Bilingual("ba gang zqx", "ba gang zqx"))


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def field(code: str = FIELD) -> Field:
    return db.session.scalars(select(Field).where(Field.service_code == code)).one()


def read_by(world: build.World, name: str, case: Case) -> str:
    return " ".join(each.original or "" for each in reports_seen(case, world.actor(name, NOW)))


@pytest.mark.exhaustive
def test_they_follow_their_report_into_another_case_and_out_of_it_again(world: build.World) -> None:
    filed, into = build.file_report(world, by="citizen_2", answers=[SAID]), build.file_report(world).case
    merged.merge(world, filed.case, into)
    assert "ba gang zqx" in read_by(world, "operator", into)
    merged.split(world, into, filed.report)
    assert "zqx" not in read_by(world, "operator", into)
    assert "ba gang zqx" in read_by(world, "operator", filed.case)


def test_another_centre_with_other_questions_reads_what_was_asked_where_it_was_sent(world: build.World) -> None:
    other = second_world(world)
    extra_question(world, code="do_sau", name_vi="Sâu bao nhiêu gang?", centre_id=other.centre.id)
    case = build.file_report(world, answers=[SAID]).case
    with unit_of_work():
        to = PassOnInput(centre=db.session.get_one(type(other.centre), other.centre.id), reason="Thuộc địa bàn bên.")
        pass_on(lock_case(case.id), to, by=world.actor("operator", NOW), now=NOW + timedelta(minutes=5))
    assert read_by(other, "operator", case).endswith("Sâu khoảng bao nhiêu cm? ba gang zqx")
    assert "zqx" not in read_by(world, "operator", case)


def test_a_case_set_apart_keeps_them_sealed_for_those_who_may_read_it_until_it_is_handed_over(world: build.World) -> None:
    case = build.file_report(world, answers=[SAID]).case
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo một người."), by=world.actor("operator", NOW), now=NOW)
    assert "zqx" not in read_by(world, "operator", case)
    assert "ba gang zqx" in read_by(world, "confidential_reader", case)
    with unit_of_work():
        receipt = HandOverInput(receipt="Biên bản 12/BB-TTĐH")
        hand_over(lock_case(case.id), receipt, by=world.actor("confidential_reader", NOW), now=NOW)
    db.session.expire_all()
    assert answers_given(db.session.scalars(select(Report)).one()) == ()


def test_whoever_sent_them_has_them_in_the_copy_of_their_data_in_their_language_until_they_ask_to_be_erased(world: build.World) -> None:
    filed = build.file_report(world, answers=[SAID], language="en")

    def held() -> str:
        return " ".join(str(each.value) for part in parts_of_report(filed.report, now=NOW) for row in part.records for each in row)

    assert "How deep is it, in cm? ba gang zqx" in held()
    with unit_of_work():
        report = db.session.get_one(Report, filed.report.id)
        erase_report(report, newest_links([report.id])[report.id], at=NOW)
    db.session.expire_all()
    assert "zqx" not in held()
    assert answers_given(filed.report) == ()


def test_no_event_and_no_message_tells_them(world: build.World) -> None:
    build.file_report(world, answers=[SAID])
    told = [str(row.payload) for row in db.session.scalars(select(Event))]
    told += [str(dict(row._mapping)) for row in db.session.execute(select(OutboxMessage.__table__))]
    assert not [text for text in told if "zqx" in text or "bao nhiêu cm" in text]


def test_a_centre_that_ends_leaves_its_questions_to_the_one_that_follows_it(world: build.World) -> None:
    extra_question(world, code="do_sau", name_vi="Sâu bao nhiêu gang?", centre_id=world.centre.id)
    second_world(world)
    day, by = reorganised.DAY, world.actor("overseer", reorganised.MORNING)
    with unit_of_work():
        plan = plans.begin_plan(by=by, now=reorganised.MORNING, title="Trung tâm mới", source="QĐ 1", on=day, centre_id=None)
        values = {"name_vi": "Trung tâm LB", "name_en": "Centre LB", "code_prefix": "LB"}
        successor = plans.new_body(plan.ref, by=by, kind=BodyKind.CENTRE, values=values).id
        plans.add_line(plan.ref, by=by, kind=BodyKind.CENTRE, predecessor_id=world.centre.id, successor_id=successor)
    reorganised.posts_filled(world, plan, by="overseer")
    reorganised.carried_out(world, plan, by="overseer")
    assert [each.name_vi for each in questions_of(field(), successor, on=day)] == ["Sâu bao nhiêu gang?"]
    assert db.session.scalars(select(ExtraQuestion.valid_to).where(ExtraQuestion.centre_id == world.centre.id)).one() == day
