"""One day for a limit wherever it stands: clock, case, agency, the open step in the inbox and the timer behind it move as one."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

import migrations
from casework.cases import lock_case
from casework.clocks.acts import ClockKind, move_due, running_clock
from casework.clocks.calendar_changes import recount_after_calendar_change, set_calendar_day
from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Assignment, Case, ClockRule, ElementSetting
from casework.permissions import Role
from casework.settings.elements import element_rule
from casework.verification.cases import check_cases
from tests import build, reorganised, tampering
from tests import drawn_steps as drawn
from tests.build import World
from tests.casework.acting import local
from tests.conftest import running
from tests.second_centre import add_rule, of_the_installation, second_world
from tests.workflows.drawing import Drawing
from tests.workflows.moving import cases as moves
from web.config import Config
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.models import Timer, WaitingTask
from workflows.verification import check_process

STORM = date(2026, 3, 6)
CHANGED, COUNTED = local(3, 3, 8), local(3, 3, 9)
GOING = ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish", "rating")

OPEN_STEPS = select(WaitingTask.id, WaitingTask.due_at).where(WaitingTask.state.in_(("waiting", "frozen")))


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for what cannot differ between the two."""
    return build.standard_world()


def faults(now: datetime = COUNTED) -> list[str]:
    with one_moment():
        return [str(found) for found in (*check_cases(now=now), *check_process()) if found.is_fault]


def storm(world: World, *, now: datetime = CHANGED) -> None:
    """A day off in every centre."""
    of_the_installation(world, "everywhere", Role.ADMINISTRATOR)
    with unit_of_work():
        set_calendar_day(centre_id=None, day=STORM, kind="off", label_vi="Nghỉ bão", label_en="Storm", source="Công văn 12/UBND",
                         by=world.actor("everywhere"), now=now)


def counted_anew() -> int:
    found = recount_after_calendar_change(COUNTED)
    db.session.expire_all()
    return found


def dues(case: Case) -> dict[str, datetime]:
    """By element, when each open step of a case is due as the inbox sorts it."""
    db.session.expire_all()
    query = select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.state.in_(("waiting", "frozen")))
    return {row.element: row.due_at for row in db.session.scalars(query)}


def promised(case: Case, kind: ClockKind, assignment: Assignment | None = None) -> datetime:
    """When the limit of a case, or of an agency in it, is due."""
    clock = running_clock(case, kind, assignment=assignment)
    assert clock is not None
    assert clock.due_at is not None
    return clock.due_at


# -- a change of the calendar ---------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_after_a_day_off_every_open_step_is_due_with_its_limit(world: World) -> None:
    cases = {state: build.case_at(world, state, agencies=2) for state in GOING}
    before = {state: dues(case) for state, case in cases.items()}
    storm(world)
    assert counted_anew() > 0
    assert faults() == []
    assert dues(cases["to_distribute"]) == {"distribute": cases["to_distribute"].due_at}
    assert dues(cases["to_distribute"]) != before["to_distribute"]
    part = cases["handling"].open_assignments[0]
    assert dues(cases["handling"])["submit_answer"] == part.due_at == local(12, 3, 7, 30)
    inbox = page_of(world.actor(f"officer_{part.agency.key}", COUNTED), InboxQuery(element="submit_answer"), now=COUNTED)
    assert [row.due_at for row in inbox.tasks if row.case_id == cases["handling"].id] == [part.due_at]


