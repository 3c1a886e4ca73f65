"""Tables of the process: versions of a model, instances and their tokens, and the flat rows that inbox and worker read."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.lateness import is_late
from casework.models import Account, Assignment, Case

FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""The due instant of a step without a running limit, so that sorted lists put it last."""


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class ProcessVersion(Referable, Model):
    """One version of a model or decision table. A draft's text changes with each save; from `checked` on it never does.

    Without a centre it applies to the whole installation. Who did what to it, and why, is in the event stream of its scope.
    """

    __tablename__ = "process_version"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'checked', 'approved', 'live', 'retired')", name="state"),
        UniqueConstraint("key", "centre_id", "number"),
        _partial("ix_process_version_number", "key", "number", where="centre_id IS NULL", unique=True),
        _partial("ix_process_version_live", "key", "centre_id", where="state = 'live' AND centre_id IS NOT NULL", unique=True),
        _partial("ix_process_version_live_everywhere", "key", where="state = 'live' AND centre_id IS NULL", unique=True),
    )
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40), comment="field_report")
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(8))
    xml: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    note: Mapped[str | None] = mapped_column(Text, comment="what was changed and why")
    base_id: Mapped[int | None] = mapped_column(ForeignKey("process_version.id"), comment="the version it was drawn from")
    revision: Mapped[int] = mapped_column(server_default="1", comment="counts the saves of a draft: who saves names the one they read")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: came with the software")
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="who saved the present text")
    saved_page: Mapped[str | None] = mapped_column(String(32), comment="the open editor that saved it, by a random name")
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None] = mapped_column(comment="when it was found clean and handed in to be approved")
    approved_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    author: Mapped[Account | None] = relationship(foreign_keys=[author_id])
    approver: Mapped[Account | None] = relationship(foreign_keys=[approver_id])
    saved_by: Mapped[Account | None] = relationship(foreign_keys=[saved_by_id])


OF_THE_CASE = "case"
"""The key of the case's own process."""


class ProcessInstance(Model):
    """One running process: of a case, or of one agency's assignment in it."""

    __tablename__ = "process_instance"
    __table_args__ = (
        CheckConstraint("process_id IN ('case', 'assignment')", name="process_id"),
        CheckConstraint("status IN ('running', 'ended', 'suspended', 'incident')", name="status"),
        CheckConstraint("(process_id = 'assignment') = (assignment_id IS NOT NULL)", name="subject"),
        _partial("ix_process_instance_own", "case_id", where="assignment_id IS NULL", unique=True),
        Index("ix_process_instance_case", "case_id"),
        Index("ix_process_instance_status", "status", "version_id"),
        _partial("ix_process_instance_ended", "ended_at", "id", where="assignment_id IS NULL AND ended_at IS NOT NULL"),
    )
    id: Mapped[Id]
    process_id: Mapped[str] = mapped_column(String(12))
    version_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), unique=True)
    state: Mapped[bytes] = mapped_column(LargeBinary, comment="task tree without the specification: JSON, zstd")
    status: Mapped[str] = mapped_column(String(9))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    # unnested: behind an outer join SQLite would read the whole table of instances for a join in brackets
    process_version: Mapped[ProcessVersion] = relationship(lazy="joined", innerjoin="unnested")  # type: ignore[arg-type]  # the library takes it, its annotation does not
    case: Mapped[Case] = relationship()
    assignment: Mapped[Assignment | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def key(self) -> str:
        """Its name in addresses: the ref of its assignment, or OF_THE_CASE."""
        return self.assignment.ref if self.assignment else OF_THE_CASE

    @property
    def subject(self) -> Case | Assignment:
        return self.assignment or self.case


class WaitingTask(Referable, Model):
    """A step that waits for a person, or did. The inbox reads only this table; frozen steps wait until their case resumes."""

    __tablename__ = "waiting_task"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'frozen', 'done', 'withdrawn')", name="state"),
        UniqueConstraint("instance_id", "engine_task"),
        Index("ix_waiting_task_inbox", "desk", "state", "due_at", "id"),
        Index("ix_waiting_task_centre", "centre_id", "state", "due_at", "id"),
        Index("ix_waiting_task_agency", "agency_id", "state", "due_at", "id"),
        Index("ix_waiting_task_case", "case_id", "state"),
        Index("ix_waiting_task_claimed", "claimed_by_id", "state", "due_at"),
        _partial("ix_waiting_task_done", "done_by_id", "done_at", where="done_at IS NOT NULL"),
        _partial("ix_waiting_task_version", "version_id", "element", where="state IN ('waiting', 'frozen')"),
    )
    id: Mapped[Id]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"), comment="copy of the instance's, to count open steps by")
    engine_task: Mapped[str] = mapped_column(String(36))
    element: Mapped[str] = mapped_column(String(80))
    desk: Mapped[str] = mapped_column(String(40), comment="role and place, e.g. operator@3, agency_leader@a17, reporter@c52")
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    urgent: Mapped[bool] = mapped_column(Boolean, server_default=false())
    due_at: Mapped[datetime] = mapped_column(comment="copy of the limit of this step; FAR when none runs, so that lists sort by it")
    state: Mapped[str] = mapped_column(String(9))
    entered_at: Mapped[datetime]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    claimed_at: Mapped[datetime | None]
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="who gave it to the claimant; empty: taken")
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    outcome: Mapped[str | None] = mapped_column(String(40))
    instance: Mapped[ProcessInstance] = relationship()
    case: Mapped[Case] = relationship()
    assignment: Mapped[Assignment | None] = relationship()
    claimed_by: Mapped[Account | None] = relationship(foreign_keys=[claimed_by_id])
    assigned_by: Mapped[Account | None] = relationship(foreign_keys=[assigned_by_id])
    done_by: Mapped[Account | None] = relationship(foreign_keys=[done_by_id])

    @property
    def limit(self) -> datetime | None:
        """The instant from which the step is late; None when no limit runs for it."""
        return None if self.due_at == FAR else self.due_at

    def is_late(self, now: datetime) -> bool:
        """Whether the step is late. Steps of cases counted apart never are (casework.open_cases)."""
        return is_late(self.due_at, self.done_at or now) and not self.case.is_unconfirmed


