"""The sheet of one agency (Thông báo, TB): what it was asked in a period, how it answered, what is still open. No rank, no other agency.

Below five there is no rate (domain.md, 2.5): with twelve parts a month, a single one would change it by almost a tenth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from casework.documents.letterheads import Head
from reports.assets import Attachment
from reports.official import Frame, letter_html
from reports.period_report import LEVELS, LateCase
from reports.sheets import Column, Grid, change, moment_in_words, number, paragraphs, share

SUBJECT = "Kết quả xử lý phản ánh hiện trường"
DATA_NAME = "phieu-don-vi.json"

FIGURES = {
    "carried_over": "Kỳ trước chuyển sang", "asked": "Nhận phân phối", "accepted": "Đã tiếp nhận", "accepted_late": "Tiếp nhận trễ",
    "answered": "Đã trả lời (được duyệt)", "in_time": "Đúng hạn", "in_time_after_extension": "Đúng hạn sau gia hạn", "late": "Trễ hạn",
    "taken_away": "Thôi giao", "open": "Còn phải xử lý", "open_late": "Còn phải xử lý, trễ hạn", "redone": "Yêu cầu làm lại",
    "handed_back": "Đề nghị chuyển trả", "extensions": "Được gia hạn",
}  # fmt: skip
"""The figures of an agency (casework/assignments/periods.py), in the order of the table."""

COUNTED = (
    "Đơn vị tính: lượt phân phối; một vụ việc có thể được giao cho đơn vị nhiều lượt. Kỳ trước chuyển sang cộng nhận phân phối bằng đã trả"
    " lời cộng thôi giao cộng còn phải xử lý. Thôi giao: chuyển trả được chấp nhận, rút khỏi vụ việc, vụ việc gộp hoặc kết thúc."
)
"""The note beneath the table."""


@dataclass(frozen=True, slots=True)
class AgencySheet:
    """The content of the sheet. `open_total` counts all open parts, `open_parts` are those due first, late or not."""

    name: str
    label: str
    since: datetime
    until: datetime
    counted_at: datetime
    centre: str
    agency: str
    figures: dict[str, int]
    before_label: str
    before: dict[str, int]
    ratings: dict[str, int]
    open_parts: tuple[LateCase, ...] = ()
    open_total: int = 0

    def told(self) -> dict[str, Any]:
        """As stored with a letter."""
        told: dict[str, Any] = orjson.loads(orjson.dumps(self, option=orjson.OPT_UTC_Z))
        return told

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "AgencySheet":
        """From what a letter stored."""
        given = dict(told)
        for name in ("since", "until", "counted_at"):
            given[name] = datetime.fromisoformat(given[name])
        given["open_parts"] = tuple(LateCase(**each) for each in given["open_parts"])
        return cls(**given)


def agency_sheet_html(
    sheet: AgencySheet, head: Head, on: date, *, copies: Sequence[str] = (), assessment: str = "", proposals: str = "", **frame: Any
) -> str:
    kept = f"Lưu: VT{f', {head.symbol}' if head.symbol else ''}"
    subject = f"{SUBJECT} {sheet.label[:1].lower()}{sheet.label[1:]}"
    around = Frame(head, on, subject, (sheet.agency,), ("Như trên", *copies, kept), **{"type_name": "Thông báo", **frame})
    return letter_html(
        "agency_sheet.html", around, sheet=sheet, span=_span(sheet), sentences=sentences(sheet), table=figures_table(sheet),
        parts=open_table(sheet), open_words=open_words(sheet), assessment=paragraphs(assessment), proposals=paragraphs(proposals),
    )  # fmt: skip


def data_of(sheet: AgencySheet) -> Attachment:
    """The figures as a data file inside the PDF."""
    told = {"document": "agency_sheet", "version": 2, **sheet.told()}
    return Attachment(DATA_NAME, orjson.dumps(told, option=orjson.OPT_INDENT_2), "Số liệu của phiếu")


def _span(sheet: AgencySheet) -> str:
    return (
        f"Số liệu từ {moment_in_words(sheet.since)} đến trước {moment_in_words(sheet.until)}, tính lúc {moment_in_words(sheet.counted_at)}."
    )


def sentences(sheet: AgencySheet) -> list[str]:
    """What was asked of the agency, how it answered, how it was rated."""
    of = sheet.figures
    told = [
        (f"Trong kỳ, {sheet.agency} nhận phân phối {number(of['asked'])} lượt; tiếp nhận {number(of['accepted'])} lượt"
         f", trong đó tiếp nhận trễ {share(of['accepted_late'], of['accepted'])}."),
        f"Đã trả lời {number(of['answered'])} lượt: đúng hạn {share(of['in_time'], of['answered'])}, đúng hạn sau gia hạn "
        f"{share(of['in_time_after_extension'], of['answered'])}, trễ hạn {share(of['late'], of['answered'])}."
        if of["answered"]
        else "Trong kỳ chưa có trả lời nào được duyệt.",
        (f"Yêu cầu làm lại {number(of['redone'])} lượt; đề nghị chuyển trả {number(of['handed_back'])} lượt"
         f"; được gia hạn {number(of['extensions'])} lượt."),
    ]
    if of.get("taken_away"):
        told.append(f"Thôi giao {number(of['taken_away'])} lượt: chuyển trả được chấp nhận, rút khỏi vụ việc, vụ việc gộp hoặc kết thúc.")
    total = sum(sheet.ratings.values())
    if total:
        levels = "; ".join(f"{words.lower()} {share(sheet.ratings.get(key, 0), total)}" for key, words in LEVELS.items())
        told.append(f"Người gửi đánh giá phần việc của đơn vị {number(total)} lượt: {levels}.")
    else:
        told.append("Trong kỳ chưa có đánh giá nào về phần việc của đơn vị.")
    return told


def figures_table(sheet: AgencySheet) -> Grid:
    """Each figure next to that of the period before. A figure the sheet did not count has no row."""
    rows = tuple(
        (name, number(sheet.figures[key]), number(sheet.before.get(key)), change(sheet.figures[key], sheet.before[key]))
        if key in sheet.before
        else (name, number(sheet.figures[key]), "–", "–")
        for key, name in FIGURES.items()
        if key in sheet.figures
    )
    columns = (Column("Chỉ tiêu", "name"), Column("Kỳ này", "w-due"), Column(sheet.before_label, "w-due"), Column("Tăng, giảm", "w-share"))
    return Grid("", columns, rows, note=COUNTED if "taken_away" in sheet.figures else "")


def open_words(sheet: AgencySheet) -> str:
    """The introduction to the list."""
    if not sheet.open_total:
        return "Lúc tính số liệu, đơn vị không còn vụ việc nào phải xử lý."
    late = sum(each.days >= 0 for each in sheet.open_parts)
    in_list = f", {number(late)} vụ việc trong danh sách đã trễ hạn" if late else ""
    words = f"Lúc tính số liệu, đơn vị còn {number(sheet.open_total)} vụ việc phải xử lý{in_list}."
    if len(sheet.open_parts) < sheet.open_total:
        return f"{words} Dưới đây là {number(len(sheet.open_parts))} vụ việc đến hạn sớm nhất."
    return words


def open_table(sheet: AgencySheet) -> Grid | None:
    """The open parts, earliest due first; a sensitive case only by its code."""
    if not sheet.open_parts:
        return None
    rows = tuple(
        (each.code, f"{'KHẨN. ' if each.is_urgent else ''}{each.title or 'Không nêu nội dung'}", each.due,
         "còn hạn" if each.days < 0 else number(each.days) if each.days else "dưới 1")
        for each in sheet.open_parts
    )  # fmt: skip
    columns = (Column("Mã", "w-code"), Column("Nội dung", "text"), Column("Hạn", "w-due"), Column("Số ngày trễ", "w-days"))
    return Grid("", columns, rows)
