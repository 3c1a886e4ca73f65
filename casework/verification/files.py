"""Verifying that every file a row names is in the storage and opens to the bytes that were sent."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import func, select

from casework.db import db
from casework.files.local import PIECE, SHORTEST_WAIT, FileMissing, FileStore, StorageUnreachable
from casework.files.under_maps import READ_ALL, file_of, named_ground_files
from casework.findings import Finding, fault, note
from casework.models import File, Photo, Recording
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import SealBroken

BATCH = 200
"""Rows read at a time; their bytes are read outside any transaction."""


def check_files(store: FileStore, *, now: datetime, key_ids: frozenset[str], every: int = 1, first: int = 0) -> Iterator[Finding]:
    """Look for each file, read every `every`-th (row ids with remainder `first`) and compare its SHA-256.

    `key_ids` are the available keys: files sealed with another key are looked for and counted, but not read. Not to be called inside
    `one_moment`: reading forty million files takes longer than a transaction should.
    """
    closed: Counter[str] = Counter()
    for row in _rows():
        try:
            wrong = _fault_of(row, store, key_ids, closed, now, is_read=row.id % every == first % every)
        except StorageUnreachable as unreachable:
            wrong = fault("file.unreadable", row.stored_name, unreachable.vi, unreachable.en)
        except OSError as error:
            wrong = fault(
                "file.unreadable", row.stored_name,
                f"Không đọc được tệp {row.stored_name}: {error.strerror}.", f"The file {row.stored_name} cannot be read: {error.strerror}.",
            )  # fmt: skip
        if wrong is not None and _is_still_so(row):
            yield wrong
    for key_id, count in sorted(closed.items()):
        yield fault(
            "file.key_missing", f"key {key_id}",
            f"Không có khóa {key_id}: {count} tệp đã niêm phong không mở được.",
            f"The key {key_id} is not here: {count} sealed files cannot be opened.",
        )  # fmt: skip
    yield from _under_maps(store)
    if store.keeps_what_is_deleted():
        yield fault(
            "file.versions", "bucket",
            "Kho tệp giữ lại các phiên bản cũ: tệp đã xóa vẫn còn trong đó. Hãy tắt chức năng giữ phiên bản và xóa các phiên bản cũ.",
            "The bucket keeps versions, so what was erased is still in it. Turn versions off and delete the old ones.",
        )  # fmt: skip
    yield from _unknown_files(store, now)


def _rows() -> Iterator[Any]:
    after = 0
    query = select(
        File.id, File.stored_name, File.sha256, File.size, File.key_id, File.erased_at, File.audience, File.rendition,
        func.coalesce(Photo.ref, Recording.ref).label("ref"), Recording.kind,
    )  # fmt: skip
    query = query.outerjoin(Photo, Photo.id == File.photo_id).outerjoin(Recording, Recording.id == File.recording_id)
    query = query.order_by(File.id).limit(BATCH)
    while batch := db.session.execute(query.where(File.id > after)).all():
        db.session.rollback()
        yield from batch
        after = batch[-1].id


def _fault_of(row: Any, store: FileStore, key_ids: frozenset[str], closed: Counter[str], now: datetime, *, is_read: bool) -> Finding | None:
    name = f"{row.stored_name} ({row.rendition}, {row.audience}, {row.kind or 'photo'} {row.ref})"
    if row.erased_at is not None:
        return _still_there(row, name, store, now)
    if row.key_id is not None and row.key_id not in key_ids:
        closed[row.key_id] += 1
        is_read = False
    try:
        if not is_read:
            if store.exists(row.stored_name):
                return None
            raise FileMissing(row.stored_name)
        with store.open(row.stored_name, sealed=row.key_id is not None) as file:
            size, digest = _size_and_digest(file)
    except FileMissing:
        return fault("file.missing", row.stored_name, f"Thiếu tệp {name} trong kho lưu trữ.", f"The file {name} is not in the storage.")
    except KeyMissing:
        closed[row.key_id] += 1
        return None
    except (SealBroken, ValueError):
        return fault(
            "file.seal", row.stored_name,
            f"Tệp {name} đã bị sửa: niêm phong không còn nguyên.", f"The file {name} has been changed: its seal is broken.",
        )  # fmt: skip
    if (size, digest) != (row.size, row.sha256):
        return fault(
            "file.changed", row.stored_name,
            f"Tệp {name} đã bị sửa: nội dung không khớp với mã SHA-256 đã ghi.",
            f"The file {name} has been changed: its content does not match the SHA-256 noted.",
        )  # fmt: skip
    return None


def _still_there(row: Any, name: str, store: FileStore, now: datetime) -> Finding | None:
    if now - row.erased_at < SHORTEST_WAIT or not store.exists(row.stored_name):
        return None
    return fault(
        "file.not_erased", row.stored_name,
        f"Tệp {name} đã được ghi là xóa nhưng vẫn còn trong kho lưu trữ.",
        f"The file {name} is noted as erased and still lies in the storage.",
    )  # fmt: skip


def _is_still_so(row: Any) -> bool:
    """Whether the row is unchanged: a file erased meanwhile is not missing."""
    erased_at = db.session.execute(select(File.erased_at).where(File.id == row.id)).one_or_none()
    db.session.rollback()
    return erased_at is not None and erased_at[0] == row.erased_at


def _size_and_digest(file: BinaryIO) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while piece := file.read(PIECE):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _under_maps(store: FileStore) -> Iterator[Finding]:
    """Read the files drawn under maps: one that is gone or changed leaves every map without its ground."""
    in_force = [file_of(value) for _, value in db.session.execute(READ_ALL)]
    db.session.rollback()
    for each in in_force:
        try:
            with store.open(each.stored_name) as file:
                is_whole = _size_and_digest(file) == (each.size, each.sha256)
        except (FileMissing, StorageUnreachable, OSError):
            is_whole = False
        if not is_whole:
            yield fault(
                "file.under_maps", each.stored_name,
                f"Tệp bản đồ nền {each.stored_name} thiếu hoặc đã bị sửa; hãy nạp lại ở trang Bản đồ nền.",
                f"The file {each.stored_name} under the maps is missing or was changed; load it again on the page Base map.",
            )  # fmt: skip


def _unknown_files(store: FileStore, now: datetime) -> Iterator[Finding]:
    """Count files without a row: remains of unsent forms, which the sweep removes."""
    unknown, names = 0, list[str]()
    for name in store.list_names(now - SHORTEST_WAIT):
        names.append(name)
        if len(names) == BATCH:
            unknown, names = unknown + _count_unknown(names), []
    unknown += _count_unknown(names)
    if unknown:
        yield note(
            "file.unknown", "files",
            f"Có {unknown} tệp không thuộc ảnh hay bản ghi nào; việc dọn tệp định kỳ sẽ xóa.",
            f"{unknown} files belong to no photo or recording; the regular sweep will remove them.",
        )  # fmt: skip


def _count_unknown(names: list[str]) -> int:
    known = set(db.session.scalars(select(File.stored_name).where(File.stored_name.in_(names)))) | named_ground_files(names)
    db.session.rollback()
    return len(set(names) - known)
