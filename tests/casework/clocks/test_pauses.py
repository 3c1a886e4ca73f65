"""Limits that rest with their case and go on later, each by its own unit."""
from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from casework.cases import lock_case
from casework.clocks.acts import ClockKind, end_all_clocks, move_due, running_clock, running_clocks
from casework.clocks.pauses import pause_clocks, resume_clocks, revive_clocks
from casework.db import db, unit_of_work
from casework.models import Assignment, Case, Clock, ClockPause, OutboxMessage
from casework.states import Pause
from tests import build
from tests.build import NOON, World
from tests.casework.acting import clock, local, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def stop(case: Case, at: datetime, *, pause: Pause = Pause.HOLD, until: datetime | None = None) -> None:
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=pause, until=until, at=at)


def go_on(case: Case, at: datetime, **choices: bool) -> bool:
    with unit_of_work():
        return resume_clocks(lock_case(case.id), at=at, **choices)


def set_by_hand(assignment: Assignment, due: datetime) -> None:
    """As when an operator gives an agency less time than the others."""
    with unit_of_work():
        case = lock_case(assignment.case_id)
        row = next(row for row in case.assignments if row.id == assignment.id)
        own = running_clock(case, ClockKind.ASSIGNMENT, assignment=row)
        assert own is not None
        move_due(own, due, case=case, assignment=row)


def test_every_limit_of_a_case_stops_and_its_copies_are_empty(world: World) -> None:
    case = build.case_at(world, "approval", agencies=2)
    stop(case, local(4, 3, 15), until=local(10, 3))
    assert (case.paused_for, case.paused_until, case.due_at) == ("hold", local(10, 3), None)
    with unit_of_work():
        running = running_clocks(lock_case(case.id))
        assert {row.kind for row in running} == {"case", "assignment", "approval"}
        assert all(row.is_paused for row in running)
    late = {row.kind for row in db.session.query(Clock).filter(Clock.ended_at.is_(None), Clock.due_at.is_not(None))}
    assert late == {"approval"}                                    # four office hours after Monday noon had passed by Wednesday
    assert {row.due_at for row in case.open_assignments} == {None}
    assert {row.remind_at for row in db.session.query(Clock).filter(Clock.due_at.is_(None))} == {None}


def test_a_case_goes_on_by_days_and_its_agencies_with_it(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)            # due 12/03 00:00, agencies 11/03 07:30
    stop(case, local(4, 3, 15))
    assert go_on(case, local(9, 3, 9))
    assert (case.paused_for, case.due_at) == (None, local(17, 3))
    assert {row.due_at for row in case.open_assignments} == {local(16, 3, 7, 30)}
    assert clock(case).first_due_at == local(12, 3)
    rests = db.session.query(ClockPause).all()
    assert {(row.reason, row.since, row.until) for row in rests} == {("hold", local(4, 3, 15), local(9, 3, 9))}
    assert told("due_moved")[-1] == f"reporter:{case.main_report.reporter_id}"
    said = db.session.query(OutboxMessage).filter_by(template="due_moved").order_by(OutboxMessage.id.desc()).first()
    assert said is not None
    assert (said.parameters["reason"], said.parameters["due_at"]) == ("pause", local(17, 3).isoformat())


def test_a_pause_within_one_day_moves_no_day_and_tells_nobody(world: World) -> None:
    case = build.case_at(world, "handling")
    stop(case, local(4, 3, 9))
    assert not go_on(case, local(4, 3, 16))
    assert case.due_at == local(10, 3)
    assert told("due_moved") == []


def test_a_case_that_ends_with_its_pause_tells_no_day(small: World) -> None:
    case = build.case_at(small, "handling")
    stop(case, local(4, 3, 9))
    assert go_on(case, local(9, 3, 9), told=False)
    assert told("due_moved") == []


def test_pauses_add_up(small: World) -> None:
    case = build.case_at(small, "handling")
    for since, until in ((local(3, 3, 9), local(4, 3, 9)), (local(5, 3, 9), local(6, 3, 9))):
        stop(case, since, pause=Pause.QUESTION)
        go_on(case, until)
    assert case.due_at == local(12, 3)
    assert [row.due_before for row in clock(case).pauses] == [local(10, 3), local(11, 3)]


def test_what_is_late_when_the_pause_begins_stays_late(world: World) -> None:
    case = build.case_at(world, "handling")
    stop(case, local(10, 3, 9))
    assert case.due_at == local(10, 3)
    assert case.is_late(local(10, 3, 9))
    assert not go_on(case, local(12, 3, 9))
    assert case.due_at == local(10, 3)
    assert [row.due_at for row in case.open_assignments] == [local(9, 3, 7, 30)]


def test_a_late_agency_stays_late_while_its_case_is_given_the_pause(small: World) -> None:
    case = build.case_at(small, "handling")
    stop(case, local(9, 3, 9))
    assert go_on(case, local(10, 3, 9))
    assert case.due_at == local(11, 3)
    assert [row.due_at for row in case.open_assignments] == [local(9, 3, 7, 30)]


