"""How long the record is kept of when and by which channel messages were sent."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from casework.db import db, unit_of_work
from casework.messages.choices import CHANNELS
from casework.messages.faults import forget_faults
from casework.models import Delivery
from casework.setting_values import value_of

TOGETHER, MOST_BATCHES = 500, 100
"""Rows deleted in one transaction, and transactions in one sweep: the rest waits for the next one, and no sender waits for this."""


def forget_sent(now: datetime) -> int:
    """Delete deliveries sent or dropped more than `sent_message_days` ago (a setting); returns how many. Commits.

    Given-up deliveries stay for an administrator, and so does the message itself, which pages show. Forgets old faults of channels, too.
    """
    with unit_of_work():
        forget_faults(now)
    before, forgotten = now - timedelta(days=value_of("sent_message_days")), 0
    sent = [(Delivery.channel == channel) & (Delivery.sent_at < before) for channel in CHANNELS]
    for ended in (*sent, Delivery.dropped_at < before):
        for _ in range(MOST_BATCHES):
            number = _delete(ended)
            forgotten += number
            if number < TOGETHER:
                break
    return forgotten


def _delete(ended: ColumnElement[bool]) -> int:
    with unit_of_work():
        ids = list(db.session.scalars(select(Delivery.id).where(ended).limit(TOGETHER)))
        if ids:
            db.session.execute(delete(Delivery).where(Delivery.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)
