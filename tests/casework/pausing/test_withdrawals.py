"""A reporter takes the report back: at once, or as a request the centre decides."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.merging import merge as merging
from casework.models import Case, Report, SearchRow, Withdrawal
from casework.pausing import holds, questions, referrals, withdrawals
from casework.pausing.withdrawals import WithdrawalRefused
from casework.permissions import Actor, NotAllowed
from casework.triage import refusals
from tests import build
from tests.build import NOON, World
from tests.casework.acting import events, guest_of, local, payload, run, running, told

LATER = NOON + timedelta(hours=2)


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def withdraw(world: World, case: Case, *, by: Actor | None = None, report: Report | None = None, **arguments: Any) -> None:
    run(withdrawals.withdraw_report, case, by or world.actor("citizen"), report=report or case.main_report, **arguments)


def decide(world: World, case: Case, *, granted: bool, words: str = "Nguy hiểm cho người qua lại.", **arguments: Any) -> Any:
    by = world.actor(arguments.pop("by", "operator"))
    return run(withdrawals.decide_withdrawal, case, by, granted=granted, words=words, **arguments)


def two_reports(world: World, state: str = "to_classify") -> tuple[Case, Report]:
    """A case that answers two people, and the report that joined it."""
    case = build.case_at(world, state)
    other = build.file_report(world, by="citizen_2")
    run(merging.merge, other.case, world.actor("operator"), into=case)
    return case, other.report


def test_before_acceptance_the_report_is_withdrawn_at_once(world: World) -> None:
    case = build.case_at(world, "to_verify")
    withdraw(world, case, reason="Tôi ghi nhầm nơi.", now=LATER)
    assert (case.state, case.closed_at, case.withdrawal_asked) == ("withdrawn", LATER, False)
    assert running(case) == []
    assert case.main_report.code == case.code, "its sender still finds it"
    assert told("report_withdrawn") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("report_left") == [f"desk:operator@c{world.centre.id}"]
    assert payload(case) == {"report": case.code, "at_once": True}
    row = db.session.query(Withdrawal).one()
    assert withdrawals.withdrawal_reason(row) == "Tôi ghi nhầm nơi."
    assert "ghi nhầm".encode() not in (row.sealed_reason or b"")
    assert row.granted is True


def test_also_while_the_centre_waits_for_an_answer(small: World) -> None:
    case = build.case_at(small, "to_verify")
    run(questions.ask_reporter, case, small.actor("operator"), report=case.main_report, words="Ở đâu?", when_unanswered="close")
    withdraw(small, case, now=LATER)
    assert (case.state, case.standstill, questions.open_question(case)) == ("withdrawn", None, None)


@pytest.mark.parametrize("state", ["to_classify", "at_agency", "handling", "to_publish"])
def test_after_acceptance_it_is_a_request(world: World, state: str) -> None:
    case = build.case_at(world, state)
    withdraw(world, case)
    assert (case.state, case.withdrawal_asked) == (state, True)
    assert told("withdrawal_to_decide") == [f"desk:operator@c{world.centre.id}"]
    assert told("withdrawal_received") == [f"reporter:{case.main_report.reporter_id}"]
    with pytest.raises(WithdrawalRefused, match="considering"):
        withdraw(world, case)


def test_granted_it_ends_the_case_and_the_work_of_its_agencies(world: World) -> None:
    case = build.case_at(world, "handling")
    withdraw(world, case)
    assert decide(world, case, granted=True, words="", now=LATER) == {"outcome": "granted"}
    assert (case.state, case.closed_at, case.withdrawal_asked) == ("withdrawn", LATER, False)
    assert running(case) == []
    assert [(row.state, row.end_reason) for row in case.assignments] == [("removed", "closed")]
    assert told("report_withdrawn") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("work_ended") == [f"desk:officer@a{world.agencies['PTNMT'].id}"]
    assert payload(case) == {"report": case.code, "granted": True}


def test_for_the_safety_of_the_public_the_work_goes_on(small: World) -> None:
    case = build.case_at(small, "handling")
    withdraw(small, case)
    with pytest.raises(WithdrawalRefused, match="explain"):
        decide(small, case, granted=False, words=" ")
    assert decide(small, case, granted=False) == {"outcome": "kept"}
    assert (case.state, case.withdrawal_asked) == ("handling", False)
    assert db.session.query(Withdrawal).one().decision_words == "Nguy hiểm cho người qua lại."
    assert told("withdrawal_kept") == [f"reporter:{case.main_report.reporter_id}"]
    with pytest.raises(WithdrawalRefused, match="No request"):
        decide(small, case, granted=True)


def test_a_case_that_stands_still_may_be_withdrawn(small: World) -> None:
    case = build.case_at(small, "handling")
    run(holds.hold, case, small.actor("ops_lead"), reason="Chờ đo.", until=local(6, 3).date())
    withdraw(small, case)
    decide(small, case, granted=True, now=LATER)
    assert (case.state, case.standstill, case.held_reason, case.paused_until) == ("withdrawn", None, None, None)
    assert holds.holds_of(case)[0].ended_at == LATER


def test_a_request_nobody_decided_is_overtaken_by_the_end_of_the_case(small: World) -> None:
    case = build.case_at(small, "to_classify")
    withdraw(small, case)
    run(referrals.refer, case, small.actor("operator"), body="Công ty Điện lực", reason="Thuộc công ty.")
    run(referrals.close_referral, case, small.actor("operator"), result="Đã xong.", now=LATER)
    row = db.session.query(Withdrawal).one()
    assert (case.withdrawal_asked, row.granted, row.decided_at) == (False, None, LATER)


def test_only_the_operations_team_decides(small: World) -> None:
    case = build.case_at(small, "handling")
    withdraw(small, case)
    with pytest.raises(NotAllowed):
        decide(small, case, granted=True, by="leader_PTNMT")


def test_nobody_withdraws_somebody_else_s_report(small: World) -> None:
    case = build.case_at(small, "to_verify")
    for stranger in ("citizen_2", "operator", "guest"):
        with pytest.raises(NotAllowed):
            withdraw(small, case, by=small.actor(stranger))
    withdraw(small, case, by=guest_of(case.main_report))


def test_what_is_answered_or_ended_is_not_withdrawn(small: World) -> None:
    answered, refused = build.case_at(small, "rating"), build.case_at(small, "to_verify")
    run(refusals.refuse, refused, small.actor("operator"), reason=small.refusal_reason(), words="Chưa rõ.")
    for case in (answered, refused):
        with pytest.raises(WithdrawalRefused, match="no longer"):
            withdraw(small, case)


def test_a_reason_has_a_readable_length(small: World) -> None:
    case = build.case_at(small, "to_verify")
    with pytest.raises(WithdrawalRefused, match="2000 characters"):
        withdraw(small, case, reason="x" * 2001)


# -- one of several -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["to_classify", "handling"])
def test_one_of_several_leaves_and_the_case_goes_on(world: World, state: str) -> None:
    case, joined = two_reports(world, state)
    code = case.code
    withdraw(world, case, by=world.actor("citizen_2"), report=joined, now=LATER)
    assert (case.state, case.code, case.withdrawal_asked) == (state, code, False)
    assert [link.report_id for link in case.reports if link.left_at is None] == [case.main_report.id]
    assert told("report_withdrawn") == [f"reporter:{joined.reporter_id}"]
    with pytest.raises(NotAllowed):
        withdraw(world, case, by=world.actor("citizen_2"), report=joined)


def test_the_form_sent_again_after_its_report_left_still_gets_its_receipt(small: World) -> None:
    case = build.case_at(small, "to_classify")
    key = "one-and-the-same-key-000"
    first = build.file_report(small, by="citizen_2", idempotency_key=key)
    run(merging.merge, first.case, small.actor("operator"), into=case)
    withdraw(small, case, by=small.actor("citizen_2"), report=first.report, now=LATER)
    again = build.file_report(small, by="citizen_2", idempotency_key=key)
    assert (again.is_repeat, again.report.code, again.secret, again.case.id) == (True, first.report.code, first.secret, case.id)


def test_when_the_main_report_leaves_the_case_shows_the_code_of_another(world: World) -> None:
    case, joined = two_reports(world)
    old, merged_id = case.code, db.session.scalars(select(Case.id).where(Case.id != case.id)).one()
    withdraw(world, case, now=LATER)
    assert (case.code, case.main_report.id) == (joined.code, joined.id)
    assert db.session.get_one(Case, merged_id).code == old
    codes = set(db.session.scalars(select(SearchRow.code).where(SearchRow.case_id == case.id)))
    assert codes == {joined.code}
    words = " ".join(db.session.scalars(select(SearchRow.exact_words).where(SearchRow.case_id == case.id)))
    assert joined.code in words
    assert old not in words


def test_a_question_to_who_left_waits_no_longer(small: World) -> None:
    case, joined = two_reports(small)
    run(questions.ask_reporter, case, small.actor("operator"), report=joined, words="Ở đâu?", when_unanswered="continue")
    withdraw(small, case, by=small.actor("citizen_2"), report=joined, now=LATER)
    assert (case.state, case.standstill, questions.open_question(case)) == ("to_classify", None, None)
    assert events(case)[-2:] == ["ask_reporter", "withdraw_report"]


def test_a_question_to_who_stayed_still_waits(small: World) -> None:
    case, joined = two_reports(small)
    run(questions.ask_reporter, case, small.actor("operator"), report=case.main_report, words="Ở đâu?", when_unanswered="continue")
    withdraw(small, case, by=small.actor("citizen_2"), report=joined, now=LATER)
    assert case.standstill == "question"


def test_a_request_of_before_a_merge_lets_its_sender_leave(small: World) -> None:
    case = build.case_at(small, "to_classify")
    withdraw(small, case)
    other = build.file_report(small, by="citizen_2")
    run(merging.merge, other.case, small.actor("operator"), into=case)
    assert decide(small, case, granted=True, now=LATER) == {"outcome": "granted"}
    assert (case.state, case.code) == ("to_classify", other.report.code)
