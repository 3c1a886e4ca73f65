"""Where a case is, as its reader may know it: the point, its words, and a map."""

from collections.abc import Sequence
from dataclasses import dataclass

from casework.casefile.place_seen import held_point
from casework.casefile.views import SeenReport, reads_words
from casework.models import Case
from casework.permissions import Actor
from casework.permissions.sight import Sight, sees
from casework.places.points import Point, point_of
from web.base_map import BaseMap, base_map
from web.steps.map import centre_drawn
from web.steps.where import way_to


@dataclass(frozen=True, slots=True)
class SpotSeen:
    """A point of the map; `accuracy` in metres, where it is known."""

    code: str
    latitude: float
    longitude: float
    accuracy: int | None


@dataclass(frozen=True, slots=True)
class PlaceSeen:
    """The points a reader sees, the first of them that of the main report, what is drawn under them, and the way to the point the case
    holds; without points there is neither map nor way."""

    spots: tuple[SpotSeen, ...]
    base: BaseMap | None
    way: str


def place_seen(case: Case, by: Actor, reports: Sequence[SeenReport]) -> PlaceSeen | None:
    """The place of a case. The centre sees the exact points of its reports, everybody else the case's own once it is accepted, rounded
    until it is published, and of a sensitive case none. None for whoever reads no words of it."""
    if not reads_words(case, by):
        return None
    held = held_point(case)
    spots = tuple(_exact(reports) if sees(by, Sight.ORIGINAL, case) else _released(case, held))
    return PlaceSeen(spots, base_map(centre_drawn(case)) if spots else None, way_to(held) if spots and held is not None else "")


def _exact(reports: Sequence[SeenReport]) -> list[SpotSeen]:
    points = ((seen.report, point_of(seen.report)) for seen in reports)
    return [_spot(report.code, point) for report, point in points if point is not None]


def _released(case: Case, held: Point | None) -> list[SpotSeen]:
    is_released = case.accepted_at is not None and case.visibility_reason_id is None
    return [_spot(case.code, held)] if held is not None and is_released else []


def _spot(code: str, point: Point) -> SpotSeen:
    return SpotSeen(code, point.latitude, point.longitude, round(point.accuracy_m) if point.accuracy_m else None)
