"""The bell: what concerns a person, of the messages that acts have written anyway to them and to their desks, and beside these what is new
in the exchanges of their desks (casework/notes/exchange.py), which a desk reads and no person for themselves.

Read state is kept with the person, so what was read on one device is read on all. Lines lead to cases the person may still see; a
quarantined case has none. Only the newest MOST_LINES are looked at, and none older than KEPT.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, literal, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from casework.bilingual import Bilingual
from casework.casefile.views import title_seen
from casework.db import BigId, Instant, db
from casework.messages.kinds import KINDS
from casework.models import BellRead, Case, OutboxMessage
from casework.models.outbox import IN_BELL
from casework.notes.exchange import NEW, new_exchanges
from casework.permissions import Actor
from casework.permissions.sight import seen_by, with_viewers
from casework.reading.counting import Counted

MOST_LINES = 50
KEPT = timedelta(days=30)
"""How far back lines go; what was read is remembered no longer than that."""

_READS: Any = BellRead.__table__
_MESSAGE, _READ, _CASE = OutboxMessage.__table__.c, BellRead.__table__.c, Case.__table__.c

OF_REF = select(_CASE.id).where(_CASE.ref == bindparam("bell_case"))
"""The case `bell_case`."""


@dataclass(frozen=True, slots=True)
class BellLine:
    """One line: what happened, in which case, and whether the person has read it. `case_ref` is empty for what is about no case."""

    id: int
    template: str
    words: Bilingual
    at: datetime
    is_unread: bool
    code: str = ""
    case_ref: str = ""
    title: str = ""


def unread(by: Actor, *, now: datetime) -> Counted | None:
    """The unread lines and the exchanges with something new, to be counted with other numbers; at most MOST_LINES of the lines."""
    values, exchanged = _values(by, now), new_exchanges(by)
    if not values:
        return exchanged
    if exchanged is None:
        return Counted(_unread(_number(values)), values)
    return Counted(_unread_beside(_number(values)), {**values, **exchanged.values})


def unread_about(by: Actor, case: Select[Any], values: Mapping[str, Any], *, now: datetime) -> Counted | None:
    """Those about one case, to be counted along as well: `case` is a statement made once that finds its id with `values`."""
    own = _values(by, now)
    return Counted(_unread_about(_number(own), case), {**own, **values}) if own else None


def lines_for(by: Actor, *, now: datetime) -> tuple[list[BellLine], list[int]]:
    """The newest lines, newest first, without those whose case the person may not see (any more); and those of them that are unread."""
    values = _values(by, now)
    if not values:
        return [], []
    rows = db.session.execute(_lines(_number(values)), values).all()
    wanted = {row.case_id for row in rows if row.case_id is not None}
    query = select(Case).where(Case.id.in_(wanted), Case.quarantined_at.is_(None)).options(*with_viewers())
    cases = {case.id: case for case in db.session.scalars(query) if seen_by(by, case) is not None} if wanted else {}
    seen = [row for row in rows if row.case_id is None or row.case_id in cases]
    hidden = [row.id for row in rows if row.is_unread and row not in seen]
    return [_line(row, cases.get(row.case_id), by) for row in seen], hidden


def read_lines(ids: Collection[int], *, by: Actor, now: datetime) -> None:
    """Remember that the person has read these lines; others' are left alone. Two statements."""
    values = _values(by, now)
    if not values or not ids:
        return
    recipients = [value for name, value in values.items() if name.startswith("bell_to")]
    own = update(OutboxMessage).where(OutboxMessage.id.in_(ids), OutboxMessage.recipient == f"account:{by.account_id}")
    db.session.execute(own.where(OutboxMessage.read_at.is_(None)).values(read_at=now), execution_options={"synchronize_session": False})
    rows = select(literal(by.account_id, BigId), _MESSAGE.id, literal(now, Instant)).where(
        _MESSAGE.id.in_(sorted(ids)), _MESSAGE.recipient.in_(recipients), _MESSAGE.recipient.startswith("desk:")
    )
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    known = (sqlite.insert if on_sqlite else postgresql.insert)(_READS).from_select(["account_id", "message_id", "read_at"], rows)
    db.session.execute(known.on_conflict_do_nothing(index_elements=["account_id", "message_id"]))


