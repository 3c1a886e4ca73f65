"""Which limits of a case move, and where to, when its calendar changes. Pure: nothing is written.

Both the recount after a change and the preview before it use this, so the preview shows what will happen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from casework.clocks.acts import ClockKind, allowance_from
from casework.clocks.due_changes import assignment_due, last_day_in_time, recomputed_for_calendar
from casework.clocks.pauses import as_rests, hangs_on
from casework.models import Assignment, Case, Clock, ClockPause
from casework.working_time import Calendar, TimeLimit, Unit, due_at, working_days_between

ON_THE_CALENDAR = frozenset({Unit.WORKING_DAYS, Unit.WORKING_HOURS})
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Calendars:
    """The calendar before and after the changes."""

    before: Calendar
    after: Calendar
    changed_at: datetime


@dataclass(frozen=True)
class Move:
    """A limit and its new due instant; for a paused one the instant it will start again from."""

    clock: Clock
    assignment: Assignment | None
    old: datetime
    new: datetime


def moves_of(case: Case, running: Iterable[Clock], calendars: Calendars, now: datetime) -> Iterator[Move]:
    """The running limits of a case that move, its own first. Passed limits are not revived, and promised days never move earlier."""
    agencies = {assignment.id: assignment for assignment in case.open_assignments}
    case_due = (case.due_at, case.due_at)
    for clock in sorted(running, key=lambda each: each.kind != ClockKind.CASE):
        old = present_due(clock)
        if old is None or Unit(clock.unit) not in ON_THE_CALENDAR:
            continue
        new = old
        if old > _passed_at(clock, now):
            allowance = allowance_from(case, clock.started_at)
            hangs = clock.kind == ClockKind.ASSIGNMENT and _hangs_on(old, case_due[0], case.is_urgent, calendars, allowance)
            new = _after_case(old, case_due, case.is_urgent, calendars, allowance) if hangs else _counted_anew(clock, old, calendars, now)
        if clock.kind == ClockKind.CASE:
            case_due = (old, new)
        if new != old:
            yield Move(clock, agencies.get(clock.assignment_id or 0), old, new)


def open_rest(clock: Clock) -> ClockPause | None:
    """The pause a limit is in now."""
    return next((rest for rest in clock.pauses if rest.until is None), None)


def present_due(clock: Clock) -> datetime | None:
    """The due instant, or for a paused limit the one it will start again from."""
    rest = open_rest(clock)
    return clock.due_at if rest is None else rest.due_before


def _hangs_on(due: datetime, case_due: datetime | None, urgent: bool, calendars: Calendars, allowance: TimeLimit) -> bool:
    """Whether a limit still depends on its case's: an agency asked after the change got its limit under the new calendar already."""
    return any(hangs_on(due, case_due, urgent, calendar, allowance) for calendar in (calendars.before, calendars.after))


def _after_case(
    old: datetime, case_due: tuple[datetime | None, datetime | None], urgent: bool, calendars: Calendars, allowance: TimeLimit
) -> datetime:
    """The new due instant of an agency's limit that follows its case."""
    tied = assignment_due(case_due[1], urgent, calendars.after, allowance)
    return old if tied is None or case_due[0] == case_due[1] else max(old, tied)


def _counted_anew(clock: Clock, old: datetime, calendars: Calendars, now: datetime) -> datetime:
    """The due instant under the new calendar, of as many days or office hours as led to the present one under the old calendar.

    For a limit nobody moved these are the rule's own; an extension keeps its working days, and so does an earlier day set by an operator.
    """
    rests = as_rests([rest for rest in clock.pauses if rest.until is not None])
    unit, amount = Unit(clock.unit), clock.amount
    is_own = clock.kind != ClockKind.ASSIGNMENT  # an agency's limit is stored as what it leaves of the case's, not as its length
    was_extended = clock.extended_at is not None and clock.extended_at < calendars.changed_at
    if is_own and not was_extended and due_at(TimeLimit(amount, unit), clock.started_at, calendars.after, rests) == old:
        return old  # begun after the change, or a day given back that nobody took
    if is_own and unit is Unit.WORKING_HOURS:
        is_unmoved = due_at(TimeLimit(amount, unit), clock.started_at, calendars.before, rests) == old
        amount = amount if is_unmoved else 0
    else:
        unit, amount = Unit.WORKING_DAYS, working_days_between(clock.started_at, old - _MOMENT, calendars.before, rests)
    if amount < 1:
        return old
    new = recomputed_for_calendar(old, clock.started_at, TimeLimit(amount, unit), calendars.after, rests, _passed_at(clock, now)) or old
    is_same_day = last_day_in_time(new, calendars.after) == last_day_in_time(old, calendars.after)
    return old if unit is Unit.WORKING_DAYS and is_same_day else new


def _passed_at(clock: Clock, now: datetime) -> datetime:
    """The instant until which the limit has run: what had passed by then is not revived."""
    rest = open_rest(clock)
    return now if rest is None else rest.since
