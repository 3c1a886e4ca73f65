"""The figures of a period as a file: the whole and its parts, each figure a column, with its written definition beside."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.models import Agency, Output, RefusalReason
from casework.outputs import OutputRefused
from casework.permissions import Actor
from reports.statistics.counting import COUNTED, DIMENSION_NAMES, WHOLE, Dimension, Scope, figures_of, names_of
from reports.statistics.figures import FIGURES, LEVELS, Figure, Shape, Unit
from reports.statistics.periods import NoSuchPeriod, Period, period_named
from reports.statistics.reach import reaches_of
from reports.tables.table import Column, Table
from web.outputs.listing import as_file, local_words
from web.outputs.making import MAKERS, Progress


def figure_table(output: Output, progress: Progress) -> Table:
    """The figures of one period by one dimension, or of the whole alone."""
    asked = output.parameters
    try:
        period = period_named(str(asked.get("period") or ""), centre_id=output.centre_id)
    except NoSuchPeriod:
        raise OutputRefused("Không có kỳ này.", "There is no such period.") from None
    if period.since > progress.now:
        raise OutputRefused("Kỳ này chưa bắt đầu.", "This period has not begun.")
    word = str(asked.get("by") or "")
    by = Dimension(word) if word in set(Dimension) else None
    agency = db.session.get(Agency, output.agency_id) if output.agency_id is not None else None
    scope = scope_for(progress.by, output.centre_id, agency)
    figures = figures_of(scope, period, by=by, now=progress.now)
    reasons = sorted({reason for values in figures.values() for reason in values["refused"]})
    columns = [Column("subject", DIMENSION_NAMES[by].vi if by else "Phạm vi", width=36), *_columns(reasons)]
    notes = [("Kỳ", _period_words(period)), ("Phạm vi", agency.name_vi if agency is not None else "cả Trung tâm")]
    if not period.is_over(progress.now):
        notes.append(("Kỳ chưa kết thúc", f"Đếm đến {local_words(progress.now)}."))
    return Table("Bảng thống kê", columns, _rows(figures, by, reasons), notes=notes)


def scope_for(by: Actor, centre_id: int, agency: Agency | None) -> Scope:
    """Whose cases count: the centre's for who reads its figures, else those of an agency whose figures the person reads. Raises
    OutputRefused."""
    for reach in reaches_of(by):
        if reach.centre.id == centre_id and (reach.agency is None or (agency is not None and reach.agency.id == agency.id)):
            return Scope((centre_id,), agency_id=agency.id if agency is not None else None)
    raise OutputRefused("Số liệu này không thuộc phạm vi của Ông/Bà.", "These figures are not within what you may see.")


def _columns(reasons: list[str]) -> Iterator[Column]:
    names = {row.key: row.name_vi for row in db.session.scalars(select(RefusalReason).where(RefusalReason.key.in_(reasons)))}
    for key in COUNTED:
        figure = FIGURES[key]
        name, meaning = figure.name.vi, figure.definition.vi
        match figure.shape:
            case Shape.PART:
                yield Column(key, name, "integer", 14, meaning)
                yield Column(f"{key}_whole", f"{name}: mẫu số", "integer", 14)
            case Shape.REASONS:
                yield Column(key, name, "integer", 14, meaning)
                yield from (Column(f"{key}_{each}", f"{name}: {names.get(each, each)}", "integer", 14) for each in reasons)
            case Shape.LEVELS:
                yield from (Column(f"{key}_{level}", f"{name}: {words.vi}", "integer", 14, meaning) for level, words in LEVELS.items())
            case Shape.SPREAD:
                unit = " (giờ)" if figure.unit == Unit.MINUTES else ""
                yield Column(f"{key}_median", f"{name}: trung vị{unit}", "decimal", 14, meaning)
                yield Column(f"{key}_p90", f"{name}: bách phân vị 90{unit}", "decimal", 14)
            case _:
                yield Column(key, name, "integer", 14, meaning)


def _rows(figures: dict[str, dict[str, Any]], by: Dimension | None, reasons: list[str]) -> Iterator[tuple[Any, ...]]:
    names = names_of(by, figures) if by is not None else {}
    yield ("Toàn bộ", *_cells(figures[WHOLE], reasons))
    for subject, name in names.items():
        yield (name.vi, *_cells(figures[subject], reasons))


def _cells(values: dict[str, Any], reasons: list[str]) -> Iterator[Any]:
    for key in COUNTED:
        value, figure = values[key], FIGURES[key]
        match figure.shape:
            case Shape.PART:
                yield from value
            case Shape.REASONS:
                yield sum(value.values())
                yield from (value.get(each, 0) for each in reasons)
            case Shape.LEVELS:
                yield from (value[level] for level in LEVELS)
            case Shape.SPREAD:
                yield from (_in_hours(value[each], figure) for each in ("median", "p90"))
            case _:
                yield value


def _in_hours(value: float | None, figure: Figure) -> float | None:
    return round(value / 60, 2) if value is not None and figure.unit == Unit.MINUTES else value


def _period_words(period: Period) -> str:
    return f"{period.label.vi}: từ {local_words(period.since)}, trước {local_words(period.until)}"


MAKERS["figures"] = as_file(figure_table)
