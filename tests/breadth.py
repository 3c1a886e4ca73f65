"""What a test run leaves to `bin/soak exhaustive`: a part of the plugin tests.turns, which bin/test takes along where it chooses the tests.

    @pytest.mark.exhaustive              the whole test: another has the way itself, or what it goes through is beside the way
    @pytest.mark.exhaustive(but=3)       of its cases every third runs all the same, always the same ones
    @pytest.mark.exhaustive(but=2, start=0)      beginning with the first; without it, where among the first ones its name says

What is asked for by name runs, and in a whole run everything does (tests/whole.py).
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

import pytest

MARK = "exhaustive"


def left_out(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """The cases of tests marked so that are not at their turn."""
    cases: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker(MARK) is not None:
            cases[item.nodeid.partition("[")[0]].append(item)
    return {item for test, of_test in cases.items() for number, item in enumerate(of_test) if not stays(test, number, item)}


def stays(test: str, number: int, item: pytest.Item) -> bool:
    mark = item.get_closest_marker(MARK)
    assert mark is not None
    assert not mark.args, f"{test}: every so-manieth is said by but="
    but = mark.kwargs.get("but", 0)
    return but > 0 and number % but == mark.kwargs.get("start", crc32(test.encode())) % but
