"""Reorganisations: the plan, and every row it changed, so that it can be undone within the day (rules.md, section 8)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable


class Reorganisation(Referable, Model):
    """Which areas, agencies and centres are succeeded by which from a local day on."""

    __tablename__ = "reorganisation"
    __table_args__ = (CheckConstraint("state IN ('draft', 'doing', 'done', 'undone')", name="state"),)
    id: Mapped[Id]
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="whose bodies it changes; empty: of the installation")
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(Text, comment="the act that orders it, with number and day")
    on: Mapped[date] = mapped_column("on_day")
    state: Mapped[str] = mapped_column(String(8), server_default="draft", comment="doing: bodies and people are moved, cases follow")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    done_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None]
    last_case_id: Mapped[int] = mapped_column(server_default="0", comment="cases up to this row have been moved")
    last_indexed_id: Mapped[int] = mapped_column(server_default="0", comment="search rows of cases up to this row know the new names")
    put_off: Mapped[list[Any]] = mapped_column(Json, default=list, server_default="[]", comment="cases to be tried again")
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}", comment="what was moved, by kind")
    version: Mapped[int] = mapped_column(server_default="1")
    steps: Mapped[list["ReorganisationStep"]] = relationship(order_by="ReorganisationStep.id", cascade="all, delete-orphan")

    __mapper_args__ = {"version_id_col": version}


class ReorganisationStep(Model):
    """One line of the plan: a predecessor and its successor. Several lines of one predecessor split it, several of one successor merge
    them."""

    __tablename__ = "reorganisation_step"
    __table_args__ = (CheckConstraint("kind IN ('area', 'agency', 'centre', 'person')", name="kind"),)
    id: Mapped[Id]
    reorganisation_id: Mapped[int] = mapped_column(ForeignKey("reorganisation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    predecessor_id: Mapped[int] = mapped_column(comment="row of area, agency or centre; of membership for a person")
    successor_id: Mapped[int | None] = mapped_column(comment="the same; for a person of agency or centre; empty: ends without a successor")
    by_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), comment="this line takes the cases whose place lies there")
    is_main: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="takes what no line claims by place, and people")


class CaseSuccession(Model):
    """The successor that reads the closed cases an ended centre or agency left, which no reorganisation moves: by the case's place."""

    __tablename__ = "case_succession"
    __table_args__ = (CheckConstraint("kind IN ('agency', 'centre')", name="kind"),)
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    predecessor_id: Mapped[int] = mapped_column(comment="row of agency or centre")
    successor_id: Mapped[int] = mapped_column(comment="the same")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), comment="empty: every place no other row of the predecessor names")


class ReorganisationChange(Model):
    """One row before and after, in the order of the changes."""

    __tablename__ = "reorganisation_change"
    __table_args__ = (Index("ix_reorganisation_change_order", "reorganisation_id", "id"),)
    id: Mapped[Id]
    reorganisation_id: Mapped[int] = mapped_column(ForeignKey("reorganisation.id"))
    table_name: Mapped[str] = mapped_column(String(60))
    row_key: Mapped[dict[str, Any]] = mapped_column(Json)
    before: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="changed columns; empty: the row was added")
    after: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="changed columns; empty: the row was removed")
