"""Stored states are those of SpiffWorkflow's own serializer: written the same, restored the same, and the same goes on from them."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest
import zstandard
from flask import Flask
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter, WorkflowConverter
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.util.task import TaskState

from tests import build
from tests.workflows.moving.kinds_of_edit import edited
from tests.workflows.moving.test_moves import move
from tests.workflows.random_models import alone, woven
from tests.workflows.raw import NOON, Run, shipped
from tests.workflows.running.test_token_moves import ON, STANDS, go, standing_at
from tests.workflows.running.test_token_moves import move as set_elsewhere
from tests.workflows.walker import Act, Stand, Walker
from workflows import engine, packing
from workflows.clock import engine_clock
from workflows.definitions.expressions import ClosedScriptEngine
from workflows.definitions.process import Definition, Element, parse, shipped_model
from workflows.moving.tree import MoveImpossible
from workflows.running.token_moves import targets_of
from workflows.versions.starting_models import STARTING_MODELS

SEED = 9_000
SHORT = 1 << 32
NAMED_OUTSIDE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


# -- the reference -----------------------------------------------------------------------------------------------------


class WithoutSpecification(BpmnWorkflowConverter):
    def to_dict(self, workflow: BpmnWorkflow) -> dict[str, Any]:
        return {**WorkflowConverter.to_dict(self, workflow), "subprocesses": {}, "bpmn_events": []}


REFERENCE = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure({**SPIFF_CONFIG, BpmnWorkflow: WithoutSpecification}))


def reference(workflow: BpmnWorkflow) -> bytes:
    """Return the JSON by SpiffWorkflow's serializer; tasks nobody outside knows then get small numbers, and times are dropped."""
    tree = REFERENCE.to_dict(workflow)
    tasks = tree["tasks"]
    free = count(max((number for number in (UUID(id_).int for id_ in tasks) if number < SHORT), default=0) + 1)
    renamed = [id_ for id_, task in tasks.items() if not task["state"] & NAMED_OUTSIDE and UUID(id_).int >= SHORT]
    names = {id_: UUID(int=next(free)).hex for id_ in renamed}
    for task in tasks.values():
        task |= {"id": names.get(task["id"], task["id"]), "parent": names.get(task["parent"], task["parent"]), "last_state_change": 0}
        task["children"] = [names.get(child, child) for child in task["children"]]
    tree["tasks"] = {task["id"]: task for task in tasks.values()}
    tree |= {name: names.get(tree[name], tree[name]) for name in ("root", "last_task")}
    return orjson.dumps(tree)


def by_reference(tree: packing.Tree, spec: BpmnProcessSpec, services: engine.Services | None = None) -> BpmnWorkflow:
    workflow: BpmnWorkflow = REFERENCE.from_dict({**deepcopy(tree), "spec": spec, "subprocess_specs": {}})
    workflow.script_engine = ClosedScriptEngine(services)
    return workflow


def run_by_reference(workflow: BpmnWorkflow) -> None:
    """Step to the next rest as SpiffWorkflow does itself."""
    workflow.do_engine_steps()
    while any(not task.task_spec.manual for task in workflow.get_tasks(state=TaskState.READY)):
        workflow.do_engine_steps()


