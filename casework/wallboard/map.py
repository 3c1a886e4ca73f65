"""The base of the wallboard's map: the communes of a centre as drawn paths, made only from our own boundaries."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from shapely import Polygon, get_parts
from shapely.errors import ShapelyError
from shapely.geometry import shape
from sqlalchemy import or_, select
from sqlalchemy.orm import undefer

from casework.bilingual import Bilingual
from casework.calendars import rules_head
from casework.db import db
from casework.models import Area

WIDTH, HEIGHT, MARGIN = 1000.0, 780.0, 60.0
"""The size of the drawing, in its own units."""
COARSE = 0.002
"""Degrees: finer bends of a boundary cannot be seen from five metres away."""
MOST_AREAS = 200
LEAST_SPAN = 0.02
"""Degrees: a centre with a single point is not enlarged without limit."""

_kept: dict[tuple[str, int, date], tuple[str, "MapBase"]] = {}


@dataclass(frozen=True)
class Commune:
    """A commune on the drawing: its centre point, and its outline where one is stored."""

    name: Bilingual
    x: float
    y: float
    path: str


@dataclass(frozen=True)
class MapBase:
    """What is drawn below the pins, by area."""

    communes: dict[int, Commune]


def ground_of(centre_id: int, *, today: date) -> MapBase:
    """Return the communes of a centre that have a position; cached until a rule changes. One statement where it is not."""
    head, place = rules_head(), (str(db.engine.url), centre_id, today)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        for old in [each for each in _kept if each[:2] == place[:2]]:
            del _kept[old]
        kept = _kept[place] = (head, _drawn(centre_id, today))
    return kept[1]


def _drawn(centre_id: int, today: date) -> MapBase:
    query = (
        select(Area)
        .where(Area.centre_id == centre_id, Area.level == "commune", Area.valid_from <= today)
        .where(or_(Area.valid_to.is_(None), Area.valid_to > today))
        .order_by(Area.folded_name, Area.id)
        .limit(MOST_AREAS)
        .options(undefer(Area.boundary))
    )
    areas = [(area, _rings(area.boundary), _middle(area)) for area in db.session.scalars(query)]
    points = [point for _, rings, middle in areas for point in [*(each for ring in rings for each in ring), *([middle] if middle else [])]]
    if not points:
        return MapBase({})
    project = _projection(points)
    drawn = {}
    for area, rings, middle in areas:
        if middle or rings:
            x, y = project(*(middle or rings[0][0]))
            drawn[area.id] = Commune(area.name, x, y, _path(project, rings))
    return MapBase(drawn)


def _middle(area: Area) -> tuple[float, float] | None:
    if area.longitude is not None and area.latitude is not None:
        return area.longitude, area.latitude
    if area.west is not None and area.east is not None and area.south is not None and area.north is not None:
        return (area.west + area.east) / 2, (area.south + area.north) / 2
    return None


def _rings(boundary: dict[str, Any] | None) -> list[list[tuple[float, float]]]:
    """The outer rings of a boundary, simplified; empty for an unreadable one."""
    if boundary is None:
        return []
    try:
        parts: Iterable[Any] = get_parts(shape(boundary).simplify(COARSE))
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return [[(x, y) for x, y, *_ in part.exterior.coords] for part in parts if isinstance(part, Polygon) and not part.is_empty]


def _projection(points: list[tuple[float, float]]) -> Any:
    west, east = min(each[0] for each in points), max(each[0] for each in points)
    south, north = min(each[1] for each in points), max(each[1] for each in points)
    narrow = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * narrow, LEAST_SPAN), max(north - south, LEAST_SPAN)
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)

    def project(longitude: float, latitude: float) -> tuple[float, float]:
        x = WIDTH / 2 + (longitude - (west + east) / 2) * narrow * scale
        y = HEIGHT / 2 - (latitude - (south + north) / 2) * scale
        return round(x, 1), round(y, 1)

    return project


def _path(project: Any, rings: list[list[tuple[float, float]]]) -> str:
    lines = []
    for ring in rings:
        first, *rest = (project(*point) for point in ring)
        lines.append(f"M{first[0]} {first[1]}" + "".join(f"L{x} {y}" for x, y in rest) + "Z")
    return "".join(lines)
