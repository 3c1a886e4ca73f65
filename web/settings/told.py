"""Events of settings in words: which setting, from what to what, and why."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from casework.models import Event
from casework.settings.centre import KIND as CENTRE
from casework.settings.centre import STARTS
from casework.settings.columns import Column, Scope
from casework.settings.kinds import KINDS
from casework.settings.recording import CHANGED
from casework.settings.value_changes import KIND as VALUE
from casework.settings.values import VALUES
from casework.words import Bilingual

KIND_WORDS: dict[str, Bilingual] = {
    **{kind.name: kind.title for kind in KINDS.values()},
    VALUE: Bilingual("Giá trị chung", "Single value"),
    CENTRE: Bilingual("Trung tâm", "Centre"),
    "account": Bilingual("Tài khoản cán bộ", "Account of staff"),
    "membership": Bilingual("Vai trò", "Role"),
    "deputy": Bilingual("Người làm thay", "Deputy"),
    "agency": Bilingual("Đơn vị", "Agency"),
    "area": Bilingual("Địa bàn", "Area"),
    "boundary": Bilingual("Ranh giới", "Boundary"),
    "calendar_day": Bilingual("Ngày nghỉ, ngày làm bù", "Day of the calendar"),
    "office_hours": Bilingual("Giờ làm việc", "Office hours"),
    "text": Bilingual("Lời tin nhắn", "Words of messages"),
    "house_setting": Bilingual("Nền bản đồ", "Base map"),
    "wallboard": Bilingual("Màn hình điều hành", "Television"),
    "reorganisation": Bilingual("Sắp xếp đơn vị", "Reorganisation"),
}
"""What a kind of setting is called in the list of events, for every part of the settings."""

LABELS: dict[str, Bilingual] = {
    "valid_from": Bilingual("Áp dụng từ", "Applies from"),
    "valid_to": Bilingual("Đến trước", "Until before"),
    "value": Bilingual("Giá trị", "Value"),
    "name_vi": Bilingual("Tên tiếng Việt", "Name in Vietnamese"),
    "name_en": Bilingual("Tên tiếng Anh", "Name in English"),
    "name": Bilingual("Tên", "Name"),
    "phone": Bilingual("Điện thoại", "Telephone"),
    "email": Bilingual("Thư điện tử", "E-mail"),
    "full_name": Bilingual("Họ tên", "Full name"),
    "role": Bilingual("Vai trò", "Role"),
    "centre": Bilingual("Trung tâm", "Centre"),
    "agency": Bilingual("Đơn vị", "Agency"),
    "added": Bilingual("Đã thêm", "Added"),
    "old": Bilingual("Cũ", "Old"),
    "new": Bilingual("Mới", "New"),
    "day": Bilingual("Ngày", "Day"),
    "reason": Bilingual("Lý do", "Reason"),
    "case_clock_starts": Bilingual("Thời hạn tính từ", "The limit counts"),
}
"""Columns of settings that are no rows of a kind; what is not here is shown by its name."""

OTHER_EVENTS: dict[str, Bilingual] = {
    "install_rules": Bilingual("Cài quy định ban đầu", "Rules came with the software"),
    "install_centre": Bilingual("Cài Trung tâm ban đầu", "A centre came with the software"),
    "begin_installation": Bilingual("Bắt đầu hệ thống", "The installation began"),
    "set_calendar_day": Bilingual("Lịch làm việc", "Working calendar"),
    "set_office_hours": Bilingual("Giờ làm việc", "Office hours"),
    "install_demo": Bilingual("Nạp dữ liệu minh họa", "Invented data came in"),
    "keep_template": Bilingual("Đơn vị lưu mẫu trả lời", "An agency kept a template"),
    "rename_template": Bilingual("Đơn vị đổi tên mẫu trả lời", "An agency renamed a template"),
    "retire_template": Bilingual("Đơn vị bỏ mẫu trả lời", "An agency retired a template"),
}
"""What else happens to the rules, by the type of its event."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST_SHOWN = 300

Words = Bilingual | str


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event: when, who, of which kind and row, what changed from what to what, and the reason."""

    at: datetime
    who: str
    kind: Words
    row: list[Words]
    changes: list[tuple[Words, Words, Words]]
    reason: str


def told_events(events: Iterable[Event]) -> list[ToldEvent]:
    """Events in the words of the pages."""
    names = _Names()
    return [_told(event, names) for event in events]


class _Names:
    """The words of codes that are rows, such as complexities; read once for a page, and only where one is shown."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[Any, Bilingual]] = {}

    def of(self, kind: str, column: Column, told: Any) -> Words:
        """What a page shows of a value."""
        told = None if told == "" else told
        if column.choices is None or column.points_to is not None or told is None or str(told) in column.codes:
            return column.words_of(told)
        place = (kind, column.name)
        if place not in self._known:
            self._known[place] = {choice.kept: choice.words for choice in column.choices(Scope(None, date.min))}
        return self._known[place].get(told, str(told))


def _told(event: Event, names: _Names) -> ToldEvent:
    payload, who = event.payload or {}, (event.actor.full_name or "") if event.actor else ""
    if event.type != CHANGED:
        beside: list[tuple[Words, Words, Words]] = [(LABELS.get(name, name), "", _plain(value)) for name, value in payload.items()]
        return ToldEvent(event.at, who, OTHER_EVENTS.get(event.type, event.type), [], beside, "")
    kind, row = str(payload.get("kind", "")), str(payload.get("row", ""))
    reason = str(payload.get("reason", ""))
    return ToldEvent(event.at, who, KIND_WORDS.get(kind, kind), _row_words(kind, row, names), _changes(kind, payload, names), reason)


def _row_words(kind: str, row: str, names: _Names) -> list[Words]:
    """What a row is called: the parts of its key, codes in words."""
    if kind in (VALUE, "house_setting"):
        return [VALUES[row].name if row in VALUES else row]
    if kind not in KINDS:
        return [row]
    key, parts = KINDS[kind].key, row.split(" / ")
    if len(parts) != len(key):
        return [row]
    words = [names.of(kind, KINDS[kind].column(name), "" if part == "*" else part) for name, part in zip(key, parts, strict=True)]
    return [each for each in words if each != NONE]


NONE = Bilingual("–", "–")


def _changes(kind: str, payload: dict[str, Any], names: _Names) -> list[tuple[Words, Words, Words]]:
    old, new = payload.get("old") or {}, payload.get("new") or {}
    columns = {column.name: column for column in KINDS[kind].columns} if kind in KINDS else {}
    found: list[tuple[Words, Words, Words]] = []
    for name in [*columns, *({*old, *new} - {*columns})]:
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        label = columns[name].label if name in columns else LABELS.get(name, name)
        column = columns.get(name)
        found.append((label, _side(kind, column, name, before, names), _side(kind, column, name, after, names)))
    return found


def _side(kind: str, column: Column | None, name: str, value: Any, names: _Names) -> Words:
    if column is not None and value not in (None, ""):
        return names.of(kind, column, value)
    if value is None or value == "":
        return NONE
    if name == "case_clock_starts":
        return STARTS.get(str(value), str(value))
    return _plain(value)


def _plain(value: Any) -> Words:
    if isinstance(value, bool):
        return Bilingual("có", "yes") if value else Bilingual("không", "no")
    if isinstance(value, dict):
        value = [f"{name} {each}" for name, each in value.items()]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if _DAY.fullmatch(text):
        return f"{date.fromisoformat(text):%d/%m/%Y}"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
