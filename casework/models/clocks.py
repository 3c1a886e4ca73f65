"""Running time limits, their pauses and the reminders already sent."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model
from casework.lateness import is_late


class Clock(Model):
    """One time limit. `due_at` is one UTC instant, the first late one."""

    __tablename__ = "clock"
    __table_args__ = (
        CheckConstraint("unit IN ('minutes', 'hours', 'working_hours', 'working_days', 'calendar_days')", name="unit"),
        Index("ix_clock_case_kind", "case_id", "kind"),
        Index("ix_clock_remind_at", "remind_at", sqlite_where=text("remind_at IS NOT NULL"),
              postgresql_where=text("remind_at IS NOT NULL")),
        Index("ix_clock_due_running", "due_at", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publication.id"))
    kind: Mapped[str] = mapped_column(String(20), comment="casework.clocks.acts.ClockKind")
    element: Mapped[str | None] = mapped_column(String(80), comment="the step of a process it times; of kind step only")
    round: Mapped[int] = mapped_column(server_default="0")
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("clock_rule.id"), comment="the dated rule row it was started under")
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(String(14))
    started_at: Mapped[datetime]
    first_due_at: Mapped[datetime] = mapped_column(comment="as first promised; in time before extension is judged by it")
    due_at: Mapped[datetime | None] = mapped_column(comment="empty while paused without an end")
    extended_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None] = mapped_column(comment="when the next rung of the reminder ladder is reached")
    ended_at: Mapped[datetime | None]
    ended_late: Mapped[bool | None]
    pauses: Mapped[list["ClockPause"]] = relationship(back_populates="clock", order_by="ClockPause.id")

    @property
    def is_paused(self) -> bool:
        """Whether a pause is open."""
        return any(pause.until is None for pause in self.pauses)

    def is_late(self, now: datetime) -> bool:
        """The same test for open and ended clocks."""
        return is_late(self.due_at, self.ended_at or now)


class ClockPause(Model):
    """A period in which a limit was paused."""

    __tablename__ = "clock_pause"
    id: Mapped[Id]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)
    reason: Mapped[str] = mapped_column(String(20), comment="question, hold, referral")
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    due_before: Mapped[datetime | None] = mapped_column(comment="the due instant as it stood when the pause began")
    clock: Mapped[Clock] = relationship(back_populates="pauses")


class Reminder(Model):
    """A rung of the reminder ladder already climbed, so that it is not climbed again."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("clock_id", "rule_id"),)
    id: Mapped[Id]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    rule_id: Mapped[int] = mapped_column(ForeignKey("reminder_rule.id"))
    reminded_at: Mapped[datetime]
