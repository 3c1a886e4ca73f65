"""A plan says beforehand which cases go, which need a choice and which cannot; it is begun once, paused, gone on with and undone."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case
from casework.permissions import NotAllowed, Role
from tests import build
from tests import drawn_steps as drawn
from tests.second_centre import second_world
from tests.workflows.moving.cases import WHY, begun, carried_out, fates, faults, later, line, live, newest, planned, rows, undone, versions
from workflows.definitions.process import shipped_model
from workflows.drafting.drafts import start_draft
from workflows.models import Incident, MoveCase, ProcessInstance, ProcessMove, WaitingTask
from workflows.moving import batch, cases, plan_cases, plan_choices, plans
from workflows.moving.plans import MoveChanged, MoveRefused, MoveUnknown
from workflows.versions.events import history_of

LATER = later(build.NOON, 60 * 24)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def quick(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def at_review(world: build.World) -> Case:
    """A case whose agency waits at the drawn step."""
    case = build.case_at(world, "approval")
    build.do(world, case, "approve_answer", "leader_PTNMT")
    return case


def again(move: ProcessMove) -> ProcessMove:
    if not db.session().info.get("in_unit_of_work"):
        db.session.rollback()
    return db.session.get_one(ProcessMove, move.id, populate_existing=True)


def test_a_plan_counts_what_goes_what_needs_a_choice_and_what_cannot(quick: build.World) -> None:
    source = drawn.put_live(drawn.legal_model())
    review, verify = at_review(quick), build.case_at(quick, "to_verify")
    failed = build.case_at(quick, "to_classify")
    with unit_of_work():
        instance = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == failed.id)).one()
        db.session.add(Incident(instance_id=instance.id, case_id=failed.id, kind="step", element="classify", error_class="KeyError",
                                error_text="x", state_before=instance.state, status_before="running", occurred_at=LATER,
                                last_attempt_at=LATER))
    target = drawn.put_live(drawn.costly_model())
    move = planned(quick, source, target, now=LATER)
    assert move.state == "ready"
    assert fates(move)[verify.code] == "moves"
    assert fates(move)[failed.code] == "cannot"
    assert "incident" in (line(move, failed).why_en or "")
    groups = {group.places: group for group in plan_cases.groups_of(move)}
    assert groups["verify",].number == 1
    assert sum(group.number for group in groups.values()) == 3
    before = rows(review)
    assert plan_cases.counts_of(move).get("moves", 0) + plan_cases.counts_of(move).get("choice", 0) == 2
    [event] = plans.events_of(again(move))
    assert (event.act, event.number, event.facts["source"]) == ("plan_move", target.number, source.number)
    assert rows(review) == before                                        # nothing is saved by looking ahead
    moved = begun(quick, move, now=LATER)
    batch.go_on(LATER)
    assert again(moved).state == "done"
    assert fates(moved)[failed.code] == "stayed"
    assert {number for _process, number, over in versions(failed) if not over} == {source.number}
    assert faults() == []
    # nobody restores a state of the old version after a move: what failed is settled first, then the case can follow
    with unit_of_work():
        db.session.scalars(select(Incident)).one().resolved_at = LATER
    assert fates(carried_out(quick, source, target, now=later(LATER)))[failed.code] == "moved"


def test_what_is_chosen_by_hand_is_kept_by_revision_and_looked_at_again(quick: build.World) -> None:
    source = drawn.put_live(drawn.legal_model())
    review, verify = at_review(quick), build.case_at(quick, "to_verify")
    target = drawn.put_live(shipped_model().replace(b'"approve_answer"', b'"approve_answer"'))
    move = planned(quick, source, target, now=LATER)
    seen = line(move, verify).previewed_at
    by = quick.actor("administrator", LATER)
    choices = {choice.element: choice for choice in plan_choices.choices_of(again(move), {"legal_review", "verify"})}
    assert set(choices) <= {"legal_review"}
    with pytest.raises(MoveRefused, match="cannot go"), unit_of_work():
        plans.map_elements(again(move), {"legal_review": "verify"}, by=by, now=LATER, revision=move.revision)
    with unit_of_work():
        plans.map_elements(again(move), {"legal_review": "submit_answer"}, by=by, now=later(LATER), revision=1)
    with pytest.raises(MoveChanged), unit_of_work():
        plans.map_elements(again(move), {"legal_review": None}, by=by, now=LATER, revision=1)
    assert (again(move).state, fates(move)[review.code]) == ("previewing", "waiting")
    assert line(move, verify).previewed_at == seen                       # rests elsewhere
    with pytest.raises(MoveRefused, match="previewed"), unit_of_work():
        plans.begin_move(again(move), by=by, now=LATER, reason=WHY, revision=2)
    batch.go_on(later(LATER))
    assert again(move).state == "ready"
    assert fates(move)[review.code] in ("moves", "cannot")
    with unit_of_work():
        plans.map_elements(again(move), {}, by=by, now=later(LATER), revision=2, by_itself=["legal_review"])
    assert again(move).mapping == {}


def test_a_plan_is_made_once_begun_once_and_by_its_own_administrators(quick: build.World) -> None:
    source = live()
    build.case_at(quick, "to_verify")
    with unit_of_work():
        elsewhere = build.World(build.centre("DN", is_default=False))
        build.staff(elsewhere, "administrator_DN", Role.ADMINISTRATOR)
    quick.people |= elsewhere.people
    target = drawn.put_live(drawn.costly_model())
    for name in ("operator", "ops_lead", "inspector", "process_approver"):
        with pytest.raises(NotAllowed), unit_of_work():
            plans.make_move(source, target, by=quick.actor(name, LATER), now=LATER, centre_id=quick.centre.id)
    with pytest.raises(NotAllowed), unit_of_work():                      # an administrator of a centre moves its own cases alone
        plans.make_move(source, target, by=quick.actor("administrator", LATER), now=LATER)
    with pytest.raises(MoveRefused, match="No case"), unit_of_work():
        plans.make_move(source, target, by=quick.actor("administrator_DN", LATER), now=LATER, centre_id=elsewhere.centre.id)
    with pytest.raises(MoveRefused, match="different"), unit_of_work():
        plans.make_move(source, source, by=quick.actor("administrator", LATER), now=LATER, centre_id=quick.centre.id)
    by = quick.actor("administrator", LATER)
    with unit_of_work():
        draft = start_draft(by=by, now=LATER, centre_id=quick.centre.id, base=target)
    looking = planned(quick, source, draft, now=LATER)
    assert looking.state == "ready"
    with pytest.raises(MoveRefused, match="draft"), unit_of_work():
        plans.begin_move(looking, by=by, now=LATER, reason=WHY, revision=1)
    move = planned(quick, source, target, now=LATER)
    assert planned(quick, source, target, now=LATER).id == move.id       # pressed twice
    assert plans.move_for(quick.actor("administrator_DN", LATER), move.ref) is None
    with pytest.raises(NotAllowed), unit_of_work():
        plans.begin_move(again(move), by=quick.actor("administrator_DN", LATER), now=LATER, reason=WHY, revision=1)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(MoveRefused, match="reason"), unit_of_work():
            plans.begin_move(again(move), by=by, now=LATER, reason=reason, revision=1)
    begun(quick, move, now=LATER)
    begun(quick, move, now=LATER)
    assert [event.act for event in plans.events_of(again(move))].count("begin_move") == 1
    with pytest.raises(MoveRefused, match="moving cases"), unit_of_work():
        plans.drop_move(again(move), by=by, now=LATER)
    with unit_of_work():
        plans.drop_move(again(looking), by=by, now=LATER)
    assert again(looking).state == "dropped"


@pytest.mark.exhaustive(but=2)
def test_a_plan_is_paused_and_goes_on_where_it_was(world: build.World) -> None:
    source = live()
    those = [build.case_at(world, "to_verify") for _ in range(4)]
    move = begun(world, planned(world, source, drawn.put_live(drawn.costly_model()), now=LATER), now=LATER)
    by = world.actor("administrator", LATER)
    assert batch.go_on(LATER, most=1) == 1
    with unit_of_work():
        plans.pause_move(again(move), by=by, now=LATER)
    assert batch.go_on(LATER) == 0
    assert sorted(fates(move).values()) == ["moved", "moves", "moves", "moves"]
    build.advance(world, those[1], "to_classify")                        # worked on between preview and move
    with unit_of_work():
        plans.go_on_with_move(again(move), by=by, now=LATER)
    with world_busy(those[2]):
        batch.go_on(LATER)
        assert fates(move)[those[2].code] == "moves"                     # somebody is at it: taken up by the next call
        assert again(move).state == "moving"
    batch.go_on(LATER)
    assert (again(move).state, set(fates(move).values())) == ("done", {"moved"})
    assert [step.element for step in db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == those[1].id,
                                                                                  WaitingTask.state == "waiting"))] == ["classify"]
    assert faults() == []
    assert [event.act for event in plans.events_of(again(move))] == ["go_on_with_move", "pause_move", "begin_move", "plan_move"]


@contextmanager
def world_busy(case: Case) -> Iterator[None]:
    """As if somebody held the case's row longer than a step waits for it."""
    from sqlalchemy.exc import OperationalError

    def held(case_id: int) -> Case:
        if case_id == case.id:
            raise OperationalError("SELECT", {}, Exception("database is locked"))
        return lock_case(case_id)

    with patch.object(batch, "lock_case", held):
        yield


