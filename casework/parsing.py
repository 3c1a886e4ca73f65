"""Numbers, days and instants in texts that anybody may have written: addresses, forms, cells of a file, what a page goes on from."""
from __future__ import annotations

from datetime import date, datetime

from casework.local_time import LOCAL_ZONE

DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y")
INSTANT_FORMS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%H:%M %d/%m/%Y", "%d/%m/%Y %H:%M")
"""What the browser's own fields send, then what people type here."""
YEARS = range(1900, 3000)
"""Of the first and the last years a calendar has, there are days and instants that other zones cannot tell."""

ROW_DIGITS = 15
"""Digits of a row's number at most: there are never more rows, and both databases and the scripts of pages hold such a number exactly."""
MICROSECOND_DIGITS = 17
"""Digits of microseconds since 1970 at most: three thousand years, which no calendar here ends before."""


def number_in(text: str, *, digits: int = ROW_DIGITS) -> int | None:
    """The whole number that a text is, in ASCII digits and no more of them than that; None for any other text.

    `str.isdigit` alone lets through what `int` refuses (“²”), and numbers that no column holds or Python refuses to read for their length.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def year_in(text: str) -> int | None:
    """The year of YEARS that a text is; None for any other text."""
    year = number_in(text, digits=4)
    return year if year in YEARS else None


def day_in(text: str) -> date | None:
    """The day of YEARS that a text is in one of DAY_FORMS; None for any other text."""
    found = _read(text, DAY_FORMS)
    return found.date() if found is not None else None


def instant_in(text: str) -> datetime | None:
    """The instant of YEARS that a text in one of INSTANT_FORMS is in Vietnamese time, in that zone; None for any other text."""
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
