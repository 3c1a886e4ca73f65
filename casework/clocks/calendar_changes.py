"""Making a day off or worked, or leaving it to its day of the week again, after which every running limit is counted anew, case by case."""

import logging
from datetime import date, datetime

from sqlalchemy import Select, or_, select

from casework.calendars import RULES_STREAM, HoursRow, calendar_from, calendar_of, hours_of_scope
from casework.cases import lock_case
from casework.clocks.acts import ClockKind, move_due, running_clocks
from casework.clocks.calendar_moves import ON_THE_CALENDAR, Calendars, Move, moves_of, open_rest
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.events import append, record
from casework.models import CalendarChange, CalendarDay, Case, Clock, Event, EventStream
from casework.outbox import tell_reporters
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, Role, require
from casework.sentences import Known, Payload, Said, always, says
from casework.text import normal
from casework.verbs import NO_KIND, Verb

LOGGER = logging.getLogger("langbiang.calendar_changes")

VERB = "set_calendar_day"
HOURS_VERB = "set_office_hours"
RECOUNTED = "recount_due"
KINDS = ("off", "worked")
LONGEST_LABEL = 120


class CalendarChangeRefused(CaseworkError):
    """The day cannot be set like this; the text says why."""


def set_calendar_day(
    *, centre_id: int | None, day: date, kind: str | None, label_vi: str, label_en: str, source: str, by: Actor, now: datetime
) -> CalendarChange:
    """Make a local day off or worked for a centre (None: for all), or with `kind` None remove that row again.

    A centre's own row takes precedence over the installation's; without either the day of the week counts. Open limits are counted anew
    by recount_after_calendar_change. Recorded as `set_calendar_day` in the stream of the rules. Raises NotAllowed for an administrator of
    another centre, and for all centres to any but an administrator of the installation; CalendarChangeRefused. Source: rules.md, section
    4.
    """
    require_calendar_of(by, centre_id)
    vi, en, source = normal(label_vi), normal(label_en), normal(source)
    # of two people who set the same day at once, the second reads what the first has written
    db.session.get(EventStream, RULES_STREAM, with_for_update=True)
    row = db.session.scalars(_rows_of(centre_id).where(CalendarDay.day == day)).first()
    refuse_day(row, kind, vi, en, source)
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


def require_calendar_of(by: Actor, centre_id: int | None) -> None:
    """Raise NotAllowed unless the person may change the calendar of that centre, or with None of the whole installation."""
    require(by, Action.CHANGE_CALENDAR)
    if not any(grant.role == Role.ADMINISTRATOR and grant.centre_id in (None, centre_id) for grant in by.grants):
        raise NotAllowed


def recount_after_calendar_change(now: datetime, limit: int = 50) -> int:
    """Count the open limits of at most `limit` cases anew; returns how many cases were looked at.

    Each case is counted in its own unit of work, once for all changes waiting for it; that also records the progress of each change, so a
    killed run is continued by the next. Parallel workers take turns at the rows of the changes. A case that cannot be counted is put off:
    the others continue, every run tries it once more, and until then its changes stay open.
    """
    done = 0
    with unit_of_work():
        again = sorted({case_id for change in _open_changes() for case_id in change.put_off})
    while done < limit and (case_id := _next_alone(now)) is not None:
        done += 1
    for case_id in again[: limit - done]:
        _again_alone(case_id, now)
        done += 1
    return done


def recount_missed(case: Case, *, since: datetime, now: datetime) -> None:
    """Count the limits of a locked case anew for the changes that passed it over because none of its limits has run since `since`.

    This includes changes the job has not reached yet; the job does not repeat what is done here.
    """
    query = select(CalendarChange).where(
        or_(CalendarChange.finished_at.is_(None), CalendarChange.finished_at >= since),
        or_(CalendarChange.centre_id.is_(None), CalendarChange.centre_id == case.centre_id),
    )
    _recount_once(case, list(db.session.scalars(query.order_by(CalendarChange.id))), now)


def _next_alone(now: datetime) -> int | None:
    """Count the next waiting case anew and return it; None when none waits."""
    case_id = None
    try:
        with unit_of_work():
            next_of = {change: _next_case(change) for change in _open_changes()}
            for change, next_id in next_of.items():
                if next_id is None and not change.put_off:
                    change.finished_at = now
            case_id = min((next_id for next_id in next_of.values() if next_id is not None), default=None)
            if case_id is not None:
                changes = [change for change, next_id in next_of.items() if next_id == case_id]
                _recount_for(case_id, changes, now)
    except Exception as error:
        if case_id is None:
            raise
        _log(case_id, error)
        _put_off(case_id)
    return case_id


def _again_alone(case_id: int, now: datetime) -> None:
    """Try a postponed case again."""
    try:
        with unit_of_work():
            _recount_for(case_id, [], now)
            for change in _open_changes():
                if not change.put_off and _next_case(change) is None:
                    change.finished_at = now
    except Exception as error:
        _log(case_id, error)


def _recount_for(case_id: int, changes: list[CalendarChange], now: datetime) -> None:
    """Count a case anew for the changes that have reached it, and for those it was put off from."""
    waiting = [change for change in _open_changes() if change in changes or case_id in change.put_off]
    if not waiting:
        return
    _recount_once(lock_case(case_id), waiting, now)
    for change in waiting:
        change.last_case_id = max(change.last_case_id, case_id)
        change.put_off = [each for each in change.put_off if each != case_id]


