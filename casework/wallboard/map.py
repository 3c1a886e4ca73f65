"""The base of the wallboard's map: the communes of a centre as drawn paths, made from our own boundaries, over a schematic layer if one is
loaded."""

import math
from collections.abc import Callable, Iterable
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
from casework.wallboard.sketch import Box, Name, Path, names_of, paths_of

WIDTH, HEIGHT, MARGIN = 1000.0, 780.0, 60.0
"""The size of the drawing, in its own units."""
COARSE = 0.002
"""Degrees: finer bends of a boundary cannot be seen from five metres away."""
MOST_AREAS = 200
WIDE_LETTER = 19
"""Units of a letter of a commune's name."""
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
    paths: tuple[Path, ...] = ()
    names: tuple[Name, ...] = ()


def ground_of(centre_id: int, *, today: date, layer: Callable[[], bytes | None] = lambda: None) -> MapBase:
    """Return the communes of a centre that have a position; cached until a rule changes. One statement where it is not.

    `layer` reads the schematic layer (casework/places/sketches.py), None where none is loaded.
    """
    head, place = rules_head(), (str(db.engine.url), centre_id, today)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        for old in [each for each in _kept if each[:2] == place[:2]]:
            del _kept[old]
        kept = _kept[place] = (head, _drawn(centre_id, today, layer()))
    return kept[1]


def _drawn(centre_id: int, today: date, layer: bytes | None) -> MapBase:
    query = (
        select(Area)
        .where(Area.centre_id == centre_id, Area.level == "commune", Area.valid_from <= today)
        .where(or_(Area.valid_to.is_(None), Area.valid_to > today))
        .order_by(Area.folded_name, Area.id)
        .limit(MOST_AREAS)
        .options(undefer(Area.boundary))
    )
    areas = [(area, rings(area.boundary), _middle(area)) for area in db.session.scalars(query)]
    points = [point for _, lines, middle in areas for point in [*(each for ring in lines for each in ring), *([middle] if middle else [])]]
    if not points:
        return MapBase({})
    project, seen = projection(points)
    drawn = {}
    for area, lines, middle in areas:
        if middle or lines:
            x, y = project(*(middle or lines[0][0]))
            drawn[area.id] = Commune(area.name, x, y, path(project, lines))
    if layer is None or not any(commune.path for commune in drawn.values()):
        return MapBase(drawn)
    taken = [each for commune in drawn.values() for each in _of_commune(commune)]
    return MapBase(drawn, tuple(paths_of(layer, project, seen)), tuple(names_of(layer, project, taken, (WIDTH, HEIGHT))))


def _of_commune(commune: Commune) -> Iterable[Box]:
    """Where the pin and the name of a commune stand (templates/wallboard/picture.html)."""
    x, y, half = commune.x, commune.y, max(map(len, commune.name)) * WIDE_LETTER / 2
    return (x - 40, y - 40, x + 40, y + 40), (x - half, y + 42, x + half, y + 86)


def _middle(area: Area) -> tuple[float, float] | None:
    if area.longitude is not None and area.latitude is not None:
        return area.longitude, area.latitude
    if area.west is not None and area.east is not None and area.south is not None and area.north is not None:
        return (area.west + area.east) / 2, (area.south + area.north) / 2
    return None


def rings(boundary: dict[str, Any] | None, *, coarse: float = COARSE) -> list[list[tuple[float, float]]]:
    """The outer rings of a boundary, bends finer than `coarse` degrees left out; empty for an unreadable one."""
    if boundary is None:
        return []
    try:
        parts: Iterable[Any] = get_parts(shape(boundary).simplify(coarse))
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return [[(x, y) for x, y, *_ in part.exterior.coords] for part in parts if isinstance(part, Polygon) and not part.is_empty]


def projection(points: list[tuple[float, float]]) -> tuple[Any, Box]:
    """The projection of the drawing, and what of the earth is seen on it: west, south, east, north."""
    west, east = min(each[0] for each in points), max(each[0] for each in points)
    south, north = min(each[1] for each in points), max(each[1] for each in points)
    narrow = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * narrow, LEAST_SPAN), max(north - south, LEAST_SPAN)
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)

    def project(longitude: float, latitude: float) -> tuple[float, float]:
        x = WIDTH / 2 + (longitude - (west + east) / 2) * narrow * scale
        y = HEIGHT / 2 - (latitude - (south + north) / 2) * scale
        return round(x, 1), round(y, 1)

    # a television is wider than the drawing, whose ground goes on beside it
    across, up = 1.5 * WIDTH / scale / narrow, HEIGHT / scale
    middle = (west + east) / 2, (south + north) / 2
    return project, (middle[0] - across, middle[1] - up, middle[0] + across, middle[1] + up)


def path(project: Any, outline: list[list[tuple[float, float]]]) -> str:
    """What is drawn of an outline's rings."""
    lines = []
    for ring in outline:
        first, *rest = (project(*point) for point in ring)
        lines.append(f"M{first[0]} {first[1]}" + "".join(f"L{x} {y}" for x, y in rest) + "Z")
    return "".join(lines)
