"""Whose figures a person may read: a whole centre, or one agency of it (agency leaders see only their own agency's)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from casework.db import db
from casework.models import Agency, Centre
from casework.permissions import AGENCY_ROLES, Action, Actor, Role
from casework.successors import Followed, followed_by
from reports.statistics.subjects import Scope

MOST = 100


@dataclass(frozen=True, slots=True)
class Reach:
    """One centre, or one agency of it, whose figures a person may read; with `freezes` also freeze."""

    centre: Centre
    agency: Agency | None = None
    freezes: bool = False

    @property
    def ref(self) -> str:
        """Its name in addresses."""
        return self.agency.ref if self.agency is not None else self.centre.ref

    @property
    def scope(self) -> Scope:
        return Scope((self.centre.id,), agency_id=self.agency_id)

    @property
    def agency_id(self) -> int | None:
        """Its single agency; None for a whole centre."""
        return self.agency.id if self.agency is not None else None


def reaches_of(by: Actor) -> list[Reach]:
    """Everything whose figures a person may read: the default centre first, whole centres before agencies, active ones before ended ones.

    Ended bodies are read by their successors, since their former cases count for them for ever (rules.md, section 8).
    """
    wanted = frozenset(Role(role) for role in Action.READ_STATISTICS.roles)
    grants = [grant for grant in by.grants if grant.role in wanted]
    whole = {grant.centre_id for grant in grants if grant.role not in AGENCY_ROLES}
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id).limit(MOST)
    if None not in whole:
        own = {centre_id for centre_id in whole if centre_id is not None}
        query = query.where(Centre.id.in_(own | followed_by(Followed.CENTRE, own)))
    freezers = frozenset(Role(role) for role in Action.FREEZE_FIGURES.roles)
    found = [Reach(row, None, by.holds(freezers, centre_id=row.id)) for row in db.session.scalars(query)] if whole else []
    led = {grant.agency_id for grant in grants if grant.role in AGENCY_ROLES and grant.agency_id is not None}
    agency_ids = led | followed_by(Followed.AGENCY, led)
    seen = {reach.centre.id for reach in found}
    agencies = select(Agency).where(Agency.id.in_(agency_ids)).order_by(Agency.valid_to.is_not(None), Agency.folded_name, Agency.id)
    found += [Reach(row.centre, row) for row in db.session.scalars(agencies) if row.centre_id not in seen]
    return found


def reach_named(reaches: Sequence[Reach], ref: str) -> Reach | None:
    """The one an address names, or the first if it names none; None if there is no such one."""
    if not ref:
        return reaches[0] if reaches else None
    return next((reach for reach in reaches if reach.ref == ref), None)
