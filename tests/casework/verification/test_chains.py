"""Verification of the domain: an honest history is clean, and each way of falsifying it is named at its place."""
from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import delete, func, select, update

from casework.db import db, unit_of_work
from casework.events import chain_hash, payload_digest
from casework.files.local import LocalFileStore
from casework.findings import Finding, one_moment
from casework.models import Answer, Assignment, Case, Clock, Event, EventStream, File, OutboxMessage, Publication, SearchRow
from casework.permissions import SYSTEM
from casework.photos.records import prepare_photo, stage_photo
from casework.sealing.keyring import current_keyring
from casework.verification.anchor_check import check_anchors
from casework.verification.anchors import write_anchor
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from casework.verification.files import check_files
from tests import build, tampering
from tests.conftest import on_sqlite
from tests.grounds import somebody_else
from web.config import Config

DAY = timedelta(days=1)


def told(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    found = list(findings)
    assert all(finding.text.vi and finding.text.en for finding in found)
    return {(finding.check, finding.subject.split(" (")[0]) for finding in found}


def chains() -> set[tuple[str, str]]:
    with one_moment():
        return told(check_chains())


def cases() -> set[tuple[str, str]]:
    with one_moment():
        return told(check_cases(now=build.NOON))


def anchors(config: Config) -> set[tuple[str, str]]:
    with one_moment():
        return told(check_anchors(config.data))


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def case(world: build.World) -> Case:
    found = build.case_at(world, "handling", agencies=2)
    build.case_at(world, "to_classify")
    tampering.drop_triggers()
    return found


def event(case: Case, seq: int) -> Event:
    return db.session.scalars(select(Event).where(Event.case_id == case.id, Event.seq == seq)).one()


def last_seq(case: Case) -> int:
    return db.session.get_one(EventStream, f"case:{case.id}").seq


def rehash(case: Case) -> None:
    """Make a falsified stream look whole again, as somebody would who knows how the chain is made."""
    with unit_of_work():
        previous = "0" * 64
        rows = list(db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.seq)))
        for seq, row in enumerate(rows, start=1):
            row.seq, row.previous_hash = seq, previous
            row.payload_digest = payload_digest(row.payload or {}, row.salt or b"")
            previous = row.hash = chain_hash(row)
            db.session.flush()
        head = db.session.get_one(EventStream, f"case:{case.id}")
        head.seq, head.hash = len(rows), previous


# -- chains ------------------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_cases_at_every_state_are_clean(world: build.World) -> None:
    for state in build.WALK:
        build.case_at(world, state, agencies=2)
    redone = build.case_at(world, "approval", agencies=2, urgent=True)
    build.redo(world, redone, world.agencies["PTNMT"])
    judged = build.case_at(world, "rating")
    build.rate(world, judged, level="dissatisfied")
    build.do(world, judged, "review_rating", "ops_lead", outcome="reopened", words="Đúng là chưa dọn hết.")
    assert chains() == cases() == set()


def test_a_reopened_case_whose_agencies_are_all_asked_anew_is_clean(world: build.World) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    build.advance(world, case, "at_agency")
    assert list(check_cases(now=build.next_moment(case))) == []


def test_a_changed_payload_is_named(case: Case) -> None:
    with unit_of_work():
        event(case, 3).payload = {"title": "Không có gì"}
    assert chains() == {("chain.payload", f"case:{case.id}#3")}


def test_a_payload_that_is_no_json_any_more_is_named(sqlite_app: Flask) -> None:
    case = build.case_at(build.standard_world(), "to_classify")
    tampering.drop_triggers()
    tampering.run("UPDATE event SET payload = '{' WHERE case_id = :case_id AND seq = 2", case_id=case.id)
    assert chains() == {("chain.payload", f"case:{case.id}#2")}


def test_an_erased_payload_is_no_fault(case: Case) -> None:
    with unit_of_work():
        event(case, 3).payload = event(case, 3).salt = None
    assert chains() == set()


