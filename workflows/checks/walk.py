"""The walk through the real engine: everything people and events can do is done, and every state survives being stored."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod
from traceback import walk_tb
from typing import Any
from uuid import UUID

import orjson
import zstandard
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from casework.bilingual import Bilingual
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.checks.diagram import Process
from workflows.checks.graph import graph_of
from workflows.checks.own_time import own_time
from workflows.checks.samples import Samples
from workflows.checks.token_game import AT, BEYOND, Game, TokenLine, TooManyStates, play
from workflows.clock import engine_clock
from workflows.definitions.findings import ModelFinding, Rule, named, shown
from workflows.definitions.process import parse
from workflows.rounds import forget_rounds

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""When everything happens: the model waits for no real time."""
MANY_STATES = 300
"""A process with more states than this is walked line by line."""
MANY_ACTS = 80
"""After this many acts in one process only acts and values not tried before are tried."""
MAX_SECONDS = 3.0
"""Seconds of processor time for the whole model, without garbage collection (own_time.py)."""

_REFUSED = Rule(
    "engine_refuses",
    Bilingual("Bộ máy quy trình không đọc được mô hình này.", "The process engine cannot read this model."),
    Bilingual("Sửa phần được nêu, hoặc vẽ lại nó.", "Mend the part that is named, or draw it anew."),
)
_FAILS = Rule(
    "engine_fails",
    Bilingual("Hồ sơ tới đó sẽ dừng với một sự cố.", "A case that comes there would stop with an incident."),
    Bilingual("Xem điều kiện và biến ở phần này; mỗi giá trị có thể có đều cần một đường đi.",
              "Look at the conditions and variables there: each value that can come needs a way."),
)  # fmt: skip
_STANDS_STILL = Rule(
    "engine_stands_still",
    Bilingual("Hồ sơ ở đó không chờ ai, không chờ gì, và không kết thúc.", "A case there waits for nobody and nothing, and does not end."),
    Bilingual("Vẽ đường đi tiếp.", "Draw a way on."),
)
_TWO_TOKENS = Rule(
    "engine_two_tokens",
    Bilingual("Cùng một việc được giao hai lần cho một hồ sơ; làm xong một, việc kia vẫn còn.",
              "The same thing is to be done twice for one case: when one is done, the other stays."),
    Bilingual("Nối các nhánh song song bằng một cổng song song trước phần này.",
              "Join the parallel ways with a parallel gateway before it."),
)  # fmt: skip
_NOT_KEPT = Rule(
    "state_not_kept",
    Bilingual("Trạng thái được lưu và đọc lại không còn như trước.", "A state that is stored and read again is no longer the same."),
    Bilingual("Vẽ lại phần này theo cách khác.", "Draw this part in another way."),
)
_TOO_LONG = Rule(
    "walk_too_long",
    Bilingual("Không thể thử hết mọi đường của mô hình.", "Not every way of the model can be tried."),
    Bilingual("Bớt nhánh, bước hoặc trường được hỏi trong điều kiện.", "Draw fewer branches, steps or fields that conditions ask for."),
)


class _TooLong(RuntimeError):
    """The time allowed for the walk is used up."""


def walk_findings(xml: bytes, processes: Mapping[str, Process], bindings: Bindings = BINDINGS) -> Iterator[ModelFinding]:
    """Parse a model as the engine does, run it everywhere, and yield what fails.

    From each state every step is completed with each outcome and with values on both sides of each condition, every message is sent with
    what its fact brings, every timer fires; services answer with what they declare. After each act the instance is stored and restored, and
    must wait for the same. A process with more than MANY_STATES states is walked line by line (token_game.py): all states of each line
    while the others wait at their beginning. After MANY_ACTS acts, only acts not yet done are tried, wherever they can be. So every act
    happens at least once, and in a model like the shipped one every state of each line. Touches no database.
    """
    try:
        definition = parse(xml)
    except Exception as fault:
        yield _refusal(fault, processes)
        return
    until = own_time() + MAX_SECONDS
    for process_id, spec in definition.specs.items():
        if process_id in processes:
            try:
                yield from _Walk(processes[process_id], spec, bindings, until).findings()
            except _TooLong:
                yield _TOO_LONG.at(process_id, "Mô hình có quá nhiều trạng thái để thử.", "The model has too many states to be tried.")
                return


