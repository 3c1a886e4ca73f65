"""Wording of time limits: "Còn 5 giờ", "Trễ 2 ngày", "Hạn 19/07/2023"."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from casework.lateness import is_late
from casework.local_time import LOCAL_ZONE, last_day, local_day
from casework.models import Clock
from casework.public.limits import PublicLimit

SOON = timedelta(days=1)
"""Below this remaining time, hours are shown instead of a day."""


@dataclass(frozen=True, slots=True)
class DueWords:
    """The text of a due chip. `state` is late, soon, ok, paused, kept or missed; `at` the first late instant.

    `short` fits a row of a list; empty where `words` are short enough.
    """

    state: str
    words: str
    at: datetime | None
    short: str = ""


def due_words(limit: Clock | PublicLimit | datetime | None, *, now: datetime) -> DueWords | None:
    """The wording of a limit; None when there is none."""
    if limit is None:
        return None
    if isinstance(limit, datetime):
        return _running(limit, now)
    if isinstance(limit, PublicLimit):
        return _by_day(limit, now)
    if limit.ended_at is not None:
        return _ended(limit)
    if limit.due_at is None or limit.is_paused:
        return DueWords("paused", _("Paused"), limit.due_at)
    return _running(limit.due_at, now)


def day_words(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def limit_words(due_at: datetime) -> str:
    """The end of a limit: a day alone when the whole day is in time, else with the hour."""
    local = due_at.astimezone(LOCAL_ZONE)
    return day_words(last_day(due_at)) if local.time() == time() else f"{local:%H:%M %d/%m/%Y}"


def short_limit_words(due_at: datetime, *, now: datetime) -> str:
    """`limit_words` for a row of a list: without the year while it is this one."""
    local, day = due_at.astimezone(LOCAL_ZONE), last_day(due_at)
    is_this_year = day.year == now.astimezone(LOCAL_ZONE).year
    words = f"{day:%d/%m}" if is_this_year else day_words(day)
    return words if local.time() == time() else f"{local:%H:%M} {words}"


def _running(due_at: datetime, now: datetime) -> DueWords:
    if is_late(due_at, now):
        return DueWords("late", _("%(span)s late", span=span_words(now - due_at)), due_at)
    if due_at - now < SOON:
        return DueWords("soon", _("%(span)s left", span=span_words(due_at - now)), due_at)
    return DueWords("ok", _("Due %(day)s", day=limit_words(due_at)), due_at, short_limit_words(due_at, now=now))


def _by_day(limit: PublicLimit, now: datetime) -> DueWords:
    """What the public may know of a limit: days, but no hours, neither remaining nor late."""
    days = limit.days_late(now)
    if limit.ended_at is None and (limit.due_on is None or limit.is_paused):
        return DueWords("paused", _("Paused"), None)
    if days is not None:
        words = ngettext("%(num)s day late", "%(num)s days late", days) if days else _("Late")
        return DueWords("late" if limit.ended_at is None else "missed", words, None)
    if limit.ended_at is not None or limit.due_on is None:
        return DueWords("kept", _("In time"), None)
    is_last = limit.due_on == local_day(now)
    return DueWords("soon" if is_last else "ok", _("Due %(day)s", day=day_words(limit.due_on)), None)


def _ended(clock: Clock) -> DueWords:
    ended_at = clock.ended_at
    if clock.due_at is None or ended_at is None or ended_at < clock.due_at:
        return DueWords("kept", _("In time"), clock.due_at)
    return DueWords("missed", _("%(span)s late", span=span_words(ended_at - clock.due_at)), clock.due_at)


def span_words(span: timedelta) -> str:
    """A duration in its largest whole unit, never 0."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return str(ngettext("%(num)s minute", "%(num)s minutes", max(minutes, 1)))
    if minutes < 60 * 24:
        return str(ngettext("%(num)s hour", "%(num)s hours", minutes // 60))
    return str(ngettext("%(num)s day", "%(num)s days", minutes // (60 * 24)))
