"""Parts under models in which an organisation has drawn steps of its own before the agencies."""
from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from casework.db import db
from casework.models import Case, Event
from casework.parting.acts import PartRefused
from casework.parts import parts_of
from tests import build
from tests import drawn_steps as drawn
from tests.casework.parting.family import answer, finish_agencies, form, steps
from workflows.definitions.process import shipped_model
from workflows.verification import check_process

CHECK = drawn.COST_CHECK
BEFORE = drawn.step_on(shipped_model(), "classify_to_distribute", CHECK)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def at_work(world: build.World, xml: bytes, *own: str) -> Case:
    """A case on a model, at its agency, with the steps drawn before that done."""
    drawn.put_live(xml)
    case = build.file_report(world).case
    for element in own:
        while not (there := steps(case) & set(own)):
            build.advance(world, case, build.WALK[build.WALK.index(case.state) + 1])
        assert there == {element}
        by = "operator" if element == "cost_check" else "ops_lead"
        values = {"settled": True} if element == "cost_check" else {}
        build.do(world, case, element, by, values=values)
    build.advance(world, case, "handling")
    return case


def moves(case: Case) -> list[str]:
    return [event.payload["from"] for event in db.session.query(Event).filter_by(case_id=case.id, type="move_token")]


def test_a_part_starts_where_the_model_distributes(world: build.World) -> None:
    case = at_work(world, BEFORE, "cost_check")
    build.act(world, case, "divide", "operator", **form(world))
    [part] = parts_of(case)
    assert (part.state, steps(part), moves(part)) == ("at_agency", {"accept_assignment"}, ["cost_check"])
    assert [row.agency.key for row in part.open_assignments] == ["UBND-LAT"]
    answer(world, part)
    finish_agencies(world, case)
    assert steps(case) == {"publish"}
    assert list(check_process()) == []


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("flow", ["begin_to_verify", "verify_to_classify"])
def test_a_step_of_its_own_before_another_one_is_passed_too(world: build.World, flow: str) -> None:
    case = at_work(world, drawn.step_on(shipped_model(), flow, CHECK), "cost_check")
    build.act(world, case, "divide", "operator", **form(world))
    [part] = parts_of(case)
    assert (part.state, moves(part)) == ("at_agency", ["cost_check"])


def test_a_second_look_is_not_passed(world: build.World) -> None:
    case = at_work(world, drawn.step_on(BEFORE, "cost_check_to_distribute", drawn.COST_SIGNATURE), "cost_check", "cost_signature")
    with pytest.raises(PartRefused, match="Sign the cost off"):
        build.act(world, case, "divide", "operator", **form(world))
    assert (parts_of(case), db.session.query(Case).count()) == ([], 1)


def test_a_step_whose_values_are_read_later_is_not_passed(world: build.World) -> None:
    asked = drawn.Gateway("is_costly", "Chi phí lớn?", "Costly?", "lane_operator", (1240, 1090), "cost > 5", "distribute")
    again = drawn.gateway_on(BEFORE, "is_answered_to_publish", asked)
    case = at_work(world, again, "cost_check")
    with pytest.raises(PartRefused, match="Check the cost"):
        build.act(world, case, "divide", "operator", **form(world))


def test_values_read_between_alone_do_not_matter(world: build.World) -> None:
    signed = drawn.step_on(BEFORE, "cost_check_to_distribute", replace(drawn.COST_SIGNATURE, properties={}))
    asked = drawn.Gateway("is_costly", "Chi phí lớn?", "Costly?", "lane_operator", (1240, 1090), "cost > 5", "cost_signature")
    xml = drawn.gateway_on(signed, "cost_check_to_cost_signature", asked, otherwise="distribute")
    case = at_work(world, xml, "cost_check")
    build.act(world, case, "divide", "operator", **form(world))
    assert [(part.state, moves(part)) for part in parts_of(case)] == [("at_agency", ["cost_check"])]
