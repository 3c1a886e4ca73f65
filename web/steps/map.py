"""The small map beside a decision: where the reports of a case are, and the numbered cases around them.

The list on the page is the map's content: every point is an element of it, so that it can be read without the map. What lies under
the points is the centre's base map (web/base_map.py).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from casework.db import db
from casework.intake.similar_cases import Alike
from casework.models import Case, Centre, Report
from casework.places.points import Point
from casework.successors import centre_at_work
from web.base_map import BaseMap, base_map

LARGEST_OUTLINE = 60_000
"""Characters of an area's outline that go into a page; a larger one is left out."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A report's own point; `accuracy` in metres, where the device said it. Degrees are WGS 84."""

    code: str
    latitude: float
    longitude: float
    accuracy: int | None


@dataclass(frozen=True, slots=True)
class StaffMap:
    """What is drawn beside the numbered list: the points of the reports, and the outline of the commune, if one is stored."""

    spots: list[Spot]
    outline: str
    base: BaseMap


def staff_map(case: Case, reports: Iterable[tuple[Report, Point | None]], alike: Iterable[Alike] = ()) -> StaffMap | None:
    """Return the map of a case with the points of its reports, None where neither it nor any case around it has a position."""
    spots = [_spot(report, point) for report, point in reports if point is not None]
    if not spots and not any(each.case.latitude is not None for each in alike):
        return None
    return StaffMap(spots, _outline(case), base_map(_centre(case)))


def _centre(case: Case) -> Centre:
    """Whose land is drawn: of a centre that has ended nothing lies on a map any more."""
    at_work = centre_at_work(case.centre_id, case.area_id)
    return case.centre if at_work == case.centre_id else db.session.get_one(Centre, at_work)


def _spot(report: Report, point: Point) -> Spot:
    return Spot(report.code, point.latitude, point.longitude, round(point.accuracy_m) if point.accuracy_m else None)


def _outline(case: Case) -> str:
    if case.area is None or case.area.boundary is None:
        return ""
    text = json.dumps(case.area.boundary, separators=(",", ":"))
    return text if len(text) <= LARGEST_OUTLINE else ""
