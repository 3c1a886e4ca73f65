"""Reminding whoever has something due: by the ladder of rules, in a letter each morning, and by hand (rules.md, section 4)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.cases import lock_case, refuse_unless_open
from casework.clocks.acts import ClockKind, ladder_for, schedule_reminder
from casework.clocks.reminder_ladder import Rung, reached_rungs
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.events import record
from casework.held_cases import is_held
from casework.local_time import LOCAL_ZONE
from casework.models import Assignment, Case, Clock, Event, Note, Reminder
from casework.notes.exchange import put_in_exchange
from casework.outbox import add_to_letter, tell_inbox
from casework.permissions import AGENCY_ROLES, Action, Actor, Role, desk_name, require
from casework.sentences import Known, Said, agency_name, of_agency
from casework.states import STILL_STATES, AssignmentState
from casework.text import normal
from casework.verbs import MESSAGE, Input, Situation, Verb
from casework.working_time import LONGEST_SEARCH_DAYS, BeyondTenYears, Calendar, add_working_minutes

LOGGER = logging.getLogger("langbiang.reminders")

LONGEST_WORDS = 2_000

HOURS_BETWEEN = 4
"""Working hours that lie between two reminders of all agencies of a case, or of the same one among many cases."""

MOST_LOOKED_AT = 50
"""The newest reminders of a case among which the last one of an agency is looked for."""

WITH_OTHERS = frozenset({AssignmentState.SUBMITTED, AssignmentState.HANDED_BACK})
"""States of an assignment in which its officer is done and waits for somebody else."""


class RemindRefused(CaseworkError):
    """The agency cannot be reminded; the text says why."""


def can_be_reminded(at: Situation) -> list[Assignment]:
    """Agencies that owe their answer."""
    return [row for row in at.case.open_assignments if owes_answer(row)] if at.is_under_way else []


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindInput(Input):
    assignment: Assignment
    words: str = ""


@Verb(
    "remind", Action.REMIND, kinds=MESSAGE, staff=of_agency("Nhắc việc {agency}", "Reminded {agency}"),
    is_act=True, offered_on=can_be_reminded,
)  # fmt: skip
def remind(case: Case, given: RemindInput, *, by: Actor, now: datetime) -> None:
    """Remind an agency by hand: its officers, or whoever decides on the answer they have submitted.

    `words` become a note for that agency. Records `remind` without them. Raises CaseNotOpen while nobody could do anything,
    RemindRefused for an agency that owes nothing (more) and for words that are too long.
    """
    require(by, Action.REMIND, case)
    refuse_unless_open(case)
    words = normal(given.words)
    if given.assignment.case_id != case.id or not given.assignment.is_open:
        raise RemindRefused("Đơn vị không còn việc phải làm trong hồ sơ này.", "This agency has nothing left to do in the case.")
    if not owes_answer(given.assignment):
        raise _handed_back()
    if len(words) > LONGEST_WORDS:
        raise RemindRefused(f"Lời nhắc tối đa {LONGEST_WORDS} ký tự.", f"The reminder may have {LONGEST_WORDS} characters.", about="words")
    record(case, "remind", by=by, at=now, agency=given.assignment.agency.key)
    if words:
        note = Note(
            case_id=case.id, assignment_id=given.assignment.id, kind="reminder", audience="agency", body=words,
            written_by_id=by.account_id, written_at=now,
        )  # fmt: skip
        put_in_exchange(note, given.assignment)
    due = given.assignment.due_at.isoformat() if given.assignment.due_at else None
    tell_inbox(_desk_owing(given.assignment), "reminder_by_hand", case=case, at=now, due_at=due)


def all_can_be_reminded(at: Situation) -> bool:
    """As long as an agency owes its answer."""
    return bool(can_be_reminded(at))


def _reminded_all(payload: Mapping[str, Any], known: Known) -> Said:
    names = [agency_name(key, known) for key in payload.get("agencies", ())]
    vi, en = (", ".join(getattr(name, language) for name in names) for language in ("vi", "en"))
    return Said(Bilingual(f"Nhắc cả nhóm: {vi}", f"Reminded all agencies: {en}"))


@Verb("remind_all", Action.REMIND_ALL, kinds=MESSAGE, staff=_reminded_all, is_act=True, offered=all_can_be_reminded)
def remind_all(case: Case, *, by: Actor, now: datetime) -> None:
    """Remind every agency that owes its answer: one event, and one message for each desk, with the earliest of its limits.

    Records `remind_all` with the agencies' keys. Raises CaseNotOpen while nobody could do anything, RemindRefused where no agency owes an
    answer or HOURS_BETWEEN working hours have not passed since the last time.
    """
    require(by, Action.REMIND_ALL, case)
    refuse_unless_open(case)
    owing = owing_agencies(case)
    if (again_at := _again_at(case)) is not None and now < again_at:
        raise RemindRefused(
            f"Cả nhóm vừa được nhắc. Có thể nhắc lại từ {again_at.astimezone(LOCAL_ZONE):%H:%M ngày %d/%m/%Y}.",
            f"All agencies were reminded not long ago. You can do it again from {again_at.astimezone(LOCAL_ZONE):%H:%M on %d/%m/%Y}.",
        )
    record(case, "remind_all", by=by, at=now, agencies=[row.agency.key for row in owing])
    due_at: dict[str, list[datetime]] = {_desk_owing(row): [] for row in owing}
    for row in owing:
        due_at[_desk_owing(row)] += [row.due_at] if row.due_at else []
    for desk, instants in due_at.items():
        tell_inbox(desk, "reminder_by_hand", case=case, at=now, due_at=min(instants).isoformat() if instants else None)


def _again_at(case: Case) -> datetime | None:
    """From when all agencies may be reminded again; None where they have not been yet."""
    last = db.session.scalar(select(func.max(Event.at)).where(Event.case_id == case.id, Event.type == "remind_all"))
    return _hours_after(last, case) if last is not None else None


def refuse_if_just_reminded(assignment: Assignment, *, now: datetime) -> None:
    """Raise RemindRefused where somebody reminded the agency of this case by hand, alone or with others, within HOURS_BETWEEN working
    hours.

    For whoever reminds of many cases at once, and does not look at each.
    """
    query = select(Event.at, Event.payload).where(
        Event.case_id == assignment.case_id, Event.type.in_(("remind", "remind_all")), Event.at >= assignment.distributed_at
    )
    key = assignment.agency.key
    for at, payload in db.session.execute(query.order_by(Event.at.desc()).limit(MOST_LOOKED_AT)):
        told = payload or {}
        if key == told.get("agency") or key in told.get("agencies", ()):
            if now < _hours_after(at, assignment.case):
                raise RemindRefused(
                    f"Đơn vị vừa được nhắc, chưa quá {HOURS_BETWEEN} giờ làm việc.",
                    f"The agency was reminded less than {HOURS_BETWEEN} working hours ago.",
                )
            return


def _hours_after(at: datetime, case: Case) -> datetime:
    return add_working_minutes(at, HOURS_BETWEEN * 60, calendar_of(case.centre_id))


def _desk_owing(assignment: Assignment) -> str:
    """The inbox where the agency's answer waits: of whoever decides on a submitted one, else of its officers."""
    if assignment.state == AssignmentState.SUBMITTED and assignment.approval_desk:
        return assignment.approval_desk
    return desk_name(Role.OFFICER, agency_id=assignment.agency_id)


