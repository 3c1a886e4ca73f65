"""Compares the position of a case with the commune chosen for it; silent while both agree."""

from dataclasses import dataclass
from datetime import datetime

from casework.local_time import local_day
from casework.models import Area, Case
from casework.places.lookup import bounded_area_at, is_outside
from casework.places.points import exact_point
from casework.reading.rule_rows import AreaRow


@dataclass(frozen=True, slots=True)
class PositionMismatch:
    """The commune of the position, where that is not the chosen one."""

    area: Area | None
    is_outside: bool


def position_mismatch(case: Case, chosen: AreaRow | None, *, now: datetime) -> PositionMismatch | None:
    """The commune a case's position lies in if it is not the chosen one; None without a position or a commune."""
    point = exact_point(case) if chosen is not None else None
    if point is None or chosen is None:
        return None
    today = local_day(now)
    area = bounded_area_at(*point, today)
    if area is not None:
        return PositionMismatch(area, False) if area.id != chosen.id else None
    return PositionMismatch(None, True) if is_outside(*point, today) else None
