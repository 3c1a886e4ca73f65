from datetime import timedelta

import pytest
from sqlalchemy import event

from casework.db import db, unit_of_work
from casework.permissions import actor_for
from tests import build
from workflows.desks import desks_read_by, own_desk
from workflows.inbox import Wanted, count_waiting, page_of, waiting_in_case
from workflows.steps import claim


@pytest.fixture
def world(app):
    return build.standard_world()


def elements(page):
    return [task.element for task in page.tasks]


def test_each_desk_sees_its_own_steps(world):
    build.case_at(world, "to_verify")
    build.case_at(world, "at_agency")
    build.case_at(world, "approval")
    seen = {name: sorted(elements(page_of(world.actor(name), Wanted(), now=build.NOON)))
            for name in ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "officer_HKL", "citizen", "guest")}  # fmt: skip
    assert seen == {
        "operator": ["verify"], "ops_lead": ["verify"], "officer_PTNMT": ["accept_assignment"], "leader_PTNMT": ["approve_answer"],
        "officer_HKL": [], "citizen": [], "guest": [],
    }  # fmt: skip


def test_pages_follow_each_other_in_the_order_of_the_limits_without_gap_or_repeat(world):
    for number in range(7):
        build.file_report(world, now=build.NOON - timedelta(hours=number % 3))
    actor, seen, after = world.actor("operator"), [], None
    while True:
        page = page_of(actor, Wanted(), now=build.NOON, limit=3, after=after)
        seen += page.tasks
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len({task.id for task in seen}) == 7
    assert [(task.due_at, task.id) for task in seen] == sorted((task.due_at, task.id) for task in seen)


def test_views_narrow_what_is_shown(world):
    first, second = build.file_report(world).case, build.file_report(world).case
    late = build.waiting(second, "verify").due_at
    with unit_of_work():
        claim(build.waiting(first, "verify").ref, by=world.actor("operator"), now=build.NOON)
    operator = world.actor("operator")
    assert [task.case_id for task in page_of(operator, Wanted(only_mine=True), now=build.NOON).tasks] == [first.id]
    assert [task.case_id for task in page_of(operator, Wanted(codes=(second.code,)), now=build.NOON).tasks] == [second.id]
    assert page_of(operator, Wanted(codes=()), now=build.NOON).tasks == ()
    assert page_of(operator, Wanted(only_late=True), now=build.NOON).tasks == ()
    assert len(page_of(operator, Wanted(only_late=True), now=late).tasks) == 2
    assert len(page_of(operator, Wanted(only_soon=True), now=late - timedelta(hours=1)).tasks) == 2
    assert page_of(operator, Wanted(element="classify"), now=build.NOON).tasks == ()


def test_counting_stops_where_it_is_told_to(world):
    for _ in range(4):
        build.file_report(world)
    assert count_waiting(world.actor("operator"), now=build.NOON) == 4
    assert count_waiting(world.actor("operator"), now=build.NOON, most=2) == 3
    assert count_waiting(world.actor("guest"), now=build.NOON) == 0


def test_a_page_is_one_statement_and_each_desk_is_read_through_the_index(world):
    build.case_at(world, "at_agency")
    build.file_report(world)
    actor, statements = world.actor("ops_lead"), []
    db.session.rollback()
    assert len(desks_read_by(actor)) == 2

    def note(connection, cursor, statement, parameters, context, executemany):
        statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        page = page_of(actor, Wanted(), now=build.NOON)
        for task in page.tasks:
            _ = task.case.code, task.instance.status, task.assignment and task.assignment.agency.name, task.claimed_by
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    reads = [each for each in statements if not each[0].startswith("BEGIN")]
    assert len(reads) == 1
    if db.engine.dialect.name == "sqlite":
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {reads[0][0]}", reads[0][1])
        lines = [row[3] for row in plan]
        assert sum("ix_waiting_task_inbox" in line and "desk=? AND state=?" in line for line in lines) == 2, lines
        assert not any(line.startswith("SCAN waiting_task") for line in lines), lines


def test_the_steps_of_a_case_are_found(world):
    case = build.case_at(world, "to_distribute")
    assert elements_of(waiting_in_case(case.id)) == ["distribute"]


def elements_of(tasks):
    return [task.element for task in tasks]


def test_an_operations_lead_works_at_the_operators_desk_as_operations_lead(world):
    lead, operator = world.actor("ops_lead"), world.actor("operator")
    assert own_desk(lead, "operator@c1") == "ops_lead@c1"
    assert own_desk(lead, "operator@c2") is None
    assert own_desk(operator, "ops_lead@c1") is None
    assert own_desk(actor_for(None, now=build.NOON), "operator@c1") is None
