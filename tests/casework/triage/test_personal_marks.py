"""What the detector marks in words people write, and what it leaves alone."""
from __future__ import annotations

import time

import pytest

from casework.triage.personal_marks import MARK_LABELS, NEUTRAL_WORDS, MarkKind, marked_pieces, neutral, personal_marks

PHONE, EMAIL, NAME, PERSON, HOUSE, ID, BANK, PLATE = (
    MarkKind.PHONE, MarkKind.EMAIL, MarkKind.NAME, MarkKind.PERSON, MarkKind.HOUSE, MarkKind.ID_NUMBER, MarkKind.BANK, MarkKind.PLATE,
)

MARKED: list[tuple[str, list[tuple[str, MarkKind]]]] = [
    ("gọi 0912 345 678 nhé", [("0912 345 678", PHONE)]),
    ("gọi +84 912.345.678", [("+84 912.345.678", PHONE)]),
    ("máy bàn 0263 3839 040", [("0263 3839 040", PHONE)]),
    ("máy bàn (0263) 3839.040.", [("(0263) 3839.040", PHONE)]),
    ("SĐT:0912345678.", [("0912345678", PHONE)]),
    ("thư an.nguyen@example.vn.", [("an.nguyen@example.vn", EMAIL)]),
    ("Tôi tên là K' Brông, ở đây", [("K' Brông", NAME)]),
    ("Tôi là K'Brếp ở thôn Klong Klanh", [("K'Brếp", NAME)]),
    ("tên tôi là Ka Duyên.", [("Ka Duyên", NAME)]),
    ("cháu là Kơ Dơng Ha Lem", [("Kơ Dơng Ha Lem", NAME)]),
    ("Toi ten la Nguyen Van An, nho xem giup", [("Nguyen Van An", NAME)]),
    ("TÔI LÀ TRẦN THỊ BÍCH ở tổ 3", [("TRẦN THỊ BÍCH", NAME)]),
    ("Họ và tên: Lê Minh, tôi phản ánh", [("Lê Minh", NAME)]),
    ("Tôi là Thanh, nhà gần chợ", [("Thanh", NAME)]),
    ("số nhà 12A/3 đường lớn", [("12A/3", HOUSE)]),
    ("Cống trước nhà 12/4 Thống Nhất bị nghẹt", [("12/4", HOUSE)]),
    ("trong hẻm 35/2 tối om", [("35/2", HOUSE)]),
    ("nhà tôi ở số 7 đường Lang Biang", [("7", HOUSE)]),
    ("địa chỉ: số 128 đường Bidoup", [("128", HOUSE)]),
    ("CCCD 068123456789", [("068123456789", ID)]),
    ("CMND số 250123456 cấp tại Lâm Đồng", [("250123456", ID)]),
    ("căn cước 068 123 456 789", [("068 123 456 789", ID)]),
    ("chuyển vào STK 0123 456 789 012 Vietcombank", [("0123 456 789 012", BANK)]),
    ("số tài khoản: 5400205123456", [("5400205123456", BANK)]),
    ("xe 49A-123.45 chạy ẩu", [("49A-123.45", PLATE)]),
    ("xe máy 49-X1 12345 nẹt pô", [("49-X1 12345", PLATE)]),
    ("biển số 49H1-2345", [("49H1-2345", PLATE)]),
    ("nhà ông Sáu đổ đất", [("Sáu", PERSON)]),
    ("chị Nguyễn Thị Lan bán hàng ra đường", [("Nguyễn Thị Lan", PERSON)]),
    ("hộ Trần Văn Bình múc ao", [("Trần Văn Bình", PERSON)]),
    ("K’Brếp và Ka Duyên thấy đầu tiên", [("K’Brếp", PERSON), ("Ka Duyên", PERSON)]),
    ("Tôi là Nguyễn Văn An, số nhà 5, gọi 0912345678.", [("Nguyễn Văn An", NAME), ("5", HOUSE), ("0912345678", PHONE)]),
]

LEFT_ALONE = [
    "2.000.000.000 đồng", "km 65+800", "tôi là dân ở đây", "lúc 13:47 ngày 07/11/2022", "LD-2026-000123", "Tôi là Trưởng thôn ở đây.",
    "Nhờ anh chị xem giúp. Xin cảm ơn", "Kính gửi Ông/Bà Chủ tịch xã", "các anh Công an xã", "bà con thôn Đưng K'Nớ",
    "ngày 12/4 Thống Nhất bị cúp điện",
    "Vườn quốc gia Bidoup - Núi Bà Rừng thông", "Quốc lộ 27C 1200 m", "trả 3/4 số tiền", "đường Nguyễn Văn Trỗi bị hư", "gọi 1022 hoặc 113",
    "thôn K'Nớ 2 chưa có sóng", "từ 16 giờ đến 17 giờ ngày 2/3", "ông chủ tịch, bà bí thư", "K'Long K'Lanh mất điện",
    "20 bao phân 50 kg, 2 - 3 kg mỗi bao",
    "Cảm ơn các anh.\nNgười dân thôn 2", "dài 15 m, rộng 0,3 ha",
]


@pytest.mark.parametrize(("text", "expected"), MARKED)
def test_personal_data_is_found(text: str, expected: list[tuple[str, MarkKind]]) -> None:
    assert [(text[mark.start : mark.end], mark.kind) for mark in personal_marks(text)] == expected


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_names_nobody_is_left_alone(text: str) -> None:
    assert [text[mark.start : mark.end] for mark in personal_marks(text)] == []


def test_marked_pieces_put_together_are_the_text() -> None:
    for text, _ in MARKED:
        assert "".join(piece.text for piece in marked_pieces(text)) == text


def test_neutral_words_stand_for_what_tells_the_sender_and_leave_what_may_be_the_matter() -> None:
    assert set(NEUTRAL_WORDS) == set(MARK_LABELS) == set(MarkKind)
    words = neutral("Tôi là Lê Minh, 0912 345 678, số nhà 12A/3. Xe 49A-123.45 của ông Sáu chạy ẩu.")
    assert words == "Tôi là [tên người gửi], [số điện thoại], số nhà [số nhà]. Xe 49A-123.45 của ông Sáu chạy ẩu."
    assert neutral(words) == words


@pytest.mark.parametrize("piece", ["0", "1/", "A ", "K' ", "0912 ", "ông A ", "a.", "Văn Thị "])
def test_a_long_text_of_one_kind_is_read_in_no_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    before = time.thread_time()
    personal_marks(text)
    assert time.thread_time() - before < 1
