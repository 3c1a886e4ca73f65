"""The exact point of a report is sealed like its words; its case keeps a rounded one until an operator lets everybody see the exact one."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import select, update

import migrations
from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import METADATA, db, unit_of_work
from casework.erasure.quarantine import HandOverInput, QuarantineInput, hand_over, quarantine
from casework.intake.file_report import Place, place_words
from casework.models import Case, Publication, Report, ReportText
from casework.places.geometry import metres_between
from casework.places.points import Point, exact_point, is_in_clear, point_of, seal_points
from casework.public.cases import public_case
from casework.rights.erasing_people import erase_report
from casework.upkeep.erasure_log import REPORT, note_forgotten
from tests import build
from web.config import Config
from web.startup_checks import keys_in_use

pytestmark = pytest.mark.on_both

NOON = build.NOON
HOME = (12.0331472, 108.3672918)
MARKS = ("12.03314", "108.36729")
ROUNDED = (12.033, 108.367)
BEFORE = next(script.down_revision for script in ScriptDirectory.from_config(migrations.alembic_config()).walk_revisions()
              if script.revision == "0016")  # fmt: skip


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def at_home(world: build.World) -> Place:
    return Place(area=world.area, latitude=HOME[0], longitude=HOME[1], accuracy_m=12.0)


def columns_with(marks: tuple[str, ...]) -> set[str]:
    """The columns of the database in which a point can be read."""
    db.session.rollback()
    return {
        f"{table.name}.{name}"
        for table in METADATA.sorted_tables
        for row in db.session.execute(select(table)).mappings()
        for name, value in row.items()
        if any(mark in str(value) for mark in marks)
    }


def point_in(case: Case) -> tuple[float | None, float | None]:
    db.session.rollback()
    db.session.refresh(case)
    return case.latitude, case.longitude


def filed_in_clear(world: build.World, **given: Any) -> Report:
    """As a program before this one files, which knows no sealed points."""
    filed = build.file_report(world, **given)
    with unit_of_work():
        clear = {"clear_latitude": HOME[0], "clear_longitude": HOME[1], "clear_accuracy_m": 12.0, "sealed_point": None}
        db.session.execute(update(Report).where(Report.id == filed.report.id).values(clear))
        db.session.execute(update(Case).where(Case.id == filed.case.id).values(latitude=HOME[0], longitude=HOME[1]))
    return db.session.get_one(Report, filed.report.id, populate_existing=True)


def publish(world: build.World, case: Case, **form: Any) -> None:
    words = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối.", "checked": True}
    build.do(world, case, "publish", "operator", **words, **form)


def test_where_somebody_sent_from_stands_nowhere_in_clear(world: build.World) -> None:
    case = build.case_at(world, "to_publish", place=at_home(world))
    assert columns_with(MARKS) == set()
    assert point_of(case.main_report) == Point(*HOME, 12.0)
    assert point_in(case) == ROUNDED
    assert metres_between(*HOME, *ROUNDED) < 80


def test_a_case_takes_the_exact_point_when_an_operator_lets_everybody_see_it(world: build.World) -> None:
    case = build.case_at(world, "to_publish", place=at_home(world))
    publish(world, case)
    assert (point_in(case), public_case(case.code).latitude) == (ROUNDED, None)  # type: ignore[union-attr]
    shown = build.case_at(world, "to_publish", place=at_home(world))
    publish(world, shown, shows_exact_place=True)
    assert point_in(shown) == HOME
    assert shown.placed_at is not None
    assert public_case(shown.code).latitude == HOME[0]  # type: ignore[union-attr]


def test_a_point_nobody_knows_to_the_metre_is_not_shown_as_if_it_were(world: build.World) -> None:
    case = build.case_at(world, "to_publish", place=at_home(world))
    with unit_of_work():
        db.session.execute(update(Report).values(sealed_point=None))
    db.session.refresh(case.main_report)
    assert exact_point(case) is None
    publish(world, case, shows_exact_place=True)
    assert (point_in(case), case.placed_at, public_case(case.code).latitude) == (ROUNDED, None, None)  # type: ignore[union-attr]


def test_erasing_a_report_takes_its_point_and_that_of_its_case(world: build.World) -> None:
    filed = build.file_report(world, place=at_home(world))
    with unit_of_work():
        lock_case(filed.case.id)
        report = db.session.get_one(Report, filed.report.id)
        erase_report(report, newest_links([report.id])[report.id], at=NOON)
    db.session.expire_all()
    assert (point_of(filed.report), filed.report.sealed_point) == (None, None)
    assert point_in(filed.case) == (None, None)


def test_where_others_have_sent_it_too_erasing_the_first_leaves_no_exact_point(world: build.World) -> None:
    case = build.case_at(world, "to_publish", place=at_home(world))
    build.act(world, build.file_report(world, by="citizen_2").case, "merge", "operator", into=case, reason="Cùng một việc.")
    publish(world, case, shows_exact_place=True)
    assert point_in(case) == HOME
    with unit_of_work():
        locked = lock_case(case.id)
        for version in (version for each in db.session.scalars(select(Publication)) for version in each.versions):
            version.shows_exact_place = False
        main = locked.main_report
        erase_report(main, newest_links([main.id])[main.id], at=NOON)
    assert (point_in(case), case.placed_at) == (ROUNDED, None)


def test_in_quarantine_the_point_is_for_the_confidential_reader_until_it_is_handed_over(world: build.World) -> None:
    case = build.file_report(world, place=at_home(world)).case
    operator, reader = (world.actor(name, NOON) for name in ("operator", "confidential_reader"))
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo một người."), by=operator, now=NOON)
    report = db.session.scalars(select(Report)).one()
    assert (report.sealed_point, f"{HOME[0]}, {HOME[1]}" in (place_words(report) or "")) == (None, True)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12/BB-TTĐH"), by=reader, now=NOON)
    db.session.expire_all()
    assert place_words(report) is None


class TestBesideAProgramThatKnowsNoSealedPoints:
    """Tables are changed while machines of the version before go on."""

    def test_what_it_files_in_clear_is_read_and_soon_sealed(self, world: build.World) -> None:
        reports = [filed_in_clear(world, place=at_home(world), now=NOON + timedelta(minutes=minute)) for minute in range(3)]
        assert point_of(reports[0]) == Point(*HOME, 12.0)
        assert "report.latitude" in columns_with(MARKS)
        assert (seal_points(NOON), seal_points(NOON)) == (3, 0)
        assert columns_with(MARKS) == set()
        db.session.expire_all()
        assert [point_of(report) for report in reports] == [Point(*HOME, 12.0)] * 3
        assert {point_in(case) for case in db.session.scalars(select(Case)).all()} == {ROUNDED}
        assert db.session.scalars(select(Report.id).where(is_in_clear())).all() == []

    def test_what_it_published_with_its_exact_place_stays_as_everybody_reads_it(self, world: build.World) -> None:
        case = build.case_at(world, "to_publish", place=at_home(world))
        publish(world, case, shows_exact_place=True)
        with unit_of_work():
            db.session.execute(update(Case).values(placed_at=None))
            db.session.execute(update(Report).values(clear_latitude=HOME[0], clear_longitude=HOME[1], sealed_point=None))
        seal_points(NOON)
        assert point_in(case) == HOME
        assert case.placed_at is not None

    def test_what_it_erases_takes_the_seal_along(self, world: build.World) -> None:
        erased, kept = (build.file_report(world, place=at_home(world)).report for _ in range(2))
        with unit_of_work():
            db.session.execute(update(ReportText).where(ReportText.report_id == erased.id).values(sealed_body=None))
            for report in (erased, kept):
                note_forgotten(REPORT, report.ref, at=NOON)
        seal_points(NOON)
        db.session.expire_all()
        assert (erased.sealed_point, kept.sealed_point is not None) == (None, True)


@pytest.mark.exhaustive(but=2)
def test_the_migration_rounds_what_nobody_has_placed_and_the_program_seals_the_rest(config: Config, app: Flask) -> None:
    world = build.standard_world()
    vague, exact = (build.case_at(world, "to_publish", place=at_home(world), now=NOON + timedelta(hours=hour)) for hour in (0, 1))
    publish(world, vague)
    publish(world, exact, shows_exact_place=True)
    ids = vague.id, exact.id
    with unit_of_work():
        db.session.execute(update(Report).values(clear_latitude=HOME[0], clear_longitude=HOME[1], clear_accuracy_m=12.0))
        db.session.execute(update(Case).values(latitude=HOME[0], longitude=HOME[1]))
    db.session.remove()
    migrations.downgrade(config.database_url, BEFORE)
    assert keys_in_use(db.engine), "a program looks for its keys before it asks for the migration"
    migrations.upgrade(config.database_url)
    vague, exact = (db.session.get_one(Case, id_) for id_ in ids)
    assert (point_in(vague), vague.placed_at) == (ROUNDED, None)
    assert (point_in(exact), exact.placed_at) == (HOME, exact.published_at)
    assert seal_points(NOON) == 2
    assert columns_with(MARKS) == {"case.latitude", "case.longitude"}, "that of the case everybody reads"
    assert [point_of(case.main_report) for case in (vague, exact)] == [Point(*HOME, 12.0)] * 2
