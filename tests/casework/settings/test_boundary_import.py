"""Boundaries taken over: which area each goes to, what is stored and written down, and where a position lies after that."""
from __future__ import annotations

import json
import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.intake.pass_on import centre_for
from casework.local_time import LOCAL_ZONE
from casework.models import Area, Event
from casework.permissions import NotAllowed, Role
from casework.places.boundaries import check_boundaries
from casework.places.lookup import area_at, areas_around, is_outside
from casework.places.map_layers import LARGEST_LAYER, areas_layer
from casework.setting_events import ReasonMissing
from casework.settings.boundary_import import SKIP, BoundaryImportRefused, BoundaryPlan, export_boundaries, import_boundaries, plan_import
from casework.text import fold
from tests import build
from tests.casework.places.test_boundaries import EAST, HOLE, SQUARE, collection, feature, polygon
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import statements_of

TODAY = build.NOON.astimezone(LOCAL_ZONE).date()
FILE = os.environ.get("BOUNDARIES_FILE", "")
"""A real file of boundaries, for the test that is only run with one."""


@pytest.fixture
def world(app: Flask) -> build.World:
    return bounded_world()


@pytest.fixture
def house(sqlite_app: Flask) -> build.World:
    """The same where nothing depends on the kind of database."""
    return bounded_world()


def bounded_world() -> build.World:
    """The standard world without boxes, its communes with official codes, a name shared by two, one of another day."""
    world = build.standard_world()
    with unit_of_work():
        for area, code in ((world.areas["xa lat"], "24846"), (world.areas["xa da chais"], None)):
            area.official_code = code
            area.south = area.north = area.west = area.east = None
        build.commune(world, "Thị trấn Lát", official_code="24845")
        build.commune(world, "Xã Đưng K’Nớ", official_code="24850")
        build.commune(world, "Xã Lát Cũ", official_code="24849", valid_to=date(2025, 7, 1))
    return world


def planned(world: build.World, *features: dict[str, Any], by: str = "administrator", chosen: dict[int, str] | None = None) -> BoundaryPlan:
    return plan_import(check_boundaries(json.dumps(collection(*features)).encode()), by=world.actor(by), on=TODAY, chosen=chosen)


def taken(world: build.World, *features: dict[str, Any], source: str = "Sở Nông nghiệp và Môi trường, 2025", **options: Any) -> int:
    with unit_of_work():
        plan = planned(world, *features)
        return import_boundaries(plan, by=world.actor("administrator"), now=build.NOON, source=source, reason="Cập nhật.", **options)


def test_shapes_find_their_areas_by_code_of_the_day_then_by_name(house: build.World) -> None:
    world = house
    shape = polygon(SQUARE)
    plan = planned(
        world, feature(shape, code="24846", name="Lát"), feature(shape, name="xã đạ chais"),
        feature(shape, code="24850", name="Xã Khác"), feature(shape, code="24849", name="Xã Lát Cũ"), feature(shape, name="Lát"),
        feature(shape, code="1", name="Đưng K'Nớ"), feature(None),
    )  # fmt: skip
    found = [(pair.area.folded_name if pair.area else None, pair.by, pair.other_name) for pair in plan.pairs]
    assert found == [
        ("xa lat", "code", False), ("xa da chais", "name", False), ("xa dung kno", "code", True), (None, "", False), (None, "", False),
        (None, "", False), (None, "", False),
    ]  # fmt: skip
    assert (len(plan.to_do), len(plan.unknown), len(plan.checked.refused)) == (3, 3, 1)

    lat, chais = world.areas["xa lat"], world.areas["xa da chais"]
    by_hand = planned(world, feature(shape, code="24846"), feature(shape, name="?"), chosen={1: SKIP, 2: chais.ref})
    assert [(pair.area, pair.by) for pair in by_hand.pairs] == [(None, "chosen"), (chais, "chosen")]
    twice = planned(world, feature(shape, code="24846"), feature(polygon(EAST), code="24846"))
    assert [pair.fault is not None and pair.area is lat for pair in twice.pairs] == [True, True]
    assert not twice.to_do


