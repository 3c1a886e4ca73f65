"""The readers of an inbox: the people who hold its role on the day, and their present deputies."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Deputy, Membership
from casework.permissions import AGENCY_ROLES, WATCHERS, Role, actor_for, desk_name


def readers_of(desks: Collection[str], *, now: datetime) -> dict[str, set[int]]:
    """Return the accounts that read each inbox now, including deputies, without closed accounts."""
    wanted = [_membership(desk) for desk in set(desks)]
    holders: dict[str, set[int]] = defaultdict(set)
    if not wanted:
        return holders
    today = local_day(now)
    rows = select(Membership).join(Membership.account).where(or_(*wanted), Account.disabled_at.is_(None), Account.kind == "staff")
    for row in db.session.scalars(rows):
        if row.holds_on(today):
            holders[desk_name(row.role, centre_id=row.centre_id, agency_id=row.agency_id)].add(row.account_id)
    deputies = _deputies({id_ for ids in holders.values() for id_ in ids}, now)
    for desk, ids in holders.items():
        found = set().union(*(deputies[id_] for id_ in ids if id_ in deputies))
        if Role(desk.partition("@")[0]) in WATCHERS:
            # not every deputy may act in such a role: another role of theirs may watch it, or nobody has confirmed them
            found = {id_ for id_ in found if desk in actor_for(db.session.get(Account, id_), now=now).desks}
        ids |= found
    return holders


def _membership(desk: str) -> ColumnElement[bool]:
    role, _, place = desk.partition("@")
    number = int(place[1:])
    if Role(role) in AGENCY_ROLES:
        return and_(Membership.role == role, Membership.agency_id == number)
    return and_(Membership.role == role, Membership.centre_id == number if number else Membership.centre_id.is_(None))


def _deputies(principals: set[int], now: datetime) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    query = select(Deputy.principal_id, Deputy.deputy_id).join(Account, Account.id == Deputy.deputy_id)
    query = query.where(Deputy.principal_id.in_(principals), Deputy.starts_at <= now, now < Deputy.ends_at, Account.disabled_at.is_(None))
    for principal_id, deputy_id in db.session.execute(query):
        found[principal_id].add(deputy_id)
    return found