def test_a_day_off_moves_the_steps_of_cases_that_rest_once_they_go_on(small: World) -> None:
    held, asked, referred = (build.case_at(small, "handling") for _ in range(3))
    build.act(small, held, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 10))
    build.act(small, asked, "ask_reporter", "operator", report=asked.main_report, words="Ở bờ nào?", when_unanswered="continue")
    build.act(small, referred, "refer", "operator", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    storm(small)
    counted_anew()
    assert faults() == []
    build.do(small, held, "resume", "ops_lead", now=COUNTED + timedelta(hours=1))
    assert faults() == []
    assert dues(held)["submit_answer"] == held.open_assignments[0].due_at


def test_a_drawn_step_with_a_limit_of_its_own_moves_too(small: World) -> None:
    drawn.put_live(drawn.legal_model())
    case = build.case_at(small, "approval", now=local(5, 3, 15))
    build.approve(small, case)
    before = dues(case)["legal_review"]
    storm(small, now=local(5, 3, 18))
    recount_after_calendar_change(local(5, 3, 18, 30))
    assert dues(case)["legal_review"] > before
    assert faults(local(5, 3, 18, 30)) == []


@pytest.mark.exhaustive
def test_the_timer_of_a_window_counted_in_working_days_moves_with_it(world: World) -> None:
    add_rule(ClockRule(kind="rating", amount=5, unit="working_days", centre_id=world.centre.id, valid_from=date(2026, 1, 1)))
    case = build.case_at(world, "rating")
    due = promised(case, ClockKind.RATING)
    storm(world)
    counted_anew()
    moved = promised(case, ClockKind.RATING)
    assert moved > due
    assert set(db.session.scalars(select(Timer.due_at).where(Timer.case_id == case.id, Timer.ended_at.is_(None)))) == {moved}
    assert dues(case)["rate"] == moved
    assert faults() == []


def test_a_timer_of_an_agency_that_stands_for_its_limit_comes_nearer_with_it(small: World) -> None:
    drawing = Drawing()
    drawing.node("boundaryEvent", "nearly_late", process="assignment", lane="lane_officer", at="submit_answer", interrupts=False,
                 timer=("timeDuration", '"P9D"'), clock="assignment")
    drawing.node("endEvent", "told", process="assignment", lane="lane_officer")
    drawing.flow("nearly_late", "told")
    drawn.put_live(drawing.xml)
    case = classified_again(small, urgency="urgent")
    due = {row.due_at for row in case.open_assignments}
    assert max(due) < local(4, 3)
    assert set(db.session.scalars(select(Timer.due_at).where(Timer.element == "nearly_late", Timer.ended_at.is_(None)))) == due
    assert faults() == []


# -- whatever moves one ---------------------------------------------------------------------------------------------------


def test_a_limit_moved_by_anything_takes_its_step_along(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    first, second = case.open_assignments
    with unit_of_work():
        locked = lock_case(case.id)
        for row, day in ((locked.open_assignments[0], 20), (locked.open_assignments[1], 21)):
            clock = running_clock(locked, ClockKind.ASSIGNMENT, assignment=row)
            assert clock is not None
            move_due(clock, local(day, 3), case=locked, assignment=row)
    db.session.expire_all()
    assert (first.due_at, second.due_at) == (local(20, 3), local(21, 3))
    steps = db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.element == "submit_answer"))
    assert {row.assignment_id: row.due_at for row in steps} == {first.id: first.due_at, second.id: second.due_at}
    assert faults() == []


def handling(world: World, agencies: int = 2) -> Case:
    return build.case_at(world, "handling", agencies=agencies)


def at_work(case: Case) -> Assignment:
    return case.open_assignments[0]


def extended(world: World) -> Case:
    case = handling(world, 1)
    part = at_work(case)
    build.act(world, case, "request_extension", f"officer_{part.agency.key}", assignment=part, reason="Chờ máy.", until=date(2026, 3, 12))
    build.do(world, case, "endorse_extension", f"leader_{part.agency.key}", agency=part.agency, endorsed=True)
    build.do(world, case, "decide_extension", "ops_lead", agency=part.agency, granted=True)
    return case


def held(world: World) -> Case:
    case = handling(world)
    build.act(world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 6))
    assert faults() == []
    return case


def resumed(world: World) -> Case:
    case = held(world)
    build.do(world, case, "resume", "ops_lead", now=local(4, 3, 9))
    return case


def asked(world: World) -> Case:
    case = handling(world)
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở bờ nào?", when_unanswered="continue")
    return case


def answered(world: World) -> Case:
    case = asked(world)
    build.do(world, case, "answer_question", "citizen", now=local(4, 3, 9), report=case.main_report, words="Bờ phải.")
    return case


