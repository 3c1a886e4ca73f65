"""Records required by the law on personal data: erasures, the register of processing, breaches."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.columns import Dated, Named, Scoped
from casework.models.people import Account
from casework.models.places import Centre
from casework.models.reports import Report

UNTOLD = text("told IS NULL")


class Forgotten(Model):
    """One account, report or case that was erased or quarantined, to be repeated after an older backup is restored.

    Only refs: the row identifies nobody outside the database it belongs to.
    """

    __tablename__ = "forgotten"
    __table_args__ = (
        CheckConstraint("kind IN ('account', 'report', 'quarantine', 'hand_over', 'area')", name="kind"),
        UniqueConstraint("kind", "subject"),
        Index("ix_forgotten_at", "at", "id"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(10), comment="what was done")
    subject: Mapped[str] = mapped_column(String(16), comment="ref of the account, report or case, or of what was followed")
    at: Mapped[datetime]


class ProcessingActivity(Scoped, Named, Dated, Model):
    """One row of the register of processing: what is done with personal data and why, from a day on. A change is another row."""

    __tablename__ = "processing_activity"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40), index=True)
    position: Mapped[int]
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    data_kinds: Mapped[str] = mapped_column(Text)
    people: Mapped[str] = mapped_column(Text, comment="kinds of people whose data they are")
    recipients: Mapped[str] = mapped_column(Text)
    kept_by: Mapped[str | None] = mapped_column(String(40), comment="the single value that says how long; empty: the words alone")
    kept: Mapped[str] = mapped_column(Text, comment="how long, in words")
    protection: Mapped[str] = mapped_column(Text)
    answers_for_it: Mapped[str] = mapped_column(String(200))


class Breach(Referable, Model):
    """A breach of personal data. Findings and measures are rows of their own, added once and never changed."""

    __tablename__ = "breach"
    __table_args__ = (
        CheckConstraint("kind IN ('account', 'export', 'backup', 'key', 'page', 'other')", name="kind"),
        Index("ix_breach_opened", "opened_at", "id"),
    )
    id: Mapped[Id]
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="empty: of the whole installation")
    kind: Mapped[str] = mapped_column(String(8))
    noticed_at: Mapped[datetime]
    authority_due_at: Mapped[datetime] = mapped_column(comment="the first instant at which the notice to the authority is late")
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    centre: Mapped[Centre | None] = relationship()
    descriptions: Mapped[list["BreachDescription"]] = relationship(order_by="BreachDescription.id")
    steps: Mapped[list["BreachStep"]] = relationship(order_by="BreachStep.id")
    searches: Mapped[list["BreachSearch"]] = relationship(order_by="BreachSearch.id")

    @property
    def description(self) -> "BreachDescription":
        """The newest description."""
        return self.descriptions[-1]


class BreachDescription(Model):
    """A description of a breach at a moment, in its writer's words; the newest applies. It names no citizen."""

    __tablename__ = "breach_description"
    id: Mapped[Id]
    breach_id: Mapped[int] = mapped_column(ForeignKey("breach.id"), index=True)
    happened: Mapped[str] = mapped_column(Text)
    data_kinds: Mapped[str] = mapped_column(Text)
    consequences: Mapped[str] = mapped_column(Text)
    measures: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(String(300), comment="whom the authority and the people may ask")
    written_at: Mapped[datetime]
    written_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    written_by: Mapped[Account] = relationship()


class BreachStep(Model):
    """A notice that was sent, or the closing of the breach, with its number or outcome."""

    __tablename__ = "breach_step"
    __table_args__ = (CheckConstraint("kind IN ('authority', 'people', 'closed')", name="kind"),)
    id: Mapped[Id]
    breach_id: Mapped[int] = mapped_column(ForeignKey("breach.id"), index=True)
    kind: Mapped[str] = mapped_column(String(9))
    at: Mapped[datetime] = mapped_column(comment="when it happened")
    words: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_by: Mapped[Account] = relationship()


class BreachSearch(Model):
    """One search for affected people: its method and subject, and how many reports and accounts it added."""

    __tablename__ = "breach_search"
    id: Mapped[Id]
    breach_id: Mapped[int] = mapped_column(ForeignKey("breach.id"), index=True)
    way: Mapped[str] = mapped_column(String(8))
    facts: Mapped[dict[str, Any]] = mapped_column(Json, comment="refs, codes and instants it was worked out by")
    found: Mapped[int] = mapped_column(comment="reports and accounts it came upon, known before or not")
    added: Mapped[int]
    made_at: Mapped[datetime]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_by: Mapped[Account] = relationship()


class BreachSubject(Model):
    """One report whose sender, or one citizen's account whose owner, is affected."""

    __tablename__ = "breach_subject"
    __table_args__ = (
        CheckConstraint("(report_id IS NULL) <> (account_id IS NULL)", name="one_subject"),
        UniqueConstraint("breach_id", "report_id"),
        UniqueConstraint("breach_id", "account_id"),
        Index("ix_breach_subject_untold", "breach_id", "id", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
        Index("ix_breach_subject_breach", "breach_id", "id"),
    )
    id: Mapped[Id]
    breach_id: Mapped[int] = mapped_column(ForeignKey("breach.id"))
    search_id: Mapped[int] = mapped_column(ForeignKey("breach_search.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    told: Mapped[bool | None] = mapped_column(Boolean, comment="whether the person was written to; no: there is no way; empty: not yet")
    told_at: Mapped[datetime | None]
    report: Mapped[Report | None] = relationship()
    account: Mapped[Account | None] = relationship()
