"""Freezes figures automatically, some hours after the cut-off of a centre's month, quarter, half-year or year."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Centre, FiguresSnapshot
from casework.permissions import SYSTEM
from casework.setting_values import value_of
from casework.upkeep.batches import OneByOne
from reports.statistics.periods import HALF_YEAR, MONTH, QUARTER, YEAR, Period, period_at
from reports.statistics.snapshots import SnapshotRefused, content_of, freeze, has_facts_before, newest_of, require_settled
from workflows.figures.steps import step_hours

FROZEN_KINDS = (MONTH, QUARTER, HALF_YEAR, YEAR)
MOST_MISSED = 12
"""Periods of a kind that are caught up on after the worker stood still."""


def freeze_figures(now: datetime) -> int:
    """Freeze every period that is due; returns how many. A job.

    Counting takes no lock; each snapshot is written in a unit of work of its own, and a second worker finds it there. A period that cannot
    be frozen delays later ones of its kind in its centre, and no others. Raises the first fault at the end, so that the run counts as
    failed.
    """
    work, number = OneByOne("freeze_figures"), 0
    for centre_id in db.session.scalars(select(Centre.id).order_by(Centre.id)).all():
        for kind in FROZEN_KINDS:
            with work.each(centre=centre_id, kind=kind):
                for period in _due(centre_id, kind, now):
                    number += _freeze(period, centre_id, now)
    work.end()
    return number


def _freeze(period: Period, centre_id: int, now: datetime) -> bool:
    try:
        content = counted(period, centre_id=centre_id, now=now)
        with unit_of_work():
            freeze(period, centre_id=centre_id, by=SYSTEM, now=now, content=content)
    except SnapshotRefused:
        # frozen by another worker, or not everything is counted yet: the next run tries again
        return False
    return True


def counted(period: Period, *, centre_id: int, now: datetime, say: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """What a snapshot of a period would hold, counted at one moment at which nothing of the period was left to count.

    Takes no lock; `say` is told how many parts of how many are counted. Raises SnapshotRefused.
    """
    with one_moment():
        require_settled(period, now)
        return content_of(period, centre_id=centre_id, steps=step_hours(period, centre_id=centre_id), say=say)


def _due(centre_id: int, kind: str, now: datetime) -> Iterator[Period]:
    """The oldest first, because a frozen month determines where the next one begins."""
    wait = timedelta(hours=int(value_of("freeze_after_hours", centre_id)))
    newest = select(FiguresSnapshot.until_at).where(FiguresSnapshot.centre_id == centre_id, FiguresSnapshot.period == kind)
    last = db.session.scalar(newest.order_by(FiguresSnapshot.until_at.desc()).limit(1))
    missed: list[Period] = []
    period = period_at(kind, now - wait, centre_id=centre_id).before()
    while len(missed) < (MOST_MISSED if last is not None else 1):
        if (last is not None and period.until <= last) or not has_facts_before(centre_id, period.until):
            break
        if newest_of(period, centre_id=centre_id) is None:
            missed.append(period)
        period = period.before()
    yield from reversed(missed)
