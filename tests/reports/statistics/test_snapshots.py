"""What is frozen stays as it was: late corrections of cases, statements past the program, and people with or without the right."""
from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from casework.db import db, unit_of_work
from casework.events import append
from casework.facts.progress import begin_progress
from casework.local_time import LOCAL_ZONE
from casework.models import CaseMoment, CaseSpan, Event, FiguresSnapshot
from casework.permissions import NotAllowed
from casework.settings.value_changes import set_value
from reports.statistics.counting import figures_of
from reports.statistics.periods import NoSuchPeriod, as_called, period_at, period_between, period_named
from reports.statistics.snapshots import (
    SnapshotRefused,
    changes_of,
    check_snapshots,
    content_of,
    correct,
    digest_of,
    freeze,
    newest_of,
    snapshot_seen,
    snapshots_seen,
)
from reports.statistics.subjects import WHOLE, Dimension, Scope
from tests import build, tampering
from tests.reports.statistics import by_hand, oracle
from tests.reports.statistics.oracle import Loaded, utc
from tests.reports.statistics.test_figures import as_in_the_oracle, cut_off
from workflows.figures.freezing import counted, freeze_figures

pytestmark = pytest.mark.on_both

CLOSED = utc(by_hand.LAST)
LATER = CLOSED + timedelta(days=20)
REASON = "Khiếu nại việc từ chối được chấp nhận sau khi chốt."


@pytest.fixture
def loaded(app: Flask) -> Loaded:
    loaded = oracle.load()
    cut_off(loaded)
    return loaded


def frozen(loaded: Loaded) -> FiguresSnapshot:
    with unit_of_work():
        period = period_named("2026-03", centre_id=loaded.centre_id)
        ref = freeze(period, centre_id=loaded.centre_id, by=loaded.world.actor("ops_lead"), now=LATER).ref
    return db.session.scalars(select(FiguresSnapshot).where(FiguresSnapshot.ref == ref)).one()


@pytest.mark.exhaustive(but=2)
def test_a_month_one_centre_froze_ends_none_of_another_centre(loaded: Loaded) -> None:
    frozen(loaded)
    own = loaded.centre_id
    with unit_of_work():
        other = build.centre("DN", is_default=False).id
    with unit_of_work():  # in one, which reads the frozen months of each once
        april = {centre_id: period_named("2026-04", centre_id=centre_id).since for centre_id in (own, other)}
        again = {centre_id: period_named("2026-04", centre_id=centre_id).since for centre_id in (other, own)}
    assert april == again == {own: CLOSED, other: datetime(2026, 4, 1, tzinfo=LOCAL_ZONE)}


@pytest.mark.exhaustive(but=2)
def test_a_late_correction_changes_no_frozen_snapshot_and_shows_its_difference(loaded: Loaded) -> None:
    ops_lead, scope = loaded.world.actor("ops_lead"), Scope((loaded.centre_id,))
    period = period_named("2026-03", centre_id=loaded.centre_id)
    first = frozen(loaded)
    before = (first.content, first.digest)
    assert as_in_the_oracle(first.content["figures"]["all"][WHOLE]) == by_hand.EXPECTED["total"]
    for field, figures in by_hand.EXPECTED["by_field"].items():
        assert as_in_the_oracle(first.content["figures"]["field"][field]) == figures
    with pytest.raises(SnapshotRefused, match="do not differ"), unit_of_work():
        correct(first, reason=REASON, by=ops_lead, now=LATER)
    # the field of one case was wrong; and an objection to a refusal was upheld, so that case goes on
    with unit_of_work():
        moved = loaded.cases["PA-2026-000012"].id
        span = db.session.scalars(select(CaseSpan).where(CaseSpan.case_id == moved)).one()
        same = ("case_id", "centre_id", "field_id", "area_id", "agency_id", "urgency", "source", "event_seq")
        again = {**{column: getattr(span, column) for column in same}, "number": 1, "opened_by": "returned"}
        db.session.add(CaseSpan(**again, opened_at=CLOSED - timedelta(days=2)))
        for table in (CaseSpan, CaseMoment):
            for row in db.session.scalars(select(table).where(table.case_id == loaded.cases["PA-2026-000003"].id)):
                row.field_id = loaded.fields["do_thi"].id
    today = figures_of(scope, period, by=Dimension.FIELD)
    assert today["do_thi"]["handled_late"] == by_hand.EXPECTED["by_field"]["do_thi"]["handled_late"] + 1
    with pytest.raises(SnapshotRefused, match="reason"), unit_of_work():
        correct(first, reason="  ", by=ops_lead, now=LATER)
    with unit_of_work():
        second = correct(first, reason=REASON, by=ops_lead, now=LATER)
        told = {(each.dimension, each.subject, each.figure): (each.before, each.after) for each in changes_of(second)}
        assert (second.number, second.corrects_id, second.reason) == (2, first.id, REASON)
    assert told["all", WHOLE, "returned"] == (0, 1)
    assert told["all", WHOLE, "open"] == (16, 17)
    assert told["field", "do_thi", "handled_late"] == (1, 2)
    was, now = told["field", "van_hoa_thong_tin_du_lich", "handled_late"]
    assert now == was - 1
    db.session.expire_all()
    assert (first.content, first.digest) == before == (first.content, digest_of(first.content))
    with pytest.raises(SnapshotRefused, match="newer correction"), unit_of_work():
        correct(first, reason=REASON, by=ops_lead, now=LATER, content=before[0])
    assert newest_of(period, centre_id=loaded.centre_id) == second
    assert [row.number for row in snapshots_seen(ops_lead)] == [2, 1]
    assert list(check_snapshots()) == []
    assert list(db.session.scalars(select(Event.type).where(Event.stream == f"figures:{loaded.centre_id}").order_by(Event.seq))) == [
        "freeze_figures", "correct_figures",
    ]  # fmt: skip


