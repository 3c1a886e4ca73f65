"""Climbing the ladder: who is reminded of what, once, in one letter a morning, whoever else is at work meanwhile."""
from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from casework.cases import CaseNotOpen, lock_case
from casework.clocks.acts import ClockKind, move_due, running_clock, schedule_reminder
from casework.clocks.reminders import RemindInput, RemindRefused, morning_after, owing_agencies, remind, send_reminders
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Case, Clock, ClockPause, Event, Note, OutboxMessage, Reminder
from casework.notes.notes import notes_seen_by
from casework.permissions import NotAllowed, desk_name
from casework.working_time import Calendar
from tests import build

NOON = build.NOON
FAR = NOON + timedelta(days=60)


def local(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def told(template: str = "reminder") -> list[tuple[str, str, datetime]]:
    """Recipient, code and instant of each message of a kind."""
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == template).order_by(OutboxMessage.id))
    return [(row.recipient, row.parameters["code"], row.due_at) for row in rows]


def letters() -> dict[str, tuple[list[str], datetime]]:
    """What waits for each desk: codes, and when the letter goes; by the desk's role and the letter's local day."""
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "reminder_letter").order_by(OutboxMessage.id))
    return {f"{row.recipient.removeprefix('desk:').partition('@')[0]} {row.due_at.astimezone(LOCAL_ZONE):%d/%m}":
            (row.parameters["codes"], row.due_at) for row in rows}


def clock_of(case: Case, kind: ClockKind) -> Clock:
    return db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == kind).order_by(Clock.id.desc())).first()


def drained(now: datetime) -> int:
    """Everything that is due, as the worker takes it."""
    number = 0
    while taken := send_reminders(now, limit=7):
        number += taken
    return number


def only(case: Case, kind: ClockKind) -> None:
    """Let no other limit of the case remind anybody."""
    with unit_of_work():
        db.session.execute(update(Clock).where(Clock.case_id == case.id, Clock.kind != kind).values(remind_at=None))


def test_nobody_is_reminded_before_half_the_time_is_used(world: build.World) -> None:
    case = build.case_at(world, "handling")
    first = clock_of(case, ClockKind.ASSIGNMENT).remind_at
    assert first is not None
    assert send_reminders(first - timedelta(microseconds=1)) == 0
    assert send_reminders(first) == 1
    assert send_reminders(first) == 0
    assert list(letters()) == ["officer 05/03"]


def test_a_normal_case_waits_for_the_letter_of_the_next_morning(world: build.World) -> None:
    case = build.case_at(world, "handling")
    only(case, ClockKind.ASSIGNMENT)
    drained(local("06/03/2026 20:00"))
    monday = ([case.code], local("09/03/2026 07:30"))
    assert letters() == {"officer 09/03": monday, "agency_leader 09/03": monday}
    assert told() == []


def test_several_cases_stand_in_one_letter_per_desk_and_morning(world: build.World) -> None:
    cases = [build.case_at(world, "handling", now=NOON + timedelta(minutes=number)) for number in range(3)]
    other = build.case_at(world, "handling", agencies=2)
    drained(local("05/03/2026 08:00"))
    drained(local("05/03/2026 18:00"))
    officers = [row for row in db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "reminder_letter"))
                if row.recipient.startswith("desk:officer@")]
    by_desk = {row.recipient: row.parameters["codes"] for row in officers}
    lead, helping = (desk_name("officer", agency_id=world.agencies[key].id) for key in ("PTNMT", "UBND-LAT"))
    assert sorted(by_desk[f"desk:{lead}"]) == sorted(case.code for case in [*cases, other])
    assert by_desk[f"desk:{helping}"] == [other.code]
    assert len(officers) == 2


def test_a_letter_names_a_case_once_and_the_next_morning_gets_its_own(world: build.World) -> None:
    case = build.case_at(world, "handling")
    only(case, ClockKind.ASSIGNMENT)
    drained(local("05/03/2026 20:00"))
    drained(local("06/03/2026 20:00"))
    drained(local("09/03/2026 07:30"))
    assert {key: codes for key, (codes, _) in letters().items()} == {
        "officer 06/03": [case.code], "officer 09/03": [case.code], "agency_leader 09/03": [case.code],
        "officer 10/03": [case.code], "agency_leader 10/03": [case.code]}


