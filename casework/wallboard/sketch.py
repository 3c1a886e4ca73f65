"""The schematic layer on the wallboard: neighbours, water and roads as paths, and the names that have room beside the communes' own."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from shapely import box, get_parts
from shapely.errors import ShapelyError
from shapely.geometry import shape

from casework.bilingual import Bilingual

ORDER = ("area", "town_area", "river", "lake", "local", "provincial", "national")
"""What is drawn, from below; of roads their class."""
FARTHEST_ZOOM = 10
"""The zoom of maps that a wallboard shows about as much as."""
COARSE = 0.001
LETTER, LINE = 12, 30
"""Units of the drawing: a letter of a name, roughly, and its height."""
MOST_NAMES, MOST_PATHS = 20, 400

Project = Callable[[float, float], tuple[float, float]]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Path:
    """A line or a face of the layer, by its kind or its class of road."""

    kind: str
    d: str


@dataclass(frozen=True, slots=True)
class Name:
    """A peak or a place, whose name stands right of (x, y)."""

    kind: str
    name: Bilingual
    x: float
    y: float


def paths_of(layer: bytes, project: Project, seen: Box, *, zoom: int = FARTHEST_ZOOM, coarse: float = COARSE) -> list[Path]:
    """What of the layer lies in the part that is seen (west, south, east, north), in the order it is drawn.

    `zoom`: that of a map which shows about as much; `coarse`: finer bends are left out, in degrees.
    """
    found = []
    for feature in orjson.loads(layer)["features"]:
        properties = feature["properties"]
        kind = properties.get("class", "local") if properties["kind"] == "road" else properties["kind"]
        if kind in ORDER and properties.get("minzoom", 0) <= zoom:
            d = "".join(_d(feature["geometry"], project, seen, coarse))
            found += [Path(kind, d)] if d else []
    return sorted(found, key=lambda path: ORDER.index(path.kind))[:MOST_PATHS]


def names_of(layer: bytes, project: Project, taken: Sequence[Box], size: tuple[float, float]) -> list[Name]:
    """The towns, peaks and places whose name lies neither over a box that is `taken` nor over another name."""
    points = [feature for feature in orjson.loads(layer)["features"] if feature["properties"]["kind"] in ("place", "peak")]
    points.sort(key=lambda feature: feature["properties"].get("rank", 2))
    boxes, found = list(taken), list[Name]()
    for feature in points:
        properties = feature["properties"]
        x, y = project(*feature["geometry"]["coordinates"])
        name = Bilingual(properties["name"], properties.get("en", properties["name"]))
        own = (x - 8, y - LINE / 2, x + 14 + LETTER * max(map(len, name)), y + LINE / 2)
        is_seen = own[0] > 0 and own[1] > 0 and own[2] < size[0] and own[3] < size[1] and properties.get("minzoom", 0) <= FARTHEST_ZOOM
        if is_seen and len(found) < MOST_NAMES and not any(_meet(own, each) for each in boxes):
            boxes.append(own)
            found.append(Name(properties["kind"], name, x, y))
    return found


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]


def _d(geometry: dict[str, Any], project: Project, seen: Box, coarse: float) -> Iterator[str]:
    try:
        parts = get_parts(shape(geometry).simplify(coarse).intersection(box(*seen)))
    except (ShapelyError, ValueError, TypeError):
        return
    for part in parts:
        is_face = part.geom_type == "Polygon"
        if part.is_empty or not (is_face or part.geom_type == "LineString"):
            continue
        points = (project(x, y) for x, y, *_ in (part.exterior if is_face else part).coords)
        yield "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points) + ("Z" if is_face else "")


def _number(value: float) -> str:
    return str(math.floor(value + 0.5))
