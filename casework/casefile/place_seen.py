"""Where a case is, as a person may see it (rules.md, section 2)."""

from casework.models import Case
from casework.permissions import Actor
from casework.permissions.sight import Sight, sees
from casework.places.points import Point, point_of

WITHIN_METRES = 80
"""How far a rounded point may lie from the exact one (casework.places.points)."""


def point_seen(case: Case, by: Actor, *, has_step: bool = False) -> Point | None:
    """The point of a case for the map beside a decision: for the centre the exact one, with the accuracy its sender's device gave.

    Others get the point the case holds, rounded until an operator lets everybody see the place, and none of a case that must never be
    public. Who `has_step` in the case sees it as they read its words (casework.casefile.views.reports_seen).
    """
    reads_original = sees(by, Sight.ORIGINAL, case)
    if reads_original and case.placed_at is None and (exact := _sent_with(case)) is not None:
        return exact
    if reads_original or (case.visibility_reason_id is None and (has_step or sees(by, Sight.CLEARED, case))):
        return held_point(case)
    return None


def held_point(case: Case) -> Point | None:
    """The point the case holds; the only one that leaves the program, with the way there."""
    if case.latitude is None or case.longitude is None:
        return None
    return Point(case.latitude, case.longitude, WITHIN_METRES if case.placed_at is None else None)


def _sent_with(case: Case) -> Point | None:
    main = next((link.report for link in case.reports if link.is_main and link.left_at is None), None)
    return point_of(main) if main is not None else None
