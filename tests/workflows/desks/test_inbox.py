from datetime import timedelta

import pytest
from sqlalchemy import event

from casework.db import db, unit_of_work
from casework.models import Deputy
from casework.permissions import Role, actor_for
from casework.rights.deputies import principals_of
from tests import build
from workflows.desk_access import desks_read_by, own_desk
from workflows.desks.inbox import count_each, count_waiting, counts_for, page_of, waiting_in_case
from workflows.desks.inbox_filters import NOBODY, OWN, InboxFilter, InboxQuery, Waits, narrowed
from workflows.running.steps import claim


@pytest.fixture
def world(app):
    return build.standard_world()


def elements(page):
    return [task.element for task in page.tasks]


def test_each_desk_sees_its_own_steps(world):
    build.case_at(world, "to_verify")
    build.case_at(world, "at_agency")
    build.case_at(world, "approval")
    seen = {name: sorted(elements(page_of(world.actor(name), InboxQuery(), now=build.NOON)))
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
        page = page_of(actor, InboxQuery(), now=build.NOON, limit=3, after=after)
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
    assert [task.case_id for task in page_of(operator, InboxQuery(only_mine=True), now=build.NOON).tasks] == [first.id]
    assert [task.case_id for task in page_of(operator, InboxQuery(codes=(second.code,)), now=build.NOON).tasks] == [second.id]
    assert page_of(operator, InboxQuery(codes=()), now=build.NOON).tasks == ()
    assert page_of(operator, InboxQuery(only_late=True), now=build.NOON).tasks == ()
    assert len(page_of(operator, InboxQuery(only_late=True), now=late).tasks) == 2
    assert len(page_of(operator, InboxQuery(only_soon=True), now=late - timedelta(hours=1)).tasks) == 2
    assert page_of(operator, InboxQuery(element="classify"), now=build.NOON).tasks == ()


def test_counting_stops_where_it_is_told_to(world):
    for _ in range(4):
        build.file_report(world)
    assert count_waiting(world.actor("operator"), now=build.NOON) == 4
    assert count_waiting(world.actor("operator"), now=build.NOON, most=2) == 3
    assert count_waiting(world.actor("guest"), now=build.NOON) == 0


@pytest.mark.on_both
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
        page = page_of(actor, InboxQuery(), now=build.NOON)
        assert len(page.tasks) == 1
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    [(statement, parameters)] = [each for each in statements if "waiting_task" in each[0]]
    if db.engine.dialect.name == "sqlite":
        lines = [row[3] for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        desks = [line for line in lines if "ix_waiting_task_inbox" in line and "desk=? AND state=?" in line]
        assert len(desks) == 3, "the operators' desk for calls and urgent reports, then both for the page"
        assert not any(line.startswith("SCAN") and not line.startswith(("SCAN anon_", "SCAN candidates", "SCAN first")) for line in lines)


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


# -- filters -----------------------------------------------------------------------------------------------------------


def codes(world, name, chosen, **how):
    page = page_of(world.actor(name), InboxQuery(chosen=chosen, **how), now=build.NOON)
    return {task.case.code for task in page.tasks}


@pytest.mark.exhaustive
def test_filters_narrow_alone_and_together_and_are_counted_as_they_show(world):
    plain = build.case_at(world, "to_verify")
    urgent = build.case_at(world, "to_distribute", urgent=True)
    sorted_ = build.case_at(world, "to_distribute")
    at_agency, answered = build.case_at(world, "handling"), build.case_at(world, "to_publish")
    with unit_of_work():
        claim(build.waiting(sorted_, "distribute").ref, by=world.actor("operator_2"), now=build.NOON)
    agency = world.agencies["PTNMT"]
    service = sorted_.field.service_code
    for chosen, found in {
        InboxFilter(): {plain, urgent, sorted_, answered},
        InboxFilter(state="to_distribute"): {urgent, sorted_},
        InboxFilter(state="to_distribute", urgency="urgent"): {urgent},
        InboxFilter(urgency="normal"): {plain, sorted_, answered},
        InboxFilter(field=service): {urgent, sorted_, answered},
        InboxFilter(field=service, state="to_verify"): set(),
        InboxFilter(area=world.area.ref): {plain, urgent, sorted_, answered},
        InboxFilter(area=world.areas["xa da chais"].ref): set(),
        InboxFilter(agency=agency.ref): {answered},
        InboxFilter(source="citizen"): {plain, urgent, sorted_, answered},
        InboxFilter(source="camera"): set(),
        InboxFilter(holder=world.people["operator_2"].ref): {sorted_},
        InboxFilter(holder="nobody"): {plain, urgent, answered},
        InboxFilter(due="late"): set(),
    }.items():
        expected = {case.code for case in found}
        assert codes(world, "operator", chosen) == expected, chosen
        counts = counts_for(world.actor("operator"), now=build.NOON, wanted=InboxQuery(chosen=chosen))
        [counted] = count_each(world.actor("operator"), [(InboxQuery(chosen=chosen), world.actor("operator"))], now=build.NOON)
        assert counts.shown == counted == len(page_of(world.actor("operator"), InboxQuery(chosen=chosen), now=build.NOON).tasks), chosen
    assert codes(world, "officer_PTNMT", InboxFilter(field=service)) == {at_agency.code}
    assert codes(world, "operator", InboxFilter(state="to_distribute"), only_mine=True) == set()


@pytest.mark.exhaustive
@pytest.mark.on_both
def test_what_waits_for_others_is_listed_by_the_centre_and_by_the_agencys_leader_alone(world):
    asked, submitted, rated = (build.case_at(world, state) for state in ("at_agency", "approval", "rating"))
    questioned, referred = build.case_at(world, "handling"), build.case_at(world, "handling")
    mine, hidden = build.case_at(world, "to_verify"), build.case_at(world, "at_agency")
    build.act(world, questioned, "ask_reporter", "operator", report=questioned.main_report, words="Ở đoạn nào?", working_days=3,
              when_unanswered="continue")
    build.act(world, referred, "refer", "operator", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    build.act(world, hidden, "quarantine", "operator", reason="Tố cáo cán bộ.")
    for waits, found in {
        Waits.OFFICER: {asked}, Waits.AGENCY_LEADER: {submitted}, Waits.COMMITTEE_LEADER: set(), Waits.REPORTER: {rated, questioned},
        Waits.OTHER_BODY: {referred}, Waits.OPERATOR: {mine, referred},
    }.items():  # fmt: skip
        assert codes(world, "operator", InboxFilter(waits=waits)) == {case.code for case in found}, waits
    others = codes(world, "operator", InboxFilter(waits=Waits.OTHERS))
    assert {asked.code, submitted.code} <= others
    assert not others & {mine.code, hidden.code, referred.code}
    # an agency's leader lists the agency's own, people without a place nothing, another agency and another centre nothing of it
    assert codes(world, "leader_PTNMT", InboxFilter(waits=Waits.OFFICER)) == {asked.code}
    assert codes(world, "leader_PTNMT", InboxFilter(waits=Waits.OTHERS)) == {asked.code}
    assert codes(world, "leader_PTNMT", InboxFilter(waits=Waits.TEAM)) == {asked.code, submitted.code}
    for name in ("leader_HKL", "officer_PTNMT", "committee_leader", "administrator", "inspector"):
        for waits in Waits:
            assert codes(world, name, InboxFilter(waits=waits)) == set(), (name, waits)
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["ops_lead_DN"] = build.staff(other, "ops_lead_DN", Role.OPS_LEAD)
    assert all(codes(world, "ops_lead_DN", InboxFilter(waits=waits)) == set() for waits in Waits)
    if db.engine.dialect.name == "sqlite":
        for name, index in (("operator", "ix_waiting_task_centre"), ("leader_PTNMT", "ix_waiting_task_agency")):
            assert index in plan_of(lambda: codes(world, name, InboxFilter(waits=Waits.OFFICER, due="late"))), name  # noqa: B023


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_late_beside_any_other_choice_leaves_out_whose_contact_is_not_confirmed(world):
    """Where a statement joins the case already, the case that is looked up for lateness is another one."""
    late, unconfirmed = build.file_report(world, now=build.NOON - timedelta(days=9)).case, build.file_report(world).case
    with unit_of_work():
        unconfirmed.unconfirmed_since = build.NOON
        for case in (late, unconfirmed):
            build.waiting(case, "verify").due_at = build.NOON - timedelta(days=8)
    others = {
        "nothing": {}, "state": {"state": "to_verify"}, "area": {"area": world.area.ref}, "source": {"source": "citizen"},
        "urgency": {"urgency": "normal"}, "holder": {"holder": NOBODY}, "waits": {"waits": Waits.OPERATOR},
    }  # fmt: skip
    for name, other in others.items():
        assert codes(world, "operator", InboxFilter(due="late", **other)) == {late.code}, name
        assert codes(world, "operator", InboxFilter(**other)) == {late.code, unconfirmed.code}, name


def test_a_desk_that_reads_no_matter_cannot_ask_for_it_by_a_filter(world):
    case = build.case_at(world, "to_distribute")
    task = build.waiting(case, "distribute")
    with unit_of_work():
        task.desk = f"inspector@c{world.centre.id}"
    assert codes(world, "inspector", InboxFilter()) == {case.code}
    assert codes(world, "inspector", InboxFilter(area=world.area.ref)) == set()
    assert counts_for(world.actor("inspector"), now=build.NOON, wanted=InboxQuery(chosen=InboxFilter(area=world.area.ref))).shown == 0


def test_a_deputy_sees_whose_desk_a_row_is_on_and_may_see_one_of_them_alone(world):
    with unit_of_work():
        people = world.people
        db.session.add(Deputy(principal_id=people["leader_PTNMT"].id, deputy_id=people["operator"].id, created_by_id=people["ops_lead"].id,
                              starts_at=build.NOON - timedelta(days=1), ends_at=build.NOON + timedelta(days=1)))
    mine, theirs = build.case_at(world, "to_verify"), build.case_at(world, "approval")
    by = world.actor("operator")
    [principal] = principals_of(by)
    known = {principal.ref: principal.id}
    assert principal.login == "leader_ptnmt"
    for whose, found in {None: {mine, theirs}, OWN: {mine}, principal.ref: {theirs}, "somebodyelse0000": set()}.items():
        shown = page_of(by, InboxQuery(), now=build.NOON, desks_of=narrowed(by, whose, known)).tasks
        assert {task.case.code for task in shown} == {case.code for case in found}, whose
    assert principals_of(world.actor("operator_2")) == []


def plan_of(read):
    statements = []

    def note(connection, cursor, statement, parameters, context, executemany):
        statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    reads = [each for each in statements if "waiting_task" in each[0] and each[0].startswith("SELECT")]
    plans = [db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in reads]
    return "\n".join(str(row) for plan in plans for row in plan)