def test_a_limit_set_earlier_by_hand_goes_on_by_office_hours(small: World) -> None:
    case = build.case_at(small, "handling", agencies=2)
    set_by_hand(case.open_assignments[1], local(5, 3, 11, 30))
    stop(case, local(4, 3, 15))                                    # 2 hours on Wednesday and 4 on Thursday are left
    go_on(case, local(9, 3, 9))
    assert [row.due_at for row in case.open_assignments] == [local(16, 3, 7, 30), local(9, 3, 16, 30)]


def test_a_limit_until_the_end_of_a_day_hangs_on_the_case_like_one_until_the_next_opening(small: World) -> None:
    case = build.case_at(small, "handling")
    set_by_hand(case.open_assignments[0], local(9, 3))             # Sunday midnight: no office time before Monday 07:30
    stop(case, local(4, 3, 15))
    go_on(case, local(9, 3, 9))
    assert [row.due_at for row in case.open_assignments] == [local(12, 3, 7, 30)]


def test_an_urgent_case_goes_on_by_the_clock(small: World) -> None:
    case = build.case_at(small, "handling", urgent=True)           # due Tuesday 10:00, the agency two hours before
    stop(case, local(2, 3, 15))
    assert not go_on(case, local(2, 3, 18, 30))
    assert case.due_at == local(3, 3, 13, 30)
    assert [row.due_at for row in case.open_assignments] == [local(3, 3, 11, 30)]


def test_a_rating_window_does_not_rest(small: World) -> None:
    case = build.case_at(small, "rating")
    window = clock(case, ClockKind.RATING)
    due = window.due_at
    stop(case, local(4, 3, 9))
    assert (window.due_at, window.is_paused) == (due, False)


@pytest.mark.parametrize("state", ["to_verify", "to_classify"])
def test_a_pause_before_the_day_is_promised_does_not_count_against_it(world: World, state: str) -> None:
    case = build.case_at(world, state)
    stop(case, local(3, 3, 9), pause=Pause.QUESTION)
    go_on(case, local(5, 3, 9))
    build.advance(world, case, "to_distribute")
    assert (case.due_at, clock(case).first_due_at) == (local(12, 3), local(12, 3))
    assert [(row.since, row.until) for row in clock(case).pauses] == [(local(3, 3, 9), local(5, 3, 9))]


def refused(case: Case, at: datetime) -> None:
    """The part of a refusal that concerns limits."""
    with unit_of_work():
        end_all_clocks(lock_case(case.id), at=at)


def taken_back(case: Case, since: datetime, at: datetime) -> None:
    with unit_of_work():
        revive_clocks(lock_case(case.id), since=since, at=at)


def test_limits_ended_by_a_refusal_go_on_as_after_a_pause(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    refused(case, local(4, 3, 15))
    taken_back(case, local(4, 3, 15), local(9, 3, 9))
    own = clock(case)
    assert (own.ended_at, own.ended_late, own.due_at, case.due_at) == (None, None, local(13, 3), local(13, 3))
    assert [(row.reason, row.since, row.until) for row in own.pauses] == [("refusal", local(4, 3, 15), local(9, 3, 9))]
    assert told("due_moved") == [f"reporter:{case.main_report.reporter_id}"]
    with unit_of_work():
        assert [row.kind for row in running_clocks(lock_case(case.id))] == ["case"]


def test_what_ended_before_the_refusal_and_the_limits_of_agencies_that_left_stay_ended(small: World) -> None:
    case = build.case_at(small, "at_agency")
    refused(case, local(4, 3, 15))
    with unit_of_work():
        locked = lock_case(case.id)
        for row in locked.open_assignments:
            row.ended_at, row.state = local(4, 3, 15), "removed"
    taken_back(case, local(4, 3, 15), local(9, 3, 9))
    with unit_of_work():
        assert [row.kind for row in running_clocks(lock_case(case.id))] == ["case"]


def test_a_refusal_before_classification_that_was_taken_back_does_not_count_against_the_day(small: World) -> None:
    case = build.case_at(small, "to_classify")
    refused(case, local(3, 3, 9))
    taken_back(case, local(3, 3, 9), local(5, 3, 9))
    assert clock(case, ClockKind.ACCEPTANCE).ended_at is not None
    build.advance(small, case, "to_distribute")
    assert case.due_at == local(12, 3)


def test_a_limit_that_was_late_when_refused_is_late_when_it_goes_on(small: World) -> None:
    case = build.case_at(small, "to_distribute")
    refused(case, local(11, 3, 9))
    assert clock(case).ended_late
    taken_back(case, local(11, 3, 9), local(12, 3, 9))
    assert case.due_at == local(10, 3)


def test_acceptance_refused_and_taken_back_runs_on_by_office_hours(small: World) -> None:
    case = build.case_at(small, "to_verify", now=NOON)             # due 15:30
    refused(case, local(2, 3, 14, 30))
    taken_back(case, local(2, 3, 14, 30), local(4, 3, 9))
    assert clock(case, ClockKind.ACCEPTANCE).due_at == local(4, 3, 10)
