"""Previews of the limits an act would set, by the same rules and arithmetic as the act itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.assignments.asking import counted_day, is_short, taking_part
from casework.calendars import calendar_of
from casework.clocks.acts import ClockKind, LimitRule, due_for_new_agency, rule_for
from casework.clocks.complexities import AT_FILING, complexities_for
from casework.clocks.pauses import as_rests, counted_from, rests_before_promise
from casework.local_time import local_day
from casework.models import Case
from casework.reading.lacking import Part, is_lacked
from casework.working_time import Pause, TimeLimit, Unit, due_at


@dataclass(frozen=True)
class CaseLimit:
    """The answer day a classification would promise, and the rule's length; `due_at` is the first late instant."""

    urgency: str
    complexity: str
    amount: int
    unit: str
    due_at: datetime


@dataclass(frozen=True)
class DistributionLimits:
    """The limits a distribution would set; the case's own may move later when several agencies are asked.

    Where the time `is_short`, the operations lead has to confirm it or move the day of the answer.
    """

    case_due_at: datetime | None
    moves_case: bool
    accept_by: datetime
    answer_by: datetime | None
    is_short: bool


def case_limits(case: Case, *, now: datetime) -> list[CaseLimit]:
    """The limit of each choice: normal by complexity, and urgent, whose limit does not depend on it."""
    started_at, rests = counted_from(case, now=now), [] if is_lacked(Part.PAUSES, case.id) else as_rests(rests_before_promise(case))
    rated = complexities_for(case, now=now, counted_from=started_at)
    choices = [*(("normal", row.key) for row in rated), ("urgent", AT_FILING)]
    return [_case_limit(case, urgency, complexity, now, started_at, rests) for urgency, complexity in choices]


def part_limits(case: Case, *, now: datetime) -> list[CaseLimit]:
    """The limit of each choice for a part split off a case now: it counts from then."""
    rated = complexities_for(case, now=now, counted_from=now)
    choices = [*(("normal", row.key) for row in rated), ("urgent", AT_FILING)]
    return [_case_limit(case, urgency, complexity, now, now, ()) for urgency, complexity in choices]


def distribution_limits(case: Case, *, agencies: int, now: datetime) -> DistributionLimits:
    """The limits of each agency when `agencies` are asked in addition to those at work (rules.md, section 4, "several agencies")."""
    plan = counted_day(case, several=agencies + len(taking_part(case)) > 1)
    rule = _rule(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now)
    accept_by = due_at(TimeLimit(rule.amount, Unit(rule.unit)), now, calendar_of(case.centre_id))
    return DistributionLimits(
        case_due_at=plan.due,
        moves_case=plan.due != case.due_at,
        accept_by=accept_by or now,
        answer_by=due_for_new_agency(case, plan.due, at=now, limit=plan.limit),
        is_short=is_short(case, plan.due, now),
    )


def _case_limit(case: Case, urgency: str, complexity: str, now: datetime, started_at: datetime, rests: Sequence[Pause]) -> CaseLimit:
    rule = _rule(case, ClockKind.CASE, at=started_at, urgency=urgency, complexity=complexity)
    due = due_at(TimeLimit(rule.amount, Unit(rule.unit)), started_at, calendar_of(case.centre_id), rests)
    return CaseLimit(urgency, complexity, rule.amount, rule.unit, due or now)


def _rule(case: Case, kind: ClockKind, *, at: datetime, urgency: str | None = None, complexity: str | None = None) -> LimitRule:
    return rule_for(
        kind,
        centre_id=case.centre_id,
        on=local_day(at),
        urgency=urgency or case.urgency,
        complexity=complexity or case.complexity,
    )
