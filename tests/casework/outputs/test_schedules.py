"""What is made and sent by itself: due when the calendar says, ordered once whoever comes, told once, in somebody's name."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from casework import calendars, outputs
from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.files.local import StoredFile
from casework.models import Account, CalendarDay, Event, Membership, OutboxMessage, Output, ReportSchedule
from casework.outputs import actor_of, fail_output, file_of, finish_output, output_seen, retry_output, take_output
from casework.outputs.schedule_lists import agencies_left, outputs_sent_to, people_offered, runs_of, schedule_seen, schedules_seen
from casework.outputs.schedule_runs import MISSED, send_again
from casework.outputs.schedules import Plan, change_schedule, make_schedule, stop_schedule
from casework.permissions import SYSTEM, Actor, NotAllowed
from casework.search.staff_choices import agencies_of
from casework.settings.value_changes import set_value
from reports.statistics.due import run_after
from tests import build
from tests.casework.acting import local
from tests.second_centre import second_world
from workflows import schedules as running
from workflows.schedules import run_schedules

pytestmark = pytest.mark.on_both

NOW = local(3, 3, 9)
"""Tuesday 03/03/2026."""
PLAN = Plan("Báo cáo tháng", "pdf", "08:00", 0, ("ops_lead", "committee_leader"))


def made(world: build.World, kind: str = "period_report", every: str = "month", plan: Plan = PLAN, *, by: str = "ops_lead",
         now: datetime = NOW, agency: str | None = None, **more: Any) -> int:  # fmt: skip
    with unit_of_work():
        of = world.agencies[agency] if agency else None
        return make_schedule(kind, every, plan, centre_id=world.centre.id, agency=of, by=world.actor(by, now), now=now, next_run=run_after,
                             **more).id  # fmt: skip


def row(id_: int) -> ReportSchedule:
    db.session.rollback()
    return db.session.get_one(ReportSchedule, id_)


def runs(id_: int | None = None) -> list[Output]:
    db.session.rollback()
    query = select(Output).where(Output.schedule_id.is_not(None)).order_by(Output.for_at)
    return list(db.session.scalars(query if id_ is None else query.where(Output.schedule_id == id_)))


def told(template: str = "scheduled_output") -> list[str]:
    db.session.rollback()
    query = select(OutboxMessage.recipient).where(OutboxMessage.template == template)
    return list(db.session.scalars(query.order_by(OutboxMessage.id)))


def finish(now: datetime, name: str = "1") -> Output:
    """What the worker does with the order that waits longest."""
    with unit_of_work():
        taken = take_output(now)
        assert taken is not None
        file = StoredFile(f"aa/bb/aabb{name:0>28}", 1, "0" * 64, "k1")
        assert finish_output(taken, file, name="a.pdf", media_type="application/pdf", by=SYSTEM, now=now)
    return db.session.get_one(Output, taken.output_id)


def within(act: Callable[..., Any], id_: int, model: Any = Output, **more: Any) -> None:
    with unit_of_work():
        act(db.session.get_one(model, id_), **more)


@contextmanager
def refused(words: str) -> Iterator[None]:
    with pytest.raises(CaseworkError) as caught:
        yield
    assert re.search(words, caught.value.text.vi), caught.value.text


def test_runs_are_read_page_by_page_each_once(sqlite_app: Flask) -> None:
    world = build.standard_world()
    weekly = made(world, every="week")
    for week in range(5):
        assert run_schedules(local(9, 3, 9) + timedelta(weeks=week)) == 1
    whole = [run.id for run in runs_of(row(weekly))]
    assert whole == [run.id for run in reversed(runs(weekly))]
    first = runs_of(row(weekly), limit=2)
    second = runs_of(row(weekly), before=first[-1].for_at, limit=2)
    third = runs_of(row(weekly), before=second[-1].for_at, limit=2)
    assert [run.id for page in (first, second, third) for run in page] == whole


def test_a_run_is_due_on_a_working_day_after_the_cut_off(sqlite_app: Flask) -> None:
    world = build.standard_world()

    def due(after: datetime, every: str = "month", at: str = "08:00", later: int = 0) -> tuple[str, datetime]:
        run = run_after(after, centre_id=world.centre.id, every=every, clock_time=at, days_after=later)
        return run.period, run.due_at

    # calendar months: February ends with Saturday the 28th, March with a Tuesday, April before two days off and a weekend
    assert due(local(20, 2, 9)) == ("2026-02", local(2, 3, 8))
    assert due(local(2, 3, 8)) == ("2026-03", local(1, 4, 8)), "later than that very instant"
    assert due(local(1, 4, 9)) == ("2026-04", local(4, 5, 8))
    assert due(local(1, 4, 9), later=2) == ("2026-03", local(3, 4, 8))
    assert due(local(3, 3, 9), "quarter") == ("2026-Q1", local(1, 4, 8))
    assert due(local(3, 3, 9), "half_year") == ("2026-H1", local(1, 7, 8))
    # New Year is Friday the 1st; Monday the 4th and five more
    assert due(local(3, 3, 9), "year", later=5) == ("2026", datetime.fromisoformat("2027-01-11T08:00+07:00"))
    # the week of Tết and the one before it are both due on the first working day after
    assert due(local(12, 2, 9), "week")[1] == due(local(17, 2, 9), "week")[1] == local(23, 2, 8)
    with unit_of_work():
        admin, why = world.actor("administrator"), "Theo chỉ đạo."
        for key, value in (("report_cutoff_day", "25"), ("report_cutoff_time", "12:00")):
            set_value(key, value, by=admin, now=NOW, reason=why, centre_id=world.centre.id)
    assert due(local(3, 3, 9)) == ("2026-03", local(26, 3, 8)), "Wednesday the 25th at 12:00: at 08:00 it is the next morning"
    assert due(local(3, 3, 9), at="14:00") == ("2026-03", local(25, 3, 14))
    assert due(local(3, 3, 9), at="12:00") == ("2026-03", local(25, 3, 12))
    assert due(local(26, 3, 8)) == ("2026-04", local(28, 4, 8)), "Saturday the 25th, Sunday, a day off on Monday"
    assert due(local(26, 3, 8), later=2) == ("2026-03", local(30, 3, 8))
    assert due(local(30, 3, 8), later=3) == ("2026-03", local(31, 3, 8))
    assert due(local(31, 3, 8), later=3) == ("2026-04", local(5, 5, 8)), "28, 29, then 4 and 5 May"


def test_two_workers_order_one_and_one_takes_the_place_of_days_missed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build.standard_world()
    monthly, weekly = made(world), made(world, every="week")
    late = made(world, "late", "week", Plan("Trễ", "xlsx", "08:00", 0, ("ops_lead",)))
    assert (row(monthly).next_at, row(weekly).next_at) == (local(1, 4, 8), local(9, 3, 8))
    assert (run_schedules(local(9, 3, 7)), runs()) == (0, [])
    gate, ordered = Barrier(3), list[int]()

    def work() -> None:
        with app.app_context():
            gate.wait()
            ordered.append(run_schedules(local(9, 3, 8)))

    workers = [Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert (sum(ordered), [(each.parameters["period"], each.state) for each in runs(weekly)]) == (2, [("2026-W10", "waiting")])
    assert run_schedules(local(9, 3, 9)) == 0
    assert (row(weekly).next_at, runs(weekly)[0].for_at) == (local(16, 3, 8), local(9, 3))
    # a clock that goes back orders nothing twice
    within(lambda each: setattr(each, "next_at", local(2, 3, 8)), weekly, ReportSchedule)
    assert (run_schedules(local(9, 3, 8)), len(runs(weekly)), row(weekly).next_at) == (0, 1, local(16, 3, 8))
    # three weeks without a worker, over the end of the month: the newest week alone, the others said to be missed; a list is of the moment
    assert run_schedules(local(1, 4, 9)) == 3
    assert [(each.parameters["period"], each.state, each.error) for each in runs(weekly)[1:]] == [
        ("2026-W11", "failed", MISSED.vi), ("2026-W12", "failed", MISSED.vi), ("2026-W13", "waiting", None)]
    assert [each.parameters["period"] for each in runs(late)] == ["2026-W10", "2026-W13"]
    [month] = runs(monthly)
    assert (month.parameters["period"], month.parameters["label"]) == ("2026-03", ["Tháng 3/2026", "March 2026"])
    assert told("schedule_failed") == [], "nobody is called for what was missed"
    # a holiday that was given out late moves a run, a fault of one schedule holds up no other
    with unit_of_work():
        db.session.add(CalendarDay(day=date(2026, 4, 6), kind="off", label_vi="Nghỉ", label_en="Off", source="Thử"))
    calendars._kept.clear()
    assert (run_schedules(local(6, 4, 9)), row(weekly).next_at) == (0, local(7, 4, 8))
    real = running.runs_due

    def broken(now: datetime, **times: Any) -> Any:
        if times["every"] == "week" and times["most"]:
            raise ZeroDivisionError
        return real(now, **times)

    monkeypatch.setattr(running, "runs_due", broken)
    within(lambda each: setattr(each, "next_at", local(1, 4, 8)), monthly, ReportSchedule)
    assert run_schedules(local(7, 4, 8)) == 0
    assert (row(weekly).next_at, row(monthly).next_at) == (local(7, 4, 9), local(4, 5, 8))
    monkeypatch.undo()
    assert run_schedules(local(7, 4, 9)) == 2, "and is tried again an hour later"


def test_it_is_told_once_sent_again_on_demand_and_failures_are_told_to_the_lead_once(app: Flask) -> None:
    world = build.standard_world()
    made(world, plan=Plan("Báo cáo tháng", "pdf", "08:00", 0, ("ops_lead", "committee_leader"), (world.people["operator"].ref,)))
    assert run_schedules(local(1, 4, 8)) == 1
    [run] = runs()
    lead, now = world.actor("ops_lead", local(1, 4, 8)), local(1, 4, 8)
    assert actor_of(run, now=now).own_id == lead.own_id
    desks = [f"desk:ops_lead@c{world.centre.id}", f"desk:committee_leader@c{world.centre.id}", f"account:{world.people['operator'].id}"]
    for _ in range(outputs.MOST_ATTEMPTS):
        with unit_of_work():
            now += timedelta(hours=2)
            taken = take_output(now)
            assert taken is not None
            fail_output(taken, Bilingual("Đĩa đầy.", "The disk is full."), now=now, again=True)
    assert (runs()[0].state, runs()[0].error, told(), told("schedule_failed")) == ("failed", "Đĩa đầy.", [], desks[:1])
    with pytest.raises(NotAllowed):
        within(retry_output, run.id, by=world.actor("operator", now), now=now)
    within(retry_output, run.id, by=world.actor("committee_leader", now), now=now)
    with unit_of_work():
        taken = take_output(now)
        assert taken is not None
        fail_output(taken, Bilingual("Đĩa đầy.", "The disk is full."), now=now, again=False)
    assert told("schedule_failed") == desks[:1], "once for each run"
    with refused("chưa gửi được"):
        within(send_again, run.id, by=lead, now=now)
    within(retry_output, run.id, by=lead, now=now)
    finish(now)
    assert (told(), runs()[0].sent_at, runs()[0].expires_at, runs()[0].error) == (desks, now, None, None)
    message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "scheduled_output")).first()
    assert message is not None
    assert message.parameters == {"output": run.ref, "document": ["Báo cáo kỳ", "Report of a period"],
                                  "period": ["Tháng 3/2026", "March 2026"]}
    # the file goes with a case that leaves the system, and its second making tells nobody anew
    within(lambda each: setattr(each, "state", "expired"), run.id)
    within(retry_output, run.id, by=lead, now=now)
    finish(now, "2")
    assert len(told()) == 3
    with pytest.raises(NotAllowed):
        within(send_again, run.id, by=world.actor("operator", now), now=now)
    for _ in range(2):
        within(send_again, run.id, by=lead, now=now)
    assert (told(), runs()[0].sent_again_at) == ([*desks, *desks], now)
    ended = update(Membership).where(Membership.account_id == world.people["operator"].id).values(valid_to=now.date())
    with unit_of_work():
        db.session.execute(ended)
    now += timedelta(days=1)
    within(send_again, run.id, by=lead, now=now)
    assert told()[6:] == desks[:2], "who lost the role is not told any more"
    assert [event.type for event in db.session.scalars(select(Event).where(Event.stream == "schedules").order_by(Event.id))] == [
        "make_schedule", "order_output", "send_output_again", "send_output_again"]


def test_it_is_made_in_somebodys_name_and_says_so_when_they_are_gone(sqlite_app: Flask) -> None:
    world = build.standard_world()
    id_ = made(world, by="committee_leader", plan=Plan("Báo cáo tháng", "xlsx", "10:00", 0, ("ops_lead",), keep_days=90))
    with unit_of_work():
        leader = update(Membership).where(Membership.account_id == world.people["committee_leader"].id)
        db.session.execute(leader.values(valid_to=NOW.date() + timedelta(days=3)))
    assert run_schedules(local(1, 4, 10)) == 1
    name = world.people["committee_leader"].full_name
    with refused(f"đứng tên {name}.*lưu lại"):
        actor_of(runs()[0], now=local(1, 4, 10))
    lead, now = world.actor("ops_lead", local(1, 4, 10)), local(1, 4, 10)
    # with another time the worker looks at once, and a period that was made is not made again
    within(change_schedule, id_, ReportSchedule, plan=Plan("Báo cáo", "pdf", "07:30", 0, ("ops_lead",), keep_days=90), by=lead, now=now)
    assert (row(id_).made_by_id, row(id_).next_at) == (lead.own_id, now)
    assert (run_schedules(now), len(runs()), row(id_).next_at) == (0, 1, local(4, 5, 7, 30))
    assert actor_of(runs()[0], now=now).own_id == lead.own_id
    finish(now)
    assert runs()[0].expires_at == now + timedelta(days=90)
    # an earlier hour on the very day of a run that was still to come: it is made, not lost
    within(lambda each: setattr(each, "next_at", local(4, 5, 10)), id_, ReportSchedule)
    within(change_schedule, id_, ReportSchedule, plan=Plan("Báo cáo", "pdf", "07:00", 0, ("ops_lead",)), by=lead, now=local(4, 5, 9))
    assert run_schedules(local(4, 5, 9)) == 1
    within(stop_schedule, id_, ReportSchedule, by=lead, now=local(4, 5, 10))
    assert run_schedules(local(1, 7, 9)) == 0
    with refused("đã dừng"):
        within(change_schedule, id_, ReportSchedule, plan=PLAN, by=lead, now=now)
    # nobody is left whom it could be sent to: the file is there, and it says so
    other = made(world, "figures", "week", Plan("Bảng", "csv", "08:00", 0, accounts=(world.people["inspector"].ref,)), now=now,
                 broken_down_by="field")
    with unit_of_work():
        db.session.execute(update(Account).where(Account.login == "inspector").values(disabled_at=now))
    assert run_schedules(local(6, 4, 8)) == 1
    while runs(other)[0].state == "waiting":
        finish(local(4, 5, 9), str(db.session.query(Output).filter_by(state="ready").count() + 5))
    run = runs(other)[0]
    assert (run.state, run.sent_at, run.error, run.parameters["by"]) == ("ready", None, outputs.NOBODY.vi, "field")
    assert told("schedule_failed") == [f"desk:ops_lead@c{world.centre.id}"]


def test_who_may_schedule_and_whom_a_file_opens_to(app: Flask) -> None:
    world = build.standard_world()
    far = second_world(world)
    sheets = Plan("Phiếu", "pdf", "08:00", 0, ("agency_leader",))
    id_ = made(world, "agency_sheet", plan=sheets, agency="PTNMT")
    other = made(world, "agency_sheet", plan=sheets, agency="UBND-LAT")
    for by in ("operator", "leader_PTNMT", "administrator", "inspector", "records_clerk"):
        with pytest.raises(NotAllowed):
            made(world, by=by)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("chọn đơn vị", {"kind": "agency_sheet", "plan": PLAN}), ("cả Trung tâm", {"agency": "PTNMT"}),
        ("Không lập lịch", {"kind": "cases"}),
        ("theo kỳ", {"kind": "yearbook", "every": "month"}), ("dạng đã chọn", {"plan": Plan("a", "json", "08:00", 0, ("ops_lead",))}),
        ("đặt tên", {"plan": Plan(" ", "pdf", "08:00", 0, ("ops_lead",))}),
        ("08:00", {"plan": Plan("a", "pdf", "8 giờ", 0, ("ops_lead",))}),
        ("từ 0 đến", {"plan": Plan("a", "pdf", "08:00", 21, ("ops_lead",))}), ("ít nhất một", {"plan": Plan("a", "pdf", "08:00", 0)}),
        ("thời gian giữ", {"plan": Plan("a", "pdf", "08:00", 0, ("ops_lead",), keep_days=7)}),
        ("nơi nhận này", {"plan": Plan("a", "pdf", "08:00", 0, ("inspector",))}),
        ("đơn vị của mình|đơn vị mình", {"plan": Plan("a", "pdf", "08:00", 0, ("agency_leader",))}),
        ("không được xem", {"plan": Plan("a", "pdf", "08:00", 0, accounts=(world.people["leader_PTNMT"].ref,))}),
        ("không được xem", {"plan": Plan("a", "pdf", "08:00", 0, accounts=(world.people["inspector"].ref,))}),
        ("không được xem", {"plan": Plan("a", "pdf", "08:00", 0, accounts=(far.people["ops_lead"].ref,))}),
        ("Đã có lịch", {"kind": "agency_sheet", "plan": sheets, "agency": "PTNMT"}),
    ]  # fmt: skip
    for words, given in wrong:
        with refused(words):
            made(world, **given)
    assert db.session.scalar(select(func.count(ReportSchedule.id))) == 2
    names = {account.full_name for account in people_offered(world.actor("ops_lead", NOW), now=NOW)}
    assert {world.people[name].full_name for name in ("committee_leader", "leader_PTNMT", "operator", "inspector")} <= names
    assert far.people["ops_lead"] not in people_offered(world.actor("ops_lead", NOW), now=NOW)
    now = local(1, 4, 8)
    assert run_schedules(now) == 2
    files = {finish(now, str(number)).schedule_id: number for number in range(2)}
    assert set(files) == {id_, other}
    refs = {each.schedule_id: each.ref for each in runs()}

    def opens(by: Actor, of: int) -> bool:
        run = output_seen(by, refs[of])
        if run is None:
            with pytest.raises(NotAllowed):
                file_of(db.session.scalars(select(Output).where(Output.ref == refs[of])).one(), by=by, now=now)
            return False
        assert file_of(run, by=by, now=now).output_id == run.id
        return True

    seen = {name: (opens(world.actor(name, now), id_), opens(world.actor(name, now), other)) for name in
            ("leader_PTNMT", "leader_UBND-LAT", "officer_PTNMT", "ops_lead", "committee_leader", "operator", "inspector")}  # fmt: skip
    assert seen == {"leader_PTNMT": (True, False), "leader_UBND-LAT": (False, True), "officer_PTNMT": (False, False),
                    "ops_lead": (True, True), "committee_leader": (True, True), "operator": (False, False), "inspector": (False, False)}
    assert not opens(far.actor("ops_lead", now), id_)
    assert [each.ref for each in outputs_sent_to(world.actor("leader_PTNMT", now), now=now)] == [refs[id_]]
    assert outputs_sent_to(world.actor("operator", now), now=now) == outputs_sent_to(far.actor("ops_lead", now), now=now) == []
    assert [len(schedules_seen(each)) for each in (world.actor("ops_lead", now), far.actor("ops_lead", now))] == [2, 0]
    assert schedule_seen(far.actor("ops_lead", now), row(id_).ref) is None
    with pytest.raises(NotAllowed):
        within(change_schedule, id_, ReportSchedule, plan=sheets, by=far.actor("ops_lead", now), now=now)
    with pytest.raises(NotAllowed):
        within(outputs.drop_output, runs()[0].id, by=world.actor("ops_lead", now), now=now)
    # a leader of before reads nothing of it any more
    with unit_of_work():
        db.session.execute(update(Membership).where(Membership.account_id == world.people["leader_PTNMT"].id).values(valid_to=now.date()))
    assert not opens(world.actor("leader_PTNMT", now), id_)
    assert agencies_left("month", "pdf", centre_id=world.centre.id, now=now) == [
        each for each in agencies_of(world.centre.id, now=now) if each.key not in ("PTNMT", "UBND-LAT")]
