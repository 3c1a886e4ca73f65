"""What comes after an answer: whether it really was mended, and who wishes to be told of their area."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Id, Model, Referable

RESTS, WAITS = text("due_at IS NULL"), text("due_at IS NOT NULL")
UNNUMBERED = text("number IS NULL")


class MendedQuestion(Referable, Model):
    """The question to one sender, weeks after a final answer, whether the matter is really mended: once for each final publication."""

    __tablename__ = "mended_question"
    __table_args__ = (
        UniqueConstraint("publication_id", "report_id"),
        CheckConstraint("answer IN ('yes', 'no')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    )
    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), comment="the final answer it asks about")
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True, comment="whose sender is asked")
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(comment="from then on the link in the message answers nothing")
    answer: Mapped[str | None] = mapped_column(String(3))
    answered_at: Mapped[datetime | None] = mapped_column(index=True)
    new_report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), unique=True, comment="the report sent after a no")


class AreaSubscription(Referable, Model):
    """Somebody without an account who is told of what becomes public in a commune, a circle or a field.

    It exists from the moment its contact was proven, and is deleted when it ends.
    """

    __tablename__ = "area_subscription"
    __table_args__ = (
        UniqueConstraint("contact_digest", "scope"),
        CheckConstraint("kind IN ('area', 'circle', 'field')", name="kind"),
        CheckConstraint("rhythm IN ('at_once', 'daily', 'weekly')", name="rhythm"),
        Index("ix_area_subscription_area", "area_id", "id", sqlite_where=RESTS, postgresql_where=RESTS),
        Index("ix_area_subscription_cell", "cell", "id", sqlite_where=RESTS, postgresql_where=RESTS),
        Index("ix_area_subscription_field", "field_code", "id", sqlite_where=RESTS, postgresql_where=RESTS),
        Index("ix_area_subscription_due", "due_at", "id", sqlite_where=WAITS, postgresql_where=WAITS),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(6), comment="by what it is found: area, circle, or field of no place")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), comment="the commune")
    latitude: Mapped[float | None] = mapped_column(comment="of the middle of the circle, rounded (casework.places.points)")
    longitude: Mapped[float | None]
    radius_m: Mapped[int | None]
    cell: Mapped[int | None] = mapped_column(comment="the square of the map the middle lies in")
    field_code: Mapped[str | None] = mapped_column(String(40), comment="service code of the field, of any centre")
    scope: Mapped[str] = mapped_column(String(120), comment="all of the above as one word: the same twice is one subscription")
    sealed_contact: Mapped[bytes] = mapped_column(LargeBinary)
    contact_digest: Mapped[str] = mapped_column(String(64))
    contact_kind: Mapped[str] = mapped_column(String(5), comment="phone or email")
    rhythm: Mapped[str] = mapped_column(String(7))
    language: Mapped[str] = mapped_column(String(2))
    confirmed_at: Mapped[datetime] = mapped_column(index=True, comment="when the code came back and the person agreed")
    told_up_to: Mapped[int] = mapped_column(server_default="0", comment="number of the newest news it was told of")
    told_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None] = mapped_column(comment="when it is told next; empty: there is no news for it")


class AreaNews(Model):
    """One public step of a case, for those who follow its area: written with the act, numbered by the job once others may be told."""

    __tablename__ = "area_news"
    __table_args__ = (
        CheckConstraint("step IN ('begun', 'interim', 'final', 'corrected', 'reopened')", name="step"),
        Index("ix_area_news_unnumbered", "id", sqlite_where=UNNUMBERED, postgresql_where=UNNUMBERED),
        Index("ix_area_news_area", "area_id", "number"),
        Index("ix_area_news_cell", "cell", "number"),
        Index("ix_area_news_field", "field_code", "number"),
    )
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    step: Mapped[str] = mapped_column(String(9))
    at: Mapped[datetime] = mapped_column(index=True)
    number: Mapped[int | None] = mapped_column(unique=True, comment="in the order in which it was looked at")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    cell: Mapped[int | None] = mapped_column(comment="only where a publication shows the exact place")
    field_code: Mapped[str | None] = mapped_column(String(40))
