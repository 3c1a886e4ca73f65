"""Workers that are stopped, killed, started again and again, and whose clock is put: nothing is done twice, and nothing stands still."""
from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, create_engine, text

from casework.upkeep.jobs import SELDOM
from casework.upkeep.server_processes import LOST_AFTER
from tests.conftest import environment_of, prepare_schema
from tests.kill.ports import free_port
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from tests.soak.timers import check_exactly_once, command, due_at_once, own
from web.config import Config
from workflows.jobs import INTERVALS

FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
TIMERS = 2_000
LARGE = [name for name, every in INTERVALS.items() if every >= SELDOM]
OFTEN = "route_messages"
PATIENCE = 120.0


@contextmanager
def installation(folder: Path, *, timers: int = 0) -> Iterator[tuple[dict[str, str], Engine]]:
    """An installation on PostgreSQL; with `timers`, so many are due."""
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        url = cluster.create("jobs")
        if timers:
            with due_at_once(folder, url, timers) as variables:
                engine = create_engine(Config.from_environment(variables).database_url)
                yield variables, engine
        else:
            variables = environment_of(folder, url)
            prepare_schema(Config.from_environment(variables))
            engine = create_engine(Config.from_environment(variables).database_url)
            yield variables, engine
        engine.dispose()
    finally:
        cluster.stop()


@contextmanager
def worker(variables: dict[str, str], **more: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command("worker"), env=own(variables, free_port()) | more, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(60)


def asked(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.scalar(text(query))


def until(engine: Engine, query: str, least: float, *, seconds: float = PATIENCE) -> float:
    """Wait until the query says at least so much; returns how long it took."""
    begun = time.monotonic()
    while float(asked(engine, query) or 0) < least:
        assert time.monotonic() - begun < seconds, f"{query} stayed below {least}"
        time.sleep(0.1)
    return time.monotonic() - begun


FIRED = "SELECT COUNT(*) FROM process_timer WHERE fired_at IS NOT NULL"


def stopped(seconds: int, *, kills: bool) -> dict[str, Any]:
    """One of two workers is stopped in the middle for so long, or killed; the other goes on, and the first comes back."""
    with TemporaryDirectory() as folder, installation(Path(folder), timers=TIMERS) as (variables, engine):
        with worker(variables) as first, worker(variables):
            until(engine, FIRED, TIMERS / 10)
            first.send_signal(signal.SIGKILL if kills else signal.SIGSTOP)
            begun = time.monotonic()
            until(engine, FIRED, TIMERS * 0.95, seconds=600)
            alone = time.monotonic() - begun
            if not kills:
                time.sleep(max(seconds - alone, 0))
                first.send_signal(signal.SIGCONT)
            until(engine, FIRED, TIMERS, seconds=300)
            if kills:       # what it had begun of the large jobs the other takes over
                time.sleep(LOST_AFTER.total_seconds() + 70)
            held = asked(engine, "SELECT COUNT(*) FROM recurring_job WHERE running_id IS NOT NULL")
        check_exactly_once(engine, TIMERS)
        assert held == 0, f"{held} large jobs are held by somebody who is gone"
        return {"timers": TIMERS, "seconds_alone": round(alone, 1)}


def restarted(times: int) -> dict[str, Any]:
    """A worker that is started again and again does what comes seldom once."""
    with TemporaryDirectory() as folder, installation(Path(folder)) as (variables, engine):
        for _ in range(times):
            with worker(variables):
                until(engine, "SELECT COUNT(*) FROM program_process WHERE ended_at IS NULL", 1)
                time.sleep(25)
        runs = {name: asked(engine, f"SELECT runs FROM recurring_job WHERE name = '{name}'") for name in LARGE}
        seldom = {name: number for name, number in runs.items() if INTERVALS[name].total_seconds() >= 3600}
        assert set(seldom.values()) == {1}, seldom
        return {"starts": times, "runs": runs}


def put(hours: int) -> dict[str, Any]:
    """The clock of a worker is put by so many hours while it runs."""
    assert FAKETIME is not None, "needs the Debian package libfaketime"
    with TemporaryDirectory() as folder, installation(Path(folder)) as (variables, engine):
        offset = Path(folder) / "clock"
        offset.write_text("+0")
        faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
        query = f"SELECT runs FROM recurring_job WHERE name = '{OFTEN}'"
        with worker(variables, **faked):
            until(engine, query, 1)
            offset.write_text(f"{hours * 3600:+d}")
            ahead = "SELECT MAX(ABS(clock_ahead_ms)) FROM program_process"
            noticed = until(engine, ahead, 3_600_000, seconds=90)
            before = asked(engine, query)
            again = until(engine, query, before + 2, seconds=90)
        return {"hours": hours, "seconds_until_told": round(noticed, 1), "seconds_until_two_more_runs": round(again, 1)}


def idle(seconds: int) -> dict[str, Any]:
    """What a worker and nobody else writes."""
    with TemporaryDirectory() as folder, installation(Path(folder)) as (variables, engine), worker(variables):
        time.sleep(60)
        before = asked(engine, "SELECT pg_current_wal_lsn() - '0/0'")
        time.sleep(seconds)
        written = float(asked(engine, "SELECT pg_current_wal_lsn() - '0/0'") - before)
        return {"wal_bytes_a_minute": round(written / seconds * 60)}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "stopped and going on", lambda: stopped(options.runs, kills=False)
    yield "killed", lambda: stopped(options.runs, kills=True)
    yield "started again and again", lambda: restarted(4)
    yield "clock put back", lambda: put(-2)
    yield "clock put forward", lambda: put(2)
    yield "nothing to do", lambda: idle(180)


RUN = Run("jobs", "workers stopped for so many seconds, killed, restarted, with their clock put: each thing once", 180, rounds)
