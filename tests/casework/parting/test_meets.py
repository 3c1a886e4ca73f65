"""What parts meet: quarantine, withdrawal, reopening, erasure, figures, moves, reorganisation, deputies, a second centre, taking back."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.assignments.asking import DistributionRefused
from casework.assignments.extensions import ExtensionRefused
from casework.casefile.views import publications_of
from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import db, unit_of_work
from casework.erasure.quarantined_list import quarantined_cases
from casework.facts.keeping import kept_facts, rebuild_facts
from casework.facts.verification import check_facts
from casework.figures.counting import counted, month_of
from casework.models import AreaNews, Case, CaseSpan, Deputy, HeldAct, OutboxMessage, ReportText, SearchRow
from casework.open_cases import is_open
from casework.parts import open_parts
from casework.pausing.questions import QuestionRefused
from casework.pausing.referrals import ReferralRefused
from casework.pausing.withdrawals import WithdrawalRefused
from casework.permissions import NotAllowed, Role
from casework.permissions.sight import case_seen_by
from casework.public.cases import public_case
from casework.rights.erasing_people import erase_report
from casework.taking_back.held_acts import Hold, SentForm
from casework.verification import cases as case_verification
from casework.verification.parts import check_parts
from tests import build, reorganised
from tests import drawn_steps as drawn
from tests.casework.parting.family import answer, divided, finish_agencies, form, hear, steps
from tests.second_centre import second_world
from tests.workflows.moving.cases import carried_out, fates, live
from workflows.definitions.process import shipped_model
from workflows.models import WaitingTask
from workflows.running import steps as running
from workflows.running.carrying_out import carry_out_due
from workflows.verification import check_process


def put(case: Case, **values: Any) -> None:
    """Change a row past the program."""
    db.session.execute(db.update(Case).where(Case.id == case.id).values(**values), execution_options={"synchronize_session": False})


def broken(change: Callable[[], None]) -> list[str]:
    """What is found of parts after a change, of which nothing stays."""
    with unit_of_work():
        trial = db.session.begin_nested()
        change()
        found = [each.check for each in check_parts()]
        trial.rollback()
    return found


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def faults(now: Any) -> list[str]:
    db.session.expire_all()
    found = [*case_verification.check_cases(now=now), *check_process()]
    return [f"{each.check} {each.subject}" for each in found]


# -- quarantine --------------------------------------------------------------------------------------------------------


def test_the_parts_go_with_a_case_that_is_set_apart_and_are_handed_over_with_it(world: build.World) -> None:
    case, part = divided(world)
    build.act(world, case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    db.session.expire_all()
    assert (part.quarantined_at is not None, part.title, steps(part), part.open_assignments) == (True, None, set(), [])
    assert not db.session.query(SearchRow).filter_by(case_id=part.id).count()
    reader = world.actor("confidential_reader", build.next_moment(case))
    assert [row.case.code for row in quarantined_cases(by=reader).rows] == [case.code], "a part is handed over with its case"
    build.act(world, case, "hand_over", "confidential_reader", receipt="BB số 1")
    db.session.expire_all()
    assert all(text.sealed_body is None for text in part.main_report.texts)
    assert faults(build.next_moment(case)) == []


def test_a_part_that_is_set_apart_alone_is_waited_for_no_more_and_told_nowhere(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.act(world, part, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    hear(part)
    assert (case.quarantined_at, open_parts(case), steps(case)) == (None, [], {"publish"})
    build.publish(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.parts == ()
    assert [row.case.code for row in quarantined_cases(by=world.actor("confidential_reader", build.next_moment(part))).rows] == [part.code]


# -- what ends or rests ------------------------------------------------------------------------------------------------


def test_a_withdrawal_is_not_granted_while_a_part_is_open(world: build.World) -> None:
    case, part = divided(world)
    build.act(world, case, "withdraw_report", "citizen", report=case.main_report)
    with pytest.raises(WithdrawalRefused, match="Parts"):
        build.do(world, case, "decide_withdrawal", "operator", granted=True, words="")
    build.act(world, part, "join_part", "operator", reason="Người gửi rút.")
    build.do(world, case, "decide_withdrawal", "operator", granted=True, words="")
    db.session.expire_all()
    assert case.state == "withdrawn"


def test_a_case_with_an_open_part_is_not_referred_or_closed_for_silence(world: build.World) -> None:
    case, _part = divided(world)
    with pytest.raises(ReferralRefused):
        build.act(world, case, "refer", "operator", body="Công an tỉnh", reason="Thuộc thẩm quyền.")
    with pytest.raises(QuestionRefused, match="Parts"):
        build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đâu?", when_unanswered="close")
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đâu?", when_unanswered="continue")


def test_who_wants_more_time_for_a_case_that_waits_for_its_part_reads_where_to_ask_and_it_can_rest(world: build.World) -> None:
    case, part = divided(world)
    [assignment] = case.open_assignments
    finish_agencies(world, case)
    until = build.next_moment(case).date() + timedelta(days=10)
    with pytest.raises(ExtensionRefused, match=part.code):
        build.act(world, case, "request_extension", "officer_PTNMT", assignment=assignment, reason="Chờ phần tách ra.", until=until)
    build.advance(world, part, "handling")
    [work] = part.open_assignments
    build.act(world, part, "request_extension", "officer_UBND-LAT", assignment=work, reason="Chờ vật tư.", until=until)
    build.act(world, case, "hold", "ops_lead", reason="Chờ phần tách ra.", until=build.next_moment(case).date() + timedelta(days=3))
    db.session.expire_all()
    assert (work.extension_asked, case.standstill) == (True, "hold")


def test_a_part_that_ends_while_its_case_rests_is_heard_when_it_goes_on(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.act(world, case, "hold", "ops_lead", reason="Chờ mưa tạnh.", until=build.next_moment(case).date() + timedelta(days=3))
    answer(world, part)
    assert "publish" not in steps(case)
    build.do(world, case, "resume", "ops_lead")
    assert (steps(case), case.state) == ({"publish"}, "to_publish")


@pytest.mark.exhaustive
def test_a_case_opened_again_keeps_what_its_part_brought_and_can_be_divided_anew(world: build.World) -> None:
    case, part = divided(world)
    answer(world, part)
    finish_agencies(world, case)
    build.publish(world, case)
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Làm lại.")
    build.advance(world, case, "handling")
    build.act(world, case, "divide", "operator", **form(world, parts_seen=1))
    db.session.expire_all()
    assert [each.code != part.code for each in open_parts(case)] == [True]
    shown = public_case(case.code)
    assert shown is not None
    assert len(shown.parts) == 1
    finish_agencies(world, case)
    assert steps(case) == set()


def test_an_answer_taken_back_from_the_public_takes_its_parts_along(world: build.World) -> None:
    case, part = divided(world)
    answer(world, part)
    finish_agencies(world, case)
    build.publish(world, case)
    [told] = publications_of(part)
    build.act(world, part, "unpublish", "ops_lead", publication=told, reason="Nhầm số liệu.")
    shown = public_case(case.code)
    assert shown is not None
    assert shown.parts == ()


# -- personal data -----------------------------------------------------------------------------------------------------


def test_a_corrected_part_is_told_to_the_senders_of_its_case_once_they_have_read_it(world: build.World) -> None:
    """A part has no sender and is no news of its area by itself: what is told of it is told of its case."""
    case, part = divided(world)
    answer(world, part)
    correct(world, part)
    assert told_of_correction() == [], "nobody has read it yet"
    finish_agencies(world, case)
    build.do(world, case, "publish", "operator", title="Rác", question="Rác ven suối.", checked=True)
    correct(world, part)
    assert told_of_correction() == [case.id]
    assert list(db.session.scalars(select(AreaNews.case_id).where(AreaNews.step == "corrected"))) == [case.id]


def correct(world: build.World, case: Case) -> None:
    [publication] = publications_of(case)
    build.act(world, case, "correct_publication", "operator", publication=publication, version_seen=publication.current.version,
              title="Cột điện", question="Cột điện bị nghiêng.", checked=True, reason="Sai tên đường.")  # fmt: skip
    db.session.expire_all()


def told_of_correction() -> list[int | None]:
    return list(db.session.scalars(select(OutboxMessage.case_id).where(OutboxMessage.template == "report_corrected")))


def test_of_an_erased_sender_nothing_is_left_in_a_part(world: build.World) -> None:
    case, part = divided(world)
    with unit_of_work():
        for each in (case, part):
            row = lock_case(each.id)
            row.latitude, row.longitude = 12.05, 108.41
    answer(world, part, act="answer_privately")
    finish_agencies(world, case)
    build.do(world, case, "publish", "operator", act="answer_privately", title="Rác", question="Rác ven suối.")
    report = case.main_report
    with unit_of_work():
        lock_case(case.id)
        erase_report(report, newest_links([report.id])[report.id], at=build.next_moment(case))
    db.session.expire_all()
    assert (part.latitude, part.village) == (None, None)
    originals = db.session.query(ReportText).filter_by(report_id=part.main_report.id, kind="original")
    assert [text.sealed_body for text in originals] == [None]


def test_a_part_knows_no_sender_and_its_agencies_read_nothing_of_the_case(world: build.World) -> None:
    case, part = divided(world)
    commune = world.actor("officer_UBND-LAT", build.next_moment(part))
    assert case_seen_by(commune, part.ref) is not None
    assert case_seen_by(commune, case.ref) is None
    assert case_seen_by(world.actor("officer_PTNMT", build.next_moment(part)), part.ref) is None


# -- what is counted ---------------------------------------------------------------------------------------------------


def test_no_figure_counts_a_part(world: build.World) -> None:
    case, part = divided(world)
    answer(world, part)
    rebuild_facts(build.next_moment(case))
    spans, moments = kept_facts([part.id])[part.id]
    assert (spans, moments) == ([], [])
    assert db.session.query(CaseSpan).filter_by(case_id=case.id).count() == 1
    assert list(check_facts()) == []
    assert [row.code for row in db.session.query(Case).filter(*is_open())] == [case.code]
    month = counted(month_of(build.NOON), centre_id=world.centre.id, now=build.next_moment(case))
    assert (month["all", ""]["received"], month["all", ""]["open_in_time"], month["all", ""].get("answered")) == (1, 1, None)


# -- people and places -------------------------------------------------------------------------------------------------


def test_what_is_pressed_and_can_be_taken_back_leaves_a_part_open_until_it_is_done(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.advance(world, part, "to_publish")
    task, now = build.waiting(part, "publish"), build.next_moment(part)
    given = build.input_at(task, "publish", {"title": "Cột điện", "question": "Cột điện bị nghiêng.", "checked": True})
    ref, operator, hold = task.ref, world.actor("operator", now), Hold(timedelta(seconds=10), SentForm())
    with unit_of_work():
        running.perform(ref, by=operator, now=now, act="publish", given=given, hold=hold)
    hear(part)
    assert (db.session.query(HeldAct).count(), len(open_parts(case)), steps(case)) == (1, 1, set())
    carry_out_due(now + timedelta(seconds=11))
    hear(part)
    assert steps(case) == {"publish"}


def test_an_approval_that_can_be_taken_back_meets_a_part_split_off_meanwhile(world: build.World) -> None:
    case = build.case_at(world, "approval")
    task, now = build.waiting(case, "approve_answer"), build.next_moment(case)
    ref, leader, hold = task.ref, world.actor("leader_PTNMT", now), Hold(timedelta(seconds=10), SentForm())
    with unit_of_work():
        running.perform(ref, by=leader, now=now, act="approve_answer", hold=hold)
    build.act(world, case, "divide", "operator", now=now + timedelta(seconds=3), **form(world))
    carry_out_due(now + timedelta(seconds=11))
    db.session.expire_all()
    assert db.session.query(HeldAct).filter_by(returned_at=None).count() == 0
    assert "publish" not in steps(case)
    [part] = open_parts(case)
    answer(world, part)
    if "approve_answer" in steps(case):
        build.approve(world, case)
    assert steps(case) == {"publish"}


def test_whoever_stands_in_for_an_operator_divides_and_joins_as_them(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        deputy = build.staff(world, "deputy", Role.OFFICER, agency=world.agencies["HKL"])
        db.session.flush()
        db.session.add(
            Deputy(principal_id=world.people["operator"].id, deputy_id=deputy.id, starts_at=build.NOON,
                   ends_at=build.NOON + timedelta(days=3), created_by_id=deputy.id)
        )  # fmt: skip
    build.act(world, case, "divide", "deputy", **form(world))
    db.session.expire_all()
    [part] = open_parts(case)
    assert part.state == "at_agency", "its first steps are done at the principal's desk"
    [done] = db.session.query(WaitingTask).filter_by(case_id=part.id, element="distribute")
    assert done.on_behalf_of_id == world.people["operator"].id
    build.act(world, part, "join_part", "deputy", reason="Không cần nữa.")


def test_another_centre_neither_sees_a_part_nor_splits_one_off(world: build.World) -> None:
    case, part = divided(world)
    other = second_world(world)
    stranger = other.actor("operator", build.next_moment(part))
    assert case_seen_by(stranger, part.ref) is None
    with pytest.raises(NotAllowed):
        build.act(other, case, "divide", "operator", **form(world, parts_seen=1))
    with pytest.raises(NotAllowed):
        build.act(other, part, "join_part", "operator", reason="Không cần nữa.")
    mine = build.case_at(world, "handling")
    with pytest.raises(DistributionRefused):
        build.act(world, mine, "divide", "operator", **form(world, lead=other.agencies["PTNMT"]))


def test_a_part_follows_the_reorganisation_of_its_agency_and_its_case_still_waits(world: build.World) -> None:
    case, part = divided(world)
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    reorganised.carried_out(world, plan)
    db.session.expire_all()
    assert [row.agency.key for row in part.open_assignments] == ["UBND-LB"]
    assert (part.parent_id, len(open_parts(case))) == (case.id, 1)
    assert faults(build.next_moment(case)) == []


@pytest.mark.exhaustive
def test_a_case_and_its_part_move_to_a_new_version_and_go_on_waiting(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    source, now = live(), build.next_moment(case)
    target = drawn.put_live(shipped_model().replace("Người phản ánh rút".encode(), "Người gửi rút".encode()))
    moving = carried_out(world, source, target, now=now)
    assert set(fates(moving).values()) == {"moved"}
    assert steps(case) == set()
    answer(world, part)
    assert steps(case) == {"publish"}


# -- verify ------------------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_verify_gives_the_worker_a_moment_to_tell_a_case_that_its_part_has_ended(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.act(world, part, "join_part", "operator", reason="Không cần nữa.")
    other, late = divided(world)
    finish_agencies(world, other)
    build.advance(world, late, "to_publish")
    build.do(world, late, "publish", "operator", title="Cột điện", question="Cột điện bị nghiêng.", checked=True)
    db.session.expire_all()
    assert late.closed_at is not None
    soon, later = (late.closed_at + timedelta(minutes=minutes) for minutes in (1, 120))
    assert [each.subject for each in case_verification.check_cases(now=soon) if each.check == "case.state"] == []
    assert [each.subject for each in case_verification.check_cases(now=later) if each.check == "case.state"] == [other.code]
    hear(late)
    assert faults(later) == []


def test_verify_finds_nothing_on_the_whole_way_and_a_relation_that_is_broken(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    assert faults(build.next_moment(case)) == [], "a case waits for its part alone"
    answer(world, part)
    build.publish(world, case)
    assert faults(build.next_moment(case)) == []
    assert broken(lambda: put(case, is_divided=False)) == ["part.parent"]
    assert broken(lambda: put(part, state="handling")) == ["part.parent"]
    assert broken(lambda: put(part, parent_id=None)) == ["part.lost"]
