"""Which deliveries wait for a channel, and in what order: urgent ones first, then the oldest, none before its turn in its case."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from casework.db import db
from casework.models import Delivery

ONCE_AT_MOST = frozenset({"zns"})
"""Channels on which a duplicate is worse than a loss: Zalo counts each against the quality of the account."""

LEASE = timedelta(minutes=2)
"""How long a worker may hold a delivery; every gateway gives up long before."""

LOOKED_AT = 25


def under_way() -> ColumnElement[bool]:
    """The condition for unfinished deliveries."""
    return and_(Delivery.sent_at.is_(None), Delivery.given_up_at.is_(None), Delivery.dropped_at.is_(None))


def waiting(channel: str, now: datetime) -> Select[Delivery]:
    """The deliveries of a channel that are due and that no worker holds."""
    until = Delivery.leased_until
    # a lease far in the future was taken by a clock that has been set back since
    is_free = or_(until.is_(None), until <= now, until > now + 2 * LEASE)
    return select(Delivery).where(Delivery.channel == channel, under_way(), Delivery.due_at <= now, is_free)


def next_ones(channel: str, now: datetime) -> list[Delivery]:
    """The first of each queue of a recipient and case, locked, LOOKED_AT at most; urgent ones alone while there are any."""
    earlier = aliased(Delivery)
    is_behind = exists().where(
        earlier.recipient == Delivery.recipient, earlier.case_id == Delivery.case_id, earlier.channel == Delivery.channel,
        earlier.id < Delivery.id, earlier.sent_at.is_(None), earlier.given_up_at.is_(None), earlier.dropped_at.is_(None),
    )  # fmt: skip
    found: list[Delivery] = []
    for urgent in (True, False):
        found += locked(waiting(channel, now).where(Delivery.is_urgent.is_(urgent), ~is_behind), LOOKED_AT)
        if found:
            break
    return found


def locked(query: Select[Delivery], most: int) -> list[Delivery]:
    """The oldest of some deliveries, locked; without those another worker holds at this moment."""
    query = query.order_by(Delivery.due_at, Delivery.id).limit(most).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    return list(db.session.scalars(query))