@on_sqlite
def test_a_payload_erased_without_its_salt_is_named(case: Case) -> None:
    with unit_of_work():
        event(case, 3).payload = None
    assert chains() == {("chain.payload", f"case:{case.id}#3")}


@pytest.mark.parametrize("change", [{"type": "refuse"}, {"actor_id": None}, {"at": build.NOON - DAY}])
@on_sqlite
def test_a_changed_event_is_named(case: Case, change: dict[str, object]) -> None:
    with unit_of_work():
        db.session.execute(update(Event).where(Event.case_id == case.id, Event.seq == 2).values(change))
    assert chains() == {("chain.hash", f"case:{case.id}#2")}


def test_a_changed_hash_is_named(case: Case) -> None:
    with unit_of_work():
        event(case, 2).hash = "a" * 64
    assert chains() == {("chain.hash", f"case:{case.id}#2"), ("chain.link", f"case:{case.id}#3")}


def test_an_event_deleted_from_the_middle_is_named(case: Case) -> None:
    tampering.run(delete(Event).where(Event.case_id == case.id, Event.seq == 3))
    assert chains() == {("chain.gap", f"case:{case.id}#3")}


@on_sqlite
def test_several_events_deleted_from_the_start_are_named(case: Case) -> None:
    tampering.run(delete(Event).where(Event.case_id == case.id, Event.seq <= 2))
    assert chains() == {("chain.gap", f"case:{case.id}#1–2")}


def test_the_last_event_deleted_is_named(case: Case) -> None:
    last = last_seq(case)
    tampering.run(delete(Event).where(Event.case_id == case.id, Event.seq == last))
    assert chains() == {("head.cut", f"case:{case.id}#{last}")}


def test_the_last_event_deleted_with_its_head_is_named_by_the_row_it_was_written_with(world: build.World) -> None:
    case = build.case_at(world, "approval")
    tampering.drop_triggers()
    tampering.run(delete(Event).where(Event.case_id == case.id, Event.seq == last_seq(case)))
    rehash(case)
    assert chains() == set()
    assert cases() == {("case.history", case.code)}


def test_two_swapped_events_are_named(case: Case) -> None:
    with unit_of_work():
        second, third = event(case, 2), event(case, 3)
        second.seq = 99
        db.session.flush()
        third.seq = 2
        db.session.flush()
        second.seq = 3
    assert {("chain.swapped", f"case:{case.id}#2"), ("chain.swapped", f"case:{case.id}#3")} <= chains()


def test_all_events_of_a_case_deleted_is_named(case: Case) -> None:
    tampering.run(delete(Event).where(Event.case_id == case.id))
    assert chains() == {("chain.emptied", f"case:{case.id}")}
    tampering.run(delete(EventStream).where(EventStream.stream == f"case:{case.id}"))
    assert chains() == {("case.no_stream", case.code)}


@on_sqlite
def test_a_head_changed_or_gone_is_named(case: Case) -> None:
    tampering.run(update(EventStream).where(EventStream.stream == f"case:{case.id}").values(hash="b" * 64))
    assert chains() == {("head.differs", f"case:{case.id}")}
    tampering.run(delete(EventStream).where(EventStream.stream == f"case:{case.id}"))
    assert chains() == {("head.missing", f"case:{case.id}"), ("case.no_stream", case.code)}


@pytest.mark.on_both
def test_what_others_commit_during_a_check_is_not_half_seen(case: Case) -> None:
    with one_moment():
        count = select(func.count()).select_from(Event)
        before = db.session.scalar(count)
        with somebody_else() as other, other.begin():
            other.execute(delete(Event).where(Event.seq == 2))
        assert db.session.scalar(count) == before
        assert list(check_chains()) == []
    assert chains()


# -- anchors: the same, by somebody who also makes the chain whole again ---------------------------------------------------


def test_a_history_rewritten_with_all_its_hashes_is_named_by_the_anchor(case: Case, config: Config) -> None:
    write_anchor(config.data, now=build.NOON)
    last = last_seq(case)
    with unit_of_work():
        event(case, 3).payload = {"title": "Không có gì"}
    rehash(case)
    assert chains() == set()
    assert anchors(config) == {("anchor.rewritten", f"case:{case.id}#{last}")}


