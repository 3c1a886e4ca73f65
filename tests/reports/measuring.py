"""What stands where on a printed page, read from the PDF itself: text with its face, size, colour and place; rules and boxes.

Poppler tells places but neither size nor face to a tenth of a point, so the content of the pages is read as WeasyPrint writes it:
one text object a line, faces as CID fonts with a ToUnicode map. Places are points from the left and from the *top* of the page.
"""
from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pikepdf
from pikepdf import Name

MM = 72 / 25.4
ASCENT, DESCENT = 0.891, 0.216
"""Of Liberation Serif, as of Times New Roman, by the size."""

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """Text of one face on one baseline; pieces that follow each other without a gap are one line."""

    page: int
    text: str
    x: float
    end: float
    baseline: float
    size: float
    face: str
    color: tuple[float, ...]

    @property
    def is_bold(self) -> bool:
        return "Bold" in self.face

    @property
    def is_italic(self) -> bool:
        return "Italic" in self.face

    @property
    def is_black(self) -> bool:
        return not any(self.color)

    @property
    def middle(self) -> float:
        return (self.x + self.end) / 2

    @property
    def width(self) -> float:
        return self.end - self.x

    @property
    def top(self) -> float:
        return self.baseline - ASCENT * self.size

    @property
    def bottom(self) -> float:
        return self.baseline + DESCENT * self.size


@dataclass(frozen=True)
class Mark:
    """Something painted that is no text: a rule, the side of a box, a picture."""

    page: int
    x: float
    top: float
    end: float
    bottom: float
    color: tuple[float, ...]

    @property
    def width(self) -> float:
        return self.end - self.x

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.x + self.end) / 2


