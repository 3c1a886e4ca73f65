"""The forks a moved task tree has passed: a branch begins on the task of its fork, which is inserted if the fork is newly drawn."""

from collections.abc import Iterator
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.moving.net import Net
from workflows.moving.tokens import FORESEEN, LIVE, copied


class Forks:
    """The forks of one task tree over the new version."""

    def __init__(self, workflow: BpmnWorkflow, spec: BpmnProcessSpec, net: Net) -> None:
        self.workflow, self.spec, self.net = workflow, spec, net

    def passed(self, fork_id: str, beside: UUID | None) -> Task:
        """The task of a fork already passed, the last with something going on behind it; a newly drawn fork gets one inserted.

        `beside` is the task of the boundary event that began its group, None for the instance's own tokens.
        """
        top = self.workflow.tasks[beside] if beside is not None else self.workflow.task_tree
        found = self._last_done(top, fork_id)
        if found is not None:
            return found
        before = next((each for each in self._done_before(top, fork_id) if each is not None), None) or self._common(top)
        return self._insert(before, fork_id)

    def _insert(self, before: Task, fork_id: str) -> Task:
        """Put a completed task of a fork between a task and those of its children that stand behind the fork."""
        spec = self.spec.task_specs[fork_id]
        fork = Task(self.workflow, spec, before, state=TaskState.COMPLETED)
        fork.data = copied(before.data)
        after = {each.name for each in spec.outputs}
        for child in [each for each in before.children if each.task_spec.name in after and not each.has_state(FORESEEN)]:
            before._children.remove(child.id)
            fork._children.append(child.id)
            child.parent = fork
        return fork

    def _done_before(self, top: Task, fork: str) -> Iterator[Task | None]:
        """For each element before a fork, nearest first, its last completed task, None where it has none."""
        seen, ahead = {fork}, [fork]
        while ahead:
            new = [each for each in self.net.graph.before(ahead.pop(0)) if each not in seen]
            seen.update(new)
            for each in new:
                yield self._last_done(top, each)
            ahead += new

    def _last_done(self, top: Task, element: str) -> Task | None:
        tasks = [task for task in top if task.task_spec.name == element and task.state == TaskState.COMPLETED]
        return max(tasks, key=lambda task: (any(each.has_state(LIVE) for each in task), task.depth), default=None)

    @staticmethod
    def _common(top: Task) -> Task:
        """The nearest task before everything that goes on."""
        task = top
        while True:
            going_on = [child for child in task.children if any(each.has_state(LIVE) for each in child)]
            if len(going_on) != 1 or going_on[0].state != TaskState.COMPLETED:
                return task
            task = going_on[0]
