"""Words for the parts of a model inside a sentence, in both languages: kinds, roles, limits, waits and values."""

import ast
import re
from datetime import date, datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.local_time import LOCAL_ZONE
from casework.permissions import Role
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from casework.steps.fields import number_words
from workflows.bindings import OF_THE_PAUSE
from workflows.definitions.expressions import ExpressionRefused, checked
from workflows.definitions.findings import shown
from workflows.definitions.step_forms import FieldType
from workflows.desk_access import REPORTER

LONGEST_NAME = 120
LONGEST_TEXT = 300
"""Characters quoted of a longer text, such as guidance."""

NOTHING = Bilingual("", "")
YES, NO = Bilingual("có", "yes"), Bilingual("không", "no")

KIND_WORDS = {
    "userTask": Bilingual("bước", "the step"),
    "manualTask": Bilingual("bước", "the step"),
    "serviceTask": Bilingual("việc phần mềm tự làm", "the work of the software"),
    "exclusiveGateway": Bilingual("chỗ rẽ", "the choice"),
    "parallelGateway": Bilingual("cổng nhiều nhánh cùng lúc", "the gateway of ways at once"),
    "eventBasedGateway": Bilingual("chỗ chờ việc nào đến trước", "the wait for whichever comes first"),
    "startEvent": Bilingual("điểm bắt đầu", "the beginning"),
    "endEvent": Bilingual("điểm kết thúc", "the end"),
    "intermediateCatchEvent": Bilingual("chỗ chờ", "the wait"),
    "intermediateThrowEvent": Bilingual("sự kiện", "the event"),
    "boundaryEvent": Bilingual("sự kiện", "the event"),
    "sequenceFlow": Bilingual("đường đi", "the way"),
    "lane": Bilingual("làn", "the lane"),
    "participant": Bilingual("khung quy trình", "the frame of the process"),
    "process": Bilingual("quy trình", "the process"),
    "message": Bilingual("thông điệp", "the message"),
    "messageFlow": Bilingual("mũi tên thông điệp", "the message arrow"),
    "textAnnotation": Bilingual("ghi chú trên sơ đồ", "the note on the drawing"),
}

CLOCK_WORDS = {
    ClockKind.ACCEPTANCE: Bilingual("hạn tiếp nhận", "the limit for acceptance"),
    ClockKind.CASE: Bilingual("hạn của cả hồ sơ", "the limit of the whole case"),
    ClockKind.ASSIGNMENT_ACCEPTED: Bilingual("hạn đơn vị nhận việc", "the limit for the agency to accept"),
    ClockKind.ASSIGNMENT: Bilingual("hạn đơn vị trả lời", "the limit of the agency's answer"),
    ClockKind.APPROVAL: Bilingual("hạn lãnh đạo duyệt", "the limit for the leader's decision"),
    ClockKind.PUBLICATION: Bilingual("hạn công khai", "the limit for publication"),
    ClockKind.RATING: Bilingual("thời gian đánh giá", "the time for ratings"),
    OF_THE_PAUSE: Bilingual("lúc hết thời gian tạm dừng", "the end of the standstill"),
    "objection": Bilingual("hạn đề nghị xem lại", "the limit for objections"),
}

FIELD_WORDS = {
    FieldType.TEXT: Bilingual("văn bản ngắn", "short text"),
    FieldType.LONG_TEXT: Bilingual("văn bản dài", "long text"),
    FieldType.NUMBER: Bilingual("số", "a number"),
    FieldType.CHOICE: Bilingual("chọn một trong danh sách", "one of a list"),
    FieldType.YES_NO: Bilingual("có hoặc không", "yes or no"),
    FieldType.DATE: Bilingual("ngày", "a date"),
    FieldType.PHOTO: Bilingual("ảnh", "photos"),
}

_UNITS = {
    "minutes": ("phút", "minute"),
    "hours": ("giờ", "hour"),
    "days": ("ngày", "day"),
    "weeks": ("tuần", "week"),
    "months": ("tháng", "month"),
    "years": ("năm", "year"),
    "seconds": ("giây", "second"),
    "working_hours": ("giờ làm việc", "working hour"),
    "working_days": ("ngày làm việc", "working day"),
}
_SPAN = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SPAN_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_CYCLE = re.compile(r"R(\d+)/(P.+)")


def fill(vi: str, en: str, **parts: Bilingual) -> Bilingual:
    """Return a sentence with its placeholders filled; inserted texts are never read as templates."""
    return Bilingual(
        vi.format(**{name: part.vi for name, part in parts.items()}), en.format(**{name: part.en for name, part in parts.items()})
    )


def same(text: str) -> Bilingual:
    """A text that is the same in both languages."""
    return Bilingual(text, text)


def quoted(label: Bilingual, id_: str = "") -> Bilingual:
    """A label in quotes and on one line, or the id if it is empty."""
    vi, en = label.vi or label.en or id_, label.en or label.vi or id_
    return Bilingual(f"“{shown(vi, LONGEST_NAME)}”", f"“{shown(en, LONGEST_NAME)}”")


