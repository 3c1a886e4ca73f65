"""Tables of the studio: moves of open cases to another version, scenarios and rehearsals, and step times by month."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models import Account, Case, Centre
from workflows.models.running import ProcessVersion


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


BEFORE = "rows before and after, JSON, zstd, states of then; erased by quarantine, when the case ends and after 30 days"

FORETOLD = "elements of the new version, and whom the move tells; empty: not looked at"


class ProcessMove(Referable, Model):
    """A plan to move the open cases of one version to another, and its progress. Its cases are rows of MoveCase.

    `mapping` gives, by element of the source, where a token resting there goes: an element of the target, or null for nowhere. Elements it
    does not name go to the element of the same id and kind. `revision` counts changes of the plan; whoever changes it names the one they
    read.
    """

    __tablename__ = "process_move"
    __table_args__ = (
        CheckConstraint("state IN ('previewing', 'ready', 'moving', 'paused', 'done', 'undoing', 'undone', 'dropped')", name="state"),
        Index("ix_process_move_source", "source_id", "id"),
        Index("ix_process_move_target", "target_id", "id"),
        _partial("ix_process_move_at_work", "id", where="state IN ('previewing', 'moving', 'undoing')"),
    )
    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"))
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="whose cases alone; empty: of every centre")
    mapping: Mapped[dict[str, Any]] = mapped_column(Json)
    recomputes_limits: Mapped[bool] = mapped_column(server_default=false(), comment="limits of steps and timers begin anew")
    state: Mapped[str] = mapped_column(String(10))
    revision: Mapped[int] = mapped_column(server_default="1")
    reason: Mapped[str | None] = mapped_column(Text, comment="given when it is begun")
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    begun_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="who had all of it undone")
    ended_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None] = mapped_column(comment="a worker is at it")
    source: Mapped[ProcessVersion] = relationship(foreign_keys=[source_id])
    target: Mapped[ProcessVersion] = relationship(foreign_keys=[target_id])
    centre: Mapped[Centre | None] = relationship()
    made_by: Mapped[Account] = relationship(foreign_keys=[made_by_id])
    begun_by: Mapped[Account | None] = relationship(foreign_keys=[begun_by_id])


class MoveCase(Model):
    """One case of a plan: the result of the preview on a copy, what became of it, and its former rows, for undoing.

    `places` are the elements its tokens rest at, sorted; the cases of a plan are counted by them. `forecast` says where it will rest in the
    new version (`rests`), which steps it skips (`skips`) and whom the move notifies (`tells`); `came_to` is where it did come to rest.
    """

    __tablename__ = "process_move_case"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'moves', 'choice', 'cannot', 'moved', 'stayed', 'undone', 'gone')", name="state"),
        UniqueConstraint("move_id", "case_id"),
        Index("ix_process_move_case_state", "move_id", "state", "id"),
        Index("ix_process_move_case_case", "case_id"),
        _partial("ix_process_move_case_before", "id", where="before IS NOT NULL"),
    )
    id: Mapped[Id]
    move_id: Mapped[int] = mapped_column(ForeignKey("process_move.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    state: Mapped[str] = mapped_column(String(7))
    places: Mapped[list[Any]] = mapped_column(Json, server_default="[]")
    why_vi: Mapped[str | None] = mapped_column(Text)
    why_en: Mapped[str | None] = mapped_column(Text)
    forecast: Mapped[dict[str, Any] | None] = mapped_column(Json, comment=FORETOLD)
    came_to: Mapped[list[Any] | None] = mapped_column(Json, comment="elements of the new version it came to rest at")
    before: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, comment=BEFORE)
    previewed_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    move: Mapped[ProcessMove] = relationship()
    case: Mapped[Case] = relationship()


class Scenario(Referable, Model):
    """A recorded way through the process for rehearsals: acts and what they left to conditions, and where each came to rest.

    If recorded from a real case it holds outcomes and flags; values of drawn steps are replaced by others that lead the same way.
    """

    __tablename__ = "process_scenario"
    __table_args__ = (Index("ix_process_scenario_scope", "key", "centre_id", "id"),)
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40))
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"))
    name: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True, comment="the case it was recorded from")
    acts: Mapped[list[Any]] = mapped_column(Json)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: came with the software")
    made_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]
    made_by: Mapped[Account | None] = relationship()


class Rehearsal(Referable, Model):
    """A long-running request about a version, with its result: scenarios run, history replayed, or old cases compared.

    It is about the text at the time of the request (`sha256`): a draft saved since is rehearsed anew. Results hold counts and elements.
    """

    __tablename__ = "process_rehearsal"
    __table_args__ = (
        CheckConstraint("kind IN ('scenarios', 'history', 'conformance')", name="kind"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
        Index("ix_process_rehearsal_version", "version_id", "kind", "centre_id", "id"),
        Index("ix_process_rehearsal_centre", "kind", "centre_id", "id"),
        _partial("ix_process_rehearsal_at_work", "id", where="state IN ('waiting', 'running')"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(12))
    version_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"))
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="of whose cases; empty: of several or all")
    basis_id: Mapped[int | None] = mapped_column(ForeignKey("process_version.id"), comment="what it is measured against")
    sha256: Mapped[str] = mapped_column(String(64))
    wishes: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(8))
    done: Mapped[int] = mapped_column(server_default="0", comment="of `total`, while it runs")
    total: Mapped[int | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error_vi: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[ProcessVersion] = relationship(foreign_keys=[version_id])
    basis: Mapped[ProcessVersion | None] = relationship(foreign_keys=[basis_id])
    asked_by: Mapped[Account] = relationship()


class StepTimes(Model):
    """How long one step of one version took in one month, for one centre, field and agency; the heat map adds these up.

    `minutes` are the office minutes of each completed passage, ascending, as unsigned 32-bit integers, little endian, zstd, so medians and
    percentiles over any set of rows are exact. A passage counts in the month in which the step was left.
    """

    __tablename__ = "step_times"
    __table_args__ = (Index("ix_step_times_version", "version_id", "month_on"), Index("ix_step_times_month", "month_on", "centre_id"))
    id: Mapped[Id]
    month_on: Mapped[date] = mapped_column(comment="first local day of the month")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("process_version.id"))
    element: Mapped[str] = mapped_column(String(80))
    field_id: Mapped[int | None] = mapped_column(ForeignKey("field.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    passages: Mapped[int] = mapped_column(comment="done by somebody")
    late: Mapped[int]
    redone: Mapped[int] = mapped_column(comment="of the passages those that were not the first of their process")
    withdrawn: Mapped[int] = mapped_column(comment="left without being done; not among the passages")
    minutes: Mapped[bytes] = mapped_column(LargeBinary)
    counted_at: Mapped[datetime]
