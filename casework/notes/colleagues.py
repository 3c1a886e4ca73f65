"""Who may be named in a note: the people who read it and the agencies they work in, and whom the words of a note name."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Date, Select, and_, bindparam, or_, select

from casework.bilingual import Bilingual
from casework.db import Instant, db
from casework.errors import CaseworkError
from casework.models import Account, Assignment, Case, Deputy, Membership
from casework.notes.notes import own_open_assignment
from casework.permissions import AGENCY_ROLES, Actor, Role, moments
from casework.successors import Followed, heirs_of
from casework.text import fold

MOST_COLLEAGUES = 50
"""Colleagues of one search."""

MOST_LOOKED_AT = 400
"""People told of for one note: those of one centre and of the agencies of one case."""

MOST_MENTIONS = 10

_LEADS = (Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER)
_AT = re.compile(r"(?:^|(?<=[\s(,;]))@(?=\w)")
_LOGIN = re.compile(r"[\w.\-]{1,120}")

_WHO, _ROLE, _DEPUTY = Account.__table__.c, Membership.__table__.c, Deputy.__table__.c
_PRINCIPAL = Account.__table__.alias("principal")
_TODAY, _NOW = bindparam("today", type_=Date), bindparam("now", type_=Instant)
_HOLDS = and_(_ROLE.valid_from <= _TODAY, or_(_ROLE.valid_to.is_(None), _ROLE.valid_to > _TODAY))
_IN_CENTRE = and_(
    _ROLE.role.in_(_LEADS), or_(_ROLE.centre_id.is_(None), _ROLE.centre_id.in_(bindparam("centres", expanding=True)))
)  # fmt: skip
_IN_AGENCY = and_(_ROLE.role.in_(AGENCY_ROLES), _ROLE.agency_id.in_(bindparam("agencies", expanding=True)))


def _staff(reads: Select[int]) -> Select[int, str, str | None, str | None, str | None, str | None]:
    """The staff among those accounts, with whoever stands in for one of them now."""
    stands_in = (
        select(_DEPUTY.deputy_id)
        .join(_PRINCIPAL, _PRINCIPAL.c.id == _DEPUTY.principal_id)
        .where(_DEPUTY.principal_id.in_(reads), _DEPUTY.starts_at <= _NOW, _DEPUTY.ends_at > _NOW, _PRINCIPAL.c.disabled_at.is_(None))
    )
    query = select(_WHO.id, _WHO.ref, _WHO.login, _WHO.full_name, _WHO.title_vi, _WHO.title_en)
    query = query.where(_WHO.kind == "staff", _WHO.disabled_at.is_(None), or_(_WHO.id.in_(reads), _WHO.id.in_(stands_in)))
    return query.order_by(_WHO.folded_name, _WHO.id).limit(MOST_LOOKED_AT)


_READERS = _staff(select(_ROLE.account_id).where(_HOLDS, or_(_IN_CENTRE, _IN_AGENCY)))
_FOCAL = (
    select(_ROLE.account_id, _ROLE.agency_id, _ROLE.is_focal, _ROLE.role)
    .join(Account.__table__, _WHO.id == _ROLE.account_id)
    .where(_HOLDS, _IN_AGENCY, _WHO.disabled_at.is_(None))
    .order_by(_ROLE.id)
    .limit(MOST_LOOKED_AT)
)


class MentionRefused(CaseworkError):
    """A named colleague cannot be told; the text says which."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person who may be named in a note."""

    id: int
    ref: str
    login: str
    full_name: str
    title: Bilingual


@dataclass(frozen=True, slots=True)
class NamedAgency:
    """An agency that may be named in a note, by its short name in either language; `ids` are its own and its successors'."""

    name: Bilingual
    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a text names, and the text with a name for each user name."""

    words: str
    people: tuple[int, ...]
    agencies: tuple[NamedAgency, ...]


def colleagues(case: Case, audience: str, *, by: Actor, now: datetime, search: str = "") -> list[Colleague]:
    """The colleagues the person could name in such a note, by name; at most MOST_COLLEAGUES. `search`: part of a name or user name."""
    wanted = fold(search)
    others = (each for each in readers(case, audience, by=by, now=now) if each.id != by.own_id)
    return [each for each in others if wanted in fold(each.full_name) or wanted in each.login.lower()][:MOST_COLLEAGUES]


def readers(case: Case, audience: str, *, by: Actor, now: datetime) -> list[Colleague]:
    """Everybody who reads a note of that audience, by name: by a role of their own or as a deputy; none of a case that was set apart."""
    if case.quarantined_at is not None:
        return []
    agencies = {id_ for each in agencies_named(case, audience, by=by) for id_ in each.ids}
    centres = {case.centre_id, *heirs_of(Followed.CENTRE, case.centre_id, case.area_id)}
    rows = db.session.execute(_READERS, {"centres": sorted(centres), "agencies": sorted(agencies), **moments(now)})
    return [
        Colleague(row.id, row.ref, row.login or "", row.full_name or "", Bilingual(row.title_vi or "", row.title_en or "")) for row in rows
    ]


def agencies_named(case: Case, audience: str, *, by: Actor) -> list[NamedAgency]:
    """The agencies whose people read a note of that audience: those of the case, or the writer's own."""
    if audience == "centre" or case.quarantined_at is not None:
        return []
    own = own_open_assignment(by, case) if audience == "agency" else None
    parts = [own] if own is not None else [row for row in case.assignments if row.is_open or row.approved_at is not None]
    found: dict[int, Assignment] = {row.agency_id: row for row in parts}
    return [
        NamedAgency(row.agency.short_name, frozenset({row.agency_id, *heirs_of(Followed.AGENCY, row.agency_id, case.area_id)}))
        for row in found.values()
    ]


