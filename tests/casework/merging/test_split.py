"""Splitting: what a merge took away comes back as it was, and nothing of the main case is lost."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from casework.assignments import reassignment
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.merging.merge import SplitRefused, reports_merged_in, split
from casework.merging.split import SplitInput
from casework.models import (
    Addition,
    Case,
    Clock,
    Field,
    Follower,
    Note,
    Publication,
    Question,
    Report,
    ReportText,
    SearchRow,
    VisibilityReason,
    Withdrawal,
)
from casework.pausing import questions, withdrawals
from casework.permissions import NotAllowed
from casework.sealing.seal import seal_text
from casework.triage import reclassification
from casework.verification.cases import check_cases
from tests import build
from tests import merged as joined
from tests.casework.acting import guest_of, run
from tests.conftest import on_sqlite

LATER = build.NOON + timedelta(hours=1)
MUCH_LATER = build.NOON + timedelta(days=3)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def set_columns(case: Case, **values: object) -> None:
    with unit_of_work():
        db.session.execute(update(Case).where(Case.id == case.id).values(**values))


def hidden(world: build.World, number: int = 0, **report: object) -> Case:
    """A classified case that must not be made public, for the first, second … reason of the list."""
    case = build.case_at(world, "to_distribute", **report)  # type: ignore[arg-type]
    reasons = list(db.session.scalars(db.select(VisibilityReason).order_by(VisibilityReason.id)))
    set_columns(case, visibility_reason_id=reasons[number].id)
    return case


def classify_anew(world: build.World, case: Case) -> None:
    """The operator says of a case what it was, and that it is complex."""
    moment = build.next_moment(case)
    run(reclassification.reclassify, case, world.actor("operator", moment), now=moment, field=db.session.get_one(Field, case.field_id),
        urgency=case.urgency, complexity="complex", area=case.area, village=case.village, visibility_reason=case.visibility_reason,
        reason="Hai việc trong một hồ sơ.")  # fmt: skip


def facts(case: Case) -> dict[str, object]:
    """All of a case that a split must restore."""
    return {
        "state": case.state, "code": case.code, "due": case.due_at, "clocks": joined.running(case), "closed": case.closed_at,
        "reports": [(link.report_id, link.is_main) for link in case.reports if link.left_at is None], "main": case.merged_into_id,
        "agencies": [(row.id, row.slot, row.round, row.state, row.due_at) for row in case.assignments], "public": case.is_public,
        "lead": case.lead_agency_id, "hidden": case.visibility_reason_id, "hotline": case.hotline_owed, "unread": case.has_unread_words,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "main"),
    [("to_verify", "to_verify"), ("to_classify", "to_verify"), ("to_distribute", "to_distribute"), ("at_agency", "handling"),
     ("handling", "approval"), ("approval", "handling"), ("to_publish", "handling"), ("to_verify", "rating"), ("to_publish", "rating")],
)  # fmt: skip
def test_a_case_comes_back_as_it_was(world: build.World, source: str, main: str) -> None:
    # of one agency each that the other has not, so that all that is open can move and come back
    into = build.case_at(world, main)
    case = build.case_at(world, source, by="citizen_2", now=LATER)
    if case.open_assignments:
        with unit_of_work():
            locked = lock_case(case.id)
            locked.open_assignments[0].agency_id = locked.lead_agency_id = world.agencies["HKL"].id
    before, main_before = facts(case), facts(into)
    report = case.main_report
    joined.merge(world, case, into)
    joined.split(world, into, report, now=MUCH_LATER)
    assert facts(case) == before
    after = facts(into)
    assert after["reports"] == main_before["reports"]
    assert (after["code"], after["state"]) == (main_before["code"], main_before["state"])
    assert joined.told(report)[-1] == "report_split"


def test_the_limits_run_on_as_if_nothing_had_been_between(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "to_distribute", by="citizen_2", now=LATER)
    report = case.main_report
    joined.merge(world, case, into)
    joined.split(world, into, report, now=build.NOON + timedelta(days=30))
    clock = db.session.scalars(db.select(Clock).where(Clock.case_id == case.id, Clock.kind == "case")).one()
    assert (clock.ended_at, clock.ended_late, clock.due_at) == (None, None, case.due_at)
    assert clock.remind_at is not None
    assert case.is_late(build.NOON + timedelta(days=30))


def test_the_main_case_keeps_the_day_it_has_promised(world: build.World) -> None:
    early = build.case_at(world, "handling")
    late = build.case_at(world, "handling", by="citizen_2", now=build.NOON + timedelta(days=2))
    report, due = early.main_report, early.due_at
    joined.merge(world, early, late)
    joined.split(world, late, report)
    assert late.due_at == due


def test_several_reports_of_one_case_come_back_together_and_a_merge_before_is_there_again(world: build.World) -> None:
    first = build.file_report(world).case
    second = build.file_report(world, by="citizen_2").case
    third = build.file_report(world, by="guest").case
    reports = [first.main_report, second.main_report]
    joined.merge(world, first, second)
    joined.merge(world, second, third)
    joined.split(world, third, reports[0])
    assert (second.state, second.merged_into_id, first.merged_into_id) == ("to_verify", None, second.id)
    assert {link.report_id for link in second.reports if link.left_at is None} == {report.id for report in reports}
    assert second.main_report.id == reports[1].id
    joined.split(world, second, reports[0])
    assert (first.state, first.merged_into_id) == ("to_verify", None)
    assert first.main_report.id == reports[0].id
    assert [link.report_id for link in third.reports if link.left_at is None] == [third.main_report.id]


def test_only_what_came_by_a_merge_is_offered(world: build.World) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = case.main_report
    assert reports_merged_in(into) == []
    joined.merge(world, case, into)
    assert reports_merged_in(into) == [report]
    joined.split(world, into, report)
    assert reports_merged_in(into) == []


def test_it_can_be_merged_and_split_again(world: build.World) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = case.main_report
    for _ in range(2):
        joined.merge(world, case, into)
        joined.split(world, into, report)
    assert case.state == "to_verify"
    assert len(case.reports) == 1
    assert [link.left_at is None for link in into.reports] == [True, False, False]


def test_an_agency_that_ended_with_the_merge_stays_ended(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "handling", by="citizen_2", now=LATER)
    report = case.main_report
    joined.merge(world, case, into)
    joined.split(world, into, report)
    assert (case.state, case.open_assignments) == ("to_distribute", [])
    assert [row.end_reason for row in case.assignments] == ["merged"]
    assert case.lead_agency_id is None, "it would be reminded of work it no longer has"
    assert into.lead_agency_id == world.agencies["PTNMT"].id


def test_work_done_meanwhile_stays_with_the_main_case(world: build.World) -> None:
    into = build.case_at(world, "handling", now=build.NOON)
    case = build.case_at(world, "handling", agencies=2, by="citizen_2", now=LATER)
    report, moved = case.main_report, joined.assignment_of(case, "UBND-LAT")
    joined.merge(world, case, into)
    with unit_of_work():
        row = next(each for each in lock_case(into.id).assignments if each.id == moved.id)
        row.state, row.ended_at, row.end_reason, row.approved_at = "approved", MUCH_LATER, "approved", MUCH_LATER
        for clock in db.session.scalars(db.select(Clock).where(Clock.assignment_id == row.id, Clock.ended_at.is_(None))):
            clock.ended_at = MUCH_LATER
    result = joined.split(world, into, report, now=MUCH_LATER)
    assert result == {"source": case.id, "moved": []}
    assert moved.case_id == into.id


def test_an_agency_that_leads_the_main_case_meanwhile_takes_its_own_lead_back(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "at_agency", by="citizen_2", now=LATER)
    hkl = world.agencies["HKL"]
    with unit_of_work():
        locked = lock_case(case.id)
        locked.open_assignments[0].agency_id = locked.lead_agency_id = hkl.id
    report = case.main_report
    joined.merge(world, case, into)
    assert case.lead_agency_id is None
    moment = build.next_moment(into)
    run(reassignment.change_lead, into, world.actor("operator", moment), now=moment, agency=hkl)
    joined.split(world, into, report)
    assert (case.lead_agency_id, [(row.agency_id, row.slot) for row in case.open_assignments]) == (hkl.id, [(hkl.id, "lead")])
    assert into.lead_agency_id is None, "somebody is to be named anew"


def test_a_main_case_left_with_finished_agencies_waits_to_be_published(world: build.World) -> None:
    into = build.case_at(world, "approval")
    case = build.case_at(world, "handling", agencies=2, by="citizen_2", now=LATER)
    report = case.main_report
    joined.merge(world, case, into)
    with unit_of_work():
        row = next(each for each in lock_case(into.id).assignments if each.state == "submitted")
        row.state, row.ended_at, row.end_reason, row.approved_at = "approved", MUCH_LATER, "approved", MUCH_LATER
    joined.split(world, into, report, now=MUCH_LATER)
    assert into.state == "to_publish"
    assert ("publication", None) in joined.running(into)


@pytest.mark.exhaustive
def test_notes_and_what_reporters_wrote_go_back(world: build.World) -> None:
    into = build.case_at(world, "handling")
    case = build.case_at(world, "handling", agencies=2, by="citizen_2", now=LATER)
    report, moved = case.main_report, joined.assignment_of(case, "UBND-LAT")
    joined.merge(world, case, into)
    with unit_of_work():
        db.session.add(Note(case_id=into.id, assignment_id=moved.id, audience="agency", body="Đã gọi.", written_by_id=1, written_at=LATER))
        db.session.add(Addition(case_id=into.id, report_id=report.id, sealed_words=seal_text("Nhầm chỗ.", purpose="addition to a report"),
                                written_at=LATER))
        lock_case(into.id).has_unread_words = True
    joined.split(world, into, report, now=MUCH_LATER)
    assert db.session.scalars(db.select(Note.case_id).where(Note.assignment_id == moved.id)).all() == [case.id]
    assert (case.has_unread_words, into.has_unread_words) == (True, False)


def test_what_was_asked_and_answered_goes_with_the_report_both_ways(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "to_distribute", by="citizen_2", now=LATER)
    report = case.main_report
    asking, sender = {"words": "Ở đoạn nào?", "when_unanswered": "continue"}, guest_of(report)

    def ask_and_wish(at_work: Case) -> None:
        moment = build.next_moment(at_work)
        run(questions.ask_reporter, at_work, world.actor("operator", moment), now=moment, report=report, **asking)
        run(questions.answer_question, at_work, sender, now=moment, report=report, words="Sau chợ.")

    ask_and_wish(case)
    run(withdrawals.withdraw_report, case, sender, now=LATER, report=report, reason="Nhầm.")
    run(withdrawals.decide_withdrawal, case, world.actor("operator", LATER), now=LATER, granted=False, words="Còn nguy hiểm.")
    joined.merge(world, case, into)

    def owners() -> set[int]:
        return {row.case_id for table in (Question, Withdrawal) for row in db.session.scalars(db.select(table))}

    assert owners() == {into.id}
    ask_and_wish(into)
    joined.split(world, into, report)
    assert owners() == {case.id}


def test_a_reason_not_to_publish_leaves_with_the_case_that_brought_it(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), hidden(world, by="citizen_2", now=LATER)
    report, reason = case.main_report, case.visibility_reason_id
    joined.merge(world, case, into)
    assert into.visibility_reason_id == reason
    joined.split(world, into, report)
    assert (into.visibility_reason_id, case.visibility_reason_id) == (None, reason)


@pytest.mark.parametrize("number", [0, 1], ids=["for the same reason", "for another"])
def test_the_reason_stays_as_long_as_a_report_is_there_that_has_it(world: build.World, number: int) -> None:
    into = build.case_at(world, "handling")
    first, second = hidden(world, by="citizen_2", now=LATER), hidden(world, number, by="guest", now=LATER)
    reports = [first.main_report, second.main_report]
    joined.merge(world, first, into)
    joined.merge(world, second, into)
    joined.split(world, into, reports[0])
    assert into.visibility_reason_id == second.visibility_reason_id
    joined.split(world, into, reports[1])
    assert into.visibility_reason_id is None


def test_a_reason_of_the_main_cases_own_stays(world: build.World) -> None:
    into, case = hidden(world), hidden(world, by="citizen_2", now=LATER)
    report, reason = case.main_report, into.visibility_reason_id
    joined.merge(world, case, into)
    joined.split(world, into, report)
    assert into.visibility_reason_id == reason


def test_a_reason_the_operator_has_confirmed_since_stays(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), hidden(world, by="citizen_2", now=LATER)
    report, reason = case.main_report, case.visibility_reason_id
    joined.merge(world, case, into)
    classify_anew(world, into)
    joined.split(world, into, report)
    assert into.visibility_reason_id == reason


def test_a_published_case_is_shown_again_and_its_followers_are_back(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "rating", by="citizen_2", now=LATER)
    account = world.people["citizen"].id
    set_columns(case, state="to_distribute", reopened=1, answered_at=None)
    with unit_of_work():
        db.session.add(Follower(case_id=case.id, account_id=account, since=LATER))
    report = case.main_report
    joined.merge(world, case, into)
    joined.split(world, into, report)
    assert case.is_public
    assert db.session.scalars(db.select(Publication.unpublished_at).where(Publication.case_id == case.id)).one() is None
    assert joined.following(case) == joined.following(into) == {account}
    audiences = set(db.session.scalars(db.select(SearchRow.audience).where(SearchRow.case_id == case.id)))
    assert audiences == {"centre", "agencies", "public"}


def test_a_case_whose_own_report_has_gone_shows_the_code_of_one_that_is_left(world: build.World) -> None:
    first = build.file_report(world).case
    second = build.file_report(world, by="citizen_2").case
    third = build.file_report(world, by="guest").case
    reports = [first.main_report, second.main_report]
    joined.merge(world, first, second)
    joined.merge(world, second, third)
    with unit_of_work():
        next(link for link in lock_case(third.id).reports if link.report_id == reports[1].id).left_at = LATER
    joined.split(world, third, reports[0])
    assert (second.code, second.main_report.id) == (reports[0].code, reports[0].id)
    assert first.code == reports[1].code
    assert {row.code for row in db.session.scalars(db.select(SearchRow).where(SearchRow.case_id == second.id))} == {reports[0].code}


def test_the_rows_agree_afterwards(world: build.World) -> None:
    into = build.case_at(world, "handling")
    case = build.case_at(world, "handling", agencies=3, by="citizen_2", now=LATER)
    report = case.main_report
    joined.merge(world, case, into)
    joined.split(world, into, report)
    assert [str(finding) for finding in check_cases(now=LATER)] == []


# -- what is refused ----------------------------------------------------------------------------------------------------


def test_the_main_case_is_found_no_more_by_the_words_of_a_report_that_left(world: build.World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "handling", by="citizen_2", now=LATER)
    report = case.main_report
    with unit_of_work():
        cleared = update(ReportText).where(ReportText.report_id == report.id, ReportText.kind == "cleared")
        db.session.execute(cleared.values(body="Cá chết trắng hồ Dankia."))

    def words() -> str:
        return " ".join(db.session.scalars(db.select(SearchRow.words).where(SearchRow.case_id == into.id)))

    joined.merge(world, case, into)
    assert "dankia" in words()
    joined.split(world, into, report)
    assert "dankia" not in words()


@on_sqlite
def test_only_operations_split(world: build.World) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = case.main_report
    joined.merge(world, case, into)
    for name in ("officer_PTNMT", "committee_leader", "guest"):
        with pytest.raises(NotAllowed):
            joined.split(world, into, report, by=name)


@on_sqlite
def test_a_reason_is_needed(world: build.World) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report_id, actor = case.main_report.id, world.actor("operator")
    joined.merge(world, case, into)
    with pytest.raises(SplitRefused, match="reason"), unit_of_work():
        split(lock_case(into.id), SplitInput(report=db.session.get_one(Report, report_id), reason=" "), by=actor, now=LATER)


@on_sqlite
def test_the_main_cases_own_report_stays(world: build.World) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    joined.merge(world, case, into)
    with pytest.raises(SplitRefused, match="by a merge"):
        joined.split(world, into, into.main_report)


@on_sqlite
@pytest.mark.parametrize(
    "values",
    [{"state": "closed"}, {"state": "withdrawn"}, {"state": "refused"}, {"paused_for": "hold"}, {"quarantined_at": LATER},
     {"withdrawal_asked": True}],
)  # fmt: skip
def test_nothing_is_split_off_a_case_that_has_ended_or_stands_still(world: build.World, values: dict[str, object]) -> None:
    into, case = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = case.main_report
    joined.merge(world, case, into)
    set_columns(into, **values)
    with pytest.raises(SplitRefused):
        joined.split(world, into, report)
