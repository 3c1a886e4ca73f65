"""What an answer over HTTP means for a message: taken, refused for good, or to be tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from casework.messages.sending import Refused, TryLater

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
"""How long a gateway may take; far less than a lease, so that nobody else sends what is being sent."""

AGAIN_LATER = frozenset({401, 408, 425, 429})
"""Refusals that say nothing about the message: a token that ran out, too many at once."""
HOLDS_ALL = frozenset({401, 429, 503})
"""After these the channel rests until its next round."""


def refuse_unless_taken(status: int, retry_after: str | None) -> None:
    """Raise Refused or TryLater unless the status says that it was taken."""
    if 200 <= status < 300:
        return
    if status >= 500 or status in AGAIN_LATER:
        raise TryLater(f"HTTP {status}", after=waiting_time(retry_after), holds_all=status in HOLDS_ALL)
    raise Refused(f"HTTP {status}")


def waiting_time(retry_after: str | None) -> timedelta | None:
    """What Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3); None when it asks nothing that can be read."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError):
        return None
    if moment is None:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta())
