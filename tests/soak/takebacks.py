"""Two thousand acts that can be taken back, with the real clock and workers that are killed: nothing doubled, lost or told too early.

People press, take back and change cases from several browsers while a worker carries out what is due; it is killed with SIGKILL at drawn
instants and started again. Every press is held against what is there (tests/scenarios/taking_back.py); at the end `verify` is clean.

A worker begins as a child of one process that has imported the program: started anew each time, it would be killed while it still
imports, nothing would be carried out, and whatever is held would be looked at again after every act.
"""
from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.kill.ports import free_port
from tests.postgres import Cluster
from tests.scenarios.taking_back import Walk
from tests.soak.runs import Options, Round, Run
from tests.soak.timers import command, own
from tests.web.desk import Office
from web.config import Config

SECONDS = 2
"""How long acts are held: the same code as for ten, in a fifth of the time."""

LIVES = (3.0, 15.0)
"""Seconds a worker lives, drawn evenly."""

PATIENCE = 180
MOST_HELD = 12
"""With so many held, people wait for the worker."""

NURSERY = """
import os, signal, sys
import web.cli, workflows.every_verb, apscheduler.schedulers.background
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for _line in sys.stdin:
    child = os.fork()
    if not child:
        for stream in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        sys.argv = ["langbiang", "worker"]
        sys.exit(web.cli.main())
    print(child, flush=True)
"""


class MortalWorker:
    """A worker that is killed at drawn instants and started again."""

    def __init__(self, variables: dict[str, str], lot: random.Random) -> None:
        self.lot, self.kills = lot, 0
        self.nursery = subprocess.Popen(
            [sys.executable, "-c", NURSERY], env=own(variables, free_port()), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._told() == "ready"
        self._start()

    def live_on(self) -> None:
        if time.monotonic() > self.ends:
            os.kill(self.worker, signal.SIGKILL)
            self.kills += 1
            self._start()

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGKILL)
        self.nursery.kill()
        self.nursery.wait(60)

    def _start(self) -> None:
        assert self.nursery.stdin is not None
        self.nursery.stdin.write("\n")
        self.nursery.stdin.flush()
        self.worker = int(self._told())
        self.ends = time.monotonic() + self.lot.uniform(*LIVES)

    def _told(self) -> str:
        assert self.nursery.stdout is not None
        return self.nursery.stdout.readline().strip()


def walk_with(acts: int, seed: int, *, on_postgresql: bool) -> dict[str, Any]:
    cluster = Cluster() if on_postgresql else None                    # workers are killed, not the server
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

    def between() -> None:
        worker.live_on()
        while len(walk.waiting) >= MOST_HELD:
            _wait(walk)
            worker.live_on()

    try:
        walk.go(acts, between)
        until = time.monotonic() + PATIENCE
        while walk.waiting and time.monotonic() < until:
            _wait(walk)
    finally:
        worker.stop()
    walked = time.monotonic() - begun
    found = walk.finish()
    assert not found, found[:10]
    counts = walk.counts
    assert counts["done"] + counts["back, taken"] + counts["back, changed meanwhile"] == counts["pressed"] == acts, counts
    verify = subprocess.run(command("verify"), env=own(variables, free_port()), capture_output=True, text=True)
    assert verify.returncode == 0, verify.stdout[-2000:]
    return {**counts, "cases": len(walk.cases) + len(walk.ended), "kills": worker.kills, "acts_per_second": round(acts / walked, 1)}


def _wait(walk: Walk) -> None:
    time.sleep(0.2)
    walk.look()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for name, on_postgresql in (("sqlite", False), ("postgresql", True)):
        yield name, lambda on=on_postgresql: walk_with(options.runs, options.seed, on_postgresql=on)


RUN = Run("takebacks", "acts taken back or not while workers are killed: each done or back, never half or told early", 2_000, rounds)
