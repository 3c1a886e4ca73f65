"""Where a case is, beside its words on every step: its point on a map, and the way there."""

from dataclasses import dataclass

from flask import request, url_for

from casework.casefile.place_seen import held_point, point_seen
from casework.models import Case
from casework.open_cases import OWED_STATES
from casework.permissions import OPERATIONS, Action, Role, may
from casework.places.points import Point
from web.guards import actor
from web.steps.map import StaffMap, map_of
from workflows.desks.near_work import around


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


def on_open_map(case: Case, *, agency: str = "") -> str:
    """The address of the map of open work around a case, which is the chosen one there; empty where that map does not show it.

    `agency`: the ref of the one whose work alone is asked for.
    """
    point, by = held_point(case), actor()
    is_open = case.state in OWED_STATES and case.visibility_reason_id is None
    if point is None or not is_open or not may(by, Action.READ_OPEN_MAP):
        return ""
    works_there = any(part.agency_id in by.agency_ids for part in case.open_assignments)
    if not works_there and not by.holds(OPERATIONS | {Role.COMMITTEE_LEADER}, centre_id=case.centre_id):
        return ""
    box = around(point.latitude, point.longitude)
    sides = ",".join(f"{side:.4f}" for side in (box.south, box.north, box.west, box.east))
    return url_for("open_map.map_of_open_work", box=sides, agency=agency or None, _anchor=f"c-{case.ref}")
