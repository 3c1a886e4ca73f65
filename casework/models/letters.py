"""Letters written, kept as they were on their day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.places import Agency, Centre

TO_NUMBER = text("symbol IS NULL AND withdrawn_at IS NULL")
NUMBERED = text("symbol IS NOT NULL AND withdrawn_at IS NULL")
TAKEN_BACK = text("withdrawn_at IS NOT NULL")
OF_PERIOD = text("kind IN ('period_report', 'agency_sheet', 'yearbook')")


class Letter(Referable, Model):
    """One document of ours: a letter, slip, notice or report. Its content is stored, so that the same file can be made later, and never
    contains a citizen's name.

    Until the clerk has numbered it, it can be withdrawn and written anew.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('late_list', 'apology', 'transfer_slip', 'answer', 'extension_notice', 'refusal_notice', 'handover_minutes', "
            "'period_report', 'agency_sheet', 'yearbook')", name="kind",
        ),
        CheckConstraint("urgency IN ('khan', 'thuong_khan', 'hoa_toc')", name="urgency"),
        Index("ix_letter_centre_made", "centre_id", "made_at"),
        Index("ix_letter_agency_made", "agency_id", "made_at"),
        Index("ix_letter_to_number", "id", sqlite_where=TO_NUMBER, postgresql_where=TO_NUMBER),
        Index("ix_letter_numbered", "id", sqlite_where=NUMBERED, postgresql_where=NUMBERED),
        Index("ix_letter_taken_back", "id", sqlite_where=TAKEN_BACK, postgresql_where=TAKEN_BACK),
        Index("ix_letter_of_period", "id", sqlite_where=OF_PERIOD, postgresql_where=OF_PERIOD),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16), comment="casework.documents.kinds")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), comment="to whom a list of late cases goes, or who was late")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True, comment="of a letter about one case")
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("figures_snapshot.id"), comment="the frozen figures it prints")
    urgency: Mapped[str | None] = mapped_column(String(12), comment="the stamp: khan, thuong_khan, hoa_toc (NĐ 30/2020)")
    symbol: Mapped[str | None] = mapped_column(String(60), comment="behind the number: BC-IOC, empty without one; null until it is given")
    reply_by: Mapped[date | None]
    content: Mapped[dict[str, Any]] = mapped_column(Json, comment="codes, titles, days, letterhead and signer as of the day")
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="not printed any more: taken back, or a case of it was quarantined")
    withdrawn_reason: Mapped[str | None] = mapped_column(String(300), comment="empty: a case of it left the system")
    centre: Mapped[Centre] = relationship()
    agency: Mapped[Agency | None] = relationship()
    given_number: Mapped["DocumentNumber | None"] = relationship(back_populates="letter")  # type: ignore[name-defined]  # noqa: F821
    files: Mapped[list["LetterFile"]] = relationship(back_populates="letter", order_by="LetterFile.id")  # type: ignore[name-defined]  # noqa: F821