@dataclass(frozen=True)
class _Act:
    """One thing that can happen in a stored state: a step done, a message heard, a timer fired. `place` is where the token rests."""

    kind: str
    place: str
    name: str
    values: bytes
    task: UUID | None = None

    @property
    def sign(self) -> tuple[str, str, str, bytes]:
        return self.kind, self.place, self.name, self.values


@dataclass
class _Stand:
    """A state an instance rests in: `state` is what is stored, and `key` is equal where nothing later can tell two states apart.

    `restored` is the instance read back from it, until something is done with it.
    """

    key: tuple[tuple[Any, ...], ...]
    state: bytes
    acts: tuple[_Act, ...]
    restored: BpmnWorkflow | None


class _Fault(Exception):
    def __init__(self, finding: ModelFinding) -> None:
        self.finding = finding


class _Walk:
    def __init__(self, process: Process, spec: BpmnProcessSpec, bindings: Bindings, until: float) -> None:
        self.process, self.spec, self.until = process, spec, until
        self.graph = graph_of(process)
        self.samples = Samples(self.graph, bindings, NOON)
        events = [node.id for node in process.nodes.values() if node.kind == "boundaryEvent" and not node.interrupts]
        self._beside = self.graph.reach(events)
        self._many = self._beside | {node.id for node in process.nodes.values() if node.kind == "parallelGateway"}
        self._done: dict[tuple[Any, ...], list[_Stand]] = {}
        self._signs: set[tuple[str, str, str, bytes]] = set()
        self._faults: dict[tuple[str, str | None], ModelFinding] = {}
        self._asked: list[int] = []
        self._picks: tuple[int, ...] = ()

    def findings(self) -> Iterator[ModelFinding]:
        """Yield each fault once, at the element where it happens. Raises _TooLong."""
        begun = self._varied(self._begin)
        for places in self._rounds():
            self._explore(begun, places)
        yield from self._faults.values()

    def _rounds(self) -> Iterator[frozenset[str] | None]:
        """The places whose acts are tried together: None for all, else those of one line and of the lines before it."""
        try:
            game = play(self.graph, self.process.starts[0])
        except (TooManyStates, IndexError):
            yield None
            return
        if _size(game, game.start) <= MANY_STATES:
            yield None
            return
        yield from _lines(game, game.start, frozenset())

    def _explore(self, begun: list[_Stand], places: frozenset[str] | None) -> None:
        known = {stand.key for stand in begun}
        # newest first: one run reaches the end early, and what lies behind a join is not left for last
        ahead = list(begun)
        while ahead:
            stand = ahead.pop()
            for act in stand.acts:
                if (places is not None and act.place not in places) or (len(self._done) > MANY_ACTS and act.sign in self._signs):
                    continue
                for following in self._after(stand, act):
                    if following.key in known:
                        following.restored = None
                    else:
                        known.add(following.key)
                        ahead.append(following)

    def _after(self, stand: _Stand, act: _Act) -> list[_Stand]:
        made = (stand.key, *act.sign)
        if made not in self._done:
            self._signs.add(act.sign)
            self._done[made] = self._varied(lambda: self._do(stand, act))
        return self._done[made]

    def _varied(self, do: Any) -> list[_Stand]:
        """Do something once for each combination of service answers; returns where it came to rest."""
        found: list[_Stand] = []
        ahead: list[tuple[int, ...]] = [()]
        while ahead:
            if own_time() > self.until:
                raise _TooLong
            self._picks, self._asked = ahead.pop(), []
            try:
                stand = do()
            except _Fault as fault:
                self._faults.setdefault((fault.finding.check, fault.finding.element), fault.finding)
            else:
                found += [stand] if stand is not None else []
            chosen = len(self._picks)
            for place in range(chosen, len(self._asked)):
                before = self._picks + (0,) * (place - chosen)
                ahead += [(*before, other) for other in range(1, self._asked[place])]
        return found

    # -- one act ---------------------------------------------------------------------------------------------------

    def _begin(self) -> _Stand | None:
        workflow = engine.new_instance(self.spec, self._serve)
        self._run(workflow)
        start = self.process.starts[0] if self.process.starts else None
        if start is not None and start.message and engine.waits_for(workflow, start.message):
            self._run(workflow, lambda: engine.send(workflow, start.message or "", {}))
        return self._stored(workflow, start.id if start else None)

    def _do(self, stand: _Stand, act: _Act) -> _Stand | None:
        workflow, stand.restored = stand.restored or engine.unpack(stand.state, self.spec, self._serve), None
        forget_rounds(workflow)
        self._run(workflow, lambda: self._perform(workflow, act))
        return self._stored(workflow, act.place)

    def _perform(self, workflow: BpmnWorkflow, act: _Act) -> None:
        values = orjson.loads(act.values)
        if act.kind == "message":
            engine.send(workflow, act.name, values)
        elif act.kind == "timer":
            engine.set_timer(workflow, act.task or UUID(int=0), NOON)
        else:
            task = workflow.get_task_from_id(act.task)
            task.data.update(values)
            task.run()

    def _run(self, workflow: BpmnWorkflow, act: Any = lambda: None) -> None:
        try:
            with engine_clock(NOON):
                act()
                engine.run_to_rest(workflow)
        except Exception as fault:
            raise _Fault(self._failure(workflow, fault)) from fault
        engine.thrown_messages(workflow)

    def _serve(self, name: str, _parameters: dict[str, Any]) -> str:
        """Answer a service task with one of its declared answers, chosen by `_picks`."""
        names = {node.result_variable for node in self.graph.nodes.values() if node.service == name and node.result_variable}
        answers = self.samples.of_service(name, sorted(names))
        place = len(self._asked)
        self._asked.append(len(answers))
        return orjson.dumps(answers[self._picks[place] if place < len(self._picks) else 0]).decode()

    # -- the state it leaves ---------------------------------------------------------------------------------------

    def _stored(self, workflow: BpmnWorkflow, place: str | None) -> _Stand | None:
        """Store and restore an instance; None when it has ended."""
        try:
            state = engine.pack(workflow)
            restored = engine.unpack(state, self.spec, self._serve)
            hears = engine.awaited_messages(workflow) == engine.awaited_messages(restored)
            is_same = hears and _tree(engine.pack(restored)) == _tree(state)
        except Exception as fault:
            raise _Fault(self._failure(workflow, fault, _NOT_KEPT)) from fault
        if not is_same:
            raise _Fault(self._fault(_NOT_KEPT, place, ""))
        if workflow.completed:
            return None
        resting = self._tasks(workflow, TaskState.READY | TaskState.WAITING)
        twice = self._twice(resting)
        if twice is not None:
            raise _Fault(self._fault(_TWO_TOKENS, twice, ""))
        acts = tuple(act for task in resting for act in self._acts(workflow, task))
        if not acts:
            joins = [task.task_spec.name for task in resting]
            raise _Fault(self._fault(_STANDS_STILL, joins[0] if joins else place, ""))
        return _Stand(self._key(resting), state, acts, restored)

    def _tasks(self, workflow: BpmnWorkflow, state: int) -> list[Task]:
        """The tasks in one of these states that are elements of the diagram; the engine has others of its own."""
        return [task for task in workflow.tasks.values() if task.state & state and task.task_spec.name in self.graph.nodes]

    def _twice(self, resting: list[Task]) -> str | None:
        """An element at which two tokens rest although the drawing does not allow it."""
        counted = Counter(task.task_spec.name for task in resting)
        return next((name for name, count in counted.items() if count > 1 and name not in self._many), None)

    def _key(self, resting: list[Task]) -> tuple[tuple[Any, ...], ...]:
        """What rests where and how often. What a boundary event may begin any number of times counts at most twice."""
        counted = Counter(self._sign(task) for task in resting)
        signs = (sign for sign, count in counted.items() for _ in range(min(count, 2) if sign[0] in self._beside else count))
        return tuple(sorted(signs))

    def _sign(self, task: Task) -> tuple[Any, ...]:
        name = task.task_spec.name
        values = {variable: task.data[variable] for variable in self.samples.live[name] if variable in task.data}
        return name, int(task.state), orjson.dumps(values, option=orjson.OPT_SORT_KEYS)

    def _acts(self, workflow: BpmnWorkflow, task: Task) -> Iterator[_Act]:
        node = self.graph.nodes[task.task_spec.name]
        place = node.attached_to or node.id
        if task.state == TaskState.READY:
            for values in self.samples.of_step(node) if node.is_step else ():
                yield _Act("step", place, node.id, orjson.dumps(values), task.id)
            return
        events = [self.graph.nodes[flow.target] for flow in self.graph.leaving[node.id]] if node.kind == "eventBasedGateway" else [node]
        for event in events:
            if event.message and engine.waits_for(workflow, event.message):
                for values in self.samples.of_message(event):
                    yield _Act("message", place, event.message, orjson.dumps(values))
            elif event.timer:
                yield _Act("timer", place, event.id, b"{}", task.id)

    # -- what went wrong -------------------------------------------------------------------------------------------

    def _failure(self, workflow: BpmnWorkflow, fault: Exception, rule: Rule = _FAILS) -> ModelFinding:
        if isinstance(fault, engine.EndlessLoop):
            ran = Counter(task.task_spec.name for task in self._tasks(workflow, TaskState.COMPLETED))
            return self._fault(rule, max(ran, key=lambda name: ran[name], default=None), str(fault))
        spec = getattr(fault, "task_spec", None) or _spec_at(fault)
        name = getattr(spec, "name", "").split(".")[0]
        return self._fault(rule, name if name in self.graph.nodes else None, str(fault) or type(fault).__name__)

    def _fault(self, rule: Rule, element: str | None, text: str) -> ModelFinding:
        node = self.graph.nodes.get(element or "")
        vi, en = named(node.called, node.id) if node else named(Bilingual("", ""), element or self.process.id)
        reason = f": {shown(text, 200)}" if text else "."
        return rule.at(
            element or self.process.id, f"Chạy thử không qua được {vi}{reason}", f"The trial run does not get past {en}{reason}",
            line=node.line if node else None,
        )  # fmt: skip


