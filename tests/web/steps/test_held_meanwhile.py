"""What is held while its case is merged, moved, reorganised, set apart or erased, or a deputyship ends: done, or back with the text."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case, Draft, Event, HeldAct, OutboxMessage
from casework.rights.erasing_people import erase_report
from casework.settings.deputyships import appoint_deputy, end_deputyship
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build, reorganised
from tests import drawn_steps as drawn
from tests.web.desk import Office, step
from tests.web.pages import words_of
from tests.web.steps.test_taking_back import KINDS, Kind, begun, each_kind, footprint, held, note, press, work
from tests.workflows.moving import cases as moving
from workflows.verification import check_process

BY_VERB = {kind.verb: kind for kind in KINDS}
AT_STEPS = [kind for kind in KINDS if kind.text]
with_text = pytest.mark.parametrize("kind", AT_STEPS, ids=[kind.verb for kind in AT_STEPS])


@pytest.fixture
def office(app: Flask) -> Office:
    app.config["TAKE_BACK_SECONDS"] = 10
    return Office(app)


def answered(office: Office, case: Case, key: str, **when: Any) -> None:
    agency = office.world.agencies[key]
    build.do(office.world, case, "submit_answer", f"officer_{key}", agency=agency, **when, **build.ANSWER)


def merge(office: Office, case: Case, into: Case) -> None:
    build.act(office.world, case, "merge", "operator_2", now=office.moment + timedelta(seconds=3), into=into)


def whole(office: Office) -> list[str]:
    db.session.expire_all()
    return [finding.text.en for finding in (*check_process(), *check_cases(now=office.moment), *check_chains()) if finding.is_fault]


def back_with(office: Office, kind: Kind, text: str = "") -> str:
    """The act went back: its author reads why, and what was typed. Returns the reason's page."""
    row = held()
    assert row.returned_at is not None
    looked = office.get(kind.by, f"/held/{row.ref}")
    page = looked.get_data(as_text=True)
    address = page.split('class="btn btn-primary" href="')[1].split('"')[0] if 'class="btn btn-primary" href="' in page else ""
    form = office.get(kind.by, address).get_data(as_text=True) if address else ""
    assert (text or kind.text) in page + form, (address, words_of(looked))
    return words_of(looked)


@pytest.mark.exhaustive(but=2)
@each_kind
def test_a_note_of_a_colleague_leaves_it_held_and_done_at_its_moment(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    pressed = office.moment
    press(office, kind, case)
    note(office, case, office.moment + timedelta(seconds=4))
    assert work(office, 10) == 1
    db.session.expire_all()
    assert (case.state, db.session.query(HeldAct).count()) == (kind.left, 0)
    done = db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.seq.desc())).first()
    assert done is not None
    assert (done.type, done.at) == (kind.verb, pressed)
    assert whole(office) == []


def test_another_agencys_own_work_leaves_an_approval_as_it_is(office: Office) -> None:
    kind = BY_VERB["approve_answer"]
    case = build.case_at(office.world, "handling", agencies=2)
    first, second = case.assignments
    answered(office, case, first.agency.key)
    office.clock(build.next_moment(case))
    name = f"leader_{first.agency.key}"
    assert office.post(name, step(case, "approve_answer", first.agency.key, office), act=kind.verb).status_code == 302
    answered(office, case, second.agency.key, now=office.moment + timedelta(seconds=3))
    assert work(office, 10) == 1
    db.session.expire_all()
    assert db.session.query(HeldAct).count() == 0
    assert (first.approved_at, second.approved_at) == (office.moment - timedelta(seconds=10), None)
    assert whole(office) == []


@pytest.mark.exhaustive(but=3)
@with_text
def test_after_a_merge_it_is_back_with_its_author(office: Office, kind: Kind) -> None:
    case, main = begun(office, kind), build.case_at(office.world, kind.state if kind.state != "to_verify" else "to_distribute")
    office.clock(max(build.next_moment(case), build.next_moment(main)))
    press(office, kind, case)
    merge(office, case, main)
    told = db.session.query(OutboxMessage).count()
    assert work(office, 10) == 1
    assert db.session.query(OutboxMessage).count() == told
    back_with(office, kind)
    assert whole(office) == []


