"""Counted months and what is read from them, against a table of facts whose numbers were counted by hand."""
from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text

from casework.db import db, unit_of_work
from casework.models import Case, Field
from casework.permissions import Role, actor_for
from reports.statistics.periods import period_named
from tests import build
from tests.second_centre import of_the_installation, second_world
from tests.workflows.bottlenecks.facts import Ground, local
from workflows.bottlenecks import keeping
from workflows.bottlenecks.keeping import count_step_times, recount_step_times
from workflows.bottlenecks.reading import BottleneckQuery, Measures, heat
from workflows.bottlenecks.sentences import bottlenecks, late_mostly_at
from workflows.definitions.process import shipped_model
from workflows.figures.steps import step_hours
from workflows.models import StepTimes
from workflows.versions.live import publish_version

pytestmark = pytest.mark.on_both

MARCH, APRIL, FEBRUARY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 2, 1)
NOW = local(4, 10)


def rows() -> list[tuple[Any, ...]]:
    """The kept rows, without their instants, as a person would write them down."""
    db.session.rollback()
    return [
        (f"{row.month_on:%m}", row.element, row.agency_id is not None, row.passages, row.late, row.redone, row.withdrawn)
        for row in db.session.scalars(select(StepTimes).order_by(StepTimes.month_on, StepTimes.element, StepTimes.id))
    ]


def measured(by: Any, wanted: BottleneckQuery, element: str) -> Measures:
    db.session.rollback()
    return next(measures for each, measures in heat(wanted, by=by).all if each is not None and each.id == element)


@pytest.mark.exhaustive(but=2)
def test_the_counted_numbers_are_those_counted_by_hand(app: Flask) -> None:
    world = build.standard_world()
    lead = world.actor("ops_lead")
    with unit_of_work():
        ground = Ground(world)
        first, second, hidden = ground.case("PTNMT"), ground.case("UBND-LAT", "PTNMT"), ground.case(quarantined_at=local(3, 20))
        # verify: 30 in time, 600 late by a minute, 45 in the last minute of March, 20 in the first of April, one nobody knows the time of
        ground.step(first, "verify", at=local(3, 2, 9), minutes=30, due=local(3, 2, 10))
        ground.step(second, "verify", at=local(3, 3, 9), minutes=600, due=local(3, 3, 9))             # late at the very instant
        ground.step(second, "verify", at=local(3, 31, 23, 59), minutes=45)                             # done again, without a limit
        ground.step(second, "verify", at=local(4, 1, 0, 0), minutes=20)                                # and again
        ground.step(first, "verify", at=local(3, 5, 9), minutes=None)                                  # done again
        # submit_answer: a withdrawn one is no passage, and what follows it is not done again
        ground.step(first, "submit_answer", at=local(3, 4, 9), minutes=100, agency="PTNMT", state="withdrawn")
        ground.step(first, "submit_answer", at=local(3, 6, 9), minutes=200, agency="PTNMT", due=local(3, 5, 9))
        ground.step(second, "submit_answer", at=local(3, 6, 9), minutes=300, agency="PTNMT")
        ground.step(second, "submit_answer", at=local(3, 7, 9), minutes=400, agency="UBND-LAT")
        ground.step(second, "submit_answer", at=local(3, 9, 9), minutes=500, agency="UBND-LAT", due=local(3, 8, 9))
        ground.step(hidden, "verify", at=local(3, 2, 9), minutes=9999)
        hidden.quarantined_at = local(3, 20)
    assert count_step_times(NOW) == 2
    assert rows() == [
        ("03", "submit_answer", True, 2, 1, 0, 1), ("03", "submit_answer", True, 2, 1, 1, 0), ("03", "verify", False, 4, 1, 2, 0),
        ("04", "verify", False, 1, 0, 1, 0),
    ]  # fmt: skip
    assert count_step_times(NOW + timedelta(minutes=20)) == 0, "another worker has just counted"
    kept = [row.id for row in db.session.scalars(select(StepTimes).order_by(StepTimes.id))]
    assert count_step_times(NOW + timedelta(minutes=40)) == 2
    assert [row.id for row in db.session.scalars(select(StepTimes).order_by(StepTimes.id))] == kept, "what is the same is not written again"

    both = measured(lead, BottleneckQuery(MARCH, APRIL), "verify")
    assert (both.passages, both.late, both.redone, both.costs) == (5, 1, 3, 695)
    assert (both.median, both.p90) == (37.5, 600), "of 20, 30, 45 and 600"
    assert both.percent_of(both.late) == 20.0
    march = measured(lead, BottleneckQuery(MARCH, MARCH), "verify")
    assert (march.passages, march.median, march.p90, march.percent_of(march.late)) == (4, None, None, None), "four passages say nothing"
    answers = measured(lead, BottleneckQuery(MARCH, MARCH), "submit_answer")
    assert (answers.passages, answers.late, answers.withdrawn, answers.costs) == (4, 2, 1, 1400)
    one = measured(lead, BottleneckQuery(MARCH, APRIL, agency=world.agencies["PTNMT"]), "submit_answer")
    assert (one.passages, one.late, one.costs) == (2, 1, 500)
    assert measured(lead, BottleneckQuery(MARCH, APRIL, agency=world.agencies["PTNMT"]), "verify").passages == 0
    with unit_of_work():
        others = select(Field.id).where(Field.service_code != "rung_dat_moi_truong")
        db.session.get_one(Case, first.id).field_id = db.session.scalars(others).first()
    recount_step_times(NOW)
    assert measured(lead, BottleneckQuery(MARCH, APRIL, field="rung_dat_moi_truong"), "verify").passages == 3
    assert measured(lead, BottleneckQuery(FEBRUARY, FEBRUARY), "verify") == Measures("verify")


