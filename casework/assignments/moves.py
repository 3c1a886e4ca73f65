"""Moving an agency's work from one case to another, with its clocks and notes, so that the agency continues where it was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from casework.calendars import calendar_of
from casework.cases import give_up_lead
from casework.clocks.acts import ClockKind, allowance_from, end_all_clocks, move_due, running_clocks, schedule_reminder
from casework.clocks.due_changes import assignment_due
from casework.db import db, kept_for_step
from casework.models import Answer, Assignment, Case, Decision, Note, StepRecord
from casework.outbox import tell_desk
from casework.permissions import Role
from casework.states import AssignmentEnd, AssignmentState


@dataclass(frozen=True)
class MovedAssignment:
    """A moved assignment with its former place."""

    id: int
    slot: str
    round: int

    @classmethod
    def of(cls, assignment: Assignment) -> "MovedAssignment":
        """Remember an assignment before it moves."""
        return cls(assignment.id, assignment.slot, assignment.round)

    @property
    def assignment(self) -> Assignment:
        return db.session.get_one(Assignment, self.id)


def goes_along(assignment: Assignment, main: Case, states: Collection[str]) -> bool:
    """Whether the agency goes on in the main case: if that is with agencies too and not yet with this one."""
    return main.state in states and all(row.agency_id != assignment.agency_id for row in main.open_assignments)


def goes_back(moved: MovedAssignment, main: Case) -> bool:
    """Whether an assignment moved by a merge is still at work in the main case."""
    return moved.assignment.case_id == main.id and moved.assignment.is_open


def move_assignment(assignment: Assignment, case: Case, *, slot: str, round_: int | None = None) -> None:
    """Move an open assignment to another case with its running clocks, notes and step texts; its due instant stays.

    `round_` is how often the case had been reopened when the work was given; by default the present number. The lead of the old case
    leads it no more; in the new one it leads where that is its `slot`.
    """
    old, clocks = assignment.case, running_clocks(assignment.case, assignment=assignment)
    give_up_lead(assignment)
    assignment.case, assignment.slot = case, slot
    if assignment.is_lead:
        case.lead_agency_id = assignment.agency_id
    assignment.round = case.reopened if round_ is None else round_
    for clock in clocks:
        clock.case_id, clock.round = case.id, assignment.round
        schedule_reminder(clock, case)
    for table in (Note, StepRecord):
        db.session.execute(update(table).where(table.assignment_id == assignment.id).values(case_id=case.id))
    db.session.flush()
    forget_clocks(old, case)


def end_by_merge(assignment: Assignment, main: Case, now: datetime) -> None:
    """End an agency's work because its case was merged into another, and tell its desk. It leads no more."""
    case = assignment.case
    give_up_lead(assignment)
    end_all_clocks(case, at=now, assignment=assignment)
    assignment.state, assignment.ended_at, assignment.end_reason = AssignmentState.REMOVED, now, AssignmentEnd.MERGED
    assignment.end_words, assignment.extension_asked = f"Hồ sơ đã gộp vào hồ sơ {main.code}.", False
    tell_desk(Role.OFFICER, "work_ended", case=case, at=now, agency_id=assignment.agency_id, end=AssignmentEnd.MERGED)


def follow_case_due(case: Case) -> None:
    """Move the agencies' limits forward where the case's own came nearer; none moves back."""
    calendar = calendar_of(case.centre_id)
    rows = {assignment.id: assignment for assignment in case.open_assignments}
    for clock in running_clocks(case):
        assignment = rows.get(clock.assignment_id or 0)
        if clock.kind != ClockKind.ASSIGNMENT or assignment is None or clock.due_at is None:
            continue
        latest = assignment_due(case.due_at, case.is_urgent, calendar, allowance_from(case, clock.started_at))
        if latest is not None and latest < clock.due_at:
            move_due(clock, latest, case=case, assignment=assignment)


def texts_moved(moved: Sequence[MovedAssignment], direction: int) -> dict[str, int]:
    """How many answers and decisions a history gains (1) or loses (-1): their rows move, their events stay where they happened."""
    ids = [each.id for each in moved]
    answers = db.session.scalar(select(func.count()).select_from(Answer).where(Answer.assignment_id.in_(ids))) or 0
    decided = select(func.count()).select_from(Decision).join(Decision.answer).where(Answer.assignment_id.in_(ids))
    counts = {"answers_moved": answers, "decisions_moved": db.session.scalar(decided) or 0}
    return {name: direction * count for name, count in counts.items() if count}


def forget_clocks(*cases: Case) -> None:
    """Read the running limits of these cases anew: rows have changed owner, or run again."""
    for case in cases:
        kept_for_step().pop(("clocks", case.id), None)
