"""Case files, reports and yearbooks to print, usual and extreme: the samples of tests/reports/samples.py and of bin/soak reports."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

from casework.documents.letterheads import Head
from reports.agency_sheet import AgencySheet, agency_sheet_html
from reports.case_file import (
    AgencyPart,
    AnswerVersion,
    AskedExtension,
    AskedHandBack,
    CaseFile,
    FiledAnswer,
    FiledEvent,
    FiledLetter,
    FiledReport,
    FiledVersion,
    Limit,
    Picture,
    Proof,
    TimelineEntry,
    case_file_pdf,
)
from reports.case_file_pictures import LARGE, MANY, SMALL, scaled
from reports.official import letter_pdf
from reports.period_report import ComparedPeriod, LateCase, PeriodReport, StepRow, SubjectFigures, period_report_html
from reports.periodic import document_pdf, with_assets
from reports.yearbook import Example, Yearbook, YearPart, yearbook_html
from reports.yearbook import data_of as yearbook_data

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LONG_TITLE = (
    "Đống rác lớn ven suối sau chợ, mùi nặng, nước chảy vào mương tưới của thôn Păng Tiêng, nhiều lần phản ánh nhưng chưa được "
    "dọn hẳn, đề nghị kiểm tra và xử phạt"
)
HOSTILE = '<img src=file:///etc/passwd> url(http://evil.example/) =HYPERLINK("x") \u202eđảo ngược\u202c <b>đậm</b> &amp; {{ 7*7 }}'
WORDS = (
    "Tổ công tác đã kiểm tra hiện trường lúc 9 giờ, ghi nhận khoảng 2 m³ rác sinh hoạt ven suối, có lẫn vỏ thuốc bảo vệ thực vật. "
    "Đã huy động 6 người dọn sạch trong ngày, rải vôi khử mùi và đặt biển cấm đổ rác. UBND xã giao thôn kiểm tra mỗi tuần."
)


@cache
def picture_bytes(number: int, size: tuple[int, int] = (1000, 750)) -> bytes:
    """A JPEG that is noisy enough to weigh what a photo weighs."""
    lot = random.Random(number)
    small = (size[0] // 4, size[1] // 4)
    image = Image.frombytes("L", small, lot.randbytes(small[0] * small[1])).resize(size).convert("RGB")
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = lot.randrange(size[0]), lot.randrange(size[1])
        pen.ellipse((x, y, x + 90, y + 60), fill=(lot.randrange(255), lot.randrange(255), lot.randrange(255)))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=78)
    return target.getvalue()


def case_file(
    *,
    pictures: int = 2,
    agencies: int = 1,
    versions: int = 1,
    steps: int = 14,
    title: str = LONG_TITLE,
    words: str = WORDS,
    is_sensitive: bool = False,
) -> CaseFile:
    """A case file of so many pictures, agencies, versions of each answer and lines of history."""

    def at(minutes: int) -> datetime:
        return NOON + timedelta(minutes=minutes)

    answers = tuple(
        AnswerVersion(
            number + 1,
            "Người Thử Cán Bộ",
            at(200 + number),
            (
                ("Kết quả kiểm tra", words),
                ("Việc đã làm", words),
                ("Việc còn lại, thời gian", "Không còn."),
                ("Liên hệ", "UBND xã Lát, 0263 3839 040"),
                ("Lý do không có ảnh", ""),
            ),
            "Duyệt" if number == versions - 1 else "Yêu cầu xử lý lại",
            "Người Thử Lãnh Đạo",
            at(260 + number),
            None if number == versions - 1 else "Bổ sung ảnh sau khi dọn và nêu rõ ai kiểm tra hằng tuần.",
        )
        for number in range(versions)
    )
    parts = tuple(
        AgencyPart(
            f"Ủy ban nhân dân xã Lát {number}" if number else "Phòng Tài nguyên và Môi trường huyện Lạc Dương",
            "phối hợp" if number else "chủ trì",
            "Đã duyệt",
            at(60),
            at(80),
            "12/03/2026",
            at(300),
            "Kiểm tra, dọn rác, báo kết quả.",
            None,
            (
                AskedHandBack(
                    at(70), "Khu vực do xã quản lý.", "UBND xã Lát", "không đồng ý, đơn vị tiếp tục xử lý", at(75), "Đơn vị chủ trì."
                ),
            ),
            (AskedExtension(at(90), "16/03/2026", "Mưa lớn, đường trơn.", "đồng ý", at(95), None),),
            answers,
        )
        for number in range(agencies)
    )
    return CaseFile(
        code="LD-2026-000123", title=title, centre="Trung tâm điều hành thông minh Lạc Dương",
            parent_body="Ủy ban nhân dân huyện Lạc Dương",
        printed_at=at(9000), printed_by="Người Thử Trưởng Nhóm", state="Đã kết thúc",
        facts=(("Nguồn", "người dân"), ("Nơi xảy ra", "ven suối sau chợ, Thôn Păng Tiêng, Xã Lát"), ("Mở lúc", "10:00 02/03/2026"),
               ("Tình trạng", "Đã kết thúc"), ("Hạn trả lời", "12/03/2026"), ("Đơn vị chủ trì", "Phòng Tài nguyên và Môi trường")),
        reports=(FiledReport("LD-2026-000123", "người dân", NOON, True, words, ("Chào trung tâm, ven suối có đống rác.",),
                             ((at(20), "Rác đã lan ra mương."), (at(30), None))),
                 FiledReport("LD-2026-000130", "điện thoại", at(15), False, None)),
        classification=(("Tiếp nhận lúc", "10:20 02/03/2026"), ("Lĩnh vực", "Rừng, đất, môi trường"), ("Mức độ", "thường"),
                        ("Độ phức tạp", "thông thường"), ("Công khai", "không (Trẻ em)" if is_sensitive else "có")),
        agencies=parts,
        told=(FiledAnswer(1, "Công khai kết quả", at(400), None, None, (
            FiledVersion(2, at(500), "Đã dọn rác ven suối sau chợ", "Có đống rác ven suối.", "Rác đã được dọn trong ngày.",
                         "Sửa tên thôn."),
            FiledVersion(1, at(400), "Đã dọn rác ven suối", "Có đống rác ven suối.", None, None)),
            (("Toàn bộ việc xử lý", "Hài lòng", 2), ("Phòng Tài nguyên và Môi trường", "Chấp nhận được", 1))),),
        turns=(FiledEvent("Tạm dừng đến 05/03/2026", at(100), "Người Thử Trưởng Nhóm", "Chờ nước rút.", at(130), "cho tiếp tục xử lý"),
               FiledEvent("Hỏi người gửi phản ánh LD-2026-000123, chờ đến 09/03/2026", at(40), "Người Thử Điều Hành", None, at(50),
                    "người phản ánh đã trả lời"),
               FiledEvent("Chỉ đạo của lãnh đạo Ủy ban", at(140), "Người Thử Phó Chủ Tịch", words, None, "đang thực hiện")),
        records=(FiledEvent("Kiểm tra lại hiện trường (UBND xã Lát)", at(320), "Người Thử Cán Bộ", "Còn rác: Không\nChi phí: 1,5", None,
                      "chọn “Đạt”"),),
        notes=(TimelineEntry(at(150), "Đã dọn được một nửa.", "Người Thử Cán Bộ", "tiến độ"),),
        limits=tuple(Limit(name, NOON, "10/03/2026", "12/03/2026" if number else "10/03/2026", at(300), verdict, number)
                     for number, (name, verdict) in enumerate((("Tiếp nhận", "đúng hạn"), ("Toàn vụ việc", "đúng hạn sau gia hạn"),
                                                               ("Đơn vị xử lý: Phòng TNMT", "trễ hạn")))),
        pictures=tuple(Picture(f"{number:03}", f"{number:064x}", f"Ảnh {number}: hiện trường, phản ánh LD-2026-000123", at(number),
                               *((750, 1000) if number % 3 == 0 else (1000, 750))) for number in range(1, pictures + 1)),
        timeline=tuple(TimelineEntry(at(number * 7), "Phân loại: bình thường, thông thường\nHạn trả lời: 10/03/2026 → 12/03/2026"
                            if number % 5 == 0 else "UBND xã Lát ghi tiến độ", "Người Thử Điều Hành",
                            "Khu vực rộng." if number % 4 == 0 else None)
                       for number in range(steps)),
        letters=(FiledLetter("Phiếu chuyển", at(60), "05/PC-IOC", "đã cấp số"), FiledLetter("Thư xin lỗi và hẹn lại ngày", at(300), "",
                                                                                         "dự thảo")),
        proof=Proof("case:123", 61, "9f2c" * 16, 14, "ab01" * 16, at(8000), True), is_sensitive=is_sensitive,
    )  # fmt: skip


def case_pictures(file: CaseFile) -> dict[str, bytes]:
    """Bytes for the pictures of a case file, scaled as a reading of one scales them."""
    longest = LARGE if len(file.pictures) <= MANY else SMALL
    return {each.name: scaled(picture_bytes(number, (each.width, each.height)), longest) for number, each in enumerate(file.pictures)}


# -- reports of figures --------------------------------------------------------------------------------------------------

FIELDS = (
    "Rừng, đất, môi trường",
    "Giao thông",
    "Đô thị",
    "An ninh trật tự",
    "Điện, nước",
    "Y tế, an toàn thực phẩm",
    "Giáo dục",
    "Du lịch",
    "Thông tin, viễn thông",
    "Khác",
)


def figures(lot: random.Random, size: int) -> dict[str, object]:
    """Figures that hold together, of about so many cases."""
    received = lot.randint(size // 2, size) if size else 0
    carried, handled, reopened = received // 10, int(received * 0.8), received // 90
    refused = {"khong_ro_noi_dung": received // 60, "ngoai_tham_quyen": received // 80}
    others = {"merged": received // 50, "referred": received // 70, "withdrawn": received // 200, "quarantined": received // 900}
    late, extended = handled // 12, handled // 25
    left = carried + received + reopened - sum(refused.values()) - sum(others.values()) - handled
    ratings = {"satisfied": handled // 4, "acceptable": handled // 10, "dissatisfied": handled // 20}
    return {
        "carried_over": carried, "received": received, "reopened": reopened, "returned": 0, "eligible": int(received * 0.93),
        "refused": refused, **others, "closed": 0, "handled": handled, "handled_in_time": handled - late - extended,
        "handled_in_time_after_extension": extended, "handled_late": late, "answered_privately": handled // 15, "handled_again": 0,
        "open": left, "open_in_time": left - left // 8, "open_late": left // 8, "extensions_granted": extended + 2,
            "handed_back": received // 40,
        "redone": received // 33, "ratings_given": ratings, "rated_of_handled": [sum(ratings.values()), handled],
        "working_minutes_filed_to_final": {"median": 2450.0, "p90": 3600} if handled else {"median": None, "p90": None},
    }  # fmt: skip


def period_report(
    *, cases: int = 8300, areas: int = 124, agencies: int = 140, late: int = 300, is_frozen: bool = True, title: str = LONG_TITLE
) -> PeriodReport:
    """The monthly report of a province, or of a smaller house."""
    lot = random.Random(cases)
    late_cases = tuple(LateCase(f"LD-2026-{number:06}", "" if number % 9 == 0 else title, f"UBND xã Thử Nghiệm {number % 124}",
        "09/03/2026",
                                late - number - 1, number % 7 == 0) for number in range(late))  # fmt: skip
    return PeriodReport(
        kind="month", name="2026-03", label="Tháng 3/2026", since=datetime(2026, 2, 25, 5, tzinfo=UTC),
        until=datetime(2026, 3, 25, 5, tzinfo=UTC), counted_at=datetime(2026, 3, 25, 6, tzinfo=UTC),
        centre="Trung tâm điều hành thông minh tỉnh Lâm Đồng", whole=figures(lot, cases),
        parts={
            "field": tuple(SubjectFigures(name, figures(lot, cases // 10)) for name in FIELDS),
            "area": tuple(SubjectFigures(f"Xã Thử Nghiệm Tên Dài {number}", figures(lot, cases // max(areas, 1)))
                          for number in range(areas)),
            "urgency": (SubjectFigures("Khẩn", figures(lot, cases // 20)), SubjectFigures("Thường", figures(lot, cases))),
            "source": tuple(SubjectFigures(name, figures(lot, cases // 3)) for name in ("Người dân", "Điện thoại", "Camera")),
            "agency": tuple(SubjectFigures(f"UBND xã Thử Nghiệm Tên Dài {number}", figures(lot, cases // max(agencies,
                1))) for number in range(agencies)),
        },
        reasons={"khong_ro_noi_dung": "Không rõ nội dung", "ngoai_tham_quyen": "Ngoài thẩm quyền"},
        before=ComparedPeriod("Tháng 2/2026", figures(lot, cases)), year_ago=ComparedPeriod("Tháng 3/2025", None),
        late=late_cases, late_total=late and late + 7,
        steps=tuple(StepRow(name, 40 * number, 60.0 * number or None, 90.0 * number or None) for number, name in enumerate(
            ("Xác minh", "Phân loại", "Phân phối", "Đơn vị tiếp nhận", "Xử lý", "Lãnh đạo duyệt", "Công khai"))),
        frozen_at=datetime(2026, 3, 25, 6, tzinfo=UTC) if is_frozen else None, number=2 if is_frozen else 0,
    )  # fmt: skip


HEAD = Head(issuing_body="Trung tâm điều hành thông minh tỉnh Lâm Đồng", parent_body="Ủy ban nhân dân tỉnh Lâm Đồng", symbol="IOC",
            place="Đà Lạt", authority="", signer_title="Giám đốc", signer_name="Người Ký Thử")  # fmt: skip
ON = date(2026, 3, 26)


def agency_sheet(*, cases: int = 40, parts: int = 12) -> AgencySheet:
    """The sheet of one agency, with so many open parts."""
    counts = {"carried_over": parts, "asked": cases, "accepted": cases, "accepted_late": cases // 9,
              "answered": cases * 3 // 4, "in_time": cases // 2,
              "in_time_after_extension": cases // 10, "late": cases * 3 // 4 - cases // 2 - cases // 10, "redone": cases // 8,
              "handed_back": cases // 15, "extensions": cases // 9, "taken_away": cases - cases * 3 // 4,
              "open": parts, "open_late": parts // 3}  # fmt: skip
    return AgencySheet(
        name="2026-Q1", label="Quý I/2026", since=datetime(2025, 12, 31, 17, tzinfo=UTC), until=datetime(2026, 3, 31, 17, tzinfo=UTC),
        counted_at=datetime(2026, 4, 1, 1, tzinfo=UTC), centre="Trung tâm điều hành thông minh Lạc Dương",
        agency="Phòng Tài nguyên và Môi trường huyện Lạc Dương", figures=counts, before_label="Quý IV/2025",
        before={key: value + 3 for key, value in counts.items()} if cases else {},
        ratings={"satisfied": cases // 4, "acceptable": cases // 8, "dissatisfied": cases // 20},
        open_parts=tuple(LateCase(f"LD-2026-{number:06}", LONG_TITLE if number % 4 else "", "", "09/03/2026", 4 - number, number == 0)
                         for number in range(parts)), open_total=parts + (30 if parts > 20 else 0),
    )  # fmt: skip


def yearbook(*, cases: int = 900, areas: int = 6, examples: int = 3) -> Yearbook:
    """The yearbook of a centre of so many reports."""
    lot = random.Random(cases)

    def public(size: int) -> dict[str, object]:
        answered = size * 4 // 5
        return {"received": size, "eligible": size * 9 // 10, "answered": answered, "in_time": answered * 4 // 5,
                "in_time_after_extension": answered // 10, "late": answered - answered * 4 // 5 - answered // 10, "extended": size // 9,
                "reopened": size // 50, "referred": size // 60, "open_in_time": size // 10, "open_late": size // 40,
                "satisfied": answered // 4, "acceptable": answered // 9, "dissatisfied": answered // 20}  # fmt: skip

    return Yearbook(
        year=2026, centre="Trung tâm điều hành thông minh Lạc Dương", counted_at=datetime(2027, 1, 2, 1, tzinfo=UTC), whole=public(cases),
        median_minutes=65.0 if cases else None,
        months=tuple(YearPart(f"Tháng {number}/2026", public(cases // 12)) for number in range(1, 13)),
        fields=tuple(YearPart(name, public(lot.randint(0, cases // 9))) for name in FIELDS),
        areas=tuple(YearPart(f"Xã Thử Nghiệm {number}", public(3 if number == 2 else cases // 9)) for number in range(areas)),
        agencies=tuple(YearPart(f"UBND xã Thử Nghiệm {number}", public(cases // 9)) for number in range(areas)),
        refused=(("Không rõ nội dung", 12), ("Ngoài thẩm quyền", 9)) if cases else (),
        examples=tuple(Example(f"LD-2026-{number:06}", LONG_TITLE, "Rừng, đất, môi trường", "Thôn Păng Tiêng, Xã Lát", "09/03/2026",
                               "UBND xã Lát", "Có đống rác ven suối.", WORDS, (f"before{number}",), (f"after{number}",) if number else ())
                       for number in range(examples)),
    )  # fmt: skip


def yearbook_pictures(book: Yearbook) -> dict[str, tuple[str, bytes]]:
    """Bytes for the pictures of a yearbook, as assets."""
    return {f"photos/{ref}/public/view": ("image/jpeg", picture_bytes(number, (800, 600))) for number, ref in enumerate(book.pictures)}


# -- printed -------------------------------------------------------------------------------------------------------------


def printed_case_file(*, alike: bool = True, **wanted: Any) -> bytes:
    """A case file as PDF; `alike`: all pictures have the same few bytes, which is quick."""
    file = case_file(**wanted)
    same = picture_bytes(1, (320, 240)) if alike else b""
    pictures = dict.fromkeys((each.name for each in file.pictures), same) if alike else case_pictures(file)
    return case_file_pdf(file, pictures, verify_page="https://phananh.example.vn/verify")


def printed_report(text: str = WORDS, **wanted: Any) -> bytes:
    report = period_report(**wanted)
    html = period_report_html(
        report,
        HEAD,
        ON,
        to=("Ủy ban nhân dân tỉnh Lâm Đồng",),
        copies=("Lãnh đạo Trung tâm",),
        symbol="BC-IOC",
        assessment=text,
        proposals=text,
    )
    return document_pdf(report, html, store=None, assessment=text, proposals=text)


def printed_sheet(text: str = "", **wanted: Any) -> bytes:
    sheet = agency_sheet(**wanted)
    return document_pdf(sheet, agency_sheet_html(sheet, HEAD, ON, symbol="TB-IOC", assessment=text), store=None)


def printed_yearbook(text: str = "", **wanted: Any) -> bytes:
    book = yearbook(**wanted)
    html = with_assets(yearbook_html(book, HEAD, ON, symbol="BC-IOC", assessment=text))
    return letter_pdf(html, assets=yearbook_pictures(book), attachments=[yearbook_data(book)], made_at=book.counted_at)


SAMPLES: dict[str, Callable[[], str | bytes]] = {
    "case file": printed_case_file,
    "case file, no picture": lambda: printed_case_file(pictures=0, steps=3, title=""),
    "case file, sixty pictures": lambda: printed_case_file(pictures=60, steps=3, is_sensitive=True),
    "period report": lambda: printed_report(cases=300, areas=30, agencies=8, late=12),
    "period report, nothing": lambda: printed_report("", cases=0, areas=0, agencies=0, late=0, is_frozen=False),
    "agency sheet": lambda: printed_sheet(WORDS),
    "agency sheet, nothing": lambda: printed_sheet(cases=0, parts=0),
    "yearbook": lambda: printed_yearbook(WORDS, examples=2),
    "yearbook, nothing": lambda: printed_yearbook(cases=0, areas=0, examples=0),
}
OFFICIAL = {"period report", "period report, nothing", "agency sheet", "agency sheet, nothing", "yearbook", "yearbook, nothing"}


def _hostile_report(text: str) -> bytes:
    report = replace(period_report(cases=40, areas=0, agencies=0, late=1, title=text), centre=text, label=text)
    report = replace(report, parts={"area": (SubjectFigures(text, report.whole),)}, before=ComparedPeriod(text, None),
                     steps=(StepRow(text, 9, 60.0, 90.0),))  # fmt: skip
    head = Head(*[text] * 7)
    return document_pdf(
        report, period_report_html(report, head, ON, to=(text,), copies=(text,), assessment=text, proposals=text), store=None
    )


def _hostile_yearbook(text: str) -> bytes:
    book = yearbook(cases=40, areas=0, examples=1)
    example = replace(book.examples[0], title=text, place=text, question=text, result=text, agency=text, field=text, before=(), after=())
    return document_pdf(book, yearbook_html(replace(book, examples=(example,), centre=text), HEAD, ON), store=None)


TYPED: dict[str, Callable[[str], str | bytes]] = {
    "case file": lambda text: printed_case_file(words=text, title=text, steps=2, pictures=1),
    "period report": _hostile_report,
    "yearbook": _hostile_yearbook,
}
