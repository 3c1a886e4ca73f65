"""Open cases move with everything people have begun in them, stay whole when they cannot, and come back byte for byte."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import select

from casework.casefile.history import staff_steps
from casework.db import db, unit_of_work
from casework.models import Case, Clock, Draft, Event
from tests import build
from tests import drawn_steps as drawn
from tests.workflows.moving.cases import (
    begun,
    carried_out,
    fates,
    faults,
    later,
    line,
    live,
    newest,
    planned,
    renamed,
    rows,
    typed,
    undone,
    versions,
)  # fmt: skip
from workflows import clock
from workflows.definitions.process import shipped_model
from workflows.models import ProcessInstance, StepFact, Timer, WaitingTask
from workflows.moving import batch
from workflows.running.steps import claim
from workflows.running.wakeups import fire_due_timers
from workflows.versions.past import version_at

LATER = later(build.NOON, 60 * 24)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def quick(sqlite_app: Flask) -> build.World:
    """For what cannot differ between the databases."""
    return build.standard_world()


def claimed(world: build.World, case: Case, element: str, by: str) -> None:
    now = build.next_moment(case)
    with unit_of_work():
        claim(build.waiting(case, element).ref, by=world.actor(by, now), now=now)


def open_steps(case: Case) -> list[WaitingTask]:
    db.session.rollback()
    return list(db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")))


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_claims_drafts_limits_and_timers_go_along_and_come_back_byte_for_byte(world: build.World) -> None:
    source = live()
    cases = {state: build.case_at(world, state) for state in ("to_verify", "to_classify", "handling", "approval", "to_publish", "rating")}
    claimed(world, cases["handling"], "submit_answer", "officer_PTNMT")
    ref = typed(world, cases["handling"], "submit_answer", "officer_PTNMT", now=build.next_moment(cases["handling"]))
    held = build.case_at(world, "handling")
    build.act(world, held, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 9))
    ended = build.case_at(world, "closed")
    before = {case.id: rows(case) for case in (*cases.values(), held, ended)}

    target = drawn.put_live(drawn.legal_model())
    move = carried_out(world, source, target, now=LATER)
    assert move.state == "done"
    assert set(fates(move).values()) == {"moved"}
    assert ended.code not in fates(move)
    assert faults() == []
    for case in (*cases.values(), held):
        assert {number for _process, number, is_ended in versions(case) if not is_ended} == {target.number}
        was, is_now = before[case.id], rows(case)
        for table, columns in (("waiting_task", ("version_id",)), ("process_timer", ()), ("clock", ()), ("draft", ()), ("case", ())):
            for old, new in zip(was[table], is_now[table], strict=True):
                differing = {name for name in old if old[name] != new[name]}
                assert differing <= set(columns), (case.code, table, differing)
    # an agency that had answered before stays on the version it worked on
    assert [each for each in versions(cases["rating"]) if each[2]] == [("assignment", source.number, True)]
    event = newest(cases["handling"])
    assert (event.type, event.payload["from"], event.payload["to"]) == ("move_case", source.number, target.number)
    said = [step.words.vi for step in staff_steps(cases["handling"], by=world.actor("operator", LATER))]
    assert any("chuyển hồ sơ từ bản 1 sang bản 2" in words for words in said)
    assert db.session.scalars(select(Draft).where(Draft.ref == ref)).one().subject == "submit_answer"

    build.advance(world, cases["to_classify"], "handling")                # goes on in the new version: its undo is refused
    again = undone(world, move, now=later(LATER))
    assert again.state == "undone"
    assert fates(again) == {case.code: "undone" for case in (*cases.values(), held)} | {cases["to_classify"].code: "moved"}
    assert "worked on since" in (line(again, cases["to_classify"]).why_en or "")
    assert faults() == []
    for case in (*cases.values(), held, ended):
        if case is not cases["to_classify"]:
            assert rows(case) == before[case.id], case.code
    assert newest(cases["handling"]).type == "undo_move_case"
    build.advance(world, cases["to_classify"], "approval")
    build.do(world, cases["to_classify"], "approve_answer", "leader_PTNMT")
    assert [step.element for step in open_steps(cases["to_classify"])] == ["legal_review"]
    build.advance(world, cases["handling"], "closed")
    assert faults() == []


@pytest.mark.exhaustive
def test_a_renamed_step_keeps_its_holder_its_draft_and_the_time_it_began(quick: build.World) -> None:
    source = drawn.put_live(drawn.legal_model())
    case = build.case_at(quick, "approval")
    build.do(quick, case, "approve_answer", "leader_PTNMT")
    claimed(quick, case, "legal_review", "ops_lead")
    typed(quick, case, "legal_review", "ops_lead", now=build.next_moment(case))
    before = rows(case)
    target = drawn.put_live(renamed("legal_review", "law_check", drawn.legal_model()))
    move = carried_out(quick, source, target, now=LATER, mapping={"legal_review": "law_check"})
    assert fates(move) == {case.code: "moved"}
    [step] = open_steps(case)
    was = next(row for row in before["waiting_task"] if row["state"] == "waiting")
    kept = ("id", "ref", "desk", "claimed_by_id", "claimed_at", "entered_at", "due_at", "engine_task")
    assert step.element == "law_check"
    assert {name: getattr(step, name) for name in kept} == {name: was[name] for name in kept}
    [clock] = db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == "step"))
    assert (clock.element, clock.ended_at, clock.due_at) == ("law_check", None, was["due_at"])
    assert db.session.scalars(select(Draft).where(Draft.case_id == case.id)).one().subject == "law_check"
    facts = select(StepFact).where(StepFact.case_id == case.id, StepFact.element.in_(("legal_review", "law_check")))
    assert not db.session.scalars(facts).all()
    assert faults() == []
    typed(quick, case, "law_check", "ops_lead", now=later(LATER), words="Viết thêm ở cửa sổ khác")
    undone(quick, move, now=later(LATER, 10))
    now_there = rows(case)
    drafts = now_there.pop("draft")
    assert {row["subject"] for row in drafts} == {"legal_review"}
    was_there = {name: found for name, found in before.items() if name != "draft"}
    assert now_there == was_there
    assert faults() == []


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("anew", [False, True], ids=["kept", "anew"])
def test_limits_of_a_step_stay_unless_they_are_to_be_counted_anew(quick: build.World, anew: bool) -> None:
    without = drawn.legal_model().replace(b'<spiffworkflow:property name="limit" value="4"/>', b"").replace(
        b'<spiffworkflow:property name="limit_unit" value="working_hours"/>', b"")
    source = drawn.put_live(drawn.legal_model())
    timed = build.case_at(quick, "approval")
    build.do(quick, timed, "approve_answer", "leader_PTNMT")
    due = open_steps(timed)[0].due_at
    before = rows(timed)
    eight = drawn.put_live(drawn.legal_model().replace(b'name="limit" value="4"', b'name="limit" value="8"'))
    move = carried_out(quick, source, eight, now=LATER, mapping={}, recomputes_limits=anew)
    [step] = open_steps(timed)
    clocks = list(db.session.scalars(select(Clock).where(Clock.case_id == timed.id, Clock.kind == "step").order_by(Clock.id)))
    assert (step.due_at == due) is not anew
    assert [clock.amount for clock in clocks] == ([4, 8] if anew else [4])
    assert [clock.ended_at is None for clock in clocks] == ([False, True] if anew else [True])
    assert clocks[-1].started_at == (line(move, timed).moved_at if anew else before["waiting_task"][-1]["entered_at"])
    assert faults() == []
    undone(quick, move, now=later(LATER))
    assert rows(timed) == before
    gone = carried_out(quick, source, drawn.put_live(without), now=later(LATER, 10))
    assert fates(gone) == {timed.code: "moved"}
    assert open_steps(timed)[0].limit is None
    back = carried_out(quick, db.session.merge(gone.target), eight, now=later(LATER, 20))
    assert fates(back) == {timed.code: "moved"}                          # a limit that is new runs from the move on
    running = select(Clock).where(Clock.case_id == timed.id, Clock.kind == "step", Clock.ended_at.is_(None))
    assert [(clock.amount, clock.started_at) for clock in db.session.scalars(running)] == [(8, line(back, timed).moved_at)]
    assert faults() == []


def test_a_timer_that_goes_along_fires_at_its_own_instant(world: build.World) -> None:
    source = live()
    case = build.case_at(world, "rating")
    due = db.session.scalars(select(Timer).where(Timer.case_id == case.id, Timer.ended_at.is_(None))).one().due_at
    carried_out(world, source, drawn.put_live(drawn.legal_model()), now=LATER)
    timer = db.session.scalars(select(Timer).where(Timer.case_id == case.id, Timer.ended_at.is_(None))).one()
    assert timer.due_at == due
    assert fire_due_timers(due) == 1
    db.session.expire_all()
    assert case.state == "closed"
    assert faults() == []


@pytest.mark.exhaustive
def test_a_step_that_is_back_at_a_desk_where_its_holder_does_not_work_is_free(quick: build.World) -> None:
    source = drawn.put_live(drawn.legal_model())
    case = build.case_at(quick, "approval")
    build.do(quick, case, "approve_answer", "leader_PTNMT")
    before = rows(case)
    by_officers = drawn.step_on(shipped_model(), "is_approved_to_answered", replace(drawn.LEGAL_REVIEW, lane="lane_officer"))
    move = carried_out(quick, source, drawn.put_live(by_officers), now=LATER)
    claimed(quick, case, "legal_review", "officer_PTNMT")
    undone(quick, move, now=later(LATER, 10))
    assert rows(case) == before                                          # nobody holds it: not an officer either
    claimed(quick, case, "legal_review", "ops_lead")
    assert faults() == []


def test_a_step_that_moves_to_a_desk_where_its_holder_does_not_work_is_free(quick: build.World) -> None:
    source = drawn.put_live(drawn.legal_model())
    case = build.case_at(quick, "approval")
    build.do(quick, case, "approve_answer", "leader_PTNMT")
    claimed(quick, case, "legal_review", "ops_lead")
    by_officers = drawn.step_on(shipped_model(), "is_approved_to_answered", replace(drawn.LEGAL_REVIEW, lane="lane_officer"))
    move = carried_out(quick, source, drawn.put_live(by_officers), now=LATER)
    assert fates(move) == {case.code: "moved"}
    [step] = open_steps(case)
    assert (step.desk.partition("@")[0], step.claimed_by_id) == ("officer", None)
    claimed(quick, case, "legal_review", "officer_PTNMT")


def test_a_case_moves_at_the_moment_of_its_turn_and_never_before_what_was_done_last(quick: build.World) -> None:
    source = live()
    acted_on, waiting = build.case_at(quick, "to_verify"), build.case_at(quick, "handling")
    move = begun(quick, planned(quick, source, drawn.put_live(drawn.legal_model()), now=LATER), now=LATER)
    acted_at = LATER + timedelta(seconds=12)
    build.do(quick, acted_on, "verify", "operator", title="Rác", cleared=[build.cleared(each.report) for each in acted_on.reports],
             now=acted_at)
    with patch.object(clock, "monotonic", lambda: 0.0):                  # a job that began before, on a slow clock
        batch.go_on(LATER, most=1)
    assert line(move, acted_on).moved_at == acted_at
    told = list(db.session.scalars(select(Event.at).where(Event.case_id == acted_on.id).order_by(Event.seq)))
    assert told == sorted(told)
    ticks = iter(range(0, 1000, 2))
    with patch.object(clock, "monotonic", lambda: float(next(ticks))):
        batch.go_on(LATER)                                               # other cases took their time before this one's turn
    moved_at = line(move, waiting).moved_at
    assert moved_at is not None
    assert LATER + timedelta(seconds=5) < moved_at < LATER + timedelta(minutes=1)
    own = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == waiting.id).order_by(ProcessInstance.id)).first()
    assert own is not None
    assert version_at(own, moved_at - timedelta(seconds=1)).id == source.id
    before_its_last_event = LATER - timedelta(hours=1)
    at = newest(waiting).at
    with unit_of_work():
        batch.undo_case(db.session.merge(move), waiting.ref, by=quick.actor("administrator", LATER), now=before_its_last_event)
    assert (newest(waiting).type, newest(waiting).at) == ("undo_move_case", at)
    assert faults() == []


def test_how_a_case_was_before_is_forgotten_when_it_has_ended_and_after_thirty_days(world: build.World) -> None:
    source = live()
    ended, old = build.case_at(world, "rating"), build.case_at(world, "to_verify")
    move = carried_out(world, source, drawn.put_live(drawn.legal_model()), now=LATER)
    assert batch.forget_rows_before(later(LATER)) == 0
    build.advance(world, ended, "closed")
    assert batch.forget_rows_before(later(LATER)) == 1
    assert line(move, ended).before is None
    assert line(move, old).before is not None
    with patch.object(batch, "FORGOTTEN_TOGETHER", 1):
        assert batch.forget_rows_before(LATER + batch.KEPT + timedelta(minutes=5)) == 1
    assert batch.forget_rows_before(LATER + 2 * batch.KEPT) == 0
    move = undone(world, move, now=LATER + 2 * batch.KEPT)
    assert fates(move) == {ended.code: "moved", old.code: "moved"}
    assert "no longer kept" in (line(move, old).why_en or "")
