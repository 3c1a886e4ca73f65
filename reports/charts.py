"""Charts as numbers for SVG attributes, on pages (web/templates/statistics) and on paper (reports/printed_charts.py).

Templates draw them without inline styles, which the content security policy forbids.
"""

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
    """A stacked bar chart with grid lines; HEIGHT high unless it was given another foot."""

    bars: tuple[StackedBar, ...]
    bar_width: float
    lines: tuple[tuple[int, float], ...]


def stacked(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]], *, width: int = WIDTH, foot: int = FOOT) -> StackedChart:
    """Lay out a stacked bar chart; each bar is a label and its blocks from the bottom, as kind and number. `width` is that of the frame:
    letters keep their size where a small frame is shown small. `foot` is where the bars stand; labels take 28 more below."""
    most = max((sum(number for _kind, number in blocks) for _label, blocks in bars), default=0)
    step = _step(most)
    top = max(step, -(-most // step) * step)
    scale = (foot - TOP) / top
    room = (width - LEFT) / max(1, len(bars))
    bar_width = round(min(48.0, room * 0.56), 1)
    drawn = []
    for place, (label, blocks) in enumerate(bars):
        x, y, parts = LEFT + room * place + (room - bar_width) / 2, float(foot), []
        for kind, number in blocks:
            if number:
                height = max(1.0, number * scale - GAP)
                parts.append(BarBlock(kind, round(y - height, 1), round(height, 1)))
                y -= number * scale
        total = sum(number for _kind, number in blocks)
        drawn.append(StackedBar(round(x, 1), round(x + bar_width / 2, 1), round(y - 6, 1), label, total, tuple(parts)))
    lines = tuple((value, round(foot - value * scale, 1)) for value in range(0, top + 1, step))
    return StackedChart(tuple(drawn), bar_width, lines)


def _step(most: int) -> int:
    """The grid step out of 1, 2, 5, 10, 20, 50 …: the smallest that needs at most four lines."""
    factor = 1
    while True:
        for step in STEPS:
            if most <= 4 * step * factor:
                return step * factor
        factor *= 10


# -- horizontal bars --------------------------------------------------------------------------------------------------------------

ACROSS_WIDTH, NAMES, ROW, AFTER = 430, 156, 29, 120
"""Of a horizontal bar chart: total width, space for names before the bars, row height, and space for text after the bars."""

LONGEST_NAME = 19
LEAST_FOR_WORDS = 16.0
"""The narrowest piece with its number inside."""


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


def across(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]], *, longest_name: int = LONGEST_NAME) -> HorizontalChart:
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
        drawn.append(HorizontalBar(cut(name, longest_name), ROW * place + 4, tuple(pieces), None, round(x + 6, 1), ""))
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


def cut(name: str, longest: int = LONGEST_NAME) -> str:
    """A name shortened to the room there is; the table next to a chart has it in full."""
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


# -- lines, traces and shares ------------------------------------------------------------------------------------------------------

LINES_WIDTH, LINES_HEIGHT, LINES_LEFT, LINES_TOP, LINES_FOOT = 430, 178, 34, 24, 150
TRACE_WIDTH, TRACE_HEIGHT = 72, 28
SHARES_WIDTH, SHARES_NAMES, SHARES_ROW = 400, 122, 42


@dataclass(frozen=True, slots=True)
class Line:
    """One series; `peak` is the place and number of its highest point."""

    kind: str
    path: str
    peak: tuple[float, float, int] | None


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over the same labels, LINES_WIDTH by LINES_HEIGHT; `since` is where the period looked at begins, if within."""

    lines: tuple[Line, ...]
    labels: tuple[tuple[float, str], ...]
    grid: tuple[tuple[int, float], ...]
    since: float | None


def lined(labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], *, since: float | None = None) -> LineChart:
    """Lay out lines; `since` counts in labels from the left, with fractions."""
    most = max((number for _kind, numbers in series for number in numbers), default=0)
    step = _step(most)
    top = max(step, -(-most // step) * step)
    scale, room = (LINES_FOOT - LINES_TOP) / top, (LINES_WIDTH - LINES_LEFT) / max(1, len(labels))
    xs = [round(LINES_LEFT + room * (place + 0.5), 1) for place in range(len(labels))]
    drawn = []
    for kind, numbers in series:
        points = [(x, round(LINES_FOOT - number * scale, 1)) for x, number in zip(xs, numbers, strict=True)]
        path = "M" + "L".join(f"{x} {y}" for x, y in points) if points else ""
        peak = numbers.index(max(numbers)) if any(numbers) else None
        marked = (points[peak][0], round(points[peak][1] - 7, 1), numbers[peak]) if peak is not None else None
        drawn.append(Line(kind, path, marked))
    grid = tuple((value, round(LINES_FOOT - value * scale, 1)) for value in range(0, top + 1, step))
    begins = round(LINES_LEFT + room * max(0.0, since), 1) if since is not None and since < len(labels) else None
    return LineChart(tuple(drawn), tuple(zip(xs, labels, strict=True)), grid, begins)


@dataclass(frozen=True, slots=True)
class Trace:
    """A small line without axes; the caller says its numbers in words."""

    path: str
    end: tuple[float, float] | None


def traced(values: Sequence[float | None]) -> Trace | None:
    """Lay out a trace from the lowest to the highest value; nothing is drawn where a value is missing, and no trace of fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, span = min(known), max(known) - min(known)
    step, path = (TRACE_WIDTH - 6) / max(1, len(values) - 1), ""
    points: list[tuple[float, float] | None] = []
    for place, value in enumerate(values):
        if value is None:
            points.append(None)
            continue
        y = round(TRACE_HEIGHT - 4 - (value - low) / span * (TRACE_HEIGHT - 8), 1) if span else TRACE_HEIGHT / 2
        at = (round(3 + step * place, 1), y)
        path += f"{'L' if points and points[-1] is not None else 'M'}{at[0]} {at[1]}"
        points.append(at)
    return Trace(path, points[-1])


@dataclass(frozen=True, slots=True)
class ShareBar:
    """One whole divided into parts over the full width; without pieces where the whole is nothing."""

    name: str
    y: int
    pieces: tuple[BarPiece, ...]


def divided(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> tuple[ShareBar, ...]:
    """Lay out bars of equal length, each a whole with its parts from the left, as kind and number."""
    drawn = []
    for place, (name, numbers) in enumerate(bars):
        whole, x, pieces = sum(number for _kind, number in numbers), float(SHARES_NAMES), []
        for kind, number in numbers:
            if number:
                length = number / whole * (SHARES_WIDTH - SHARES_NAMES)
                words = str(number) if length >= LEAST_FOR_WORDS + 6 * (len(str(number)) - 1) else ""
                width = round(max(2.0, length - 2), 1)
                pieces.append(BarPiece(kind, round(x, 1), width, round(x + width / 2, 1), words))
                x += length
        drawn.append(ShareBar(name, SHARES_ROW * place, tuple(pieces)))
    return tuple(drawn)