def _spec_at(fault: Exception) -> TaskSpec | None:
    """The element the engine was at when something other than the engine itself failed."""
    frames = [frame for frame, _ in walk_tb(fault.__traceback__)]
    tasks = [frame.f_locals.get("my_task") for frame in frames]
    return next((task.task_spec for task in reversed(tasks) if isinstance(task, Task)), None)


def _tree(state: bytes) -> Any:
    """A stored tree in comparable form, steps and timers included: task ids are written with dashes once they were read, and what a task no
    longer has stands in any order."""
    tree = orjson.loads(zstandard.decompress(state).replace(b"-", b""))
    for task in tree["tasks"].values():
        task["delta"].get("deletions", []).sort()
    return tree


def _size(game: Game, line: TokenLine) -> int:
    """How many states a line has, together with the lines beyond its splits."""
    beyond = {split: prod(_size(game, each) for each in game.beyond[split]) for split in line.splits}
    return sum(prod(beyond[id_] for kind, id_ in state if kind == BEYOND) for state in line.after)


def _lines(game: Game, line: TokenLine, before: frozenset[str]) -> Iterator[frozenset[str]]:
    """Yield, for each line without another beyond it, the places of its way from the start."""
    places = before | {id_ for state in line.after for kind, id_ in state if kind == AT}
    if not line.splits:
        yield places
    for split in sorted(line.splits):
        for each in game.beyond[split]:
            yield from _lines(game, each, places)


def _refusal(fault: Exception, processes: Mapping[str, Process]) -> ModelFinding:
    """The finding for a model the engine cannot read, at the element its message names."""
    cause = fault.__cause__
    place = str(getattr(cause, "id", "") or "") if isinstance(cause, SpiffWorkflowException) else ""
    found = re.match(r"At (\S+):", str(fault))
    element = place or (found.group(1) if found else None)
    text = shown(str(cause or fault) or type(fault).__name__, 200)
    known = {node for process in processes.values() for node in (*process.nodes, *process.flows, process.id)}
    return _REFUSED.at(
        element if element in known else None, f"Không đọc được mô hình để chạy: {text}", f"The model cannot be read to be run: {text}"
    )