def test_nothing_and_nobody_changes_what_is_frozen_unseen(loaded: Loaded) -> None:
    row = frozen(loaded)
    statements = ["UPDATE figures_snapshot SET digest = 'x'", "UPDATE figures_snapshot SET reason = 'x'", "DELETE FROM figures_snapshot"]
    if db.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE figures_snapshot CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
            db.session.execute(text(statement))
    assert list(check_snapshots()) == []
    tampering.drop_triggers()
    with unit_of_work():
        content = {**row.content, "figures": {}}
        db.session.get_one(FiguresSnapshot, row.id).content = content
    assert [finding.check for finding in check_snapshots()] == ["snapshot.changed"]
    # with a digest that fits: the history says what it was
    with unit_of_work():
        db.session.get_one(FiguresSnapshot, row.id).digest = digest_of(content)
    assert [finding.check for finding in check_snapshots()] == ["snapshot.changed"]
    with unit_of_work():
        db.session.execute(text("DELETE FROM figures_snapshot"))
    assert [finding.check for finding in check_snapshots()] == ["snapshot.missing"]


def test_who_may_freeze_and_when(loaded: Loaded) -> None:
    centre_id, period = loaded.centre_id, period_named("2026-03", centre_id=loaded.centre_id)
    for name in ("operator", "committee_leader", "leader_PTNMT", "inspector", "guest"):
        with pytest.raises(NotAllowed), unit_of_work():
            freeze(period, centre_id=centre_id, by=loaded.world.actor(name), now=LATER)
    for moment in (CLOSED - timedelta(minutes=1), CLOSED + timedelta(seconds=30)):
        with pytest.raises(SnapshotRefused), unit_of_work():
            freeze(period, centre_id=centre_id, by=loaded.world.actor("ops_lead"), now=moment)
    with unit_of_work():
        case_id = loaded.cases["PA-2026-000003"].id
        at = CLOSED - timedelta(minutes=1)
        append(f"case:{case_id}", "classify", by=loaded.world.actor("operator"), at=at, payload={}, case_id=case_id)
    with pytest.raises(SnapshotRefused, match="has been counted yet"):
        counted(period, centre_id=centre_id, now=LATER)
    with unit_of_work():
        begin_progress(LATER).event_id = db.session.scalar(select(func.max(Event.id)))
    row = frozen(loaded)
    with pytest.raises(SnapshotRefused, match="is frozen"):
        frozen(loaded)
    db.session.rollback()
    assert snapshot_seen(loaded.world.actor("inspector"), row.ref) == row
    assert snapshot_seen(loaded.world.actor("leader_PTNMT"), row.ref) is None
    assert snapshots_seen(loaded.world.actor("leader_PTNMT")) == snapshots_seen(loaded.world.actor("administrator")) == []


