"""The state of the program: its running processes, its recurring jobs, and the last backup and verification."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Id, Json, Model

RUNNING = text("ended_at IS NULL")
WANTED = text("wanted_at IS NOT NULL")


class ProgramProcess(Model):
    """One process of the program. Without an end and unseen for minutes, it was killed, stopped, or cannot reach the database."""

    __tablename__ = "program_process"
    __table_args__ = (
        CheckConstraint("kind IN ('server', 'worker', 'demo')", name="kind"),
        Index("ix_program_process_running", "seen_at", sqlite_where=RUNNING, postgresql_where=RUNNING),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    host: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]
    version: Mapped[str] = mapped_column(String(40), comment="of the program")
    schema: Mapped[str] = mapped_column(String(20), comment="the newest migration it knows")
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(comment="when it said goodbye")
    slow_queries: Mapped[int] = mapped_column(server_default="0", comment="since it was started")
    memory: Mapped[int] = mapped_column(server_default="0", comment="resident bytes when last seen")
    clock_ahead_ms: Mapped[int] = mapped_column(server_default="0", comment="its machine's clock before the database's")


class RecurringJob(Model):
    """The last run of a recurring job, whichever worker ran it. Written in batches, a failure at once."""

    __tablename__ = "recurring_job"
    __table_args__ = (Index("ix_recurring_job_wanted", "wanted_at", sqlite_where=WANTED, postgresql_where=WANTED),)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(comment="of the last run that has ended")
    duration_ms: Mapped[int | None]
    result: Mapped[str | None] = mapped_column(String(20), comment="done, failed, or how many rows it was about")
    runs: Mapped[int] = mapped_column(server_default="0")
    run_ms: Mapped[int] = mapped_column(server_default="0", comment="milliseconds of all runs together")
    failures: Mapped[int] = mapped_column(server_default="0")
    failures_in_a_row: Mapped[int] = mapped_column(server_default="0")
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(80), comment="class of the last failure")
    error_place: Mapped[str | None] = mapped_column(String(200), comment="file and line where it arose, without values")
    next_at: Mapped[datetime | None] = mapped_column(comment="when the worker that reported last means to run it next")
    worker: Mapped[str | None] = mapped_column(String(100), comment="host and number of the process that ran it last")
    running_id: Mapped[int | None] = mapped_column(comment="the process that has claimed the present run; of jobs one worker does for all")
    wanted_at: Mapped[datetime | None] = mapped_column(comment="somebody pressed Run now")
    wanted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class UpkeepMark(Model):
    """When a maintenance command last ran."""

    __tablename__ = "upkeep_mark"
    __table_args__ = (CheckConstraint("kind IN ('backup', 'keys', 'verify', 'restore')", name="kind"),)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    done_at: Mapped[datetime]
    is_well: Mapped[bool] = mapped_column(Boolean)
    facts: Mapped[dict[str, Any]] = mapped_column(Json, comment="numbers of files, bytes, faults; ids of the keys saved")
    well_at: Mapped[datetime | None] = mapped_column(comment="when it last ended well")
