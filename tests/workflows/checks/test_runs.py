"""Rules where ways are joined: sound work side by side is let through, a run that breaks a rule is found and is one that can happen."""
from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from SpiffWorkflow.bpmn import BpmnWorkflow

from tests.whole import sample
from tests.workflows.checks.test_net import net
from tests.workflows.checks.test_path_rules import BREAKS, Change
from tests.workflows.drawing import Drawing, button
from tests.workflows.random_models import alone
from tests.workflows.walker import OVER, Lost, Stand, Walker
from workflows import engine
from workflows.checks.graph import Graph, graph_of
from workflows.checks.model import check_model
from workflows.checks.path_rules import rule_findings
from workflows.checks.runs import Runs
from workflows.checks.token_game import play
from workflows.checks.ways import Mark, bypass, done, end, offered, open_flows, path_query
from workflows.definitions.process import parse
from workflows.definitions.vocabulary import RESTING

ENCLOSED = {
    "verify": ("case", "begin_to_verify", "verify_to_classify"),
    "classify": ("case", "verify_to_classify", "classify_to_distribute"),
    "wait_for_agencies": ("case", "again_waiting_to_wait_for_agencies", "wait_for_agencies_to_is_answered"),
    "review_rating": ("case", "rate_to_review_rating", "review_rating_to_is_reopened"),
    "decide_objection": ("case", "object_to_refusal_to_decide_objection", "decide_objection_to_is_upheld"),
    "submit_answer": ("assignment", "is_taken_to_submit_answer", "submit_answer_to_approve_answer"),
    "approve_answer": ("assignment", "submit_answer_to_approve_answer", "approve_answer_to_is_approved"),
}
"""Steps of the rules with one way in and out: the process, and the flows into and out of each."""


def flow_between(drawing: Drawing, source: str, target: str) -> str:
    flows = ((each.get("id"), each.get("sourceRef"), each.get("targetRef")) for each in drawing.root.iter("{*}sequenceFlow"))
    return next(id_ for id_, *ends in flows if ends == [source, target])


def beside(drawing: Drawing, step: str, *, name: str = "own") -> None:
    """A step of one's own side by side with a step of the rules: parted before, joined behind."""
    process, into, out = ENCLOSED[step]
    split, join, own = (drawing.node(kind, f"{name}_{part}", process=process) for kind, part in
                        (("parallelGateway", "split"), ("parallelGateway", "join"), ("userTask", "step")))  # fmt: skip
    target, source = drawing.find(into).get("targetRef"), drawing.find(out).get("sourceRef")
    entering = drawing.processes[process].entering(target)
    merge = drawing.node("exclusiveGateway", f"{name}_merge", process=process) if len(entering) > 1 else split
    for flow in entering:
        drawing.lead(flow.id, target=merge)
    if merge != split:
        drawing.flow(merge, split)
    drawing.lead(out, source=join)
    for before, after in ((split, target), (source, join), (split, own), (own, join)):
        drawing.flow(before, after)


def around(drawing: Drawing, step: str) -> str:
    """A choice right before the step that leads past it to right behind it; returns the flow past it."""
    process = ENCLOSED[step][0]
    asked = drawing.node("userTask", "asked", process=process, form=[button("yes"), button("no")])
    gateway, merge = (drawing.node("exclusiveGateway", name, process=process) for name in ("is_needed", "is_settled"))
    for flow in drawing.processes[process].entering(step):
        drawing.lead(flow.id, target=asked)
    drawing.flow(asked, gateway)
    drawing.flow(gateway, step, 'asked == "yes"')
    flow, = drawing.processes[process].leaving(step)
    drawing.between(flow.id, merge, merge)
    return drawing.flow(gateway, merge, 'asked == "no"', id_="bypass")


def found(drawing: Drawing) -> list[tuple[str, str | None]]:
    return [(finding.check, finding.element) for finding in rule_findings(drawing.processes)]


def checks(drawing: Drawing) -> list[str]:
    return [check for check, _ in found(drawing)]


@pytest.mark.exhaustive(but=7)
@pytest.mark.parametrize("step", ENCLOSED)
def test_a_step_of_ones_own_may_stand_beside_each_step_of_the_rules(step: str) -> None:
    drawing = Drawing()
    beside(drawing, step)
    assert check_model(drawing.xml).findings == ()


