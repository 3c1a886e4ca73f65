"""How letters say what was kept of a case: limits as one reads them aloud, sentences that end once."""

from datetime import date, datetime, timedelta

from casework.local_time import LOCAL_ZONE


def due_in_words(iso: str | None) -> str:
    """hết ngày 16/03/2026 where a limit ends with its day, 16 giờ 30 phút ngày 09/03/2026 where it ends within it; empty for none."""
    if not iso:
        return ""
    due = datetime.fromisoformat(iso).astimezone(LOCAL_ZONE)
    # a limit of days ends at midnight after its last day
    if (due.hour, due.minute) == (0, 0):
        return f"hết ngày {due - timedelta(days=1):%d/%m/%Y}"
    minutes = f" {due:%M} phút" if due.minute else ""
    return f"{due:%H} giờ{minutes} ngày {due:%d/%m/%Y}"


def day_of(iso: str | None) -> date | None:
    """A day as it was kept."""
    return date.fromisoformat(iso) if iso else None


def sentence(words: str) -> str:
    """Words without their last full stop, for a sentence that sets its own."""
    return words.strip().rstrip(". ")


def lines_of(words: str) -> tuple[str, ...]:
    """The lines somebody typed, without the empty ones."""
    return tuple(line for line in (line.strip() for line in words.splitlines()) if line)
