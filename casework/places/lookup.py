"""The area of a position: by boundaries, and by an area's box only where no boundary is stored."""

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import undefer

from casework.db import db
from casework.models import Area
from casework.places.geometry import box_size, holds_place

MOST_BOXES = 60
"""Areas whose box contains the position and whose boundary is tested; the smallest boxes first."""


def areas_around(
    latitude: float, longitude: float, on: date, *, level: str | None = None, centre_id: int | None = None, of_centres: bool = False
) -> list[Area]:
    """The areas in force on a day that contain a position (WGS 84), those with a boundary first, then by the size of their box.

    `level`, `centre_id` and `of_centres` (any centre) narrow the search. A point on a common border is in exactly one of the two areas.
    """
    query = select(Area).where(
        Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on),
        Area.south <= latitude, Area.north >= latitude, Area.west <= longitude, Area.east >= longitude,
    )  # fmt: skip
    if level is not None:
        query = query.where(Area.level == level)
    if centre_id is not None:
        query = query.where(Area.centre_id == centre_id)
    if of_centres:
        query = query.where(Area.centre_id.is_not(None))
    smallest = (Area.north - Area.south) * (Area.east - Area.west)
    found = db.session.scalars(query.order_by(smallest, Area.id).limit(MOST_BOXES).options(undefer(Area.boundary)))
    holding = [area for area in found if holds_place(area, latitude, longitude)]
    return sorted(holding, key=lambda area: (not area.boundary, box_size(area), area.id))


def area_at(latitude: float, longitude: float, on: date, level: str = "commune", *, centre_id: int | None = None) -> Area | None:
    """The smallest area of that level and day that contains a position; None outside all of them."""
    return next(iter(areas_around(latitude, longitude, on, level=level, centre_id=centre_id)), None)


def bounded_area_at(latitude: float, longitude: float, on: date, level: str = "commune") -> Area | None:
    """The area whose *boundary* contains a position: a box is too rough to say where somebody is."""
    found = area_at(latitude, longitude, on, level)
    return found if found is not None and found.boundary else None


def is_outside(latitude: float, longitude: float, on: date, level: str = "commune") -> bool:
    """Whether a position is outside every area of that level, where at least some have a boundary."""
    if area_at(latitude, longitude, on, level) is not None:
        return False
    known = select(Area.id).where(
        Area.level == level, Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on), Area.south.is_not(None)
    )
    return db.session.scalar(known.limit(1)) is not None
