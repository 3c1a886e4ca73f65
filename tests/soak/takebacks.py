"""Two thousand acts that can be taken back, with the real clock and workers that are killed: nothing doubled, lost or told too early.

People press, take back and change cases from several browsers while a worker carries out what is due; it is killed with SIGKILL at drawn
instants and started again. Every press is held against what is there (tests/scenarios/taking_back.py); at the end `verify` is clean.
"""
from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.postgres import Cluster
from tests.scenarios.taking_back import Walk
from tests.soak.runs import Options, Round, Run
from tests.soak.timers import start_worker
from tests.web.desk import Office
from web.config import Config

SECONDS = 1
"""How long acts are held: the same code as for ten, in a tenth of the time."""

LIVES = (2.0, 9.0)
"""Seconds a worker lives, drawn evenly: it is a second or two in starting."""

PATIENCE = 180


class MortalWorker:
    """A worker that is killed at drawn instants and started again."""

    def __init__(self, variables: dict[str, str], lot: random.Random) -> None:
        self.variables, self.lot, self.kills = variables, lot, 0
        self._start()

    def live_on(self) -> None:
        if time.monotonic() > self.ends:
            self.worker.send_signal(signal.SIGKILL)
            self.worker.wait()
            self.kills += 1
            self._start()

    def stop(self) -> None:
        self.worker.terminate()
        self.worker.wait(60)

    def _start(self) -> None:
        self.worker: subprocess.Popen[bytes] = start_worker(self.variables)
        self.ends = time.monotonic() + self.lot.uniform(*LIVES)


def walk_with(acts: int, seed: int, *, on_postgresql: bool) -> dict[str, Any]:
    cluster = Cluster(durable=True) if on_postgresql else None
    with TemporaryDirectory(prefix="langbiang-takebacks-") as folder:
        try:
            if cluster is not None:
                cluster.start()
            address = cluster.create("takebacks") if cluster is not None else None
            variables = environment_of(Path(folder), address) | {"LANGBIANG_TAKE_BACK_SECONDS": str(SECONDS), "LANGBIANG_PUSH": "no"}
            config = Config.from_environment(variables)
            prepare_schema(config)
            with running(config) as app, patch.object(build, "MINUTES_BETWEEN_STEPS", 0):
                return _walked(Office(app, now=datetime.now(UTC)), variables, acts, random.Random(seed))
        finally:
            if cluster is not None:
                cluster.stop()


def _walked(office: Office, variables: dict[str, str], acts: int, lot: random.Random) -> dict[str, Any]:
    office.app.config["CLOCK"] = None
    walk, worker, begun = Walk(office, lot, has_own_clock=False), MortalWorker(variables, lot), time.monotonic()
    try:
        walk.go(acts, worker.live_on)
        until = time.monotonic() + PATIENCE
        while walk.waiting and time.monotonic() < until:
            time.sleep(0.5)
            walk.look()
    finally:
        worker.stop()
    found = walk.finish()
    assert not found, found[:10]
    counts = walk.counts
    assert counts["done"] + counts["back, taken"] + counts["back, changed meanwhile"] == counts["pressed"] == acts, counts
    return {**counts, "kills": worker.kills, "acts_per_second": round(acts / (time.monotonic() - begun), 1)}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for name, on_postgresql in (("sqlite", False), ("postgresql", True)):
        yield name, lambda on=on_postgresql: walk_with(options.runs, options.seed, on_postgresql=on)


RUN = Run("takebacks", "acts taken back or not while workers are killed: each done or back, never half or told early", 2_000, rounds)
