"""Long lives in a loop: the task tree stays small, and nothing that goes on or is shown can tell that rounds were forgotten."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from tests.workflows.checks.test_net import net
from tests.workflows.definitions.test_joins import in_a_loop
from tests.workflows.random_models import alone
from tests.workflows.raw import NOON, Run, no_service
from tests.workflows.test_engine import STATE_LIMIT, WINDOW_ENDS, classified
from tests.workflows.walker import OUTCOMES, Walker
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import Definition, parse
from workflows.rounds import MOST_TASKS, forget_rounds
from workflows.running.tokens import marks_of

SEED = 7_000
ROUNDS = 60


def accepted() -> Run:
    run = Run("assignment")
    run.do("accept_assignment", "accept")
    return run


def write(run: Run) -> None:
    run.send("reporter_wrote")
    run.do("clear_text")


def ask(run: Run) -> None:
    run.send("reporter_asked", until=WINDOW_ENDS.isoformat())
    run.do("answer_question", "answered")


def call(run: Run) -> None:
    run.send("hotline_needed")
    run.do("call_hotline")


def redo(run: Run) -> None:
    run.do("submit_answer")
    run.do("approve_answer", "redo")


LOOPS: list[tuple[Callable[[], Run], Callable[[Run], None]]] = [
    (classified, write), (classified, ask), (classified, call), (accepted, redo),
]  # fmt: skip


def what_goes_on(workflow: BpmnWorkflow) -> list[tuple[Any, ...]]:
    """Whatever still waits or may come, with its data and what hangs around it."""
    return sorted(
        (task.task_spec.name, task.state, str(sorted(task.data.items())), str(sorted(task.internal_data)), task.parent.task_spec.name)
        for task in workflow.tasks.values() if task.has_state(TaskState.NOT_FINISHED_MASK)
    )  # fmt: skip


def assert_whole(workflow: BpmnWorkflow) -> None:
    """Parents and children know each other, and all of them hang under the root."""
    for task in workflow.tasks.values():
        assert all(child is not None and child.parent is task for child in task.children)
        assert task is workflow.task_tree or task.id in task.parent._children
    assert workflow.last_task is None or workflow.last_task.id in workflow.tasks


def forgotten(workflow: BpmnWorkflow, definition: Definition, services: engine.Services = no_service) -> BpmnWorkflow:
    """Forget what can be, and return what is read back of it; all that waits, its data and the marks of the diagram are as before."""
    marks, goes_on, ids = marks_of(workflow, definition), what_goes_on(workflow), set(workflow.tasks)
    data = {id_: dict(task.data) for id_, task in workflow.tasks.items()}
    forget_rounds(workflow, most=0)
    assert_whole(workflow)
    assert set(workflow.tasks) <= ids
    restored = engine.unpack(engine.pack(workflow), workflow.spec, services)
    for each in (workflow, restored):
        assert marks_of(each, definition) == marks
        assert what_goes_on(each) == goes_on
    assert all(task.data == data[id_] for id_, task in workflow.tasks.items())
    assert shape(restored) == shape(workflow)
    return restored


def shape(workflow: BpmnWorkflow) -> list[tuple[Any, ...]]:
    """The tree from its root, without ids."""

    def of(task: Any, depth: int) -> list[tuple[Any, ...]]:
        own = (depth, task.task_spec.name, task.state, sorted(task.data.items(), key=str), sorted(task.internal_data))
        return [own, *(line for child in task.children for line in of(child, depth + 1))]

    return of(workflow.task_tree, 0)


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize(("begin", "go_round"), LOOPS, ids=[loop.__name__ for _, loop in LOOPS])
def test_a_loop_of_the_shipped_model_is_gone_round_for_ever(
    begin: Callable[[], Run], go_round: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    waiting, begun = run.waiting, time.perf_counter()
    for _ in range(ROUNDS):
        go_round(run)
        forget_rounds(run.workflow)
    each = (time.perf_counter() - begun) / ROUNDS * 1000
    with capsys.disabled():
        print(f"\n{go_round.__name__}: {run.sizes[10]} bytes, then {run.sizes[-1]}, {each:.0f} ms a round", end=" ")
    assert run.waiting == waiting
    assert max(run.sizes) < STATE_LIMIT
    assert len(run.workflow.tasks) < MOST_TASKS + 20


@pytest.mark.parametrize(("begin", "go_round"), LOOPS, ids=[loop.__name__ for _, loop in LOOPS])
def test_what_a_shipped_loop_shows_and_waits_for_stays(begin: Callable[[], Run], go_round: Callable[[Run], None]) -> None:
    run = begin()
    for _ in range(4):
        for _ in range(3):
            go_round(run)
        before = len(run.workflow.tasks)
        run.workflow = forgotten(run.workflow, run.definition)
        assert len(run.workflow.tasks) < before


class Twins:
    """One instance twice, the same things happening to both; one forgets all the rounds it can after each."""

    def __init__(self, definition: Definition) -> None:
        self.walker = Walker(definition, "case")
        self.plain, self.short = (engine.new_instance(self.walker.spec, self.walker._serve) for _ in range(2))
        for workflow in (self.plain, self.short):
            with engine_clock(NOON):
                engine.run_to_rest(workflow)
        self.forgot = 0

    def go_on(self, rng: Random) -> None:
        acts = [list(self.walker._acts(workflow)) for workflow in (self.plain, self.short)]
        which = rng.randrange(len(acts[0]))
        for workflow, act in ((self.plain, acts[0][which]), (self.short, acts[1][which])):
            with engine_clock(NOON):
                act(workflow)
                engine.run_to_rest(workflow)
        self.plain = engine.unpack(engine.pack(self.plain), self.walker.spec, self.walker._serve)
        self.assert_same()
        self.short = forgotten(self.short, self.walker.definition, self.walker._serve)
        self.assert_same()
        self.forgot = max(self.forgot, len(self.plain.tasks) - len(self.short.tasks))

    def assert_same(self) -> None:
        assert self.short.completed == self.plain.completed
        assert what_goes_on(self.short) == what_goes_on(self.plain)
        assert marks_of(self.short, self.walker.definition) == marks_of(self.plain, self.walker.definition)
        for ask in (engine.waiting_timers, engine.waiting_steps):
            assert len(list(ask(self.short))) == len(list(ask(self.plain)))
        assert engine.awaited_messages(self.short) == engine.awaited_messages(self.plain)


def live_as_twins(definition: Definition, rng: Random, acts: int) -> int:
    """Let a model live as twins, again from the beginning where it ends; returns how many tasks were forgotten in all."""
    forgot, twins = 0, Twins(definition)
    for _ in range(acts):
        if twins.plain.completed:
            forgot, twins = forgot + twins.forgot, Twins(definition)
        if not twins.plain.completed:
            twins.go_on(rng)
    return forgot + twins.forgot


def model_of(seed: int) -> Definition:
    return parse(alone(Random(seed)).drawing.xml)


def test_random_models_go_on_alike_whether_rounds_are_forgotten_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    forgot = sum(live_as_twins(model_of(seed), Random(seed), acts=25) for seed in range(SEED, SEED + 8))
    with capsys.disabled():
        print(f"\n8 random models: {forgot} tasks forgotten", end=" ")
    assert forgot > 30


KNOTS = {
    "a join within a join": ("s:start l:xor p:and i:xor q:and a:step b:step j:and h:step y:xor z:step k:and c:step x:xor e:end",
                             "s>l l>p p>i i>q q>a q>b a>j b>j j>h h>y p>z z>k k>c c>x", "y>i? y>k x>l? x>e"),
    "a way begun beside": ("s:start l:xor c:step n:beside.c a:step h:step y:xor x:xor e:end f:end",
                           "s>l l>c n>a a>h h>y c>x", "y>a? y>f x>l? x>e"),
    "events that lead back": ("s:start a:step n:on.a c:step m:on.c x:xor e:end", "s>a n>c m>a a>c c>x", "x>a? x>e"),
    "a race": ("s:start l:xor r:race k:catch t:after a:step h:step y:xor m:xor c:step x:xor e:end",
               "s>l l>r r>k r>t k>a a>m t>h h>y m>c c>x", "y>h? y>m x>l? x>e"),
}  # fmt: skip
"""Loops with what else a model has; behind a mark the flow is taken mostly, and so the loop gone round."""


def knot(nodes: str, flows: str, choices: str) -> Definition:
    drawing = net(nodes, flows)
    for choice in choices.split():
        source, _, target = choice.removesuffix("?").partition(">")
        asked = {"x": "c", "y": "h"}[source]
        drawing.flow(source, target, f'{asked} == "again"' if choice.endswith("?") else f'{asked} == "go"')
    return parse(drawing.xml)


@pytest.mark.parametrize("name", KNOTS)
def test_knots_go_on_alike_whether_rounds_are_forgotten_or_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("c", "h"):
        monkeypatch.setitem(OUTCOMES, step, ["again"] * 6 + ["go"])
    assert live_as_twins(knot(*KNOTS[name]), Random(SEED), acts=40) > 30


def test_a_join_takes_no_token_a_second_time() -> None:
    run = Run("case", knot(*KNOTS["a join within a join"]))
    for step in "ab":
        run.do(step)
    run.do("h", "go")
    run.do("z")
    run.do("c", "again")
    assert run.do("b") == ["a", "z"]
    assert run.do("a") == ["h", "z"]


def test_a_tree_too_deep_is_a_fault_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "DEEPEST", 60)
    run = Run("case", in_a_loop())
    rounds = [("a", None), ("b", None), ("c", "again")] * 20
    with pytest.raises(engine.TreeTooDeep):
        deque((run.do(*step) for step in rounds), maxlen=0)
