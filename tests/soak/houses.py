"""Houses of 1,000, 100,000 and 1,000,000 cases on PostgreSQL: built, weighed, verified and timed; and one whose building is killed.

At the end the pages of all of them are read in turns, one of each house, so that what slows the machine for a minute is not taken for
what a size costs. Steps and timers are those of each house by itself.
"""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmark import sizes, sizes_table, weight
from benchmark.surroundings import keep
from tests.postgres import Cluster
from tests.soak.runs import RESULTS, Options, Round, Run

SIZES = (1_000, 100_000, 1_000_000)
SERVER = {"shared_buffers": "2GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "effective_cache_size": "12GB"}
MOST_SECONDS, MOST_CASES = 20 * 60, 1_000_000
"""So long building the largest may take."""

KILLED_CASES, KILLS, LEAST_SECONDS, MOST_LIVED = 20_000, 8, 2.0, 25.0


class Street:
    """The houses, beside one another on one database server until the run ends."""

    def __init__(self) -> None:
        self._cluster = Cluster(durable=True, **SERVER)
        self._folders = TemporaryDirectory(prefix="langbiang-houses-")
        self._urls: dict[int, str] = {}

    def __enter__(self) -> Street:
        self._cluster.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.stop()
        self._folders.cleanup()

    def house(self, cases: int) -> dict[str, Any]:
        """One house; raises AssertionError where verification finds anything or building took too long."""
        out, folder = kept(cases), self._folder(cases)
        result = sizes.run(cases, folder=folder, database_url=self._url(cases), with_verify=True, out=out)
        for line in (*weight.lines(sizes.weighed_in(result)), *sizes_table.lines([result])):
            print(line, flush=True)
        assert result["verification"]["faults"] == 0, result["verification"]["first"]
        assert result["seconds_to_build"] <= MOST_SECONDS * max(1, cases / MOST_CASES)
        return {"seconds_to_build": result["seconds_to_build"], "bytes_of_a_case": result["bytes_of_a_case"], "file": str(out)}

    def read_in_turns(self, every_size: Sequence[int]) -> dict[str, Any]:
        """The pages of all houses, into the file of each; a house a run before this one has built is built again, one that never was is
        kept with its pages alone."""
        with ExitStack() as stack:
            standing = [stack.enter_context(self._standing(cases)) for cases in every_size]
            for cases, built in zip(every_size, standing, strict=True):
                if not kept(cases).exists():
                    keep(sizes.weighed(built) | {"figures": {}}, kept(cases))
            figures = sizes.pages_in_turns(standing, asked=sizes.ASKED, say=print)
        for cases, found in zip(every_size, figures, strict=True):
            result = sizes_table.results_in([kept(cases)])[0]
            keep({**result, "figures": result["figures"] | found}, kept(cases))
        return {"houses": len(standing), "kinds": len(figures[0])}

    def _standing(self, cases: int) -> AbstractContextManager[sizes.BuiltInstallation]:
        return sizes.standing(cases, folder=self._folder(cases), database_url=self._url(cases))

    def _folder(self, cases: int) -> Path:
        return Path(self._folders.name) / str(cases)

    def _url(self, cases: int) -> str:
        if cases not in self._urls:
            self._urls[cases] = self._cluster.create(f"house_{cases}")
        return self._urls[cases]


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
    every_size = SIZES[: options.runs]
    with Street() as street:
        for cases in every_size:
            yield f"{cases} cases", lambda cases=cases: street.house(cases)  # type: ignore[misc]  # the house of its own round
        yield "read in turns", lambda: street.read_in_turns(every_size) | compared()


RUN = Run("houses", "houses of 1,000, 100,000 and 1,000,000 cases built, killed, verified and timed: so many of them", len(SIZES), rounds)
