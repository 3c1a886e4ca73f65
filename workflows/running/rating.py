"""Ratings by reporters on their own page: through the case's open rating step, or joining a review already opened."""

from datetime import datetime

from casework.clocks.acts import ClockKind, running_clock
from casework.models import Case
from casework.permissions import Actor
from casework.publishing.ratings import RateInput, RatingRefused, rate
from casework.states import CaseState
from workflows.running.steps import perform_own


def rate_report(case: Case, given: RateInput, *, by: Actor, now: datetime) -> None:
    """Rate a locked case through its rating step, or, while a review goes on, join the review outside the process.

    Raises RatingRefused if neither is open, and what `casework.publishing.ratings.rate` raises. Source: rules.md, section 6, "Rating".
    """
    if perform_own(case, "rate", given, by=by, now=now) is not None:
        return
    if case.state == CaseState.REVIEW and running_clock(case, ClockKind.RATING) is not None:
        rate(case, given, by=by, now=now)
    else:
        raise RatingRefused("Hồ sơ này hiện không mời đánh giá.", "This case is not open for rating now.")