@pytest.mark.exhaustive
def test_a_month_without_steps_costs_nothing_and_older_months_are_counted_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build.standard_world()
    assert count_step_times(NOW) == 2
    assert (rows(), heat(BottleneckQuery(MARCH, APRIL), by=world.actor("ops_lead")).counted_at) == ([], None)
    with unit_of_work():
        ground = Ground(world)
        case = ground.case()
        for year, month in ((2024, 5), (2025, 1), (2025, 2)):
            ground.step(case, "verify", at=local(month, 5, year=year))
    monkeypatch.setattr(keeping, "MOST_MISSING", 2)
    later = NOW + timedelta(hours=1)
    assert count_step_times(later) == 2 + 2
    assert [row[0] for row in rows()] == ["01", "02"], "the newest first"
    assert count_step_times(later + timedelta(hours=1)) == 2 + 1
    with unit_of_work():
        ground.step(case, "verify", at=local(2, 6, year=2025))
    assert count_step_times(later + timedelta(hours=2)) == 2
    assert sum(row[3] for row in rows()) == 3, "an old month stands as it was counted"
    assert recount_step_times(later + timedelta(hours=3)) == 3
    assert sum(row[3] for row in rows()) == 4
    # a worker that stood still for months: what it counted while the month lasted is not the whole of it
    with unit_of_work():
        ground.step(case, "verify", at=local(5, 20))
    assert count_step_times(local(5, 21)) == 2 + 0
    with unit_of_work():
        ground.step(case, "verify", at=local(5, 30))
    assert count_step_times(local(9, 1)) == 2 + 1
    assert sum(row[3] for row in rows() if row[0] == "05") == 3
    assert count_step_times(local(9, 1) + timedelta(hours=1)) == 2


def test_nobody_reads_numbers_of_a_centre_that_is_not_theirs(app: Flask) -> None:
    world = build.standard_world()
    other = second_world(world)
    with unit_of_work():
        for each, number in ((world, 1), (other, 2)):
            ground = Ground(each)
            for _ in range(number):
                ground.step(ground.case(), "verify", at=local(3, 2))
    inspector = of_the_installation(world, "inspector_of_all", Role.INSPECTOR)
    count_step_times(NOW)
    wanted = BottleneckQuery(MARCH, MARCH)
    readers = (
        (world.actor("ops_lead"), 1), (other.actor("committee_leader"), 2), (actor_for(inspector, now=NOW), 3),
        (world.actor("operator"), 0),
    )  # fmt: skip
    for by, number in readers:
        assert measured(by, wanted, "verify").passages == number
    assert measured(world.actor("ops_lead"), BottleneckQuery(MARCH, MARCH, centre=other.centre), "verify").passages == 0


