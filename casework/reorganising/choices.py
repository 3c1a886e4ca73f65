"""The choices for the lines of a plan, as listed on its page."""

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Area, Membership, Reorganisation
from casework.reorganising.blueprint import BODIES, Blueprint, Body, BodyKind, memberships_of
from casework.reorganising.plans import planned_rows

MOST_LISTED = 500


def predecessors_for(plan: Reorganisation, kind: BodyKind) -> list[Body]:
    """The bodies at work the day before, of the plan's centre or of all, by name; villages move with their area."""
    before = plan.on - timedelta(days=1)
    return [row for row in _rows(plan, kind) if row.holds_on(before) and (row.valid_to is None or row.valid_to > plan.on)]


def successors_for(plan: Reorganisation, kind: BodyKind) -> list[Body]:
    """The bodies at work on the day, and those the plan makes."""
    waiting = [row for row in planned_rows(plan) if isinstance(row, BODIES[kind])]
    return [*waiting, *(row for row in _rows(plan, kind) if row.holds_on(plan.on))]


def places_for(plan: Reorganisation) -> list[Area]:
    """The areas a line may claim: those before and on the day, and the villages of ending areas."""
    ended = Blueprint.of(plan).ended(BodyKind.AREA)
    query = select(Area).where(Area.level == "village", Area.parent_id.in_(ended)).order_by(Area.folded_name, Area.id).limit(MOST_LISTED)
    villages = [area for area in db.session.scalars(query) if area.holds_on(plan.on)]
    known = {
        area.id: area for area in (*successors_for(plan, BodyKind.AREA), *predecessors_for(plan, BodyKind.AREA)) if isinstance(area, Area)
    }
    return [*known.values(), *villages]


def people_for(plan: Reorganisation) -> dict[str, Membership]:
    """The roles in ending bodies, by the person's ref and the number of the role among theirs."""
    blueprint, found = Blueprint.of(plan), dict[str, Membership]()
    ids = [row.id for row in memberships_of(blueprint)]
    query = select(Membership).where(Membership.id.in_(ids)).order_by(Membership.account_id, Membership.id).limit(MOST_LISTED)
    number: dict[int, int] = {}
    beside = (joinedload(Membership.account), joinedload(Membership.agency), joinedload(Membership.centre))
    for row in db.session.scalars(query.options(*beside)):
        number[row.account_id] = number.get(row.account_id, 0) + 1
        found[f"{row.account.ref}-{number[row.account_id]}"] = row
    return found


def _rows(plan: Reorganisation, kind: BodyKind) -> list[Body]:
    table = BODIES[kind]
    query = select(table).where(or_(table.valid_to.is_(None), table.valid_to >= plan.on)).order_by(table.name_vi, table.id)
    if kind is BodyKind.AREA:
        query = query.where(Area.level != "village")
    if plan.centre_id is not None and kind is not BodyKind.CENTRE:
        query = query.where(table.centre_id == plan.centre_id)
    return list(db.session.scalars(query.limit(MOST_LISTED)))
