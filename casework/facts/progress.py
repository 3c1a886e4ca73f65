"""How far the histories have been turned into facts: one row, locked by whoever writes facts or sums."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from casework.db import db, inserting
from casework.models import CalendarChange, Event, FactsProgress

ONLY = 1

KEEPS_UP = timedelta(minutes=5)
"""The worker reads the last two minutes again (keeping.py) and records its progress each minute: anything that waits longer is a lag."""


def progress() -> FactsProgress | None:
    """The row; None before anything was kept."""
    return db.session.get(FactsProgress, ONLY)


def waits_since(now: datetime) -> datetime | None:
    """The instant from which events are in no figure yet, as after an upgrade; None while the worker keeps up."""
    done = select(FactsProgress.event_id).where(FactsProgress.id == ONLY).scalar_subquery()
    query = select(Event.at).where(Event.id > func.coalesce(done, 0), Event.case_id.is_not(None)).order_by(Event.id).limit(1)
    at = db.session.scalar(query)
    return at if at is not None and at < now - KEEPS_UP else None


def lock_facts() -> None:
    """Block other writers of facts or sums until the transaction ends. On SQLite the transaction itself is the lock."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(FactsProgress.id).where(FactsProgress.id == ONLY).with_for_update())


def begin_progress(now: datetime) -> FactsProgress:
    """The row, created where there is none, as if nothing of the past were kept and no calendar change were pending."""
    newest = db.session.scalar(select(func.max(CalendarChange.id))) or 0
    row = {"id": ONLY, "event_id": 0, "at": now, "calendar_change_id": newest}
    db.session.execute(inserting(FactsProgress).values(**row).on_conflict_do_nothing())
    return db.session.get_one(FactsProgress, ONLY, with_for_update=True)


