"""Who is served which copy of a photo: the table of rules.md, section 2, read for pictures."""
from __future__ import annotations

import pytest
from flask import Flask

from casework.casefile.photo_access import private_copy, public_copy
from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore
from casework.models import Assignment, Publication, VisibilityReason
from casework.permissions import Actor
from casework.photos.records import staged_photos
from tests import build
from tests import merged as joined
from tests.with_photos import after_photo, answer_privately, pictured_case, publish, reopened_case, scene_photo, staged

EVERYBODY = ("guest", "citizen", "citizen_2", "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "officer_HKL",
             "committee_leader", "administrator", "confidential_reader", "inspector", "records_clerk", "process_approver")
CENTRE = {"operator", "ops_lead"}
ON_THE_CASE = {"officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT"}


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def seers(world: build.World, ref: str, audience: str, rendition: str = "view") -> set[str]:
    """Who of EVERYBODY is served the copy."""
    return {name for name in EVERYBODY if private_copy(world.actor(name), ref, audience, rendition) is not None}


@pytest.mark.exhaustive
def test_report_photos_follow_the_words_of_the_report(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "handling", agencies=2)
    ref = scene_photo(filed).ref
    assert seers(world, ref, "centre") == seers(world, ref, "centre", "thumb") == CENTRE | {"citizen"}
    assert seers(world, ref, "agencies") == CENTRE | ON_THE_CASE | {"citizen", "committee_leader"}
    assert public_copy(ref, "view") is None


def test_the_sealed_original_is_served_to_nobody(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "rating")
    for photo in (scene_photo(filed), after_photo(filed)):
        for rendition in ("original", "view", "thumb"):
            assert seers(world, photo.ref, "sealed", rendition) == set()
        assert seers(world, photo.ref, "centre", "original") == set()
        assert public_copy(photo.ref, "original") is None


def test_before_clearing_no_agency_sees_a_photo(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "to_verify")
    assert seers(world, scene_photo(filed).ref, "agencies") == set()


def test_the_photos_of_an_answer_are_its_agencys_and_the_centres_until_it_is_approved(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "approval", agencies=2)
    ref = after_photo(filed).ref
    own = {"officer_PTNMT", "leader_PTNMT"}
    assert seers(world, ref, "centre") == CENTRE | own | {"committee_leader"}
    build.do(world, filed.case, "approve_answer", "leader_PTNMT", agency=world.agencies["PTNMT"])
    assert seers(world, ref, "centre") == CENTRE | own | {"committee_leader", "officer_UBND-LAT"}
    assert seers(world, ref, "agencies") == set()
    assert public_copy(ref, "view") is None


def test_whoever_decides_on_an_answer_sees_its_photos(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "approval")
    photo = after_photo(filed)
    leader = world.actor("committee_leader")
    [desk] = leader.desks
    elsewhere = Actor(account=leader.account, grants=tuple(world.actor("officer_HKL").grants))
    assert private_copy(elsewhere, photo.ref, "centre", "view") is None
    with unit_of_work():
        db.session.get_one(Assignment, filed.case.assignments[0].id).approval_desk = elsewhere.desks[0]
    assert desk != elsewhere.desks[0]
    assert private_copy(elsewhere, photo.ref, "centre", "view") is not None


def test_an_agency_released_without_an_answer_loses_the_reports_photos(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "at_agency", agencies=2)
    ref = scene_photo(filed).ref
    assert "officer_UBND-LAT" in seers(world, ref, "agencies")
    with unit_of_work():
        row = next(row for row in filed.case.assignments if row.agency.key == "UBND-LAT")
        db.session.merge(row).ended_at = build.NOON
    assert "officer_UBND-LAT" not in seers(world, ref, "agencies")


def test_published_photos_are_everybodys_as_long_as_the_publication_stands(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "rating")
    refs = [scene_photo(filed).ref, after_photo(filed).ref]
    assert all(public_copy(ref, rendition) is not None for ref in refs for rendition in ("view", "thumb"))
    with unit_of_work():
        db.session.query(Publication).update({"unpublished_at": build.NOON})
    assert all(public_copy(ref, "view") is None for ref in refs)


def test_a_photo_not_chosen_for_the_present_publication_is_nobodys(world: build.World, app: Flask) -> None:
    filed = reopened_case(world, app.config["FILES"])
    ref = scene_photo(filed).ref
    assert public_copy(ref, "view") is not None
    publish(world, filed, app.config["FILES"], [])
    assert public_copy(ref, "view") is None
    assert public_copy(ref, "thumb") is None


def test_a_photo_covered_otherwise_for_a_later_publication_is_shown_so(world: build.World, app: Flask) -> None:
    filed = reopened_case(world, app.config["FILES"])
    ref = scene_photo(filed).ref
    first = public_copy(ref, "view")
    publish(world, filed, app.config["FILES"], [scene_photo(filed)])
    second = public_copy(ref, "view")
    assert first is not None
    assert second is not None
    assert second.id > first.id
    with unit_of_work():
        db.session.query(Publication).filter(Publication.number == 2).update({"unpublished_at": build.NOON})
    assert public_copy(ref, "view") == first


