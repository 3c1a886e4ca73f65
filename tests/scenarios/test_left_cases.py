"""Closed cases stay with the centre and the agency of their day: who follows these reads them, each for its own places."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.casefile.phone_search import look_up_phone
from casework.casefile.possible_acts import possible_acts
from casework.casefile.search import CaseSearch, search_cases
from casework.casefile.views import answers_seen
from casework.db import db, unit_of_work
from casework.erasure.quarantine import quarantine
from casework.models import Area, Assignment, Case, Reorganisation
from casework.permissions import Actor, Role
from casework.permissions.sight import Viewer, case_seen_by, viewers
from casework.privacy.identity import reveal_identity
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from tests import build, reorganised
from tests.casework.acting import run, told
from tests.reorganised import DAY, MORNING, carried_out, planned
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office
from workflows.reorganising import undo as reorganisation_undo

LATER = MORNING + timedelta(hours=3)
MERGED_ON = DAY + timedelta(days=1)
AFTERWARDS = MORNING + timedelta(days=1)


def reads(by: Actor, *cases: Case) -> list[bool]:
    """Which of the cases a person opens, after looking that the search finds the same ones."""
    db.session.rollback()
    opened = [case_seen_by(by, case.ref) is not None for case in cases]
    found = {hit.case.id for hit in search_cases(CaseSearch(state="closed"), by=by).hits}
    assert found == {case.id for case, is_open in zip(cases, opened, strict=True) if is_open}
    return opened


def closed_at(world: build.World, area: Area | None) -> Case:
    case = build.case_at(world, "closed")
    with unit_of_work():
        case = db.session.get_one(Case, case.id)
        case.area_id = area.id if area is not None else None
    return case


def centres(by: Actor, on: Any, title: str, ended: list[int], *made: tuple[str, list[int | None]]) -> Reorganisation:
    """A plan in which centres end and are followed by new ones, each by its prefix and the places it takes; the first is the main one."""
    with unit_of_work():
        plan = plans.begin_plan(by=by, now=MORNING, title=title, source="QĐ 1", on=on, centre_id=None)
        for prefix, places in made:
            values = {"name_vi": f"Trung tâm {prefix}", "name_en": f"Centre {prefix}", "code_prefix": prefix}
            row = plans.new_body(plan.ref, by=by, kind=BodyKind.CENTRE, values=values)
            for before in ended:
                for place in places:
                    plans.add_line(plan.ref, by=by, kind=BodyKind.CENTRE, predecessor_id=before, successor_id=row.id, by_area_id=place)
    return plan


@pytest.mark.exhaustive(but=2)
def test_closed_cases_of_a_split_centre_are_read_where_their_places_went_and_an_undo_takes_that_back(app: Flask) -> None:
    world = build.standard_world()
    lat, chais = world.areas["xa lat"], world.areas["xa da chais"]
    all_of_them = here, there, _nowhere = closed_at(world, lat), closed_at(world, chais), closed_at(world, None)
    other = second_world(world)
    of_the_installation(world, "root", Role.ADMINISTRATOR)
    assert reads(world.actor("operator", MORNING), *all_of_them) == [True, True, True]

    plan = centres(world.actor("root", MORNING), DAY, "Chia trung tâm", [world.centre.id], ("LB", [None]), ("XLD", [chais.id]))
    with unit_of_work():
        small = next(step.successor_id for step in plan.steps if step.by_area_id is not None)
        plans.add_line(plan.ref, by=world.actor("root", MORNING), kind=BodyKind.PERSON, successor_id=small,
                       predecessor_id=reorganised.membership(world, "operator_2").id)
        plans.add_line(plan.ref, by=world.actor("root", MORNING), kind=BodyKind.PERSON, successor_id=small,
                       predecessor_id=reorganised.membership(world, "committee_leader").id)
    reorganised.posts_filled(world, plan, by="root")
    carried_out(world, plan, by="root")
    for name, seen in (("operator", [True, False, True]), ("ops_lead", [True, False, True]), ("operator_2", [False, True, False]),
                       ("committee_leader", [False, True, False])):
        assert reads(world.actor(name, LATER), *all_of_them) == seen, name
    assert reads(other.actor("operator", LATER), *all_of_them) == [False, False, False]
    assert {case.centre_id for case in all_of_them} == {world.centre.id}
    assert Viewer.ADMINISTRATOR in viewers(world.actor("administrator", LATER), here)
    assert Viewer.ADMINISTRATOR not in viewers(world.actor("administrator", LATER), there)
    # whoever reads a case does with it what its own centre did
    operator = world.actor("operator_2", LATER)
    assert {"correct_publication", "unpublish"} <= {each.verb for each in possible_acts(there, operator, LATER)}
    assert possible_acts(here, operator, LATER) == []
    assert run(reveal_identity, there, operator, now=LATER, report=there.main_report, reason="Gọi lại cho người dân.").phone == build.PHONE
    with unit_of_work():
        assert [case.id for case in look_up_phone(build.PHONE, by=operator, reason="Người dân gọi lại.", now=LATER)] == [there.id]

    with unit_of_work():
        reorganisation_undo.undo(plan.ref, by=world.actor("root", LATER), now=LATER, reason="Thực hiện nhầm.")
    reorganised.follow(plan.ref, LATER)
    for name in ("operator", "operator_2", "committee_leader"):
        assert reads(world.actor(name, LATER), *all_of_them) == [True, True, True], name
    assert lat.centre_id == world.centre.id


def test_what_a_centre_left_goes_on_with_every_reorganisation_behind_it(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    world = office.world
    chais = world.areas["xa da chais"]
    here, there = closed_at(world, world.area), closed_at(world, chais)
    other = second_world(world)
    of_the_installation(world, "root", Role.ADMINISTRATOR)
    split = centres(world.actor("root", MORNING), DAY, "Chia trung tâm", [world.centre.id], ("LB", [None]), ("XLD", [chais.id]))
    small = next(step.successor_id for step in split.steps if step.by_area_id is not None)
    assert small is not None
    reorganised.posts_filled(world, split, by="root")
    carried_out(world, split, by="root")
    # the next day the small one and the neighbour become one
    joined = centres(world.actor("root", AFTERWARDS), MERGED_ON, "Nhập trung tâm", [small, other.centre.id], ("DD", [None]))
    carried_out(world, joined, now=AFTERWARDS, by="root")
    assert reads(other.actor("operator", AFTERWARDS), here, there) == [False, True]
    assert reads(world.actor("operator", AFTERWARDS), here, there) == [True, False]
    office.clock(AFTERWARDS)
    world.people["neighbour"] = other.people["operator"]
    for address in ("", "/print", "/diagram"):
        assert office.get("neighbour", f"/cases/{there.ref}{address}").status_code == 200, address
        assert office.get("neighbour", f"/cases/{here.ref}{address}").status_code == 404, address
    assert there.code in office.words("neighbour", f"/search?q={there.code}")
    # what is set apart now waits for the reader who is there
    run(quarantine, there, other.actor("operator", AFTERWARDS), now=AFTERWARDS, reason="Tố cáo cán bộ nêu tên.")
    assert told("case_quarantined") == [f"desk:confidential_reader@c{joined.steps[0].successor_id}"]
    assert case_seen_by(other.actor("confidential_reader", AFTERWARDS), there.ref) is not None
    assert case_seen_by(world.actor("confidential_reader", AFTERWARDS), there.ref) is None


def test_an_agency_reads_what_the_one_it_follows_could_read_of_its_own_places(app: Flask) -> None:
    world = build.standard_world()
    here, there = closed_at(world, world.area), closed_at(world, world.areas["xa da chais"])
    plan = planned(world)
    carried_out(world, plan)
    # the office is split: one officer went to the ward, the other to the commune
    ward, commune = world.actor("officer_PTNMT", LATER), world.actor("officer_2_PTNMT", LATER)
    assert (reads(ward, here, there), reads(commune, here, there)) == ([True, False], [False, True])
    assert reads(world.actor("officer_HKL", LATER), here, there) == [False, False]
    for by, case in ((ward, here), (commune, there)):
        assert viewers(by, case) == {Viewer.PUBLIC, Viewer.AGENCY}
        [[answer]] = answers_seen(case.assignments, by).values()
        assert answer.answer.is_approved
    with unit_of_work():
        # of what was handed back only the own texts are read, whoever follows
        row = db.session.get_one(Assignment, here.assignments[0].id)
        row.approved_at = None
    assert viewers(world.actor("officer_PTNMT", LATER), here) == {Viewer.PUBLIC, Viewer.FORMER_AGENCY}
