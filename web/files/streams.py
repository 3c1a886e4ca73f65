"""Files as they leave the house: what does not open is told by a page, which a broken line cannot do."""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import BinaryIO


def opened_first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first of them read now: a file that does not open is refused before anything of an answer has left."""
    first = next(pieces, b"")
    return chain((first,), pieces)


def opened_whole(opened: BinaryIO) -> BinaryIO:
    """The content in memory, every byte of it proven; for photos, whose size has a bound."""
    with opened:
        return BytesIO(opened.read())
