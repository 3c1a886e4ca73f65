"""Reading boundaries: from the bytes of a GeoJSON file to rings of plain numbers, or a sentence on what is wrong.

The file is not trusted: its size is checked before it is parsed, only GeoJSON's members are read, to GeoJSON's depth, and the numbers of
features, rings and points are limited. Source: RFC 7946.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from casework.bilingual import Bilingual
from casework.errors import CaseworkError

LARGEST_FILE = 20_000_000
MOST_FEATURES = 5_000
MOST_RINGS = 20_000
MOST_POINTS = 1_000_000
LONGEST_NAME = 200
WGS_84 = ("urn:ogc:def:crs:ogc:1.3:crs84", "urn:ogc:def:crs:ogc::crs84", "urn:ogc:def:crs:epsg::4326", "epsg:4326", "crs84", "ogc:crs84")
VIETNAM = (102.0, 6.0, 118.0, 24.0)
"""West, south, east, north, with the islands: nothing outside belongs to a commune."""
CODE_PROPERTIES = ("code", "official_code", "ma_xa", "maxa", "ma", "ma_dvhc", "commune_code", "ward_code")
NAME_PROPERTIES = ("fullname", "full_name", "name_vi", "ten_xa", "tenxa", "ten_day_du", "ten", "name", "ten_dvhc")
_BOMS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"\xff\xfe", b"\xfe\xff")

Ring = list[tuple[float, float]]
"""Longitude before latitude, as in the file; perhaps not closed."""


class BoundaryFileRefused(CaseworkError):
    """The file cannot be read as boundaries; the text says why."""


@dataclass(slots=True)
class RawShape:
    """One feature of a file: its code and names, and its polygons, each an outer ring and holes; or why it cannot be used."""

    number: int
    code: str = ""
    names: tuple[str, ...] = ()
    polygons: list[list[Ring]] = field(default_factory=list)
    fault: Bilingual | None = None
    swapped: bool = False
    """Whether the file has latitude first; `polygons` are in the right order already."""

    @property
    def label(self) -> str:
        """The name shown in lists."""
        return self.names[0] if self.names else self.code or f"#{self.number}"


def read_boundaries(data: bytes, *, code_property: str | None = None) -> list[RawShape]:
    """Return every feature of a GeoJSON file, each with its rings or its fault. Raises BoundaryFileRefused for the whole file."""
    if len(data) > LARGEST_FILE:
        raise TooLarge(len(data))
    document = _parsed(data)
    _refuse_other_grid(document)
    features = _features(document)
    if not features:
        raise BoundaryFileRefused("Tệp không có hình nào.", "The file holds no feature.")
    if len(features) > MOST_FEATURES:
        raise _too_many(f"{MOST_FEATURES} hình", f"{MOST_FEATURES} features")
    left = _Left(MOST_RINGS, MOST_POINTS)
    return [_shape(number, feature, code_property, left) for number, feature in enumerate(features, 1)]


class TooLarge(BoundaryFileRefused):
    """The file is larger than what is read, judged by its length alone."""

    def __init__(self, size: int) -> None:
        most, megabytes = LARGEST_FILE // 1_000_000, f"{size / 1e6:.1f}"
        super().__init__(
            f"Tệp nặng {megabytes.replace('.', ',')} MB; tối đa {most} MB. Hãy tách tệp hoặc giảm số điểm của ranh giới.",
            f"The file has {megabytes} MB; {most} MB at most are read. Please split it or simplify its boundaries.",
        )


class _ShapeFault(Exception):
    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.text = Bilingual(vi, en)


@dataclass(slots=True)
class _Left:
    """How many more rings and points of the file are allowed."""

    rings: int
    points: int

    def take(self, points: int) -> None:
        self.rings, self.points = self.rings - 1, self.points - points
        if self.rings < 0:
            raise _too_many(f"{MOST_RINGS:,} vòng".replace(",", "."), f"{MOST_RINGS:,} rings")
        if self.points < 0:
            raise _too_many(f"{MOST_POINTS:,} điểm".replace(",", "."), f"{MOST_POINTS:,} points")


def _too_many(vi: str, en: str) -> BoundaryFileRefused:
    return BoundaryFileRefused(f"Tệp có quá nhiều dữ liệu: tối đa {vi}.", f"The file holds too much: at most {en} are read.")


def _parsed(data: bytes) -> Any:
    if data.startswith(_BOMS) or b"\x00" in data[:4]:
        raise BoundaryFileRefused("Tệp dùng bảng mã UTF-16 hoặc UTF-32; hãy lưu lại dạng UTF-8.",
                                  "The file is in UTF-16 or UTF-32; please save it as UTF-8.")  # fmt: skip
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as fault:
        raise _unreadable(data, fault) from None


def _unreadable(data: bytes, fault: orjson.JSONDecodeError) -> BoundaryFileRefused:
    words = str(fault).lower()
    if "recursion" in words or "depth" in words:
        return BoundaryFileRefused("Tệp có các phần lồng nhau quá sâu.", "The parts of the file are nested too deeply.")
    if "utf-8" in words or "surrogate" in words:
        return BoundaryFileRefused("Tệp không đúng bảng mã UTF-8.", "The file is no valid UTF-8.")
    near = data[max(0, fault.pos - 12) : fault.pos + 12]
    if re.search(rb"NaN|Infinity|\d[eE]\+?\d{3}", near):
        return BoundaryFileRefused("Tệp có toạ độ không phải là số hữu hạn (NaN, Infinity).",
                                   "The file holds coordinates that are no finite numbers (NaN, Infinity).")  # fmt: skip
    line, column = fault.lineno, fault.colno
    return BoundaryFileRefused(f"Tệp không phải JSON hợp lệ: lỗi ở dòng {line}, cột {column}. Cần tệp GeoJSON.",
                               f"The file is no valid JSON: line {line}, column {column}. A GeoJSON file is needed.")  # fmt: skip


def _refuse_other_grid(document: Any) -> None:
    crs = document.get("crs") if isinstance(document, dict) else None
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or name.lower() not in WGS_84:
        shown = _shown(name if isinstance(name, str) else "?")
        raise BoundaryFileRefused(
            f"Tệp dùng hệ toạ độ {shown}; cần kinh độ, vĩ độ WGS 84 (EPSG:4326). Hãy chuyển hệ toạ độ rồi thử lại.",
            f"The file is in {shown}; longitude and latitude in WGS 84 (EPSG:4326) are needed. Please convert it first.",
        )


def _features(document: Any) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    match kind:
        case "FeatureCollection":
            features = document.get("features")
            if isinstance(features, list):
                return features
            raise BoundaryFileRefused("FeatureCollection thiếu danh sách features.", "The FeatureCollection has no list of features.")
        case "Feature":
            return [document]
        case "Polygon" | "MultiPolygon":
            return [{"type": "Feature", "properties": {}, "geometry": document}]
    shown = _shown(kind) if isinstance(kind, str) else "?"
    raise BoundaryFileRefused(
        f"Cần GeoJSON loại FeatureCollection, Feature, Polygon hoặc MultiPolygon; tệp này là {shown}.",
        f"A FeatureCollection, Feature, Polygon or MultiPolygon is needed; this is {shown}.",
    )


def _shape(number: int, feature: Any, code_property: str | None, left: _Left) -> RawShape:
    shape = RawShape(number)
    try:
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise _ShapeFault("Phần này không phải là Feature.", "This is no Feature.")
        properties = feature.get("properties")
        if isinstance(properties, dict):
            shape.code, shape.names = _who(properties, code_property)
        shape.polygons = [[_ring(ring, left) for ring in rings] for rings in _polygons(feature.get("geometry"))]
        shape.swapped = _put_in_order(shape)
    except _ShapeFault as fault:
        shape.fault, shape.polygons = fault.text, []
    return shape


def _who(properties: dict[str, Any], code_property: str | None) -> tuple[str, tuple[str, ...]]:
    """The code and names of a feature; names are text to be shown, never markup."""
    by_name = {key.lower(): value for key, value in reversed(properties.items())}
    if code_property is not None:
        code = _text(properties.get(code_property))
    else:
        code = next((text for key in CODE_PROPERTIES if (text := _text(by_name.get(key)))), "")
    names = tuple(dict.fromkeys(text for key in NAME_PROPERTIES if (text := _text(by_name.get(key)))))
    return code, names


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > LONGEST_NAME or any(unicodedata.category(sign).startswith("C") for sign in text):
        raise _ShapeFault(f"Tên hoặc mã quá {LONGEST_NAME} ký tự hoặc có ký tự điều khiển.",
                          f"Its name or code has more than {LONGEST_NAME} characters or holds control characters.")  # fmt: skip
    return text


def _polygons(geometry: Any) -> list[Any]:
    if not isinstance(geometry, dict):
        raise _ShapeFault("Không có hình (geometry trống).", "There is no geometry.")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        shown = _shown(kind) if isinstance(kind, str) else "?"
        raise _ShapeFault(f"Cần Polygon hoặc MultiPolygon, đây là {shown}.", f"A Polygon or MultiPolygon is needed, this is {shown}.")
    found = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(found, list) or not found or not all(isinstance(rings, list) and rings for rings in found):
        raise _ShapeFault("Hình không có toạ độ.", "The geometry has no coordinates.")
    return found


def _ring(ring: Any, left: _Left) -> Ring:
    if not isinstance(ring, list):
        raise _ShapeFault("Toạ độ không đúng cấu trúc.", "The coordinates are not structured as they should be.")
    left.take(len(ring))
    positions: Ring = []
    for position in ring:
        if not isinstance(position, list) or not 2 <= len(position) <= 4:
            raise _ShapeFault("Toạ độ không đúng cấu trúc.", "The coordinates are not structured as they should be.")
        x, y = position[0], position[1]
        if type(x) not in (float, int) or type(y) not in (float, int) or not (math.isfinite(x) and math.isfinite(y)):
            raise _ShapeFault("Có toạ độ không phải là số.", "A coordinate is no number.")
        positions.append((float(x), float(y)))
    return positions


def _put_in_order(shape: RawShape) -> bool:
    """Swap positions that have latitude first. Raises _ShapeFault where either order is outside Vietnam."""
    west, south, east, north = VIETNAM
    far = [(x, y) for x, y in _all_positions(shape.polygons) if not (west <= x <= east and south <= y <= north)]
    if not far:
        return False
    if all(west <= y <= east and south <= x <= north for x, y in _all_positions(shape.polygons)):
        shape.polygons = [[[(y, x) for x, y in ring] for ring in rings] for rings in shape.polygons]
        return True
    x, y = far[0]
    if abs(x) > 360 or abs(y) > 360:
        raise _ShapeFault(f"Toạ độ ({x:g}; {y:g}) không phải là độ; có lẽ là VN-2000. Hãy chuyển sang WGS 84.",
                          f"({x:g}, {y:g}) are no degrees, perhaps VN-2000. Please convert the file to WGS 84.")  # fmt: skip
    raise _ShapeFault(f"Điểm ({x:g}; {y:g}) nằm ngoài Việt Nam.", f"The point ({x:g}, {y:g}) lies outside Vietnam.")


def _all_positions(polygons: Sequence[Sequence[Ring]]) -> Iterator[tuple[float, float]]:
    return (position for rings in polygons for ring in rings for position in ring)


def _shown(text: str) -> str:
    """A word of the file, made safe for a sentence of ours."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:60])
