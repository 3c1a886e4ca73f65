"""Whatever follows whom: every open case, every agency's work and every person comes to exactly one body that is there."""
from __future__ import annotations

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.random_plans import draw_plan, furnished, try_out

EXAMPLES = 3


def test_nothing_is_lost_in_any_reorganisation_and_an_undo_restores_all(sqlite_app: Flask) -> None:
    check_plans(EXAMPLES)


def check_plans(examples: int) -> None:
    """Draw, do and undo so many plans, one after the other over one world."""
    world = furnished()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def whatever_is_planned(data: st.DataObject) -> None:
        try_out(world, draw_plan(data, world))

    whatever_is_planned()
