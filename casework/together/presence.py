"""Who has a case open now, of the same centre or agency, and whether they are writing; never what.

One row for a person and a case while the page is open. A pulse writes it and reads the others in one statement, which is the permission
check, too: whoever may not work on the case (any more), or finds it set apart, has no row and sees nobody. People who watch and
administer are neither seen nor shown anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, String, case, cast, delete, exists, func, literal, literal_column, null, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from casework.db import BigId, Instant, db
from casework.models import Account, Assignment, Case, Presence
from casework.permissions import AGENCY_ROLES, OPERATIONS, Actor, Role

EVERY = timedelta(seconds=10)
"""How often an open page says that it is open."""
GONE = timedelta(seconds=30)
"""A page that has said nothing for so long is taken for closed."""
MOST = 20
"""The most people who are named for one case, and the most rows an inbox is told of."""
MOST_IN_INBOX = 100

_SEEN_OF_CENTRE = OPERATIONS | {Role.COMMITTEE_LEADER}
_HERE: Any = Presence.__table__
_CASE, _WHO, _PART = Case.__table__, Account.__table__, Assignment.__table__
_OTHER = _HERE.alias("other")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who has the case open, too."""

    name: str
    since: datetime
    is_writing: bool


def be_here(ref: str, *, by: Actor, now: datetime, is_writing: bool = False) -> list[Colleague] | None:
    """Say that the person has a case open, and return who else has: those who came first, first. One statement.

    None where they may not work on the case.
    """
    body = _body_of(by)
    if body is None:
        return None
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    mine = select(
        literal(by.account_id, BigId), _CASE.c.id, body, literal(now, Instant), literal(now, Instant), literal(is_writing)
    ).where(_CASE.c.ref == ref, _CASE.c.quarantined_at.is_(None), body.is_not(None))
    names = ["account_id", "case_id", "body", "began_at", "seen_at", "is_writing"]
    row = (sqlite.insert if on_sqlite else postgresql.insert)(_HERE).from_select(names, mine)
    went = _HERE.c.seen_at < now - GONE
    row = row.on_conflict_do_update(
        index_elements=["account_id", "case_id"],
        set_={
            "body": row.excluded.body, "seen_at": row.excluded.seen_at, "is_writing": row.excluded.is_writing,
            "began_at": case((went, row.excluded.began_at), else_=_HERE.c.began_at),
        },
    )  # fmt: skip
    told = db.session.execute(row.returning(_others(by, now, on_sqlite=on_sqlite))).first()
    return _colleagues(told[0]) if told is not None else None


def leave(ref: str, *, by: Actor) -> None:
    """Say that the person has closed the page."""
    of_case = select(_CASE.c.id).where(_CASE.c.ref == ref).scalar_subquery()
    gone = delete(Presence).where(_HERE.c.account_id == by.account_id, _HERE.c.case_id == of_case)
    db.session.execute(gone)


def who_is_where(by: Actor, *, now: datetime) -> Mapping[str, Sequence[Colleague]]:
    """Who else of the person's centres and agencies has which case open, by the case's ref. One statement; at most MOST_IN_INBOX rows."""
    of_ours = _of_bodies(by)
    if of_ours is None:
        return {}
    # read first and bounded, and joined outwards: nothing else keeps a database that knows no numbers of so short-lived a table
    # from beginning with the cases
    alive = (
        select(_HERE.c.account_id, _HERE.c.case_id, _HERE.c.began_at, _HERE.c.is_writing)
        .where(_HERE.c.seen_at > now - GONE, _HERE.c.account_id != by.own_id, of_ours)
        .order_by(_HERE.c.seen_at.desc())
        .limit(MOST_IN_INBOX)
        .subquery("alive")
    )
    query = (
        select(_CASE.c.ref, _WHO.c.full_name, alive.c.began_at, alive.c.is_writing)
        .select_from(alive)
        .outerjoin(_CASE, _CASE.c.id == alive.c.case_id)
        .outerjoin(_WHO, _WHO.c.id == alive.c.account_id)
        .where(_CASE.c.quarantined_at.is_(None))
        .order_by(alive.c.began_at, alive.c.account_id)
    )
    found: dict[str, list[Colleague]] = {}
    for ref, name, since, is_writing in db.session.execute(query):
        found.setdefault(ref, []).append(Colleague(name or "", since, is_writing))
    return found


