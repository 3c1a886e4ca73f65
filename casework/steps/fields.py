"""Values of fields in drawn steps: the limits of each type, the same on the page and in the step."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.text import normal

LONGEST_TEXT = 200
LONGEST_LONG_TEXT = 5_000
LARGEST_NUMBER = 10**15
"""The largest number conditions can compare with."""

PHOTO = "photo"
IN_CONDITIONS = frozenset({"number", "choice", "yes_no", "date"})
"""Types whose values gateways read. Texts and photos are content and stay in the rows of the case."""

Value = str | int | float | bool | date | None


class Option(Protocol):
    """A choice, or a button."""

    @property
    def id(self) -> str:
        pass

    @property
    def label(self) -> Bilingual:
        pass


class StepField(Protocol):
    """A field as declared in the process model. `minimum` and `maximum` bound a number."""

    @property
    def id(self) -> str:
        """The name of its variable where conditions read its type."""

    @property
    def type(self) -> str:
        """text, long_text, number, choice, yes_no, date or photo."""

    @property
    def label(self) -> Bilingual:
        pass

    @property
    def is_required(self) -> bool:
        pass

    @property
    def choices(self) -> Sequence[Option]:
        pass

    @property
    def minimum(self) -> float | None:
        pass

    @property
    def maximum(self) -> float | None:
        pass


class FieldRefused(CaseworkError):
    """The value of a field is refused. The text names the field; `field_id` and `reason` are for a page that points at it."""

    def __init__(self, field: StepField, vi: str, en: str) -> None:
        super().__init__(f"{field.label.vi}: {vi}", f"{field.label.en}: {en}")
        self.field_id, self.reason = field.id, Bilingual(vi, en)


def fitted(field: StepField, given: Any, *, photos: int = 0) -> Value:
    """Return a value normalised for storing; None where an optional field was left empty, and for photos, which are rows of their own.

    `given` is a str for texts and choices, a number, a bool or a date; `photos` says how many were sent. Raises FieldRefused.
    """
    if field.type == PHOTO:
        value, is_there = None, photos > 0
    else:
        value = None if given in (None, "") else FITTERS[field.type](field, given)
        is_there = value is not None
    if field.is_required and not is_there:
        raise FieldRefused(field, "Vui lòng điền mục này.", "Please fill this in.")
    return value


def kept_as(value: Value) -> str | None:
    """The text a value is stored as: 2026-03-02, true, 12.5."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(str(value)), "f")
    return value.isoformat() if isinstance(value, date) else value


def in_conditions(value: Value) -> str | int | float | bool | None:
    """The value as a process variable: a date becomes text, which sorts in the order of days."""
    return value.isoformat() if isinstance(value, date) else value


def number_words(number: float) -> Bilingual:
    """A number in each language, without thousands separators."""
    written = format(Decimal(str(number)), "f")
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return Bilingual(written.replace(".", ","), written)


def _text(field: StepField, given: Any) -> str | None:
    return _at_most(field, given, LONGEST_TEXT)


def _long_text(field: StepField, given: Any) -> str | None:
    return _at_most(field, given, LONGEST_LONG_TEXT)


def _at_most(field: StepField, given: Any, longest: int) -> str | None:
    words = normal(str(given))
    if len(words) > longest:
        raise FieldRefused(field, f"Tối đa {longest} ký tự.", f"At most {longest} characters are taken.")
    return words or None


def _number(field: StepField, given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= LARGEST_NUMBER:
        raise FieldRefused(field, "Vui lòng ghi một số.", "Please write a number.")
    if field.minimum is not None and given < field.minimum:
        least = number_words(field.minimum)
        raise FieldRefused(field, f"Không nhỏ hơn {least.vi}.", f"Not less than {least.en}.")
    if field.maximum is not None and given > field.maximum:
        most = number_words(field.maximum)
        raise FieldRefused(field, f"Không lớn hơn {most.vi}.", f"Not more than {most.en}.")
    return int(given) if given == int(given) else given


def _choice(field: StepField, given: Any) -> str:
    if given not in [option.id for option in field.choices]:
        raise FieldRefused(field, "Vui lòng chọn trong danh sách.", "Please choose one of the list.")
    return str(given)


def _yes_no(field: StepField, given: Any) -> bool:
    if not isinstance(given, bool):
        raise FieldRefused(field, "Vui lòng chọn Có hoặc Không.", "Please choose yes or no.")
    return given


def _date(field: StepField, given: Any) -> date:
    if type(given) is not date:
        raise FieldRefused(field, "Vui lòng chọn một ngày.", "Please choose a day.")
    return given


FITTERS: dict[str, Callable[[StepField, Any], Value]] = {
    "text": _text, "long_text": _long_text, "number": _number, "choice": _choice, "yes_no": _yes_no, "date": _date,
}  # fmt: skip
"""By type."""
