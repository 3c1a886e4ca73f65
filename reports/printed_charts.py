"""Charts on paper, in black, grey and white. Each stands beside the table it is drawn from, and knows no more than that table tells.

Numbers come from the cells as they are shown: what a table leaves out ("…") has no bar, and the scale does not know it either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.charts import HorizontalBar, HorizontalChart, ShareBar, StackedChart, across, divided, stacked
from reports.sheets import Grid

FULL, HALF, EMPTY = "full", "half", "empty"
"""The fillings, which a copier keeps apart."""

MOST_BARS = 12
"""Bars drawn of one table, which a page can hold together; the table has everything."""

LONGEST_NAME = 24

Legend = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PrintedBars:
    """Horizontal bars; `words` stand for them where they cannot be seen. `most` is how many rows are drawn, if not all."""

    words: str
    chart: HorizontalChart
    legend: Legend = ()
    most: int | None = None


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

    Rows of nothing are left out, and the row of the whole. Of more than MOST_BARS rows the longest are drawn, in the order of the table.
    None where no row has a bar.
    """
    rows = table.rows[1:] if table.has_whole else table.rows
    found = []
    for row in rows:
        pieces = [(filling, shown(row[place]) or 0) for place, filling in places]
        if any(number for _filling, number in pieces) or any(shown(row[place]) is None for place, _filling in places):
            found.append((row[0], pieces, row[told] if told is not None else ""))
    lengths = [sum(number for _filling, number in pieces) for _name, pieces, _told in found]
    if not any(lengths):
        return None
    longest = sorted(sorted(range(len(found)), key=lambda place: -lengths[place])[:MOST_BARS])
    drawn = [found[place] for place in longest]
    chart = across([(name, pieces) for name, pieces, _told in drawn], longest_name=LONGEST_NAME)
    if told is not None:
        chart = replace(chart, bars=tuple(_said_behind(bar, behind) for bar, (*_, behind) in zip(chart.bars, drawn, strict=True)))
    return PrintedBars(words, chart, legend, MOST_BARS if len(found) > MOST_BARS else None)


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
