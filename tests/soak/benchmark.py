"""The benchmark at length, on both databases."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web import benchmark, benchmark_table


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


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "sqlite", lambda: measure(options.runs)
    yield "postgresql", lambda: measure_on_postgresql(options.runs)


RUN = Run("benchmark", "lives measured on SQLite and PostgreSQL: milliseconds, SQL statements, bytes", 200, rounds)
