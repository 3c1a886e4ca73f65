"""What `bin/test` takes a sample of and `bin/soak whole` does in full, because a run of all tests has twelve minutes."""
from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar
from zlib import crc32

T = TypeVar("T")

VARIABLE = "WHOLE_TESTS"
WHOLE = os.environ.get(VARIABLE) == "yes"


def is_at_turn(name: str, number: int, one_of: int) -> bool:
    """Whether the person with this number tries what has this name: of so many in a row one does, or in a whole run everybody."""
    return WHOLE or (crc32(name.encode()) + number) % one_of == 0


def at_every_other(number: int, turns: int) -> bool:
    """Whether what is looked at in turns is looked at closely: every other one, so that each turn is; in a whole run all."""
    return WHOLE or (number + number // turns) % 2 == 0


def sample(everything: Sequence[T], one_of: int) -> Sequence[T]:
    """Every so-manieth, or all of it in a whole run."""
    return everything if WHOLE else everything[::one_of]


def one_of_each_kind(everything: Sequence[T], kind: Callable[[T], Hashable], *, one_of: int) -> Sequence[T]:
    """The first of each kind, and of the others every so-manieth; or all of it in a whole run."""
    firsts = {kind(each): number for number, each in reversed(list(enumerate(everything)))}
    others = [number for number in range(len(everything)) if number not in firsts.values()]
    return everything if WHOLE else [everything[number] for number in sorted([*firsts.values(), *others[::one_of]])]


def examples(number: int) -> int:
    """How many examples Hypothesis draws, new ones each time: four tenths of the number, or in a whole run all."""
    return number if WHOLE else number * 2 // 5
