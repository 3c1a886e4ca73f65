"""A transport of two folders on this machine, which a program of the axis, or another installation, reads and fills.

A package is written under a name nobody reads, flushed, renamed, and its folder flushed: whoever looks finds all of it or nothing.
"""

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from casework.exchange.refusals import MAX_BYTES
from casework.exchange.transport import TransportAway

AT_ONCE = 200
"""Packages named at once, so that a full folder is worked off bit by bit."""
FAILED = "failed"
"""The folder, within that of what comes in, for what we can do nothing with."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,150}\.(?:edxml|xml)", re.IGNORECASE)
_WAITS = "waiting"


class FolderTransport:
    """Sends into `out`, receives from `came`. Both are there already, on file systems of this machine."""

    def __init__(self, came: Path, out: Path) -> None:
        self.came, self.out = came, out

    def send(self, name: str, raw: bytes) -> str:
        beside = self.out / f".{name}.part"
        try:
            with beside.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.out / name)
            _flush(self.out)
        except OSError as error:
            raise TransportAway(str(error)) from error
        return name

    def received(self) -> list[str]:
        try:
            with os.scandir(self.came) as entries:
                plain = (entry for entry in entries if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False))
                found = [(_changed(entry), entry.name) for entry in plain]
        except OSError as error:
            raise TransportAway(str(error)) from error
        return [name for _, name in sorted(found)[:AT_ONCE]]

    def fetch(self, id_: str) -> bytes:
        try:
            number = os.open(self.came / _sound(id_), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise LookupError(id_) from None
        except OSError as error:
            raise TransportAway(str(error)) from error
        with os.fdopen(number, "rb") as file:
            return file.read(MAX_BYTES + 1)

    def done(self, id_: str, *, ok: bool) -> None:
        path = self.came / _sound(id_)
        try:
            with suppress(FileNotFoundError):
                if ok:
                    path.unlink()
                else:
                    (self.came / FAILED).mkdir(exist_ok=True)
                    path.replace(self.came / FAILED / id_)
            _flush(self.came)
        except OSError as error:
            raise TransportAway(str(error)) from error

    def sent_states(self) -> Mapping[str, str]:
        try:
            return {entry: _WAITS for entry in sorted(os.listdir(self.out)) if _NAME.fullmatch(entry)}
        except OSError as error:
            raise TransportAway(str(error)) from error


def _sound(name: str) -> str:
    """The name itself. Raises LookupError where it could lead out of the folder."""
    if not _NAME.fullmatch(name):
        raise LookupError(name)
    return name


def _changed(entry: os.DirEntry[str]) -> float:
    with suppress(FileNotFoundError):
        found = entry.stat(follow_symlinks=False)
        return found.st_mtime if stat.S_ISREG(found.st_mode) else 0.0
    return 0.0


def _flush(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