class Timer(Model):
    """A waiting timer of an instance and when it is due; the worker wakes only what this table names."""

    __tablename__ = "process_timer"
    __table_args__ = (
        UniqueConstraint("instance_id", "engine_task"),
        _partial("ix_process_timer_due", "due_at", "id", where="ended_at IS NULL"),
    )
    id: Mapped[Id]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    engine_task: Mapped[str] = mapped_column(String(36))
    element: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    fired_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(comment="fired, or its step was done first")
    instance: Mapped[ProcessInstance] = relationship()


class Message(Model):
    """A message to an instance, kept until it is delivered, so that nothing is lost if nothing waits for it yet."""

    __tablename__ = "process_message"
    __table_args__ = (_partial("ix_process_message_open", "case_id", "id", where="delivered_at IS NULL"),)
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    target_process: Mapped[str] = mapped_column(String(12))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(Json, comment="ids and flags only")
    sent_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    superseded: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="no longer true when it could be delivered")
    attempts: Mapped[int] = mapped_column(server_default="0")


class Incident(Referable, Model):
    """A failed step: the instance is as it was before, and the step can be retried."""

    __tablename__ = "incident"
    __table_args__ = (_partial("ix_incident_open", "occurred_at", where="resolved_at IS NULL"),)
    id: Mapped[Id]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8), comment="step, timer or message: what was being done")
    engine_task: Mapped[str | None] = mapped_column(String(36))
    element: Mapped[str] = mapped_column(String(80))
    error_class: Mapped[str] = mapped_column(String(80))
    error_text: Mapped[str] = mapped_column(String(500), comment="where it failed; never the values at hand")
    state_before: Mapped[bytes] = mapped_column(LargeBinary)
    status_before: Mapped[str] = mapped_column(String(9))
    occurred_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="1")
    history: Mapped[list[Any]] = mapped_column(server_default="[]", comment="the newest attempts: instant, class, place, account id")
    last_attempt_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    instance: Mapped[ProcessInstance] = relationship()


class StepFact(Model):
    """How long one step took, for the heat map and the statistics."""

    __tablename__ = "step_fact"
    __table_args__ = (UniqueConstraint("instance_id", "engine_task"), Index("ix_step_fact_element", "version_id", "element", "left_at"))
    id: Mapped[Id]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    engine_task: Mapped[str] = mapped_column(String(36))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"))
    element: Mapped[str] = mapped_column(String(80))
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None] = mapped_column(index=True)
    working_minutes: Mapped[int | None] = mapped_column(comment="office minutes between the two")
