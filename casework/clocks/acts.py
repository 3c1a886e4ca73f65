"""Starting, moving and ending time limits. The arithmetic is in casework/working_time.py; the numbers are in rows (rules.md, section 4)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from sqlalchemy import bindparam, select

from casework.calendars import calendar_of
from casework.clocks.due_changes import assignment_due
from casework.clocks.reminder_ladder import Rung, ladder_of, next_rung_at
from casework.db import before_commit, db, done_before_commit, kept_for_step
from casework.local_time import local_day
from casework.models import Assignment, Case, Clock, ClockRule, Publication
from casework.reading.kept_with_rules import kept_with_rules
from casework.working_time import Pause, TimeLimit, Unit, due_at


class ClockKind(StrEnum):
    ACCEPTANCE = "acceptance"
    CASE = "case"
    ASSIGNMENT_ACCEPTED = "assignment_accepted"
    ASSIGNMENT = "assignment"
    APPROVAL = "approval"
    PUBLICATION = "publication"
    RATING = "rating"
    STEP = "step"
    """A step of the process with a limit of its own in the model; `Clock.element` names it. No rule row stands behind it."""


MARKED_URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class LimitRule:
    """A row of `clock_rule` as it was read: shared by all steps, so it belongs to no session."""

    id: int
    kind: str
    urgency: str | None
    complexity: str | None
    amount: int
    unit: str
    centre_id: int | None
    valid_from: date
    valid_to: date | None

    def fits(self, kind: ClockKind, centre_id: int | None, on: date, urgency: str | None, complexity: str | None) -> bool:
        """Whether the rule applies; an empty column applies to all."""
        return (
            self.kind == kind
            and self.valid_from <= on
            and (self.valid_to is None or on < self.valid_to)
            and self.centre_id in (centre_id, None)
            and self.urgency in (urgency, None)
            and self.complexity in (complexity, None)
        )


_follow: list[Callable[[Case], None]] = []


class RuleMissing(LookupError):
    """No clock rule is in force for this kind, urgency and day: the installation's rules are incomplete."""


def rule_for(kind: ClockKind, *, centre_id: int | None, on: date, urgency: str | None = None, complexity: str | None = None) -> LimitRule:
    """Return the rule in force: the centre's own before the installation's, the more specific before the general.

    Raises RuleMissing.
    """
    rules = [rule for rule in _all_rules() if rule.fits(kind, centre_id, on, urgency, complexity)]
    if not rules:
        raise RuleMissing(f"{kind} on {on}, urgency {urgency}, complexity {complexity}")
    return first_of(rules)


def first_of(rules: Collection[LimitRule]) -> LimitRule:
    """The rule that applies where several fit."""
    return max(rules, key=lambda rule: (rule.centre_id is not None, rule.urgency is not None, rule.complexity is not None, rule.valid_from))


def tell_limits(follow: Callable[[Case], None]) -> None:
    """Register, once when the process engine is loaded, the function that brings the engine's copy of a case's limits up to date."""
    _follow[:] = [follow]


def limits_change(case: Case) -> None:
    """Have the case's open steps follow its limits before the unit of work commits, whatever moved them."""
    if _follow:
        before_commit(("limits", case.id), partial(_follow[0], case))


def limits_are_followed(case: Case) -> None:
    """Bring the open steps of a case to its limits as they are now."""
    done_before_commit(("limits", case.id))


@kept_with_rules
def _all_rules() -> list[LimitRule]:
    """Every rule, some dozens: distributing alone asks for five."""
    columns = [getattr(ClockRule, field.name) for field in fields(LimitRule)]
    return [LimitRule(*row) for row in db.session.execute(select(*columns).order_by(ClockRule.id))]


def start_clock(
    case: Case,
    kind: ClockKind,
    *,
    at: datetime,
    urgency: str | None = None,
    complexity: str | None = None,
    assignment: Assignment | None = None,
    publication: Publication | None = None,
    due: datetime | None = None,
) -> Clock:
    """Start a limit at an instant under the rule of that day. Raises RuleMissing.

    `due` overrides the rule's own arithmetic where the limit depends on another one (an assignment's on its case's).
    """
    rule = rule_for(
        kind,
        centre_id=case.centre_id,
        on=local_day(at),
        urgency=urgency or case.urgency,
        complexity=complexity or case.complexity,
    )
    limit = TimeLimit(rule.amount, Unit(rule.unit))
    due = due or due_at(limit, at, calendar_of(case.centre_id))
    if due is None:
        raise RuleMissing(f"{kind}: no due instant")
    clock = Clock(
        case_id=case.id, assignment_id=assignment.id if assignment else None, publication_id=publication.id if publication else None,
        kind=kind, round=case.reopened, rule_id=rule.id, amount=rule.amount, unit=rule.unit, started_at=at, first_due_at=due, due_at=due,
    )  # fmt: skip
    running = _running_clocks(case)
    schedule_reminder(clock, case)
    db.session.add(clock)
    running.append(clock)
    _copy_due(clock, case, assignment)
    limits_change(case)
    return clock


