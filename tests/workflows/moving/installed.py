"""Every choice of a plan tried on real cases: what moves is whole, rests where it was foretold, lacks nothing, and comes back as it was."""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.facts.verification import check_facts
from casework.findings import one_moment
from casework.models import Case, CaseSpan, DailyFigures
from casework.verification.cases import check_cases
from tests import build
from tests import drawn_steps as drawn
from tests.workflows.moving.cases import begun, faults, later, line, live, planned, rows, undone
from workflows.definitions.parsed import definition_of
from workflows.models import ProcessMove
from workflows.moving import batch, plan_cases, plans
from workflows.moving.mapping import targets

LATER = later(build.NOON, 60 * 24)
STATES = ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish", "rating")


def every_fault(now: Any) -> list[str]:
    """What `langbiang verify` would find of cases, facts and processes."""
    db.session.rollback()
    with one_moment():
        found = [*check_cases(now=now), *check_facts()]
    return faults() + [f"{each.check} {each.text.en}" for each in found if each.is_fault]


def counted() -> list[tuple[Any, ...]]:
    """The stretches and the sums of days, without where they were read from."""
    db.session.rollback()
    spans = [column for column in CaseSpan.__table__.columns if column.key not in ("id", "event_seq")]
    sums = [column for column in DailyFigures.__table__.columns if column.key != "id"]
    found: list[tuple[Any, ...]] = [tuple(row) for row in db.session.execute(select(*spans).order_by(CaseSpan.case_id, CaseSpan.number))]
    days = select(*sums).order_by(DailyFigures.centre_id, DailyFigures.day, DailyFigures.dimension, DailyFigures.subject)
    return [*found, *(tuple(row) for row in db.session.execute(days))]


def count(now: Any) -> None:
    keep_facts(now)
    sum_up_days(now)


def check_every_choice(world: build.World, new: bytes, states: Collection[str] = STATES) -> dict[str, int]:
    """Send a case in each state to every place its plan offers, and back again; returns how often it moved and how often it was kept."""
    source, cases = live(), [build.case_at(world, state) for state in states]
    target, found = drawn.put_live(new), {"moved": 0, "kept": 0}
    old, fresh = definition_of(source), definition_of(target)
    count(LATER)
    sums, places = counted(), {each.case_id: list(each.places) for each in plan_cases.lines_of(planned(world, source, target, now=LATER))}
    with unit_of_work():
        plans.drop_move(db.session.scalars(select(ProcessMove)).one(), by=world.actor("administrator", LATER), now=LATER)
    for case in cases:
        for element in places[case.id]:
            for aim in (each for each in targets(element, old, fresh) if "beside" not in each.properties):
                moves = _sent(world, case, planned(world, source, target, now=LATER, mapping={element: aim.id}), sums)
                found["moved" if moves else "kept"] += 1
    return found


def _sent(world: build.World, case: Case, move: ProcessMove, sums: list[tuple[Any, ...]]) -> bool:
    before, state = rows(case), db.session.get_one(Case, case.id).state
    foretold = plan_cases.forecast_of(line(move, case))
    told = f"{case.code} {state} {move.mapping}"
    if not plan_cases.counts_of(move).get("moves"):
        with unit_of_work():
            plans.drop_move(db.session.merge(move), by=world.actor("administrator", LATER), now=LATER)
        return False
    begun(world, move, now=LATER)
    batch.go_on(LATER)
    assert (line(move, case).state == "moved") == (foretold is not None), told
    if foretold is not None:
        arrived = plan_cases.forecast_of(line(move, case))
        assert arrived is not None, told
        assert arrived.is_true, told
    assert every_fault(LATER) == [], told
    now = db.session.get_one(Case, case.id, populate_existing=True)
    assert (now.state, now.closed_at) == (state, None), told
    undone(world, move, now=LATER)
    count(LATER)
    assert (rows(case), every_fault(LATER), counted()) == (before, [], sums), told
    return foretold is not None
