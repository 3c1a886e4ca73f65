"""The areas drawn on maps: today's areas of a centre, with outlines simplified enough for a telephone.

Only boundaries the centre has stored itself are drawn, so borders of others are never shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import or_, select
from sqlalchemy.orm import undefer

from casework.calendars import rules_head
from casework.db import db
from casework.models import Area, Centre
from casework.places.boundaries import geojson_of, geometry_of

LARGEST_LAYER = 300_000
"""The largest layer of one centre a browser gets, in bytes."""
TOLERANCES = (0.0, 0.0003, 0.0006, 0.0012, 0.0025, 0.005, 0.01)
LEAST_BYTES = 10
"""The least bytes of a position."""
DIGITS = 5
"""Decimals of degrees: 1 m, finer than any screen shows a commune."""
MOST_AREAS = 400
"""Outlines of one layer; for a centre with more communes the areas above them are drawn."""

_kept: dict[tuple[str, int, date], tuple[str, "Layer"]] = {}


@dataclass(frozen=True, slots=True)
class Layer:
    """A GeoJSON FeatureCollection ready to be sent, and a short digest of exactly these bytes."""

    body: bytes
    digest: str
    areas: int


def areas_layer(centre: Centre, on: date) -> Layer:
    """The communes of a centre on a day, cached until the rules change; where none has a boundary, or too many do, the areas above them."""
    head, place = rules_head(), (str(db.engine.url), centre.id, on)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        for old in [each for each in _kept if each[:2] == place[:2]]:
            _kept.pop(old, None)
        kept = _kept[place] = (head, _drawn(_areas(centre.id, on)))
    return kept[1]


def _areas(centre_id: int, on: date) -> list[Area]:
    query = (
        select(Area)
        .where(Area.centre_id == centre_id, Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on))
        .where(Area.boundary_source.is_not(None) | Area.south.is_not(None))
        .order_by(Area.id)
    )
    for levels in (("commune",), ("district", "province")):
        found = db.session.scalars(query.where(Area.level.in_(levels)).limit(MOST_AREAS + 1)).all()
        if len(found) <= MOST_AREAS and (drawn := _with_boundary(found)):
            return drawn
    return []


def _with_boundary(areas: Sequence[Area]) -> list[Area]:
    query = select(Area).where(Area.id.in_([area.id for area in areas])).options(undefer(Area.boundary)).order_by(Area.id)
    return [area for area in db.session.scalars(query) if area.boundary]


def _drawn(areas: list[Area]) -> Layer:
    pairs = [(area, geometry) for area in areas if (geometry := geometry_of(area.boundary)) is not None and not geometry.is_empty]
    every = np.array([geometry for _, geometry in pairs], dtype=object)
    together = bool(len(pairs) > 1 and shapely.coverage_is_valid(every))
    for tolerance in TOLERANCES:
        every = _lighter(every, tolerance, together=together)
        if int(shapely.get_num_coordinates(every).sum()) * LEAST_BYTES > LARGEST_LAYER:
            continue
        rounded = shapely.transform(every, lambda positions: np.round(positions, DIGITS))
        features = [_feature(area, geometry) for (area, _), geometry in zip(pairs, rounded, strict=True) if not geometry.is_empty]
        body = orjson.dumps({"type": "FeatureCollection", "features": features})
        if len(body) <= LARGEST_LAYER:
            return Layer(body, sha256(body).hexdigest()[:16], len(features))
    return Layer(b'{"type":"FeatureCollection","features":[]}', "empty", 0)


def _lighter(every: Any, tolerance: float, *, together: bool) -> Any:
    """All outlines simplified once more, each from the previous result; the first tolerance leaves them unchanged."""
    if not tolerance or not len(every):
        return every
    return shapely.coverage_simplify(every, tolerance) if together else shapely.simplify(every, tolerance, preserve_topology=True)


def _feature(area: Area, geometry: BaseGeometry) -> dict[str, Any]:
    at = [area.longitude, area.latitude] if area.longitude is not None and area.latitude is not None else None
    return {"type": "Feature", "properties": {"vi": area.name_vi, "en": area.name_en, "level": area.level, "at": at},
            "geometry": geojson_of(geometry)}  # fmt: skip
