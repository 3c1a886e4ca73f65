"""Asking agencies when little time is left, or several of them: whose word it needs and where the days go."""
from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.assignments.asking import DistributionRefused, ShortTime
from casework.assignments.due_previews import distribution_limits
from casework.cases import lock_case
from casework.clocks.acts import ClockKind, move_due, running_clock
from casework.db import db, unit_of_work
from casework.models import Assignment, Case, OutboxMessage
from casework.working_time import DayTooFar
from tests import build
from tests.build import World
from tests.casework.acting import clock, events, local, payload, told

FRIDAY = local(6, 3, 10)
"""The case is due at the end of Monday 09/03, an agency before Monday's office hours: less than one working day from here."""


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    return build.standard_world()


def distribute(world: World, case: Case, by: str, now: datetime, *cooperating: str, **form: Any) -> None:
    others = [world.agencies[key] for key in cooperating]
    build.do(world, case, "distribute", by, now=now, lead=world.agencies["PTNMT"], cooperating=others, **form)


def move_case(case: Case, due: datetime) -> None:
    with unit_of_work():
        locked = lock_case(case.id)
        whole = running_clock(locked, ClockKind.CASE)
        assert whole is not None
        move_due(whole, due, case=locked)


def said_of_day(case: Case) -> list[Any]:
    query = select(OutboxMessage.parameters).where(OutboxMessage.case_id == case.id, OutboxMessage.template == "due_moved")
    return [(found["due_at"], found["reason"]) for found in db.session.scalars(query.order_by(OutboxMessage.id))]


