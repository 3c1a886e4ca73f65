"""Numbers as the pages of figures show them: a row for each figure, reason and level, shares, and hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import FiguresSnapshot, RefusalReason
from reports.statistics.figure import LEVELS, Shape
from reports.statistics.figures import FIGURES
from reports.statistics.snapshots import FigureChange, name_in
from reports.statistics.subjects import NOT_YET
from web.filters import decimal


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One number in the table of all figures: a figure, or one reason or level of it."""

    key: str
    part: str
    name: Bilingual
    definition: Bilingual | None
    value: Any
    before: Any
    frozen: Any


def rows_of_figures(
    whole: Mapping[str, Any], before: Mapping[str, Any] | None, frozen: Mapping[str, Any] | None,
    *, reasons: Mapping[str, Sequence[str]] | None = None,
) -> list[FigureRow]:  # fmt: skip
    """Every figure, each followed by its reasons or levels."""
    lines: list[FigureRow] = []
    for key, figure in FIGURES.items():
        if key not in whole:
            continue
        values = (each.get(key) if each else None for each in (whole, before, frozen))
        lines.append(FigureRow(key, "", figure.name, figure.definition, *values))
        if figure.shape in (Shape.REASONS, Shape.LEVELS):
            parts = dict.fromkeys(part for each in (whole, before, frozen) if each for part in each.get(key) or {})
            names = _reason_names(list(parts)) if figure.shape == Shape.REASONS and reasons is None else {}
            for part in parts:
                name = names.get(part) or (Bilingual(*reasons[part]) if reasons and part in reasons else None) or part_name(key, part)
                values = ((each.get(key) or {}).get(part, 0) if each else None for each in (whole, before, frozen))
                lines.append(FigureRow(key, part, name, None, *values))
    return lines


def _reason_names(keys: Sequence[str]) -> dict[str, Bilingual]:
    rows = db.session.scalars(select(RefusalReason).where(RefusalReason.key.in_(keys)).order_by(RefusalReason.id))
    return {row.key: row.name for row in rows}


def part_name(key: str, part: str) -> Bilingual:
    if part in LEVELS:
        return LEVELS[part]
    if part == NOT_YET:
        return Bilingual("Không ghi lý do", "No reason given")
    return _reason_names([part]).get(part) or PART_NAMES.get(part) or Bilingual(part, part)


PART_NAMES = {
    "part": Bilingual("được đánh giá", "rated"),
    "whole": Bilingual("đã xử lý", "handled"),
    "median": Bilingual("trung vị", "median"),
    "p90": Bilingual("bách phân vị 90", "90th percentile"),
}


def changed_name(row: FiguresSnapshot, change: FigureChange) -> list[Bilingual]:
    """The subject of a change, the figure first: Tiếp nhận · Lĩnh vực: Đô thị."""
    figure = FIGURES.get(change.figure)
    words = [figure.name if figure else Bilingual(change.figure, change.figure)]
    if change.part:
        words.append(part_name(change.figure, change.part))
    if change.dimension != "all":
        words.append(name_in(row.content, change.dimension, change.subject))
    return words


def number_words(key: str, value: Any) -> str:
    if value is None:
        return "–"
    shape = FIGURES[key].shape
    if isinstance(value, Mapping) and shape == Shape.SPREAD:
        return f"{hours(value.get('median'))} / {hours(value.get('p90'))}"
    if isinstance(value, Mapping):
        return str(sum(value.values()))
    return "/".join(str(each) for each in value) if isinstance(value, list) else str(value)


def hours(minutes: float | None) -> str:
    """Office minutes as hours with one decimal."""
    return "–" if minutes is None else decimal(round(minutes / 60, 1))
