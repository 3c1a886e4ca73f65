"""Whose figures a person reads, also of bodies that have ended."""
from __future__ import annotations

from datetime import timedelta

from flask import Flask

from reports.statistics.reach import reaches_of
from tests import build, reorganised
from tests.build import World

AFTER = reorganised.MORNING + timedelta(hours=1)


def read_by(world: World, name: str) -> set[str]:
    actor = reorganised.person(world.people[name], AFTER)
    return {reach.agency.key if reach.agency else reach.centre.code_prefix for reach in reaches_of(actor)}


def test_what_has_ended_is_read_by_those_that_follow_it(sqlite_app: Flask) -> None:
    quick = build.standard_world()
    build.case_at(quick, "handling")
    assert read_by(quick, "leader_PTNMT") == {"PTNMT"}
    plan = reorganised.planned(quick)
    reorganised.posts_filled(quick, plan)
    reorganised.carried_out(quick, plan)
    # the figures of before stay with the old body, and the ward's committee follows the office in its place
    assert read_by(quick, "leader_PTNMT") == {"PKT-LD", "PTNMT"}
    assert read_by(quick, "leader_UBND-LAT") == {"UBND-LB", "UBND-LAT", "PTNMT"}
    assert read_by(quick, "ops_lead") == read_by(quick, "committee_leader") == {quick.centre.code_prefix}
