"""Quarantine: any state, by whom, what ends, who is told, and that for everybody else the case is not there."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.erasure import quarantined_list
from casework.erasure.quarantine import (
    ContentHandOverRefused,
    HandOverInput,
    QuarantineInput,
    QuarantineRefused,
    hand_over,
    hand_over_receipt,
    quarantine,
    quarantine_reason,
)
from casework.erasure.quarantined_list import count_to_hand_over, quarantined_cases
from casework.models import Case, Clock, Event, Hold, OutboxMessage, Publication, Question, Referral, SearchRow, Withdrawal
from casework.permissions import NotAllowed
from casework.permissions.sight import case_seen_by, report_owned_by
from casework.public import cases as public_cases
from casework.reporters.list import own_list
from casework.reporters.report import own_report
from casework.upkeep.erasure_log import handed_over_at
from tests import build
from tests import merged as joined
from tests.conftest import on_sqlite
from tests.second_centre import second_world

NOW = build.NOON + timedelta(days=1)
LATER = NOW + timedelta(days=1)
REASON = "Tố cáo người có tên."
RECEIPT = "Biên bản 12/BB-TTĐH, Thanh tra tỉnh"


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def take_out(world: build.World, case: Case, *, by: str = "operator", reason: str = REASON) -> None:
    actor = world.actor(by, NOW)
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason=reason), by=actor, now=NOW)


def give_away(world: build.World, case: Case, *, by: str = "confidential_reader", receipt: str = RECEIPT) -> None:
    actor = world.actor(by, NOW)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt=receipt), by=actor, now=LATER)


def set_columns(case: Case, **values: object) -> None:
    with unit_of_work():
        db.session.execute(update(Case).where(Case.id == case.id).values(**values))


@pytest.mark.parametrize("state", build.WALK)
def test_a_case_in_any_state_leaves_the_system(world: build.World, state: str) -> None:
    case = build.case_at(world, state, agencies=2)
    take_out(world, case)
    assert (case.state, case.quarantined_at, case.is_public) == ("quarantined", NOW, False)
    assert case.closed_at is not None
    assert case.open_assignments == []
    assert joined.running(case) == {}
    assert db.session.scalar(select(func.count()).where(Clock.case_id == case.id, Clock.remind_at.is_not(None))) == 0
    assert (case.title, case.place, case.village, case.area_id, case.field_id, case.latitude) == (None,) * 6


def test_a_case_that_waits_for_its_reporter_or_rests_leaves_too(world: build.World) -> None:
    case = build.case_at(world, "handling")
    set_columns(case, state="waiting_reporter", state_before="handling", paused_for="question", paused_until=LATER, withdrawal_asked=True,
                has_unread_words=True, hotline_owed=True)
    take_out(world, case)
    assert (case.paused_for, case.paused_until, case.state_before) == (None, None, None)
    assert (case.withdrawal_asked, case.has_unread_words, case.hotline_owed, case.standstill) == (False, False, False, None)


@pytest.mark.on_both
def test_whatever_a_case_was_waiting_for_ends_with_it(world: build.World) -> None:
    """Left open, a question would lapse on its day and the case go on; a wish to withdraw would wait on somebody's desk for good."""
    case, who = build.case_at(world, "handling"), world.people["operator"].id
    report_id, before = case.main_report.id, NOW - timedelta(hours=1)
    with unit_of_work():
        db.session.add_all([
            Question(case_id=case.id, report_id=report_id, words="Ở đâu?", asked_by_id=who, asked_at=before, due_at=LATER,
                     when_unanswered="close"),
            Hold(case_id=case.id, reason="Chờ nước rút.", held_by_id=who, held_at=before, until_at=LATER),
            Referral(case_id=case.id, body="Công an xã", reason="Thuộc thẩm quyền.", referred_by_id=who, referred_at=before),
            Withdrawal(case_id=case.id, report_id=report_id, requested_at=before),
        ])  # fmt: skip
    take_out(world, case)
    ended = [db.session.scalars(select(wait.ended_at)).one() for wait in (Question, Hold, Referral)]
    assert [*ended, db.session.scalars(select(Withdrawal.decided_at)).one()] == [NOW] * 4