def test_what_fails_stays_whole_on_its_version_and_says_why(quick: build.World) -> None:
    source = live()
    those = [build.case_at(quick, "handling", agencies=2) for _ in range(2)]
    ended = build.case_at(quick, "to_verify")
    move = begun(quick, planned(quick, source, drawn.put_live(drawn.costly_model()), now=LATER), now=LATER)
    before = rows(those[0])
    build.act(quick, ended, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    moved: list[str] = []
    really = cases.move_tree

    def failing(workflow: Any, **given: Any) -> Any:
        moved.append(given["process_id"])
        if len(moved) == 3:                                              # the second agency of the first case
            raise ZeroDivisionError("never told")
        return really(workflow, **given)

    with patch.object(cases, "move_tree", failing):
        batch.go_on(LATER)
    assert fates(move) == {those[0].code: "stayed", those[1].code: "moved", ended.code: "gone"}
    assert "ZeroDivisionError" in (line(move, those[0]).why_en or "")
    assert "never told" not in (line(move, those[0]).why_en or "")
    assert rows(those[0]) == before
    assert again(move).state == "done"
    assert faults() == []


@pytest.mark.exhaustive(but=2)
def test_two_workers_move_each_case_once(world: build.World, app: Flask) -> None:
    source = live()
    those = [build.case_at(world, "to_verify") for _ in range(6)]
    move = begun(world, planned(world, source, drawn.put_live(drawn.costly_model()), now=LATER), now=LATER)
    move_id = move.id
    db.session.rollback()

    def work() -> None:
        with app.app_context():
            batch.go_on_with(move_id, LATER)                             # as if both had taken the lease
            db.session.remove()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert set(fates(move).values()) == {"moved"}
    for case in those:
        events = db.session.scalars(select(MoveCase).where(MoveCase.case_id == case.id)).all()
        assert len(events) == 1
        assert newest(case).type == "move_case"
        assert newest(case).seq == line_of_events(case)
    assert again(move).state == "done"
    assert faults() == []


def line_of_events(case: Case) -> int:
    """The number of the newest event if exactly one says that the case was moved."""
    from casework.models import Event

    found = list(db.session.scalars(select(Event).where(Event.case_id == case.id, Event.type == "move_case")))
    return found[0].seq if len(found) == 1 else -1


def test_a_worker_that_dies_leaves_its_lease_and_nothing_half_done(quick: build.World) -> None:
    source = live()
    those = [build.case_at(quick, "to_verify") for _ in range(3)]
    move = begun(quick, planned(quick, source, drawn.put_live(drawn.costly_model()), now=LATER), now=LATER)

    class Killed(BaseException):
        pass

    calls: list[int] = []
    really = cases.record

    def dying(case: Case, verb: str, **given: Any) -> Any:
        calls.append(case.id)
        if len(calls) == 2:
            raise Killed
        return really(case, verb, **given)

    with patch.object(cases, "record", dying), patch.object(batch, "_release", lambda *_: None), pytest.raises(Killed):
        batch.go_on(LATER)
    assert sorted(fates(move).values()) == ["moved", "moves", "moves"]
    assert batch.go_on(LATER) == 0                                       # leased for a minute
    assert batch.go_on(LATER + 2 * batch.LEASE) == 2
    assert set(fates(move).values()) == {"moved"}
    assert [newest(case).type for case in those] == ["move_case"] * 3
    assert faults() == []


@pytest.mark.exhaustive
def test_a_case_comes_back_only_while_nobody_has_worked_on_it(quick: build.World) -> None:
    source = live()
    kept, claimed_since, resumed = (build.case_at(quick, "to_classify") for _ in range(3))
    move = carried_out(quick, source, drawn.put_live(drawn.costly_model()), now=LATER)
    now, by = later(LATER), quick.actor("administrator", LATER)
    before = rows(kept)
    build.advance(quick, resumed, "to_distribute")
    with pytest.raises(cases.UndoRefused, match="worked on since"), unit_of_work():
        batch.undo_case(again(move), resumed.ref, by=by, now=now)
    from workflows.running.steps import claim

    task = build.waiting(claimed_since, "classify")
    with unit_of_work():
        claim(task.ref, by=quick.actor("operator", now), now=now)
    with unit_of_work():
        batch.undo_case(again(move), claimed_since.ref, by=by, now=now)
    assert build.waiting(claimed_since, "classify").claimed_by_id == quick.people["operator"].id
    with pytest.raises(MoveRefused, match="not moved"), unit_of_work():
        batch.undo_case(again(move), claimed_since.ref, by=by, now=now)
    # held since, and the old version hears of it when the case is back
    build.act(quick, kept, "hold", "ops_lead", reason="Chờ nước rút.", until=build.NOON.date().replace(day=9))
    assert rows(kept) != before
    with pytest.raises(cases.UndoRefused), unit_of_work():
        batch.undo_case(again(move), kept.ref, by=by, now=now)
    assert undone(quick, move, now=now).state == "undone"
    assert faults() == []


def test_what_failed_and_was_settled_before_a_case_moved_does_not_keep_it_from_coming_back(quick: build.World) -> None:
    source, case = live(), build.case_at(quick, "to_classify")
    with unit_of_work():
        instance = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).one()
        db.session.add(Incident(instance_id=instance.id, case_id=case.id, kind="step", element="classify", error_class="KeyError",
                                error_text="x", state_before=instance.state, status_before="running", occurred_at=build.NOON,
                                last_attempt_at=build.NOON, resolved_at=build.NOON))  # fmt: skip
    move = carried_out(quick, source, drawn.put_live(drawn.costly_model()), now=LATER)
    assert fates(move)[case.code] == "moved"
    with unit_of_work():
        batch.undo_case(again(move), case.ref, by=quick.actor("administrator", LATER), now=later(LATER))
    assert fates(again(move))[case.code] == "undone"


