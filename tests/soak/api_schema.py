"""Every operation of the API given what OpenAPI allows and what it does not, for minutes: no failure, nothing undocumented."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import environment_of, prepare_schema, running
from tests.soak.runs import Options, Round, Run
from tests.web.api.test_schemathesis import tried, with_things
from web.config import Config

MOST_EXAMPLES = 5_000


def one_minute(seed: int) -> dict[str, Any]:
    """A minute of requests to a house that has something for every operation."""
    with TemporaryDirectory() as folder:
        config = Config.from_environment(environment_of(Path(folder)))
        prepare_schema(config)
        with running(config) as app:
            house, refs = with_things(app)
            return {"requests": tried(house, refs, seconds=60, examples=MOST_EXAMPLES, seed=seed)}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for number in range(options.runs):
        yield f"minute {number + 1}", partial(one_minute, options.seed + number)


RUN = Run("schemathesis", "so many minutes of requests to the API by its own document: no failure, nothing undocumented", 10, rounds)