def test_agencies_end_with_neutral_words_and_are_told_no_reason(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    agency_ids = [row.agency_id for row in case.assignments]
    take_out(world, case)
    assert {(row.end_reason, row.end_words) for row in case.assignments} == {("quarantined", "Hồ sơ được xử lý theo thủ tục riêng.")}
    for agency_id in agency_ids:
        query = select(OutboxMessage).where(OutboxMessage.recipient == f"desk:officer@a{agency_id}", OutboxMessage.dropped_at.is_(None))
        assert [(row.template, row.parameters) for row in db.session.scalars(query)] == [("work_ended", {"code": case.code})]


def test_confidential_readers_are_told_and_reporters_only_that_it_is_handled_apart(world: build.World) -> None:
    case = build.case_at(world, "rating")
    take_out(world, case)
    desk = f"confidential_reader@c{case.centre_id}"
    assert joined.told_desk(desk) == ["case_quarantined"]
    valid = select(OutboxMessage.template).where(OutboxMessage.dropped_at.is_(None), OutboxMessage.recipient.startswith("reporter:"))
    assert list(db.session.scalars(valid)) == ["report_handled_apart"]


def test_no_message_from_before_reaches_anybody(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        sent = db.session.scalars(select(OutboxMessage).where(OutboxMessage.case_id == case.id)).first()
        assert sent is not None
        sent.sent_at, sent_id = build.NOON, sent.id
    take_out(world, case)
    left = list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.created_at < NOW)))
    assert {row.dropped_at for row in left if row.id != sent_id} == {NOW}
    assert [row.dropped_at for row in left if row.id == sent_id] == [None], "what was sent was not dropped"
    assert all(row.parameters == {} for row in left)


def test_no_reason_stands_in_the_history_which_is_emptied(world: build.World) -> None:
    case = build.case_at(world, "rating")
    take_out(world, case)
    events = list(db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.seq)))
    assert events[-1].type == "quarantine"
    assert all(event.payload is None and event.salt is None for event in events)


