"""The exchange with one agency of a case: who writes, who reads, and what is new for whose desk."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Account, Case, Centre, Deputy, Event, Note
from casework.notes.exchange import Exchange, exchanges_new_for, exchanges_of, mark_exchange_read, new_exchange_count, reads_for_desk
from casework.notes.notes import ProgressNoteInput, notes_seen_by, progress_note, write_note
from casework.permissions import Actor, NotAllowed, actor_for
from tests import build
from tests.merged import assignment_of

EVERYBODY = ("operator", "ops_lead", "committee_leader", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "leader_UBND-LAT",
             "officer_HKL", "administrator", "inspector", "confidential_reader", "citizen", "guest")  # fmt: skip


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def say(world: build.World, case: Case, by: str | Actor, key: str, words: str = "Xin cho biết số nhà.", *, later: int = 0) -> None:
    actor = world.actor(by) if isinstance(by, str) else by
    with unit_of_work():
        locked = lock_case(case.id)
        moment = build.NOON + timedelta(minutes=later)
        write_note(locked, by=actor, now=moment, audience="agency", words=words, assignment=assignment_of(locked, key))


def there(world: build.World, case: Case, name: str) -> dict[str, Exchange]:
    db.session.expire_all()
    by = world.actor(name)
    return {each.agency.key: each for each in exchanges_of(by, case, notes_seen_by(by, case))}


def new_for(world: build.World, *names: str) -> dict[str, int]:
    db.session.expire_all()
    return {name: number for name in names or EVERYBODY if (number := new_exchange_count(world.actor(name)))}


def look(world: build.World, case: Case, name: str) -> None:
    """Read everything as the page does."""
    shown = there(world, case, name).values()
    for each in shown:
        if reads_for_desk(world.actor(name), each):
            with unit_of_work():
                mark_exchange_read(each)


def test_a_word_to_one_agency_is_read_by_the_centre_the_committee_and_that_agency(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    say(world, case, "operator", "PTNMT", "riêngPTNMT")
    say(world, case, "officer_UBND-LAT", "UBND-LAT", "riêngLAT")
    read = {name: {note.body for note in notes_seen_by(world.actor(name), case)} for name in EVERYBODY}
    assert {name: words for name, words in read.items() if words} == {
        **{key: {"riêngPTNMT", "riêngLAT"} for key in ("operator", "ops_lead", "committee_leader")},
        **{key: {"riêngPTNMT"} for key in ("officer_PTNMT", "leader_PTNMT")},
        **{key: {"riêngLAT"} for key in ("officer_UBND-LAT", "leader_UBND-LAT")},
    }
    assert not any("riêng" in str(event.payload) for event in db.session.query(Event)), "no event holds the words"


@pytest.mark.parametrize("by", ["officer_UBND-LAT", "officer_HKL", "committee_leader", "administrator", "inspector", "citizen", "guest"])
def test_nobody_else_writes_to_an_agency(world: build.World, by: str) -> None:
    case = build.case_at(world, "handling", agencies=2)
    with pytest.raises(NotAllowed):
        say(world, case, by, "PTNMT")
    assert db.session.query(Note).count() == 0


def test_a_word_is_new_for_the_other_desk_until_somebody_there_has_read_it(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    say(world, case, "operator", "PTNMT")
    assert new_for(world) == {"officer_PTNMT": 1, "leader_PTNMT": 1}
    assert [len(there(world, case, "operator")[key].unread_there) for key in ("PTNMT", "UBND-LAT")] == [1, 0]
    look(world, case, "leader_PTNMT")
    assert new_for(world) == {"officer_PTNMT": 1, "leader_PTNMT": 1}, "the leader reads beside the officers, who act on it"
    look(world, case, "officer_PTNMT")
    assert new_for(world) == {}
    assert there(world, case, "operator")["PTNMT"].unread_there == frozenset()
    say(world, case, "officer_PTNMT", "PTNMT", "Số 12.")
    assert new_for(world) == {"operator": 1, "ops_lead": 1}
    look(world, case, "committee_leader")
    assert new_for(world) == {"operator": 1, "ops_lead": 1}, "the committee reads for nobody"
    look(world, case, "ops_lead")
    assert new_for(world) == {}


def test_whoever_writes_has_read_what_their_side_was_told(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT")
    say(world, case, "officer_PTNMT", "PTNMT", "Số 12.")
    assert new_for(world) == {"operator": 1, "ops_lead": 1}
    say(world, case, "ops_lead", "PTNMT", "Xin cảm ơn.")
    assert new_for(world) == {"officer_PTNMT": 1, "leader_PTNMT": 1}


def test_what_was_written_while_somebody_read_stays_new(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT", "một")
    shown = there(world, case, "officer_PTNMT")["PTNMT"]
    say(world, case, "operator", "PTNMT", "hai")
    with unit_of_work():
        mark_exchange_read(shown)
    assert len(there(world, case, "officer_PTNMT")["PTNMT"].new) == 1


def test_progress_and_notes_of_the_agency_stand_in_its_exchange(world: build.World) -> None:
    case = build.case_at(world, "handling")
    moment, by = build.next_moment(case), world.actor("officer_PTNMT")
    with unit_of_work():
        progress_note(assignment_of(lock_case(case.id), "PTNMT"), ProgressNoteInput(words="Đã xem."), by=by, now=moment)
    assert [note.kind for note in there(world, case, "operator")["PTNMT"].notes] == ["progress"]
    assert new_for(world) == {"operator": 1, "ops_lead": 1}


def test_the_same_word_sent_twice_at_once_is_one(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT")
    say(world, case, "operator", "PTNMT")
    assert db.session.query(Note).count() == 1
    say(world, case, "operator", "PTNMT", later=5)
    assert db.session.query(Note).count() == 2


def test_an_agency_that_left_reads_and_writes_nothing_and_is_told_of_nothing_new(world: build.World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    say(world, case, "operator", "UBND-LAT")
    build.act(world, case, "remove_agency", "operator", assignment=assignment_of(case, "UBND-LAT"), reason="Không cần nữa.")
    assert new_for(world) == {}
    assert there(world, case, "officer_UBND-LAT") == {}
    for by in ("operator", "officer_UBND-LAT"):
        with pytest.raises(NotAllowed):
            say(world, case, by, "UBND-LAT", "Còn gì không?")
    assert not there(world, case, "operator")["UBND-LAT"].can_write, "the centre still reads it"


def test_of_a_case_that_was_set_apart_nothing_is_new_or_read_or_written(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT")
    say(world, case, "officer_PTNMT", "PTNMT", "Số 12.")
    build.act(world, case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    assert new_for(world) == {}
    assert all(exchanges_new_for(world.actor(name)) == [] for name in ("operator", "officer_PTNMT"))
    with pytest.raises(NotAllowed):
        say(world, case, "operator", "PTNMT", "Nữa.")


def test_a_deputy_reads_and_writes_for_the_desk(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "operator", "PTNMT")
    assert new_exchange_count(world.actor("officer_HKL")) == 0
    principal, deputy = world.people["officer_PTNMT"].id, world.people["officer_HKL"].id
    with unit_of_work():
        db.session.add(Deputy(principal_id=principal, deputy_id=deputy, starts_at=build.NOON, ends_at=build.NOON + timedelta(days=2),
                              created_by_id=principal))  # fmt: skip
    by = actor_for(db.session.get(Account, deputy), now=build.NOON)
    assert new_exchange_count(by) == 1
    say(world, case, by, "PTNMT", "Số 12.")
    assert new_exchange_count(by) == 0
    assert new_for(world) == {"operator": 1, "ops_lead": 1}


def test_nothing_of_another_centre_is_new(world: build.World) -> None:
    case = build.case_at(world, "handling")
    say(world, case, "officer_PTNMT", "PTNMT")
    other = db.session.query(Centre).filter(Centre.id != case.centre_id).first()
    operator = world.actor("operator")
    elsewhere = Actor(operator.account, tuple(type(g)(g.role, other.id if other else 999, None) for g in operator.grants))
    assert (new_exchange_count(operator), new_exchange_count(elsewhere)) == (1, 0)
