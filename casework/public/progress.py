"""The step of a case in the progress bar, and the condition for lists by step.

It goes back only when a case is reopened (rules.md, section 7). A question leaves the bar unchanged or moves it to "accepted", where it
stays although the case waits to be accepted again.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, exists, func, or_, select

from casework.db import db
from casework.models import Case, Question
from casework.states import ACCEPTED, IN_PROGRESS, OPEN_STATES, PUBLIC_PROGRESS, CaseState, Progress, public_progress

WORKED_ON = tuple(state for state in CaseState if state in OPEN_STATES and PUBLIC_PROGRESS[state] == IN_PROGRESS)


def progress_of(case: Case, *, was_asked: bool = False) -> Progress:
    """The step of a case; a reopened one is in progress at whatever desk it waits. `was_asked`: a question to a sender is over."""
    state = CaseState(case.state)
    if case.reopened and state in OPEN_STATES:
        return IN_PROGRESS
    if state == CaseState.WAITING_REPORTER and case.state_before in WORKED_ON:
        return IN_PROGRESS
    return ACCEPTED if state == CaseState.TO_VERIFY and was_asked else public_progress(state)


def were_asked(cases: Collection[Case]) -> set[int]:
    """Those of the cases that wait for acceptance and have had a question to a sender."""
    ids = [case.id for case in cases if case.state == CaseState.TO_VERIFY]
    query = select(Question.case_id).where(Question.case_id.in_(ids), Question.ended_at.is_not(None)).distinct()
    return set(db.session.scalars(query)) if ids else set()


def open_ways(step: str, column: ColumnElement[str]) -> Iterator[list[ColumnElement[bool]]]:
    """The open cases at a step, as alternatives: each begins with a state, which an index finds, and adds the conditions of
    `progress_of`."""
    for state in CaseState:
        for progress, conditions in _steps_of(state) if state in OPEN_STATES else ():
            if progress.step == step:
                yield [column == state, *conditions]


def _steps_of(state: CaseState) -> list[tuple[Progress, list[ColumnElement[bool]]]]:
    """The possible steps of a case in an open state, with their conditions. Each case is at exactly one."""
    own = public_progress(state)
    if own == IN_PROGRESS:
        return [(own, [])]
    is_new = Case.reopened == 0
    if state == CaseState.WAITING_REPORTER:
        was_worked_on = func.coalesce(Case.state_before, "").in_(WORKED_ON)
        return [(own, [is_new, ~was_worked_on]), (IN_PROGRESS, [or_(~is_new, was_worked_on)])]
    if state == CaseState.TO_VERIFY:
        was_asked = exists().where(Question.case_id == Case.id, Question.ended_at.is_not(None))
        return [(own, [is_new, ~was_asked]), (ACCEPTED, [is_new, was_asked]), (IN_PROGRESS, [~is_new])]
    return [(own, [is_new]), (IN_PROGRESS, [~is_new])]
