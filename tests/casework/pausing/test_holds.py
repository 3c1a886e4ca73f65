"""Letting a case rest: for a public reason, to the end of a day, ten working days in all."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.cases import CaseNotOpen
from casework.db import db
from casework.models import Case, Hold
from casework.pausing import holds
from casework.pausing.holds import HoldRefused
from casework.permissions import NotAllowed
from tests import build
from tests.build import NOON, World
from tests.casework.acting import clock, local, payload, run, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def hold(world: World, case: Case, until: date, *, by: str = "ops_lead", reason: str = "Chờ kết quả quan trắc nước.",
         **arguments: Any) -> None:
    run(holds.hold, case, world.actor(by), until=until, reason=reason, **arguments)


def resume(world: World, case: Case, **arguments: Any) -> Any:
    return run(holds.resume, case, world.actor("ops_lead"), **arguments)


def march(day: int) -> date:
    return date(2026, 3, day)


@pytest.mark.parametrize("state", ["to_verify", "to_classify", "handling", "to_publish"])
def test_a_held_case_keeps_its_state_and_its_limits_rest(world: World, state: str) -> None:
    case = build.case_at(world, state)
    hold(world, case, march(6))
    assert (case.state, case.standstill, case.paused_until) == (state, "hold", local(7, 3))
    assert (case.held_reason, case.due_at) == ("Chờ kết quả quan trắc nước.", None)
    assert told("case_held") == [f"reporter:{case.main_report.reporter_id}"]
    assert payload(case) == {"until": "2026-03-06"}


def test_it_is_taken_up_again_before_its_day(world: World) -> None:
    case = build.case_at(world, "handling")                      # due Tuesday 10/03, 00:00
    hold(world, case, march(6))
    assert resume(world, case, now=local(4, 3, 9)) == {"outcome": "resumed"}
    assert (case.state, case.standstill, case.held_reason) == ("handling", None, None)
    assert clock(case).due_at == case.due_at == local(12, 3)
    row = db.session.query(Hold).one()
    assert (row.ended_at, row.ended_by_id) == (local(4, 3, 9), world.people["ops_lead"].id)
    assert told("due_moved") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("case_resumed") == []


def test_it_goes_on_by_itself_when_its_last_day_is_over(world: World) -> None:
    case = build.case_at(world, "handling")
    hold(world, case, march(6))
    assert run(holds.end_hold, case, now=local(7, 3)) == {}
    assert case.standstill is None
    assert db.session.query(Hold).one().ended_by_id is None
    with pytest.raises(HoldRefused, match="not on hold"):
        run(holds.end_hold, case, now=local(7, 3))


def test_a_hold_without_effect_on_the_promised_day_is_told_to_be_over(small: World) -> None:
    case = build.case_at(small, "to_classify")
    hold(small, case, march(3))
    resume(small, case, now=NOON + timedelta(hours=1))
    assert told("case_resumed") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("due_moved") == []


@pytest.mark.parametrize(("until", "is_taken"), [(march(13), True), (march(15), True), (march(16), True), (march(17), False)])
def test_a_case_rests_ten_working_days_at_most(small: World, until: date, is_taken: bool) -> None:
    case = build.case_at(small, "to_classify")                   # Monday 02/03: the tenth working day after it is Monday 16/03
    if is_taken:
        hold(small, case, until)
    else:
        with pytest.raises(HoldRefused, match="10 are left"):
            hold(small, case, until)


def test_every_hold_of_a_case_counts(small: World) -> None:
    case = build.case_at(small, "to_classify")
    hold(small, case, march(9))                                  # 03, 04, 05, 06 and 09/03: five
    assert holds.held_working_days(case) == 5
    run(holds.end_hold, case, now=local(10, 3, 2))               # the worker came late: no sixth day
    assert holds.held_working_days(case) == 5
    with pytest.raises(HoldRefused, match="5 are left"):
        hold(small, case, march(18), now=local(10, 3, 9))
    hold(small, case, march(17), now=local(10, 3, 9))
    resume(small, case, now=local(11, 3, 9))
    assert holds.held_working_days(case) == 6
    assert len(holds.holds_of(case)) == 2


@pytest.mark.parametrize("until", [march(2), march(1), date.min])
def test_a_hold_ends_on_a_day_to_come(small: World, until: date) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(HoldRefused, match="after today"):
        hold(small, case, until)


def test_a_hold_does_not_reach_to_the_end_of_time(small: World) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(Exception, match="ten years"):
        hold(small, case, date.max)


@pytest.mark.parametrize("reason", ["", "x" * 301])
def test_a_hold_has_a_reason_for_the_public(small: World, reason: str) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(HoldRefused, match="300 characters"):
        hold(small, case, march(6), reason=reason)


def test_only_the_operations_lead_holds_and_resumes(small: World) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(NotAllowed):
        hold(small, case, march(6), by="operator")
    hold(small, case, march(6))
    with pytest.raises(NotAllowed):
        run(holds.resume, case, small.actor("operator"))


@pytest.mark.exhaustive
def test_what_stands_still_or_is_answered_is_not_held(small: World) -> None:
    case, answered = build.case_at(small, "to_classify"), build.case_at(small, "rating")
    hold(small, case, march(6))
    with pytest.raises(CaseNotOpen, match="on hold"):
        hold(small, case, march(9))
    with pytest.raises(CaseNotOpen):
        hold(small, answered, march(9))
