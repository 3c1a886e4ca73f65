"""How often a door may be used: by a network without a key, and by a service account. Counted apart from people.

The numbers are single values of the installation; those of reports may be raised for one account by agreement.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from casework.doors.asking import Caller
from casework.rate_limits import Limit, count_up, limit_set_by

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
READS_OPEN = limit_set_by("door_reads_open", "reads of network", MINUTE)
READS = limit_set_by("door_reads_key", "reads of service account", MINUTE)
ACTS = limit_set_by("door_acts", "acts of service account", MINUTE)
REPORTS_AN_HOUR = limit_set_by("door_reports_an_hour", "reports of service account, hour", HOUR)
REPORTS_A_DAY = limit_set_by("door_reports_a_day", "reports of service account, day", DAY)
WRONG_KEYS = limit_set_by("door_wrong_keys", "wrong keys of network", HOUR)
"""After it, wrong ones from that network are told to wait; a right one works all the same, or a neighbour could lock a partner out."""

BODY_BYTES, BODY_BYTES_WITH_PHOTOS = 1_000_000, 25_000_000
FIELD_CHARACTERS = 64_000


@dataclass(frozen=True, slots=True)
class Spent:
    """What is used of one limit after an attempt, which counts whether it is let through or not."""

    limit: Limit
    allowed: int
    used: int
    until: datetime
    """When its window ends."""

    @property
    def is_over(self) -> bool:
        return self.used > self.allowed

    @property
    def left(self) -> int:
        return max(self.allowed - self.used, 0)

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the window ends, at least one: what `Retry-After` says."""
        return max(int((self.until - now).total_seconds()), 1)


def spend_read(*, network: str, caller: Caller | None, now: datetime) -> Spent:
    """Count one reading, of the account or, without a key, of the network. The caller commits before it lets it proceed."""
    return spend(READS, str(caller.account_id), now=now) if caller is not None else spend(READS_OPEN, network, now=now)


def spend_act(caller: Caller, *, now: datetime) -> Spent:
    return spend(ACTS, str(caller.account_id), now=now)


def spend_report(caller: Caller, *, now: datetime) -> Spent:
    """Count one report by the hour and by the day; returns the tighter of the two."""
    agreed = ((REPORTS_AN_HOUR, caller.reports_an_hour), (REPORTS_A_DAY, caller.reports_a_day))
    return tightest(
        spend(limit if most is None else replace(limit, most=most, setting=""), str(caller.account_id), now=now) for limit, most in agreed
    )


def spend_wrong_key(network: str, *, now: datetime) -> Spent:
    """Count one wrong key, link or mail token of a network."""
    return spend(WRONG_KEYS, network, now=now)


def spend(limit: Limit, subject: str, *, now: datetime) -> Spent:
    return Spent(limit, limit.allowed, count_up(limit, subject, now=now), limit.window_at(now) + limit.window)


def tightest(spent: Iterable[Spent]) -> Spent:
    """The one that lets the next attempt wait longest; where none is used up, the one with least left."""
    return max(spent, key=lambda each: (each.is_over, each.until.timestamp() if each.is_over else -each.left))
