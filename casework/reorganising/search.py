"""Updating search rows with the names a reorganisation gave or took back: a place is found by former and present names."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import AreaSuccession, Case, Reorganisation
from casework.reorganising.blueprint import BodyKind
from casework.search.rows import refresh_search_rows

BATCH = 50
"""Cases of one unit of work."""


def reindex_some(plan_id: int, now: datetime) -> int:
    """Rebuild the search rows of the next BATCH cases whose place has other names since; returns how many."""
    with unit_of_work():
        return reindex_next(db.session.get_one(Reorganisation, plan_id), now)


def reindex_next(plan: Reorganisation, now: datetime) -> int:
    """The same within the caller's unit of work."""
    query = select(Case.id).where(Case.area_id.in_(touched_areas(plan)), Case.id > plan.last_indexed_id).order_by(Case.id).limit(BATCH)
    case_ids = list(db.session.scalars(query))
    for case_id in case_ids:
        refresh_search_rows(lock_case(case_id), at=now)
    if case_ids:
        plan.last_indexed_id = case_ids[-1]
    return len(case_ids)


def touched_areas(plan: Reorganisation) -> set[int]:
    """The areas of a plan, and their predecessors."""
    lines = [step for step in plan.steps if step.kind == BodyKind.AREA]
    ahead = [each for step in lines for each in (step.predecessor_id, step.successor_id) if each is not None]
    before: dict[int, list[int]] = defaultdict(list)
    for predecessor_id, successor_id in db.session.execute(select(AreaSuccession.predecessor_id, AreaSuccession.successor_id)):
        before[successor_id].append(predecessor_id)
    found: set[int] = set()
    while ahead:
        each = ahead.pop()
        if each not in found:
            found.add(each)
            ahead += before.get(each, ())
    return found
