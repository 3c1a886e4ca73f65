"""The centre's second looks at an answer, as a sender reads them: what came of the last one, and by when the present one does what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db
from casework.models import Case, Clock, Publication, Review
from casework.setting_values import value_of
from casework.states import CaseState
from casework.working_time import TimeLimit, Unit, due_at


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review of a case, open until it has an outcome, and when the answer it is about was given."""

    answered_at: datetime
    opened_at: datetime
    outcome: str | None
    words: str | None
    decided_at: datetime | None

    @property
    def is_reopened(self) -> bool:
        return self.outcome == "reopened"


@dataclass(frozen=True, slots=True)
class ReviewTold:
    """The outcome of the review of a dissatisfied rating, in the words written to the sender."""

    is_reopened: bool
    words: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewAhead:
    """A review that is going on: since when, the first instant too late for reading the reason, and that for a second answer.

    `answer_by` is None where the case has had no limit it could be counted by.
    """

    since: datetime
    read_by: datetime
    answer_by: datetime | None


def reviews_of(case: Case) -> list[ReviewRow]:
    """All reviews of a case, oldest first."""
    columns = Publication.published_at, Review.opened_at, Review.outcome, Review.words, Review.decided_at
    query = select(*columns).join(Publication, Publication.id == Review.publication_id).where(Publication.case_id == case.id)
    return [ReviewRow(*row) for row in db.session.execute(query.order_by(Review.id))]


def review_told(rows: Sequence[ReviewRow]) -> ReviewTold | None:
    """The newest decided review, still shown after the case is answered again."""
    row = next((row for row in reversed(rows) if row.outcome is not None), None)
    if row is None or not row.words or row.decided_at is None:
        return None
    return ReviewTold(row.is_reopened, row.words, row.decided_at)


def review_ahead(case: Case, rows: Sequence[ReviewRow], limit: Clock | None) -> ReviewAhead | None:
    """The two days of the present review; None without one.

    The reason is read within `review_read_hours` of office time. If the case goes to the agencies again, it gets its own limit anew
    (rules.md, section 6, "Reopen"); counted from the last moment for reading, that is the latest day of a second answer.
    """
    row = next((row for row in reversed(rows) if row.outcome is None), None)
    if case.state != CaseState.REVIEW or row is None:
        return None
    calendar = calendar_of(case.centre_id)
    hours = TimeLimit(int(value_of("review_read_hours", case.centre_id)), Unit.WORKING_HOURS)
    read_by = due_at(hours, row.opened_at, calendar) or row.opened_at
    again = due_at(TimeLimit(limit.amount, Unit(limit.unit)), read_by, calendar) if limit is not None else None
    return ReviewAhead(row.opened_at, read_by, again)
