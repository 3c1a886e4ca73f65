"""Keys of repeated requests, and counters of too many."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Model


class IdempotencyKey(Model):
    """The key of one act, from a form or client, so that a repeat gets the first answer instead of causing a second act."""

    __tablename__ = "idempotency_key"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    result: Mapped[str] = mapped_column(String(80), comment="ref of what the act made")
    sealed_result: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="what the first answer told the client alone, e.g. the tracking secret"
    )
    content_digest: Mapped[str] = mapped_column(String(64), comment="keyed, of what was sent: the same key with other words is no repeat")
    used_at: Mapped[datetime] = mapped_column(index=True)


class RateCounter(Model):
    """How often something happened in a window of time."""

    __tablename__ = "rate_counter"
    bucket: Mapped[str] = mapped_column(String(120), primary_key=True, comment="what is limited and for whom (digests only)")
    window_starts_at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    count: Mapped[int]
