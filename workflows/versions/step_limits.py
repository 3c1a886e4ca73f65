"""The limits of the live process's steps in office minutes, for comparison with how long they took."""

from datetime import datetime

from casework.calendars import calendar_of
from casework.clocks.acts import ClockKind, RuleMissing, rule_for
from casework.local_time import local_day
from casework.working_time import TimeLimit, Unit
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Element
from workflows.element_settings import limit_on
from workflows.versions.live import NoLiveVersion, live_version

OF_ONE_STEP = frozenset({ClockKind.ACCEPTANCE, ClockKind.ASSIGNMENT_ACCEPTED, ClockKind.APPROVAL, ClockKind.PUBLICATION})
"""Limits of a single step; those of a case or of an agency's part are shared by several."""


def limits_of_steps(centre_id: int, *, now: datetime) -> dict[str, int]:
    """Return the own limit of each step for an ordinary case; steps whose limit is not in working time are left out."""
    try:
        steps = definition_of(live_version(centre_id)).steps
    except NoLiveVersion:
        return {}
    day_minutes = calendar_of(centre_id).office_minutes_on(local_day(now))
    limits = {step.id: _limit_of(step, centre_id, now) for step in steps}
    return {step: minutes for step, limit in limits.items() if limit and (minutes := _office_minutes(limit, day_minutes))}


def _limit_of(step: Element, centre_id: int, now: datetime) -> TimeLimit | None:
    clock = step.properties.get("clock", "")
    if not clock:
        return limit_on(step, centre_id, now)
    if clock not in OF_ONE_STEP:
        return None
    try:
        rule = rule_for(
            ClockKind(clock), centre_id=centre_id, on=local_day(now), urgency="normal", complexity="ordinary"
        )  # fmt: skip
    except RuleMissing:
        return None
    return TimeLimit(rule.amount, Unit(rule.unit))


def _office_minutes(limit: TimeLimit, day_minutes: int) -> int:
    return {Unit.WORKING_HOURS: 60, Unit.WORKING_DAYS: day_minutes}.get(limit.unit, 0) * limit.amount
