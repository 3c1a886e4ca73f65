"""The benchmark at length, on both databases."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web import benchmark, benchmark_load, benchmark_table
from web.benchmark_house import Scale


def measure(lives: int, database_url: str | None = None) -> dict[str, Any]:
    """One benchmark with its table printed."""
    result = benchmark.run(lives=lives, database_url=database_url)
    for line in benchmark_table.lines(result):
        print(line, flush=True)
    return result


def measure_on_postgresql(lives: int) -> dict[str, Any]:
    """The same on a server of our own that syncs as production does."""
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        return measure(lives, cluster.create("benchmark"))
    finally:
        cluster.stop()


def load(database_url: str | None = None) -> dict[str, Any]:
    """The house of 100,000 cases with everybody at work in it, and its table printed."""
    measured = benchmark_load.run(Scale(), database_url=database_url)
    for line in benchmark_load.lines(measured):
        print(line, flush=True)
    return measured.as_json()


def load_on_postgresql() -> dict[str, Any]:
    """The same on a server of our own."""
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        return load(cluster.create("load"))
    finally:
        cluster.stop()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "sqlite", lambda: measure(options.runs)
    yield "postgresql", lambda: measure_on_postgresql(options.runs)
    yield "load on sqlite", load
    yield "load on postgresql", load_on_postgresql


RUN = Run("benchmark", "lives measured on SQLite and PostgreSQL, then 100,000 cases with 200 people at work in them", 200, rounds)
