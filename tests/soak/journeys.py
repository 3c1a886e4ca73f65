"""The ways of people at their desks, counted as a person goes them, beside what the same ways were in 0.9.0: none may be longer.

The figures of 0.9.0 (journeys_of_0_9_0.json) were counted on its pages with the same hand, the same people and the same cases.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browser.day import Day, begun
from tests.conftest import environment_of, prepare_schema
from tests.soak.runs import Options, Round, Run
from tests.soak.telephone import gone_on_a_telephone
from tests.soak.ways_pressed import WAYS, Way, went
from web.config import Config
from web.request_log import be_quiet

BEFORE = Path(__file__).parent / "journeys_of_0_9_0.json"
NOT_LONGER = ("acts", "requests", "person_seconds")
"""Acts: presses and keys together, since one may stand for the other."""

HALVED = "triage of ten reports"
"""Takes no more than half the requests it did."""


def gone(day: Day, way: Way) -> dict[str, Any]:
    """Go a way and put the figures of 0.9.0 beside it. Raises AssertionError where it has become longer."""
    found, before = with_acts(went(day, way, way.furnish(day))), figures_before().get(way.name)
    longer = [f"{each}: {found[each]}, {before[each]} in 0.9.0" for each in NOT_LONGER if found[each] > before[each]] if before else []
    if before and way.name == HALVED and found["requests"] > before["requests"] / 2:
        longer.append(f"requests: {found['requests']}, more than half of {before['requests']}")
    if longer:
        raise AssertionError(f"{way.name} has become longer: {'; '.join(longer)}")
    print(line_of(way.name, found, before or {}), flush=True)
    return {**found, "before": before}


def figures_before() -> dict[str, dict[str, Any]]:
    return {name: with_acts(figures) for name, figures in json.loads(BEFORE.read_text(encoding="utf-8")).items()}


def with_acts(figures: dict[str, Any]) -> dict[str, Any]:
    return {**figures, "acts": figures["presses"] + figures["keys"]}


def line_of(name: str, found: dict[str, Any], before: dict[str, Any]) -> str:
    """A line of the table of docs/journeys.md: 0.9.0 → today."""
    shown = ("presses", "keys", "requests", "person_seconds", "machine_seconds")
    return " | ".join([f"| {name}", *(f"{before.get(each, '–')} → {found[each]}" for each in shown)]) + " |"


@contextmanager
def day_of_journeys() -> Iterator[Day]:
    """A day that begins, in an installation of its own."""
    with TemporaryDirectory(prefix="langbiang-journeys-") as folder:
        environment = environment_of(Path(folder))
        prepare_schema(Config.from_environment(environment))
        with begun(environment) as day:
            be_quiet()
            yield day


def rounds(_options: Options) -> Iterator[tuple[str, Round]]:
    """One for each way, all on one day, which begins when the first of them wants it; at the end those of citizens."""
    with ExitStack() as closed_at_the_end:
        made = cache(lambda: closed_at_the_end.enter_context(day_of_journeys()))
        for way in WAYS:
            yield way.name, partial(_gone, made, way)
    yield "citizens on a telephone", gone_on_a_telephone


def _gone(made: Callable[[], Day], way: Way) -> dict[str, Any]:
    return gone(made(), way)


RUN = Run("journeys", "the ways of people at their desks: presses, keys, requests and seconds, beside those of 0.9.0", 1, rounds)
