"""bin/soak field: an officer's telephone with twenty cases, killed at instants drawn by lot until all of them are answered."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casework.photos.records import photos_of_answer
from tests.browser.field import uplands, worked_with_kills
from tests.conftest import environment_of, prepare_schema
from tests.soak.runs import Options, Round, Run
from web.config import Config

CASES = 20
KILLS = 30


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for number in range(options.runs):
        yield f"seed {options.seed + number}", lambda seed=options.seed + number: _round(seed)


def _round(seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="field") as name:
        folder = Path(name)
        config = Config.from_environment(environment_of(folder / "template"))
        prepare_schema(config)
        with uplands(config.data / "langbiang.db", folder) as hills:
            cases = [hills.case(f"Việc số {number} trên núi") for number in range(CASES)]
            killed = worked_with_kills(hills, cases, seed=seed, kills=KILLS)
            for case in cases:
                [answer] = hills.answers(case)
                assert len(photos_of_answer(answer)) == 1, case.code
                assert (hills.events(case, "accept_assignment"), hills.events(case, "submit_answer")) == (1, 1), case.code
    return {"cases": CASES, "killed": killed}


RUN = Run("field", "an officer's telephone without a signal, killed at any instant; runs: telephones with twenty cases", 1, _rounds)
