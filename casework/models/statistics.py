"""Statistics: how long cases were open and how that ended, what happened to them, daily sums, and frozen figures."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.people import Account
from casework.models.places import Centre

IS_OPEN = text("ended_at IS NULL")


class Counted:
    """The dimensions of a fact: those its case has now, so that a correction moves the fact (docs/statistics.md).

    A quarantined case has no field, area or agency, and empty urgency and source: it counts only for the whole.
    """

    field_id: Mapped[int | None]
    area_id: Mapped[int | None]
    agency_id: Mapped[int | None] = mapped_column(comment="the agency that leads")
    urgency: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(8))

    @declared_attr
    def centre_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("centre.id"))

    @declared_attr
    def case_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("case.id"))


class CaseSpan(Counted, Model):
    """One stretch in which the centre owed an answer to a case: from filing, or from being opened again, to an answer or another end.

    Made by the worker from the case's history (`casework/facts`), never by an act; `event_seq` is the last event read.
    """

    __tablename__ = "case_span"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("opened_by IN ('received', 'reopened', 'returned')", name="opened_by"),
        CheckConstraint(
            "ended_by IN ('answered', 'refused', 'merged', 'referred', 'withdrawn', 'quarantined', 'closed')", name="ended_by"
        ),
        CheckConstraint("verdict IN ('in_time', 'after_extension', 'late')", name="verdict"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="end"),
        Index("ix_case_span_opened", "centre_id", "opened_at"),
        # the figures of a moment long ago are answered by the index alone
        Index("ix_case_span_ended", "centre_id", "ended_at", "opened_at"),
        Index("ix_case_span_open", "centre_id", "due_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_case_span_agency_open", "agency_id", "due_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_case_span_agency_ended", "agency_id", "ended_at", "opened_at"),
    )  # fmt: skip
    id: Mapped[Id]
    number: Mapped[int] = mapped_column(comment="0 from filing, then one more each time it was opened again")
    event_seq: Mapped[int] = mapped_column(comment="the last event of the case's history that was read")
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(8))
    accepted_at: Mapped[datetime | None] = mapped_column(comment="of the case, on its first stretch alone")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(11))
    refusal_reason: Mapped[str | None] = mapped_column(String(40), comment="key of the reason")
    first_due_at: Mapped[datetime | None] = mapped_column(comment="as first promised in this stretch")
    due_at: Mapped[datetime | None] = mapped_column(comment="the first late instant, after extensions and rests")
    is_extended: Mapped[bool] = mapped_column(Boolean, server_default=false())
    verdict: Mapped[str | None] = mapped_column(String(15), comment="of an answer; of others empty")
    is_first_answer: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="its end is the first answer the case got")
    is_private: Mapped[bool] = mapped_column(Boolean, server_default=false())
    minutes: Mapped[int | None] = mapped_column(comment="office minutes from filing to the first answer")
    rated_at: Mapped[datetime | None] = mapped_column(comment="when the answer that ended it was first rated")


class CaseMoment(Counted, Model):
    """Something that happened to a case, counted each time."""

    __tablename__ = "case_moment"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('extended', 'handed_back', 'redone', 'satisfied', 'acceptable', 'dissatisfied', 'asked_mended', 'mended', "
            "'not_mended')",
            name="kind",
        ),
        Index("ix_case_moment_case", "case_id"),
        Index("ix_case_moment_at", "centre_id", "at"),
        Index("ix_case_moment_agency", "acting_agency_id", "at"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    acting_agency_id: Mapped[int | None] = mapped_column(comment="whose extension, hand-back or redo it was; else who leads")


class DailyFigures(Model):
    """The sums of one local day of a centre: of the whole, and by field, area, agency, urgency and source, without zeros."""

    __tablename__ = "daily_figures"
    __table_args__ = (UniqueConstraint("centre_id", "dimension", "day", "subject"),)
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    day: Mapped[date]
    dimension: Mapped[str] = mapped_column(String(8), comment="all, field, area, agency, urgency, source")
    subject: Mapped[str] = mapped_column(String(16), comment="number of the row, or the word; empty: of the whole, or none yet")
    figures: Mapped[dict[str, Any]] = mapped_column(Json)


class StaleDay(Model):
    """A day whose facts have changed since its sums were made."""

    __tablename__ = "stale_day"
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class FactsProgress(Model):
    """How far the installation's events have been made into facts; one row."""

    __tablename__ = "facts_progress"
    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(server_default="0", comment="facts of every event up to this row are kept")
    at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    calendar_change_id: Mapped[int] = mapped_column(server_default="0", comment="office minutes are counted by every change up to this one")


class FiguresSnapshot(Referable, Model):
    """The figures of a period as they were when it was closed. Never changed; a correction is another snapshot."""

    __tablename__ = "figures_snapshot"
    __table_args__ = (
        CheckConstraint("period IN ('week', 'month', 'quarter', 'half_year', 'year', 'other')", name="period"),
        UniqueConstraint("centre_id", "since_at", "until_at", "number"),
        Index("ix_figures_snapshot_newest", "centre_id", "period", "until_at"),
    )
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    period: Mapped[str] = mapped_column(String(9))
    name: Mapped[str] = mapped_column(String(20), comment="2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026 or two days")
    since_at: Mapped[datetime] = mapped_column(comment="belongs to it")
    until_at: Mapped[datetime] = mapped_column(comment="does not belong to it any more")
    number: Mapped[int] = mapped_column(comment="1 as first frozen; each correction one more")
    content: Mapped[dict[str, Any]] = mapped_column(Json, comment="figures by dimension and subject, with the names of the day")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the content: verify compares")
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("figures_snapshot.id"))
    difference: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="of a correction: figure, before, after")
    reason: Mapped[str | None] = mapped_column(Text, comment="of a correction")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: by itself at the cut-off")
    made_at: Mapped[datetime]
    centre: Mapped[Centre] = relationship()
    made_by: Mapped[Account | None] = relationship()
