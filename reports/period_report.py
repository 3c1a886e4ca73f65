"""The report of a week, month, quarter, half-year or year (Báo cáo, BC): figures with their totals, tables, late cases, comments.

It is made from values only, so that a written report can be printed again: from a frozen snapshot if there is one, else from the present
figures, which it calls provisional. Cases that left the system are counted as referred elsewhere, in the total only (rules.md, section 6).
A rate is always shown with both its numbers, and below five there is none (domain.md, 2.5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from casework.documents.letterheads import Head
from reports.assets import Attachment
from reports.official import Frame, letter_html
from reports.printed_charts import EMPTY, FULL, HALF, PrintedBars, PrintedShares, printed_bars, printed_shares
from reports.sheets import FEWEST, Column, Grid, change, moment_in_words, number, office_hours, paragraphs, percent, share

SUBJECT = "Kết quả tiếp nhận, xử lý phản ánh hiện trường"
DATA_NAME = "bao-cao.json"
Figures = Mapping[str, Any]

PARTS = {
    "field": "Theo lĩnh vực", "area": "Theo địa bàn", "urgency": "Theo mức độ", "source": "Theo nguồn", "agency": "Theo đơn vị chủ trì",
}  # fmt: skip
"""The tables of part II, in this order."""

LEVELS = {"satisfied": "Hài lòng", "acceptable": "Chấp nhận được", "dissatisfied": "Chưa hài lòng"}


@dataclass(frozen=True, slots=True)
class SubjectFigures:
    """A field, commune, agency, source or urgency with its figures."""

    name: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LateCase:
    """One case that was late at the end of the period. `title` is empty for a sensitive one, and if the recipient may not read titles."""

    code: str
    title: str
    agency: str
    due: str
    days: int
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class StepRow:
    """How long one step took in the months of the period: office minutes, None below FEWEST passages."""

    name: str
    passages: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class ComparedPeriod:
    """The totals of another period, for comparison; `figures` is None if nothing was counted yet."""

    label: str
    figures: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The content of a report. `frozen_at` is None for provisional figures; `number` is 1 as first frozen, plus one for each correction."""

    kind: str
    name: str
    label: str
    since: datetime
    until: datetime
    counted_at: datetime
    centre: str
    whole: dict[str, Any]
    parts: dict[str, tuple[SubjectFigures, ...]]
    reasons: dict[str, str]
    before: ComparedPeriod
    year_ago: ComparedPeriod
    late: tuple[LateCase, ...] = ()
    late_total: int = 0
    steps: tuple[StepRow, ...] = ()
    frozen_at: datetime | None = None
    number: int = 0
    digest: str = ""

    def told(self) -> dict[str, Any]:
        """As stored with a letter."""
        told: dict[str, Any] = orjson.loads(orjson.dumps(self, option=orjson.OPT_UTC_Z))
        return told

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "PeriodReport":
        """From what a letter stored."""
        given = dict(told)
        for name in ("since", "until", "counted_at", "frozen_at"):
            given[name] = datetime.fromisoformat(given[name]) if given.get(name) else None
        given["parts"] = {name: tuple(SubjectFigures(**each) for each in rows) for name, rows in given["parts"].items()}
        given["before"], given["year_ago"] = ComparedPeriod(**given["before"]), ComparedPeriod(**given["year_ago"])
        given["late"] = tuple(LateCase(**each) for each in given["late"])
        given["steps"] = tuple(StepRow(**each) for each in given["steps"])
        return cls(**given)

    @property
    def is_provisional(self) -> bool:
        return self.frozen_at is None


def period_report_html(
    report: PeriodReport, head: Head, on: date, *, to: Sequence[str] = (), copies: Sequence[str] = (), assessment: str = "",
    proposals: str = "", **frame: Any,
) -> str:  # fmt: skip
    """The report as HTML for printing. `frame` are number, symbol, verify_url and other fields of Frame."""
    symbol = f", {head.symbol}" if head.symbol else ""
    around = Frame(
        head, on, f"{SUBJECT} {_begun_low(report.label)}", tuple(to), (*(copies or ("Như trên",) if to else copies), f"Lưu: VT{symbol}"),
        **{"type_name": "Báo cáo", **frame},
    )  # fmt: skip
    return letter_html(
        "period_report.html", around, report=report, status=status_words(report), sentences=sentences(report),
        tables=[(table, part_chart(table)) for table in part_tables(report)],
        verdicts=verdict_bar(report.whole), late=late_table(report), late_words=late_words(report), ratings=rating_sentences(report),
        rating_chart=rating_chart(report), steps=step_table(report), compared=compared_table(report),
        assessment=paragraphs(assessment), proposals=paragraphs(proposals),
    )  # fmt: skip