def start_step_clock(case: Case, element: str, *, limit: TimeLimit, at: datetime, assignment: Assignment | None = None) -> Clock:
    """Start the limit the model gives a step. Raises BeyondTenYears where the calendar never uses it up."""
    due = due_at(limit, at, calendar_of(case.centre_id))
    if due is None:
        raise RuleMissing(f"{element}: no due instant")
    clock = Clock(
        case_id=case.id, assignment_id=assignment.id if assignment else None, kind=ClockKind.STEP, element=element, round=case.reopened,
        amount=limit.amount, unit=limit.unit, started_at=at, first_due_at=due, due_at=due,
    )  # fmt: skip
    running = _running_clocks(case)
    schedule_reminder(clock, case)
    db.session.add(clock)
    running.append(clock)
    limits_change(case)
    return clock


def start_assignment_clock(assignment: Assignment, *, at: datetime, due: datetime | None = None) -> Clock:
    """Start the limit of an agency: the case's due instant less the allowance for approval and publication, or sooner by its rule.

    `due` is an earlier one of its own.
    """
    case = assignment.case
    due = due or due_for_new_agency(case, case.due_at, at=at)
    return start_clock(case, ClockKind.ASSIGNMENT, at=at, assignment=assignment, due=due)


def due_for_new_agency(case: Case, case_due: datetime | None, *, at: datetime, limit: TimeLimit | None = None) -> datetime | None:
    """Return the due instant of an agency asked at an instant when the case is due at `case_due`; it may be over already.

    It is the case's less the allowance, but no later than the case's own limit (`limit`, where it is about to change) counted from then:
    however much time the case has left, an agency gets no more than in any other case. Source: rules.md, section 4, "Redo, hand back, new
    agency".
    """
    calendar = calendar_of(case.centre_id)
    due = assignment_due(case_due, case.is_urgent, calendar, allowance_from(case, at))
    clock = running_clock(case, ClockKind.CASE)
    if limit is None and clock is not None:
        limit = TimeLimit(clock.amount, Unit(clock.unit))
    own = due_at(limit, at, calendar) if limit is not None else None
    return min(due, own) if due is not None and own is not None else due


def allowance_from(case: Case, began: datetime, *, urgency: str | None = None) -> TimeLimit:
    """The time an agency's limit that began at an instant leaves for approval and publication, by the case's present urgency.

    Source: rules.md, section 4, clock "assignment".
    """
    on = local_day(began)
    rule = rule_for(ClockKind.ASSIGNMENT, centre_id=case.centre_id, on=on, urgency=urgency or case.urgency, complexity=case.complexity)
    return TimeLimit(rule.amount, Unit(rule.unit))


def running_clock(case: Case, kind: ClockKind, *, assignment: Assignment | None = None) -> Clock | None:
    found = [clock for clock in running_clocks(case, assignment=assignment) if clock.kind == kind]
    return found[-1] if found else None


def running_clocks(case: Case, *, assignment: Assignment | None = None) -> list[Clock]:
    """Return every running limit of a case, or of one assignment, oldest first."""
    return [
        clock for clock in _running_clocks(case) if clock.ended_at is None and (assignment is None or clock.assignment_id == assignment.id)
    ]


def running_step_clock(case: Case, element: str, *, assignment: Assignment | None = None) -> Clock | None:
    found = (clock for clock in running_clocks(case) if clock.kind == ClockKind.STEP and clock.element == element)
    return next((clock for clock in found if clock.assignment_id == (assignment.id if assignment is not None else None)), None)


def _running_clocks(case: Case) -> list[Clock]:
    """Read once per step: the case is locked, so nobody else starts or ends a limit meanwhile."""
    kept = kept_for_step()
    if ("clocks", case.id) not in kept:
        # a limit is started after this was read, so nothing that has not been sent yet belongs to it
        with db.session.no_autoflush:
            kept["clocks", case.id] = list(db.session.scalars(_RUNNING, {"case_id": case.id}))
    running: list[Clock] = kept["clocks", case.id]
    return running


_RUNNING = select(Clock).where(Clock.case_id == bindparam("case_id"), Clock.ended_at.is_(None)).order_by(Clock.id)


def hold_clocks(case: Case, running: Iterable[Clock]) -> None:
    """Keep the running limits of a locked case that were read along with something else, unless they have been read already."""
    kept_for_step().setdefault(("clocks", case.id), list(dict.fromkeys(running)))


def no_clocks_yet(case: Case) -> None:
    """Say that no limit of this case runs, because it has just been opened: nothing is asked for them."""
    kept_for_step()["clocks", case.id] = []


