"""A change of the calendar before it is done: what the preview says is what the recount does; office hours hold from their day on."""
from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.calendars import calendar_of
from casework.cases import lock_case
from casework.clocks.acts import ClockKind
from casework.clocks.calendar_changes import CalendarChangeRefused, recount_after_calendar_change
from casework.clocks.calendar_plans import (
    CalendarPlan,
    PlannedDay,
    PlannedHours,
    carry_out,
    days_between,
    fixed_days_of_next_year,
    judge,
    swap,
)
from casework.clocks.calendar_preview import ShownMove, preview, recounts_under_way
from casework.clocks.office_hours import spans_in
from casework.clocks.pauses import pause_clocks
from casework.db import db, unit_of_work
from casework.models import CalendarDay, Case, Event, OfficeHours
from casework.states import Pause
from tests import build
from tests.casework.acting import clock, local, told
from tests.grounds import remembered

NOW = local(3, 3, 8)
WORDS = {"label_vi": "Nghỉ bão", "label_en": "Storm", "source": "Công văn 12/UBND"}


@remembered
def some_cases() -> build.World:
    """Cases in every situation a recount meets: on their way, with two agencies, urgent, resting, just filed, late, to publish."""
    world = build.standard_world()
    build.case_at(world, "handling", agencies=2)
    build.case_at(world, "to_distribute", by="citizen_2")
    build.case_at(world, "handling", urgent=True)
    build.case_at(world, "to_verify", now=local(3, 3, 7, 45))
    build.case_at(world, "to_publish", now=local(2, 3, 14))
    build.case_at(world, "handling", now=local(20, 2, 10))
    resting = build.case_at(world, "handling", now=local(2, 3, 15))
    with unit_of_work():
        pause_clocks(lock_case(resting.id), pause=Pause.HOLD, until=None, at=local(2, 3, 17))
    return world


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return some_cases()


def done(world: build.World, plan: CalendarPlan, now: datetime = NOW) -> None:
    with unit_of_work():
        carry_out(plan, by=world.actor("administrator"), now=now, reason="Theo công văn.")


def day(world: build.World, on: date, kind: str | None = "off") -> CalendarPlan:
    return CalendarPlan(world.centre.id, (PlannedDay(on, kind, **WORDS),))


def recounted(since: int) -> list[tuple[str, str, str, str]]:
    """What the histories say was moved: code, limit, old and new instant."""
    query = select(Case.code, Event.payload).join(Case, Case.id == Event.case_id).where(Event.type == "recount_due", Event.id > since)
    rows = [(code, payload["clock"], payload["old"], payload["new"]) for code, payload in db.session.execute(query)]
    return sorted(rows)


def shown(moves: tuple[ShownMove, ...]) -> list[tuple[str, str, str, str]]:
    return sorted((move.code, move.clock, move.old.isoformat(), move.new.isoformat()) for move in moves)


def random_plan(world: build.World, chance: random.Random) -> CalendarPlan:
    first = date(2026, 3, 3) + timedelta(days=chance.randrange(12))
    centre_id = world.centre.id
    match chance.randrange(4):
        case 0:
            return CalendarPlan(centre_id, days_between(first, first + timedelta(days=chance.randrange(4)), "off", *WORDS.values()))
        case 1:
            sunday = date(2026, 3, 8) + timedelta(days=7 * chance.randrange(2))
            return CalendarPlan(centre_id, swap(sunday - timedelta(days=chance.randrange(2, 7)), sunday, *WORDS.values()))
        case 2:
            spans = chance.choice([("08:00-12:00",), ("07:00-11:00", "13:30-16:30"), ("07:30-11:30", "13:00-17:30")])
            return CalendarPlan(centre_id, hours=PlannedHours(first, spans))
        case _:
            return CalendarPlan(centre_id, (PlannedDay(first, chance.choice(["off", "worked"]), **WORDS),))


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("seed", range(6))
def test_what_the_preview_shows_is_what_the_recount_does(world: build.World, seed: int) -> None:
    chance = random.Random(seed)
    for turn in range(2):
        now = NOW + timedelta(hours=turn)
        plan = judge(random_plan(world, chance), by=world.actor("administrator"), now=now)
        seen, before = preview(plan, now=now), db.session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1)) or 0
        told_before = len(told("due_moved"))
        db.session.rollback()
        done(world, plan, now)
        recount_after_calendar_change(now)
        assert (shown(seen.moves), seen.limits) == (recounted(before), len(seen.moves)), plan
        assert seen.told == len(told("due_moved")) - told_before


def test_a_preview_changes_nothing_is_bounded_and_costs_the_same_for_more_cases(world: build.World) -> None:
    from tests.web.desk import statements_of

    plan = judge(CalendarPlan(world.centre.id, days_between(date(2026, 3, 5), date(2026, 3, 6), "off", *WORDS.values())),
                 by=world.actor("administrator"), now=NOW)
    dues = [(each.id, each.due_at) for each in db.session.scalars(select(Case))]
    first = statements_of(lambda: preview(plan, now=NOW))
    for _ in range(3):
        build.case_at(world, "to_distribute")
    db.session.rollback()
    assert statements_of(lambda: preview(plan, now=NOW)) == first
    few = preview(plan, now=NOW, counted=2, shown=1)
    assert (few.looked_at, few.is_cut, len(few.moves), few.limits > 1) == (2, True, 1, True)
    assert [pair for pair in ((each.id, each.due_at) for each in db.session.scalars(select(Case))) if pair in dues] == dues
    assert db.session.query(CalendarDay).filter_by(centre_id=world.centre.id).count() == 0


