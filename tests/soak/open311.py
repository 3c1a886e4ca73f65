"""Strange requests to the door Open311 by the ten thousand, on both databases: the same as in the tests, for longer."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import environment_of, prepare_schema, running
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from tests.web.open311.test_strange_requests import check_requests
from web.config import Config


def ask_on(database_url: str | None, options: Options) -> dict[str, Any]:
    """As many requests as asked for, of one house; raises what is found wrong."""
    with TemporaryDirectory(prefix="langbiang-open311-") as folder:
        config = Config.from_environment(environment_of(Path(folder), database_url))
        prepare_schema(config)
        with running(config) as app:
            check_requests(app, options.runs)
    return {"requests": 2 * options.runs}


def on_postgresql(options: Options) -> dict[str, Any]:
    cluster = Cluster(durable=False)
    try:
        cluster.start()
        return ask_on(cluster.create("open311"), options)
    finally:
        cluster.stop()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "SQLite", partial(ask_on, None, options)
    yield "PostgreSQL", partial(on_postgresql, options)


RUN = Run("open311", "so many strange requests to the door Open311: no failure, no status the page does not name", 10_000, rounds)
