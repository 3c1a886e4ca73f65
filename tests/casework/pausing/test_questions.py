"""Asking the reporter: the case stands still until they answer, the time is over, or nobody waits any more."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import CaseNotOpen
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.merging import merge as merging
from casework.models import Case, Question
from casework.pausing import questions
from casework.pausing.questions import QuestionAnswerRefused, QuestionRefused
from casework.permissions import Actor, NotAllowed
from tests import build
from tests.build import NOON, World
from tests.casework.acting import clock, events, guest_of, local, payload, run, running, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def ask(world: World, case: Case, *, by: str = "operator", words: str = "Đống rác ở bờ nào?", when_unanswered: str = "close",
        **arguments: Any) -> Any:
    given = {"report": case.main_report, "words": words, "when_unanswered": when_unanswered, **arguments}
    return run(questions.ask_reporter, case, world.actor(by), **given)


def asked(world: World, state: str = "to_classify", **arguments: Any) -> Case:
    case = build.case_at(world, state)
    ask(world, case, **arguments)
    return case


def answer(world: World, case: Case, *, by: Actor | None = None, words: str = "Bờ trái, gần cầu.", **arguments: Any) -> Any:
    given = {"report": case.main_report, "words": words, **arguments}
    return run(questions.answer_question, case, by or world.actor("citizen"), **given)


def two_reports(world: World, state: str = "to_classify") -> Case:
    """A case that answers two people."""
    case = build.case_at(world, state)
    other = build.file_report(world, by="citizen_2").case
    run(merging.merge, other, world.actor("operator"), into=case)
    return case


@pytest.mark.parametrize("state", ["to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish"])
def test_the_case_waits_for_its_reporter_and_goes_on_where_it_stood(world: World, state: str) -> None:
    case = asked(world, state)
    assert (case.state, case.state_before, case.standstill) == ("waiting_reporter", state, "question")
    assert case.paused_until == local(12, 3)                    # the seventh working day after Monday 02/03 is Wednesday 11/03
    assert case.due_at is None
    assert answer(world, case, now=local(4, 3, 9)) == {"outcome": "answered"}
    assert (case.state, case.state_before, case.standstill, case.paused_until) == (state, None, None, None)


def test_the_words_of_question_and_answer_stand_in_no_event(world: World) -> None:
    case = asked(world, working_days=3)
    assert payload(case) == {"report": case.code, "working_days": 3, "when_unanswered": "close"}
    answer(world, case)
    assert payload(case) == {"report": case.code, "due": None}
    row = db.session.query(Question).one()
    assert questions.question_words(row) == "Đống rác ở bờ nào?"
    assert questions.answer_words(row) == "Bờ trái, gần cầu."
    assert "Bờ trái".encode() not in (row.sealed_answer or b"")
    assert told("reporter_asked") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("question_answered") == [f"desk:operator@c{world.centre.id}"]


def test_the_answer_day_moves_by_the_time_waited(world: World) -> None:
    case = asked(world, "to_distribute")                         # due Tuesday 10/03, 00:00
    answer(world, case, now=local(4, 3, 9))
    assert clock(case).due_at == case.due_at == local(12, 3)
    assert told("due_moved") == [f"reporter:{case.main_report.reporter_id}"]


def test_agencies_at_work_are_told_that_it_rests_and_goes_on(small: World) -> None:
    case = asked(small, "handling")
    desk = [f"desk:officer@a{small.agencies['PTNMT'].id}"]
    assert told("work_paused") == desk
    answer(small, case)
    assert told("work_resumed") == desk


@pytest.mark.parametrize(("changes", "says"), [
    ({"words": " "}, "write the question"),
    ({"words": "x" * 2001}, "2000 characters"),
    ({"working_days": 0}, "1 to 7"),
    ({"working_days": 8}, "1 to 7"),
    ({"when_unanswered": "shrug"}, "what happens"),
])
def test_a_question_that_cannot_be_put_is_refused(small: World, changes: dict[str, Any], says: str) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(QuestionRefused, match=says):
        ask(small, case, **changes)


def test_one_question_at_a_time(small: World) -> None:
    case = asked(small)
    with pytest.raises(CaseNotOpen, match="waiting for its reporter"):
        ask(small, case)


def test_an_answered_case_asks_nothing(small: World) -> None:
    case = build.case_at(small, "rating")
    with pytest.raises(CaseNotOpen):
        ask(small, case)


def test_a_sender_nobody_can_reach_is_not_asked(small: World) -> None:
    case = build.case_at(small, "to_verify", by="guest", contact=None, urgent=True)
    with pytest.raises(QuestionRefused, match="no way to reach"):
        ask(small, case)


def test_a_report_of_another_case_is_not_asked_about(small: World) -> None:
    case, other = build.case_at(small, "to_classify"), build.case_at(small, "to_verify", by="citizen_2")
    with pytest.raises(QuestionRefused, match="does not belong"):
        ask(small, case, report=other.main_report)


def test_only_the_operations_team_asks(small: World) -> None:
    case = build.case_at(small, "handling")
    with pytest.raises(NotAllowed):
        ask(small, case, by="officer_PTNMT")


# -- answering ----------------------------------------------------------------------------------------------------------


def test_only_the_sender_who_was_asked_answers(small: World) -> None:
    case = two_reports(small)
    ask(small, case, when_unanswered="continue")
    for stranger in ("operator", "citizen_2", "guest"):
        with pytest.raises(NotAllowed):
            answer(small, case, by=small.actor(stranger))
    other = next(link.report for link in case.reports if not link.is_main)
    with pytest.raises(QuestionAnswerRefused, match="from you"):
        answer(small, case, by=small.actor("citizen_2"), report=other)
    answer(small, case, by=guest_of(case.main_report))


def test_an_answer_needs_words_and_somebody_waiting(small: World) -> None:
    case = asked(small)
    with pytest.raises(QuestionAnswerRefused, match="write the answer"):
        answer(small, case, words="")
    answer(small, case)
    with pytest.raises(QuestionAnswerRefused, match="not waiting"):
        answer(small, case)


def test_an_answer_that_comes_before_the_timer_counts_even_if_it_is_late(small: World) -> None:
    case = asked(small)
    assert answer(small, case, now=local(12, 3, 0, 5)) == {"outcome": "answered"}
    with pytest.raises(QuestionRefused, match="not waiting"):
        run(questions.end_question, case, now=local(12, 3, 0, 6))


# -- no answer ----------------------------------------------------------------------------------------------------------


def test_unanswered_it_is_closed_with_notice_if_so_chosen(world: World) -> None:
    case = asked(world, "handling")
    until = case.paused_until
    assert until is not None
    assert run(questions.end_question, case, now=until) == {"closes": True}
    assert (case.state, case.closed_at, case.standstill) == ("closed", until, None)
    assert running(case) == []
    assert case.open_assignments == []
    assert {row.end_reason for row in case.assignments} == {"closed"}
    assert clock(case).ended_late is False, "it was in time when the centre began to wait"
    assert told("question_closed_case") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("work_ended") == [f"desk:officer@a{world.agencies['PTNMT'].id}"]
    assert (events(case)[-1], payload(case)) == ("end_question", {"closes": True, "due": None})


def test_what_was_late_before_the_wait_stays_late(small: World) -> None:
    case = build.case_at(small, "to_verify")
    ask(small, case, now=local(2, 3, 16))                        # to be accepted by 15:30
    run(questions.end_question, case, now=local(12, 3))
    assert clock(case, ClockKind.ACCEPTANCE).ended_late is True


def test_unanswered_it_goes_on_if_so_chosen(world: World) -> None:
    case = asked(world, when_unanswered="continue")
    assert run(questions.end_question, case, now=local(12, 3)) == {"closes": False}
    assert (case.state, case.standstill, case.closed_at) == ("to_classify", None, None)
    assert told("question_lapsed") == [f"reporter:{case.main_report.reporter_id}"]


def test_a_case_of_several_people_is_not_closed_because_one_is_silent(small: World) -> None:
    case = two_reports(small)
    with pytest.raises(QuestionRefused, match="Several people"):
        ask(small, case)


def test_the_operator_goes_on_without_the_answer(small: World) -> None:
    case = asked(small, "handling")
    with pytest.raises(NotAllowed):
        run(questions.stop_waiting, case, small.actor("officer_PTNMT"))
    run(questions.stop_waiting, case, small.actor("operator"), now=NOON + timedelta(hours=1))
    assert (case.state, case.standstill, questions.open_question(case)) == ("handling", None, None)
    assert told("question_lapsed") == [f"reporter:{case.main_report.reporter_id}"]
    with pytest.raises(QuestionRefused, match="not waiting"):
        run(questions.stop_waiting, case, small.actor("operator"))


def test_a_case_may_be_asked_about_again(small: World) -> None:
    case = asked(small)
    answer(small, case)
    ask(small, case, words="Từ khi nào?", now=NOON + timedelta(hours=1))
    rows = db.session.scalars(select(Question).where(Question.case_id == case.id).order_by(Question.id))
    assert [row.words for row in rows] == ["Đống rác ở bờ nào?", "Từ khi nào?"]
