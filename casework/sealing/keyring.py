"""The keys that seal identities and originals, in a file of their own outside the database and its backup."""

import base64
import binascii
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from casework.errors import CaseworkError

KEY_SIZE = 32
"""Bytes in every key: AES-256 and HMAC-SHA256."""

REREAD_SECONDS = 5.0
"""How long after a rotation a running process may still seal with the previous key."""

KEY_ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)
"""The form of a key's id in ciphertexts."""


class KeyringUnusable(CaseworkError):
    """The key file is missing, unreadable or no key file, or one would be overwritten."""


class KeyNotRetired(CaseworkError):
    """A key cannot be removed; the text says why."""


class KeyMissing(CaseworkError):
    """Something was sealed with a key this keyring does not have."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"Không có khóa «{key_id}» để mở dữ liệu đã niêm phong. Hãy khôi phục tệp khóa từ bản sao lưu khóa.",
            f"The key “{key_id}” that opens this sealed data is not here. Restore the key file from the backup of the keys.",
        )
        self.key_id = key_id


@dataclass(frozen=True)
class _Keys:
    """One state of the keyring, replaced as a whole, so that no thread sees half a rotation."""

    current: str
    sealing: dict[str, bytes] = field(repr=False)
    lookup: bytes = field(repr=False)

    def with_new_key(self) -> "_Keys":
        key_id = f"k{secrets.token_hex(4)}"
        return _Keys(current=key_id, sealing={**self.sealing, key_id: secrets.token_bytes(KEY_SIZE)}, lookup=self.lookup)

    def with_current(self, key_id: str) -> "_Keys":
        if key_id not in self.sealing:
            raise KeyMissing(key_id)
        return _Keys(current=key_id, sealing=self.sealing, lookup=self.lookup)

    def without(self, key_id: str) -> "_Keys":
        if key_id not in self.sealing:
            raise KeyMissing(key_id)
        if key_id == self.current:
            raise KeyNotRetired("Khóa đang dùng không bỏ được; hãy đổi khóa trước.", "The key in use cannot be retired: rotate first.")
        return _Keys(current=self.current, sealing={each: key for each, key in self.sealing.items() if each != key_id}, lookup=self.lookup)


class Keyring:
    """Sealing keys by id, the one new seals use, and the key of the lookup digests.

    The lookup key never rotates: each stored digest would have to be recomputed from its opened value.
    """

    def __init__(self, keys: _Keys, path: Path | None = None) -> None:
        self._keys = keys
        self._path = path
        self._stamp = _stamp_of(path)
        self._look_again_at = time.monotonic() + REREAD_SECONDS

    @classmethod
    def fresh(cls) -> Self:
        """A keyring with one new key, only in memory: what it seals is lost with the process. For tests."""
        return cls(_Keys(current="", sealing={}, lookup=secrets.token_bytes(KEY_SIZE)).with_new_key())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key file; raises KeyringUnusable with the reason."""
        return cls(_read(path), path)

    @classmethod
    def parse(cls, stored: bytes) -> Self:
        return cls(_parsed(stored, Path("keyring")))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a new key file (owner only, flushed before this returns); raises KeyringUnusable if one exists.

        An existing file is never replaced: without its keys, whatever they sealed stays closed for ever.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = cls.fresh()
        with _folder_locked(path.parent):
            if path.exists():
                raise KeyringUnusable(
                    f"Đã có tệp khóa {path}; không ghi đè.",
                    f"There is a key file {path} already; it is not overwritten.",
                )
            _write(path, made._keys)
        return cls(made._keys, path)

    def rotate(self) -> str:
        """Add a new key, make it the current one and return its id; old keys stay, to open what they sealed.

        The file is on the disk before the first seal can use the key. The folder is locked meanwhile: otherwise two simultaneous
        rotations would lose one of the keys and everything it sealed.
        """
        self._change(_Keys.with_new_key)
        return self._keys.current

    def add(self) -> str:
        """Add a new key without using it, and return its id. Every machine needs a key before any of them uses it."""
        added: list[str] = []

        def with_key_aside(keys: _Keys) -> _Keys:
            new = keys.with_new_key()
            added.append(new.current)
            return new.with_current(keys.current)

        self._change(with_key_aside)
        return added[-1]

    def use(self, key_id: str) -> None:
        """Seal with an existing key from now on; raises KeyMissing."""
        self._change(lambda keys: keys.with_current(key_id))

    def retire(self, key_id: str) -> None:
        """Remove a key for good: nothing it sealed can be opened any more. Raises KeyMissing; KeyNotRetired for the current one."""
        self._change(lambda keys: keys.without(key_id))

    @property
    def current_id(self) -> str:
        """The id of the current key. Another process may have rotated: the file is checked every REREAD_SECONDS."""
        if self._path is not None and time.monotonic() >= self._look_again_at:
            self._look_again_at = time.monotonic() + REREAD_SECONDS
            stamp = _stamp_of(self._path)
            if stamp != self._stamp and stamp is not None:
                with suppress(KeyringUnusable):  # known keys stay in use until the file can be read again
                    self._keys, self._stamp = _read(self._path), stamp
        return self._keys.current

    @property
    def changed_at(self) -> float | None:
        """When the key file was last written, in seconds since 1970; None without a file."""
        return self._path.stat().st_mtime if self._path is not None else None

    def _change(self, change: Callable[[_Keys], _Keys]) -> None:
        if self._path is None:
            self._keys = change(self._keys)
            return
        with _folder_locked(self._path.parent):
            changed = change(_read(self._path))
            _write(self._path, changed)
            self._stamp = _stamp_of(self._path)
        self._keys = changed

    @property
    def key_ids(self) -> frozenset[str]:
        return frozenset(self._keys.sealing)

    @property
    def lookup_key(self) -> bytes:
        return self._keys.lookup

    def key(self, key_id: str) -> bytes:
        """The sealing key of that id; raises KeyMissing.

        For an unknown id the file is read again, because another process may have rotated.
        """
        if key_id not in self._keys.sealing and self._path is not None:
            self._keys = _read(self._path)
        try:
            return self._keys.sealing[key_id]
        except KeyError:
            raise KeyMissing(key_id) from None

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._keys.sealing)}, current {self._keys.current}>"

    def __reduce__(self) -> str:
        raise TypeError("a keyring is never pickled: its keys would leave their file")


