"""Looks passwords up in sorted lists of common and stolen ones, on the disk and without reading a list into memory.

One list comes with the program: the ten thousand most used passwords. The setting LANGBIANG_BREACHED_PASSWORDS may name a second file:
SHA-1 digests in the format of Have I Been Pwned (one `DIGEST` or `DIGEST:COUNT` a line), or the passwords themselves, one a line. Both
files must be sorted by bytes (`LC_ALL=C sort -u`).
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from re import compile as pattern
from typing import BinaryIO

OURS = Path(__file__).parent.parent / ("common_passwords.txt")
DIGEST = pattern(rb"[0-9A-Fa-f]{40}(:\d{1,12})?\r?\n?")
LONGEST_LINE = 1_000
PROBES = 64
"""Number of places checked for sort order at the start, because a lookup in an unsorted file would miss entries."""


class ListUnusable(ValueError):
    """The file cannot be searched; the text says why."""


class PasswordList:
    """One sorted file. It is opened for each lookup, so it may be replaced while the program runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _opened(path) as file:
            first = file.readline(LONGEST_LINE)
            self._holds_digests = DIGEST.fullmatch(first) is not None
            self._is_lower = first[:40] == first[:40].lower()
            _refuse_unsorted(file, path)

    def __contains__(self, password: object) -> bool:
        if not isinstance(password, str):
            return False
        forms = {unicodedata.normalize("NFC", password), password}
        if self._holds_digests:
            digests = [hashlib.sha1(form.encode(), usedforsecurity=False).hexdigest() for form in forms]
            wanted = [(each if self._is_lower else each.upper()).encode() for each in digests]
            return any(self._finds(each, lambda line: line[:40]) for each in wanted)
        return any(self._finds(each.encode(), _word) for each in forms | {form.lower() for form in forms})

    def _finds(self, wanted: bytes, key: Callable[[bytes], bytes]) -> bool:
        """Binary search over the bytes of the file: each step halves the range and reads the line that begins next."""
        with _opened(self._path) as file:
            low, high = 0, file.seek(0, os.SEEK_END)
            while low < high:
                middle = (low + high) // 2
                start = _line_after(file, middle, low)
                line = file.readline(LONGEST_LINE)
                if not line or start >= high:
                    high = middle
                    continue
                found = key(line)
                if found == wanted:
                    return True
                low, high = (file.tell(), high) if found < wanted else (low, middle)
        return False


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ListUnusable(f"{path} cannot be read: {error.strerror}") from None


def _line_after(file: BinaryIO, place: int, low: int) -> int:
    """The offset of the first line that begins at or after `place`; `low` is known to begin a line."""
    if place == low:
        return file.seek(low)
    file.seek(place - 1)
    file.readline()
    return file.tell()


def _word(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def _refuse_unsorted(file: BinaryIO, path: Path) -> None:
    size, before = file.seek(0, os.SEEK_END), b""
    if size == 0:
        raise ListUnusable(f"{path} is empty")
    for probe in range(PROBES):
        _line_after(file, size * probe // PROBES, 0)
        for _ in range(2):
            line = _word(file.readline(LONGEST_LINE))
            if line and line < before:
                raise ListUnusable(f"{path} is not sorted by its bytes: sort it with LC_ALL=C sort -u")
            before = max(before, line)
