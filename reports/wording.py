"""Wording for stored content in letters: limits in words, sentences with one full stop."""

from datetime import date, datetime, timedelta

from casework.local_time import LOCAL_ZONE


def due_in_words(iso: str | None) -> str:
    """hết ngày 16/03/2026 for a limit that ends with its day, 16 giờ 30 phút ngày 09/03/2026 for one within it; empty for None."""
    if not iso:
        return ""
    due = datetime.fromisoformat(iso).astimezone(LOCAL_ZONE)
    # a limit in days ends at midnight after its last day
    if (due.hour, due.minute) == (0, 0):
        return f"hết ngày {due - timedelta(days=1):%d/%m/%Y}"
    minutes = f" {due:%M} phút" if due.minute else ""
    return f"{due:%H} giờ{minutes} ngày {due:%d/%m/%Y}"


def day_of(iso: str | None) -> date | None:
    """A day from its stored form."""
    return date.fromisoformat(iso) if iso else None


def sentence(words: str) -> str:
    """A text without its final full stop, for a sentence that adds its own."""
    return words.strip().rstrip(". ")


def lines_of(words: str) -> tuple[str, ...]:
    """The non-empty lines of a text."""
    return tuple(line for line in (line.strip() for line in words.splitlines()) if line)
