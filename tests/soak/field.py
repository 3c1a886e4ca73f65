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


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield f"seed {options.seed}, {options.runs} cases", lambda: _round(options.seed, options.runs)


def _round(seed: int, number_of_cases: int) -> dict[str, Any]:
    kills = number_of_cases + number_of_cases // 2
    with tempfile.TemporaryDirectory(prefix="field") as name:
        folder = Path(name)
        config = Config.from_environment(environment_of(folder / "template"))
        prepare_schema(config)
        with uplands(config.data / "langbiang.db", folder) as hills:
            cases = [hills.case(f"Việc số {number} trên núi") for number in range(number_of_cases)]
            killed = worked_with_kills(hills, cases, seed=seed, kills=kills)
            for case in cases:
                [answer] = hills.answers(case)
                assert len(photos_of_answer(answer)) == 1, case.code
                assert (hills.events(case, "accept_assignment"), hills.events(case, "submit_answer")) == (1, 1), case.code
    return {"cases": number_of_cases, "killed": killed}


RUN = Run("field", "cases on an officer's telephone without a signal, killed at any instant: each answered exactly once", CASES, _rounds)
