"""What one agency was asked in a period and how it answered, counted from its own rows, so that the cost depends on that agency alone.

Quarantined cases are not counted, so that no figure of a field, place or agency reveals them (rules.md, section 6).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import contains_eager

from casework.clocks.acts import ClockKind
from casework.db import db
from casework.lateness import late
from casework.models import Answer, Assignment, Case, Clock, Decision, Extension, HandBack, Publication, Rating
from casework.states import AssignmentState

MOST_OPEN = 200
"""How many open parts are listed, those due first."""


def agency_figures(agency_id: int, *, since: datetime, until: datetime) -> dict[str, int]:
    """Return how much the agency got, accepted, answered, was asked to redo and handed back: since <= instant < until.

    `carried_over` was open at `since`, `open` at `until`; late is judged at `until`. What ended without an answer was `taken_away`:
    handed back for good, removed, merged, closed. So carried_over + asked = answered + taken_away + open. An answer is in time by its
    leader's approval (rules.md, section 4).
    """

    def within(column: Any) -> ColumnElement[bool]:
        return and_(column >= since, column < until)

    def count(query: Any) -> int:
        return db.session.scalar(query) or 0

    parts = select(func.count()).select_from(Assignment).join(Case, Case.id == Assignment.case_id)
    parts = parts.where(Assignment.agency_id == agency_id, Case.quarantined_at.is_(None))
    told = {"carried_over": count(parts.where(_stood(since))), "asked": count(parts.where(within(Assignment.distributed_at)))}
    told |= _accepted(agency_id, within) | _answered(agency_id, within)
    own = and_(Assignment.agency_id == agency_id, Case.quarantined_at.is_(None))
    redone = select(func.count()).select_from(Decision).join(Answer).join(Assignment).join(Case, Case.id == Assignment.case_id)
    told["redone"] = count(redone.where(own, Decision.verdict == "redo", within(Decision.decided_at)))
    returned = select(func.count()).select_from(HandBack).join(Assignment, Assignment.id == HandBack.assignment_id)
    returned = returned.join(Case, Case.id == Assignment.case_id)
    told["handed_back"] = count(returned.where(own, within(HandBack.handed_back_at)))
    extended = select(func.count()).select_from(Extension).join(Assignment, Assignment.id == Extension.assignment_id)
    extended = extended.join(Case, Case.id == Assignment.case_id)
    told["extensions"] = count(extended.where(own, Extension.granted.is_(True), within(Extension.decided_at)))
    told["taken_away"] = count(parts.where(within(Assignment.ended_at), Assignment.approved_at.is_(None)))
    told["open"] = count(parts.where(_stood(until)))
    behind = select(func.count(func.distinct(Clock.assignment_id))).select_from(Clock)
    behind = behind.join(Assignment, Assignment.id == Clock.assignment_id).join(Case, Case.id == Assignment.case_id)
    behind = behind.where(own, _stood(until), Clock.kind == ClockKind.ASSIGNMENT, late(Clock.due_at, until))
    told["open_late"] = count(behind.where(or_(Clock.ended_at.is_(None), Clock.ended_at >= until)))
    return told


def agency_ratings(agency_id: int, *, since: datetime, until: datetime) -> dict[str, int]:
    """How often each rating was given to the agency's own part of an answer."""
    query = select(Rating.level, func.count()).join(Publication, Publication.id == Rating.publication_id)
    query = query.join(Case, Case.id == Publication.case_id).where(Rating.agency_id == agency_id, Case.quarantined_at.is_(None))
    counted = query.where(Rating.rated_at >= since, Rating.rated_at < until).group_by(Rating.level)
    return {level: number for level, number in db.session.execute(counted)}  # noqa: C416


def open_parts(agency_id: int, *, limit: int = MOST_OPEN) -> tuple[list[Assignment], int]:
    """The parts the agency still owes, earliest due first, and their total number."""
    owed = (Assignment.agency_id == agency_id, Assignment.ended_at.is_(None), Assignment.state != AssignmentState.HANDED_BACK,
            Case.quarantined_at.is_(None))  # fmt: skip
    query = select(Assignment).join(Assignment.case).where(*owed).options(contains_eager(Assignment.case))
    rows = list(db.session.scalars(query.order_by(Assignment.due_at.is_(None), Assignment.due_at, Assignment.id).limit(limit)))
    total = select(func.count()).select_from(Assignment).join(Case, Case.id == Assignment.case_id).where(*owed)
    return rows, db.session.scalar(total) or 0


def _stood(instant: datetime) -> ColumnElement[bool]:
    """Whether the work was with the agency at an instant."""
    return and_(Assignment.distributed_at < instant, or_(Assignment.ended_at.is_(None), Assignment.ended_at >= instant))


def _accepted(agency_id: int, within: Any) -> dict[str, int]:
    late = func.sum(case((Clock.ended_late.is_(True), 1), else_=0))
    query = select(func.count(), late).select_from(Assignment).join(Case, Case.id == Assignment.case_id)
    query = query.outerjoin(Clock, and_(Clock.assignment_id == Assignment.id, Clock.kind == ClockKind.ASSIGNMENT_ACCEPTED))
    query = query.where(Assignment.agency_id == agency_id, Case.quarantined_at.is_(None), within(Assignment.accepted_at))
    number, number_late = db.session.execute(query).one()
    return {"accepted": number, "accepted_late": number_late or 0}


def _answered(agency_id: int, within: Any) -> dict[str, int]:
    query = select(Clock.ended_late, Clock.extended_at, Clock.ended_at, Clock.first_due_at).select_from(Assignment)
    query = query.join(Case, Case.id == Assignment.case_id)
    ended = and_(Clock.assignment_id == Assignment.id, Clock.kind == ClockKind.ASSIGNMENT, Clock.ended_at == Assignment.approved_at)
    query = query.outerjoin(Clock, ended)
    told = {"answered": 0, "in_time": 0, "in_time_after_extension": 0, "late": 0}
    own = query.where(Assignment.agency_id == agency_id, Case.quarantined_at.is_(None), within(Assignment.approved_at))
    for ended_late, extended_at, ended_at, first_due_at in db.session.execute(own):
        is_extended = extended_at is not None and ended_at is not None and ended_at >= first_due_at
        told["answered"] += 1
        told["late" if ended_late else "in_time_after_extension" if is_extended else "in_time"] += 1
    return told
