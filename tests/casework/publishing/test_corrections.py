"""What people have read, corrected or taken back: what the public, the senders and the ratings make of it."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from casework.casefile.photo_access import private_copy, public_copy
from casework.db import db, unit_of_work
from casework.followers import follow
from casework.models import Case, Publication, Rating, VisibilityReason
from casework.permissions import NotAllowed
from casework.public.cases import public_case, public_list
from casework.public.filters import PublicFilter
from casework.publishing.acts import PublicationRefused
from casework.publishing.corrections import CorrectionRefused
from casework.reporters.report import own_report
from tests import build
from tests.build import World
from tests.casework.acting import events, payload, running, told
from tests.with_photos import after_photo, pictured_case, scene_photo

TEXT = {"title": "Rác ven suối", "question": "Người dân báo có rác ven suối.", "checked": True}
REASON = "Sửa tên thôn."


@pytest.fixture
def world(sqlite_app: Flask) -> World:
    return build.standard_world()


def published(case: Case, kind: str = "final") -> Publication:
    return db.session.query(Publication).filter_by(case_id=case.id, kind=kind).order_by(Publication.number.desc()).first()


def correct(world: World, case: Case, by: str = "operator", **form: Any) -> None:
    form = {"publication": published(case), "reason": REASON, **TEXT, **form}
    form.setdefault("version_seen", form["publication"].current.version)
    form.setdefault("again", form["publication"].unpublished_at is not None)
    build.act(world, case, "correct_publication", by, **form)


def unpublish(world: World, case: Case, by: str = "operator", **form: Any) -> None:
    build.act(world, case, "unpublish", by, **{"publication": published(case), "reason": "Lộ tên người.", **form})


# -- corrections ------------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_version_marked_as_one_with_its_reason(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating", agencies=2)
    with unit_of_work():
        follow(db.session.merge(case), by=world.actor("citizen_2"), now=build.NOON)
    before, state = running(case), case.state
    correct(world, case, summary="Đã dọn xong.", place="Thôn Păng Tiêng")
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.question, shown.summary, shown.correction_reason) == (TEXT["question"], "Đã dọn xong.", REASON)
    assert (shown.place, shown.corrected_at is not None, len(shown.answers)) == ("Thôn Păng Tiêng", True, 2)
    assert [item.code for item in public_list(PublicFilter(words="báo có rác")).items] == [case.code]
    assert (running(case), case.state) == (before, state)
    assert payload(case) == {"kind": "final", "number": 1, "version": 2, "again": False}
    assert len(told("report_corrected")) == 1
    assert told("followed_corrected") == [f"account:{world.people['citizen_2'].id}"]


def test_ratings_stay_and_are_known_as_given_before_the_correction(world: World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="acceptable")
    correct(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.verdicts is not None
    assert (shown.verdicts.whole, shown.verdicts.before_correction) == ({"acceptable": 1}, 1)
    assert [given.before_correction for given in own_report(case.main_report, now=build.NOON).given] == [True]
    build.rate(world, case, level="satisfied")
    again = public_case(case.code)
    assert again is not None
    assert again.verdicts is not None
    assert (again.verdicts.whole, again.verdicts.before_correction) == ({"satisfied": 1}, 0)
    assert db.session.query(Rating).count() == 1


def test_a_closed_case_can_still_be_corrected(world: World) -> None:
    case = build.case_at(world, "closed")
    correct(world, case)
    assert case.state == "closed"
    assert published(case).current.version == 2


def test_the_answers_of_its_own_round_stay_under_a_corrected_publication(world: World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    build.advance(world, case, "to_publish")
    answers = [row.answer_id for row in published(case).current.answers]
    correct(world, case)
    assert [row.answer_id for row in published(case).current.answers] == answers


@pytest.mark.exhaustive
def test_a_correction_shows_the_photos_chosen_for_it_alone(app: Flask) -> None:
    world = build.standard_world()
    filed = pictured_case(world, app.config["FILES"], "rating")
    assert public_copy(scene_photo(filed).ref, "view") is not None
    correct(world, filed.case)
    assert public_copy(scene_photo(filed).ref, "view") is None
    assert public_copy(after_photo(filed).ref, "view") is None


def test_an_interim_answer_is_corrected_until_the_final_one_took_its_place(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"], **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=world.agencies["PTNMT"])
    build.act(world, case, "publish_interim", "operator", **TEXT)
    correct(world, case, publication=published(case, "interim"))
    assert published(case, "interim").current.version == 2
    build.advance(world, case, "rating")
    with pytest.raises(CorrectionRefused, match="not what people read now"):
        correct(world, case, publication=published(case, "interim"))


def test_a_private_answer_is_corrected_for_its_senders_alone(world: World) -> None:
    case = build.case_at(world, "to_publish")
    build.do(world, case, "publish", "operator", act="answer_privately", title="Riêng", question="Nội dung riêng.")
    correct(world, case, publication=published(case, "private"), checked=False, place="Nhà số 5", shows_exact_place=True)
    version = published(case, "private").current
    assert (version.version, version.place, version.shows_exact_place, case.is_public) == (2, None, False, False)
    assert own_report(case.main_report, now=build.NOON).publication == published(case, "private")
    assert told("followed_corrected") == []
    assert public_case(case.code) is None


def test_the_second_of_two_who_correct_at_once_does_not_undo_the_first(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating")
    correct(world, case, question="Người dân báo có rác.", version_seen=1)
    with pytest.raises(CorrectionRefused, match="after the form was opened"):
        correct(world, case, "operator_2", question="Ông X đổ rác.", version_seen=1)
    assert (published(case).current.version, published(case).current.question) == (2, "Người dân báo có rác.")
    correct(world, case, "operator_2", question="Người dân báo có rác ven suối.", version_seen=2)
    assert published(case).current.version == 3


def test_a_correction_needs_a_reason_the_tick_its_own_case_and_one_of_the_centre(world: World) -> None:
    case, other = build.case_at(world, "rating"), build.case_at(world, "rating")
    with pytest.raises(CorrectionRefused, match="what is corrected"):
        correct(world, case, reason=" ")
    with pytest.raises(PublicationRefused, match="confirm"):
        correct(world, case, checked=False)
    with pytest.raises(CorrectionRefused, match="another case"):
        correct(world, case, publication=published(other))
    with pytest.raises(NotAllowed):
        correct(world, case, by="officer_PTNMT")
    with unit_of_work():
        db.session.merge(case).visibility_reason_id = db.session.query(VisibilityReason).first().id
    with pytest.raises(PublicationRefused, match="must not be made public"):
        correct(world, case)
    assert published(case).current.version == 1


# -- taking back ------------------------------------------------------------------------------------------------------


def test_what_is_taken_back_is_nowhere_public_and_stays_its_senders(app: Flask) -> None:
    world = build.standard_world()
    filed = pictured_case(world, app.config["FILES"], "rating")
    case = filed.case
    build.rate(world, case, level="acceptable")
    unpublish(world, case)
    assert not case.is_public
    assert public_case(case.code) is None
    assert public_list(PublicFilter(words="suối")).items == []
    assert public_copy(after_photo(filed).ref, "view") is None
    own = own_report(filed.report, now=build.NOON)
    assert own.publication == published(case)
    assert [given.level for given in own.given] == ["acceptable"]
    assert private_copy(world.actor("citizen"), after_photo(filed).ref, "sender", "view") is not None
    assert payload(case) == {"kind": "final", "numbers": [1]}
    assert published(case).unpublish_reason == "Lộ tên người."
    assert len(told("report_unpublished")) == 1


def test_what_was_taken_back_may_be_rated_and_reviewed(world: World) -> None:
    case = build.case_at(world, "rating")
    unpublish(world, case)
    build.rate(world, case, level="dissatisfied")
    assert case.state == "review"
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    assert case.state == "to_distribute"


def test_a_case_opened_again_shows_nothing_of_what_was_taken_back(world: World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    unpublish(world, case)
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.item.title, shown.question, shown.answers, shown.verdicts) == (None, None, (), None)


def test_an_interim_answer_does_not_come_back_to_light_when_the_final_one_is_taken_back(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"], **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=world.agencies["PTNMT"])
    build.act(world, case, "publish_interim", "operator", **TEXT)
    build.advance(world, case, "rating")
    unpublish(world, case)
    assert payload(case)["numbers"] == [1, 2]
    assert (case.is_public, public_case(case.code)) == (False, None)


def test_taking_back_an_older_one_leaves_the_newer_one_public(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"], **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=world.agencies["PTNMT"])
    build.act(world, case, "publish_interim", "operator", **TEXT)
    build.advance(world, case, "rating")
    unpublish(world, case, publication=published(case, "interim"))
    assert case.is_public
    assert told("report_unpublished") == []


def test_a_correction_publishes_again_what_was_taken_back(world: World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="acceptable")
    unpublish(world, case)
    correct(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.verdicts is not None
    assert (shown.correction_reason, shown.verdicts.before_correction, case.is_public) == (REASON, 1, True)
    assert payload(case)["again"] is True


def test_a_case_that_goes_on_is_bare_facts_again_when_its_interim_answer_is_taken_back(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"], **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=world.agencies["PTNMT"])
    build.act(world, case, "publish_interim", "operator", **TEXT)
    unpublish(world, case, publication=published(case, "interim"))
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.item.title, shown.answers, shown.steps) == (None, (), [])
    build.advance(world, case, "rating")
    assert case.is_public


def test_nothing_is_taken_back_twice_without_a_reason_or_that_was_never_public(world: World) -> None:
    case = build.case_at(world, "rating")
    with pytest.raises(CorrectionRefused, match="why"):
        unpublish(world, case, reason="")
    with pytest.raises(NotAllowed):
        unpublish(world, case, by="leader_PTNMT")
    unpublish(world, case)
    with pytest.raises(CorrectionRefused, match="not public now"):
        unpublish(world, case)
    private = build.case_at(world, "to_publish")
    build.do(world, private, "publish", "operator", act="answer_privately", title="Riêng", question="Nội dung riêng.")
    with pytest.raises(CorrectionRefused, match="not public now"):
        unpublish(world, private, publication=published(private, "private"))
    assert "unpublish" not in events(private)


def test_a_form_opened_before_it_was_taken_back_does_not_publish_it_again(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating")
    unpublish(world, case)
    with pytest.raises(CorrectionRefused, match="taken back after"):
        correct(world, case, again=False)
    assert published(case).unpublished_at is not None
    correct(world, case, again=True)
    assert published(case).unpublished_at is None
