"""The states of a model as a transition system: what can happen in each, the acts that happen, and the moves they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson


class Kind(StrEnum):
    """What moves a process on: a step done, a message heard, a timer fired."""

    STEP = "step"
    MESSAGE = "message"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens. `element` is the step, the timer, or the name of the message; `values` what it leaves, as JSON text.

    `answers` gives the answers of services called on the way, by name; a service not named gives its first sample.
    """

    kind: Kind
    element: str
    values: bytes = b"{}"
    answers: bytes = b"{}"

    @classmethod
    def step(cls, element: str, values: Mapping[str, Any] | None = None, answers: Mapping[str, Any] | None = None) -> "Act":
        """A step done, with its outcome under its own name."""
        return cls(Kind.STEP, element, _text(values), _text(answers))

    @classmethod
    def message(cls, name: str, payload: Mapping[str, Any] | None = None, answers: Mapping[str, Any] | None = None) -> "Act":
        return cls(Kind.MESSAGE, name, _text(payload), _text(answers))

    @classmethod
    def timer(cls, element: str, answers: Mapping[str, Any] | None = None) -> "Act":
        return cls(Kind.TIMER, element, b"{}", _text(answers))

    @property
    def sign(self) -> tuple[Kind, str]:
        """What has to be enabled for it."""
        return self.kind, self.element


def _text(values: Mapping[str, Any] | None) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS) if values else b"{}"


@dataclass(frozen=True, slots=True)
class Enabled:
    """Something that can happen in a state. `place` is the element its token rests at, `name` is how an Act names it: a message by its
    name.

    For a timer, `seconds` is how long the model lets it wait, and `clock` the limit of the case it follows, if any.
    """

    kind: Kind
    name: str
    place: str
    clock: str | None = None
    seconds: float | None = None

    @property
    def element(self) -> str:
        """The element people see."""
        return self.place


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """A resting state of one process. Each exists once, so identity is equality.

    `places` are the elements its tokens rest at, sorted, without those that only listen; `ends` are those just reached if the process is
    over.
    """

    number: int
    process_id: str
    places: tuple[str, ...]
    listening: tuple[str, ...]
    enabled: tuple[Enabled, ...]
    ends: tuple[str, ...]
    signs: frozenset[tuple[Kind, str]]
    is_over: bool

    def can(self, act: Act) -> bool:
        """Whether the act can happen here."""
        return act.sign in self.signs

    @property
    def steps(self) -> list[str]:
        """The waiting steps, one element per token."""
        return [each.name for each in self.enabled if each.kind == Kind.STEP]


@dataclass(frozen=True, slots=True)
class Move:
    """The result of an act: the state, the messages sent to the other process, and the services asked."""

    state: State
    thrown: tuple[tuple[str, bytes], ...] = ()
    asked: tuple[str, ...] = ()
