"""Recurring outputs: a schedule whose runs the worker orders at the end of each period, and whose recipients are told.

A schedule is in the name of whoever saved it last. Its files contain what that person may see when they are made; if they no longer hold
the role, the run fails and says whom to ask. They never have personal data. They may be opened by the schedule's recipients and by
whoever may schedule in the centre, as far as they may read such a document at that moment (casework.outputs.reads_scheduled).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.kinds import AGENCY_SHEET, PERIOD_REPORT, YEARBOOK
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Account, Agency, Centre, ReportSchedule
from casework.outputs import KINDS, may_schedule, reads_scheduled, refuse_order
from casework.permissions import AGENCY_ROLES, SYSTEM, Action, Actor, NotAllowed, Role, actor_for, desk_name, require
from casework.reading.rule_rows import AgencyRow
from casework.text import normal

STREAM = "schedules"
"""The stream that records who made, changed and stopped which schedule, and what was ordered and sent again."""

LONGEST_NAME = 120
MOST_RUNNING = 200
"""Running schedules of a centre: each agency may have its own sheet."""
MOST_RECIPIENTS = 50
MOST_DAYS_AFTER = 20

EVERY = ("week", "month", "quarter", "half_year", "year")
KEEP_DAYS = (None, 90, 366, 1830)
"""How long files may be kept; None: for ever."""

CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
BY_FIGURES = ("", "field", "area", "agency")
"""The breakdowns of a table of figures."""


class ScheduleRefused(CaseworkError):
    """It cannot be scheduled, run or sent like this; the text says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a schedule: its period's name, start and cut-off, and when it is due."""

    period: str
    label: Bilingual
    since: datetime
    cut_off: datetime
    due_at: datetime


Next = Callable[..., Run]
"""`(after, centre_id=, every=, clock_time=, days_after=) -> Run`: the first run due later than an instant, as the reports define periods
(reports.statistics.due.run_after)."""


@dataclass(frozen=True, slots=True)
class Schedulable:
    """A kind of output that can be scheduled: its forms, how often, and whether it is for an agency (None: optional)."""

    kind: str
    forms: tuple[str, ...]
    every: tuple[str, ...] = EVERY
    of_agency: bool | None = False
    is_of_period: bool = True


SHEETS, TABLES = ("pdf", "xlsx"), ("xlsx", "csv", "json")

SCHEDULED: dict[str, Schedulable] = {
    each.kind: each
    for each in (
        Schedulable(PERIOD_REPORT, SHEETS),
        Schedulable(AGENCY_SHEET, SHEETS, of_agency=True),
        Schedulable("figures", TABLES, of_agency=None),
        Schedulable("late", TABLES, of_agency=None, is_of_period=False),
        Schedulable(YEARBOOK, SHEETS, every=("year",)),
    )
}
"""Everything that can be scheduled. A list of late cases is as of the moment it is made; the yearbook is a draft without a number."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changeable parts of a running schedule. `desks` are roles of the centre (of the agency, for its leader), `accounts` refs of
    people."""

    name: str
    form: str
    clock_time: str
    days_after: int
    desks: Sequence[str] = ()
    accounts: Sequence[str] = ()
    keep_days: int | None = None


def make_schedule(
    kind: str, every: str, plan: Plan, *, centre_id: int, agency: Agency | AgencyRow | None = None, broken_down_by: str = "",
    by: Actor, now: datetime, next_run: Next,
) -> ReportSchedule:  # fmt: skip
    """Schedule an output from its next period on. Records `make_schedule`.

    A schedule a deputy may make only for a principal is in the principal's name, because it outlives the deputyship. Raises NotAllowed
    unless the person may schedule and order that in the centre; ScheduleRefused where it is impossible.
    """
    require_scheduler(by, centre_id)
    chosen = SCHEDULED.get(kind)
    if chosen is None or every not in chosen.every:
        raise ScheduleRefused("Không lập lịch được loại tệp này theo kỳ đã chọn.", "This file cannot be scheduled for that kind of period.")
    refuse_order(KINDS[kind], by=by, centre_id=centre_id)
    _refuse_place(chosen, centre_id, agency)
    fitted = _fitted(chosen, plan, centre_id=centre_id, agency=agency, now=now)
    parameters = {"by": broken_down_by} if kind == "figures" and broken_down_by in BY_FIGURES[1:] else {}
    if kind == "late" and agency is not None:
        parameters = {"agency": agency.ref}
    _lock_centre(centre_id)
    _refuse_second(kind, every, fitted["form"], parameters, centre_id, agency)
    times = {"centre_id": centre_id, "every": every, "clock_time": fitted["clock_time"], "days_after": fitted["days_after"]}
    first = next_run(now, **times)
    schedule = ReportSchedule(
        kind=kind, agency_id=agency.id if agency is not None else None, parameters=parameters,
        made_by_id=_in_whose_name(kind, by=by, centre_id=centre_id, agency=agency), made_at=now,
        first_cut_off=first.cut_off, next_at=first.due_at, **{**fitted, **times},
    )  # fmt: skip
    db.session.add(schedule)
    db.session.flush()
    record_schedule("make_schedule", schedule, by=by, at=now, **_told(schedule))
    return schedule


