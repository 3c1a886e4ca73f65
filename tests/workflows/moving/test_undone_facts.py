"""What a move did and its undoing took back counts nowhere: facts, sums and what is told are those of a case that never moved."""
from __future__ import annotations

import importlib

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.facts import histories
from casework.models import Case, CaseSpan
from casework.telling.steps import own_steps
from tests import build
from tests import drawn_steps as drawn
from tests.workflows.moving.cases import carried_out, later, live, renamed, rows, undone
from tests.workflows.moving.installed import count, counted, every_fault
from workflows.moving import cases as moving_cases
from workflows.moving.pairs import Pair
from workflows.moving.way import Arrival

pytestmark = pytest.mark.exhaustive

LATER = later(build.NOON, 60 * 24)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def unguarded(patch: pytest.MonkeyPatch, *, says_first: bool) -> None:
    """Let a move close a case, as it could before it was asked what it skips."""
    patch.setattr(Pair, "_leap", lambda *_: None)
    patch.setattr(moving_cases._Passage, "arrived", lambda _passage: Arrival(()))
    if not says_first:
        record = moving_cases.record
        patch.setattr(moving_cases, "record", lambda *given, first=None, **told: record(*given, **told))


@pytest.mark.parametrize("says_first", [True, False])
def test_a_case_that_a_move_closed_is_owed_again_when_that_is_undone(
    world: build.World, monkeypatch: pytest.MonkeyPatch, says_first: bool
) -> None:
    source, case, rating = live(), build.case_at(world, "handling"), build.case_at(world, "rating")
    count(LATER)
    before, as_it_was = counted(), rows(case)
    report = case.reports[0]
    told = [step.words.vi for step in own_steps(report.report, [report])]
    unguarded(monkeypatch, says_first=says_first)
    new = drawn.put_live(renamed("wait_for_agencies", f"agencies_done_{says_first}"))
    move = carried_out(world, source, new, now=LATER, mapping={"wait_for_agencies": "wait_for_rest"})
    assert db.session.get_one(Case, case.id, populate_existing=True).state == "closed"
    count(LATER)
    assert counted() != before
    undone(world, move, now=later(LATER))
    assert (rows(case), db.session.get_one(Case, rating.id).state) == (as_it_was, "rating")
    count(later(LATER))
    assert every_fault(later(LATER)) == []
    assert counted() == before
    report = db.session.get_one(Case, case.id).reports[0]
    assert [step.words.vi for step in own_steps(report.report, [report])] == told
    build.advance(world, case, "closed")                                 # what it does from now on counts
    count(later(LATER, 60 * 24 * 40))
    assert [(span.ended_by, span.number) for span in db.session.scalars(select(CaseSpan).where(CaseSpan.case_id == case.id))] == [
        ("answered", 0)]
    assert every_fault(later(LATER, 60 * 24 * 40)) == []


def test_facts_kept_wrong_before_are_made_anew_after_the_upgrade(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration lets the job read such cases again; until it has, verification leaves them be."""
    source, case = live(), build.case_at(world, "handling")
    count(LATER)
    before = counted()
    with monkeypatch.context() as patch:
        unguarded(patch, says_first=False)
        patch.setattr(histories, "standing", list)
        new = drawn.put_live(renamed("wait_for_agencies", "agencies_done_long_ago"))
        move = carried_out(world, source, new, now=LATER, mapping={"wait_for_agencies": "wait_for_rest"})
        undone(world, move, now=later(LATER))
        count(later(LATER, 10))
        assert ("closed",) in db.session.execute(select(CaseSpan.ended_by)).all()
    assert [each.partition(" ")[0] for each in every_fault(LATER)] == ["facts.differ"]
    db.session.rollback()
    with unit_of_work(), Operations.context(MigrationContext.configure(db.session.connection())):
        importlib.import_module("migrations.versions.0017_moves_foretold").remake_facts()
    assert every_fault(LATER) == []
    count(later(LATER, 10))
    assert every_fault(LATER) == []
    assert counted() == before
    assert db.session.get_one(Case, case.id).state == "handling"
