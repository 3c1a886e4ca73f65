"""Centres, areas and agencies: dated, with many-to-many successors (rules.md, section 8)."""

from datetime import date
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship, validates

from casework.bilingual import Bilingual
from casework.db import Id, Json, Model, Referable
from casework.models.columns import Dated, Named
from casework.text import fold


class Centre(Referable, Named, Dated, Model):
    """One smart-operations centre; an installation hosts one or many."""

    __tablename__ = "centre"
    id: Mapped[Id]
    code_prefix: Mapped[str] = mapped_column(String(6), unique=True, comment="first part of every report code, e.g. LD")
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="takes reports whose place no centre holds")
    phone: Mapped[str | None] = mapped_column(String(20))
    case_clock_starts: Mapped[str] = mapped_column(String(10), server_default="filing", comment="filing or acceptance; frozen per case")
    anonymous_close_days: Mapped[int] = mapped_column(server_default="30")


class CodeCounter(Model):
    """The last report number given by a centre in a year; gaps are allowed, repeats are not."""

    __tablename__ = "code_counter"
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_number: Mapped[int]


class Area(Referable, Named, Dated, Model):
    """A province, district, commune or village. Official codes are attributes: they were re-used with another meaning on 01/07/2025."""

    __tablename__ = "area"
    __table_args__ = (
        Index("ix_area_centre_level", "centre_id", "level", "valid_from"),
        Index("ix_area_folded", "folded_name"),
        Index("ix_area_box", "south", "north", "west", "east"),
    )
    id: Mapped[Id]
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    level: Mapped[str] = mapped_column(String(10), comment="province, district, commune, village")
    official_code: Mapped[str | None] = mapped_column(String(10), index=True)
    folded_name: Mapped[str] = mapped_column(String(200))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    south: Mapped[float | None]
    north: Mapped[float | None]
    west: Mapped[float | None]
    east: Mapped[float | None]
    boundary: Mapped[dict[str, Any] | None] = deferred(mapped_column(Json, comment="GeoJSON geometry, WGS 84"))
    boundary_source: Mapped[str | None] = mapped_column(Text, comment="where the boundary comes from and under which licence")
    parent: Mapped["Area | None"] = relationship(remote_side="Area.id")


class AreaSuccession(Model):
    """From a day on, part or all of one area belongs to another."""

    __tablename__ = "area_succession"
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True, index=True)
    on: Mapped[date] = mapped_column("on_day")
    source: Mapped[str | None] = mapped_column(Text)


class Agency(Referable, Named, Dated, Model):
    """A body that answers: department, people's committee, police, utility company."""

    __tablename__ = "agency"
    __table_args__ = (
        Index("ix_agency_centre_key", "centre_id", "key", "valid_from", unique=True),
        Index("ix_agency_folded", "folded_name", "id"),
    )
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("agency.id"), index=True, comment="the next leader up when nobody here may approve"
    )
    key: Mapped[str] = mapped_column(String(40), comment="stable name used by routing.dmn")
    folded_name: Mapped[str] = mapped_column(String(300), server_default="", comment="both names without accents, to find and sort by")
    short_name_vi: Mapped[str] = mapped_column(String(80))
    short_name_en: Mapped[str] = mapped_column(String(80))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    phone: Mapped[str | None] = mapped_column(String(20))
    centre: Mapped[Centre] = relationship()

    @validates("name_vi", "short_name_vi")
    def _fold_name(self, column: str, name: str) -> str:
        other = (self.short_name_vi if column == "name_vi" else self.name_vi) or ""
        self.folded_name = fold(f"{name} {other}" if column == "name_vi" else f"{other} {name}")
        return name

    @property
    def short_name(self) -> Bilingual:
        return Bilingual(self.short_name_vi, self.short_name_en)


class AgencySuccession(Model):
    """From a day on, the work of one agency is done by another."""

    __tablename__ = "agency_succession"
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True, index=True)
    on: Mapped[date] = mapped_column("on_day")
    source: Mapped[str | None] = mapped_column(Text)
