"""What the rows keep of a case, over or open: steps, timers and the values its task trees still hold, as plain data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from SpiffWorkflow.util.task import TaskState

from workflows.bindings import Bindings
from workflows.definitions.process import Definition
from workflows.packing import decompressed
from workflows.running.process_variables import declared_variables

Values = dict[str, Any]
CASE = "case"


@dataclass(frozen=True, slots=True)
class PassedStep:
    """One passage of a step; `left` is None while it waits, `outcome` None unless somebody did it."""

    element: str
    entered: float
    left: float | None
    is_done: bool
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class PassedTimer:
    """One timer that waited: when it was due, and when it fired, if it did."""

    element: str
    due: float
    fired: float | None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class ProcessLife:
    """One process of a case. `key` is CASE or the number of an agency in the order they were asked; `agency` is the agency's row number.

    `left` gives by element the values its passages left, in order, as far as the task tree still has them; `reached` are the elements it
    has been at, empty if the tree cannot be read.
    """

    key: str
    process_id: str
    started: float
    ended: float | None
    steps: tuple[PassedStep, ...]
    timers: tuple[PassedTimer, ...] = ()
    left: Mapping[str, list[Values]] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()
    agency: int | None = None


@dataclass(frozen=True, slots=True)
class CaseLife:
    """A case, with instants in seconds: `due`, `due_began` and `answered` are the limit, the beginning and the end of its last clock."""

    version: str
    processes: tuple[ProcessLife, ...]
    due: float | None = None
    due_began: float | None = None
    answered: float | None = None

    def told(self) -> dict[str, Any]:
        """As plain data for the child process."""
        told: dict[str, Any] = orjson.loads(orjson.dumps(self, default=sorted))
        return told

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> "CaseLife":
        """Back from plain data."""
        processes = tuple(
            ProcessLife(
                **{
                    **each,
                    "steps": tuple(PassedStep(**step) for step in each["steps"]),
                    "timers": tuple(PassedTimer(**timer) for timer in each["timers"]),
                    "reached": frozenset(each["reached"]),
                }
            )
            for each in told["processes"]
        )
        return cls(**{**told, "processes": processes})


Kept = tuple[dict[str, list[Values]], frozenset[str]]


def values_left(state: bytes, definition: Definition, process_id: str, bindings: Bindings) -> Kept:
    """Return by step the declared variables its completed passages left, in the order of the tree; and the elements reached.

    Removed rounds (rounds.py) are missing, which shows when passages are counted. Empty for a state that cannot be read.
    """
    names = {name.partition(".")[0] for name in declared_variables(definition, process_id, bindings)}
    try:
        return _left(decompressed(state), names, definition)
    except Exception:  # damaged: its bytes may raise anything
        return {}, frozenset()


def _left(tree: Mapping[str, Any], names: set[str], definition: Definition) -> Kept:
    left: dict[str, list[Values]] = {}
    reached: set[str] = set()
    for task, data in _walked(tree["tasks"], tree["root"]):
        element = definition.elements.get(task["task_spec"])
        if element is not None and task["state"] == TaskState.COMPLETED:
            reached.add(element.id)
            if element.is_step:
                left.setdefault(element.id, []).append({name: value for name, value in data.items() if name in names})
    return left, frozenset(reached)


def _walked(tasks: Mapping[str, Any], root: str) -> Iterator[tuple[Mapping[str, Any], Values]]:
    ahead: list[tuple[str, Values]] = [(root, {})]
    while ahead:
        id_, before = ahead.pop()
        task = tasks[id_]
        delta = task.get("delta") or {}
        data = {**before, **task.get("data", {}), **delta.get("updates", {})}
        for gone in delta.get("deletions", ()):
            data.pop(gone, None)
        yield task, data
        ahead.extend((child, data) for child in reversed(task["children"]))
