"""Parallel gateways that also join correctly on the second round of a loop, with the values the branches left this time.

SpiffWorkflow 3.2.0 counts arrivals of earlier rounds: after a redo its join fires when the first branch arrives. It also overlays the
branches' data whole, so a value changed in one branch is lost under the old value another branch still carries.
"""

from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import full_tag
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser
from SpiffWorkflow.bpmn.serializer.default.task_spec import ParallelGatewayConverter
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

JOINED = "joined"
"""Key noted at the token of each branch that a join has taken."""


class RoundJoin(ParallelGateway):
    """A parallel gateway; as a join it waits for one token on each flow since it last let one through."""

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        return {task.parent.task_spec.name for task in self._arrived(my_task)} >= {spec.name for spec in self.inputs}

    def _run_hook(self, my_task: Task) -> bool:
        """Merge what each branch changed since they parted; where two changed the same value, the later one drawn wins."""
        arrived = self._arrived(my_task)
        for task in arrived:
            task.internal_data[JOINED] = True
        branches = [task.parent for task in arrived]
        parted = _common(branches)
        merged = dict(parted.data)
        for branch in sorted(branches, key=lambda task: [spec.name for spec in self.inputs].index(task.task_spec.name)):
            merged.update({name: value for name, value in branch.data.items() if name not in parted.data or parted.data[name] != value})
        my_task.data = merged
        return True

    def _arrived(self, my_task: Task) -> list[Task]:
        """The tokens that arrived and are not joined yet. The engine keeps one waiting task and cancels the others.

        States stored before joined tokens were noted count those before the join last fired on the way to this one.
        """
        ahead = [task for task in my_task.workflow.get_tasks(spec_name=self.name) if task.parent.state == TaskState.COMPLETED]
        fired = [task for task in ahead if task.state == TaskState.COMPLETED and my_task.is_descendant_of(task)]
        last = max(fired, key=lambda task: task.depth, default=None)
        return [
            task for task in ahead
            if task is my_task or (waits_to_be_joined(task) and (last is None or task.is_descendant_of(last)))
        ]  # fmt: skip


def waits_to_be_joined(task: Task) -> bool:
    """Whether a token has arrived at a join that has not taken it yet."""
    return (
        isinstance(task.task_spec, RoundJoin) and task.state != TaskState.COMPLETED
        and task.parent.state == TaskState.COMPLETED and JOINED not in task.internal_data
    )  # fmt: skip


class ModelParser(SpiffBpmnParser):
    """The engine's parser, with these gateways."""

    OVERRIDE_PARSER_CLASSES = {**SpiffBpmnParser.OVERRIDE_PARSER_CLASSES, full_tag("parallelGateway"): (GatewayParser, RoundJoin)}


SPEC_CONFIG: dict[Any, Any] = {**SPIFF_CONFIG, RoundJoin: ParallelGatewayConverter}
"""Serialiser configuration for specifications with these gateways."""


def _common(tasks: list[Task]) -> Task:
    """The nearest common ancestor of the tasks."""
    lines = [_line(task) for task in tasks]
    return next(task for task in lines[0] if all(task in line for line in lines))


def _line(task: Task) -> list[Task]:
    line = [task]
    while line[-1].parent is not None:
        line.append(line[-1].parent)
    return line
