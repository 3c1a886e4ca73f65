"""Overlaps of new boundaries with areas of other centres: reports from there would go to another centre from then on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area, Centre
from casework.places.boundaries import LEAST_OVERLAP, geometry_of

MOST_OF_A_BOX = 0.5
"""A box is rough: those of interlocking neighbours overlap, but hardly ever by half."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """An area of another centre overlapped by a new boundary, and the share of the smaller of the two."""

    area_id: int
    centre_id: int
    name: Bilingual
    share: float


def overlaps_with_others(news: Sequence[tuple[Area, BaseGeometry]], *, on: date) -> list[list[Overlap]]:
    """For each new boundary the overlapped areas of other centres on the day, largest overlap first.

    Areas of every level count, because the smallest area around a position decides whatever its level; but not those that contain it or
    are contained in it. An overlap counts above LEAST_OVERLAP of a boundary, or MOST_OF_A_BOX where there is only a box. Areas that get a
    new boundary themselves count by it. Five statements at most.
    """
    owned = [(area, geometry) for area, geometry in news if area.centre_id is not None]
    if not owned:
        return [[] for _ in news]
    others = {row.id: _ground(row) for row in db.session.execute(_around(owned, on))}
    if len({area.centre_id for area, _ in owned}) > 1:
        others |= {area.id: _Ground(area.centre_id or 0, area.name, geometry, is_box=False) for area, geometry in owned}
    ids = list(others)
    tree = shapely.STRtree([others[id_].geometry for id_ in ids])
    found: list[list[Overlap]] = []
    for area, geometry in news:
        near = [ids[index] for index in tree.query(geometry)] if area.centre_id is not None else []
        over = [Overlap(id_, others[id_].centre_id, others[id_].name, share) for id_ in near
                if others[id_].centre_id != area.centre_id and (share := others[id_].share_with(geometry)) > others[id_].most]  # fmt: skip
        found.append(sorted(over, key=lambda each: (-each.share, each.area_id)))
    return _without_relatives(news, found)


@dataclass(frozen=True, slots=True)
class _Ground:
    """The land of an area; `is_box` where only its box is known."""

    centre_id: int
    name: Bilingual
    geometry: BaseGeometry
    is_box: bool

    @property
    def most(self) -> float:
        """The share that is tolerated."""
        return MOST_OF_A_BOX if self.is_box else LEAST_OVERLAP

    def share_with(self, geometry: BaseGeometry) -> float:
        """The overlap as a share of the smaller."""
        smaller = min(geometry.area, self.geometry.area)
        return float(shapely.intersection(geometry, self.geometry).area / smaller) if smaller > 0 else 0.0


def _around(news: Sequence[tuple[Area, BaseGeometry]], on: date) -> Select[Any]:
    """Every area of a centre near the new ones; not limited, because an area left out would not be protected."""
    west, south, east, north = shapely.total_bounds([geometry for _, geometry in news])
    centres = {area.centre_id for area, _ in news}
    query = select(Area.id, Area.centre_id, Area.name_vi, Area.name_en, Area.west, Area.south, Area.east, Area.north, Area.boundary)
    query = query.join(Centre, Centre.id == Area.centre_id).where(
        Area.south <= float(north), Area.north >= float(south), Area.west <= float(east), Area.east >= float(west),
        Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on),
        Centre.valid_from <= on, or_(Centre.valid_to.is_(None), Centre.valid_to > on),
    )  # fmt: skip
    return query if len(centres) > 1 else query.where(Area.centre_id.not_in(centres))


def _ground(row: Any) -> _Ground:
    boundary, name = geometry_of(row.boundary), Bilingual(row.name_vi, row.name_en)
    if boundary is None or boundary.area == 0:
        return _Ground(row.centre_id, name, box(row.west, row.south, row.east, row.north), is_box=True)
    return _Ground(row.centre_id, name, boundary if boundary.is_valid else shapely.make_valid(boundary), is_box=False)


def _without_relatives(news: Sequence[tuple[Area, BaseGeometry]], found: list[list[Overlap]]) -> list[list[Overlap]]:
    """The same without areas that contain or are contained in the new one, which share its land."""
    if not any(found):
        return found
    concerned = {area.id for (area, _), over in zip(news, found, strict=True) if over}
    above = _areas_above(concerned | {each.area_id for over in found for each in over})
    return [[each for each in over if each.area_id not in above[area.id] and area.id not in above[each.area_id]] if over else []
            for (area, _), over in zip(news, found, strict=True)]  # fmt: skip


def _areas_above(ids: Collection[int]) -> dict[int, set[int]]:
    """All ancestors of each area, with one statement per level."""
    parents: dict[int, int | None] = {}
    ahead = set(ids)
    while ahead:
        parents |= {row.id: row.parent_id for row in db.session.execute(select(Area.id, Area.parent_id).where(Area.id.in_(ahead)))}
        ahead = {up for id_ in ahead if (up := parents.get(id_)) is not None} - set(parents)
    above: dict[int, set[int]] = {}
    for id_ in ids:
        chain, each = set[int](), parents.get(id_)
        while each is not None and each not in chain:
            chain.add(each)
            each = parents.get(each)
        above[id_] = chain
    return above
