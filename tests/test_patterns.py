"""No pattern of the program can be made slow by what somebody types: each takes time in proportion to the length of a text.

A pattern is shown texts made for it: what leads to each of its repetitions, then one sign over and over, then something that fits nowhere.
"""
from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser
from types import FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmark", "casework", "reports", "workflows", "web")
PROGRAMS = ("web.gunicorn_config", "web.serving.gunicorn_config")
"""Read by gunicorn where an installation is, and refused anywhere else; their text is read like that of every module."""

LENGTH = 10_000
"""As long as the words of a report may be (casework.intake.file_report.LONGEST_WORDS)."""
LONGEST = 0.05
"""Seconds of the processor for one text: who takes time in proportion uses a tenth of it, who goes back over it at each sign all of it."""
FROM = 20
"""Times a repetition may go round before it counts as one without end."""
SIGNS = " \t\n\xa010aAxàĐ_.,;:-+/'’\"({[<=@#%*\\\x00"
FROM_THE_START = {"match", "fullmatch"}
USES = {*FROM_THE_START, "compile", "search", "sub", "subn", "split", "findall", "finditer"}
OWN_TEXTS = {"web.http.compression.COMMENTS": "it is shown the style sheets and scripts of the program alone, when it starts"}
"""Patterns nobody types anything for."""


class TooSlow(Exception):
    """A text took longer than LONGEST."""


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """End what takes more time of the processor than this; what others do on the machine does not count."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple((path.relative_to(ROOT), ast.parse(path.read_text())) for path in paths)


def patterns_of_modules() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Those that modules hold, alone or in tables."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if found.name in PROGRAMS:
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                for pattern in within(value):
                    yield f"{found.name}.{name}", pattern


def within(value: Any, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict | tuple | list | set | frozenset):
        for each in value.values() if isinstance(value, dict) else value:
            yield from within(each, depth - 1)


def calls_in_functions() -> Iterator[tuple[str, ast.Call]]:
    """Where a pattern is named as it is used, and so is held by no module: `re.sub(r"\\s", …)`."""
    for path, module in sources():
        for function in ast.walk(module):
            for call in ast.walk(function) if isinstance(function, ast.FunctionDef | ast.Lambda) else ():
                if isinstance(call, ast.Call) and ast.unparse(call.func) in {f"re.{use}" for use in USES}:
                    yield f"{path}:{call.lineno}", call


def uses_by_name() -> dict[str, set[str]]:
    """How each name is asked: `CODE.fullmatch(…)` looks from the start of a text alone, `WORD.finditer(…)` from each of its signs."""
    found: dict[str, set[str]] = {}
    for _, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute) and node.attr in USES:
                found.setdefault(ast.unparse(node.value).rpartition(".")[2], set()).add(node.attr)
    return found


def all_patterns() -> dict[re.Pattern[Any], tuple[str, bool]]:
    """Every pattern with its place, and whether it is asked from the start of a text alone."""
    uses = uses_by_name()
    found = {
        pattern: (place, uses.get(place.rpartition(".")[2], USES) <= FROM_THE_START)
        for place, pattern in patterns_of_modules()
        if place not in OWN_TEXTS
    }
    for place, call in calls_in_functions():
        if isinstance(call.args[0], ast.Constant):
            found.setdefault(re.compile(call.args[0].value), (place, ast.unparse(call.func)[3:] in FROM_THE_START))
    return found


def repetitions(items: Iterable[Any], before: str) -> Iterator[tuple[str, str]]:
    """What leads to each repetition without end, and what it repeats once."""
    for op, value in items:
        if op is sre.BRANCH:
            for branch in value[1]:
                yield from repetitions(branch, before)
        elif op is sre.SUBPATTERN:
            yield from repetitions(value[3], before)
        elif op is sre.ATOMIC_GROUP:
            yield from repetitions(value, before)
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            if value[1] > FROM:
                yield before, example(value[2])
            yield from repetitions(value[2], before)
        before += example([(op, value)])


def example(items: Iterable[Any]) -> str:
    """A text that fits, as short as it is easily found; what only looks around is passed over."""
    text = ""
    for op, value in items:
        if op is sre.LITERAL:
            text += chr(value)
        elif op is sre.IN:
            text += one_of(value)
        elif op in (sre.ANY, sre.NOT_LITERAL):
            text += "a"
        elif op is sre.BRANCH:
            text += example(value[1][0])
        elif op is sre.SUBPATTERN:
            text += example(value[3])
        elif op is sre.ATOMIC_GROUP:
            text += example(value)
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            text += example(value[2]) * value[0]
    return text


def one_of(choices: Iterable[Any]) -> str:
    kind, value = next(iter(choices))
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return chr(value[0])
    if kind is sre.CATEGORY:
        return {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "a"}.get(value, "a")
    return "a"


def texts_for(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """Each text with a name for it."""
    source = pattern.pattern
    tree = parser.parse(source, pattern.flags & ~re.DEBUG)
    seen = set()
    for before, once in [("", ""), *repetitions(tree, "")]:
        for again in (*SIGNS, once, before, before + once):
            if again and (before, again) not in seen:
                seen.add((before, again))
                yield f"{before!r}, then {again!r} over and over", before + again * (LENGTH // len(again)) + "\x00"


def slowness(pattern: re.Pattern[Any], *, from_start: bool = False) -> Iterator[str]:
    """The names of the texts that take it long, twice in a row."""
    for name, text in texts_for(pattern):
        subject = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
        if is_slow(pattern, subject, from_start=from_start) and is_slow(pattern, subject, from_start=from_start):
            yield name


def is_slow(pattern: re.Pattern[Any], subject: Any, *, from_start: bool) -> bool:
    try:
        with processor_time(LONGEST):
            pattern.match(subject)
            pattern.fullmatch(subject)
            for _ in () if from_start else pattern.finditer(subject):
                pass
    except TooSlow:
        return True
    return False


def test_no_pattern_can_be_made_slow_by_what_is_typed() -> None:
    patterns = all_patterns()
    assert len(patterns) > 100
    slow = [f"{place}: {name}" for pattern, (place, from_start) in patterns.items() for name in slowness(pattern, from_start=from_start)]
    assert slow == []


@pytest.mark.exhaustive
def test_every_pattern_stands_where_it_can_be_tried() -> None:
    """Put together while the program runs, it would be tried by nobody."""
    assert [place for place, call in calls_in_functions() if not isinstance(call.args[0], ast.Constant)] == []


@pytest.mark.exhaustive(but=6)
@pytest.mark.parametrize(
    "pattern",
    [r"tôi là[ \t]*:?[ \t]+(A)", r"(?:\w+ ?)*;", r"\(0(?:[ .]?\d+)+x", r"(?i:anh|chị)\s*\s*\s*x", r"<[^>]*a[^>]*b[^>]*c", r"\s+$"],
)
def test_what_can_be_made_slow_is_found(pattern: str) -> None:
    assert list(slowness(re.compile(pattern)))
