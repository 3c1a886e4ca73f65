"""A reporter's verdict given on their own page: the case's open rating step, found for them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.models import Case, Report
from casework.permissions import Actor
from casework.ratings import RatingRefused
from workflows.models import WaitingTask
from workflows.steps import StepResult, perform


def rate_report(
    case: Case, *, by: Actor, now: datetime, report: Report, level: str, reason: str = "", agency_levels: Mapping[int, str] | None = None
) -> StepResult:
    """Give a verdict through the case's rating step. Raises RatingRefused when none is open, and what `casework.ratings.rate` raises."""
    query = select(WaitingTask.ref).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting", WaitingTask.element == "rate")
    task_ref = db.session.scalar(query)
    if task_ref is None:
        raise RatingRefused("Hồ sơ này hiện không mời đánh giá.", "This case is not open for rating now.")
    form = {"report": report, "level": level, "reason": reason, "agency_levels": agency_levels}
    return perform(task_ref, by=by, now=now, form=form)
