"""The way by SMS for what Zalo refuses, has no template for, or cannot take for long."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from casework.db import db, inserting
from casework.messages.recipients import recipients_of
from casework.models import Delivery

_TABLE: Any = Delivery.__table__


def send_by_sms(deliveries: Sequence[Delivery], now: datetime, configured: Collection[str]) -> set[int]:
    """Replace with SMS what Zalo does not take. Returns the ids of those for which that was possible. A few statements, however many."""
    rows = [delivery for delivery in deliveries if delivery.channel == "zns" and "sms" in configured]
    people = recipients_of({delivery.recipient for delivery in rows}) if rows else {}
    sms, replaced = list[dict[str, object]](), set[int]()
    for delivery in rows:
        person = people.get(delivery.recipient)
        if person is None or person.is_staff or not person.takes("sms", urgent=delivery.is_urgent, template=delivery.template):
            continue
        replaced.add(delivery.id)
        sms.append(
            {
                "message_id": delivery.message_id, "recipient": delivery.recipient, "case_id": delivery.case_id, "channel": "sms",
                "due_at": now, "is_urgent": delivery.is_urgent, "template": delivery.template, "created_at": now,
                "dedupe_key": f"{delivery.dedupe_key.removesuffix(':zns')}:sms",
            }
        )  # fmt: skip
    if sms:
        db.session.execute(inserting(_TABLE).on_conflict_do_nothing(), sms)
    return replaced