def test_the_last_event_deleted_with_its_head_is_named_by_the_anchor(case: Case, config: Config) -> None:
    write_anchor(config.data, now=build.NOON)
    last = last_seq(case)
    tampering.run(delete(Event).where(Event.case_id == case.id, Event.seq == last))
    rehash(case)
    assert chains() == set()
    assert anchors(config) == {("anchor.event_gone", f"case:{case.id}#{last}")}


@pytest.mark.on_both
def test_a_case_deleted_with_all_its_rows_is_named_by_the_anchor(case: Case, config: Config) -> None:
    write_anchor(config.data, now=build.NOON)
    stream = f"case:{case.id}"
    tampering.delete_case(case)
    assert chains() == cases() == set()
    assert anchors(config) == {("anchor.stream_gone", stream)}


@on_sqlite
def test_an_erased_payload_leaves_the_anchor_whole(case: Case, config: Config) -> None:
    write_anchor(config.data, now=build.NOON)
    with unit_of_work():
        event(case, 3).payload = event(case, 3).salt = None
    assert anchors(config) == set()


# -- rows of a case against each other -------------------------------------------------------------------------------------


def test_a_state_that_does_not_follow_from_the_agencies_is_named(case: Case) -> None:
    tampering.run(update(Case).where(Case.id == case.id).values(state="approval"))
    assert ("case.state", case.code) in cases()


def test_an_agency_state_without_any_agency_is_named(world: build.World) -> None:
    case = build.case_at(world, "to_distribute")
    tampering.run(update(Case).where(Case.id == case.id).values(state="handling"))
    assert cases() == {("case.state", case.code)}


def test_a_closed_case_with_an_open_agency_or_a_running_clock_is_named(case: Case) -> None:
    tampering.run(update(Case).where(Case.id == case.id).values(state="closed"))
    assert cases() == {("case.open_assignment", case.code), ("case.closed_at", case.code), ("clock.runs_on", case.code)}


def test_a_due_instant_that_is_not_its_clocks_is_named(case: Case) -> None:
    assignment = case.assignments[0]
    tampering.run(update(Case).where(Case.id == case.id).values(due_at=build.NOON))
    tampering.run(update(Assignment).where(Assignment.id == assignment.id).values(due_at=None))
    assert cases() == {("clock.copy", case.code), ("clock.copy", f"{case.code}, assignment {assignment.id}")}


def test_a_clock_that_stopped_too_early_is_named(case: Case) -> None:
    tampering.run(update(Clock).where(Clock.case_id == case.id, Clock.kind == "case").values(ended_at=build.NOON))
    assert cases() == {("clock.missing", case.code)}


def test_a_publication_the_case_does_not_know_of_is_named(world: build.World) -> None:
    case = build.case_at(world, "rating")
    tampering.run(update(Case).where(Case.id == case.id).values(is_public=False))
    assert cases() == {("public.publication", case.code), ("search.must_not", case.code)}


def test_a_case_public_in_spite_of_quarantine_is_named(world: build.World) -> None:
    case = build.case_at(world, "rating")
    tampering.run(update(Case).where(Case.id == case.id).values(quarantined_at=build.NOON))
    assert cases() == {("public.must_not", case.code), ("search.must_not", case.code)}


def test_a_publication_taken_back_only_halfway_is_named(world: build.World) -> None:
    case = build.case_at(world, "closed")
    tampering.run(update(Publication).where(Publication.case_id == case.id).values(unpublished_at=build.NOON))
    assert cases() == {("public.publication", case.code)}


def test_a_missing_search_row_is_named(case: Case) -> None:
    tampering.run(delete(SearchRow).where(SearchRow.case_id == case.id, SearchRow.audience == "agencies"))
    assert cases() == {("search.missing", case.code)}


