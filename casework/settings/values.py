"""Settings that are one value each: what there is, what may stand there, and what holds now.

A row of `house_setting` takes the place of the default written here; a centre's own row that of the installation's. What was read
is kept until the rules change, so a change holds in every process from its next request or job on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

from sqlalchemy import select

from casework.calendars import rules_head
from casework.db import db
from casework.errors import CaseworkError
from casework.models import HouseSetting
from casework.words import Bilingual


class ValueRefused(CaseworkError):
    """The setting cannot have this value; the text says what may stand there."""


@dataclass(frozen=True, slots=True)
class Value:
    """One setting: its default, how a text from a form becomes it, and its words on the page."""

    key: str
    group: str
    name: Bilingual
    hint: Bilingual
    default: Any
    read: Callable[[str], Any]
    for_centre: bool = True


def whole(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueRefused(f"Cần một số nguyên từ {least} đến {most}.", f"A whole number from {least} to {most} is needed.")
        return int(text)

    return read


def clock_time(text: str) -> str:
    """Read a time of day, local, kept as "HH:MM"."""
    try:
        return time.fromisoformat(text).strftime("%H:%M") if re.fullmatch(r"\d\d:\d\d", text) else _no_time()
    except ValueError:
        return _no_time()


def words(longest: int) -> Callable[[str], str]:
    """Read a line of text, possibly empty."""

    def read(text: str) -> str:
        if len(text) > longest or any(not character.isprintable() for character in text):
            raise ValueRefused(f"Tối đa {longest} ký tự, trên một dòng.", f"{longest} characters at most, on one line.")
        return text

    return read


VALUES: dict[str, Value] = {
    value.key: value
    for value in (
        Value("quiet_from", "messages", Bilingual("Giờ yên lặng từ", "Quiet hours from"),
              Bilingual("Trong giờ này chỉ gửi tin khẩn; tin khác chờ đến hết giờ.", "Only urgent messages leave; the others wait."),
              "21:00", clock_time),
        Value("quiet_until", "messages", Bilingual("Giờ yên lặng đến", "Quiet hours until"),
              Bilingual("Hai giờ bằng nhau: không có giờ yên lặng.", "Both the same: there are no quiet hours."),
              "07:00", clock_time),
    )
}  # fmt: skip
"""Every setting of one value."""

_kept: dict[str, tuple[str, dict[tuple[str, int | None], Any]]] = {}


def value_of(key: str, centre_id: int | None = None) -> Any:
    """Return what holds: the centre's own value, else the installation's, else the default. Raises KeyError for an unknown key."""
    default, set_here = VALUES[key].default, _set_values()
    return set_here.get((key, centre_id), set_here.get((key, None), default))


def _set_values() -> dict[tuple[str, int | None], Any]:
    head, place = rules_head(), str(db.engine.url)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        rows = db.session.execute(select(HouseSetting.key, HouseSetting.centre_id, HouseSetting.value))
        kept = _kept[place] = (head, {(key, centre_id): value for key, centre_id, value in rows if key in VALUES})
    return kept[1]


def _no_time() -> str:
    raise ValueRefused("Cần giờ dạng 07:30.", "A time such as 07:30 is needed.")
