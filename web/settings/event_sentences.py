"""Events of settings in words: the setting, its old and new value, and the reason."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.local_time import LOCAL_ZONE
from casework.messages.kinds import KINDS as TEXTS
from casework.models import Event
from casework.setting_events import CHANGED
from casework.setting_values import VALUES
from casework.settings.centre import KIND as CENTRE
from casework.settings.ground_loading import KIND as GROUND_FILE
from casework.settings.importing.columns import Column, Scope
from casework.settings.kinds.table import KINDS
from casework.settings.value_changes import KIND as VALUE
from web.settings.event_places import Places
from web.settings.event_words import CODES, COUNTED, LABELS, LABELS_OF_KIND
from web.settings.titles import TITLES

KIND_WORDS: dict[str, Bilingual] = {
    **{kind: TITLES[kind] for kind in (*KINDS, VALUE, CENTRE)},
    "account": Bilingual("Tài khoản cán bộ", "Account of staff"),
    "membership": Bilingual("Vai trò", "Role"),
    **{kind: TITLES[kind] for kind in ("deputy", "agency", "area", "boundary")},
    "calendar_day": Bilingual("Ngày nghỉ, ngày làm bù", "Day of the calendar"),
    "office_hours": Bilingual("Giờ làm việc", "Office hours"),
    **{kind: TITLES[kind] for kind in ("text", "house_setting", "wallboard", "reorganisation", "host_app", "zalo_account")},
    "service_account": Bilingual("Tài khoản kết nối", "Service account"),
    "service_key": Bilingual("Khóa của tài khoản kết nối", "Key of a service account"),
    "webhook_endpoint": Bilingual("Địa chỉ nhận tin (webhook)", "Endpoint of webhooks"),
    "behalf_agreement": Bilingual("Đồng ý cho hệ thống làm thay", "Agreement to act in a person's name"),
    GROUND_FILE: Bilingual("Tệp bản đồ nền", "File under the maps"),
}
"""The names of the kinds of settings in the list of events."""

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
    "import_table": Bilingual("Nhập từ bảng", "A table was taken over"),
    "hand_out_passwords": Bilingual("Giao mật khẩu ban đầu", "Start passwords were handed out"),
}
"""Other events of rules, by type."""

FOR_MACHINES = frozenset({"change", "centre_id", "sha256", "digest", "import"})
"""Identifiers that only programs use, left out of the list."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}[^ ]*")
_OF_A_DAY = re.compile(r"(off|worked): (.*)", re.S)
LONGEST_SHOWN = 300

Words = Bilingual | str


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event: when, who, kind and row, old and new values, and the reason."""

    at: datetime
    who: str
    kind: Words
    row: list[Words]
    changes: list[tuple[Words, Words, Words]]
    reason: str
    was_common: bool = False
    """Whether the old value was the installation's."""


def told_events(events: Iterable[Event]) -> list[ToldEvent]:
    events = list(events)
    names = _Names(Places.named_in(event.payload or {} for event in events))
    return [_told(event, names) for event in events]


class _Names:
    """Labels of codes that are rows, such as complexities; read once per page, and only if needed."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._known: dict[tuple[str, str], dict[Any, Bilingual]] = {}

    def of(self, kind: str, column: Column, told: Any) -> Words:
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
        shown = {name: value for name, value in payload.items() if name not in FOR_MACHINES | {"reason"} and value is not None}
        changes: list[tuple[Words, Words, Words]] = [(_label(name), "", _plain(name, value)) for name, value in shown.items()]
        return ToldEvent(event.at, who, OTHER_EVENTS.get(event.type, event.type), [], changes, str(payload.get("reason") or ""))
    kind, row = str(payload.get("kind", "")), str(payload.get("row", ""))
    reason = str(payload.get("reason", ""))
    called, changes = _row_words(kind, row, names), _changes(kind, payload, names)
    return ToldEvent(event.at, who, KIND_WORDS.get(kind, kind), called, changes, reason, bool(payload.get("was_common")))


def _row_words(kind: str, row: str, names: _Names) -> list[Words]:
    """The name of a row: the parts of its key, with codes in words."""
    if kind in (VALUE, "house_setting"):
        return [VALUES[row].name if row in VALUES else row]
    if kind == "text":
        return [TEXTS[row].when if row in TEXTS else row]
    if kind == "membership" and ": " in row:
        login, seat = row.split(": ", 1)
        return [login, *names.places.seat(seat)]
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
        if before == after or name in FOR_MACHINES:
            continue
        label = columns[name].label if name in columns else LABELS_OF_KIND.get((kind, name)) or _label(name)
        column = columns.get(name)
        found.append((label, _chosen(payload, before) or _side(kind, column, name, before, names),
                      _chosen(payload, after) or _side(kind, column, name, after, names)))  # fmt: skip
    return found


def _chosen(payload: dict[str, Any], value: Any) -> Words | None:
    """The label of a setting that is a choice; None for any other."""
    setting = VALUES.get(str(payload.get("row"))) if payload.get("kind") == VALUE else None
    return setting.choices.get(str(value)) if setting is not None else None


def _side(kind: str, column: Column | None, name: str, value: Any, names: _Names) -> Words:
    if column is not None and value not in (None, ""):
        return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else names.of(kind, column, value)
    if value is None or value in ("", []):
        return NONE
    if kind == "membership" and name == "place":
        return names.places.place(str(value).partition("@")[2])
    if name in ("parent_id", "area_id") and isinstance(value, int):
        return names.places.body(kind, name, value)
    return _plain(name, value)


def _label(name: str) -> Words:
    return LABELS.get(name) or _plain("", name)


def _number(value: float) -> Bilingual:
    """A number in each language's format."""
    english = f"{value:,}"
    return Bilingual(english.translate(_VIETNAMESE_MARKS), english)


_VIETNAMESE_MARKS = str.maketrans(",.", ".,")


def _plain(name: str, value: Any) -> Words:
    if isinstance(value, bool):
        return Bilingual("có", "yes") if value else Bilingual("không", "no")
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict):
        counted = [(COUNTED.get(key, Bilingual(key, key)), each) for key, each in value.items()]
        return Bilingual(*(", ".join(f"{each} {words.in_language(language)}" for words, each in counted) for language in ("vi", "en")))
    if isinstance(value, list) and name in CODES:
        each = [CODES[name].get(str(code), Bilingual(str(code), str(code))) for code in value]
        return Bilingual(*("; ".join(words.in_language(language) for words in each) for language in ("vi", "en")))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if text in CODES.get(name, {}):
        return CODES[name][text]
    if _DAY.fullmatch(text):
        return f"{date.fromisoformat(text):%d/%m/%Y}"
    if _INSTANT.fullmatch(text):
        return f"{datetime.fromisoformat(text).astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"
    if of_a_day := _OF_A_DAY.fullmatch(text):
        kind = CODES["kind"][of_a_day[1]]
        return Bilingual(f"{kind.vi}: {of_a_day[2]}", f"{kind.en}: {of_a_day[2]}")
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
