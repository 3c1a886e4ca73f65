"""What may be told to whom: what there is so far, and nothing of a case in quarantine, not even to its sender."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from casework.cases import CaseNotOpen, lock_case
from casework.db import db, unit_of_work
from casework.followers import follow
from casework.models import Case, Publication, VisibilityReason
from casework.public.cases import public_case, public_list
from casework.public.filters import PublicFilter
from casework.publications import rated_publication
from casework.publishing import acts as publishing
from casework.publishing.acts import AnswerPrivatelyInput, PublicationRefused, PublishInput
from casework.publishing.ratings import RateInput, RatingRefused, rate
from tests import build
from tests.casework.acting import clock, payload, running, told
from tests.merged import assignment_of


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


WORDS = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối."}


def publish(case: Case, world: build.World) -> None:
    publishing.publish(case, PublishInput(checked=True, **WORDS), by=world.actor("operator"), now=build.NOON)


def answer_privately(case: Case, world: build.World) -> None:
    publishing.answer_privately(case, AnswerPrivatelyInput(**WORDS), by=world.actor("operator"), now=build.NOON)


@pytest.mark.parametrize("act", [publish, answer_privately])
def test_a_case_in_quarantine_is_answered_to_nobody(app: Flask, act: Callable[[Case, build.World], None]) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_publish")
    with unit_of_work():
        db.session.merge(case).quarantined_at = build.NOON
    with pytest.raises(publishing.PublicationRefused, match="a procedure of its own"), unit_of_work():
        act(case, world)
    assert db.session.query(Publication).count() == 0


def half_answered(world: build.World, *, urgent: bool = False) -> Case:
    """A case of two agencies of which one has answered."""
    case = build.case_at(world, "handling", agencies=2, urgent=urgent)
    answer(world, case, "PTNMT")
    return case


def answer(world: build.World, case: Case, key: str) -> None:
    build.do(world, case, "submit_answer", f"officer_{key}", agency=world.agencies[key], **build.ANSWER)
    build.do(world, case, "approve_answer", f"leader_{key}", agency=world.agencies[key])


def publish_interim(world: build.World, case: Case, by: str = "operator", **form: object) -> None:
    build.act(world, case, "publish_interim", by, **{**WORDS, "checked": True, **form})


def test_an_interim_publication_shows_what_there_is_and_who_is_still_at_work(app: Flask) -> None:
    world = build.standard_world()
    case = half_answered(world)
    with unit_of_work():
        follow(db.session.merge(case), by=world.actor("citizen_2"), now=build.NOON)
    before = running(case)
    publish_interim(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.is_interim
    assert [one.agency for one in shown.answers] == [world.agencies["PTNMT"].name]
    assert [(one.agency, one.reason) for one in shown.missing] == [(world.agencies["UBND-LAT"].name, None)]
    assert shown.item.progress.step == "2"
    assert [item.code for item in public_list(PublicFilter(words="rác suối")).items] == [case.code]
    assert (case.state, case.is_public, case.answered_at) == ("handling", True, None)
    assert running(case) == before
    assert payload(case) == {"kind": "interim", "number": 1, "photos": 0}
    assert len(told("report_interim")) == 1
    assert told("followed_interim") == [f"account:{world.people['citizen_2'].id}"]


def test_the_final_publication_takes_the_place_of_the_interim_one_and_is_rated(world: build.World) -> None:
    case = half_answered(world)
    publish_interim(world, case)
    answer(world, case, "UBND-LAT")
    build.publish(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.is_interim, len(shown.answers), shown.missing) == (False, 2, ())
    assert case.state == "rating"
    assert clock(case, build.ClockKind.RATING).publication_id == db.session.query(Publication).filter_by(kind="final").one().id
    build.rate(world, case)


def test_an_interim_publication_is_rated_by_nobody(world: build.World) -> None:
    case = half_answered(world)
    publish_interim(world, case)
    assert "rating" not in running(case)
    assert rated_publication(case) is None
    given = RateInput(report=case.main_report, level="satisfied")
    with pytest.raises(RatingRefused), unit_of_work():
        rate(lock_case(case.id), given, by=world.actor("citizen"), now=build.next_moment(case))
    assert told("report_published") == []


def test_the_final_publication_waits_for_every_agency(world: build.World) -> None:
    case = half_answered(world)
    with pytest.raises(PublicationRefused, match="not answered yet"), unit_of_work():
        publish(lock_case(case.id), world)
    answer(world, case, "UBND-LAT")
    build.publish(world, case)
    assert case.state == "rating"


@pytest.mark.parametrize("report", [{"by": "guest", "contact": None, "marked_urgent": True}, {"by": "operator", "source": "camera"}])
def test_a_case_whose_sender_nobody_can_reach_is_not_rated(world: build.World, report: dict[str, Any]) -> None:
    case = build.file_report(world, **report).case
    build.advance(world, case, "to_publish")
    build.publish(world, case)
    assert (case.state, running(case), case.closed_at) == ("closed", [], case.answered_at)


def test_an_interim_publication_follows_only_a_new_answer(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=3)
    with pytest.raises(PublicationRefused, match="No answer"):
        publish_interim(world, case)
    answer(world, case, "PTNMT")
    publish_interim(world, case)
    with pytest.raises(PublicationRefused, match="No agency has answered since"):
        publish_interim(world, case)
    answer(world, case, "UBND-LAT")
    publish_interim(world, case)
    assert db.session.query(Publication).count() == 2


def test_there_is_no_interim_publication_once_all_have_answered_or_while_the_case_rests(world: build.World) -> None:
    done = build.case_at(world, "to_publish")
    with pytest.raises(PublicationRefused, match="Every agency has answered"):
        publish_interim(world, done)
    case = half_answered(world)
    build.act(world, case, "hold", "ops_lead", reason="Chờ mưa tạnh.", until=build.date(2026, 3, 6))
    with pytest.raises(CaseNotOpen):
        publish_interim(world, case)


def test_a_case_that_must_not_be_public_is_not_published_so_far_either(world: build.World) -> None:
    case = half_answered(world)
    with pytest.raises(PublicationRefused, match="confirm"):
        publish_interim(world, case, checked=False)
    with unit_of_work():
        db.session.merge(case).visibility_reason_id = db.session.query(VisibilityReason).first().id
    with pytest.raises(PublicationRefused, match="must not be made public"):
        publish_interim(world, case)


def test_a_case_with_an_interim_answer_is_answered_in_private_only_once_that_was_taken_back(world: build.World) -> None:
    case = half_answered(world)
    publish_interim(world, case)
    answer(world, case, "UBND-LAT")
    with pytest.raises(PublicationRefused, match="Take it back"):
        build.do(world, case, "publish", "operator", act="answer_privately", **WORDS)
    [interim] = db.session.query(Publication)
    build.act(world, case, "unpublish", "operator", publication=interim, reason="Trả lời riêng.")
    build.do(world, case, "publish", "operator", act="answer_privately", **WORDS)
    assert (case.state, case.is_public) == ("rating", False)
    assert public_case(case.code) is None


def test_the_public_reads_whose_answer_is_missing_and_why(world: build.World) -> None:
    case = half_answered(world)
    left = assignment_of(case, "UBND-LAT")
    build.act(world, case, "close_without_answer", "ops_lead", assignment=left, reason="Chưa trả lời sau ba lần nhắc.")
    build.publish(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert [(one.agency, one.is_lead, one.reason) for one in shown.missing] == [
        (world.agencies["UBND-LAT"].name, False, "Chưa trả lời sau ba lần nhắc.")
    ]


def test_an_agency_that_answered_after_all_is_not_missing_and_no_round_before_counts(world: build.World) -> None:
    case = half_answered(world)
    left = assignment_of(case, "UBND-LAT")
    build.act(world, case, "close_without_answer", "ops_lead", assignment=left, reason="Chưa trả lời.")
    build.act(world, case, "add_agency", "operator", agency=world.agencies["UBND-LAT"])
    build.accept(world, case)
    answer(world, case, "UBND-LAT")
    build.publish(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.missing == ()


def test_words_of_a_private_answer_are_not_found_by_the_public(world: build.World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    build.advance(world, case, "to_publish")
    build.do(world, case, "publish", "operator", act="answer_privately", title="Chuyện kín", question="Chỉ nói riêng.")
    assert public_list(PublicFilter(words="kín")).items == []
    [item] = public_list(PublicFilter(words="suối")).items
    assert (item.code, item.title) == (case.code, "Rác đổ ven suối")


def test_a_reopened_case_offers_no_answer_of_the_round_before(world: build.World) -> None:
    case = build.case_at(world, "rating")
    before = publishing.approved_answers(case)
    assert len(before) == 1
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    assert publishing.approved_answers(case) == []
    build.advance(world, case, "to_publish")
    again = publishing.approved_answers(case)
    assert len(again) == 1, "the agency answers once in each round"
    assert again != before
