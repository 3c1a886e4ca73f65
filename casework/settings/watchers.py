"""Roles that watch each other are never held by one person, deputies included (rules.md, section 1).

Giving such roles or deputyships is refused; where two meet because of dates or from earlier times, a deputy acts in none of them
(casework.permissions), and the health page names the people (casework.settings.gaps).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Deputy, Membership
from casework.permissions import WATCHERS, Role
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.scopes import holds_between, one_at_a_time

_LONG = timedelta(days=36_500)
MOST = 200


def watched_roles(account: Account, starts_at: datetime, ends_at: datetime) -> frozenset[Role]:
    """The watching roles a person holds themselves at any moment of a period."""
    return frozenset(Role(row.role) for row in account.memberships if row.role in WATCHERS and holds_between(row, starts_at, ends_at))


def read_one_at_a_time(*accounts: Account) -> None:
    """Read the roles of people under the lock on changes of people: if two changes would let such roles meet, the second finds the first.
    """
    one_at_a_time()
    for account in accounts:
        db.session.refresh(account, ["memberships"])


def meeting_by_deputy(principal: Account, deputy: Account, starts_at: datetime, ends_at: datetime) -> Bilingual | None:
    """The conflict if one person were deputy of the other in that period; None without one."""
    theirs = watched_roles(principal, starts_at, ends_at)
    others = watched_roles(deputy, starts_at, ends_at)
    for row in _deputyships(deputy, starts_at, ends_at):
        if row.deputy_id == deputy.id:
            others |= watched_roles(row.principal, max(row.starts_at, starts_at), min(_end(row), ends_at))
    return words_for(theirs | others) if theirs and len(theirs | others) > 1 else None


def meeting_by_role(account: Account, role: Role, starts_on: date, ends_on: date | None, *, now: datetime) -> Bilingual | None:
    """The conflict if a person held a role from a day until another; None without one.

    This includes their principals and their deputies.
    """
    if role not in WATCHERS:
        return None
    found = {
        Role(row.role) for row in account.memberships
        if row.role in WATCHERS and row.valid_from != row.valid_to and (ends_on is None or row.valid_from < ends_on)
        and (row.valid_to is None or row.valid_to > starts_on)
    }  # fmt: skip
    for row in _deputyships(account, now, now + _LONG):
        first, last = local_day(max(row.starts_at, now)), local_day(_end(row))
        if last < starts_on or (ends_on is not None and first >= ends_on):
            continue
        other = row.principal if row.deputy_id == account.id else db.session.get_one(Account, row.deputy_id)
        found |= watched_roles(other, max(row.starts_at, now), _end(row))
    return words_for(found | {role}) if found - {role} else None


def words_for(roles: Iterable[Role]) -> Bilingual:
    """The sentence that names the roles which must not meet."""
    words = [ROLE_WORDS[role] for role in sorted(roles)]
    vi, en = ("; ".join(each.vi for each in words), "; ".join(each.en for each in words))
    return Bilingual(
        f"Các vai trò giám sát lẫn nhau không được chung một người, kể cả khi thay người khác: {vi}. Xin chọn người khác.",
        f"Roles that watch each other never meet in one person, not as a deputy either: {en}. Please choose somebody else.",
    )


def meetings(now: datetime) -> list[tuple[str, frozenset[Role]]]:
    """The people with such roles today, by login: their own or as deputies."""
    today, held = local_day(now), defaultdict[int, set[Role]](set)
    rows = select(Membership).join(Membership.account).where(Membership.role.in_(WATCHERS), Account.disabled_at.is_(None))
    for row in db.session.scalars(rows.where(or_(Membership.valid_to.is_(None), Membership.valid_to > today))):
        if row.holds_on(today):
            held[row.account_id].add(Role(row.role))
    stand_in = select(Deputy).where(Deputy.principal_id.in_(held), Deputy.starts_at <= now, now < Deputy.ends_at)
    theirs = {id_: set(roles) for id_, roles in held.items()}
    for deputyship in db.session.scalars(stand_in):
        theirs.setdefault(deputyship.deputy_id, set()).update(held[deputyship.principal_id])
    meeting = {id_: frozenset(roles) for id_, roles in theirs.items() if len(roles) > 1}
    people = db.session.scalars(select(Account).where(Account.id.in_(meeting), Account.disabled_at.is_(None)).order_by(Account.login))
    return [(account.login or "", meeting[account.id]) for account in people.all()[:MOST]]


def unconfirmed(now: datetime) -> list[str]:
    """Unconfirmed deputies of confidential readers, by login of both: they read nothing quarantined."""
    reads = select(Membership.account_id).where(Membership.role == Role.CONFIDENTIAL_READER, Membership.valid_from <= local_day(now))
    reads = reads.where(or_(Membership.valid_to.is_(None), Membership.valid_to > local_day(now)))
    query = select(Deputy, Account.login).join(Account, Account.id == Deputy.deputy_id).where(Deputy.principal_id.in_(reads))
    query = query.where(Deputy.starts_at <= now, now < Deputy.ends_at, Deputy.confirmed_at.is_(None)).order_by(Deputy.id).limit(MOST)
    return [f"{login} ← {row.principal.login}" for row, login in db.session.execute(query)]


def _deputyships(account: Account, starts_at: datetime, ends_at: datetime) -> list[Deputy]:
    """The deputyships of and for a person that overlap a period, including those that wait for a second person."""
    mine = or_(Deputy.deputy_id == account.id, Deputy.principal_id == account.id)
    query = select(Deputy).where(mine, Deputy.starts_at < ends_at, or_(Deputy.ends_at > starts_at, Deputy.wanted_until > starts_at))
    return [row for row in db.session.scalars(query) if row.starts_at < _end(row)]


def _end(row: Deputy) -> datetime:
    return row.wanted_until or row.ends_at
