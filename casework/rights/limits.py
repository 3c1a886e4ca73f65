"""The time a centre has for requests about personal data.

Law 91/2025/QH15 and Decree 356/2025/NĐ-CP (in force 01/01/2026): the person is answered within 2 working days; processing stops within 15
days (restriction, withdrawal of consent); other requests are carried out within 10 to 20 days; each may be extended once, by 15 days at
most, with a reason. The numbers are settings an administrator may shorten, never lengthen.
"""

from datetime import date, datetime, timedelta

from casework.calendars import calendar_of
from casework.setting_values import value_of
from casework.working_time import TimeLimit, Unit, due_at

ANSWER, RESTRICTION, DONE, EXTENSION = "data_answer_days", "data_restriction_days", "data_done_days", "data_extension_days"


def answer_due(centre_id: int, at: datetime) -> datetime:
    """The first instant at which the first answer to the person is late, in the centre's working days."""
    return _due(centre_id, ANSWER, Unit.WORKING_DAYS, at)


def done_due(kind: str, centre_id: int, at: datetime) -> datetime:
    """The first instant at which carrying out a request of that kind is late, in calendar days."""
    return _due(centre_id, RESTRICTION if kind == "restriction" else DONE, Unit.CALENDAR_DAYS, at)


def most_extension(centre_id: int) -> int:
    return int(value_of(EXTENSION, centre_id))


def extended_due(done_due_at: datetime, days: int, centre_id: int) -> datetime:
    """The due instant of a request extended by some calendar days."""
    calendar = calendar_of(centre_id)
    last: date = calendar.day_of(done_due_at)
    return calendar.start_of(last + timedelta(days=days))


def _due(centre_id: int, key: str, unit: Unit, at: datetime) -> datetime:
    due = due_at(TimeLimit(int(value_of(key, centre_id)), unit), at, calendar_of(centre_id))
    if due is None:
        raise ValueError("a limit without pauses always ends")
    return due