def owes_answer(assignment: Assignment) -> bool:
    """Whether the agency can be reminded: it has the case and does not wait for a decision on its hand-back."""
    return assignment.is_open and assignment.state != AssignmentState.HANDED_BACK


def owing_agencies(case: Case, *, assignment_id: int | None = None) -> list[Assignment]:
    """The assignments of a case that can be reminded; with `assignment_id` only that one. Raises RemindRefused where there is none."""
    asked = [row for row in case.assignments if assignment_id in (None, row.id)]
    owing = [row for row in asked if owes_answer(row)]
    if owing:
        return owing
    if any(row.is_open for row in asked):
        raise _handed_back()
    if asked:
        raise RemindRefused("Không còn đơn vị nào nợ trả lời.", "No agency owes an answer any more.")
    raise RemindRefused("Hồ sơ chưa giao cho đơn vị nào nên chưa có ai để nhắc.", "No agency has the case, so there is nobody to remind.")


def send_reminders(now: datetime, limit: int = 100) -> int:
    """Climb every rung that has been reached, case by case; returns how many time limits were looked at.

    Any number of workers may run this in parallel: each locks a case and reads its limits again, so that a rung is climbed once, and a
    worker that dies leaves the case untouched. `limit` counts time limits, too. A case locked by somebody else is left for the next run.
    """
    case_ids = [case_id for _, case_id in db.session.execute(_due(now).limit(limit))]
    return sum(_remind_alone(case_id, now) for case_id in dict.fromkeys(case_ids))


def morning_after(now: datetime, calendar: Calendar) -> datetime:
    """Return when the offices next open, which is when the letter with this moment's reminders is due. Raises BeyondTenYears."""
    today = calendar.day_of(now)
    for offset in range(LONGEST_SEARCH_DAYS):
        hours = calendar.hours_of(today + timedelta(days=offset))
        if hours and hours[0][0] > now:
            return hours[0][0]
    raise BeyondTenYears


