"""The files an installation draws under its maps: a PMTiles file and a schematic layer. Their bytes are in the store of files.

What is in force is kept in every process until the rules change: a page with a map asks for nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.files.local import FileStore
from casework.models import HouseSetting
from casework.reading.kept_with_rules import kept_with_rules

TILES, SKETCH = "ground_tiles", "ground_sketch"
KEYS = (TILES, SKETCH)
"""The rows of `house_setting` that name these files; no values somebody types."""
READ_ALL = select(HouseSetting.key, HouseSetting.value).where(HouseSetting.key.in_(KEYS), HouseSetting.centre_id.is_(None))


@dataclass(frozen=True, slots=True)
class GroundFile:
    """A file in force. `bounds` is west, south, east, north; `count` of tiles or of features; the zooms are a tile file's."""

    stored_name: str
    sha256: str
    size: int
    attribution: str
    bounds: tuple[float, float, float, float]
    count: int
    min_zoom: int = 0
    max_zoom: int = 0

    @property
    def digest(self) -> str:
        """What stands in its address, so that browsers keep it until it is another file."""
        return self.sha256[:12]


def ground_file(key: str) -> GroundFile | None:
    """The file in force, None where none was loaded."""
    return _in_force().get(key)


@kept_with_rules
def _in_force() -> Mapping[str, GroundFile]:
    return {key: file_of(value) for key, value in db.session.execute(READ_ALL)}


def named_ground_files(names: Collection[str]) -> set[str]:
    """Those of these stored names that are in force, read anew."""
    return {value["stored_name"] for _, value in db.session.execute(READ_ALL)} & set(names)


def file_of(value: Mapping[str, Any]) -> GroundFile:
    """The file a row names."""
    west, south, east, north = value["bounds"]
    return GroundFile(**{**value, "bounds": (west, south, east, north)})


def value_of_row(file: GroundFile) -> dict[str, Any]:
    """A file as its row holds it."""
    return {**asdict(file), "bounds": list(file.bounds)}


def sketch_body(file: GroundFile, store: FileStore) -> bytes:
    """The bytes of a schematic layer, kept in this process. Raises what the store raises."""
    body = _bodies.get(file.sha256)
    if body is None:
        with store.open(file.stored_name) as opened:
            body = opened.read()
        _bodies.clear()
        _bodies[file.sha256] = body
    return body


_bodies: dict[str, bytes] = {}