def all_of(workflow: BpmnWorkflow) -> list[Any]:
    """Everything of an instance, in its order."""
    tasks = [(task.id, task.task_spec, task.thread_id, task.last_state_change, type(task)) for task in workflow.tasks.values()]
    around = [workflow.spec, workflow.subprocess_specs, workflow.subprocesses, workflow.locks, type(workflow)]
    return [reference(workflow), tasks, list(workflow.event_manager.tasks), workflow.last_task and workflow.last_task.id, *around]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Compare whatever is packed and unpacked in a test, and count it."""
    tree_of, restored, seen = packing.tree_of, packing.restored, Counter[str]()

    def written(workflow: BpmnWorkflow) -> packing.Tree:
        tree = tree_of(workflow)
        assert orjson.dumps(tree) == reference(workflow)
        seen["written"] += 1
        return tree

    def read(tree: packing.Tree, spec: BpmnProcessSpec, script_engine: ClosedScriptEngine) -> BpmnWorkflow:
        before = orjson.dumps(tree)
        workflow = restored(tree, spec, script_engine)
        assert all_of(workflow) == all_of(by_reference(tree, spec))
        assert workflow.script_engine is script_engine
        assert orjson.dumps(tree) == before
        seen["read"] += 1
        return workflow

    monkeypatch.setattr(packing, "tree_of", written)
    monkeypatch.setattr(packing, "restored", read)
    return seen


def waiting_in_order(workflow: BpmnWorkflow) -> list[Any]:
    """What waits for people and moments, which is found in the order of the tree."""
    steps = workflow.get_tasks(state=TaskState.READY, manual=True)
    waiting = workflow.get_tasks(state=TaskState.WAITING)
    timers = [task for task in waiting if any(isinstance(each, TimerEventDefinition) for each in engine._waits_for(task))]
    assert (list(engine.waiting_steps(workflow)), [task for task, _due in engine.waiting_timers(workflow)]) == (steps, timers)
    return [task.id for task in (*steps, *timers)]


class Twice(Walker):
    """Walks a model and does everything twice: restored and stepped to its next rest by us, and by SpiffWorkflow."""

    def __init__(self, *given: Any, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        super().__init__(*given, **more)
        self.monkeypatch = monkeypatch

    def _answers(self, element: Element) -> Iterator[dict[str, Any]]:
        for values in super()._answers(element):
            yield from ({**values, "urgent": urgent} for urgent in (False, True)) if element.id == "classify" else [values]

    def _do(self, stand: Stand, act: Act) -> Stand:
        ours = engine.unpack(stand.state, self.spec, self._serve)
        theirs = by_reference(packing.decompressed(stand.state), self.spec, self._serve)
        for workflow, run_to_rest in ((ours, engine.run_to_rest), (theirs, run_by_reference)):
            ids = Random(len(stand.state))
            self.monkeypatch.setattr("SpiffWorkflow.task.uuid4", lambda ids=ids: UUID(int=ids.getrandbits(128), version=4))
            with engine_clock(NOON):
                act(workflow)
                run_to_rest(workflow)
        assert waiting_in_order(ours) == waiting_in_order(theirs)
        assert reference(ours) == reference(theirs)
        return self._stored(ours)


# -- every step of lives -----------------------------------------------------------------------------------------------


def lives(
    definition: Definition, process_id: str, rng: Random, monkeypatch: pytest.MonkeyPatch, *, acts: int, way_only: bool = True
) -> None:
    """Take one process to its end by lot, and do the first acts of everything it can do."""
    way = {id_ for id_, each in definition.elements.items() if "beside" not in each.properties or each.kind == "userTask"}
    only = way.__contains__ if way_only else lambda _element: True
    Twice(definition, process_id, only, monkeypatch=monkeypatch).at_random(rng)
    Twice(definition, process_id, monkeypatch=monkeypatch).everything(acts)


@pytest.mark.exhaustive(but=8)
@pytest.mark.parametrize("process_id", ["case", "assignment"])
@pytest.mark.parametrize("key", STARTING_MODELS)
def test_every_step_of_lives_of_the_models_to_begin_from(
    key: str, process_id: str, compared: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lives(parse(STARTING_MODELS[key].text), process_id, Random(SEED), monkeypatch, acts=25)
    assert min(compared["written"], compared["read"]) > 20


@pytest.mark.exhaustive
def test_every_step_of_lives_of_random_models(compared: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(SEED, SEED + 6):
        lives(parse(alone(Random(seed), most=20).drawing.xml), "case", Random(seed), monkeypatch, acts=15, way_only=False)
    lives(parse(woven(Random(SEED)).drawing.xml), "case", Random(SEED), monkeypatch, acts=15)
    assert min(compared["written"], compared["read"]) > 60


@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)
def test_a_case_with_its_agencies_from_the_report_to_its_end(app: Flask, compared: Counter[str]) -> None:
    build.case_at(build.standard_world(), build.WALK[-1])
    assert min(compared["written"], compared["read"]) > 8


# -- trees made in other ways --------------------------------------------------------------------------------------------


def test_a_tree_moved_to_another_version_is_stored_and_goes_on(compared: Counter[str]) -> None:
    places = (("step inserted after", "submit_answer"), ("timer changed", "rating_window"))
    edits, moved = [edited(shipped_model(), kind, at) for kind, at in places], 0
    for element, edit in zip(STANDS, cycle(edits), strict=False):
        assert edit is not None
        run = standing_at(element)
        try:
            run.workflow = move(run, edit.new, **edit.mapping)
        except MoveImpossible:
            continue
        run.definition, run.spec, moved = edit.new, edit.new.specs[run.spec.name], moved + 1
        run.rest()
        if element in ON:
            go(run, ON[element])
    assert moved > 25
    assert compared["written"] > 2 * moved


def test_a_token_set_elsewhere_by_hand_is_stored(compared: Counter[str]) -> None:
    for element, (process_id, _way) in STANDS.items():
        for target in targets_of(element, process_id, shipped())[:1]:
            set_elsewhere(standing_at(element), element, target)
    assert compared["written"] > 30


# -- what is not known -----------------------------------------------------------------------------------------------------


def waiting_step() -> tuple[BpmnWorkflow, Any]:
    run = Run("case")
    run.do("verify", "accept")
    (task,) = [each for each in engine.waiting_steps(run.workflow) if each.task_spec.name == "classify"]
    return run.workflow, task


@pytest.mark.parametrize("value", [
    ["a", {"b": [1, None]}], {"a": {"b": 2.5}}, {}, (1, 2), datetime(2026, 3, 2, tzinfo=UTC), True, 1, "", None,
])
def test_variables_that_are_not_plain_are_left_to_the_engine_s_serializer(value: Any, compared: Counter[str]) -> None:
    workflow, task = waiting_step()
    compared.clear()
    workflow.data["one"] = workflow.task_tree.data["one"] = task.data["one"] = value
    task.parent.data["two"] = task.data["two"] = value
    task.parent.data["gone"] = task.data["new"] = 1
    again = engine.unpack(engine.pack(workflow), workflow.spec)
    assert engine.unpack(engine.pack(again), workflow.spec).tasks[task.id].data.keys() == task.data.keys()
    assert engine.stored_copy(workflow).tasks[task.id].data == task.data
    assert compared == {"written": 3, "read": 3}


def test_internal_values_that_are_not_plain_are_left_to_the_engine_s_serializer(compared: Counter[str]) -> None:
    workflow, task = waiting_step()
    compared.clear()
    task.internal_data |= {
        "id": task.id, "at": NOON, "for": timedelta(days=1, seconds=2), "call": print, "plain": [1, {"a": NOON}],
        "seen": [BpmnEvent(MessageEventDefinition("refused"), {"until": "never"})],
    }  # fmt: skip
    internal = engine.unpack(engine.pack(workflow), workflow.spec).tasks[task.id].internal_data
    assert internal.items() >= {"id": task.id, "at": NOON, "for": timedelta(days=1, seconds=2), "plain": [1, {"a": NOON}]}.items()
    assert "call" not in internal
    assert isinstance(internal["seen"][0], BpmnEvent)
    assert compared == {"written": 1, "read": 1}


def test_numbers_that_are_equal_and_not_the_same_count_as_unchanged_as_they_do_for_the_engine(compared: Counter[str]) -> None:
    workflow, task = waiting_step()
    compared.clear()
    task.parent.data["one"], task.data["one"] = 1, True
    assert engine.unpack(engine.pack(workflow), workflow.spec).tasks[task.id].data["one"] is not True
    assert compared == {"written": 1, "read": 1}


def test_an_instance_with_a_subprocess_is_written_by_the_engine_s_serializer(monkeypatch: pytest.MonkeyPatch) -> None:
    workflow, task = waiting_step()
    workflow.subprocesses[task.id] = Run("assignment").workflow
    monkeypatch.setattr(packing, "_task_written", None)
    assert orjson.dumps(packing.tree_of(workflow)) == reference(workflow)


@pytest.mark.parametrize("change", [
    {"typename": "BpmnSubWorkflow"}, {"subprocesses": {"x": {"typename": "BpmnSubWorkflow"}}}, {"bpmn_events": [{"typename": "BpmnEvent"}]},
])
def test_a_stored_tree_that_is_not_known_is_read_by_the_engine_s_serializer(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(packing, "_restored_by_spiff", lambda *given: asked.append(given))
    workflow, _task = waiting_step()
    packing.restored(packing.tree_of(workflow) | change, workflow.spec, ClosedScriptEngine())
    assert len(asked) == 1


def test_a_task_of_another_kind_or_element_is_not_guessed() -> None:
    workflow, task = waiting_step()
    for change, fault in (({"typename": "Other"}, TypeError), ({"task_spec": "no_such_step"}, KeyError)):
        tree = packing.tree_of(workflow)
        tree["tasks"][str(task.id)] |= change
        with pytest.raises(fault):
            packing.restored(tree, workflow.spec, ClosedScriptEngine())


# -- bytes -----------------------------------------------------------------------------------------------------------------


def test_what_is_restored_shares_nothing_with_the_tree_or_the_instance_it_was_made_of() -> None:
    workflow, task = waiting_step()
    workflow.task_tree.data["box"], task.data["boxes"], task.internal_data["mark"] = {"a": 1}, [{"a": 1}], 1
    before = reference(workflow)
    copy = engine.stored_copy(workflow)
    for each in copy.tasks.values():
        each.data["more"] = each.internal_data["more"] = 1
    copy.task_tree.data["box"]["a"] = copy.tasks[task.id].data["boxes"][0]["a"] = 2
    assert reference(workflow) == before


@pytest.mark.parametrize("level", [1, 3, 9, 19])
def test_a_state_stored_at_any_level_can_be_read(level: int) -> None:
    workflow, _task = waiting_step()
    text = orjson.dumps(packing.tree_of(workflow))
    assert orjson.dumps(packing.decompressed(zstandard.compress(text, level=level))) == text
    assert zstandard.decompress(engine.pack(workflow)) == text


def test_threads_do_not_share_their_contexts() -> None:
    workflow, _task = waiting_step()
    state = engine.pack(workflow)
    with ThreadPoolExecutor(4) as pool:
        packed = pool.map(lambda _number: engine.pack(engine.unpack(engine.pack(workflow), workflow.spec)), range(80))
        assert set(packed) == {engine.pack(engine.unpack(state, workflow.spec))}
