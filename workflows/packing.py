"""Stored states: a task tree becomes compressed JSON and a task tree again, in one pass each.

The JSON is that of SpiffWorkflow's serializer without the specification, which is stored once per version, with small numbers for the ids
nobody outside knows and without times, because random digits do not compress. What is not known here is left to that serializer: values
that are not plain, and whole instances that are not flat.
"""

import threading
from collections.abc import Iterable, Mapping
from itertools import count
from types import NoneType
from typing import Any
from uuid import UUID

import orjson
import zstandard
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine.python_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter, WorkflowConverter
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState

Tree = dict[str, Any]
"""An instance as plain values, the way SpiffWorkflow's serializer lays it out."""

NAMED_OUTSIDE = TaskState.READY | TaskState.WAITING | TaskState.STARTED
"""Tasks whose ids stand in our own tables: waiting steps and timers."""
SHORT = 1 << 32
PLAIN = frozenset((str, int, float, bool, NoneType))
"""The types SpiffWorkflow writes and reads as they are."""
LEVEL = 3


class _TreeConverter(BpmnWorkflowConverter):
    """Converts an instance without its specification."""

    def to_dict(self, workflow: BpmnWorkflow) -> Tree:
        return {**WorkflowConverter.to_dict(self, workflow), "subprocesses": {}, "bpmn_events": []}


_serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure({**SPIFF_CONFIG, BpmnWorkflow: _TreeConverter}))


class _Zstandard(threading.local):
    """The contexts of one thread, which are expensive to make and must not be shared."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_zstandard = _Zstandard()


def compressed(tree: Mapping[str, Any]) -> bytes:
    """Return a tree as it is stored."""
    return _zstandard.compressor.compress(orjson.dumps(tree))


def decompressed(state: bytes) -> Tree:
    """Return the tree of a stored state, compressed at whatever level; raises ZstdError or JSONDecodeError for a damaged one."""
    tree: Tree = orjson.loads(_zstandard.decompressor.decompress(state))
    return tree


# -- written ---------------------------------------------------------------------------------------------------------------


def tree_of(workflow: BpmnWorkflow) -> Tree:
    """Return an instance as a tree. Variables in it are the instance's own: do not change them."""
    names = _names(workflow.tasks)
    if not _is_flat(workflow):
        return _renamed(_serializer.to_dict(workflow), names)
    return {
        "data": _serializer.registry.convert(workflow.data),
        "correlations": workflow.correlations,
        "last_task": names[workflow.last_task.id] if workflow.last_task is not None else None,
        "success": workflow.success,
        "completed": workflow.completed,
        "tasks": {names[id_]: _task_written(task, names) for id_, task in workflow.tasks.items()},
        "root": names[workflow.task_tree.id],
        "subprocesses": {},
        "bpmn_events": [],
        "typename": "BpmnWorkflow",
    }


class _Names(dict[UUID, str]):
    """The ids of tasks as they are written."""

    def __missing__(self, id_: UUID) -> str:
        return str(id_)


def _names(tasks: Mapping[UUID, Task]) -> _Names:
    """Give tasks nobody outside knows small numbers as ids; they keep them from then on."""
    free = count(max((id_.int for id_ in tasks if id_.int < SHORT), default=0) + 1)
    return _Names(
        (id_, str(id_) if id_.int < SHORT or task.state & NAMED_OUTSIDE else f"{next(free):032x}") for id_, task in tasks.items()
    )  # fmt: skip


def _is_flat(workflow: BpmnWorkflow) -> bool:
    """Whether all of it is of the classes known here, without subprocesses."""
    return type(workflow) is BpmnWorkflow and not workflow.subprocesses and all(type(task) is Task for task in workflow.tasks.values())


def _renamed(tree: Tree, names: _Names) -> Tree:
    """Return a tree written by SpiffWorkflow with our ids and without times."""
    short = {str(id_): name for id_, name in names.items()}
    tasks = {
        short[id_]: {
            **task,
            "id": short[id_],
            "parent": short.get(task["parent"], task["parent"]),
            "children": [short.get(child, child) for child in task["children"]],
            "last_state_change": 0,
        }
        for id_, task in tree["tasks"].items()
    }
    return {**tree, "tasks": tasks, "root": short[tree["root"]], "last_task": short.get(tree["last_task"], tree["last_task"])}


