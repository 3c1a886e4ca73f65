"""Detects that a setting was changed after its form was opened: the change is refused with the present value, and what was typed stays."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from flask import g, request

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.settings.scopes import one_at_a_time
from web.settings.event_words import CODES, LABELS

SEEN = "seen"
"""The hidden field with the mark of the values first shown."""
LONGEST_TOLD = 300


class ChangedMeanwhile(CaseworkError):
    """The setting was changed after the form was opened; the text gives its present value."""


def mark_of(stands: Mapping[str, Any]) -> str:
    """A mark of a form's values, by field name."""
    told = {name: _text(value) for name, value in stands.items()}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def mark_for_form(stands: Mapping[str, Any], *, is_sent: bool = True) -> str:
    """The mark for a form: of the present values, or of those first shown, until the reader is told of the change."""
    seen = request.form.get(SEEN) if is_sent else None
    return seen if seen and not g.get("told_of_change") else mark_of(stands)


def lock_before_reading() -> None:
    """Lock settings between reading and writing; call it first in the unit of work."""
    one_at_a_time()


def refuse_changed(stands: Mapping[str, Any]) -> None:
    """Raise ChangedMeanwhile when the submitted form was shown with other values than the present ones."""
    seen = request.form.get(SEEN)
    if not seen or seen == mark_of(stands):
        return
    g.told_of_change = True
    others = {name: _text(value) for name, value in stands.items() if _text(value) != request.form.get(name, "").strip()}
    vi, en = ("; ".join(f"{_label(name)[at]}: {_words(name, text)[at]}" for name, text in others.items()) for at in (0, 1))
    raise ChangedMeanwhile(
        f"Sau khi Ông/Bà mở trang này, người khác đã thay đổi nội dung. Hiện nay: {vi}. "
        "Điều Ông/Bà nhập vẫn còn trong các ô; xin xem lại rồi gửi lần nữa."
        if others
        else "Sau khi Ông/Bà mở trang này, nội dung đã được thay đổi đúng như vậy.",
        f"Somebody changed this after you opened the page. Now: {en}. What you typed is still in the fields; please look and send it again."
        if others
        else "This was changed to just that after you opened the page.",
    )


def _label(name: str) -> Bilingual:
    return LABELS.get(name, Bilingual(name, name))


def _words(name: str, text: str) -> Bilingual:
    short = (text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…") or "–"
    return CODES.get(name, {}).get(text, Bilingual(short, short))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
