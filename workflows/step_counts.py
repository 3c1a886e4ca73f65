"""How many steps wait at each element of one version of the model, and how many of them are late: one bounded query each."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, text, union_all
from sqlalchemy.orm import InstrumentedAttribute

from casework.db import db
from casework.permissions import Actor
from workflows.models import ProcessVersion, WaitingTask
from workflows.parsed import definition_of
from workflows.versions import centres_counted

MOST = 999
"""Steps counted at one element; shown as "999+" from there."""

OPEN = text("state IN ('waiting', 'frozen')")
"""Literally as the partial index says it, so that either database takes that index."""


def open_steps(version: ProcessVersion, *, by: Actor) -> dict[str, int]:
    """Return by element how many steps of the reader's centres stand there, resting ones too; MOST at most, those without any left out."""
    return _counted(version, WaitingTask.element, centres=centres_counted(by))


def late_steps(version: ProcessVersion, *, by: Actor, now: datetime) -> dict[str, int]:
    """Return by element how many of the first MOST steps there can be done and are late, elements without any left out."""
    return _counted(version, WaitingTask.due_at, WaitingTask.state, centres=centres_counted(by), late_at=now)


def _counted(
    version: ProcessVersion, *read: InstrumentedAttribute[Any], centres: Collection[int] | None, late_at: datetime | None = None
) -> dict[str, int]:
    counts = []
    for element in definition_of(version).steps:
        there = select(*read).where(WaitingTask.version_id == version.id, WaitingTask.element == element.id, OPEN)
        if centres is not None:
            there = there.where(WaitingTask.centre_id.in_(centres))
        head = there.limit(MOST).subquery()
        count = select(literal(element.id), func.count()).select_from(head)
        counts.append(count if late_at is None else count.where(head.c.state == "waiting", head.c.due_at <= late_at))
    return {element: number for element, number in db.session.execute(union_all(*counts)) if number} if counts else {}
