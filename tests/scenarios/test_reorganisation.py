"""Districts end, communes begin: open cases go on at those who follow, nothing of them is lost, and all of it can be put back."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.clocks.acts import ClockKind, ladder_for, rule_for, running_clocks
from casework.clocks.reminders import send_reminders
from casework.db import db, unit_of_work
from casework.messages.digests import letter_codes
from casework.messages.routing import route_messages
from casework.models import (
    Area,
    Assignment,
    Case,
    Clock,
    ClockRule,
    Delivery,
    Event,
    Letterhead,
    Membership,
    OutboxMessage,
    ReminderRule,
    Reorganisation,
)
from casework.outbox import add_to_letter
from casework.public.cases import public_list
from casework.public.filters import PublicFilter as PublicWanted
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from casework.reorganising.faults import faults_of
from tests import build, reorganised
from tests.conftest import client_of
from tests.messages.house import BY_MAIL, told_of_everything
from tests.reorganised import DAY, MORNING, agency, area, carried_out, differences, everything, planned
from tests.second_centre import add_rule, of_the_installation
from workflows.models import WaitingTask
from workflows.reorganising import acts as reorganising
from workflows.reorganising import undo as reorganisation_undo
from workflows.reorganising.leaving import return_tasks_of_leavers
from workflows.reorganising.preview import preview
from workflows.running import steps
from workflows.verification import check_process

GOING = ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish")
LATER = MORNING + timedelta(hours=3)


def claimed(world: build.World, case: Case, element: str, by: str) -> None:
    with unit_of_work():
        steps.claim(build.waiting(case, element).ref, by=world.actor(by), now=build.next_moment(case))


def limits() -> dict[int, tuple[Any, ...]]:
    columns = (Clock.assignment_id, Clock.due_at, Clock.first_due_at, Clock.remind_at, Clock.ended_at)
    return {row[0]: tuple(row[1:]) for row in db.session.execute(select(Clock.id, *columns))}


def undone(world: build.World, plan: Reorganisation) -> None:
    with unit_of_work():
        reorganisation_undo.undo(plan.ref, by=world.actor("administrator"), now=LATER, reason="Thực hiện nhầm.")
    reorganised.follow(plan.ref, LATER)


@pytest.mark.exhaustive(but=2)
def test_open_cases_go_on_where_they_were_and_an_undo_puts_every_row_back(app: Flask) -> None:
    world = build.standard_world()
    cases = {state: build.case_at(world, state) for state in (*GOING, "rating", "closed")}
    both = build.case_at(world, "handling", agencies=2)
    held = build.case_at(world, "handling")
    build.act(world, held, "hold", "ops_lead", reason="Chờ khảo sát.", until=DAY + timedelta(days=2))
    claimed(world, cases["handling"], "submit_answer", "officer_PTNMT")         # goes along to the ward
    claimed(world, cases["at_agency"], "accept_assignment", "officer_2_PTNMT")  # goes to the commune, the case to the ward
    plan = planned(world)
    before, due, told = everything(), limits(), set(db.session.scalars(select(OutboxMessage.id)))
    seen = preview(plan, now=MORNING)
    assert (seen.cases, seen.kept, seen.released, seen.doubled) == (len(GOING) + 2, 1, 1, 1)

    carried_out(world, plan)

    ward, committee = area("Phường Lang Biang - Đà Lạt"), agency("UBND-LB")
    for state, case in [*cases.items(), ("held", held), ("both", both)]:
        db.session.refresh(case)
        assert case.area_id == (world.area.id if state in ("rating", "closed") else ward.id), state
        assert {row.agency_id for row in case.open_assignments} <= {committee.id}
    after = everything()
    assert after["case"][cases["closed"].id,] == before["case"][cases["closed"].id,]
    # limits: only those of the agency that became one with another have ended
    [kept], [ended] = both.open_assignments, [row for row in both.assignments if row.end_reason == "reorganised"]
    assert (kept.is_lead, both.lead_agency_id) == (True, committee.id)
    assert {id_: row for id_, row in limits().items() if row[0] != ended.id} == {id_: row for id_, row in due.items() if row[0] != ended.id}
    # claims: kept by who goes along, released where they do not
    step, freed = build.waiting(cases["handling"], "submit_answer"), build.waiting(cases["at_agency"], "accept_assignment")
    assert (step.desk, step.claimed_by_id) == (f"officer@a{committee.id}", world.people["officer_PTNMT"].id)
    assert (freed.desk, freed.claimed_by_id) == (f"officer@a{committee.id}", None)
    waiting = [row.desk for row in db.session.scalars(select(WaitingTask).where(WaitingTask.state.in_(["waiting", "frozen"])))]
    assert not [desk for desk in waiting if desk.endswith(tuple(f"@a{row.id}" for row in world.agencies.values()))]
    # each case tells it once, and so does each reporter hear of it
    going = sorted([*(cases[state].id for state in GOING), both.id, held.id])
    assert sorted(db.session.scalars(select(Event.case_id).where(Event.type == "reorganise"))) == going
    new = [row for row in db.session.scalars(select(OutboxMessage)) if row.id not in told and row.template == "case_reorganised"]
    assert sorted(row.case_id or 0 for row in new) == going
    assert list(check_process()) == []

    undone(world, plan)
    assert differences(before, everything()) == []
    assert list(check_process()) == []
    assert sorted(db.session.scalars(select(Event.case_id).where(Event.type == "undo_reorganise"))) == going


@pytest.mark.exhaustive
def test_the_work_goes_on_after_the_day_and_then_the_undo_names_what_is_in_its_way(sqlite_app: Flask) -> None:
    world = build.standard_world()
    case, held, both = build.case_at(world, "handling"), build.case_at(world, "handling"), build.case_at(world, "handling", agencies=2)
    apart = build.case_at(world, "handling", by="citizen_2")
    build.act(world, held, "hold", "ops_lead", reason="Chờ khảo sát.", until=DAY + timedelta(days=2))
    plan = planned(world)
    carried_out(world, plan)
    build.do(world, case, "submit_answer", "officer_PTNMT", now=MORNING + timedelta(hours=1), **build.ANSWER)
    build.do(world, held, "resume", "ops_lead", now=MORNING + timedelta(hours=1))
    assert build.waiting(held, "submit_answer").desk == f"officer@a{agency('UBND-LB').id}"
    build.do(world, both, "submit_answer", "officer_PTNMT", now=MORNING + timedelta(hours=1), **build.ANSWER)
    build.act(world, apart, "quarantine", "operator", reason="Tố cáo.", now=MORNING + timedelta(hours=1))
    undone(world, plan)                                     # what was done stays done; the bodies go back
    db.session.expire_all()
    assert (apart.state, apart.area_id, apart.lead_agency_id) == ("quarantined", None, None), "what was erased does not come back"
    assert [row.agency.key for row in case.open_assignments] == ["PTNMT"]
    assert (case.state, build.waiting(case, "approve_answer").desk) == ("approval", f"agency_leader@a{world.agencies['PTNMT'].id}")
    assert sorted(row.agency.key for row in both.open_assignments) == ["PTNMT", "UBND-LAT"]
    assert list(check_process()) == []

    with unit_of_work():
        again = plans.copy_plan(plan.ref, by=world.actor("administrator"), now=LATER)
    carried_out(world, again, now=LATER + timedelta(minutes=1))
    late = build.file_report(world, now=LATER + timedelta(minutes=2), place=build.Place(area=area("Xã Lạc Dương")))
    with pytest.raises(reorganisation_undo.UndoRefused, match=f"{late.case.code} has come"), unit_of_work():
        reorganisation_undo.undo(again.ref, by=world.actor("administrator"), now=LATER + timedelta(minutes=3), reason="Nhầm.")
    with pytest.raises(reorganisation_undo.UndoRefused, match="on the day"), unit_of_work():
        reorganisation_undo.undo(again.ref, by=world.actor("administrator"), now=LATER + timedelta(days=1), reason="Nhầm.")
    assert [row.agency.key for row in db.session.get_one(Case, case.id).open_assignments] == ["UBND-LB"]


@pytest.mark.exhaustive
def test_a_worker_that_is_killed_goes_on_where_it_was_and_does_nothing_twice(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build.standard_world()
    cases = [build.case_at(world, state) for state in ("to_classify", "at_agency", "handling", "approval")]
    plan = planned(world)
    with unit_of_work():
        reorganising.start(plan.ref, by=world.actor("administrator"), now=MORNING, reason="Đúng ngày.")
    with monkeypatch.context() as broken:
        def dies(*_: object, **__: object) -> None:
            raise KeyboardInterrupt
        broken.setattr(reorganising, "refresh_search_rows", dies)         # in the middle of a case, behind its rows
        with pytest.raises(KeyboardInterrupt):
            reorganising.go_on(MORNING)
    assert db.session.scalars(select(Event.case_id).where(Event.type == "reorganise")).all() == []
    assert reorganising.go_on(MORNING, most=2) == 2
    reorganised.follow(plan.ref, MORNING)
    assert reorganising.go_on(MORNING) == 0
    assert sorted(db.session.scalars(select(Event.case_id).where(Event.type == "reorganise"))) == [case.id for case in cases]
    told = db.session.scalars(select(OutboxMessage.case_id).where(OutboxMessage.template == "case_reorganised"))
    assert sorted(told) == [case.id for case in cases]


def test_who_undoes_it_while_cases_still_follow_stops_the_worker(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build.standard_world()
    for _ in range(3):
        build.file_report(world)
    plan = planned(world)
    with unit_of_work():
        reorganising.start(plan.ref, by=world.actor("administrator", MORNING), now=MORNING, reason="Đúng ngày.")
    ref, asked, move_alone = plan.ref, list[int](), reorganising._move_alone

    def between(plan_id: int, case_id: int, *more: Any) -> int:
        asked.append(case_id)
        if len(asked) == 2:
            with unit_of_work():
                reorganisation_undo.undo(ref, by=world.actor("administrator", LATER), now=LATER, reason="Nhầm phương án.")
        assert len(asked) <= 3, "the same case comes for ever"
        return move_alone(plan_id, case_id, *more)

    monkeypatch.setattr(reorganising, "_move_alone", between)
    reorganising.go_on(MORNING)
    db.session.expire_all()
    assert (plan.state, plan.finished_at is None) == ("undone", False)


@pytest.mark.exhaustive(but=2)
def test_a_place_is_found_and_told_by_both_names(app: Flask) -> None:
    world = build.standard_world()
    moved, closed = build.case_at(world, "to_publish"), build.case_at(world, "closed")
    plan = planned(world)
    carried_out(world, plan)
    for words in ("xa lat", "lang biang"):
        assert closed.code in [item.code for item in public_list(PublicWanted(words=words)).items], words
    page = client_of(app).get(f"/reports/{closed.code}").text
    assert "Xã Lát (nay là phường Lang Biang - Đà Lạt)" in page
    page = client_of(app).get(f"/reports/{moved.code}").text
    assert "Phường Lang Biang - Đà Lạt (trước đây: xã Lát)" in page


def test_a_centre_is_split_in_three_by_place(sqlite_app: Flask) -> None:
    world = build.standard_world()
    root = of_the_installation(world, "root", build.Role.ADMINISTRATOR)
    here, there, nowhere = (build.case_at(world, "to_classify") for _ in range(3))
    with unit_of_work():
        db.session.get_one(Case, there.id).area_id = world.areas["xa da chais"].id
        db.session.get_one(Case, nowhere.id).area_id = None
    with unit_of_work():
        actor = world.actor("root", MORNING)
        plan = plans.begin_plan(by=actor, now=MORNING, title="Chia ba trung tâm", source="QĐ 1", on=DAY, centre_id=None)
        made = [
            plans.new_body(plan.ref, by=actor, kind=BodyKind.CENTRE, values={"name_vi": name, "name_en": name, "code_prefix": prefix})
            for name, prefix in (("Trung tâm Lang Biang", "LB"), ("Trung tâm Lạc Dương", "XLD"), ("Trung tâm Đam Rông", "DR"))
        ]
        for row, place in zip(made, (None, "xa da chais", "xa lat"), strict=True):
            plans.add_line(plan.ref, by=actor, kind=BodyKind.CENTRE, predecessor_id=world.centre.id, successor_id=row.id,
                           by_area_id=world.areas[place].id if place else None)
        plans.add_line(plan.ref, by=actor, kind=BodyKind.PERSON, predecessor_id=reorganised.membership(world, "operator_2").id,
                       successor_id=made[1].id)
        ids = [row.id for row in made]
    assert sum("nobody would be left there" in each.en for each in faults_of(plan)) == 3 + 4, "all but operators at one, all at the other"
    reorganised.posts_filled(world, plan, by="root")
    carried_out(world, plan, by="root")
    for case, centre_id in ((here, ids[2]), (there, ids[1]), (nowhere, ids[0])):
        db.session.refresh(case)
        assert (case.centre_id, case.main_report.centre_id) == (centre_id, centre_id)
        assert build.waiting(case, "classify").desk == f"operator@c{centre_id}"
        assert case.code.startswith("LD-")
    assert [world.actor(name, MORNING).grants[0].centre_id for name in ("operator", "operator_2")] == [ids[0], ids[1]]
    assert {area.centre_id for area in db.session.scalars(select(Area).where(Area.level == "commune"))} == set(ids[1:])
    new = build.file_report(world, now=LATER, centre=made[1], place=build.Place(area=world.areas["xa da chais"]))
    assert new.report.code.startswith("XLD-")
    assert root.id
    assert list(check_process()) == []
    assert set(db.session.scalars(select(Membership.centre_id).where(Membership.valid_to.is_(None), Membership.agency_id.is_(None)))) == {
        None, *ids
    }  # fmt: skip


@pytest.mark.exhaustive
def test_running_limits_keep_the_rules_and_the_reminders_of_a_centre_that_is_split(sqlite_app: Flask) -> None:
    world = build.standard_world()
    of_the_installation(world, "root", build.Role.ADMINISTRATOR)
    own, changed = world.centre.id, build.NOON.date() + timedelta(days=1)
    ordinary: dict[str, Any] = {"kind": "case", "centre_id": own, "urgency": "normal", "complexity": "ordinary", "unit": "working_days"}
    add_rule(ClockRule(**ordinary, amount=12, valid_from=build.LONG_AGO, valid_to=changed))
    add_rule(ClockRule(**ordinary, amount=15, valid_from=changed))
    for share in (1, 90):
        add_rule(ReminderRule(kind="case", centre_id=own, urgency="normal", share=share, role="ops_lead", merges_into_letter=False,
                              valid_from=build.LONG_AGO))
    add_rule(ClockRule(**ordinary | {"kind": "assignment", "amount": 1}, valid_from=build.LONG_AGO))
    case = build.case_at(world, "to_distribute")
    began = MORNING - timedelta(minutes=1)
    with unit_of_work():
        db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == "case")).one().remind_at = began

    def rules() -> tuple[list[int], list[int | None]]:
        [clock] = [each for each in running_clocks(case) if each.kind == "case"]
        days = (build.NOON.date(), changed)
        found = [rule_for(ClockKind.CASE, centre_id=case.centre_id, on=day, urgency="normal", complexity="ordinary") for day in days]
        return [rule.amount for rule in found], [rung.share for rung in ladder_for(clock, case)]

    assert send_reminders(began) > 0
    assert rules() == ([12, 15], [1, 90])
    climbed = sorted(db.session.scalars(select(OutboxMessage.dedupe_key).where(OutboxMessage.template == "reminder")))
    with unit_of_work():
        actor = world.actor("root", MORNING)
        plan = plans.begin_plan(by=actor, now=MORNING, title="Đổi trung tâm", source="QĐ 1", on=DAY, centre_id=None)
        made = plans.new_body(plan.ref, by=actor, kind=BodyKind.CENTRE, values={"name_vi": "Mới", "name_en": "New", "code_prefix": "MOI"})
        plans.add_line(plan.ref, by=actor, kind=BodyKind.CENTRE, predecessor_id=own, successor_id=made.id)
    before = everything()
    carried_out(world, plan, by="root")
    db.session.refresh(case)
    assert (case.centre_id == made.id, *rules()) == (True, [12, 15], [1, 90])
    with unit_of_work():
        for clock in db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == "case")):
            clock.remind_at = MORNING                                       # as whoever moves a limit sets it
    assert send_reminders(LATER) > 0
    again = sorted(db.session.scalars(select(OutboxMessage.dedupe_key).where(OutboxMessage.template == "reminder")))
    assert again == climbed, "a rung is climbed once"
    build.do(world, case, "distribute", "operator", now=LATER, lead=world.agencies["HKL"], cooperating=[])
    with unit_of_work():
        reorganisation_undo.undo(plan.ref, by=world.actor("root"), now=LATER, reason="Nhầm.")
    reorganised.follow(plan.ref, LATER)
    apart = {table for table, *_ in differences(before, everything())}
    assert apart.isdisjoint({"clock_rule", "reminder_rule", "reminder", "centre", "agency", "area", "membership"})
    rule_ids = set(db.session.scalars(select(ClockRule.id).where(ClockRule.centre_id == own)))
    begun = {clock.kind: clock.rule_id for clock in running_clocks(case) if clock.rule_id in rule_ids}
    assert set(begun) == {"case", "assignment"}, "what began since goes by the rules of before"


def test_letters_claims_and_what_was_told_go_along_and_come_back(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build.standard_world()
    cases = told, untold, other = [build.case_at(world, "handling", by="guest", contact=BY_MAIL) for _ in range(3)]
    claimed(world, told, "submit_answer", "officer_PTNMT")
    office, morning = world.agencies["PTNMT"].id, MORNING + timedelta(days=1)
    told_of_everything()
    with unit_of_work():
        add_to_letter(f"officer@a{office}", told, at=MORNING, due=morning)
        add_to_letter(f"officer@a{office}", untold, at=MORNING, due=morning)
        other.area_id = None
    plan = planned(world)
    with unit_of_work():
        reorganising.start(plan.ref, by=world.actor("administrator", MORNING), now=MORNING, reason="Đúng ngày.")
    assert return_tasks_of_leavers(LATER) == 0, "what people hold follows them, whenever"
    reorganised.follow(plan.ref, MORNING + timedelta(hours=1))
    assert build.waiting(told, "submit_answer").claimed_by_id == world.people["officer_PTNMT"].id
    ward, commune = (f"officer@a{agency(key).id}" for key in ("UBND-LB", "PKT-LD"))
    assert letter_codes([ward], morning) == [told.code, untold.code]

    assert route_messages(LATER, configured={"email"}) > 0
    with unit_of_work():
        sent = db.session.scalars(select(Delivery).where(Delivery.case_id == told.id, Delivery.template == "case_reorganised")).one()
        sent.sent_at = LATER
        add_to_letter(commune, other, at=LATER, due=morning)                # reminded since
    with unit_of_work():
        head = Letterhead(centre_id=world.centre.id, agency_id=agency("HKL-KV").id, parent_body="a", issuing_body="b", symbol="c",
                          place="d", authority="e", signer_title="f", signer_name="g", valid_from=DAY)
        db.session.add(head)
        other.area_id = area("Xã Lạc Dương").id                             # classified anew: it was moved without a place
    with pytest.raises(reorganisation_undo.UndoRefused, match=f"{other.code} has come.*A letterhead belongs"), unit_of_work():
        reorganisation_undo.undo(plan.ref, by=world.actor("administrator"), now=LATER, reason="Nhầm.")
    with unit_of_work():
        db.session.delete(db.session.get_one(Letterhead, head.id))
        db.session.get_one(Case, other.id).area_id = None
    with monkeypatch.context() as few:
        few.setattr(reorganisation_undo, "MOST_CASES", len(cases) - 1)
        with pytest.raises(reorganisation_undo.UndoRefused, match="moved 3 cases, and 2 at most"), unit_of_work():
            reorganisation_undo.undo(plan.ref, by=world.actor("administrator"), now=LATER, reason="Nhầm.")
    undone(world, plan)
    assert letter_codes([ward, commune], morning) == []
    assert letter_codes([f"officer@a{office}"], morning) == [told.code, untold.code]
    state: dict[int, list[tuple[str, bool]]] = {case.id: [] for case in cases}
    query = select(OutboxMessage).where(OutboxMessage.recipient.startswith("reporter:"), OutboxMessage.case_id.in_(state))
    for row in db.session.scalars(query.where(OutboxMessage.template.startswith("case_reorganis")).order_by(OutboxMessage.id)):
        state[row.case_id or 0].append((row.template, row.dropped_at is not None))
    withdrawn = [("case_reorganised", True)]
    assert list(state.values()) == [[("case_reorganised", False), ("case_reorganisation_undone", False)], withdrawn, withdrawn]
    dropped = select(Delivery.dropped_at).where(Delivery.template == "case_reorganised", Delivery.sent_at.is_(None))
    assert db.session.scalars(dropped).all() == [LATER, LATER]
    assert list(check_process()) == []


FAULTS = {
    "twice the main": "exactly one main", "already ended": "has ended already", "without successor": "still has 1 open cases",
    "not there yet": "is not at work on", "ends too": "ends in this plan, too",
}


def test_a_plan_with_a_fault_is_refused_with_its_sentence(sqlite_app: Flask) -> None:
    world = build.standard_world()
    build.case_at(world, "at_agency")
    actor, (ptnmt, lat, hkl) = world.actor("administrator", MORNING), list(world.agencies.values())
    with unit_of_work():
        late = build.agency(world, "SAU", "Đơn vị lập sau", "Later agency", valid_from=DAY + timedelta(days=9))
        over = build.agency(world, "CU", "Đơn vị đã kết thúc", "Former agency", valid_to=DAY - timedelta(days=9))
    wrong: dict[str, list[tuple[int, int | None]]] = {
        "already ended": [(over.id, hkl.id)], "without successor": [(ptnmt.id, None)], "not there yet": [(lat.id, late.id)],
        "ends too": [(lat.id, hkl.id), (hkl.id, ptnmt.id)],
    }  # fmt: skip
    for name, lines in wrong.items():
        with unit_of_work():
            plan = plans.begin_plan(by=actor, now=MORNING, title=name, source="NQ 1", on=DAY, centre_id=world.centre.id)
            for before, behind in lines:
                plans.add_line(plan.ref, by=actor, kind=BodyKind.AGENCY, predecessor_id=before, successor_id=behind)
        assert any(FAULTS[name] in each.en for each in faults_of(plan)), (name, faults_of(plan))
        with pytest.raises(reorganising.DoRefused), unit_of_work():
            reorganising.start(plan.ref, by=actor, now=MORNING, reason="Thử.")
    with unit_of_work():
        plan = plans.begin_plan(by=actor, now=MORNING, title="Không còn ai", source="NQ 1", on=DAY, centre_id=world.centre.id)
        made = plans.new_body(plan.ref, by=actor, kind=BodyKind.AGENCY, values={"name_vi": "Mới", "name_en": "New", "key": "MOI"})
        plans.add_line(plan.ref, by=actor, kind=BodyKind.AGENCY, predecessor_id=ptnmt.id, successor_id=made.id)
        assert faults_of(plan) == []
        roles = [reorganised.membership(world, name).id for name in ("leader_PTNMT", "officer_PTNMT", "officer_2_PTNMT")]
        for id_ in roles[:2]:
            plans.add_line(plan.ref, by=actor, kind=BodyKind.PERSON, predecessor_id=id_, successor_id=None)
    assert [each.en for each in faults_of(plan)] == [
        "New will take work, but nobody would be left there as: The agency's leader. Please add a line on a person."
    ]
    with pytest.raises(reorganising.DoRefused, match="nobody would be left"), unit_of_work():
        reorganising.start(plan.ref, by=actor, now=MORNING, reason="Thử.")
    with unit_of_work():
        plan = plans.begin_plan(by=actor, now=MORNING, title="Vòng tròn", source="NQ 1", on=DAY, centre_id=world.centre.id)
        plans.add_line(plan.ref, by=actor, kind=BodyKind.AGENCY, predecessor_id=ptnmt.id, successor_id=lat.id)
        for before, behind in ((lat.id, ptnmt.id), (hkl.id, hkl.id)):
            with pytest.raises(plans.PlanRefused):
                plans.add_line(plan.ref, by=actor, kind=BodyKind.AGENCY, predecessor_id=before, successor_id=behind)
    with pytest.raises(reorganising.DoRefused, match="from that day on"), unit_of_work():
        reorganising.start(plan.ref, by=actor, now=MORNING - timedelta(days=1), reason="Sớm.")
    assert db.session.scalars(select(Assignment.agency_id)).all() == [ptnmt.id]
