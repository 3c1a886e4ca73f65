"""The proof that moving is right: at every state of a version that can be come to, under an edit, on the real engine.

A state is moved; what waits there then must be what a fresh instance of the new version has at that point, its steps with their ids and
values, its timers with theirs; from there every path is gone to its end without a fault. What is refused was said beforehand by `fates`.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import orjson
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from tests.workflows.moving.kinds_of_edit import Edit
from tests.workflows.raw import NOON
from workflows import engine
from workflows.bindings import BINDINGS
from workflows.checks.diagram import processes_of
from workflows.checks.graph import graph_of
from workflows.checks.samples import Samples
from workflows.clock import engine_clock
from workflows.definitions.process import Definition, read_xml
from workflows.moving.mapping import Verdict, fates
from workflows.moving.needs import reads_of
from workflows.moving.net import nets_of
from workflows.moving.tree import MoveImpossible, move_tree, places_of

LATER = NOON + timedelta(hours=5)
"""When cases are moved: what is worked out anew is seen by that."""
MOST_STATES = 2_000

Key = tuple[Any, ...]


class Broken(AssertionError):
    """What the proof found wrong."""


@dataclass(frozen=True)
class Act:
    """One thing that happens: a step done, a message heard, a timer fired, at an element; `answer` is which answer services give."""

    kind: str
    element: str
    name: str
    values: bytes
    answer: int = 0


@dataclass
class Stand:
    """A state at rest, stored, with how it was come to. `key` is None at the end."""

    key: Key | None
    state: bytes
    path: tuple[Act, ...] = ()


class Course:
    """One process of a version on the real engine; what was done once in a state is not done again."""

    def __init__(self, definition: Definition, process_id: str) -> None:
        self.definition, self.process_id, self.spec = definition, process_id, definition.specs[process_id]
        self.process = processes_of(read_xml(definition.xml))[process_id]
        self.graph = graph_of(self.process)
        self.samples = Samples(self.graph, BINDINGS, NOON)
        self.timed = {name for node in self.process.nodes.values() for name in reads_of(node.timer[1] if node.timer else "")}
        events = [node.id for node in self.process.nodes.values() if node.kind == "boundaryEvent" and not node.interrupts]
        self.beside = self.graph.reach(events)
        self.known: dict[Key, Stand] = {}
        self.after: dict[Key, dict[Act, Key | None]] = defaultdict(dict)
        self.tried = set[tuple[Act, Key]]()
        self.acts_done = 0
        self._answer, self._most_answers = 0, 1

    # -- the engine ----------------------------------------------------------------------------------------------------

    def serve(self, name: str, _parameters: dict[str, Any]) -> str:
        results = {node.result_variable for node in self.process.nodes.values() if node.service == name and node.result_variable}
        answers = self.samples.of_service(name, sorted(results))
        self._most_answers = max(self._most_answers, len(answers))
        return orjson.dumps(answers[min(self._answer, len(answers) - 1)]).decode()

    @cached_property
    def first(self) -> Stand:
        workflow = engine.new_instance(self.spec, self.serve)
        start = self.process.starts[0]
        with engine_clock(NOON):
            engine.run_to_rest(workflow)
            if start.message and engine.waits_for(workflow, start.message):
                engine.send(workflow, start.message, {})
                engine.run_to_rest(workflow)
        return self.stand(workflow)

    def tree(self, stand: Stand) -> BpmnWorkflow:
        return engine.unpack(stand.state, self.spec, self.serve)

    def stand(self, workflow: BpmnWorkflow, path: tuple[Act, ...] = ()) -> Stand:
        engine.thrown_messages(workflow)
        if workflow.completed:
            return Stand(None, b"", path)
        return Stand(self.key(workflow), engine.pack(workflow), path)

    def key(self, workflow: BpmnWorkflow) -> Key:
        found = []
        for task in workflow.get_tasks(state=TaskState.READY | TaskState.WAITING):
            name = task.task_spec.name
            if name in self.process.nodes:
                values = {each: task.data[each] for each in self.samples.live[name] | self.timed if each in task.data}
                found.append((name, int(task.state), orjson.dumps(values, option=orjson.OPT_SORT_KEYS)))
        # of what an event begins beside a step, any number of times, two are many
        counted = Counter(found)
        signs = (each for each, count in counted.items() for _ in range(min(count, 2) if each[0] in self.beside else count))
        return tuple(sorted(signs))

    def acts(self, workflow: BpmnWorkflow, places: frozenset[str] | None = None) -> Iterator[Act]:
        seen = set[str]()
        for task in workflow.get_tasks(state=TaskState.READY | TaskState.WAITING):
            node = self.process.nodes.get(task.task_spec.name)
            if node is None or node.id in seen or (places is not None and (node.attached_to or node.id) not in places):
                continue
            seen.add(node.id)
            if task.state == TaskState.READY:
                yield from (Act("step", node.id, node.id, orjson.dumps(values)) for values in self.samples.of_step(node) if node.is_step)
                continue
            events = [self.process.nodes[flow.target] for flow in self.graph.leaving[node.id]]
            for event in events if node.kind == "eventBasedGateway" else [node]:
                if event.message:
                    values = self.samples.of_message(event)
                    yield from (Act("message", event.id, event.message, orjson.dumps(each)) for each in values)
                elif event.timer:
                    yield Act("timer", node.id, event.id, b"{}")

    def do(self, workflow: BpmnWorkflow, act: Act) -> None:
        """Do one thing and come to rest."""
        self._answer, self._most_answers = act.answer, 1
        self.acts_done += 1
        with engine_clock(NOON):
            if act.kind == "message":
                engine.send(workflow, act.name, orjson.loads(act.values))
            elif act.kind == "timer":
                engine.set_timer(workflow, self._waiting(workflow, act.element).id, NOON - timedelta(days=1))
            else:
                task = self._waiting(workflow, act.element)
                task.data.update(orjson.loads(act.values))
                task.run()
            engine.run_to_rest(workflow)

    def _waiting(self, workflow: BpmnWorkflow, element: str) -> Task:
        return next(task for task in workflow.get_tasks(state=TaskState.READY | TaskState.WAITING) if task.task_spec.name == element)

    # -- everything that can happen --------------------------------------------------------------------------------------

    def explore(self, begun: Stand, places: frozenset[str] | None, most: int = MOST_STATES) -> bool:
        """Do every act that can be done at some places, from one state on; returns whether that was all. Raises Broken."""
        ahead = [begun]
        if begun.key is not None:
            self.known.setdefault(begun.key, begun)
        while ahead:
            stand = ahead.pop()
            if stand.key is None:
                continue
            workflow = self.tree(stand)
            acts = [act for act in self.acts(workflow, places) if act not in self.after[stand.key]]
            if not acts and not list(self.acts(workflow)):
                raise Broken(f"nothing leads on from {stand.key}")
            while acts:
                if len(self.known) >= most:
                    return False
                act = acts.pop()
                following = self._following(stand, act)
                if act.answer == 0:
                    acts += [Act(act.kind, act.element, act.name, act.values, each) for each in range(1, self._most_answers)]
                self.after[stand.key][act] = following.key
                if following.key is not None and following.key not in self.known:
                    self.known[following.key] = following
                    ahead.append(following)
        return True

    def _following(self, stand: Stand, act: Act) -> Stand:
        workflow = self.tree(stand)
        try:
            self.do(workflow, act)
        except Exception as fault:
            raise Broken(f"{act} fails at {[each[0] for each in stand.key or ()]}: {type(fault).__name__} {fault}") from fault
        return self.stand(workflow, (*stand.path, act))

    def lines(self) -> list[frozenset[str]]:
        """The places of each line with nothing more beyond it, with what comes before it."""
        net = nets_of(self.definition)[self.process_id]
        found = []
        for stretch in net.stretches:
            if any(net.beyond_fork(split) for split in stretch.line.splits):
                continue
            places, each = set[str](), stretch
            while True:
                places |= {spot[1] for spot in each.spots}
                if each.fork is None:
                    break
                fork = each.fork
                each = next(outer for outer in net.stretches if fork in outer.line.splits)
                host = self.process.nodes[fork].attached_to
                places |= {host} if host else set()
            found.append(frozenset(places))
        return found or [frozenset(self.process.nodes)]

    def explore_all(self, most: int = MOST_STATES) -> bool:
        """Every state of each line, the others at their beginning."""
        whole = [self.explore(self.first, places, most) for places in self.lines()]
        return all(whole)

    @cached_property
    def shown(self) -> set[Key]:
        """What waits in each state that is known."""
        return {enabled_in(key) for key in self.known}

    @cached_property
    def way_to_end(self) -> dict[Key, Act]:
        """By what waits on the line that ends soonest, the act that leads nearer to the end."""
        for places in sorted(self.lines(), key=len, reverse=True):
            before: dict[Key | None, list[tuple[Key, Act]]] = defaultdict(list)
            for key, acts in self.after.items():
                for act, following in acts.items():
                    node = self.process.nodes[act.element]
                    gateway = next((flow.source for flow in self.graph.entering[node.id] if act.kind != "step"), node.id)
                    if {node.attached_to or node.id, gateway} & places:
                        before[following].append((key, act))
            way: dict[Key, Act] = {}
            ahead: deque[Key | None] = deque([None])
            seen = set[Key | None]()
            while ahead:
                at = ahead.popleft()
                for key, act in before[at]:
                    if key not in seen:
                        seen.add(key)
                        way[key] = act
                        ahead.append(key)
            places |= {node.id for node in self.process.nodes.values() if node.attached_to in places}
            if self.first.key in way:
                return {_part(key, places): act for key, act in reversed(way.items())} | {("places",): places}  # type: ignore[dict-item]
        return {}


def enabled_in(key: Key) -> Key:
    """What waits: a key without the values."""
    return tuple((name, state) for name, state, _ in key)


def _part(key: Key, places: Iterable[str]) -> Key:
    return tuple(each for each in key if each[0] in places)


@dataclass
class Counts:
    """What was proved, by kind of edit."""

    edits: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    acts: int = 0

    def told(self) -> dict[str, Any]:
        kinds = {kind: [self.edits[kind], self.moved[kind], self.refused[kind]] for kind in self.edits}
        return {
            "edits": self.edits.total(), "moved": self.moved.total(), "refused_as_foretold": self.refused.total(),
            "compared_with": dict(self.compared), "acts": self.acts, "kinds (edits, moved, refused)": kinds,
        }  # fmt: skip


def prove(
    old: Course, edit: Edit, counts: Counts, *, stands: Iterable[Stand] | None = None, most: int = MOST_STATES, to_end: int = 1
) -> None:
    """Move every state of the old course that is known (or some) under an edit. Raises Broken."""
    fresh = Course(edit.new, old.process_id)
    fresh.explore_all(most)
    foretold = fates(old.definition, edit.new, edit.mapping)
    counts.edits[edit.kind] += 1
    try:
        for number, stand in enumerate(list(old.known.values() if stands is None else stands)):
            _Proof(old, fresh, edit, stand, counts, foretold).run(ends=number % to_end == 0, most=most)
    except Broken as broken:
        raise Broken(f"{edit.kind} at {edit.at}: {broken}") from broken
    counts.acts += fresh.acts_done


class _Proof:
    def __init__(self, old: Course, fresh: Course, edit: Edit, stand: Stand, counts: Counts, foretold: dict[str, Any]) -> None:
        self.old, self.fresh, self.edit, self.stand, self.counts, self.foretold = old, fresh, edit, stand, counts, foretold
        self.before = old.tree(stand)
        self.places = places_of(self.before, old.definition)

    def run(self, *, ends: bool, most: int) -> None:
        moved = self._moved(keeps_limits=True)
        if moved is None:
            self.counts.refused[self.edit.kind] += 1
            return
        self.counts.moved[self.edit.kind] += 1
        self._check_kept(moved)
        self._check_edges(moved)
        after = self.fresh.stand(moved)
        self._compare(after)
        self._do_each(after)
        for places in self._lines(moved):
            self.fresh.explore(after, places, most + 200)
        if ends:
            self._go_to_the_end(after)
        if self.edit.kind.startswith("timer"):
            self._check_limits()

    def _moved(self, *, keeps_limits: bool) -> BpmnWorkflow | None:
        foreseen = [self.foretold[place] for place in self.places]
        stored = _told(self.before)
        try:
            moved = move_tree(
                self.before, process_id=self.old.process_id, old=self.old.definition, new=self.edit.new, mapping=self.edit.mapping,
                now=LATER, keeps_limits=keeps_limits, services=self.fresh.serve,
            )  # fmt: skip
        except MoveImpossible as refusal:
            if not all(text.strip() for text in refusal.text):
                raise Broken("a refusal says nothing") from refusal
            if all(fate.verdict == Verdict.MOVES and fate.why is None for fate in foreseen):
                raise Broken(f"at {self.places} refused, and nobody said so: {refusal.text.en}") from refusal
            moved = None
        if _told(self.before) != stored:
            raise Broken("the given tree is not what it was")
        if moved is not None and (said := [fate for fate in foreseen if fate.verdict != Verdict.MOVES]):
            raise Broken(f"at {self.places} moved, though it was said: {said[0]}")
        return moved

    def _check_kept(self, moved: BpmnWorkflow) -> None:
        """Steps keep ids and values, timers ids and moments."""
        for task in engine.waiting_steps(self.before):
            target = self.foretold[task.task_spec.name].target
            now = moved.tasks.get(task.id)
            if target is None:
                continue
            if now is None or now.task_spec.name != target or now.data != task.data:
                raise Broken(f"{task.task_spec.name} with {task.data} became {now} with {now and now.data}")
        waiting = {task.id: (task.task_spec.name, due) for task, due in engine.waiting_timers(moved)}
        nodes = self.fresh.process.nodes
        for task, due in engine.waiting_timers(self.before):
            name = task.task_spec.name
            node = nodes.get(name)
            host = task.parent.task_spec.name.rpartition(".")[0]
            stays = (
                node is not None
                and name not in self.edit.mapping
                and (node.attached_to is None or node.attached_to == self.foretold[host].target)
            )
            if stays and node and node.timer and waiting.get(task.id) != (name, due):
                raise Broken(f"the timer {name}, due {due}, became {waiting.get(task.id)}")

    def _check_edges(self, moved: BpmnWorkflow) -> None:
        """Every event at the edge of a step that waits listens, but for those that have happened."""
        for task in moved.get_tasks(state=TaskState.READY | TaskState.WAITING):
            attached = self.fresh.graph.attached.get(task.task_spec.name, ())
            beside = {child.task_spec.name: child.state for child in task.parent.children}
            for event in attached:
                if event.id not in beside or (event.interrupts and beside[event.id] != TaskState.WAITING):
                    raise Broken(f"{event.id} does not listen at {task.task_spec.name}")

    def _compare(self, after: Stand) -> None:
        """The fresh instance at the same point: driven there by the same acts, or met on the walk, or on the nets (`move_tree` itself)."""
        shown = enabled_in(after.key or ())
        if self._driven(shown):
            self.counts.compared["the same acts"] += 1
        elif shown in self.fresh.shown:
            self.counts.compared["the walk"] += 1
        else:
            self.counts.compared["the nets"] += 1

    def _do_each(self, after: Stand) -> None:
        """Do each act once on a moved tree itself: it leads to what it leads to from the same state of a fresh one."""
        if after.key is None:
            return
        counted = Counter(name for name, _, _ in after.key if name in self.fresh.beside)
        is_exact = all(count < 2 for count in counted.values())
        known = self.fresh.after.get(after.key, {}) if is_exact else {}
        for act in self.fresh.acts(self.fresh.tree(after)):
            place = self.fresh.process.nodes[act.element].attached_to or act.element
            sign = act, tuple(each for each in after.key if each[0] == place)
            if sign in self.fresh.tried:
                continue
            self.fresh.tried.add(sign)
            following = self.fresh._following(after, act)
            if act in known and known[act] != following.key:
                raise Broken(f"{act} leads from {self.places} to {following.key}, and a fresh instance to {known[act]}")

    def _driven(self, shown: Key) -> bool:
        """Whether a fresh instance comes to the same by the acts of the old one, new steps on its way done as they come."""
        at = self.fresh.first.key
        for act in self.stand.path:
            same = self._same_act(at, act)
            for _ in range(4):
                if same is not None or (onward := self._past_new_step(at)) is None:
                    break
                at = onward
                same = self._same_act(at, act)
            at = self.fresh.after[at][same] if same is not None and at is not None else at
        for _ in range(5):
            if at is None or enabled_in(at) == shown:
                return at is not None
            at = self._past_new_step(at)
        return False

    def _same_act(self, at: Key | None, act: Act) -> Act | None:
        """The act as the new version knows it, where it can be done now."""
        element = self.edit.mapping.get(act.element) or act.element
        known = self.fresh.after.get(at, {}) if at is not None else {}
        own = [each for each in known if (each.kind, each.element, each.answer) == (act.kind, element, act.answer)]
        exact = [each for each in own if orjson.loads(act.values).items() <= orjson.loads(each.values).items()]
        return next(iter(exact or own), None)

    def _past_new_step(self, at: Key | None) -> Key | None:
        """Where a step the old version did not have leads, if one waits."""
        known = self.fresh.after.get(at, {}) if at is not None else {}
        return next(
            (following for act, following in known.items() if act.kind == "step" and act.element not in self.old.process.nodes), None
        )

    def _lines(self, moved: BpmnWorkflow) -> list[frozenset[str]]:
        """The lines on which the moved state is elsewhere than at the beginning of an instance, or where it is the only one."""
        key = self.fresh.key(moved)
        first = set(self.fresh.first.key or ())
        away = {each[0] for each in key if each not in first}
        lines = self.fresh.lines()
        return [line for line in lines if line & away] or lines[:1]

    def _go_to_the_end(self, after: Stand) -> None:
        way = self.fresh.way_to_end
        if not way or after.key is None:
            return
        places: Any = way[("places",)]
        workflow = self.fresh.tree(after)
        for _ in range(60):
            act = way.get(_part(self.fresh.key(workflow), places))
            if act is None or workflow.completed or act not in set(self.fresh.acts(workflow)):
                break
            self.fresh.do(workflow, act)
        if workflow.completed:
            self.counts.compared["gone to the end"] += 1

    def _check_limits(self) -> None:
        """Asked to, a move works every moment out again."""
        moved = self._moved(keeps_limits=False)
        if moved is None:
            return
        durations = {id_: node.timer[1] for id_, node in self.fresh.process.nodes.items() if node.timer and node.timer[1] == '"P90D"'}
        for task, due in engine.waiting_timers(moved):
            if task.task_spec.name in durations and due != LATER + timedelta(days=90):
                raise Broken(f"the limit of {task.task_spec.name} was not worked out again: {due}")


def _told(workflow: BpmnWorkflow) -> list[Any]:
    return [
        (id_, task.task_spec.name, task.state, dict(task.data), orjson.dumps(task.internal_data, default=str), tuple(task._children))
        for id_, task in workflow.tasks.items()
    ]  # fmt: skip
