"""Looks at an installation while people work in it: what was acknowledged since the last look, what is there twice, and `verify`.

At the end everything that was ever acknowledged is looked at once more, and what left the house is held against its outbox.
"""
from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.messages.queue import under_way
from casework.messages.sending import token_of
from casework.models import Delivery, HouseSetting, OutboxMessage
from tests.conftest import running
from tests.kill.checking import broken_promises, doubled, told_twice
from tests.kill.journal import lines_in, lines_since
from web.commands.verify import verify
from web.config import Config

ROOMY = {
    "reports_an_hour": 10_000, "reports_a_day_contact": 1_000, "reports_a_day_device": 1_000, "own_acts_an_hour": 500,
    "most_sms": 6_000, "most_email": 6_000, "quiet_from": "00:00", "quiet_until": "00:00",
}  # fmt: skip
"""Values of a house in which a handful of people does in minutes what a province does in a day, whatever the hour of the day."""

PATIENCE = 240.0


@dataclass
class Auditor:
    """One who reads, with an application of its own on the installation that is opened once."""

    config: Config
    journals: Path
    read_so_far: dict[str, int] = field(default_factory=dict)

    def look(self) -> list[str]:
        """Everything wrong at this moment, one sentence each: of what was told since the last look, of what is doubled, of `verify`."""
        return self._found(lines_since(self.journals, self.read_so_far))

    def look_at_all(self) -> list[str]:
        """The same of everything that was ever told."""
        told = list(lines_in(self.journals))
        return [*told_twice(told), *self._found(told)]

    def _found(self, told: list[dict[str, Any]]) -> list[str]:
        db.session.rollback()
        found = list(broken_promises(told))
        with one_moment():
            found += doubled()
        return found + [str(finding) for finding in verify(self.config, now=datetime.now(UTC)).faults]


@contextmanager
def auditing(variables: Mapping[str, str], journals: Path) -> Iterator[Auditor]:
    """An auditor of the installation, whose limits are raised to what so few people do in so short a time."""
    config = Config.from_environment(variables)
    with running(config):
        with unit_of_work():
            for key, value in ROOMY.items():
                db.session.add(HouseSetting(key=key, value=value, changed_at=datetime.now(UTC)))
        yield Auditor(config, journals)


def forget_connections() -> None:
    """After the database was killed: those there are lead nowhere."""
    db.session.remove()
    db.engine.dispose()


def hurry_messages() -> None:
    """Let pauses and leases of workers that are gone be over, once no worker runs."""
    now = datetime.now(UTC)
    with unit_of_work():
        db.session.execute(update(Delivery).where(under_way()).values(due_at=now, leased_until=None))


def await_empty_outbox(seconds: float = PATIENCE) -> float:
    """Wait until everything that was to leave has left; returns how long it took. Raises AssertionError."""
    begun = time.monotonic()
    while left := messages_left():
        assert time.monotonic() - begun < seconds, f"{left} messages are still under way"
        time.sleep(0.3)
    return time.monotonic() - begun


def messages_left() -> int:
    """Messages nobody has worked out yet, and deliveries under way."""
    db.session.rollback()
    unrouted = db.session.scalar(select(func.count()).select_from(OutboxMessage).where(OutboxMessage.routed_at.is_(None)))
    return (unrouted or 0) + (db.session.scalar(select(func.count()).select_from(Delivery).where(under_way())) or 0)


def wrong_messages(arrived: list[str], *, channel: str) -> tuple[list[str], dict[str, int]]:
    """What is wrong with the messages of a channel whose tokens arrived in this order, and their numbers.

    Nothing may be lost or given up, nothing may come that nobody sent, nothing may overtake within a recipient, a case and a channel.
    """
    rows = db.session.scalars(select(Delivery).where(Delivery.channel == channel).order_by(Delivery.id)).all()
    times, found, queues = Counter(arrived), [], dict[tuple[str, int | None], list[str]]()
    for row in rows:
        token = token_of(row)
        queues.setdefault((row.recipient, row.case_id), []).append(token)
        if row.dropped_at is None and (row.sent_at is None or not times[token]):
            found.append(f"the delivery {row.id} by {channel} was lost: sent {row.sent_at}, given up {row.given_up_at}, {row.last_error}")
    known = {token for tokens in queues.values() for token in tokens}
    found += [f"by {channel} came something nobody sent: {token}" for token in times if token not in known]
    first = {token: place for place, token in reversed(list(enumerate(arrived)))}
    for (recipient, _case), tokens in queues.items():
        places = [first[token] for token in tokens if token in first]
        if places != sorted(places):
            found.append(f"by {channel} messages to {recipient} came out of order")
    return found, {"sent": len(times), "doubled": sum(1 for number in times.values() if number > 1)}
