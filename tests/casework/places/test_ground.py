"""Which tile files and schematic layers are taken: a file that would draw nothing is refused, with the reason."""
from __future__ import annotations

import gzip
import io
import json
import struct
from typing import Any

import pytest

from casework.places.pmtiles import TileFacts, TileFileRefused, judge_tiles
from casework.places.sketches import LARGEST_FILE, SketchRefused, judge_sketch


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def member(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def tile(*layers: str, key: str = "kind") -> bytes:
    return b"".join(member(3, member(1, name.encode()) + member(3, key.encode())) for name in layers)


def tile_file(
    content: bytes, *, meta: Any = None, version: int = 3, kind: int = 1, press: int = 1, bounds: tuple[float, ...] = (107, 11, 109, 13),
    zooms: tuple[int, int] = (0, 14),
) -> bytes:
    """A PMTiles file of one tile."""
    entry = b"".join(varint(each) for each in (1, 0, 1, len(content), 1))
    said = json.dumps(meta if meta is not None else {}).encode()
    if press == 2:
        entry, said = gzip.compress(entry), gzip.compress(said)
    after, end = 127 + len(entry), 127 + len(entry) + len(said)
    header = struct.pack("<7sB11Q6B4iB2i", b"PMTiles", version, 127, len(entry), after, len(said), 0, 0, end, len(content), 1, 1, 1,
                         1, press, 1, kind, *zooms, *(round(each * 1e7) for each in bounds), 0, 0, 0)  # fmt: skip
    return header + entry + said + content


def judged(data: bytes) -> TileFacts:
    return judge_tiles(io.BytesIO(data), len(data))


@pytest.mark.parametrize("press", [1, 2])
def test_a_sound_tile_file_says_what_is_in_it(press: int) -> None:
    html = '<a href="https://www.openstreetmap.org/copyright">&copy; OpenStreetMap</a>\ncontributors'
    facts = judged(tile_file(tile("water", "roads"), meta={"attribution": html, "vector_layers": [{"id": "places"}, 7]}, press=press))
    assert facts == TileFacts(0, 14, (107, 11, 109, 13), 1, ("places", "roads", "water"), "© OpenStreetMap contributors")


SOUND = tile("water", "roads")
REFUSED = {
    "no PMTiles": b"<html>" * 40,
    "version 2": tile_file(SOUND, version=2),
    "holds pictures (PNG)": tile_file(SOUND, kind=2),
    "not say that it holds vector tiles": tile_file(SOUND, kind=0),
    "browsers cannot read": tile_file(SOUND, press=3),
    "impossible bounds": tile_file(SOUND, bounds=(109, 11, 107, 13)),
    "impossible bounds or": tile_file(SOUND, zooms=(9, 3)),
    "not copied in full": tile_file(SOUND)[:-1],
    "was not copied": tile_file(SOUND)[:60],
    "schema OpenMapTiles": tile_file(tile("transportation", "place", "water")),
    "schema Shortbread": tile_file(tile("streets", "water_polygons", "boundaries")),
    "no layer of the schema": tile_file(tile("luoi_dien")),
    "an old schema": tile_file(tile("water", "roads", key="pmap:kind")),
    "no property “kind”": tile_file(tile("water", "roads", key="ten")),
    "no readable vector tiles": tile_file(b"\x1a\xff"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_tile_file_that_would_draw_nothing_is_refused_with_the_reason(why: str) -> None:
    with pytest.raises(TileFileRefused, match=why.replace("(", r"\(").replace(")", r"\)")) as refused:
        judged(REFUSED[why])
    assert refused.value.vi != refused.value.en


def test_a_directory_that_unpacks_without_end_is_refused() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    numbers = (127, len(bomb), 0, 0, 0, 0, 127, 1, 1, 1, 1, 1, 2, 1, 1, 0, 1, 0, 0, 10, 10, 0, 0, 0)
    header = struct.pack("<7sB11Q6B4iB2i", b"PMTiles", 3, *numbers)
    with pytest.raises(TileFileRefused):
        judged(header + bomb)


def layer(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def feature(kind: Any, shape: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"kind": kind, **properties}, "geometry": {"type": shape, "coordinates": coordinates}}


ROAD = feature("road", "LineString", [[108.123456789, 12, 900], [108.2, 12.1]], name="Quốc lộ 27C", ref="QL27C", **{"class": "national"})


def test_of_a_schematic_layer_only_what_is_drawn_is_kept() -> None:
    sketch = judge_sketch(layer(
        {**ROAD, "id": 7, "properties": {**ROAD["properties"], "source": "vẽ tay", "rank": True, "minzoom": 99, "at": [108.1, 12]}},
        feature("peak", "Point", [108.5, 12.05], name="Lang <b>Biang", ele_m=2167),
        feature("village", "Point", [108.5, 12.05]),                       # without a name there is nothing to draw
        feature("house", "Point", [108.5, 12.05], name="Nhà bà A"),
        feature("lake", "LineString", [[108, 12], [108.1, 12]]),
        feature("river", "LineString", [[12, 108], [12.1, 108]]),          # latitude first
        feature("river", "LineString", [[108, 12]]),
        feature(["road"], "Point", None), None,
    ))  # fmt: skip
    first, second = json.loads(sketch.body)["features"]
    assert first["properties"] == {"kind": "road", "name": "Quốc lộ 27C", "ref": "QL27C", "class": "national", "at": [108.1, 12]}
    assert first["geometry"]["coordinates"] == [[108.12346, 12], [108.2, 12.1]]
    assert second["properties"] == {"kind": "peak", "name": "Lang <b>Biang", "ele_m": 2167}
    assert (sketch.features, sketch.left_out, sketch.bounds) == (2, 7, (108.12346, 12, 108.5, 12.1))


@pytest.mark.parametrize("data", [
    b"{", b"[]", b'{"features": 3}', layer(), layer(feature("house", "Point", [108, 12])), b" " * (LARGEST_FILE + 1),
    layer(*[ROAD] * 3001), layer(feature("road", "LineString", [[108 + n / 1e5, 12.00001] for n in range(40_000)])),
])  # fmt: skip
def test_what_is_no_schematic_layer_or_too_heavy_is_refused(data: bytes) -> None:
    with pytest.raises(SketchRefused) as refused:
        judge_sketch(data)
    assert refused.value.vi != refused.value.en
