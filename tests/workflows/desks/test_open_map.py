"""The map of open work: who sees which cases and where, what comes first, and what it costs."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Case, VisibilityReason
from casework.permissions import NotAllowed
from tests import build
from tests.web.desk import statements_of
from workflows.desks import open_map as module
from workflows.desks.open_map import Asked, Box, Kind, View, cells_of, open_map

pytestmark = pytest.mark.on_both

NOON = build.NOON
HERE, THERE = (12.041, 108.411), (12.21, 108.66)


@pytest.fixture
def world(app):
    return build.standard_world()


def case_at(world, state, at=HERE, **kwargs):
    return build.case_at(world, state, place=Place(area=world.area, latitude=at[0], longitude=at[1]), **kwargs)


def seen(world, name, *, now=NOON, **asked):
    return open_map(world.actor(name), Asked(**asked), now=now)


def refs(shown):
    return [row.ref for row in shown.rows]


@pytest.mark.exhaustive
def test_late_comes_first_then_urgent_then_what_is_due_next_and_what_rests_last(world):
    resting, usual, urgent = case_at(world, "to_distribute"), case_at(world, "handling"), case_at(world, "handling", urgent=True)
    late = case_at(world, "handling", now=NOON - timedelta(days=30))
    build.act(world, resting, "hold", "ops_lead", reason="Chờ nước rút.", until=(NOON + timedelta(days=2)).date())
    shown = seen(world, "operator")
    assert [(row.ref, row.open.kind) for row in shown.rows] == [
        (late.ref, Kind.LATE), (urgent.ref, Kind.URGENT), (usual.ref, Kind.OPEN), (resting.ref, Kind.PAUSED),
    ]  # fmt: skip
    assert shown.counts == {View.ALL: 4, View.LATE: 1, View.URGENT: 1, View.SOON: 1, View.MINE: 0}
    assert refs(seen(world, "operator", view=View.URGENT)) == [urgent.ref]
    assert refs(seen(world, "operator", view=View.SOON)) == [urgent.ref]


def test_what_a_sender_marked_urgent_is_among_the_urgent_until_somebody_decides(world):
    told = build.file_report(world, marked_urgent=True).case
    [row] = seen(world, "operator").rows
    assert (row.ref, row.open.kind, row.open.is_urgent, row.open.is_mine) == (told.ref, Kind.URGENT, False, True)


@pytest.mark.exhaustive(but=2)
def test_an_agency_sees_the_cases_it_still_has_to_work_on(world):
    case_at(world, "to_distribute")
    theirs, done = case_at(world, "at_agency"), case_at(world, "to_publish")
    assert refs(seen(world, "officer_PTNMT")) == refs(seen(world, "leader_PTNMT")) == [theirs.ref]
    assert refs(seen(world, "officer_HKL")) == []
    assert {done.ref, theirs.ref} <= set(refs(seen(world, "committee_leader")))


def test_before_the_first_reading_only_the_operations_team_sees_where_a_case_is(world):
    case = case_at(world, "to_verify")
    [own], [committees] = seen(world, "operator").rows, seen(world, "committee_leader").rows
    assert (own.open.at, bool(own.title)) == (HERE, True)
    assert (committees.open.at, committees.title, committees.place.words.vi) == (None, "", "Xã Lát")
    around = Box(12, 12.1, 108.4, 108.5)
    assert refs(seen(world, "operator", box=around)) == [case.ref]
    assert refs(seen(world, "committee_leader", box=around)) == [], "or its place could be found by asking for smaller and smaller parts"


def test_of_a_case_that_stays_private_nobody_sees_more_than_the_commune(world):
    case = case_at(world, "handling")
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        row.village, row.visibility_reason_id = "Thôn Păng Tiêng", db.session.scalars(select(VisibilityReason.id)).first()
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        shown = seen(world, name)
        assert [(each.open.at, each.place.words.vi) for each in shown.rows] == [(None, "Xã Lát")], name
        assert shown.unplaced == 1
        assert refs(seen(world, name, box=Box(12, 12.1, 108.4, 108.5))) == []


@pytest.mark.exhaustive(but=2)
def test_what_is_not_open_is_not_there(world):
    case_at(world, "rating")
    hidden, main, merged = case_at(world, "to_verify"), case_at(world, "to_verify"), case_at(world, "to_verify")
    build.act(world, hidden, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.")
    build.act(world, merged, "merge", "operator", into=main)
    assert refs(seen(world, "operator")) == [main.ref]


def test_cases_whose_senders_are_unconfirmed_are_left_out_and_counted(world):
    case = case_at(world, "to_verify")
    with unit_of_work():
        db.session.get_one(Case, case.id).unconfirmed_since = NOON
    shown = seen(world, "operator")
    assert (refs(shown), shown.unconfirmed) == ([], 1)


def test_more_cases_than_rows_are_drawn_as_the_cells_of_a_grid_and_reached_page_by_page(world, monkeypatch):
    monkeypatch.setattr(module, "MOST_LISTED", 2)
    cases = [case_at(world, "to_verify", at) for at in (HERE, HERE, THERE)]
    first, second = seen(world, "operator"), seen(world, "operator", page=2)
    assert (len(first.rows), first.has_next, len(second.rows), second.has_next) == (2, True, 1, False)
    assert sorted(refs(first) + refs(second)) == sorted(case.ref for case in cases)
    assert sorted(cell.count for cell in first.cells) == [1, 2]
    [cell] = [cell for cell in first.cells if cell.count == 2]
    assert len(seen(world, "operator", box=cell.box).rows) == 2
    assert seen(world, "operator", box=cell.box).cells == ()


def test_no_more_cases_are_looked_at_than_the_bound(world, monkeypatch):
    monkeypatch.setattr(module, "MOST_LOOKED_AT", 1)
    for _ in range(2):
        case_at(world, "to_verify")
    shown = seen(world, "operator")
    assert (shown.is_cut, shown.counts[View.ALL]) == (True, 1)


@pytest.mark.exhaustive(but=2)
def test_two_statements_read_it_and_a_third_the_unconfirmed(world):
    for state in ("to_verify", "at_agency", "handling"):
        case_at(world, state)
    took = {}
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        by = world.actor(name)
        open_map(by, Asked(), now=NOON)
        took[name] = statements_of(lambda by=by: open_map(by, Asked(), now=NOON))
    assert took == {"operator": 3, "officer_PTNMT": 2, "committee_leader": 2}


def test_others_have_no_map(world):
    for name in ("administrator", "inspector", "records_clerk", "confidential_reader", "citizen"):
        with pytest.raises(NotAllowed):
            seen(world, name)


def test_a_grid_of_nothing_is_nothing():
    assert cells_of([]) == []