_in_use: Keyring | None = None


def use_keyring(keyring: Keyring | None) -> None:
    """Make this the keyring of the whole process; `None` removes it.

    Held by the module, because keys belong to the process and not to a request: column types and jobs seal without a web application,
    worker threads would not inherit a context variable, and a parameter through every use case would spread the keys through unrelated
    signatures, frames and logs. `create_app` sets it once at the start; tests set their own.
    """
    global _in_use
    _in_use = keyring


def current_keyring() -> Keyring:
    """The keyring of this process; raises RuntimeError when none was set, a programming error."""
    if _in_use is None:
        raise RuntimeError("no keyring in use: create_app() sets it, a test calls use_keyring()")
    return _in_use


def _stamp_of(path: Path | None) -> tuple[int, int] | None:
    """Identifies one state of the file; None where it is missing, so that the known keys stay in use."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns) if found is not None else None


def _read(path: Path) -> _Keys:
    try:
        return _parsed(path.read_bytes(), path)
    except OSError as error:
        raise KeyringUnusable(
            f"Không đọc được tệp khóa {path}: {error.strerror}.",
            f"The key file {path} cannot be read: {error.strerror}.",
        ) from None


def _parsed(content: bytes, path: Path) -> _Keys:
    try:
        stored = json.loads(content.decode("ascii"))
        keys = _Keys(
            current=stored["current"],
            sealing={key_id: _key_bytes(key) for key_id, key in stored["keys"].items()},
            lookup=_key_bytes(stored["lookup"]),
        )
        if keys.current not in keys.sealing or not all(map(KEY_ID.fullmatch, keys.sealing)):
            raise ValueError("key ids")
    except (ValueError, KeyError, TypeError, AttributeError):
        # `from None`: the parser's own message would quote the file, keys and all
        raise KeyringUnusable(f"Tệp khóa {path} bị hỏng.", f"The key file {path} is damaged.") from None
    return keys


def _key_bytes(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(key) != KEY_SIZE:
        raise ValueError("wrong length")
    return key


def _write(path: Path, keys: _Keys) -> None:
    """Replace the file atomically: a power cut leaves either the old keys or the new ones."""
    stored = {
        "current": keys.current,
        "keys": {key_id: base64.b64encode(key).decode() for key_id, key in keys.sealing.items()},
        "lookup": base64.b64encode(keys.lookup).decode(),
    }
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(stored, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(path)
    finally:
        staged.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """Lock out other processes; the lock is on the folder, since the file itself is replaced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
