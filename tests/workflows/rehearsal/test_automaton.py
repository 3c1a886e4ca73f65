"""The automaton is the engine: what it says waits is what waits in real cases, whichever way led there."""
from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.working_time import Calendar
from tests import drawn_steps as drawn
from tests.scenarios.walking import Walk, world_of_ways
from tests.scenarios.ways import WAYS
from tests.whole import sample
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import parse, shipped_model
from workflows.models import ProcessInstance, WaitingTask
from workflows.rehearsal.assumptions import Assumed
from workflows.rehearsal.automaton import NOON, Automaton, DoesNotRun, NotEnabled
from workflows.rehearsal.history import lives_of
from workflows.rehearsal.lives import CaseLife
from workflows.rehearsal.meaning import ConditionMeaning
from workflows.rehearsal.office_time import OfficeTime
from workflows.rehearsal.records import record_of
from workflows.rehearsal.replaying import Player
from workflows.rehearsal.states import Act, Kind
from workflows.rehearsal.tracing import trace_case

MODELS: dict[str, Callable[[], bytes]] = {
    "shipped": shipped_model, "legal": drawn.legal_model, "costly": drawn.costly_model, "every type": drawn.every_type_model,
}  # fmt: skip


@pytest.mark.parametrize(("name", "process_id"), [("shipped", "case"), ("costly", "case"), ("legal", "assignment")])
def test_any_way_by_lot_waits_for_the_same_as_the_engine_that_never_stored_it(name: str, process_id: str) -> None:
    automaton = Automaton(parse(MODELS[name]()))
    spec = automaton.definition.specs[process_id]
    for seed in range(3):
        rng = Random(f"{name}/{seed}")
        workflow = engine.new_instance(spec, automaton._serve)
        with engine_clock(NOON):
            engine.run_to_rest(workflow)
            if engine.waits_for(workflow, "assigned"):
                engine.send(workflow, "assigned", {})
                engine.run_to_rest(workflow)
        state = automaton.start(process_id)
        for _ in range(25):
            steps = sorted(task.task_spec.name for task in engine.waiting_steps(workflow))
            timers = sorted(task.task_spec.name for task, _ in engine.waiting_timers(workflow))
            assert (workflow.completed, steps, timers, engine.awaited_messages(workflow)) == (
                state.is_over, state.steps, sorted(each.name for each in state.enabled if each.kind == Kind.TIMER),
                {each.name for each in state.enabled if each.kind == Kind.MESSAGE})
            if state.is_over:
                break
            chosen = rng.choice([each for each in state.enabled if each.name != "quarantined"])
            values = rng.choice(automaton.choices(state, chosen))
            act = {Kind.STEP: Act.step, Kind.MESSAGE: Act.message}.get(chosen.kind, lambda name, _: Act.timer(name))(chosen.name, values)
            automaton._answers = {}
            with engine_clock(NOON):
                if act.kind == Kind.MESSAGE:
                    engine.send(workflow, act.element, values)
                elif act.kind == Kind.TIMER:
                    task = next(task for task, _ in engine.waiting_timers(workflow) if task.task_spec.name == act.element)
                    engine.set_timer(workflow, task.id, NOON)
                else:
                    task = min((task for task in engine.waiting_steps(workflow) if task.task_spec.name == act.element),
                               key=lambda task: automaton._sign(process_id, task))
                    task.data.update(values)
                    task.run()
                engine.run_to_rest(workflow)
            engine.thrown_messages(workflow)
            state = automaton.after(state, act)


def test_states_are_kept_once_and_what_cannot_happen_is_refused() -> None:
    automaton = Automaton(parse(shipped_model()))
    first = automaton.start("assignment")
    handed_back = automaton.after(first, Act.step("accept_assignment", {"accept_assignment": "hand_back"}))
    kept = automaton.after(handed_back, Act.step("decide_hand_back", {"decide_hand_back": "keep"}))
    assert kept is first
    runs = automaton.runs
    assert automaton.after(first, Act.step("accept_assignment", {"accept_assignment": "hand_back"})) is handed_back
    assert automaton.runs == runs
    with pytest.raises(NotEnabled):
        automaton.after(first, Act.step("submit_answer"))
    with pytest.raises(DoesNotRun) as refusal:
        automaton.after(first, Act.step("accept_assignment", {"accept_assignment": "neither"}))
    assert refusal.value.en == "no way on fits the values there are."
    with pytest.raises(DoesNotRun, match=r"the variable \w+ is not known here") as unknown:
        automaton.after(first, Act.step("accept_assignment"))
    assert re.search(r"\(giá trị \w+ không có ở đây\)", unknown.value.vi)


@pytest.mark.exhaustive
def test_real_cases_of_every_kind_of_way_are_traced_and_replayed_as_they_went(sqlite_app: Flask) -> None:
    """From rows and trees the acts are found again; gone through the automaton they wait for what the case waited for at its end, and
    replayed with the durations of then each step ends when it did."""
    world, automaton = world_of_ways(), Automaton(parse(shipped_model()))
    meanings = {id_: ConditionMeaning([graph], NOON) for id_, graph in automaton.graphs.items()}
    faulty = {"incident and retry"}
    for way in sample([way for way in WAYS if way.name not in faulty], 13):
        walk: Walk = way.walk(world)
        for case in walk.cases.values():
            [(_, life)] = lives_of([case.id])
            assert CaseLife.from_told(life.told()) == life
            traced = trace_case(life, automaton, meanings)
            waits = db.session.scalars(
                select(WaitingTask.element).join(ProcessInstance).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")
            )
            last = {each.process: each.state for each in traced}
            assert sorted(waits) == sorted(step for state in last.values() for step in state.steps), way.name
            done = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state == "done")
            steps = sorted(each.act.element for each in traced if each.act is not None and each.act.kind == Kind.STEP)
            assert steps == sorted(db.session.scalars(done)), way.name
            if not last["case"].is_over:
                continue
            record = record_of(life, traced)
            office = OfficeTime(Calendar(), record.started - 86_400, record.ended + 86_400 * 400)
            played = Player(automaton, office, lambda _: Assumed(3_600)).play(record)
            assert (sorted(played.passages.elements()), played.ended) == (steps, record.ended), way.name
            assert (played.assumed, played.heard) == ({}, {}), way.name
