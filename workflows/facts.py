"""What the events of the diagram wait for, asked of the rows of the domain: true is heard, however and by whom it became so.

Nothing is sent and so nothing is lost: an event fires as soon as the process is looked at while its fact holds. A fact is None
while it does not hold, else the few flags the diagram reads. Source: design.md, section 6, decision 1.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from casework.cases import answered_this_round
from casework.db import db
from casework.models import Assignment, Case
from casework.refusals import newest_refusal
from casework.states import AssignmentEnd, CaseState, Pause
from workflows.models import ProcessInstance

Fact = Callable[[Any], dict[str, Any] | None]
"""Of a case, or of an assignment in its own process."""


def _when(holds: Callable[[Any], bool]) -> Fact:
    return lambda subject: {} if holds(subject) else None


def _assignments_finished(case: Case) -> dict[str, Any] | None:
    """The join reads the rows and counts no messages: None while an agency owes something, else whether this round brought an answer."""
    if case.open_assignments or case.standstill is not None or case.closed_at is not None:
        return None
    return {"answered": answered_this_round(case)}


def _reporter_asked(case: Case) -> dict[str, Any] | None:
    return _until(case) if case.paused_for == Pause.QUESTION else None


def _held(case: Case) -> dict[str, Any] | None:
    return _until(case) if case.paused_for == Pause.HOLD else None


def _until(case: Case) -> dict[str, Any] | None:
    return {"until": case.paused_until.isoformat()} if case.paused_until else None


def _refused(case: Case) -> dict[str, Any] | None:
    refusal = newest_refusal(case) if case.state == CaseState.REFUSED else None
    return {"until": refusal.objection_due_at.isoformat()} if refusal and refusal.objection_due_at else None


def _merge_settled(case: Case) -> dict[str, Any] | None:
    if case.state != CaseState.MERGED:
        return {"split": True}
    # a main case that was refused is not over while somebody may object to that, or did
    own = select(ProcessInstance.status).where(ProcessInstance.case_id == case.merged_into_id, ProcessInstance.assignment_id.is_(None))
    with db.session.no_autoflush:
        return {"split": False} if db.session.scalar(own) == "ended" else None


def _withdrawal_asked(case: Case) -> dict[str, Any] | None:
    is_granted = case.state == CaseState.WITHDRAWN
    return {"granted": is_granted} if is_granted or case.withdrawal_asked else None


def _was_taken_off(assignment: Assignment) -> bool:
    return assignment.ended_at is not None and assignment.end_reason not in (AssignmentEnd.APPROVED, AssignmentEnd.HANDED_BACK)


FACTS: Mapping[str, Fact] = {
    "assignments_finished": _assignments_finished,
    "agency_added": _when(lambda case: bool(case.open_assignments)),
    "hotline_needed": _when(lambda case: case.hotline_owed),
    "hotline_dropped": _when(lambda case: not case.hotline_owed),
    "rest_settled": _when(lambda case: not case.hotline_owed and not case.has_unread_words),
    "referred": _when(lambda case: case.paused_for == Pause.REFERRAL),
    "merged": _when(lambda case: case.state == CaseState.MERGED),
    "merge_settled": _merge_settled,
    "withdrawal_asked": _withdrawal_asked,
    "reporter_wrote": _when(lambda case: case.has_unread_words),
    "quarantined": _when(lambda case: case.quarantined_at is not None),
    "reporter_asked": _reporter_asked,
    "stop_waiting": _when(lambda case: case.paused_for != Pause.QUESTION),
    "refused": _refused,
    "held": _held,
    "assignment_ended": _when(_was_taken_off),
    "extension_asked": _when(lambda assignment: assignment.extension_asked and assignment.is_open),
}
"""By the name of the message its event waits for."""
