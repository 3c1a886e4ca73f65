"""Webhooks to a receiver that is killed at any instant: at least once, in order of each case, none lost, the same bytes each time.

The sender's clock is the run's own: where nothing is due it goes on to when something is, so that no pause of the schedule is sat out.
"""
from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.doors.webhooks.sending import deliver_due
from casework.doors.webhooks.telling import Message, queue_rows
from casework.models import WebhookCourse, WebhookDelivery, WebhookEndpoint
from casework.permissions import Action
from tests import build, service_accounts, webhooks
from tests.conftest import environment_of, prepare_schema
from tests.conftest import running as application
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run, RunFailed
from tests.verifying_webhooks import documented
from web.config import Config

CASES = 50
ALIVE_REQUESTS, ALIVE_SECONDS, DEAD_SECONDS = (1, 30), 5.0, (0.0, 0.2)
"""How many requests a receiver hears before it is killed, at whatever instant of the next one; and how long it lives where none come."""
REQUEST_BYTES = 800
"""About what a receiver writes down of a request."""
IDLE_SECONDS = 0.3
"""How long it is idle before its clock goes on: longer than a receiver is dead, or each death would use up a schedule of its own."""
PATIENCE = 900


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for database in ("sqlite", "postgresql"):
        yield f"{options.runs} deliveries on {database}", _round(database, options)


def _round(database: str, options: Options) -> Round:
    def on_postgresql() -> dict[str, Any]:
        cluster = Cluster(durable=True)
        try:
            cluster.start()
            return _work(cluster.create("webhooks"), options)
        finally:
            cluster.stop()

    return on_postgresql if database == "postgresql" else lambda: _work(None, options)


def _work(database_url: str | None, options: Options) -> dict[str, Any]:
    with TemporaryDirectory(prefix="langbiang-webhooks-") as name:
        config = Config.from_environment(environment_of(Path(name), database_url))
        prepare_schema(config)
        with application(config) as app:
            return _delivered(app, Path(name) / "heard", options)


def _delivered(app: Flask, path: Path, options: Options) -> dict[str, Any]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    world = build.standard_world()
    row = service_accounts.made(world, Action.READ_CASE, agency=None)[0]
    endpoint, text = webhooks.listening_with(world, row, url=f"http://127.0.0.1:{port}/")
    began, start = time.monotonic(), datetime.now(UTC)
    clock = _Clock(start)

    for number in range(options.runs // CASES):
        told = {"ref": "x" * 16, "case": "x" * 16, "code": "LD-2026-000001", "href": "/api/v1/cases/x"}
        with unit_of_work():
            queue_rows([(endpoint.id, None, Message("case.classify", start, f"case:{each}", told | {"case": f"{each}-{number}"}))
                        for each in range(CASES)])  # fmt: skip
    stopped, kills = threading.Event(), [0]
    killer = threading.Thread(target=_kill, args=(port, path, random.Random(options.seed), stopped, kills))
    killer.start()
    try:
        while _left(endpoint.id) and time.monotonic() - began < PATIENCE:
            if not deliver_due(door=webhooks.DOOR, base=webhooks.BASE, clock=clock):
                time.sleep(IDLE_SECONDS)
                clock.go_on_to(_next_due(endpoint.id))
    finally:
        stopped.set()
        killer.join()
    return _judged(endpoint.id, path, text, clock) | {"kills": kills[0], "seconds of sending": round(time.monotonic() - began)}


class _Clock:
    """Tells the time as it passes, and what was skipped of it."""

    def __init__(self, start: datetime) -> None:
        self._start, self._began = start, time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def go_on_to(self, instant: datetime | None) -> None:
        if instant is not None:
            self._start += max(instant - self(), timedelta())


def _next_due(endpoint_id: int) -> datetime | None:
    """When the next message may go: what is due waits for an endpoint that rests."""
    due = db.session.scalar(select(func.min(WebhookCourse.due_at)).where(WebhookCourse.endpoint_id == endpoint_id))
    rests = db.session.scalar(select(WebhookEndpoint.rests_until).where(WebhookEndpoint.id == endpoint_id))
    db.session.rollback()
    return max(due, rests) if due is not None and rests is not None else due


def _left(endpoint_id: int) -> int:
    waiting = select(func.count()).where(
        WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.delivered_at.is_(None), WebhookDelivery.dead_at.is_(None)
    )
    number = db.session.scalar(waiting) or 0
    db.session.rollback()
    return number


def _kill(port: int, path: Path, lot: random.Random, stopped: threading.Event, kills: list[int]) -> None:
    """Start the receiver and kill it, again and again."""
    module = Path(__file__).with_name("webhook_receiver.py")
    while not stopped.is_set():
        process = subprocess.Popen([sys.executable, "-S", str(module), str(port), str(path), str(lot.random())[2:8]])
        wait_for(port)
        _live(path, lot.randint(*ALIVE_REQUESTS), stopped)
        stopped.wait(lot.uniform(0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills[0] += 1
        stopped.wait(lot.uniform(*DEAD_SECONDS))


def _live(path: Path, requests: int, stopped: threading.Event) -> None:
    """Wait until so many more requests were heard, whatever the machine's speed."""
    def size() -> int:
        return path.stat().st_size if path.exists() else 0

    end, enough = time.monotonic() + ALIVE_SECONDS, size() + requests * REQUEST_BYTES
    while not stopped.is_set() and time.monotonic() < end and size() < enough:
        stopped.wait(0.005)


def wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)


def _judged(endpoint_id: int, path: Path, text: str, clock: Callable[[], datetime]) -> dict[str, Any]:
    heard = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.about != "endpoint")
    rows = {row.message: row for row in db.session.scalars(query)}
    bodies: dict[str, set[str]] = defaultdict(set)
    highest: dict[str, int] = defaultdict(int)
    out_of_order = forged = 0
    for headers, content in heard:
        message = headers["webhook-id"]
        stamp = int(headers["webhook-timestamp"])
        try:
            documented(text, now=lambda stamp=stamp: stamp + 1).verify(headers, content.encode())
        except Exception:
            forged += 1
        bodies[message].add(content)
        about, seq = rows[message].about, rows[message].seq
        # the same again may come; what is newer may come only next
        if seq > highest[about] + 1:
            out_of_order += 1
        highest[about] = max(highest[about], seq)
    found = {
        "messages": len(rows), "requests heard": len(heard), "lost": len(rows.keys() - bodies.keys()),
        "dead letters": sum(row.dead_at is not None for row in rows.values()),
        "untold": sum(row.delivered_at is None for row in rows.values()), "out of order": out_of_order,
        "other bytes": sum(len(each) > 1 for each in bodies.values()), "badly signed": forged,
        "doubled": len(heard) - len(bodies),
    }  # fmt: skip
    if any(found[each] for each in ("lost", "dead letters", "untold", "out of order", "other bytes", "badly signed")):
        raise RunFailed(f"webhooks: {found}")
    return found


RUN = Run("webhooks", "a receiver of webhooks that is killed at random: at least once, in order, none lost; in deliveries", 1_000, rounds)
