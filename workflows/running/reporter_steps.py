"""Steps reporters do on their own page: the open step of their case is found and performed."""

from datetime import datetime

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Case
from casework.permissions import Actor
from casework.verbs import Input
from workflows.desk_access import REPORTER
from workflows.models import WaitingTask
from workflows.running.steps import StepResult, perform


class NothingToDo(CaseworkError):
    """The case asks nothing of its reporter now."""

    def __init__(self) -> None:
        super().__init__(
            "Hồ sơ này hiện không chờ Ông/Bà làm việc đó. Vui lòng tải lại trang để xem tình trạng mới nhất.",
            "The case does not wait for you to do that now. Please load the page again to see where it stands.",
        )


def do_own_step(case: Case, element: str, *, by: Actor, now: datetime, given: Input) -> StepResult:
    """Do the reporter's step of that element, inside the caller's unit of work; the use case checks whose report it is.

    Raises NothingToDo if it does not wait, and what `workflows.running.steps.perform` raises.
    """
    task_ref = open_own_step(lock_case(case.id), element)
    if task_ref is None:
        raise NothingToDo
    return perform(task_ref, by=by, now=now, given=given)


def open_own_step(case: Case, element: str) -> str | None:
    """Return the ref of a waiting step of the reporter, None if it does not wait."""
    query = select(WaitingTask.ref).where(WaitingTask.case_id == case.id, WaitingTask.element == element, WaitingTask.state == "waiting")
    return db.session.scalar(query.where(WaitingTask.desk.startswith(REPORTER)))
