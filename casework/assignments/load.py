"""The workload of agencies: open assignments, and how many of them are late; and what they led before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case as when
from sqlalchemy import func, literal, select

from casework.db import db
from casework.lateness import late
from casework.models import Assignment, Case
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


LIKE_THIS = timedelta(days=180)
MOST_LIKE_THIS = 40
"""The newest cases of the field in the commune that are looked at, whatever their number: a habit shows in them."""


def loads_and_leads(agency_ids: Collection[int], case: Case, *, now: datetime) -> tuple[dict[int, Load], Mapping[int, int]]:
    """The loads of agencies, and of how many of the newest cases of the same field in the same commune each had the lead, in one
    statement."""
    behind = func.sum(when((late(Assignment.due_at, now), 1), else_=0))
    loads = (
        select(literal("load").label("what"), Assignment.agency_id, func.count(), behind)
        .where(Assignment.agency_id.in_(agency_ids), Assignment.state.in_(AT_WORK), Assignment.ended_at.is_(None))
        .group_by(Assignment.agency_id)
    )
    newest = (
        select(Case.lead_agency_id)
        .where(Case.area_id == case.area_id, Case.opened_at >= now - LIKE_THIS, Case.field_id == case.field_id)
        .where(Case.lead_agency_id.is_not(None), Case.quarantined_at.is_(None), Case.id != case.id)
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(MOST_LIKE_THIS)
        .subquery()
    )
    leads = select(literal("lead"), newest.c.lead_agency_id, func.count(), literal(0)).group_by(newest.c.lead_agency_id)
    rows = db.session.execute(loads.union_all(leads)).all()
    found = {agency_id: Load(number, int(number_late or 0)) for what, agency_id, number, number_late in rows if what == "load"}
    led = {agency_id: number for what, agency_id, number, _late in rows if what == "lead"}
    return {agency_id: found.get(agency_id, Load()) for agency_id in agency_ids}, led
