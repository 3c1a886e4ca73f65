"""What staff choose from: a centre's own row in the place of the installation's, in that centre alone."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.models import Field, RefusalReason, VisibilityReason
from casework.search.staff_choices import fields_for, refusal_reasons_for, visibility_reasons_for
from tests import build
from tests.second_centre import add_rule, second_world

NAMES = {"name_vi": "Theo quy định riêng", "name_en": "By the centre's own rule", "position": 1}


@pytest.mark.parametrize(("table", "key", "choices", "columns"), [
    (RefusalReason, "key", refusal_reasons_for, {"guidance_vi": "Xin gọi Trung tâm.", "guidance_en": "Please call."}),
    (VisibilityReason, "key", visibility_reasons_for, {}),
    (Field, "service_code", fields_for, {"hint_vi": "", "hint_en": ""}),
])
def test_a_centres_own_row_takes_the_place_of_the_shared_one(sqlite_app: Flask, table, key, choices, columns) -> None:  # type: ignore[no-untyped-def]
    world = build.standard_world()
    other = second_world(world)
    here, there = build.case_at(world, "to_verify"), build.case_at(other, "to_verify")
    name = getattr(db.session.scalars(select(table).order_by(table.position)).first(), key)
    add_rule(table(centre_id=other.centre.id, valid_from=build.LONG_AGO, **{key: name}, **NAMES, **columns))
    now = build.NOON + timedelta(hours=1)
    shared, own = choices(here, now=now), choices(there, now=now)
    assert {row.centre_id for row in shared} == {None}
    assert [row.name_en for row in own if getattr(row, key) == name] == ["By the centre's own rule"]
    assert sorted(getattr(row, key) for row in own) == sorted(getattr(row, key) for row in shared)