@dataclass
class Paper:
    """All pages of a document."""

    sizes: list[tuple[float, float]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def on(self, page: int) -> list[Line]:
        return [line for line in self.lines if line.page == page]

    def rules_under(self, line: Line, within: float = 9) -> list[Mark]:
        """The horizontal rules just below a line of text."""
        return [mark for mark in self.marks if mark.page == line.page and mark.height < 2 and mark.width > 5
                and line.baseline < mark.top < line.baseline + within and mark.x < line.end and mark.end > line.x]


def measured(pdf: bytes) -> Paper:
    """Everything that is painted on the pages of a PDF, in the order it is painted."""
    paper = Paper()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for number, page in enumerate(document.pages):
            left, bottom, right, top = (float(each) for each in page.mediabox)
            paper.sizes.append((right - left, top - bottom))
            _Reader(paper, number, top).read(page, page.resources)
    paper.lines = list(_joined(paper.lines))
    return paper


class _Reader:
    """Goes through the operators of one page."""

    def __init__(self, paper: Paper, page: int, height: float) -> None:
        self.paper, self.page, self.height = paper, page, height
        self.matrix: Matrix = (1, 0, 0, 1, 0, 0)
        self.color: tuple[float, ...] = (0, 0, 0)
        self.clip: Box | None = None
        self.kept: list[tuple[Matrix, tuple[float, ...], Box | None]] = []
        self.path: list[tuple[float, float]] = []
        self.clips = False
        self.text: Matrix = (1, 0, 0, 1, 0, 0)
        self.face, self.size = "", 0.0

    def read(self, holder: Any, resources: Any) -> None:
        for operands, operator in pikepdf.parse_content_stream(holder):
            self.do(str(operator), operands, resources)

    def do(self, name: str, given: Any, resources: Any) -> None:
        match name:
            case "q":
                self.kept.append((self.matrix, self.color, self.clip))
            case "Q":
                self.matrix, self.color, self.clip = self.kept.pop()
            case "cm":
                self.matrix = _times(_floats(given), self.matrix)
            case "rg" | "g" | "scn" | "sc":
                self.color = tuple(float(each) for each in given if not isinstance(each, Name))
            case "re":
                x, y, width, height = _floats(given)
                self.path += [(x, y), (x + width, y + height)]
            case "m" | "l" | "c" | "v" | "y":
                numbers = _floats(given)
                self.path += list(zip(numbers[::2], numbers[1::2], strict=True))
            case "W" | "W*":
                self.clips = True
            case "f" | "f*" | "F" | "S" | "s" | "B" | "b" | "b*" | "n":
                self.paint(is_drawn=name != "n")
            case "Do":
                self.draw(resources.XObject[str(given[0])])
            case "Tf":
                self.face, self.size = str(given[0]), float(given[1])
            case "Tm":
                self.text = _floats(given)
            case "TJ" | "Tj":
                self.write(given[0] if name == "TJ" else given, resources.Font[self.face])

    def paint(self, *, is_drawn: bool) -> None:
        box = self.box(self.path)
        if is_drawn and box is not None:
            shown = _overlap(box, self.clip) if self.clip else box
            if shown is not None:
                self.mark(shown)
        elif self.clips and box is not None:
            self.clip = (_overlap(box, self.clip) or (0, 0, 0, 0)) if self.clip else box
        self.path, self.clips = [], False

    def draw(self, thing: Any) -> None:
        if thing.Subtype == "/Form":
            self.kept.append((self.matrix, self.color, self.clip))
            self.matrix = _times(_floats(thing.get("/Matrix", [1, 0, 0, 1, 0, 0])), self.matrix)
            self.read(thing, thing.get("/Resources"))
            self.matrix, self.color, self.clip = self.kept.pop()
        else:
            box = self.box([(0, 0), (1, 1)])
            if box is not None:
                self.mark(box)

    def mark(self, box: Box) -> None:
        x, low, end, high = box
        self.paper.marks.append(Mark(self.page, x, self.height - high, end, self.height - low, self.color))

    def box(self, points: list[tuple[float, float]]) -> Box | None:
        if not points:
            return None
        moved = [_moved(each, self.matrix) for each in points]
        return min(x for x, _ in moved), min(y for _, y in moved), max(x for x, _ in moved), max(y for _, y in moved)

    def write(self, pieces: Any, font: Any) -> None:
        letters, widths, usual, face = _font(font)
        text, advance = "", 0.0
        for piece in pieces:
            if isinstance(piece, pikepdf.String):
                data = bytes(piece)
                for code in (int.from_bytes(data[place:place + 2], "big") for place in range(0, len(data), 2)):
                    text += letters.get(code, "\ufffd")
                    advance += widths.get(code, usual)
            else:
                advance -= float(piece)
        matrix = _times(self.text, self.matrix)
        scale = (matrix[0] ** 2 + matrix[1] ** 2) ** 0.5
        x, y = _moved((0, 0), matrix)
        size = self.size * scale
        self.paper.lines.append(Line(self.page, text, x, x + advance / 1000 * size, self.height - y, round(size, 2), face, self.color))


def _joined(lines: list[Line]) -> Iterator[Line]:
    """Pieces of one line as one: a bold word in it makes the line no other line."""
    last: Line | None = None
    for line in lines:
        if last and (last.page, last.face, last.size, last.color) == (line.page, line.face, line.size, line.color) and (
            abs(last.baseline - line.baseline) < 0.5 and -1 < line.x - last.end < line.size / 2
        ):
            last = Line(last.page, last.text + line.text, last.x, line.end, last.baseline, last.size, last.face, last.color)
            continue
        if last:
            yield last
        last = line
    if last:
        yield last


def _font(font: Any) -> tuple[dict[int, str], dict[int, float], float, str]:
    inner = font.DescendantFonts[0]
    return _read_font(bytes(font.ToUnicode.read_bytes()), inner.get("/W", pikepdf.Array()).unparse(), float(inner.get("/DW", 1000)),
                      str(font.BaseFont).lstrip("/").rpartition("+")[2])


@lru_cache(maxsize=200)
def _read_font(mapped: bytes, widths: bytes, usual: float, face: str) -> tuple[dict[int, str], dict[int, float], float, str]:
    letters: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", mapped, re.DOTALL):
        for code, text in re.findall(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            letters[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    found: dict[int, float] = {}
    for start, many in re.findall(rb"(\d+)\s*\[([^\]]*)\]", widths):
        for offset, width in enumerate(many.split()):
            found[int(start) + offset] = float(width)
    return letters, found, usual, face


def _floats(values: Any) -> Any:
    return tuple(float(each) for each in values)


def _times(first: Matrix, second: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _moved(point: tuple[float, float], matrix: Matrix) -> tuple[float, float]:
    x, y = point
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _overlap(one: Box, other: Box) -> Box | None:
    x, y, end, top = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return (x, y, end, top) if x <= end and y <= top else None