def test_all_versions_are_added_up_by_element_and_hostile_labels_stay_text(sqlite_app: Flask) -> None:
    world = build.standard_world()
    evil = "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} %s {0}"
    model = shipped_model().replace('name="Phân loại"'.encode(), f'name="{evil}"'.encode())
    assert model != shipped_model()
    with unit_of_work():
        old = Ground(world)
        for day in range(1, 7):
            old.step(old.case(), "classify", at=local(3, day), minutes=60 * day, due=local(3, 1, 10))
            old.step(old.case(), "gone_step", at=local(3, day))
        publish_version(model, now=build.NOON)
        new = Ground(world)
        new.step(new.case(), "classify", at=local(3, 8), minutes=480 * 5)
    count_step_times(NOW)
    by = world.actor("ops_lead")
    found = heat(BottleneckQuery(MARCH, MARCH), by=by)
    assert [(element, measures.passages) for element, measures in found.elsewhere] == [(None, 6)], "no version has that step any more"
    [only] = bottlenecks(found, agencies={}, day_minutes=480)
    assert (only.measures.passages, only.measures.median, only.measures.p90) == (7, 240, 2400)
    assert only.text.vi == (
        "Bước “<script>alert(1)</script> {{ 7*7 }} %s {0}” tốn nhiều thời gian nhất: nửa số lần từ 4 giờ làm việc trở lên, 1 trong 10"
        " lần từ 5 ngày làm việc trở lên; 5 trên 7 lần trễ hạn."
    )
    assert only.text.en.endswith("half take 4 working hours or more, 1 in 10 takes 5 working days or more; 5 of 7 were late.")
    [of_one] = bottlenecks(heat(BottleneckQuery(MARCH, MARCH, old.version), by=by), agencies={}, day_minutes=480)
    assert of_one.measures.passages == 6


def test_an_agency_is_named_only_for_most_of_what_was_late_and_never_for_a_handful() -> None:
    def at(**by_agency: tuple[int, int]) -> int | None:
        parts = {int(key[1:]) if key != "own" else None: value for key, value in by_agency.items()}
        passages, late = (sum(each) for each in zip(*parts.values(), strict=True))
        return late_mostly_at(Measures("x", passages, late, by_agency=parts))

    assert at(a1=(20, 8), a2=(20, 3)) == 1
    assert at(a1=(20, 5), a2=(20, 5)) is None, "half is not most"
    assert at(a1=(4, 4), a2=(30, 1)) is None, "four passages are a handful"
    assert at(a1=(20, 8)) is None, "there is no other to be compared with"
    assert at(own=(20, 8), a2=(20, 3)) is None
    assert at(a1=(20, 0), a2=(20, 0)) is None


@pytest.mark.exhaustive(but=2)
@pytest.mark.usefixtures("environment")
def test_each_statement_of_counting_and_reading_begins_at_an_index(app: Flask) -> None:
    """In a database of its own: what tests before it left of pages changes what PostgreSQL expects of an index."""
    world = build.standard_world()
    with unit_of_work():
        ground = Ground(world)
        ground.step(ground.case(), "verify", at=local(3, 2))
    sent: list[tuple[str, object]] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, given, *_: sent.append((statement, given)))
    count_step_times(NOW)
    heat(BottleneckQuery(MARCH, APRIL, field="rung_dat_moi_truong"), by=world.actor("ops_lead"))
    for agency_id in (None, world.agencies["PTNMT"].id):
        step_hours(period_named("2026-Q2"), centre_id=world.centre.id, agency_id=agency_id)
    is_sqlite = db.engine.dialect.name == "sqlite"
    db.session.rollback()
    if not is_sqlite:
        db.session.execute(text("SET enable_seqscan = off"))              # one row is read faster than any index
    raw = db.session.connection().connection.cursor()
    for statement, given in {each[0]: each for each in sent if each[0].lstrip().startswith("SELECT") and "step_" in each[0]}.values():
        raw.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + statement, given)
        plan = "\n".join(str(row) for row in raw.fetchall())
        scans = r"SCAN (step_fact|step_times|waiting_task|\"?case\"?)(?! USING)|Seq Scan on (step_|waiting|\"?case)"
        assert not re.search(scans, plan), f"{statement}\n{plan}"
        if "waiting_task" in statement:
            assert "ix_step_fact_left_at" in plan, plan
    if not is_sqlite:
        db.session.execute(text("SET enable_seqscan = on"))
