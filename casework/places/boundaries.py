"""Cleaning boundaries: rings are closed, wound and freed of duplicates, crossings repaired where that changes almost nothing, heavy
outlines simplified; overlaps and gaps are reported. No database here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import chain, pairwise
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry

from casework.bilingual import Bilingual
from casework.places.boundary_files import RawShape, Ring, read_boundaries

AUTHALIC_RADIUS_KM = 6371.0072
"""The radius of a sphere with the area of the earth."""
MOST_CHANGE = 0.01
"""The share of its size a repair may change: beyond that it is no longer the boundary that was sent."""
HEAVY, MOST_POINTS_KEPT = 2_000, 6_000
"""The number of points from which a boundary is simplified, and the number it may have afterwards."""
TOLERANCES = (0.0005, 0.001, 0.002)
"""Degrees; the first is some 55 m."""
DIGITS = 6
"""Decimals of degrees: 0.1 m."""
LEAST_SIZE = 1e-8
"""Square degrees: some 100 m²."""
LEAST_OVERLAP = 0.01
LEAST_GAP_KM2 = 0.05
MOST_WARNINGS = 12
MOST_RINGS_OF_A_SHAPE = 2_000
MOST_POINTS_MENDED, MOST_NEAR, EDGES_AT_A_TIME = 50_000, 8, 64
"""For a self-crossing boundary: its most points, and the most edges near one on average (3 always are)."""
_PLACE = re.compile(r"\[(-?[\d.]+) (-?[\d.]+)")


@dataclass(slots=True)
class Shape:
    """One feature after the check: a sound boundary with what was done to it, or the reason for its refusal."""

    raw: RawShape
    geometry: BaseGeometry | None = None
    fault: Bilingual | None = None
    notes: list[Bilingual] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return self.geometry is not None

    @property
    def km2(self) -> float:
        return size_km2(self.geometry) if self.geometry is not None else 0.0

    @property
    def points(self) -> int:
        return points_of(self.geometry) if self.geometry is not None else 0

    @property
    def as_geojson(self) -> dict[str, Any]:
        """The geometry as stored. Only for a sound shape."""
        assert self.geometry is not None
        return geojson_of(self.geometry)


@dataclass(frozen=True)
class Checked:
    """Everything in a file, sound or not, with remarks on the whole."""

    shapes: list[Shape]
    warnings: list[Bilingual]

    @cached_property
    def has_swapped(self) -> bool:
        """Whether latitude precedes longitude somewhere: imported only when the person says so."""
        return any(shape.raw.swapped for shape in self.shapes)

    @property
    def refused(self) -> list[Shape]:
        return [shape for shape in self.shapes if not shape.is_sound]


def check_boundaries(data: bytes, *, code_property: str | None = None) -> Checked:
    """Check a GeoJSON file and return its shapes, sound ones ready to be stored. Raises BoundaryFileRefused for the file as a whole."""
    shapes = [_judged(raw) for raw in read_boundaries(data, code_property=code_property)]
    sound = [shape for shape in shapes if shape.is_sound]
    _make_lighter(sound)
    for shape in (shape for shape in sound if shape.is_sound):
        _round(shape)
    sound = [shape for shape in sound if shape.is_sound]
    return Checked(shapes, [*_overlaps(sound), *_gaps(sound)])


def size_km2(geometry: BaseGeometry) -> float:
    """The size on a sphere with the area of the earth, km²."""

    def equal_area(positions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        radians = np.radians(positions)
        return AUTHALIC_RADIUS_KM * np.column_stack((radians[:, 0], np.sin(radians[:, 1])))

    return float(shapely.transform(geometry, equal_area).area)


def points_of(geometry: BaseGeometry) -> int:
    return int(shapely.get_num_coordinates(geometry))


def percent(share: float, digits: int = 2) -> Bilingual:
    """A share formatted for each language."""
    said = f"{share * 100:.{digits}f}"
    return Bilingual(f"{said.replace('.', ',')} %", f"{said} %")


def geometry_of(boundary: dict[str, Any] | None) -> BaseGeometry | None:
    """A stored boundary as a shape; None for None and for anything but a polygon."""
    if not boundary or boundary.get("type") not in ("Polygon", "MultiPolygon"):
        return None
    try:
        parsed: BaseGeometry = shapely.from_geojson(orjson.dumps(boundary))
    except shapely.errors.GEOSException:
        return None
    return parsed


def geojson_of(geometry: BaseGeometry) -> dict[str, Any]:
    """A shape as GeoJSON made of lists and numbers."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(mapping(geometry)))
    return found


