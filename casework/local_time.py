"""The local time zone, and local days."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def local_day(instant: datetime) -> date:
    return instant.astimezone(LOCAL_ZONE).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


def last_day(due_at: datetime) -> date:
    """The last local day at least partly in time: a limit in working days is due at midnight after it."""
    return local_day(due_at - timedelta(microseconds=1))


def by_day(due_at: datetime) -> datetime:
    """The end of the last local day at least partly in time: all the public may know of a limit."""
    return midnight(last_day(due_at) + timedelta(days=1))