def data_of(report: PeriodReport, *, assessment: str = "", proposals: str = "") -> Attachment:
    """The figures as a data file inside the PDF."""
    told = {"document": "period_report", "version": 1, **report.told(), "assessment": assessment, "proposals": proposals}
    return Attachment(DATA_NAME, orjson.dumps(told, option=orjson.OPT_INDENT_2), "Số liệu của báo cáo")


def status_words(report: PeriodReport) -> str:
    """When the figures were counted, and whether they are final."""
    span = f"Kỳ báo cáo tính từ {moment_in_words(report.since)} đến trước {moment_in_words(report.until)}."
    if report.frozen_at is None:
        return f"{span} Số liệu tạm tính lúc {moment_in_words(report.counted_at)}, chưa chốt."
    corrected = f", đính chính lần {report.number - 1}" if report.number > 1 else ""
    return f"{span} Số liệu đã chốt lúc {moment_in_words(report.frozen_at)}{corrected}."


def sentences(report: PeriodReport) -> list[str]:
    """Part I: what was received, what became of it, what is left."""
    whole = report.whole
    owed = of(whole, "carried_over") + of(whole, "received") + of(whole, "reopened") + of(whole, "returned")
    came = [f"{number(of(whole, 'carried_over'))} kỳ trước chuyển sang", f"{number(of(whole, 'received'))} tiếp nhận trong kỳ"]
    came += [
        f"{number(of(whole, key))} {words}" for key, words in (("reopened", "mở lại"), ("returned", "trở lại xử lý")) if of(whole, key)
    ]
    handled, is_open = of(whole, "handled"), of(whole, "open")
    told = [
        f"Tổng số vụ việc phải xử lý: {number(owed)}, gồm {_joined(came)}.",
        f"Đủ điều kiện xử lý: {share(of(whole, 'eligible'), of(whole, 'received'))} phản ánh tiếp nhận trong kỳ.",
        *_put_aside(report),
        f"Đã xử lý: {number(handled)} vụ việc, trong đó đúng hạn {share(of(whole, 'handled_in_time'), handled)}, đúng hạn sau gia hạn "
        f"{share(of(whole, 'handled_in_time_after_extension'), handled)}, trễ hạn {share(of(whole, 'handled_late'), handled)}."
        if handled
        else "Trong kỳ chưa có vụ việc nào được trả lời.",
    ]
    if of(whole, "answered_privately"):
        told.append(f"Trong số đã xử lý, {number(of(whole, 'answered_privately'))} vụ việc chỉ trả lời người gửi, không công khai.")
    if of(whole, "handled_again"):
        told.append(f"Ngoài ra đã trả lời lại {number(of(whole, 'handled_again'))} vụ việc mở lại.")
    told.append(
        f"Còn mở cuối kỳ: {number(is_open)} vụ việc, trong đó còn hạn {share(of(whole, 'open_in_time'), is_open)}, trễ hạn "
        f"{share(of(whole, 'open_late'), is_open)}."
        if is_open
        else "Cuối kỳ không còn vụ việc nào mở."
    )
    if of(whole, "unconfirmed"):
        told.append(f"Đếm riêng: {number(of(whole, 'unconfirmed'))} phản ánh chưa tiếp nhận vì chờ người gửi xác nhận liên hệ.")
    told.append(
        f"Gia hạn {number(of(whole, 'extensions_granted'))} lượt; đơn vị trả lại {number(of(whole, 'handed_back'))} lượt; "
        f"yêu cầu làm lại {number(of(whole, 'redone'))} lượt."
    )
    spread = whole.get("working_minutes_filed_to_final") or {}
    if handled >= FEWEST and spread.get("median") is not None:
        told.append(
            f"Từ khi gửi đến khi có trả lời: một nửa số vụ việc không quá {office_hours(spread['median'])} giờ hành chính, 90 % không quá "
            f"{office_hours(spread['p90'])} giờ hành chính."
        )
    return told


