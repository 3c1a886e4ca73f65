"""What becomes of messages whose channel, or template at the gateway, is held (casework.messages.faults).

They wait and are not tried one by one. Where only an administrator can mend the fault, or it lasts for long, Zalo's go by SMS; of messages
without another way none is lost before `message_days` have passed since they were written, after which they wait with the dead letters.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from casework.db import db
from casework.messages import reasons
from casework.messages.by_sms import send_by_sms
from casework.messages.faults import Hold
from casework.messages.pacing import is_too_old
from casework.messages.queue import locked, waiting
from casework.models import Delivery

TOGETHER = 200


def divert(channel: str, hold: Hold, now: datetime, configured: Collection[str]) -> None:
    """Look at the next TOGETHER due messages of a channel that is held as a whole. In the caller's unit of work, a few statements.

    Nothing is done where none of them could go by another way: they stay due, and the first of them leaves when the hold is over.
    """
    if channel != "zns" or "sms" not in configured or not hold.is_long(is_urgent=True):
        return
    # one with a lease may have been sent: it is not to be doubled
    query = waiting(channel, now).where(Delivery.lease.is_(None))
    if not hold.is_long(is_urgent=False):
        query = query.where(Delivery.is_urgent.is_(True))
    found = locked(query, TOGETHER)
    for delivery, values in zip(found, outcomes(found, hold, now, configured), strict=True):
        change(delivery, values)
    db.session.flush()


def change(delivery: Delivery, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(delivery, name, value)


def outcomes(
    deliveries: Sequence[Delivery], hold: Hold, now: datetime, configured: Collection[str]
) -> list[dict[str, object]]:  # fmt: skip
    """What changes about each held message: it goes by SMS where that is right and possible, or waits for the end of the hold, or is given
    up. Adds the SMS."""
    replaced = send_by_sms([each for each in deliveries if hold.is_long(is_urgent=each.is_urgent)], now, configured)
    changed = list[dict[str, object]]()
    for delivery in deliveries:
        if delivery.id in replaced:
            changed.append({"dropped_at": now, "last_error": reasons.REPLACED})
        elif is_too_old(delivery.created_at, now):
            changed.append({"given_up_at": now, "last_error": f"{reasons.HELD}: {hold.said}"})
        else:
            changed.append({"due_at": hold.until})
    return changed
