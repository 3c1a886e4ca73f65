"""A case that waits for its parts and for nothing else, and what follows once the last of them has ended."""

from datetime import datetime

from casework.answers.acts import settle_work
from casework.models import Case
from casework.states import CaseState


def follow_parts(case: Case, *, now: datetime) -> None:
    """Let the operators of a locked case publish once its agencies and all its parts are done; the limit of publication starts now.

    A case never divided, one that rests and one whose agencies are at work stay as they are.
    """
    if case.is_divided and case.state == CaseState.HANDLING and not case.open_assignments and case.standstill is None:
        settle_work(case, at=now)
