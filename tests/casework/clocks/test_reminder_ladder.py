"""The rungs of the ladder: which rules make it, and the instants worked out by hand (rules.md, section 4)."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from casework.calendars import RULES_STREAM, calendar_of
from casework.clocks.acts import ClockKind, end_clock, move_due, start_clock
from casework.clocks.reminder_ladder import Rung, ladder_of, next_rung_at, reached_rungs
from casework.clocks.reminders import send_reminders
from casework.db import db, unit_of_work
from casework.events import append
from casework.installation import seeding
from casework.local_time import LOCAL_ZONE
from casework.models import Case, Clock, ClockPause, Membership, OutboxMessage, Reminder, ReminderRule
from casework.permissions import SYSTEM
from casework.settings.importing.rows import add_row, end_row
from casework.settings.kinds.table import KINDS
from casework.working_time import Calendar
from tests import build

DAY = date(2026, 3, 2)
WEEK = Calendar()


def local(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def rung(id_: int = 1, **columns: Any) -> Rung:
    given = {"kind": "case", "urgency": None, "share": None, "after_amount": None, "after_unit": None, "role": "operator",
             "merges_into_letter": True, "centre_id": None, "valid_from": build.LONG_AGO, "valid_to": None}
    return Rung(id=id_, **{**given, **columns})


def clock(started: str, due: str | None, unit: str) -> Clock:
    due_at = local(due) if due else None
    return Clock(kind="case", unit=unit, amount=1, started_at=local(started), first_due_at=due_at, due_at=due_at, pauses=[])


DAYS = ("02/03/2026 10:00", "10/03/2026 00:00", "working_days")
HOURS = ("14/02/2026 22:10", "15/02/2026 22:10", "hours")
BY_HAND = [
    (DAYS, {"share": 50}, "05/03/2026 08:45"),
    (DAYS, {"share": 80}, "06/03/2026 15:54"),
    (DAYS, {"share": 100}, "10/03/2026 00:00"),
    (DAYS, {"after_amount": 1, "after_unit": "working_days"}, "11/03/2026 00:00"),
    (DAYS, {"after_amount": 3, "after_unit": "working_days"}, "13/03/2026 00:00"),
    (HOURS, {"share": 50}, "15/02/2026 10:10"),
    (HOURS, {"share": 80}, "15/02/2026 17:22"),
    (HOURS, {"share": 100}, "15/02/2026 22:10"),
    (HOURS, {"after_amount": 2, "after_unit": "hours"}, "16/02/2026 00:10"),
    (HOURS, {"after_amount": 6, "after_unit": "hours"}, "16/02/2026 04:10"),
    (("06/03/2026 16:00", "09/03/2026 10:30", "working_hours"), {"share": 50}, "09/03/2026 08:30"),
    (("06/03/2026 16:00", "09/03/2026 10:30", "working_hours"), {"after_amount": 1, "after_unit": "working_days"}, "11/03/2026 00:00"),
]


@pytest.mark.parametrize(("limit", "columns", "reached"), BY_HAND)
def test_a_rung_is_reached_when_worked_out_by_hand(limit: tuple[str, str, str], columns: dict[str, Any], reached: str) -> None:
    assert rung(**columns).instant(clock(*limit), WEEK) == local(reached)


def test_a_limit_that_rests_reaches_no_rung() -> None:
    resting = clock("02/03/2026 10:00", None, "working_days")
    ladder = [rung(1, share=50), rung(2, after_amount=1, after_unit="working_days")]
    assert next_rung_at(ladder, resting, WEEK) is None
    assert reached_rungs(ladder, resting, WEEK, local("01/01/2030 00:00")) == []


def test_a_late_limit_in_an_open_pause_climbs_no_further() -> None:
    late = clock(*DAYS)
    late.pauses.append(ClockPause(reason="hold", since=local("10/03/2026 09:00")))
    assert rung(after_amount=1, after_unit="working_days").instant(late, WEEK) is None
    late.pauses[0].until = local("12/03/2026 09:00")
    assert rung(after_amount=1, after_unit="working_days").instant(late, WEEK) == local("13/03/2026 00:00")


def test_time_in_a_pause_is_no_share_of_the_time() -> None:
    paused = clock("14/02/2026 10:00", "15/02/2026 20:00", "hours")
    paused.pauses.append(ClockPause(reason="hold", since=local("14/02/2026 12:00"), until=local("14/02/2026 22:00")))
    assert rung(share=50).instant(paused, WEEK) == local("15/02/2026 08:00")


def test_the_next_rung_is_the_lowest_not_climbed_yet() -> None:
    ladder = [rung(1, share=50), rung(2, share=80), rung(3, share=80, role="ops_lead"), rung(4, share=100),
              rung(5, after_amount=3, after_unit="working_days"), rung(6, after_amount=1, after_unit="working_days")]
    limit = clock(*DAYS)
    assert next_rung_at(ladder, limit, WEEK) == local("05/03/2026 08:45")
    assert next_rung_at(ladder, limit, WEEK, {1}) == local("06/03/2026 15:54")
    assert next_rung_at(ladder, limit, WEEK, {1, 2}) == local("06/03/2026 15:54")
    assert next_rung_at(ladder, limit, WEEK, {1, 2, 3, 4}) == local("11/03/2026 00:00")
    assert next_rung_at(ladder, limit, WEEK, {1, 2, 3, 4, 6}) == local("13/03/2026 00:00")
    assert next_rung_at(ladder, limit, WEEK, {1, 2, 3, 4, 5, 6}) is None


def test_what_has_been_reached_comes_the_lowest_first() -> None:
    ladder = [rung(4, share=100), rung(6, after_amount=1, after_unit="working_days"), rung(1, share=50), rung(2, share=80)]
    reached = reached_rungs(ladder, clock(*DAYS), WEEK, local("10/03/2026 00:00"))
    assert [each.id for each in reached] == [1, 2, 4]


@pytest.fixture
def centre_id(sqlite_app: Flask) -> int:
    with unit_of_work():
        seeding.install_rules(build.NOON)
        return build.centre().id


def rule(**columns: Any) -> ReminderRule:
    """A further rule, and the event that says that the rules have changed."""
    row = ReminderRule(**{"kind": "case", "urgency": "normal", "role": "operator", "valid_from": build.LONG_AGO, **columns})
    with unit_of_work():
        db.session.add(row)
        append(RULES_STREAM, "change_rule", by=SYSTEM, at=build.NOON, payload={})
    return row


def shares(centre_id: int, urgency: str = "normal", on: date = DAY) -> list[int | None]:
    return [each.share for each in ladder_of("case", centre_id=centre_id, on=on, urgency=urgency)]


def test_a_centres_own_ladder_replaces_the_installations_as_a_whole(centre_id: int) -> None:
    with unit_of_work():
        other = build.centre("DN", is_default=False).id
    assert shares(centre_id) == [50, 80, 80, 100, 100, None, None]
    rule(centre_id=other, share=60)
    assert shares(other) == [60]
    assert shares(centre_id) == [50, 80, 80, 100, 100, None, None]
    assert len(shares(other, "urgent")) == 7


def test_a_ladder_for_the_urgency_replaces_the_general_one(centre_id: int) -> None:
    rule(centre_id=centre_id, urgency=None, share=10)
    rule(centre_id=centre_id, urgency="urgent", share=20)
    assert shares(centre_id, "urgent") == [20]
    assert shares(centre_id, "normal") == [10]


def test_a_ladder_holds_from_its_day_until_its_end(centre_id: int) -> None:
    rule(centre_id=centre_id, share=60, valid_from=date(2026, 3, 3), valid_to=date(2026, 3, 5))
    assert [shares(centre_id, on=date(2026, 3, day)) == [60] for day in (2, 3, 4, 5)] == [False, True, True, False]


def a_case(centre_id: int, **columns: Any) -> Case:
    given = {"code": "LD-2026-000001", "state": "to_verify", "source": "citizen", "opened_at": build.NOON, "clock_starts": "filing",
             "urgency": "normal", "complexity": "ordinary", "reopened": 0, "is_public": False}
    case = Case(centre_id=centre_id, **{**given, **columns})
    db.session.add(case)
    db.session.flush()
    return case


def test_a_limit_knows_its_first_reminder_and_an_ended_one_has_none(centre_id: int) -> None:
    with unit_of_work():
        case = a_case(centre_id)
        started = start_clock(case, ClockKind.CASE, at=build.NOON)
        assert started.remind_at == local("05/03/2026 08:45")
        move_due(started, local("14/03/2026 00:00"), case=case)
        assert started.remind_at == local("09/03/2026 08:45")
        end_clock(case, ClockKind.CASE, at=local("06/03/2026 10:00"))
        assert started.remind_at is None


def test_a_limit_reminds_of_nothing_while_it_rests(centre_id: int) -> None:
    with unit_of_work():
        case = a_case(centre_id)
        started = start_clock(case, ClockKind.CASE, at=build.NOON)
        move_due(started, None, case=case)
        assert (started.due_at, case.due_at, started.remind_at) == (None, None, None)


def test_what_was_sent_as_urgent_is_to_be_accepted_under_the_urgent_ladder(centre_id: int) -> None:
    with unit_of_work():
        case = a_case(centre_id)
        hurried = start_clock(case, ClockKind.ACCEPTANCE, at=build.NOON, urgency="urgent")
        assert hurried.remind_at == local("02/03/2026 10:15")
        end_clock(case, ClockKind.ACCEPTANCE, at=build.NOON)
        assert start_clock(case, ClockKind.ACCEPTANCE, at=build.NOON, urgency="normal").remind_at == local("02/03/2026 13:30")


def test_nobody_is_reminded_of_the_rating(centre_id: int) -> None:
    with unit_of_work():
        assert start_clock(a_case(centre_id), ClockKind.RATING, at=build.NOON).remind_at is None


def test_a_step_asks_the_database_nothing_more_for_its_reminders(centre_id: int) -> None:
    seen: list[str] = []
    with unit_of_work():
        start_clock(a_case(centre_id), ClockKind.CASE, at=build.NOON)
    with unit_of_work():
        case = a_case(centre_id, code="LD-2026-000002")
        calendar_of(centre_id)
        sqlalchemy_event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        started = start_clock(case, ClockKind.CASE, at=build.NOON)
        assert [each for each in seen if "clock" not in each] == []
        before = len(seen)
        move_due(started, local("14/03/2026 00:00"), case=case)
        assert len(seen) - before <= 1


def test_rules_are_read_again_when_they_have_changed(centre_id: int) -> None:
    assert shares(centre_id)[0] == 50
    row = rule(centre_id=centre_id, share=60)
    assert shares(centre_id) == [60]
    with unit_of_work():
        db.session.delete(db.session.merge(row))
        append(RULES_STREAM, "change_rule", by=SYSTEM, at=build.NOON, payload={})
    assert shares(centre_id)[0] == 50


def test_an_empty_column_of_a_rule_speaks_of_all() -> None:
    general = rung(urgency=None)
    assert general.fits("case", 7, DAY, "urgent")
    assert not replace(general, centre_id=8).fits("case", 7, DAY, "urgent")
    assert not general.fits("approval", 7, DAY, "urgent")


@pytest.mark.exhaustive
def test_a_rung_an_administrator_added_is_climbed_and_one_they_ended_no_more(sqlite_app: Flask) -> None:
    """Through the page's own use cases, in the running program; each desk gets one letter a morning whatever rungs were climbed."""
    world = build.standard_world()
    with unit_of_work():
        db.session.query(Membership).filter_by(account_id=world.people["administrator"].id).one().centre_id = None
    kind, by = KINDS["ladder"], world.actor("administrator")
    half = db.session.scalars(
        select(ReminderRule).where(ReminderRule.kind == "assignment", ReminderRule.urgency == "normal", ReminderRule.share == 50)
    ).one()
    with unit_of_work():
        end_row(kind, db.session.get_one(ReminderRule, half.id), by=by, now=build.NOON, reason="Nhắc muộn hơn.", on=date(2026, 3, 3))
        typed = {"kind": "assignment", "urgency": "normal", "share": "10", "after_amount": "", "after_unit": "", "role": "agency_leader",
                 "merges_into_letter": "1"}  # fmt: skip
        added = add_row(kind, typed, by=by, now=build.NOON, reason="Lãnh đạo biết sớm.", centre_id=None, from_day=date(2026, 3, 3)).id
    before = build.case_at(world, "handling")
    cases = [build.case_at(world, "handling", now=build.NOON + timedelta(days=1)) for _ in range(2)]
    send_reminders(build.NOON + timedelta(days=2))
    leaders = select(OutboxMessage).where(OutboxMessage.template == "reminder_letter", OutboxMessage.recipient.like("desk:agency_leader@%"))
    [letter] = db.session.scalars(leaders)
    assert letter.parameters["codes"] == [case.code for case in cases]
    climbed: dict[str, set[int]] = {}
    send_reminders(build.NOON + timedelta(days=4))                      # by Friday half the time of each is used up
    reminded = select(Case.code, Reminder.rule_id).join(Clock, Clock.id == Reminder.clock_id).join(Case, Case.id == Clock.case_id)
    rows = db.session.execute(reminded)
    for code, rule in rows:
        climbed.setdefault(code, set()).add(rule)
    assert (half.id in climbed[before.code], added in climbed[before.code]) == (True, False), "limits keep the ladder they began under"
    for case in cases:
        assert (half.id in climbed[case.code], added in climbed[case.code]) == (False, True)
