"""Letters, and what else befalls a case: passed on, reorganised, its sender blocked or forgotten by age, an act that can be taken back."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from casework.cases import lock_case
from casework.contacts.blocked_senders import block_sender
from casework.db import db, unit_of_work
from casework.messages.rendering import Page
from casework.models import Case, Deputy, ReplyAddress, Report
from casework.rights.erasing_people import forget_sender
from casework.taking_back.held_acts import Hold, SentForm
from tests import build, reorganised
from tests.merged import merge, split
from tests.messages.house import BY_MAIL, quiet_case
from tests.second_centre import second_world
from tests.web.mail_in.post import Post, said_in, told_to
from tests.web.mail_in.test_unclear import WORDS, as_, unproven
from web.gateways.opening import page_addresses
from workflows.running.carrying_out import carry_out_due
from workflows.running.steps import perform


def test_a_case_that_was_passed_on_gets_the_answers_and_its_new_centre_the_unclear_ones(post: Post) -> None:
    world, other = post.house.world, second_world(post.house.world)
    case = quiet_case(world)
    address = told_to(case, post.house)
    row = unproven(post, case)
    build.act(world, case, "pass_on", "operator", centre=other.centre, reason="Nơi xảy ra thuộc Trung tâm Đơn Dương.")
    post.house.now = build.next_moment(case)
    assert post.receive(post.written(address)).state == "taken"
    assert said_in(case) == ["Tôi bổ sung: cột thứ hai"]
    assert as_(post, "operator").get(f"/unclear-letters/{row.ref}").status == 404
    theirs = as_(post, "operator", other)
    assert WORDS in theirs.get(f"/unclear-letters/{row.ref}").text
    assert theirs.post(f"/unclear-letters/{row.ref}/attach", {"code": case.code}).status == 302


def test_a_reorganisation_of_communes_and_agencies_leaves_answers_where_they_were(post: Post) -> None:
    world = post.house.world
    case = build.case_at(world, "handling", by="guest", contact=BY_MAIL)
    address = told_to(case, post.house)
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    reorganised.carried_out(world, plan)
    post.house.now = reorganised.MORNING + timedelta(hours=1)
    assert post.receive(post.written(address)).state == "taken"
    row = unproven(post, case)
    assert as_(post, "operator").get(f"/unclear-letters/{row.ref}").status == 200


def test_a_report_that_is_split_off_again_takes_its_answers_along(post: Post) -> None:
    world = post.house.world
    case, main = quiet_case(world), quiet_case(world)
    address, report_id = told_to(case, post.house), case.main_report.id
    merge(world, case, main)
    split(world, db.session.get_one(Case, main.id), db.session.get_one(Report, report_id))
    post.house.wait(hours=1)
    assert post.receive(post.written(address)).state == "taken"
    assert (said_in(case), said_in(main)) == (["Tôi bổ sung: cột thứ hai"], [])


def test_a_blocked_sender_still_writes_to_what_was_taken_before(post: Post) -> None:
    """As on their own page: a block is about new reports."""
    world = post.house.world
    case = quiet_case(world)
    address = told_to(case, post.house)
    with unit_of_work():
        report = db.session.get_one(Report, case.main_report.id)
        assert report.reporter is not None
        report.reporter.contact_verified_at, report.reporter.verified_contact = post.house.now, "email"
        block_sender(lock_case(case.id), report, by=world.actor("ops_lead"), now=post.house.now, reason="Gửi quá nhiều phản ánh.", days=5)
    assert post.receive(post.written(address)).state == "taken"


def test_a_sender_forgotten_by_age_leaves_no_address_and_no_letter(post: Post) -> None:
    case = quiet_case(post.house.world)
    address = told_to(case, post.house)
    row = unproven(post, case)
    with unit_of_work():
        reporter = db.session.get_one(Report, case.main_report.id).reporter
        assert reporter is not None
        forget_sender(reporter, at=post.house.now)
    assert db.session.scalars(select(ReplyAddress)).all() == []
    assert [(each.ref, each.sealed_raw) for each in post.letters] == [(row.ref, None)]
    assert post.receive(post.written(address)).why == "address"
    with unit_of_work():
        assert page_addresses(post.house.app)(Page.ANSWER, f"reporter:{reporter.id}") != address, "a former address does not come back"


def test_an_answer_comes_in_while_a_publication_can_be_taken_back(post: Post) -> None:
    world = post.house.world
    case = build.case_at(world, "to_publish", by="guest", contact=BY_MAIL)
    address, moment = told_to(case, post.house), build.next_moment(case)
    task = build.waiting(case, "publish")
    given = {"title": "Ổ gà", "question": "Người dân phản ánh ổ gà.", "checked": True}
    with unit_of_work():
        perform(task.ref, by=world.actor("operator", moment), now=moment, act="publish",
                given=build.input_at(task, "publish", {**given}), hold=Hold(timedelta(minutes=2), SentForm()))  # fmt: skip
    post.house.now = moment + timedelta(seconds=5)
    assert post.receive(post.written(address)).state == "taken"
    assert said_in(case) == ["Tôi bổ sung: cột thứ hai"]
    assert carry_out_due(moment + timedelta(minutes=3)) == 1


def test_an_answer_while_a_case_rests_is_added(post: Post) -> None:
    case = build.case_at(post.house.world, "handling", by="guest", contact=BY_MAIL)
    build.act(post.house.world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 9))
    post.house.now = build.next_moment(case)
    assert post.receive(post.written(told_to(case, post.house))).state == "taken"


def test_the_deputy_of_an_operator_reads_what_the_operator_reads(post: Post) -> None:
    world = post.house.world
    row = unproven(post, quiet_case(world))
    people, day = world.people, timedelta(days=1)
    with unit_of_work():
        db.session.add(Deputy(principal_id=people["operator"].id, deputy_id=people["records_clerk"].id, starts_at=build.NOON - day,
                              ends_at=build.NOON + day, created_by_id=people["administrator"].id))  # fmt: skip
    assert as_(post, "records_clerk").get(f"/unclear-letters/{row.ref}").status == 200


@pytest.mark.parametrize("how", ["erased", "thrown"])
def test_an_act_on_a_letter_that_is_gone_says_so(sqlite_post: Post, how: str) -> None:
    case = quiet_case(sqlite_post.house.world)
    row, browser = unproven(sqlite_post, case), as_(sqlite_post, "operator")
    with unit_of_work():
        if how == "erased":
            reporter = db.session.get_one(Report, case.main_report.id).reporter
            assert reporter is not None
            forget_sender(reporter, at=sqlite_post.house.now)
        else:
            db.session.merge(row).state = "thrown"
    assert browser.post(f"/unclear-letters/{row.ref}/attach", {"code": case.code}).status == 404
    assert said_in(case) == []
