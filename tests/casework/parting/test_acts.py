"""A part of a case that another body answers for itself: split off, waited for, told with its case, joined again."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from casework.casefile.photo_access import private_copy, public_copy
from casework.cases import CaseBusy, lock_case
from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.files.local import LocalFileStore
from casework.merging.merge import MergeRefused
from casework.models import Agency, Case, CaseReport, Clock, OutboxMessage, ReportText, VisibilityReason
from casework.parting.acts import PartRefused
from casework.parting.photos import PhotoNotReleased, prepare_carried
from casework.parts import MOST_PARTS, open_parts, parts_of
from casework.permissions import NotAllowed
from casework.photos.records import copy_for, photos_of_report
from casework.public.cases import public_case, public_items
from casework.publishing.acts import PublicationRefused
from casework.reporters.report import own_report
from tests import build
from tests.at_once import at_once
from tests.casework.parting.family import WORDS, answer, divided, finish_agencies, form, hear, steps
from tests.with_photos import pictured_case, staged
from workflows.running.acts import act_recorded
from workflows.running.incidents import perform_recorded


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def files(app: Flask) -> Path:
    return Path(app.config["FILES"])


def test_a_part_is_a_case_of_its_own_without_sender_or_the_senders_words(world: build.World) -> None:
    case, part = divided(world)
    assert (part.parent_id, part.code != case.code, part.centre_id) == (case.id, True, case.centre_id)
    [link] = db.session.query(CaseReport).filter_by(case_id=part.id)
    assert link.report.reporter is None
    assert [text.body for text in db.session.query(ReportText).filter_by(report_id=link.report_id) if text.kind == "cleared"] == [WORDS]


def test_a_part_goes_straight_to_its_agencies_with_a_limit_by_the_rules(world: build.World) -> None:
    case, part = divided(world, complexity="simple")
    limit = case.due_at
    assert (part.state, steps(part)) == ("at_agency", {"accept_assignment"})
    assert [row.agency.key for row in part.assignments] == ["UBND-LAT"]
    [clock] = db.session.query(Clock).filter_by(case_id=part.id, kind=ClockKind.CASE)
    assert (clock.started_at, clock.amount, clock.unit) == (part.opened_at, 3, "working_days")
    assert case.due_at == limit, "the limit of the case stays"


def test_an_urgent_part_has_the_limit_of_urgent_cases_and_a_hotline_to_call(world: build.World) -> None:
    _case, part = divided(world, urgency="urgent")
    assert (part.due_at - part.opened_at, steps(part)) == (timedelta(hours=24), {"accept_assignment", "call_hotline"})


def test_what_must_not_be_public_of_the_case_must_not_be_of_the_part(world: build.World) -> None:
    case = build.case_at(world, "handling")
    reason = db.session.scalars(select(VisibilityReason)).first()
    chosen = {"field": world.field(), "urgency": "normal", "complexity": "ordinary", "area": world.area, "village": ""}
    build.act(world, case, "classify", "operator", **chosen, visibility_reason=reason, reason="Có trẻ em.")
    build.act(world, case, "divide", "operator", **form(world))
    db.session.expire_all()
    [part] = parts_of(case)
    assert part.visibility_reason_id == case.visibility_reason_id is not None
    build.advance(world, part, "to_publish")
    with pytest.raises(PublicationRefused):
        build.publish(world, part)


def test_a_part_lies_where_its_case_lies_unless_another_place_is_chosen(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        placed = lock_case(case.id)
        placed.latitude, placed.longitude = 12.05, 108.41
    build.act(world, case, "divide", "operator", **form(world))
    build.act(world, case, "divide", "operator", **form(world, area=world.areas["xa da chais"], village="", parts_seen=1))
    there, elsewhere = parts_of(case)
    assert (there.latitude, there.longitude, there.village) == (12.05, 108.41, "Thôn Păng Tiêng")
    assert (elsewhere.latitude, elsewhere.area.name_vi, elsewhere.village) == (None, "Xã Đạ Chais", None)


def test_the_case_waits_for_its_part_and_is_published_with_what_it_brought(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    assert (case.state, steps(case)) == ("handling", set()), "its own agencies are done, the part is not"
    assert not db.session.query(Clock).filter_by(case_id=case.id, kind=ClockKind.PUBLICATION).count()
    answer(world, part)
    assert (case.state, steps(case), part.closed_at is not None) == ("to_publish", {"publish"}, True)
    [publication] = db.session.query(Clock).filter_by(case_id=case.id, kind=ClockKind.PUBLICATION)
    assert publication.started_at > part.answered_at, "the operators have their time from when the part was there"
    build.publish(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert [(each.question, len(each.answers)) for each in shown.parts] == [("Cột điện bị nghiêng.", 1)]


def test_a_part_that_is_done_first_is_not_waited_for(world: build.World) -> None:
    case, part = divided(world)
    answer(world, part)
    assert case.state == "handling"
    finish_agencies(world, case)
    assert (case.state, steps(case)) == ("to_publish", {"publish"})


def test_a_case_left_without_agency_is_distributed_anew_while_a_part_is_open(world: build.World) -> None:
    case, part = divided(world)
    [assignment] = case.open_assignments
    build.act(world, case, "remove_agency", "ops_lead", assignment=assignment, reason="Nhầm đơn vị.")
    assert (steps(case), case.state) == ({"distribute"}, "to_distribute")
    build.advance(world, case, "handling")
    finish_agencies(world, case)
    assert steps(case) == set()
    answer(world, part)
    assert steps(case) == {"publish"}


def test_nobody_outside_reads_a_part_before_its_case_has_its_answer(world: build.World) -> None:
    case, part = divided(world)
    answer(world, part)
    assert public_items([part.id]) == []
    assert public_case(part.code) is None
    shown = public_case(case.code)
    assert shown is not None
    assert shown.parts == ()
    with pytest.raises(PublicationRefused, match="part"):
        build.act(world, case=part, verb="publish_interim", by="operator", title="A", question="B", checked=True)


def test_what_its_own_agencies_answered_is_published_so_far_while_a_part_is_open(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.act(world, case, "publish_interim", "operator", title="Rác", question="Rác ven suối.", checked=True)
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.is_interim, shown.parts, len(shown.answers)) == (True, (), 1)
    answer(world, part)
    build.publish(world, case)
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.is_interim, len(shown.parts)) == (False, 1)


def test_an_answer_in_private_of_a_part_is_for_the_senders_of_the_case(world: build.World) -> None:
    case, part = divided(world)
    answer(world, part, act="answer_privately")
    finish_agencies(world, case)
    build.publish(world, case)
    shown, own = public_case(case.code), own_report(case.main_report, now=build.next_moment(case))
    assert shown is not None
    assert (shown.parts, [each.question for each in own.parts]) == ((), ["Cột điện bị nghiêng."])


def test_the_senders_are_told_once_when_the_case_has_its_answer(world: build.World) -> None:
    case, part = divided(world)
    told = db.session.query(OutboxMessage).filter(OutboxMessage.recipient.like("reporter:%"))
    before = told.count()
    answer(world, part)
    assert told.count() == before, "of a part nobody outside is told"
    assert not db.session.query(OutboxMessage).filter_by(case_id=part.id, template="report_to_verify").count()
    finish_agencies(world, case)
    build.publish(world, case)
    assert told.count() - before == len(told.filter_by(case_id=case.id, template="report_published").all()) == 1
    assert steps(part) == set(), "nobody rates a part"


def test_a_part_that_is_refused_is_waited_for_no_more(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.act(world, part, "refuse", "operator", reason=world.refusal_reason(), words="Không có thật.")
    hear(part)
    assert (open_parts(case), steps(case)) == ([], {"publish"})


def test_a_part_is_not_divided_again_and_nobody_else_divides(world: build.World) -> None:
    case, part = divided(world)
    build.advance(world, part, "handling")
    with pytest.raises(PartRefused, match="part already"):
        build.act(world, part, "divide", "operator", **form(world))
    for name in ("officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator"):
        with pytest.raises(NotAllowed):
            build.act(world, case, "divide", name, **form(world, parts_seen=1))
    with pytest.raises(PartRefused, match="write"):
        build.act(world, case, "divide", "operator", **form(world, words=" ", parts_seen=1))


def test_of_two_people_who_split_the_same_part_off_the_second_reads_of_the_first(world: build.World) -> None:
    case, part = divided(world)
    with pytest.raises(PartRefused, match=part.code):
        build.act(world, case, "divide", "operator_2", **form(world))
    assert len(parts_of(case)) == 1


def test_of_six_who_split_it_off_at_the_same_moment_one_does(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    now, ref, names = build.next_moment(case), case.ref, ("operator", "operator_2", "ops_lead")
    filled_in, lead_id = form(world), world.agencies["UBND-LAT"].id

    def press(number: int) -> str:
        given = build.input_to_act("divide", {**filled_in, "lead": db.session.get_one(Agency, lead_id)})
        db.session.commit()
        try:
            return str(act_recorded(ref, "divide", by=world.actor(names[number % 3], now), now=now, given=given).case.code)
        except (PartRefused, CaseBusy):
            return ""

    assert len([code for code in at_once(app, press) if code]) == 1
    db.session.rollback()
    assert len(parts_of(db.session.get_one(Case, case.id))) == 1


@pytest.mark.exhaustive
def test_a_part_that_ends_while_its_case_is_set_apart_leaves_both_whole(app: Flask) -> None:
    world = build.standard_world()
    case, part = divided(world)
    build.advance(world, part, "to_publish")
    now = build.next_moment(part)
    given = build.input_to_act("quarantine", {"reason": "Tố cáo cán bộ có tên."})
    words = {"title": "Cột điện", "question": "Cột điện bị nghiêng.", "checked": True}
    task = build.waiting(part, "publish")
    published, ref, task_ref = build.input_at(task, "publish", words), case.ref, task.ref

    def press(number: int) -> str:
        by = world.actor("ops_lead", now)
        try:
            if number % 2:
                act_recorded(ref, "quarantine", by=by, now=now, given=given)
            else:
                perform_recorded(task_ref, by=by, now=now, act="publish", given=published)
        except CaseworkError:
            return "no"
        return "yes"

    assert "yes" in at_once(app, press)
    db.session.rollback()
    case, part = db.session.get_one(Case, case.id), db.session.get_one(Case, part.id)
    assert (case.state, part.state, part.is_public) == ("quarantined", "quarantined", False)


def test_no_more_than_ten_parts_are_split_off(world: build.World) -> None:
    case = build.case_at(world, "handling")
    for number in range(MOST_PARTS):
        build.act(world, case, "divide", "operator", **form(world, parts_seen=number))
    with pytest.raises(PartRefused, match="At most"):
        build.act(world, case, "divide", "operator", **form(world, parts_seen=MOST_PARTS))


@pytest.mark.parametrize("state", ["at_agency", "to_publish", "rating"])
def test_nothing_is_split_off_before_an_agency_has_accepted_or_once_all_have_answered(world: build.World, state: str) -> None:
    case = build.case_at(world, state)
    with pytest.raises(PartRefused):
        build.act(world, case, "divide", "operator", **form(world))


def test_a_part_without_answer_is_joined_again(world: build.World) -> None:
    case, part = divided(world)
    finish_agencies(world, case)
    build.act(world, part, "join_part", "operator", reason="Đơn vị chủ trì làm luôn.")
    db.session.expire_all()
    assert (part.state, part.closed_at is not None, steps(part), part.open_assignments) == ("joined", True, set(), [])
    assert (case.state, steps(case)) == ("to_publish", {"publish"})
    assert not db.session.query(Clock).filter_by(case_id=part.id, ended_at=None).count()


def test_a_part_with_an_answer_is_not_joined_again(world: build.World) -> None:
    case, part = divided(world)
    build.advance(world, part, "approval")
    with pytest.raises(PartRefused, match="submitted"):
        build.act(world, part, "join_part", "operator", reason="Không cần nữa.")
    with pytest.raises(PartRefused, match="no part"):
        build.act(world, case, "join_part", "operator", reason="Không cần nữa.")


def test_joining_needs_a_reason_and_one_of_the_centre(world: build.World) -> None:
    _case, part = divided(world)
    with pytest.raises(PartRefused, match="reason"):
        build.act(world, part, "join_part", "operator", reason=" ")
    with pytest.raises(NotAllowed):
        build.act(world, part, "join_part", "officer_UBND-LAT", reason="Không cần nữa.")


@pytest.mark.exhaustive
def test_a_case_with_parts_goes_into_no_other_and_a_part_neither(world: build.World) -> None:
    case, part = divided(world)
    other = build.case_at(world, "handling")
    for source, main in ((case, other), (part, other), (other, part)):
        with pytest.raises(MergeRefused):
            build.act(world, source, "merge", "operator", into=db.session.get_one(Case, main.id))
    build.act(world, other, "merge", "operator", into=db.session.get_one(Case, case.id))
    db.session.expire_all()
    assert (other.merged_into_id, steps(case) != set()) == (case.id, True)
    build.act(world, part, "join_part", "operator", reason="Không cần nữa.")
    third = build.case_at(world, "handling")
    build.act(world, case, "merge", "operator", into=db.session.get_one(Case, third.id))
    db.session.expire_all()
    assert case.merged_into_id == third.id, "without a part it goes into another like every case"


def test_photos_go_along_as_they_were_released(world: build.World, files: Path) -> None:
    filed = pictured_case(world, files, "handling")
    case, store = filed.case, LocalFileStore(files)
    [photo] = photos_of_report(filed.report)
    build.act(world, case, "divide", "operator", **form(world, photos=(prepare_carried(photo, store=store),)))
    [part] = parts_of(case)
    [copy] = photos_of_report(part.main_report)
    assert (copy.ref != photo.ref, copy.sha256 != photo.sha256) == (True, True), "not the file that was sent"
    now = build.next_moment(part)
    commune = world.actor("officer_UBND-LAT", now)
    assert private_copy(commune, copy.ref, "agencies", "view") is not None
    assert private_copy(commune, photo.ref, "agencies", "view") is None, "the photo of the case itself stays where it was"
    assert public_copy(copy.ref, "view") is None


def test_a_photo_that_is_not_released_does_not_go_along(world: build.World, files: Path) -> None:
    store = LocalFileStore(files)
    filed = pictured_case(world, files, "handling")
    later = build.file_report(world, photos_token=staged(world, store, "later"))
    [hidden] = photos_of_report(later.report)
    with pytest.raises(PhotoNotReleased):
        prepare_carried(hidden, store=store)
    released = pictured_case(world, files, "handling", by="guest")
    [strange] = photos_of_report(released.report)
    assert copy_for(strange, "agencies", "view") is not None
    with pytest.raises(PhotoNotReleased):
        build.act(world, filed.case, "divide", "operator", **form(world, photos=(prepare_carried(strange, store=store),)))
