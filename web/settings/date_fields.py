"""Parses days and local times in settings forms. Browsers send 2026-03-02 and 2026-03-02T07:30."""

from datetime import date, datetime

from casework.errors import CaseworkError
from casework.parsing import day_in, instant_in


class DayRefused(CaseworkError):
    """The text is no day or time."""


def typed_day(text: str, about: str = "") -> date | None:
    """A local day; None for an empty field. `about` names the field in a refusal. Raises DayRefused."""
    day = day_in(text)
    if day is None and text.strip():
        raise DayRefused("Cần ngày dạng 02/03/2026.", "A day such as 02/03/2026 is needed.", about=about)
    return day


def typed_instant(text: str, about: str = "") -> datetime:
    """A local date and time. `about` names the field in a refusal. Raises DayRefused."""
    instant = instant_in(text)
    if instant is None:
        raise DayRefused("Cần giờ và ngày dạng 07:30 02/03/2026.", "A time and day such as 07:30 02/03/2026 is needed.", about=about)
    return instant
