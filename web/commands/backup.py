"""`langbiang backup` and `restore`. The functions return what they did and print nothing (docs/operations.md)."""

import hmac
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, inspect, select

import migrations
from casework.bilingual import Bilingual
from casework.db import METADATA
from casework.errors import CaseworkError
from casework.files.local import STORED_NAME, FileMissing, FileStore, LocalFileStore
from casework.files.under_maps import READ_ALL
from casework.models import Anchor, File
from casework.sealing.keyring import Keyring, KeyringUnusable
from casework.verification.anchor_keys import FOLDER as ANCHORS
from casework.verification.anchor_keys import KEY
from casework.verification.anchors import fetch_anchors, path_of, share_anchors
from web.commands.backup_folder import BackupDamaged, Manifest, Writing, read_manifest, refuse_changed
from web.commands.dumps import OF_THE_MOMENT, DumpRefused, dump_name, dumped, is_empty, load_dump, server_version
from web.commands.key_copies import KeysRefused, place_keys, read_keys, refuse_other_keys, save_keys
from web.commands.verify import Verification, verify
from web.config import Config
from web.files.storage import open_file_store, shelf_of
from web.startup_checks import keys_in_use, make_data_folder
from web.watching.presence import program_version

__all__ = [
    "Backup", "BackupDamaged", "BackupRefused", "DumpRefused", "KeysRefused", "RestoreRefused", "Restored", "Verification",
    "backup", "restore", "verify",
]  # fmt: skip

FILES = "files"


class BackupRefused(CaseworkError):
    """The backup cannot be made; the text says why."""


class RestoreRefused(CaseworkError):
    """The backup cannot be restored here; the text says why."""


@dataclass(frozen=True)
class Backup:
    """A finished backup. `missing` are files that a row names and the storage did not have; the backup is complete except for them.

    Its manifest has no seal where there was no keyring.
    """

    folder: Path
    manifest: Manifest
    files: int
    size: int
    missing: tuple[str, ...]
    keys: Path | None


@dataclass(frozen=True)
class Restored:
    """A restored installation. `missing` says what was not restored, `unproven` why the backup cannot be proven genuine; `verification` is
    None when migrations have to run first."""

    manifest: Manifest
    missing: tuple[Bilingual, ...]
    verification: Verification | None
    unproven: Bilingual | None = None


def backup(config: Config, folder: Path, *, now: datetime, keys: Path | None = None) -> Backup:
    """Save database, files and anchors to a new folder, as of one moment and while people work. The keys are saved only to `keys`.

    The folder gets its final name once everything is on the disk. Raises BackupRefused, DumpRefused, KeysRefused, KeyringUnusable.
    """
    _refuse_folder(config, folder, keys)
    keyring = _keyring_of(config, {})
    writing = Writing(folder)
    try:
        with dumped(config.database_url, writing.path(dump_name(config.database_url))) as connection:
            missing = _copy_files(open_file_store(config), connection, writing)
            _copy_anchors(config, connection, writing)
            facts = _facts(config, connection, now)
        if keys is not None:
            save_keys(config, keys, now=now)
        manifest = writing.finish(dump_name(config.database_url), facts, keyring)
    except OSError as error:
        raise BackupRefused(f"Không ghi được bản sao lưu: {error.strerror}.", f"The backup cannot be written: {error.strerror}.") from error
    finally:
        writing.clear()
    return Backup(folder, manifest, writing.files, writing.size, tuple(missing), keys)


