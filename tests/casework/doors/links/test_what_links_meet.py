"""A one-time link while something else befalls its case: acts held, centres, moves to a newer model, withdrawal, merge, erasure."""
from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.casefile.history import staff_steps
from casework.cases import CaseNotOpen
from casework.db import db, unit_of_work
from casework.doors.links import sentences
from casework.doors.links.answering import LinkAnswer, LinkGone, answer_link, open_link
from casework.doors.links.holding import holds
from casework.doors.links.reading import link_seen, shown_case
from casework.models import Account, Case, DataRequest, Deputy, HeldAct, ReplyLink, Report
from casework.pausing import additions
from casework.permissions import Role
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from casework.rights.deciding import carry_out, look_at_request
from casework.rights.requests import ERASURE, lock_request, person_of, request_data
from casework.rights.what_stays import redact, what_stays
from casework.second_person import SecondPersonNeeded
from casework.taking_back.held_acts import Hold, SentForm
from tests import build, links, merged, reorganised
from tests import drawn_steps as drawn
from tests.build import NOON, World
from tests.casework.acting import events, payload, run, told
from tests.second_centre import of_the_installation, second_world
from tests.workflows.moving.cases import carried_out, later, renamed, versions
from workflows.models import WaitingTask
from workflows.running.carrying_out import carry_out_due
from workflows.running.steps import perform
from workflows.versions.live import live_version

TEN = timedelta(seconds=10)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    made = build.standard_world()
    links.opened(made)
    return made


def without_people(world: World, key: str) -> None:
    with unit_of_work():
        for name, account in world.people.items():
            if name.endswith(f"_{key}"):
                db.session.get_one(Account, account.id).disabled_at = NOON


def answer(link: ReplyLink, *, now: datetime | None = None, **changes: object) -> ReplyLink:
    with unit_of_work(keeps_rows=True):
        row = db.session.get_one(ReplyLink, link.id)
        moment = now or build.next_moment(db.session.get_one(Case, row.case_id))
        return answer_link(row, LinkAnswer(**{**links.ANSWER, **changes}), now=moment)


def again(link: ReplyLink) -> tuple[ReplyLink, Case]:
    row = db.session.get_one(ReplyLink, link.id, populate_existing=True)
    return row, db.session.get_one(Case, row.case_id, populate_existing=True)


def is_open_still(link: ReplyLink, now: datetime) -> bool:
    return holds(*again(link), now)


def words_shown(link: ReplyLink) -> str:
    return str(shown_case(*again(link)))


def taken_up(world: World, case: Case) -> None:
    build.act(world, case, "take_up_answer", "operator", assignment=case.assignments[0], contact="Điện lực", no_photo_reason="Trên cao.")


# -- acts that are held, and the second person ------------------------------------------------------------------------


def approval_held(world: World) -> tuple[Case, ReplyLink, datetime]:
    """A leader's approval that can still be taken back, beside another agency's open link."""
    case = build.case_at(world, "handling", agencies=2)
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"], findings="Có rác.", actions="Đã dọn.",
             remaining="Không còn", contact="Phòng TNMT", no_photo_reason="Trời tối.")  # fmt: skip
    beside = next(row for row in case.assignments if row.agency.key != "PTNMT")
    without_people(world, beside.agency.key)
    link, now = links.sent(world, case, assignment=beside), build.next_moment(case)
    task = build.waiting(case, "approve_answer", world.agencies["PTNMT"])
    with unit_of_work():
        perform(task.ref, by=world.actor("leader_PTNMT", now), now=now, act="approve_answer", hold=Hold(TEN, SentForm()))
    return case, link, now


def carried(now: datetime) -> bool:
    """Whether the one act was carried out and not given back."""
    assert carry_out_due(now + TEN + TEN) == 1
    db.session.rollback()
    return db.session.scalars(select(HeldAct)).first() is None


