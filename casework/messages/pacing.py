"""How fast messages are sent, and how long to wait after a failure: nothing is sent as a burst, however much has piled up."""

import zlib
from datetime import datetime, timedelta

from sqlalchemy import func, select

from casework.db import db
from casework.models import Delivery
from casework.setting_values import value_of

MINUTE, PULSE = timedelta(minutes=1), timedelta(seconds=10)
PULSES = 6
"""A sixth of a minute's share may be sent in ten seconds, so that it is not all sent in the minute's first second."""

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 720, 1440))
"""After the first, second … failed attempt; the last pause repeats."""

JITTER_PER_CENT = 20
LONGEST_ASKED = timedelta(days=1)
"""The longest a gateway may make us wait by Retry-After."""


def room_for(channel: str, now: datetime) -> int:
    """How many messages of a channel may be sent now. Each parallel worker may be taking one more at that moment.

    Attempts count, not successes: a refusing gateway must not be overrun either. Rows dated later than now by a fast clock do not count.
    """
    most: int = value_of(f"most_{channel}")
    at = Delivery.attempted_at
    recent = select(func.count(), func.count().filter(at > now - PULSE)).where(
        Delivery.channel == channel, at > now - MINUTE, at <= now, at.is_not(None)
    )
    in_minute, in_pulse = db.session.execute(recent).one()
    return min(most - in_minute, -(-most // PULSES) - in_pulse)


def is_too_old(due_at: datetime, now: datetime) -> bool:
    """Whether something has waited too long to be sent: its channel was off, or no worker ran."""
    return due_at < now - timedelta(days=value_of("message_days"))


def next_attempt(delivery: Delivery, now: datetime, *, asked: timedelta | None = None) -> datetime | None:
    """When to try again after so many attempts; None when it is given up. `asked` is what the gateway wants at least.

    Each delivery adds a share of its own, so that deliveries that failed together do not return together.
    """
    if delivery.attempts >= value_of("message_attempts"):
        return None
    pause = PAUSES[min(max(delivery.attempts, 1), len(PAUSES)) - 1]
    share = zlib.crc32(f"{delivery.id}:{delivery.attempts}".encode()) % (JITTER_PER_CENT * 10) / 1000
    return now + max(pause * (1 + share), min(asked or timedelta(), LONGEST_ASKED))