def _handed_back() -> RemindRefused:
    return RemindRefused(
        "Đơn vị đã chuyển trả và đang chờ Trung tâm quyết định.", "The agency has handed the case back and waits for the centre's word."
    )


def _due(now: datetime) -> Select[int, int]:
    """The limits whose next rung is reached. A paused case reminds nobody until it is resumed, and one with an act that is held until that
    is done, with the moment of its press, or taken back."""
    return (
        select(Clock.id, Clock.case_id)
        .join(Case, Clock.case_id == Case.id)
        .where(Clock.remind_at <= now, Case.paused_for.is_(None), Case.state.not_in(list(STILL_STATES)), ~is_held(Case.id))
        .order_by(Clock.remind_at, Clock.id)
    )


def _remind_alone(case_id: int, now: datetime) -> int:
    try:
        with unit_of_work():
            return _remind_in(lock_case(case_id), now) if _is_free(case_id) else 0
    except Exception as error:
        # one case that cannot be read must not stop the reminders of all others; never log the text of the error
        LOGGER.error("reminders put off", extra={"case": case_id, "error": type(error).__name__})
        return 0


def _is_free(case_id: int) -> bool:
    """Whether nobody else is at work on the case: workers skip it instead of queueing.

    SQLite has one writer at a time, who has no need to ask.
    """
    if db.session.get_bind().dialect.name == "sqlite":
        return True
    return db.session.scalar(select(Case.id).where(Case.id == case_id).with_for_update(skip_locked=True)) is not None


def _remind_in(case: Case, now: datetime) -> int:
    """Climb the rungs reached in a locked case. Several rungs of a limit at once make one reminder per desk, for the highest."""
    query = _due(now).with_only_columns(Clock).where(Clock.case_id == case.id).execution_options(populate_existing=True)
    clocks = list(db.session.scalars(query))
    calendar, letters, climbed_before = calendar_of(case.centre_id), set[str](), _climbed(clocks)
    for clock in clocks:
        climbed = climbed_before.get(clock.id, set())
        reached = [rung for rung in reached_rungs(ladder_for(clock, case), clock, calendar, now) if rung.id not in climbed]
        assignment = next((row for row in case.assignments if row.id == clock.assignment_id), None)
        for rung in reached:
            db.session.add(Reminder(clock_id=clock.id, rule_id=rung.id, reminded_at=now))
        for desk, rung in _told(reached, clock, case, assignment).items():
            if rung.merges_into_letter:
                letters.add(desk)
            else:
                _tell_at_once(desk, rung, clock, case, now)
        schedule_reminder(clock, case, climbed=climbed | {rung.id for rung in reached})
    for desk in sorted(letters):
        add_to_letter(desk, case, at=now, due=morning_after(now, calendar))
    return len(clocks)


def _climbed(clocks: list[Clock]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    query = select(Reminder.clock_id, Reminder.rule_id).where(Reminder.clock_id.in_([clock.id for clock in clocks]))
    for clock_id, rule_id in db.session.execute(query):
        found.setdefault(clock_id, set()).add(rule_id)
    return found


def _told(reached: list[Rung], clock: Clock, case: Case, assignment: Assignment | None) -> dict[str, Rung]:
    """The desks to tell, each with its highest rung."""
    desks = ((_desk(Role(rung.role), clock, case, assignment), rung) for rung in reached)
    return {desk: rung for desk, rung in desks if desk is not None}


def _desk(role: Role, clock: Clock, case: Case, assignment: Assignment | None) -> str | None:
    """The inbox a rung reminds; None where there is nobody, or nothing for them to do."""
    if role not in AGENCY_ROLES:
        return desk_name(role, centre_id=case.centre_id)
    if assignment is None:
        return desk_name(role, agency_id=case.lead_agency_id) if case.lead_agency_id else None
    if role == Role.OFFICER and assignment.state in WITH_OTHERS:
        return None
    if clock.kind == ClockKind.APPROVAL and assignment.approval_desk:
        return assignment.approval_desk
    return desk_name(role, agency_id=assignment.agency_id)


def _tell_at_once(desk: str, rung: Rung, clock: Clock, case: Case, now: datetime) -> None:
    due = clock.due_at.isoformat() if clock.due_at else None
    key = f"reminder:{clock.id}:{rung.id}:{desk}"
    tell_inbox(desk, "reminder", case=case, at=now, key=key, due_at=due, clock=str(clock.kind), late=clock.is_late(now))
