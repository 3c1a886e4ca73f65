"""Judges a schematic layer: a GeoJSON of roads, water, peaks and names, drawn by hand, that maps show under their points.

Only what is drawn is taken over, in a fixed form, so the file a browser gets holds nothing that was not looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from casework.errors import CaseworkError

LARGEST_FILE = 3_000_000
LARGEST_KEPT = 600_000
"""The most bytes of the layer as a browser gets it: on a telephone it comes after the map, over a weak signal."""
MOST_FEATURES = 3_000
LONGEST_NAME = 80
DIGITS = 5
NEAREST_ZOOM = 16
"""Nobody closes in further over a sketch: its lines would pretend to an exactness they do not have."""
SHAPES = {"line": ("LineString", "MultiLineString"), "face": ("Polygon", "MultiPolygon"), "point": ("Point",)}
KINDS = {
    "road": "line", "rail": "line", "river": "line", "lake": "face", "town_area": "face", "area": "face",
    "peak": "point", "pass": "point", "place": "point", "village": "point", "sight": "point", "region": "point", "province": "point",
    "toward": "point",
}  # fmt: skip
"""The kinds of features, and what each is drawn as; `area` is the outline of a neighbour that is no area of the installation."""
ROAD_CLASSES = ("national", "provincial", "local")
NUMBERS = {"rank": (1, 9), "minzoom": (0, 22), "maxzoom": (0, 22), "ele_m": (-500, 9000), "accuracy_m": (0, 100_000)}


class SketchRefused(CaseworkError):
    """The file cannot be used as a schematic layer; the text says why."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A layer as browsers get it; `left_out` counts the features nothing could be drawn of. `bounds` is west, south, east, north."""

    body: bytes
    features: int
    left_out: int
    bounds: tuple[float, float, float, float]


def judge_sketch(data: bytes) -> Sketch:
    """Read a GeoJSON file of a schematic layer. Raises SketchRefused."""
    if len(data) > LARGEST_FILE:
        raise SketchRefused(
            f"Tệp quá lớn: tối đa {LARGEST_FILE // 1_000_000} MB.", f"The file is too large: {LARGEST_FILE // 1_000_000} MB at most."
        )
    listed = _features(data)
    features = [feature for each in listed if (feature := _feature(each)) is not None]
    if not features:
        kinds = ", ".join(KINDS)
        raise SketchRefused(
            f"Không có đối tượng nào vẽ được. Mỗi đối tượng cần thuộc tính “kind” là một trong: {kinds}.",
            f"Nothing in it could be drawn. Each feature needs a property “kind” that is one of: {kinds}.",
        )
    body = orjson.dumps({"type": "FeatureCollection", "features": features})
    if len(body) > LARGEST_KEPT:
        raise SketchRefused(
            f"Sơ đồ quá nặng cho điện thoại ({len(body) // 1000} kB, tối đa {LARGEST_KEPT // 1000} kB). Hãy bớt điểm trên các đường.",
            f"It is too heavy for telephones ({len(body) // 1000} kB, {LARGEST_KEPT // 1000} kB at most). Give its lines fewer points.",
        )
    positions = [position for feature in features for position in _positions(feature["geometry"]["coordinates"])]
    eastings, northings = [x for x, _ in positions], [y for _, y in positions]
    return Sketch(body, len(features), len(listed) - len(features), (min(eastings), min(northings), max(eastings), max(northings)))


def _features(data: bytes) -> list[Any]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise SketchRefused("Tệp không phải JSON hợp lệ; cần GeoJSON.", "The file is no valid JSON. GeoJSON is needed.") from None
    listed = document.get("features") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise SketchRefused("Cần một FeatureCollection của GeoJSON.", "A FeatureCollection of GeoJSON is needed.")
    if len(listed) > MOST_FEATURES:
        raise SketchRefused(f"Tối đa {MOST_FEATURES} đối tượng.", f"{MOST_FEATURES} features at most.")
    return listed


def _feature(given: Any) -> dict[str, Any] | None:
    """A feature in its fixed form, None where nothing can be drawn of it."""
    properties = given.get("properties") if isinstance(given, dict) else None
    geometry = given.get("geometry") if isinstance(given, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        return None
    kind = properties.get("kind")
    shape = KINDS.get(kind) if isinstance(kind, str) else None
    if shape is None or geometry.get("type") not in SHAPES[shape]:
        return None
    depth = {"Point": 0, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}[geometry["type"]]
    coordinates = _rounded(geometry.get("coordinates"), depth)
    if coordinates is None or (shape == "point" and not _words(properties.get("name"))):
        return None
    return {"type": "Feature", "properties": {"kind": kind, **_kept(properties)},
            "geometry": {"type": geometry["type"], "coordinates": coordinates}}  # fmt: skip


def _kept(properties: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: words for key in ("name", "en", "ref", "code") if (words := _words(properties.get(key)))}
    if properties.get("class") in ROAD_CLASSES:
        kept["class"] = properties["class"]
    for key, (least, most) in NUMBERS.items():
        number = properties.get(key)
        if isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most:
            kept[key] = number
    if (at := _rounded(properties.get("at"), 0)) is not None:
        kept["at"] = at
    return kept


def _words(given: Any) -> str:
    words = " ".join(given.split()) if isinstance(given, str) else ""
    return words if len(words) <= LONGEST_NAME and words.isprintable() else ""


def _rounded(given: Any, depth: int) -> Any:
    """Coordinates of that depth in WGS 84, longitude first, rounded to a metre; None where they are none."""
    if not isinstance(given, list):
        return None
    if depth:
        inner = [_rounded(each, depth - 1) for each in given]
        return inner if inner and None not in inner and (depth > 1 or len(inner) > 1) else None
    if len(given) < 2 or any(isinstance(each, bool) or not isinstance(each, int | float) for each in given[:2]):
        return None
    x, y = given[:2]
    return [round(x, DIGITS), round(y, DIGITS)] if abs(x) <= 180 and abs(y) <= 90 else None


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for each in coordinates:
        yield from _positions(each)