def change_schedule(schedule: ReportSchedule, plan: Plan, *, by: Actor, now: datetime) -> None:
    """Change a schedule and its recipients; from now on it is in the name of the person who changes it, or of their principal. Records
    `change_schedule`.

    Its kind, subject and interval stay: those would be another schedule. After a change of time the worker looks at it at once, so that a
    period whose new time has passed is made and none is lost. Raises NotAllowed, ScheduleRefused.
    """
    require_scheduler(by, schedule.centre_id)
    refuse_order(KINDS[schedule.kind], by=by, centre_id=schedule.centre_id)
    if schedule.stopped_at is not None:
        raise ScheduleRefused("Lịch này đã dừng.", "This schedule has been stopped.")
    fitted = _fitted(SCHEDULED[schedule.kind], plan, centre_id=schedule.centre_id, agency=schedule.agency, now=now)
    before, when = _told(schedule), (schedule.clock_time, schedule.days_after)
    for name, value in fitted.items():
        setattr(schedule, name, value)
    schedule.made_by_id = _in_whose_name(schedule.kind, by=by, centre_id=schedule.centre_id, agency=schedule.agency)
    if when != (schedule.clock_time, schedule.days_after):
        schedule.next_at = now
    db.session.flush()
    record_schedule("change_schedule", schedule, by=by, at=now, old=before, new=_told(schedule))


def stop_schedule(schedule: ReportSchedule, *, by: Actor, now: datetime) -> None:
    """Stop a schedule; existing outputs stay as long as they are kept. Records `stop_schedule`. Stopping twice changes nothing."""
    require_scheduler(by, schedule.centre_id)
    if schedule.stopped_at is None:
        schedule.stopped_at = now
        record_schedule("stop_schedule", schedule, by=by, at=now)


def end_schedule(schedule: ReportSchedule, *, now: datetime) -> None:
    """End the schedule of a centre or agency that has ended. Records `end_schedule`."""
    schedule.stopped_at = now
    record_schedule("end_schedule", schedule, by=SYSTEM, at=now)


def ended_on(schedule: ReportSchedule) -> date | None:
    """The first day its centre or agency no longer exists; None while both do."""
    days = [row.valid_to for row in (schedule.centre, schedule.agency) if row is not None and row.valid_to is not None]
    return min(days, default=None)


def heir_of(schedule: ReportSchedule) -> ReportSchedule | None:
    """The schedule that continues where this one's centre or agency ended."""
    return db.session.scalars(select(ReportSchedule).where(ReportSchedule.follows_id == schedule.id).limit(1)).first()


def require_scheduler(by: Actor, centre_id: int) -> None:
    """Raise NotAllowed unless the person may schedule in the centre."""
    require(by, Action.SCHEDULE_REPORT)
    if not may_schedule(by, centre_id):
        raise NotAllowed


def times_of(schedule: ReportSchedule) -> dict[str, Any]:
    """The values that decide its times."""
    return {"centre_id": schedule.centre_id, "every": schedule.every, "clock_time": schedule.clock_time, "days_after": schedule.days_after}


# -- what may be -----------------------------------------------------------------------------------------------------------


def _refuse_place(chosen: Schedulable, centre_id: int, agency: Agency | AgencyRow | None) -> None:
    if agency is not None and agency.centre_id != centre_id:
        raise NotAllowed
    if chosen.of_agency is True and agency is None:
        raise ScheduleRefused("Phiếu đơn vị lập cho từng đơn vị: vui lòng chọn đơn vị.", "A sheet is of an agency: please choose one.")
    if chosen.of_agency is False and agency is not None:
        raise ScheduleRefused("Loại tệp này lập cho cả Trung tâm.", "This file is of a whole centre.")


def _fitted(chosen: Schedulable, plan: Plan, *, centre_id: int, agency: Agency | AgencyRow | None, now: datetime) -> dict[str, Any]:
    name = normal(plan.name)
    if plan.form not in chosen.forms:
        raise ScheduleRefused("Loại tệp này không có dạng đã chọn.", "This file is not made in that form.")
    if not name or len(name) > LONGEST_NAME:
        raise ScheduleRefused(f"Vui lòng đặt tên cho lịch, tối đa {LONGEST_NAME} ký tự.",
                              f"Please give the schedule a name of at most {LONGEST_NAME} characters.")  # fmt: skip
    if not CLOCK_TIME.fullmatch(plan.clock_time):
        raise ScheduleRefused("Vui lòng nhập giờ dạng 08:00.", "Please give the time as 08:00.")
    if not 0 <= plan.days_after <= MOST_DAYS_AFTER:
        raise ScheduleRefused(f"Số ngày làm việc chờ thêm từ 0 đến {MOST_DAYS_AFTER}.",
                              f"It may wait 0 to {MOST_DAYS_AFTER} working days.")  # fmt: skip
    if plan.keep_days not in KEEP_DAYS:
        raise ScheduleRefused("Vui lòng chọn thời gian giữ tệp.", "Please choose how long files are kept.")
    return {"name": name, "form": plan.form, "clock_time": plan.clock_time, "days_after": plan.days_after, "keep_days": plan.keep_days,
            "recipients": _recipients(chosen, plan, centre_id=centre_id, agency=agency, now=now)}  # fmt: skip


