"""A model as a deterministic transition system over the real engine: states are explored on demand, and each is kept once.

    automaton = Automaton(definition, bindings)
    state = automaton.start("case")
    state = automaton.after(state, Act.step("verify", {"verify": "accept"}))
    [each.element for each in state.enabled if each.kind == Kind.STEP]

Two states are the same if nothing later can tell them apart: the same places hold tokens, with the same values of whatever conditions still
read. So replaying thousands of cases steps the engine a few hundred times. Everything happens at one instant: a timer fires when its
act is done, whatever the time. Touches no database.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.checks.diagram import processes_of
from workflows.checks.graph import Graph, graph_of
from workflows.checks.samples import Samples
from workflows.clock import engine_clock
from workflows.definitions.expressions import ExpressionRefused, names_in
from workflows.definitions.process import Definition, read_xml
from workflows.definitions.variables import Variable
from workflows.definitions.vocabulary import RESTING
from workflows.rehearsal.states import Act, Enabled, Kind, Move, State
from workflows.rounds import forget_rounds
from workflows.running.faults import root_of
from workflows.running.process_variables import declared_variables

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""The instant at which everything happens."""
MOST_STATES = 20_000
"""The most states of one automaton; a packed tree is kept for each."""


class NotEnabled(CaseworkError):
    """`act` cannot happen in that state."""

    def __init__(self, act: Act) -> None:
        self.act = act
        super().__init__(f"“{act.element}” không chờ ở đó.", f"“{act.element}” does not wait there.")


class DoesNotRun(CaseworkError):
    """The engine fails at an act, or never comes to rest; the text ends a sentence that says where."""


class TooManyStates(CaseworkError):
    """The model has more states than the automaton keeps."""

    def __init__(self) -> None:
        super().__init__("Mô hình có quá nhiều trạng thái.", "The model has too many states.")


