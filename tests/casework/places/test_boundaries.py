"""Boundaries of a file: what is refused with which words, what is put right, and what is said of the file as a whole."""
from __future__ import annotations

import json
import math
from typing import Any

import pytest

from casework.places.boundaries import HEAVY, MOST_POINTS_KEPT, Checked, check_boundaries, digest_of, geometry_of
from casework.places.boundary_files import LARGEST_FILE, MOST_POINTS, MOST_RINGS, BoundaryFileRefused

SQUARE = [[108.0, 12.0], [108.1, 12.0], [108.1, 12.1], [108.0, 12.1], [108.0, 12.0]]
HOLE = [[108.02, 12.02], [108.02, 12.04], [108.04, 12.04], [108.04, 12.02], [108.02, 12.02]]
EAST = [[x + 0.1, y] for x, y in SQUARE]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **members}


def checked(document: Any, **options: Any) -> Checked:
    return check_boundaries(document if isinstance(document, bytes) else json.dumps(document).encode(), **options)


def circle(points: int, *, radius: float = 0.2, rough: float = 0.0) -> list[list[float]]:
    angles = [2 * math.pi * number / points for number in range(points)]
    ring = [[108 + (radius + rough * (number % 2)) * math.cos(angle), 12 + radius * math.sin(angle)] for number, angle in enumerate(angles)]
    return [*ring, ring[0]]


DEEP = b'{"type":"FeatureCollection","features":' + b"[" * 3000 + b"]" * 3000 + b"}"
NOTHING = b'{"type":"Polygon","coordinates":[[[NaN,12],[108,12],[108,13],[108,12]]]}'
HUGE = b'{"type":"Polygon","coordinates":[[[1e999,12],[108,12],[108,13],[108,12]]]}'
TINY = b"[" + b",".join([b"[[108,12],[108,12],[108,12],[108,12]]"] * (MOST_RINGS + 1)) + b"]"
POINTS = b"[[" + b",".join([b"[108,12]"] * (MOST_POINTS + 1)) + b"]]"

