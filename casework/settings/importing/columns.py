"""Columns of rule rows: each with its words, how it is read from a form, and its choices."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from casework.bilingual import Bilingual
from casework.setting_values import ValueRefused
from casework.text import normal

Reader = Callable[[str], Any]
"""Converts a typed text to the stored value. Raises ValueRefused."""


class Choice(NamedTuple):
    """One choice: its value in the form, its stored value, and its words."""

    typed: str
    kept: Any
    words: Bilingual


class Scope(NamedTuple):
    """The scope of a row (None: the whole installation), its first day, and the row before the change.

    `today` is the local day on which it is proposed.
    """

    centre_id: int | None
    day: date
    row: Any = None
    today: date | None = None
    begun: Mapping[str, str] | None = None
    """In a form: the values known so far, from the row, the address or what was sent. None when the row is checked."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of rules.

    `is_fixed`: set once, when the row is added, because other rows refer to it. `is_words`: a slip may be corrected in place, because
    nothing is judged by it. `shape`: how a form shows it: line, long, tick.
    """

    name: str
    label: Bilingual
    read: Reader
    hint: Bilingual | None = None
    choices: Callable[[Scope], list[Choice]] | None = None
    is_required: bool = True
    empty: Any = None
    """The stored value where nothing was typed."""
    begins_ticked: bool = False
    """Of a tick: the form of a new row that copies no other begins with it set."""
    falls_back_to: str = ""
    """The column whose value is stored where nothing was typed: the Vietnamese name for an English one."""
    is_fixed: bool = False
    is_words: bool = False
    shape: str = "line"
    codes: Mapping[str, Bilingual] = field(default_factory=dict)
    """The words of stored codes, where they are always the same."""
    points_to: Any = None
    """The table whose row's id is stored."""
    tell: Callable[[Any], Any] = lambda kept: kept
    """Converts a row's id to the value in an event."""

    def words_of(self, told: Any) -> Bilingual | str:
        """The words on a page for a value from an event."""
        if isinstance(told, bool):
            return Bilingual("có", "yes") if told else Bilingual("không", "no")
        if told is None:
            return self.codes.get("", Bilingual("–", "–"))
        return self.codes.get(str(told), str(told) or Bilingual("–", "–"))


def of_codes(codes: Mapping[str, Bilingual]) -> Callable[[Scope], list[Choice]]:
    """Choices among codes; the empty code is stored as None."""
    return lambda _scope: [Choice(code, code or None, words) for code, words in codes.items()]


def line(longest: int) -> Reader:
    """A line of text."""

    def read(typed: str) -> str:
        text = " ".join(normal(typed).split())
        if len(text) > longest:
            raise ValueRefused(f"Tối đa {longest} ký tự.", f"{longest} characters at most.")
        return text

    return read


def worded(reader: Reader, codes: Mapping[str, Bilingual]) -> Reader:
    """A text whose codes are shown, and accepted, as words of either language."""
    kept = {words: code for code, each in codes.items() for words in (each.vi, each.en)}

    def read(typed: str) -> str:
        text: str = reader(typed)
        return kept.get(text, text)

    return read


def long_text(longest: int) -> Reader:
    """Text of several lines."""

    def read(typed: str) -> str:
        text = normal(typed)
        if len(text) > longest:
            raise ValueRefused(f"Tối đa {longest} ký tự.", f"{longest} characters at most.")
        return text

    return read


def code(longest: int) -> Reader:
    """A stable name by which other systems and rows refer to a thing: lower-case letters, digits and underscores."""

    def read(typed: str) -> str:
        text = normal(typed)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text) or not 2 <= len(text) <= longest:
            raise ValueRefused(
                f"Cần 2 đến {longest} ký tự: chữ thường không dấu, chữ số, dấu gạch dưới; bắt đầu bằng chữ.",
                f"2 to {longest} characters are needed: small letters without accents, digits, underscores; a letter first.",
            )
        return text

    return read


def degrees(most: int, example: str) -> Reader:
    """A coordinate in degrees (WGS 84); a comma is accepted as the point."""

    def read(typed: str) -> float:
        text = normal(typed).replace(",", ".")
        if not re.fullmatch(r"-?\d{1,3}(\.\d{1,12})?", text) or abs(float(text)) > most:
            raise ValueRefused(
                f"Cần một số độ từ -{most} đến {most}, như {example}.", f"Degrees from -{most} to {most}, such as {example}."
            )
        return float(text)

    return read


def tick(typed: str) -> bool:
    return typed not in ("", "no", "n", "false", "0")


def as_typed(column: Column, kept: Any, scope: Scope) -> str:
    """The form value of a stored one."""
    if column.choices is not None:
        return next((choice.typed for choice in column.choices(scope) if choice.kept == kept), "")
    if isinstance(kept, bool):
        return "yes" if kept else ""
    return "" if kept is None else str(kept)