@pytest.mark.exhaustive
def test_blocks_may_stand_in_blocks_and_one_behind_the_other() -> None:
    drawing = Drawing()
    for step in ("verify", "classify", "wait_for_agencies", "review_rating", "submit_answer"):
        beside(drawing, step, name=f"own_{step}")
    split, join = drawing.node("parallelGateway", "inner_split"), drawing.node("parallelGateway", "inner_join")
    drawing.between(flow_between(drawing, "own_classify_split", "classify"), split, join)
    for inner in ("inner", "other"):
        drawing.node("userTask", inner)
        drawing.flow(split, inner)
        drawing.flow(inner, join)
    assert check_model(drawing.xml).findings == ()


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("step", ENCLOSED)
def test_a_choice_past_the_step_breaks_the_same_rules_inside_a_block_as_without_one(step: str) -> None:
    drawing, plain = Drawing(), Drawing()
    beside(drawing, step)
    past = around(drawing, step)
    around(plain, step)
    assert checks(drawing) == checks(plain) != []
    if step in ("verify", "classify", "review_rating", "decide_objection"):                      # no loop leads back to these
        assert {element for _, element in found(drawing)} == {past}


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("step", ENCLOSED)
def test_a_choice_between_the_step_and_ones_own_breaks_its_rules(step: str) -> None:
    """Parted and merged by choices, one of the two is done and not the other."""
    drawing = Drawing()
    beside(drawing, step)
    for gateway in ("own_split", "own_join"):
        drawing.find(gateway).tag = drawing.find(gateway).tag.replace("parallel", "exclusive")
    assert found(drawing) != []


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("step", ["classify", "review_rating", "approve_answer"])
def test_an_event_that_ends_the_step_and_leads_to_the_join_breaks_its_rules(step: str) -> None:
    def with_window(drawing: Drawing) -> list[str]:
        process = ENCLOSED[step][0]
        merge = drawing.node("exclusiveGateway", "merge", process=process)
        flow, = drawing.processes[process].leaving(step)
        drawing.between(flow.id, merge, merge)
        drawing.flow(drawing.node("boundaryEvent", "window", at=step, process=process, timer=("timeDuration", '"P1D"')), merge)
        return checks(drawing)

    drawing = Drawing()
    beside(drawing, step)
    assert with_window(drawing) == with_window(Drawing()) != []


@pytest.mark.exhaustive(but=14)
@pytest.mark.parametrize(("rule", "change"), sample(BREAKS, 3))
def test_no_break_of_a_rule_is_hidden_by_work_side_by_side(rule: str, change: Change) -> None:
    drawing = Drawing()
    for step in ENCLOSED:
        beside(drawing, step, name=f"own_{step}")
    change(drawing)
    assert rule in checks(drawing)


def test_what_stands_side_by_side_with_its_beginning_does_not_come_after_it() -> None:
    """The agencies may have finished before the work is given to them: here nothing makes the one wait for the other."""
    drawing = Drawing()
    split, join = drawing.node("parallelGateway", "split"), drawing.node("parallelGateway", "join")
    drawing.lead("classify_to_distribute", target=split)
    drawing.flow(split, "distribute")
    drawing.flow(split, "again_waiting")
    drawing.lead("distribute_to_again_waiting", target=join)
    drawing.lead("wait_for_agencies_to_is_answered", target=join)
    drawing.flow(join, "is_answered")
    assert "agencies_finish_each_round" in {check for check, _ in found(drawing)}


def test_an_end_of_the_whole_process_inside_a_block_waits_for_nothing_beside_it() -> None:
    drawing = Drawing()
    beside(drawing, "classify")
    drawing.lead(flow_between(drawing, "own_step", "own_join"), target=drawing.node("endEvent", "early", terminate=True))
    drawing.drop("own_join")
    drawing.flow("classify", "distribute")
    assert "closed_is_the_end" in {check for check, _ in found(drawing)}


def test_more_side_by_side_than_can_be_tried_is_said_to_be_just_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.checks.runs.MAX_STATES", 2)
    drawing = Drawing()
    beside(drawing, "classify")
    finding, = rule_findings(drawing.processes)
    assert (finding.check, finding.is_error) == ("classified_first", True)
    assert "Phân loại" in finding.what.vi
    assert "mà không qua" not in finding.what.vi
    assert "can be tried" in finding.what.en


# -- against looking at everything -----------------------------------------------------------------------------------------

Beginnings = tuple[tuple[int, bool], ...]
"""Of a token: each beginning it came of by its number, and whether what had to be passed was passed since."""


