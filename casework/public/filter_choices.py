"""The choices of the public list's filters: fields, present and former communes, centres. Cached until the rules change."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area, Centre, Field
from casework.reading.kept_with_rules import kept_with_rules


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: its value in the address, and its name."""

    value: str
    name: Bilingual


@dataclass(frozen=True, slots=True)
class Choices:
    """All choices of a day. A single centre is no choice."""

    fields: tuple[Choice, ...]
    communes: tuple[Choice, ...]
    former: tuple[Choice, ...]
    centres: tuple[Choice, ...]

    @property
    def is_of_several_centres(self) -> bool:
        return len(self.centres) > 1


@kept_with_rules
def choices_on(day: date) -> Choices:
    holds = (Field.valid_from <= day, or_(Field.valid_to.is_(None), Field.valid_to > day))
    fields: dict[str, Choice] = {}
    for row in db.session.scalars(select(Field).where(*holds).order_by(Field.position, Field.centre_id.is_not(None), Field.id)):
        # a field worded by several centres is listed once
        fields.setdefault(row.service_code, Choice(row.service_code, row.name))
    columns = (Area.ref, Area.name_vi, Area.name_en, Area.valid_to)
    communes = db.session.execute(select(*columns).where(Area.level == "commune", Area.valid_from <= day).order_by(Area.folded_name)).all()
    centres = db.session.scalars(select(Centre).order_by(Centre.is_default.desc(), Centre.name_vi, Centre.id))
    now = tuple(_area(row) for row in communes if row.valid_to is None or row.valid_to > day)
    before = tuple(_area(row) for row in communes if row.valid_to is not None and row.valid_to <= day)
    return Choices(tuple(fields.values()), now, before, tuple(Choice(row.ref, row.name) for row in centres))


def _area(row: Any) -> Choice:
    return Choice(row.ref, Bilingual(row.name_vi, row.name_en))
