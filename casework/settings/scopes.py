"""The scope of an administrator: every centre, or some; and the people, centres and agencies there."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.calendars import RULES_STREAM
from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Agency, Area, Centre, Deputy, EventStream, Membership, ProvisionedPerson
from casework.permissions import Actor, Role

AT_ONCE = 500

ENDS_TOO_EARLY = Bilingual("Ngày kết thúc phải sau ngày bắt đầu.", "The last day must lie behind the first.")
NOT_ADMINISTERED = Bilingual("Không có trung tâm này trong phạm vi Ông/Bà quản trị.", "There is no such centre among those you administer.")


def one_at_a_time() -> None:
    """Lock the end of the stream of the rules: of two simultaneous changes of people or bodies, the second reads the first."""
    db.session.get(EventStream, RULES_STREAM, with_for_update=db.session.get_bind().dialect.name != "sqlite" or None)


def administered_centres(by: Actor) -> frozenset[int] | None:
    """The centres a person administers; None for the whole installation."""
    centres = {grant.centre_id for grant in by.grants if grant.role == Role.ADMINISTRATOR}
    return None if None in centres else frozenset(id_ for id_ in centres if id_ is not None)


def is_of(centre_ids: Collection[int] | None, column: Any) -> ColumnElement[bool]:
    """A condition that the column names one of the centres; with None, always true."""
    if centre_ids is None:
        return true()
    return column.in_(centre_ids) if centre_ids else false()


def works_in(centre_ids: Collection[int] | None) -> ColumnElement[bool]:
    """A condition on accounts: staff with a past, present or future role in one of the centres, or whom its directory has added
    (casework/doors/people); with None, all staff."""
    if centre_ids is None:
        return Account.kind == "staff"
    agencies = select(Agency.id).where(is_of(centre_ids, Agency.centre_id))
    held = exists().where(
        Membership.account_id == Account.id, or_(is_of(centre_ids, Membership.centre_id), Membership.agency_id.in_(agencies))
    )
    added = exists().where(ProvisionedPerson.account_id == Account.id, is_of(centre_ids, ProvisionedPerson.centre_id))
    return (Account.kind == "staff") & or_(held, added)


def person_of(by: Actor, ref: str) -> Account | None:
    """The member of staff with that ref, if the administrator administers them."""
    return db.session.scalars(select(Account).where(Account.ref == ref, works_in(administered_centres(by)))).first()


def centre_of(row: Membership) -> int | None:
    """The centre of a role, including that of its agency; None for a role of the installation."""
    return row.agency.centre_id if row.agency is not None else row.centre_id


def is_wholly_theirs(by: Actor, account: Account, *, now: datetime) -> bool:
    """Whether the person works only in this administrator's centres, so that the account itself is theirs to change."""
    return not not_wholly_theirs(by, [account], now=now)


def not_wholly_theirs(by: Actor, accounts: Iterable[Account], *, now: datetime) -> set[int]:
    """Those people whose accounts are not this administrator's alone; two statements for hundreds, three where some never held a role.

    Former staff belong where they ever held roles, whoever never held one to the centre whose directory added them. A deputy's rights,
    present or agreed, count as their own, because the account gives access to them.
    """
    mine, today = administered_centres(by.alone), local_day(now)
    if mine is None:
        return set()
    rows = {account.id: present_roles(account, today) or account.memberships for account in accounts}
    others = {id_ for id_, held in rows.items() if any(centre_of(row) not in mine for row in held)}
    others |= _added_elsewhere([id_ for id_, held in rows.items() if not held], mine)
    ids = sorted(rows)
    for start in range(0, len(ids), AT_ONCE):
        query = select(Deputy.deputy_id, Deputy.starts_at, Deputy.ends_at, Membership).join(
            Membership, Membership.account_id == Deputy.principal_id
        )
        query = query.where(Deputy.deputy_id.in_(ids[start : start + AT_ONCE]), Deputy.ends_at > now, Deputy.starts_at < Deputy.ends_at)
        for deputy_id, starts_at, ends_at, row in db.session.execute(query.options(joinedload(Membership.agency))):
            if holds_between(row, max(starts_at, now), ends_at) and centre_of(row) not in mine:
                others.add(deputy_id)
    return others


def _added_elsewhere(ids: list[int], mine: frozenset[int]) -> set[int]:
    """Those of people without any role whom none of these centres' directories has added."""
    added = set[int]()
    for start in range(0, len(ids), AT_ONCE):
        query = select(ProvisionedPerson.account_id).where(ProvisionedPerson.account_id.in_(ids[start : start + AT_ONCE]))
        added.update(db.session.scalars(query.where(is_of(mine, ProvisionedPerson.centre_id))))
    return set(ids) - added


def has_left_others(by: Actor, account: Account, on: date) -> bool:
    """Whether a person without roles worked elsewhere too, so that no single administrator may reinstate the account."""
    mine = administered_centres(by.alone)
    return mine is not None and not present_roles(account, on) and any(centre_of(row) not in mine for row in account.memberships)


def present_roles(account: Account, on: date) -> list[Membership]:
    return [row for row in account.memberships if row.valid_to is None or row.valid_to > max(on, row.valid_from)]


def holds_between(row: Membership, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether a role is held at any moment of a period."""
    first, last = (local_day(moment) for moment in (starts_at, ends_at))
    return row.valid_from <= last and (row.valid_to is None or row.valid_to > max(first, row.valid_from))


def principals_of_own(by: Actor, *, now: datetime) -> frozenset[int]:
    """The principals of a person's present or agreed deputyships, which are off limits for them like their own account."""
    query = select(Deputy.principal_id).where(Deputy.deputy_id == by.own_id, Deputy.ends_at > now, Deputy.starts_at < Deputy.ends_at)
    return frozenset(db.session.scalars(query)) if by.own_id is not None else frozenset()


def centres_of(by: Actor, *, on: date) -> list[Centre]:
    """The centres in force that an administrator administers, by name."""
    query = select(Centre).where(is_of(administered_centres(by), Centre.id), Centre.valid_from <= on)
    return list(db.session.scalars(query.where(or_(Centre.valid_to.is_(None), Centre.valid_to > on)).order_by(Centre.name_vi, Centre.id)))


def bodies_of(by: Actor, *, on: date) -> list[Centre | Agency]:
    """The centres and agencies in force that an administrator administers: each centre before its agencies, both by name."""
    query = select(Agency).where(is_of(administered_centres(by), Agency.centre_id)).order_by(Agency.folded_name, Agency.id)
    agencies = [row for row in db.session.scalars(query) if row.holds_on(on)]
    rows: list[Centre | Agency] = []
    for centre in centres_of(by, on=on):
        rows += [centre, *(row for row in agencies if row.centre_id == centre.id)]
    return rows


def agency_of(by: Actor, ref: str) -> Agency | None:
    return db.session.scalars(select(Agency).where(Agency.ref == ref, is_of(administered_centres(by), Agency.centre_id))).first()


def area_of(by: Actor, ref: str) -> Area | None:
    """The area with that ref in one of the administrator's centres; those of no centre belong to the installation."""
    return db.session.scalars(select(Area).where(Area.ref == ref, is_of(administered_centres(by), Area.centre_id))).first()
