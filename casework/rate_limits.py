"""How often something may be attempted: counters in the database, the only thing several machines share.

They count in windows of fixed length; their names hold keyed digests, never a name, number or address.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE
from casework.models import IdempotencyKey, RateCounter
from casework.sealing.seal import lookup_digest
from casework.setting_values import VALUES, value_of

SUBJECT_PURPOSE = "counter of attempts"
KEPT = timedelta(days=2)
"""For counters after the start of their window, and for the answer to a repeatable request."""
KEPT_FOR_CLIENTS = "file_from_browser"
CLIENTS_KEPT = timedelta(days=90)
"""For the answer to a report that waited in a browser, and for that purpose: such a telephone may lie in a drawer for weeks."""
JUST_SENT = "just_sent"
JUST_SENT_KEPT = timedelta(minutes=10)
"""For a sent report: until then its sender is told instead of sending it again (casework.intake.just_sent)."""


class TooManyAttempts(CaseworkError):
    """There were too many attempts; the text says when the next is allowed."""

    def __init__(self, until: datetime) -> None:
        moment = f"{until.astimezone(LOCAL_ZONE):%H:%M}"
        super().__init__(
            f"Đã thử quá nhiều lần. Vui lòng thử lại từ {moment}.", f"There were too many attempts. Please try again from {moment} on."
        )
        self.until = until


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts of one subject in each window."""

    name: str
    most: int
    window: timedelta
    setting: str = ""
    """The key in casework.setting_values under which an administrator may set another number; `most` is the default."""
    times: int = 1
    """The multiple of that number that applies here, where several may each use it up."""

    @property
    def allowed(self) -> int:
        """The number in force."""
        return (int(value_of(self.setting)) if self.setting else self.most) * self.times

    def window_at(self, now: datetime) -> datetime:
        """The start of the window an instant lies in."""
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)

    def bucket_of(self, subject: str) -> str:
        return f"{self.name}:{lookup_digest(subject, purpose=SUBJECT_PURPOSE)}"


def limit_set_by(setting: str, name: str, window: timedelta, *, times: int = 1) -> Limit:
    """A limit whose number is a setting, or a multiple of it."""
    return Limit(name, VALUES[setting].default, window, setting, times)


def count_attempt(limit: Limit, subject: str, *, now: datetime, weight: int = 1) -> datetime | None:
    """Count an attempt, or `weight` attempts, and return None; or, when there were too many, the instant from which the next is allowed.

    The caller commits it *before* it lets the attempt proceed, and does not raise inside that unit of work: a refused attempt counts too.
    """
    count = count_up(limit, subject, now=now, weight=weight)
    return limit.window_at(now) + limit.window if count > limit.allowed else None


def count_up(limit: Limit, subject: str, *, now: datetime, weight: int = 1) -> int:
    """Count an attempt and return how many there were in its window, this one included. A single statement, so that simultaneous attempts
    all count."""
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(RateCounter)
        .values(bucket=limit.bucket_of(subject), window_starts_at=limit.window_at(now), count=weight)
        .on_conflict_do_update(index_elements=["bucket", "window_starts_at"], set_={"count": RateCounter.count + weight})
        .returning(RateCounter.count)
    )
    count: int = db.session.execute(counted).scalar_one()
    return count


def forget_attempts(limit: Limit, subject: str, *, now: datetime) -> None:
    """Reset a subject's present window, e.g. after the right password."""
    db.session.execute(
        delete(RateCounter).where(RateCounter.bucket == limit.bucket_of(subject), RateCounter.window_starts_at == limit.window_at(now))
    )


def drop_old_counters(now: datetime) -> int:
    """Delete the counters of windows long past and return how many."""
    return db.session.query(RateCounter).filter(RateCounter.window_starts_at < now - KEPT).delete(synchronize_session=False)


def drop_old_keys(now: datetime) -> int:
    """Delete the stored answers to repeated requests, tracking secrets among them, after KEPT (for browsers CLIENTS_KEPT; for just sent
    reports JUST_SENT_KEPT), and return how many."""
    is_over = or_(
        and_(IdempotencyKey.used_at < now - JUST_SENT_KEPT, IdempotencyKey.purpose == JUST_SENT),
        and_(IdempotencyKey.used_at < now - KEPT, IdempotencyKey.purpose != KEPT_FOR_CLIENTS), IdempotencyKey.used_at < now - CLIENTS_KEPT
    )
    return db.session.query(IdempotencyKey).filter(is_over).delete(synchronize_session=False)
