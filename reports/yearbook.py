"""The public yearbook: what the centre did in a year, for everybody. It uses public figures only, and no small numbers of a part.

For a part (a month, a field, a commune, an agency) no number from one to four is shown, because it may point to a neighbour. Nor is
anything from which it could be derived (`left_out`): a total without the others, or a rate. For the whole centre everything is shown.
Examples are cases as published now: title, place and pictures as published, and the answers' own photos.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from casework.documents.letterheads import Head
from casework.figures.definitions import FIGURES as PUBLIC_FIGURES
from casework.figures.definitions import MEDIAN, RATED
from reports.assets import Attachment
from reports.official import Frame, letter_html
from reports.period_report import FILLINGS, LEVELS
from reports.printed_charts import FULL, PrintedBars, PrintedColumns, PrintedShares, printed_bars, printed_columns, printed_shares
from reports.sheets import FEWEST, Column, Grid, moment_in_words, number, office_hours, paragraphs, percent, share

SUBJECT = "Công khai kết quả tiếp nhận, xử lý phản ánh hiện trường"
DATA_NAME = "nien-giam.json"
MOST_PLACES = 10
LEFT_OUT, NOT_COUNTED = "…", "chưa tính"
LEFT_OUT_WORDS = (f"“{LEFT_OUT}” là số không nêu: số từ 1 đến {FEWEST - 1} của một tháng, lĩnh vực, địa bàn hay đơn vị, hoặc số mà từ đó "
                  "suy ra được số như vậy.")  # fmt: skip
DEFINED = ("received", "eligible", "refused", "answered", "in_time", "in_time_after_extension", "late", "open_in_time", "open_late",
           "extended", "reopened", "referred", "satisfied", MEDIAN)  # fmt: skip
"""The figures the yearbook explains."""


@dataclass(frozen=True, slots=True)
class YearPart:
    """A month, field, commune or agency with its public figures; None for a month that was not counted, which is not zero."""

    name: str
    figures: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Example:
    """One published case. Pictures are refs of photos with a published copy."""

    code: str
    title: str
    field: str
    place: str
    answered_on: str
    agency: str
    question: str
    result: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Yearbook:
    """What it tells."""

    year: int
    centre: str
    counted_at: datetime
    whole: dict[str, Any]
    median_minutes: float | None
    months: tuple[YearPart, ...]
    fields: tuple[YearPart, ...]
    areas: tuple[YearPart, ...]
    agencies: tuple[YearPart, ...]
    refused: tuple[tuple[str, int], ...] = ()
    examples: tuple[Example, ...] = ()

    def told(self) -> dict[str, Any]:
        """As stored with a letter."""
        told: dict[str, Any] = orjson.loads(orjson.dumps(self, option=orjson.OPT_UTC_Z))
        return told

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Yearbook":
        """From what a letter stored."""
        given = dict(told)
        given["counted_at"] = datetime.fromisoformat(given["counted_at"])
        for name in ("months", "fields", "areas", "agencies"):
            given[name] = tuple(YearPart(**each) for each in given[name])
        given["refused"] = tuple((name, count) for name, count in given["refused"])
        given["examples"] = tuple(
            Example(**{**each, "before": tuple(each["before"]), "after": tuple(each["after"])}) for each in given["examples"]
        )
        return cls(**given)

    @property
    def pictures(self) -> list[str]:
        """The photos of its examples."""
        return [ref for each in self.examples for ref in (*each.before, *each.after)]


def yearbook_html(book: Yearbook, head: Head, on: date, *, copies: Sequence[str] = (), assessment: str = "", proposals: str = "",
                  **frame: Any) -> str:  # fmt: skip
    """The yearbook as HTML for print and screen. Its pictures are `/photos/<ref>/public/view`."""
    kept = f"Lưu: VT{f', {head.symbol}' if head.symbol else ''}"
    around = Frame(head, on, f"{SUBJECT} năm {book.year}", (), (*copies, kept), **{"type_name": "Báo cáo", **frame})
    return letter_html(
        "yearbook.html", around, book=book, counted=moment_in_words(book.counted_at), sentences=sentences(book), months=month_table(book),
        month_charts=month_charts(book), ratings=rating_chart(book), places=place_table(book),
        tables=[(table, part_chart(table)) for table in part_tables(book)], left_out=LEFT_OUT_WORDS,
        assessment=paragraphs(assessment), proposals=paragraphs(proposals),
        definitions=[(PUBLIC_FIGURES[key].name.vi, PUBLIC_FIGURES[key].definition.vi) for key in DEFINED],
    )  # fmt: skip


def data_of(book: Yearbook) -> Attachment:
    """The same figures as a data file, with the same ones left out as in print."""
    tables = [
        {"title": each.title, "columns": [column.title for column in each.columns], "rows": each.rows}
        for each in (month_table(book), *part_tables(book))
    ]
    told = {"document": "yearbook", "version": 2, "year": book.year, "centre": book.centre, "counted_at": book.counted_at,
            "whole": {**book.whole, MEDIAN: book.median_minutes}, "tables": tables,
            "examples": [each.code for each in book.examples]}  # fmt: skip
    return Attachment(DATA_NAME, orjson.dumps(told, option=orjson.OPT_INDENT_2), "Số liệu công khai của năm")


def sentences(book: Yearbook) -> list[str]:
    """The year in words."""
    whole = book.whole
    answered, is_open = of(whole, "answered"), of(whole, "open_in_time") + of(whole, "open_late")
    told = [
        (f"Trong năm, Trung tâm tiếp nhận {number(of(whole, 'received'))} phản ánh"
         f"; đủ điều kiện xử lý {share(of(whole, 'eligible'), of(whole, 'received'))}."),
        f"Đã trả lời {number(answered)} vụ việc: đúng hạn {share(of(whole, 'in_time'), answered)}, đúng hạn sau gia hạn "
        f"{share(of(whole, 'in_time_after_extension'), answered)}, trễ hạn {share(of(whole, 'late'), answered)}."
        if answered
        else "Trong năm chưa có vụ việc nào được trả lời.",
    ]
    if book.refused:
        reasons = "; ".join(f"{name[:1].lower()}{name[1:]} {number(count)}" for name, count in book.refused)
        told.append(f"Không tiếp nhận {number(sum(count for _name, count in book.refused))} phản ánh: {reasons}.")
    told.append(
        f"Gia hạn {number(of(whole, 'extended'))} lượt; mở lại {number(of(whole, 'reopened'))} lượt; chuyển cơ quan khác "
        f"{number(of(whole, 'referred'))} vụ việc."
    )
    if is_open:
        told.append(f"Cuối năm còn {number(is_open)} vụ việc đang xử lý, trong đó trễ hạn {share(of(whole, 'open_late'), is_open)}.")
    if of(whole, "unconfirmed"):
        told.append(f"Đếm riêng: {number(of(whole, 'unconfirmed'))} phản ánh chưa tiếp nhận vì chờ người gửi xác nhận liên hệ.")
    rated = sum(of(whole, key) for key in RATED)
    if rated:
        levels = "; ".join(f"{words[:1].lower()}{words[1:]} {share(of(whole, key), rated)}" for key, words in LEVELS.items())
        told.append(f"Người dân đánh giá {number(rated)} lượt: {levels}.")
    if book.median_minutes is not None and answered >= FEWEST:
        told.append(f"Một nửa số phản ánh được tiếp nhận trong vòng {office_hours(book.median_minutes)} giờ hành chính.")
    return told


VERDICTS = ("answered", "in_time", "in_time_after_extension", "late")


def month_table(book: Yearbook) -> Grid:
    """The whole centre, month by month."""
    columns = (Column("Tháng", "name"), Column("Tiếp nhận"), Column("Đã trả lời"), Column("Đúng hạn"), Column("ĐH sau gia hạn"),
               Column("Trễ hạn"), Column("Lượt đánh giá"))  # fmt: skip
    numbers = [_month(each.figures) for each in book.months]
    # the second group adds up within its row: if one of its numbers is left out, all are
    cells = [_discreet(group) for group in ([row[:1] for row in numbers], [row[1:5] for row in numbers], [row[5:] for row in numbers])]
    rows = [
        (each.name, *(cell if each.figures is not None else NOT_COUNTED for group in cells for cell in group[place]))
        for place, each in enumerate(book.months)
    ]
    note = LEFT_OUT_WORDS if any(LEFT_OUT in row for row in rows) else ""
    return Grid("", columns, (("Cả năm", *map(number, _month(book.whole))), *rows), has_whole=True, note=note)


def month_charts(book: Yearbook) -> list[PrintedColumns | None]:
    """What came month by month, and what was answered; a month that the table leaves out has no bar."""
    table, labels = month_table(book), [f"T{place}" for place in range(1, len(book.months) + 1)]
    legend = ((FILLINGS[0], "đúng hạn"), (FILLINGS[1], "đúng hạn sau gia hạn"), (FILLINGS[2], "trễ hạn"))
    same = "Bảng ở trên có cùng số liệu."
    return [
        printed_columns(table, [(1, FULL)], f"Biểu đồ cột, phản ánh tiếp nhận từng tháng. {same}", told=1, labels=labels),
        printed_columns(
            table, [(3, FILLINGS[0]), (4, FILLINGS[1]), (5, FILLINGS[2])],
            f"Biểu đồ cột, vụ việc đã trả lời từng tháng theo việc giữ hạn. {same}", told=2, labels=labels, legend=legend,
        ),
    ]  # fmt: skip


def rating_chart(book: Yearbook) -> PrintedShares | None:
    """The ratings of the year, which stand in the sentences above as well."""
    levels = [(key, f"{words[:1].lower()}{words[1:]}", filling) for (key, words), filling in zip(LEVELS.items(), FILLINGS, strict=True)]
    told = ", ".join(f"{number(of(book.whole, key))} {words}" for key, words, _filling in levels)
    legend = tuple((filling, words) for _key, words, filling in levels)
    bar = ("Cả năm", [(filling, of(book.whole, key)) for key, _words, filling in levels])
    return printed_shares([bar], f"Lượt đánh giá trong năm theo mức: {told}.", legend=legend)


def part_chart(table: Grid) -> PrintedBars | None:
    """What came, row by row of the table."""
    words = f"Biểu đồ thanh ngang, phản ánh tiếp nhận {table.title[:1].lower()}{table.title[1:]}. Bảng ở trên có cùng số liệu."
    return printed_bars(table, [(1, FULL)], words, told=1)


def _month(figures: Mapping[str, Any] | None) -> tuple[int, ...]:
    return (of(figures, "received"), *(of(figures, key) for key in VERDICTS), sum(of(figures, key) for key in RATED))


def place_table(book: Yearbook) -> Grid | None:
    """The communes with the most reports; none below five, and none left out in the table of all communes."""
    counts = [of(each.figures, "received") for each in book.areas]
    told = sorted(set(range(len(counts))) - left_out([(count,) for count in counts]), key=lambda place: (-counts[place], place))
    rows = tuple((book.areas[place].name, number(counts[place])) for place in told[:MOST_PLACES] if counts[place])
    return Grid("", (Column("Địa bàn", "name"), Column("Phản ánh tiếp nhận", "w-share")), rows) if rows else None


def part_tables(book: Yearbook) -> list[Grid]:
    """By field, commune and agency, in their own order, which is never a ranking."""
    found = []
    for title, parts in (("Theo lĩnh vực", book.fields), ("Theo địa bàn", book.areas), ("Theo đơn vị chủ trì", book.agencies)):
        if parts:
            received = _discreet([(of(each.figures, "received"),) for each in parts])
            answered = _discreet([(of(each.figures, "answered"),) for each in parts])
            rows = tuple(
                (each.name, *received[place], *answered[place], rate)
                for place, (each, rate) in enumerate(zip(parts, _rates(parts), strict=True))
            )
            columns = (Column(title.removeprefix("Theo ").capitalize(), "name"), Column("Tiếp nhận", "w-share"),
                       Column("Đã trả lời", "w-share"), Column("Đúng hạn trên đã trả lời", "w-share"))  # fmt: skip
            found.append(Grid(title, columns, rows))
    return found


def left_out(rows: Sequence[Sequence[int]], also: Iterable[int] = ()) -> set[int]:
    """The indexes of rows whose numbers are not shown, so that nobody who knows the totals and all other rows can derive them.

    These are rows with a number from one to four, those in `also`, and as many of the next smallest rows as needed for at least two to be
    left out and for what is missing in each column to be zero or no small number: two communes "together 2" would reveal as much. Numbers
    that add up within a row belong in one row. If all rows together are too few, all are left out.
    """
    out = {place for place, row in enumerate(rows) if any(0 < count < FEWEST for count in row)} | set(also)
    # empty rows help last
    order = sorted(set(range(len(rows))) - out, key=lambda place: (not any(rows[place]), sum(rows[place]), place))
    while out and order and not _cannot_be_found(out, rows):
        out.add(order.pop(0))
    return out


def _cannot_be_found(out: set[int], rows: Sequence[Sequence[int]]) -> bool:
    for column in zip(*rows, strict=True):
        missing = [column[place] for place in out]
        if len(missing) < 2 or 0 < sum(missing) < min(FEWEST, sum(column)):
            return False
        if len(rows[0]) == 1 and sum(missing) <= len(missing) and all(missing):
            return False  # as many as there are rows, so each is one
    return True


def _discreet(rows: Sequence[Sequence[int]]) -> list[list[str]]:
    """The numbers as shown."""
    out = left_out(rows)
    return [[LEFT_OUT if place in out else number(count) for count in row] for place, row in enumerate(rows)]


def _rates(parts: Sequence[YearPart]) -> list[str]:
    """The shares in time. With the number answered, a rate reveals how many were and were not in time, so neither may be small."""
    both = [(of(each.figures, "in_time"), of(each.figures, "answered")) for each in parts]
    without = left_out([(whole,) for _own, whole in both])
    out = left_out([(own, whole - own) for own, whole in both], without)
    return [
        LEFT_OUT if place in without or (place in out and whole) else percent(own, whole) or "–" for place, (own, whole) in enumerate(both)
    ]


def of(figures: Mapping[str, Any] | None, key: str) -> int:
    """A figure as a number; figures by reason are summed."""
    value = (figures or {}).get(key) or 0
    return sum(value.values()) if isinstance(value, Mapping) else int(value)
