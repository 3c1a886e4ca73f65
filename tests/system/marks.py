"""Marks of a reporter, and finding them again in whatever form a program may have written them.

A mark is a made-up word or number that stands nowhere else. It counts as found in plain text of any case, with or without
accents and separators, escaped for HTML, JSON or an address, in UTF-16, base64 or hexadecimal, and inside compressed data,
archives and PDFs.
"""
from __future__ import annotations

import base64
import gzip
import html
import io
import quopri
import re
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from urllib.parse import unquote_to_bytes

import zstandard
from pypdf import PdfReader

from casework.text import fold

DEEPEST = 4
"""Archives within archives that are opened."""

_JSON_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_LONG_WORDS = re.compile(rb"[A-Za-z0-9+/_-]{6,}")
"""Where alone hexadecimal and base64 of a mark can stand: looked through instead of the whole, for there are a hundred of each mark."""

_SEPARATORS = bytes(set(range(128)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789"))


@dataclass(frozen=True)
class Mark:
    """`name` says what it is in a failure; `text` is as the person wrote it."""

    name: str
    text: str

    @cached_property
    def core(self) -> bytes:
        """What stays of it whatever the spelling: letters and digits without accents."""
        return _squeezed(self.text)


def found_in(data: bytes | str, marks: Iterable[Mark]) -> set[str]:
    """The names of the marks that stand in the data, in any form."""
    left = {mark.name: mark for mark in marks}
    found: set[str] = set()
    for piece in _pieces(data.encode() if isinstance(data, str) else data):
        readings = list(_readings(piece))
        words, is_wide = b"\n".join(_LONG_WORDS.findall(piece)), b"\0" in piece
        for name, mark in list(left.items()):
            encoded, wide = _needles(mark.text)
            if (any(mark.core in reading for reading in readings) or any(needle in words for needle in encoded)
                    or (is_wide and any(needle in piece for needle in wide))):
                found.add(name)
                del left[name]
        if not left:
            break
    return found


def _squeezed(text: str) -> bytes:
    """The letters and digits alone, without accents and in lower case."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d")).encode("ascii", "ignore")
    return bare.translate(None, _SEPARATORS)


def _readings(piece: bytes) -> Iterator[bytes]:
    """The piece as text, then as what a browser or a program would make of that text."""
    text = piece.decode("utf-8", "ignore")
    yield _squeezed(text)
    if "&" in text:
        yield _squeezed(html.unescape(text))
    if "%" in text:
        yield _squeezed(unquote_to_bytes(piece).decode("utf-8", "ignore"))
    if "\\u" in text:
        yield _squeezed(_JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text))
    if b"=" in piece:
        yield _squeezed(quopri.decodestring(piece).decode("utf-8", "ignore"))


@cache
def _needles(text: str) -> tuple[set[bytes], set[bytes]]:
    """Bytes in which a mark hides from a reader of text: as hexadecimal or base64, then as UTF-16."""
    spellings = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    spellings |= {changed for each in tuple(spellings) for changed in (each.lower(), each.upper(), fold(each))}
    encoded: set[bytes] = set()
    for each in spellings:
        encoded |= {each.encode().hex().encode(), each.encode().hex().upper().encode()}
        for data in {each.encode(), each.encode("utf-16-le")}:
            encoded |= set(_base64_cores(data))
    wide = {each.encode(coding) for each in spellings for coding in ("utf-16-le", "utf-16-be")}
    assert all(_LONG_WORDS.fullmatch(needle) for needle in encoded), text
    assert all(b"\0" in needle for needle in wide), text
    return encoded, wide


def _base64_cores(data: bytes) -> Iterator[bytes]:
    """The part of its base64 that does not depend on what stands before and after, for each of the three alignments."""
    for before in range(3):
        after = -(before + len(data)) % 3
        encoded = base64.b64encode(bytes(before) + data + bytes(after))
        core = encoded[(0, 2, 3)[before]:len(encoded) - (0, 2, 3)[after]]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


def _pieces(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The data, and what it holds where it is an archive, compressed or a PDF."""
    yield data
    if depth < DEEPEST:
        for inner in _contents(data):
            yield from _pieces(inner, depth + 1)


def _contents(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    elif data.startswith(b"\x28\xb5\x2f\xfd"):
        yield zstandard.ZstdDecompressor().decompressobj().decompress(data)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                yield member.name.encode()
                if member.isfile():
                    yield archive.extractfile(member).read()  # type: ignore[union-attr]
    elif data.startswith(b"%PDF-"):
        yield from _contents_of_pdf(data)


def _contents_of_pdf(data: bytes) -> Iterator[bytes]:
    """Its text as a reader sees it, its metadata, and its streams."""
    reader = PdfReader(io.BytesIO(data))
    yield "\n".join(page.extract_text() for page in reader.pages).encode()
    yield repr(dict(reader.metadata or {})).encode()
    for number in range(1, len(reader.xref[0]) + 1):
        part = reader.get_object(number)
        if hasattr(part, "get_data"):
            yield part.get_data()

