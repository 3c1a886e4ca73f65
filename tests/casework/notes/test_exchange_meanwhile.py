"""The exchange with an agency while its case is merged, split, moved, set apart or erased, or the agency is followed by another."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Account, Case, Note
from casework.notes.exchange import Exchange, exchanges_new_for, exchanges_of, new_exchange_count
from casework.notes.notes import notes_seen_by, write_note
from casework.permissions import Actor, NotAllowed, Role, actor_for
from casework.verification.cases import check_cases
from tests import build, reorganised
from tests import drawn_steps as drawn
from tests.casework.notes.test_exchange import look, new_for, there
from tests.merged import assignment_of
from tests.workflows.moving import cases as moving


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def say(world: build.World, case: Case, by: str, key: str, words: str) -> None:
    moment = build.next_moment(case)
    with unit_of_work():
        locked = lock_case(case.id)
        write_note(locked, by=world.actor(by, moment), now=moment, audience="agency", words=words, assignment=assignment_of(locked, key))


def at_agency(world: build.World, key: str) -> Case:
    case = build.case_at(world, "to_distribute")
    build.do(world, case, "distribute", "operator", lead=world.agencies[key], cooperating=[])
    return case


def merge(world: build.World, case: Case, into: Case) -> None:
    build.act(world, case, "merge", "operator", now=max(build.next_moment(case), build.next_moment(into)), into=into)
    db.session.expire_all()


def seen(by: Actor, case: Case) -> dict[str, Exchange]:
    db.session.expire_all()
    return {each.agency.key: each for each in exchanges_of(by, case, notes_seen_by(by, case))}


def test_an_agency_that_goes_along_in_a_merge_takes_its_words_along_and_back(world: build.World) -> None:
    case, main = at_agency(world, "PTNMT"), at_agency(world, "UBND-LAT")
    say(world, case, "operator", "PTNMT", "Số nhà?")
    say(world, main, "operator", "UBND-LAT", "Số thửa?")
    merge(world, case, main)
    assert new_for(world, "officer_PTNMT", "officer_UBND-LAT") == {"officer_PTNMT": 1, "officer_UBND-LAT": 1}
    assert [row.case.id for row in exchanges_new_for(world.actor("officer_PTNMT"))] == [main.id]
    assert {note.body for note in there(world, main, "officer_PTNMT")["PTNMT"].notes} == {"Số nhà?"}
    assert set(there(world, main, "officer_PTNMT")) == {"PTNMT"}, "never the other agency's"
    say(world, main, "officer_PTNMT", "PTNMT", "Số 12.")
    [report] = [link.report for link in main.reports if not link.is_main]
    build.act(world, main, "split", "operator", report=report, reason="Hai việc khác nhau.")
    assert {note.body for note in there(world, case, "operator")["PTNMT"].notes} == {"Số nhà?", "Số 12."}
    assert there(world, main, "operator").keys() == {"UBND-LAT"}
    assert [row.case.id for row in exchanges_new_for(world.actor("operator"))] == [case.id]
    look(world, case, "operator")
    assert new_for(world, "operator", "officer_PTNMT") == {}


def test_where_both_cases_had_the_agency_the_centre_still_reads_what_was_said_in_the_merged_one(world: build.World) -> None:
    case, main = at_agency(world, "PTNMT"), at_agency(world, "PTNMT")
    say(world, case, "officer_PTNMT", "PTNMT", "Xin thêm ảnh.")
    merge(world, case, main)
    assert [row.case.id for row in exchanges_new_for(world.actor("operator"))] == [case.id]
    shown = there(world, case, "operator")["PTNMT"]
    assert ([note.body for note in shown.notes], shown.can_write) == (["Xin thêm ảnh."], False)
    look(world, case, "operator")
    assert new_for(world) == {}
    say(world, main, "operator", "PTNMT", "Ở hồ sơ chính.")
    assert new_for(world, "officer_PTNMT") == {"officer_PTNMT": 1}


def test_the_successor_of_an_agency_reads_and_goes_on_writing(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    say(world, case, "operator", "PTNMT", "Số nhà?")
    say(world, case, "officer_UBND-LAT", "UBND-LAT", "Đã đến nơi.")
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    reorganised.carried_out(world, plan)
    later = reorganised.MORNING + timedelta(hours=1)
    db.session.expire_all()
    at_work = db.session.get_one(Case, case.id).open_assignments
    for part in at_work:
        officers = [
            account for account in db.session.query(Account)
            if any(row.agency_id == part.agency_id and row.role == Role.OFFICER for row in account.memberships)
        ]  # fmt: skip
        by = actor_for(officers[0], now=later)
        shown = seen(by, case)
        assert shown[part.agency.key].can_write, part.agency.key
        with unit_of_work():
            locked = lock_case(case.id)
            [own] = [row for row in locked.open_assignments if row.id == part.id]
            write_note(locked, by=by, now=later, audience="agency", words=f"Nối tiếp {part.agency.key}.", assignment=own)
    centre = seen(world.actor("operator", later), case)
    words = [note.body for each in centre.values() for note in each.notes]
    assert {"Số nhà?", "Đã đến nơi."} < set(words)
    assert len(words) == 2 + len(at_work)
    assert {each.assignment.id for each in centre.values() if each.can_write} == {part.id for part in at_work}
    assert new_exchange_count(world.actor("operator", later)) >= 1
    assert [finding for finding in check_cases(now=later) if finding.is_fault] == []


def test_of_two_agencies_with_one_successor_the_exchange_goes_on_where_the_work_does(world: build.World) -> None:
    case = build.case_at(world, "to_distribute")
    lead, other = world.agencies["UBND-LAT"], world.agencies["PTNMT"]
    build.do(world, case, "distribute", "operator", lead=lead, cooperating=[other])
    say(world, case, "operator", "UBND-LAT", "Hỏi Lát.")
    say(world, case, "operator", "PTNMT", "Hỏi phòng.")
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    reorganised.carried_out(world, plan)
    later = reorganised.MORNING + timedelta(hours=1)
    shown = seen(world.actor("operator", later), case)
    goes_on, ended = sorted(shown.values(), key=lambda each: not each.assignment.is_open)
    assert (goes_on.agency.key, goes_on.can_write, [note.body for note in goes_on.notes]) == ("UBND-LB", True, ["Hỏi Lát."])
    assert (ended.agency.key, ended.can_write, [note.body for note in ended.notes]) == ("PTNMT", False, ["Hỏi phòng."])
    assert ended.unread_there, "the centre sees that nobody there has read it"


def test_a_move_to_another_version_leaves_words_and_what_is_new(world: build.World) -> None:
    source, case = moving.live(), build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT", "Số nhà?")
    moment = build.next_moment(case)
    move = moving.carried_out(world, source, drawn.put_live(drawn.legal_model()), now=moment)
    assert moving.fates(move) == {case.code: "moved"}
    assert new_for(world, "officer_PTNMT", "operator") == {"officer_PTNMT": 1}
    say(world, case, "officer_PTNMT", "PTNMT", "Số 12.")
    assert new_for(world, "officer_PTNMT", "operator") == {"operator": 1}


def test_set_apart_and_handed_over_nothing_of_it_is_read_counted_or_kept(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT", "Số nhà của ông ấy?")
    build.act(world, case, "quarantine", "operator", reason="Tố cáo người cụ thể.")
    assert new_for(world) == {}
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        with pytest.raises(NotAllowed):
            say(world, case, name, "PTNMT", "Nữa.")
        assert there(world, case, name) == {} or not there(world, case, name)["PTNMT"].can_write
    build.act(world, case, "hand_over", "confidential_reader", receipt="Biên bản 12/BB-TTĐH")
    db.session.expire_all()
    assert not any("ông ấy" in note.body for note in db.session.query(Note))
    assert new_for(world) == {}
