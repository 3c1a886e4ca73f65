"""The append-only history: one hash chain per stream, anchored outside the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model
from casework.models.people import Account

LOOKS = text(
    "type IN ('reveal_identity', 'export_identity', 'look_at_data_request', 'look_up_phone', 'order_output', 'fetch_output',"
    " 'export_by_command')"
)
"""Events about looking at a person's identity or exporting something: few among many, with indexes of their own."""


class EventStream(Model):
    """The head of a chain: its number of events and last hash, so that a cut tail is noticed."""

    __tablename__ = "event_stream"
    stream: Mapped[str] = mapped_column(String(60), primary_key=True, comment="case:<id>, account:<id>, rules, process:<id>")
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime] = mapped_column(index=True)


class Event(Model):
    """One event. The hash covers a salted digest of the payload, so a payload can be erased and the chain still verifies."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        Index("ix_event_case", "case_id", "seq"),
        Index("ix_event_look", "at", "id", sqlite_where=LOOKS, postgresql_where=LOOKS),
        Index("ix_event_look_actor", "actor_id", "at", "id", sqlite_where=LOOKS, postgresql_where=LOOKS),
    )
    id: Mapped[Id]
    stream: Mapped[str] = mapped_column(String(60))
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    payload: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="no personal data; empty once erased")
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    payload_digest: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    actor: Mapped[Account | None] = relationship(foreign_keys=[actor_id])


class Anchor(Model):
    """A signed list of stream heads written outside the database; the file is the proof, the row points to it."""

    __tablename__ = "anchor"
    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    streams: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    previous_digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(200))