def restore(config: Config, folder: Path, *, now: datetime, keys: Path | None = None, unproven: bool = False) -> Restored:
    """Fill an empty installation from a backup after checking its seal and every byte, and verify the result.

    `unproven` accepts a backup without a seal, or one whose seal cannot be checked for want of keys; a wrong seal is never accepted. Raises
    RestoreRefused, BackupDamaged, DumpRefused, KeysRefused, KeyringUnusable; nothing has been written then, unless a disk failed.
    """
    manifest = read_manifest(folder)
    given = read_keys(keys) if keys is not None else {}
    doubt = _doubt(manifest, _keyring_of(config, given))
    if doubt is not None and not unproven:
        raise RestoreRefused(
            f"{doubt.vi} Nếu chắc chắn bản sao lưu này chưa bị ai sửa, hãy chạy lại với --unproven.",
            f"{doubt.en} If you are sure that nobody has changed this backup, run it again with --unproven.",
        )
    _refuse_target(config, manifest)
    refuse_other_keys(config, given)
    refuse_changed(folder, manifest)
    store = open_file_store(config)
    folders = {ANCHORS: config.data / ANCHORS} | ({FILES: config.files} if isinstance(store, LocalFileStore) else {})
    for name, target in folders.items():
        if (folder / name).exists():
            shutil.copytree(folder / name, target, dirs_exist_ok=True)
            target.chmod(0o700)
    os.sync()
    if (shelf := shelf_of(store)) is not None:
        for name in LocalFileStore(folder / FILES).list_names():
            with (folder / FILES / name).open("rb") as opened:
                store.put(name, opened)
        share_anchors(config.data, shelf)
    load_dump(folder / dump_name(config.database_url), config.database_url)
    place_keys(config, given)
    is_current = manifest.revision == migrations.newest_revision()
    missing = tuple(_missing(config, manifest, is_current=is_current))
    return Restored(manifest, missing, verify(config, now=now) if is_current else None, doubt)


def _keyring_of(config: Config, given: dict[str, bytes]) -> Keyring | None:
    """The given keyring, else the one in place. Raises KeyringUnusable."""
    if "keyring" in given:
        return Keyring.parse(given["keyring"])
    return Keyring.load(config.keyring) if config.keyring.exists() else None


def _doubt(manifest: Manifest, keyring: Keyring | None) -> Bilingual | None:
    """Why the backup cannot be proven genuine; None where its seal proves it. Raises BackupDamaged."""
    if manifest.seal is None:
        return Bilingual(
            "Bản sao lưu không có niêm phong: do phiên bản 0.9.0 trở về trước tạo, hoặc niêm phong đã bị bỏ đi. Không biết được nội dung "
            "có bị sửa hay không.",
            "The backup has no seal: a release up to 0.9.0 made it, or somebody took the seal away. Nobody knows whether it was changed.",
        )
    if keyring is None:
        return Bilingual(
            "Không có khóa để kiểm tra niêm phong của bản sao lưu: hãy đưa tệp khóa bằng --keys.",
            "There are no keys to check the seal of the backup with: give the file of keys with --keys.",
        )
    if not hmac.compare_digest(manifest.seal, manifest.sealed_by(keyring)):
        raise BackupDamaged(
            "Niêm phong của bản sao lưu không khớp: bản sao lưu đã bị sửa, hoặc khóa là của hệ thống khác. Không khôi phục.",
            "The seal of the backup does not fit: the backup was changed, or the keys are another installation's. It is not restored.",
        )
    return None


def _refuse_folder(config: Config, folder: Path, keys: Path | None) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupRefused(f"{folder} đã có dữ liệu; hãy chọn thư mục mới.", f"There is something at {folder}; choose a new folder.")
    if folder.resolve().is_relative_to(config.files.resolve()):
        raise BackupRefused("Không sao lưu vào chính kho tệp.", "A backup cannot lie inside the storage of files.")
    if keys is not None and keys.resolve().is_relative_to(folder.resolve()):
        raise BackupRefused(
            "Khóa phải được giữ riêng, không nằm trong bản sao lưu: ai có cả hai sẽ mở được danh tính người phản ánh.",
            "Keys are kept apart, not inside the backup: who has both can open the identities of reporters.",
        )


def _copy_files(store: FileStore, connection: Connection, writing: Writing) -> list[str]:
    query = select(File.stored_name).where(File.erased_at.is_(None)).order_by(File.id).execution_options(yield_per=1000)
    under_maps = (value["stored_name"] for _, value in connection.execute(READ_ALL))
    return [name for name in chain(connection.scalars(query), under_maps) if not _is_copied(store, name, writing)]


def _is_copied(store: FileStore, name: str, writing: Writing) -> bool:
    """Copy one stored file as it is, sealed or not. A name that no storage could have given counts as missing."""
    if not STORED_NAME.fullmatch(name):
        return False
    try:
        with store.open(name) as opened:
            writing.write(opened, f"{FILES}/{name}")
    except FileMissing:
        return False
    return True


