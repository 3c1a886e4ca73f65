"""Pausing and resuming the limits of a case: for a question, a hold, a referral, or a refusal that was taken back."""

from datetime import datetime

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.clocks.acts import (
    ClockKind,
    allowance_from,
    limits_change,
    move_due,
    rule_for,
    run_again,
    running_clock,
    running_clocks,
    start_clock,
)
from casework.clocks.due_changes import assignment_due, shifted
from casework.db import db
from casework.local_time import local_day
from casework.models import Assignment, Case, Clock, ClockPause
from casework.outbox import tell_reporters
from casework.reading.lacking import Part, is_lacked
from casework.states import Pause
from casework.working_time import Calendar, TimeLimit, Unit, due_at, working_time
from casework.working_time import Pause as Rest

REFUSED = "refusal"
"""Why a limit was paused that a refusal had ended and an objection brought back."""


def pause_clocks(case: Case, *, pause: Pause, until: datetime | None, at: datetime) -> None:
    """Stop every running limit of a case, except of rating; none of them can expire until it is resumed.

    `until` is when the pause ends by itself, None where nothing does that. A limit that is late stays late. Source: rules.md, section 4,
    "Pauses".
    """
    case.paused_for, case.paused_until = pause, until
    limits_change(case)
    for clock in _resting_with(case):
        clock.pauses.append(ClockPause(reason=pause, since=at, due_before=clock.due_at))
        if clock.ended_at is None:
            move_due(clock, clock.due_at if clock.is_late(at) else None, case=case, assignment=_assignment_of(clock, case))


def resume_clocks(case: Case, *, at: datetime, told: bool = True) -> bool:
    """Resume the limits of a case, each later by its own unit; return whether the day promised for the answer moved.

    The reporters are told the new day, unless `told` is false because the case ends at once.
    """
    case.paused_for = case.paused_until = None
    limits_change(case)
    rests = [(clock, rest) for clock in _resting_with(case) for rest in clock.pauses if rest.until is None]
    return _go_on(case, rests, at=at, reason="pause", told=told)


def revive_clocks(case: Case, *, since: datetime, at: datetime) -> None:
    """Resume the limits that a refusal ended at `since`, as after a pause; those of agencies that left stay ended.

    The reporters are told when the day of the answer moved. Source: rules.md, sections 4 and 6.
    """
    ended = list(db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.ended_at == since).order_by(Clock.id)))
    revived = [clock for clock in ended if clock.assignment_id is None or _assignment_of(clock, case) is not None]
    for clock in revived:
        run_again(clock, case)
    rests = []
    for clock in _resting_with(case):
        if clock in revived or clock.ended_at is not None:
            rest = ClockPause(reason=REFUSED, since=since, due_before=clock.due_at)
            clock.pauses.append(rest)
            rests.append((clock, rest))
    _go_on(case, rests, at=at, reason="objection", told=True)


def start_case_clock(case: Case, *, at: datetime) -> Clock:
    """Start the limit of a case from an instant that may precede finished pauses, which do not count against it."""
    with db.session.no_autoflush:
        rests = rests_before_promise(case)
    due = None
    if rests:
        rule = rule_for(
            ClockKind.CASE, centre_id=case.centre_id, on=local_day(at), urgency=case.urgency, complexity=case.complexity
        )
        due = due_at(TimeLimit(rule.amount, Unit(rule.unit)), at, calendar_of(case.centre_id), as_rests(rests))
    clock = start_clock(case, ClockKind.CASE, at=at, due=due)
    clock.pauses.extend(ClockPause(reason=rest.reason, since=rest.since, until=rest.until) for rest in rests)
    return clock


def counted_from(case: Case, *, now: datetime) -> datetime:
    """From when the limit of a case counts: the first filing of the reports it answers, or acceptance, as frozen when it was opened.

    Reports merged in before the case was classified have no limit of their own that the merge could have compared.
    Source: rules.md, section 4, clock "case", and section 6, "The earlier due wins".
    """
    if case.clock_starts != "filing":
        return case.accepted_at or now
    return min((link.report.filed_at for link in case.reports if link.left_at is None), default=case.opened_at)


def rests_before_promise(case: Case) -> list[ClockPause]:
    """The pauses of a case whose answer day has not been promised yet, ended or not; its limit of acceptance keeps them."""
    clock = _acceptance(case) if not is_lacked(Part.PAUSES, case.id) else None
    return list(clock.pauses) if clock is not None else []


def as_rests(rests: list[ClockPause]) -> list[Rest]:
    return [Rest(rest.since, rest.until) for rest in rests]


def hangs_on(
    due: datetime | None, case_due: datetime | None, urgent: bool, calendar: Calendar, allowance: TimeLimit | None = None
) -> bool:
    """Whether an assignment's due instant is the one its case gives it, and so moves with the case's.

    Instants without office time between them are the same moment to an office: an agency given until the end of a day, or until the
    office opens on the next.
    """
    tied = assignment_due(case_due, urgent, calendar, allowance)
    if due is None or tied is None or due == tied:
        return due == tied
    return not urgent and not working_time(min(due, tied), max(due, tied), calendar)


def _go_on(case: Case, rests: list[tuple[Clock, ClockPause]], *, at: datetime, reason: str, told: bool) -> bool:
    calendar = calendar_of(case.centre_id)
    case_due: tuple[datetime | None, datetime | None] = (None, None)
    for clock, rest in sorted(rests, key=lambda each: each[0].kind != ClockKind.CASE):
        rest.until = at
        if clock.ended_at is not None or rest.due_before is None:
            continue
        due = shifted(rest.due_before, rest.since, at, Unit(clock.unit), calendar)
        if clock.extended_at is not None and clock.extended_at <= rest.since < clock.first_due_at:
            # the first promise counts without paused time, as every limit does, even if it was extended before
            clock.first_due_at = max(clock.first_due_at, shifted(clock.first_due_at, rest.since, at, Unit(clock.unit), calendar))
        if clock.kind == ClockKind.CASE:
            case_due = (rest.due_before, due)
        elif clock.kind == ClockKind.ASSIGNMENT and rest.since < rest.due_before:
            allowance = allowance_from(case, clock.started_at)
            is_tied = hangs_on(rest.due_before, case_due[0], case.is_urgent, calendar, allowance)
            due = (assignment_due(case_due[1], case.is_urgent, calendar, allowance) if is_tied else None) or due
        move_due(clock, max(due, rest.due_before), case=case, assignment=_assignment_of(clock, case))
    old, new = case_due
    moved = old is not None and new is not None and calendar.day_of(old) != calendar.day_of(new)
    if moved and told and new is not None:
        tell_reporters(case, "due_moved", at=at, due_at=new.isoformat(), reason=reason)
    return moved


def _resting_with(case: Case) -> list[Clock]:
    """The limits that pause with the case. Until the case has its own limit, which counts from filing, acceptance keeps the pauses."""
    clocks = [clock for clock in running_clocks(case) if clock.kind != ClockKind.RATING]
    acceptance = _acceptance(case) if running_clock(case, ClockKind.CASE) is None else None
    return clocks if acceptance is None or acceptance in clocks else [acceptance, *clocks]


def _acceptance(case: Case) -> Clock | None:
    query = select(Clock).where(Clock.case_id == case.id, Clock.kind == ClockKind.ACCEPTANCE).order_by(Clock.id.desc())
    return db.session.scalars(query.limit(1)).first()


def _assignment_of(clock: Clock, case: Case) -> Assignment | None:
    """The agency of a limit, while it is at work."""
    return next((row for row in case.open_assignments if row.id == clock.assignment_id), None)
