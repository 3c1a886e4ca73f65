"""The quarantined cases for those who may know of them: which wait to be handed over, and when the others were."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from casework.db import db
from casework.models import Case, Event
from casework.permissions import Action, Actor, Role, require
from casework.successors import Followed, followed_by
from casework.upkeep.erasure_log import IS_HAND_OVER

PAGE = 50
MOST_COUNTED = 99
MOST_LOOKED_AT = 1_000
"""Waiting cases examined: some may belong to another successor where a centre was divided."""
READERS = (Role.CONFIDENTIAL_READER,)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A quarantined case; `handed_over_at` is None while its readers still have the content."""

    case: Case
    handed_over_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuarantinedPage:
    """A page of them, the last taken out first, and the row after which the next page starts."""

    rows: list[Quarantined]
    after: int | None


def quarantined_cases(*, by: Actor, after: int | None = None) -> QuarantinedPage:
    """The cases of which the person is a confidential reader, merged ones and parts with their case. Raises NotAllowed for all others."""
    require(by, Action.HAND_OVER)
    query = _of(by)
    at = db.session.scalar(query.where(Case.id == after).with_only_columns(Case.quarantined_at)) if after is not None else None
    if at is not None:
        query = query.where(or_(Case.quarantined_at < at, and_(Case.quarantined_at == at, Case.id < after)))
    found = list(db.session.scalars(query.order_by(Case.quarantined_at.desc(), Case.id.desc()).limit(PAGE + 1)))
    # which of several successors reads a case depends on its place, case by case
    shown = [case for case in found[:PAGE] if by.holds_for(READERS, case)]
    handed = select(Event.case_id, Event.at).where(Event.case_id.in_([case.id for case in shown]), IS_HAND_OVER)
    times = dict(db.session.execute(handed).all())
    return QuarantinedPage([Quarantined(case, times.get(case.id)) for case in shown], found[PAGE - 1].id if len(found) > PAGE else None)


def count_to_hand_over(*, by: Actor) -> int:
    """How many of them wait to be handed over, counted one past MOST_COUNTED. 0 for everybody else."""
    if not by.holds(READERS):
        return 0
    handed = select(Event.id).where(Event.case_id == Case.id, IS_HAND_OVER).exists()
    rows = db.session.scalars(_of(by).where(~handed).order_by(Case.quarantined_at.desc()).limit(MOST_LOOKED_AT))
    return sum(1 for _case in islice((case for case in rows if by.holds_for(READERS, case)), MOST_COUNTED + 1))


def _of(by: Actor) -> Select[Case]:
    # "+ 0" makes the planner use the short index of quarantined cases, not those of a centre or of merged cases, which hold a million
    parent = aliased(Case)
    goes_along = exists().where(parent.id == Case.parent_id, parent.quarantined_at.is_not(None))
    query = select(Case).where(Case.quarantined_at.is_not(None), (Case.merged_into_id + 0).is_(None), ~goes_along)
    own = {grant.centre_id for grant in by.grants if grant.role in READERS}
    if None in own:
        return query
    centres = {centre_id for centre_id in own if centre_id is not None}
    return query.where((Case.centre_id + 0).in_(sorted(centres | followed_by(Followed.CENTRE, centres))))
