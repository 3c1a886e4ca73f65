"""Charts on paper, in black, grey and white. Each stands beside the table it is drawn from, and knows no more than that table tells.

Numbers come from the cells as they are shown: what a table leaves out ("…") has no bar, and the scale does not know it either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.charts import HorizontalBar, HorizontalChart, ShareBar, StackedChart, across, divided, stacked
from reports.sheets import Grid

FULL, HALF, EMPTY = "full", "half", "empty"
"""The fillings, which a copier keeps apart."""

TOGETHER = 12
"""Bars in one picture: a page cannot break within it."""

MOST_BARS = 36
"""Bars drawn of one table; the table has everything."""

LONGEST_NAME = 24

Legend = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PrintedBars:
    """Horizontal bars in pictures of TOGETHER; `words` stand for them where they cannot be seen."""

    words: str
    charts: tuple[HorizontalChart, ...]
    legend: Legend = ()


@dataclass(frozen=True, slots=True)
class PrintedColumns:
    """Upright bars; `told` is what the table says of each."""

    words: str
    chart: StackedChart
    told: tuple[str, ...]
    legend: Legend = ()


@dataclass(frozen=True, slots=True)
class PrintedShares:
    """Wholes divided into parts."""

    words: str
    bars: tuple[ShareBar, ...]
    legend: Legend = ()


def shown(cell: str) -> int | None:
    """The number in a cell; None where the table gives none."""
    digits = cell.replace(".", "")
    return int(digits) if digits.isdecimal() else None


def printed_bars(
    table: Grid, places: Sequence[tuple[int, str]], words: str, *, legend: Legend = (), told: int | None = None
) -> PrintedBars | None:  # fmt: skip
    """A bar for each row of a table, of the cells at `places` with their fillings; `told` is the cell written behind it.

    Rows of nothing are left out, and the row of the whole. None where no row has a bar.
    """
    rows = table.rows[1:] if table.has_whole else table.rows
    found = []
    for row in rows:
        pieces = [(filling, shown(row[place]) or 0) for place, filling in places]
        if any(number for _filling, number in pieces) or any(shown(row[place]) is None for place, _filling in places):
            found.append((row[0], pieces, row[told] if told is not None else ""))
    found = found[:MOST_BARS]
    most = max((sum(number for _filling, number in pieces) for _name, pieces, _told in found), default=0)
    if not most:
        return None
    charts = []
    for start in range(0, len(found), TOGETHER):
        part = found[start : start + TOGETHER]
        chart = across([(name, pieces) for name, pieces, _told in part], most=most, longest_name=LONGEST_NAME)
        if told is not None:
            bars = tuple(_said_behind(bar, words_behind) for bar, (_name, _pieces, words_behind) in zip(chart.bars, part, strict=True))
            chart = replace(chart, bars=bars)
        charts.append(chart)
    return PrintedBars(words, tuple(charts), legend)


def _said_behind(bar: HorizontalBar, words: str) -> HorizontalBar:
    return replace(bar, words=words, pieces=tuple(replace(piece, words="") for piece in bar.pieces))


def printed_columns(
    table: Grid, places: Sequence[tuple[int, str]], words: str, *, told: int, labels: Sequence[str], legend: Legend = ()
) -> PrintedColumns | None:  # fmt: skip
    """An upright bar for each row below that of the whole, in the order of the table."""
    rows = table.rows[1:] if table.has_whole else table.rows
    bars = [
        (label, [(filling, shown(row[place]) or 0) for place, filling in places]) for label, row in zip(labels, rows, strict=True)
    ]
    if not any(number for _label, blocks in bars for _filling, number in blocks):
        return None
    return PrintedColumns(words, stacked(bars), tuple(row[told] for row in rows), legend)


def printed_shares(bars: Sequence[tuple[str, Sequence[tuple[str, int]]]], words: str, *, legend: Legend) -> PrintedShares | None:
    """Wholes with their parts; those of nothing are left out."""
    drawn = divided([(name, parts) for name, parts in bars if any(number for _filling, number in parts)])
    return PrintedShares(words, drawn, legend) if drawn else None
