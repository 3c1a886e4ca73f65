"""A day becomes off or worked: open limits are counted anew, with an event each, and what has passed is not revived."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask

from casework.calendars import calendar_of
from casework.cases import lock_case
from casework.clocks import calendar_changes
from casework.clocks.acts import ClockKind, move_due, running_clock
from casework.clocks.calendar_changes import CalendarChangeRefused, recount_after_calendar_change, set_calendar_day
from casework.clocks.pauses import pause_clocks, resume_clocks
from casework.db import db, unit_of_work
from casework.models import CalendarChange, CalendarDay, Case, Event, Membership, OutboxMessage
from casework.permissions import NotAllowed
from casework.states import Pause
from casework.triage.reclassification import reclassify
from casework.verification.cases import check_cases
from tests import build
from tests import merged as joined
from tests.build import World
from tests.casework.acting import clock, local, run, told

FRIDAY = date(2026, 3, 6)
SATURDAY = date(2026, 3, 7)


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def day(world: World, on: date = FRIDAY, kind: str | None = "off", *, now: datetime | None = None, by: str = "administrator",
        **said: Any) -> CalendarChange:
    words = {"label_vi": "Nghỉ bão", "label_en": "Storm", "source": "Công văn 12/UBND", "centre_id": world.centre.id}
    now = now or local(3, 3, 8)
    with unit_of_work():
        return set_calendar_day(day=on, kind=kind, by=world.actor(by), now=now, **{**words, **said})


def recounted(now: datetime | None = None, **limit: int) -> int:
    return recount_after_calendar_change(now or local(3, 3, 9), **limit)


def recounts(case: Case) -> list[dict[str, Any]]:
    rows = db.session.query(Event).filter_by(case_id=case.id, type="recount_due").order_by(Event.seq)
    return [row.payload or {} for row in rows]


def test_a_day_off_moves_the_case_and_its_agencies(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)            # due 12/03 00:00, the agencies 11/03 07:30
    change = day(world)
    assert recounted() == 1
    assert case.due_at == local(13, 3)
    assert {row.due_at for row in case.open_assignments} == {local(12, 3, 7, 30)}
    assert [(told["clock"], told["agency"], told["changes"]) for told in recounts(case)] == [
        ("case", None, [change.id]), ("assignment", "PTNMT", [change.id]), ("assignment", "UBND-LAT", [change.id])]
    assert (recounts(case)[0]["old"], recounts(case)[0]["new"]) == (local(12, 3).isoformat(), local(13, 3).isoformat())
    said = db.session.query(OutboxMessage).filter_by(template="due_moved").order_by(OutboxMessage.id.desc()).first()
    assert said is not None
    assert (said.parameters["reason"], said.parameters["due_at"]) == ("calendar", local(13, 3).isoformat())
    assert clock(case).first_due_at == local(12, 3)
    assert recounted() == 0
    assert db.session.query(CalendarChange).one().finished_at == local(3, 3, 9)


def test_the_change_is_an_event_of_the_rules_and_takes_effect_at_once(world: World) -> None:
    assert calendar_of(world.centre.id).is_working_day(FRIDAY)
    change = day(world)
    said = db.session.query(Event).filter_by(stream="rules", type="set_calendar_day").one()
    assert said.payload == {"change": change.id, "centre_id": world.centre.id, "day": "2026-03-06", "kind": "off", "before": None}
    assert not calendar_of(world.centre.id).is_working_day(FRIDAY)
    assert build.case_at(world, "to_distribute").due_at == local(11, 3)


def test_hours_of_the_office_are_counted_anew(small: World) -> None:
    case = build.case_at(small, "to_verify", now=local(5, 3, 16))  # 4 working hours: due Friday 10:30
    day(small, now=local(5, 3, 16, 30))
    recounted(local(5, 3, 17))
    assert clock(case, ClockKind.ACCEPTANCE).due_at == local(9, 3, 10, 30)
    assert told("due_moved") == []


def test_a_day_that_becomes_worked_takes_no_promised_day_back(world: World) -> None:
    case = build.case_at(world, "handling")
    day(world, SATURDAY, "worked")
    recounted()
    assert case.due_at == local(10, 3)
    assert (recounts(case), told("due_moved")) == ([], [])
    assert build.case_at(world, "to_distribute").due_at == local(8, 3)


def test_a_day_that_becomes_ordinary_again_gives_nothing_back_either(small: World) -> None:
    case = build.case_at(small, "handling")
    day(small)
    recounted()
    day(small, kind=None, now=local(3, 3, 10))
    recounted(local(3, 3, 11))
    assert calendar_of(small.centre.id).is_working_day(FRIDAY)
    assert case.due_at == local(11, 3)
    day(small, now=local(3, 3, 12))
    recounted(local(3, 3, 13))
    assert case.due_at == local(11, 3)


def test_two_days_off_are_counted_in_one_go(world: World) -> None:
    case = build.case_at(world, "handling")
    changes = [day(world), day(world, date(2026, 3, 5), now=local(3, 3, 8, 30))]
    assert recounted() == 1
    assert (case.due_at, case.open_assignments[0].due_at) == (local(12, 3), local(11, 3, 7, 30))
    assert [told["changes"] for told in recounts(case)] == [[change.id for change in changes]] * 2
    assert len(told("due_moved")) == 1


@pytest.mark.exhaustive
def test_a_day_off_set_while_another_is_being_counted_is_counted_for_everybody_once(small: World) -> None:
    cases = [build.case_at(small, "handling") for _ in range(3)]
    day(small)
    assert recounted(limit=1) == 1
    day(small, date(2026, 3, 5), now=local(3, 3, 9, 30))
    recounted(local(3, 3, 10))
    assert [(case.due_at, case.open_assignments[0].due_at) for case in cases] == [(local(12, 3), local(11, 3, 7, 30))] * 3


def test_what_began_after_the_change_is_not_given_its_day_twice(small: World) -> None:
    day(small)
    case = build.case_at(small, "handling", now=local(3, 3, 8, 10))
    due = (case.due_at, case.open_assignments[0].due_at)
    recounted(local(3, 3, 11))
    assert due == (case.due_at, case.open_assignments[0].due_at) == (local(12, 3), local(11, 3, 7, 30))
    assert recounts(case) == []


def test_what_has_passed_is_not_revived(world: World) -> None:
    case = build.case_at(world, "handling")                        # due 10/03 00:00, the agency 09/03 07:30
    day(world, now=local(9, 3, 8))
    recounted(local(9, 3, 9))
    assert (case.due_at, case.open_assignments[0].due_at) == (local(11, 3), local(9, 3, 7, 30))
    late = build.case_at(world, "handling", now=local(20, 2, 10))
    before = late.due_at
    day(world, date(2026, 2, 24), now=local(9, 3, 10))
    recounted(local(9, 3, 11))
    assert late.due_at == before


def test_an_extension_keeps_its_working_days(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        locked = lock_case(case.id)
        for kind, due in ((ClockKind.CASE, local(14, 3)), (ClockKind.ASSIGNMENT, local(13, 3))):
            own = running_clock(locked, kind)
            assert own is not None
            move_due(own, due, case=locked, assignment=locked.open_assignments[0])
    day(small)
    recounted()
    assert (case.due_at, case.open_assignments[0].due_at) == (local(17, 3), local(16, 3, 7, 30))


def test_a_limit_an_operator_set_earlier_keeps_its_working_days(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        locked = lock_case(case.id)
        own = running_clock(locked, ClockKind.ASSIGNMENT)
        assert own is not None
        move_due(own, local(6, 3), case=locked, assignment=locked.open_assignments[0])
    day(small, date(2026, 3, 10))
    recounted()
    assert (case.due_at, case.open_assignments[0].due_at) == (local(10, 3), local(6, 3))
    day(small, date(2026, 3, 4), now=local(3, 3, 10))
    recounted(local(3, 3, 11))
    assert (case.due_at, case.open_assignments[0].due_at) == (local(12, 3), local(7, 3))


def test_an_urgent_case_does_not_care(small: World) -> None:
    case = build.case_at(small, "handling", urgent=True)
    day(small, date(2026, 3, 3), now=local(2, 3, 14))
    assert recounted() == 0
    assert case.due_at == local(3, 3, 10)


def test_what_was_made_urgent_keeps_its_instant(small: World) -> None:
    case = build.case_at(small, "handling")
    run(reclassify, case, small.actor("operator"), now=local(5, 3, 9), field=small.field(), urgency="urgent", complexity="ordinary",
        area=small.area, village=case.village, reason="Có người bị thương.")
    day(small, now=local(5, 3, 10))
    recounted(local(5, 3, 11))
    assert (case.due_at, case.open_assignments[0].due_at) == (local(6, 3, 9), local(6, 3, 7))


def test_a_case_that_rests_takes_the_day_along_when_it_goes_on(world: World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=Pause.HOLD, until=None, at=local(4, 3, 15))     # Thursday, Friday, Monday left
    day(world, now=local(5, 3, 8))
    assert recounted(local(5, 3, 9)) == 1
    assert (case.due_at, told("due_moved")) == (None, [])
    assert [row.due_before for row in clock(case).pauses] == [local(11, 3)]
    with unit_of_work():
        resume_clocks(lock_case(case.id), at=local(9, 3, 9))
    assert (case.due_at, case.open_assignments[0].due_at) == (local(13, 3), local(12, 3, 7, 30))


def test_a_case_that_was_late_when_it_began_to_rest_stays_late(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=Pause.HOLD, until=None, at=local(10, 3, 9))
    day(small, now=local(10, 3, 10))
    recounted(local(10, 3, 11))
    assert case.due_at == local(10, 3)


@pytest.mark.exhaustive
def test_it_goes_case_by_case_and_goes_on_where_it_was_killed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [build.case_at(world, "to_distribute") for _ in range(4)]
    day(world)
    assert recounted(limit=1) == 1
    counted = calendar_changes.lock_case

    def killed(case_id: int) -> Case:
        if case_id == cases[2].id:
            raise KeyboardInterrupt
        return counted(case_id)

    with monkeypatch.context() as patch:
        patch.setattr(calendar_changes, "lock_case", killed)
        with pytest.raises(KeyboardInterrupt):
            recounted()
    assert [case.due_at == local(11, 3) for case in cases] == [True, True, False, False]
    assert recounted() == 2
    assert [case.due_at for case in cases] == [local(11, 3)] * 4
    assert [len(recounts(case)) for case in cases] == [1] * 4


def test_a_centre_changes_its_own_cases_alone(small: World) -> None:
    case = build.case_at(small, "to_distribute")
    with unit_of_work():
        other = build.centre("DN", is_default=False)
        build.staff(small, "guest_admin", build.Role.ADMINISTRATOR)
        small.people["guest_admin"].memberships[0].centre_id = other.id
    with pytest.raises(NotAllowed):
        day(small, by="guest_admin")
    day(small, by="guest_admin", centre_id=other.id)
    assert recounted() == 0
    assert case.due_at == local(10, 3)


def test_only_an_administrator_of_the_installation_changes_it_for_all(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    with pytest.raises(NotAllowed):
        day(world, centre_id=None)
    with unit_of_work():
        db.session.query(Membership).filter_by(account_id=world.people["administrator"].id).one().centre_id = None
    day(world, centre_id=None)
    assert recounted() == 1
    assert case.due_at == local(11, 3)


# -- what cannot be counted ---------------------------------------------------------------------------------------------


def breaking(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """Let this case, and no other, fail to be counted."""
    broken_id = case.id

    def fails(case_id: int) -> Case:
        if case_id == broken_id:
            raise RuntimeError("words that belong into no log")
        return lock_case(case_id)

    monkeypatch.setattr(calendar_changes, "lock_case", fails)


def test_a_case_that_cannot_be_counted_stops_no_other_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = build.case_at(world, "to_distribute"), build.case_at(world, "to_distribute")
    broken_id = broken.id
    change = day(world)
    breaking(monkeypatch, broken)
    assert recounted() == 2
    assert (broken.due_at, sound.due_at) == (local(10, 3), local(11, 3))
    assert [(record.message, record.case, record.error) for record in caplog.records] == [
        ("calendar change put off", broken_id, "RuntimeError")]
    assert (db.session.query(CalendarChange).one().put_off, recounted()) == ([broken_id], 1)
    assert db.session.query(CalendarChange).one().finished_at is None, "it waits for the case"
    monkeypatch.undo()
    assert recounted(local(3, 3, 10)) == 1
    assert (broken.due_at, sound.due_at) == (local(11, 3), local(11, 3))
    assert [said["changes"] for case in (broken, sound) for said in recounts(case)] == [[change.id]] * 2
    assert db.session.query(CalendarChange).one().finished_at == local(3, 3, 10)
    assert recounted() == 0


def test_a_case_put_off_is_counted_once_for_that_change_and_the_next(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(small, "to_distribute")
    changes = [day(small)]
    breaking(monkeypatch, case)
    recounted()
    monkeypatch.undo()
    changes.append(day(small, date(2026, 3, 5), now=local(3, 3, 10)))
    assert recounted(local(3, 3, 11)) == 2
    assert case.due_at == local(12, 3)
    assert [said["changes"] for said in recounts(case)] == [[change.id for change in changes]]
    assert all(change.finished_at for change in db.session.query(CalendarChange))


# -- merged meanwhile ---------------------------------------------------------------------------------------------------


def merged(world: World) -> tuple[Case, Case]:
    """A case merged into another one, a moment before 08:00 on 3 March."""
    case, into = (build.case_at(world, "to_distribute", by=name) for name in ("citizen_2", "citizen"))
    joined.merge(world, case, into)
    return case, into


def test_a_case_that_comes_back_from_a_merge_has_the_days_of_the_new_calendar(world: World) -> None:
    case, into = merged(world)
    report = case.reports[0].report
    change = day(world)
    recounted()
    assert (into.due_at, case.due_at) == (local(11, 3), local(10, 3))
    joined.split(world, into, report, now=local(3, 3, 10))
    assert case.due_at == clock(case).due_at == local(11, 3)
    assert [(said["clock"], said["changes"], said["new"]) for said in recounts(case)] == [("case", [change.id], local(11, 3).isoformat())]
    assert joined.told(report)[-2:] == ["due_moved", "report_split"]
    assert not list(check_cases(now=local(3, 3, 11)))


@pytest.mark.parametrize("is_counted_before", [True, False])
def test_a_change_counts_once_for_a_case_that_was_merged(small: World, is_counted_before: bool) -> None:
    case, into = (build.case_at(small, "to_distribute", by=name) for name in ("citizen_2", "citizen"))
    day(small)
    if is_counted_before:
        recounted()
    report = case.main_report
    joined.merge(small, case, into, now=local(3, 3, 10))
    joined.split(small, into, report, now=local(3, 3, 11))
    recounted(local(3, 3, 12))
    assert (case.due_at, len(recounts(case))) == (local(11, 3), 1)


def test_an_extended_case_that_was_merged_is_counted_once_for_a_change(small: World) -> None:
    case, into = (build.case_at(small, "to_distribute", by=name) for name in ("citizen_2", "citizen"))
    with unit_of_work():
        locked = lock_case(case.id)
        whole = running_clock(locked, ClockKind.CASE)
        assert whole is not None
        whole.extended_at = local(2, 3, 13)
        move_due(whole, local(12, 3), case=locked)
    day(small)
    recounted(limit=1)                                             # the worker comes to the other case after the merge
    report = case.main_report
    joined.merge(small, case, into, now=local(3, 3, 10))
    recounted(local(3, 3, 10, 30))
    joined.split(small, into, report, now=local(3, 3, 11))
    assert (case.due_at, len(recounts(case))) == (local(13, 3), 1)


def test_what_passed_while_a_case_was_merged_is_not_revived(small: World) -> None:
    case, into = merged(small)
    report = case.reports[0].report
    day(small, now=local(9, 3, 8))
    joined.split(small, into, report, now=local(10, 3, 8))
    assert (case.due_at, recounts(case)) == (local(10, 3), [])


def test_what_all_centres_have_off_a_centre_may_work(small: World) -> None:
    holiday = date(2026, 4, 30)
    assert not calendar_of(small.centre.id).is_working_day(holiday)
    day(small, holiday, "worked")
    assert calendar_of(small.centre.id).is_working_day(holiday)
    case = build.case_at(small, "to_distribute", now=local(24, 4, 15))
    due = case.due_at
    with unit_of_work():
        db.session.query(Membership).filter_by(account_id=small.people["administrator"].id).one().centre_id = None
    day(small, holiday, None, centre_id=None)                      # changes nothing for a centre with a row of its own
    recounted()
    assert case.due_at == due
    day(small, holiday, None)
    recounted()
    assert (case.due_at, calendar_of(small.centre.id).is_working_day(holiday)) == (due, True)


@pytest.mark.parametrize(
    ("said", "match"),
    [({"kind": "holiday"}, "off or a day worked"), ({"label_vi": ""}, "both languages"), ({"label_en": "x" * 121}, "120"),
     ({"source": " "}, "act"), ({"kind": None}, "not in the calendar")],
)
def test_refused_as_it_cannot_be_set(small: World, said: dict[str, Any], match: str) -> None:
    with pytest.raises(CalendarChangeRefused, match=match):
        day(small, **said)
    assert db.session.query(CalendarChange).count() == 0


def test_the_same_again_is_refused_and_another_name_is_not(small: World) -> None:
    day(small)
    with pytest.raises(CalendarChangeRefused, match="already"):
        day(small)
    day(small, label_en="Typhoon", now=local(3, 3, 8, 30))
    assert db.session.query(CalendarDay).filter_by(centre_id=small.centre.id).one().label_en == "Typhoon"


def test_an_operator_changes_no_calendar(small: World) -> None:
    with pytest.raises(NotAllowed):
        day(small, by="operator")
