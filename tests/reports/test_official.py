"""Official letters: the form of NĐ 30/2020, the number left to the clerk, the same bytes from what was kept."""
from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pypdf
import pytest

from casework.documents.letterheads import Head
from reports.apology import apology_html
from reports.late_list import late_list_html
from reports.official import day_in_words, letter_pdf

HEAD = Head(issuing_body="Trung tâm IOC Lạc Dương", parent_body="Ủy ban nhân dân huyện Lạc Dương", symbol="IOC", place="Lạc Dương",
            authority="TL. Chủ tịch", signer_title="Giám đốc", signer_name="Người Ký Thử").told()  # fmt: skip
ROWS = [
    {"code": f"LD-2026-{number:06}", "title": "<b>Rác</b> ven suối" if number else "", "source": ("citizen", "camera")[number % 2],
     "urgent": number < 2, "due_at": "2026-03-09T17:00:00+00:00" if number else "2026-03-09T09:30:00+00:00", "days": number}
    for number in range(40)
]  # fmt: skip
LIST = {"head": HEAD, "to": "Phòng Tài nguyên và Môi trường", "on": "2026-03-05", "rows": ROWS, "words": "Dòng một.\n\nDòng hai.",
        "phone": "+842633000000"}  # fmt: skip


def pages_of(data: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(data)).pages]


@pytest.mark.parametrize(("day", "words"), [
    (date(2026, 1, 5), "ngày 05 tháng 01 năm 2026"), (date(2026, 2, 10), "ngày 10 tháng 02 năm 2026"),
    (date(2026, 6, 9), "ngày 09 tháng 6 năm 2026"), (date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
])
def test_days_are_written_as_the_decree_says(day: date, words: str) -> None:
    assert day_in_words(day) == words


@pytest.mark.exhaustive
def test_a_long_list_repeats_its_head_and_numbers_its_pages_from_the_second_on() -> None:
    data = letter_pdf(late_list_html(LIST, date(2026, 3, 13)))
    assert data == letter_pdf(late_list_html(LIST, date(2026, 3, 13)))
    reader = pypdf.PdfReader(io.BytesIO(data))
    assert (round(float(reader.pages[0].mediabox.width)), round(float(reader.pages[0].mediabox.height))) == (595, 842)
    fonts = {font["/BaseFont"].rpartition("+")[2] for page in reader.pages for font in page["/Resources"]["/Font"].values()}
    assert fonts
    assert all(font.startswith("Liberation-Serif") or "LiberationSerif" in font for font in fonts), fonts
    first, second, *_, last = pages_of(data)
    assert "Dòng hai." in " ".join(pages_of(data))
    assert "trước khi hết ngày 13/03/2026" in " ".join(pages_of(data))
    assert "số điện thoại 0263 3000 000" in " ".join(pages_of(data))
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Số: /IOC", "Lạc Dương, ngày 05 tháng 3 năm 2026",
                  "V/v đôn đốc xử lý phản ánh hiện trường quá hạn", "Kính gửi: Phòng Tài nguyên và Môi trường.", "KHẨN. Không nêu nội dung",
                  "<b>Rác</b>", "16:30 09/03/2026", "dưới 1", "người dân: 20; camera: 20"):
        assert words in first, words
    assert not first.endswith(" 1")
    assert "Số ngày quá hạn" in second
    assert second.endswith(" 2"), "the number in the margin is told last"
    for words in ("Rất mong sự phối hợp", "./.", "Nơi nhận:", "Lưu: VT, IOC.", "TL. CHỦ TỊCH", "GIÁM ĐỐC", "Người Ký Thử"):
        assert words in last, words


def test_an_apology_leaves_room_where_no_letterhead_is_set() -> None:
    content = {"head": Head(issuing_body="UBND xã Lát").told(), "unit": "UBND xã Lát", "phone": "", "centre": "Trung tâm IOC", "title": "",
               "due_at": None, "on": "2026-03-12", "reason": "Mưa lớn.."}  # fmt: skip
    filed_at = datetime(2026, 3, 2, 3, tzinfo=UTC)
    [page] = pages_of(letter_pdf(apology_html(content, date(2026, 3, 16), code="LD-2026-000123", filed_at=filed_at)))
    for words in ("Số: /………", "………, ngày 12 tháng 3 năm 2026", "Kính gửi: Ông/Bà có phản ánh mã số LD-2026-000123.", "Lý do: Mưa lớn.",
                  "UBND xã Lát xin lỗi Ông/Bà vì sự chậm trễ này và hẹn trả lời chậm nhất ngày 16/03/2026."):
        assert words in page, words
