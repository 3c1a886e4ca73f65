"""Where a case is, as its reader may know it: the point, its words, and a map."""

from dataclasses import dataclass

from casework.casefile.place_seen import held_point, points_seen
from casework.casefile.views import reads_words
from casework.models import Case
from casework.permissions import Actor
from casework.places.points import Point
from web.base_map import BaseMap, base_map
from web.steps.where import centre_drawn, on_open_map, way_to


@dataclass(frozen=True, slots=True)
class SpotSeen:
    """A point of the map; `accuracy` in metres, where it is known."""

    code: str
    latitude: float
    longitude: float
    accuracy: int | None


@dataclass(frozen=True, slots=True)
class PlaceSeen:
    """The points a reader sees, the first of them that of the main report, what is drawn under them, the way to the point the case holds,
    and where the map of open work shows it; without points there is none of these."""

    spots: tuple[SpotSeen, ...]
    base: BaseMap | None
    way: str
    on_map: str


def place_seen(case: Case, by: Actor) -> PlaceSeen | None:
    """The place of a case; None for whoever reads no words of it. Who sees which point: casework/casefile/place_seen.py."""
    if not reads_words(case, by):
        return None
    spots, held = tuple(_spot(code, point) for code, point in points_seen(case, by)), held_point(case)
    if not spots:
        return PlaceSeen((), None, "", "")
    return PlaceSeen(spots, base_map(centre_drawn(case)), way_to(held) if held is not None else "", on_open_map(case))


def _spot(code: str, point: Point) -> SpotSeen:
    return SpotSeen(code, point.latitude, point.longitude, round(point.accuracy_m) if point.accuracy_m else None)
