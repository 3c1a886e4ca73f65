"""The store of files: a folder on this machine, written so that a power cut at any instant loses nothing. Several machines share a bucket
instead (casework/files/bucket.py).

The order is always the same. `put` writes under a staged name in the same folder, flushes the bytes (fsync of the file), renames the file
and flushes the name (fsync of the folder); only then does the caller commit the row that names the file, and only files of committed rows
are served. So a row never points to nothing: a crash before the commit leaves a file without a row, which `sweep` removes once it is old.
Deleting goes the other way round: first the row goes and is committed, then the file.

Names are random and meaningless; they come from `new_stored_name`, never from a person. A sealed file is bound to its name: its bytes put
under another name do not open.
"""

import hashlib
import io
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

from casework.errors import CaseworkError
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import key_id_of, open_stream, seal_stream

STORED_NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(?:\1\2[0-9a-f]{28})", re.ASCII)
"""Two levels of folders (65,536 in all) before 32 hexadecimal digits: forty million files make 600 per folder."""

FOLDER = "[0-9a-f][0-9a-f]"

PIECE = 1 << 20
"""Bytes read at a time."""

SHORTEST_WAIT = timedelta(hours=1)
"""The minimum age of files a sweep deletes: between `put` and the commit of its row a file has no row."""

PROBE_BYTES = 4096

SWEEP_BATCH = 500
"""Names looked up by one query."""


class FileNotStored(CaseworkError):
    """The disk is full or failing; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            "Chưa lưu được tệp vì kho lưu trữ đang gặp sự cố. Nội dung Ông/Bà đã nhập vẫn còn; vui lòng gửi lại sau ít phút.",
            "The file could not be stored because the storage has a problem. What you typed is kept; please send it again in some minutes.",
        )


class StorageUnreachable(CaseworkError):
    """The storage does not answer, or broke off: whether the file exists is unknown."""

    def __init__(self) -> None:
        super().__init__(
            "Chưa đọc được tệp vì kho lưu trữ đang gặp sự cố. Vui lòng thử lại sau ít phút.",
            "The file could not be read because the storage has a problem. Please try again in some minutes.",
        )


class FileMissing(CaseworkError):
    """There is no file with this stored name."""

    def __init__(self, stored_name: str) -> None:
        super().__init__(
            f"Không tìm thấy tệp {stored_name} trong kho lưu trữ.",
            f"The file {stored_name} is not in the storage.",
        )


AWAY = (StorageUnreachable, FileNotStored, FileMissing, KeyMissing, OSError)
"""Raised where the storage or a key is unavailable, such as an unmounted folder: it says nothing about the file, and a job tries again
later."""


@dataclass(frozen=True)
class StoredFile:
    """The result of `put`: size in bytes and SHA-256 of the content before sealing, and the key of the seal, if any."""

    stored_name: str
    size: int
    sha256: str
    key_id: str | None


class FileStore(Protocol):
    """A store of bytes under random names. Everything in it is immutable: a name is written once and then deleted."""

    def put(self, stored_name: str, content: bytes | BinaryIO, *, sealed: bool = False) -> StoredFile:
        """Store so that it survives a power cut; raises FileNotStored, FileExistsError for a name in use."""

    def open(self, stored_name: str, *, sealed: bool = False) -> BinaryIO:
        """The content, to be read from the start and closed; raises FileMissing, when reading also SealBroken, KeyMissing.

        A method of a remote storage may also raise StorageUnreachable.
        """

    def read_part(self, stored_name: str, start: int, size: int) -> bytes:
        """Up to `size` bytes from byte `start` of a file that is not sealed; raises FileMissing."""

    def delete(self, stored_name: str) -> None:
        """Delete for good; a name that does not exist is no error, so that a job may repeat it after a crash."""

    def exists(self, stored_name: str) -> bool:
        """Whether a file lies under this name."""

    def list_names(self, older_than: datetime | None = None) -> Iterator[str]:
        """Every stored name, or those written before this instant by the storage's clock."""

    def drop_staged(self, older_than: datetime) -> int:
        """Remove remains of an unfinished `put` from before this instant; returns how many."""

    def refuse_unusable(self) -> None:
        """Raises OSError or StorageUnreachable unless something could be stored now."""

    def keeps_what_is_deleted(self) -> bool:
        """Whether the storage keeps what is deleted, so that erasing would have no effect."""


def new_stored_name() -> str:
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name[2:4]}/{name}"


def sound_name(stored_name: str) -> str:
    """The name itself; raises ValueError unless it has the form of `new_stored_name`."""
    if not STORED_NAME.fullmatch(stored_name):
        raise ValueError(f"not a stored name: {stored_name!r}")
    return stored_name


