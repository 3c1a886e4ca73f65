"""Reads files that keep many objects in one compressed stream, as WeasyPrint's and most of today's do, in time that grows with them."""

import io
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfReadError, PdfStreamError
from pyhanko.pdf_utils.reader import PdfFileReader

Opened = tuple[bytes, int, dict[int, int]]
"""The decoded bytes of an object stream, how many objects are in it, and where each begins, by its number."""


class IndexedReader(PdfFileReader):
    """pyHanko's reader, which decodes an object stream and reads its index anew for each object in it.

    Of a letter of 2,000 objects signed twice, every object is read: that took 6.6 s of processor, and four times as much for twice as many.
    Here the index is read once. What is unusual in any way is left to pyHanko, which then reads or refuses it as before.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._opened: dict[int, Opened | None] = {}
        super().__init__(*given, **named)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        if stmnum not in self._opened:
            self._opened[stmnum] = _opened(generic.Reference(stmnum, 0, self).get_object())
        opened = self._opened[stmnum]
        if self.strict or opened is None or idnum not in opened[2] or not 0 <= idx < opened[1]:
            return super()._get_object_from_stream(idnum, stmnum, idx)
        data = io.BytesIO(opened[0])
        data.seek(opened[2][idnum])
        try:
            found = generic.read_object(data, generic.Reference(idnum, 0, self))
        except (PdfReadError, PdfStreamError):
            return super()._get_object_from_stream(idnum, stmnum, idx)
        return found


def _opened(stream: generic.PdfObject) -> Opened | None:
    """None where the stream is not what an object stream has to be."""
    if not isinstance(stream, generic.StreamObject) or stream.get("/Type") != "/ObjStm":
        return None
    data, number, first = stream.read_data(DecodePurpose.OBJECT_STREAM), stream.get("/N"), stream.get("/First")
    index = data[:first].split() if isinstance(first, int) and first >= 0 else []
    if not isinstance(number, int) or len(index) != 2 * number or not all(word.isdigit() for word in index):
        return None
    begins: dict[int, int] = {}
    for name, offset in zip(index[::2], index[1::2], strict=True):
        begins.setdefault(int(name), first + int(offset))
    return data, int(number), begins
