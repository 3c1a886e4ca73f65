"""Positions in words: the nearest village whose place is known, the commune of today, and what it was before."""

from datetime import date

import pytest

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.models import Area, AreaSuccession
from casework.places.in_words import PlaceInWords, place_in_words, position_in_words
from casework.setting_events import record_setting
from casework.text import fold
from tests import build

TODAY = date(2026, 3, 2)


@pytest.fixture
def world(app):
    world = build.standard_world()
    with unit_of_work():
        for name, latitude in (("Thôn Păng Tiêng", 12.050), ("Thôn Klong Klanh", 12.200)):
            row = db.session.query(Area).filter_by(folded_name=fold(name)).one()
            row.latitude, row.longitude = latitude, 108.40
        _rules_changed(world)
    return world


def _rules_changed(world):
    """What is kept with the rules is read again."""
    by = world.actor("administrator")
    record_setting("area", "a", by=by, at=build.NOON, centre_id=world.centre.id, old=None, new={"name": "a"}, reason="Thử.")


def test_a_position_is_near_the_nearest_village_of_its_commune(world):
    told = position_in_words(12.052, 108.401, on=TODAY, area_id=world.area.id, accuracy_m=18.4)
    assert told.words == ("Gần Thôn Păng Tiêng, xã Lát · ±18 m", "Near Thôn Păng Tiêng, Xã Lát · ±18 m")


def test_a_village_far_away_or_of_another_commune_says_nothing(world):
    assert position_in_words(12.150, 108.40, on=TODAY, area_id=world.area.id).words.vi == "Xã Lát"
    assert position_in_words(12.199, 108.40, on=TODAY, area_id=world.area.id).words.vi == "Xã Lát"


def test_without_a_village_on_the_map_the_one_that_was_named_counts(world):
    assert position_in_words(12.150, 108.40, on=TODAY, area_id=world.area.id, village="Thôn 2").words.vi == "Gần Thôn 2, xã Lát"


def test_a_place_somebody_named_is_told_as_named(world):
    assert place_in_words(world.area.id, "Thôn 2", on=TODAY, point=(12.05, 108.40)).words.vi == "Thôn 2, xã Lát"
    assert place_in_words(world.area.id, None, on=TODAY, point=(12.05, 108.40)).words.vi == "Gần Thôn Păng Tiêng, xã Lát"


def test_the_commune_of_today_is_told_with_what_it_was_before(world):
    with unit_of_work():
        new = Area(centre_id=world.centre.id, level="commune", name_vi="Phường Lang Biang", name_en="Lang Biang Ward",
                   folded_name="phuong lang biang", valid_from=TODAY)
        db.session.add(new)
        db.session.flush()
        db.session.add(AreaSuccession(predecessor_id=world.area.id, successor_id=new.id, on=TODAY))
        _rules_changed(world)
    for area_id in (new.id, world.area.id):
        assert place_in_words(area_id, "Thôn 2", on=TODAY).words.vi == "Thôn 2, phường Lang Biang (trước đây: xã Lát)"
    assert place_in_words(new.id, None, on=TODAY).words.en == "Lang Biang Ward (formerly Xã Lát)"
    assert place_in_words(new.id, "Thôn 2", on=TODAY).short.vi == "Thôn 2, phường Lang Biang"


def test_a_place_nobody_knows_is_no_place(world):
    assert not place_in_words(None, None, on=TODAY)
    assert not position_in_words(10.7, 106.7, on=TODAY)
    assert PlaceInWords(accuracy_m=9).words == Bilingual("±9 m", "±9 m")
