"""How often something may be tried: counters in the database, the only thing several machines share.

Counted in windows of fixed length; the counter's name holds keyed digests, never a name, number or address.
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
"""Of a counter after its window began, and of the answer to a request that may be repeated."""
KEPT_FOR_CLIENTS = "file_from_browser"
CLIENTS_KEPT = timedelta(days=90)
"""Of the answer to a report that waited in a browser, and of its purpose: such a telephone may lie in a drawer for weeks."""
JUST_SENT = "just_sent"
JUST_SENT_KEPT = timedelta(minutes=10)
"""Of a report that was sent: until then its sender is told so instead of sending it again (casework.intake.just_sent)."""


class TooManyAttempts(CaseworkError):
    """It was tried too often; the text says from when on it may be tried again."""

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
    """The key of casework.setting_values under which an administrator may set another number; `most` is the one that ships."""
    times: int = 1
    """How often that number holds here, of several who may each use it up."""

    @property
    def allowed(self) -> int:
        """How many hold now."""
        return (int(value_of(self.setting)) if self.setting else self.most) * self.times

    def window_at(self, now: datetime) -> datetime:
        """The start of the window an instant lies in."""
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)

    def bucket_of(self, subject: str) -> str:
        """The name of a subject's counter."""
        return f"{self.name}:{lookup_digest(subject, purpose=SUBJECT_PURPOSE)}"


def limit_set_by(setting: str, name: str, window: timedelta, *, times: int = 1) -> Limit:
    """A limit whose number is a setting, or so many times that."""
    return Limit(name, VALUES[setting].default, window, setting, times)


def count_attempt(limit: Limit, subject: str, *, now: datetime, weight: int = 1) -> datetime | None:
    """Count one attempt, or as many as it weighs, and return None, or, when there were too many, the instant from which it may be tried
    again.

    One statement, so that attempts at the same time all count. The caller commits it *before* it lets the attempt go on, and
    does not raise inside that unit of work: a refused attempt counts too.
    """
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(RateCounter)
        .values(bucket=limit.bucket_of(subject), window_starts_at=limit.window_at(now), count=weight)
        .on_conflict_do_update(index_elements=["bucket", "window_starts_at"], set_={"count": RateCounter.count + weight})
        .returning(RateCounter.count)
    )
    count = db.session.execute(counted).scalar_one()
    return limit.window_at(now) + limit.window if count > limit.allowed else None


def forget_attempts(limit: Limit, subject: str, *, now: datetime) -> None:
    """Start a subject's present window anew, e.g. after the right password."""
    db.session.execute(
        delete(RateCounter).where(RateCounter.bucket == limit.bucket_of(subject), RateCounter.window_starts_at == limit.window_at(now))
    )


def drop_old_counters(now: datetime) -> int:
    """Delete the counters of windows long over and return how many."""
    return db.session.query(RateCounter).filter(RateCounter.window_starts_at < now - KEPT).delete(synchronize_session=False)


def drop_old_keys(now: datetime) -> int:
    """Forget what repeated requests would be told, tracking secrets among it, once KEPT is over (of browsers: CLIENTS_KEPT; of what was
    just sent: JUST_SENT_KEPT), and return how many."""
    is_over = or_(
        and_(IdempotencyKey.used_at < now - JUST_SENT_KEPT, IdempotencyKey.purpose == JUST_SENT),
        and_(IdempotencyKey.used_at < now - KEPT, IdempotencyKey.purpose != KEPT_FOR_CLIENTS), IdempotencyKey.used_at < now - CLIENTS_KEPT
    )
    return db.session.query(IdempotencyKey).filter(is_over).delete(synchronize_session=False)