class LocalFileStore:
    """A FileStore in a folder on one file system, used by this program only."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, stored_name: str, content: bytes | BinaryIO, *, sealed: bool = False) -> StoredFile:
        path = self._path(stored_name)
        if path.exists():
            raise FileExistsError(stored_name)
        count = CountedPieces(content)
        pieces = seal_stream(count, purpose=purpose_of(stored_name)) if sealed else iter(count)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opening = _write_durably(path, pieces)
            # Each level separately: a folder another process has just made may not be on the disk yet.
            for folder in (path.parent, path.parent.parent, self.root):
                _fsync_folder(folder)
        except OSError as error:
            raise FileNotStored from error
        return StoredFile(stored_name, count.size, count.digest.hexdigest(), key_id_of(opening) if sealed else None)

    def open(self, stored_name: str, *, sealed: bool = False) -> BinaryIO:
        try:
            file = self._path(stored_name).open("rb")
        except FileNotFoundError:
            raise FileMissing(stored_name) from None
        return io.BufferedReader(Unsealed(file, purpose_of(stored_name)), PIECE) if sealed else file

    def read_part(self, stored_name: str, start: int, size: int) -> bytes:
        with self.open(stored_name) as file:
            file.seek(start)
            return file.read(size)

    def delete(self, stored_name: str) -> None:
        path = self._path(stored_name)
        with suppress(FileNotFoundError):
            path.unlink()
            _fsync_folder(path.parent)

    def exists(self, stored_name: str) -> bool:
        return self._path(stored_name).is_file()

    def list_names(self, older_than: datetime | None = None) -> Iterator[str]:
        # one folder at a time: there may be forty million names
        folders = (inner for outer in sorted(self.root.glob(FOLDER)) for inner in sorted(outer.glob(FOLDER)))
        for path in (path for folder in folders for path in sorted(folder.glob("[0-9a-f]*"))):
            name = path.relative_to(self.root).as_posix()
            if STORED_NAME.fullmatch(name) and _written_before(path, older_than):
                yield name

    def drop_staged(self, older_than: datetime) -> int:
        dropped = 0
        for path in self.root.glob(f"{FOLDER}/{FOLDER}/.*.part"):
            if _written_before(path, older_than):
                path.unlink(missing_ok=True)
                dropped += 1
        return dropped

    def refuse_unusable(self) -> None:
        probe = self.root / f".probe-{secrets.token_hex(8)}"
        try:
            probe.write_bytes(bytes(PROBE_BYTES))                          # an empty file would fit even on a full disk
        finally:
            probe.unlink(missing_ok=True)

    def keeps_what_is_deleted(self) -> bool:
        return False

    def _path(self, stored_name: str) -> Path:
        """The path of a stored name; anything not of the form of `new_stored_name` is refused, so no name leads out of the root."""
        return self.root / sound_name(stored_name)


def sweep(
    store: FileStore, known_names: Callable[[Collection[str]], Collection[str]], *, now: datetime, older_than: timedelta
) -> list[str]:
    """Delete files without a row that are older than `older_than`; returns their names.

    `known_names` returns which of the given names have a row. It is asked about names after they were listed, so that rows committed in
    between count, and batch by batch, to limit memory. Raises ValueError below SHORTEST_WAIT.
    """
    if older_than < SHORTEST_WAIT:
        raise ValueError(f"a sweep waits at least {SHORTEST_WAIT}: younger files may be about to get their row")
    store.drop_staged(now - older_than)
    swept = []
    listed = store.list_names(now - older_than)
    while names := list(islice(listed, SWEEP_BATCH)):
        known = set(known_names(names))
        for name in names:
            if name not in known:
                store.delete(name)
                swept.append(name)
    return swept


class CountedPieces:
    """The pieces of a content, counted and digested as they pass."""

    def __init__(self, content: bytes | BinaryIO) -> None:
        self._content = io.BytesIO(content) if isinstance(content, bytes) else content
        self.size = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._content.read(PIECE):
            self.size += len(piece)
            self.digest.update(piece)
            yield piece


class Unsealed(io.RawIOBase):
    """A sealed file opened for reading: each piece is authenticated before it is returned."""

    def __init__(self, file: BinaryIO, purpose: str) -> None:
        self._file = file
        self._pieces = open_stream(file, purpose=purpose)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed has no public name for it
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def purpose_of(stored_name: str) -> str:
    """The purpose a seal is bound to, so that bytes put under another name do not open."""
    return f"file {stored_name}"


def _write_durably(path: Path, pieces: Iterable[bytes]) -> bytes:
    """Write, flush, then rename; returns the first piece. Leaves nothing behind on failure."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    opening = b""
    try:
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                opening = opening or piece
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    return opening


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written_before(path: Path, instant: datetime | None) -> bool:
    """Whether the file is older than the instant; False if it has been deleted meanwhile."""
    try:
        return instant is None or datetime.fromtimestamp(path.stat().st_mtime, UTC) < instant
    except FileNotFoundError:
        return False
