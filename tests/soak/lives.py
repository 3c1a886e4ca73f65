"""Everybody acts at random for thousands of steps, on both databases: the same machine as in the tests, for longer."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.postgres import Cluster
from tests.scenarios.test_random_lives import STEPS, live
from tests.soak.runs import Options, Round, Run
from web.config import Config


def live_on(database_url: str | None, options: Options) -> dict[str, Any]:
    """As many steps as asked for in one installation; raises what the machine finds wrong."""
    with TemporaryDirectory(prefix="langbiang-lives-") as folder:
        config = Config.from_environment(environment_of(Path(folder), database_url))
        prepare_schema(config)
        with running(config):
            tally = live(build.standard_world(), examples=max(1, options.runs // STEPS), steps=STEPS, seeded=options.seed)
    refused = {name: times for name, times in tally.items() if name.startswith("refused: ")}
    done = tally.total() - sum(refused.values())
    return {"done": done, "refused": sum(refused.values()), "kinds": len(tally), "reasons_of_refusal": len(refused), "of_each": dict(tally)}


def on_postgresql(options: Options) -> dict[str, Any]:
    """The same on a database of its own."""
    cluster = Cluster(durable=False)
    try:
        cluster.start()
        return live_on(cluster.create("lives"), options)
    finally:
        cluster.stop()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One for each kind of database."""
    yield "sqlite", lambda: live_on(None, options)
    yield "postgresql", lambda: on_postgresql(options)


RUN = Run("lives", "steps of everybody acting at random on each database, everything checked every 20", 6_000, rounds)
