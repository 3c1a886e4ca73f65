"""Finding and locking a case, and the state that follows from its assignments."""

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import joinedload, selectinload

from casework.db import db
from casework.models import Assignment, Case, CaseReport, Report
from casework.states import AssignmentState, CaseState


def lock_case(case_id: int | ScalarSelect[int]) -> Case:
    """Return the case with its row locked until the transaction ends; every step locks the case before anything else.

    `case_id` may be a query for it, which saves asking first. On SQLite the transaction itself is the lock.
    Raises sqlalchemy.exc.NoResultFound when there is no such case.
    """
    query = (
        select(Case)
        .where(Case.id == case_id)
        .options(
            joinedload(Case.area),
            selectinload(Case.assignments).joinedload(Assignment.agency),
            selectinload(Case.reports).joinedload(CaseReport.report).joinedload(Report.reporter),
        )
        .execution_options(populate_existing=True)
    )
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(of=Case)
    return db.session.scalars(query).one()


def settle_state(case: Case) -> None:
    """Set the state of a distributed case to what its agencies are doing: the least advanced open one counts."""
    states = {AssignmentState(assignment.state) for assignment in case.open_assignments}
    if not states:
        case.state = CaseState.TO_PUBLISH if answered_this_round(case) else CaseState.TO_DISTRIBUTE
    elif states <= {AssignmentState.ASKED, AssignmentState.HANDED_BACK}:
        case.state = CaseState.AT_AGENCY
    elif AssignmentState.REDO in states:
        case.state = CaseState.REDO
    elif states == {AssignmentState.SUBMITTED}:
        case.state = CaseState.APPROVAL
    else:
        case.state = CaseState.HANDLING


def answered_this_round(case: Case) -> bool:
    """Whether some agency's answer has been approved since the case was opened, or opened again."""
    return any(assignment.approved_at is not None and assignment.round == case.reopened for assignment in case.assignments)