def _put_aside(report: PeriodReport) -> list[str]:
    """Cases that ended without an answer. Those with a procedure of their own are counted as referred elsewhere."""
    whole, told = report.whole, []
    refused = {key: count for key, count in (whole.get("refused") or {}).items() if count}
    if refused:
        reasons = [f"{_begun_low(report.reasons.get(key, key))} {number(count)}" for key, count in refused.items()]
        told.append(f"Từ chối: {number(sum(refused.values()))}, gồm {_joined(reasons)}.")
    others = [
        (of(whole, "merged"), "gộp vào vụ việc khác"), (of(whole, "referred") + of(whole, "quarantined"), "chuyển cơ quan khác"),
        (of(whole, "withdrawn"), "người gửi rút"), (of(whole, "closed"), "kết thúc không trả lời"),
    ]  # fmt: skip
    ended = [f"{words} {number(count)}" for count, words in others if count]
    if ended:
        told.append(f"Kết thúc bằng cách khác: {_joined(ended)}.")
    return told or ["Không có phản ánh bị từ chối, gộp, chuyển cơ quan khác hay rút."]


COLUMNS = (
    Column("Chuyển sang"), Column("Tiếp nhận"), Column("Đủ điều kiện"), Column("Từ chối"), Column("Đã xử lý"), Column("Đúng hạn"),
    Column("ĐH sau gia hạn"), Column("Trễ hạn"), Column("Còn mở"), Column("Mở, trễ hạn"), Column("Đúng hạn (%)"),
)  # fmt: skip
COUNTED = ("carried_over", "received", "eligible", "refused", "handled", "handled_in_time", "handled_in_time_after_extension",
           "handled_late", "open", "open_late")  # fmt: skip


def part_tables(report: PeriodReport) -> list[Grid]:
    """Part II: one table per dimension, in its own order, which is never a ranking."""
    found = []
    for key, title in PARTS.items():
        subjects = [each for each in report.parts.get(key, ()) if any(of(each.figures, name) for name in COUNTED)]
        if subjects:
            rows = tuple(_row(each.name, each.figures) for each in subjects)
            found.append(Grid(title, (Column(title.removeprefix("Theo ").capitalize(), "name"), *COLUMNS),
                              (_row("Tổng cộng", report.whole), *rows), has_whole=True))  # fmt: skip
    return found


def part_chart(table: Grid) -> PrintedBars | None:
    """What was handled, row by row of the table, by how it kept its limit."""
    verdicts = list(zip(VERDICTS, FILLINGS, strict=True))
    return printed_bars(
        table, [(1 + COUNTED.index(key), filling) for (key, _name), filling in verdicts],
        f"Biểu đồ thanh ngang, đã xử lý {_begun_low(table.title)} theo việc giữ hạn. Bảng ở trên có cùng số liệu.",
        legend=tuple((filling, _begun_low(name)) for (_key, name), filling in verdicts),
    )  # fmt: skip


def _row(name: str, figures: Figures) -> tuple[str, ...]:
    rate = percent(of(figures, "handled_in_time"), of(figures, "handled")).removesuffix(" %") or "–"
    return (name, *(number(of(figures, key)) for key in COUNTED), rate)


VERDICTS = (
    ("handled_in_time", "Đúng hạn"), ("handled_in_time_after_extension", "Đúng hạn sau gia hạn"), ("handled_late", "Trễ hạn"),
)  # fmt: skip
FILLINGS = (FULL, HALF, EMPTY)
"""Of the three verdicts, and of the three levels of ratings."""


def verdict_bar(figures: Figures) -> list[tuple[str, str, float, float, str]]:
    """The handled cases as parts of one bar: name, share in words, start and width in percent, and pattern."""
    whole, at, found = of(figures, "handled"), 0.0, []
    if whole < FEWEST:
        return []
    for (key, name), pattern in zip(VERDICTS, FILLINGS, strict=True):
        width = round(100 * of(figures, key) / whole, 2)
        found.append((name, share(of(figures, key), whole), at, width, pattern))
        at = round(at + width, 2)
    return found


def late_words(report: PeriodReport) -> str:
    """The introduction to the list of part III."""
    total, is_open = report.late_total, of(report.whole, "open")
    if not total:
        return "Cuối kỳ không có vụ việc nào còn mở mà trễ hạn."
    words = f"Cuối kỳ có {share(total, is_open)} vụ việc còn mở đã trễ hạn."
    if len(report.late) < total:
        return f"{words} Dưới đây là {number(len(report.late))} vụ việc trễ lâu nhất; các vụ việc khác xem trên hệ thống."
    return words


