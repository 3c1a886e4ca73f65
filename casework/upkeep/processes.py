"""The processes of this installation: each says when it begins, that it is there, and when it ends; and what commands leave as traces."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update

from casework.db import db, inserting
from casework.models import ProgramProcess, UpkeepMark

SEEN_EVERY = timedelta(seconds=60)
"""How often a process says that it is there, if it has nothing else to say."""
LOST_AFTER = timedelta(minutes=3)
"""A process that was not seen for so long is taken for dead, and what it was doing may be done by another."""
KEPT = timedelta(days=7)
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Looks:
    """What a process says of itself."""

    slow_queries: int = 0
    memory: int = 0
    clock_ahead: timedelta = timedelta()


def begin_process(kind: str, *, host: str, pid: int, version: str, schema: str, now: datetime) -> int:
    """Give a process that begins its row, and return its number. Rows of processes long gone are swept."""
    db.session.execute(delete(ProgramProcess).where(ProgramProcess.seen_at < now - KEPT))
    row = ProgramProcess(kind=kind, host=host[:80], pid=pid, version=version[:40], schema=schema[:20], started_at=now, seen_at=now)
    db.session.add(row)
    db.session.flush()
    return row.id


def see_process(process_id: int, looks: Looks, *, now: datetime) -> None:
    """Write down that the process is there. One that was taken for dead and comes back is there again."""
    ahead = round(looks.clock_ahead.total_seconds() * 1000)
    values = {"seen_at": now, "slow_queries": looks.slow_queries, "memory": looks.memory, "clock_ahead_ms": ahead}
    db.session.execute(update(ProgramProcess).where(ProgramProcess.id == process_id).values(**values, ended_at=None))


def end_process(process_id: int, *, now: datetime) -> None:
    """Write down that the process has ended by itself."""
    db.session.execute(update(ProgramProcess).where(ProgramProcess.id == process_id).values(ended_at=now, seen_at=now))


def is_there(now: datetime) -> ColumnElement[bool]:
    """Of a process: it has not ended and was seen lately. What it said before the clock was put back far counts for nothing."""
    return and_(ProgramProcess.ended_at.is_(None), ProgramProcess.seen_at > now - LOST_AFTER, ProgramProcess.seen_at < now + LOST_AFTER)


def known_processes(*, since: datetime) -> list[ProgramProcess]:
    """Those that have not ended and were seen since then, the last seen first."""
    query = select(ProgramProcess).where(ProgramProcess.ended_at.is_(None), ProgramProcess.seen_at >= since)
    return list(db.session.scalars(query.order_by(ProgramProcess.seen_at.desc(), ProgramProcess.id.desc()).limit(MOST_SHOWN)))


def ahead_of_database(now: datetime) -> timedelta:
    """How far `now`, read right before, is ahead of the database's clock; SQLite has none of its own."""
    if db.session.get_bind().dialect.name == "sqlite":
        return timedelta()
    there: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    return now - there


def leave_mark(kind: str, *, is_well: bool, facts: Mapping[str, Any], now: datetime) -> None:
    """Write down that a backup (or `keys`, `verify`, `restore`) was done, and whether all was well."""
    values = {"done_at": now, "is_well": is_well, "facts": dict(facts)} | ({"well_at": now} if is_well else {})
    query = inserting(UpkeepMark).values(kind=kind, **values)
    db.session.execute(query.on_conflict_do_update(index_elements=["kind"], set_=values))


def marks() -> dict[str, UpkeepMark]:
    """The traces there are, by kind."""
    return {row.kind: row for row in db.session.scalars(select(UpkeepMark))}
