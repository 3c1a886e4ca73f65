"""Agencies' answers, their leaders' decisions, and requests for more time or for release. Rows are appended, never changed."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable
from casework.models.cases import Assignment
from casework.models.people import Account
from casework.models.places import Agency


class Answer(Referable, Model):
    """One version of an agency's text: what was found, what was done, what remains, whom to ask (domain.md, 5.5)."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("assignment_id", "version"),)
    id: Mapped[Id]
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    version: Mapped[int]
    findings: Mapped[str] = mapped_column(Text)
    actions: Mapped[str] = mapped_column(Text)
    remaining: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(String(200))
    no_photo_reason: Mapped[str | None] = mapped_column(String(300))
    author_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    author_for_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="the principal, when a deputy wrote it")
    submitted_at: Mapped[datetime]
    assignment: Mapped[Assignment] = relationship(back_populates="answers")
    author: Mapped[Account] = relationship(foreign_keys=[author_id])
    decision: Mapped["Decision | None"] = relationship(back_populates="answer")

    @property
    def is_approved(self) -> bool:
        """Whether a leader has approved it."""
        return self.decision is not None and self.decision.verdict == "approve"


class Decision(Model):
    """The leader's verdict on one version of an answer."""

    __tablename__ = "decision"
    __table_args__ = (CheckConstraint("verdict IN ('approve', 'redo')", name="verdict"),)
    id: Mapped[Id]
    answer_id: Mapped[int] = mapped_column(ForeignKey("answer.id"), unique=True)
    verdict: Mapped[str] = mapped_column(String(8))
    instructions: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    decided_for_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime]
    answer: Mapped[Answer] = relationship(back_populates="decision")
    decided_by: Mapped[Account] = relationship(foreign_keys=[decided_by_id])


class Extension(Referable, Model):
    """More time asked for, endorsed by the agency's leader, decided by the centre or the committee."""

    __tablename__ = "extension"
    id: Mapped[Id]
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), index=True)
    number: Mapped[int] = mapped_column(comment="first or second of the case")
    reason: Mapped[str] = mapped_column(Text)
    until_on: Mapped[date] = mapped_column(comment="last local day in time")
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    requested_at: Mapped[datetime]
    endorsed: Mapped[bool | None]
    endorsed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    endorsed_at: Mapped[datetime | None]
    granted: Mapped[bool | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    decision_words: Mapped[str | None] = mapped_column(Text)
    old_due_at: Mapped[datetime | None]
    new_due_at: Mapped[datetime | None]


class HandBack(Model):
    """An agency's statement that the matter is not its own; the centre decides."""

    __tablename__ = "hand_back"
    id: Mapped[Id]
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    suggested_agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    handed_back_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    handed_back_at: Mapped[datetime]
    upheld: Mapped[bool | None] = mapped_column(comment="true: the agency is released; false: it stays")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    decision_words: Mapped[str | None] = mapped_column(Text)
    suggested_agency: Mapped[Agency | None] = relationship()