def told_for(agencies: Iterable[NamedAgency], *, now: datetime) -> set[int]:
    """The accounts told when agencies are named: the focal officers of each, where it has none its leaders, and else everybody there."""
    wanted = list(agencies)
    ids = sorted({id_ for each in wanted for id_ in each.ids})
    rows = db.session.execute(_FOCAL, {"agencies": ids, "today": moments(now)["today"]}).all() if ids else []
    told: set[int] = set()
    for agency in wanted:
        there = [row for row in rows if row.agency_id in agency.ids]
        focal, leaders = [row for row in there if row.is_focal], [row for row in there if row.role == Role.AGENCY_LEADER]
        told |= {row.account_id for row in focal or leaders or there}
    return told


def named_in(words: str, people: Sequence[Colleague], agencies: Sequence[NamedAgency]) -> Named:
    """Whom the words name after an @: by full name, by an agency, or by a user name, which becomes the name.

    Raises MentionRefused for who is not among these, without revealing whether there is such a person, and for a name that two have.
    """
    logins = {each.login.lower(): each for each in people if each.login}
    told, bodies, parts, at, unknown = dict[int, None](), dict[NamedAgency, None](), list[str](), 0, dict[str, None]()
    for found in _AT.finditer(words):
        start = found.end()
        if start < at:
            continue
        length, named, body = _by_name(words, start, people, agencies)
        if not length:
            typed = _login_at(words, start)
            by_login = logins.get(typed.lower())
            if by_login is None:
                unknown[f"@{typed.lower()}"] = None
                continue
            length, named = len(typed), [by_login]
        if len(named) > 1:
            raise _shared(named)
        told.update({each.id: None for each in named})
        bodies.update({body: None} if body is not None else {})
        parts += [words[at:start], named[0].full_name if named else words[start : start + length]]
        at = start + length
    if unknown:
        raise _unknown(unknown)
    return Named("".join([*parts, words[at:]]), tuple(told), tuple(bodies))


def is_naming(words: str) -> bool:
    """Whether somebody may be named in a text."""
    return _AT.search(words) is not None


def _by_name(
    words: str, start: int, people: Sequence[Colleague], agencies: Sequence[NamedAgency]
) -> tuple[int, list[Colleague], NamedAgency | None]:
    """The longest name that begins there: how long it is, and who has it."""
    names = [(each.full_name, each, None) for each in people] + [(name, None, each) for each in agencies for name in each.name]
    there = [(len(name), person, body) for name, person, body in names if _begins(words, start, name)]
    length = max((each[0] for each in there), default=0)
    longest = [each for each in there if each[0] == length]
    body = next((body for *_, body in longest if body is not None), None)
    return length, [person for _, person, _ in longest if person is not None], body


def _begins(words: str, start: int, name: str) -> bool:
    end = start + len(name)
    goes_on = words[end : end + 1].isalnum() or words[end : end + 1] == "_"
    return bool(name) and words[start:end].casefold() == name.casefold() and not goes_on


def _login_at(words: str, start: int) -> str:
    found = _LOGIN.match(words, start)
    return found[0].rstrip(".-") if found else ""


def _unknown(names: Collection[str]) -> MentionRefused:
    listed = ", ".join(names)
    return MentionRefused(
        f"Không có đồng nghiệp nào đọc được ghi chú này có tên {listed}.",
        f"Nobody who may read this note is called {listed}.",
        about="words",
    )


def _shared(people: Sequence[Colleague]) -> MentionRefused:
    logins = ", ".join(f"@{each.login}" for each in people)
    return MentionRefused(
        f"Có {len(people)} người cùng tên {people[0].full_name}. Vui lòng ghi tên đăng nhập: {logins}.",
        f"{len(people)} people are called {people[0].full_name}. Please write the user name: {logins}.",
        about="words",
    )
