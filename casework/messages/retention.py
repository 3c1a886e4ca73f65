"""How long it is kept by which way and when messages left the house."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from casework.db import db, unit_of_work
from casework.messages.choices import CHANNELS
from casework.models import Delivery
from casework.setting_values import value_of

TOGETHER, MOST_BATCHES = 500, 100
"""Rows deleted in one transaction, and how often in one sweep: the rest waits for the next one, and no sender waits for this."""


def forget_sent(now: datetime) -> int:
    """Delete what was sent or dropped longer ago than the value `sent_message_days` says; returns how many. Commits.

    What was given up stays: it waits for an administrator. The message itself, which pages show, stays as well.
    """
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
