"""The position of a report: exact, sealed like its words; and rounded in its case until an operator makes it public.

"My position" sent from home reveals as much as a house number. Lists, maps and searches by distance read the case's own point, which is
never more precise than ROUNDED_TO; the sealed one is opened only where the original words are, and by its owner. Source: rules.md,
section 2.
"""

from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement

from casework.models import Case, Report
from casework.privacy.left_in_clear import forget_with_their_words, seal_reports
from casework.publications import shows_exact_place
from casework.sealing.seal import open_json, seal_json

POINT_PURPOSE = "exact point of a report"
ROUNDED_TO = 3
"""Decimals of a degree (WGS 84). At 12 degrees north a square of 111 by 109 metres, so at most 78 metres from the exact point: a few
houses of a village, a row of them in a town, and little against the 500 metres within which cases count as near
(casework.intake.similar_cases)."""


class Point(NamedTuple):
    """Degrees are WGS 84, accuracy in metres, as the device reported them."""

    latitude: float
    longitude: float
    accuracy_m: float | None


def sealed_point(latitude: float | None, longitude: float | None, accuracy_m: float | None) -> bytes | None:
    """Seal a point; None without one."""
    if latitude is None or longitude is None:
        return None
    return seal_json([latitude, longitude, accuracy_m], purpose=POINT_PURPOSE)


def point_of(report: Report) -> Point | None:
    """Open the exact point of a report; callers check as for `original_words`. None where there was none, or once erased."""
    if report.sealed_point is not None:
        return Point(*open_json(report.sealed_point, purpose=POINT_PURPOSE))
    if report.clear_latitude is None or report.clear_longitude is None:
        return None
    return Point(report.clear_latitude, report.clear_longitude, report.clear_accuracy_m)


def forget_point(report: Report) -> None:
    report.sealed_point = report.clear_latitude = report.clear_longitude = report.clear_accuracy_m = None


def rounded(latitude: float | None, longitude: float | None) -> tuple[float, float] | tuple[None, None]:
    """The rounded point by which a case is found."""
    if latitude is None or longitude is None:
        return None, None
    return round(latitude, ROUNDED_TO), round(longitude, ROUNDED_TO)


def exact_point(case: Case) -> tuple[float, float] | None:
    """The exact point of a case for publishing it: as placed, or else from its main report. None where it is unknown."""
    if case.placed_at is not None and case.latitude is not None and case.longitude is not None:
        return case.latitude, case.longitude
    main = next((link.report for link in case.reports if link.is_main and link.left_at is None), None)
    point = point_of(main) if main is not None else None
    return point[:2] if point is not None else None


def place_exactly(case: Case, *, now: datetime) -> bool:
    """Give a case its exact point, which an operator has seen and makes public. False where it is unknown."""
    point = exact_point(case)
    if point is None:
        return False
    case.latitude, case.longitude = point
    case.placed_at = case.placed_at or now
    return True


def forget_place(case: Case) -> None:
    case.latitude = case.longitude = case.placed_at = None


# # -- left by earlier versions of the program ----------------------------------------------------------------------------


def seal_points(now: datetime) -> int:
    """Seal the points still in clear, round them in their cases, and return how many. A job."""
    forget_with_their_words(now)
    return seal_reports(is_in_clear(), partial(_seal, now))


def is_in_clear() -> ColumnElement[bool]:
    """The condition for reports with a point in clear, worded like its index in both databases."""
    return Report.clear_latitude.between(-90, 90)


def _seal(now: datetime, report: Report, cases: list[Case]) -> None:
    point = point_of(report)
    forget_point(report)
    if point is None:
        return
    report.sealed_point = sealed_point(*point)
    for case in cases:
        if case.placed_at is not None or case.latitude != point.latitude:
            continue
        if shows_exact_place(case):
            case.placed_at = now
        else:
            case.latitude, case.longitude = rounded(*point[:2])
