"""What a member of staff was told on the page and has not put away yet. Names are looked up when it is read."""

from datetime import datetime

from sqlalchemy import select, update

from casework.db import db
from casework.models import OutboxMessage
from casework.permissions import Actor

MOST_NOTICES = 5
SHOWN = ("task_assigned", "task_taken_over")
"""The kinds that are for one person's inbox."""


def unread_notices(by: Actor) -> list[OutboxMessage]:
    """Return the newest notices of a person, at most MOST_NOTICES."""
    query = select(OutboxMessage).where(OutboxMessage.recipient == f"account:{by.account_id}", OutboxMessage.template.in_(SHOWN))
    query = query.where(OutboxMessage.read_at.is_(None), OutboxMessage.dropped_at.is_(None))
    return list(db.session.scalars(query.order_by(OutboxMessage.id.desc()).limit(MOST_NOTICES)))


def put_notices_away(*, by: Actor, now: datetime) -> None:
    """Note that the person has read what they were shown."""
    mine = update(OutboxMessage).where(OutboxMessage.recipient == f"account:{by.account_id}", OutboxMessage.template.in_(SHOWN))
    db.session.execute(mine.where(OutboxMessage.read_at.is_(None)).values(read_at=now))
