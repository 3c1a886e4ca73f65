"""What a form of settings holds, as days and local times. The browser's own fields send 2026-03-02 and 2026-03-02T07:30."""

from datetime import date, datetime

from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE


class DayRefused(CaseworkError):
    """No day or time can be read."""


def typed_day(text: str) -> date | None:
    """A local day; None for an empty field. Raises DayRefused."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date() if text.strip() else None  # noqa: DTZ007  # a day, no instant
        except ValueError:
            continue
    raise DayRefused("Cần ngày dạng 02/03/2026.", "A day such as 02/03/2026 is needed.")


def typed_instant(text: str) -> datetime:
    """A local time of a day. Raises DayRefused."""
    for form in ("%Y-%m-%dT%H:%M", "%H:%M %d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=LOCAL_ZONE)
        except ValueError:
            continue
    raise DayRefused("Cần giờ và ngày dạng 07:30 02/03/2026.", "A time and day such as 07:30 02/03/2026 is needed.")
