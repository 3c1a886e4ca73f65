"""What `bin/test` takes a sample of and `bin/soak whole` does in full, because a run of all tests has twelve minutes."""
from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

VARIABLE = "WHOLE_TESTS"
WHOLE = os.environ.get(VARIABLE) == "yes"


def sample(everything: Sequence[T], one_of: int) -> Sequence[T]:
    """Every so-manieth, or all of it in a whole run."""
    return everything if WHOLE else everything[::one_of]