def referred(world: World) -> Case:
    case = handling(world)
    build.act(world, case, "refer", "operator", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    return case


def taken_back(world: World) -> Case:
    case = referred(world)
    build.do(world, case, "close_referral", "operator", act="take_back", now=local(4, 3, 9), result="Điện lực trả lại.")
    return case


def classified_again(world: World, **changed: object) -> Case:
    case = handling(world)
    form = {"field": case.field, "urgency": "normal", "complexity": "ordinary", "area": world.area, "village": "Thôn Păng Tiêng"}
    build.act(world, case, "classify", "operator", **{**form, **changed}, reason="Đã xem lại hiện trường.")
    return case


def merged(world: World) -> Case:
    later = build.case_at(world, "handling", now=local(3, 3, 9))
    sooner = handling(world, 1)
    build.act(world, sooner, "merge", "operator", into=later, reason="Cùng một nơi.", now=local(3, 3, 15))
    assert later.due_at == promised(later, ClockKind.CASE)
    return later


def split(world: World) -> Case:
    case = merged(world)
    report = next(link.report for link in case.reports if link.left_at is None and not link.is_main)
    build.act(world, case, "split", "operator", report=report, reason="Hai việc khác nhau.", now=local(3, 3, 16))
    return case


def done_again(world: World) -> Case:
    case = build.case_at(world, "approval", agencies=2)
    build.redo(world, case, world.agencies["PTNMT"])
    return case


def one_agency_more(world: World) -> Case:
    case = handling(world, 1)
    build.act(world, case, "add_agency", "operator", agency=world.agencies["HKL"], confirms_short=True)
    return case


def one_agency_less(world: World) -> Case:
    case = handling(world)
    build.act(world, case, "remove_agency", "operator", assignment=case.open_assignments[1], reason="Nhầm đơn vị.")
    return case


def led_by_another(world: World) -> Case:
    case = handling(world)
    build.act(world, case, "change_lead", "operator", agency=world.agencies["HKL"], confirms_short=True)
    return case


def opened_again(world: World) -> Case:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Chưa dọn hết.")
    return case


def passed_on(world: World) -> Case:
    other = second_world(world)
    case = build.case_at(world, "to_verify")
    build.act(world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn khác.")
    return case


def reorganised_case(world: World) -> Case:
    case = handling(world)
    reorganised.carried_out(world, reorganised.planned(world))
    return case


def moved_to_another_model(world: World) -> Case:
    source = moves.live()
    case = build.case_at(world, "to_publish")
    target = drawn.put_live(drawn.legal_model())
    moves.carried_out(world, source, target, now=local(3, 3, 9))
    return case


def under_another_setting(world: World) -> Case:
    drawn.put_live(drawn.legal_model())
    case = build.case_at(world, "approval")
    more = {"amount": 16, "unit": "working_hours", "valid_from": date(2026, 1, 1)}
    add_rule(ElementSetting(element="legal_review", centre_id=world.centre.id, **more))
    assert element_rule("legal_review", world.centre.id, build.NOON).limit is not None
    build.approve(world, case)
    return case


MOVERS: dict[str, Callable[[World], Case]] = {
    "an extension": extended, "a hold": held, "a hold that is over": resumed, "a question": asked, "an answer": answered,
    "a referral": referred, "a referral taken back": taken_back, "a merge": merged, "a split": split, "work to be done again": done_again,
    "one agency more": one_agency_more, "one agency less": one_agency_less, "another lead": led_by_another,
    "a case opened again": opened_again, "another centre": passed_on, "a reorganisation": reorganised_case,
    "another model": moved_to_another_model, "another setting of a step": under_another_setting,
    "urgency": lambda world: classified_again(world, urgency="urgent"),
    "a complex matter": lambda world: classified_again(world, complexity="complex"),
    "another field": lambda world: classified_again(world, field=world.field("kinh_te")),
}


@pytest.mark.exhaustive(but=8)
@pytest.mark.parametrize("name", MOVERS)
def test_whatever_moves_a_limit_moves_its_step_also_after_a_day_off(small: World, name: str) -> None:
    case = MOVERS[name](small)
    assert faults() == [], name
    later = max(build.next_moment(case), local(4, 3, 12))
    storm(small, now=later)
    recount_after_calendar_change(later + timedelta(minutes=5))
    db.session.expire_all()
    assert faults(later + timedelta(minutes=5)) == [], name


# -- installations that have wrong days ------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_bringing_the_tables_up_to_date_puts_wrong_days_of_open_steps_right(config: Config) -> None:
    with running(config):
        world = build.standard_world()
        for state in GOING:
            build.case_at(world, state, agencies=2)
        for rests in (held, asked, referred):
            rests(world)
        drawn.put_live(drawn.legal_model())
        reviewed = build.case_at(world, "approval")
        build.approve(world, reviewed)
        right = set(db.session.execute(OPEN_STEPS))
        tampering.run(update(WaitingTask).values(due_at=local(1, 2)))
        assert len(faults()) == len(right)
        migrations.downgrade(config.database_url, "0013")
        migrations.upgrade(config.database_url)
        assert set(db.session.execute(OPEN_STEPS)) == right
        assert faults() == []
        closed = select(WaitingTask.due_at).where(WaitingTask.state == "done").distinct()
        assert list(db.session.scalars(closed)) == [local(1, 2)]
