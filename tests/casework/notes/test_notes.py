"""Notes among staff: who writes to whom, until when, and who reads what."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case, Event, Note
from casework.notes.notes import LONGEST_NOTE, NoteRefused, ProgressNoteInput, note_audiences, notes_seen_by, progress_note, write_note
from casework.permissions import NotAllowed
from tests import build
from tests.merged import assignment_of, told_desk

STAFF = ("operator", "ops_lead", "committee_leader", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "leader_UBND-LAT", "officer_HKL",
         "administrator", "inspector", "confidential_reader")  # fmt: skip


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def write(world: build.World, case: Case, by: str, audience: str, words: str = "Đã gọi hỏi thêm.") -> None:
    with unit_of_work():
        write_note(lock_case(case.id), by=world.actor(by), now=build.NOON, audience=audience, words=words)


def say_progress(world: build.World, case: Case, key: str, words: str = "Đã xem hiện trường.", *, by: str = "") -> None:
    actor, moment = world.actor(by or f"officer_{key}"), build.next_moment(case)
    with unit_of_work():
        progress_note(assignment_of(lock_case(case.id), key), ProgressNoteInput(words=words), by=actor, now=moment)


def audiences(world: build.World, case: Case) -> dict[str, list[str]]:
    db.session.expire_all()
    return {name: found for name in STAFF if (found := note_audiences(world.actor(name), case))}


def release(world: build.World, case: Case, key: str) -> None:
    agency = world.agencies[key]
    build.do(world, case, "accept_assignment", f"officer_{key}", act="hand_back", agency=agency, reason="Không thuộc thẩm quyền.")
    build.do(world, case, "decide_hand_back", "operator", agency=agency, upheld=True, words="")


OF_THE_CENTRE = {name: ["centre", "agencies"] for name in ("operator", "ops_lead")}
OF_PTNMT = {name: ["agency"] for name in ("officer_PTNMT", "leader_PTNMT")}
OF_LAT = {name: ["agency"] for name in ("officer_UBND-LAT", "leader_UBND-LAT")}


def test_the_centre_and_the_agencies_asked_write_notes_and_nobody_else(world: build.World) -> None:
    assert audiences(world, build.case_at(world, "to_verify")) == OF_THE_CENTRE
    assert audiences(world, build.case_at(world, "at_agency", agencies=2)) == OF_THE_CENTRE | OF_PTNMT | OF_LAT


def test_an_agency_that_handed_the_case_back_writes_no_more_notes_and_one_that_answered_still_does(world: build.World) -> None:
    case = build.case_at(world, "at_agency", agencies=2)
    release(world, case, "UBND-LAT")
    assert audiences(world, case) == OF_THE_CENTRE | OF_PTNMT
    with pytest.raises(NotAllowed):
        write(world, case, "officer_UBND-LAT", "agency")
    with pytest.raises(NoteRefused):
        say_progress(world, case, "UBND-LAT")
    build.advance(world, case, "to_publish")
    assert audiences(world, case) == OF_THE_CENTRE | OF_PTNMT
    write(world, case, "officer_PTNMT", "agency")
    assert db.session.query(Note).count() == 1


def test_an_agency_that_was_taken_out_writes_no_more_notes(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    build.act(world, case, "remove_agency", "operator", assignment=assignment_of(case, "UBND-LAT"), reason="Không cần nữa.")
    assert audiences(world, case) == OF_THE_CENTRE | OF_PTNMT


@pytest.mark.parametrize(("by", "audience"), [
    ("operator", "agency"), ("operator", "public"), ("officer_PTNMT", "centre"), ("officer_PTNMT", "agencies"), ("officer_HKL", "agency"),
    ("committee_leader", "centre"), ("administrator", "centre"), ("citizen", "centre"), ("guest", "agency")])  # fmt: skip
def test_nobody_writes_to_an_audience_that_is_not_theirs(world: build.World, by: str, audience: str) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(NotAllowed):
        write(world, case, by, audience)
    assert db.session.query(Note).count() == 0


def test_each_note_is_read_by_whom_it_is_for(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    for by, audience in (("operator", "centre"), ("operator", "agencies"), ("officer_PTNMT", "agency"), ("leader_UBND-LAT", "agency")):
        write(world, case, by, audience, f"{by} {audience}")
    read = {name: [note.body for note in notes_seen_by(world.actor(name), case)] for name in STAFF}
    by_all = ["leader_UBND-LAT agency", "officer_PTNMT agency", "operator agencies", "operator centre"]
    of = {"centre": by_all, "PTNMT": [by_all[1], by_all[2]], "LAT": [by_all[0], by_all[2]]}
    assert {name: notes for name, notes in read.items() if notes} == {
        "operator": of["centre"], "ops_lead": of["centre"], "committee_leader": of["centre"], "officer_PTNMT": of["PTNMT"],
        "leader_PTNMT": of["PTNMT"], "officer_UBND-LAT": of["LAT"], "leader_UBND-LAT": of["LAT"],
    }  # fmt: skip


def test_of_a_case_that_was_set_apart_nobody_writes_or_reads_a_note(world: build.World) -> None:
    case = build.case_at(world, "handling")
    write(world, case, "operator", "agencies")
    build.act(world, case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    for name in ("operator", "ops_lead", "officer_PTNMT"):
        with pytest.raises(NotAllowed):
            write(world, case, name, "agency" if name == "officer_PTNMT" else "centre")
        assert notes_seen_by(world.actor(name), case) == []
    with pytest.raises(NotAllowed):
        say_progress(world, case, "PTNMT")


@pytest.mark.parametrize("words", ["", " \n ", "a" * (LONGEST_NOTE + 1)])
def test_an_empty_note_and_one_that_is_too_long_are_refused_and_leave_nothing(world: build.World, words: str) -> None:
    case = build.case_at(world, "handling")
    with pytest.raises(NoteRefused):
        write(world, case, "operator", "centre", words)
    with pytest.raises(NoteRefused):
        say_progress(world, case, "PTNMT", words)
    told = db.session.query(Event).filter(Event.type.in_(["write_note", "progress_note"]))
    assert (db.session.query(Note).count(), told.count()) == (0, 0)
    write(world, case, "operator", "centre", "a" * LONGEST_NOTE)


def test_how_far_an_agency_has_come_is_noted_from_its_acceptance_on_also_while_the_case_rests(world: build.World) -> None:
    case = build.case_at(world, "at_agency", agencies=2)
    with pytest.raises(NoteRefused, match="accepted"):
        say_progress(world, case, "PTNMT")
    build.advance(world, case, "handling")
    with pytest.raises(NotAllowed):
        say_progress(world, case, "PTNMT", by="officer_UBND-LAT")
    build.act(world, case, "hold", "ops_lead", reason="Chờ mưa tạnh.", until=(build.NOON + timedelta(days=2)).date())
    say_progress(world, case, "PTNMT", "Đã xem hiện trường, lờikín.")
    assert told_desk(f"operator@c{world.centre.id}")[-1] == "progress_noted"
    [note] = db.session.scalars(select(Note))
    assert (note.kind, note.audience, note.assignment_id) == ("progress", "agency", assignment_of(case, "PTNMT").id)
    assert not any("lờikín" in str(payload) for payload in db.session.scalars(select(Event.payload))), "the words stand in the note alone"
    build.do(world, case, "resume", "ops_lead")
    build.advance(world, case, "to_publish", agencies=2)
    with pytest.raises(NoteRefused, match="done"):
        say_progress(world, case, "PTNMT")