def test_an_approval_whose_agency_goes_along_in_a_merge_waits_in_the_main_case(office: Office) -> None:
    kind = BY_VERB["approve_answer"]
    case, main = build.case_at(office.world, "approval"), build.case_at(office.world, "to_distribute")
    build.do(office.world, main, "distribute", "operator", lead=office.world.agencies["UBND-LAT"], cooperating=[])
    office.clock(max(build.next_moment(case), build.next_moment(main)))
    address = step(case, kind.element)
    assert office.post(kind.by, address, act=kind.verb, instructions="Chụp thêm từ cầu.").status_code == 302
    merge(office, case, main)
    assert work(office, 10) == 1
    assert held().returned_at is not None
    assert "Chụp thêm từ cầu." in office.get(kind.by, address).get_data(as_text=True), "the step waits in the main case"
    assert whole(office) == []


@pytest.mark.exhaustive(but=3)
@with_text
def test_after_another_case_was_merged_in_it_is_back_too(office: Office, kind: Kind) -> None:
    main, other = begun(office, kind), build.file_report(office.world, by="citizen_2").case
    if kind.state == "to_verify":
        build.advance(office.world, other, "to_verify")
    office.clock(max(build.next_moment(main), build.next_moment(other)))
    press(office, kind, main)
    merge(office, other, main)
    assert work(office, 10) == 1
    back_with(office, kind)
    assert press(office, kind, main).status_code == 302
    assert work(office, 10) == 1
    db.session.expire_all()
    assert main.state == kind.left
    assert whole(office) == []


@pytest.mark.exhaustive(but=4)
@each_kind
def test_after_a_reorganisation_it_is_done_or_back(office: Office, kind: Kind) -> None:
    world = office.world
    case = begun(office, kind)
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    office.clock(max(office.moment, reorganised.MORNING - timedelta(seconds=4)))
    assert press(office, kind, case).status_code == 302
    reorganised.carried_out(world, plan)
    assert work(office, 10) == 1
    db.session.expire_all()
    if db.session.query(HeldAct).count():
        assert case.state == kind.state
        assert held().returned_at is not None
        if kind.text:
            back_with(office, kind)
    else:
        assert case.state == kind.left
    assert whole(office) == []


def test_an_approval_by_a_deputy_counts_for_the_principal_and_goes_back_once_they_are_called_back(office: Office) -> None:
    kind, people = BY_VERB["approve_answer"], office.world.people
    first, second = build.case_at(office.world, "approval"), begun(office, BY_VERB["approve_answer"])
    with unit_of_work():
        row = appoint_deputy(
            principal=people["leader_PTNMT"], deputy=people["officer_2_PTNMT"], starts_at=office.moment,
            ends_at=office.moment + timedelta(days=1), by=office.world.actor("leader_PTNMT", office.moment), now=office.moment,
            reason="Nghỉ.",
        )  # fmt: skip
        deputyship = row.id
    assert press(office, kind, first, by="officer_2_PTNMT").status_code == 302
    assert work(office, 10) == 1
    done = db.session.scalars(select(Event).where(Event.case_id == first.id, Event.type == "approve_answer")).one()
    assert (done.actor_id, done.on_behalf_of_id) == (people["officer_2_PTNMT"].id, people["leader_PTNMT"].id)
    assert press(office, kind, second, by="officer_2_PTNMT").status_code == 302
    with unit_of_work():
        kept = db.session.get_one(type(row), deputyship)
        moment = office.moment + timedelta(seconds=2)
        end_deputyship(kept, by=office.world.actor("leader_PTNMT", moment), now=moment, reason="Đã về.")
    before = footprint(second)
    assert work(office, 10) == 1
    assert footprint(second) == before
    assert "không còn" in office.words("officer_2_PTNMT", f"/held/{held().ref}")
    assert press(office, kind, second).status_code == 302, "the leader decides"


