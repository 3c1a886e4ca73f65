"""Positions on the map: whether an area contains one, and how far apart two are. Degrees are WGS 84."""

from collections.abc import Iterable, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Any

from casework.models import Area

EARTH_RADIUS_M = 6_371_009
METRES_PER_DEGREE = 111_195
"""Per degree of latitude, and of longitude at the equator, on a sphere of that radius."""

Position = Sequence[float]
"""Longitude before latitude, as in GeoJSON."""


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The distance as the crow flies."""
    south, north = radians(latitude), radians(other_latitude)
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))


def box_around(latitude: float, longitude: float, metres: float) -> tuple[float, float, float, float]:
    """South, north, west and east of a box that contains everything within that distance."""
    up = metres / METRES_PER_DEGREE
    across = up / max(0.01, cos(radians(min(89.0, abs(latitude) + up))))
    return latitude - up, latitude + up, longitude - across, longitude + across


def box_size(area: Area) -> float:
    """The size of an area's box, for choosing the smaller of two; infinite without a box."""
    if area.south is None or area.north is None or area.west is None or area.east is None:
        return float("inf")
    return (area.north - area.south) * (area.east - area.west)


def holds_place(area: Area, latitude: float, longitude: float) -> bool:
    """Whether the position is within the area: by its boundary where it has one, or else by its box."""
    rings = list(_polygons(area.boundary)) if area.boundary else []
    if rings:
        return any(_inside(outer, latitude, longitude) and not any(_inside(hole, latitude, longitude) for hole in holes)
                   for outer, *holes in rings)  # fmt: skip
    if area.south is None or area.north is None or area.west is None or area.east is None:
        return False
    return area.south <= latitude <= area.north and area.west <= longitude <= area.east


def _polygons(geometry: dict[str, Any]) -> Iterable[list[list[Position]]]:
    """The polygons of a GeoJSON geometry: each an outer ring and the rings of its holes."""
    match geometry.get("type"):
        case "Polygon":
            yield geometry["coordinates"]
        case "MultiPolygon":
            yield from geometry["coordinates"]


def _inside(ring: list[Position], latitude: float, longitude: float) -> bool:
    """Whether a ray from the position to the east crosses the ring an odd number of times.

    Each edge is taken from its lower end, so that two areas that share it compute the same and exactly one of them has the border.
    """
    crosses = False
    for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
        if (one[1] > latitude) != (other[1] > latitude):
            (west, south, *_), (east, north, *_) = sorted((one, other), key=_latitude)
            if longitude < (east - west) * (latitude - south) / (north - south) + west:
                crosses = not crosses
    return crosses


def _latitude(position: Position) -> float:
    return position[1]