def _recount_once(case: Case, changes: list[CalendarChange], now: datetime) -> None:
    """Count a case anew for those changes that have not moved a limit of it before, according to its history."""
    history = select(Event).where(Event.case_id == case.id, Event.type == RECOUNTED)
    done = {number for event in db.session.scalars(history) for number in (event.payload or {}).get("changes", ())}
    if wanted := [change for change in changes if change.id not in done]:
        _recount(case, wanted, now)


def _put_off(case_id: int) -> None:
    """Skip a case that could not be counted, and remember it."""
    with unit_of_work():
        for change in _open_changes():
            if _next_case(change) == case_id:
                change.last_case_id, change.put_off = case_id, [*change.put_off, case_id]


def _log(case_id: int, error: Exception) -> None:
    """Log a case that cannot be counted, so that it does not hold up the others; the log never has the text of the error."""
    LOGGER.error("calendar change put off", extra={"case": case_id, "error": type(error).__name__})


def refuse_day(row: CalendarDay | None, kind: str | None, vi: str, en: str, source: str) -> None:
    """Raise CalendarChangeRefused where a day cannot replace `row` like this; texts come as casework.text.normal leaves them."""
    if kind is None:
        if row is None:
            raise CalendarChangeRefused("Ngày này không có trong lịch.", "This day is not in the calendar.", about="first")
        return
    if kind not in KINDS:
        raise CalendarChangeRefused("Vui lòng chọn ngày nghỉ hoặc ngày làm việc.", "Please choose a day off or a day worked.", about="kind")
    unfit = "label_vi" if not vi or len(vi) > LONGEST_LABEL else "label_en" if not en or len(en) > LONGEST_LABEL else ""
    if unfit:
        raise CalendarChangeRefused(
            f"Vui lòng ghi tên ngày bằng hai thứ tiếng, tối đa {LONGEST_LABEL} ký tự.",
            f"Please name the day in both languages, {LONGEST_LABEL} characters at most.",
            about=unfit,
        )
    if not source:
        raise CalendarChangeRefused("Vui lòng ghi số văn bản quy định ngày này.", "Please name the act that sets this day.", about="source")
    if row is not None and row.kind == kind and (row.label_vi, row.label_en, row.source) == (vi, en, source):
        raise CalendarChangeRefused("Ngày này đã được ghi như vậy.", "This day is set so already.")


def _open_changes() -> list[CalendarChange]:
    query = select(CalendarChange).where(CalendarChange.finished_at.is_(None)).order_by(CalendarChange.id)
    return list(db.session.scalars(query.with_for_update()))


def _next_case(change: CalendarChange) -> int | None:
    """The next case with a running or paused limit."""
    query = select(Clock.case_id).where(Clock.ended_at.is_(None), Clock.case_id > change.last_case_id, Clock.unit.in_(ON_THE_CALENDAR))
    if change.centre_id is not None:
        query = query.join(Case, Case.id == Clock.case_id).where(Case.centre_id == change.centre_id)
    return db.session.scalar(query.order_by(Clock.case_id).limit(1))


def _calendars(centre_id: int, changes: list[CalendarChange]) -> Calendars:
    now, ids, first = calendar_of(centre_id), {change.id for change in changes}, min(change.changed_at for change in changes)
    scopes = (None, centre_id)
    days = {scope: {row.day: row.kind for row in db.session.scalars(_rows_of(scope))} for scope in scopes}
    hours = {scope: hours_of_scope(scope) for scope in scopes}
    verbs = Event.type.in_((VERB, HOURS_VERB))
    query = select(Event).where(Event.stream == RULES_STREAM, verbs, Event.at >= first).order_by(Event.seq.desc())
    for event in db.session.scalars(query):
        told = event.payload or {}
        if told.get("change") not in ids:
            continue
        if event.type == HOURS_VERB:
            hours[told["centre_id"]] = [HoursRow.from_told(row) for row in told["before"]]
            continue
        day, kinds = date.fromisoformat(told["day"]), days[told["centre_id"]]
        kinds.pop(day, None)
        if told["before"] is not None:
            kinds[day] = told["before"]
    return Calendars(calendar_from((days[None] | days[centre_id]).items(), hours[None], hours[centre_id]), now, first)


def _rows_of(centre_id: int | None) -> Select[CalendarDay]:
    return select(CalendarDay).where(CalendarDay.centre_id.is_not_distinct_from(centre_id))


def _counted_anew(payload: Payload, _known: Known) -> Said | None:
    if payload.get("clock") != ClockKind.CASE:
        return None
    return says("Hạn trả lời tính lại theo lịch làm việc mới", "The day of the answer was counted anew under a new calendar")


@Verb(
    RECOUNTED, None, kinds=NO_KIND, about_limit=True, public=_counted_anew,
    staff=always("Tính lại thời hạn theo lịch làm việc mới", "Counted a time limit anew under the changed calendar"),
)  # fmt: skip
def _recount(case: Case, changes: list[CalendarChange], now: datetime) -> None:
    case_moved = False
    for move in list(moves_of(case, running_clocks(case), _calendars(case.centre_id, changes), now)):
        agency = move.assignment.agency.key if move.assignment is not None else None
        told = {"clock": move.clock.kind, "agency": agency, "old": move.old.isoformat(), "new": move.new.isoformat()}
        record(case, RECOUNTED, by=SYSTEM, at=now, changes=[change.id for change in changes], **told)
        _move(move, case)
        case_moved |= move.clock.kind == ClockKind.CASE
    if case_moved and case.due_at is not None:
        tell_reporters(case, "due_moved", at=now, due_at=case.due_at.isoformat(), reason="calendar")


def _move(move: Move, case: Case) -> None:
    rest = open_rest(move.clock)
    if rest is None:
        move_due(move.clock, move.new, case=case, assignment=move.assignment)
    else:
        rest.due_before = move.new
