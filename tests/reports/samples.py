"""Every document Langbiang prints, usual and extreme, in one place: the quality suite runs over all of them.

How to add yours. Write a module `tests/reports/<name>_samples.py` beside this one (it is found by its name) with any of

    SAMPLES: dict[str, Callable[[], str | bytes]]
        Name of the sample ("transfer slip, 30 recipients"; it names the kept pictures, too) to what makes it, without arguments, clock
        or database. *HTML* (str) is an official document in the frame of reports/official.html: it is printed by
        `letter_pdf` and measured against NĐ 30/2020. *bytes* is a finished PDF of another kind; if it is in the frame of the decree all
        the same, put its name into OFFICIAL.
    OFFICIAL: set[str]
    TYPED: dict[str, Callable[[str], str | bytes]]
        The same documents with the text handed in standing in *every* field that people type: tests/reports/test_hostile.py hands in
        what people should not.

Then look: `bin/test tests/reports/test_quality.py`, and make the kept pictures, which a person looks at before they are committed:
`LANGBIANG_RENEW_PICTURES=<part of the names> bin/test tests/reports/test_quality.py`. Keep a sample to the pages it is about: each page
costs the suite a tenth of a second. What needs hundreds of pages belongs to a soak run.
"""
from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from casework.bilingual import Bilingual
from casework.documents.letterheads import Head
from reports.apology import apology_html
from reports.drawings import Heading, clean_picture, picture_pdf, table_pdf
from reports.late_list import late_list_html
from reports.official import MOTTO, Frame, _environment, letter_pdf
from reports.receipt import Receipt, receipt_pdf
from tests.whole import sample

Maker = Callable[[], str | bytes]

FILED = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
HEAD = Head(issuing_body="Trung tâm IOC Lạc Dương", parent_body="Ủy ban nhân dân huyện Lạc Dương", symbol="IOC", place="Lạc Dương",
            authority="TL. Chủ tịch", signer_title="Giám đốc", signer_name="Người Ký Thử")  # fmt: skip
LONG_HEAD = Head(
    issuing_body="Trung tâm Giám sát, điều hành đô thị thông minh và Chuyển đổi số thành phố trực thuộc tỉnh",
    parent_body="Ủy ban nhân dân phường Lang Biang - Đà Lạt, tỉnh Lâm Đồng", symbol="TTGSĐHĐTTM-CĐS", place="Lang Biang - Đà Lạt",
    authority="KT. Chủ tịch; TM. Ủy ban nhân dân",
    signer_title="Phó Chủ tịch kiêm Giám đốc Trung tâm Giám sát, điều hành đô thị thông minh",
    signer_name="PGS.TS. Người Ký Có Tên Rất Dài Để Thử",
)  # fmt: skip
RECEIPT = Receipt(
    centre=Bilingual("Trung tâm điều hành Lạc Dương", "Lạc Dương operations centre"), hotline="0263 300 0000", code="LD-2026-000123",
    secret="ABCDEFGH2345", filed_at=FILED, accepted_by=datetime(2026, 3, 2, 8, 30, tzinfo=UTC), place="Thôn Păng Tiêng, Xã Lát",
    photos=2, tracking_page="https://paht.example.vn/track",
)  # fmt: skip
VERIFY = "https://paht.example.vn/verify/8fJq2xLw9Kt4"
PARAGRAPH = ("Qua theo dõi việc tiếp nhận, xử lý phản ánh hiện trường trên địa bàn, Trung tâm đề nghị cơ quan, đơn vị khẩn trương xử "
             "lý, cập nhật kết quả vào hệ thống và trả lời bằng văn bản nguyên nhân quá hạn, thời gian hoàn thành từng hồ sơ.")
EVERY_LETTER = ("Đủ dấu: ắ ằ ẳ ẵ ặ ấ ầ ẩ ẫ ậ ế ề ể ễ ệ ố ồ ổ ỗ ộ ớ ờ ở ỡ ợ ứ ừ ử ữ ự ỳ ý ỷ ỹ ỵ đ ă â ê ô ơ ư "
                "Ắ Ằ Ẳ Ẵ Ặ Ấ Ầ Ẩ Ẫ Ậ Ế Ề Ể Ễ Ệ Ố Ồ Ổ Ỗ Ộ Ớ Ờ Ở Ỡ Ợ "
                "Ứ Ừ Ử Ữ Ự Ỳ Ý Ỷ Ỹ Ỵ Đ Ă Â Ê Ô Ơ Ư.")