def forget_gone(now: datetime) -> int:
    """Delete the rows of pages that are closed; returns how many."""
    gone = db.session.execute(delete(Presence).where(_HERE.c.seen_at <= now - GONE))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _of_bodies(by: Actor) -> ColumnElement[bool] | None:
    """A condition for the rows of the centres and agencies in which the person works on cases; None where they do in none."""
    centres = {grant.centre_id for grant in by.grants if grant.role in _SEEN_OF_CENTRE}
    named = {f"c{id_}" for id_ in centres if id_ is not None} | {f"a{id_}" for id_ in _agencies_of(by)}
    if None in centres:
        return or_(_HERE.c.body.startswith("c"), _HERE.c.body.in_(sorted(named)))
    return _HERE.c.body.in_(sorted(named)) if named else None


def _agencies_of(by: Actor) -> list[int]:
    return sorted({grant.agency_id for grant in by.grants if grant.role in AGENCY_ROLES and grant.agency_id is not None})


def _body_of(by: Actor) -> ColumnElement[Any] | None:
    """Through which body the person works on a case: its centre, or one of their agencies that has it or has answered; as an expression
    over `case`, null where through none. None for people who work on no case.

    Closed cases of bodies that have ended are read by their successors, but worked on by nobody.
    """
    centres = {grant.centre_id for grant in by.grants if grant.role in _SEEN_OF_CENTRE}
    agencies = _agencies_of(by)
    ways: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = []
    if centres:
        where = _CASE.c.id.is_not(None) if None in centres else _CASE.c.centre_id.in_(sorted(filter(None, centres)))
        ways.append((where, literal("c", String(19)) + cast(_CASE.c.centre_id, String(18))))
    if agencies:
        still = or_(_PART.c.ended_at.is_(None), _PART.c.approved_at.is_not(None))
        mine = (_PART.c.case_id == _CASE.c.id) & _PART.c.agency_id.in_(agencies) & still
        first = select(func.min(_PART.c.agency_id)).where(mine).correlate(_CASE).scalar_subquery()
        ways.append((exists().where(mine).correlate(_CASE), literal("a", String(19)) + cast(first, String(18))))
    return case(*ways, else_=null()) if ways else None


def _others(by: Actor, now: datetime, *, on_sqlite: bool) -> ColumnElement[Any]:
    """The others at the case of the row just written, as one JSON text."""
    here = (
        select(_WHO.c.full_name.label("name"), _OTHER.c.began_at, _OTHER.c.is_writing)
        .join_from(_OTHER, _WHO, _WHO.c.id == _OTHER.c.account_id)
        .where(
            _OTHER.c.case_id == literal_column("presence.case_id"), _OTHER.c.body == literal_column("presence.body"),
            _OTHER.c.account_id != by.own_id, _OTHER.c.seen_at > now - GONE,
        )
        .order_by(_OTHER.c.began_at, _OTHER.c.account_id)
        .limit(MOST)
        .subquery("here")
    )  # fmt: skip
    pair = (func.json_array if on_sqlite else func.json_build_array)(here.c.name, cast(here.c.began_at, String), here.c.is_writing)
    every = func.json_group_array(pair) if on_sqlite else cast(func.json_agg(pair), String)
    return select(every).select_from(here).scalar_subquery()


def _colleagues(told: str | None) -> list[Colleague]:
    rows = orjson.loads(told) if told else []
    return [Colleague(name or "", _instant(since), bool(is_writing)) for name, since, is_writing in rows]


def _instant(written: str) -> datetime:
    """What a database writes of a point in time; SQLite keeps no zone."""
    at = datetime.fromisoformat(written)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
