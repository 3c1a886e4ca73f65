"""Where a case is, as its reader may know it: the point, its words, and a map."""

from collections.abc import Sequence
from dataclasses import dataclass

from casework.casefile.views import SeenReport, reads_words
from casework.models import Case
from casework.permissions import Actor
from casework.permissions.sight import Sight, sees
from casework.places.points import ROUNDED_TO, point_of
from web.base_map import BaseMap, base_map
from web.steps.map import centre_drawn

ROUNDED_METRES = 80
"""How far a rounded point may lie from the exact one (casework.places.points)."""


@dataclass(frozen=True, slots=True)
class SpotSeen:
    """A point of the map; `accuracy` in metres, where it is known."""

    code: str
    latitude: float
    longitude: float
    accuracy: int | None


@dataclass(frozen=True, slots=True)
class PlaceSeen:
    """The points a reader sees, the first of them that of the main report, and what is drawn under them; without points there is no map."""

    spots: tuple[SpotSeen, ...]
    base: BaseMap | None


def place_seen(case: Case, by: Actor, reports: Sequence[SeenReport]) -> PlaceSeen | None:
    """The place of a case. The centre sees the exact points of its reports, everybody else the case's own once it is accepted, rounded
    until it is published, and of a sensitive case none. None for whoever reads no words of it."""
    if not reads_words(case, by):
        return None
    spots = tuple(_exact(reports) if sees(by, Sight.ORIGINAL, case) else _released(case))
    return PlaceSeen(spots, base_map(centre_drawn(case)) if spots else None)


def _exact(reports: Sequence[SeenReport]) -> list[SpotSeen]:
    points = ((seen.report, point_of(seen.report)) for seen in reports)
    return [
        SpotSeen(report.code, point.latitude, point.longitude, round(point.accuracy_m) if point.accuracy_m else None)
        for report, point in points if point is not None
    ]  # fmt: skip


def _released(case: Case) -> list[SpotSeen]:
    if case.accepted_at is None or case.visibility_reason_id is not None or case.latitude is None or case.longitude is None:
        return []
    is_rounded = case.placed_at is None and round(case.latitude, ROUNDED_TO) == case.latitude
    return [SpotSeen(case.code, case.latitude, case.longitude, ROUNDED_METRES if is_rounded else None)]
