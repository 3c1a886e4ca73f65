"""The people a centre's directory may know of, as rows: staff who work in that centre alone, and those it has added itself.

Nobody of another centre is among them, no administrator of the installation, no citizen and no program. The condition says in SQL what
`not_wholly_theirs` (casework/settings/scopes.py) says of accounts already read; a test compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Agency, Deputy, Membership, ProvisionedPerson
from casework.sealing.seal import lookup_digest, open_text
from casework.settings.scopes import works_in

EXTERNAL_PURPOSE = "identifier of a person in a directory"
MOST_LISTED = 200
"""People in one answer."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff as their centre's directory sees them. `ref` is what it calls them by; `external` is its own identifier."""

    account_id: int
    ref: str
    login: str
    full_name: str
    title: str
    email: str
    external: str | None
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people are asked for: all, or those with one value exactly; a user name in small letters."""

    ref: str | None = None
    login: str | None = None
    external: str | None = None


def people_of(
    centre_id: int, wanted: Wanted, *, skip: int, count: int, now: datetime
) -> tuple[Sequence[Person], int]:
    """Some of the people, in the order they came, and how many there are. Two statements; one where none is to be listed."""
    query = _people(centre_id, wanted, now)
    total = db.session.scalar(query.with_only_columns(func.count())) or 0
    if not count or skip >= total:
        return (), total
    rows = db.session.execute(query.order_by(Account.id).offset(skip).limit(min(count, MOST_LISTED)))
    return [_person(row) for row in rows], total


def person_in(centre_id: int, ref: str, *, now: datetime) -> Person | None:
    """One of them."""
    row = db.session.execute(_people(centre_id, Wanted(ref=ref), now)).one_or_none()
    return _person(row) if row is not None else None


def external_digest(external: str) -> str:
    return lookup_digest(external, purpose=EXTERNAL_PURPOSE)


def is_removed(said: type[ProvisionedPerson] = ProvisionedPerson) -> ColumnElement[bool]:
    """The condition that a directory has removed the person and nobody has opened the account since."""
    return and_(said.deleted_at.is_not(None), Account.disabled_at.is_not(None))


def _people(centre_id: int, wanted: Wanted, now: datetime) -> Select[Any]:
    said = aliased(ProvisionedPerson)
    query: Any = select(
        Account.id, Account.ref, Account.login, Account.full_name, Account.title_vi, Account.email, Account.disabled_at,
        Account.created_at, said.sealed_external,
    ).outerjoin(said, and_(said.account_id == Account.id, said.centre_id == centre_id))  # fmt: skip
    query = query.where(works_in({centre_id}), _is_of_no_other(centre_id, now), or_(said.account_id.is_(None), not_(is_removed(said))))
    if wanted.ref is not None:
        query = query.where(Account.ref == wanted.ref)
    if wanted.login is not None:
        query = query.where(Account.login == wanted.login)
    if wanted.external is not None:
        query = query.where(said.external_digest == external_digest(wanted.external))
    found: Select[Any] = query
    return found


def _is_of_no_other(centre_id: int, now: datetime) -> ColumnElement[bool]:
    """The condition that the roles of an account, now and to come, are all of one centre; without any, those it ever held."""
    today = local_day(now)
    stands_in = exists().where(
        Deputy.deputy_id == Account.id, Deputy.ends_at > now, Deputy.starts_at < Deputy.ends_at,
        _held(Membership.account_id == Deputy.principal_id, _elsewhere(centre_id), _present(today)),
    )  # fmt: skip
    own = Membership.account_id == Account.id
    return and_(
        not_(_held(own, _elsewhere(centre_id), _present(today))), or_(_held(own, _present(today)), not_(_held(own, _elsewhere(centre_id)))),
        not_(stands_in),
    )


def _held(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    roles = select(Membership.id).outerjoin(Agency, Agency.id == Membership.agency_id).where(*conditions)
    return roles.correlate(Account, Deputy).exists()


def _elsewhere(centre_id: int) -> ColumnElement[bool]:
    """Of another centre, or of the installation."""
    return func.coalesce(Agency.centre_id, Membership.centre_id).is_distinct_from(centre_id)


def _present(today: date) -> ColumnElement[bool]:
    ends = Membership.valid_to
    return or_(ends.is_(None), and_(ends > today, ends > Membership.valid_from))


def _person(row: Any) -> Person:
    return Person(
        row.id, row.ref, row.login or "", row.full_name or "", row.title_vi or "", row.email or "",
        open_text(row.sealed_external, purpose=EXTERNAL_PURPOSE) if row.sealed_external is not None else None,
        row.disabled_at is None, row.created_at,
    )  # fmt: skip
