"""What a program before 0.9.1 left in clear of villages is sealed by a job, and is decided on as before."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from casework.db import db, unit_of_work
from casework.intake.file_report import typed_village
from casework.intake.unreleased_villages import clear_village, count_unreleased, is_in_clear, seal_villages, unreleased_cases
from casework.models import Case, Report, ReportText
from casework.places.points import seal_points
from casework.places.villages import waiting_words
from casework.privacy.left_in_clear import forget_with_their_words
from casework.text import fold
from casework.upkeep.erasure_log import HAND_OVER, REPORT, note_forgotten
from tests import build
from tests.casework.places.test_points import columns_with
from tests.web.desk import statements_of

pytestmark = pytest.mark.on_both

NOON = build.NOON
TYPED = "Nhà bà Zýndar, hẻm 12"


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def left(world: build.World, words: str, *, waits: bool = True) -> Case:
    """A case as the migration leaves it."""
    case = build.case_at(world, "rating")
    with unit_of_work():
        row = db.session.merge(case)
        row.village, row.village_in_clear = (None, words) if waits else (words, None)
        report = row.main_report
        report.village, report.village_is_listed, report.sealed_village = words, False, None
    return case


@pytest.mark.exhaustive(but=2)
def test_what_stood_in_clear_is_sealed_and_still_waits_to_be_decided_on(world: build.World) -> None:
    typed, odd = left(world, TYPED), left(world, "thon  pang tieng", waits=False)
    assert columns_with((TYPED,)) == {"case.village", "report.village"}
    assert (seal_villages(NOON), seal_villages(NOON)) == (3, 0)
    assert columns_with((TYPED,)) == set()
    assert [(typed_village(case.main_report), case.main_report.village) for case in (typed, odd)] == [
        (TYPED, None), ("Thôn Păng Tiêng", "Thôn Păng Tiêng")]
    lead = world.actor("ops_lead")
    assert (unreleased_cases(by=lead).cases, count_unreleased(by=lead), waiting_words(typed)) == ([typed], 1, TYPED)
    with unit_of_work():
        clear_village(db.session.merge(typed), by=lead, now=NOON, words=TYPED)
    assert (typed.village, waiting_words(typed), unreleased_cases(by=lead).cases) == (TYPED, None, [])


def test_what_is_filed_now_is_never_looked_at_again(world: build.World) -> None:
    build.case_at(world, "to_verify")
    assert list(db.session.scalars(select(Report.id).where(is_in_clear()))) == []
    plan = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    db.session.execute(text("SET enable_seqscan = off") if plan == "EXPLAIN " else text("SELECT 1"))
    told = db.session.execute(text(plan + str(select(Report.id).where(is_in_clear()).limit(9).compile(db.engine, compile_kwargs={
        "literal_binds": True})))).all()
    assert "ix_report_village_in_clear" in str(told)


def test_what_an_older_program_writes_since_comes_first_and_what_it_erases_is_gone(world: build.World) -> None:
    case, erased = left(world, TYPED), left(world, TYPED)
    seal_villages(NOON)
    with unit_of_work():
        db.session.merge(case).village_in_clear = "Đường Bi Đúp"
        report = db.session.merge(erased).main_report
        db.session.execute(update(ReportText).where(ReportText.report_id == report.id).values(sealed_body=None))
        note_forgotten(REPORT, report.ref, at=NOON)
    assert fold(waiting_words(case) or "") == "duong bi dup"
    seal_points(NOON + timedelta(hours=1))
    assert seal_villages(NOON) == 1
    db.session.expire_all()
    assert (waiting_words(case), waiting_words(erased), typed_village(erased.main_report)) == ("Đường Bi Đúp", None, None)


def test_as_long_as_nothing_was_erased_no_report_and_no_case_is_read_for_it(world: build.World) -> None:
    left(world, TYPED)
    assert statements_of(lambda: forget_with_their_words(NOON)) == 1


def test_an_erasure_by_an_older_program_of_a_whole_case_takes_its_words_along(world: build.World) -> None:
    case, other = left(world, TYPED), left(world, TYPED)
    seal_villages(NOON)
    with unit_of_work():
        report = db.session.merge(case).main_report
        db.session.execute(update(ReportText).where(ReportText.report_id == report.id).values(sealed_body=None))
        note_forgotten(HAND_OVER, case.ref, at=NOON)
    forget_with_their_words(NOON + timedelta(hours=1))
    db.session.expire_all()
    assert (waiting_words(case), typed_village(case.main_report)) == (None, None)
    assert (waiting_words(other), typed_village(other.main_report)) == (TYPED, TYPED)