def _recipients(chosen: Schedulable, plan: Plan, *, centre_id: int, agency: Agency | AgencyRow | None, now: datetime) -> list[str]:
    """The recipients, desks and accounts. Raises ScheduleRefused for nobody, and for anybody who may not read the file."""
    found: list[str] = []
    for word in dict.fromkeys(plan.desks):
        if word not in (Role.OPS_LEAD, Role.COMMITTEE_LEADER, Role.AGENCY_LEADER):
            raise ScheduleRefused("Không có nơi nhận này.", "There is no such recipient.")
        if word in AGENCY_ROLES and agency is None:
            raise ScheduleRefused("Lãnh đạo đơn vị chỉ nhận tệp của đơn vị mình: vui lòng chọn đơn vị.",
                                  "A leader of an agency gets what is of that agency alone: please choose it.")  # fmt: skip
        found.append(f"desk:{desk_name(word, centre_id=centre_id, agency_id=agency.id if agency is not None else None)}")
    people = db.session.scalars(select(Account).where(Account.ref.in_(set(plan.accounts)), Account.kind == "staff"))
    accounts = {row.ref: row for row in people}
    for ref in dict.fromkeys(plan.accounts):
        account = accounts.get(ref)
        agency_id = agency.id if agency is not None else None
        if account is None or not reads_scheduled(chosen.kind, by=actor_for(account, now=now), centre_id=centre_id, agency_id=agency_id):
            who = account.full_name if account is not None else "?"
            raise ScheduleRefused(f"{who} không được xem tệp này nên không nhận được.", f"{who} may not read this file.")
        found.append(f"account:{account.id}")
    if not found:
        raise ScheduleRefused("Vui lòng chọn ít nhất một nơi nhận.", "Please choose at least one recipient.")
    if len(found) > MOST_RECIPIENTS:
        raise ScheduleRefused(f"Tối đa {MOST_RECIPIENTS} nơi nhận.", f"At most {MOST_RECIPIENTS} recipients.")
    return found


def _refuse_second(
    kind: str, every: str, form: str, parameters: Mapping[str, Any], centre_id: int, agency: Agency | AgencyRow | None
) -> None:  # fmt: skip
    running = select(ReportSchedule).where(ReportSchedule.centre_id == centre_id, ReportSchedule.stopped_at.is_(None))
    rows = list(db.session.scalars(running.limit(MOST_RUNNING)))
    if len(rows) >= MOST_RUNNING:
        raise ScheduleRefused(f"Trung tâm đang có {MOST_RUNNING} lịch, không thêm được.", f"The centre has {MOST_RUNNING} schedules.")
    wanted = (kind, every, form, dict(parameters), agency.id if agency is not None else None)
    for row in rows:
        if (row.kind, row.every, row.form, row.parameters, row.agency_id) == wanted:
            raise ScheduleRefused(f"Đã có lịch như vậy: {row.name}.", f"There is such a schedule: {row.name}.")


def _lock_centre(centre_id: int) -> None:
    """Serialise those who make a schedule of the same centre, so that no schedule exists twice."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(Centre.id).where(Centre.id == centre_id).with_for_update())


def _in_whose_name(kind: str, *, by: Actor, centre_id: int, agency: Agency | AgencyRow | None) -> int:
    """The person, or the principal where they may only act as somebody's deputy."""
    scheduled = Action.SCHEDULE_REPORT.roles
    principals = [grant.principal_id for grant in by.grants if grant.role in scheduled and grant.principal_id is not None]
    for principal_id in (None, *dict.fromkeys(principals)):
        own = replace(by, grants=tuple(grant for grant in by.grants if grant.principal_id == principal_id))
        is_read = reads_scheduled(kind, by=own, centre_id=centre_id, agency_id=agency.id if agency is not None else None)
        if is_read and may_schedule(own, centre_id):
            return principal_id or by.account_id
    return by.account_id


def _told(schedule: ReportSchedule) -> dict[str, Any]:
    columns = ("name", "form", "every", "clock_time", "days_after", "keep_days", "recipients", "agency_id", "parameters")
    return {name: getattr(schedule, name) for name in columns}


def record_schedule(type_: str, schedule: ReportSchedule, *, by: Actor, at: datetime, **more: Any) -> None:
    payload = {"schedule": schedule.ref, "kind": schedule.kind, "centre_id": schedule.centre_id, **more}
    append(STREAM, type_, by=by, at=at, payload=payload)
