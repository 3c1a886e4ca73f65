"""The tests `bin/test` leaves to the long runs (tests/breadth.py), on both databases: a round for each file with one marked `exhaustive`.

What such a test samples besides (tests/whole.py) is done in full here, too.
"""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.soak.runs import Options, Round, Run
from tests.soak.whole import judge

TESTS = Path(__file__).resolve().parent.parent
MARK = "pytest.mark.exhaustive"


def files() -> list[str]:
    """The files with such tests, as pytest is given them."""
    return [path.relative_to(TESTS.parent).as_posix() for path in sorted(TESTS.rglob("test_*.py"))
            if MARK in path.read_text(encoding="utf-8")]  # fmt: skip


def rounds(_options: Options) -> Iterator[tuple[str, Round]]:
    for file in files():
        yield file, partial(judge, file, "-m", "exhaustive")


RUN = Run("exhaustive", "the tests a test run leaves out for their breadth, on both databases", len(files()), rounds)