def test_a_link_that_is_opened_revoked_or_made_brings_no_held_act_back(world: World) -> None:
    case, link, now = approval_held(world)
    with unit_of_work():
        open_link(db.session.get_one(ReplyLink, link.id), network="203.0.113.0/24", now=now + SECOND)
    work = db.session.get_one(ReplyLink, link.id).assignment
    build.act(world, case, "send_agency_link", "operator", assignment=work, asked="Khi nào xong?", now=now + SECOND + SECOND)
    assert events(case)[-3:] == ["open_link", "revoke_link", "send_link"]
    assert carried(now)


def test_an_answer_of_another_agency_leaves_a_held_approval_standing(world: World) -> None:
    _case, link, now = approval_held(world)
    answer(link, now=now + SECOND)
    assert carried(now)


def test_while_a_publication_is_held_no_answer_of_its_agencies_can_come(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    without_people(world, "UBND-LAT")
    link = links.sent(world, case, assignment=next(row for row in case.assignments if row.agency.key == "UBND-LAT"), days=30)
    with unit_of_work():
        db.session.get_one(Account, world.people["officer_UBND-LAT"].id).disabled_at = None
        db.session.get_one(Account, world.people["leader_UBND-LAT"].id).disabled_at = None
    build.advance(world, case, "to_publish", agencies=2)
    task, now = build.waiting(case, "publish"), build.next_moment(case)
    given = build.input_at(task, "publish", {"title": "Rác", "question": "Có rác ven suối.", "checked": True})
    with unit_of_work():
        perform(task.ref, by=world.actor("operator", now), now=now, act="publish", given=given, hold=Hold(TEN, SentForm()))
    with pytest.raises(LinkGone):
        answer(link, now=now + SECOND)
    assert carried(now)


def test_whoever_submitted_an_answer_that_came_by_a_link_decides_on_it_under_no_other_hat(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    answer(links.sent(world, case, assignment=case.assignments[0]))
    taken_up(world, case)
    now = build.next_moment(case)
    with unit_of_work():
        stands_in = world.people["operator"].id
        db.session.add(Deputy(principal_id=world.people["committee_leader"].id, deputy_id=stands_in, starts_at=now, created_by_id=stands_in,
                              ends_at=now + timedelta(hours=9)))  # fmt: skip
    with pytest.raises(SecondPersonNeeded):
        build.do(world, case, "approve_answer", "operator", act="approve_answer", now=now)
    with pytest.raises(SecondPersonNeeded):             # nor whoever they stand in for
        build.do(world, case, "approve_answer", "committee_leader", act="approve_answer", now=now)


# -- another centre, another model ------------------------------------------------------------------------------------


def test_a_case_with_an_open_link_is_not_passed_on_to_another_centre(world: World) -> None:
    other = second_world(world)
    case = links.referred(world, "to_verify")
    link = links.sent(world, case)
    with pytest.raises(CaseNotOpen):
        build.act(world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn khác.")
    assert is_open_still(link, build.next_moment(case))


def followed_by_another_centre(world: World) -> int:
    of_the_installation(world, "overseer", Role.ADMINISTRATOR)
    by = world.actor("overseer", reorganised.MORNING)
    with unit_of_work():
        plan = plans.begin_plan(by=by, now=reorganised.MORNING, title="Trung tâm mới", source="QĐ 1", on=reorganised.DAY, centre_id=None)
        values = {"name_vi": "Trung tâm LB", "name_en": "Centre LB", "code_prefix": "LB"}
        successor = int(plans.new_body(plan.ref, by=by, kind=BodyKind.CENTRE, values=values).id)
        plans.add_line(plan.ref, by=by, kind=BodyKind.CENTRE, predecessor_id=world.centre.id, successor_id=successor)
    reorganised.posts_filled(world, plan, by="overseer")
    reorganised.carried_out(world, plan, by="overseer")
    return successor


def test_in_the_centre_that_follows_the_link_holds_to_its_day_and_the_operators_there_read_out_and_hear(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case, days=20)
    last = link.expires_at
    successor = followed_by_another_centre(world)
    row, moved = again(link)
    now = reorganised.MORNING + timedelta(hours=1)
    assert (moved.centre_id, row.expires_at) == (successor, last)
    assert is_open_still(link, last - SECOND)
    assert not is_open_still(link, last)
    assert link_seen(moved, link.ref, world.actor("operator", now)) is not None, "who made it goes along"
    answer(link, now=now)
    assert told("link_answered") == [f"desk:operator@c{successor}"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("of", ["referral", "agency"])
def test_a_link_goes_on_holding_when_its_case_moves_to_a_newer_model_and_what_it_brings_is_taken_up(world: World, of: str) -> None:
    source = drawn.put_live(drawn.legal_model())
    case = links.referred(world) if of == "referral" else build.case_at(world, "handling")
    if of == "agency":
        without_people(world, "PTNMT")
    link = links.sent(world, case, assignment=case.assignments[0] if of == "agency" else None)
    moment = later(build.next_moment(case))
    target = drawn.put_live(renamed("legal_review", "law_check", drawn.legal_model()))
    carried_out(world, source, target, now=moment, mapping={"legal_review": "law_check"})
    assert {number for _process, number, is_ended in versions(case) if not is_ended} == {live_version(None).number}
    assert is_open_still(link, moment)
    answer(link, now=later(moment))
    if of == "referral":
        build.do(world, case, "close_referral", "operator", act="take_back", result="Công ty đã thay cột.")
    else:
        taken_up(world, case)
    waits = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")
    assert set(db.session.scalars(waits)) == ({"distribute"} if of == "referral" else {"approve_answer"})


# -- what its page shows when a report goes ---------------------------------------------------------------------------


def report_of(case: Case, name: str, world: World) -> Report:
    """The report of the case a person has sent."""
    present = [each.report for each in db.session.get_one(Case, case.id, populate_existing=True).reports]
    return next(each for each in present if each.reporter is not None and each.reporter.account_id == world.people[name].id)


def joined(world: World) -> Case:
    """A referred case of two senders, the second of whom wrote more, which was cleared."""
    into, case = build.case_at(world, "to_classify"), build.case_at(world, "to_verify", by="citizen_2")
    build.do(world, case, "verify", "operator", title="Cột đổ", cleared=[build.cleared(case.main_report, "Cột đổ ở cổng trường.")])
    merged.merge(world, case, into)
    second = report_of(into, "citizen_2", world)
    run(additions.write_to_centre, into, world.actor("citizen_2"), report=second, words="Nay mất điện.", now=build.next_moment(into))
    run(additions.clear_addition, into, world.actor("operator"), words="Nay mất điện cả xóm.", now=build.next_moment(into))
    build.act(world, into, "refer", "operator", body=links.BODY, reason="Lưới điện do công ty quản lý.")
    return into


def test_what_a_sender_wrote_is_shown_no_more_once_their_report_is_withdrawn(world: World) -> None:
    case = joined(world)
    link = links.sent(world, case)
    for words in ("Cột đổ ở cổng trường.", "Nay mất điện cả xóm.", "Có đống rác ven suối"):
        assert words in words_shown(link)
    build.act(world, case, "withdraw_report", "citizen_2", report=report_of(case, "citizen_2", world), reason="Gửi nhầm.")
    assert is_open_still(link, build.next_moment(case))
    for words in ("Cột đổ ở cổng trường.", "Nay mất điện cả xóm."):
        assert words not in words_shown(link)
    assert "Có đống rác ven suối" in words_shown(link)


def test_a_case_withdrawn_altogether_ends_its_link_with_the_decision_and_not_with_the_wish(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    link = links.sent(world, case, assignment=case.assignments[0])
    build.act(world, case, "withdraw_report", "citizen", report=case.main_report, reason="Đã tự xử lý.")
    assert is_open_still(link, build.next_moment(case))
    build.do(world, case, "decide_withdrawal", "operator", granted=True, words="")
    assert not is_open_still(link, build.next_moment(case))
    with pytest.raises(LinkGone):
        answer(link)
    assert "answer_link" not in events(case)


def test_a_case_that_is_with_another_body_is_merged_into_none_and_its_link_holds(world: World) -> None:
    referred, other = links.referred(world), build.case_at(world, "to_verify", by="citizen_2")
    build.do(world, other, "verify", "operator", title="Cột đổ", cleared=[build.cleared(other.main_report, "Cột đổ ở cổng trường.")])
    link = links.sent(world, referred)
    with pytest.raises(CaseNotOpen):
        merged.merge(world, referred, other)
    assert is_open_still(link, build.next_moment(referred))


def test_work_in_a_case_that_is_merged_keeps_its_link_which_shows_the_main_case(world: World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "handling", agencies=2, by="citizen_2")
    moves = next(row for row in case.assignments if row.agency_id != into.assignments[0].agency_id)
    without_people(world, moves.agency.key)
    link = links.sent(world, case, assignment=moves)
    merged.merge(world, case, into)
    row, main = again(link)
    assert shown_case(row, main).code == into.code
    assert answer(link).answered_at is not None
    assert events(into)[-1] == "answer_link"
    assert "answer_link" not in events(case)


def test_what_a_decider_of_an_erasure_clears_the_body_reads_no_more_and_answers_all_the_same(world: World) -> None:
    name = "Nguyễn Thị Thử"
    case = build.case_at(world, "to_verify")
    build.do(world, case, "verify", "operator", title="Cột đổ", cleared=[build.cleared(case.main_report, f"Nhà {name} mất điện.")])
    build.act(world, case, "refer", "operator", body=links.BODY, reason="Lưới điện do công ty quản lý.")
    link = links.sent(world, case)
    assert f"Nhà {name} mất điện." in words_shown(link)
    now, by = build.next_moment(case) + timedelta(hours=1), world.actor("citizen")
    with unit_of_work():
        request = request_data(ERASURE, person=person_of(by), by=by, now=now)
        request_id = request.id
    with unit_of_work():
        look_at_request(lock_request(request_id), by=world.actor("ops_lead"), now=now, reason="Xem trước khi xóa dữ liệu.")
    texts = what_stays(db.session.get_one(DataRequest, request_id), by=world.actor("ops_lead"), now=now).texts
    kept = next(each for each in texts if each.key.startswith("report_text"))
    with unit_of_work():
        redact(request_id, kept.key, kept.version, by=world.actor("ops_lead"), now=now, stretches=[name], words="")
        carry_out(lock_request(request_id), by=world.actor("ops_lead"), now=now)
    assert name not in words_shown(link)
    assert answer(link).answered_at is not None


# -- what the history says of an answer -------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "vi", "en"), [
    ({}, "đã làm xong", "the work is done"),
    ({"outcome": "longer", "reason": "Chờ cột zqx.", "ready_on": NOON.date() + timedelta(days=9)}, "cần thêm thời gian", "it takes longer"),
    ({"outcome": "not_ours", "reason": "Cột zqx của Viettel."}, "không thuộc đơn vị này", "it is not for this body"),
])  # fmt: skip
def test_the_history_says_what_came_of_it_without_a_word_of_the_body(world: World, given: dict[str, object], vi: str, en: str) -> None:
    case = links.referred(world)
    answer(links.sent(world, case), **given)
    newest = staff_steps(db.session.get_one(Case, case.id), by=world.actor("operator"))[0]
    assert vi in newest.words.vi
    assert en in newest.words.en
    assert payload(case)["outcome"] == given.get("outcome", "done")
    assert not [words for words in (*links.ANSWER.values(), "zqx") if words != "done" and words in str(payload(case))]


def test_of_an_answer_of_before_outcomes_were_told_the_history_says_that_it_came(world: World) -> None:
    said = sentences.answered({"agency": None}, None)  # type: ignore[arg-type]
    assert said.words.vi.endswith("đến qua đường dẫn, chưa duyệt")
