"""How long the steps of the live process took in a period: what only the process knows of a report's figures.

Whole calendar months are read from the months kept (workflows/bottlenecks), other periods from the passages themselves, through the
index by the instant a step was left.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import select

from casework.db import db
from casework.figures.counting import month_after, month_of, start_of
from reports.statistics.figures import FEWEST
from reports.statistics.periods import Period
from workflows.bottlenecks.keeping import MINUTES, SLICE, left_steps
from workflows.bottlenecks.reading import unpacked
from workflows.definitions import Element
from workflows.models import StepTimes, WaitingTask
from workflows.parsed import definition_of
from workflows.versions import NoLiveVersion, live_version


def step_hours(period: Period, *, centre_id: int, agency_id: int | None = None) -> list[dict[str, Any]]:
    """Return, for each step of the live process that was done in a period, how often and how long it took, in the order of the model.

    `median` and `p90` are office minutes, None of fewer than five passages; `step` is its id in the diagram, `name` in two languages.
    """
    try:
        steps: Sequence[Element] = definition_of(live_version(centre_id)).steps
    except NoLiveVersion:
        return []
    minutes = _of_months(period, centre_id, agency_id)
    if minutes is None:
        minutes = _of_passages(period, centre_id, agency_id)
    return [
        {"step": step.id, "name": list(step.label), "passages": len(minutes[step.id]), **_spread(minutes[step.id])}
        for step in steps if len(minutes.get(step.id, ()))
    ]  # fmt: skip


def is_kept(month_on: date) -> bool:
    """Whether the passages of a calendar month have been counted, so that reading them costs one statement."""
    return db.session.scalar(select(StepTimes.id).where(StepTimes.month_on == month_on).limit(1)) is not None


def _of_months(period: Period, centre_id: int, agency_id: int | None) -> dict[str, Any] | None:
    """From the months kept; None where the period does not begin and end with calendar months, or one of them is not kept."""
    first, after = month_of(period.since), month_of(period.until)
    if start_of(first) != period.since or start_of(after) != period.until:
        return None
    months = set(db.session.scalars(select(StepTimes.month_on).where(StepTimes.month_on >= first, StepTimes.month_on < after).distinct()))
    month, wanted = first, set()
    while month < after:
        wanted.add(month)
        month = month_after(month)
    if wanted - months:
        return None
    query = select(StepTimes.element, StepTimes.minutes).where(
        StepTimes.month_on >= first, StepTimes.month_on < after, StepTimes.centre_id == centre_id
    )  # fmt: skip
    if agency_id is not None:
        query = query.where(StepTimes.agency_id == agency_id)
    packed: dict[str, list[bytes]] = defaultdict(list)
    for element, minutes in db.session.execute(query):
        packed[element].append(minutes)
    return {element: unpacked(parts) for element, parts in packed.items()}


def _of_passages(period: Period, centre_id: int, agency_id: int | None) -> dict[str, Any]:
    found: dict[str, list[int]] = defaultdict(list)
    since = period.since
    while since < period.until:
        query = left_steps(since, min(since + SLICE, period.until)).where(WaitingTask.centre_id == centre_id)
        if agency_id is not None:
            query = query.where(WaitingTask.agency_id == agency_id)
        for _centre, _version, element, _field, _agency, state, _late, _redone, minutes in db.session.execute(query):
            if state == "done" and minutes is not None:
                found[element].append(minutes)
        since += SLICE
    return {element: np.array(minutes, dtype=MINUTES) for element, minutes in found.items()}


def _spread(minutes: Iterable[int]) -> dict[str, float | None]:
    values = np.sort(np.asarray(minutes))
    if len(values) < FEWEST:
        return {"median": None, "p90": None}
    middle = values[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return {"median": float(middle.mean()), "p90": int(values[-(-9 * len(values) // 10) - 1])}