def test_an_urgent_case_reminds_at_once_each_rung_of_its_own(world: build.World) -> None:
    case = build.case_at(world, "handling", urgent=True)
    only(case, ClockKind.ASSIGNMENT)
    clock = clock_of(case, ClockKind.ASSIGNMENT)
    officer, leader = (desk_name(role, agency_id=case.assignments[0].agency_id) for role in ("officer", "agency_leader"))
    ops, committee = (desk_name(role, centre_id=case.centre_id) for role in ("ops_lead", "committee_leader"))
    assert clock.due_at is not None
    seen = []
    moment = NOON
    while moment < clock.due_at + timedelta(hours=8):
        moment += timedelta(minutes=10)
        drained(moment)
        new = [recipient.removeprefix("desk:") for recipient, _, at in told() if at == moment]
        if new:
            seen.append(sorted(new))
    assert seen == [[officer], sorted([officer, leader]), sorted([officer, leader]), [ops], [committee]]
    assert letters() == {}
    assert all(code == case.code for _, code, _ in told())


def test_a_late_worker_reminds_each_desk_once(world: build.World) -> None:
    case = build.case_at(world, "handling", urgent=True)
    only(case, ClockKind.ASSIGNMENT)
    assert send_reminders(FAR) == 1
    recipients = [recipient for recipient, _, _ in told()]
    assert len(recipients) == len(set(recipients)) == 4
    assert len(db.session.scalars(select(Reminder)).all()) == 7
    assert clock_of(case, ClockKind.ASSIGNMENT).remind_at is None


def test_a_rung_once_climbed_is_not_climbed_again_after_the_limit_has_moved(world: build.World) -> None:
    case = build.case_at(world, "handling")
    only(case, ClockKind.CASE)
    half = clock_of(case, ClockKind.CASE).remind_at
    assert half is not None
    assert send_reminders(half) == 1
    with unit_of_work():
        locked = lock_case(case.id)
        clock = running_clock(locked, ClockKind.CASE)
        assert clock is not None
        assert clock.due_at is not None
        move_due(clock, clock.due_at + timedelta(days=7), case=locked)
        assert clock.remind_at > half
    again = clock_of(case, ClockKind.CASE).remind_at
    assert send_reminders(again) == 1
    assert len(db.session.scalars(select(Reminder)).all()) == 1
    next_one = clock_of(case, ClockKind.CASE).remind_at
    assert next_one > again
    assert send_reminders(next_one) == 1
    assert {key.split()[0] for key in letters()} == {"operator", "ops_lead"}


def test_a_case_that_rests_reminds_nobody_until_it_goes_on(world: build.World) -> None:
    case = build.case_at(world, "handling")
    only(case, ClockKind.CASE)
    since, until = local("04/03/2026 10:00"), local("11/03/2026 10:00")
    with unit_of_work():
        locked = lock_case(case.id)
        clock = running_clock(locked, ClockKind.CASE)
        assert clock is not None
        locked.paused_for = "hold"
        clock.pauses.append(ClockPause(reason="hold", since=since, due_before=clock.due_at))
        move_due(clock, None, case=locked)
    assert send_reminders(until) == 0
    with unit_of_work():
        locked = lock_case(case.id)
        clock = running_clock(locked, ClockKind.CASE)
        assert clock is not None
        locked.paused_for, clock.pauses[0].until = None, until
        move_due(clock, local("18/03/2026 00:00"), case=locked)
    assert send_reminders(until) == 0
    assert send_reminders(local("13/03/2026 17:00")) == 1


