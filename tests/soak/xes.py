"""The event log in the hands of another program: PM4Py opens the XES file, and finds the same steps directly after each other.

PM4Py is no dependency: it is installed into an environment of its own, kept in var/soak, from the package index.
"""
from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from casework.db import unit_of_work
from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.soak.heat import END, seed_cases
from tests.soak.runs import RESULTS, Options, Round, Run
from web.config import Config
from workflows.bottlenecks.event_log import CSV, XES, export_event_log
from workflows.bottlenecks.reading import BottleneckQuery, last_months
from workflows.bottlenecks.variants import directly_follows, variants

ENVIRONMENT = RESULTS / "pm4py"
WALKED = ("closed", "closed", "rating")
READER = """
import json, sys, pm4py
log = pm4py.read_xes(sys.argv[1])
follows, first, last = pm4py.discover_dfg(log)
ways = pm4py.get_variants(log)
print(json.dumps({
    "version": pm4py.__version__, "cases": int(log["case:concept:name"].nunique()), "events": len(log), "columns": sorted(log.columns),
    "follows": sorted([*pair, int(number)] for pair, number in follows.items()),
    "ways": sorted([list(way), number if isinstance(number, int) else len(number)] for way, number in ways.items()),
}))
"""


def interpreter() -> Path:
    """The Python of the environment that has PM4Py, made when it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "pm4py"], check=True)
    return python


def compared(cases: int, seed: int) -> dict[str, Any]:
    """Write the log of an installation and let PM4Py read it; raises AssertionError where it finds something else than we do."""
    with TemporaryDirectory(prefix="langbiang-xes-") as name:
        folder = Path(name)
        config = Config.from_environment(environment_of(folder))
        prepare_schema(config)
        with running(config):
            world = build.standard_world()
            for state in WALKED:
                build.case_at(world, state, agencies=2, now=build.NOON)
            seed_cases(world, cases, lot=random.Random(seed))
            by, wanted = world.actor("administrator", END), BottleneckQuery(*last_months(END, 12))
            for form in (XES, CSV):
                with unit_of_work():
                    pieces = export_event_log(wanted, form, by=by, now=END)
                with (folder / f"log.{form}").open("wb") as file:
                    file.writelines(pieces)
            ours, ways = directly_follows(wanted, by=by), variants(wanted, by=by)
        answer = subprocess.run([interpreter(), "-c", READER, folder / "log.xes"], check=True, capture_output=True, text=True)
        theirs = json.loads(answer.stdout.splitlines()[-1])
        size = (folder / "log.xes").stat().st_size
    follows = sorted([*pair, number] for pair, number in ours.items())
    assert theirs["follows"] == follows, {"theirs": theirs["follows"], "ours": follows}
    if not ways.is_sample:
        assert (theirs["cases"], len(theirs["ways"])) == (ways.cases, ways.different)
        assert max(number for _way, number in theirs["ways"]) == ways.shown[0].cases
    return {
        "pm4py": theirs["version"], "cases": theirs["cases"], "events": theirs["events"], "pairs": len(follows),
        "directly_follows": sum(ours.values()), "ways": len(theirs["ways"]), "bytes": size, "columns": theirs["columns"],
    }  # fmt: skip


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "pm4py", lambda: compared(options.runs, options.seed)


RUN = Run("xes", "the event log of so many cases, opened by PM4Py", 2_000, _rounds)
