"""Where a case is: its point beside its words on every step, the small map of it next to a decision, and the way there.

Every point of the map is also in the list on the page, so that it can be read without the map. The background is the centre's base map
(web/base_map.py).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from flask import request, url_for

from casework.casefile.place_seen import held_point, point_seen
from casework.db import db
from casework.intake.similar_cases import Alike
from casework.models import Case, Centre, Report
from casework.open_cases import OWED_STATES
from casework.permissions import OPERATIONS, Action, Role, may
from casework.places.points import Point
from casework.reading.kept_with_rules import kept_with_rules
from casework.successors import centre_at_work
from web.base_map import BaseMap, base_map
from web.guards import actor
from web.navigation import CentreWords
from workflows.desks.near_work import around

LARGEST_OUTLINE = 60_000
"""The most characters of an area's outline embedded in a page; a longer one is left out."""


@dataclass(frozen=True, slots=True)
class ReportPoint:
    """A report's own point; `accuracy` in metres, if the device gave it. Degrees are WGS 84."""

    code: str
    latitude: float
    longitude: float
    accuracy: int | None


@dataclass(frozen=True, slots=True)
class StaffMap:
    """What is drawn in addition to the numbered list: the reports' points, and the commune's outline, if one is stored."""

    spots: list[ReportPoint]
    outline: str
    base: BaseMap


def staff_map(case: Case, reports: Iterable[tuple[Report, Point | None]], alike: Iterable[Alike] = ()) -> StaffMap | None:
    """The map of a case with its reports' points, None where neither the case nor any case around it has a position."""
    spots = [_spot(report, point) for report, point in reports if point is not None]
    if not spots and not any(each.case.latitude is not None for each in alike):
        return None
    return StaffMap(spots, _outline(case), base_map(centre_drawn(case)))


def map_of(case: Case) -> StaffMap:
    """The map of a case without points of its own: what lies under those the page names."""
    return StaffMap([], "", base_map(centre_drawn(case)))


def centre_drawn(case: Case) -> CentreWords:
    """The centre whose land is drawn: that of the case, or its successor, because a centre that has ended is on no map."""
    return _called(centre_at_work(case.centre_id, case.area_id))


@kept_with_rules
def _called(centre_id: int) -> CentreWords:
    centre = db.session.get_one(Centre, centre_id)
    return CentreWords(centre.name, centre.phone, centre.id, centre.ref)


def _spot(report: Report, point: Point) -> ReportPoint:
    return ReportPoint(report.code, point.latitude, point.longitude, round(point.accuracy_m) if point.accuracy_m else None)


def _outline(case: Case) -> str:
    if case.area is None or case.area.boundary is None:
        return ""
    text = json.dumps(case.area.boundary, separators=(",", ":"))
    return text if len(text) <= LARGEST_OUTLINE else ""


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
