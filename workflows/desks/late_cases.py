"""Late work: open parts of agencies, by agency and source, and the centre's own steps; who holds each and how often it was reminded.

Read within the person's centres and agencies; the number of statements does not grow with the rows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.clocks.reminders import owes_answer
from casework.db import db
from casework.documents.apologies import is_owed, promised_days
from casework.documents.letters import days_late
from casework.lateness import late
from casework.models import Agency, Area, Assignment, Case, Centre, Clock, Event, Reminder
from casework.open_cases import count_late, count_unconfirmed
from casework.permissions import OPERATIONS, Actor, Role
from casework.states import STILL_STATES, AssignmentState
from workflows.desks.inbox_filters import is_late
from workflows.desks.late_rows import COLUMNS, LatePart, OwingAgency, late_part, steps_at
from workflows.models import WaitingTask
from workflows.running.claims import holders

MOST_ROWS = 300
MOST_STEPS = 100
SOURCES = ("citizen", "phone", "officer", "camera")


@dataclass(frozen=True, slots=True)
class LateRow:
    """An agency's late part of a case.

    `days` are whole days since the last day in time; `step` is where it waits at the agency, and `holder` has taken it; `reminded` counts
    automatic reminders and those by hand, `reminded_at` is the last of them.
    If the case itself is late, `promised` is the newest day announced with an apology, and `owes_apology` that an apology is due by now.
    `can_be_written` says whether it may be put in a letter; a part handed back waits for the centre, so it may not.
    """

    assignment: LatePart
    days: int
    holder: str | None
    reminded: int
    case_is_late: bool
    promised: date | None
    owes_apology: bool
    can_be_written: bool
    step: Bilingual | None
    reminded_at: datetime | None


@dataclass(slots=True)
class LateAgency:
    """An agency with its late parts, the urgent ones first."""

    agency: OwingAgency
    rows: list[LateRow] = field(default_factory=list)

    def of_source(self, source: str) -> int:
        """How many parts came from that source."""
        return sum(row.assignment.case.source == source for row in self.rows)


@dataclass(frozen=True, slots=True)
class LateStep:
    """A late step of the centre itself, with the name of its holder."""

    task: WaitingTask
    days: int
    holder: str | None


@dataclass(frozen=True, slots=True)
class LateList:
    """Everything late that the person may see. `is_cut`: more than MOST_ROWS parts are late, and the most urgent and oldest are listed.

    `cases` counts the cases of the person's centres that are late themselves, by the day promised for their answer; `unconfirmed` counts
    those apart (casework.open_cases). Both are None for a person without a centre, and in a filtered list.
    """

    agencies: tuple[LateAgency, ...]
    steps: tuple[LateStep, ...]
    is_cut: bool
    cases: int | None
    unconfirmed: int | None

    @property
    def rows(self) -> list[LateRow]:
        """Every part, agency by agency."""
        return [row for agency in self.agencies for row in agency.rows]

    @property
    def with_apology(self) -> int:
        return len({row.assignment.case_id for row in self.rows if row.case_is_late and row.promised is not None})

    @property
    def without_apology(self) -> int:
        return len({row.assignment.case_id for row in self.rows if row.case_is_late and row.promised is None})


def late_list(by: Actor, *, now: datetime, agency: Agency | None = None, source: str | None = None, limit: int = MOST_ROWS) -> LateList:
    """The late work a person sees: agency leaders their own, the centre and its committee all of the centre's."""
    query = _late(select(*COLUMNS), by, now).outerjoin(Area, Area.id == Case.area_id)
    if agency is not None:
        query = query.where(Assignment.agency_id == agency.id)
    if source in SOURCES:
        query = query.where(Case.source == source)
    found = [late_part(row) for row in db.session.execute(query.limit(limit + 1))]
    parts = found[:limit]
    waiting, reminded = steps_at(parts, now=now), _reminded(parts)
    promised = promised_days({row.case_id for row in parts})
    agencies: dict[int, LateAgency] = {}
    for row in parts:
        case, day = row.case, promised.get(row.case_id)
        behind = case.is_late(now)
        owed = behind and day is None and is_owed(case.due_at, case.centre_id, now)
        days, (times, last) = days_late(row.due_at, now), reminded.get(row.id, (0, None))
        step, holder = waiting.get(row.id, (None, None))
        shown = LateRow(row, days, holder, times, behind, day, owed, row.owes_answer, step, last)
        agencies.setdefault(row.agency.id, LateAgency(row.agency)).rows.append(shown)
    ordered = sorted(agencies.values(), key=lambda each: (-len(each.rows), each.agency.id))
    steps = () if agency or source else tuple(_late_steps(by, now))
    centres = [] if agency or source else _centres_of(by)
    cases, apart = (count_late(centres, now), count_unconfirmed(centres)) if centres else (None, None)
    return LateList(tuple(ordered), steps, len(found) > limit, cases, apart)


def narrowed_late(late: LateList, condition: Callable[[LateRow], bool]) -> LateList:
    """The parts that fit, without the centre's own steps."""
    kept = [LateAgency(each.agency, [row for row in each.rows if condition(row)]) for each in late.agencies]
    return replace(late, agencies=tuple(each for each in kept if each.rows), steps=())


