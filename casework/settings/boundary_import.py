"""Importing boundaries: which shape of a file belongs to which area, what that changes, and storing them with an event for each area."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import undefer

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Area
from casework.permissions import Actor
from casework.places.boundaries import Checked, Shape, digest_of, geometry_of, percent, points_of, size_km2
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.boundary_overlaps import overlaps_with_others
from casework.settings.scopes import administered_centres, is_of
from casework.text import fold

MOST_AREAS = 5_000
LONGEST_SOURCE = 500
MOST_NAMED = 5
"""Areas of other centres named with a shape."""
SETTING = "boundary"
SKIP = ""
"""The choice of an area that leaves a shape out."""
LEVEL_WORDS = ("thanh pho", "thi tran", "thi xa", "dac khu", "phuong", "huyen", "tinh", "xa", "thon")


class BoundaryImportRefused(CaseworkError):
    """The boundaries cannot be imported like this; the text says why."""


@dataclass(slots=True)
class ShapeMatch:
    """A shape of the file and its area, None where none was found or it is left out."""

    shape: Shape
    area: Area | None = None
    by: str = ""
    """How the area was found: code, name or chosen."""
    other_name: bool = False
    """Found by its code although the names differ: codes have been reused with another meaning."""
    old_km2: float | None = None
    fault: Bilingual | None = None
    overlap: Bilingual | None = None
    """The areas of other centres it overlaps: imported only when the person says so."""

    @property
    def change(self) -> float | None:
        """By which share the size changes; None without an earlier boundary."""
        return (self.shape.km2 - self.old_km2) / self.old_km2 if self.old_km2 else None

    @property
    def is_to_do(self) -> bool:
        """Whether it is imported."""
        return self.area is not None and self.shape.is_sound and self.fault is None


@dataclass(frozen=True, slots=True)
class BoundaryPlan:
    """A preview of an import."""

    checked: Checked
    pairs: list[ShapeMatch]
    areas: list[Area]

    @property
    def to_do(self) -> list[ShapeMatch]:
        """The pairs to import."""
        return [pair for pair in self.pairs if pair.is_to_do]

    @property
    def unknown(self) -> list[ShapeMatch]:
        """Sound shapes without an area."""
        return [pair for pair in self.pairs if pair.shape.is_sound and pair.area is None]

    @property
    def has_overlaps(self) -> bool:
        """Whether anything imported overlaps an area of another centre."""
        return any(pair.overlap for pair in self.to_do)


def administered_areas(by: Actor, on: date) -> list[Area]:
    """The areas in force on a day that the person may change: those of the centres they administer, or all, by name."""
    query = select(Area).where(
        is_of(administered_centres(by), Area.centre_id), Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on)
    )
    return list(db.session.scalars(query.order_by(Area.folded_name, Area.id).limit(MOST_AREAS)))


def plan_import(checked: Checked, *, by: Actor, on: date, chosen: Mapping[int, str] | None = None) -> BoundaryPlan:
    """Match shapes to areas: by official code, or else by name where only one area has it.

    `chosen` maps the number of a shape to the ref of an area, or to SKIP, and takes precedence over both. Two shapes for one area are
    both refused, and so is a shape over an area of a centre the person does not administer.
    """
    areas = administered_areas(by, on)
    pairs = [_pair(shape, areas) for shape in checked.shapes]
    by_ref = {area.ref: area for area in areas}
    for pair in pairs:
        ref = (chosen or {}).get(pair.shape.raw.number)
        if ref is not None and pair.shape.is_sound:
            pair.area, pair.by, pair.other_name = by_ref.get(ref), "chosen", False
    twice = {id_ for id_, count in Counter(pair.area.id for pair in pairs if pair.area is not None).items() if count > 1}
    for pair in pairs:
        if pair.area is not None and pair.area.id in twice:
            pair.fault = Bilingual("Tệp có nhiều hình cho địa bàn này.", "The file has several shapes for this area.")
    _look_at_present(pairs)
    _look_at_others(pairs, administered_centres(by), on)
    return BoundaryPlan(checked, pairs, areas)


def import_boundaries(
    plan: BoundaryPlan, *, by: Actor, now: datetime, source: str, reason: str, swap: bool = False, overlap: bool = False
) -> int:
    """Store the boundaries of a plan and return how many changed; each is an event `change_setting` without the geometry.

    `swap` allows latitude and longitude to be swapped, `overlap` shapes that overlap areas of other centres. Boundaries equal to the
    stored ones are skipped. Raises ImportRefused, ReasonMissing, and NotAllowed for an area of a centre the person does not administer.
    """
    source = " ".join(source.split())
    if not source or len(source) > LONGEST_SOURCE:
        raise BoundaryImportRefused(
            f"Vui lòng ghi nguồn và giấy phép của ranh giới, tối đa {LONGEST_SOURCE} ký tự.",
            f"Please say where the boundaries come from and under which licence, {LONGEST_SOURCE} characters at most.",
            about="source",
        )
    if not plan.to_do:
        raise BoundaryImportRefused(
            "Không có hình nào của tệp thuộc địa bàn của Ông/Bà.", "No shape of the file belongs to an area of yours."
        )
    if not swap and any(pair.shape.raw.swapped for pair in plan.to_do):
        raise BoundaryImportRefused("Trong tệp, vĩ độ đứng trước kinh độ. Hãy xác nhận việc đổi thứ tự, hoặc sửa tệp.",
                            "In the file latitude stands before longitude. Please agree to turn them round, or mend the file.",
                            about="swap")  # fmt: skip
    if not overlap and plan.has_overlaps:
        raise BoundaryImportRefused("Có hình chồng lên địa bàn của trung tâm khác. Hãy xác nhận, bỏ qua các hình đó, hoặc sửa tệp.",
                            "Shapes lie over areas of another centre. Please agree to that, leave them out, or mend the file.",
                            about="overlap")  # fmt: skip
    return sum(_store(pair, by=by, now=now, source=source, reason=reason) for pair in plan.to_do)


def area_called(areas: Iterable[Area], words: str) -> Area | None:
    """The area somebody typed: by its code, with or without the name after it, or by its name where only one has it."""
    words = " ".join(words.split())
    areas, code = list(areas), words.partition(" ")[0]
    for found in ([area for area in areas if area.official_code == code], [area for area in areas if area.folded_name == fold(words)]):
        if len(found) == 1:
            return found[0]
    return None


def export_boundaries(areas: Iterable[Area]) -> dict[str, Any]:
    """All stored boundaries as GeoJSON that can be imported again, to restore them after a change."""
    ids = [area.id for area in areas]
    query = select(Area).where(Area.id.in_(ids), Area.south.is_not(None)).options(undefer(Area.boundary)).order_by(Area.id)
    return {"type": "FeatureCollection", "features": [_feature(area) for area in db.session.scalars(query) if area.boundary]}


def _feature(area: Area) -> dict[str, Any]:
    properties = {"code": area.official_code, "name": area.name_vi, "nameEn": area.name_en, "level": area.level,
                  "source": area.boundary_source}  # fmt: skip
    return {"type": "Feature", "properties": properties, "geometry": area.boundary}


def _pair(shape: Shape, areas: list[Area]) -> ShapeMatch:
    names = {fold(name) for name in shape.raw.names}
    bare = {_bare(name) for name in names}
    if shape.raw.code and len(coded := [area for area in areas if area.official_code == shape.raw.code]) == 1:
        return ShapeMatch(shape, coded[0], "code", bool(names) and _bare(coded[0].folded_name) not in bare)
    for level_free in (False, True):
        wanted = bare if level_free else names
        named = [area for area in areas if (_bare(area.folded_name) if level_free else area.folded_name) in wanted]
        named = [area for area in named if not (area.official_code and shape.raw.code)]
        if len(named) == 1:
            return ShapeMatch(shape, named[0], "name")
    return ShapeMatch(shape)


def _bare(folded: str) -> str:
    """A folded name without the word for its level."""
    return next((folded.removeprefix(f"{word} ") for word in LEVEL_WORDS if folded.startswith(f"{word} ")), folded)


def _look_at_present(pairs: list[ShapeMatch]) -> None:
    """Load the present boundaries of all areas at once, for the comparison."""
    ids = [pair.area.id for pair in pairs if pair.area is not None]
    db.session.scalars(select(Area).where(Area.id.in_(ids)).options(undefer(Area.boundary))).all()
    for pair in pairs:
        if pair.area is not None and (geometry := geometry_of(pair.area.boundary)) is not None:
            pair.old_km2 = size_km2(geometry)


def _look_at_others(pairs: list[ShapeMatch], own: frozenset[int] | None, on: date) -> None:
    """Refuse shapes over areas of centres the person does not administer, without naming them; name the others."""
    news = [(pair, pair.area, pair.shape.geometry) for pair in pairs if pair.is_to_do]
    grounds = [(area, geometry) for _, area, geometry in news if area is not None and geometry is not None]
    over = overlaps_with_others(grounds, on=on)
    for (pair, _, _), found in zip(news, over, strict=True):
        if own is not None and any(each.centre_id not in own for each in found):
            pair.fault = Bilingual(
                "Hình này chồng lên địa bàn của trung tâm khác. Nếu đúng như vậy, xin nhờ người quản trị toàn hệ thống cập nhật.",
                "This shape lies over an area of another centre. If that is right, the administrator of the whole installation can do it.",
            )
        elif found:
            said = [(each.name, percent(each.share, 0)) for each in found[:MOST_NAMED]]
            more = " …" if len(found) > MOST_NAMED else ""
            pair.overlap = Bilingual(
                f"Chồng lên địa bàn của trung tâm khác: {', '.join(f'{name.vi} ({share.vi})' for name, share in said)}{more}.",
                f"Lies over areas of another centre: {', '.join(f'{name.en} ({share.en})' for name, share in said)}{more}.",
            )


def _store(pair: ShapeMatch, *, by: Actor, now: datetime, source: str, reason: str) -> bool:
    area, shape = pair.area, pair.shape
    assert area is not None
    assert shape.geometry is not None
    require_administrator_of(by, area.centre_id)
    boundary = shape.as_geojson
    new = {"digest": digest_of(boundary), "points": shape.points, "km2": round(shape.km2, 2), "source": source}
    old = _described(area, pair.old_km2)
    if old == new:
        return False
    record_setting(SETTING, f"{area.name_vi} ({area.official_code or area.ref})", by=by, at=now, centre_id=area.centre_id,
                   old=old, new=new, reason=reason)  # fmt: skip
    west, south, east, north = shape.geometry.bounds
    inside = shape.geometry.representative_point()
    area.boundary, area.boundary_source = boundary, source
    area.west, area.south, area.east, area.north = west, south, east, north
    area.longitude, area.latitude = round(inside.x, 6), round(inside.y, 6)
    return True


def _described(area: Area, km2: float | None) -> dict[str, Any] | None:
    """The earlier boundary as described in the event; None without one."""
    geometry = geometry_of(area.boundary)
    if geometry is None or area.boundary is None:
        return None
    return {"digest": digest_of(area.boundary), "points": points_of(geometry), "km2": round(km2 or 0.0, 2), "source": area.boundary_source}
