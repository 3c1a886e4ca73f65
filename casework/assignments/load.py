"""The workload of agencies: open assignments, and how many of them are late."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case as when
from sqlalchemy import func, select

from casework.db import db
from casework.lateness import late
from casework.models import Assignment
from casework.states import AssignmentState

AT_WORK = (
    AssignmentState.ASKED,
    AssignmentState.HANDLING,
    AssignmentState.HANDED_BACK,
    AssignmentState.SUBMITTED,
    AssignmentState.REDO,
)
"""States of unfinished work, listed so that the index on agency and state finds it among years of finished work."""


@dataclass(frozen=True, slots=True)
class Load:
    """Open and late assignments of an agency; one that was late before its case was paused stays late."""

    open: int = 0
    late: int = 0


def loads_of(agency_ids: Collection[int], *, now: datetime) -> dict[int, Load]:
    behind = func.sum(when((late(Assignment.due_at, now), 1), else_=0))
    query = (
        select(Assignment.agency_id, func.count(), behind)
        .where(Assignment.agency_id.in_(agency_ids), Assignment.state.in_(AT_WORK), Assignment.ended_at.is_(None))
        .group_by(Assignment.agency_id)
    )
    found = {agency_id: Load(number, int(number_late or 0)) for agency_id, number, number_late in db.session.execute(query)}
    return {agency_id: found.get(agency_id, Load()) for agency_id in agency_ids}