class Automaton:
    """The processes of one definition. Not to be shared between threads."""

    def __init__(self, definition: Definition, bindings: Bindings = BINDINGS, now: datetime = NOON) -> None:
        self.definition, self.bindings, self.now = definition, bindings, now
        self.graphs: dict[str, Graph] = {id_: graph_of(process) for id_, process in processes_of(read_xml(definition.xml)).items()}
        self.samples = {id_: Samples(graph, bindings, now) for id_, graph in self.graphs.items()}
        self.runs = 0
        """How often the engine was stepped, as opposed to looked up."""
        self._trees: list[bytes] = []
        self._states: dict[tuple[Any, ...], State] = {}
        self._moves: dict[tuple[int, Act], Move] = {}
        self._starts: dict[str, Move] = {}
        self._needed = {id_: _needed(graph) for id_, graph in self.graphs.items()}
        self._variables: dict[str, dict[str, Variable]] = {}
        self._far: dict[str, dict[str, int]] = {}
        self._answers: dict[str, Any] = {}
        self._asked: list[str] = []

    def variables(self, process_id: str) -> dict[str, Variable]:
        """Return the variables a process can have, by the name conditions use."""
        if process_id not in self._variables:
            self._variables[process_id] = declared_variables(self.definition, process_id, self.bindings)
        return self._variables[process_id]

    @cached_property
    def messages(self) -> frozenset[str]:
        """The names of the messages its events wait for."""
        return self.definition.messages

    def start(self, process_id: str) -> State:
        """Return the state a fresh instance rests in. Raises DoesNotRun, TooManyStates, and KeyError for an unknown process."""
        return self.begun(process_id).state

    def begun(self, process_id: str) -> Move:
        """Return the start as a move."""
        if process_id not in self._starts:
            workflow = engine.new_instance(self.definition.specs[process_id], self._serve)
            starts = self.graphs[process_id].process.starts
            first = starts[0].message if starts else None
            self._starts[process_id] = self._moved(process_id, workflow, lambda: None, then=first)
        return self._starts[process_id]

    def after(self, state: State, act: Act) -> State:
        """Return the state an act leads to. Raises NotEnabled, DoesNotRun, TooManyStates."""
        return self.move(state, act).state

    def move(self, state: State, act: Act) -> Move:
        """Do an act; the engine is asked once for each state and act. Raises as `after`."""
        known = self._moves.get((state.number, act))
        if known is None:
            if act.sign not in state.signs:
                raise NotEnabled(act)
            workflow = self.tree(state)
            self._answers = orjson.loads(act.answers)
            known = self._moved(state.process_id, workflow, lambda: self._perform(workflow, state, act))
            self._moves[state.number, act] = known
        return known

    def tree(self, state: State) -> BpmnWorkflow:
        """Return a fresh task tree that stands in a state."""
        workflow = engine.unpack(self._trees[state.number], self.definition.specs[state.process_id], self._serve)
        forget_rounds(workflow)
        return workflow

    def choices(self, state: State, enabled: Enabled) -> list[dict[str, Any]]:
        """Return the values an enabled step or message can leave, one for each way conditions could decide."""
        graph, samples = self.graphs[state.process_id], self.samples[state.process_id]
        if enabled.kind == Kind.STEP:
            return samples.of_step(graph.nodes[enabled.name])
        if enabled.kind == Kind.MESSAGE:
            heard = [node for node in graph.nodes.values() if node.message == enabled.name]
            return max((samples.of_message(node) for node in heard), key=len, default=[{}])
        return [{}]

    def answers_of(self, process_id: str, service: str) -> list[dict[str, Any]]:
        nodes = self.graphs[process_id].nodes.values()
        names = {node.result_variable for node in nodes if node.service == service and node.result_variable}
        return self.samples[process_id].of_service(service, sorted(names)) or [{}]

    def steps_from_start(self, process_id: str) -> Mapping[str, int]:
        """Return by element how many flows lead to it from the start on the shortest way, as a measure of how late it comes."""
        if process_id not in self._far:
            graph = self.graphs[process_id]
            far = {node.id: 0 for node in graph.process.starts}
            ahead = deque(far)
            while ahead:
                here = ahead.popleft()
                for each in graph.after(here):
                    if each not in far:
                        far[each] = far[here] + 1
                        ahead.append(each)
            self._far[process_id] = far
        return self._far[process_id]

    # -- the engine --------------------------------------------------------------------------------------------------

    def _moved(self, process_id: str, workflow: BpmnWorkflow, do: Any, then: str | None = None) -> Move:
        self._asked = []
        self.runs += 1
        before = set(workflow.tasks)
        done = {task.id for task in workflow.get_tasks(state=TaskState.COMPLETED)}
        try:
            with engine_clock(self.now):
                do()
                engine.run_to_rest(workflow)
                if then is not None and engine.waits_for(workflow, then):
                    engine.send(workflow, then, {})
                    engine.run_to_rest(workflow)
            thrown = tuple((name, orjson.dumps(payload)) for name, payload in engine.thrown_messages(workflow))
            state = self._state(process_id, workflow, before, done)
        except (NotEnabled, TooManyStates):
            raise
        except MemoryError:
            raise
        except Exception as fault:
            raise DoesNotRun(*_why(fault)) from fault
        return Move(state, thrown, tuple(self._asked))

    def _perform(self, workflow: BpmnWorkflow, state: State, act: Act) -> None:
        if act.kind == Kind.MESSAGE:
            engine.send(workflow, act.element, orjson.loads(act.values))
        elif act.kind == Kind.TIMER:
            engine.set_timer(workflow, self._task(state, (task for task, _ in engine.waiting_timers(workflow)), act).id, self.now)
        else:
            task = self._task(state, engine.waiting_steps(workflow), act)
            task.data.update(orjson.loads(act.values))
            task.run()

    def _task(self, state: State, tasks: Iterator[Task], act: Act) -> Task:
        """If several tokens rest at one element, the one whose values sort first: an arbitrary choice that must always be the same."""
        found = [task for task in tasks if task.task_spec.name == act.element]
        if not found:
            raise NotEnabled(act)
        return min(found, key=lambda task: self._sign(state.process_id, task))

    def _serve(self, name: str, _parameters: dict[str, Any]) -> str:
        self._asked.append(name)
        if name in self._answers:
            return orjson.dumps(self._answers[name]).decode()
        return orjson.dumps(next((self.answers_of(id_, name)[0] for id_ in self.graphs if self._names(id_, name)), {})).decode()

    def _names(self, process_id: str, service: str) -> bool:
        return any(node.service == service for node in self.graphs[process_id].nodes.values())

    # -- the state it leaves -----------------------------------------------------------------------------------------

    def _state(self, process_id: str, workflow: BpmnWorkflow, before: set[UUID], done: set[UUID]) -> State:
        nodes = self.graphs[process_id].nodes
        tasks = [task for task in workflow.tasks.values() if task.task_spec.name in nodes]
        if workflow.completed:
            key: tuple[Any, ...] = (process_id, tuple(sorted(_ends(tasks, nodes, before, done))))
        else:
            resting = [task for task in tasks if task.state & (TaskState.READY | TaskState.WAITING)]
            key = (process_id, tuple(sorted(self._sign(process_id, task) for task in resting)))
        known = self._states.get(key)
        if known is not None:
            return known
        if len(self._states) >= MOST_STATES:
            raise TooManyStates
        ends = key[1] if workflow.completed else ()
        state = self._new_state(process_id, workflow, ends)
        self._trees.append(engine.pack(workflow) if not workflow.completed else b"")
        self._states[key] = state
        return state

    def _new_state(self, process_id: str, workflow: BpmnWorkflow, ends: tuple[str, ...]) -> State:
        number = len(self._trees)
        if workflow.completed:
            return State(number, process_id, (), (), (), ends, frozenset(), is_over=True)
        elements = self.definition.elements
        names = sorted(
            task.task_spec.name
            for task in workflow.get_tasks(state=TaskState.READY | TaskState.WAITING)
            if task.task_spec.name in elements and elements[task.task_spec.name].kind in RESTING
        )
        enabled = tuple(sorted(self._enabled(workflow), key=lambda each: (each.kind, each.name, each.place)))
        return State(
            number, process_id,
            tuple(name for name in names if not _listens(elements[name].properties)),
            tuple(name for name in names if _listens(elements[name].properties)),
            enabled, ends, frozenset((each.kind, each.name) for each in enabled), is_over=False,
        )  # fmt: skip

    def _enabled(self, workflow: BpmnWorkflow) -> Iterator[Enabled]:
        elements = self.definition.elements
        for task in engine.waiting_steps(workflow):
            yield Enabled(Kind.STEP, task.task_spec.name, task.task_spec.name)
        for task, due in engine.waiting_timers(workflow):
            name = task.task_spec.name
            yield Enabled(Kind.TIMER, name, name, elements[name].properties.get("clock"), (due - self.now).total_seconds())
        heard = Counter(
            (definition.name, task.task_spec.name)
            for task in workflow.event_manager.tasks.values()
            if task.state == TaskState.WAITING
            for definition in engine._waits_for(task)
            if isinstance(definition, MessageEventDefinition)
        )
        for name, place in heard:
            yield Enabled(Kind.MESSAGE, name, place)

    def _sign(self, process_id: str, task: Task) -> tuple[Any, ...]:
        name = task.task_spec.name
        wanted = self.samples[process_id].live[name] | self._needed[process_id]
        values = {variable: task.data[variable] for variable in wanted if variable in task.data}
        return name, int(task.state), orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def _listens(properties: Mapping[str, str]) -> bool:
    return "beside" in properties


