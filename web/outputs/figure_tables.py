"""Export of a period's figures: the whole and its parts, one column per figure, with the written definitions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.facts.progress import waits_since
from casework.models import Agency, Output, RefusalReason
from casework.outputs import OutputRefused
from casework.permissions import Actor
from reports.statistics.counting import COUNTED, cross, figures_of
from reports.statistics.figure import LEVELS, Figure, Shape, Unit
from reports.statistics.figures import FIGURES
from reports.statistics.periods import Period
from reports.statistics.reach import reaches_of
from reports.statistics.snapshots import name_in, period_of, snapshot_seen
from reports.statistics.subjects import DIMENSION_NAMES, WHOLE, Dimension, Scope, names_of
from reports.tables.table import Column, Table
from web.outputs.dashboard_tables import DASHBOARD, dashboard_table
from web.outputs.listing import FIGURES_OF_OTHERS, as_file, local_words, period_ordered
from web.outputs.making import MAKERS, Progress
from workflows.figures.steps import step_hours


def figure_table(output: Output, progress: Progress) -> Table:
    """The figures of one period by one dimension or without, one figure by two dimensions, or the hours by step, as on their pages."""
    asked = output.parameters
    if asked.get("snapshot"):
        return _snapshot_table(output, progress)
    period = period_ordered(output)
    if period.since > progress.now:
        raise OutputRefused("Kỳ này chưa bắt đầu.", "This period has not begun.")
    word = str(asked.get("by") or "")
    by = Dimension(word) if word in set(Dimension) else None
    agency = db.session.get(Agency, output.agency_id) if output.agency_id is not None else None
    scope = scope_for(progress.by, output.centre_id, agency)
    notes = [("Kỳ", _period_words(period)), ("Phạm vi", agency.name_vi if agency is not None else "cả Trung tâm")]
    if not period.is_over(progress.now):
        notes.append(("Kỳ chưa kết thúc", f"Đếm đến {local_words(progress.now)}."))
    if (waiting := waits_since(progress.now)) is not None:
        notes.append(("Số liệu chưa tính xong", f"Còn thiếu những việc từ {local_words(waiting)}."))
    if asked.get("table") == "steps":
        steps = step_hours(period.up_to(progress.now), centre_id=output.centre_id, agency_id=output.agency_id)
        notes.append((FIGURES["step_hours"].name.vi, FIGURES["step_hours"].definition.vi))
        return Table(FIGURES["step_hours"].name.vi, STEP_COLUMNS, map(_step, steps), notes=notes)
    if (table := str(asked.get("table") or "")) in DASHBOARD:
        return dashboard_table(
            table, by=progress.by, centre_id=output.centre_id, agency_id=output.agency_id, period=period, asked=asked, now=progress.now,
            notes=notes,
        )  # fmt: skip
    sides = [Dimension(word) for word in (str(asked.get("rows") or ""), str(asked.get("columns") or "")) if word in set(Dimension)]
    if len(set(sides)) == 2:
        figure = FIGURES.get(str(asked.get("figure") or ""))
        if figure is None or figure.shape != Shape.NUMBER:
            raise OutputRefused("Không có chỉ tiêu này.", "There is no such figure.")
        return _cross_table(figure, scope, period, sides[0], sides[1], notes, progress)
    figures = figures_of(scope, period, by=by, now=progress.now)
    reasons = sorted({reason for values in figures.values() for reason in values["refused"]})
    columns = [Column("subject", DIMENSION_NAMES[by].vi if by else "Phạm vi", width=36), *_columns(reasons)]
    return Table("Bảng thống kê", columns, _rows(figures, by, reasons), notes=notes)


def _snapshot_table(output: Output, progress: Progress) -> Table:
    """Everything frozen in a snapshot, with the names of its day."""
    row = snapshot_seen(progress.by, str(output.parameters["snapshot"]))
    if row is None or row.centre_id != output.centre_id:
        raise OutputRefused("Không tìm thấy bản chốt số liệu này.", "There are no such frozen figures.")
    content, figures = row.content, row.content["figures"]
    keys = tuple(key for key in COUNTED if key in figures["all"][WHOLE])
    reasons = sorted({reason for subjects in figures.values() for values in subjects.values() for reason in values["refused"]})
    names = {key: words[0] for key, words in content["names"].get("reason", {}).items()}
    columns = [Column("dimension", "Theo", width=20), Column("subject", "Phạm vi", width=36), *_columns(reasons, keys, names)]
    rows = (
        (DIMENSION_NAMES[Dimension(name)].vi if name in set(Dimension) else EVERYTHING.vi,
         name_in(content, name, subject).vi if subject else EVERYTHING.vi, *_cells(values, reasons, keys))
        for name, subjects in sorted(figures.items(), key=lambda each: each[0] != "all") for subject, values in subjects.items()
    )  # fmt: skip
    notes = [("Kỳ", _period_words(period_of(row))), ("Chốt lúc", local_words(row.made_at)), ("Bản số", str(row.number)),
             ("Mã tóm tắt (SHA-256)", row.digest), *([("Lý do đính chính", row.reason)] if row.reason else [])]  # fmt: skip
    return Table(f"Số liệu đã chốt {row.name}", columns, rows, notes=notes)


def scope_for(by: Actor, centre_id: int, agency: Agency | None) -> Scope:
    """The scope of the count: the centre for readers of its figures, else an agency whose figures the person may read. Raises
    OutputRefused."""
    for reach in reaches_of(by):
        if reach.centre.id == centre_id and (reach.agency is None or (agency is not None and reach.agency.id == agency.id)):
            return Scope((centre_id,), agency_id=agency.id if agency is not None else None)
    raise OutputRefused(*FIGURES_OF_OTHERS)


STEP_COLUMNS = (
    Column("step", "Bước", width=40), Column("passages", "Số lượt", "integer", 10),
    Column("median", "Trung vị (giờ)", "decimal", 14), Column("p90", "Bách phân vị 90 (giờ)", "decimal", 14),
)  # fmt: skip


def _step(step: Mapping[str, Any]) -> tuple[Any, ...]:
    return step["name"][0], step["passages"], *(None if step[each] is None else round(step[each] / 60, 2) for each in ("median", "p90"))


def _cross_table(
    figure: Figure, scope: Scope, period: Period, rows: Dimension, columns: Dimension, notes: list[tuple[str, str]], progress: Progress
) -> Table:  # fmt: skip
    told = cross(scope, period, rows, columns, keys=[figure.key], now=progress.now)
    row_names = {**names_of(rows, [row for row, _column in told]), WHOLE: EVERYTHING}
    column_names = {**names_of(columns, [column for _row, column in told]), WHOLE: EVERYTHING}
    heads = [Column("subject", DIMENSION_NAMES[rows].vi, width=36),
             *(Column(column or "all", name.vi, "integer", 14) for column, name in column_names.items())]  # fmt: skip
    cells = (
        (name.vi, *(told[row, column][figure.key] if (row, column) in told else 0 for column in column_names))
        for row, name in row_names.items()
    )
    title = f"{figure.name.vi}: {DIMENSION_NAMES[rows].vi} × {DIMENSION_NAMES[columns].vi.lower()}"
    return Table(title, heads, cells, notes=[*notes, (figure.name.vi, figure.definition.vi)])


EVERYTHING = Bilingual("Toàn bộ", "All")


def _columns(reasons: list[str], keys: Sequence[str] = COUNTED, named: Mapping[str, str] | None = None) -> Iterator[Column]:
    names = named or {row.key: row.name_vi for row in db.session.scalars(select(RefusalReason).where(RefusalReason.key.in_(reasons)))}
    for key in keys:
        figure = FIGURES[key]
        name, meaning = figure.name.vi, figure.definition.vi
        match figure.shape:
            case Shape.PART:
                yield Column(key, name, "integer", 14, meaning, en=figure.name.en)
                yield Column(f"{key}_whole", f"{name}: mẫu số", "integer", 14)
            case Shape.REASONS:
                yield Column(key, name, "integer", 14, meaning, en=figure.name.en)
                yield from (Column(f"{key}_{each}", f"{name}: {names.get(each, each)}", "integer", 14) for each in reasons)
            case Shape.LEVELS:
                for level, words in LEVELS.items():
                    yield Column(f"{key}_{level}", f"{name}: {words.vi}", "integer", 14, meaning, f"{figure.name.en}: {words.en}")
            case Shape.SPREAD:
                # minutes become hours, in the keys as well
                key, unit = (key.replace("minutes", "hours"), " (giờ)") if figure.unit == Unit.MINUTES else (key, "")
                yield Column(f"{key}_median", f"{name}: trung vị{unit}", "decimal", 14, meaning)
                yield Column(f"{key}_p90", f"{name}: bách phân vị 90{unit}", "decimal", 14)
            case _:
                yield Column(key, name, "integer", 14, meaning, en=figure.name.en)


def _rows(figures: dict[str, dict[str, Any]], by: Dimension | None, reasons: list[str]) -> Iterator[tuple[Any, ...]]:
    names = names_of(by, figures) if by is not None else {}
    yield ("Toàn bộ", *_cells(figures[WHOLE], reasons))
    for subject, name in names.items():
        yield (name.vi, *_cells(figures[subject], reasons))


def _cells(values: Mapping[str, Any], reasons: list[str], keys: Sequence[str] = COUNTED) -> Iterator[Any]:
    for key in keys:
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
