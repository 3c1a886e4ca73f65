"""The small map on the page of a one-time link: drawn here, because that page loads no script and asks no other server for tiles."""

from dataclasses import dataclass
from typing import Any

from casework.wallboard.map import HEIGHT, WIDTH, path, projection, rings
from casework.wallboard.sketch import Path, paths_of

AROUND = 0.012
"""Degrees of latitude shown to each side of a point, about 1.3 km."""
ZOOM, COARSE_NEAR, COARSE_FAR = 13, 0.0001, 0.001
"""Of a map that shows as much as one around a point; finer bends cannot be seen on it, nor on one of a whole commune, in degrees."""
SIZE = (int(WIDTH), int(HEIGHT))


@dataclass(frozen=True, slots=True)
class DrawnPlace:
    """What is drawn, in units of SIZE: the schematic layer, the outline of the commune over it, and the point where it is told."""

    paths: tuple[Path, ...]
    outline: str
    point: tuple[float, float] | None


def place_drawn(boundary: dict[str, Any] | None, point: tuple[float, float] | None, layer: bytes | None) -> DrawnPlace | None:
    """A map around a point (latitude, longitude), or of the whole commune; None where there would be nothing on it.

    `layer` is the schematic layer, None where none is loaded.
    """
    coarse = COARSE_NEAR if point is not None else COARSE_FAR
    outline = rings(boundary, coarse=coarse)
    if point is not None:
        latitude, longitude = point
        corners = [(longitude - AROUND, latitude - AROUND), (longitude + AROUND, latitude + AROUND)]
    elif not (corners := [corner for ring in outline for corner in ring]):
        return None
    project, seen = projection(corners)
    zoom = {"zoom": ZOOM} if point is not None else {}
    drawn = paths_of(layer, project, seen, coarse=coarse, **zoom) if layer is not None else []
    return DrawnPlace(tuple(drawn), path(project, outline), project(point[1], point[0]) if point is not None else None)
