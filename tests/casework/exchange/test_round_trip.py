"""Two installations exchange documents through their folders while their workers are killed: nothing is lost, nothing doubled."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from casework.db import db
from casework.exchange import DocumentId, Package, Status, read
from casework.exchange.packages import Organ
from casework.exchange.pieces import bytes_of
from casework.models import IncomingPackage, OutgoingPackage
from tests import build
from tests.casework.exchange.house import numbered_slip, queued, settled
from tests.casework.exchange.samples import PDF
from tests.conftest import environment_of, prepare_schema, running
from tests.whole import WHOLE
from web.config import Config

ROOT = Path(__file__).parents[3]
NAMES = {"H36.12.04": "Trung tâm điều hành", "H36.20": "Sở Xây dựng"}
LETTERS = 120 if WHOLE else 50
KILLS = 40 if WHOLE else 12
SEED = 10_2016
LONGEST = 0.15
"""Seconds a worker lives at most after it has begun."""


@dataclass(frozen=True)
class House:
    """One installation: its identifier, that of the other, and the variables of its programs."""

    own: str
    other: str
    variables: dict[str, str]

    def worker(self, rounds: int = 0) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")}
        command = (sys.executable, "-m", "tests.casework.exchange.rounds", str(rounds))
        started = subprocess.Popen(command, cwd=ROOT, env=clean | self.variables, stdout=subprocess.PIPE, text=True)
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        return started


def prepared(folder: Path, own: str, other: str, came: Path, out: Path) -> House:
    """An installation with letters to the other one, numbered and in line."""
    variables = environment_of(folder) | {"LANGBIANG_EDXML_IN": str(came), "LANGBIANG_EDXML_OUT": str(out)}
    config = Config.from_environment(variables)
    prepare_schema(config)
    with running(config) as app:
        world = settled(build.standard_world(), exchange_id=own, exchange_bodies=f"{other} {NAMES[other]}")
        for _ in range(LETTERS):
            queued(world, numbered_slip(app, world), receiver=Organ(other, NAMES[other]))
    return House(own, other, variables)


def kill_soon(worker: subprocess.Popen[str], chance: random.Random) -> bool:
    """Returns whether it was still at work."""
    time.sleep(chance.uniform(0.02, LONGEST))
    was_alive = worker.poll() is None
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    return was_alive


def unsent(house: House) -> int:
    with running(Config.from_environment(house.variables)):
        waits = select(func.count()).select_from(OutgoingPackage).where(OutgoingPackage.sent_at.is_(None))
        return db.session.scalar(waits) or 0


def examined(house: House) -> tuple[Counter[str], Counter[str], set[str], set[str]]:
    """What came in by kind, what was told of the letters sent, and the names of documents sent and received."""
    with running(Config.from_environment(house.variables)):
        came = list(db.session.scalars(select(IncomingPackage)))
        sent = list(db.session.scalars(select(OutgoingPackage).where(OutgoingPackage.business == "new")))
        received = set[str]()
        for row in came:
            message = read(bytes_of(row), ours={house.own})
            if isinstance(message, Package):
                assert [file.content for file in message.attachments] == [PDF]
                received.add(str(message.document))
            else:
                assert isinstance(message, Status)
        return (
            Counter(f"{row.business} {row.status_code or ''}".strip() for row in came), Counter(row.told_code or "" for row in sent),
            {row.document for row in sent}, received,
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.exhaustive
def test_two_installations_lose_and_double_nothing_while_their_workers_are_killed(tmp_path: Path) -> None:
    for name in ("there", "back"):
        (tmp_path / name).mkdir()
    there, back = tmp_path / "there", tmp_path / "back"
    one = prepared(tmp_path / "one", "H36.12.04", "H36.20", back, there)
    two = prepared(tmp_path / "two", "H36.20", "H36.12.04", there, back)
    chance, under_way = random.Random(SEED), 0
    for number in range(KILLS):
        assert kill_soon((one, two)[number % 2].worker(), chance), "it worked until it was killed"
        under_way += unsent(one) + unsent(two) > 0 or any(there.iterdir()) or any(back.iterdir())
    assert under_way * 2 >= KILLS, "most kills came while something was under way"
    for _ in range(2):
        for house in (one, two):
            worker = house.worker(rounds=2 + 2 * LETTERS // 20)
            worker.communicate(timeout=300)
            assert worker.returncode == 0
    found = {house.own: examined(house) for house in (one, two)}
    for house in (one, two):
        came, told, sent, _ = found[house.own]
        assert came == {"new": LETTERS, "status 01": LETTERS}
        assert told == {"01": LETTERS}
        assert sent == found[house.other][3]
        assert {named.organ for each in sent if (named := DocumentId.parse(each)) is not None} == {house.own}
        assert unsent(house) == 0
    assert [path.name for folder in (there, back) for path in folder.iterdir() if not path.name.startswith(".")] == []