def letter(frame: Frame, paragraphs: int = 3, closing: str = "Trân trọng./.") -> str:
    """An official document with nothing special in it but its frame."""
    page = _environment().from_string(
        '{% extends "official.html" %}{% block text %}{% for each in paragraphs %}<p>{{ each }}</p>{% endfor %}{% endblock %}'
    )
    return page.render(frame=frame, motto=MOTTO, paragraphs=[*[PARAGRAPH] * paragraphs, EVERY_LETTER, closing])


def frame(head: Head = HEAD, on: date = date(2026, 1, 5), subject: str = "đôn đốc xử lý phản ánh hiện trường quá hạn",
          to: tuple[str, ...] = ("Phòng Tài nguyên và Môi trường",), copies: tuple[str, ...] = ("Như trên", "Lưu: VT, IOC"),
          **more: Any) -> Frame:  # fmt: skip
    """A frame that is right, for tests that change one thing."""
    return Frame(head, on, subject, to, copies, **more)


def _late_list(rows: int) -> str:
    told = [
        {"code": f"LD-2026-{number:06}", "title": "Rác ven suối" if number else "", "source": ("citizen", "camera")[number % 2],
         "urgent": number < 2, "due_at": "2026-03-09T17:00:00+00:00" if number else "2026-03-09T09:30:00+00:00", "days": number}
        for number in range(rows)
    ]  # fmt: skip
    content = {"head": HEAD.told(), "to": "Phòng Tài nguyên và Môi trường", "on": "2026-03-12", "rows": told,
               "words": "Dòng một.\n\nDòng hai.", "phone": "+842633000000"}  # fmt: skip
    return late_list_html(content, date(2026, 3, 20))


def _apology(head: Head, **told: Any) -> str:
    content = {"head": head.told(), "unit": "Ủy ban nhân dân xã Lát", "phone": "0263 3839 040", "centre": "Trung tâm IOC Lạc Dương",
               "title": "rác ven suối", "due_at": "2026-03-09T17:00:00+00:00", "on": "2026-03-12",
               "reason": "mưa lớn kéo dài, xe không vào được"} | told  # fmt: skip
    return apology_html(content, date(2026, 3, 16), code="LD-2026-000123", filed_at=FILED)


DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 160"><rect x="20" y="50" width="120" height="60" rx="8" fill="#fff"
stroke="#14211b"/><text x="80" y="84" text-anchor="middle" font-size="13">TEXT</text><path d="M140 80 L260 80" stroke="#14211b"/>
<rect x="260" y="50" width="120" height="60" rx="8" fill="#fff" stroke="#14211b"/>
<text x="320" y="84" text-anchor="middle" font-size="13">TEXT</text></svg>"""
HEADING = Heading("vi", "Xử lý phản ánh hiện trường", 7, "đang dùng", "Lạc Dương", "10:00 02/03/2026")


def _drawing(text: str = "Tiếp nhận", heading: Heading = HEADING) -> bytes:
    svg = DRAWING.replace(b"TEXT", _escaped(text).encode("utf-8", "surrogatepass"))
    return picture_pdf(clean_picture(svg), heading, [(text, [Bilingual(text, "Verify")])])


def _rules(text: str = "Rác thải", heading: Heading = HEADING) -> bytes:
    columns, why = (Bilingual("Lĩnh vực", "Field"), Bilingual("Đơn vị", "Agency")), Bilingual(text, "Because it is theirs")
    return table_pdf(columns, [((text, "Phòng Tài nguyên và Môi trường"), why)], heading)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


SAMPLES: dict[str, Maker] = {
    "receipt": lambda: receipt_pdf(RECEIPT),
    "receipt, English": lambda: receipt_pdf(replace(RECEIPT, language="en", secret=None, hotline=None, place="")),
    "apology": lambda: _apology(HEAD),
    "apology, bare": lambda: _apology(Head(issuing_body="UBND xã Lát"), phone="", title="", due_at=None),
    "late list": lambda: _late_list(30),
    "drawing": _drawing,
    "rules": _rules,
    "letter, numbered": lambda: letter(frame(number=5, symbol="IOC-TH", urgency="thuong_khan", verify_url=VERIFY, signature_field=True)),
    "letter, long names": lambda: letter(frame(
        LONG_HEAD, date(2026, 2, 10), number=1204, urgency="hoa_toc",
        subject="phối hợp kiểm tra, xử lý dứt điểm tình trạng đổ rác thải, vật liệu xây dựng trái phép dọc suối và đường liên xã",
        to=("Phòng Kinh tế, Hạ tầng và Đô thị thuộc Ủy ban nhân dân phường Lang Biang - Đà Lạt, tỉnh Lâm Đồng",),
    )),
    "letter, 30 recipients": lambda: letter(frame(
        to=tuple(f"Ủy ban nhân dân xã số {number}" for number in range(1, 31)), urgency="khan",
        copies=("Như trên", *(f"Ủy ban nhân dân xã, phường số {number}" for number in range(1, 31)), "Lưu: VT, IOC"),
    )),
    "report, 3-line title": lambda: letter(frame(
        on=date(2026, 6, 30), type_name="Báo cáo", symbol="BC-IOC", number=9, to=(), verify_url=VERIFY, signature_field=True,
        subject="kết quả tiếp nhận, xử lý phản ánh hiện trường của tổ chức, cá nhân trên địa bàn tháng 5 năm 2026 và phương hướng, nhiệm "
                "vụ trọng tâm tháng 6 năm 2026 của các cơ quan, đơn vị, địa phương",
    ), paragraphs=12),
    "slip": lambda: letter(frame(type_name="Phiếu chuyển", symbol="PC-IOC", subject="phản ánh mã số LD-2026-000123", urgency="khan")),
    "letter, bare": lambda: letter(Frame(Head(issuing_body="UBND xã Lát"), date(2026, 12, 31), "họp", (), ())),
}  # fmt: skip
OFFICIAL: set[str] = set()
LINKS: set[str] = set()
"""Addresses our own templates lead to."""


def _hostile_frame(text: str) -> str:
    head = Head(*[text] * 7)
    return letter(Frame(head, date(2026, 1, 5), text, (text, text), (text, "Lưu: VT"), type_name=text, symbol=text, verify_url=VERIFY))


def _hostile_heading(text: str) -> Heading:
    return Heading("vi", text, 7, text, text, text)


TYPED: dict[str, Callable[[str], str | bytes]] = {
    "receipt": lambda text: receipt_pdf(replace(RECEIPT, centre=Bilingual(text, text), hotline=text, place=text)),
    "apology": lambda text: _apology(Head(*[text] * 7), unit=text, centre=text, title=text, reason=text),
    "late list": lambda text: late_list_html(
        {"head": Head(*[text] * 7).told(), "to": text, "on": "2026-03-12", "words": text, "phone": text, "rows": [
            {"code": "LD-2026-000123", "title": text, "source": "citizen", "urgent": True, "days": 3, "due_at": "2026-03-09T17:00:00Z"},
        ]}, date(2026, 3, 20)),
    "letter": _hostile_frame,
    "drawing": lambda text: _drawing(text, _hostile_heading(text)),
    "rules": lambda text: _rules(text, _hostile_heading(text)),
}  # fmt: skip


def _found() -> list[Any]:
    """The modules others put beside this one."""
    package = __name__.rpartition(".")[0]
    names = sorted(each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)]) if each.name.endswith("_samples"))
    return [importlib.import_module(f"{package}.{name}") for name in names]


for _module in _found():
    SAMPLES |= getattr(_module, "SAMPLES", {})
    OFFICIAL |= getattr(_module, "OFFICIAL", set())
    TYPED |= getattr(_module, "TYPED", {})

AT_TURN = [*(name for name in SAMPLES if "," not in name), *sample([name for name in SAMPLES if "," in name], 3)]
"""What a run of all tests prints: one of each document, and of its variants every third; a whole run prints all."""


def is_official(name: str) -> bool:
    """Whether a sample is in the frame of NĐ 30/2020."""
    return isinstance(made(name), str) or name in OFFICIAL


@cache
def pdf_of(name: str) -> bytes:
    """The PDF of a sample, made once."""
    return as_pdf(made(name))


def as_pdf(page: str | bytes) -> bytes:
    """What a maker returns, printed if it is not yet."""
    return letter_pdf(page) if isinstance(page, str) else page


@cache
def made(name: str) -> str | bytes:
    """What the maker of a sample returns, made once."""
    return SAMPLES[name]()
