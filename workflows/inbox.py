"""What waits for whom: one bounded, indexed query over the desks a person reads."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select, tuple_, union_all
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Assignment
from casework.permissions import Actor
from workflows.desks import desks_read_by
from workflows.models import WaitingTask

PAGE = 25
MOST_COUNTED = 99


class View(StrEnum):
    """Which of the waiting steps a person looks at."""

    ALL = "all"
    MINE = "mine"
    FREE = "free"
    URGENT = "urgent"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last row's place in the order."""

    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of waiting steps; `next` is where the following one begins, None at the end."""

    tasks: tuple[WaitingTask, ...]
    next: Position | None


def waiting_for(
    by: Actor, *, now: datetime, view: View = View.ALL, limit: int = PAGE, after: Position | None = None, desk: str | None = None
) -> InboxPage:
    """Return the steps that wait for a person, the most urgent limit first.

    Each desk is read through the index and no further than one page, so that the answer costs the same at any number of
    cases. `desk` narrows to one of the person's desks.
    """
    heads = [_head(each, by, view, now, after).limit(limit + 1).subquery() for each in desks_read_by(by) if desk in (None, each)]
    if not heads:
        return InboxPage((), None)
    candidates = union_all(*(select(head.c.id) for head in heads)).subquery()
    query = (
        select(WaitingTask)
        .where(WaitingTask.id.in_(select(candidates.c.id)))
        .options(joinedload(WaitingTask.case), joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
        .options(joinedload(WaitingTask.assignment).joinedload(Assignment.agency))
        .order_by(WaitingTask.due_at, WaitingTask.id)
        .limit(limit + 1)
    )
    found = list(db.session.scalars(query))
    shown = found[:limit]
    return InboxPage(tuple(shown), Position(shown[-1].due_at, shown[-1].id) if len(found) > limit else None)


def count_waiting(by: Actor, *, now: datetime, view: View = View.ALL, most: int = MOST_COUNTED) -> int:
    """Return how many steps wait, counting no further than `most` + 1 (shown as "99+")."""
    heads = [_head(desk, by, view, now, None).limit(most + 1).subquery() for desk in desks_read_by(by)]
    if not heads:
        return 0
    candidates = union_all(*(select(head.c.id) for head in heads)).limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(candidates)) or 0


def waiting_in_case(case_id: int) -> list[WaitingTask]:
    """Return the steps of one case that wait, for the case page."""
    query = select(WaitingTask).where(WaitingTask.case_id == case_id, WaitingTask.state == "waiting")
    query = query.options(joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
    return list(db.session.scalars(query.order_by(WaitingTask.id)))


def _head(desk: str, by: Actor, view: View, now: datetime, after: Position | None) -> Select[Any]:
    query = select(WaitingTask.id).where(WaitingTask.desk == desk, WaitingTask.state == "waiting")
    match view:
        case View.MINE:
            query = query.where(WaitingTask.claimed_by_id == by.account_id)
        case View.FREE:
            query = query.where(WaitingTask.claimed_by_id.is_(None))
        case View.URGENT:
            query = query.where(WaitingTask.urgent)
        case View.LATE:
            query = query.where(WaitingTask.due_at <= now)
    if after is not None:
        query = query.where(tuple_(WaitingTask.due_at, WaitingTask.id) > (after.due_at, after.id))
    return query.order_by(WaitingTask.due_at, WaitingTask.id)
