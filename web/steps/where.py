"""Where a case is, beside its words on every step: its point on a map, and the way there."""

from dataclasses import dataclass

from flask import request

from casework.casefile.place_seen import held_point, point_seen
from casework.models import Case
from casework.places.points import Point
from web.guards import actor
from web.steps.map import StaffMap, map_of


@dataclass(frozen=True, slots=True)
class Where:
    """What steps/where.html shows of a place. Without a `point` there is neither map nor way; `is_withheld` where that is because the
    case must never be public."""

    point: Point | None
    map: StaffMap | None
    way: str
    is_withheld: bool


def where_is(case: Case, *, has_step: bool = False) -> Where:
    """The place of a case as the person who asks may see it. No statement but the one the rules are kept by."""
    held = held_point(case)
    if held is None:
        return Where(None, None, "", False)
    point = point_seen(case, actor(), has_step=has_step)
    if point is None:
        return Where(None, None, "", is_withheld=True)
    return Where(point, map_of(case), way_to(held), is_withheld=False)


def way_to(point: Point) -> str:
    """The address that opens a telephone's maps with the way to a point: it is told the coordinates and nothing else."""
    at = f"{point.latitude:.5f},{point.longitude:.5f}"
    if "Android" in request.user_agent.string:
        return f"geo:{at}?q={at}"                          # whichever maps the telephone has
    return f"https://www.google.com/maps/dir/?api=1&destination={at.replace(',', '%2C')}"