def test_what_is_taken_over_is_stored_and_written_down_without_the_outline(world: build.World) -> None:
    lat = world.areas["xa lat"]
    before = db.session.scalars(select(Event.id)).all()
    assert taken(world, feature(polygon(SQUARE, HOLE), code="24846"), feature(polygon(EAST), name="Xã Đạ Chais")) == 2
    assert (lat.south, lat.north, lat.west, lat.east) == (12.0, 12.1, 108.0, 108.1)
    assert lat.latitude is not None
    assert lat.longitude is not None
    assert area_at(lat.latitude, lat.longitude, TODAY) == lat, "the point of an area lies within it, not in its hole"
    assert lat.boundary_source == "Sở Nông nghiệp và Môi trường, 2025"
    event = db.session.scalars(select(Event).where(Event.id.not_in(before), Event.type == "change_setting").order_by(Event.id)).first()
    assert event is not None
    assert event.payload is not None
    assert {**event.payload, "new": {**event.payload["new"], "digest": "…"}} == {
        "kind": "boundary", "row": "Xã Lát (24846)", "centre_id": world.centre.id, "old": None, "reason": "Cập nhật.",
        "new": {"digest": "…", "km2": 116.08, "points": 10, "source": "Sở Nông nghiệp và Môi trường, 2025"},
    }  # fmt: skip

    assert taken(world, feature(polygon(SQUARE, HOLE), code="24846")) == 0, "the same again is no change"
    assert taken(world, feature(polygon(SQUARE), code="24846")) == 1
    changed = db.session.scalars(select(Event).order_by(Event.id.desc())).first()
    assert changed is not None
    assert changed.payload is not None
    assert (changed.payload["old"]["km2"], changed.payload["new"]["km2"]) == (116.08, 120.92)
    again = check_boundaries(json.dumps(export_boundaries([lat])).encode()).shapes
    assert [(shape.raw.code, shape.as_geojson == lat.boundary) for shape in again] == [("24846", True)], "what was stored can come back"


def test_an_import_is_refused_without_source_reason_or_agreement_and_where_it_is_not_ones_own(house: build.World) -> None:
    world = house
    other = second_world(world)
    plan = planned(world, feature(polygon(SQUARE), code="24846"))
    turned = planned(world, feature(polygon([[y, x] for x, y in SQUARE]), code="24846"))
    by = world.actor("administrator")
    for refusal, refused, given in (
        (BoundaryImportRefused, plan, {"source": " ", "reason": "x"}), (ReasonMissing, plan, {"source": "x", "reason": ""}),
        (BoundaryImportRefused, turned, {"source": "x", "reason": "x"}),
        (BoundaryImportRefused, planned(world, feature(None)), {"source": "x", "reason": "x"}),
    ):  # fmt: skip
        with pytest.raises(refusal), unit_of_work():
            import_boundaries(refused, by=by, now=build.NOON, **given)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed), unit_of_work():
        import_boundaries(plan, by=other.actor("administrator"), now=build.NOON, source="x", reason="x")
    assert planned(other, feature(polygon(SQUARE), code="24846")).unknown, "areas of another centre are not there"
    with unit_of_work():
        assert import_boundaries(turned, by=by, now=build.NOON, source="x", reason="x", swap=True) == 1
    assert area_at(12.05, 108.05, TODAY) == world.areas["xa lat"]
    whole = of_the_installation(world, "installer", Role.ADMINISTRATOR)
    assert whole is not None
    assert planned(world, feature(polygon(SQUARE), code="24846"), by="installer").to_do, "the installation's administrator has all"


def test_a_position_lies_in_exactly_one_area_also_on_a_border(world: build.World) -> None:
    lat, chais = world.areas["xa lat"], world.areas["xa da chais"]
    jagged = [[108.1 + 0.00037 * (number % 3), round(12.0 + number * 0.1 / 7, 6)] for number in range(8)]
    west = [[108.0, 12.0], *jagged, [108.0, jagged[-1][1]]]
    east = [[108.2, jagged[-1][1]], *reversed(jagged), [108.2, 12.0]]
    assert taken(world, feature(polygon(west, HOLE), code="24846"), feature(polygon(east), name="Xã Đạ Chais")) == 2

    def at(latitude: float, longitude: float) -> list[Area]:
        return areas_around(latitude, longitude, TODAY, level="commune")

    assert at(12.05, 108.05) == [lat]
    assert at(12.05, 108.15) == [chais]
    assert at(12.03, 108.03) == [], "a hole belongs to nobody"
    between = [(jagged[0], jagged[1]), (jagged[2], jagged[3]), (jagged[4], jagged[5])]
    for share in (0.001, 1 / 3, 0.5, 0.77):
        for (x, y), (x2, y2) in between:
            assert len(at(y + (y2 - y) * share, x + (x2 - x) * share)) == 1
    assert all(len(at(y, x)) == 1 for x, y in jagged[:-1])
    assert area_at(12.05, 108.05, date(2019, 1, 1)) is None, "an area counts on its own days"
    assert [is_outside(*place, TODAY) for place in ((12.05, 108.05), (12.03, 108.03), (10.7, 106.7))] == [False, True, True]
    assert centre_for(area=None, latitude=12.05, longitude=108.05, now=build.NOON) == world.centre


