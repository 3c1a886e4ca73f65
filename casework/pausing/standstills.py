"""Pausing and resuming a case, and ending it without an answer: what the acts outside the steps have in common."""

from datetime import datetime

from sqlalchemy import select, update

from casework.cases import give_up_lead
from casework.clocks.acts import end_all_clocks
from casework.clocks.pauses import pause_clocks, resume_clocks
from casework.db import db
from casework.models import Case, Hold, Question, Referral, Withdrawal
from casework.outbox import tell_desk
from casework.permissions import Role
from casework.states import AssignmentEnd, AssignmentState, CaseState, Pause


def stand_still(case: Case, pause: Pause, *, at: datetime, until: datetime | None = None, state: CaseState | None = None) -> None:
    """Pause the case and its limits, in a state of its own or the present one, and tell the agencies at work."""
    if state is not None:
        case.state_before, case.state = case.state, state
    pause_clocks(case, pause=pause, until=until, at=at)
    _tell_agencies(case, "work_paused", at, pause=pause)


def go_on(case: Case, *, at: datetime) -> bool:
    """Resume the case; returns whether the day promised to its reporters moved (they are told)."""
    if case.state_before is not None:
        case.state, case.state_before = case.state_before, None
    moved = resume_clocks(case, at=at)
    _tell_agencies(case, "work_resumed", at)
    return moved


def end_case(case: Case, state: CaseState, *, end: AssignmentEnd, words: str, at: datetime) -> None:
    """End all work on a case that gets no answer (any more): limits, agencies, and whatever paused it.

    `words` are a neutral reason why an agency's work ended; each agency still at work is told, and leads no more. An undecided request to
    withdraw lapses: it gets the instant and no verdict.
    """
    _end_standstill(case, at)
    for assignment in case.open_assignments:
        assignment.state, assignment.ended_at, assignment.extension_asked = AssignmentState.REMOVED, at, False
        assignment.end_reason, assignment.end_words = end, words
        give_up_lead(assignment)
        tell_desk(Role.OFFICER, "work_ended", case=case, at=at, agency_id=assignment.agency_id, end=end)
    end_all_clocks(case, at=at)
    if case.withdrawal_asked:
        for withdrawal in db.session.scalars(select(Withdrawal).where(Withdrawal.case_id == case.id, Withdrawal.decided_at.is_(None))):
            withdrawal.decided_at = at
        case.withdrawal_asked = False
    case.state, case.state_before, case.closed_at = state, None, at


def _end_standstill(case: Case, at: datetime) -> None:
    """End the row that paused the case. Its limits resume first, so that those in time when they were paused end in time."""
    if case.paused_for is None:
        return
    for table in (Question, Hold, Referral):
        db.session.execute(update(table).where(table.case_id == case.id, table.ended_at.is_(None)).values(ended_at=at))
    resume_clocks(case, at=at, told=False)
    case.held_reason = None


def _tell_agencies(case: Case, template: str, at: datetime, **parameters: str) -> None:
    for assignment in case.open_assignments:
        tell_desk(Role.OFFICER, template, case=case, at=at, agency_id=assignment.agency_id, **parameters)
