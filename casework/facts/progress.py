"""How far the histories have been made into facts: one row, whose lock whoever writes facts or sums holds, one at a time."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from casework.db import db, inserting
from casework.models import CalendarChange, Event, FactsProgress

ONLY = 1
"""The number of the row."""

KEEPS_UP = timedelta(minutes=5)
"""The worker reads what is two minutes old once more (keeping.py) and notes each minute how far it has come: what waits longer, lags."""


def progress() -> FactsProgress | None:
    """The row; None while nothing has been kept yet."""
    return db.session.get(FactsProgress, ONLY)


def waits_since(now: datetime) -> datetime | None:
    """Since when what happened in cases is in no figure yet, as after an upgrade; None while the worker keeps up."""
    done = select(FactsProgress.event_id).where(FactsProgress.id == ONLY).scalar_subquery()
    query = select(Event.at).where(Event.id > func.coalesce(done, 0), Event.case_id.is_not(None)).order_by(Event.id).limit(1)
    at = db.session.scalar(query)
    return at if at is not None and at < now - KEEPS_UP else None


def lock_facts() -> None:
    """Hold back others who write facts or sums until the transaction ends. On SQLite the transaction itself is the lock."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(FactsProgress.id).where(FactsProgress.id == ONLY).with_for_update())


def begin_progress(now: datetime) -> FactsProgress:
    """The row, made where there is none: nothing of the past is kept, and no change of the calendar lies before what will be."""
    newest = db.session.scalar(select(func.max(CalendarChange.id))) or 0
    row = {"id": ONLY, "event_id": 0, "at": now, "calendar_change_id": newest}
    db.session.execute(inserting(FactsProgress).values(**row).on_conflict_do_nothing())
    return db.session.get_one(FactsProgress, ONLY, with_for_update=True)


