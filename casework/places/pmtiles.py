"""Judges a PMTiles file before it is drawn under maps: version 3, whole, and vector tiles in the schema of Protomaps.

The header, the directories and the description are read, and a few tiles; a file of any size is judged in a moment.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from typing import Any, BinaryIO

import orjson

from casework.errors import CaseworkError

HEADER = struct.Struct("<7sB11Q6B4iB2i")
MAGIC, VERSION = b"PMTiles", 3
PLAIN, GZIP = 1, 2
"""The compressions that browsers can undo here."""
VECTOR = 1
PICTURES = {2: "PNG", 3: "JPEG", 4: "WebP", 5: "AVIF"}
HIGHEST_ZOOM = 22
MOST_UNPACKED = 8 << 20
"""The most bytes of a directory, description or tile once unpacked."""
LOOKED_AT = 12
"""Tiles read to learn which layers are drawn."""
LONGEST_ATTRIBUTION = 200
PROTOMAPS = frozenset(
    {"earth", "water", "landuse", "landcover", "natural", "roads", "transit", "places", "pois", "buildings", "boundaries"}
)
OTHER_SCHEMAS = {
    "OpenMapTiles": frozenset({"transportation", "waterway", "place", "landcover", "building"}),
    "Shortbread": frozenset({"streets", "water_polygons", "place_labels", "street_labels", "sites"}),
}
"""Layers by which the schemas are known that tools make unless told otherwise."""


class TileFileRefused(CaseworkError):
    """The file cannot be drawn; the text says why."""


@dataclass(frozen=True, slots=True)
class TileFacts:
    """What is in a sound file. `bounds` is west, south, east, north in degrees; `attribution` is empty where the file names no source."""

    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    tiles: int
    layers: tuple[str, ...]
    attribution: str


@dataclass(frozen=True, slots=True)
class _Header:
    root: tuple[int, int]
    description: tuple[int, int]
    leaves: tuple[int, int]
    tiles: tuple[int, int]
    addressed: int
    inner: int
    """How directories and the description are compressed; `of_tiles`: how tiles are."""
    of_tiles: int
    kind: int
    zooms: tuple[int, int]
    bounds: tuple[float, float, float, float]


def judge_tiles(file: BinaryIO, size: int) -> TileFacts:
    """Judge a PMTiles file of `size` bytes. Raises TileFileRefused."""
    header = _header(file, size)
    description = _description(file, header)
    layers, keys = set[str](), set[str]()
    for tile in _some_tiles(file, header):
        for name, of_layer in _layers_of(tile):
            layers.add(name)
            keys |= of_layer
    named = {str(each.get("id")) for each in description.get("vector_layers", []) if isinstance(each, dict)}
    _refuse_schema(layers | named, keys)
    drawn = tuple(sorted((layers | named) & PROTOMAPS))
    return TileFacts(*header.zooms, header.bounds, header.addressed, drawn, _attribution(description))


def _header(file: BinaryIO, size: int) -> _Header:
    file.seek(0)
    start = file.read(HEADER.size)
    if not start.startswith(MAGIC):
        raise TileFileRefused("Tệp không phải là PMTiles.", "The file is no PMTiles file.")
    if len(start) > len(MAGIC) and start[len(MAGIC)] != VERSION:
        raise TileFileRefused(
            f"Tệp là PMTiles phiên bản {start[len(MAGIC)]}; cần phiên bản {VERSION}. Lệnh “pmtiles convert” chuyển được.",
            f"The file is PMTiles of version {start[len(MAGIC)]}; version {VERSION} is needed. “pmtiles convert” makes it.",
        )
    if len(start) < HEADER.size:
        raise _cut_short()
    _magic, _version, *numbers = HEADER.unpack(start)
    root, description, leaves, tiles = ((numbers[each], numbers[each + 1]) for each in (0, 2, 4, 6))
    if any(offset + length > size for offset, length in (root, description, leaves, tiles)) or not root[1] or not tiles[1]:
        raise _cut_short()
    _clustered, inner, of_tiles, kind, least, most = numbers[11:17]
    west, south, east, north = (number / 1e7 for number in numbers[17:21])
    header = _Header(root, description, leaves, tiles, numbers[8], inner, of_tiles, kind, (least, most), (west, south, east, north))
    _refuse_header(header)
    return header


def _refuse_header(header: _Header) -> None:
    if header.kind in PICTURES:
        raise TileFileRefused(
            f"Tệp chứa ảnh ({PICTURES[header.kind]}); cần ô bản đồ dạng vector (MVT).",
            f"The file holds pictures ({PICTURES[header.kind]}); vector tiles (MVT) are needed.",
        )
    if header.kind != VECTOR:
        raise TileFileRefused("Tệp không ghi là ô bản đồ dạng vector (MVT).", "The file does not say that it holds vector tiles (MVT).")
    if header.inner not in (PLAIN, GZIP) or header.of_tiles not in (PLAIN, GZIP):
        raise TileFileRefused(
            "Tệp nén theo cách trình duyệt không đọc được (Brotli hoặc Zstandard); cần gzip.",
            "The file is compressed in a way that browsers cannot read (Brotli or Zstandard); gzip is needed.",
        )
    west, south, east, north = header.bounds
    is_place = -180 <= west < east <= 180 and -90 <= south < north <= 90
    if not is_place or not header.zooms[0] <= header.zooms[1] <= HIGHEST_ZOOM:
        raise TileFileRefused("Phần đầu tệp ghi phạm vi hoặc mức thu phóng không hợp lệ.", "Its header has impossible bounds or zooms.")


def _description(file: BinaryIO, header: _Header) -> dict[str, Any]:
    offset, length = header.description
    if not length:
        return {}
    try:
        found = orjson.loads(_unpacked(_read(file, offset, length), header.inner))
    except orjson.JSONDecodeError:
        raise _cut_short() from None
    return found if isinstance(found, dict) else {}


def _attribution(description: dict[str, Any]) -> str:
    """The source the file names, as plain words: makers write it as HTML."""
    words = unescape(re.sub(r"<[^<>]*>", "", str(description.get("attribution") or "")))
    return " ".join("".join(each if each.isprintable() else " " for each in words).split())[:LONGEST_ATTRIBUTION]


def _some_tiles(file: BinaryIO, header: _Header) -> Iterator[bytes]:
    """The first tiles, those of the smallest zooms: each layer of a base map is in them or is in the description."""
    left = LOOKED_AT
    for offset, length in _tile_places(file, header):
        if offset + length > header.tiles[1]:
            raise _cut_short()
        yield _unpacked(_read(file, header.tiles[0] + offset, length), header.of_tiles)
        left -= 1
        if not left:
            return


def _tile_places(file: BinaryIO, header: _Header) -> Iterator[tuple[int, int]]:
    for run, offset, length in _directory(_unpacked(_read(file, *header.root), header.inner)):
        if run:
            yield offset, length
            continue
        if offset + length > header.leaves[1]:
            raise _cut_short()
        leaf = _directory(_unpacked(_read(file, header.leaves[0] + offset, length), header.inner))
        yield from ((inner, size) for count, inner, size in leaf if count)


def _directory(data: bytes) -> list[tuple[int, int, int]]:
    """The entries of a directory: run length (0: a directory of its own), offset and length."""
    numbers = _varints(data)
    try:
        count = next(numbers)
        if count > len(data):
            raise _cut_short()
        for _ in range(count):
            next(numbers)
        runs = [next(numbers) for _ in range(count)]
        lengths = [next(numbers) for _ in range(count)]
        entries, after = list[tuple[int, int, int]](), 0
        for run, length in zip(runs, lengths, strict=True):
            offset = next(numbers)
            offset = offset - 1 if offset else after
            after = offset + length
            entries.append((run, offset, length))
    except StopIteration:
        raise _cut_short() from None
    return entries


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0


def _members(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited members of a protobuf message, by number; others are passed over."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("cut short")
            yield tag >> 3, data[at : at + length]
            at += length
        elif tag & 7 == 0:
            _number, at = _varint(data, at)
        else:
            at += {1: 8, 5: 4}[tag & 7]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return number, at


def _layers_of(tile: bytes) -> Iterator[tuple[str, set[str]]]:
    """The layers of a vector tile with the keys their features have."""
    with suppress(ValueError, IndexError, KeyError):
        for number, layer in _members(tile):
            if number == 3:
                parts = list(_members(layer))
                name = b"".join(content for part, content in parts if part == 1)
                yield name.decode("utf-8", "replace"), {content.decode("utf-8", "replace") for part, content in parts if part == 3}
        return
    raise TileFileRefused("Ô bản đồ trong tệp không phải là vector (MVT) đọc được.", "The tiles in the file are no readable vector tiles.")


def _refuse_schema(layers: set[str], keys: set[str]) -> None:
    for schema, known in OTHER_SCHEMAS.items():
        if len(layers & known) > 1 and not layers & {"roads", "earth"}:
            raise TileFileRefused(
                f"Ô bản đồ theo lược đồ {schema}, ở đây hầu như không vẽ được gì; cần lược đồ Protomaps.",
                f"The tiles are in the schema {schema}, of which next to nothing could be drawn; that of Protomaps is needed.",
            )
    if not layers & PROTOMAPS:
        found = ", ".join(sorted(layers)[:8]) or "–"
        raise TileFileRefused(
            f"Tệp không có lớp nào của lược đồ Protomaps (có: {found}).",
            f"The file has no layer of the schema of Protomaps (it has: {found}).",
        )
    if "pmap:kind" in keys and "kind" not in keys:
        raise TileFileRefused(
            "Ô bản đồ theo lược đồ Protomaps cũ (phiên bản 3 trở về trước); cần phiên bản 4.",
            "The tiles are in an old schema of Protomaps (version 3 or before); version 4 is needed.",
        )
    if "kind" not in keys:
        raise TileFileRefused(
            "Các lớp có tên như của Protomaps nhưng đối tượng không có thuộc tính “kind”, nên không vẽ được.",
            "Its layers are called as those of Protomaps, but their features have no property “kind”, so nothing would be drawn.",
        )


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    if length > MOST_UNPACKED:
        raise _cut_short()
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise _cut_short()
    return data


def _unpacked(data: bytes, compression: int) -> bytes:
    if compression == PLAIN:
        return data
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacking.decompress(data, MOST_UNPACKED)
    except zlib.error:
        raise _cut_short() from None
    if not unpacking.eof:
        raise _cut_short()
    return unpacked


def _cut_short() -> TileFileRefused:
    return TileFileRefused("Tệp bị hỏng hoặc chưa chép xong.", "The file is damaged or was not copied in full.")
