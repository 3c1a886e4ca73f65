"""Asking an agency to work on a case: whether it may be asked, whether there is time enough, and which limits it gets."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from casework.calendars import calendar_of
from casework.clocks.acts import (
    ClockKind,
    LimitRule,
    allowance_from,
    due_for_new_agency,
    mark_extended,
    move_due,
    pauses_of,
    rule_for,
    running_clock,
    running_clocks,
    start_assignment_clock,
    start_clock,
)
from casework.clocks.complexities import SEVERAL_AGENCIES
from casework.clocks.due_changes import assignment_due, last_day_in_time, recomputed_never_earlier, under_one_working_day_left
from casework.clocks.pauses import hangs_on
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Agency, Assignment, Case, Clock
from casework.outbox import tell_desk, tell_followers, tell_reporters
from casework.permissions import Actor, Role
from casework.reading.lacking import hold_unpaused
from casework.states import AssignmentState
from casework.text import normal
from casework.working_time import TimeLimit, Unit, working_days_between

MOST_DAYS_GIVEN = 7
"""Working days after today the operations lead may give a case when agencies are asked late; the same as for an extension."""

_DAY = timedelta(days=1)


class DistributionRefused(CaseworkError):
    """The case cannot be given to these agencies; the text says why."""


class ShortTime(DistributionRefused):
    """An agency would get less than one working day (of an urgent case: no time at all) and nobody has taken responsibility for that."""


@dataclass(frozen=True)
class DayPlan:
    """How asking agencies changes the day of the case. `rule` is the longer limit of several agencies, where the case is counted anew."""

    due: datetime | None
    rule: LimitRule | None = None
    is_extended: bool = False

    @property
    def limit(self) -> TimeLimit | None:
        """The case's new limit; None where it stays."""
        return TimeLimit(self.rule.amount, Unit(self.rule.unit)) if self.rule is not None else None


def plan_day(case: Case, *, by: Actor, now: datetime, several: bool, confirms_short: bool = False, until: date | None = None) -> DayPlan:
    """Work out the case's due instant when agencies are asked now, without changing anything.

    `several` agencies have the longest normal limit, counted from the original start and never earlier. Where an agency would have less
    than one working day, the operations lead confirms it or gives the case time `until` a later day, the last in time. Raises ShortTime;
    for a day that does not fit DistributionRefused, DayTooFar. Source: rules.md, section 4, "Redo, hand back, new agency".
    """
    plan = counted_day(case, several=several)
    if not is_short(case, plan.due, now):
        if until is not None:
            raise DistributionRefused(
                "Thời hạn còn đủ nên không lùi ngày trả lời.", "There is time enough, so the day of the answer is not moved.",
                about="until",
            )
        return plan
    if not by.holds([Role.OPS_LEAD], centre_id=case.centre_id) or not (confirms_short or until is not None):
        raise ShortTime(
            "Đơn vị sẽ có chưa đến một ngày làm việc. Cần Tổ trưởng vận hành xác nhận, hoặc lùi ngày trả lời.",
            "The agency would have less than one working day. The operations lead has to confirm that, or to move the day of the answer.",
        )
    return plan if until is None else DayPlan(_given(case, plan, until, now), plan.rule, is_extended=True)


def counted_day(case: Case, *, several: bool) -> DayPlan:
    """The day of a case under the rules once one or `several` agencies work on it."""
    clock = running_clock(case, ClockKind.CASE)
    if clock is None or clock.due_at is None or not several or case.is_urgent:
        return DayPlan(case.due_at)
    hold_unpaused(case, [clock])
    on = local_day(clock.started_at)
    rule = rule_for(ClockKind.CASE, centre_id=case.centre_id, on=on, urgency=case.urgency, complexity=SEVERAL_AGENCIES)
    due = _counted_anew(case, clock, rule)
    return DayPlan(due, rule) if due != clock.due_at else DayPlan(due)


def is_short(case: Case, case_due: datetime | None, now: datetime) -> bool:
    """Whether an agency asked now would have less than one working day; for an urgent case, whether its time is over."""
    due = due_for_new_agency(case, case_due, at=now)
    if due is None:
        return False
    return due <= now if case.is_urgent else under_one_working_day_left(now, due, calendar_of(case.centre_id))


def move_day(case: Case, plan: DayPlan, *, now: datetime) -> None:
    """Move the case to the planned day, and the agencies whose limit depends on it, and tell reporters and followers."""
    clock = running_clock(case, ClockKind.CASE)
    if clock is None or clock.due_at is None or plan.due is None or plan.due == clock.due_at:
        return
    old, reason = clock.due_at, "extended_by_centre" if plan.is_extended else "several_agencies"
    without: datetime | None = clock.due_at
    if plan.rule is not None:
        without = _counted_anew(case, clock, plan.rule)
        # several agencies are a different rule, not an extension: the first promise is judged by the day told now
        clock.first_due_at = _counted_anew(case, clock, plan.rule, clock.first_due_at) or clock.first_due_at
        clock.rule_id, clock.amount, clock.unit = plan.rule.id, plan.rule.amount, plan.rule.unit
    if plan.is_extended:
        mark_extended(clock, at=now, without=without)
    move_due(clock, plan.due, case=case)
    _move_agencies(case, old, plan.due)
    tell_reporters(case, "due_moved", at=now, due_at=plan.due.isoformat(), reason=reason)
    tell_followers(case, "followed_due_moved", at=now, due_at=plan.due.isoformat())


