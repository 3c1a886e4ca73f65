"""Steps reporters do on their own page: the open step of their case is found and performed."""

from datetime import datetime

from casework.cases import lock_case
from casework.errors import CaseworkError
from casework.models import Case
from casework.permissions import Actor
from casework.verbs import Input
from workflows.running.doing import StepResult
from workflows.running.steps import perform_own


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
    done = perform_own(lock_case(case.id), element, given, by=by, now=now)
    if done is None:
        raise NothingToDo
    return done
