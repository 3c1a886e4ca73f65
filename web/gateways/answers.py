"""What an HTTP response means for a message: accepted, refused for good, or to be tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from casework.messages.sending import Held, Refused, TryLater
from casework.parsing import number_in

OF_THE_MESSAGE = frozenset({400, 409, 413, 422})
"""Refusals of this message only. All others are a fault of ours or the gateway's: an address that has moved, an invalid token, a proxy in
between. They say nothing about the message, which should leave once the fault is fixed."""
OF_THE_MOMENT = frozenset({408, 425})
"""Refusals after which the next message may succeed at once; the same goes for gateway faults except 503."""
TOO_MUCH = frozenset({429, 503})
"""Refusals that end by themselves; all others of ours are for an administrator to mend."""


def refuse_unless_taken(status: int, retry_after: str | None) -> None:
    """Raise Refused, TryLater or Held unless the status says that the message was accepted."""
    if 200 <= status < 300:
        return
    if status in OF_THE_MESSAGE:
        raise Refused(f"HTTP {status}")
    after = waiting_time(retry_after)
    if status in OF_THE_MOMENT or (status >= 500 and status not in TOO_MUCH):
        raise TryLater(f"HTTP {status}", after=after)
    raise Held(f"HTTP {status}", after=after, asks_administrator=status not in TOO_MUCH)


def waiting_time(retry_after: str | None) -> timedelta | None:
    """The wait requested by Retry-After, in seconds or as a date (RFC 9110, 10.2.3); None when it is absent or unreadable."""
    text = (retry_after or "").strip()
    seconds = number_in(text, digits=8)
    if seconds is not None:
        return timedelta(seconds=seconds)
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError):
        return None
    if moment is None:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta())
