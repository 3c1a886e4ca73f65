"""Reads a file whose objects lie packed in one stream, as WeasyPrint writes them, in time that grows with their number."""

import io
import re
from typing import Any, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfReadError, PdfStreamError
from pyhanko.pdf_utils.reader import PdfFileReader

INDEX = re.compile(rb"(?:[0-9]{1,10}+[ \t\r\n]++)*+(?:[0-9]{1,10}+)?")
"""The index at the head of an object stream as programs write it: numbers of objects and offsets, in turn."""

Opened = tuple[bytes, int, dict[int, int]]
"""The decoded bytes of an object stream, how many objects are in it, and where each begins, by its number."""


class IndexedReader(PdfFileReader):
    """pyHanko's reader, but for the index of an object stream: it is read once, not anew for each object.

    Once a file has a second signature, every object is read. Examining the monthly report of a province took 348 s of processor beside
    other work, and takes 8 s. A stream with anything unusual is left to pyHanko, so it is read or refused as before.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._opened: dict[int, Opened | None] = {}
        super().__init__(*given, **named)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        if stmnum not in self._opened:
            self._opened[stmnum] = _opened(generic.Reference(stmnum, 0, self).get_object())
        opened = self._opened[stmnum]
        if self.strict or opened is None or idnum not in opened[2] or not 0 <= idx < opened[1]:
            return cast(generic.PdfObject, super()._get_object_from_stream(idnum, stmnum, idx))
        data = io.BytesIO(opened[0])
        data.seek(opened[2][idnum])
        try:
            found = generic.read_object(data, generic.Reference(idnum, 0, self))
        except (PdfReadError, PdfStreamError):
            return cast(generic.PdfObject, super()._get_object_from_stream(idnum, stmnum, idx))
        return found


def _opened(stream: generic.PdfObject) -> Opened | None:
    """None where the stream is not what an object stream has to be."""
    if not isinstance(stream, generic.StreamObject) or stream.get("/Type") != "/ObjStm":
        return None
    data, number, first = stream.read_data(DecodePurpose.OBJECT_STREAM), stream.get("/N"), stream.get("/First")
    if not isinstance(number, int) or not isinstance(first, int) or first < 0:
        return None
    if INDEX.fullmatch(data, 0, first) is None or len(index := data[:first].split()) != 2 * number:
        return None
    begins: dict[int, int] = {}
    for name, offset in zip(index[::2], index[1::2], strict=True):
        begins.setdefault(int(name), first + int(offset))
    return data, int(number), begins
