"""A day becomes off, or worked, or ordinary again; then every limit that runs is counted anew, case by case."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select

from casework.calendars import RULES_STREAM, calendar_of
from casework.cases import lock_case
from casework.clocks import ClockKind, move_due, running_clocks
from casework.db import db, unit_of_work
from casework.due_changes import assignment_due, last_day_in_time, recomputed_for_calendar
from casework.errors import CaseworkError
from casework.events import append, record
from casework.folding import normal
from casework.models import Assignment, CalendarChange, CalendarDay, Case, Clock, ClockPause, Event, EventStream
from casework.outbox import tell_reporters
from casework.pauses import as_rests, hangs_on
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, Role, require
from casework.working_time import Calendar, TimeLimit, Unit, due_at, working_days_between

VERB = "set_calendar_day"
KINDS = ("off", "worked")
LONGEST_LABEL = 120
ON_THE_CALENDAR = frozenset({Unit.WORKING_DAYS, Unit.WORKING_HOURS})
_MOMENT = timedelta(microseconds=1)


class CalendarChangeRefused(CaseworkError):
    """The day cannot be set so; the text says why."""


def set_calendar_day(
    *, centre_id: int | None, day: date, kind: str | None, label_vi: str, label_en: str, source: str, by: Actor, now: datetime
) -> CalendarChange:
    """Make a local day off or worked for a centre (None: for all), or with `kind` None as its weekday is.

    A centre's own row takes precedence over the installation's. Open limits are counted anew by recount_after_calendar_change.
    Recorded as `set_calendar_day` in the stream of the rules. Raises NotAllowed for an administrator of another centre, and for
    all centres to any but an administrator of the installation; CalendarChangeRefused. Source: rules.md, section 4.
    """
    require(by, Action.CHANGE_CALENDAR)
    if not any(grant.role == Role.ADMINISTRATOR and grant.centre_id in (None, centre_id) for grant in by.grants):
        raise NotAllowed
    vi, en, source = normal(label_vi), normal(label_en), normal(source)
    # of two who set the same day at once the second reads what the first has written
    db.session.get(EventStream, RULES_STREAM, with_for_update=True)
    row = db.session.scalars(_rows_of(centre_id).where(CalendarDay.day == day)).first()
    _refuse(row, kind, vi, en, source)
    change = CalendarChange(centre_id=centre_id, changed_by_id=by.account_id, changed_at=now)
    db.session.add(change)
    db.session.flush()
    told = {"change": change.id, "centre_id": centre_id, "day": day.isoformat(), "kind": kind, "before": row.kind if row else None}
    append(RULES_STREAM, VERB, by=by, at=now, payload=told)
    if kind is None:
        db.session.delete(row)
    else:
        row = row or CalendarDay(centre_id=centre_id, day=day)
        row.kind, row.label_vi, row.label_en, row.source = kind, vi, en, source
        db.session.add(row)
    return change


def recount_after_calendar_change(now: datetime, limit: int = 50) -> int:
    """Count the open limits of at most `limit` cases anew; returns how many cases were looked at.

    The oldest change first, each case in a unit of work of its own which also remembers how far the change has come: killed
    anywhere, the next run goes on from there. Workers beside each other take turns at the row of the change.
    """
    done = 0
    while done < limit:
        with unit_of_work():
            change = _oldest_open_change()
            if change is None:
                break
            case_id = _next_case(change)
            if case_id is None:
                change.finished_at = now
                continue
            _recount(lock_case(case_id), change, now)
            change.last_case_id = case_id
        done += 1
    return done


def _refuse(row: CalendarDay | None, kind: str | None, vi: str, en: str, source: str) -> None:
    if kind is None:
        if row is None:
            raise CalendarChangeRefused("Ngày này không có trong lịch.", "This day is not in the calendar.")
        return
    if kind not in KINDS:
        raise CalendarChangeRefused("Vui lòng chọn ngày nghỉ hoặc ngày làm việc.", "Please choose a day off or a day worked.")
    if not vi or not en or max(len(vi), len(en)) > LONGEST_LABEL:
        raise CalendarChangeRefused(
            f"Vui lòng ghi tên ngày bằng hai thứ tiếng, tối đa {LONGEST_LABEL} ký tự.",
            f"Please name the day in both languages, {LONGEST_LABEL} characters at most.",
        )
    if not source:
        raise CalendarChangeRefused("Vui lòng ghi số văn bản quy định ngày này.", "Please name the act that sets this day.")
    if row is not None and row.kind == kind and (row.label_vi, row.label_en, row.source) == (vi, en, source):
        raise CalendarChangeRefused("Ngày này đã được ghi như vậy.", "This day is set so already.")


def _oldest_open_change() -> CalendarChange | None:
    query = select(CalendarChange).where(CalendarChange.finished_at.is_(None)).order_by(CalendarChange.id).limit(1)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update()
    return db.session.scalars(query).first()


def _next_case(change: CalendarChange) -> int | None:
    """The next case with a limit that runs, open pauses included."""
    query = select(Clock.case_id).where(Clock.ended_at.is_(None), Clock.case_id > change.last_case_id, Clock.unit.in_(ON_THE_CALENDAR))
    if change.centre_id is not None:
        query = query.join(Case, Case.id == Clock.case_id).where(Case.centre_id == change.centre_id)
    return db.session.scalar(query.order_by(Clock.case_id).limit(1))


@dataclass(frozen=True)
class _Calendars:
    """Before the change and now. Changes that wait behind it are undone in `before` as well."""

    before: Calendar
    now: Calendar


def _calendars(centre_id: int, change: CalendarChange) -> _Calendars:
    now = calendar_of(centre_id)
    waiting = select(CalendarChange.id).where(CalendarChange.id >= change.id, CalendarChange.finished_at.is_(None))
    ids = set(db.session.scalars(waiting))
    days = {scope: {row.day: row.kind for row in db.session.scalars(_rows_of(scope))} for scope in (None, centre_id)}
    query = select(Event).where(Event.stream == RULES_STREAM, Event.type == VERB, Event.at >= change.changed_at).order_by(Event.seq.desc())
    for told in (event.payload or {} for event in db.session.scalars(query)):
        if told.get("change") not in ids or told.get("centre_id") not in days:
            continue
        day, kinds = date.fromisoformat(told["day"]), days[told["centre_id"]]
        kinds.pop(day, None)
        if told["before"] is not None:
            kinds[day] = told["before"]
    before = Calendar.from_rows((days[None] | days[centre_id]).items())
    return _Calendars(replace(before, office_hours=now.office_hours), now)


def _rows_of(centre_id: int | None) -> Select[CalendarDay]:
    return select(CalendarDay).where(CalendarDay.centre_id.is_not_distinct_from(centre_id))


def _recount(case: Case, change: CalendarChange, now: datetime) -> None:
    calendars = _calendars(case.centre_id, change)
    agencies = {assignment.id: assignment for assignment in case.open_assignments}
    whole: tuple[datetime, datetime] | None = None
    for clock in sorted(running_clocks(case), key=lambda each: each.kind != ClockKind.CASE):
        old, assignment = _present_due(clock), agencies.get(clock.assignment_id or 0)
        if old is None or Unit(clock.unit) not in ON_THE_CALENDAR:
            continue
        hangs = clock.kind == ClockKind.ASSIGNMENT and hangs_on(old, whole[0] if whole else case.due_at, case.is_urgent, calendars.before)
        if hangs:
            tied = assignment_due(whole[1] if whole else case.due_at, case.is_urgent, calendars.now)
            new = max(old, tied) if tied is not None and old > _passed_at(clock, now) else old
        else:
            new = _counted_anew(clock, old, calendars, now)
        if clock.kind == ClockKind.CASE:
            whole = (old, new)
        if new != old:
            _move(clock, old, new, case, assignment, change, now)
    if whole is not None and calendars.now.day_of(whole[0]) != calendars.now.day_of(whole[1]) and case.paused_for is None:
        tell_reporters(case, "due_moved", at=now, due_at=whole[1].isoformat(), reason="calendar")


def _move(
    clock: Clock, old: datetime, new: datetime, case: Case, assignment: Assignment | None, change: CalendarChange, now: datetime
) -> None:
    agency = assignment.agency.key if assignment is not None else None
    told = {"clock": clock.kind, "agency": agency, "old": old.isoformat(), "new": new.isoformat(), "change": change.id}
    record(case, "recount_due", by=SYSTEM, at=now, **told)
    rest = _open_rest(clock)
    if rest is not None:
        rest.due_before = new
    else:
        move_due(clock, new, case=case, assignment=assignment)


def _counted_anew(clock: Clock, old: datetime, calendars: _Calendars, now: datetime) -> datetime:
    """The due instant under the new calendar, of as many days or office hours as led to the present one under the old calendar.

    For a limit nobody moved those are the rule's own; an extension keeps its working days, a limit taken over from an earlier case too.
    """
    rests = as_rests([rest for rest in clock.pauses if rest.until is not None])
    unit, amount = Unit(clock.unit), clock.amount
    if unit is Unit.WORKING_DAYS or clock.kind == ClockKind.ASSIGNMENT:
        # an agency's own limit is stored as what it leaves of the case's, and one set by hand is a day
        unit = Unit.WORKING_DAYS
        amount = working_days_between(clock.started_at, old - _MOMENT, calendars.before, rests)
    elif due_at(TimeLimit(amount, unit), clock.started_at, calendars.before, rests) != old:
        return old
    if amount < 1:
        return old
    new = recomputed_for_calendar(old, clock.started_at, TimeLimit(amount, unit), calendars.now, rests, _passed_at(clock, now)) or old
    if unit is Unit.WORKING_DAYS and last_day_in_time(new, calendars.now) == last_day_in_time(old, calendars.now):
        return old
    return new


def _present_due(clock: Clock) -> datetime | None:
    """The due instant, or while the limit rests the one it will start again from."""
    rest = _open_rest(clock)
    return clock.due_at if rest is None else rest.due_before


def _passed_at(clock: Clock, now: datetime) -> datetime:
    """The instant until which the limit has run: what had passed by then is not revived."""
    rest = _open_rest(clock)
    return now if rest is None else rest.since


def _open_rest(clock: Clock) -> ClockPause | None:
    return next((rest for rest in clock.pauses if rest.until is None), None)
