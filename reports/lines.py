"""Breaks the centred lines of official documents: as few lines as possible, of similar length.

The rule beneath a body's name is a third to half as long as the name (NĐ 30/2020, Phụ lục I), so the length of the name must be known, and
a last line of one word looks like a mistake. WeasyPrint fills lines greedily and makes a broken block as wide as its room.
"""

import io
import re
from functools import cache
from importlib import resources

SPACES = re.compile(r"[^\S\u00a0]+")
"""Spaces at which a line may break, which excludes non-breaking ones."""
MILLIMETRE = 72 / 25.4
SPARE = 0.98
"""The share of the room that is used, so that a rounded width does not cause another break."""
MOST_BALANCED = 12
"""Lines up to which lengths are balanced: a text with more is no heading."""
MOST_MEASURED = 2_000
"""Characters measured one by one; no form field takes as many."""


def balanced(text: str, *, face: str, size: float, room: float) -> list[str]:
    """The lines of a text set in a face of reports/fonts, with `size` in points and `room` in millimetres."""
    if len(text) > MOST_MEASURED:
        step = int(room * MILLIMETRE / size)
        return [text[start : start + step] for start in range(0, len(text), step)]
    wide = room * MILLIMETRE * SPARE
    words = [piece for word in SPACES.split(text.strip()) if word for piece in _pieces(word, face, size, wide)]
    lines = _filled(words, face, size, wide)
    narrow, most = 0.0, wide
    # the narrowest room that does not need more lines
    while 1 < len(lines) <= MOST_BALANCED and most - narrow > size / 2:
        middle = (narrow + most) / 2
        tried = _filled(words, face, size, middle)
        if len(tried) > len(lines) or max(width(line, face, size) for line in tried) > middle:
            narrow = middle
        else:
            most, lines = middle, tried
    return lines


def width(text: str, face: str, size: float) -> float:
    """The width of a text in points."""
    advances, units, usual = _measures(face)
    return sum(advances.get(ord(each), usual) for each in text) * size / units


def _filled(words: list[str], face: str, size: float, wide: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, face, size) <= wide:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _pieces(word: str, face: str, size: float, wide: float) -> list[str]:
    """A word split into pieces that fit: no name is that long, but a form field may be."""
    pieces = [""]
    for each in word:
        if width(pieces[-1] + each, face, size) > wide and pieces[-1]:
            pieces.append("")
        pieces[-1] += each
    return pieces


@cache
def _measures(face: str) -> tuple[dict[int, int], int, int]:
    """Advance of each character, units per em, and the advance of a missing character."""
    from fontTools.ttLib import TTFont  # late: docs/architecture.md

    font = TTFont(io.BytesIO((resources.files("reports") / "fonts" / f"{face}.ttf").read_bytes()), lazy=True)
    advances = font["hmtx"].metrics
    return {code: advances[name][0] for code, name in font.getBestCmap().items()}, font["head"].unitsPerEm, advances[".notdef"][0]
