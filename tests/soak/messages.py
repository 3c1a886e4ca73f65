"""Messages while their workers are killed at any instant: doubled or lost as casework.messages.sending says, in order, never both."""
from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import update

from casework.db import db, unit_of_work
from casework.messages.sending import token_of
from casework.models import Delivery, HouseSetting
from tests.conftest import environment_of, prepare_schema
from tests.conftest import running as application
from tests.messages.house import BY_MAIL, BY_PHONE, House, gateways_to, has_zns, quiet_case
from tests.messages.worker import started
from tests.outside import Outside, running
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web.config import Config

AT_ONCE = 10
"""Kills on one installation."""
CASES = 15
"""Of each channel, four messages each."""
TOLD = ("report_accepted", "report_distributed", "due_sooner", "report_published")
WORK_SECONDS = (0.2, 2.5)
PATIENCE = 120


class PromiseBroken(Exception):
    """Something was lost that may only be doubled, doubled that may only be lost, or came out of order."""


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for first in range(0, options.runs, AT_ONCE):
        kills, seed = min(AT_ONCE, options.runs - first), options.seed * 1_000_000 + first
        database = ("sqlite", "postgresql")[first // AT_ONCE % 2]
        yield f"kills {first + 1} to {first + kills} on {database}", _round(database, kills, seed)


def _round(database: str, kills: int, seed: int) -> Round:
    def on_postgresql() -> dict[str, Any]:
        cluster = Cluster(durable=True)
        try:
            cluster.start()
            return _work(cluster.create("messages"), kills, seed)
        finally:
            cluster.stop()

    return on_postgresql if database == "postgresql" else lambda: _work(None, kills, seed)


def _work(database_url: str | None, kills: int, seed: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="langbiang-messages-") as name:
        folder, lot = Path(name), random.Random(seed)
        variables = environment_of(folder, database_url)
        config = Config.from_environment(variables)
        prepare_schema(config)
        with running("mail", folder / "mail") as mail, running("gateway", folder / "gateway") as gateway, application(config) as app:
            house = _told(app, mail, gateway)
            for _ in range(kills):
                _kill_one(variables, mail, gateway, lot)
                _let_leases_run_out()
            _finish(variables, mail, gateway)
            return _judged(house, mail, gateway)


def _told(app: Flask, mail: Outside, gateway: Outside) -> House:
    house = House(app, gateways_to(mail, gateway), now=datetime.now(UTC))
    has_zns(*TOLD)
    with unit_of_work():
        for channel in ("email", "zns"):
            db.session.add(HouseSetting(key=f"most_{channel}", value=6_000, changed_at=house.now))
    contacts = [contact for contact in (BY_MAIL, BY_PHONE) for _ in range(CASES)]
    cases = [quiet_case(house.world, contact, words=f"Chỗ thứ {number}.") for number, contact in enumerate(contacts)]
    for case in cases:
        house.tell(case, *TOLD, due_at=house.now.isoformat(), lead="PTNMT", urgent=True)
    while house.route():
        pass
    # whatever the hour of the day
    with unit_of_work():
        db.session.execute(update(Delivery).values(is_urgent=True, due_at=house.now))
    return house


def _kill_one(variables: dict[str, str], mail: Outside, gateway: Outside, lot: random.Random) -> None:
    before, worker = len(mail.bytes) + len(gateway.bytes), started(variables, mail, gateway)
    end = time.monotonic() + 20
    while len(mail.bytes) + len(gateway.bytes) == before and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(lot.uniform(0, 0.15))
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _let_leases_run_out() -> None:
    with unit_of_work():
        held = update(Delivery).where(Delivery.leased_until.is_not(None))
        db.session.execute(held.values(leased_until=datetime.now(UTC)))


def _finish(variables: dict[str, str], mail: Outside, gateway: Outside) -> None:
    workers = [started(variables, mail, gateway) for _ in range(2)]
    end = time.monotonic() + PATIENCE
    try:
        while _left() and time.monotonic() < end:
            time.sleep(0.5)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
    if _left():
        raise PromiseBroken(f"{_left()} are still under way")


def _left() -> int:
    db.session.rollback()
    ended = (Delivery.sent_at.is_(None), Delivery.given_up_at.is_(None), Delivery.dropped_at.is_(None))
    return db.session.query(Delivery).filter(*ended).count()


def _judged(house: House, mail: Outside, gateway: Outside) -> dict[str, Any]:
    letters = [str(letter["Message-ID"]).strip("<>").partition("@")[0] for letter in mail.letters]
    notices = [request["body"]["tracking_id"] for request in gateway.requests if request["path"] == "/message/template"]
    by_mail, by_zalo, broken = Counter(letters), Counter(notices), []
    expected: dict[tuple[str, int | None], list[str]] = {}
    for row in house.deliveries:
        token = token_of(row)
        expected.setdefault((row.channel, row.case_id), []).append(token)
        if row.channel == "email" and (row.sent_at is None or by_mail[token] == 0):
            broken.append(f"an e-mail was lost: {row.last_error}")
        if row.channel == "zns" and by_zalo[token] > 1:
            broken.append("a message by Zalo was doubled")
        if row.channel == "zns" and (row.sent_at is None) != (row.last_error == "unknown"):
            broken.append(f"a message by Zalo came to no end that is known: {row.last_error}")
    for (channel, _), tokens in expected.items():
        came = list(dict.fromkeys(token for token in (letters if channel == "email" else notices) if token in tokens))
        if came != [token for token in tokens if token in came]:
            broken.append(f"{channel} came out of order")
    if broken:
        raise PromiseBroken("; ".join(broken[:10]))
    return {"emails": len(by_mail), "emails_doubled": sum(1 for number in by_mail.values() if number > 1), "zalo": len(by_zalo),
            "zalo_unknown": sum(1 for row in house.deliveries if row.channel == "zns" and row.sent_at is None)}


RUN = Run("messages", "kill -9 of workers while they send, on both databases", 40, rounds)
