"""Loading and removing the files drawn under maps, by who administers every centre there is; one event each.

The bytes are stored first, then one transaction names them, then the former ones go: a map has the old file or the new one, never half.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import BinaryIO

from sqlalchemy import or_, select

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.files.local import FileStore, new_stored_name
from casework.files.under_maps import SKETCH, TILES, GroundFile, file_of, value_of_row
from casework.local_time import local_day
from casework.models import Centre, HouseSetting
from casework.permissions import Actor, NotAllowed
from casework.places.pmtiles import LONGEST_ATTRIBUTION, judge_tiles
from casework.places.sketches import judge_sketch
from casework.setting_events import record_setting
from casework.settings.scopes import administered_centres
from casework.text import normal

KIND = "ground_file"
"""The kind of these files in events."""


class GroundFileRefused(CaseworkError):
    """The file cannot be taken like this, or there is none to remove; the text says why."""


def may_load_ground(by: Actor, on: date) -> bool:
    """Whether the person administers the whole installation, or every centre it has on that day: all maps change."""
    own = administered_centres(by)
    if own is None or not own:
        return own is None
    others = select(Centre.id).where(Centre.id.not_in(own), or_(Centre.valid_to.is_(None), Centre.valid_to > on))
    return db.session.scalar(others.limit(1)) is None


def load_tiles(
    file: BinaryIO, *, size: int, largest: int, store: FileStore, attribution: str, by: Actor, now: datetime, reason: str
) -> GroundFile:
    """Take a PMTiles file over in place of the present one.

    Without an `attribution` the file has to name its source. Raises NotAllowed, GroundFileRefused, TileFileRefused, ReasonMissing,
    FileNotStored.
    """
    _require(by, now)
    if size > largest:
        raise GroundFileRefused(
            f"Tệp quá lớn ({_megabytes(size)} MB); ở đây tối đa {_megabytes(largest)} MB.",
            f"The file is too large ({_megabytes(size)} MB); {_megabytes(largest)} MB at most here.",
            about="file",
        )
    facts = judge_tiles(file, size)
    named = _named_source(attribution, facts.attribution)
    file.seek(0)
    found = GroundFile("", "", size, named, facts.bounds, facts.tiles, facts.min_zoom, facts.max_zoom)
    return _put_in_force(TILES, _stored(file, found, store), store=store, by=by, now=now, reason=reason)


def load_sketch(data: bytes, *, store: FileStore, attribution: str, by: Actor, now: datetime, reason: str) -> GroundFile:
    """Take a schematic layer over in place of the present one. Raises NotAllowed, GroundFileRefused, SketchRefused, ReasonMissing,
    FileNotStored."""
    _require(by, now)
    return _put_in_force(SKETCH, stored_sketch(data, store=store, attribution=attribution), store=store, by=by, now=now, reason=reason)


def remove_ground_file(key: str, *, store: FileStore, by: Actor, now: datetime, reason: str) -> None:
    """Remove a file from under the maps. Raises NotAllowed, GroundFileRefused, ReasonMissing."""
    _require(by, now)
    with unit_of_work():
        row = _row_of(key)
        if row is None:
            raise GroundFileRefused("Không có tệp nào để gỡ.", "There is no file to remove.")
        former = file_of(row.value)
        record_setting(KIND, key, by=by, at=now, centre_id=None, old=_told(former), new=None, reason=reason)
        db.session.delete(row)
    store.delete(former.stored_name)


def name_ground_file(key: str, file: GroundFile, *, by: Actor, now: datetime, reason: str) -> GroundFile | None:
    """Let a stored file be the one in force, inside the caller's unit of work; return the former one."""
    row = _row_of(key)
    former = file_of(row.value) if row is not None else None
    record_setting(KIND, key, by=by, at=now, centre_id=None, old=_told(former) if former else None, new=_told(file), reason=reason)
    if row is None:
        row = HouseSetting(key=key, centre_id=None)
        db.session.add(row)
    row.value, row.changed_at, row.changed_by_id = value_of_row(file), now, by.own_id
    return former


def stored_sketch(data: bytes, *, store: FileStore, attribution: str) -> GroundFile:
    """Judge and store a schematic layer without putting it in force. Raises GroundFileRefused, SketchRefused, FileNotStored."""
    sketch = judge_sketch(data)
    found = GroundFile("", "", 0, _named_source(attribution, ""), sketch.bounds, sketch.features)
    return _stored(sketch.body, found, store)


def _put_in_force(key: str, file: GroundFile, *, store: FileStore, by: Actor, now: datetime, reason: str) -> GroundFile:
    try:
        with unit_of_work():
            former = name_ground_file(key, file, by=by, now=now, reason=reason)
    except CaseworkError:
        store.delete(file.stored_name)
        raise
    if former is not None:
        store.delete(former.stored_name)
    return file


def _stored(content: bytes | BinaryIO, found: GroundFile, store: FileStore) -> GroundFile:
    stored = store.put(new_stored_name(), content)
    return replace(found, stored_name=stored.stored_name, sha256=stored.sha256, size=stored.size)


def _named_source(typed: str, of_file: str) -> str:
    named = normal(typed) or of_file
    if not named:
        raise GroundFileRefused(
            "Vui lòng ghi nguồn của bản đồ: bản đồ không được hiện mà không nêu nguồn.",
            "Please name the source of the map: it is not shown without one.",
            about="attribution",
        )
    if len(named) > LONGEST_ATTRIBUTION or not named.isprintable():
        raise GroundFileRefused(
            f"Nguồn dài tối đa {LONGEST_ATTRIBUTION} ký tự, trên một dòng.",
            f"The source may have {LONGEST_ATTRIBUTION} characters at most, on one line.",
            about="attribution",
        )
    return named


def _require(by: Actor, now: datetime) -> None:
    if not may_load_ground(by, local_day(now)):
        raise NotAllowed


def _told(file: GroundFile) -> dict[str, object]:
    return {"sha256": file.sha256, "size": file.size, "source": file.attribution}


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}".removesuffix(".0")


def _row_of(key: str) -> HouseSetting | None:
    return db.session.scalar(select(HouseSetting).where(HouseSetting.key == key, HouseSetting.centre_id.is_(None)))
