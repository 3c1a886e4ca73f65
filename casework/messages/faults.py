"""What gateways say is wrong with a whole channel or one of its templates: since when, until when it is held, and who has to mend it.

While a channel or template is held its messages wait and use up no attempt (casework.messages.holding). The next message after the hold
tries anew; the first that is taken ends the fault.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from casework.db import db, inserting
from casework.local_time import local_day, midnight
from casework.models import ChannelFault

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5))
"""How long a hold lasts the first, second … time where the gateway does not say it; the last repeats, so that what was mended is found."""
LONGEST_HOLD = timedelta(days=1)
LONG_FOR_URGENT = timedelta(minutes=15)
LONG_FOR_ANY = timedelta(hours=25)
"""More than a day's quota takes to come back."""
FORGOTTEN_AFTER = timedelta(days=7)
"""A fault nothing met again for so long is over: its template is no longer used, or its channel was taken out."""
MOST_LISTED = 100
WHOLE = ""
"""In place of a template's number: the whole channel."""

_TABLE: Any = ChannelFault.__table__


@dataclass(frozen=True, slots=True)
class Fault:
    """What a gateway said. `template` is its number there, or WHOLE; `said` a protocol code, without personal data."""

    channel: str
    template: str
    said: str
    asks_administrator: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """A channel or template that takes nothing at the moment. `is_first`: something was taken since it was held before, if ever."""

    said: str
    asks_administrator: bool
    since: datetime
    until: datetime
    is_first: bool

    def is_long(self, *, is_urgent: bool) -> bool:
        """Whether a message that has another way takes it rather than wait."""
        return self.asks_administrator or self.until - self.since > (LONG_FOR_URGENT if is_urgent else LONG_FOR_ANY)


Holds = Mapping[str, Hold]
"""What is held of a channel, by the template's number at the gateway; under WHOLE the channel itself."""


def note_fault(fault: Fault, *, after: timedelta | None, now: datetime) -> Hold:
    """Record that a channel or template takes nothing, and hold it for `after` or else for the next of PAUSES. In the caller's unit of
    work."""
    row = _noted(fault, now)
    pause = after if after else PAUSES[min(row.times, len(PAUSES)) - 1]
    row.held_until = now + min(pause, LONGEST_HOLD)
    db.session.flush()
    return Hold(row.said, row.asks_administrator, row.since, row.held_until, row.times == 1)


def note_template(fault: Fault, *, now: datetime) -> None:
    """Record what an administrator should mend in a template, which holds nothing back. In the caller's unit of work."""
    _noted(fault, now)


def holds_on(channel: str, now: datetime) -> Holds:
    """What is held of a channel at the moment. One statement."""
    return {
        row.template: Hold(row.said, row.asks_administrator, row.since, row.held_until, row.times == 1)
        for row in _listed([channel], now)
        # one far in the future was noted by a clock that has been set back since
        if row.held_until is not None and now < row.held_until <= now + LONGEST_HOLD
    }


def end_faults(channel: str, template: str) -> None:
    """A message was taken: neither its channel nor its template has a fault any more."""
    keys = [channel, _key(channel, template)]
    db.session.execute(delete(ChannelFault).where(ChannelFault.of.in_(keys)), execution_options={"synchronize_session": False})


def faults(channels: Collection[str], now: datetime) -> list[ChannelFault]:
    """What is wrong at the moment with these channels and their templates, oldest first, at most MOST_LISTED."""
    return _listed(channels, now)


def forget_faults(now: datetime) -> None:
    """Delete the faults nothing met again for FORGOTTEN_AFTER. In the caller's unit of work."""
    db.session.execute(delete(ChannelFault).where(ChannelFault.last_at < now - FORGOTTEN_AFTER))


def until_hour(hour: int, now: datetime) -> timedelta:
    """How long it is until that hour comes in Vietnam."""
    day = local_day(now)
    at = midnight(day) + timedelta(hours=hour)
    return (at if at > now else midnight(day + timedelta(days=1)) + timedelta(hours=hour)) - now


def _noted(fault: Fault, now: datetime) -> ChannelFault:
    key = _key(fault.channel, fault.template)
    new = {
        "of": key, "channel": fault.channel, "template": fault.template, "said": fault.said, "asks_administrator": fault.asks_administrator,
        "since": now, "last_at": now, "times": 0, "held_until": None,
    }  # fmt: skip
    # two workers may meet the same fault at the same moment
    db.session.execute(inserting(_TABLE).values(**new).on_conflict_do_nothing())
    row = db.session.get_one(ChannelFault, key, with_for_update=True, populate_existing=True)
    row.said, row.asks_administrator, row.times, row.last_at = fault.said, fault.asks_administrator, row.times + 1, now
    return row


def _listed(channels: Collection[str], now: datetime) -> list[ChannelFault]:
    query = select(ChannelFault).where(ChannelFault.channel.in_(channels), ChannelFault.last_at > now - FORGOTTEN_AFTER)
    query = query.order_by(ChannelFault.since, ChannelFault.of).limit(MOST_LISTED).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def _key(channel: str, template: str) -> str:
    return f"{channel} {template}" if template else channel
