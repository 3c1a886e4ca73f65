"""“Really mended?”: who is asked, when and how often, what may be answered, and the new report after a no."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.facts.reading import facts_of
from casework.local_time import local_day
from casework.mended.answering import MendedRefused, hold_question, lead_back, place_again, say_if_mended
from casework.mended.asking import ANSWERABLE, NOT_LATER, ask_if_mended
from casework.mended.links import own_mended, public_links
from casework.messages import reasons
from casework.messages.recipients import recipient_of
from casework.messages.standing import fault_of
from casework.models import Case, CaseReport, Delivery, Event, HouseSetting, MendedQuestion, OutboxMessage, Publication, Report, Reporter
from tests import build, merged
from tests.build import World
from tests.casework.acting import events, guest_of
from tests.second_centre import add_rule, second_world

MONTH = timedelta(days=30)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


def closed(world: World, **report: Any) -> Case:
    """A case whose answer is public and whose rating is over."""
    return build.case_at(world, "closed", **report)


def answered_at(case: Case) -> datetime:
    return max(db.session.scalars(select(Publication.published_at).where(Publication.case_id == case.id)))


def ask(case: Case, after: timedelta = MONTH) -> list[MendedQuestion]:
    """The job so long after the answer of a case; what it asked of it."""
    ask_if_mended(answered_at(case) + after)
    return questions(case)


def questions(case: Case) -> list[MendedQuestion]:
    db.session.rollback()
    return list(db.session.scalars(select(MendedQuestion).where(MendedQuestion.case_id == case.id).order_by(MendedQuestion.id)))


def say(question: MendedQuestion, answer: str, at: datetime | None = None) -> None:
    with unit_of_work():
        say_if_mended(question.ref, answer=answer, by=guest_of(db.session.get_one(Report, question.report_id)),
                      now=at or question.asked_at + QUARTER)  # fmt: skip


def test_each_sender_is_asked_once_thirty_days_after_the_final_answer(world: World) -> None:
    case = closed(world)
    assert ask(case, MONTH - timedelta(seconds=1)) == []
    [question] = ask(case)
    assert (question.report_id, question.answer) == (case.main_report.id, None)
    [message] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "asked_if_mended"))
    assert (message.recipient, message.parameters) == (
        f"reporter:{case.main_report.reporter_id}", {"code": case.code, "question": question.ref}
    )  # fmt: skip
    assert ask(case, MONTH + timedelta(days=1)) == [question]
    assert events(case)[-1] == "ask_if_mended"
    assert len(db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "asked_if_mended")).all()) == 1


def test_a_question_that_would_come_out_of_the_blue_is_not_asked(world: World) -> None:
    """Of all that was answered before the release, and before a worker that was away for long."""
    assert ask(closed(world), MONTH + NOT_LATER) == []


@pytest.mark.exhaustive
def test_a_centre_sets_the_days_and_zero_asks_nobody(world: World) -> None:
    other = second_world(world)
    here, there = closed(world), closed(other)
    by = world.people["administrator"].id
    add_rule(HouseSetting(key="mended_days", value=10, centre_id=world.centre.id, changed_at=build.NOON, changed_by_id=by))
    add_rule(HouseSetting(key="mended_days", value=0, centre_id=other.centre.id, changed_at=build.NOON, changed_by_id=by))
    assert len(ask(here, timedelta(days=10))) == 1
    assert ask(there) == []


@pytest.mark.exhaustive
def test_senders_of_merged_reports_are_asked_too(world: World) -> None:
    main = build.case_at(world, "handling")
    second, third = (build.case_at(world, "to_classify", by="citizen_2") for _ in range(2))
    merged.merge(world, second, main)
    merged.merge(world, third, main)
    build.advance(world, main, "closed")
    assert {each.report_id for each in ask(main)} == {main.main_report.id, *(link.report_id for link in main.reports)}
    assert len(questions(main)) == 3


def test_who_left_the_case_is_not_asked(world: World) -> None:
    main, second = build.case_at(world, "handling"), build.case_at(world, "to_classify", by="citizen_2")
    report = second.main_report
    merged.merge(world, second, main)
    merged.split(world, main, report)
    build.advance(world, main, "closed")
    assert [each.report_id for each in ask(main)] == [main.main_report.id]


@pytest.mark.exhaustive
def test_nobody_is_asked_who_cannot_be_told(world: World) -> None:
    camera = closed(world)
    restricted, erased = closed(world), closed(world)
    with unit_of_work():
        db.session.get_one(Report, camera.main_report.id).reporter_id = None
        db.session.get_one(Reporter, restricted.main_report.reporter_id).restricted_at = build.NOON
        row = db.session.get_one(Reporter, erased.main_report.reporter_id)
        row.phone_digest = row.email_digest = row.sealed_identity = row.account_id = None
    assert [ask(case) for case in (camera, restricted, erased)] == [[], [], []]


@pytest.mark.parametrize("change", [
    {"quarantined_at": build.NOON}, {"state": "quarantined"}, {"state": "review"}, {"state": "rating"}, {"is_public": False},
    {"state": "to_distribute"},
])  # fmt: skip
def test_nothing_is_asked_of_what_does_not_stand_in_public(world: World, change: dict[str, Any]) -> None:
    case = closed(world)
    with unit_of_work():
        for name, value in change.items():
            setattr(db.session.get_one(Case, case.id), name, value)
    assert ask(case) == []


def test_an_answer_that_was_taken_back_is_not_asked_about_and_a_private_one_never(world: World) -> None:
    case, private = closed(world), closed(world)
    with unit_of_work():
        db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one().unpublished_at = build.NOON
        db.session.scalars(select(Publication).where(Publication.case_id == private.id)).one().kind = "private"
    assert (ask(case), ask(private)) == ([], [])


def test_a_case_that_is_answered_again_is_asked_about_from_its_new_answer_on(world: World) -> None:
    case = build.case_at(world, "rating")
    first = answered_at(case)
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Xin xử lý lại.")
    assert ask(case) == []
    build.advance(world, case, "closed")
    second = answered_at(case)
    assert second > first
    ask_if_mended(second + MONTH - timedelta(seconds=1))
    assert questions(case) == []
    [question] = ask(case)
    assert db.session.get_one(Publication, question.publication_id).published_at == second


def test_the_message_is_dropped_where_the_case_was_set_apart_before_it_left(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    with unit_of_work():
        db.session.get_one(Case, case.id).is_public = False
    [message] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "asked_if_mended"))
    delivery = Delivery(recipient=message.recipient, channel="sms", template=message.template, is_urgent=False)
    person = recipient_of(message.recipient)
    assert fault_of(delivery, message, db.session.get_one(Case, case.id), person, now=question.asked_at) == reasons.OUT_OF_DATE


def test_the_answer_counts_once_and_is_in_the_history(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    say(question, "yes")
    say(question, "yes", question.asked_at + timedelta(days=2))
    with pytest.raises(MendedRefused):
        say(question, "no")
    assert events(case).count("say_if_mended") == 1
    assert [moment.kind for moment in facts_of(case)[1] if "mended" in moment.kind] == ["asked_mended", "mended"]


def test_an_old_question_and_one_of_a_case_under_way_are_refused(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    with pytest.raises(MendedRefused):
        say(question, "no", question.asked_at + ANSWERABLE)
    with unit_of_work():
        db.session.get_one(Case, case.id).state = "to_distribute"
    with pytest.raises(MendedRefused):
        say(question, "no")


def test_a_no_leads_to_a_new_report_and_both_know_of_each_other(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    assert hold(question) is None, "nothing was answered"
    say(question, "no")
    place = place_again(question, on=local_day(question.asked_at))
    assert (place.code, place.area, place.field) == (case.code, case.area.ref, case.field.service_code)
    new = lead(world, question)
    assert hold(question) is None, "one new report a question"
    earlier, later = case.main_report, new.main_report
    now = question.asked_at + QUARTER
    assert (own_mended(earlier, case, now).later, own_mended(later, new, now).earlier) == (later.code, earlier.code)
    assert (events(case)[-1], "report_again" in events(new)) == ("report_again", True)
    assert (public_links(case.id).later, public_links(new.id).earlier) == ((new.code,), (case.code,))
    assert [moment.kind for moment in facts_of(case)[1] if "mended" in moment.kind] == ["asked_mended", "not_mended"]


def test_the_public_reads_of_the_other_report_only_what_is_public(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    say(question, "no")
    new = lead(world, question)
    with unit_of_work():
        db.session.get_one(Case, new.id).quarantined_at = build.NOON
    assert public_links(case.id).later == ()
    with unit_of_work():
        db.session.get_one(Case, new.id).quarantined_at = None
        db.session.get_one(Case, case.id).is_public = False
    assert (public_links(new.id).earlier, public_links(case.id).later) == ((), (new.code,))


def test_what_is_set_apart_is_named_in_no_other_history(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    say(question, "no")
    new = lead(world, question)
    assert any(new.code in str(each.payload) for each in db.session.scalars(select(Event).where(Event.case_id == case.id)))
    build.act(world, new, "quarantine", "operator", now=question.asked_at + 2 * QUARTER, reason="Tố cáo một cán bộ.")
    db.session.expire_all()
    assert not any(new.code in str(each.payload) for each in db.session.scalars(select(Event).where(Event.case_id == case.id)))


def bring(report: Report, case: Case) -> None:
    """Let another case answer a report from now on, as a split or a merge does."""
    with unit_of_work():
        link = db.session.scalars(select(CaseReport).where(CaseReport.report_id == report.id, CaseReport.left_at.is_(None))).one()
        link.left_at = build.NOON
        db.session.flush()
        db.session.add(CaseReport(case_id=case.id, report_id=report.id, joined_at=build.NOON))


def test_a_report_set_apart_with_another_case_opens_no_place_and_leads_nowhere(world: World) -> None:
    """It was split off after the no: what the case before may still tell, its sender may not read any more."""
    case = closed(world)
    [question] = ask(case)
    say(question, "no")
    other = build.file_report(world, now=question.asked_at).case
    bring(case.main_report, other)
    assert hold(question) is None
    with unit_of_work():
        db.session.get_one(Case, other.id).quarantined_at = question.asked_at
    assert hold(question) is None


def test_a_question_about_another_case_is_not_asked_on_the_page_of_a_report_that_left_it(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    now, report = question.asked_at + QUARTER, case.main_report
    assert own_mended(report, case, now).ref == question.ref
    other = build.file_report(world, now=question.asked_at).case
    bring(report, other)
    with unit_of_work():
        row = db.session.get_one(Case, other.id)
        row.state, row.is_public = "closed", True
    assert own_mended(report, db.session.get_one(Case, other.id), now).ref is None, "pressing it would be refused"


def test_a_case_is_no_link_of_its_own_where_the_new_report_was_merged_into_it(world: World) -> None:
    case = closed(world)
    [question] = ask(case)
    say(question, "no")
    bring(lead(world, question).main_report, case)
    found = public_links(case.id)
    assert (found.later, found.earlier) == ((), ())


def hold(question: MendedQuestion) -> MendedQuestion | None:
    with unit_of_work():
        return hold_question(question.ref, now=question.asked_at + QUARTER)


def lead(world: World, question: MendedQuestion) -> Case:
    """The report sent after a no."""
    new = build.file_report(world, now=question.asked_at + QUARTER, words="Vẫn còn rác như cũ.").case
    with unit_of_work():
        held = hold_question(question.ref, now=question.asked_at + QUARTER)
        assert held is not None
        lead_back(held, db.session.get_one(Report, new.main_report.id), db.session.get_one(Case, new.id), by=guest_of(new.main_report),
                  now=question.asked_at + QUARTER)  # fmt: skip
    return db.session.get_one(Case, new.id)