def listed(parts: list[Bilingual], vi: str = "và", en: str = "and", most: int = 12) -> Bilingual:
    """`a, b và c`; of a long list the first `most`, and how many more."""
    if len(parts) > most:
        more = len(parts) - most + 1
        parts = [*parts[: most - 1], Bilingual(f"{more} mục khác", f"{more} more")]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    *first, last = parts
    return Bilingual(f"{', '.join(part.vi for part in first)} {vi} {last.vi}", f"{', '.join(part.en for part in first)} {en} {last.en}")


def begun(text: Bilingual) -> Bilingual:
    """The text with a capital, to begin a sentence."""
    return Bilingual(text.vi[:1].upper() + text.vi[1:], text.en[:1].upper() + text.en[1:])


def within(text: Bilingual) -> Bilingual:
    """The text with a small letter, for use inside a sentence."""
    return Bilingual(text.vi[:1].lower() + text.vi[1:], text.en[:1].lower() + text.en[1:])


def role_words(role: str | None) -> Bilingual:
    """The name of a role inside a sentence."""
    if role == REPORTER:
        return within(REPORTER_WORDS)
    if role is not None and role in {*Role}:
        return within(ROLE_WORDS[Role(role)])
    return quoted(same(role)) if role else Bilingual("chưa ai", "nobody")


def amount_words(amount: str | int, unit: str) -> Bilingual:
    """`8 giờ làm việc`, `1 working day`; anything else as written."""
    if unit not in _UNITS or not str(amount).isdecimal():
        return quoted(same(f"{amount} {unit}".strip()))
    vi, en = _UNITS[unit]
    number = str(int(amount)) if len(str(amount)) < 12 else str(amount)
    return Bilingual(f"{number} {vi}", f"{number} {en}{'' if number == '1' else 's'}")


def unit_words(unit: str) -> Bilingual:
    vi, en = _UNITS[unit]
    return Bilingual(vi, f"{en}s")


def by_itself(words: Bilingual) -> Bilingual:
    """The words of a sentence for use alone in a list: without article, with a capital."""
    return begun(Bilingual(words.vi, words.en.removeprefix("the ").removeprefix("a ")))


def clock_words(clock: str) -> Bilingual:
    """The name of a running limit."""
    return CLOCK_WORDS.get(clock) or quoted(same(clock))


def span_words(text: str) -> Bilingual | None:
    """A duration such as `P1DT4H` in words, None if it is none."""
    match = _SPAN.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    parts = [amount_words(number, unit) for number, unit in zip(match.groups(), _SPAN_UNITS, strict=True) if number]
    return Bilingual(" ".join(part.vi for part in parts), " ".join(part.en for part in parts))


def timer_words(kind: str, text: str, value: Bilingual | None = None) -> Bilingual:
    """When a timer fires: `sau 3 ngày`, `lúc 17:00 31/12/2026`. `value` names a known moment."""
    written = _literal(text)
    if written is None:
        return fill("vào thời điểm {moment}", "at the moment {moment}", moment=value or quoted(same(text)))
    if kind == "timeDate":
        return fill("lúc {moment}", "at {moment}", moment=moment_words(written))
    if kind == "timeCycle" and (match := _CYCLE.fullmatch(written)) and (span := span_words(match[2])):
        return fill("{times} lần, cứ {span} một lần", "{times} times, once every {span}", times=same(match[1]), span=span)
    span = span_words(written)
    return fill("sau {span}", "after {span}", span=span) if span and kind == "timeDuration" else quoted(same(text or "–"))


def moment_words(text: str) -> Bilingual:
    """An instant of the file as people here write it; anything else as written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return quoted(same(text))
    local = moment.astimezone(LOCAL_ZONE) if moment.tzinfo is not None else moment
    return same(f"{local:%H:%M %d/%m/%Y}")


def day_words(text: str) -> Bilingual:
    """A date of a condition as people here write it."""
    try:
        return same(f"{date.fromisoformat(text):%d/%m/%Y}")
    except ValueError:
        return quoted(same(text))


def value_words(value: Any) -> Bilingual:
    """A plain value inside a sentence."""
    if value is None:
        return Bilingual("để trống", "empty")
    if isinstance(value, bool):
        return quoted(YES if value else NO)
    if isinstance(value, int | float):
        return number_words(value)
    return quoted(same(str(value)))


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Excerpts of two long texts, each from shortly before the first difference."""
    begin = 0
    if max(len(before), len(after)) > LONGEST_TEXT:
        pairs = zip(before, after, strict=False)
        differs = next((at for at, (old, new) in enumerate(pairs) if old != new), min(len(before), len(after)))
        begin = max(0, differs - 40)
    return _excerpt(before, begin), _excerpt(after, begin)


def _excerpt(text: str, begin: int) -> str:
    cut = text[begin : begin + LONGEST_TEXT]
    return ("…" if begin and cut else "") + cut + ("…" if begin + LONGEST_TEXT < len(text) else "")


def _literal(text: str) -> str | None:
    try:
        tree = checked(text)
    except ExpressionRefused:
        return None
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None
