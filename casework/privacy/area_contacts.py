"""The contact of somebody who follows an area: sealed in their subscription, and opened only for sending and for their own page."""

from sqlalchemy import select

from casework.db import db
from casework.models import AreaSubscription
from casework.privacy.identity import Contact, open_contact

FOLLOWS_AREA = "area:"
"""The prefix by which a delivery names a subscription: `area:<ref>`, since numbers of deleted rows are used again."""


def subscription_of(recipient: str) -> AreaSubscription | None:
    """The subscription a delivery names; None once it has ended."""
    ref = recipient.removeprefix(FOLLOWS_AREA)
    return db.session.scalars(select(AreaSubscription).where(AreaSubscription.ref == ref)).one_or_none()


def contact_followed_by(recipient: str) -> Contact:
    row = subscription_of(recipient)
    return open_contact(row.sealed_contact) if row is not None else Contact()