def _task_written(task: Task, names: _Names) -> Tree:
    parent = task.parent
    return {
        "id": names[task.id],
        "parent": names[parent.id] if parent is not None else None,
        "children": [names[child] for child in task._children],
        "last_state_change": 0,
        "state": task.state,
        "task_spec": task.task_spec.name,
        "triggered": task.triggered,
        "internal_data": _converted(task.internal_data),
        "data": task.data if parent is None else {},
        "delta": _delta(parent.data, task.data) if parent is not None else {},
        "typename": "Task",
    }


def _delta(before: dict[str, Any], data: dict[str, Any]) -> Tree:
    return {"updates": DeepMerge.get_updated_keys(before, data), "deletions": DeepMerge.get_deleted_keys(before, data)}


def _converted(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as SpiffWorkflow writes them."""
    if _are_plain(values.values()):
        return values
    converted: dict[str, Any] = _serializer.registry.convert(values)
    return converted


# -- restored --------------------------------------------------------------------------------------------------------------


def restored(tree: Tree, spec: BpmnProcessSpec, script_engine: PythonScriptEngine) -> BpmnWorkflow:
    """Return the instance of a tree, over the specification of its version; it shares no variables with the tree."""
    if not _is_known(tree):
        return _restored_by_spiff(tree, spec, script_engine)
    workflow = BpmnWorkflow(spec, script_engine=script_engine, deserializing=True)
    ids = {name: UUID(name) for name in tree["tasks"]}
    for kept in tree["tasks"].values():
        _restore_task(kept, workflow, ids)
    workflow.task_tree = workflow.tasks[ids[tree["root"]]]
    workflow.success, workflow.completed, workflow.correlations = tree["success"], tree["completed"], tree["correlations"]
    if tree["last_task"] is not None:
        workflow.last_task = workflow.tasks.get(UUID(tree["last_task"]))
    workflow.data = _serializer.registry.restore(tree["data"])
    return workflow


def _is_known(tree: Tree) -> bool:
    is_flat = tree["typename"] == "BpmnWorkflow" and not tree["subprocesses"] and not tree["bpmn_events"]
    return is_flat and all(task["typename"] == "Task" for task in tree["tasks"].values())


def _restored_by_spiff(tree: Tree, spec: BpmnProcessSpec, script_engine: PythonScriptEngine) -> BpmnWorkflow:
    # The converter restores whatever stands at "spec"; an object that is one already passes through unchanged.
    workflow: BpmnWorkflow = _serializer.from_dict({**tree, "spec": spec, "subprocess_specs": {}})
    workflow.script_engine = script_engine
    return workflow


def _restore_task(kept: Tree, workflow: BpmnWorkflow, ids: Mapping[str, UUID]) -> None:
    """Add one task to an instance that already has those written before it."""
    spec = workflow.spec.task_specs[kept["task_spec"]]
    task = Task(workflow, spec, state=kept["state"], id=ids[kept["id"]])
    parent = ids[kept["parent"]] if kept["parent"] is not None else None
    task._parent, task._children = parent, [ids[child] for child in kept["children"]]
    task.last_state_change, task.triggered = kept["last_state_change"], kept["triggered"]
    task.internal_data = _own(kept["internal_data"])
    if task.state == TaskState.WAITING and isinstance(spec, CatchingEvent):
        workflow.event_manager.add_task(task)
    before = workflow.tasks.get(parent)
    task.data = _after(before.data, kept["delta"]) if before is not None and kept["delta"] else _own(kept["data"])


def _after(before: dict[str, Any], delta: Tree) -> dict[str, Any]:
    """Return the variables of a task, given those of its parent and what it changed."""
    data: dict[str, Any] = dict(before) if _are_plain(before.values()) else DeepMerge.merge({}, before)
    data.update(_own(delta["updates"]))
    for name in delta["deletions"]:
        data.pop(name, None)
    return data


def _own(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as an instance has them, and as nobody else does."""
    if "typename" not in values and _are_plain(values.values()):
        return dict(values)
    restored_values: dict[str, Any] = _serializer.registry.restore(values)
    return restored_values


def _are_plain(values: Iterable[Any]) -> bool:
    return PLAIN.issuperset(map(type, values))