REFUSED_FILES = {
    "too large": (b" " * (LARGEST_FILE + 1), "MB"),
    "no JSON": (b"hello", "no valid JSON: line 1"),
    "cut off": (b'{"type":"FeatureCollection","features":[', "no valid JSON"),
    "empty": (b"", "no valid JSON"),
    "UTF-16": ('{"type":"Feature"}'.encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": ('{"type":"Feature"}'.encode("utf-16-be"), "UTF-16"),
    "no UTF-8": (b'{"type":"F\xe1\xba"}', "UTF-8"),
    "nested": (DEEP, "nested too deeply"),
    "NaN": (NOTHING, "no finite numbers"),
    "infinite": (HUGE, "no finite numbers"),
    "a million rings": (b'{"type":"Polygon","coordinates":' + TINY + b"}", "20,000 rings"),
    "a million points": (b'{"type":"Polygon","coordinates":' + POINTS + b"}", "1,000,000 points"),
    "TopoJSON": ({"type": "Topology"}, "this is Topology"),
    "a list": ([1], "this is ?"),
    "no features": (collection(), "no feature"),
    "features that are none": ({"type": "FeatureCollection", "features": {}}, "no list of features"),
    "VN-2000": (collection(crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3405"}}), "EPSG::3405"),
    "a strange grid": (collection(crs="<script>"), "is in ?"),
}


@pytest.mark.parametrize("name", REFUSED_FILES)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(name: str) -> None:
    document, words = REFUSED_FILES[name]
    with pytest.raises(BoundaryFileRefused) as refusal:
        checked(document)
    assert words in refusal.value.en
    assert refusal.value.vi != refusal.value.en


BOW_TIE = [[108.0, 12.0], [108.1, 12.1], [108.1, 12.0], [108.0, 12.1], [108.0, 12.0]]
REFUSED_SHAPES = {
    "no geometry": (None, "no geometry"),
    "a point": ({"type": "Point", "coordinates": [108, 12]}, "this is Point"),
    "a collection": ({"type": "GeometryCollection", "geometries": []}, "this is GeometryCollection"),
    "no coordinates": ({"type": "Polygon"}, "no coordinates"),
    "an empty ring": (polygon([]), "fewer than three"),
    "two points": (polygon([[108, 12], [108.1, 12]]), "fewer than three"),
    "coordinates too shallow": ({"type": "Polygon", "coordinates": [[108, 12]]}, "structured"),
    "words for numbers": (polygon([["108", "12"], *SQUARE[1:]]), "no number"),
    "true for a number": (polygon([[True, 12], *SQUARE[1:]]), "no number"),
    "a line": (polygon([[108, 12], [108.1, 12.1], [108.2, 12.2], [108, 12]]), "no size"),
    "crossing itself": (polygon(BOW_TIE), "crosses itself at (108.05000; 12.05000)"),
    "a scribble": (polygon([[108 + x % 97 / 97, 12 + x * x % 89 / 89] for x in range(3_000)]), "too many places"),
    "twice the same": ({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, "crosses itself"),
    "the open sea": (polygon([[0, 0], [1, 0], [1, 1], [0, 0]]), "outside Vietnam"),
    "over the date line": (polygon([[179, 12], [-179, 12], [-179, 13], [179, 12]]), "outside Vietnam"),
    "metres": (polygon([[580000, 1340000], [580100, 1340000], [580100, 1340100], [580000, 1340000]]), "VN-2000"),
    "huge": (polygon([[1e300, 12], *SQUARE[1:]]), "VN-2000"),
    "half turned round": (polygon([[12.0, 108.0], *SQUARE[1:]]), "outside Vietnam"),
}


@pytest.mark.parametrize("name", REFUSED_SHAPES)
def test_a_broken_shape_is_refused_alone_with_the_reason(name: str) -> None:
    geometry, words = REFUSED_SHAPES[name]
    broken, sound = checked(collection(feature(geometry, code="1"), feature(polygon(SQUARE), code="2"))).shapes
    assert broken.fault is not None
    assert words in broken.fault.en
    assert broken.fault.vi != broken.fault.en
    assert sound.is_sound


SPIKE = [*SQUARE[:2], [108.1, 12.05], [108.1005, 12.0505], [108.0999, 12.0505], [108.1, 12.05], [108.1, 12.1], *SQUARE[3:]]
REPAIRED = {
    "open": (polygon(SQUARE[:-1]), "was open"),
    "doubles": (polygon([SQUARE[0], SQUARE[0], *SQUARE[1:3], SQUARE[2], *SQUARE[3:]]), "2 repeated points"),
    "a hole without size": (polygon(SQUARE, [HOLE[0], HOLE[0], HOLE[0], HOLE[0]]), "1 rings without a size"),
    "a small loop": (polygon(SPIKE), "mended, its size changed by 0."),
    "turned round": (polygon([[y, x] for x, y in SQUARE]), "turned round"),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_small_faults_are_put_right_and_said(name: str) -> None:
    geometry, words = REPAIRED[name]
    [shape] = checked(feature(geometry)).shapes
    assert shape.fault is None
    assert any(words in note.en for note in shape.notes)
    assert shape.km2 == pytest.approx(121.0, rel=0.01)
    assert shape.geometry is not None
    assert shape.geometry.is_valid


def test_winding_holes_and_heights_come_out_as_the_standard_has_them() -> None:
    raised = [[*position, 900.5] for position in reversed(SQUARE)]
    [shape] = checked(b"\xef\xbb\xbf" + json.dumps(polygon(raised, HOLE)).encode()).shapes
    stored = shape.as_geojson
    outer, hole = (geometry_of(polygon(ring)).exterior for ring in stored["coordinates"])        # type: ignore[union-attr]
    assert (outer.is_ccw, hole.is_ccw) == (True, False)
    assert shape.km2 == pytest.approx(121.0 - 4.84, rel=0.01)
    assert {len(position) for ring in stored["coordinates"] for position in ring} == {2}
    assert digest_of(stored) == digest_of({"coordinates": stored["coordinates"], "type": "Polygon"})


def test_what_latitude_first_means_is_known_and_named_for_the_whole_file() -> None:
    assert checked(polygon([[y, x] for x, y in SQUARE])).has_swapped
    assert not checked(polygon(SQUARE)).has_swapped


@pytest.mark.exhaustive
def test_heavy_outlines_become_light_and_the_difference_is_said() -> None:
    [heavy] = checked(polygon(circle(20_000, rough=0.0001))).shapes
    assert heavy.points < HEAVY
    assert any("Simplified (within 56 m): 20001 →" in note.en for note in heavy.notes)
    assert heavy.km2 == pytest.approx(math.pi * 0.2**2 * 111.195**2 * math.cos(math.radians(12)), rel=0.01)
    [hopeless] = checked(polygon(circle(30_000, rough=0.05))).shapes
    assert hopeless.fault is not None
    assert "too many even when simplified" in hopeless.fault.en
    assert MOST_POINTS_KEPT < 30_000


def test_neighbours_are_made_light_together_and_keep_their_common_border() -> None:
    line = [[108.1 + 0.0001 * (number % 2), 12 + number / 30_000] for number in range(3_001)]
    west, east = [[108.0, 12.0], *line, [108.0, 12.1]], [[108.2, 12.1], *reversed(line), [108.2, 12.0]]
    one, other = checked(collection(feature(polygon(west)), feature(polygon(east)))).shapes
    assert one.points < 100
    assert one.geometry is not None
    assert one.geometry.touches(other.geometry)
    assert one.geometry.union(other.geometry).geom_type == "Polygon"
    assert not one.geometry.union(other.geometry).interiors                        # type: ignore[attr-defined]


def test_overlaps_and_gaps_between_neighbours_are_warned_of() -> None:
    over = [[x + 0.05, y] for x, y in SQUARE]
    said = checked(collection(feature(polygon(SQUARE), name="Xã A"), feature(polygon(over), name="Xã B"))).warnings
    assert [warning.en for warning in said] == ["Xã A and Xã B overlap by 50 %."]
    assert said[0].vi == "Xã A và Xã B chồng lên nhau 50 %."
    ring = [feature(polygon([[108 + x, 12 + y], [108 + x + w, 12 + y], [108 + x + w, 12 + y + h], [108 + x, 12 + y + h]]))
            for x, y, w, h in ((0, 0, 0.3, 0.1), (0, 0.1, 0.1, 0.1), (0.2, 0.1, 0.1, 0.1), (0, 0.2, 0.3, 0.1))]  # fmt: skip
    assert [warning.en[:17] for warning in checked(collection(*ring)).warnings] == ["There is a gap of"]
    lake = feature(polygon([[108.0, 12.0], [108.3, 12.0], [108.3, 12.3], [108.0, 12.3]], HOLE))
    assert checked(collection(lake, *(feature(polygon(EAST)),) * 0)).warnings == []


def test_names_are_words_whatever_stands_in_them_and_control_characters_are_refused() -> None:
    script = "<script>alert(1)</script>"
    assert checked(feature(polygon(SQUARE), name=script, code=24848)).shapes[0].raw.label == script
    for name in ("Xã\u202eLát", "Xã\x1b[31m", "Xã\x00", "x" * 201):
        [shape] = checked(feature(polygon(SQUARE), name=name)).shapes
        assert shape.fault is not None, repr(name)
        assert shape.raw.label == "#1", "what was refused is not shown either"


def test_code_and_names_are_found_under_usual_names_or_the_one_that_is_given() -> None:
    both = feature(polygon(SQUARE), MA_XA="24848", fullName="Xã Lạc Dương", name="Lạc Dương", gso="7")
    raw = checked(both).shapes[0].raw
    assert (raw.code, raw.names) == ("24848", ("Xã Lạc Dương", "Lạc Dương"))
    assert checked(both, code_property="gso").shapes[0].raw.code == "7"
    assert checked(both, code_property="none").shapes[0].raw.code == ""
