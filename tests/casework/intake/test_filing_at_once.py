"""Reports that come at the same moment: each gets a number of its own, and one form makes one report."""
from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from casework.db import db
from casework.models import Area, Centre, IdempotencyKey, Report
from tests import build
from tests.at_once import AT_ONCE, at_once


def file_as(app: Flask, key: Callable[[int], str]) -> list[str]:
    world = build.standard_world()
    area_id, centre_id = world.area.id, world.centre.id
    db.session.rollback()

    def file(number: int) -> str:
        place = build.Place(area=db.session.get_one(Area, area_id))
        centre = db.session.get_one(Centre, centre_id)
        return build.file_report(world, by="guest", centre=centre, place=place, idempotency_key=key(number)).report.code

    return at_once(app, file)


def test_the_first_reports_of_a_year_get_a_number_each(app: Flask) -> None:
    codes = file_as(app, lambda number: f"key-{number}")
    assert sorted(codes) == [f"LD-2026-{number:06d}" for number in range(1, AT_ONCE + 1)]


def test_one_form_sent_many_times_at_once_makes_one_report(app: Flask) -> None:
    codes = file_as(app, lambda _: "the same key")
    assert len(codes) == AT_ONCE
    assert len(set(codes)) == 1
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Report)) == 1
    assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1
