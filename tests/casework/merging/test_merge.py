"""Merging: who answers what afterwards, which limits hold, and which two cases cannot be joined."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from casework.assignments.due_previews import case_limits
from casework.cases import CaseNotOpen, lock_case
from casework.db import db, unit_of_work
from casework.findings import Finding
from casework.merging.merge import MergeRefused
from casework.models import Addition, Answer, Case, Clock, Event, Follower, Note, OutboxMessage, Publication, SearchRow, VisibilityReason
from casework.permissions import NotAllowed
from casework.sealing.seal import seal_text
from casework.verification.cases import check_cases
from tests import build
from tests import merged as joined
from tests.casework.acting import local
from tests.conftest import on_sqlite
from tests.with_photos import pictured_case
from workflows.verification import check_process

LATER = build.NOON + timedelta(hours=1)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def pair(world: build.World, source: str, main: str, **arguments: int) -> tuple[Case, Case]:
    """A case to be merged, filed an hour later by somebody else, and the one it goes into."""
    into = build.case_at(world, main, **arguments)
    return build.case_at(world, source, by="citizen_2", now=LATER, words="Rác ở suối vẫn chưa ai dọn."), into


def faults(case: Case) -> list[Finding]:
    """What the rows and the process of all cases say against each other, a little after the last thing that happened in this one."""
    return [found for found in (*check_cases(now=build.next_moment(case)), *check_process()) if found.is_fault]


def set_columns(case: Case, **values: object) -> None:
    with unit_of_work():
        db.session.execute(update(Case).where(Case.id == case.id).values(**values))


# -- what a merge does --------------------------------------------------------------------------------------------------


def test_the_reports_are_answered_by_the_main_case(world: build.World) -> None:
    case, into = pair(world, "to_verify", "handling")
    report = case.main_report
    result = joined.merge(world, case, into)
    assert result == {"into": into.id, "moved": []}
    assert (case.state, case.state_before, case.merged_into_id, case.is_public) == ("merged", "to_verify", into.id, False)
    assert case.closed_at is not None
    assert [(link.report_id, link.is_main) for link in into.reports if link.left_at is None] == [
        (into.main_report.id, True), (report.id, False)]
    assert all(link.left_at is not None for link in case.reports)
    assert joined.running(case) == {}
    assert joined.told(report)[-1] == "report_merged"


def test_both_histories_tell_of_it_without_words(world: build.World) -> None:
    case, into = pair(world, "at_agency", "handling")
    joined.merge(world, case, into, reason="Cùng một bãi rác.")
    for each in (case, into):
        event = db.session.scalars(db.select(Event).where(Event.case_id == each.id).order_by(Event.seq.desc())).first()
        assert event is not None
        assert event.type == "merge"
        assert "bãi rác" not in str(event.payload)
    assert [note.body for note in db.session.scalars(db.select(Note))] == ["Cùng một bãi rác."]


def test_a_merged_case_leads_to_its_main(world: build.World) -> None:
    first, second = pair(world, "to_verify", "to_verify")
    third = build.case_at(world, "to_verify", by="guest", now=LATER)
    joined.merge(world, first, second)
    joined.merge(world, third, first)
    assert third.merged_into_id == second.id
    assert len([link for link in second.reports if link.left_at is None]) == 3


def test_what_was_merged_before_follows_to_the_new_main(world: build.World) -> None:
    first, second = pair(world, "to_verify", "to_verify")
    third = build.case_at(world, "handling", by="guest", now=LATER)
    joined.merge(world, first, second)
    joined.merge(world, second, third)
    assert first.merged_into_id == second.merged_into_id == third.id
    assert len([link for link in third.reports if link.left_at is None]) == 3


def test_the_earlier_due_wins_and_those_it_moves_are_told(world: build.World) -> None:
    early = build.case_at(world, "handling")
    late = build.case_at(world, "handling", by="citizen_2", now=build.NOON + timedelta(days=2))
    due, agency_due = early.due_at, early.open_assignments[0].due_at
    joined.merge(world, early, late)
    assert late.due_at == due
    assert joined.running(late)["case", None] == due
    assert [row.due_at for row in late.open_assignments] == [agency_due]
    assert joined.told(late.main_report)[-1] == "due_moved"
    assert "due_moved" not in joined.told(early.reports[0].report)


def test_a_later_due_changes_nothing_but_for_those_who_join(world: build.World) -> None:
    late = build.case_at(world, "to_distribute", by="citizen_2", now=build.NOON + timedelta(days=2))
    early = build.case_at(world, "handling")
    due = early.due_at
    joined.merge(world, late, early)
    assert early.due_at == due
    assert joined.told(late.reports[0].report)[-1] == "due_moved"
    assert "due_moved" not in joined.told(early.main_report)


def test_the_earlier_limit_of_acceptance_wins_too(world: build.World) -> None:
    calm = build.file_report(world).case
    hurried = build.file_report(world, by="citizen_2", marked_urgent=True).case
    due = joined.running(hurried)["acceptance", None]
    joined.merge(world, hurried, calm)
    assert joined.running(calm)["acceptance", None] == due


def test_reports_joined_before_anything_was_promised_count_from_the_first_that_was_filed(world: build.World) -> None:
    alone = build.case_at(world, "to_distribute")
    early = build.file_report(world).case
    late = build.file_report(world, by="citizen_2", now=build.NOON + timedelta(days=3)).case
    joined.merge(world, early, late)
    build.verify(world, late)
    shown = {limit.due_at for limit in case_limits(late, now=build.next_moment(late)) if limit.complexity == "ordinary"}
    build.classify(world, late)
    assert late.due_at == alone.due_at
    assert late.due_at in shown, "the operator saw it before"


@pytest.mark.parametrize(("is_owed", "expected"), [(True, True), (False, False)])
def test_the_more_urgent_wins_with_the_call_still_owed(world: build.World, is_owed: bool, expected: bool) -> None:
    urgent = build.case_at(world, "handling", by="citizen_2", urgent=True)
    into = build.case_at(world, "handling")
    set_columns(urgent, hotline_owed=is_owed)
    set_columns(into, hotline_owed=False)
    joined.merge(world, urgent, into)
    assert (into.urgency, into.hotline_owed) == ("urgent", expected)
    assert urgent.hotline_owed is False


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("days", [0, -4], ids=["due later", "due sooner"])
def test_the_more_urgent_makes_hours_count_whichever_is_due_first(world: build.World, days: int) -> None:
    into = build.case_at(world, "handling", now=build.NOON + timedelta(days=days - 3))
    urgent = build.case_at(world, "handling", by="citizen_2", urgent=True, now=build.NOON + timedelta(days=1))
    due = min(each for each in (into.due_at, urgent.due_at) if each)
    joined.merge(world, urgent, into)
    clock = db.session.scalars(db.select(Clock).where(Clock.case_id == into.id, Clock.kind == "case")).one()
    assert (clock.unit, clock.amount, clock.due_at, into.due_at) == ("hours", 24, due, due)
    assert clock.rule_id == db.session.scalars(db.select(Clock.rule_id).where(Clock.case_id == urgent.id, Clock.kind == "case")).one()
    assert not list(check_cases(now=build.next_moment(into)))


def test_what_is_owed_within_hours_is_owed_as_urgently_and_the_agencies_hear_of_it(world: build.World) -> None:
    into = build.case_at(world, "approval")
    urgent = build.case_at(world, "to_distribute", by="citizen_2", urgent=True, now=build.next_moment(into))
    merged_at = build.next_moment(urgent)
    joined.merge(world, urgent, into, now=merged_at)
    clock = db.session.scalars(db.select(Clock).where(Clock.case_id == into.id, Clock.kind == "approval")).one()
    assert clock.unit == "hours"
    assert clock.due_at is not None
    assert clock.due_at <= merged_at + timedelta(hours=1)
    told = db.session.scalars(db.select(OutboxMessage.template).where(OutboxMessage.case_id == into.id))
    assert "case_urgent" in set(told)


def test_an_urgent_case_stays_urgent(world: build.World) -> None:
    case, _ = pair(world, "to_distribute", "to_verify")
    into = build.case_at(world, "handling", urgent=True, by="guest")
    joined.merge(world, case, into)
    assert into.is_urgent


@pytest.mark.parametrize("times", [0, 2])
def test_how_often_the_main_case_was_reopened_stays_its_own(world: build.World, times: int) -> None:
    case, into = pair(world, "handling", "handling")
    for each, reopened in ((case, 1), (into, times)):
        set_columns(each, reopened=reopened)
        with unit_of_work():
            lock_case(each.id).open_assignments[0].round = reopened
    joined.merge(world, case, into)
    assert into.reopened == times


# -- agencies -----------------------------------------------------------------------------------------------------------


def two_agencies(world: build.World) -> tuple[Case, Case]:
    """A case with three agencies at work and a later one with only the first: two can move, and no limit comes nearer."""
    case = build.case_at(world, "handling", agencies=3, by="citizen_2")
    return case, build.case_at(world, "handling", agencies=1, now=build.NOON + timedelta(days=3))


def test_an_agency_the_main_case_has_not_goes_on_there_with_its_limits_and_notes(world: build.World) -> None:
    case, into = two_agencies(world)
    moving = joined.assignment_of(case, "HKL")
    due = joined.running(case)["assignment", moving.id]
    with unit_of_work():
        given = {"audience": "agency", "body": "Đang xem.", "written_by_id": 1, "written_at": LATER}
        db.session.add(Note(case_id=case.id, assignment_id=moving.id, **given))
    result = joined.merge(world, case, into)
    assert moving.id in result["moved"]
    assert len(result["moved"]) == 2
    assert (moving.case_id, moving.state, moving.slot, moving.is_open) == (into.id, "handling", "cooperating", True)
    assert joined.running(into)["assignment", moving.id] == due
    assert [note.case_id for note in db.session.scalars(db.select(Note))] == [into.id]
    assert joined.told_desk(f"officer@a{moving.agency_id}")[-1] == "assignment_moved"


def test_a_moved_agency_is_done_in_time_for_the_main_case(world: build.World) -> None:
    into = build.case_at(world, "handling", agencies=1)
    case = build.case_at(world, "handling", agencies=2, by="citizen_2", now=LATER)
    own = into.open_assignments[0].due_at
    joined.merge(world, case, into)
    assert {row.due_at for row in into.open_assignments} == {own}


def test_an_agency_the_main_case_has_open_ends_with_neutral_words(world: build.World) -> None:
    case, into = two_agencies(world)
    joined.merge(world, case, into)
    ended = joined.assignment_of(case, "PTNMT")
    assert (ended.state, ended.end_reason, ended.case_id) == ("removed", "merged", case.id)
    assert ended.end_words is not None
    assert into.code in ended.end_words
    assert joined.told_desk(f"officer@a{ended.agency_id}")[-1] == "work_ended"


@pytest.mark.parametrize("state", ["to_publish", "rating"])
def test_no_agency_moves_where_none_is_at_work(world: build.World, state: str) -> None:
    case, into = pair(world, "handling", state)
    result = joined.merge(world, case, into)
    assert result["moved"] == []
    assert [row.end_reason for row in case.assignments] == ["merged"]
    assert into.state == state


def test_an_agency_counts_in_the_round_of_the_main_case(world: build.World) -> None:
    case, into = two_agencies(world)
    set_columns(into, reopened=1)
    with unit_of_work():
        for row in lock_case(into.id).assignments:
            row.round = 1
    joined.merge(world, case, into)
    assert {row.round for row in into.open_assignments} == {1}


def test_the_state_of_the_main_case_follows_from_all_its_agencies(world: build.World) -> None:
    into = build.case_at(world, "approval", agencies=1)
    case = build.case_at(world, "handling", agencies=2, by="citizen_2", now=LATER)
    joined.merge(world, case, into)
    assert into.state == "handling"


# -- answered main cases ------------------------------------------------------------------------------------------------


def test_who_joins_an_answered_case_is_told_the_answer(world: build.World) -> None:
    case, into = pair(world, "to_verify", "rating")
    report = case.main_report
    assert joined.running(into) == {("rating", None): local(10, 3)}
    joined.merge(world, case, into, now=local(4, 3, 9))
    assert joined.told(report)[-2:] == ["report_merged", "report_published"]
    assert into.state == "rating"
    assert joined.running(into) == {("rating", None): local(12, 3)}, "they have the whole window to rate in"


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("main_is_urgent", "is_owed"), [(False, True), (True, False)])
def test_an_answered_case_takes_over_the_call_an_urgent_one_owes_unless_it_had_its_own(
    world: build.World, main_is_urgent: bool, is_owed: bool
) -> None:
    into = build.case_at(world, "rating", urgent=main_is_urgent)
    urgent = build.case_at(world, "to_distribute", by="citizen_2", urgent=True, now=build.next_moment(into))
    set_columns(into, hotline_owed=False)
    joined.merge(world, urgent, into)
    assert (into.state, into.hotline_owed, urgent.hotline_owed) == ("rating", is_owed, False)


def test_an_answered_case_that_took_over_a_call_closes_once_it_was_made(world: build.World) -> None:
    into = build.case_at(world, "rating")
    urgent = build.case_at(world, "to_distribute", by="citizen_2", urgent=True, now=build.next_moment(into))
    build.act(world, urgent, "merge", "operator", into=into)
    assert faults(into) == []
    build.end_rating_window(into)
    assert (into.closed_at, into.hotline_owed) == (None, True)
    build.do(world, into, "call_hotline", "operator", number="19001035", spoke_to="Trực ban", reached=True, what="Đã báo.")
    assert into.closed_at is not None
    assert into.hotline_owed is False
    assert faults(into) == []


# -- what else goes along -----------------------------------------------------------------------------------------------


def test_what_a_reporter_wrote_goes_with_the_report(world: build.World) -> None:
    case, into = pair(world, "to_classify", "handling")
    with unit_of_work():
        words = seal_text("Thêm một đống nữa.", purpose="addition to a report")
        db.session.add(Addition(case_id=case.id, report_id=case.main_report.id, sealed_words=words, written_at=LATER))
        lock_case(case.id).has_unread_words = True
    joined.merge(world, case, into)
    assert (case.has_unread_words, into.has_unread_words) == (False, True)
    assert [row.case_id for row in db.session.scalars(db.select(Addition))] == [into.id]


def test_followers_follow_the_main_case_once(world: build.World) -> None:
    case, into = pair(world, "handling", "handling")
    one, two = world.people["citizen"].id, world.people["citizen_2"].id
    with unit_of_work():
        db.session.add_all([Follower(case_id=case.id, account_id=one, since=LATER), Follower(case_id=case.id, account_id=two, since=LATER),
                            Follower(case_id=into.id, account_id=two, since=LATER)])
    joined.merge(world, case, into)
    assert joined.following(into) == {one, two}
    assert joined.following(case) == set()
    told = db.select(OutboxMessage.recipient).where(OutboxMessage.template == "followed_merged")
    assert list(db.session.scalars(told)) == [f"account:{one}"], "the other one sent the report and is told as its sender"


def test_who_had_stopped_following_does_not_follow_the_main_case(world: build.World) -> None:
    case, into = pair(world, "handling", "handling")
    stopped, merged = LATER + timedelta(hours=1), LATER + timedelta(hours=2)
    with unit_of_work():
        db.session.add(Follower(case_id=case.id, account_id=world.people["citizen"].id, since=LATER, ended_at=stopped))
    joined.merge(world, case, into, now=merged)
    assert joined.following(into) == set()
    assert db.session.scalars(db.select(Follower.ended_at).where(Follower.case_id == case.id)).one() == stopped


def test_what_must_not_be_shown_makes_the_main_case_sensitive(world: build.World) -> None:
    case, into = pair(world, "handling", "handling")
    reason = db.session.scalars(db.select(VisibilityReason)).first()
    assert reason is not None
    set_columns(case, visibility_reason_id=reason.id)
    joined.merge(world, case, into)
    assert into.visibility_reason_id == reason.id


def test_a_sensitive_case_does_not_go_into_a_published_one(world: build.World) -> None:
    case, into = pair(world, "handling", "rating")
    reason = db.session.scalars(db.select(VisibilityReason)).first()
    assert reason is not None
    set_columns(case, visibility_reason_id=reason.id)
    with pytest.raises(MergeRefused, match="must not be public"):
        joined.merge(world, case, into)


def test_a_published_case_that_goes_into_another_is_shown_no_more(world: build.World) -> None:
    case, into = pair(world, "rating", "handling")
    set_columns(case, state="to_distribute", reopened=1, answered_at=None)
    joined.merge(world, case, into)
    assert case.is_public is False
    assert db.session.scalars(db.select(Publication.unpublished_at).where(Publication.case_id == case.id)).one() is not None
    audiences = set(db.session.scalars(db.select(SearchRow.audience).where(SearchRow.case_id == case.id)))
    assert audiences == {"centre", "agencies"}


def test_what_was_answered_in_private_before_is_not_taken_back_by_a_merge(world: build.World) -> None:
    """Its sender would read that the centre has taken it off the public page, where it never was."""
    case, into = pair(world, "rating", "handling")
    set_columns(case, state="to_distribute", reopened=1, answered_at=None, is_public=False)
    with unit_of_work():
        db.session.execute(update(Publication).where(Publication.case_id == case.id).values(kind="private"))
    joined.merge(world, case, into)
    assert db.session.scalars(db.select(Publication.unpublished_at).where(Publication.case_id == case.id)).one() is None


def test_the_rows_agree_afterwards(world: build.World) -> None:
    case, into = two_agencies(world)
    joined.merge(world, case, into)
    assert [str(finding) for finding in check_cases(now=LATER)] == []


# -- what is refused ----------------------------------------------------------------------------------------------------


@on_sqlite
def test_only_operations_merge(world: build.World) -> None:
    case, into = pair(world, "to_verify", "handling")
    for name in ("officer_PTNMT", "committee_leader", "administrator", "guest"):
        with pytest.raises(NotAllowed):
            joined.merge(world, case, into, by=name)


@on_sqlite
def test_a_case_does_not_go_into_itself(world: build.World) -> None:
    case, into = pair(world, "to_verify", "handling")
    with pytest.raises(MergeRefused, match="the same case"):
        joined.merge(world, into, into)
    joined.merge(world, case, into)
    with pytest.raises(MergeRefused, match="the same case"):
        joined.merge(world, into, case)


@on_sqlite
def test_another_centres_case_is_not_there(world: build.World) -> None:
    case, into = pair(world, "to_verify", "to_verify")
    with unit_of_work():
        other = build.centre("KH", is_default=False)
        db.session.execute(update(Case).where(Case.id == into.id).values(centre_id=other.id))
    with pytest.raises(MergeRefused, match="no such case"):
        joined.merge(world, case, into)


@on_sqlite
def test_a_quarantined_case_is_not_there(world: build.World) -> None:
    case, into = pair(world, "to_verify", "to_verify")
    set_columns(into, quarantined_at=LATER)
    with pytest.raises(MergeRefused, match="no such case"):
        joined.merge(world, case, into)


@on_sqlite
@pytest.mark.parametrize("values", [{"paused_for": "hold"}, {"state": "waiting_reporter", "paused_for": "question"}, {"state": "refused"}])
def test_a_case_that_stands_still_joins_none_and_takes_none(world: build.World, values: dict[str, str]) -> None:
    case, into = pair(world, "to_verify", "handling")
    set_columns(case, **values)
    with pytest.raises(CaseNotOpen):
        joined.merge(world, case, into)
    with pytest.raises(MergeRefused):
        joined.merge(world, into, case)


@on_sqlite
@pytest.mark.parametrize("state", ["rating", "closed"])
def test_an_answered_case_goes_into_none(world: build.World, state: str) -> None:
    case, into = pair(world, "to_verify", state)
    with pytest.raises(CaseNotOpen):
        joined.merge(world, into, case)


@on_sqlite
def test_a_closed_case_takes_nothing_in(world: build.World) -> None:
    case, into = pair(world, "to_verify", "closed")
    with pytest.raises(MergeRefused, match="has ended"):
        joined.merge(world, case, into)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(
    ("source", "main"),
    [("to_distribute", "to_classify"), ("handling", "to_verify"), ("handling", "to_distribute"), ("to_publish", "to_distribute")],
)
def test_the_case_that_is_further_on_stays(world: build.World, source: str, main: str) -> None:
    case, into = pair(world, source, main)
    with pytest.raises(MergeRefused, match="further on"):
        joined.merge(world, case, into)
    joined.merge(world, into, case)
    assert into.merged_into_id == case.id


@on_sqlite
def test_a_case_whose_reporter_asks_to_withdraw_waits_for_that(world: build.World) -> None:
    case, into = pair(world, "to_classify", "handling")
    set_columns(case, withdrawal_asked=True)
    with pytest.raises(MergeRefused, match="withdraw"):
        joined.merge(world, case, into)


def test_the_words_of_a_merged_report_are_found_with_the_main_case(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "to_classify")
    into = build.case_at(world, "handling", by="citizen_2")
    joined.merge(world, filed.case, into)
    rows = {row.audience: row.words for row in db.session.scalars(db.select(SearchRow).where(SearchRow.case_id == into.id))}
    assert "dong rac ven suoi" in rows["agencies"]


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("is_split", [False, True])
def test_answers_that_moved_are_no_fault_of_the_histories_and_one_that_was_deleted_is(world: build.World, is_split: bool) -> None:
    into = build.case_at(world, "handling")
    case = build.case_at(world, "approval", agencies=2, by="citizen_2", now=LATER)
    report, moved = case.main_report, joined.assignment_of(case, "UBND-LAT")
    joined.merge(world, case, into)
    if is_split:
        joined.split(world, into, report)
    assert [str(finding) for finding in check_cases(now=LATER)] == []
    with unit_of_work():
        db.session.execute(delete(Answer).where(Answer.assignment_id == moved.id))
    assert [finding.check for finding in check_cases(now=LATER)] == ["case.history"]