def read_clocks_ahead(cases: Collection[Case]) -> None:
    """Read the running limits of several locked cases at once, so that the step asks for none of them again."""
    found: dict[int, list[Clock]] = {case.id: [] for case in cases}
    for clock in db.session.scalars(select(Clock).where(Clock.case_id.in_(found), Clock.ended_at.is_(None)).order_by(Clock.id)):
        found[clock.case_id].append(clock)
    kept_for_step().update({("clocks", case_id): clocks for case_id, clocks in found.items()})


def end_clock(case: Case, kind: ClockKind, *, at: datetime, assignment: Assignment | None = None) -> Clock | None:
    """End the running limit of that kind and note whether it was late. None when none runs."""
    clock = running_clock(case, kind, assignment=assignment)
    if clock is not None:
        _end(clock, case, at)
    return clock


def end_step_clock(case: Case, element: str, *, at: datetime, assignment: Assignment | None = None) -> None:
    """End the running limit of a step that was done or no longer waits."""
    clock = running_step_clock(case, element, assignment=assignment)
    if clock is not None:
        _end(clock, case, at)


def end_all_clocks(case: Case, *, at: datetime, assignment: Assignment | None = None) -> None:
    """End every running limit of a case, or of one assignment, e.g. because it was refused or released.

    The limit of a step in an agency's process continues: it ends with the step, which may come after the agency's answer.
    """
    for clock in running_clocks(case, assignment=assignment):
        if assignment is None or clock.kind != ClockKind.STEP:
            _end(clock, case, at)


def run_again(clock: Clock, case: Case) -> None:
    """Restart an ended limit because whatever ended it was taken back. The caller moves its due instant."""
    clock.ended_at = clock.ended_late = None
    limits_change(case)
    running = _running_clocks(case)
    if clock not in running:
        running.append(clock)


def pauses_of(clock: Clock) -> list[Pause]:
    """The pauses of a limit in the form the arithmetic takes."""
    return [Pause(pause.since, pause.until) for pause in clock.pauses]


def move_due(clock: Clock, due: datetime | None, *, case: Case, assignment: Assignment | None = None) -> None:
    """Move a running limit, with the copies that lists and its step read, and its next reminder; None while it is paused.

    This is the only way to move a limit. After a pause close the pause first: paused time counts for no reminder.
    """
    clock.due_at = due
    schedule_reminder(clock, case)
    _copy_due(clock, case, assignment)
    limits_change(case)


def mark_extended(clock: Clock, *, at: datetime, without: datetime | None = None) -> None:
    """Remember that a running limit was given more time; the caller moves it. `without` is when it would be due otherwise, if not as now.

    "In time after extension" is counted separately (rules.md, section 4). Whether it was in time without the extension is judged by the
    due day as it stood at the first extension: pauses and another urgency may have moved that day since it was first promised, and later
    pauses move it on (casework/clocks/pauses.py).
    """
    if clock.extended_at is None:
        clock.first_due_at = without or clock.due_at or clock.first_due_at
    clock.extended_at = at


def schedule_reminder(clock: Clock, case: Case, *, climbed: Collection[int] = ()) -> None:
    """Set when the job next has to look at the limit's reminder ladder; None when it is paused, has ended or has none.

    `climbed` are the rungs already climbed. Callers that start or move a limit may leave them out: at worst the job looks once too early,
    and it never climbs a rung twice. Source: rules.md, section 4, "Reminders".
    """
    resting = clock.ended_at is not None or clock.due_at is None
    clock.remind_at = None if resting else next_rung_at(ladder_for(clock, case), clock, calendar_of(case.centre_id), climbed)


def ladder_for(clock: Clock, case: Case) -> list[Rung]:
    """The rungs of a limit under the rules of the day it began, by the case's present urgency."""
    return ladder_of(
        clock.kind, centre_id=case.centre_id, on=local_day(clock.started_at), urgency=_urgency_of(clock, case)
    )


def _urgency_of(clock: Clock, case: Case) -> str:
    """The urgency of a limit: until a case is classified, only its limit of acceptance knows that it was sent as urgent."""
    if clock.kind != ClockKind.ACCEPTANCE:
        return case.urgency
    rule = next((rule for rule in _all_rules() if rule.id == clock.rule_id), None)
    return (rule and rule.urgency) or case.urgency


def _end(clock: Clock, case: Case, at: datetime) -> None:
    clock.ended_at, clock.ended_late, clock.remind_at = at, clock.is_late(at), None
    limits_change(case)


def _copy_due(clock: Clock, case: Case, assignment: Assignment | None) -> None:
    if clock.kind == ClockKind.CASE:
        case.due_at = clock.due_at
    elif clock.kind == ClockKind.ASSIGNMENT and assignment is not None:
        assignment.due_at = clock.due_at