@pytest.mark.exhaustive(but=2)
def test_months_freeze_by_themselves_and_keep_their_moments_when_the_cut_off_is_changed(loaded: Loaded) -> None:
    centre_id = loaded.centre_id
    assert freeze_figures(CLOSED + timedelta(hours=5)) == 1, "February alone: before it there was nothing, and March waits for its hours"
    assert freeze_figures(CLOSED + timedelta(hours=7)) == 2, "March and the first quarter"
    assert freeze_figures(CLOSED + timedelta(hours=8)) == 0
    kept = {(row.period, row.name): row for row in db.session.scalars(select(FiguresSnapshot))}
    assert {("month", "2026-02"), ("month", "2026-03"), ("quarter", "2026-Q1")} <= set(kept)
    march = kept["month", "2026-03"]
    assert as_in_the_oracle(march.content["figures"]["all"][WHOLE]) == by_hand.EXPECTED["total"]
    assert march.made_by is None
    with unit_of_work():
        by = loaded.world.actor("administrator")
        set_value("report_cutoff_day", "0", by=by, now=LATER, reason="Theo tháng dương lịch.", centre_id=centre_id)
    april = period_named("2026-04", centre_id=centre_id)
    assert (april.since, april.until) == (CLOSED, utc(by_hand.datetime(2026, 5, 1)))
    again = period_named("2026-03", centre_id=centre_id)
    assert (again.since, again.until) == (march.since_at, march.until_at)
    assert april.before() == again
    assert again.after() == april
    # the worker stood still for two months
    assert freeze_figures(CLOSED + timedelta(days=75)) == 2
    assert {row.name for row in db.session.scalars(select(FiguresSnapshot)) if row.period == "month"} >= {"2026-04", "2026-05"}


def test_periods_have_names_labels_and_neighbours(loaded: Loaded) -> None:
    centre_id = loaded.centre_id
    for name, label, before, after in (
        ("2026-03", "Tháng 3/2026", "2026-02", "2026-04"),
        ("2026-01", "Tháng 1/2026", "2025-12", "2026-02"),
        ("2026-W01", "Tuần 1/2026", "2025-W52", "2026-W02"),
        ("2026-Q1", "Quý I/2026", "2025-Q4", "2026-Q2"),
        ("2026-H2", "6 tháng cuối năm 2026", "2026-H1", "2027-H1"),
        ("2026", "Năm 2026", "2025", "2027"),
        ("20260301-20260310", "Từ 01/03/2026 đến 10/03/2026", "20260219-20260228", "20260311-20260320"),
    ):
        period = period_named(name, centre_id=centre_id)
        assert (period.name, period.label.vi, period.before().name, period.after().name) == (name, label, before, after)
        assert period.before().until == period.since
        assert period.after().since == period.until
        assert len(period.name) <= 20
        if period.kind != "other":
            for moment in (period.since, period.until - timedelta(microseconds=1)):
                assert period_at(period.kind, moment, centre_id=centre_id) == period
    year = period_named("2026", centre_id=centre_id)
    assert (year.since, year.until) == (utc(by_hand.datetime(2025, 12, 25, 12)), utc(by_hand.datetime(2026, 12, 25, 12)))
    assert [each.name for each in year.months()] == [f"2026-{number:02}" for number in range(1, 13)]
    for name in ("2026-13", "2026-W54", "2026-Q5", "0000", "9999-01", "", "20260310-20260301", "20260231-20260301", "x" * 500):
        with pytest.raises(NoSuchPeriod):
            period_named(name, centre_id=centre_id)
    with pytest.raises(NoSuchPeriod):
        period_between(by_hand.date(2026, 3, 2), by_hand.date(2026, 3, 1))
    assert period_named("20000101-22001231").before().until == period_named("20000101-22001231").since, "days before those asked for"
    for days, called in (("20260301-20260331", "2026-03"), ("20260101-20260331", "2026-Q1"), ("20260302-20260308", "2026-W10"),
                         ("20260101-20261231", "2026"), ("20260301-20260330", "20260301-20260330")):  # fmt: skip
        assert as_called(period_named(days)).name == called
    assert as_called(period_named("20260301-20260331", centre_id=centre_id)).kind == "other", "March is cut off otherwise there"
    content = content_of(period_named("2026-Q1", centre_id=centre_id), centre_id=centre_id)
    assert set(content["figures"]["month"]) == {"2026-01", "2026-02", "2026-03"}
