"""The zone in which everything happens, and the day of an instant in it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def local_day(instant: datetime) -> date:
    """The local day of an instant."""
    return instant.astimezone(LOCAL_ZONE).date()
