"""What `/events` tells is what webhooks told, whatever befell the case: held acts, parts, merges, reorganisations, quarantine, erasure."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.models import Case, Event, HeldAct, WebhookCourse, WebhookEndpoint
from casework.taking_back.held_acts import Hold, SentForm
from tests import build, reorganised, service_accounts, webhooks
from tests.casework.parting.family import divided, form
from tests.reorganised import MORNING
from tests.second_centre import second_world
from tests.web.api.asked import OF_AGENCY, OF_CENTRE, House, opened, put_open
from tests.web.api.test_events import read, told
from tests.web.pages import at
from workflows.reorganising import undo as reorganisation_undo
from workflows.running.carrying_out import carry_out_due, take_back
from workflows.running.steps import perform

TEN = timedelta(seconds=10)
Pairs = list[tuple[str, str]]


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@dataclass
class Side:
    """A system that is called by webhooks, and reads with its key."""

    house: House
    key: str
    endpoint: WebhookEndpoint

    @property
    def heard(self) -> Pairs:
        return [(row.type, row.told["code"]) for row in webhooks.rows_of(self.endpoint)]

    def read(self, moment: datetime | None = None) -> Pairs:
        return told(read(self.house, key=self.key, moment=moment))


def side(house: House, agency: str | None, *, world: build.World | None = None, now: datetime = build.NOON) -> Side:
    world = world or house.world
    scopes = OF_CENTRE if agency is None else OF_AGENCY
    row, key = service_accounts.made(world, *scopes, agency=agency, name=f"Hệ thống {agency or 'Trung tâm'}", now=now)
    return Side(house, key, webhooks.listening(world, row, now=now))


def codes(pairs: Pairs, kind: str) -> set[str]:
    return {code for each, code in pairs if each == kind}


def held(house: House, case: Case) -> HeldAct:
    """The approval of an answer, which its leader can still take back."""
    now = build.next_moment(case)
    task = build.waiting(case, "approve_answer", house.world.agencies["PTNMT"])
    with unit_of_work():
        perform(task.ref, by=house.world.actor("leader_PTNMT", now), now=now, act="approve_answer", hold=Hold(TEN, SentForm()))
    return db.session.scalars(select(HeldAct)).one()


def test_a_held_act_is_told_when_its_hold_ends_and_not_before(house: House) -> None:
    agency, centre = side(house, "PTNMT"), side(house, None)
    case = build.case_at(house.world, "approval")
    before = [(each.heard, each.read()) for each in (agency, centre)]
    now = held(house, case).pressed_at
    assert [(each.heard, each.read(now + timedelta(minutes=5))) for each in (agency, centre)] == before
    assert carry_out_due(now + TEN + TEN) == 1
    for each, (told_before, read_before) in zip((agency, centre), before, strict=True):
        assert each.heard[len(told_before) :][:2] == [("assignment.approve_answer", case.code), ("assignment.end", case.code)]
        assert each.read() == each.heard
        assert each.read()[: len(read_before)] == read_before


def test_what_was_taken_back_is_never_told(house: House) -> None:
    agency, centre = side(house, "PTNMT"), side(house, None)
    case = build.case_at(house.world, "approval")
    before = [each.heard for each in (agency, centre)]
    row = held(house, case)
    with unit_of_work():
        take_back(row.ref, by=house.world.actor("leader_PTNMT", row.pressed_at), now=row.pressed_at + timedelta(seconds=3))
    assert carry_out_due(row.pressed_at + TEN + TEN) == 0
    assert [each.heard for each in (agency, centre)] == before == [each.read() for each in (agency, centre)]


def test_a_part_and_its_joining_are_told_to_those_who_work_on_either(house: House) -> None:
    sides = lead, other, centre = side(house, "PTNMT"), side(house, "UBND-LAT"), side(house, None)
    case, part = divided(house.world)
    assert codes(centre.heard, "case.divide") == codes(lead.heard, "case.divide") == {case.code}
    assert {code for _kind, code in other.heard} == {part.code}
    build.act(house.world, part, "join_part", "operator", reason="Không cần nữa.")
    assert codes(centre.heard, "case.join_part") == {case.code, part.code}
    assert codes(lead.heard, "case.join_part") == {case.code}
    assert other.heard[-2:] == [("case.join_part", part.code), ("assignment.end", part.code)]
    for each in sides[::2]:
        assert sorted(each.read()) == sorted(each.heard)
    assert other.read() == [("assignment.end", part.code)], "of work that was taken away that it ended alone"


def test_a_quarantine_takes_back_what_waits_of_a_case_and_of_its_parts(house: House) -> None:
    sides = lead, other, centre = side(house, "PTNMT"), side(house, "UBND-LAT"), side(house, None)
    case, part = divided(house.world)
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    assert centre.heard == []
    assert (lead.heard, other.heard) == ([("assignment.end", case.code)], [("assignment.end", part.code)])
    assert [each.read() for each in sides] == [[], [], []]
    for each in (lead, other):
        [course] = db.session.scalars(select(WebhookCourse).where(
            WebhookCourse.endpoint_id == each.endpoint.id, WebhookCourse.about != "endpoint"))  # fmt: skip
        assert course.seq == 1, "what nobody heard of gives its numbers back"


def test_a_handover_erases_the_content_and_tells_nobody_anything(house: House) -> None:
    sides = agency, centre = side(house, "PTNMT"), side(house, None)
    case = build.case_at(house.world, "at_agency")
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    before = [each.heard for each in sides]
    build.act(house.world, case, "hand_over", "confidential_reader", receipt="Biên bản 12/BB")
    assert [each.heard for each in sides] == before == [[("assignment.end", case.code)], []]
    assert agency.read() == centre.read() == []


def test_a_merge_is_told_to_no_agency_of_another_centre_that_has_the_same_key(house: House) -> None:
    there = second_world(house.world)
    put_open(there)
    stranger = side(house, "UBND-LAT", world=there)
    main, source = (build.case_at(house.world, "at_agency", agencies=each) for each in (1, 2))
    build.act(house.world, source, "merge", "operator", into=main, reason="Cùng một việc.")
    moved = [row.agency.key for row in db.session.get_one(Case, main.id, populate_existing=True).assignments]
    assert moved == ["PTNMT", "UBND-LAT"]
    assert stranger.heard == stranger.read() == []


def test_who_comes_to_a_case_by_a_merge_is_told_of_it_from_then_on(house: House) -> None:
    sides = comes, _ = side(house, "UBND-LAT"), side(house, None)
    source = build.case_at(house.world, "at_agency", agencies=2)
    main = build.case_at(house.world, "handling", now=build.NOON + timedelta(days=1))
    build.act(house.world, main, "divide", "operator", **form(house.world, lead=house.world.agencies["HKL"]))
    build.act(house.world, source, "merge", "operator", into=main, reason="Cùng một việc.", now=build.next_moment(main))
    of_main = [pair for pair in comes.heard if pair[1] == main.code]
    assert of_main[0] == ("case.merge", main.code)
    assert [pair for pair in comes.read() if pair[1] == main.code] == of_main
    report = next(link.report for link in db.session.get_one(Case, main.id).reports if link.report.code == source.code)
    build.act(house.world, main, "split", "operator", report=report, reason="Hai việc khác nhau.")
    of_source = [pair for pair in comes.heard if pair[1] == source.code]
    assert [pair for pair in comes.read() if pair[1] == source.code] == of_source
    assert [each for each in sides if sorted(each.read()) != sorted(each.heard)] == [comes], "of work that went elsewhere it hears no more"


def test_a_reorganisation_is_told_to_who_has_the_work_from_then_on_and_to_no_other(house: House) -> None:
    with unit_of_work():
        stays = house.world.agencies["CA"] = build.agency(house.world, "CA", "Công an xã", "Commune police")
    centre, other = side(house, None), side(house, "CA")
    both = build.case_at(house.world, "to_distribute")
    build.do(house.world, both, "distribute", "operator", lead=house.world.agencies["PTNMT"],
             cooperating=[house.world.agencies["UBND-LAT"], stays])  # fmt: skip
    one = build.case_at(house.world, "handling")
    reorganised.carried_out(house.world, reorganised.planned(house.world))
    house.world.agencies["UBND-LB"] = reorganised.agency("UBND-LB")
    successor = side(house, "UBND-LB", now=MORNING)
    assert centre.read() == centre.heard
    assert {("assignment.distribute", both.code), ("assignment.reorganise", both.code), ("assignment.end", both.code)} <= set(centre.read())
    assert other.read() == other.heard, "its own work did not move"
    assert ("case.reorganise", both.code) in other.heard
    assert codes(other.heard, "assignment.reorganise") == set()
    later = [("case.reorganise", one.code), ("assignment.reorganise", one.code)]
    assert sorted(pair for pair in successor.read() if pair[1] == one.code) == sorted(later), "nothing of what its predecessor was told"


def test_an_undone_reorganisation_is_told_to_both_who_had_the_work(house: House) -> None:
    agency, centre = side(house, "PTNMT"), side(house, None)
    plan = reorganised.planned(house.world)
    case = build.case_at(house.world, "handling", agencies=2)
    reorganised.carried_out(house.world, plan)
    with unit_of_work():
        by = house.world.actor("administrator", MORNING)
        reorganisation_undo.undo(plan.ref, by=by, now=MORNING + timedelta(hours=1), reason="Thực hiện nhầm.")
    assert centre.read() == centre.heard
    assert [kind for kind, _code in centre.heard if "reorganise" in kind] == [
        "assignment.reorganise", "case.reorganise", "assignment.reorganise", "assignment.reorganise", "case.reorganise",
    ]  # fmt: skip
    assert ("assignment.reorganise", case.code) in agency.heard
    assert set(agency.heard) <= set(agency.read())


def test_what_was_numbered_first_and_committed_last_is_not_passed_over(house: House) -> None:
    """Numbers are given before the commit: a smaller one may appear beside a larger one that was read already."""
    centre = side(house, None)
    case = build.case_at(house.world, "to_verify")
    last = db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.id.desc())).first()
    assert last is not None
    moment = last.at + timedelta(minutes=10)
    young = late_event(last, number=last.id + 2, at=moment)
    at(house.app, moment)
    place = house.json("/events", key=centre.key)["next"]
    late_event(last, number=last.id + 1, at=moment)
    later = told(read(house, key=centre.key, after=place, moment=moment + timedelta(minutes=10)))
    assert later == [("case.classify", case.code)] * 2
    assert young > last.id


def late_event(like: Event, *, number: int, at: datetime) -> int:
    """An event with a number that is given."""
    with unit_of_work():
        seq = (db.session.scalar(select(func.max(Event.seq)).where(Event.case_id == like.case_id)) or 0) + 1
        db.session.add(Event(
            id=number, stream=like.stream, seq=seq, type="classify", at=at, case_id=like.case_id, payload={}, salt=like.salt,
            payload_digest=like.payload_digest, previous_hash=like.hash, hash=f"{number:064d}",
        ))  # fmt: skip
    return number


def test_a_report_that_is_withdrawn_is_told_to_the_centre_and_the_end_of_its_work_to_the_agency(house: House) -> None:
    sides = agency, centre = side(house, "PTNMT"), side(house, None)
    early, open_one, kept = (build.case_at(house.world, each) for each in ("to_verify", "handling", "handling"))
    for case in (early, open_one, kept):
        build.act(house.world, case, "withdraw_report", "citizen", report=case.main_report, reason="Đã tự xử lý.")
    assert codes(centre.heard, "case.withdraw_report") == {early.code, open_one.code, kept.code}
    for case, words in ((open_one, ""), (kept, "Nguy hiểm cho người đi đường.")):
        build.do(house.world, case, "decide_withdrawal", "operator", granted=not words, words=words)
    assert codes(centre.heard, "case.decide_withdrawal") == {open_one.code, kept.code}
    assert codes(centre.heard, "assignment.end") == codes(agency.heard, "assignment.end") == {open_one.code}
    assert not [kind for kind, _code in agency.heard if "withdraw" in kind], "who sends is not the agency's to know"
    assert sorted(centre.read()) == sorted(centre.heard)
    assert agency.read() == [pair for pair in agency.heard if pair[1] == kept.code or pair[0] == "assignment.end"]
    assert "Nguy hiểm" not in str([row.told for each in sides for row in webhooks.rows_of(each.endpoint)])


def test_one_of_several_reports_that_leaves_its_case_is_told_under_the_code_of_the_case(house: House) -> None:
    centre = side(house, None)
    main, source = build.case_at(house.world, "to_classify"), build.case_at(house.world, "to_classify", by="citizen_2")
    build.act(house.world, source, "merge", "operator", into=main, reason="Cùng một việc.")
    joined = db.session.get_one(Case, main.id, populate_existing=True).reports
    leaves = next(link.report for link in joined if link.report.code == source.code)
    build.act(house.world, main, "withdraw_report", "citizen_2", report=leaves, reason="Gửi nhầm.")
    assert codes(centre.heard, "case.withdraw_report") == {main.code}
    assert sorted(centre.read()) == sorted(centre.heard)


@pytest.mark.parametrize(("ends_as", "kind"), [("take_back", "case.take_back"), ("close_referral", "case.close_referral")])
def test_what_became_of_a_referral_is_told_as_its_beginning_was(house: House, ends_as: str, kind: str) -> None:
    centre = side(house, None)
    case = build.case_at(house.world, "to_distribute")
    build.act(house.world, case, "refer", "operator", body="Công ty Điện lực", reason="Lưới điện do công ty quản lý.")
    build.do(house.world, case, "close_referral", "operator", act=ends_as, result="Đã thay cột.")
    assert codes(centre.heard, kind) == codes(centre.heard, "case.refer") == {case.code}
    assert centre.read() == centre.heard
