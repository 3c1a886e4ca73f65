"""Moves one task tree to another version of its model: a new tree is made, and the old one stays as it is.

What is done keeps its place as far as the new version knows it; what rests is put at its target in the same task, with its id, its values
and its timers. The nets decide (pairs.py); afterwards the new tree is read again and must be one a fresh instance of the new version could
have.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from casework.bilingual import Bilingual
from workflows import engine
from workflows.checks.diagram import Flow
from workflows.clock import engine_clock
from workflows.definitions.expressions import ClosedScriptEngine
from workflows.definitions.joins import RoundJoin, waits_to_be_joined
from workflows.definitions.process import Definition
from workflows.engine import Services
from workflows.moving.forks import Forks
from workflows.moving.mapping import MoveImpossible
from workflows.moving.net import AT, ON, Net, nets_of
from workflows.moving.pairs import Pair, pair_of
from workflows.moving.token_plans import OVER_AT_ONCE, TokenMove, TokenPlan
from workflows.moving.tokens import FORESEEN, LIVE, NotAtRest, Token, copied, grouped, tokens_of
from workflows.moving.waiting_events import guards, keeps_moment, moment_kind, rearm, spent_events
from workflows.running.faults import told_of
from workflows.running.token_moves import SPLIT, entry_of

__all__ = ["MoveImpossible", "move_tree", "places_of"]

_NEVER = datetime(9000, 1, 1, tzinfo=UTC)

_NOT_AT_REST = Bilingual("Hồ sơ đang đi giữa chừng, chưa dừng ở bước nào.", "The case is on its way and rests at no step.")
_NOT_WHOLE = Bilingual("Trạng thái mới không lưu lại được nguyên vẹn.", "The new state would not be stored whole.")
_NO_PROCESS = Bilingual("Bản mới không có quy trình này.", "The new version does not have this process.")
_IS_OVER = Bilingual("Quy trình đã kết thúc.", "The process is over.")


def move_tree(
    workflow: BpmnWorkflow,
    *,
    process_id: str,
    old: Definition,
    new: Definition,
    mapping: Mapping[str, str | None],
    now: datetime,
    keeps_limits: bool = True,
    services: Services | None = None,
) -> BpmnWorkflow:
    """Return a new tree over the new version; the given one is unchanged.

    Waiting steps and timers keep their ids, values and due instants; without `keeps_limits` every instant is computed again from `now`.
    Services are called only where a new branch that starts passes one. Raises MoveImpossible with the reason;
    `fates` gives beforehand those that follow from where the tokens stand.
    """
    if process_id not in new.specs:
        raise MoveImpossible(*_NO_PROCESS)
    if workflow.completed:
        raise MoveImpossible(*_IS_OVER)
    pair = pair_of(process_id, old, new, mapping)
    groups = grouped(_tokens_at_rest(workflow, old, pair.old))
    plans = {beside: _planned(pair, workflow, beside, tokens) for beside, tokens in groups.items()}
    if not any(outcome for plan in plans.values() for outcome in plan.outcomes):
        raise MoveImpossible(*OVER_AT_ONCE)
    move = _Move(workflow, pair, old, new, new.specs[process_id], services, keeps_limits)
    try:
        with engine_clock(now):
            moved = move.made(groups, plans)
    except Exception as fault:  # the engine may raise anything at the target; the given tree is unchanged
        raise _does_not_run(fault) from fault
    _prove(moved, pair, process_id, new, services)
    return moved


def places_of(workflow: BpmnWorkflow, definition: Definition) -> list[str]:
    """Return the elements at which the tokens of an instance rest, sorted; boundary events that only listen hold none.

    Raises MoveImpossible for an instance that is not at rest.
    """
    net = nets_of(definition)[workflow.spec.name]
    return sorted(token.spot[-1] for token in _tokens_at_rest(workflow, definition, net))


def _tokens_at_rest(workflow: BpmnWorkflow, definition: Definition, net: Net) -> list[Token]:
    try:
        return tokens_of(workflow, definition, net)
    except NotAtRest as fault:
        raise MoveImpossible(*_NOT_AT_REST) from fault


def _does_not_run(fault: Exception) -> MoveImpossible:
    told = told_of(fault)
    return MoveImpossible(
        f"Bản mới không chạy được với các giá trị đang có ({told.vi}).",
        f"The new version does not run with the values there are ({told.en}).",
    )


def _planned(pair: Pair, workflow: BpmnWorkflow, beside: UUID | None, tokens: Iterable[Token]) -> TokenPlan:
    event = workflow.tasks[beside].task_spec.name if beside is not None else None
    plan = pair.plan([token.spot for token in tokens], event=event)
    if plan.refusals:
        raise MoveImpossible(*plan.refusals[0].why)
    return plan


def _prove(moved: BpmnWorkflow, pair: Pair, process_id: str, new: Definition, services: Services | None) -> None:
    """Check that the tree stands as a fresh instance could, has the values that will be read, and survives being stored."""
    same = pair_of(process_id, new, new, {})
    for beside, group in grouped(_tokens_at_rest(moved, new, pair.new)).items():
        plan = _planned(same, moved, beside, group)
        if plan.moves_on:
            raise MoveImpossible(*_NOT_AT_REST)
        brought = {token.spot: frozenset((token.task.parent if token.spot[0] == ON else token.task).data) - pair.foreign for token in group}
        refusal = same.missing(brought, frozenset(brought))
        if refusal is not None:
            raise MoveImpossible(*refusal.why)
    restored = engine.stored_copy(moved, services)
    if _shape(restored) != _shape(moved) or restored.event_manager.tasks.keys() != moved.event_manager.tasks.keys():
        raise MoveImpossible(*_NOT_WHOLE)


def _shape(workflow: BpmnWorkflow) -> list[tuple[Any, ...]]:
    # the events a finished task has seen are objects equal only to themselves; internal data matters only on tasks that still wait
    return [
        (task.task_spec.name, task.state, task.data, task.internal_data if task.has_state(LIVE) else None, len(task._children))
        for task in workflow.tasks.values()
    ]


class _Move:
    """One move of one tree. Use inside `engine_clock`."""

    def __init__(
        self,
        workflow: BpmnWorkflow,
        pair: Pair,
        old: Definition,
        new: Definition,
        spec: BpmnProcessSpec,
        services: Services | None,
        keeps_limits: bool,
    ) -> None:
        self.source, self.pair, self.old, self.new, self.spec = workflow, pair, old, new, spec
        self.keeps_limits = keeps_limits
        self.workflow = BpmnWorkflow(spec, script_engine=ClosedScriptEngine(services), deserializing=True)
        self._going: dict[UUID, TokenMove] = {}
        self._targets: dict[UUID, TaskSpec | None] = {}
        self._ways_on: list[tuple[Task, Flow]] = []

    def made(self, groups: Mapping[UUID | None, list[Token]], plans: Mapping[UUID | None, TokenPlan]) -> BpmnWorkflow:
        for beside, tokens in groups.items():
            self._going |= {token.task.id: plans[beside].going[token.spot] for token in tokens}
        self._note_guards()
        self._copy(self.source.task_tree)
        self._take_over()
        for task in list(self.workflow.tasks.values()):
            going = self._going.get(task.id)
            if going is not None and going.to is not None and going.to[0] == AT:
                self._stand(task, self.source.tasks[task.id])
        self._foresee()
        with self._moments_held():
            for parent, flow in self._ways_on:
                self._start(parent, flow)
            forks = Forks(self.workflow, self.spec, self.pair.new)
            for beside, plan in plans.items():
                for flow in plan.begins:
                    self._start(forks.passed(flow.source, beside), flow)
            self._wake_joins()
            self._run()
        self._foresee()
        self._order()
        return self.workflow

    def _foresee(self) -> None:
        """Predict the next tasks of what rests, only as far as needed for the engine to predict the rest on arrival."""
        for task in list(self.workflow.tasks.values()):
            if task.has_state(LIVE) and not task._children and moment_kind(task.task_spec) != "cycle":
                task._sync_children(task.task_spec.outputs, TaskState.MAYBE)

    @contextmanager
    def _moments_held(self) -> Iterator[None]:
        """Keep due timers from firing meanwhile: the engine checks every timer when any task completes."""
        held = [task for task in self.workflow.event_manager.tasks.values() if "event_value" in task.internal_data]
        moments = [deepcopy(task.internal_data["event_value"]) for task in held]
        for task in held:
            engine.set_timer(self.workflow, task.id, _NEVER)
        yield
        for task, moment in zip(held, moments, strict=True):
            task.internal_data["event_value"] = moment

    def _order(self) -> None:
        """Parents first: a stored task is read as changes to the one before it."""
        ordered, ahead = {}, [self.workflow.task_tree]
        while ahead:
            task = ahead.pop()
            ordered[task.id] = task
            ahead += reversed(task.children)
        self.workflow.tasks = ordered

    # -- the copy --------------------------------------------------------------------------------------------------

    def _note_guards(self) -> None:
        """Assign the task the engine puts before a step with boundary events to the token resting at that step."""
        for id_, going in self._going.items():
            task = self.source.tasks[id_]
            if task.parent is not None and guards(task.parent, task):
                target = going.to[1] if going.to is not None and going.to[0] == AT else None
                self._targets[task.parent.id] = self.spec.task_specs.get(f"{target}{SPLIT}")

    def _copy(self, root: Task) -> None:
        """Copy what is done and what waits, parents first; tasks the new version does not know are left out and their children move up."""
        ahead: list[tuple[Task, Task | None]] = [(root, None)]
        while ahead:
            task, above = ahead.pop()
            if task.has_state(FORESEEN):
                continue
            spec = self._spec_of(task)
            copy = above
            if spec is not None:
                copy = Task(self.workflow, spec, above, state=task.state, id=task.id)
                copy.data, copy.internal_data = copied(task.data), deepcopy(task.internal_data)
                copy.triggered, copy.last_state_change = task.triggered, task.last_state_change
                if above is None:
                    self.workflow.task_tree = copy
            elif (going := self._going.get(task.id)) is not None and going.flow is not None and above is not None:
                self._ways_on.append((above, going.flow))
            if copy is not None:
                ahead += [(child, copy) for child in reversed(task.children)]

    def _spec_of(self, task: Task) -> TaskSpec | None:
        """The specification of a task in the new version, None for what is left out."""
        name = task.task_spec.name
        going = self._going.get(task.id)
        if going is not None:
            return self.spec.task_specs[going.to[-1]] if going.to is not None else None
        if task.id in self._targets:
            return self._targets[task.id]
        if isinstance(task.task_spec, BoundaryEventJoin) and not task.has_state(TaskState.FINISHED_MASK):
            return None
        if name in self.old.elements:
            if task.state == TaskState.WAITING and not self._listens_on(task):
                return None
            image = self.pair.image(name)
            return self.spec.task_specs.get(image) if image is not None else None
        element, dot, kind = name.rpartition(".")
        image = self.pair.image(element) if element in self.old.elements else None
        found = self.spec.task_specs.get(f"{image}{dot}{kind}" if image is not None else name)
        return found if type(found) is type(task.task_spec) else None

    def _listens_on(self, task: Task) -> bool:
        """Whether a boundary event of a waiting step still belongs to the step it now stands at."""
        element = self.new.elements.get(task.task_spec.name)
        target = self._targets.get(task.parent.id)
        if element is None or element.kind != "boundaryEvent" or target is None:
            return False
        return bool(self.pair.new.nodes[element.id].attached_to == target.name.removesuffix(SPLIT))

    def _take_over(self) -> None:
        source, workflow = self.source, self.workflow
        workflow.data, workflow.correlations = deepcopy(source.data), deepcopy(source.correlations)
        workflow.success = source.success
        last = source.last_task
        while last is not None and last.id not in workflow.tasks:
            last = last.parent
        workflow.last_task = workflow.tasks[last.id] if last is not None else workflow.task_tree
        for task in list(workflow.tasks.values()):
            if isinstance(task.task_spec, CatchingEvent) and task.state == TaskState.WAITING:
                was = source.tasks[task.id]
                if self.keeps_limits and keeps_moment(was.task_spec, task.task_spec):
                    workflow.event_manager.add_task(task)
                else:
                    rearm(task)

    # -- tokens that rest ------------------------------------------------------------------------------------------

    def _stand(self, task: Task, was: Task) -> None:
        """Let a copied task rest at its target as the engine would have it: its state, and its boundary events."""
        spec = task.task_spec
        if spec.manual and task.state != TaskState.READY:
            task.internal_data = {}
            self.workflow.event_manager.remove_task(task)
            task._set_state(TaskState.READY)
        elif not spec.manual and task.state == TaskState.READY:
            rearm(task)
        split = self.spec.task_specs.get(f"{spec.name}{SPLIT}")
        if split is None:
            return
        guard = task.parent
        if guard.task_spec is not split:
            guard = self._put_before(task, split)
        there = {child.task_spec.name for child in guard.children} | {child.task_spec.name for child in spent_events(was)}
        for event in split.outputs:
            if event is not spec and event.name not in there:
                child = guard._add_child(event, TaskState.FUTURE)
                rearm(child, dict(task.data))

    def _put_before(self, task: Task, spec: TaskSpec) -> Task:
        """Put a completed task between a task and its parent."""
        above = task.parent
        place = above._children.index(task.id)
        guard = Task(self.workflow, spec, above, state=TaskState.COMPLETED)
        guard.data = dict(task.data)
        above._children.remove(guard.id)
        above._children[place] = guard.id
        guard._children, task.parent = [task.id], guard
        return guard

    # -- tokens that go on, and branches that begin ------------------------------------------------------------------

    def _start(self, parent: Task, flow: Flow) -> None:
        spec = entry_of(self.spec, flow.target)
        child = parent._add_child(spec, TaskState.FUTURE)
        spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        spec._update(child)

    def _wake_joins(self) -> None:
        """The engine keeps one task waiting at a join and sets the others aside: if that one is gone, another takes its place."""
        waiting: dict[str, list[Task]] = {}
        for task in self.workflow.tasks.values():
            if isinstance(task.task_spec, RoundJoin) and waits_to_be_joined(task):
                waiting.setdefault(task.task_spec.name, []).append(task)
        for tasks in waiting.values():
            if not any(task.has_state(LIVE) for task in tasks):
                tasks[-1]._set_state(TaskState.WAITING)
            for task in tasks:
                if task.state == TaskState.WAITING:
                    task.task_spec._update(task)

    def _run(self) -> None:
        """Run whatever passes by itself, but no timers: due ones fire when the case is next brought to rest."""
        for _ in range(engine.MAX_ROUNDS):
            ready = [task for task in self.workflow.get_tasks(state=TaskState.READY) if not task.task_spec.manual]
            if not ready:
                return
            for task in ready:
                if task.state == TaskState.READY:
                    task.run()
