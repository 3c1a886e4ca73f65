"""Quiet hours: when only urgent messages are sent, by the centre's own hours in local time."""

from datetime import datetime, time, timedelta

from casework.local_time import LOCAL_ZONE
from casework.setting_values import value_of


def quiet_until(now: datetime, centre_id: int | None) -> datetime | None:
    """When the quiet hours around `now` end; None outside them, and where both hours are the same."""
    begin, end = (time.fromisoformat(value_of(key, centre_id)) for key in ("quiet_from", "quiet_until"))
    local = now.astimezone(LOCAL_ZONE)
    today_ends = datetime.combine(local.date(), end, LOCAL_ZONE)
    if begin < end:
        return today_ends if begin <= local.time() < end else None
    if begin > end and local.time() >= begin:
        return today_ends + timedelta(days=1)
    return today_ends if begin > end and local.time() < end else None
