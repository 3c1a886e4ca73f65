"""Earlier reports of whoever sent a report: found without knowing who it is."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event as sqlalchemy_event

from casework.db import db
from casework.intake import same_sender
from casework.intake.file_report import Place
from casework.intake.same_sender import earlier_reports
from casework.models import Case
from casework.privacy.identity import Contact
from tests import build
from tests.second_centre import HOME, second_world

HOUR = timedelta(hours=1)
OTHER_PHONE = "+84977000111"


def filed(world: build.World, hours: int, by: str = "citizen", **arguments: object) -> Case:
    return build.file_report(world, by=by, now=build.NOON + hours * HOUR, **arguments).case


def codes(case: Case, world: build.World, name: str = "operator") -> list[str]:
    return [each.code for each in earlier_reports(case, by=world.actor(name)).newest]


@pytest.mark.exhaustive(but=2)
def test_the_same_person_is_known_by_account_and_by_contact_within_the_centre(app: Flask) -> None:
    world, phone = build.standard_world(), Contact(name="A", phone=OTHER_PHONE, email="a@example.vn")
    by_account, with_account_phone = filed(world, 0, contact=None), filed(world, 1, by="guest")   # the account's own telephone
    other, later_phone = filed(world, 2, by="guest", contact=phone), Contact(phone=OTHER_PHONE)
    third, elsewhere = filed(world, 3), second_world(world)
    filed(elsewhere, 3, by="citizen", centre=elsewhere.centre, place=Place(area=elsewhere.area, latitude=HOME[0], longitude=HOME[1]))
    newest, by_mail = filed(world, 4), filed(world, 5, by="guest", contact=Contact(email="a@example.vn"))
    anonymous = filed(world, 6, by="guest", contact=Contact(), marked_urgent=True)
    filed(world, 7, by="guest", contact=Contact(), marked_urgent=True)

    assert codes(newest, world) == [third.code, with_account_phone.code, by_account.code]
    assert codes(with_account_phone, world) == [by_account.code]
    assert codes(by_mail, world) == [other.code]
    assert codes(filed(world, 8, by="guest", contact=later_phone), world) == [other.code]
    assert codes(anonymous, world) == []
    assert [each.case.title for each in earlier_reports(newest, by=world.actor("operator")).newest] == [None] * 3


def test_what_was_set_apart_is_neither_listed_nor_counted_and_who_may_not_read_finds_nothing(sqlite_app: Flask) -> None:
    world = build.standard_world()
    hidden, seen, case = filed(world, 0), filed(world, 1), filed(world, 2)
    build.act(world, hidden, "quarantine", "ops_lead", reason="Tố cáo một cán bộ.")
    found = earlier_reports(case, by=world.actor("operator"))
    assert ([each.code for each in found.newest], found.count) == ([seen.code], 1)
    assert earlier_reports(hidden, by=world.actor("confidential_reader")).count == 0
    for name in ("officer_PTNMT", "committee_leader", "administrator", "citizen"):
        assert earlier_reports(case, by=world.actor(name)).count == 0
    assert "Nguyễn" not in repr(found)


def test_a_merged_report_leads_to_its_main_case_and_is_not_its_own_past(sqlite_app: Flask) -> None:
    world = build.standard_world()
    first, main, case = filed(world, 0), filed(world, 1, by="citizen_2"), filed(world, 2)
    build.act(world, first, "merge", "operator", into=main)
    assert [(each.code, each.case.code) for each in earlier_reports(case, by=world.actor("operator")).newest] == [(first.code, main.code)]
    build.act(world, case, "merge", "operator", into=main)
    assert codes(main, world) == []


def test_of_many_the_newest_are_listed_all_are_counted_and_the_indexes_are_used(sqlite_app: Flask, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    world = build.standard_world()
    past = [filed(world, hours) for hours in range(5)]
    monkeypatch.setattr(same_sender, "MOST_LISTED", 3)
    case, sent = filed(world, 6), []
    sqlalchemy_event.listen(db.engine, "before_cursor_execute", lambda *call: sent.append((call[2], call[3])))
    found = earlier_reports(case, by=world.actor("operator"))
    assert ([each.code for each in found.newest], found.count) == ([row.code for row in reversed(past[2:])], 5)
    before = len(sent)
    assert [each.case.area and each.case.area.name_vi for each in found.newest] == ["Xã Lát"] * 3
    assert len(sent) == before <= 12
    for statement, parameters in tuple(sent):
        if "FROM case_report" in statement and "reporter" in statement:
            plan = " ".join(str(row[-1]) for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
            assert "SCAN reporter" not in plan, plan
            assert "ix_reporter_account_id" in plan, plan
