"""Search rows, one per case and audience, so that nobody finds by words what they may not read."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Id, Model


class SearchRow(Model):
    """The folded words of a case for one audience: the public, agencies, the centre (cleared texts only)."""

    __tablename__ = "search_row"
    __table_args__ = (
        CheckConstraint("audience IN ('public', 'agencies', 'centre')", name="audience"),
        Index("ix_search_row_case", "case_id", "audience", unique=True),
        Index("ix_search_row_newest", "audience", "id"),
    )
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    audience: Mapped[str] = mapped_column(String(8))
    words: Mapped[str] = mapped_column(Text, comment="accent-folded, for finding")
    exact_words: Mapped[str] = mapped_column(Text, comment="as written, to rank exact accents first")
    code: Mapped[str] = mapped_column(String(24))
    changed_at: Mapped[datetime]
