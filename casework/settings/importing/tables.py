"""Tables in files: read from XLSX or CSV as plain texts, within limits, and written so that no cell is ever a formula.

Nothing in a file is evaluated: a formula, a link or a macro is refused or is text. The limits are checked before anything is unpacked.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.text import normal

MOST_BYTES = 5_000_000
MOST_ROWS = 5_000
MOST_COLUMNS = 40
MOST_UNPACKED = 60_000_000
MOST_PARTS = 200
MOST_TAGS = 600_000
"""For all parts of a workbook: each tag costs time and memory, and a filled cell has eight at most."""
LONGEST_CELL = 500
SEPARATORS = (",", ";", "\t")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Characters that begin a formula in some spreadsheet program (OWASP, "CSV Injection"), in some languages also full-width."""
FORMULA = "\x00formula"
"""Stands for a cell with a formula: no text of a file can equal it."""
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


TOO_LARGE = Bilingual("Bảng tính giải nén ra quá lớn.", "The workbook is too large once unpacked.")
UNREADABLE = Bilingual("Không đọc được bảng tính này.", "This workbook cannot be read.")


class TableRefused(CaseworkError):
    """The file cannot be read as a table; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class TableLine:
    """One row of a file: its number in the spreadsheet program, and its cells as texts."""

    number: int
    cells: list[str]


def read_table(data: bytes, file_name: str) -> list[TableLine]:
    """Return the non-empty rows, headings first. Raises TableRefused."""
    name = file_name.lower()
    if len(data) > MOST_BYTES:
        raise TableRefused("Tệp lớn hơn 5 MB.", "The file is larger than 5 MB.")
    if name.endswith((".xlsm", ".xltm", ".xlsb")):
        raise TableRefused(
            "Tệp có thể chứa macro (.xlsm, .xlsb) không được nhận. Xin lưu lại thành .xlsx.",
            "Files that may hold macros (.xlsm, .xlsb) are not taken. Please save it as .xlsx.",
        )
    if name.endswith(".xls") or data.startswith(OLD_WORKBOOK):
        raise TableRefused(
            "Tệp .xls kiểu cũ hoặc tệp có mật khẩu không được nhận. Xin lưu lại thành .xlsx không có mật khẩu.",
            "Old .xls files and files with a password are not taken. Please save it as .xlsx without a password.",
        )
    if data.startswith(b"PK"):
        lines = list(_workbook_lines(data))
    elif name.endswith(".xlsx"):
        raise TableRefused("Tệp không phải là bảng tính .xlsx.", "The file is no .xlsx workbook.")
    else:
        lines = list(_csv_lines(_decoded(data)))
    if not lines:
        raise TableRefused("Tệp không có dòng nào.", "The file has no rows.")
    return lines


def write_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with a byte order mark, as local spreadsheets expect; no cell begins a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_workbook(rows: Iterable[Sequence[Any]], *, title: str, beside: Mapping[str, Iterable[Sequence[Any]]] | None = None) -> bytes:
    """A sheet of texts with frozen headings, and further sheets (`beside`) by title; no cell begins a formula. Only the first is read
    back."""
    # imported late: it takes as long as making a page, and few processes read or write a workbook
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    for name, table in {title: rows, **(beside or {})}.items():
        sheet = workbook.create_sheet(name[:31])
        sheet.freeze_panes = "A2"
        for row in table:
            sheet.append([harmless(cell) for cell in row])
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def harmless(cell: Any) -> str:
    """The text of a cell; one that would begin a formula gets an apostrophe in front, which reading removes."""
    text = (
        "" if cell is None else "x" if cell is True else "" if cell is False else cell.isoformat() if isinstance(cell, date) else str(cell)
    )
    return f"'{text}" if text.lstrip("'").startswith(RISKY) else text


def _workbook_lines(data: bytes) -> Iterator[TableLine]:
    from openpyxl import load_workbook  # as in write_workbook

    _refuse_archive(data)
    try:
        # formulas stay texts that begin with "=", and are refused as cells: their cached result is never trusted
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()
        # a cell far to the right would be padded to sixteen thousand, row by row: checked before the row is made
        make_row = sheet._get_row
        sheet._get_row = lambda cells, *bounds: make_row(_within_columns(cells), *bounds)
        yield from _bounded((number, row) for number, row in enumerate(sheet.iter_rows(values_only=True), start=1))
    except TableRefused:
        raise
    except Exception as error:  # a broken archive can raise anything in the library
        raise TableRefused(*UNREADABLE) from error


def _within_columns(cells: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    if any(cell["column"] > MOST_COLUMNS for cell in cells):
        raise _too_wide()
    return cells


def _too_wide() -> TableRefused:
    return TableRefused(f"Tệp có hơn {MOST_COLUMNS} cột.", f"The file has more than {MOST_COLUMNS} columns.")


def _refuse_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise TableRefused(*TOO_LARGE)
            if any("vbaproject" in part.filename.lower() for part in parts):
                raise TableRefused("Bảng tính có macro. Xin lưu lại thành .xlsx.", "The workbook holds macros. Please save it as .xlsx.")
            # the size in a header may be wrong: unpacked within the limit before anybody reads it
            room, tags = MOST_UNPACKED, MOST_TAGS
            for part in parts:
                with archive.open(part) as file:
                    while piece := file.read(1 << 20):
                        room, tags = room - len(piece), tags - piece.count(b"<")
                        if room < 0 or tags < 0:
                            raise TableRefused(*TOO_LARGE)
                        if b"<!ENTITY" in piece or b"<!DOCTYPE" in piece:
                            raise TableRefused(*UNREADABLE)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise TableRefused(*UNREADABLE) from error


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableRefused("Tệp mã hóa UTF-16. Xin lưu lại dạng CSV UTF-8.", "The file is in UTF-16. Please save it as CSV UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TableRefused(
            "Tệp không phải UTF-8 (có thể là Windows-1258). Trong Excel, xin chọn Lưu thành “CSV UTF-8”, hoặc gửi tệp .xlsx.",
            "The file is not in UTF-8 (perhaps Windows-1258). In Excel choose Save as “CSV UTF-8”, or send an .xlsx file.",
        ) from None
    if "\x00" in text:
        raise TableRefused("Tệp không phải là bảng CSV.", "The file is no CSV table.")
    return text


def _csv_lines(text: str) -> Iterator[TableLine]:
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)

    def numbered() -> Iterator[tuple[int, Sequence[Any]]]:
        number = 1
        for row in reader:
            yield number, row
            number = reader.line_num + 1

    try:
        yield from _bounded(numbered())
    except csv.Error as error:
        raise TableRefused(f"Dòng {reader.line_num} của tệp CSV bị hỏng.", f"Line {reader.line_num} of the CSV file is broken.") from error


def _bounded(rows: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[TableLine]:
    taken = empty = 0
    for number, row in rows:
        if any(str(cell or "") for cell in row[MOST_COLUMNS:]):
            raise _too_wide()
        cells = [_text(cell) for cell in row[:MOST_COLUMNS]]
        if not any(cells):
            empty += 1
            if empty > MOST_ROWS:
                raise TableRefused("Tệp có quá nhiều dòng trống.", "The file has too many empty rows.")
            continue
        taken += 1
        if taken > MOST_ROWS + 1:
            raise TableRefused(
                f"Tệp có hơn {MOST_ROWS} dòng. Xin chia thành nhiều tệp.", f"The file has more than {MOST_ROWS} rows. Please split it."
            )
        yield TableLine(number, cells)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "x" if cell else ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if not isinstance(cell, str | int | float):
        return FORMULA
    text = str(cell)
    if text.startswith(("=", "@", "\t", "\r")):
        return FORMULA
    text = normal(text)
    text = text[1:] if text.startswith("'") and text.lstrip("'").startswith(RISKY) else text
    return text.replace("\n", " ")[: LONGEST_CELL + 1]