def test_cases_go_back_to_a_version_that_was_live_before(quick: build.World) -> None:
    first = live()
    case = build.case_at(quick, "to_publish")
    second = drawn.put_live(drawn.costly_model())
    carried_out(quick, first, second, now=LATER)
    back = planned(quick, second, first, now=later(LATER))
    assert back.target.state == "retired"
    begun(quick, back, now=later(LATER))
    batch.go_on(later(LATER))
    assert {number for _process, number, over in versions(case) if not over} == {first.number}
    build.advance(quick, case, "closed")
    assert faults() == []


def test_a_worker_that_was_overtaken_leaves_the_lease_of_the_other(quick: build.World) -> None:
    source = live()
    build.case_at(quick, "to_verify")
    move = begun(quick, planned(quick, source, drawn.put_live(drawn.costly_model()), now=LATER), now=LATER)
    taken: list[object] = []

    def slow(move_id: int, _now: object, **_: object) -> int:
        taken.append(batch._lease(move_id, LATER + 2 * batch.LEASE))     # another worker finds the lease run out
        return 0

    with patch.object(batch, "go_on_with", slow):
        batch.go_on(LATER)
    assert taken[0] is not None
    assert again(move).leased_until == taken[0]
    assert batch.go_on(LATER + 2 * batch.LEASE) == 0
    assert batch.go_on(LATER + 4 * batch.LEASE) == 1
    assert again(move).leased_until is None


