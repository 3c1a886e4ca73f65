"""Shared by documents of several pages: numbers and instants in local notation, tables in bounded pieces, one stylesheet.

WeasyPrint's time grows faster than the number of rows in a table, so long tables are set in pieces; each piece repeats
its head, which readers need on each page anyway.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from casework.local_time import LOCAL_ZONE
from reports.official import MOTTO, day_in_words, short_day

T = TypeVar("T")

ROWS_TOGETHER = 24
"""Rows in one piece of a long table: what fits on a page."""

FEWEST = 5
"""Below this number there is no percentage (domain.md, 2.5); both numbers are shown instead."""


def sheet_html(template: str, **content: Any) -> str:
    """A document of several pages; input is escaped, never markup."""
    return environment().get_template(template).render(motto=MOTTO, **content)


@cache
def stylesheet(*names: str) -> str:
    """The shared stylesheet followed by the named ones."""
    folder = resources.files("reports") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("sheets.css", *names))


def number(value: float | None) -> str:
    """1.234.567 or 12,5; a dash for None (domain.md, 5.3)."""
    if value is None:
        return "–"
    text = f"{value:,.1f}" if isinstance(value, float) and not value.is_integer() else f"{int(value):,}"
    return text.translate(str.maketrans(",.", ".,"))


def percent(part: int, whole: int) -> str:
    """87,5 %; empty where the whole is below FEWEST."""
    return f"{100 * part / whole:.1f} %".replace(".", ",") if whole >= FEWEST else ""


def share(part: int, whole: int) -> str:
    """6.500/7.400 (87,8 %): a rate is always shown with both numbers."""
    rate = percent(part, whole)
    return f"{number(part)}/{number(whole)}{f' ({rate})' if rate else ''}"


def moment(instant: datetime | None) -> str:
    """15:30 02/03/2026; a dash for None."""
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}" if instant is not None else "–"


def moment_in_words(instant: datetime) -> str:
    """12 giờ 00 ngày 25/3/2026, as a report states when its figures were closed."""
    local = instant.astimezone(LOCAL_ZONE)
    return f"{local:%H} giờ {local:%M} ngày {local:%d/%m/%Y}"


def office_hours(minutes: float | None) -> str:
    """Office minutes as hours: 40,8; a dash for None."""
    return number(round(minutes / 60, 1)) if minutes is not None else "–"


def in_pieces(rows: Sequence[T], size: int = ROWS_TOGETHER) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def paragraphs(text: str | None) -> list[str]:
    """The non-empty lines of a text."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def breakable(text: str) -> Markup:
    """A digest that may break after every eighth character; copying it adds nothing."""
    return Markup("<wbr>").join(escape(text[start : start + 8]) for start in range(0, len(text), 8))


@cache
def environment() -> Environment:
    """Jinja with the filters of these documents; unknown names are an error."""
    made = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(
        day=short_day, long_day=day_in_words, moment=moment, moment_words=moment_in_words, number=number, hours=office_hours,
        lines=paragraphs, pieces=in_pieces, digest=breakable,
    )  # fmt: skip
    made.globals.update(percent=percent, share=share)
    return made


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading and its kind (`name` takes the remaining width, `n` is a number, others are widths in official.css)."""

    title: str
    kind: str = "n"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of words: each row begins with its heading. With `has_whole` the first row is the total."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    has_whole: bool = False
    note: str = ""

    def pieces(self) -> Iterator[tuple[int, Sequence[tuple[str, ...]]]]:
        """The rows in pieces of a page, each with the index of its first row."""
        for start in range(0, len(self.rows), ROWS_TOGETHER):
            yield start, self.rows[start : start + ROWS_TOGETHER]


def change(new: int, old: int) -> str:
    """+12 (+8,5 %); without a percentage if the base is below FEWEST."""
    difference = new - old
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    if old < FEWEST or not difference:
        return f"{sign}{number(abs(difference))}"
    return f"{sign}{number(abs(difference))} ({sign}{percent(abs(difference), old)})"
