"""kill -9 at length: fifty times, on SQLite and on PostgreSQL in turn, a few on each fresh installation."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import build
from tests.kill.checking import violations
from tests.kill.installation import CITIZENS, prepare
from tests.kill.journal import acts_told
from tests.kill.killing import Server, work_and_kill
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run

AT_ONCE = 5
"""Kills on one installation, before it is checked and thrown away."""


class PromiseBroken(Exception):
    """Something was lost or doubled, or somebody got an answer nobody should get."""


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for first in range(0, options.runs, AT_ONCE):
        kills, seed = min(AT_ONCE, options.runs - first), options.seed * 1_000_000 + first
        database = ("sqlite", "postgresql")[first // AT_ONCE % 2]
        yield f"kills {first + 1} to {first + kills} on {database}", _round(database, kills, seed)
    yield "the control: commits behind the response", lambda: _control(options.seed)


def _round(database: str, kills: int, seed: int) -> Round:
    return lambda: _on_postgresql(kills, seed) if database == "postgresql" else _kill(None, kills, seed)


def _on_postgresql(kills: int, seed: int) -> dict[str, Any]:
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        return _kill(cluster.create("kills"), kills, seed)
    finally:
        cluster.stop()


def _kill(database_url: str | None, kills: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="langbiang-kills-") as folder:
        done, broken = _work(Path(folder), database_url, kills, seed)
        told = acts_told(Path(folder) / "journals")
    if broken or done["complaints"]:
        raise PromiseBroken("; ".join([*broken, *done["complaints"]][:20]))
    in_flight = sum(1 for kill in done["kills"] if kill["in_flight"])
    if in_flight * 2 < kills:
        raise PromiseBroken(f"only {in_flight} of {kills} kills fell into a request")
    between = sum(1 for kill in done["kills"] if kill["aim"] == "between file and commit" and kill["hit"])
    return {**done, "seed": seed, "kills_in_a_request": in_flight, "kills_between_file_and_commit": between, "told": told}


def _control(seed: int) -> dict[str, Any]:
    """Without the promise, the check must fail: else it would prove nothing above."""
    with tempfile.TemporaryDirectory(prefix="langbiang-kills-") as folder:
        _, broken = _work(Path(folder), None, 3, seed, "--commit-after-response", aims=["just before the commit"], afterwards=0)
    if not broken:
        raise PromiseBroken("a server that answers before it commits was not found out")
    return {"found": broken[:20]}


def _work(folder: Path, database_url: str | None, kills: int, seed: int, *arguments: str, **how: Any) -> tuple[dict[str, Any], list[str]]:
    variables, staff = prepare(folder / "installation", database_url)
    server = Server(variables, folder / "server.log", arguments)
    done = work_and_kill(server, staff, build.PASSWORD, citizens=CITIZENS, kills=kills, seed=seed, folder=folder / "journals", **how)
    return done, violations(variables, folder / "journals")


RUN = Run("kills", "kill -9 of the server while twenty people work, on both databases, and the control", 50, rounds)
