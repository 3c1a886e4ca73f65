"""The demonstration on both databases: what `bin/test` prepares and judges on SQLite, on PostgreSQL too."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.soak.runs import Options, Round, Run

TESTS = "tests/scenarios/test_demo.py"


def rounds(_options: Options) -> Iterator[tuple[str, Round]]:
    yield "both databases", judge


def judge() -> dict[str, Any]:
    command = (sys.executable, "-m", "pytest", "-q", TESTS)
    done = subprocess.run(command, env=os.environ | {"EVERY_DEMONSTRATION": "yes"}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout[-4000:])
    return {"said": done.stdout.strip().splitlines()[-1]}


RUN = Run("demonstration", "the tests of the demonstration on SQLite and PostgreSQL", 1, rounds)