class Everything:
    """Every run of a small net, one act at a time and nothing left out, with what each token has behind it; knows nothing of Runs."""

    def __init__(self, graph: Graph, start: Mark | None, goal: str, passing: list[Mark], given: dict[str, Any]) -> None:
        self.graph, self.start, self.goal, self.passing, self.given = graph, start.name if start else None, goal, passing, given
        self.is_broken = False

    def breaks(self, most: int) -> bool | None:
        """Whether some run breaks the rule; None if there are too many states."""
        first = self.graph.process.starts[0]
        begun: Beginnings = ((0, False),) if self.start is None else ()
        known, ahead = set[Any](), [{(flow.id, begun)} for flow in self.graph.leaving[first.id]]
        while ahead and not self.is_broken:
            state = self._renumbered(ahead.pop())
            if state in known:
                continue
            if len(known) > most:
                return None
            known.add(state)
            ahead += [following for token in state for following in self._following(state, token)]
        return self.is_broken

    def _renumbered(self, state: set[Any]) -> frozenset[Any]:
        """The same state under the smallest numbers: which is which tells nothing."""
        numbers: dict[int, int] = {}
        for _, begun in sorted(state):
            for number, _ in begun:
                numbers.setdefault(number, len(numbers))
        return frozenset((place, tuple(sorted((numbers[number], is_passed) for number, is_passed in begun))) for place, begun in state)

    def _following(self, state: frozenset[Any], token: Any) -> Iterator[set[Any]]:
        """What can follow when this token moves: from a flow to its node, from a node onto its flows."""
        place, begun = token
        if place.startswith("armed "):
            return
        rest = set(state) - {token}
        if place in self.graph.nodes:
            yield from self._left(rest, place, begun)
            return
        node = self.graph.nodes[self.graph.process.flows[place].target]
        entering = self.graph.entering[node.id]
        if node.kind == "parallelGateway" and len(entering) > 1:
            waiting = [each for each in state if each[0] in {flow.id for flow in entering}]
            if len(waiting) == len(entering):
                yield from self._left(set(state) - set(waiting), node.id, self._merged([each for _, each in waiting]))
            return
        begun = self._come(node.id, begun)
        if node.kind in RESTING:
            beside = {(event.id, begun) for event in self.graph.attached[node.id] if not event.interrupts}
            yield rest | {(node.id, begun)} | {(f"armed {id_}", each) for id_, each in beside}
        else:
            yield from self._left(rest, node.id, begun)

    def _left(self, rest: set[Any], node_id: str, begun: Beginnings) -> Iterator[set[Any]]:
        node, attached = self.graph.nodes[node_id], self.graph.attached[node_id]
        armed = {each for each in rest if each[0] in {f"armed {event.id}" for event in attached}}
        gone = rest - armed
        for event in attached:
            if event.interrupts:
                yield from self._onto(gone, event.id, self._come(event.id, begun))
        for place, each in armed:
            yield from self._onto(rest - {(place, each)} | {(node_id, begun)}, place.removeprefix("armed "), each)
        if node.kind == "eventBasedGateway":
            for flow in self.graph.leaving[node_id]:
                yield from self._onto(gone, flow.target, self._come(flow.target, begun))
        else:
            yield from self._onto(gone, node_id, begun)

    def _onto(self, rest: set[Any], node_id: str, begun: Beginnings) -> Iterator[set[Any]]:
        node, flows = self.graph.nodes[node_id], self.graph.leaving[node_id]
        if done(node_id) in self.passing:
            begun = tuple((number, True) for number, _ in begun)
        if node_id == self.start:
            begun = ((1 + max((number for _, each in rest for number, _ in each), default=0), False),)
        if node.kind != "exclusiveGateway":
            yield rest | {(flow.id, begun) for flow in flows}
            return
        possible = open_flows(self.graph, node_id, self.given)
        for flow in flows:
            # a way these values do not lead: the beginnings of this token were others than asked for, wherever they are remembered
            others = set() if flow in possible else {number for number, _ in begun}
            yield {(place, tuple(pair for pair in each if pair[0] not in others)) for place, each in rest | {(flow.id, begun)}}

    def _merged(self, tokens: list[Beginnings]) -> Beginnings:
        merged: dict[int, bool] = {}
        for number, is_passed in (pair for token in tokens for pair in token):
            merged[number] = merged.get(number, False) or is_passed
        return tuple(merged.items())

    def _come(self, node_id: str, begun: Beginnings) -> Beginnings:
        if offered(node_id) in self.passing:
            return tuple((number, True) for number, _ in begun)
        if node_id == self.goal and any(not is_passed for _, is_passed in begun):
            self.is_broken = True
        return begun


