"""Whom to call first: by what the words say, by the table, by the commune, by the hour."""
from __future__ import annotations

from datetime import timedelta

from flask import Flask

from casework.db import unit_of_work
from tests import build
from workflows.routing.hotline_numbers import HotlineNumber, hotline_numbers_for

NIGHT = build.NOON + timedelta(hours=12)


def names(numbers: tuple[HotlineNumber, ...]) -> list[str]:
    return [each.name.vi for each in numbers]


def test_a_rabid_dog_leads_to_those_who_treat_bites_and_says_by_which_words(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_distribute", urgent=True)
    with unit_of_work():
        world.agencies["HKL"].phone = "115"
        world.agencies["PTNMT"].phone = "+842630000101"
    found = hotline_numbers_for(case, "Chó thả rông cắn người, nghi chó dại.", now=build.NOON)
    first = found.suggested[0]
    assert (first.number, first.name) == ("115", world.agencies["HKL"].short_name)
    assert first.reasons[0].vi == "lời có “chó dại”"
    assert len(found.suggested) <= 3
    assert not set(names(found.suggested)) & set(names(found.others))


def test_the_services_of_all_vietnam_stand_in_where_no_agency_answers_them(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_distribute", urgent=True)
    found = hotline_numbers_for(case, "Nhà đang cháy, có người mắc kẹt.", now=build.NOON)
    assert [(each.number, each.name.vi) for each in found.suggested][:1] == [("114", "Cứu hỏa, cứu nạn 114")]


def test_at_night_a_number_that_is_always_answered_comes_before_an_office(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    with unit_of_work():
        world.agencies["PTNMT"].phone = "+842630000101"
    words = "Có người bị thương."
    # whoever works on the case is called too, by day and by night
    assert "+842630000101" in [each.number for each in hotline_numbers_for(case, words, now=build.NOON).suggested]
    first = hotline_numbers_for(case, words, now=NIGHT).suggested[0]
    assert first.number == "115"
    assert "trực cả ngày đêm" in [reason.vi for reason in first.reasons]
