"""Thousands of timers due at one moment, two workers, pages read meanwhile, and a worker killed in the middle."""
from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlalchemy import Engine, MetaData, Table, create_engine, func, insert, select, text

from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.kill.ports import free_port
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web.config import Config

COPIED = (
    "reporter", "report", "case", "case_report", "publication", "publication_version",
    "clock", "process_instance", "process_timer", "waiting_task",
)  # fmt: skip
"""What makes a case in its rating window, in the order of the foreign keys. The first one is made by the use cases, the others copied."""

FIRED_EACH = "SELECT COUNT(*) FROM event WHERE type = 'close'"
PAGES = ("/", "/reports", "/healthz")
SECONDS_ALLOWED = 600


def copy_case(engine: Engine, copies: int) -> None:
    """Make `copies` more of the only case there is, rows as they stand, with keys and codes of their own."""
    metadata = MetaData()
    metadata.reflect(engine, only=COPIED)
    with engine.begin() as connection:
        tables = {name: metadata.tables[name] for name in COPIED}
        rows = {name: [dict(row) for row in connection.execute(_of_the_case(tables, name)).mappings()] for name in COPIED}
        first = {name: (connection.scalar(select(func.max(tables[name].c.id))) or 0) + 1 for name in COPIED}
        for name in COPIED:
            connection.execute(insert(tables[name]), list(_copies(tables[name], rows, first, copies)))
        if engine.dialect.name == "postgresql":
            for name in COPIED:
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), (SELECT MAX(id) FROM \"{name}\"))"))


def _of_the_case(tables: dict[str, Table], name: str) -> Any:
    """The rows worth copying: what has ended is no part of a case that waits."""
    table = tables[name]
    query = select(table).order_by(table.c.id)
    if name == "waiting_task":
        return query.where(table.c.state == "waiting")
    if name in ("clock", "process_timer"):
        return query.where(table.c.ended_at.is_(None))
    if name == "process_instance":
        return query.where(table.c.assignment_id.is_(None))
    return query


def _copies(table: Table, rows: dict[str, list[dict[str, Any]]], first: dict[str, int], copies: int) -> Iterator[dict[str, Any]]:
    own = rows[table.name]
    for copy in range(copies):
        for place, row in enumerate(own):
            made = {**row, "id": first[table.name] + copy * len(own) + place}
            for column in table.c:
                for key in column.foreign_keys:
                    target = key.column.table.name
                    if target in rows and target != table.name and row[column.name] is not None:
                        ids = [each["id"] for each in rows[target]]
                        made[column.name] = first[target] + copy * len(ids) + ids.index(row[column.name])
            if "ref" in made:
                made["ref"] = f"{table.name[:4]}{made['id']:012d}"[-16:]
            if "code" in made:
                made["code"] = f"LD-2026-{900_000 + copy}" if copies <= 99_999 else f"LD-2026-{9_000_000 + copy}"
            for unique in ("phone_digest", "email_digest", "account_id"):
                if table.name == "reporter" and unique in made:
                    made[unique] = None
            yield made


@contextmanager
def due_at_once(folder: Path, database_url: str | None, copies: int) -> Iterator[dict[str, str]]:
    """An installation with `copies` cases whose rating window is long over; yields its variables."""
    variables = environment_of(folder, database_url)
    config = Config.from_environment(variables)
    prepare_schema(config)
    with running(config):
        world = build.standard_world()
        build.case_at(world, "rating")
    engine = create_engine(config.database_url)
    try:
        copy_case(engine, copies - 1)
        yield variables
    finally:
        engine.dispose()


def command(name: str) -> list[str]:
    """`langbiang NAME` as it is started anywhere, by this interpreter."""
    return [sys.executable, "-c", f"import sys; sys.argv = ['langbiang', '{name}']; from web.cli import main; main()"]


