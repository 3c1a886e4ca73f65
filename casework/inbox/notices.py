"""Unread notices of a member of staff, shown on the page. Names are looked up when they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, union_all, update

from casework.db import BigId, db
from casework.models import Case, HeldAct, OutboxMessage
from casework.permissions import Actor
from casework.reading.counting import Counted
from casework.taking_back.held_acts import put_returned_away

MOST_NOTICES = 5
SHOWN = ("task_assigned", "task_taken_over")
"""The kinds meant for one person's inbox."""

_MESSAGE = OutboxMessage.__table__.c
_UNREAD = (
    _MESSAGE.recipient == bindparam("recipient"), _MESSAGE.template.in_(SHOWN), _MESSAGE.read_at.is_(None), _MESSAGE.dropped_at.is_(None)
)  # fmt: skip
NEWEST = (
    select(_MESSAGE.template, _MESSAGE.parameters, _MESSAGE.created_at).where(*_UNREAD).order_by(_MESSAGE.id.desc()).limit(MOST_NOTICES)
)
CAME_BACK = "came_back"
_HELD, _CASE = HeldAct.__table__.c, Case.__table__.c
_RETURNED = (_HELD.account_id == bindparam("account_id", type_=BigId), _HELD.returned_at.is_not(None), _HELD.seen_at.is_(None))
RETURNED = (
    select(_HELD.ref, _HELD.verb, _CASE.code, _HELD.returned_at)
    .join_from(HeldAct.__table__, Case.__table__, _CASE.id == _HELD.case_id)
    .where(*_RETURNED, _CASE.quarantined_at.is_(None))
    .order_by(_HELD.returned_at.desc())
    .limit(MOST_NOTICES)
)
"""What the person did and could not be carried out."""
_UNREAD_ONES = select(_MESSAGE.id).where(*_UNREAD).limit(MOST_NOTICES).subquery()
_RETURNED_ONES = (
    select(_HELD.id).join_from(HeldAct.__table__, Case.__table__, _CASE.id == _HELD.case_id)
    .where(*_RETURNED, _CASE.quarantined_at.is_(None)).limit(MOST_NOTICES).subquery()
)  # fmt: skip
UNREAD = union_all(select(_UNREAD_ONES.c.id), select(_RETURNED_ONES.c.id))


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told of a step: its kind, what it names, and since when. CAME_BACK: something they did."""

    template: str
    parameters: Mapping[str, Any]
    created_at: datetime


def unread(by: Actor) -> Counted:
    """The person's notices, to be counted with other numbers: few have any."""
    return Counted(UNREAD, {"recipient": f"account:{by.account_id}", "account_id": by.account_id})


def put_notices_away(*, by: Actor, now: datetime) -> None:
    """Mark the person's notices as read."""
    mine = update(OutboxMessage).where(OutboxMessage.recipient == f"account:{by.account_id}", OutboxMessage.template.in_(SHOWN))
    db.session.execute(mine.where(OutboxMessage.read_at.is_(None)).values(read_at=now))
    put_returned_away(by=by, now=now)
