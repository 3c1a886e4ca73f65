"""The effect of an act on the limits of a case and its agencies, old and new due instants, for the history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.clocks.acts import ClockKind, running_clocks
from casework.models import Case, Clock


@dataclass(frozen=True)
class Limits:
    """The due instants of a case and its agencies (by key). For a paused limit, the due instant when it stopped."""

    case: datetime | None
    agencies: dict[str, datetime | None]


def limits_of(case: Case) -> Limits:
    keys = {row.id: row.agency.key for row in case.open_assignments}
    due, agencies = None, {}
    for clock in running_clocks(case):
        if clock.kind == ClockKind.CASE:
            due = _due(clock)
        elif clock.kind == ClockKind.ASSIGNMENT and clock.assignment_id in keys:
            agencies[keys[clock.assignment_id]] = _due(clock)
    return Limits(due, agencies)


def limits_moved(before: Limits, case: Case) -> dict[str, Any]:
    """The changes for an event: `due` and `agency_dues`, each from when to when (ISO, UTC); `due` is empty where nothing moved.

    Agencies asked just now had no limit, so none of theirs has moved.
    """
    after = limits_of(case)
    moved = {
        key: [old.isoformat(), new.isoformat()]
        for key, new in after.agencies.items()
        if new is not None and (old := before.agencies.get(key)) is not None and new != old
    }
    is_moved = before.case is not None and after.case is not None and before.case != after.case
    due = [before.case.isoformat(), after.case.isoformat()] if is_moved and before.case and after.case else None
    return {"due": due, **({"agency_dues": moved} if moved else {})}


def _due(clock: Clock) -> datetime | None:
    return clock.due_at or next((pause.due_before for pause in clock.pauses if pause.until is None), None)
