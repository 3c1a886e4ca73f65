"""Where a case is, as a person may see it (rules.md, section 2)."""

from enum import StrEnum

from casework.models import Case, Report
from casework.permissions import Actor
from casework.permissions.sight import Sight, sees
from casework.places.points import Point, point_of

WITHIN_METRES = 80
"""How far a rounded point may lie from the exact one (casework.places.points)."""


class PlaceSight(StrEnum):
    """How much of a case's position somebody sees."""

    EXACT = "exact"
    HELD = "held"
    NOTHING = "nothing"


def place_sight(case: Case, by: Actor, *, has_step: bool = False) -> PlaceSight:
    """Who sees which point: the centre those its reports were sent with, everybody else the one the case holds.

    That is rounded until an operator lets everybody see the place. Agencies and the committee see it once the case is accepted, and never
    that of a case that must not be public. Who `has_step` in the case sees it as they read its words (`views.reports_seen`).
    """
    if sees(by, Sight.ORIGINAL, case):
        return PlaceSight.EXACT
    is_released = has_step or (case.accepted_at is not None and sees(by, Sight.CLEARED, case))
    return PlaceSight.HELD if is_released and case.visibility_reason_id is None else PlaceSight.NOTHING


def point_seen(case: Case, by: Actor, *, has_step: bool = False) -> Point | None:
    """The one point of a case for the map beside a decision; for the centre with the accuracy its sender's device gave."""
    sight = place_sight(case, by, has_step=has_step)
    if sight is PlaceSight.NOTHING:
        return None
    main = next((link.report for link in case.reports if link.is_main and link.left_at is None), None)
    return (_exact(case, main) if sight is PlaceSight.EXACT and main is not None else None) or held_point(case)


def points_seen(case: Case, by: Actor) -> list[tuple[str, Point]]:
    """Every point of a case for its page, with the code it belongs to: for the centre one a report, the main one's first."""
    sight, held = place_sight(case, by), held_point(case)
    if sight is PlaceSight.EXACT:
        reports = sorted((link for link in case.reports if link.left_at is None), key=lambda link: not link.is_main)
        points = ((link.report.code, _exact(case, link.report) if link.is_main else point_of(link.report)) for link in reports)
        exact = [(code, point) for code, point in points if point is not None]
        return exact or ([(case.code, held)] if held is not None else [])
    return [(case.code, held)] if sight is PlaceSight.HELD and held is not None else []


def held_point(case: Case) -> Point | None:
    """The point the case holds; the only one that leaves the program, with the way there."""
    if case.latitude is None or case.longitude is None:
        return None
    return Point(case.latitude, case.longitude, WITHIN_METRES if case.placed_at is None else None)


def _exact(case: Case, main: Report) -> Point | None:
    """Where the main report was sent from, unless an operator has set the place since."""
    return point_of(main) if case.placed_at is None else held_point(case)