def test_a_boundary_counts_before_a_smaller_box_and_nothing_is_outside_where_nothing_is_known(house: build.World) -> None:
    world = house
    assert not is_outside(10.7, 106.7, TODAY)
    with unit_of_work():
        build.commune(world, "Xã Khung", south=12.01, north=12.09, west=108.01, east=108.09)
    assert area_at(12.05, 108.05, TODAY) == world.areas["xa khung"]
    assert taken(world, feature(polygon(SQUARE), code="24846")) == 1
    assert area_at(12.05, 108.05, TODAY) == world.areas["xa lat"]
    assert statements_of(lambda: areas_around(12.05, 108.05, TODAY)) == 1


@pytest.mark.exhaustive
def test_the_layer_of_a_map_follows_the_rules_and_stays_light(house: build.World) -> None:
    world = house
    empty = areas_layer(world.centre, TODAY)
    assert (empty.areas, json.loads(empty.body)["features"]) == (0, [])
    assert taken(world, feature(polygon(SQUARE), code="24846"), feature(polygon(EAST), name="Xã Đạ Chais")) == 2
    layer = areas_layer(world.centre, TODAY)
    drawn = json.loads(layer.body)["features"]
    assert [each["properties"]["vi"] for each in drawn] == ["Xã Lát", "Xã Đạ Chais"]
    assert areas_layer(world.centre, TODAY) is layer, "kept until the rules change"
    assert areas_layer(world.centre, TODAY + timedelta(days=1)) is not layer
    rough = [[108 + 0.01 * (number % 2) + number * 1e-5, 12 + number * 1e-5] for number in range(1_800)]
    with unit_of_work():
        for number in range(10):
            moved = [[x + number * 0.05, y] for x, y in rough]
            outline = polygon([*moved, [108, 13], moved[0]])
            build.commune(world, f"Xã Nặng {number}", south=12, north=13, west=108, east=109, boundary=outline)
    areas_layer.__globals__["_kept"].clear()
    heavy = areas_layer(world.centre, TODAY)
    assert heavy.areas == 12
    assert len(heavy.body) <= LARGEST_LAYER


@pytest.mark.skipif(not FILE, reason="BOUNDARIES_FILE names no file")
def test_a_real_file_comes_in_within_five_seconds_and_positions_are_found_fast(app: Flask) -> None:
    world, data = build.standard_world(), Path(FILE).read_bytes()
    features = json.loads(data)["features"]
    with unit_of_work():
        for number in range(27):                        # as many communes as the country has, all with the same codes on other days
            for each in features:
                name, last = each["properties"]["fullName"], None if number == 0 else build.LONG_AGO + timedelta(days=number)
                db.session.add(Area(centre_id=world.centre.id, level="commune", name_vi=name, name_en=name, folded_name=fold(name),
                                    official_code=each["properties"]["code"], valid_from=build.LONG_AGO, valid_to=last))  # fmt: skip
    begun = time.thread_time()
    with unit_of_work():
        plan = plan_import(check_boundaries(data), by=world.actor("administrator"), on=TODAY)
        count = import_boundaries(plan, by=world.actor("administrator"), now=build.NOON, source="Thử", reason="Thử")
    took = time.thread_time() - begun
    assert count == len(features)
    assert took <= 5
    with unit_of_work():
        current = {area.official_code: area for area in db.session.scalars(select(Area).where(Area.boundary_source == "Thử"))}
        for area in db.session.scalars(select(Area).where(Area.boundary_source.is_(None), Area.official_code.is_not(None))):
            twin = current[area.official_code]
            away = 0.1 * (area.id % 27)
            area.boundary, area.valid_to = json.loads(json.dumps(twin.boundary)), None
            for ring in area.boundary["coordinates"] if area.boundary["type"] == "Polygon" else []:
                ring[:] = [[x, y + away] for x, y in ring]
            area.south, area.north, area.west, area.east = twin.south + away, twin.north + away, twin.west, twin.east
        places = [(area.latitude, area.longitude) for area in current.values()]
    begun = time.perf_counter()
    for latitude, longitude in places:
        assert area_at(latitude or 0, longitude or 0, TODAY) is not None
        db.session.rollback()
    each_ms = (time.perf_counter() - begun) / len(places) * 1000
    begun = time.perf_counter()
    layer = areas_layer(world.centre, TODAY)
    print(f"\nimport {took:.2f} s; a position {each_ms:.1f} ms; layer {len(layer.body)} bytes in {time.perf_counter() - begun:.2f} s")
    assert each_ms < 500
