"""Durations in words."""

from datetime import timedelta

from casework.bilingual import Bilingual

UNITS = (
    (timedelta(days=1), "ngày", "days"), (timedelta(hours=1), "giờ", "hours"), (timedelta(minutes=1), "phút", "minutes"),
    (timedelta(seconds=1), "giây", "seconds"),
)  # fmt: skip


def span(time: timedelta) -> Bilingual:
    """As `5 phút` and `5 minutes`: whole units, the largest of which there are at least two."""
    size, vi, en = next((unit for unit in UNITS if time >= 2 * unit[0]), UNITS[-1])
    number = max(int(time / size), 0)
    return Bilingual(f"{number} {vi}", f"{number} {en if number != 1 else en[:-1]}")
