"""The centre's second looks at an answer, as a sender reads them: what came of the last one, and by when the present one does what."""

from collections.abc import Collection, Sequence
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
class AnswerRow:
    """An answer of a case that is no interim one, and its review because of a rating, where it has one, open until it has an outcome."""

    case_id: int
    answered_at: datetime
    opened_at: datetime | None = None
    outcome: str | None = None
    words: str | None = None
    decided_at: datetime | None = None

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


def answers_given(case_ids: Collection[int]) -> list[AnswerRow]:
    """All answers of these cases with their reviews, oldest first."""
    columns = Publication.case_id, Publication.published_at, Review.opened_at, Review.outcome, Review.words, Review.decided_at
    query = select(*columns).outerjoin(Review, Review.publication_id == Publication.id)
    query = query.where(Publication.case_id.in_(case_ids), Publication.kind != "interim").order_by(Publication.id, Review.id)
    return [AnswerRow(*row) for row in db.session.execute(query)]


def review_told(case: Case, rows: Sequence[AnswerRow]) -> ReviewTold | None:
    """The newest decided review of a case, still shown after it is answered again."""
    row = next((row for row in reversed(rows) if row.case_id == case.id and row.outcome is not None), None)
    if row is None or not row.words or row.decided_at is None:
        return None
    return ReviewTold(row.is_reopened, row.words, row.decided_at)


def review_ahead(case: Case, rows: Sequence[AnswerRow], limit: Clock | None) -> ReviewAhead | None:
    """The two days of the present review; None without one.

    The reason is read within `review_read_hours` of office time. If the case goes to the agencies again, it gets its own limit anew
    (rules.md, section 6, "Reopen"); counted from the last moment for reading, that is the latest day of a second answer.
    """
    own = [row.opened_at for row in rows if row.case_id == case.id and row.opened_at is not None and row.outcome is None]
    if case.state != CaseState.REVIEW or not own:
        return None
    since = own[-1]
    calendar = calendar_of(case.centre_id)
    hours = TimeLimit(int(value_of("review_read_hours", case.centre_id)), Unit.WORKING_HOURS)
    read_by = due_at(hours, since, calendar) or since
    again = due_at(TimeLimit(limit.amount, Unit(limit.unit)), read_by, calendar) if limit is not None else None
    return ReviewAhead(since, read_by, again)
