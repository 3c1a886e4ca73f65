"""Reads files before they are sent, so that one that does not open is reported by a page and not by a broken connection."""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import BinaryIO


def opened_first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same pieces, the first of them read now: a file that does not open is refused before the response begins."""
    first = next(pieces, b"")
    return chain((first,), pieces)


def opened_whole(opened: BinaryIO) -> BinaryIO:
    """The verified content in memory; for photos, whose size is limited."""
    with opened:
        return BytesIO(opened.read())
