"""Voice notes and short videos sent with a report: for the centre alone, never public (rules.md, section 2)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable
from casework.models.photos import File

UNPREPARED = text("linked_at IS NOT NULL AND prepared_at IS NULL AND refused IS NULL")


class Recording(Referable, Model):
    """One voice note or video, staged with a form or linked to a report. Its original is sealed; the worker makes a copy without
    metadata. Agencies read only the transcript an operator writes of a voice note."""

    __tablename__ = "recording"
    __table_args__ = (
        CheckConstraint("kind IN ('voice', 'video')", name="kind"),
        CheckConstraint("state IN ('staged', 'linked', 'deleted')", name="state"),
        Index("ix_recording_report", "report_id", "position"),
        Index("ix_recording_staged", "staged_token", "position"),
        Index("ix_recording_unprepared", "linked_at", sqlite_where=UNPREPARED, postgresql_where=UNPREPARED),
        Index("ix_recording_unsent", "uploaded_at", sqlite_where=text("linked_at IS NULL"), postgresql_where=text("linked_at IS NULL")),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(5))
    state: Mapped[str] = mapped_column(String(8), server_default="staged")
    staged_token: Mapped[str | None] = mapped_column(String(32), comment="the unsent form it belongs to")
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    addition_id: Mapped[int | None] = mapped_column(ForeignKey("addition.id"), comment="sent after filing, with these words")
    position: Mapped[int] = mapped_column(server_default="0")
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary, comment="the file name as sent: may hold a person's name")
    sha256: Mapped[str] = mapped_column(String(64), index=True, comment="of the original bytes: evidence")
    seconds: Mapped[float | None] = mapped_column(comment="how long it is, once that is known")
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime]
    linked_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0", comment="to make the copy without metadata")
    tried_at: Mapped[datetime | None] = mapped_column(comment="when a worker began the last of them")
    prepared_at: Mapped[datetime | None] = mapped_column(comment="when that copy was made")
    refused: Mapped[str | None] = mapped_column(String(60), comment="why no such copy could be made")
    transcript: Mapped[str | None] = mapped_column(Text, comment="what is said in it, free of who says it; agencies read it")
    transcribed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    transcribed_at: Mapped[datetime | None]
    files: Mapped[list[File]] = relationship(order_by="File.id")
