"""Rows of the rules as forms offer them: values read once and kept until the rules change (kept_with_rules.py)."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Select, or_, select

from casework.bilingual import Bilingual
from casework.db import db


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A named row in force from one day until another (exclusive). Its attributes are columns of its table."""

    id: int
    centre_id: int | None
    name_vi: str
    name_en: str
    valid_from: date
    valid_to: date | None

    @property
    def name(self) -> Bilingual:
        return Bilingual(self.name_vi, self.name_en)

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class KeyedRow(RuleRow):
    """A reason or a complexity."""

    key: str


@dataclass(frozen=True, slots=True)
class FieldRow(RuleRow):
    """A field of work."""

    service_code: str
    hint_vi: str
    hint_en: str
    allows_anonymous: bool

    @property
    def hint(self) -> Bilingual:
        return Bilingual(self.hint_vi, self.hint_en)


@dataclass(frozen=True, slots=True)
class AreaRow(RuleRow):
    """A commune or village."""

    ref: str
    level: str
    parent_id: int | None
    folded_name: str


@dataclass(frozen=True, slots=True)
class AgencyRow(RuleRow):
    ref: str
    key: str
    parent_id: int | None
    area_id: int | None
    phone: str | None
    short_name_vi: str
    short_name_en: str

    @property
    def short_name(self) -> Bilingual:
        return Bilingual(self.short_name_vi, self.short_name_en)


Row = TypeVar("Row", bound=RuleRow)


def columns_for(kind: type[Row], table: Any) -> Select[Any]:
    """A query for what a kind of row has of its table."""
    return select(*(getattr(table, each.name) for each in fields(kind)))


def rows_by(kind: type[Row], query: Select[Any]) -> tuple[Row, ...]:
    return tuple(kind(*row) for row in db.session.execute(query))


def own_before_shared(kind: type[Row], table: Any, centre_id: int | None, day: date, *, key: str) -> tuple[Row, ...]:
    """The rows of a list in force on a day, in order: a centre's own, and those of the installation it has not replaced (rules.md,
    section 8)."""
    query = columns_for(kind, table).where(or_(table.centre_id == centre_id, table.centre_id.is_(None)))
    rows = [row for row in rows_by(kind, query.order_by(table.position, table.id)) if row.holds_on(day)]
    own = {getattr(row, key) for row in rows if row.centre_id is not None}
    return tuple(row for row in rows if row.centre_id is not None or getattr(row, key) not in own)
