"""What an administrator administers: every centre, or some; and the people, centres and agencies found there."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true

from casework.calendars import RULES_STREAM
from casework.db import db
from casework.models import Account, Agency, Area, Centre, EventStream, Membership
from casework.permissions import Actor, Role


def one_at_a_time() -> None:
    """Lock the end of the stream of the rules: of two who change people or bodies at once, the second reads what the first has written."""
    db.session.get(EventStream, RULES_STREAM, with_for_update=db.session.get_bind().dialect.name != "sqlite" or None)


def administered_centres(by: Actor) -> frozenset[int] | None:
    """The centres somebody administers; None for the whole installation."""
    centres = {grant.centre_id for grant in by.grants if grant.role == Role.ADMINISTRATOR}
    return None if None in centres else frozenset(id_ for id_ in centres if id_ is not None)


def is_of(centre_ids: Collection[int] | None, column: Any) -> ColumnElement[bool]:
    """A condition: the column names one of the centres; with None, anything."""
    if centre_ids is None:
        return true()
    return column.in_(centre_ids) if centre_ids else false()


def works_in(centre_ids: Collection[int] | None) -> ColumnElement[bool]:
    """A condition on accounts: staff who hold, held or will hold a role in one of the centres; with None, all staff."""
    if centre_ids is None:
        return Account.kind == "staff"
    agencies = select(Agency.id).where(is_of(centre_ids, Agency.centre_id))
    held = exists().where(
        Membership.account_id == Account.id, or_(is_of(centre_ids, Membership.centre_id), Membership.agency_id.in_(agencies))
    )
    return (Account.kind == "staff") & held


def person_of(by: Actor, ref: str) -> Account | None:
    """The member of staff with that ref, if the administrator's people include them."""
    return db.session.scalars(select(Account).where(Account.ref == ref, works_in(administered_centres(by)))).first()


def centre_of(row: Membership) -> int | None:
    """The centre a role is held in, be it through an agency; None for a role of the installation."""
    return row.agency.centre_id if row.agency is not None else row.centre_id


def is_wholly_theirs(by: Actor, account: Account, *, on: date) -> bool:
    """Whether the person works nowhere but in centres this administrator administers: only then the account itself is theirs.

    Who holds no role any more belongs where the last ones were held.
    """
    mine = administered_centres(by)
    if mine is None:
        return True
    present = [row for row in account.memberships if row.valid_to is None or row.valid_to > on]
    return all(centre_of(row) in mine for row in present or account.memberships) and bool(account.memberships)


def centres_of(by: Actor, *, on: date) -> list[Centre]:
    """The centres an administrator administers that are at work, by name."""
    query = select(Centre).where(is_of(administered_centres(by), Centre.id), Centre.valid_from <= on)
    return list(db.session.scalars(query.where(or_(Centre.valid_to.is_(None), Centre.valid_to > on)).order_by(Centre.name_vi, Centre.id)))


def agency_of(by: Actor, ref: str) -> Agency | None:
    """The agency with that ref in one of the administrator's centres."""
    return db.session.scalars(select(Agency).where(Agency.ref == ref, is_of(administered_centres(by), Agency.centre_id))).first()


def area_of(by: Actor, ref: str) -> Area | None:
    """The area with that ref in one of the administrator's centres; those of no centre are the installation's."""
    return db.session.scalars(select(Area).where(Area.ref == ref, is_of(administered_centres(by), Area.centre_id))).first()
