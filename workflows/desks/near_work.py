"""Other open work of an agency near a case it has in hand, counted as the map of open work shows it."""

from math import cos, radians

from sqlalchemy import func, select

from casework.db import db
from workflows.desks.open_map import Box
from workflows.desks.open_map_statements import near_cases

NEAR_METRES = 500
"""As near as reports that may be about one matter (casework.intake.similar_cases)."""
METRES_OF_A_DEGREE = 111_320
MOST_COUNTED = 99


def around(latitude: float, longitude: float) -> Box:
    """The part of the map NEAR_METRES to each side of a point, as exact as an address tells it."""
    tall = NEAR_METRES / METRES_OF_A_DEGREE
    wide = tall / cos(radians(latitude))
    south, north, west, east = (round(each, 4) for each in (latitude - tall, latitude + tall, longitude - wide, longitude + wide))
    return Box(south, north, west, east)


def count_near(box: Box, *, agency_id: int, case_id: int) -> int:
    """How many other cases the agency still has to work on there, MOST_COUNTED + 1 at most: one statement, through the agency's parts."""
    given = {"agency": agency_id, "but": case_id, "south": box.south, "north": box.north, "west": box.west, "east": box.east}
    found = near_cases().limit(MOST_COUNTED + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(found), given) or 0
