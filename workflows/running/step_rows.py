"""The rows a step begins with, in one statement each; built at the first call, as `with_viewers`."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import aliased, joinedload, lazyload, selectinload

from casework.calendars import RULES_STREAM
from casework.models import Answer, Assignment, Case, CaseReport, EventStream, Report
from casework.permissions.sight import with_viewers
from casework.reading.lacking import parts_there
from casework.steps.drafts import drafts_at
from workflows.desk_access import REPORTER
from workflows.models import ProcessInstance, WaitingTask


@cache
def step_shown() -> Any:
    """The step `ref` with everything its page begins with, and what its case has (casework/reading/lacking.py)."""
    has_drafts = drafts_at(WaitingTask.case_id, WaitingTask.assignment_id, WaitingTask.element).label("has_drafts")
    query = select(WaitingTask, has_drafts, *parts_there(WaitingTask.case_id)).select_from(WaitingTask)
    own = select(ProcessInstance.version_id).where(ProcessInstance.case_id == WaitingTask.case_id, ProcessInstance.assignment_id.is_(None))
    query = query.add_columns(own.limit(1).scalar_subquery().label("version_of_case"))
    texts = selectinload(Case.reports).joinedload(CaseReport.report).joinedload(Report.texts)
    return query.where(WaitingTask.ref == bindparam("ref")).options(
        joinedload(WaitingTask.instance),
        joinedload(WaitingTask.assignment).options(
            joinedload(Assignment.agency), lazyload(Assignment.answers).options(joinedload(Answer.decision), joinedload(Answer.author))
        ),
        joinedload(WaitingTask.case).options(*with_viewers(), texts),
    )


@cache
def step_locked(*, is_own: bool = False) -> Select[WaitingTask, EventStream, EventStream, bool]:
    """The step `ref`, locked, with the locked head of the chain `stream` of its case, and that of the rules.

    `is_own`: the step of `element` that waits for a reporter of `case` instead.
    """
    case_head, rules_head = aliased(EventStream, name="case_head"), aliased(EventStream, name="rules_head")
    has_drafts = drafts_at(WaitingTask.case_id, WaitingTask.assignment_id, WaitingTask.element).label("has_drafts")
    own = WaitingTask.case_id == bindparam("case"), WaitingTask.element == bindparam("element"), WaitingTask.state == "waiting"
    which = (*own, WaitingTask.desk.startswith(REPORTER)) if is_own else (WaitingTask.ref == bindparam("ref"),)
    query = select(WaitingTask, case_head, rules_head, has_drafts).select_from(WaitingTask).where(*which)
    query = query.join(case_head, case_head.stream == bindparam("stream")).outerjoin(rules_head, rules_head.stream == RULES_STREAM)
    query = query.options(joinedload(WaitingTask.instance)).execution_options(populate_existing=True)
    return query.with_for_update(of=(WaitingTask, case_head))