def test_the_reason_is_for_confidential_readers_and_goes_with_the_rest(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    take_out(world, case)
    reader = world.actor("confidential_reader", NOW)
    assert quarantine_reason(case, by=reader) == REASON
    for name in ("operator", "ops_lead", "administrator", "citizen"):
        with pytest.raises(NotAllowed):
            quarantine_reason(case, by=world.actor(name, NOW))
    give_away(world, case)
    assert quarantine_reason(case, by=reader) is None


def test_what_was_published_is_taken_back(world: build.World) -> None:
    case = build.case_at(world, "rating")
    code = case.code
    assert public_cases.public_case(code) is not None
    take_out(world, case)
    assert public_cases.public_case(code) is None
    assert public_cases.code_of_case(code) is None
    assert db.session.scalars(select(Publication.unpublished_at)).all() == [NOW]
    assert public_cases.newest_published() == []


def test_it_counts_as_one_whatever_was_merged_into_it(world: build.World) -> None:
    case, other = build.case_at(world, "handling"), build.case_at(world, "handling", by="citizen_2", agencies=2)
    joined.merge(world, other, case)
    take_out(world, case)
    assert db.session.scalar(select(func.count()).where(Case.state == "quarantined")) == 1
    assert other.quarantined_at == NOW
    assert other.title is None
    assert db.session.scalar(select(func.count()).select_from(SearchRow)) == 0


def test_for_everybody_else_it_is_as_if_it_were_not_there(world: build.World) -> None:
    case, other = build.case_at(world, "handling"), build.case_at(world, "to_verify", by="citizen_2")
    joined.merge(world, other, case)
    take_out(world, case)
    for ref in (case.ref, other.ref):
        for name in ("guest", "citizen", "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator",
                     "inspector"):
            assert case_seen_by(world.actor(name, NOW), ref) is None, name
        assert case_seen_by(world.actor("confidential_reader", NOW), ref) is not None


def test_its_reporter_keeps_the_receipt_and_no_more(world: build.World) -> None:
    case = build.case_at(world, "handling")
    report = case.main_report
    take_out(world, case)
    told = own_report(report, now=NOW)
    assert (told.words, told.place, told.clock, told.publication, told.steps) == (None, None, None, None, ())
    assert own_list([report])[0].words is None
    assert report_owned_by(world.actor("citizen", NOW), report.code) is not None
    give_away(world, case)
    assert report_owned_by(world.actor("citizen", LATER), report.code) is None, "nothing leads from the report to a person any more"
    assert own_report(report, now=LATER).words is None


# -- who may, and what is refused ---------------------------------------------------------------------------------------


def test_an_agency_presses_its_button_while_it_has_the_case(world: build.World) -> None:
    for name in ("officer_PTNMT", "leader_PTNMT"):
        case = build.case_at(world, "handling", by="guest")
        take_out(world, case, by=name)
        assert case.state == "quarantined"


@on_sqlite
@pytest.mark.parametrize("name", ["officer_HKL", "committee_leader", "administrator", "confidential_reader", "citizen", "guest"])
def test_nobody_else_takes_a_case_out(world: build.World, name: str) -> None:
    case = build.case_at(world, "handling")
    with pytest.raises(NotAllowed):
        take_out(world, case, by=name)


@on_sqlite
def test_an_agency_that_is_done_with_it_does_not(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    with pytest.raises(NotAllowed):
        take_out(world, case, by="officer_PTNMT")


@on_sqlite
def test_a_reason_is_needed_and_once_is_enough(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    with pytest.raises(QuarantineRefused, match="reason"):
        take_out(world, case, reason=" ")
    take_out(world, case)
    with pytest.raises(QuarantineRefused, match="already"):
        take_out(world, case)


def test_a_merged_case_goes_with_its_main(world: build.World) -> None:
    case, other = build.case_at(world, "handling"), build.case_at(world, "to_verify", by="citizen_2")
    joined.merge(world, other, case)
    with pytest.raises(QuarantineRefused, match="main case"):
        take_out(world, other)


def test_only_a_confidential_reader_erases_the_content_and_once(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    with pytest.raises(ContentHandOverRefused, match="not one to be handed over"):
        give_away(world, case)
    take_out(world, case)
    for name in ("operator", "ops_lead", "administrator", "committee_leader", "guest"):
        with pytest.raises(NotAllowed):
            give_away(world, case, by=name)
    with pytest.raises(ContentHandOverRefused, match="receipt"):
        give_away(world, case, receipt="")
    assert handed_over_at(case) is None
    give_away(world, case)
    assert handed_over_at(case) == LATER
    assert hand_over_receipt(case, by=world.actor("confidential_reader", LATER)) == RECEIPT
    with pytest.raises(ContentHandOverRefused, match="already"):
        give_away(world, case)


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_their_readers_have_a_list_of_them_and_nobody_else_not_even_their_number(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (build.case_at(world, "to_classify", by=by) for by in ("citizen", "citizen_2", "guest"))
    build.act(world, third, "merge", "operator", into=second)
    take_out(world, first)
    set_columns(first, quarantined_at=NOW - timedelta(hours=1))
    take_out(world, second)
    elsewhere = second_world(world)
    take_out(elsewhere, build.file_report(elsewhere).case)
    reader = world.actor("confidential_reader", NOW)
    rows = quarantined_cases(by=reader).rows
    assert [(each.case.code, each.handed_over_at) for each in rows] == [(second.code, None), (first.code, None)]
    assert count_to_hand_over(by=reader) == 2, "what was merged goes with its main case"
    give_away(world, second)
    monkeypatch.setattr(quarantined_list, "PAGE", 1)
    page = quarantined_cases(by=reader)
    assert ([(each.case.code, each.handed_over_at) for each in page.rows], page.after) == ([(second.code, LATER)], second.id)
    assert [each.case.code for each in quarantined_cases(by=reader, after=page.after).rows] == [first.code]
    assert count_to_hand_over(by=reader) == 1
    for name in ("operator", "ops_lead", "administrator", "committee_leader", "officer_PTNMT", "inspector"):
        assert count_to_hand_over(by=world.actor(name, NOW)) == 0
        with pytest.raises(NotAllowed):
            quarantined_cases(by=world.actor(name, NOW))
