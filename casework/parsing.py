"""Numbers, days and instants in untrusted texts: addresses, forms, cells of a file, paging positions."""
from __future__ import annotations

from datetime import date, datetime

from casework.local_time import LOCAL_ZONE

DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y")
INSTANT_FORMS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%H:%M %d/%m/%Y", "%d/%m/%Y %H:%M")
"""Formats of the browser's own fields, and then those people type here."""
YEARS = range(1900, 3000)
"""Without the first and last years of a calendar, which have days and instants other zones cannot represent."""

ROW_DIGITS = 15
"""Digits of a row's number at most: there are never more rows, and both databases and the pages' scripts represent such a number exactly.
"""
MICROSECOND_DIGITS = 17
"""Digits of microseconds since 1970 at most: three thousand years, longer than any calendar here."""


def number_in(text: str, *, digits: int = ROW_DIGITS) -> int | None:
    """A text as a whole number, in at most `digits` ASCII digits; None for any other text.

    `str.isdigit` alone accepts what `int` refuses (“²”), and numbers too long for any column or for Python to read.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def year_in(text: str) -> int | None:
    """A text as a year in YEARS; None for any other text."""
    year = number_in(text, digits=4)
    return year if year in YEARS else None


def day_in(text: str) -> date | None:
    """A text in one of DAY_FORMS as a day in YEARS; None for any other text."""
    found = _read(text, DAY_FORMS)
    return found.date() if found is not None else None


def instant_in(text: str) -> datetime | None:
    """A text in one of INSTANT_FORMS, Vietnamese time, as an instant in YEARS; None for any other text."""
    found = _read(text, INSTANT_FORMS)
    return found.replace(tzinfo=LOCAL_ZONE) if found is not None else None


def _read(text: str, forms: tuple[str, ...]) -> datetime | None:
    for form in forms:
        try:
            found = datetime.strptime(text.strip(), form)  # noqa: DTZ007  # a day or a local time
        except ValueError:
            continue
        return found if found.year in YEARS else None
    return None
