"""Use cases called as the workflow calls them: on a locked case, in a unit of work of their own."""
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from casework.cases import lock_case
from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.models import Case, Clock, Event, OutboxMessage, Report
from casework.permissions import Actor
from casework.verbs import input_of
from tests import build


def local(day: int, month: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of 2026 in local time (UTC+7)."""
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{hour:02}:{minute:02}+07:00").astimezone(UTC)


def run(use_case: Callable[..., Any], case: Case, by: Actor | None = None, *, now: datetime = build.NOON, **form: Any) -> Any:
    """What a use case returns, done to the case as it stands; rows in `form` are read again, as a step's form would."""
    who = {} if by is None else {"by": by}
    with unit_of_work():
        locked = lock_case(case.id)
        form = {name: db.session.merge(value) if isinstance(value, Report) else value for name, value in form.items()}
        if input_of(use_case) is not None:
            return use_case(locked, build.input_for(use_case, form), now=now, **who)
        return use_case(locked, now=now, **who, **form)


def told(template: str) -> list[str]:
    """Who was told so, in order."""
    query = select(OutboxMessage.recipient).where(OutboxMessage.template == template)
    return list(db.session.scalars(query.order_by(OutboxMessage.id)))


def events(case: Case) -> list[str]:
    """The verbs in the history of a case, in order."""
    return list(db.session.scalars(select(Event.type).where(Event.case_id == case.id).order_by(Event.seq)))


def payload(case: Case) -> dict[str, Any]:
    """What the newest event of a case says."""
    found = db.session.scalars(select(Event.payload).where(Event.case_id == case.id).order_by(Event.seq.desc()).limit(1)).one()
    return found or {}


def clock(case: Case, kind: ClockKind = ClockKind.CASE) -> Clock:
    """The newest limit of a kind."""
    return db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == kind).order_by(Clock.id.desc()).limit(1)).one()


def running(case: Case) -> list[str]:
    """The kinds of limits that have not ended."""
    return list(db.session.scalars(select(Clock.kind).where(Clock.case_id == case.id, Clock.ended_at.is_(None)).order_by(Clock.id)))


def guest_of(report: Report) -> Actor:
    """Somebody who has the tracking secret of a report."""
    return Actor(account=None, tracked_report_ids=frozenset({report.id}))