def digest_of(boundary: dict[str, Any]) -> str:
    """A short digest of a geometry: the same for the same coordinates, whatever the order of its members."""
    return sha256(orjson.dumps(boundary, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _judged(raw: RawShape) -> Shape:
    try:
        return _made_sound(raw)
    except shapely.errors.GEOSException:
        return _refuse(Shape(raw), "Không kiểm tra được hình này.", "This shape cannot be checked.")


def _made_sound(raw: RawShape) -> Shape:
    shape = Shape(raw, fault=raw.fault)
    if raw.fault is not None:
        return shape
    if sum(map(len, raw.polygons)) > MOST_RINGS_OF_A_SHAPE:
        return _refuse(shape, f"Hình có hơn {MOST_RINGS_OF_A_SHAPE} vòng.", f"It has more than {MOST_RINGS_OF_A_SHAPE} rings.")
    if raw.swapped:
        shape.notes.append(Bilingual("Vĩ độ đứng trước kinh độ: đã đổi lại thứ tự.", "Latitude stood before longitude: turned round."))
    tidied = [[_tidy(ring) for ring in rings] for rings in raw.polygons]
    kept = [rings for rings in tidied if len(rings[0]) >= 4]
    if not kept:
        return _refuse(shape, "Vòng ngoài có chưa đến ba điểm khác nhau.", "Its outer ring has fewer than three different points.")
    _note_tidied(shape, raw.polygons, tidied)
    holes = [[ring for ring in rings[1:] if len(ring) >= 4] for rings in kept]
    parts = [Polygon(rings[0], inner) for rings, inner in zip(kept, holes, strict=True)]
    geometry: BaseGeometry = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    if not geometry.is_valid:
        if (repaired := _repaired(geometry, shape)) is None:
            return shape
        geometry = repaired
    if geometry.area < LEAST_SIZE:
        return _refuse(shape, "Hình không có diện tích.", "It has no size.")
    shape.geometry = shapely.orient_polygons(geometry)
    return shape


def _tidy(ring: Ring) -> Ring:
    """The ring closed, without consecutive duplicates; empty where nothing is left."""
    kept = [position for index, position in enumerate(ring) if index == 0 or position != ring[index - 1]]
    if kept and kept[0] != kept[-1]:
        kept.append(kept[0])
    return kept if len(kept) >= 4 else []


def _note_tidied(shape: Shape, before: list[list[Ring]], after: list[list[Ring]]) -> None:
    rings = list(zip(chain(*before), chain(*after), strict=True))
    if any(ring and ring[0] != ring[-1] for ring, _ in rings):
        shape.notes.append(Bilingual("Vòng hở: đã khép lại.", "A ring was open: closed."))
    if doubles := sum(sum(one == other for one, other in pairwise(ring)) for ring, _ in rings):
        shape.notes.append(Bilingual(f"Đã bỏ {doubles} điểm lặp lại.", f"{doubles} repeated points were left out."))
    if lost := sum(not tidy for _, tidy in rings):
        shape.notes.append(Bilingual(f"Đã bỏ {lost} vòng không có diện tích.", f"{lost} rings without a size were left out."))


def _repaired(geometry: BaseGeometry, shape: Shape) -> BaseGeometry | None:
    """The geometry without crossings; None (and the shape refused) where that would be another boundary."""
    if _crosses_everywhere(geometry):
        _refuse(shape, "Ranh giới tự cắt ở quá nhiều chỗ.", "The boundary crosses itself in too many places.")
        return None
    reason = shapely.is_valid_reason(geometry)
    place = _PLACE.search(reason)
    at = f"{float(place[1]):.5f}; {float(place[2]):.5f}" if place else "?"
    before = sum(abs(size_km2(Polygon(part.exterior))) - sum(size_km2(Polygon(hole)) for hole in part.interiors)
                 for part in shapely.get_parts(geometry))  # fmt: skip
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    polygons = [part for part in shapely.get_parts(mended) if isinstance(part, Polygon)]
    repaired = polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
    after = size_km2(repaired)
    crossed = _doubly_covered(geometry) if before else 1.0
    if not polygons or before <= 0 or abs(after - before) / before > MOST_CHANGE or crossed > MOST_CHANGE:
        _refuse(shape, f"Ranh giới tự cắt tại ({at}); sửa tự động sẽ đổi diện tích hơn 1 %.",
                f"The boundary crosses itself at ({at}); mending it would change its size by more than 1 %.")  # fmt: skip
        return None
    change = percent(abs(after - before) / before)
    shape.notes.append(Bilingual(f"Ranh giới tự cắt tại ({at}): đã sửa, diện tích đổi {change.vi}.",
                                 f"The boundary crossed itself at ({at}): mended, its size changed by {change.en}."))  # fmt: skip
    return repaired


def _crosses_everywhere(geometry: BaseGeometry) -> bool:
    """Whether its edges are near each other so often that repairing them would take more memory than there is."""
    if points_of(geometry) > MOST_POINTS_MENDED:
        return True
    rings = [np.asarray(ring.coords)[:, :2] for part in shapely.get_parts(geometry) for ring in (part.exterior, *part.interiors)]
    edges = np.concatenate([shapely.linestrings(np.stack((ring[:-1], ring[1:]), axis=1)) for ring in rings])
    tree, left = shapely.STRtree(edges), MOST_NEAR * len(edges) + MOST_POINTS_MENDED
    for start in range(0, len(edges), EDGES_AT_A_TIME):
        left -= tree.query(edges[start : start + EDGES_AT_A_TIME]).shape[1]
        if left < 0:
            return True
    return False


def _doubly_covered(geometry: BaseGeometry) -> float:
    """The share of the enclosed land that is enclosed the wrong way round: a bow-tie has two halves that cancel each other."""
    enclosed = shapely.make_valid(geometry, method="linework")
    return abs(enclosed.area - geometry.area) / enclosed.area if enclosed.area else 1.0


def _make_lighter(shapes: Sequence[Shape]) -> None:
    """Simplify heavy boundaries, together where they are neighbours without gaps, so that common borders stay common."""
    heavy = [shape for shape in shapes if shape.points > HEAVY]
    if not heavy:
        return
    every = np.array([shape.geometry for shape in shapes], dtype=object)
    together = bool(len(shapes) > 1 and shapely.coverage_is_valid(every))
    for tolerance in TOLERANCES:
        if together:
            lighter = dict(zip(map(id, shapes), shapely.coverage_simplify(every, tolerance), strict=True))
        else:
            lighter = {id(shape): shapely.simplify(shape.geometry, tolerance, preserve_topology=True) for shape in heavy}
        if all(points_of(lighter[id(shape)]) <= MOST_POINTS_KEPT for shape in heavy):
            break
    for shape in shapes:
        if (light := lighter.get(id(shape))) is not None:
            _take_lighter(shape, light, tolerance)


def _take_lighter(shape: Shape, light: BaseGeometry, tolerance: float) -> None:
    before, points = shape.km2, shape.points
    if light.is_empty or not light.is_valid or points_of(light) > MOST_POINTS_KEPT:
        _refuse(shape, f"Ranh giới có {points} điểm, quá nhiều ngay cả sau khi đơn giản hoá.",
                f"The boundary has {points} points, too many even when simplified.")  # fmt: skip
        return
    shape.geometry = light
    if shape.points < points:
        change = percent(abs(shape.km2 - before) / before)
        shape.notes.append(Bilingual(
            f"Đã đơn giản hoá (sai số {tolerance * 111_195:.0f} m): {points} → {shape.points} điểm, diện tích đổi {change.vi}.",
            f"Simplified (within {tolerance * 111_195:.0f} m): {points} → {shape.points} points, its size changed by {change.en}.",
        ))  # fmt: skip


def _round(shape: Shape) -> None:
    rounded = shapely.transform(shape.geometry, lambda positions: np.round(positions, DIGITS))
    if not rounded.is_valid:
        rounded = shapely.make_valid(rounded, method="structure", keep_collapsed=False)
    if rounded.is_empty or not isinstance(rounded, Polygon | MultiPolygon):
        _refuse(shape, "Hình quá nhỏ để lưu.", "It is too small to be stored.")
        return
    shape.geometry = shapely.orient_polygons(rounded)


def _overlaps(shapes: Sequence[Shape]) -> list[Bilingual]:
    """Neighbours that overlap by more than 1 % of the smaller."""
    found: list[Bilingual] = []
    if len(shapes) < 2:
        return found
    geometries = [shape.geometry for shape in shapes if shape.geometry is not None]
    tree = shapely.STRtree(geometries)
    near = ((one, other) for one, geometry in enumerate(geometries) for other in tree.query(geometry, predicate="intersects"))
    for one, other in ((one, other) for one, other in near if one < other):
        if len(found) > MOST_WARNINGS:
            break
        share = shapely.intersection(geometries[one], geometries[other]).area / min(geometries[one].area, geometries[other].area)
        if share > LEAST_OVERLAP:
            pair = shapes[one].raw.label, shapes[other].raw.label
            said = percent(share, 0)
            found.append(Bilingual(f"{pair[0]} và {pair[1]} chồng lên nhau {said.vi}.", f"{pair[0]} and {pair[1]} overlap by {said.en}."))
    return _some(found)


def _gaps(shapes: Sequence[Shape]) -> list[Bilingual]:
    """Land between neighbours that belongs to neither."""
    if len(shapes) < 3:
        return []
    holes_before = [hole for shape in shapes for part in shapely.get_parts(shape.geometry) for hole in part.interiors]
    own = shapely.union_all([Polygon(hole) for hole in holes_before]) if holes_before else None
    found = []
    for part in shapely.get_parts(shapely.union_all([shape.geometry for shape in shapes])):
        for hole in getattr(part, "interiors", ()):
            gap = Polygon(hole)
            if (own is None or not own.covers(gap.representative_point())) and (size := size_km2(gap)) > LEAST_GAP_KM2:
                at, said = gap.representative_point(), f"{size:.2f}"
                found.append(Bilingual(f"Có khoảng trống {said.replace('.', ',')} km² gần ({at.x:.4f}; {at.y:.4f}).",
                                       f"There is a gap of {said} km² near ({at.x:.4f}, {at.y:.4f})."))  # fmt: skip
    return _some(found)


def _some(found: list[Bilingual]) -> list[Bilingual]:
    if len(found) <= MOST_WARNINGS:
        return found
    return [*found[:MOST_WARNINGS], Bilingual("… và những chỗ khác nữa.", "… and there are more.")]


def _refuse(shape: Shape, vi: str, en: str) -> Shape:
    shape.geometry, shape.fault = None, Bilingual(vi, en)
    return shape
