"""Letters the centre has written, as they stood on their day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.places import Agency, Centre


class Letter(Referable, Model):
    """One letter. Its content is kept, so that the same file comes out later; a citizen's name is never part of it."""

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("kind IN ('late_list', 'apology')", name="kind"),
        Index("ix_letter_centre_made", "centre_id", "made_at"),
        Index("ix_letter_agency_made", "agency_id", "made_at"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(12))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), comment="to whom a list of late cases goes, or who was late")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True, comment="of an apology")
    reply_by: Mapped[date | None]
    content: Mapped[dict[str, Any]] = mapped_column(Json, comment="codes, titles, days, letterhead and signer as of the day")
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="a case of it was quarantined: it is not printed any more")
    centre: Mapped[Centre] = relationship()
    agency: Mapped[Agency | None] = relationship()
