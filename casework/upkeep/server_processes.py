"""The processes of this installation, their starts, heartbeats and ends; and the traces of maintenance commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update

from casework.db import db, inserting
from casework.models import ProgramProcess, UpkeepMark

SEEN_EVERY = timedelta(seconds=60)
"""How often a process reports, if nothing else makes it."""
LOST_AFTER = timedelta(minutes=3)
"""A process unseen for so long is taken for dead, and another may take over its work."""
KEPT = timedelta(days=7)
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A process's report about itself."""

    slow_queries: int = 0
    memory: int = 0
    clock_ahead: timedelta = timedelta()


def begin_process(kind: str, *, host: str, pid: int, version: str, schema: str, now: datetime) -> int:
    """Add the row of a starting process and return its id. Rows of processes long gone are deleted."""
    db.session.execute(delete(ProgramProcess).where(ProgramProcess.seen_at < now - KEPT))
    row = ProgramProcess(kind=kind, host=host[:80], pid=pid, version=version[:40], schema=schema[:20], started_at=now, seen_at=now)
    db.session.add(row)
    db.session.flush()
    return row.id


def see_process(process_id: int, looks: Heartbeat, *, now: datetime) -> None:
    """Record a heartbeat. A process taken for dead that comes back is alive again."""
    ahead = round(looks.clock_ahead.total_seconds() * 1000)
    values = {"seen_at": now, "slow_queries": looks.slow_queries, "memory": looks.memory, "clock_ahead_ms": ahead}
    db.session.execute(update(ProgramProcess).where(ProgramProcess.id == process_id).values(**values, ended_at=None))


def end_process(process_id: int, *, now: datetime) -> None:
    """Record that the process ended normally."""
    db.session.execute(update(ProgramProcess).where(ProgramProcess.id == process_id).values(ended_at=now, seen_at=now))


def is_there(now: datetime) -> ColumnElement[bool]:
    """The condition for live processes: not ended, and seen lately. Heartbeats from before the clock was set far back are ignored."""
    return and_(ProgramProcess.ended_at.is_(None), ProgramProcess.seen_at > now - LOST_AFTER, ProgramProcess.seen_at < now + LOST_AFTER)


def known_processes(*, since: datetime) -> list[ProgramProcess]:
    """The processes not ended and seen since then, last seen first."""
    query = select(ProgramProcess).where(ProgramProcess.ended_at.is_(None), ProgramProcess.seen_at >= since)
    return list(db.session.scalars(query.order_by(ProgramProcess.seen_at.desc(), ProgramProcess.id.desc()).limit(MOST_SHOWN)))


def ahead_of_database(now: datetime) -> timedelta:
    """How far `now`, taken just before, is ahead of the database's clock; zero for SQLite, which has none."""
    if db.session.get_bind().dialect.name == "sqlite":
        return timedelta()
    there: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    return now - there


def leave_mark(kind: str, *, is_well: bool, facts: Mapping[str, Any], now: datetime) -> None:
    """Record that a backup (or `keys`, `verify`, `restore`) was done, and whether it succeeded."""
    values = {"done_at": now, "is_well": is_well, "facts": dict(facts)} | ({"well_at": now} if is_well else {})
    query = inserting(UpkeepMark).values(kind=kind, **values)
    db.session.execute(query.on_conflict_do_update(index_elements=["kind"], set_=values))


def marks() -> dict[str, UpkeepMark]:
    return {row.kind: row for row in db.session.scalars(select(UpkeepMark))}
