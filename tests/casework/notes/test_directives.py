"""A committee leader's word on a case, and an agency's on how far it has come."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Case, Event, OutboxMessage
from casework.notes.directives import DirectInput, DirectiveRefused, direct, directives_of
from casework.notes.notes import NoteRefused, ProgressNoteInput, notes_seen_by, progress_note
from casework.permissions import NotAllowed
from casework.working_time import LONGEST_SEARCH_DAYS, DayTooFar
from tests import build

WORDS = "Đề nghị dọn xong trước lễ, báo cáo kết quả."


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def directed(world: build.World, case: Case, by: str = "committee_leader", *, words: str = WORDS, until: date | None = None) -> None:
    now, actor = build.next_moment(case), world.actor(by)
    with unit_of_work():
        direct(lock_case(case.id), DirectInput(words=words, until=until), by=actor, now=now)


def noted(world: build.World, case: Case, by: str, *, words: str = "Đã khảo sát, mai dọn.", number: int = 0) -> None:
    now, actor = build.next_moment(case), world.actor(by)
    with unit_of_work():
        progress_note(lock_case(case.id).assignments[number], ProgressNoteInput(words=words), by=actor, now=now)


def desks(template: str) -> list[str]:
    query = select(OutboxMessage.recipient).where(OutboxMessage.template == template).order_by(OutboxMessage.id)
    return [recipient.removeprefix("desk:").partition("@")[0] for recipient in db.session.scalars(query)]


def payloads(verb: str) -> list[object]:
    return list(db.session.scalars(select(Event.payload).where(Event.type == verb)))


def test_a_directive_reaches_the_centre_and_the_leaders_at_work_and_stays_out_of_the_event(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    directed(world, case, until=date(2026, 3, 5))
    [row] = directives_of(case)
    assert row.body == WORDS
    assert row.due_at == datetime(2026, 3, 6, tzinfo=LOCAL_ZONE).astimezone(UTC)
    assert desks("directive_given") == ["operator", "ops_lead", "agency_leader", "agency_leader"]
    assert payloads("direct") == [{"until": "2026-03-05"}]


def test_a_directive_moves_no_limit_and_the_newest_comes_first(world: build.World) -> None:
    case = build.case_at(world, "handling")
    due = case.due_at
    directed(world, case, words="Một.")
    directed(world, case, words=" Hai. ")
    assert [row.body for row in directives_of(case)] == ["Hai.", "Một."]
    assert directives_of(case)[0].due_at is None
    assert case.due_at == due


def test_a_case_on_hold_can_be_directed_and_one_that_ended_cannot(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        lock_case(case.id).paused_for = "hold"
    directed(world, case)
    ended = build.case_at(world, "closed")
    with pytest.raises(DirectiveRefused, match="ended"):
        directed(world, ended)


def test_a_directive_needs_words_and_a_day_that_has_not_passed(world: build.World) -> None:
    case = build.case_at(world, "handling")
    for words in (" ", "a" * 4_001):
        with pytest.raises(DirectiveRefused, match="characters"):
            directed(world, case, words=words)
    with pytest.raises(DirectiveRefused, match="passed"):
        directed(world, case, until=date(2026, 3, 1))
    directed(world, case, until=date(2026, 3, 2))


@pytest.mark.parametrize("name", ["operator", "ops_lead", "leader_PTNMT", "administrator", "citizen"])
def test_only_the_committee_leader_directs(world: build.World, name: str) -> None:
    with pytest.raises(NotAllowed):
        directed(world, build.case_at(world, "handling"), name)


class TestProgress:
    def test_the_centre_is_told_and_other_agencies_read_nothing(self, world: build.World) -> None:
        case = build.case_at(world, "handling", agencies=2)
        lead, helping = case.assignments
        noted(world, case, f"officer_{lead.agency.key}")
        [note] = notes_seen_by(world.actor("operator"), case)
        assert (note.kind, note.audience, note.body) == ("progress", "agency", "Đã khảo sát, mai dọn.")
        assert notes_seen_by(world.actor(f"leader_{lead.agency.key}"), case) == [note]
        assert notes_seen_by(world.actor(f"officer_{helping.agency.key}"), case) == []
        assert desks("progress_noted") == ["operator"]
        assert payloads("progress_note") == [{"agency": lead.agency.key}]

    @pytest.mark.exhaustive
    def test_progress_is_told_after_accepting_and_until_the_part_is_done(self, world: build.World) -> None:
        for state in ("at_agency", "to_publish"):
            with pytest.raises(NoteRefused, match="accepted"):
                noted(world, build.case_at(world, state), "officer_PTNMT")
        noted(world, build.case_at(world, "approval"), "leader_PTNMT")

    def test_progress_is_told_also_while_the_case_rests(self, world: build.World) -> None:
        case = build.case_at(world, "handling")
        with unit_of_work():
            lock_case(case.id).paused_for = "hold"
        noted(world, case, "officer_PTNMT")
        assert len(notes_seen_by(world.actor("operator"), case)) == 1

    def test_a_note_needs_words(self, world: build.World) -> None:
        case = build.case_at(world, "handling")
        for words in ("\n", "a" * 4_001):
            with pytest.raises(NoteRefused, match="characters"):
                noted(world, case, "officer_PTNMT", words=words)

    def test_an_agency_tells_of_its_own_part_alone(self, world: build.World) -> None:
        case = build.case_at(world, "handling", agencies=2)
        for name in ("officer_UBND-LAT", "officer_HKL", "operator", "citizen"):
            with pytest.raises(NotAllowed):
                noted(world, case, name)

    def test_of_a_quarantined_case_nothing_is_told(self, world: build.World) -> None:
        case = build.case_at(world, "handling")
        with unit_of_work():
            lock_case(case.id).quarantined_at = build.NOON + timedelta(hours=1)
        with pytest.raises(NotAllowed):
            noted(world, case, "officer_PTNMT")


def test_a_directive_reaches_ten_years_ahead_and_no_further(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    last = build.NOON.astimezone(LOCAL_ZONE).date() + timedelta(days=LONGEST_SEARCH_DAYS)
    directed(world, case, until=last)
    for day in (last + timedelta(days=1), date.max):
        with pytest.raises(DayTooFar, match="ten years ahead"):
            directed(world, case, until=day)
    assert len(directives_of(case)) == 1
