"""Charts as numbers for SVG attributes: templates draw them without inline styles, which the content security policy forbids."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 208
LEFT, TOP, FOOT = 34, 24, 180
GAP = 1
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class BarBlock:
    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class StackedBar:
    """One stacked bar; `middle` is the x position of its label."""

    x: float
    middle: float
    top: float
    label: str
    total: int
    blocks: tuple[BarBlock, ...]


@dataclass(frozen=True, slots=True)
class StackedChart:
    """A stacked bar chart of WIDTH by HEIGHT with grid lines."""

    bars: tuple[StackedBar, ...]
    bar_width: float
    lines: tuple[tuple[int, float], ...]


def stacked(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> StackedChart:
    """Lay out a stacked bar chart; each bar is a label and its blocks from the bottom, as kind and number."""
    most = max((sum(number for _kind, number in blocks) for _label, blocks in bars), default=0)
    step = _step(most)
    top = max(step, -(-most // step) * step)
    scale = (FOOT - TOP) / top
    room = (WIDTH - LEFT) / max(1, len(bars))
    width = round(min(48.0, room * 0.56), 1)
    drawn = []
    for place, (label, blocks) in enumerate(bars):
        x, y, parts = LEFT + room * place + (room - width) / 2, float(FOOT), []
        for kind, number in blocks:
            if number:
                height = max(1.0, number * scale - GAP)
                parts.append(BarBlock(kind, round(y - height, 1), round(height, 1)))
                y -= number * scale
        total = sum(number for _kind, number in blocks)
        drawn.append(StackedBar(round(x, 1), round(x + width / 2, 1), round(y - 6, 1), label, total, tuple(parts)))
    lines = tuple((value, round(FOOT - value * scale, 1)) for value in range(0, top + 1, step))
    return StackedChart(tuple(drawn), width, lines)


def _step(most: int) -> int:
    """The grid step out of 1, 2, 5, 10, 20, 50 …: the smallest that needs at most four lines."""
    factor = 1
    while True:
        for step in STEPS:
            if most <= 4 * step * factor:
                return step * factor
        factor *= 10


# -- grouped and horizontal bars --------------------------------------------------------------------------------------------------

ACROSS_WIDTH, NAMES, ROW, AFTER = 540, 176, 28, 150
"""Of a horizontal bar chart: total width, space for names before the bars, row height, and space for text after the bars."""

LONGEST_NAME = 21
LEAST_FOR_WORDS = 16.0
"""The narrowest piece with its number inside."""


@dataclass(frozen=True, slots=True)
class BarGroup:
    """Bars next to each other above one label."""

    middle: float
    label: str
    bars: tuple[StackedBar, ...]


@dataclass(frozen=True, slots=True)
class GroupedChart:
    """A chart of grouped bars, WIDTH by HEIGHT."""

    groups: tuple[BarGroup, ...]
    bar_width: float
    lines: tuple[tuple[int, float], ...]


def grouped(groups: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> GroupedChart:
    """Lay out a chart of grouped bars; each group is a label and its bars from the left, as kind and number."""
    most = max((number for _label, bars in groups for _kind, number in bars), default=0)
    step = _step(most)
    top = max(step, -(-most // step) * step)
    scale = (FOOT - TOP) / top
    room = (WIDTH - LEFT) / max(1, len(groups))
    width = round(min(28.0, room * 0.36), 1)
    drawn = []
    for place, (label, numbers) in enumerate(groups):
        middle = LEFT + room * (place + 0.5)
        x, bars = middle - width * len(numbers) / 2, []
        for kind, number in numbers:
            height = round(max(1.0, number * scale), 1) if number else 0.0
            y = round(FOOT - height, 1)
            blocks = (BarBlock(kind, y, height),) if number else ()
            bars.append(StackedBar(round(x, 1), round(x + width / 2, 1), round(y - 5, 1), label, number, blocks))
            x += width
        drawn.append(BarGroup(round(middle, 1), label, tuple(bars)))
    lines = tuple((value, round(FOOT - value * scale, 1)) for value in range(0, top + 1, step))
    return GroupedChart(tuple(drawn), width - GAP, lines)


@dataclass(frozen=True, slots=True)
class BarPiece:
    """A segment of a horizontal bar; `words` is empty where there is no room for its number."""

    kind: str
    x: float
    width: float
    middle: float
    words: str


@dataclass(frozen=True, slots=True)
class HorizontalBar:
    """One horizontal bar: its name, shortened if long, the row's position, its pieces, a limit to compare with, and text after it."""

    name: str
    y: int
    pieces: tuple[BarPiece, ...]
    limit: float | None
    after: float
    words: str

    @property
    def base(self) -> int:
        """The y position of its text."""
        return self.y + 17


@dataclass(frozen=True, slots=True)
class HorizontalChart:
    """A chart of horizontal bars, ACROSS_WIDTH wide."""

    bars: tuple[HorizontalBar, ...]
    height: int


def across(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> HorizontalChart:
    """Lay out horizontal bars; each is a name and its pieces from the left, as kind and number."""
    most = max((sum(number for _kind, number in pieces) for _name, pieces in bars), default=0)
    scale = (ACROSS_WIDTH - NAMES - 40) / max(1, most)
    drawn = []
    for place, (name, numbers) in enumerate(bars):
        x, pieces = float(NAMES), []
        for kind, number in numbers:
            if number:
                width = round(max(2.0, number * scale - 2), 1)
                words = str(number) if width >= LEAST_FOR_WORDS + 6 * (len(str(number)) - 1) else ""
                pieces.append(BarPiece(kind, round(x, 1), width, round(x + width / 2, 1), words))
                x += number * scale
        drawn.append(HorizontalBar(cut(name), ROW * place + 4, tuple(pieces), None, round(x + 6, 1), ""))
    return HorizontalChart(tuple(drawn), ROW * len(bars) + 4)


def against_limits(bars: Sequence[tuple[str, float, float | None, str, str]]) -> HorizontalChart:
    """Lay out horizontal bars against limits; each is a name, a length, its limit, its kind and the text after it."""
    most = max((max(length, limit or 0) for _name, length, limit, _kind, _words in bars), default=0)
    scale = (ACROSS_WIDTH - NAMES - AFTER) / (most or 1)
    drawn = []
    for place, (name, length, limit, kind, words) in enumerate(bars):
        width = round(max(2.0, length * scale), 1)
        at = round(NAMES + limit * scale, 1) if limit is not None else None
        behind = round(max(NAMES + width, at or 0) + 8, 1)
        piece = BarPiece(kind, float(NAMES), width, round(NAMES + width / 2, 1), "")
        drawn.append(HorizontalBar(cut(name), ROW * place + 4, (piece,), at, behind, words))
    return HorizontalChart(tuple(drawn), ROW * len(bars) + 4)


def cut(name: str) -> str:
    """A name shortened to the room there is; the table next to a chart has it in full."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
