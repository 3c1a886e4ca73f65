"""What figures cover and how they are broken down: scopes, dimensions and their subjects with labels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Agency, Area, Field
from reports.statistics.periods import label_of

WHOLE = ""
"""The subject of everything together."""

NOT_YET = "none"
"""The subject of cases that have no field, place or agency yet."""

MONTH_NAME = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
"""The subject of a month; other subjects in addresses do not match."""


class Dimension(StrEnum):
    """How figures are broken down."""

    FIELD = "field"
    AREA = "area"
    AGENCY = "agency"
    URGENCY = "urgency"
    SOURCE = "source"
    MONTH = "month"


DIMENSION_NAMES: dict[Dimension, Bilingual] = {
    Dimension.FIELD: Bilingual("Lĩnh vực", "Field"),
    Dimension.AREA: Bilingual("Địa bàn", "Area"),
    Dimension.AGENCY: Bilingual("Đơn vị chủ trì", "Leading agency"),
    Dimension.URGENCY: Bilingual("Mức khẩn", "Urgency"),
    Dimension.SOURCE: Bilingual("Nguồn", "Source"),
    Dimension.MONTH: Bilingual("Tháng", "Month"),
}

NOTHING_YET: dict[Dimension, Bilingual] = {
    Dimension.FIELD: Bilingual("Chưa phân loại", "Not classified yet"),
    Dimension.AREA: Bilingual("Chưa rõ địa bàn", "Place not known yet"),
    Dimension.AGENCY: Bilingual("Chưa giao đơn vị", "No agency yet"),
}

WORDS: dict[Dimension, dict[str, Bilingual]] = {
    Dimension.URGENCY: {"urgent": Bilingual("Khẩn", "Urgent"), "normal": Bilingual("Thường", "Normal")},
    Dimension.SOURCE: {
        "citizen": Bilingual("Người dân", "Citizens"),
        "phone": Bilingual("Điện thoại", "Telephone"),
        "camera": Bilingual("Camera", "Cameras"),
    },
}

COLUMNS = {
    Dimension.FIELD: "field_id", Dimension.AREA: "area_id", Dimension.AGENCY: "agency_id", Dimension.URGENCY: "urgency",
    Dimension.SOURCE: "source",
}  # fmt: skip
"""The column of a fact for each dimension; months are told apart by instants."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose facts count: those of these centres that pass the filters."""

    centre_ids: tuple[int, ...]
    agency_id: int | None = None
    field_id: int | None = None
    area_id: int | None = None
    urgency: str | None = None
    source: str | None = None


def names_of(dimension: Dimension, subjects: Iterable[str]) -> dict[str, Bilingual]:
    """Labels of subjects, in display order: never a ranking."""
    asked = set(subjects) - {WHOLE}
    names: dict[str, Bilingual] = {}
    if dimension == Dimension.FIELD:
        fields = select(Field).where(Field.service_code.in_(asked)).order_by(Field.position, Field.valid_from.desc(), Field.id)
        for field in db.session.scalars(fields):
            names.setdefault(field.service_code, field.name)
    elif dimension == Dimension.AREA:
        areas = select(Area).where(Area.ref.in_(asked)).order_by(Area.folded_name, Area.id)
        names = {area.ref: area.name for area in db.session.scalars(areas)}
    elif dimension == Dimension.AGENCY:
        agencies = select(Agency).where(Agency.ref.in_(asked)).order_by(Agency.folded_name, Agency.id)
        names = {agency.ref: agency.name for agency in db.session.scalars(agencies)}
    elif dimension == Dimension.MONTH:
        names = {name: label_of(name) for name in sorted(asked) if MONTH_NAME.fullmatch(name)}
    else:
        names = {word: name for word, name in WORDS[dimension].items() if word in asked}
    if NOT_YET in asked:
        names[NOT_YET] = NOTHING_YET[dimension]
    return names


def subjects_of(dimension: Dimension, values: set[Any]) -> dict[Any, str]:
    if dimension in (Dimension.URGENCY, Dimension.SOURCE):
        return {value: value for value in values}
    id_column, name = OUTSIDE[dimension]
    rows = db.session.execute(select(id_column, name).where(id_column.in_([value for value in values if value is not None])))
    return {None: NOT_YET, **{row[0]: row[1] for row in rows}}


OUTSIDE: dict[Dimension, tuple[Any, Any]] = {
    Dimension.FIELD: (Field.id, Field.service_code),
    Dimension.AREA: (Area.id, Area.ref),
    Dimension.AGENCY: (Agency.id, Agency.ref),
}
"""The public name of a row, instead of its row number."""
