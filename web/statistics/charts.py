"""Charts as numbers for SVG attributes: the templates draw them, and the policy of the pages needs no inline style."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 208
LEFT, TOP, FOOT = 34, 24, 180
GAP = 1
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a bar."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of blocks that stand on each other; `middle` is where its words stand."""

    x: float
    middle: float
    top: float
    label: str
    total: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of bars within WIDTH and HEIGHT, with lines to read off by."""

    bars: tuple[Bar, ...]
    bar_width: float
    lines: tuple[tuple[int, float], ...]


def stacked(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> Chart:
    """Return the chart of bars, each a label and its blocks from below, as kind and number."""
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
                parts.append(Block(kind, round(y - height, 1), round(height, 1)))
                y -= number * scale
        total = sum(number for _kind, number in blocks)
        drawn.append(Bar(round(x, 1), round(x + width / 2, 1), round(y - 6, 1), label, total, tuple(parts)))
    lines = tuple((value, round(FOOT - value * scale, 1)) for value in range(0, top + 1, step))
    return Chart(tuple(drawn), width, lines)


def _step(most: int) -> int:
    """1, 2, 5, 10, 20, 50 …: the least that needs four lines at most."""
    factor = 1
    while True:
        for step in STEPS:
            if most <= 4 * step * factor:
                return step * factor
        factor *= 10


# -- bars beside each other, and bars that lie ------------------------------------------------------------------------------------

ACROSS_WIDTH, NAMES, ROW, AFTER = 540, 176, 28, 150
"""Of a chart of lying bars: its width, the room for names before the bars, a row, and the room for words after them."""

LONGEST_NAME = 21
LEAST_FOR_WORDS = 16.0
"""So wide a piece has to be for its number to stand in it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that stand beside each other above one label."""

    middle: float
    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """A chart of groups within WIDTH and HEIGHT."""

    groups: tuple[Group, ...]
    bar_width: float
    lines: tuple[tuple[int, float], ...]


def grouped(groups: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> Groups:
    """Return the chart of groups, each a label and its bars from the left, as kind and number."""
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
            blocks = (Block(kind, y, height),) if number else ()
            bars.append(Bar(round(x, 1), round(x + width / 2, 1), round(y - 5, 1), label, number, blocks))
            x += width
        drawn.append(Group(round(middle, 1), label, tuple(bars)))
    lines = tuple((value, round(FOOT - value * scale, 1)) for value in range(0, top + 1, step))
    return Groups(tuple(drawn), width - GAP, lines)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a lying bar; `words` is empty where there is no room for its number."""

    kind: str
    x: float
    width: float
    middle: float
    words: str


@dataclass(frozen=True, slots=True)
class Lying:
    """One lying bar: its name, cut where it is long, where its row begins, its pieces, a limit to hold it against, and words behind it."""

    name: str
    y: int
    pieces: tuple[Piece, ...]
    limit: float | None
    after: float
    words: str

    @property
    def base(self) -> int:
        """Where its words stand."""
        return self.y + 17


@dataclass(frozen=True, slots=True)
class Across:
    """A chart of lying bars, ACROSS_WIDTH wide."""

    bars: tuple[Lying, ...]
    height: int


def across(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> Across:
    """Return the chart of lying bars, each a name and its pieces from the left, as kind and number."""
    most = max((sum(number for _kind, number in pieces) for _name, pieces in bars), default=0)
    scale = (ACROSS_WIDTH - NAMES - 40) / max(1, most)
    drawn = []
    for place, (name, numbers) in enumerate(bars):
        x, pieces = float(NAMES), []
        for kind, number in numbers:
            if number:
                width = round(max(2.0, number * scale - 2), 1)
                words = str(number) if width >= LEAST_FOR_WORDS + 6 * (len(str(number)) - 1) else ""
                pieces.append(Piece(kind, round(x, 1), width, round(x + width / 2, 1), words))
                x += number * scale
        drawn.append(Lying(cut(name), ROW * place + 4, tuple(pieces), None, round(x + 6, 1), ""))
    return Across(tuple(drawn), ROW * len(bars) + 4)


def against_limits(bars: Sequence[tuple[str, float, float | None, str, str]]) -> Across:
    """Return the chart of lying bars, each a name, a length, the limit it is held against, its kind and the words behind it."""
    most = max((max(length, limit or 0) for _name, length, limit, _kind, _words in bars), default=0)
    scale = (ACROSS_WIDTH - NAMES - AFTER) / (most or 1)
    drawn = []
    for place, (name, length, limit, kind, words) in enumerate(bars):
        width = round(max(2.0, length * scale), 1)
        at = round(NAMES + limit * scale, 1) if limit is not None else None
        behind = round(max(NAMES + width, at or 0) + 8, 1)
        piece = Piece(kind, float(NAMES), width, round(NAMES + width / 2, 1), "")
        drawn.append(Lying(cut(name), ROW * place + 4, (piece,), at, behind, words))
    return Across(tuple(drawn), ROW * len(bars) + 4)


def cut(name: str) -> str:
    """A name as long as there is room for; the table beside a chart has all of it."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
