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
