"""kill -9 at length: of the server, the workers and the database, at drawn instants while twenty people work.

Twenty kills on each fresh installation, four of five on PostgreSQL. After each kill, while what was killed comes back and people go on, an
auditor holds what was told since the last one against what is there, and `verify` has to be clean; at the end of the twenty everything
that was ever told is looked at once more, and every message that was to leave has left.
"""
from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests import build
from tests.kill.auditing import forget_connections
from tests.kill.checking import violations
from tests.kill.installation import CITIZENS, prepare
from tests.kill.killing import AIMS, Server, listen, wait_for, work_and_kill
from tests.kill.programs import Database
from tests.kill.site import PromiseBroken, Site, kept_when_broken, site
from tests.soak.runs import RESULTS, Options, Round, Run

AT_ONCE = 20
"""Kills on one installation, before everything is checked and it is thrown away."""

ON_SQLITE = 5
"""Every so many installations one is on SQLite."""

BETWEEN = (0.1, 1.2)
"""Seconds of work before the next kill, drawn evenly; people have worked all through the look at the one before."""

RESTS = (0.1, 0.6)
"""Seconds people rest between two acts: without, they keep the processors so busy that what was killed is seconds in coming back."""

WAYS = ("backend", "postmaster", "power cut")


def kill_one(at_work: Site, victim: str, lot: random.Random) -> dict[str, Any]:
    """Kill one of them at a drawn instant, look, and wait until it is back; returns what was hit and how long each took."""
    server, around = at_work.server, at_work.around
    listen(server, lot.uniform(*BETWEEN), None)
    told: dict[str, Any] = {"victim": victim}
    if victim == "server":
        told["aim"] = lot.choice(list(AIMS))
        told["hit"] = wait_for(server, around, AIMS[told["aim"]])
    told["in_flight"] = around.traffic.in_flight
    begun = time.monotonic()
    back = _end(at_work, victim, lot)
    looking = time.monotonic()
    broken = at_work.auditor.look()
    looked = time.monotonic()
    back()
    told |= {"look_seconds": round(looked - looking, 1), "back_seconds": round(time.monotonic() - begun, 1)}
    if broken:
        raise PromiseBroken(f"after {told}: " + "; ".join(broken[:20]))
    return told


def _end(at_work: Site, victim: str, lot: random.Random) -> Callable[[], object]:
    """Kill it and start it again; returns what waits until it is there."""
    if victim == "server":
        at_work.server.kill()
        at_work.server.launch()
        return at_work.server.await_answer
    if victim == "worker":
        worker = lot.choice(at_work.workers)
        worker.kill()
        worker.start()
    else:
        assert at_work.database is not None
        at_work.database.kill(victim)
        forget_connections()
    return lambda: None


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for first in range(0, options.runs, AT_ONCE):
        kills, seed = min(AT_ONCE, options.runs - first), options.seed * 1_000_000 + first
        database = "sqlite" if (first // AT_ONCE) % ON_SQLITE == ON_SQLITE - 1 else "postgresql"
        yield f"kills {first + 1} to {first + kills} on {database}", _round(database, kills, seed)
    yield "the control: commits behind the response", lambda: _control(options.seed)


def _round(database: str, kills: int, seed: int) -> Round:
    return lambda: _on_postgresql(kills, seed) if database == "postgresql" else _kill(None, kills, seed)


def _on_postgresql(kills: int, seed: int) -> dict[str, Any]:
    database = Database()
    try:
        database.start()
        return _kill(database, kills, seed)
    finally:
        database.stop()


def _kill(database: Database | None, kills: int, seed: int) -> dict[str, Any]:
    lot = random.Random(seed)
    with kept_when_broken("kills", RESULTS / "kills-broken") as folder, site(folder, database, seed, announces=True) as at_work:
        at_work.around.rests = RESTS
        at_work.begin()
        begun = time.monotonic()
        done = [kill_one(at_work, victim, lot) for victim in _victims(kills, lot, with_database=database is not None)]
        passed = time.monotonic() - begun
        ended = at_work.finish()
    in_flight = sum(1 for kill in done if kill["in_flight"])
    if in_flight * 2 < kills:
        raise PromiseBroken(f"only {in_flight} of {kills} kills fell into a request")
    victims = Counter(kill["victim"] for kill in done)
    print(f"  {dict(victims)}: clean after each; {passed / kills:.1f} s a kill", flush=True)
    return {"kills": done, "victims": dict(victims), "kills_in_a_request": in_flight, "seconds_a_kill": round(passed / kills, 1),
            "seed": seed, **ended}


def _victims(kills: int, lot: random.Random, *, with_database: bool) -> list[str]:
    """Server, worker and database in equal parts, in an order drawn by lot."""
    kinds = [["server"], ["worker"], *([list(WAYS)] if with_database else [])]
    drawn = [lot.choice(kinds[number % len(kinds)]) for number in range(kills)]
    lot.shuffle(drawn)
    return drawn


def _control(seed: int) -> dict[str, Any]:
    """Without the promise, the check must fail: else it would prove nothing above."""
    with tempfile.TemporaryDirectory(prefix="langbiang-kills-") as folder:
        _, broken = _work(Path(folder), 3, seed, "--commit-after-response", aims=["just before the commit"], afterwards=0)
    if not broken:
        raise PromiseBroken("a server that answers before it commits was not found out")
    return {"found": broken[:20]}


def _work(folder: Path, kills: int, seed: int, *arguments: str, **how: Any) -> tuple[Mapping[str, Any], list[str]]:
    variables, staff = prepare(folder / "installation", None)
    server = Server(variables, folder / "server.log", arguments)
    done = work_and_kill(server, staff, build.PASSWORD, citizens=CITIZENS, kills=kills, seed=seed, folder=folder / "journals", **how)
    return done, violations(variables, folder / "journals")


RUN = Run("kills", "kill -9 of server, workers and database while people work, `verify` clean after each, and the control", 200, rounds)