def test_progress_tells_how_far_the_recount_has_come(world: build.World) -> None:
    done(world, day(world, date(2026, 3, 6)))
    [begun] = recounts_under_way([world.centre.id])
    assert (begun.done, begun.left > 3) == (0, True)
    recount_after_calendar_change(NOW, limit=2)
    [later] = recounts_under_way([world.centre.id])
    assert (later.done, later.left) == (2, begun.left - 2)
    recount_after_calendar_change(NOW)
    assert recounts_under_way([world.centre.id]) == []


def test_a_swap_is_one_act_with_one_reason(world: build.World) -> None:
    done(world, CalendarPlan(world.centre.id, swap(date(2026, 3, 6), date(2026, 3, 14), *WORDS.values())))
    calendar = calendar_of(world.centre.id)
    assert (calendar.is_working_day(date(2026, 3, 6)), calendar.is_working_day(date(2026, 3, 14))) == (False, True)
    [event] = db.session.scalars(select(Event).where(Event.type == "change_setting", Event.stream == "rules"))
    assert event.payload is not None
    assert (event.payload["kind"], event.payload["reason"], len(event.payload["new"])) == ("calendar_day", "Theo công văn.", 2)
    with pytest.raises(CalendarChangeRefused, match="a Saturday or Sunday"):
        swap(date(2026, 3, 7), date(2026, 3, 14), *WORDS.values())


def test_fixed_holidays_are_copied_once_and_their_act_is_still_missing(world: build.World) -> None:
    planned = fixed_days_of_next_year(None, 2022)
    assert all((each.day.day, each.day.month) in {(1, 1), (30, 4), (1, 5), (2, 9), (24, 11)} for each in planned)
    own = CalendarPlan(world.centre.id, tuple(PlannedDay(date(2029, month, on), "off", **WORDS) for on, month in ((30, 4), (10, 3))))
    done(world, own)
    [copied] = fixed_days_of_next_year(world.centre.id, 2029)
    assert (copied.day, copied.source.startswith("Chưa có số văn bản")) == (date(2030, 4, 30), True)
    done(world, CalendarPlan(world.centre.id, (copied,)))
    with pytest.raises(CalendarChangeRefused, match="no fixed holiday"):
        fixed_days_of_next_year(world.centre.id, 2029)


def test_office_hours_hold_from_their_day_on_and_not_before(world: build.World) -> None:
    plan = CalendarPlan(world.centre.id, hours=PlannedHours(date(2026, 3, 10), ("08:00-12:00", "13:30-16:30")))
    done(world, plan)
    calendar = calendar_of(world.centre.id)
    assert calendar.hours_on(date(2026, 3, 9)) == ((time(7, 30), time(11, 30)), (time(13), time(17)))
    assert calendar.hours_on(date(2026, 3, 10)) == ((time(8), time(12)), (time(13, 30), time(16, 30)))
    assert (calendar.office_minutes_on(date(2026, 3, 9)), calendar.office_minutes_on(date(2026, 3, 10))) == (480, 420)
    before, after = build.case_at(world, "to_verify", now=local(6, 3, 8)), build.case_at(world, "to_verify", now=local(10, 3, 8))
    assert [clock(case, ClockKind.ACCEPTANCE).due_at for case in (before, after)] == [local(6, 3, 13, 30), local(10, 3, 12)]
    across = build.case_at(world, "to_verify", now=local(9, 3, 16))        # an hour left on Monday, three on Tuesday from eight
    assert clock(across, ClockKind.ACCEPTANCE).due_at == local(10, 3, 11)
    # in between, and taken back again
    done(world, CalendarPlan(world.centre.id, hours=PlannedHours(date(2026, 3, 5), ("09:00-11:00",))))
    rows = db.session.scalars(select(OfficeHours).where(OfficeHours.centre_id == world.centre.id).order_by(OfficeHours.valid_from))
    assert [(row.valid_from.day, row.valid_to.day if row.valid_to else None) for row in rows] == [(5, 10), (10, None)]
    done(world, CalendarPlan(world.centre.id, hours=PlannedHours(date(2026, 3, 5), ())))
    assert calendar_of(world.centre.id).hours_on(date(2026, 3, 6))[0] == (time(7, 30), time(11, 30))


@pytest.mark.parametrize(("typed", "said"), [
    ("17:00-08:00", "ascend"), ("07:30-11:30 11:00-12:00", "ascend"), ("", "such as"), ("7h-11h", "such as"),
    ("00:00-01:00 02:00-03:00 04:00-05:00 06:00-07:00 08:00-09:00", "4 spans"),
])
def test_office_hours_that_cannot_be_kept_are_refused(typed: str, said: str) -> None:
    with pytest.raises(CalendarChangeRefused, match=said):
        spans_in(typed)


def test_the_past_and_what_is_so_already_are_refused(world: build.World) -> None:
    by = world.actor("administrator")
    for hours, said in (((date(2026, 3, 2), ("08:00-12:00",)), "from today"), ((date(2026, 3, 9), ()), "No office hours")):
        with pytest.raises(CalendarChangeRefused, match=said):
            judge(CalendarPlan(world.centre.id, hours=PlannedHours(*hours)), by=by, now=NOW)
    with pytest.raises(CalendarChangeRefused, match="1 to 31"):
        days_between(date(2026, 3, 5), date(2026, 3, 4), "off", *WORDS.values())
    done(world, day(world, date(2026, 3, 6)))
    with pytest.raises(CalendarChangeRefused, match="so already"):
        judge(day(world, date(2026, 3, 6)), by=by, now=NOW)
    again = CalendarPlan(world.centre.id, days_between(date(2026, 3, 5), date(2026, 3, 6), "off", *WORDS.values()))
    assert [each.day.day for each in judge(again, by=by, now=NOW).days] == [5]