def _ends(tasks: list[Task], nodes: Mapping[str, Any], before: set[UUID], done: set[UUID]) -> set[str]:
    """The ends that were just reached."""
    completed = (task for task in tasks if task.state == TaskState.COMPLETED and (task.id not in before or task.id not in done))
    return {task.task_spec.name for task in completed if nodes[task.task_spec.name].kind == "endEvent"}


def _needed(graph: Graph) -> frozenset[str]:
    """Variables read outside conditions: by timers and by parameters of services."""
    texts = [node.timer[1] for node in graph.nodes.values() if node.timer is not None]
    texts += [text for node in graph.nodes.values() for text in node.parameters.values()]
    found: set[str] = set()
    for text in texts:
        try:
            found |= names_in(text) if text else set()
        except ExpressionRefused:
            continue
    return frozenset(found)


def _why(fault: BaseException) -> Bilingual:
    """Our own texts about expressions name a variable and are shown; for any other fault only the class."""
    for each in _chain(fault):
        if isinstance(each, ExpressionRefused):
            vi, en = (words[:200] for words in each.text)
            return Bilingual(f"không tính được điều kiện ({vi}).", f"a condition cannot be worked out ({en}).")
        if isinstance(each, engine.EndlessLoop | engine.TreeTooDeep):
            return Bilingual("mô hình chạy vòng mãi không dừng.", "the model runs in a circle and never comes to rest.")
    if isinstance(fault, WorkflowException) and "conditions" in str(fault).lower():
        return Bilingual("không nhánh nào phù hợp với các giá trị đang có.", "no way on fits the values there are.")
    root = root_of(fault)
    return Bilingual(f"bộ máy quy trình dừng ({type(root).__name__}).", f"the process engine stops ({type(root).__name__}).")


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__
