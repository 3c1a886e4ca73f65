"""How long the steps of the live process took in a period, for a report's figures.

Calendar months are read from the stored months (workflows/bottlenecks), the remaining stretches from the passages themselves, through the
index on the instant a step was left. So an unfinished year costs no more than its last month.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, select

from casework.db import db
from casework.figures.counting import month_after, month_of, start_of
from casework.models import Case
from reports.statistics.periods import Period
from reports.statistics.rates import FEWEST
from workflows.bottlenecks.keeping import MINUTES
from workflows.bottlenecks.reading import unpacked
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Element
from workflows.models import StepFact, StepTimes, WaitingTask
from workflows.versions.live import NoLiveVersion, live_version

SLICE = timedelta(days=8)
"""Passages are read for this long at a time, so that no statement grows with the installation."""


def step_hours(period: Period, *, centre_id: int, agency_id: int | None = None) -> list[dict[str, Any]]:
    """Return, for each step of the live process that was done in a period, how often and how long, in the order of the model.

    `median` and `p90` are office minutes, None below five passages; `step` is its id in the diagram, `name` in two languages.
    """
    import numpy as np  # late: docs/architecture.md

    try:
        steps: Sequence[Element] = definition_of(live_version(centre_id)).steps
    except NoLiveVersion:
        return []
    months, rest = _split(period)
    parts = [_of_months(months, centre_id, agency_id), _of_passages(rest, centre_id, agency_id)]
    minutes = {element: np.concatenate([part[element] for part in parts if element in part]) for element in {*parts[0], *parts[1]}}
    return [
        {"step": step.id, "name": list(step.label), "passages": len(minutes[step.id]), **_spread(minutes[step.id])}
        for step in steps if len(minutes.get(step.id, ()))
    ]  # fmt: skip


def is_kept(month_on: date) -> bool:
    """Whether the passages of a calendar month have been counted, so that reading them takes one statement."""
    return db.session.scalar(select(StepTimes.id).where(StepTimes.month_on == month_on).limit(1)) is not None


def _split(period: Period) -> tuple[list[date], list[tuple[datetime, datetime]]]:
    """The whole calendar months of a period whose passages are stored, and the stretches between them."""
    within = (StepTimes.month_on >= month_of(period.since), StepTimes.month_on < month_of(period.until))
    kept = db.session.scalars(select(StepTimes.month_on).where(*within).distinct().order_by(StepTimes.month_on)).all()
    months: list[date] = []
    rest: list[tuple[datetime, datetime]] = []
    since = period.since
    for month in (month for month in kept if start_of(month) >= period.since and _is_whole(month)):
        if since < start_of(month):
            rest.append((since, start_of(month)))
        months.append(month)
        since = start_of(month_after(month))
    return months, [*rest, (since, period.until)] if since < period.until else rest


def _is_whole(month: date) -> bool:
    """Whether a month was counted after its end; otherwise its last hours may be missing."""
    counted_at = db.session.scalar(select(StepTimes.counted_at).where(StepTimes.month_on == month).limit(1))
    return counted_at is not None and counted_at >= start_of(month_after(month))


def _of_months(months: Sequence[date], centre_id: int, agency_id: int | None) -> dict[str, Any]:
    query = select(StepTimes.element, StepTimes.minutes).where(StepTimes.month_on.in_(months), StepTimes.centre_id == centre_id)
    if agency_id is not None:
        query = query.where(StepTimes.agency_id == agency_id)
    packed: dict[str, list[bytes]] = defaultdict(list)
    for element, minutes in db.session.execute(query) if months else ():
        packed[element].append(minutes)
    return {element: unpacked(parts) for element, parts in packed.items()}


def _of_passages(stretches: Sequence[tuple[datetime, datetime]], centre_id: int, agency_id: int | None) -> dict[str, Any]:
    import numpy as np  # late: docs/architecture.md

    found: dict[str, list[int | None]] = defaultdict(list)
    for since, until in stretches:
        while since < until:
            for element, minutes in db.session.execute(_done(since, min(since + SLICE, until), centre_id, agency_id)):
                found[element].append(minutes)
            since += SLICE
    return {element: np.array(minutes, dtype=MINUTES) for element, minutes in found.items()}


def _done(since: datetime, until: datetime, centre_id: int, agency_id: int | None) -> Select[str, int | None]:
    """Steps done in [since, until) with their minutes: those that stored months count as passages with minutes."""
    query = (
        select(StepFact.element, StepFact.working_minutes)
        .join(WaitingTask, and_(WaitingTask.instance_id == StepFact.instance_id, WaitingTask.engine_task == StepFact.engine_task))
        .join(Case, Case.id == StepFact.case_id)
        .where(StepFact.left_at >= since, StepFact.left_at < until, StepFact.working_minutes.is_not(None))
        # written so that no planner begins with everything a centre or an agency ever did
        .where(WaitingTask.state == "done", WaitingTask.centre_id + 0 == centre_id, Case.quarantined_at.is_(None))
    )
    return query if agency_id is None else query.where(WaitingTask.agency_id + 0 == agency_id)


def _spread(minutes: Iterable[int]) -> dict[str, float | None]:
    import numpy as np  # late: docs/architecture.md

    values = np.sort(np.asarray(minutes))
    if len(values) < FEWEST:
        return {"median": None, "p90": None}
    middle = values[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return {"median": float(middle.mean()), "p90": int(values[-(-9 * len(values) // 10) - 1])}