def test_an_agency_with_less_than_a_working_day_is_asked_only_on_the_word_of_the_operations_lead(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_distribute")
    with pytest.raises(ShortTime, match="less than one working day"):
        distribute(world, case, "operator", FRIDAY)
    with pytest.raises(ShortTime):
        distribute(world, case, "operator", FRIDAY, confirms_short=True)
    with pytest.raises(ShortTime):
        distribute(world, case, "operator", FRIDAY, until=date(2026, 3, 12))
    with pytest.raises(ShortTime):
        distribute(world, case, "ops_lead", FRIDAY)
    assert events(case)[-1] == "classify"
    distribute(world, case, "ops_lead", FRIDAY, confirms_short=True)
    assert case.assignments[0].due_at == local(9, 3, 7, 30)
    assert case.due_at == local(10, 3)
    assert said_of_day(case) == []


def test_one_whole_working_day_is_time_enough(world: World) -> None:
    case, other = build.case_at(world, "to_distribute"), build.case_at(world, "to_distribute")
    distribute(world, case, "operator", local(6, 3, 7, 30))
    with pytest.raises(ShortTime):
        distribute(world, other, "operator", local(6, 3, 7, 31))


def test_the_operations_lead_may_give_the_case_more_days(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_distribute")
    distribute(world, case, "ops_lead", FRIDAY, until=date(2026, 3, 12))
    whole = clock(case)
    assert (case.due_at, case.assignments[0].due_at) == (local(13, 3), local(12, 3, 7, 30))
    assert (whole.first_due_at, whole.extended_at, whole.amount) == (local(10, 3), FRIDAY, 5)
    assert said_of_day(case) == [(local(13, 3).isoformat(), "extended_by_centre")]
    assert payload(case)["until"] == "2026-03-12"


@pytest.mark.parametrize(
    ("now", "until", "says"),
    [(FRIDAY, date(2026, 3, 9), "after the present one"), (FRIDAY, date(2026, 3, 6), "after the present one"),
     (FRIDAY, date(2026, 3, 18), "at most 7 working days"), (local(11, 3, 16), date(2026, 3, 11), "no time"),
     (local(3, 3, 10), date(2026, 3, 12), "time enough")],
)  # fmt: skip
def test_a_day_that_does_not_fit_is_not_given(world: World, now: datetime, until: date, says: str) -> None:
    case = build.case_at(world, "to_distribute")
    with pytest.raises(DistributionRefused, match=says):
        distribute(world, case, "ops_lead", now, until=until)
    assert clock(case).due_at == local(10, 3)


def test_a_day_beyond_ten_years_is_not_given(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    with pytest.raises(DayTooFar, match="ten years ahead"):
        distribute(world, case, "ops_lead", FRIDAY, until=date.max)
    assert clock(case).due_at == local(10, 3)


def test_the_seventh_working_day_from_today_may_be_given(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    distribute(world, case, "ops_lead", FRIDAY, until=date(2026, 3, 17))
    assert case.due_at == local(18, 3)


def test_an_urgent_case_needs_a_word_only_when_its_time_is_over(world: World) -> None:
    case, late = (build.case_at(world, "to_distribute", urgent=True) for _ in range(2))
    distribute(world, case, "operator", local(3, 3, 7, 59))
    assert case.assignments[0].due_at == local(3, 3, 8)
    with pytest.raises(ShortTime):
        distribute(world, late, "operator", local(3, 3, 8))
    distribute(world, late, "ops_lead", local(3, 3, 8), confirms_short=True)
    assert late.assignments[0].due_at == local(3, 3, 8)


def test_several_agencies_and_more_days_are_told_at_once(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    distribute(world, case, "ops_lead", local(10, 3, 10), "UBND-LAT", until=date(2026, 3, 16))
    assert said_of_day(case) == [(local(17, 3).isoformat(), "extended_by_centre")]
    whole = clock(case)
    assert (whole.first_due_at, whole.amount, whole.due_at) == (local(12, 3), 7, local(17, 3))


def test_one_agency_more_gives_the_case_the_limit_of_several_and_takes_the_lead_along(world: World) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "add_agency", "operator", agency=world.agencies["HKL"])
    assert (case.due_at, {row.due_at for row in case.assignments}) == (local(12, 3), {local(11, 3, 7, 30)})
    assert said_of_day(case) == [(local(12, 3).isoformat(), "several_agencies")]
    build.act(world, case, "add_agency", "operator", agency=world.agencies["UBND-LAT"])
    assert len(said_of_day(case)) == 1


def test_one_agency_more_gives_the_case_the_limit_of_several_whenever_it_was_accepted(world: World) -> None:
    case = build.case_at(world, "to_verify")
    build.do(world, case, "verify", "operator", now=local(4, 3, 9), title="Rác ven suối", cleared=[build.cleared(case.main_report)])
    build.advance(world, case, "handling")
    assert case.due_at == local(10, 3)
    build.act(world, case, "add_agency", "operator", agency=world.agencies["HKL"])
    assert (case.due_at, said_of_day(case)) == (local(12, 3), [(local(12, 3).isoformat(), "several_agencies")])


def test_an_agency_with_a_day_of_its_own_keeps_it_when_the_case_moves(world: World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        locked = lock_case(case.id)
        own = running_clock(locked, ClockKind.ASSIGNMENT, assignment=locked.assignments[0])
        assert own is not None
        move_due(own, local(5, 3), case=locked, assignment=locked.assignments[0])
    build.act(world, case, "add_agency", "operator", agency=world.agencies["HKL"])
    assert [row.due_at for row in case.assignments] == [local(5, 3), local(11, 3, 7, 30)]


def test_an_urgent_case_keeps_its_day_however_many_agencies_work_on_it(world: World) -> None:
    case = build.case_at(world, "handling", urgent=True)
    due = case.due_at
    build.act(world, case, "add_agency", "operator", agency=world.agencies["HKL"])
    assert case.due_at == due
    assert told("due_moved") == []


def test_a_case_with_much_time_left_gives_a_new_agency_its_own_limit_from_now(world: World) -> None:
    case = build.case_at(world, "handling")
    move_case(case, local(29, 4))
    build.act(world, case, "add_agency", "operator", agency=world.agencies["HKL"], now=local(4, 3, 9))
    newest = db.session.scalars(select(Assignment).order_by(Assignment.id.desc())).first()
    assert newest is not None
    assert newest.due_at == local(12, 3)
    assert case.due_at == local(29, 4)


def test_the_preview_says_when_it_is_short_and_counts_who_is_on_the_case(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    alone = distribution_limits(case, agencies=1, now=FRIDAY)
    assert (alone.is_short, alone.moves_case, alone.answer_by) == (True, False, local(9, 3, 7, 30))
    with_others = distribution_limits(case, agencies=2, now=FRIDAY)
    assert (with_others.is_short, with_others.moves_case, with_others.answer_by) == (False, True, local(11, 3, 7, 30))
    at_work = build.case_at(world, "handling")
    assert distribution_limits(at_work, agencies=1, now=FRIDAY).case_due_at == local(12, 3)


def test_an_agency_named_twice_unknown_or_answered_is_not_asked(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    with pytest.raises(DistributionRefused, match="twice"):
        distribute(world, case, "operator", local(2, 3, 14), "PTNMT")
    with unit_of_work():
        gone = build.agency(world, "CU", "Phòng cũ", "Former office", valid_to=date(2026, 1, 1))
    with pytest.raises(DistributionRefused, match="no longer exists"):
        distribute(world, case, "operator", local(2, 3, 14), gone.key)
    answered = build.case_at(world, "to_publish", now=datetime(2026, 3, 2, 4, tzinfo=UTC))
    with pytest.raises(DistributionRefused, match="has answered this case already"):
        build.act(world, answered, "add_agency", "operator", agency=world.agencies["PTNMT"])
