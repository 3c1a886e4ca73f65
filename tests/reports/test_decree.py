"""Official documents against NĐ 30/2020, measured in the PDF; and that the measuring sees what is wrong."""
from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from casework.documents.letterheads import Head
from reports import official
from reports.assets import FONT_FACES, SERIF_FACES
from reports.official import letter_pdf
from reports.pdf import render_pdf
from tests.reports import samples
from tests.reports.decree import faults, parts_of
from tests.reports.measuring import measured


@pytest.mark.exhaustive
def test_every_official_document_has_the_form_of_the_decree() -> None:
    """One test for all, and the elements of one that has them all: what is not found is not measured."""
    told = {name: faults(measured(samples.pdf_of(name))) for name in samples.AT_TURN if samples.is_official(name)}
    assert len(told) > 8
    assert {name: found for name, found in told.items() if found} == {}
    letter = parts_of(measured(samples.pdf_of("letter, numbered")))
    assert [line.text for line in letter.issuers] == ["TRUNG TÂM IOC LẠC DƯƠNG"]
    assert [line.text for line in letter.about] == ["V/v đôn đốc xử lý phản\u00a0ánh", "hiện\u00a0trường quá hạn"]
    assert [line and line.text for line in (letter.number, letter.stamp, letter.signer)] == ["Số: 05/IOC-TH", "THƯỢNG KHẨN", "Người Ký Thử"]
    assert [line.text for line in letter.copies] == ["Nơi nhận:", "- Như trên;", "- Lưu: VT, IOC."]
    assert len(letter.body) == 16
    report = parts_of(measured(samples.pdf_of("report, 3-line title")))
    assert report.title[0].text == "BÁO CÁO"
    assert len(report.title) == 5
    assert [line.text for line in report.page_numbers] == ["2"]
    long_names = parts_of(measured(samples.pdf_of("letter, long names")))
    assert [line.text for line in long_names.authority][:2] == ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"]
    assert long_names.signer is not None
    assert long_names.signer.text == "Người Ký Có Tên Rất Dài Để Thử"


BROKEN = (
    (("20mm 18mm 20mm 30mm", "18mm 12mm 20mm 28mm", "left margin", "right margin", "top margin"),
     ("verified:first { margin-bottom: 38mm", "verified:first { margin-bottom: 20mm", "bottom margin"),
     (".nation { font-size: 12pt", ".nation { font-size: 11pt", "national name"),
     ("border-bottom: .75pt", "border-bottom: 0", "below the motto"),
     (".rule { display: block; width: 40%", ".rule { display: block; width: 60%", "below the issuing body"),
     (".number { font-size: 13pt", ".number { font-size: 12pt", "number"),
     (".about { font-size: 12.5pt; font-weight: 400", ".about { font-size: 12.5pt; font-weight: 700", "V/v"),
     (".thuong_khan { width: 40mm", ".thuong_khan { width: 44mm", "box of the stamp"),
     (".copies h2 { font-size: 12pt; font-style: italic", ".copies h2 { font-size: 12pt; font-style: normal", "Nơi nhận"),
     (".sign { width: 52%; margin-left: 3%; text-align: center", ".sign { width: 52%; margin-left: 3%; text-align: left", "common middle")),
    (("size: A4", "size: Letter", "not A4"),
     ("html { font: 14pt/1.3", "html { font: 14pt/2", "points apart"),
     (".motto { font-size: 13pt; font-weight: 700", ".motto { font-size: 13pt; font-weight: 400", "motto"),
     (".place { font-size: 13pt; font-style: italic", ".place { font-size: 13pt", "place"),
     ("margin-bottom: 6pt; orphans", "margin-bottom: 3pt; orphans", "paragraphs"),
     ("color: #d60000; font", "color: #000; font", "stamp"),
     (".foot > .copies { font-size: 11pt", ".foot > .copies { font-size: 10pt", "recipient"),
     (".sign .space { height: 24mm", ".sign .space { height: 9mm", "no room"),
     ("@page :first { @top-center { content: none; } }", "", "page 1 bears")),
    (("text-align: justify", "text-align: left", "not justified"),
     ("font-weight: 400; margin-top: 6pt", "font-weight: 400; margin-top: 0", "below the number")),
    (('html { font: 14pt/1.3 "Liberation Serif"', 'html { font: 12pt/1.3 "Be Vietnam Pro"', "is set in", "no text"),
     (".issuer { font-size: 12pt; font-weight: 700", ".issuer { font-size: 12pt; font-weight: 400", "issuing body")),
    (("text-indent: 1.27cm; margin-bottom: 6pt; orphans", "text-indent: 0; margin-bottom: 6pt; orphans", "indented"),),
)  # fmt: skip


