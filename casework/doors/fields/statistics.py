"""What is told of figures: of a period, whole and by one dimension, each rate with both of its numbers; and what each of them means.

The rows come ready made from who counts them (reports/statistics); here stands what they are called.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from casework.bilingual import Bilingual
from casework.doors.fields.told import Named, Ref, Taken, Thing, Told, Words, both

DIMENSIONS = Literal["field", "area", "agency", "urgency", "source", "month"]
Parts = dict[str, float | int | None] | None


def _of(name: str) -> Any:
    return lambda seen: seen.row[name]


def value_and_parts(value: Any) -> Mapping[str, Any]:
    """A figure as it is told: one number, or several by what they are of."""
    if isinstance(value, Mapping):
        return {"value": None, "parts": dict(value)}
    if isinstance(value, (list, tuple)):
        return {"value": None, "parts": {"part": value[0], "whole": value[1]}}
    return {"value": value, "parts": None}


FIGURE = Thing("Figure", Bilingual("Số liệu", "Figure"), (
    Told("key", str, Bilingual("Mã", "Key"), Bilingual("Xem /statistics/definitions.", "See /statistics/definitions."), _of("key")),
    Told("value", float | int | None, Bilingual("Giá trị", "Value"), Bilingual("null khi có nhiều phần.", "null where it has parts."),
         _of("value")),
    Told("parts", Parts, Bilingual("Các phần", "Parts"), Bilingual("Theo lý do, mức, tử số và mẫu số, hoặc trung vị và p90.",
         "By reason or level, part and whole, or median and 90th percentile."), _of("parts")),
))  # fmt: skip

RATE = Thing("FigureRate", Bilingual("Tỷ lệ", "Rate"), (
    Told("key", str, Bilingual("Mã", "Key"), Bilingual("Xem /statistics/definitions.", "See /statistics/definitions."), _of("key")),
    Told("part", int, Bilingual("Tử số", "Part"), Bilingual("Số được đếm.", "How many."), _of("part")),
    Told("whole", int, Bilingual("Mẫu số", "Whole"), Bilingual("Trong bao nhiêu.", "Out of how many."), _of("whole")),
    Told("percent", float | None, Bilingual("Phần trăm", "Percent"), Bilingual("Một chữ số thập phân; null khi mẫu số dưới 5.",
                                                                               "To one decimal; null where the whole is below 5."),
         _of("percent")),
))  # fmt: skip

SUBJECT = Thing("FiguresOf", Bilingual("Số liệu của một đối tượng", "Figures of one subject"), (
    Told("subject", str | None, Bilingual("Đối tượng", "Subject"), Bilingual("Mã lĩnh vực, mã tham chiếu hoặc tháng; null: tất cả.",
         "A field's code, a ref, a word or a month; null: the whole."), _of("subject")),
    Told("name", Words | None, Bilingual("Tên", "Name"), Bilingual("null: tất cả.", "null: the whole."),
         lambda seen: both(seen.row["name"])),
    Told("figures", FIGURE, Bilingual("Số liệu", "Figures"), Bilingual("Mỗi chỉ tiêu một dòng.", "One for each definition."),
         _of("figures"), is_many=True),
    Told("rates", RATE, Bilingual("Tỷ lệ", "Rates"), Bilingual("Luôn kèm tử số và mẫu số.", "Always with both numbers."), _of("rates"),
         is_many=True),
))  # fmt: skip

FROZEN = Thing("FrozenFigures", Bilingual("Số liệu đã chốt", "Frozen figures"), (
    Told("number", int, Bilingual("Lần", "Number"), Bilingual("Từ 1; đính chính là lần sau.", "From 1; a correction is the next."),
         lambda seen: seen.row.number),
    Told("frozen_at", datetime, Bilingual("Chốt lúc", "Frozen"), Bilingual("Khi được chốt.", "When they were frozen."),
         lambda seen: seen.row.made_at),
    Told("sha256", str, Bilingual("Mã băm", "Digest"), Bilingual("Của bản đã chốt.", "Of what was frozen."), lambda seen: seen.row.digest),
))  # fmt: skip

STATISTICS = Thing("Statistics", Bilingual("Số liệu của một kỳ", "Figures of a period"), (
    Told("of", Named, Bilingual("Của", "Of"), Bilingual("Trung tâm hoặc đơn vị.", "A centre or agency."), _of("of")),
    Told("period", str, Bilingual("Kỳ", "Period"), Bilingual("Như 2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026.",
                                                             "Like 2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026."), _of("period")),
    Told("period_words", Words, Bilingual("Tên kỳ", "Period in words"), Bilingual("Như trên trang.", "As pages say it."),
         lambda seen: both(seen.row["words"])),
    Told("since_at", datetime, Bilingual("Từ", "From"), Bilingual("Thời điểm đầu.", "The first instant."), _of("since_at")),
    Told("until_at", datetime, Bilingual("Đến", "Until"), Bilingual("Thời điểm đầu của kỳ sau.", "The first instant of the next."),
         _of("until_at")),
    Told("is_over", bool, Bilingual("Đã hết kỳ", "Is over"), Bilingual("Kỳ chưa hết thì tính đến lúc này.",
                                                                      "One that goes on is counted up to now."), _of("is_over")),
    Told("by", DIMENSIONS | None, Bilingual("Chia theo", "By"), Bilingual("null: không chia.", "null: the whole alone."), _of("by")),
    Told("frozen", FROZEN, Bilingual("Đã chốt", "Frozen"), Bilingual("null: số liệu tính lúc này.", "null: counted just now."),
         _of("frozen"), may_be_null=True),
    Told("rows", SUBJECT, Bilingual("Các dòng", "Rows"), Bilingual("Tất cả trước, rồi từng đối tượng.", "The whole, then each subject."),
         _of("rows"), is_many=True),
))  # fmt: skip

DEFINITION = Thing("Definition", Bilingual("Định nghĩa", "Definition"), (
    Told("key", str, Bilingual("Mã", "Key"), Bilingual("Không đổi.", "It stays."), _of("key")),
    Told("kind", Literal["figure", "rate"], Bilingual("Loại", "Kind"), Bilingual("Chỉ tiêu hoặc tỷ lệ.", "A figure or a rate."),
         _of("kind")),
    Told("name", Words, Bilingual("Tên", "Name"), Bilingual("Như trên trang.", "As on pages."), lambda seen: both(seen.row["name"])),
    Told("definition", Words, Bilingual("Định nghĩa", "Definition"), Bilingual("Đếm gì, trong gì.", "What is counted, out of what."),
         lambda seen: both(seen.row["definition"])),
    Told("unit", Literal["cases", "times", "ratings", "minutes"] | None, Bilingual("Đơn vị tính", "Unit"),
         Bilingual("null: tỷ lệ.", "null: a rate."), _of("unit")),
    Told("shape", Literal["number", "reasons", "levels", "part", "spread", "steps"] | None, Bilingual("Dạng", "Shape"),
         Bilingual("Một số, hay các phần nào; null: tỷ lệ.", "One number, or which parts; null: a rate."), _of("shape")),
))  # fmt: skip

OF_STATISTICS = (
    Taken("period", Annotated[str, msgspec.Meta(min_length=4, max_length=17)], Bilingual("Kỳ", "Period"), Bilingual(
        "Như 2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026, 20260301-20260315; mặc định tháng này.",
        "Like 2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026, 20260301-20260315; this month by default.")),
    Taken("by", DIMENSIONS, Bilingual("Chia theo", "By"), Bilingual("Không nêu: tất cả.", "Without it: the whole alone.")),
    Taken("frozen", bool, Bilingual("Đã chốt", "Frozen"), Bilingual("true: chỉ số liệu đã chốt, 404 khi chưa.",
                                                                    "true: frozen figures alone, 404 where there are none.")),
    Taken("of", Ref, Bilingual("Của", "Of"), Bilingual("Mã tham chiếu của trung tâm hoặc đơn vị; mặc định của tài khoản.",
                                                       "The ref of a centre or agency; by default the account's.")),
)  # fmt: skip