def test_the_photos_of_a_private_answer_are_its_senders_alone(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "to_publish")
    scene, ref = scene_photo(filed).ref, after_photo(filed).ref
    assert seers(world, ref, "sender") == set()
    answer_privately(world, filed, app.config["FILES"])
    assert seers(world, ref, "sender") == seers(world, ref, "sender", "thumb") == {"citizen"}
    assert seers(world, scene, "sender") == set()
    assert private_copy(Actor(None, tracked_report_ids=frozenset({filed.report.id})), ref, "sender", "view") is not None
    with unit_of_work():
        db.session.merge(filed.case).is_public = True
    assert (public_copy(ref, "view"), public_copy(scene, "view")) == (None, None)
    with unit_of_work():
        db.session.merge(filed.case).quarantined_at = build.NOON
    assert seers(world, ref, "sender") == set()


def test_who_was_split_off_sees_no_photos_of_the_answers_given_to_the_others(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "handling")
    other = build.case_at(world, "to_distribute", by="citizen_2")
    report = other.main_report
    joined.merge(world, other, filed.case)
    build.advance(world, filed.case, "approval")
    token = staged(world, LocalFileStore(app.config["FILES"]), "after", by="officer_PTNMT", purpose="after", colour="green")
    build.do(world, filed.case, "approve_answer", "leader_PTNMT", act="redo_answer", agency=world.agencies["PTNMT"], instructions="Có ảnh.")
    build.do(world, filed.case, "submit_answer", "officer_PTNMT", agency=world.agencies["PTNMT"],
             **{**build.ANSWER, "no_photo_reason": "", "photos_token": token})
    build.advance(world, filed.case, "to_publish")
    answer_privately(world, filed, app.config["FILES"])
    ref = after_photo(filed).ref
    assert seers(world, ref, "sender") == {"citizen", "citizen_2"}
    with unit_of_work():
        link = next(link for link in db.session.merge(filed.case).reports if link.report_id == report.id)
        link.left_at = build.NOON
    assert seers(world, ref, "sender") == seers(world, ref, "sender", "thumb") == {"citizen"}


@pytest.mark.parametrize("column", ["quarantined_at", "visibility_reason_id"])
def test_a_case_that_must_not_be_public_shows_no_public_copy(world: build.World, app: Flask, column: str) -> None:
    filed = pictured_case(world, app.config["FILES"], "rating")
    value = build.NOON if column == "quarantined_at" else db.session.query(VisibilityReason.id).limit(1).scalar()
    with unit_of_work():
        setattr(db.session.merge(filed.case), column, value)
    assert public_copy(scene_photo(filed).ref, "view") is None
    assert public_copy(after_photo(filed).ref, "view") is None


def test_a_quarantined_cases_photos_are_for_the_confidential_reader_alone(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "approval")
    with unit_of_work():
        db.session.merge(filed.case).quarantined_at = build.NOON
    assert seers(world, scene_photo(filed).ref, "centre") == {"confidential_reader"}
    assert seers(world, scene_photo(filed).ref, "agencies") == set()
    assert seers(world, after_photo(filed).ref, "centre") == set()


def test_in_a_merged_case_one_sender_does_not_see_anothers_photos(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "handling")
    other = pictured_case(world, app.config["FILES"], "to_classify", by="citizen_2")
    with unit_of_work():
        merged = db.session.merge(other.case)
        merged.state, merged.merged_into_id = "merged", filed.case.id
        merged.reports[0].case_id = filed.case.id
    ref = scene_photo(filed).ref
    for audience in ("centre", "agencies"):
        assert "citizen" in seers(world, ref, audience)
        assert "citizen_2" not in seers(world, ref, audience)


def test_a_guest_sees_their_own_photos_by_tracking(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "handling", by="guest")
    ref = scene_photo(filed).ref
    assert private_copy(Actor(None), ref, "centre", "view") is None
    assert private_copy(Actor(None, tracked_report_ids=frozenset({filed.report.id})), ref, "centre", "view") is not None


def test_photos_of_an_unsent_form_are_for_its_browser_and_its_account(world: build.World, app: Flask) -> None:
    from casework.files.local import LocalFileStore

    store = LocalFileStore(app.config["FILES"])
    [guests] = staged_photos(staged(world, store, "token-of-a-guest"))
    [officers] = staged_photos(staged(world, store, "token-of-an-officer", by="officer_PTNMT", purpose="after"))
    assert seers(world, guests.ref, "centre") == set()
    assert private_copy(Actor(None), guests.ref, "centre", "thumb", form_tokens=frozenset({"token-of-a-guest"})) is not None
    assert private_copy(Actor(None), guests.ref, "centre", "thumb", form_tokens=frozenset({"another"})) is None
    assert seers(world, officers.ref, "centre") == {"officer_PTNMT"}
