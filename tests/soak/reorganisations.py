"""Plans drawn at random, done and undone by the hundred, on both databases: the same as in the tests, for longer."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import environment_of, prepare_schema, running
from tests.postgres import Cluster
from tests.scenarios.test_random_plans import check_plans
from tests.soak.runs import Options, Round, Run
from web.config import Config


def plan_on(database_url: str | None, options: Options) -> dict[str, Any]:
    """As many plans as asked for in one installation; raises what is found wrong."""
    with TemporaryDirectory(prefix="langbiang-plans-") as folder:
        config = Config.from_environment(environment_of(Path(folder), database_url))
        prepare_schema(config)
        with running(config):
            check_plans(options.runs)
    return {"plans": options.runs}


def on_postgresql(options: Options) -> dict[str, Any]:
    """The same on a database of its own."""
    cluster = Cluster(durable=False)
    try:
        cluster.start()
        return plan_on(cluster.create("plans"), options)
    finally:
        cluster.stop()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One for each kind of database."""
    yield "sqlite", lambda: plan_on(None, options)
    yield "postgresql", lambda: on_postgresql(options)


RUN = Run("reorganisations", "plans of reorganisations drawn at random on each database, done and undone", 200, rounds)