def asked(graph: Graph, rng: Random) -> Iterator[tuple[Mark | None, Mark, list[Mark], dict[str, Any]]]:
    """Rules about the steps of a random net, each with its beginning, its goal and what is to be passed."""
    steps = [node for node in graph.nodes.values() if node.is_step]
    for _ in range(12):
        begin, goal = rng.choice([None, *steps]), rng.choice([*steps, None])
        passing = [rng.choice([done, offered])(each.id) for each in rng.sample(steps, rng.randint(0, min(2, len(steps))))]
        given = {begin.id: rng.choice(begin.form.buttons).id} if begin and begin.form.buttons and rng.random() < 0.7 else {}
        yield done(begin.id) if begin else None, offered(goal.id) if goal else end("over"), passing, given


@pytest.mark.exhaustive
def test_every_verdict_on_a_random_net_is_that_of_looking_at_everything(capsys: pytest.CaptureFixture[str]) -> None:
    compared = broken = otherwise = 0
    for seed in range(90):
        graph = graph_of(alone(Random(seed), most=16).drawing.processes["case"])
        if not any(node.kind == "parallelGateway" for node in graph.nodes.values()):
            continue
        game = play(graph, graph.process.starts[0])
        for start, goal, passing, given in asked(graph, Random(seed)):
            wanted = path_query(graph, start, [goal], passing, given)
            expected = Everything(graph, start, goal.name, passing, given).breaks(4_000)
            if expected is None or wanted.goals & wanted.closed:
                continue
            run, way = Runs(game).bypass(wanted), bypass(graph, wanted)
            assert (run is not None) is expected, (seed, start, goal, passing, given)
            compared, broken, otherwise = compared + 1, broken + expected, otherwise + (way is not None and run is None)
    with capsys.disabled():
        print(f"\n{compared} rules: {broken} broken, {otherwise} kept though a way is drawn past", end=" ")
    assert compared > 300
    assert 50 < broken < compared
    assert otherwise > 10


@pytest.mark.parametrize(("nodes", "flows", "step", "goal"), [
    ("s:start p:and a:step b:step j:and c:step e:end", "s>p p>a p>b a>j b>j j>c c>e", "a", "c"),
    ("s:start p:and x:xor a:step m:xor b:step j:and c:step e:end", "s>p p>x x>a x>m a>m m>j p>b b>j j>c c>e", "a", "c"),
    ("s:start p:and q:and a:step b:step k:and d:step j:and c:step e:end", "s>p p>q q>a q>b a>k b>k k>j p>d d>j j>c c>e", "b", "c"),
    ("s:start p:and a:step b:step c:step j:and e:end", "s>p p>a p>b b>c a>j c>j j>e", "a", "c"),
    ("s:start p:and a:step n:on.a m:xor b:step j:and c:step e:end", "s>p p>a p>b a>m n>m m>j b>j j>c c>e", "a", "c"),
])  # fmt: skip
def test_the_engine_itself_brings_the_goal_exactly_where_the_rule_is_broken(nodes: str, flows: str, step: str, goal: str) -> None:
    drawing = net(nodes, flows)
    graph = graph_of(drawing.processes["case"])
    for gateway in graph.nodes.values():
        for index, flow in enumerate(graph.leaving[gateway.id] if gateway.kind == "exclusiveGateway" else ()):
            if len(graph.leaving[gateway.id]) > 1:
                drawing.drop(flow.id)
                drawing.flow(flow.source, flow.target, "1 == 1" if index else "1 == 2", id_=flow.id)
    run = Runs(play(graph, graph.process.starts[0])).bypass(path_query(graph, None, [offered(goal)], [done(step)]))
    walker = Noting(drawing, never=step)
    assert walker.everything().is_whole
    assert (run is not None) is (goal in walker.come)


class Noting(Walker):
    """Walks on where nothing leads on, and notes every step that came to somebody."""

    def __init__(self, drawing: Drawing, never: str) -> None:
        super().__init__(parse(drawing.xml), "case", only=lambda name: name != never)
        self.come = set[str]()

    def _stored(self, workflow: BpmnWorkflow) -> Stand:
        self.come |= {task.task_spec.name for task in engine.waiting_steps(workflow)}
        try:
            return super()._stored(workflow)
        except Lost:
            return Stand(OVER)
