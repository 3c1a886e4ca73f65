"""Houses of 1,000, 100,000 and 1,000,000 cases on PostgreSQL: built, weighed, verified and timed; and one whose building is killed."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.postgres import Cluster
from tests.soak.runs import RESULTS, Options, Round, Run
from web.benchmark import sizes, sizes_table, weight

SIZES = (1_000, 100_000, 1_000_000)
SERVER = {"shared_buffers": "2GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "effective_cache_size": "12GB"}
MOST_SECONDS, MOST_CASES = 20 * 60, 1_000_000
"""So long building the largest may take."""

KILLED_CASES, KILLS, LEAST_SECONDS, MOST_LIVED = 20_000, 8, 2.0, 25.0


def house(cases: int) -> dict[str, Any]:
    """One house; raises AssertionError where verification finds anything or building took too long."""
    out = kept(cases)
    cluster = Cluster(durable=True, **SERVER)
    try:
        cluster.start()
        with TemporaryDirectory(prefix="langbiang-house-") as folder:
            result = sizes.run(cases, folder=Path(folder), database_url=cluster.create("house"), with_verify=True, out=out)
    finally:
        cluster.stop()
    for line in (*weight.lines(sizes.weighed_in(result)), *sizes_table.lines([result])):
        print(line, flush=True)
    assert result["verification"]["faults"] == 0, result["verification"]["first"]
    assert result["seconds_to_build"] <= MOST_SECONDS * max(1, cases / MOST_CASES)
    return {"seconds_to_build": result["seconds_to_build"], "bytes_of_a_case": result["bytes_of_a_case"], "file": str(out)}


def compared() -> dict[str, Any]:
    """The table of all of them."""
    rows = list(sizes_table.lines(sizes_table.results_in([path for cases in SIZES if (path := kept(cases)).exists()])))
    print("\n".join(rows), flush=True)
    return {"missed": [row for row in rows if row.endswith("missed |")]}


def kept(cases: int) -> Path:
    """The file with a house's figures."""
    return RESULTS / f"house-{cases}.json"


def killed(options: Options) -> dict[str, Any]:
    """Kill -9 the building at random instants, then let it come to its end; raises AssertionError where verification finds anything."""
    lot, kills = random.Random(options.seed), 0
    cluster = Cluster(durable=True, **SERVER)
    try:
        cluster.start()
        with TemporaryDirectory(prefix="langbiang-house-") as folder:
            url = cluster.create("house")
            while kills < KILLS and not _is_built(folder, url, lot.uniform(LEAST_SECONDS, MOST_LIVED)):
                kills += 1
            result = sizes.run(KILLED_CASES, folder=Path(folder), database_url=url, with_verify=True, asked=5)
    finally:
        cluster.stop()
    assert result["verification"]["faults"] == 0, result["verification"]["first"]
    return {"kills": kills, "cases": result["cases"], "verification": result["verification"]}


def _is_built(folder: str, url: str, seconds: float) -> bool:
    """Whether a process that is killed after so many seconds came to its end before."""
    asked = ["benchmark", "--house", str(KILLED_CASES), "--folder", folder, "--database-url", url, "--asked", "5"]
    program = f"import sys; from langbiang import main; sys.argv = ['langbiang', *{asked!r}]; main()"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True, **silent)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return process.returncode == 0


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield f"killed while {KILLED_CASES} cases are copied", lambda: killed(options)
    for cases in SIZES[: options.runs]:
        yield f"{cases} cases", lambda cases=cases: house(cases)  # type: ignore[misc]  # the house of its own round
    yield "compared", compared


RUN = Run("houses", "houses of 1,000, 100,000 and 1,000,000 cases built, killed, verified and timed: so many of them", len(SIZES), rounds)
