"""Whole numbers in texts that anybody may have written: addresses, forms, what a page goes on from."""
from __future__ import annotations

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
    """The year of the centuries around ours that a text is; None for any other: the first and the last years have days no zone can tell."""
    year = number_in(text, digits=4)
    return year if year is not None and 1900 < year < 3000 else None
