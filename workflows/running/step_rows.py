"""The rows a step begins with, in one statement each; built at the first call, as `with_viewers`."""

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from casework.calendars import RULES_STREAM
from casework.models import Answer, Assignment, Case, CaseReport, Decision, EventStream, Report, Reporter
from casework.permissions.sight import with_viewers
from casework.reading.counting import MOST_KEPT, Rows, number_of
from casework.reading.lacking import UNDER_LOCK, parts_there
from casework.steps.drafts import drafts_at
from workflows.desk_access import REPORTER
from workflows.models import ProcessInstance, WaitingTask
from workflows.running.case_rows import AT_DESKS
from workflows.running.holding import held_at_step, newest_of_step

CASE_OF_STEP = select(WaitingTask.case_id).where(WaitingTask.ref == bindparam("ref"))
"""The case of the step `ref`."""


@lru_cache(MOST_KEPT)
def step_shown(counted: tuple[tuple[str, Rows], ...] = ()) -> Any:
    """The step `ref` with everything its page begins with, what its case has (casework/reading/lacking.py), and the numbers `counted`."""
    has_drafts = drafts_at(WaitingTask.case_id, WaitingTask.assignment_id, WaitingTask.element).label("has_drafts")
    query = select(WaitingTask, has_drafts, *parts_there(WaitingTask.case_id)).select_from(WaitingTask)
    own = select(ProcessInstance.version_id).where(ProcessInstance.case_id == WaitingTask.case_id, ProcessInstance.assignment_id.is_(None))
    numbers = (number_of(rows).label(name) for name, rows in counted)
    query = query.add_columns(own.limit(1).scalar_subquery().label("version_of_case"), newest_of_step(), *numbers)
    reports = (
        selectinload(Case.reports)
        .joinedload(CaseReport.report)
        .options(joinedload(Report.texts), joinedload(Report.reporter).joinedload(Reporter.account))
    )
    answers = joinedload(Assignment.answers).options(
        joinedload(Answer.author), joinedload(Answer.decision).joinedload(Decision.decided_by)
    )
    return query.where(WaitingTask.ref == bindparam("ref")).options(
        joinedload(WaitingTask.instance),
        joinedload(WaitingTask.assignment).options(joinedload(Assignment.agency), answers),
        joinedload(WaitingTask.case).options(*with_viewers(is_one_case=True), reports),
    )


@cache
def step_locked(*, is_own: bool = False) -> Any:
    """The step `ref`, locked, with the locked head of the chain `stream` of its case, that of the rules, and what its case has.

    `is_own`: the step of `element` that waits for a reporter of `case` instead.
    """
    case_head, rules_head = aliased(EventStream, name="case_head"), aliased(EventStream, name="rules_head")
    has_drafts = drafts_at(WaitingTask.case_id, WaitingTask.assignment_id, WaitingTask.element).label("has_drafts")
    named = WaitingTask.case_id == bindparam("case"), WaitingTask.element == bindparam("element"), WaitingTask.state == "waiting"
    which = (*named, WaitingTask.desk.startswith(REPORTER)) if is_own else (WaitingTask.ref == bindparam("ref"),)
    along = held_at_step(), *parts_there(WaitingTask.case_id, UNDER_LOCK)
    query = select(WaitingTask, case_head, rules_head, has_drafts, *along).select_from(WaitingTask)
    query = query.join(case_head, case_head.stream == bindparam("stream")).outerjoin(rules_head, rules_head.stream == RULES_STREAM)
    query = query.where(*which).options(joinedload(WaitingTask.instance)).execution_options(populate_existing=True)
    return query.with_for_update(of=(WaitingTask, case_head))


@cache
def step_to_do(*, is_own: bool = False) -> Any:
    """The same with every instance of its case, as `instance`, and each of its steps at a desk, as `step`: a row for each."""
    instance, step = aliased(ProcessInstance, name="instance"), aliased(WaitingTask, name="step")
    query = step_locked(is_own=is_own).add_columns(instance, step)
    query = query.join(instance, instance.case_id == WaitingTask.case_id)
    query = query.outerjoin(step, and_(step.instance_id == instance.id, step.state.in_(AT_DESKS)))
    return query.order_by(instance.id, step.id)


@cache
def rows_to_act_on() -> Any:
    """What an act on the locked case `case` begins with: the locked head of its chain `stream`, that of the rules, every instance and each
    of its steps at a desk; a row for each."""
    case_head, rules_head = aliased(EventStream, name="case_head"), aliased(EventStream, name="rules_head")
    instance, step = aliased(ProcessInstance, name="instance"), aliased(WaitingTask, name="step")
    query = select(case_head, rules_head, instance, step).select_from(case_head).where(case_head.stream == bindparam("stream"))
    query = query.outerjoin(rules_head, rules_head.stream == RULES_STREAM).outerjoin(instance, instance.case_id == bindparam("case"))
    query = query.outerjoin(step, and_(step.instance_id == instance.id, step.state.in_(AT_DESKS)))
    return query.order_by(instance.id, step.id).execution_options(populate_existing=True).with_for_update(of=case_head)
