"""Files of strangers: what is read from them, what is refused and why, and that what is written is harmless."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import Workbook

from casework.settings.importing import tables
from casework.settings.importing.file_columns import named_rows
from casework.settings.importing.tables import (
    FORMULA,
    MOST_BYTES,
    MOST_PARTS,
    MOST_TAGS,
    MOST_UNPACKED,
    TableRefused,
    read_table,
    write_csv,
    write_workbook,
)

ROWS = [["Mã đơn vị", "Tên", "Điện thoại"], ["PTNMT", "Phòng Tài nguyên, Môi trường", "+842633822123"], ["X", "=1+1", "-12.5"],
        ["Y", "'=đã có dấu", "@ai"]]  # fmt: skip


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(data: bytes, **more: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, more.pop(part.filename.replace("/", "_").replace(".", "_"), old.read(part)))
        for name, content in more.items():
            new.writestr(name, content)
    return file.getvalue()


def claiming(size: int) -> bytes:
    """A workbook whose list of contents says that a part of some bytes unpacks to so many."""
    file = io.BytesIO(workbook(["a"]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/big.xml", b"0" * 100)
        archive.getinfo("xl/big.xml").file_size = size
    return file.getvalue()


@pytest.mark.parametrize("file", [write_csv(ROWS), write_workbook(ROWS, title="x")])
def test_what_is_written_is_read_again_and_no_cell_begins_a_formula(file: bytes) -> None:
    assert [line.cells for line in read_table(file, "t.xlsx" if file.startswith(b"PK") else "t.csv")] == ROWS
    raw = (
        file.decode("utf-8-sig")
        if not file.startswith(b"PK")
        else zipfile.ZipFile(io.BytesIO(file)).read("xl/worksheets/sheet1.xml").decode()
    )
    assert ",=1" not in raw
    assert "<f>" not in raw
    assert ",@" not in raw


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_is_read_with_any_separator_and_with_or_without_a_mark(separator: str, mark: str) -> None:
    text = mark + "\r\n".join(separator.join(row) for row in (["Tên", "Mã"], ["Xã Lát", "1"], ["", ""], ["Đạ Chais", "2"]))
    lines = read_table(text.encode(), "t.csv")
    assert [(line.number, line.cells) for line in lines] == [(1, ["Tên", "Mã"]), (2, ["Xã Lát", "1"]), (4, ["Đạ Chais", "2"])]


def test_numbers_and_days_of_a_workbook_are_texts_and_formulas_are_marked() -> None:
    from datetime import datetime

    lines = read_table(workbook(["a", "b", "c", "d"], [24846.0, datetime(2026, 3, 2), "=HYPERLINK(A1)", True]), "t.xlsx")  # noqa: DTZ001
    assert lines[1].cells == ["24846", "2026-03-02", FORMULA, "x"]
    assert read_table(b"a,b\n=cmd|' /C calc'!A0,@sum", "t.csv")[1].cells == [FORMULA, FORMULA]


def sheet(*rows: str) -> bytes:
    xml = "".join(rows)
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{xml}</sheetData></worksheet>'.encode()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
HOSTILE = {
    "macro": (workbook(["a"]), "t.xlsm", "macro"),
    "macro under another name": (repacked(workbook(["a"]), **{"xl/vbaProject.bin": b"x"}), "t.xlsx", "macro"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "t.xlsx", "Old .xls"),
    "no workbook": (b"hello", "t.xlsx", "no .xlsx"),
    "broken": (b"PK\x03\x04" + b"\1" * 500, "t.xlsx", "cannot be read"),
    "bomb": (repacked(workbook(["a"]), **{"xl/big.xml": b"0" * 61_000_000}), "t.xlsx", "too large"),
    "claims to be large": (claiming(MOST_UNPACKED), "t.xlsx", "too large"),
    "claims to be small": (claiming(10), "t.xlsx", "cannot be read"),
    "parts": (repacked(workbook(["a"]), **{f"xl/{number}.xml": b"" for number in range(MOST_PARTS)}), "t.xlsx", "too large"),
    "empty rows": (b"a\n" + b"\n" * 5_100 + b"1\n", "t.csv", "empty rows"),
    "entities": (repacked(workbook(["a"]), xl_worksheets_sheet1_xml=ENTITY), "t.xlsx", "cannot be read"),
    "1258": ("Tên;Xã Lát".encode("cp1258", "ignore") + b"\xec\xf2", "t.csv", "Windows-1258"),
    "utf-16": ("Tên,Mã".encode("utf-16"), "t.csv", "UTF-16"),
    "binary": (b"a,b\n\0\0,1", "t.csv", "no CSV"),
    "quote without end": (b'a,b\n"never ended', "t.csv", "broken"),
    "empty": (b"\n\n", "t.csv", "no rows"),
    "heavy": (b"a" * (MOST_BYTES + 1), "t.csv", "5 MB"),
    "long": (b"a\n" + b"1\n" * 5_002, "t.csv", "5000 rows"),
    "wide": (b"," * 50 + b"x", "t.csv", "40 columns"),
    "padded": (repacked(workbook(["a"]), xl_worksheets_sheet1_xml=sheet('<row><c r="XFD1"/></row>' * 5_000)), "t.xlsx", "40 columns"),
    "crowded": (repacked(workbook(["a"]), xl_worksheets_sheet1_xml=sheet("<row>", "<c/>" * MOST_TAGS, "</row>")), "t.xlsx", "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_taken_is_refused_with_its_reason(name: str) -> None:
    data, file_name, words = HOSTILE[name]
    with pytest.raises(TableRefused, match=words) as refused:
        read_table(data, file_name)
    assert refused.value.vi != refused.value.en


@pytest.mark.parametrize(("heads", "words"), [
    ("Mã đơn vị,Tên,Lạ", "Lạ"), ("key,Tên,Name in English,KEY", "twice"), ("key,Name in English", "missing"),
])
def test_headings_are_known_in_both_languages_and_others_are_refused(heads: str, words: str) -> None:
    with pytest.raises(TableRefused, match=words):
        named_rows("agencies", read_table(f"{heads}\nA,B,C,D".encode(), "t.csv"))
    good = named_rows("agencies", read_table("KEY;Tên;name IN english\nA;B;C".encode(), "t.csv"))
    assert good[0].cells == {"key": "A", "name_vi": "B", "name_en": "C"}
    assert tables.MOST_ROWS == 5_000
