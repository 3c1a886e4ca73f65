"""The benchmark at length on both databases: steps and people at work, and as many whole lives a second as the house takes."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from benchmark import arrivals, arrivals_table, load_table, rate, steps, steps_table
from benchmark.house import Scale
from benchmark.load import run as run_load
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run

TIMES, ARRIVING_HANDS = 2, 400
"""How many times what an installation takes arrives, and how many cases may be under way together."""

LIVED_SECONDS, HANDS, SERVERS = 300, 8, os.cpu_count() or 1
"""Processes of the server on PostgreSQL; on SQLite there is one."""

SERVER = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
"""What a server of a province has at least (docs/machines.md)."""


def measure(lives: int, database_url: str | None = None) -> dict[str, Any]:
    """One benchmark with its table printed."""
    result = steps.run(lives=lives, database_url=database_url)
    for line in steps_table.lines(result):
        print(line, flush=True)
    return result


def load(database_url: str | None = None) -> dict[str, Any]:
    """The house of 100,000 cases with everybody at work in it, and its table printed."""
    measured = run_load(Scale(), database_url=database_url)
    for line in load_table.lines(measured):
        print(line, flush=True)
    return measured.as_json()


def live(seconds: int, servers: int, database_url: str | None = None) -> dict[str, Any]:
    """Whole lives for so many seconds, and what became of each aim."""
    measured = rate.run(seconds=seconds, hands=HANDS, servers=servers, database_url=database_url)
    for line in rate.lines(measured):
        print(line, flush=True)
    return measured.as_json()


def on_postgresql(measured: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The same on a server of our own that syncs as production does."""
    cluster = Cluster(durable=True, **SERVER)
    try:
        cluster.start()
        return measured(cluster.create("benchmark"))
    finally:
        cluster.stop()


def overwhelmed(options: Options, servers: int, new_database: Callable[[str], str | None]) -> dict[str, Any]:
    """TIMES as many lives as were just measured arrive; raises AssertionError where anything is lost, doubled, wrong or left over."""
    seconds = options.runs
    capacity = live(max(10, seconds // 3), servers, new_database("capacity"))["figures"][0]["value"]
    asked = arrivals.Asked(TIMES * max(capacity, 0.05), seconds, ARRIVING_HANDS, servers, options.seed)
    measured = arrivals.run(asked, database_url=new_database("arrivals"))
    for line in arrivals_table.lines(measured):
        print(line, flush=True)
    missed = [each.name for each in measured.figures if not each.is_met]
    assert not missed, f"{missed}: {measured.faults[:5]}"
    assert not measured.beside["verify"], measured.faults[:5]
    return {"capacity": capacity, **measured.as_json()}


def overwhelmed_on_postgresql(options: Options) -> dict[str, Any]:
    """The same on a server of our own that syncs as production does."""
    cluster = Cluster(durable=True, **SERVER)
    try:
        cluster.start()
        return overwhelmed(options, SERVERS, cluster.create)
    finally:
        cluster.stop()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "sqlite", lambda: measure(options.runs)
    yield "postgresql", lambda: on_postgresql(lambda url: measure(options.runs, url))
    yield "load on sqlite", load
    yield "load on postgresql", lambda: on_postgresql(load)


def lives(options: Options) -> Iterator[tuple[str, Round]]:
    yield "postgresql", lambda: on_postgresql(lambda url: live(options.runs, SERVERS, url))
    yield "sqlite", lambda: live(options.runs, 1)


def crowds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "postgresql", lambda: overwhelmed_on_postgresql(options)
    yield "sqlite", lambda: overwhelmed(options, 1, lambda _name: None)


RUN = Run("benchmark", "lives measured on SQLite and PostgreSQL, then 100,000 cases with 200 people at work in them", 200, rounds)
ARRIVALS = Run("arrivals", "seconds in which twice as many lives arrive as each database takes, then all finished", 180, crowds)
RATE = Run("rate", "seconds of whole lives over HTTP, as many as the house takes, on each database", LIVED_SECONDS, lives)
