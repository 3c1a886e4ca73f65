"""The folder of a backup: what lies in it, with a SHA-256 of every byte, and the check of all of it.

manifest.json      what was saved, when, with which program and schema; SHA-256 of the two files below and of itself, sealed
contents.txt       SHA-256 and name of every other file, as `sha256sum --check` reads them
database.sqlite3   or database.pgdump
files/  anchors/   as in the data folder; originals stay sealed, the keys are not here
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from casework.errors import CaseworkError
from casework.files.local import PIECE
from casework.sealing.keyring import Keyring
from casework.sealing.seal import lookup_digest

FORMAT, UNSEALED = 2, 1
"""The format with a seal, and the one without, which releases up to 0.9.0 wrote."""
SEAL_PURPOSE = "seal of a backup"
MANIFEST, CONTENTS = "manifest.json", "contents.txt"


class BackupDamaged(CaseworkError):
    """A file of the backup was changed or is missing, or the folder is no backup; the text names the file."""


@dataclass(frozen=True)
class Manifest:
    program: str
    made_at: str
    database: str
    database_version: str
    revision: str | None
    counts: Mapping[str, int]
    key_ids: tuple[str, ...]
    parts: Mapping[str, str]
    seal: str | None = None

    def stored(self) -> bytes:
        """The bytes of the manifest file: canonical JSON with its own SHA-256, so that no byte can change unnoticed, and its seal."""
        sealed = {"seal": self.seal} if self.seal is not None else {}
        content = {**self._content(self.seal is not None), "digest": self._digest(self.seal is not None), **sealed}
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"

    def sealed_by(self, keyring: Keyring) -> str:
        """The seal made with this installation's keys: somebody who changes a byte and renews the digests cannot make it."""
        return lookup_digest(self._digest(True), purpose=SEAL_PURPOSE, keyring=keyring)

    def _digest(self, is_sealed: bool) -> str:
        return hashlib.sha256(orjson.dumps(self._content(is_sealed), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _content(self, is_sealed: bool) -> dict[str, Any]:
        content = {name: value for name, value in self.__dict__.items() if name != "seal"}
        return {**content, "format": FORMAT if is_sealed else UNSEALED}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder. Raises BackupDamaged."""
    try:
        stored = (folder / MANIFEST).read_bytes()
        content = orjson.loads(stored)
        if content.pop("format") != (FORMAT if "seal" in content else UNSEALED):
            raise ValueError("format")
        content.pop("digest")
        manifest = Manifest(**{**content, "key_ids": tuple(content["key_ids"])})
        if manifest.stored() != stored:
            raise ValueError("digest")
    except OSError as error:
        raise BackupDamaged(
            f"{folder} không phải là bản sao lưu: không đọc được {MANIFEST} ({error.strerror}).",
            f"{folder} is no backup: {MANIFEST} cannot be read ({error.strerror}).",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupDamaged(f"Tệp {MANIFEST} của bản sao lưu bị hỏng.", f"The {MANIFEST} of the backup is damaged.") from None
    return manifest


def oldest_sibling(folder: Path) -> str:
    """When the oldest sibling backup (in the same parent folder) was made; empty where none can be read."""
    made = []
    for name in os.listdir(folder.resolve().parent):
        # not a backup, or not readable
        with suppress(BackupDamaged, OSError):
            made.append(read_manifest(folder.resolve().parent / name).made_at)
    return min(made, default="")


def refuse_changed(folder: Path, manifest: Manifest) -> None:
    """Read every file of the backup; raises BackupDamaged for the first that is missing, changed or does not belong to it."""
    for name, digest in manifest.parts.items():
        _refuse_other(folder, name, digest)
    listed = {MANIFEST, *manifest.parts}
    with (folder / CONTENTS).open(encoding="utf-8") as lines:
        for line in lines:
            digest, _, name = line.rstrip("\n").partition("  ")
            listed.add(name)
            _refuse_other(folder, name, digest)
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name not in listed and not path.is_dir():
            raise BackupDamaged(f"Tệp {name} không thuộc bản sao lưu.", f"The file {name} does not belong to the backup.")


class Writing:
    """A backup being written under a temporary name."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.staged = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
        self.staged.mkdir(mode=0o700)
        self.files = self.size = 0
        self._contents = (self.staged / CONTENTS).open("w", encoding="utf-8")

    def path(self, name: str) -> Path:
        return self.staged / name

    def copy(self, source: Path, name: str) -> bool:
        """Add a file and its line in the contents; False when it does not exist."""
        try:
            with source.open("rb") as opened:
                self.write(opened, name)
        except FileNotFoundError:
            return False
        return True

    def write(self, opened: BinaryIO, name: str) -> None:
        """Add everything read from an open file, and its line in the contents."""
        self._write(opened.read, name)

    def finish(self, dump: str, facts: Mapping[str, Any], keyring: Keyring | None) -> Manifest:
        """Write the manifest, sealed where there is a keyring, sync everything to the disk and give the folder its final name."""
        self._contents.close()
        parts = {name: _digest_of(self.path(name)) for name in (dump, CONTENTS)}
        self.size += sum(self.path(name).stat().st_size for name in parts)
        manifest = Manifest(**{**facts, "key_ids": tuple(facts["key_ids"])}, parts=parts)
        manifest = replace(manifest, seal=manifest.sealed_by(keyring)) if keyring is not None else manifest
        self.path(MANIFEST).write_bytes(manifest.stored())
        for path in (MANIFEST, CONTENTS):
            self.path(path).chmod(0o600)
        os.sync()
        self.staged.rename(self.folder)
        os.sync()
        return manifest

    def clear(self) -> None:
        """Remove what a failed backup left behind; does nothing after `finish`."""
        self._contents.close()
        shutil.rmtree(self.staged, ignore_errors=True)

    def _write(self, read: Any, name: str) -> None:
        target, digest = self.path(name), hashlib.sha256()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while piece := read(PIECE):
                digest.update(piece)
                file.write(piece)
                self.size += len(piece)
        self._contents.write(f"{digest.hexdigest()}  {name}\n")
        self.files += 1


def _refuse_other(folder: Path, name: str, digest: str) -> None:
    try:
        is_same = _digest_of(folder / name) == digest
    except OSError:
        raise BackupDamaged(f"Bản sao lưu thiếu tệp {name}.", f"The backup lacks the file {name}.") from None
    if not is_same:
        raise BackupDamaged(f"Tệp {name} của bản sao lưu đã bị thay đổi.", f"The file {name} of the backup has been changed.")


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