@pytest.mark.parametrize("rules", BROKEN, ids=["first", "second", "third", "faces", "indent"])
def test_the_measuring_sees_each_rule_that_is_broken(rules: tuple[tuple[str, ...], ...]) -> None:
    style = official._stylesheet()
    for rule, instead, *_told in rules:
        assert style.count(rule) == 1, rule
        style = style.replace(rule, instead)
    letter = samples.letter(samples.frame(number=5, symbol="IOC-TH", urgency="thuong_khan", verify_url=samples.VERIFY), 2)
    found = faults(measured(render_pdf(letter, stylesheet=style, faces=SERIF_FACES + FONT_FACES)))
    missed = [told for _rule, _instead, *tellings in rules for told in tellings if not any(told in fault for fault in found)]
    assert not missed, found


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("changed", "told"), [
    ({"on": date(2026, 6, 5)}, ""), ({"number": 5}, ""), ({"number": 1204, "symbol": "BC-IOC"}, ""), ({"number": None}, ""),
    ({"subject": "x" * 300}, ""), ({"to": ("một", "hai", "ba")}, ""), ({"to": ()}, ""), ({"copies": ()}, ""),
    ({"copies": (*(f"đơn vị số {n}" for n in range(99)), "Lưu: VT")}, ""), ({"copies": ("Như trên",)}, "recipients"),
    ({"head": replace(samples.HEAD, signer_name="ThS. Người Ký Thử")}, ""), ({"head": Head("UBND xã Lát", symbol="UBND - VX")}, "number"),
    ({"head": replace(samples.HEAD, authority="KT. Chủ tịch\nTM. Ủy ban nhân dân")}, ""), ({"type_name": "Tờ trình", "subject": ""}, ""),
])  # fmt: skip
def test_what_an_office_may_set_keeps_the_form_or_is_seen(changed: dict[str, Any], told: str) -> None:
    found = faults(measured(letter_pdf(samples.letter(replace(samples.frame(), **changed), 1))))
    assert bool(found) == bool(told), found
    assert all(told in fault for fault in found), found


def test_dates_numbers_and_names_are_written_as_the_decree_has_them() -> None:
    told = [official.day_in_words(day) for day in (date(2026, 1, 5), date(2026, 2, 10), date(2026, 6, 9), date(2026, 12, 31))]
    assert told == ["ngày 05 tháng 01 năm 2026", "ngày 10 tháng 02 năm 2026", "ngày 09 tháng 6 năm 2026", "ngày 31 tháng 12 năm 2026"]
    numbers = [samples.frame(number=number, symbol="BC-IOC").number_line for number in (5, 12, 1204, None)]
    assert numbers == ["Số: 05/BC-IOC", "Số: 12/BC-IOC", "Số: 1204/BC-IOC", "Số:        /BC-IOC"]
    names = ("PGS.TS. Lê Thử", "ThS. Bùi Thử", "Ths Bùi Thử", "Tiến sĩ Đỗ Thử", "Tsering Thử", "Kser Thử", "BS.CKII. Ka Thử", "Bs Thử",
             "Ông Thử")  # fmt: skip
    signers = [samples.frame(replace(samples.HEAD, signer_name=name)).signer for name in names]
    assert signers == ["Lê Thử", "Bùi Thử", "Bùi Thử", "Đỗ Thử", "Tsering Thử", "Kser Thử", "Ka Thử", "Thử", "Thử"]
