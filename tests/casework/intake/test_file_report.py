"""Filing: how soon a report is to be accepted, from where its case counts, and who may stay unknown."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.intake.file_report import ReportRefused
from casework.models import Field, Report
from casework.privacy.identity import Contact
from tests import build
from tests.build import NOON, World
from tests.casework.acting import clock, local

CALLER = Contact(name="Nguyễn Thị Thử", phone=build.PHONE)
SATURDAY_NIGHT = local(7, 3, 20, 15)


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    return build.standard_world()


def test_what_came_by_phone_is_accepted_within_half_an_hour(world: World) -> None:
    case = build.file_report(world, by="operator", source="phone", contact=CALLER, now=SATURDAY_NIGHT).case
    assert clock(case, ClockKind.ACCEPTANCE).due_at == SATURDAY_NIGHT + timedelta(minutes=30)


def test_what_an_officer_writes_down_has_the_office_hours_of_any_other_report(world: World) -> None:
    case = build.file_report(world, by="operator", source="officer", contact=CALLER, now=SATURDAY_NIGHT).case
    assert clock(case, ClockKind.ACCEPTANCE).due_at == local(9, 3, 11, 30)


def test_a_case_counts_from_where_its_centre_said_when_it_was_filed(world: World) -> None:
    from_filing = build.file_report(world).case
    counts_from(world, "acceptance")
    from_acceptance = build.file_report(world, by="citizen_2").case
    counts_from(world, "filing")
    for case in (from_filing, from_acceptance):
        build.do(world, case, "verify", "operator", now=local(4, 3, 9), title="Rác ven suối", cleared=[build.cleared(case.main_report)])
        build.classify(world, case)
    assert [(clock(case).started_at, case.due_at) for case in (from_filing, from_acceptance)] == [
        (NOON, local(10, 3)), (local(4, 3, 9), local(12, 3))]


def counts_from(world: World, where: str) -> None:
    with unit_of_work():
        db.session.merge(world.centre).case_clock_starts = where


def test_unknown_to_the_centre_only_where_it_is_urgent_or_the_field_allows_it(world: World) -> None:
    allows, forbids = (db.session.scalars(select(Field).where(Field.allows_anonymous.is_(said))).first() for said in (True, False))
    for refused in ({}, {"field": forbids}, {"contact": Contact(name="Nguyễn Thị Thử")}):
        with pytest.raises(ReportRefused, match="leave a phone number"):
            build.file_report(world, by="guest", **{"contact": None, **refused})
    assert db.session.query(Report).count() == 0
    for taken in ({"marked_urgent": True}, {"field": allows}, {"field": forbids, "marked_urgent": True}):
        report = build.file_report(world, by="guest", contact=None, **taken).report
        assert report.reporter is not None
        assert report.reporter.is_anonymous
