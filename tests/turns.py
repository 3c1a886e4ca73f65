"""A plugin of pytest: a test for both kinds of database runs on one of them, by turns within its file.

    python -m pytest -p tests.turns …            as bin/test does where it chooses the tests; those that are asked for run on both

What is marked `on_both` runs on both all the same, for a statement of its own, a lock or what the kinds do differently is its subject; and
so does a file with fewer than three others, which turns would leave with one kind. Where one of a pair is asked for alone, that one
runs. `bin/soak whole` runs both of every pair.

What is marked `exhaustive` is left to `bin/soak exhaustive`, but for the cases the mark names (tests/breadth.py), and for those of a file
with --all-of=FILE.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import pytest

from tests.breadth import left_out
from tests.whole import WHOLE

KIND = "kind_of_database"
FEWEST = 3
"""Pairs of a file among which turns are taken."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-of", action="append", default=[], metavar="FILE", help="of this file leave nothing to bin/soak exhaustive")


@pytest.hookimpl(trylast=True)                                 # when it is known what was asked for
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if WHOLE:
        return
    leave_out(config, items, not_at_their_turn(items))
    wholly = {config.rootpath / file for file in config.getoption("all_of")}
    leave_out(config, items, {each for each in left_out(items) if each.path not in wholly})


def leave_out(config: pytest.Config, items: list[pytest.Item], others: set[pytest.Item]) -> None:
    if others:
        config.hook.pytest_deselected(items=list(others))
        items[:] = [each for each in items if each not in others]


def not_at_their_turn(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """One of each pair: in a file the one on the first kind of database, then the one on the second, and so on."""
    return {pair[(crc32(file.stem.encode()) + number) % 2] for file, pairs in pairs_of(items).items() if len(pairs) >= FEWEST
            for number, pair in enumerate(pairs)}  # fmt: skip


def pairs_of(items: Iterable[pytest.Item]) -> dict[Path, list[list[pytest.Item]]]:
    """The tests of each file that would run on both kinds of database and need not."""
    same: defaultdict[tuple[Path, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        kind = kind_of(item)
        if kind is not None and item.get_closest_marker("on_both") is None:
            same[item.path, without(kind, item.nodeid)].append(item)
    pairs: defaultdict[Path, list[list[pytest.Item]]] = defaultdict(list)
    for (file, _), each in same.items():
        if len(each) == 2:
            pairs[file].append(each)
    return pairs


def kind_of(item: pytest.Item) -> str | None:
    called = getattr(item, "callspec", None)
    return called.params.get(KIND) if called is not None else None


def without(kind: str, nodeid: str) -> str:
    """What both of a pair are called."""
    test, _, values = nodeid.partition("[")
    names = values.removesuffix("]").split("-")
    names.remove(kind)
    return f"{test}[{'-'.join(names)}]"
