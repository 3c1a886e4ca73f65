"""The address a one-time link is sent to: sealed with the link, and opened only for sending and for whoever may send one."""

from sqlalchemy import select

from casework.db import db
from casework.models import ReplyLink
from casework.privacy.identity import Contact, open_contact

BODY = "body:"
"""The prefix by which a delivery names the link it carries: `body:<ref>`."""


def link_carried(recipient: str) -> ReplyLink | None:
    """The link a delivery carries."""
    return db.session.scalars(select(ReplyLink).where(ReplyLink.ref == recipient.removeprefix(BODY))).one_or_none()


def contact_of_body(recipient: str) -> Contact:
    row = link_carried(recipient)
    return open_contact(row.sealed_contact) if row is not None and row.sealed_contact is not None else Contact()
