"""Receivers that take five seconds for an answer, beside those that are quick: the quick ones hear everything within seconds all the same.

Acts come at the pace of doors.md (50 a second) from the run itself; the job hands out turns as the worker does, once a second.
"""
from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.webhooks.telling import Message, queue_rows
from casework.models import WebhookDelivery
from casework.permissions import Action
from tests import build, service_accounts, webhooks
from tests.conftest import environment_of, prepare_schema
from tests.conftest import running as application
from tests.kill.ports import free_port
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run, RunFailed
from tests.soak.webhooks import wait_for
from web.config import Config
from web.jobs.webhooks import tell_endpoints, turns_of

ACCOUNTS, OF_EACH = 4, 5
SLOW, SLOW_SECONDS = 8, 5.0
PER_SECOND, CASES = 50, 10
P95_SECONDS, AFTERWARDS_SECONDS = 5.0, 15.0
"""From the commit to the answer of a quick receiver; and how long the last messages may take."""


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for database in ("sqlite", "postgresql"):
        for slow in (0, SLOW):
            yield f"{options.runs} messages, {slow} of {ACCOUNTS * OF_EACH} receivers slow, on {database}", _round(database, slow, options)


def _round(database: str, slow: int, options: Options) -> Round:
    def run() -> dict[str, Any]:
        with ExitStack() as stack:
            url = None
            if database == "postgresql":
                cluster = Cluster(durable=True)
                stack.callback(cluster.stop)
                cluster.start()
                url = cluster.create("webhooks")
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="langbiang-slow-")))
            config = Config.from_environment(environment_of(folder, url) | {"LANGBIANG_INSIDE_HOSTS": "127.0.0.1"})
            prepare_schema(config)
            app = stack.enter_context(application(config))
            port = free_port()
            receiver = Popen([sys.executable, "-m", "tests.soak.slow_receivers", str(port)])
            stack.callback(receiver.wait)
            stack.callback(receiver.kill)
            wait_for(port)
            return _delivered(app, port, slow, options.runs)

    return run


def _delivered(app: Flask, port: int, slow: int, messages: int) -> dict[str, Any]:
    world, endpoints = build.standard_world(), []
    for account in range(ACCOUNTS):
        row = service_accounts.made(world, Action.READ_CASE, agency=None, name=f"Hệ thống {account}")[0]
        for _ in range(OF_EACH):
            path = "slow" if len(endpoints) < slow else "quick"
            endpoints.append(webhooks.listening(world, row, url=f"http://127.0.0.1:{port}/{path}/{len(endpoints)}").id)
    stopped = threading.Event()
    worker = threading.Thread(target=_hand_out, args=(app, stopped))
    worker.start()
    try:
        began = time.monotonic()
        for number in range(messages):
            time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
            told = {"ref": "x" * 16, "case": "x" * 16, "code": "LD-2026-000001", "href": "/api/v1/cases/x"}
            # one endpoint after the other, so that each gets its share and each case its order
            endpoint, about = endpoints[number % len(endpoints)], f"case:{number // len(endpoints) % CASES}"
            with unit_of_work():
                queue_rows([(endpoint, None, Message("case.classify", datetime.now(UTC), about, told))])
        acts = time.monotonic() - began
        end, left = time.monotonic() + AFTERWARDS_SECONDS, messages
        while time.monotonic() < end and left:
            time.sleep(0.2)
            left = sum(delivered is None for _at, delivered in _quick(endpoints[slow:]))
    finally:
        stopped.set()
        worker.join()
    return _judged(_quick(endpoints[slow:]), acts, messages / PER_SECOND)


def _hand_out(app: Flask, stopped: threading.Event) -> None:
    while not stopped.wait(1.0):
        with app.app_context():
            tell_endpoints(app, datetime.now(UTC))
            db.session.remove()
    turns_of(app).finish()


def _quick(endpoints: list[int]) -> list[tuple[datetime, datetime | None]]:
    row = WebhookDelivery
    query = select(row.at, row.delivered_at).where(row.endpoint_id.in_(endpoints), row.about != "endpoint")
    found = [(at, delivered) for at, delivered in db.session.execute(query)]
    db.session.rollback()
    return found


def _judged(rows: list[tuple[datetime, datetime | None]], acts: float, planned: float) -> dict[str, Any]:
    waits = sorted((delivered - at).total_seconds() for at, delivered in rows if delivered is not None)
    found: dict[str, Any] = {
        "messages to quick receivers": len(rows), "not delivered": len(rows) - len(waits),
        "seconds of acts": round(acts, 1), "planned": planned,
    } | {f"p{part} s": round(waits[len(waits) * part // 100], 2) for part in (50, 95, 99) if waits}  # fmt: skip
    if found["not delivered"] or found["p95 s"] > P95_SECONDS:
        raise RunFailed(f"slow-receivers: {found}")
    return found


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.path.startswith("/slow/"):
            time.sleep(SLOW_SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


RUN = Run("slow-receivers", "webhooks at 50 acts a second, with and without slow receivers; in messages", 2_000, rounds)

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
