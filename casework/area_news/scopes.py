"""What somebody follows: a commune or a circle, a field, or a field within one of these; and the squares by which circles are found.

A case lies in a circle only where a publication shows its exact place: of all others the public knows the commune alone, and who followed
several small circles could otherwise work out where they are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from math import floor

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area, AreaSubscription
from casework.places.former_areas import other_area_ids
from casework.places.in_words import position_in_words
from casework.places.points import rounded

RADII = (500, 1_000, 3_000)
"""Metres."""
CELL = 0.04
"""Degrees: nowhere in the country narrower than the longest radius, so that a circle around a middle in one square ends in its neighbours.
"""
COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Scope:
    """The middle of a circle is rounded as the place of a case is: it may be somebody's home."""

    area_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_m: int | None = None
    field_code: str | None = None

    @property
    def kind(self) -> str:
        """By what it is found. Raises ValueError for nothing, for a commune and a circle, and for a circle of another size."""
        is_circle = self.latitude is not None and self.longitude is not None and self.radius_m in RADII
        if (self.area_id is not None and self.radius_m is not None) or (self.radius_m is not None and not is_circle):
            raise ValueError("one commune or one circle")
        if self.area_id is None and not is_circle and not self.field_code:
            raise ValueError("a commune, a circle or a field")
        return "area" if self.area_id is not None else "circle" if is_circle else "field"

    @property
    def word(self) -> str:
        """The same for the same."""
        parts = (self.kind, self.area_id, self.latitude, self.longitude, self.radius_m, self.field_code)
        return ":".join("" if part is None else str(part) for part in parts)


def circle(latitude: float, longitude: float, radius_m: int, field_code: str | None = None) -> Scope:
    """A circle around a rounded middle."""
    middle = rounded(latitude, longitude)
    return Scope(latitude=middle[0], longitude=middle[1], radius_m=radius_m, field_code=field_code)


def scope_of(row: AreaSubscription) -> Scope:
    return Scope(row.area_id, row.latitude, row.longitude, row.radius_m, row.field_code)


def cell_of(latitude: float, longitude: float) -> int:
    return floor((latitude + 90) / CELL) * COLUMNS + floor((longitude + 180) / CELL)


def cells_around(cell: int) -> list[int]:
    """A square and its eight neighbours."""
    return [cell + row * COLUMNS + column for row in (-1, 0, 1) for column in (-1, 0, 1)]


def areas_meant(area_id: int) -> Collection[int]:
    """A commune with those it came from and those it went into: a reorganisation does not end what somebody follows."""
    return [area_id, *other_area_ids(area_id)]


def scope_words(scope: Scope, *, on: date, field: Bilingual | None) -> Bilingual:
    """What is followed, as people read it. `field` is the field's name."""
    if scope.kind == "area":
        area = db.session.get(Area, scope.area_id)
        place = area.name if area is not None else Bilingual("…", "…")
    elif scope.kind == "circle":
        place = _circle_words(scope, on)
    else:
        return Bilingual(f"Lĩnh vực {field.vi if field else '…'}", f"Field {field.en if field else '…'}")
    if not scope.field_code:
        return place
    return Bilingual(f"{place.vi}, lĩnh vực {field.vi if field else '…'}", f"{place.en}, field {field.en if field else '…'}")


def radius_words(radius_m: int) -> str:
    return f"{radius_m} m" if radius_m < 1_000 else f"{radius_m // 1_000} km"


def _circle_words(scope: Scope, on: date) -> Bilingual:
    far = radius_words(scope.radius_m or 0)
    told = position_in_words(scope.latitude or 0, scope.longitude or 0, on=on, area_id=None)
    if not told:
        return Bilingual(f"{far} quanh điểm đã chọn", f"{far} around the chosen point")
    return Bilingual(f"{far} quanh: {told.words.vi}", f"{far} around: {told.words.en}")