@pytest.mark.exhaustive(but=3)
@each_kind
def test_set_apart_meanwhile_nothing_of_it_is_done_and_nothing_kept(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    press(office, kind, case)
    ref, moment = held().ref, office.moment + timedelta(seconds=3)
    build.act(office.world, case, "quarantine", "ops_lead", now=moment, reason="Người gửi bị đe dọa.")
    told = db.session.query(OutboxMessage).count()
    work(office, 10)
    assert db.session.query(HeldAct).count() + db.session.query(Draft).count() == 0
    assert db.session.query(OutboxMessage).count() == told
    assert office.get(kind.by, f"/held/{ref}").status_code == 404
    assert office.get(kind.by, f"/held/{ref}/state").json is not None
    assert whole(office) == []


@each_kind
def test_what_is_held_about_a_report_is_erased_with_it(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    press(office, kind, case)
    ref = held().ref
    with unit_of_work():
        [link] = db.session.merge(case).reports
        erase_report(link.report, link, at=office.moment + timedelta(seconds=3))
    assert db.session.query(HeldAct).count() == 0
    before = footprint(case)
    assert work(office, 10) == 0
    assert footprint(case) == before
    assert office.get(kind.by, f"/held/{ref}").status_code == 404


@pytest.mark.exhaustive(but=4)
@each_kind
def test_a_move_to_another_version_brings_it_back(office: Office, kind: Kind) -> None:
    source = moving.live()
    case = begun(office, kind)
    press(office, kind, case)
    moment = office.moment + timedelta(seconds=3)
    move = moving.carried_out(office.world, source, drawn.put_live(drawn.legal_model()), now=moment)
    assert moving.fates(move) == {case.code: "moved"}
    before = footprint(case)
    assert work(office, 10) == 1
    assert footprint(case) == before
    if kind.text:
        back_with(office, kind)
    assert press(office, kind, case).status_code == 302
    assert work(office, 10) == 1
    assert whole(office) == []


def test_refusing_beside_the_steps_comes_back_from_a_merge_with_its_words(office: Office) -> None:
    case, main = (build.case_at(office.world, "to_distribute") for _ in range(2))
    office.clock(max(build.next_moment(case), build.next_moment(main)))
    form = {"reason": "khong_ro_noi_dung", "words": "Không phải việc của xã."}
    assert office.post("operator", f"/cases/{case.ref}/acts/refuse", **form).status_code == 302
    merge(office, case, main)
    assert work(office, 10) == 1
    back_with(office, Kind("refuse", "", "", "operator", lambda *_: {}, "", form["words"]))
    assert whole(office) == []


@pytest.mark.exhaustive
def test_the_page_of_the_case_tells_colleagues_that_something_is_held(office: Office) -> None:
    case = begun(office, BY_VERB["publish"])
    address = f"/cases/{case.ref}"
    assert "có thể hoàn tác" not in office.words("operator_2", address)
    press(office, BY_VERB["publish"], case)
    office.clock(office.moment + timedelta(seconds=3))
    told = "Người Thử operator vừa thực hiện “Công khai” và còn có thể hoàn tác. Sẽ gửi sau 7 giây."
    for name in ("operator", "operator_2", "ops_lead", "committee_leader"):
        assert told in office.words(name, address), name
    assert BY_VERB["publish"].text not in office.words("operator_2", address)
    assert "có thể hoàn tác" not in office.words("officer_PTNMT", address), "an agency hears of it with everybody else"
    assert work(office, 7) == 1
    assert "có thể hoàn tác" not in office.words("operator_2", address)


def test_an_approval_that_is_held_is_told_to_its_agency_and_the_centre_alone(office: Office) -> None:
    case = build.case_at(office.world, "approval", agencies=2)
    office.clock(build.next_moment(case))
    key, other = (row.agency.key for row in case.assignments)
    assert office.post(f"leader_{key}", step(case, "approve_answer", key, office), act="approve_answer").status_code == 302
    told = {name for name in (f"officer_{key}", "operator", f"officer_{other}", f"leader_{other}")
            if "còn có thể hoàn tác" in office.words(name, f"/cases/{case.ref}")}  # fmt: skip
    assert told == {f"officer_{key}", "operator"}