def late_chosen(by: Actor, parts: Collection[str], agencies: Collection[str], *, now: datetime, limit: int) -> list[Assignment]:
    """Late parts by ref, and all of whole agencies, that can be reminded of or put in a letter, within the person's sight."""
    asked = or_(Assignment.ref.in_(parts), Agency.ref.in_(agencies))
    owed = Assignment.state != AssignmentState.HANDED_BACK
    return list(db.session.scalars(_late_parts(by, now).where(asked, owed).limit(limit)))


def late_agency(by: Actor, ref: str) -> Agency | None:
    """An agency whose late parts the person may read, else None."""
    return db.session.scalars(select(Agency).where(Agency.ref == ref, _within(by)).options(joinedload(Agency.centre))).first()


def late_parts_of(by: Actor, agency: Agency, *, now: datetime, limit: int) -> list[Assignment]:
    """The late parts of an agency that may be put in a letter."""
    query = _late_parts(by, now).where(Assignment.agency_id == agency.id)
    return [row for row in db.session.scalars(query.limit(limit)) if owes_answer(row)]


def _late_parts(by: Actor, now: datetime) -> Select[Assignment]:
    """Whole rows, for acts on them."""
    return _late(select(Assignment), by, now).options(joinedload(Assignment.case).joinedload(Case.area), joinedload(Assignment.agency))


def _late(query: Select[Any], by: Actor, now: datetime) -> Select[Any]:
    """Through the index of open parts by due instant; a part of a case on hold has none."""
    return (
        query.join_from(Assignment, Case, Case.id == Assignment.case_id)
        .join(Agency, Agency.id == Assignment.agency_id)
        .where(Assignment.ended_at.is_(None), late(Assignment.due_at, now), _within(by))
        .where(Case.paused_for.is_(None), Case.quarantined_at.is_(None), Case.state.not_in(list(STILL_STATES)))
        .order_by(Case.urgency.desc(), Assignment.due_at, Assignment.id)
    )


def _within(by: Actor) -> ColumnElement[bool]:
    centres = [grant.centre_id for grant in by.grants if grant.role in OPERATIONS | {Role.COMMITTEE_LEADER}]
    if None in centres:
        return true()
    own = [grant.agency_id for grant in by.grants if grant.role == Role.AGENCY_LEADER]
    return or_(false(), Agency.centre_id.in_(centres), Agency.id.in_(own))


def _centres_of(by: Actor) -> list[int]:
    """The centres whose whole list of late cases a person may read."""
    own = {grant.centre_id for grant in by.grants if grant.role in OPERATIONS | {Role.COMMITTEE_LEADER}}
    return sorted(db.session.scalars(select(Centre.id))) if None in own else sorted(each for each in own if each is not None)


def _reminded(parts: Sequence[LatePart]) -> Mapping[int, tuple[int, datetime | None]]:
    """How often each part was reminded, automatically or by hand, and when last."""
    by_ladder = select(Clock.assignment_id, func.count(Reminder.id), func.max(Reminder.reminded_at))
    by_ladder = by_ladder.join(Reminder, Reminder.clock_id == Clock.id)
    by_ladder = by_ladder.where(Clock.assignment_id.in_([row.id for row in parts]), Clock.kind == ClockKind.ASSIGNMENT)
    found: dict[int, tuple[int, datetime | None]] = {
        part: (number, last) for part, number, last in db.session.execute(by_ladder.group_by(Clock.assignment_id)) if part is not None
    }  # fmt: skip
    by_hand = select(Event.case_id, Event.at, Event.payload).where(
        Event.case_id.in_({row.case_id for row in parts}), Event.type.in_(("remind", "remind_all"))
    )
    open_part = {(row.case_id, row.agency.key): row for row in parts}
    for case_id, at, payload in db.session.execute(by_hand):
        told = payload or {}
        for key in told.get("agencies") or [told.get("agency", "")]:
            row = open_part.get((case_id or 0, key))
            if row is not None and at >= row.distributed_at:
                number, last = found.get(row.id, (0, None))
                found[row.id] = number + 1, max(last, at) if last is not None else at
    return found


def _late_steps(by: Actor, now: datetime) -> list[LateStep]:
    centres = {grant.centre_id for grant in by.grants if grant.role in OPERATIONS | {Role.COMMITTEE_LEADER}}
    if not centres:
        return []
    query = select(WaitingTask).where(WaitingTask.state == "waiting", is_late(now), WaitingTask.agency_id.is_(None))
    if None not in centres:
        query = query.where(WaitingTask.centre_id.in_(centres))
    query = query.where(or_(*(WaitingTask.desk.startswith(f"{role}@") for role in sorted(OPERATIONS))))
    with_area = joinedload(WaitingTask.case).joinedload(Case.area)
    query = query.options(with_area, joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
    tasks = list(db.session.scalars(query.order_by(WaitingTask.urgent.desc(), WaitingTask.due_at, WaitingTask.id).limit(MOST_STEPS)))
    names = {task_id: account.full_name for task_id, account in holders(tasks, now=now).items()}
    return [LateStep(task, days_late(task.due_at, now), names.get(task.id)) for task in tasks]