def earlier_due(case: Case, plan: DayPlan, day: date, *, now: datetime) -> datetime:
    """Return the due instant of a cooperating agency that has to answer by the end of an earlier day than the others.

    Raises DistributionRefused when the case is urgent, the day is not earlier, or less than one working day would be left; DayTooFar.
    Source: rules.md, section 4, "others the same unless the operator sets earlier".
    """
    calendar = calendar_of(case.centre_id)
    due, latest = calendar.end_of(day, now), due_for_new_agency(case, plan.due, at=now, limit=plan.limit)
    if case.is_urgent:
        raise DistributionRefused("Hồ sơ khẩn không đặt ngày riêng cho đơn vị.", "An urgent case has no separate day for an agency.")
    if latest is None or due >= latest:
        raise DistributionRefused(
            f"Ngày {day:%d/%m/%Y} không sớm hơn hạn chung của các đơn vị.", f"{day:%d/%m/%Y} is not before the limit of all agencies."
        )
    if under_one_working_day_left(now, due, calendar):
        raise DistributionRefused(
            f"Ngày {day:%d/%m/%Y} để lại chưa đến một ngày làm việc.", f"{day:%d/%m/%Y} leaves less than one working day."
        )
    return due


def add_assignment(case: Case, agency: Agency, *, slot: str, instructions: str, by: Actor, now: datetime) -> Assignment:
    """Add an agency to the case as asked; start_work starts its limits once the rows have their ids."""
    assignment = Assignment(
        case=case, agency=agency, slot=slot, state=AssignmentState.ASKED, round=case.reopened, instructions=normal(instructions) or None,
        distributed_at=now, distributed_by_id=by.account_id,
    )  # fmt: skip
    db.session.add(assignment)
    return assignment


def start_work(assignment: Assignment, *, now: datetime, earlier: datetime | None = None) -> None:
    """Start the limits of answering and accepting, and tell the agency's officers. `earlier` is a due instant of its own."""
    case = assignment.case
    start_assignment_clock(assignment, at=now, due=earlier)
    start_clock(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    tell_desk(Role.OFFICER, "assignment_given", case=case, at=now, agency_id=assignment.agency_id, urgent=case.is_urgent)


def refuse_wrong_agencies(case: Case, agencies: list[Agency], now: datetime) -> None:
    """Raise DistributionRefused for an agency named twice, of another centre, no longer there, or with a part in this round already."""
    today = local_day(now)
    if len({agency.id for agency in agencies}) < len(agencies):
        raise DistributionRefused("Một đơn vị được chọn hai lần.", "An agency was chosen twice.")
    for agency in agencies:
        if agency.centre_id != case.centre_id or not agency.holds_on(today):
            raise DistributionRefused(
                f"{agency.name_vi} không thuộc trung tâm này hoặc đã ngừng hoạt động.",
                f"{agency.name_en} is not of this centre or no longer exists.",
            )
        own = [row for row in taking_part(case) if row.agency_id == agency.id]
        if any(row.is_open for row in own):
            raise DistributionRefused(f"{agency.name_vi} đang xử lý hồ sơ này.", f"{agency.name_en} is working on this case already.")
        if own:
            raise DistributionRefused(f"{agency.name_vi} đã trả lời hồ sơ này.", f"{agency.name_en} has answered this case already.")


def taking_part(case: Case) -> list[Assignment]:
    """The agencies that are at work or have answered since the case was opened or last reopened."""
    return [row for row in case.assignments if row.is_open or (row.approved_at is not None and row.round == case.reopened)]


def due_with_several(case: Case) -> datetime | None:
    return counted_day(case, several=True).due


def _counted_anew(case: Case, clock: Clock, rule: LimitRule, old: datetime | None = None) -> datetime | None:
    limit = TimeLimit(rule.amount, Unit(rule.unit))
    return recomputed_never_earlier(old or clock.due_at, clock.started_at, limit, calendar_of(case.centre_id), pauses_of(clock))


def _given(case: Case, plan: DayPlan, until: date, now: datetime) -> datetime:
    """The due instant at the end of a day the operations lead gives."""
    calendar, given = calendar_of(case.centre_id), calendar_of(case.centre_id).end_of(until, now)
    if plan.due is not None and given <= plan.due:
        last = last_day_in_time(plan.due, calendar)
        raise DistributionRefused(
            f"Ngày mới phải sau hạn hiện nay ({last:%d/%m/%Y}).", f"The new day must be after the present one ({last:%d/%m/%Y})."
        )
    if working_days_between(now, calendar.start_of(until), calendar) > MOST_DAYS_GIVEN:
        raise DistributionRefused(
            f"Chỉ lùi tối đa {MOST_DAYS_GIVEN} ngày làm việc kể từ hôm nay.",
            f"The new day may be at most {MOST_DAYS_GIVEN} working days from today.",
            about="until",
        )
    new_due = due_for_new_agency(case, given, at=now, limit=plan.limit)
    if new_due is not None and new_due <= now:
        raise DistributionRefused("Ngày mới chưa để lại thời gian cho đơn vị.", "The new day leaves the agency no time.")
    return given


def _move_agencies(case: Case, old: datetime, new: datetime) -> None:
    calendar = calendar_of(case.centre_id)
    rows = {assignment.id: assignment for assignment in case.open_assignments}
    for clock in running_clocks(case):
        assignment = rows.get(clock.assignment_id or 0)
        if clock.kind != ClockKind.ASSIGNMENT or assignment is None:
            continue
        due = assignment_due(new, case.is_urgent, calendar, allowance_from(case, clock.started_at))
        if hangs_on(clock.due_at, old, case.is_urgent, calendar, allowance_from(case, clock.started_at)):
            move_due(clock, max(filter(None, (due, clock.due_at)), default=None), case=case, assignment=assignment)