def test_a_late_limit_of_a_case_that_rests_waits_too(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        lock_case(case.id).paused_for = "hold"
    assert send_reminders(FAR) == 0
    with unit_of_work():
        lock_case(case.id).paused_for = None
    assert send_reminders(FAR) > 0


def test_an_officer_who_has_submitted_is_left_alone_and_the_leader_reminded(world: build.World) -> None:
    case = build.case_at(world, "approval", urgent=True)
    with unit_of_work():
        db.session.execute(update(Clock).where(Clock.kind.not_in(("assignment", "approval"))).values(remind_at=None))
    drained(FAR)
    roles = {recipient.removeprefix("desk:").partition("@")[0] for recipient, _, _ in told()}
    assert roles == {"agency_leader", "ops_lead", "committee_leader"}
    assert case.code in {code for _, code, _ in told()}


def test_who_decides_in_the_leaders_place_is_reminded_in_the_leaders_place(world: build.World) -> None:
    case = build.case_at(world, "approval", urgent=True)
    committee = desk_name("committee_leader", centre_id=case.centre_id)
    with unit_of_work():
        lock_case(case.id).assignments[0].approval_desk = committee
    only(case, ClockKind.APPROVAL)
    clock = clock_of(case, ClockKind.APPROVAL)
    assert clock.remind_at is not None
    drained(clock.remind_at)
    assert [recipient for recipient, _, _ in told()] == [f"desk:{committee}"]


def test_two_limits_of_one_case_may_remind_one_desk_at_one_moment(world: build.World) -> None:
    case = build.case_at(world, "to_publish", urgent=True)
    drained(FAR)
    operator = f"desk:{desk_name('operator', centre_id=case.centre_id)}"
    assert [recipient for recipient, _, _ in told()].count(operator) == 2


def test_an_answered_case_reminds_nobody(world: build.World) -> None:
    build.case_at(world, "rating")
    assert db.session.scalars(select(Clock).where(Clock.remind_at.is_not(None))).all() == []
    assert send_reminders(FAR) == 0


def test_a_case_that_cannot_be_read_keeps_no_other_from_its_reminders(
    world: build.World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = build.case_at(world, "to_distribute"), build.case_at(world, "to_distribute")

    def fails(case_id: int) -> Case:
        if case_id == broken_id:
            raise RuntimeError("words that belong into no log")
        return lock_case(case_id)

    broken_id = broken.id
    monkeypatch.setattr("casework.clocks.reminders.lock_case", fails)
    assert send_reminders(FAR) == 1
    assert next(codes for codes, _ in letters().values()) == [sound.code]
    assert [(record.message, record.case, record.error) for record in caplog.records] == [("reminders put off", broken_id, "RuntimeError")]


def side_by_side(app: Flask, *works: Callable[[], object]) -> None:
    """Each in a thread and a session of its own, begun at one moment; what one raises fails the test."""
    barrier, failures = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                work()
            except Exception as failure:
                failures.append(failure)
            finally:
                db.session.remove()

    db.session.rollback()
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert failures == []


@pytest.mark.exhaustive
def test_workers_beside_each_other_climb_each_rung_once(app: Flask) -> None:
    world = build.standard_world()
    cases = [build.case_at(world, "handling", urgent=number % 2 == 0, agencies=2) for number in range(6)]
    codes = {case.code for case in cases}

    def work() -> None:
        for _ in range(12):
            send_reminders(FAR, limit=5)

    side_by_side(app, work, work, work)
    assert send_reminders(FAR) == 0
    assert db.session.scalars(select(Clock).where(Clock.remind_at <= FAR)).all() == []
    climbed = db.session.execute(select(Reminder.clock_id, Reminder.rule_id)).all()
    assert len(climbed) == len(set(climbed)) > 6 * 7
    messages = [(recipient, code, at) for recipient, code, at in told()]
    assert {code for _, code, _ in messages} == {case.code for case in cases if case.is_urgent}
    in_letters = [codes for codes, _ in letters().values()]
    assert all(len(listed) == len(set(listed)) for listed in in_letters)
    assert set().union(*in_letters) == {case.code for case in cases if not case.is_urgent}
    assert codes == {code for _, code, _ in messages}.union(*in_letters)


@pytest.mark.exhaustive
def test_a_worker_goes_round_a_case_somebody_is_at_work_on(postgres_environment: dict[str, str]) -> None:
    """On PostgreSQL others go on; SQLite has one writer at a time, so there is nobody to go round."""
    from tests.conftest import running
    from web.config import Config

    with running(Config.from_environment(postgres_environment)) as app:
        world = build.standard_world()
        held, free = (build.case_at(world, "to_distribute") for _ in range(2))
        codes, held_id = {held.code, free.code}, held.id
        is_held, is_over = threading.Event(), threading.Event()

        def hold() -> None:
            with unit_of_work():
                lock_case(held_id)
                is_held.set()
                assert is_over.wait(30)

        def work() -> None:
            assert is_held.wait(30)
            try:
                assert send_reminders(FAR) == 1
            finally:
                is_over.set()

        side_by_side(app, hold, work)
        assert send_reminders(FAR) == 1
        assert {code for listed, _ in letters().values() for code in listed} == codes


@pytest.mark.on_both
def test_a_click_that_ends_the_limit_first_wins(world: build.World) -> None:
    """What was found due is read again under the lock: the step done meanwhile has ended the limit."""
    case = build.case_at(world, "to_verify")
    clock = clock_of(case, ClockKind.ACCEPTANCE)
    with unit_of_work():
        schedule_reminder(clock, case)
    build.verify(world, case)
    assert send_reminders(FAR) == 0


MORNINGS = [
    ("06/03/2026 07:29", "06/03/2026 07:30"), ("06/03/2026 07:30", "09/03/2026 07:30"), ("06/03/2026 20:00", "09/03/2026 07:30"),
    ("07/03/2026 03:00", "09/03/2026 07:30"), ("21/08/2026 17:00", "22/08/2026 07:30"),
]


@pytest.mark.parametrize(("now", "morning"), MORNINGS)
def test_the_letter_goes_when_the_offices_open_next(now: str, morning: str) -> None:
    calendar = Calendar(worked_days=frozenset({date(2026, 8, 22)}))
    assert morning_after(local(now), calendar) == local(morning)


class TestByHand:
    def test_the_centre_reminds_an_agency_with_words_only_that_agency_and_the_centre_read(self, world: build.World) -> None:
        case = build.case_at(world, "handling", agencies=2)
        first, second = case.assignments
        _remind(world, case, "operator", first.ref, words=" Xin báo tiến độ. ")
        [note] = db.session.scalars(select(Note))
        assert (note.body, note.kind, note.audience, note.assignment_id) == ("Xin báo tiến độ.", "reminder", "agency", first.id)
        assert told("reminder_by_hand")[0][0] == f"desk:{desk_name('officer', agency_id=first.agency_id)}"
        event = db.session.scalars(select(Event).where(Event.type == "remind")).one()
        assert event.payload == {"agency": first.agency.key}
        readers = {name: len(notes_seen_by(world.actor(name), case)) for name in (
            f"officer_{first.agency.key}", f"officer_{second.agency.key}", "operator", "committee_leader")}
        assert list(readers.values()) == [1, 0, 1, 1]

    def test_who_decides_is_reminded_of_an_answer_that_waits(self, world: build.World) -> None:
        case = build.case_at(world, "approval")
        _remind(world, case, "committee_leader", case.assignments[0].ref)
        assert told("reminder_by_hand")[0][0] == f"desk:{case.assignments[0].approval_desk}"
        assert db.session.scalars(select(Note)).all() == []

    def test_an_agency_that_owes_nothing_is_not_reminded(self, world: build.World) -> None:
        case, other = build.case_at(world, "handling"), build.case_at(world, "handling")
        with pytest.raises(RemindRefused):
            _remind(world, case, "operator", other.assignments[0].ref, of=other)
        done = build.case_at(world, "to_publish")
        with pytest.raises(RemindRefused):
            _remind(world, done, "operator", done.assignments[0].ref)
        with pytest.raises(RemindRefused, match="characters"):
            _remind(world, case, "operator", case.assignments[0].ref, words="a" * 2_001)

    def test_an_agency_that_waits_for_the_centre_is_not_reminded(self, world: build.World) -> None:
        case = build.case_at(world, "at_agency")
        agency = case.assignments[0].agency
        build.do(world, case, "accept_assignment", f"officer_{agency.key}", agency=agency, act="hand_back", reason="Không đúng thẩm quyền")
        with pytest.raises(RemindRefused, match="waits for the centre"):
            _remind(world, case, "operator", case.assignments[0].ref)

    def test_of_several_agencies_those_that_owe_an_answer_are_reminded(self, world: build.World) -> None:
        case = build.case_at(world, "at_agency", agencies=2)
        first, second = case.assignments
        back = {"agency": first.agency, "act": "hand_back", "reason": "Không đúng thẩm quyền"}
        build.do(world, case, "accept_assignment", f"officer_{first.agency.key}", **back)
        assert owing_agencies(case) == [second]
        with pytest.raises(RemindRefused, match="waits for the centre"):
            owing_agencies(case, assignment_id=first.id)
        with pytest.raises(RemindRefused, match="No agency owes an answer any more"):
            owing_agencies(build.case_at(world, "to_publish"))
        with pytest.raises(RemindRefused, match="nobody to remind"):
            owing_agencies(build.case_at(world, "to_verify"))

    def test_nobody_is_reminded_while_the_case_stands_still(self, world: build.World) -> None:
        case = build.case_at(world, "handling")
        with unit_of_work():
            lock_case(case.id).paused_for = "hold"
        with pytest.raises(CaseNotOpen):
            _remind(world, case, "operator", case.assignments[0].ref)

    @pytest.mark.parametrize("name", ["officer_PTNMT", "leader_PTNMT", "citizen", "administrator", "guest"])
    def test_others_remind_nobody(self, world: build.World, name: str) -> None:
        case = build.case_at(world, "handling")
        with pytest.raises(NotAllowed):
            _remind(world, case, name, case.assignments[0].ref)


def _remind(world: build.World, case: Case, by: str, assignment_ref: str, *, words: str = "", of: Case | None = None) -> None:
    now, actor = build.next_moment(case), world.actor(by)
    with unit_of_work():
        locked = lock_case(case.id)
        assignment = next(row for row in (of or locked).assignments if row.ref == assignment_ref)
        remind(locked, RemindInput(assignment=assignment, words=words), by=actor, now=now)
