"""Removes completed loop rounds from an instance's task tree, which the engine would let grow for ever.

The engine hangs each task under the one before it, so a loop of a thousand rounds makes a tree thousands of tasks deep. The engine searches
no deeper than 1000 levels, and much of it recurses once for each level.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.definitions.joins import waits_to_be_joined

MOST_TASKS = 150
"""Smaller trees are left as they are."""

Mark = tuple[object, ...]
"""What one task shows on the diagram: its element, its state, and the flow by which it was reached."""


def forget_rounds(workflow: BpmnWorkflow, *, most: int = MOST_TASKS) -> int:
    """Remove whole rounds that show nothing of their own from a tree of more than `most` tasks; returns how many tasks were removed.

    A round lies between two completed tasks of one element on the same way to everything still going on: the second takes the place of the
    first. Whatever goes on, whatever a join has yet to count and the parents of both keep their ids, their data and each other. Every mark
    on the diagram stays, since a round that alone shows a step or a flow is kept.
    """
    before = len(workflow.tasks)
    if before > most:
        tree = _Tree(workflow)
        for trunk in tree.trunks():
            for name in _repeated(trunk):
                # each removed round shortens the trunk for the next ones
                rounds = [task for task in trunk if task.id in workflow.tasks and _may_stand_elsewhere(task, name)]
                for first, second in pairwise(rounds):
                    tree.take_out(first, second)
    return before - len(workflow.tasks)


class _Tree:
    """A task tree with what each task shows and how much goes on below it."""

    def __init__(self, workflow: BpmnWorkflow) -> None:
        self.workflow = workflow
        self.marks = {task.id: _mark(task) for task in _below(workflow.task_tree)}
        self.shown = Counter(self.marks.values())
        self.going_on = dict.fromkeys(self.marks, 0)
        for id_ in reversed(self.marks):
            task = workflow.tasks[id_]
            self.going_on[id_] += task.has_state(TaskState.NOT_FINISHED_MASK) or waits_to_be_joined(task)
            if task.parent is not None:
                self.going_on[task.parent.id] += self.going_on[id_]

    def trunks(self) -> list[list[Task]]:
        """Return the stretches of the tree, each down to where not all that goes on is below one child."""
        trunks: dict[object, list[Task]] = {}
        for id_ in self.marks:
            task = self.workflow.tasks[id_]
            if self.going_on[id_]:
                is_same = task.parent is not None and self.going_on[task.parent.id] == self.going_on[id_]
                trunks[id_] = trunks[task.parent.id] if is_same else []
                trunks[id_].append(task)
        return [trunk for id_, trunk in trunks.items() if trunk[0].id == id_]

    def take_out(self, first: Task, second: Task) -> None:
        """Put the second of two tasks in the place of the first, unless that would change what the diagram shows."""
        led_on = list(_shown_by_way_of(second))
        if any(task.has_state(TaskState.NOT_FINISHED_MASK) for task in led_on):
            return
        gone = list(_below(first, without=second))
        lost = Counter(self.marks[task.id] for task in (*gone, *led_on))
        parent, between = first.parent, second.parent
        second.parent = parent
        new = {task.id: _mark(task) for task in led_on}
        gained = Counter(new.values())
        if any(not self.shown[mark] for mark in gained) or any(self.shown[mark] + gained[mark] <= count for mark, count in lost.items()):
            second.parent = between
            return
        parent._children[parent._children.index(first.id)] = second.id
        for task in gone:
            self.workflow.event_manager.remove_task(task)
            del self.workflow.tasks[task.id]
        if self.workflow.last_task is not None and self.workflow.last_task.id not in self.workflow.tasks:
            self.workflow.last_task = parent
        self.marks |= new
        self.shown.update(gained)
        self.shown.subtract(lost)


def _repeated(trunk: list[Task]) -> list[str]:
    """The names that occur more than once, the most frequent first."""
    return [name for name, count in Counter(task.task_spec.name for task in trunk).most_common() if count > 1]


def _may_stand_elsewhere(task: Task, name: str) -> bool:
    """Whether the task can get another parent: completed tasks can, but a step belongs to its boundary events."""
    parent = task.parent
    return (
        task.task_spec.name == name and task.state == TaskState.COMPLETED
        and parent is not None and not isinstance(parent.task_spec, BoundaryEventSplit)
    )  # fmt: skip


def _mark(task: Task) -> Mark:
    """The mark of a task; tasks the engine puts between two elements are skipped, as on the diagram."""
    before, names = task.parent, [task.task_spec.name]
    state = before.state if before is not None else None
    while before is not None:
        names.append(before.task_spec.name)
        if before.task_spec.bpmn_id is not None:
            break
        before = before.parent
    return task.state, state, *names


def _shown_by_way_of(task: Task) -> Iterator[Task]:
    """A task and those whose marks skip it."""
    yield task
    if task.task_spec.bpmn_id is None:
        for child in task.children:
            yield from _shown_by_way_of(child)


def _below(task: Task, without: Task | None = None) -> Iterator[Task]:
    """A task and all below it, parents first, except what hangs under `without`."""
    ahead = [task]
    while ahead:
        task = ahead.pop()
        if task is not without:
            yield task
            ahead += task.children
