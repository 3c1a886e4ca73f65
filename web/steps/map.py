"""The small map next to a decision: where the reports of a case are, and the numbered cases around them.

Every point is also in the list on the page, so that it can be read without the map. The background is the centre's base map
(web/base_map.py).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from casework.db import db
from casework.intake.similar_cases import Alike
from casework.models import Case, Centre, Report
from casework.places.points import Point
from casework.reading.kept_with_rules import kept_with_rules
from casework.successors import centre_at_work
from web.base_map import BaseMap, base_map
from web.navigation import CentreWords

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
