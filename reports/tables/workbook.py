"""A table as XLSX: typed cells, frozen headings with filters, and a second sheet on what it is and how it was selected.

XlsxWriter runs in constant-memory mode, which keeps one row at a time. Texts are written as texts only: no formula, link or number.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from casework.local_time import LOCAL_ZONE
from reports.tables.table import Table, Type, printable

MOST_ROWS = 1_048_575
"""Rows a sheet holds below its headings."""
LONGEST_CELL = 32_767
"""UTF-16 units a cell holds; a longer text makes Excel call the file damaged."""
CUT = " […]"
NOTES_SHEET = "Ghi chú"

FORMATS: dict[Type, str] = {
    "text": "@", "integer": "#,##0", "decimal": "#,##0.##", "datetime": "dd/mm/yyyy hh:mm", "day": "dd/mm/yyyy", "share": "0.0%",
}  # fmt: skip
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Write = Callable[[Worksheet, int, int, Any, Any], object]


def write_workbook(table: Table, path: Path, *, made_at: datetime) -> int:
    """Write the table and return the number of rows. Rows that do not fit are left out, as the second sheet says."""
    with Workbook(str(path), {**OPTIONS, "tmpdir": str(path.parent)}) as workbook:
        workbook.set_properties({"title": table.title, "created": _local(made_at)})
        sheet = workbook.add_worksheet(_sheet_name(table.title))
        beside = workbook.add_worksheet(NOTES_SHEET)
        number = _write_rows(workbook, sheet, table)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, number, max(len(table.columns) - 1, 0))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        _write_notes(workbook, beside, table)
    return number


def _write_rows(workbook: Workbook, sheet: Worksheet, table: Table) -> int:
    heading = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E8EDF3", "bottom": 1})
    cells: list[tuple[Write, Any]] = []
    for place, column in enumerate(table.columns):
        format_ = workbook.add_format({"num_format": FORMATS[column.type], "valign": "top"})
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, fitting(column.name), heading)
        cells.append((_WRITERS[column.type], format_))
    number = 0
    for row in table.rows:
        if number == MOST_ROWS:
            table.notes.append(("Bị cắt bớt", f"Một trang tính chỉ chứa {MOST_ROWS} dòng; các dòng sau không có ở đây."))
            break
        number += 1
        for place, ((write, format_), cell) in enumerate(zip(cells, row, strict=True)):
            if cell is not None and cell != "":
                write(sheet, number, place, cell, format_)
    return number


def _write_notes(workbook: Workbook, sheet: Worksheet, table: Table) -> None:
    bold = workbook.add_format({"bold": True, "valign": "top", "text_wrap": True})
    wrapped = workbook.add_format({"valign": "top", "text_wrap": True, "num_format": "@"})
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, fitting(table.title), bold)
    for place, (name, words) in enumerate(table.notes, start=2):
        sheet.write_string(place, 0, fitting(name), bold)
        sheet.write_string(place, 1, fitting(words), wrapped)


def fitting(cell: Any) -> str:
    """The text of a cell cut to what a sheet can hold, with a mark; CSV and JSON have it in full."""
    text = printable(cell)
    if len(text) * 2 <= LONGEST_CELL or len(text.encode("utf-16-le")) <= LONGEST_CELL * 2:
        return text
    room = (LONGEST_CELL - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + CUT


def _text(sheet: Worksheet, row: int, place: int, cell: Any, format_: Any) -> None:
    sheet.write_string(row, place, fitting(cell), format_)


def _number(sheet: Worksheet, row: int, place: int, cell: Any, format_: Any) -> None:
    sheet.write_number(row, place, cell, format_)


def _datetime(sheet: Worksheet, row: int, place: int, cell: Any, format_: Any) -> None:
    sheet.write_datetime(row, place, _local(cell), format_)


def _day(sheet: Worksheet, row: int, place: int, cell: Any, format_: Any) -> None:
    sheet.write_datetime(row, place, cell, format_)


_WRITERS: dict[Type, Write] = {
    "text": _text, "integer": _number, "decimal": _number, "share": _number, "datetime": _datetime, "day": _day,
}  # fmt: skip


def _local(instant: datetime) -> datetime:
    """Local time without its zone, as workbooks store it."""
    return instant.astimezone(LOCAL_ZONE).replace(tzinfo=None)


def _sheet_name(title: str) -> str:
    """Names of sheets have at most 31 characters, some of which are forbidden."""
    name = "".join(" " if each in "[]:*?/\\'" else each for each in printable(title))[:31].strip()
    return name if name and name != NOTES_SHEET else "Bảng"