def _copy_anchors(config: Config, connection: Connection, writing: Writing) -> None:
    """Copy the anchors known to the saved database; a newer one would sign events that are not in this backup."""
    folder = config.data / ANCHORS
    fetch_anchors(config.data, shelf_of(open_file_store(config)))
    for number in connection.scalars(select(Anchor.number).order_by(Anchor.number)):
        path = path_of(folder, number)
        writing.copy(path, f"{ANCHORS}/{path.name}")
    for path in sorted(folder.glob("key-*.pem")):
        writing.copy(path, f"{ANCHORS}/{path.name}")


def _facts(config: Config, connection: Connection, now: datetime) -> dict[str, Any]:
    there = set(inspect(connection).get_table_names())
    tables = [table for table in METADATA.sorted_tables if table.name in there - OF_THE_MOMENT]
    key_ids = set(connection.scalars(select(File.key_id).where(File.key_id.is_not(None)).distinct()))
    return {
        "program": program_version(),
        "made_at": now.isoformat(),
        "database": "sqlite" if config.is_sqlite else "postgresql",
        "database_version": server_version(connection),
        "revision": migrations.revision_of(connection.engine),
        "counts": {str(table.name): connection.scalar(select(func.count()).select_from(table)) for table in tables},
        "key_ids": sorted(keys_in_use(connection.engine).union(key_id for key_id in key_ids if key_id)),
    }


def _refuse_target(config: Config, manifest: Manifest) -> None:
    own = "sqlite" if config.is_sqlite else "postgresql"
    if manifest.database != own:
        raise RestoreRefused(
            f"Bản sao lưu này của cơ sở dữ liệu {manifest.database}, còn hệ thống đang đặt {own}.",
            f"This backup is of a {manifest.database} database, and LANGBIANG_DATABASE_URL names a {own} one.",
        )
    if not is_empty(config.database_url):
        raise RestoreRefused(
            "Cơ sở dữ liệu đã có dữ liệu. Chỉ khôi phục vào cơ sở dữ liệu trống.",
            "The database is not empty. A backup is restored into an empty one only.",
        )
    make_data_folder(config)
    store = open_file_store(config)
    if not isinstance(store, LocalFileStore) and next(store.list_names(), None) is not None:
        raise RestoreRefused(
            f"Kho {config.s3_bucket} đã có tệp. Chỉ khôi phục vào kho trống.",
            f"The bucket {config.s3_bucket} is not empty. A backup is restored into an empty one only.",
        )
    for folder in (config.files, config.data / ANCHORS):
        if folder.exists() and any(folder.iterdir()):
            raise RestoreRefused(
                f"Thư mục {folder} đã có dữ liệu. Chỉ khôi phục vào thư mục trống.",
                f"The folder {folder} is not empty. A backup is restored into an empty one only.",
            )


def _missing(config: Config, manifest: Manifest, *, is_current: bool) -> Iterator[Bilingual]:
    """What somebody must still add or do before the installation is complete."""
    try:
        lacking = set(manifest.key_ids) - Keyring.load(config.keyring).key_ids
    except KeyringUnusable:
        if manifest.key_ids:
            yield Bilingual(
                f"Thiếu tệp khóa {config.keyring}: danh tính, nội dung gốc và ảnh gốc chưa mở được, chương trình sẽ không khởi động. "
                "Hãy khôi phục bản sao lưu khóa.",
                f"The key file {config.keyring} is missing: identities, original words and photos stay closed and the program will not "
                "start. Restore the backup of the keys.",
            )
    else:
        if lacking:
            yield Bilingual(
                f"Tệp khóa {config.keyring} thiếu khóa {', '.join(sorted(lacking))}.",
                f"The key file {config.keyring} lacks the keys {', '.join(sorted(lacking))}.",
            )
    if manifest.counts["anchor"] and not (config.data / KEY).exists():
        yield Bilingual(
            "Thiếu khóa ký mốc xác thực; mốc tiếp theo sẽ được ký bằng khóa mới.",
            "The key that signs anchors is missing; the next anchor will be signed with a new one.",
        )
    if not is_current:
        yield Bilingual(
            "Bản sao lưu thuộc phiên bản khác của chương trình: hãy chạy `langbiang migrate`, rồi `langbiang verify`.",
            "The backup is of another version of the program: run `langbiang migrate`, then `langbiang verify`.",
        )