def test_an_answer_nobody_recorded_is_named(world: build.World) -> None:
    case = build.case_at(world, "approval")
    row = case.assignments[0].answers[0]
    with unit_of_work():
        db.session.add(Answer(assignment_id=row.assignment_id, version=2, findings="x", actions="x", remaining="x", contact="x",
                              author_id=row.author_id, submitted_at=build.NOON))
    assert cases() == {("case.history", case.code)}


def test_a_message_reserved_for_ever_is_named(case: Case) -> None:
    message = db.session.scalars(select(OutboxMessage.id)).first()
    tampering.run(update(OutboxMessage).where(OutboxMessage.id == message).values(leased_until=build.NOON + 2 * DAY))
    assert cases() == {("outbox.lease", f"message {message}")}


# -- files -----------------------------------------------------------------------------------------------------------------


def jpeg() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (640, 480), "#336644").save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def store(app: Flask, config: Config) -> LocalFileStore:
    store = LocalFileStore(config.files)
    prepared = prepare_photo(jpeg(), "anh.jpg", store=store, max_bytes=10_000_000)
    with unit_of_work():
        stage_photo(prepared, token="t" * 32, purpose="scene", by=SYSTEM, now=build.NOON)
    return store


def files(store: LocalFileStore, key_ids: frozenset[str] | None = None, every: int = 1) -> set[tuple[str, str]]:
    keys = current_keyring().key_ids if key_ids is None else key_ids
    return told(check_files(store, now=build.NOON, key_ids=keys, every=every))


def stored(*, sealed: bool) -> File:
    return db.session.scalars(select(File).where(File.key_id.is_not(None) if sealed else File.key_id.is_(None))).first()


def flip(path: Path, position: int) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@on_sqlite
def test_whole_files_are_clean(store: LocalFileStore) -> None:
    assert files(store) == set()


@pytest.mark.parametrize("position", [0, 40, -1])
@on_sqlite
def test_a_sealed_file_with_one_bit_changed_is_named(store: LocalFileStore, position: int) -> None:
    name = stored(sealed=True).stored_name
    flip(store.root / name, position)
    assert {subject for _, subject in files(store)} in ({name}, {f"key {name}"})


@on_sqlite
def test_a_plain_file_with_one_bit_changed_is_named(store: LocalFileStore) -> None:
    row = stored(sealed=True)
    with store.open(row.stored_name, sealed=True) as opened:
        content = opened.read()
    (store.root / row.stored_name).write_bytes(content)
    with unit_of_work():
        db.session.get_one(File, row.id).key_id = None
    assert files(store) == set()
    flip(store.root / row.stored_name, 10)
    assert files(store) == {("file.changed", row.stored_name)}


@on_sqlite
def test_a_missing_file_is_named_even_in_a_sample(store: LocalFileStore) -> None:
    names = list(db.session.scalars(select(File.stored_name)))
    for name in names:
        store.delete(name)
    assert files(store, every=1000) == {("file.missing", name) for name in names}


@on_sqlite
def test_an_erased_file_is_not_missed_but_named_when_it_still_lies_there(store: LocalFileStore) -> None:
    row = stored(sealed=True)
    tampering.run(update(File).where(File.id == row.id).values(erased_at=build.NOON - DAY))
    assert files(store) == {("file.not_erased", row.stored_name)}
    store.delete(row.stored_name)
    assert files(store) == set()


@on_sqlite
def test_files_whose_key_is_not_here_are_counted(store: LocalFileStore) -> None:
    key_id = current_keyring().current_id
    found = list(check_files(store, now=build.NOON, key_ids=frozenset()))
    assert [(finding.check, finding.subject) for finding in found] == [("file.key_missing", f"key {key_id}")]
    assert "3 sealed files" in found[0].text.en


@on_sqlite
def test_a_file_no_row_knows_is_worth_a_note_and_no_fault(store: LocalFileStore) -> None:
    store.put("ab/cd/abcd" + "0" * 28, b"left over")
    found = list(check_files(store, now=build.NOON + 365 * 100 * DAY, key_ids=current_keyring().key_ids))
    assert [(finding.check, finding.is_fault) for finding in found] == [("file.unknown", False)]
