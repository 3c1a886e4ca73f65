"""Numbers, days and instants in untrusted texts: addresses, forms, cells of a file, paging positions; and texts of settings."""
from __future__ import annotations

import re
from datetime import date, datetime

from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE
from casework.tile_addresses import tile_fault

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

ORGAN_ID = re.compile(r"[A-Za-z0-9]{1,13}(?:\.[A-Za-z0-9]{1,13}){0,7}")
"""An identifier of a body for document exchange: H36.12.04 (QĐ 20/2020/QĐ-TTg), or the older 000.00.12.H36."""
MOST_ORGANS = 200
LONGEST_ORGAN = 200
_BOX = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,6})?(?: -?[0-9]{1,3}(?:\.[0-9]{1,6})?){3}")
_TYPES = re.compile(r"[0-9]{1,3}/[0-9]{1,3}(?: [a-z_]{1,20}=[0-9]{1,3}/[0-9]{1,3}){0,20}")


class ValueRefused(CaseworkError):
    """The setting cannot have this value; the text says which are allowed."""


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


def tile_address(text: str) -> str:
    """Parse the address of map tiles; empty for none."""
    if (fault := tile_fault(text)) is not None:
        raise ValueRefused(*fault)
    return text


def box(text: str) -> str:
    """Parse a box in degrees: south, north, west, east."""
    south, north, west, east = [float(part) for part in text.split()] if _BOX.fullmatch(text) else (0.0,) * 4
    if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
        raise ValueRefused("Cần bốn số độ: nam, bắc, tây, đông, ví dụ 8.0 23.5 102.0 110.0.",
                           "Four degrees are needed: south, north, west, east, such as 8.0 23.5 102.0 110.0.")  # fmt: skip
    return text


def organ_ids(text: str) -> str:
    """Parse identifiers of one body, the one in use first, with a space between; empty for none."""
    found = text.split()
    if len(found) > 5 or not all(ORGAN_ID.fullmatch(each) for each in found):
        raise ValueRefused("Cần mã định danh như H36.12.04, nhiều nhất 5 mã.", "Identifiers such as H36.12.04 are needed, 5 at most.")
    return " ".join(found)


def organs_with_names(text: str) -> str:
    """Parse bodies as identifier and name, with semicolons between; empty for none."""
    found = [each.strip().partition(" ") for each in text.split(";") if each.strip()]
    if len({organ for organ, _, _ in found}) < len(found):
        raise ValueRefused("Mỗi mã định danh chỉ ghi một lần.", "Each identifier stands once.")
    fits = all(ORGAN_ID.fullmatch(organ) and 0 < len(name.strip()) <= LONGEST_ORGAN and name.isprintable() for organ, _, name in found)
    if len(found) > MOST_ORGANS or not fits:
        raise ValueRefused("Cần mã định danh rồi tên, ví dụ H36.20 Sở Xây dựng; nhiều nhất 200 cơ quan.",
                           "Identifier, then name are needed, such as H36.20 Sở Xây dựng; 200 bodies at most.")  # fmt: skip
    return "; ".join(f"{organ} {' '.join(name.split())}" for organ, _, name in found)


def types_of_letters(text: str) -> str:
    """Parse Type/TypeDetail of every letter, then of single kinds."""
    if not _TYPES.fullmatch(text):
        raise ValueRefused("Cần dạng 18/0, rồi từng loại như transfer_slip=28/0.", "As in 18/0, then kinds such as transfer_slip=28/0.")
    return text
