"""What gives or moves roles is found by what it writes, and nobody does it in the place of somebody they stand in for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.models import Deputy, Membership, Reorganisation
from casework.permissions import OWN_ROLE_ALONE, Action, NotAllowed, Role, may
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from tests import build, reorganised, roles_written
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.web.pages import words_of
from tests.web.test_routes import filled, routes
from workflows.reorganising import acts as reorganising
from workflows.reorganising import undo as reorganisation_undo

NOON, DAY = build.NOON, timedelta(days=1)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def stand_in(world: build.World, principal: str, deputy: str, *, of: build.World | None = None) -> None:
    with unit_of_work():
        db.session.add(Deputy(principal_id=(of or world).people[principal].id, deputy_id=world.people[deputy].id, starts_at=NOON - DAY,
                              ends_at=NOON + 10 * DAY, created_by_id=world.people["administrator"].id))  # fmt: skip


def test_each_way_of_giving_or_moving_roles_is_one_of_those_done_alone(office: Office) -> None:
    """Each of them once, by whoever may; the watch would stop any other that is tried in any test."""
    roles_written.found.clear()
    world, people, why = office.world, office.world.people, {"reason": "Theo phân công."}
    leader, colleague = people["leader_PTNMT"], people["officer_2_PTNMT"]
    seat = f"officer.{world.agencies['HKL'].ref}"
    new = {"login": "moi.le", "full_name": "Lê Thị Mới", "title_vi": "Chuyên viên", "language": "vi", "seat": seat}
    stands_in = {"act": "appoint", "principal": leader.ref, "deputy": colleague.ref,
                 "starts_at": "2026-03-02T11:00", "ends_at": "2026-03-04T17:00"}  # fmt: skip
    reader = {"principal": people["confidential_reader"].ref, "deputy": people["operator"].ref}
    reads = {"act": "appoint", **reader, "starts_at": "2026-03-02T11:00", "ends_at": "2026-03-03T11:00"}
    plan = reorganised.planned(world)
    title, page = plan.title, f"/settings/reorganisations/{plan.ref}"
    for who, address, form in (
        ("administrator", "/settings/people/new", new),
        ("administrator", f"/settings/people/{colleague.ref}", {"act": "password"}),
        ("administrator", f"/settings/people/{people['operator_2'].ref}/leaving", {"seat": "all", "act": "leave"}),
        ("leader_PTNMT", "/settings/deputies", stands_in),
        ("confidential_reader", "/settings/deputies", reads),
        ("administrator", "/settings/deputies/confirmations", {**reader, "starts_at": "2026-03-02T04:00:00+00:00"}),
        ("administrator", f"{page}/doing", {"typed": title}),
        ("administrator", f"{page}/undoing", {}),
    ):
        if address == f"{page}/doing":
            office.clock(reorganised.MORNING)
        answer = office.post(who, address, **form, **why)
        assert answer.status_code in (200, 302), (address, words_of(answer))
    assert roles_written.found == OWN_ROLE_ALONE


def test_a_route_that_gave_roles_by_another_action_would_be_found(sqlite_app: Flask) -> None:
    world = build.standard_world()
    for statement in ("INSERT INTO membership (account_id) VALUES (?)", "UPDATE deputy SET ends_at=?", "DELETE FROM agency WHERE id=?",
                      "UPDATE account SET password_hash=? WHERE id=?"):  # fmt: skip
        assert roles_written.writes_roles(statement), statement
    assert not roles_written.writes_roles("UPDATE centre SET phone=? WHERE id=?")
    assert not roles_written.writes_roles("UPDATE account SET language=? WHERE id=?")
    row_id = world.people["operator"].memberships[0].id
    with sqlite_app.test_request_context("/inbox/notices", method="POST"):
        db.session.get_one(Membership, row_id).valid_to = date(2026, 3, 9)
        with pytest.raises(roles_written.GivesRoles):
            db.session.flush()
    db.session.rollback()


def test_a_deputy_of_an_administrator_is_shut_out_of_every_page_that_gives_roles(office: Office) -> None:
    stand_in(office.world, "administrator", "operator")
    tried = 0
    for rule, view in routes(office.app):
        if view.action not in OWN_ROLE_ALONE or view.action is Action.APPOINT_DEPUTY:
            continue                            # whom they appoint for themselves is their own to say
        if rule.endpoint.startswith("scim."):
            continue                            # no session opens the door, only a key
        for method in ("get", "post"):
            if method.upper() in (rule.methods or ()):
                answer = getattr(office.browser("operator"), method)(filled(rule))
                assert answer.status_code == 403, (method, rule.rule, answer.status_code)
                tried += 1
    assert tried > 30
    assert not may(office.world.actor("operator"), Action.REORGANISE)
    assert may(office.world.actor("administrator"), Action.REORGANISE)


def test_a_deputy_of_an_administrator_carries_no_reorganisation_a_step_further(app: Flask) -> None:
    world = build.standard_world()
    plan, before = reorganised.planned(world), {row.id: row.agency_id for row in db.session.query(Membership)}
    stand_in(world, "administrator", "operator")
    deputy, ref, now = world.actor("operator", reorganised.MORNING), plan.ref, reorganised.MORNING

    def draw() -> Any:
        return plans.begin_plan(by=deputy, now=now, title="Khác", source="Số 1", on=reorganised.DAY, centre_id=world.centre.id)

    tries = (
        draw,
        lambda: plans.change_plan(ref, by=deputy, title="Khác", source="Số 1", on=reorganised.DAY),
        lambda: plans.add_line(ref, by=deputy, kind=BodyKind.PERSON, predecessor_id=1, successor_id=None),
        lambda: plans.remove_line(ref, 1, by=deputy),
        lambda: plans.new_body(ref, by=deputy, kind=BodyKind.AGENCY, values={}),
        lambda: plans.drop_plan(ref, by=deputy),
        lambda: plans.copy_plan(ref, by=deputy, now=now),
        lambda: reorganising.start(ref, by=deputy, now=now, reason="Theo nghị quyết."),
        lambda: reorganisation_undo.undo(ref, by=deputy, now=now, reason="Nhầm."),
    )
    for act in tries:
        with pytest.raises(NotAllowed), unit_of_work():
            act()
    assert {row.id: row.agency_id for row in db.session.query(Membership)} == before
    # carried out by whoever may; undoing is as much a move of roles
    reorganised.carried_out(world, plan)
    with pytest.raises(NotAllowed), unit_of_work():
        reorganisation_undo.undo(ref, by=deputy, now=now, reason="Nhầm.")
    assert db.session.get_one(Reorganisation, plan.id).state == "done"


def test_an_administrator_who_stands_in_for_that_of_another_centre_plans_for_their_own_alone(app: Flask) -> None:
    world = build.standard_world()
    other = second_world(world)
    stand_in(world, "administrator", "administrator", of=other)
    by = world.actor("administrator")
    assert {grant.centre_id for grant in by.grants if grant.role == Role.ADMINISTRATOR} == {world.centre.id, other.centre.id}
    with pytest.raises(NotAllowed), unit_of_work():
        plans.begin_plan(by=by, now=NOON, title="Sắp xếp", source="Số 1", on=reorganised.DAY, centre_id=other.centre.id)
    with unit_of_work():
        theirs = plans.begin_plan(by=other.actor("administrator"), now=NOON, title="Sắp xếp", source="Số 1", on=reorganised.DAY,
                                  centre_id=other.centre.id)  # fmt: skip
    assert plans.plan_seen(by, theirs.ref) is None
    with pytest.raises(plans.PlanUnknown), unit_of_work():
        reorganising.start(theirs.ref, by=by, now=reorganised.MORNING, reason="Theo nghị quyết.")
