"""Unread notices of a member of staff, shown on the page. Names are looked up when they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from casework.db import db
from casework.models import OutboxMessage
from casework.permissions import Actor
from casework.reading.counting import Counted

MOST_NOTICES = 5
SHOWN = ("task_assigned", "task_taken_over")
"""The kinds meant for one person's inbox."""

_MESSAGE = OutboxMessage.__table__.c
_UNREAD = (
    _MESSAGE.recipient == bindparam("recipient"), _MESSAGE.template.in_(SHOWN), _MESSAGE.read_at.is_(None), _MESSAGE.dropped_at.is_(None)
)  # fmt: skip
UNREAD = select(_MESSAGE.id).where(*_UNREAD).limit(MOST_NOTICES)
NEWEST = UNREAD.with_only_columns(_MESSAGE.template, _MESSAGE.parameters, _MESSAGE.created_at).order_by(_MESSAGE.id.desc())


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told of a step: its kind, what it names, and since when."""

    template: str
    parameters: Mapping[str, Any]
    created_at: datetime


def unread(by: Actor) -> Counted:
    """The person's notices, to be counted with other numbers: few have any."""
    return Counted(UNREAD, {"recipient": f"account:{by.account_id}"})


def put_notices_away(*, by: Actor, now: datetime) -> None:
    """Mark the person's notices as read."""
    mine = update(OutboxMessage).where(OutboxMessage.recipient == f"account:{by.account_id}", OutboxMessage.template.in_(SHOWN))
    db.session.execute(mine.where(OutboxMessage.read_at.is_(None)).values(read_at=now))
