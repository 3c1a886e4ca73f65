"""Messages to be sent: rows written with the act itself, sent after the commit."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Id, Json, Model

UNREAD = text("read_at IS NULL AND dropped_at IS NULL")
UNROUTED = text("routed_at IS NULL")
LETTERS = text("template = 'reminder_letter'")
"""Morning reminders, each to one desk: few among many messages, and found by their day."""
IN_BELL = text(
    "template IN ('mentioned_in_note', 'task_assigned', 'task_taken_over', 'deputy_changed', 'deputy_to_confirm', "
    "'assignment_handed_back', 'hand_back_decided', 'case_taken_up_again', 'answer_to_redo', 'extension_granted', "
    "'extension_not_granted', 'extension_not_endorsed', 'question_answered', 'directive_given', 'reminder', 'reminder_by_hand') "
    "AND dropped_at IS NULL"
)
"""What the bell of its recipient tells: in these very words in the index and in the statement, or the index is of no use."""


class OutboxMessage(Model):
    """One message to one recipient, by reference; names and addresses are looked up when it is sent."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_unsent", "due_at", "id", sqlite_where=text("sent_at IS NULL AND dropped_at IS NULL AND channel <> 'page'"),
              postgresql_where=text("sent_at IS NULL AND dropped_at IS NULL AND channel <> 'page'")),
        Index("ix_outbox_unrouted", "due_at", "id", sqlite_where=UNROUTED, postgresql_where=UNROUTED),
        Index("ix_outbox_letter", "due_at", "id", sqlite_where=LETTERS, postgresql_where=LETTERS),
        Index("ix_outbox_recipient", "recipient", "id"),
        Index("ix_outbox_bell", "recipient", "id", sqlite_where=IN_BELL, postgresql_where=IN_BELL),
        Index("ix_outbox_unread", "recipient", "template", "id", sqlite_where=UNREAD, postgresql_where=UNREAD),
    )  # fmt: skip
    id: Mapped[Id]
    recipient: Mapped[str] = mapped_column(String(60), comment="reporter:<id>, account:<id>, desk:<name>")
    channel: Mapped[str] = mapped_column(String(10), comment="page, email, sms, push, zns")
    template: Mapped[str] = mapped_column(String(60))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, comment="codes and days, no personal data")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    routed_at: Mapped[datetime | None] = mapped_column(comment="when it was worked out who is told of it by which other way")
    dropped_at: Mapped[datetime | None] = mapped_column(comment="withdrawn unsent, e.g. by quarantine")
