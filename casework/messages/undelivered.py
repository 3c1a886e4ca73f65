"""Letters that came back: the address counts as dead, and the person is told by the next of their ways."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.messages import reasons
from casework.messages.recipients import email_digests_of, recipient_of
from casework.models import Delivery
from casework.privacy.dead_addresses import mark_dead


def come_back(gateway_ref: str, *, digests: Collection[str], status: str, now: datetime, configured: Collection[str]) -> bool:
    """Take a letter of ours as undeliverable for good. Returns whether it is one of ours, to a citizen at one of these addresses.

    `gateway_ref` is its Message-ID, `digests` of the addresses the notice names, `status` the server's code, such as 5.1.1. Where no other
    way leads to the person, the letter waits with the dead ones for an administrator. Done before it changes nothing.
    """
    delivery = db.session.scalar(select(Delivery).where(Delivery.gateway_ref == gateway_ref, Delivery.channel == "email").limit(1))
    if delivery is None:
        return False
    meant = email_digests_of(delivery.recipient) & frozenset(digests)
    if not meant:
        return False
    for digest in meant:
        mark_dead(digest, now=now)
    if delivery.sent_at is not None and not _told_elsewhere(delivery, now, configured):
        delivery.sent_at, delivery.given_up_at, delivery.last_error = None, now, f"{reasons.REFUSED}: {status}"[:500]
    return True


def _told_elsewhere(delivery: Delivery, now: datetime, configured: Collection[str]) -> bool:
    person = recipient_of(delivery.recipient)
    if person is None or delivery.message_id is None:
        return False
    ways = person.ways(urgent=delivery.is_urgent, has_zns=True, configured=configured, template=delivery.template)
    for channel in ways:
        key = f"{delivery.dedupe_key.removesuffix(':email')}:{channel}"
        if db.session.scalar(select(Delivery.id).where(Delivery.dedupe_key == key)) is None:
            db.session.add(
                Delivery(
                    message_id=delivery.message_id, recipient=delivery.recipient, case_id=delivery.case_id, channel=channel, due_at=now,
                    is_urgent=delivery.is_urgent, template=delivery.template, dedupe_key=key, created_at=now,
                )
            )  # fmt: skip
    return bool(ways)
