"""What the law on personal data asks to be kept beside the data: what was forgotten."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Id, Model


class Forgotten(Model):
    """One account, report or case that was erased or taken out: what is to be done again where an older backup is restored.

    Refs alone: nobody is found by this row but in the database it belongs to.
    """

    __tablename__ = "forgotten"
    __table_args__ = (
        CheckConstraint("kind IN ('account', 'report', 'quarantine', 'hand_over')", name="kind"),
        UniqueConstraint("kind", "subject"),
        Index("ix_forgotten_at", "at", "id"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(10), comment="what was done")
    subject: Mapped[str] = mapped_column(String(16), comment="ref of the account, report or case")
    at: Mapped[datetime]