def late_table(report: PeriodReport) -> Grid | None:
    """Part III: codes and titles; a sensitive case only by its code."""
    if not report.late:
        return None
    rows = tuple(
        (each.code, f"{'KHẨN. ' if each.is_urgent else ''}{each.title or 'Không nêu nội dung'}", each.agency, each.due,
         number(each.days) if each.days > 0 else "dưới 1")
        for each in report.late
    )  # fmt: skip
    columns = (Column("Mã", "w-code"), Column("Nội dung", "text wide"), Column("Đơn vị chủ trì", "text"), Column("Hạn", "w-due"),
               Column("Số ngày trễ", "w-days"))  # fmt: skip
    return Grid("", columns, rows)


def rating_sentences(report: PeriodReport) -> list[str]:
    """Part IV."""
    rated = report.whole.get("rated_of_handled") or [0, 0]
    levels = {key: int((report.whole.get("ratings_given") or {}).get(key, 0)) for key in LEVELS}
    total = sum(levels.values())
    told = [f"Vụ việc có đánh giá trên số đã xử lý (không tính phản ánh từ camera): {share(rated[0], rated[1])}."]
    if not total:
        return [*told, "Trong kỳ không có lượt đánh giá nào."]
    by_level = [f"{_begun_low(words)} {share(levels[key], total)}" for key, words in LEVELS.items()]
    return [*told, f"Lượt đánh giá cho trong kỳ: {number(total)}, gồm {_joined(by_level)}."]


def rating_chart(report: PeriodReport) -> PrintedShares | None:
    """The ratings given in the period and in the one before."""
    levels = list(zip(LEVELS, map(_begun_low, LEVELS.values()), FILLINGS, strict=True))
    bars, told = [], []
    for name, figures in (("Kỳ này", report.whole), (report.before.label, report.before.figures or {})):
        given = figures.get("ratings_given") or {}
        bars.append((name, [(filling, int(given.get(level, 0))) for level, _words, filling in levels]))
        told.append(f"{_begun_low(name)}: {', '.join(f'{number(int(given.get(level, 0)))} {words}' for level, words, _filling in levels)}")
    legend = tuple((filling, words) for _level, words, filling in levels)
    return printed_shares(bars, f"Lượt đánh giá theo mức, mỗi thanh là một kỳ; {'; '.join(told)}.", legend=legend)


def step_table(report: PeriodReport) -> Grid | None:
    """Part V: office hours of each step; no median of few passages."""
    if not report.steps:
        return None
    rows = tuple((each.name, number(each.passages), office_hours(each.median), office_hours(each.p90)) for each in report.steps)
    columns = (Column("Bước", "name"), Column("Lượt", "w-due"), Column("Trung vị", "w-due"), Column("90 % không quá", "w-share"))
    return Grid("", columns, rows, note=f"Dưới {FEWEST} lượt thì không tính trung vị.")


COMPARED = (
    ("carried_over", "Kỳ trước chuyển sang"), ("received", "Tiếp nhận trong kỳ"), ("eligible", "Đủ điều kiện"), ("refused", "Từ chối"),
    ("handled", "Đã xử lý"), ("handled_in_time", "Đúng hạn"), ("handled_in_time_after_extension", "Đúng hạn sau gia hạn"),
    ("handled_late", "Trễ hạn"), ("reopened", "Mở lại"), ("extensions_granted", "Lượt gia hạn"), ("handed_back", "Lượt trả lại"),
    ("redone", "Lượt yêu cầu làm lại"), ("open", "Còn mở cuối kỳ"), ("open_late", "Còn mở, trễ hạn"),
)  # fmt: skip


def compared_table(report: PeriodReport) -> Grid:
    """Part VI: comparison with the period before and with the same one a year ago."""
    columns = (Column("Chỉ tiêu", "name"), Column("Kỳ này", "w-source"), Column(report.before.label, "w-source"),
               Column("Tăng, giảm", "w-share"),
               Column(report.year_ago.label, "w-source"), Column("Tăng, giảm", "w-share"))  # fmt: skip
    rows = []
    for key, name in COMPARED:
        new, cells = of(report.whole, key), []
        for other in (report.before, report.year_ago):
            old = of(other.figures, key) if other.figures is not None else None
            cells += [number(old), change(new, old) if old is not None else "–"]
        rows.append((name, number(new), *cells))
    return Grid("", columns, tuple(rows), note=f"Tỷ lệ tăng, giảm chỉ tính khi số gốc từ {FEWEST} trở lên.")


def of(figures: Figures, key: str) -> int:
    """A figure as a number; figures by reason or level are summed."""
    value = figures.get(key) or 0
    return sum(value.values()) if isinstance(value, Mapping) else int(value)


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(parts)


def _begun_low(words: str) -> str:
    return words[:1].lower() + words[1:]