def test_what_a_centre_does_with_its_plan_is_told_in_its_own_stream_alone(quick: build.World) -> None:
    source = live()
    build.case_at(quick, "to_verify")
    target = drawn.put_live(drawn.costly_model())
    move = carried_out(quick, source, target, now=LATER)
    undone(quick, move, now=later(LATER))
    told = plans.events_of(again(move))
    assert [(event.act, event.words) for event in told] == [("undo_move", "Chuyển nhầm."), ("begin_move", WHY), ("plan_move", "")]
    assert {event.by for event in told} == {quick.people["administrator"].full_name}
    for version in (source, target):                                     # every centre reads those
        assert not [event for event in history_of(db.session.merge(version)) if event.act.endswith("_move")]


def test_a_case_that_went_to_another_centre_is_none_of_the_plan_any_more(quick: build.World) -> None:
    source, other = live(), second_world(quick)
    gone, kept = build.case_at(quick, "to_verify"), build.case_at(quick, "to_verify")
    move = carried_out(quick, source, drawn.put_live(drawn.costly_model()), now=LATER)
    with unit_of_work():
        db.session.get_one(Case, gone.id).centre_id = other.centre.id
    assert [each.case_id for each in plan_cases.lines_of(again(move))] == [kept.id]
    assert plan_cases.counts_of(again(move)) == {"moved": 1}
    with pytest.raises(MoveUnknown), unit_of_work():
        batch.undo_case(again(move), gone.ref, by=quick.actor("administrator", LATER), now=later(LATER))
    undone(quick, move, now=later(LATER))
    assert fates(move) == {gone.code: "moved", kept.code: "undone"}
    assert "another centre" in (line(move, gone).why_en or "")


@pytest.mark.exhaustive
def test_counts_agree_with_the_list_and_a_plan_is_undone_with_its_last_case(quick: build.World) -> None:
    source = live()
    secret, *others = (build.case_at(quick, "to_verify") for _ in range(3))
    move = begun(quick, planned(quick, source, drawn.put_live(drawn.costly_model()), now=LATER), now=LATER)
    by = quick.actor("administrator", LATER)

    def bring_back(case: Case) -> str:
        with unit_of_work():
            batch.undo_case(again(move), case.ref, by=by, now=later(LATER))
        return again(move).state

    batch.go_on(LATER, most=2)
    assert bring_back(others[0]) == "moving"
    batch.go_on(LATER)
    assert again(move).state == "done"
    build.act(quick, secret, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    assert plan_cases.counts_of(again(move)) == {"moved": 1, "undone": 1}
    assert sum(group.number for group in plan_cases.groups_of(again(move))) == len(plan_cases.lines_of(again(move))) == 2
    assert bring_back(others[1]) == "undone"
    assert faults() == []