def read_all(*, by: Actor, now: datetime) -> None:
    """Remember that the person has read every line, also those whose case they may not see any more."""
    values = _values(by, now)
    if values:
        read_lines(list(db.session.scalars(_unread(_number(values)), values)), by=by, now=now)


def read_in_case(case_ref: str, *, by: Actor, now: datetime) -> None:
    """Remember that the person has read the lines about a case, which they have opened."""
    values = _values(by, now)
    if values:
        ids = db.session.scalars(_unread_about(_number(values), OF_REF), {**values, "bell_case": case_ref})
        read_lines(list(ids), by=by, now=now)


def forget_read(now: datetime) -> int:
    """Forget what was read of lines that are shown no more; returns how many rows."""
    gone = db.session.execute(delete(BellRead).where(BellRead.read_at < now - KEPT), execution_options={"synchronize_session": False})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _values(by: Actor, now: datetime) -> dict[str, Any]:
    """The values of the statements; empty for nobody in particular."""
    if by.own_id is None:
        return {}
    recipients = (f"account:{by.own_id}", *(f"desk:{desk}" for desk in by.desks))
    return {"bell_me": by.own_id, "bell_since": now - KEPT} | {f"bell_to{number}": each for number, each in enumerate(recipients)}


def _number(values: Mapping[str, Any]) -> int:
    return sum(name.startswith("bell_to") for name in values)


@cache
def _newest(recipients: int) -> Any:
    """The newest lines of a person with so many recipients, each read through its index, no further than MOST_LINES."""
    columns = (_MESSAGE.id, _MESSAGE.template, _MESSAGE.case_id, _MESSAGE.created_at, _MESSAGE.read_at, _MESSAGE.parameters)
    each = [
        select(*columns)
        .where(_MESSAGE.recipient == bindparam(f"bell_to{number}"), IN_BELL, _MESSAGE.created_at > bindparam("bell_since", type_=Instant))
        .order_by(_MESSAGE.id.desc())
        .limit(MOST_LINES)
        .subquery(f"to{number}")
        for number in range(recipients)
    ]
    every = union_all(*(select(part) for part in each)).subquery("every")
    return select(every).order_by(every.c.id.desc()).limit(MOST_LINES).subquery("newest")


@cache
def _lines(recipients: int) -> Select[Any]:
    newest = _newest(recipients)
    return select(newest, _is_unread(newest).label("is_unread")).order_by(newest.c.id.desc())


@cache
def _unread(recipients: int) -> Select[Any]:
    newest = _newest(recipients)
    shown = select(newest.c.id).outerjoin(Case.__table__, _CASE.id == newest.c.case_id)
    return shown.where(_is_unread(newest), _CASE.quarantined_at.is_(None)).limit(MOST_LINES)


@cache
def _unread_beside(recipients: int) -> Any:
    """The same, and the exchanges with something new."""
    return union_all(select(_unread(recipients).subquery("lines").c.id), select(NEW.subquery("talks").c.id))


@cache
def _unread_about(recipients: int, case: Select[Any]) -> Select[Any]:
    newest = _newest(recipients)
    there = select(newest.c.id).join(Case.__table__, _CASE.id == newest.c.case_id)
    return there.where(_is_unread(newest), newest.c.case_id == case.scalar_subquery(), _CASE.quarantined_at.is_(None)).limit(MOST_LINES)


def _is_unread(newest: Any) -> Any:
    read = exists().where(_READ.account_id == bindparam("bell_me", type_=BigId), _READ.message_id == newest.c.id)
    return newest.c.read_at.is_(None) & ~read


def _line(row: Any, case: Case | None, by: Actor) -> BellLine:
    words = KINDS[row.template].when
    if case is None:
        return BellLine(row.id, row.template, words, row.created_at, row.is_unread)
    return BellLine(row.id, row.template, words, row.created_at, row.is_unread, case.code, case.ref, title_seen(case, by) or "")
