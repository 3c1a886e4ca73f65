"""Webhooks: which systems are called about what, with which secrets, and what waits to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.doors import ServiceAccount

DUE = text("due_at IS NOT NULL")
UNTOLD = text("delivered_at IS NULL AND dead_at IS NULL")
DEAD = text("dead_at IS NOT NULL")
DELIVERED = text("delivered_at IS NOT NULL")


class WebhookEndpoint(Referable, Model):
    """An address of a service account that is called. One worker at a time calls it, by a claim that runs out."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (CheckConstraint("scheme IN ('v1', 'v1a')", name="scheme"),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("service_account.account_id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[Any]] = mapped_column(comment="types, or things for all types of it; none: all it may be told")
    scheme: Mapped[str] = mapped_column(String(4), comment="v1a: ed25519, v1: a shared secret")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None] = mapped_column(comment="it answered the challenge; empty: nothing else is sent")
    disabled_at: Mapped[datetime | None]
    disabled_for: Mapped[str | None] = mapped_column(String(8), comment="asked, gone (410), silent (for days)")
    claim: Mapped[str | None] = mapped_column(String(16))
    claimed_until: Mapped[datetime | None]
    rests_until: Mapped[datetime | None] = mapped_column(comment="after a failure nothing is sent before")
    failures: Mapped[int] = mapped_column(default=0, server_default="0", comment="in a row")
    failing_since: Mapped[datetime | None]
    last_delivered_at: Mapped[datetime | None]
    service: Mapped[ServiceAccount] = relationship()

    @property
    def is_on(self) -> bool:
        """Whether it is told of cases."""
        return self.verified_at is not None and self.disabled_at is None


class WebhookSecret(Model):
    """What requests to an endpoint are signed with; of a rotation the former one for some more hours."""

    __tablename__ = "webhook_secret"
    id: Mapped[Id]
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"), index=True)
    scheme: Mapped[str] = mapped_column(String(4))
    public: Mapped[str | None] = mapped_column(String(80), comment="whpk_…, of v1a")
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None] = mapped_column(comment="of a former one")


class WebhookCourse(Model):
    """What one endpoint is told about one thing, in order: how much so far, and when the next is due."""

    __tablename__ = "webhook_course"
    __table_args__ = (Index("ix_webhook_course_due", "endpoint_id", "due_at", sqlite_where=DUE, postgresql_where=DUE),)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"), primary_key=True, autoincrement=False)
    about: Mapped[str] = mapped_column(String(40), primary_key=True, comment="case:<id>, report:<id>, endpoint")
    seq: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(comment="empty: nothing waits")


class WebhookDelivery(Model):
    """One message to one endpoint. Its body is made before the first attempt; what is kept is what was signed and sent."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "about", "seq"),
        Index("ix_webhook_delivery_untold", "endpoint_id", "about", "seq", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
        Index("ix_webhook_delivery_dead", "endpoint_id", "dead_at", sqlite_where=DEAD, postgresql_where=DEAD),
        Index("ix_webhook_delivery_dead_on", "dead_at", sqlite_where=DEAD, postgresql_where=DEAD),
        Index("ix_webhook_delivery_delivered", "delivered_at", sqlite_where=DELIVERED, postgresql_where=DELIVERED),
    )
    id: Mapped[Id]
    message: Mapped[str] = mapped_column(String(40), unique=True, comment="webhook-id: the same over all attempts and replays")
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"))
    about: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    type: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(comment="of the event")
    told: Mapped[dict[str, Any]] = mapped_column(Json, comment="refs and a code; never words, names, places")
    body: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    tried_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(40), comment="where there was no answer")
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None] = mapped_column(comment="given up; can be sent again")
    endpoint: Mapped[WebhookEndpoint] = relationship()
