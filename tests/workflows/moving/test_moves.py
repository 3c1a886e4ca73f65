"""Moving a task tree to another version: the proof, sampled (`bin/soak moves` does all of it), and what an administrator is told."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from time import process_time

import pytest

from tests.soak.moves import random_edits
from tests.workflows.drawing import BLANK, Drawing
from tests.workflows.drawing import field as form_field
from tests.workflows.moving.kinds_of_edit import KINDS, Draft, edited
from tests.workflows.moving.proof import Counts, Course, prove
from tests.workflows.random_models import alone, woven
from tests.workflows.raw import NOON, Run, no_service, shipped
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import Definition, parse, shipped_model
from workflows.moving.mapping import Verdict, fates, targets
from workflows.moving.tree import MoveImpossible, move_tree, places_of

PLACES = {
    "timer changed": "rating_window", "timer removed": "question_window", "message event removed": "agency_added",
    "timer beside a message": "wait_for_rest", "listening row added": "assigned", "listening row added at a fork": "beside_removal",
    "service inserted": "classify", "condition": "is_approved", "default way": "is_taken", "message renamed": "extension_asked",
    "listening row removed": "merged", "two steps merged": "verify", "removed, mapped on": "submit_answer",
    "gateway renamed": "again_extension", "timer added": "decide_extension",
}  # fmt: skip
"""Where each kind is tried; by default where an agency handles its work or approves it. Some kinds apply to random models only."""
REFUSED = {"removed", "id renamed, not mapped"}
"""A token that rests at what is gone needs a choice."""


def moved(run: Run, new: Definition, **mapping: str | None) -> list[str]:
    return places_of(move(run, new, **mapping), new)


def move(run: Run, new: Definition, *, keeps_limits: bool = True, **mapping: str | None) -> engine.BpmnWorkflow:
    return move_tree(
        run.workflow, process_id=run.spec.name, old=run.definition, new=new, mapping=mapping, now=NOON + timedelta(hours=1),
        keeps_limits=keeps_limits, services=no_service,
    )  # fmt: skip


@pytest.mark.exhaustive
def test_every_kind_of_edit_moves_every_state_to_where_a_fresh_case_would_be_and_on_to_the_end() -> None:
    definition, counts = shipped(), Counts()
    courses = {process_id: Course(definition, process_id) for process_id in definition.specs}
    for course in courses.values():
        assert course.explore_all()
    for kind in KINDS:
        at = PLACES.get(kind, "approve_answer" if "parallel" in kind or "inserted" in kind else "submit_answer")
        if (edit := edited(shipped_model(), kind, at)) is not None:
            course = courses[definition.elements[at].process_id]
            stands = list(course.known.values())[:: 7 if course.process_id == "case" else 2]
            prove(course, edit, counts, stands=stands, to_end=8)
    print(counts.told())
    assert len(counts.edits) >= 28
    assert {kind for kind in counts.edits if counts.refused[kind]} <= REFUSED
    assert counts.compared["the nets"] == 0


def test_random_edits_of_random_models_leave_nothing_half_moved() -> None:
    found = random_edits(lambda rng: alone(rng, most=14), 5, minutes=1, most=5)
    assert found["moved"] > 20


def test_a_step_that_is_gone_needs_a_choice_and_the_choices_are_those_a_case_can_go_on_from() -> None:
    draft = Draft()
    draft.bridge("classify")
    new, run = parse(draft.xml), Run("case")
    run.do("verify", "accept")
    fate = fates(run.definition, new, {})["classify"]
    assert (fate.verdict, fate.target) == (Verdict.CHOICE, None)
    assert fate.why
    assert "Classify" in fate.why.en
    offered = [each.id for each in targets("classify", run.definition, new)]
    assert "distribute" in offered
    assert "rate" not in offered, "its limit is worked out from a value only publishing gives"
    with pytest.raises(MoveImpossible, match="Classify"):
        move(run, new)
    chosen = fates(run.definition, new, {"classify": "distribute"})["classify"]
    assert (chosen.verdict, chosen.target) == (Verdict.MOVES, "distribute")
    (task,) = [each for each in engine.waiting_steps(run.workflow) if each.task_spec.name == "classify"]
    tree = move(run, new, classify="distribute")
    assert tree.tasks[task.id].task_spec.name == "distribute"
    assert tree.tasks[task.id].data == task.data


def test_a_value_the_new_version_asks_for_and_no_step_gave_is_named_before_anything_moves() -> None:
    def drawn(*, asks: bool) -> Definition:
        drawing = Drawing(BLANK)
        start, over = drawing.node("startEvent"), drawing.node("endEvent")
        one = drawing.node("userTask", "one", form=[form_field("is_big", "yes_no")] if asks else None)
        two, more, which = drawing.node("userTask", "two"), drawing.node("userTask", "more"), drawing.node("exclusiveGateway", "which")
        for source, target in ((start, one), (one, two), (two, which), (more, over)):
            drawing.flow(source, target)
        drawing.flow(which, more, "is_big" if asks else "1 == 2")
        drawing.flow(which, over, "not is_big" if asks else None, default=not asks)
        return parse(drawing.xml)

    old, new = drawn(asks=False), drawn(asks=True)
    run = Run("case", old)
    assert moved(run, new) == ["one"]
    run.do("one")
    foretold = fates(old, new, {})
    assert foretold["one"].verdict == Verdict.MOVES
    assert foretold["two"].verdict in (Verdict.CANNOT, Verdict.CHOICE)
    assert foretold["two"].why
    assert "is_big" in foretold["two"].why.en
    with pytest.raises(MoveImpossible, match="is_big"):
        move(run, new)


def test_timers_keep_their_moment_unless_limits_are_worked_out_again() -> None:
    edit = edited(shipped_model(), "timer changed", "question_window")
    assert edit is not None
    run = Run("case")
    run.send("reporter_asked", until="2026-03-09T17:00:00+00:00")
    ((task, due),) = engine.waiting_timers(run.workflow)
    assert [(each.id, at) for each, at in engine.waiting_timers(move(run, edit.new))] == [(task.id, due)]
    anew = list(engine.waiting_timers(move(run, edit.new, keeps_limits=False)))
    assert [(each.id, at) for each, at in anew] == [(task.id, NOON + timedelta(hours=1, days=90))]
    removed = edited(shipped_model(), "timer removed", "question_window")
    assert removed is not None
    tree = move(run, removed.new)
    assert not list(engine.waiting_timers(tree))
    assert engine.awaited_messages(tree) >= {"stop_waiting"}


def _two_ways(*more: str, before_join: bool = False) -> Definition:
    """Two steps side by side and a join, with more steps beside them; `before_join` puts one between the first and the join."""
    drawing = Drawing(BLANK)
    start, fork, join = drawing.node("startEvent"), drawing.node("parallelGateway", "fork"), drawing.node("parallelGateway", "join")
    last, over = drawing.node("userTask", "last"), drawing.node("endEvent")
    for source, target in ((start, fork), (join, last), (last, over)):
        drawing.flow(source, target)
    for each in ("left", "right", *more):
        step = drawing.node("userTask", each)
        drawing.flow(fork, step)
        if each == "left" and before_join:
            between = drawing.node("userTask", "between")
            drawing.flow(step, between)
            step = between
        drawing.flow(step, join)
    return parse(drawing.xml)


def test_tokens_of_parallel_ways_stand_where_they_would_and_a_new_way_begins_unless_the_join_is_passed() -> None:
    run = Run("case", old := _two_ways())
    assert moved(run, _two_ways("third")) == ["left", "right", "third"]
    run.do("left")
    assert places_of(run.workflow, old) == ["join", "right"]
    assert moved(run, _two_ways("third")) == ["join", "right", "third"]
    assert moved(run, _two_ways(before_join=True)) == ["between", "right"], "the step before the join was not done yet"
    tree = move(run, _two_ways("third"))
    with engine_clock(NOON):
        for element in ("right", "third", "last"):
            next(task for task in engine.waiting_steps(tree) if task.task_spec.name == element).run()
            engine.run_to_rest(tree)
    assert tree.completed
    run.do("right")
    assert moved(run, _two_ways("third")) == ["last"]
    three = Run("case", _two_ways("third"))
    three.do("third")
    assert moved(three, old) == ["left", "right"], "what its branch did is done"
    with pytest.raises(MoveImpossible, match="Part third"):
        move(Run("case", _two_ways("third")), old)
    assert moved(Run("case", _two_ways("third")), old, third=None) == ["left", "right"]
    three.do("left")
    three.do("right")
    assert moved(three, old) == ["last"]


def test_nobody_sets_a_token_before_a_join_it_has_passed_whose_other_way_is_new() -> None:
    def drawn(other: str) -> Definition:
        drawing = Drawing(BLANK)
        start, fork, join, over = (drawing.node(kind) for kind in ("startEvent", "parallelGateway", "parallelGateway", "endEvent"))
        left, right, behind = (drawing.node("userTask", id_) for id_ in ("left", other, "behind"))
        for source, target in ((start, fork), (fork, left), (fork, right), (left, join), (right, join), (join, behind), (behind, over)):
            drawing.flow(source, target)
        return parse(drawing.xml)

    run, new = Run("case", drawn("right")), drawn("right_again")
    run.do("left")
    run.do("right")
    assert fates(run.definition, new, {"behind": "left"})["behind"].verdict == Verdict.CHOICE
    with pytest.raises(MoveImpossible):
        move_tree(run.workflow, process_id="case", old=run.definition, new=new, mapping={"behind": "left"}, now=NOON)
    assert places_of(move_tree(run.workflow, process_id="case", old=run.definition, new=new, mapping={}, now=NOON), new) == ["behind"]


def test_a_moment_that_is_over_does_not_fire_by_the_move_though_other_parts_go_on() -> None:
    def drawn(*, serves: bool) -> Definition:
        drawing = Drawing(BLANK)
        start, fork, join, over = (drawing.node(kind) for kind in ("startEvent", "parallelGateway", "parallelGateway", "endEvent"))
        left, right, merge = drawing.node("userTask", "left"), drawing.node("userTask", "right"), drawing.node("exclusiveGateway")
        late = drawing.node("boundaryEvent", "late", at=right, timer=("timeDuration", '"PT4H"'))
        between = drawing.node("serviceTask", "between", service="end_rating_window") if serves else left
        drawing.flow(left, between) if serves else None
        for source, target in ((start, fork), (fork, left), (between, join), (fork, right), (right, merge), (late, merge), (merge, join)):
            drawing.flow(source, target)
        drawing.flow(join, over)
        return parse(drawing.xml)

    run, new = Run("case", drawn(serves=False)), drawn(serves=True)
    run.do("left")
    ((task, due),) = engine.waiting_timers(run.workflow)
    tree = move_tree(
        run.workflow, process_id="case", old=run.definition, new=new, mapping={}, now=due + timedelta(hours=1), services=no_service
    )  # fmt: skip
    assert len(places_of(tree, new)) == 2
    assert [(each.id, at) for each, at in engine.waiting_timers(tree)] == [(task.id, due)]
    with engine_clock(due + timedelta(hours=1)):
        engine.run_to_rest(tree)
    assert tree.completed, "it fires when the case is next brought to rest"


def test_what_listens_beside_the_way_begins_or_ends_with_the_version_that_has_it() -> None:
    added = edited(shipped_model(), "listening row added at a fork", "beside_refusal")
    assert added is not None
    run = Run("case")
    with_row = move(run, added.new)
    assert engine.awaited_messages(with_row) == engine.awaited_messages(run.workflow) | {"added_message"}
    back = move_tree(with_row, process_id="case", old=added.new, new=shipped(), mapping={}, now=NOON, services=no_service)
    assert engine.awaited_messages(back) == engine.awaited_messages(run.workflow)
    with engine_clock(NOON):
        engine.send(with_row, "added_message", {})
        engine.run_to_rest(with_row)
    with pytest.raises(MoveImpossible):
        move_tree(with_row, process_id="case", old=added.new, new=shipped(), mapping={}, now=NOON, services=no_service)


@pytest.mark.exhaustive
def test_what_becomes_of_a_model_of_three_hundred_elements_is_told_while_somebody_waits() -> None:
    xml = woven(Random(6), most=220).drawing.xml
    old = parse(xml)
    assert len(old.elements) > 300
    renamed = [each.id for each in old.elements.values() if each.is_step][::4]
    for name in renamed:
        xml = xml.replace(f'"{name}"'.encode(), f'"{name}_x"'.encode()).replace(f">{name}<".encode(), f">{name}_x<".encode())
    new = parse(xml)
    begun = process_time()
    told = fates(old, new, {})
    offered = {name: {each.id for each in targets(name, old, new)} for name in renamed[:4]}
    assert process_time() - begun < 5, "a page waits for it"
    assert {told[name].verdict for name in renamed} == {Verdict.CHOICE, Verdict.CANNOT}
    assert sum(f"{name}_x" in there for name, there in offered.items()) >= 3, offered
    same = fates(old, old, {})
    assert process_time() - begun < 8
    assert {fate.verdict for fate in same.values()} == {Verdict.MOVES}
