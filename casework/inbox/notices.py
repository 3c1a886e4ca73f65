"""Unread notices of a member of staff, shown on the page. Names are looked up when they are read."""

from datetime import datetime

from sqlalchemy import select, update

from casework.db import db
from casework.models import OutboxMessage
from casework.permissions import Actor

MOST_NOTICES = 5
SHOWN = ("task_assigned", "task_taken_over")
"""The kinds meant for one person's inbox."""


def unread_notices(by: Actor) -> list[OutboxMessage]:
    query = select(OutboxMessage).where(OutboxMessage.recipient == f"account:{by.account_id}", OutboxMessage.template.in_(SHOWN))
    query = query.where(OutboxMessage.read_at.is_(None), OutboxMessage.dropped_at.is_(None))
    return list(db.session.scalars(query.order_by(OutboxMessage.id.desc()).limit(MOST_NOTICES)))


def put_notices_away(*, by: Actor, now: datetime) -> None:
    """Mark the person's notices as read."""
    mine = update(OutboxMessage).where(OutboxMessage.recipient == f"account:{by.account_id}", OutboxMessage.template.in_(SHOWN))
    db.session.execute(mine.where(OutboxMessage.read_at.is_(None)).values(read_at=now))