def own(variables: dict[str, str], port: int) -> dict[str, str]:
    """The environment of one process of the installation."""
    address = {"LANGBIANG_PORT": str(port), "LANGBIANG_BASE_URL": f"http://127.0.0.1:{port}"}
    return {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | variables | address


def start_worker(variables: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command("worker"), env=own(variables, free_port()), stdout=subprocess.DEVNULL)


def fire_all(variables: dict[str, str], copies: int, *, kill_after: float | None = None) -> dict[str, Any]:
    """Let two workers fire everything while pages are read; returns the rate, the pages' times and what the rows say."""
    engine = create_engine(Config.from_environment(variables).database_url)
    port = free_port()
    server = subprocess.Popen(command("serve"),
                              env=own(variables, port), stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        begun = time.monotonic()
        workers = [start_worker(variables) for _ in range(2)]
        killed = kill_after is None
        times: list[float] = []
        first_close = last_close = None
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            while (done := _closed(engine)) < copies:
                moment = time.monotonic()
                if done and first_close is None:
                    first_close = (moment, done)
                if done:
                    last_close = (moment, done)
                if not killed and done > copies * (kill_after or 0):
                    workers[0].send_signal(signal.SIGKILL)
                    killed = True
                    workers.append(start_worker(variables))
                if moment - begun > SECONDS_ALLOWED:
                    raise AssertionError(f"only {done} of {copies} timers after {SECONDS_ALLOWED} seconds")
                for page in PAGES:
                    asked = time.monotonic()
                    assert client.get(page).status_code == 200, page
                    times.append(time.monotonic() - asked)
                time.sleep(0.2)
        ended = time.monotonic()
        for worker in workers:
            worker.terminate()
            worker.wait(60)
    finally:
        server.terminate()
        server.wait(30)
    assert first_close is not None
    rate = (copies - first_close[1]) / (ended - first_close[0])
    found = {"timers": copies, "per_second": round(rate, 1), "pages_p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1000),
             "pages_read": len(times), "last_seen": last_close[1] if last_close else 0}
    check_exactly_once(engine, copies)
    engine.dispose()
    return found


def check_exactly_once(engine: Engine, copies: int) -> None:
    """Every timer fired, and every case closed by exactly one event."""
    with engine.connect() as connection:
        twice = connection.scalar(text("SELECT COUNT(*) FROM (SELECT case_id FROM event WHERE type = 'close' "
                                       "GROUP BY case_id HAVING COUNT(*) > 1) AS doubled"))
        fired = connection.scalar(text("SELECT COUNT(*) FROM process_timer WHERE fired_at IS NOT NULL"))
        closed = connection.scalar(text("SELECT COUNT(*) FROM \"case\" WHERE state = 'closed'"))
        incidents = connection.scalar(text("SELECT COUNT(*) FROM incident"))
    assert (twice, fired, closed, incidents) == (0, copies, copies, 0), (twice, fired, closed, incidents)


def _closed(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(text(FIRED_EACH)) or 0


def _wait_for(port: int) -> None:
    for _ in range(120):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.25)
    raise AssertionError("the server did not come up")


def fire(copies: int, *, on_postgresql: bool, kill_after: float | None = None) -> dict[str, Any]:
    """One run from an empty installation."""
    cluster = Cluster(durable=True) if on_postgresql else None
    with TemporaryDirectory(prefix="langbiang-timers-") as folder:
        try:
            if cluster is not None:
                cluster.start()
            url = cluster.create("timers") if cluster is not None else None
            with due_at_once(Path(folder), url, copies) as variables:
                return fire_all(variables, copies, kill_after=kill_after)
        finally:
            if cluster is not None:
                cluster.stop()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for name, on_postgresql in (("sqlite", False), ("postgresql", True)):
        yield name, lambda on=on_postgresql: fire(options.runs, on_postgresql=on)
        yield f"{name}, one worker killed", lambda on=on_postgresql: fire(options.runs // 5, on_postgresql=on, kill_after=0.4)


RUN = Run("timers", "timers due at one moment with two workers: each once, how many a second, how quick pages stay", 10_000, rounds)
