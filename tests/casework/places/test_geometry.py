"""Places on the map: boundaries with holes and parts, boxes where no boundary is known, distances on the ground."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.models import Area
from casework.places.geometry import box_around, box_size, holds_place, metres_between

SQUARE = [[108.0, 12.0], [108.4, 12.0], [108.4, 12.4], [108.0, 12.4], [108.0, 12.0]]
HOLE = [[108.1, 12.1], [108.2, 12.1], [108.2, 12.2], [108.1, 12.2], [108.1, 12.1]]
ISLAND = [[109.0, 12.0], [109.1, 12.0], [109.1, 12.1], [109.0, 12.1], [109.0, 12.0]]
BOX = {"south": 12.0, "north": 12.4, "west": 108.0, "east": 108.4}


def area(geometry: dict[str, Any] | None = None, **box: float) -> Area:
    return Area(level="commune", name_vi="Xã", name_en="Commune", folded_name="xa", boundary=geometry, **box)


@pytest.mark.parametrize(("latitude", "longitude", "is_within"), [
    (12.3, 108.3, True), (12.15, 108.15, False), (12.05, 108.05, True), (12.5, 108.2, False), (12.2, 108.5, False), (12.05, 109.05, True),
])
def test_a_boundary_decides_with_its_holes_and_parts(latitude: float, longitude: float, is_within: bool) -> None:
    assert holds_place(area({"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [ISLAND]]}, **BOX), latitude, longitude) == is_within


def test_a_simple_boundary_and_one_with_heights_are_read_too() -> None:
    ring = [[*corner, 900.0] for corner in SQUARE]
    assert holds_place(area({"type": "Polygon", "coordinates": [ring]}), 12.2, 108.2)


def test_without_a_boundary_the_box_decides_and_without_a_box_nothing_is_held() -> None:
    assert holds_place(area(**BOX), 12.15, 108.15)
    assert not holds_place(area(**BOX), 12.41, 108.15)
    assert not holds_place(area(), 12.15, 108.15)
    assert not holds_place(area({"type": "Point", "coordinates": [108.15, 12.15]}), 12.15, 108.15)
    assert box_size(area(**BOX)) == pytest.approx(0.16)
    assert box_size(area()) == float("inf")


def test_distances_are_those_on_the_ground() -> None:
    assert metres_between(12.0, 108.0, 13.0, 108.0) == pytest.approx(111_195, abs=1)
    assert metres_between(12.01, 108.428, 12.01, 108.428) == 0
    assert metres_between(60.0, 108.0, 60.0, 109.0) == pytest.approx(55_597, rel=1e-3)


@given(latitude=st.floats(-80, 80), longitude=st.floats(-179, 179), bearing=st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_the_box_leaves_out_nothing_that_is_near(latitude: float, longitude: float, bearing: tuple[float, float]) -> None:
    other = (latitude + bearing[0] * 0.02, longitude + bearing[1] * 0.02)
    south, north, west, east = box_around(latitude, longitude, 500)
    if metres_between(latitude, longitude, *other) <= 499.9:
        assert south <= other[0] <= north
        assert west <= other[1] <= east
