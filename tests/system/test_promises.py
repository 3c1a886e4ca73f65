"""The rules nobody may break, each tried at the lowest place that holds it: several seeded faults (tests.mutants) are caught here."""
from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.answers import acts as answering
from casework.answers.acts import RedoAnswerInput
from casework.casefile.photo_access import private_copy, public_copy
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.events import chain_hash
from casework.files.local import LocalFileStore
from casework.models import (
    Account,
    Agency,
    Answer,
    Case,
    Clock,
    Deputy,
    Event,
    Membership,
    Rating,
    Report,
    SearchRow,
    VisibilityReason,
)  # fmt: skip
from casework.permissions import Actor, NotAllowed, Role
from casework.permissions.sight import Sight, case_seen_by, sees
from casework.photos.images import Rectangle
from casework.photos.records import add_copies, open_copy, prepare_copies, prepare_photo, stage_photo
from casework.privacy import identity
from casework.publishing import acts as publishing
from casework.publishing import ratings
from casework.publishing.acts import PublishInput
from casework.publishing.ratings import RateInput
from casework.reporters.report import report_opened_by
from casework.sealing.seal import SealBroken, open_text, seal_text
from casework.second_person import SecondPersonNeeded
from casework.triage import acts as triage
from casework.triage import hotline
from casework.triage.acts import VerifyInput
from casework.triage.hotline import CallHotlineInput
from tests import build
from tests.conftest import running
from tests.postgres import Cluster
from tests.system.canary import FILE_NAME, MARKS, marked_photo
from tests.system.marks import found_in
from web.config import Config
from workflows.bindings import BINDINGS, Bindings, Step
from workflows.running import instances, steps

FORM = {"findings": "Đã kiểm tra.", "actions": "Đã dọn.", "remaining": "Không còn.", "contact": "Ông Mẫu", "no_photo_reason": "Trời tối."}


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path / "store")


# -- transactions ------------------------------------------------------------------------------------------------------


def test_a_refused_act_leaves_nothing_behind(world: build.World) -> None:
    case = build.case_at(world, "to_verify")

    def write_and_fail() -> None:
        hotline.call_hotline(
            case, CallHotlineInput(number="113", spoke_to="Trực ban", reached=True, what="Báo."), by=world.actor("operator"), now=build.NOON
        )
        db.session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError), unit_of_work():
        write_and_fail()
    assert hotline.hotline_calls(case) == []


def test_a_unit_of_work_on_sqlite_holds_the_write_lock_from_its_first_moment(world: build.World, sqlite_config: Config) -> None:
    # Another process knows nothing of the queue in this one: only BEGIN IMMEDIATE keeps it out.
    other = sqlite3.connect(sqlite_config.data / "langbiang.db", timeout=0, isolation_level=None)
    with unit_of_work(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.fixture
def postgres_world(postgres_environment: dict[str, str]) -> Iterator[build.World]:
    with running(Config.from_environment(postgres_environment)):
        yield build.standard_world()


def is_locked(case: Case, postgres: Cluster) -> bool:
    with postgres.connect(db.engine.url.database or "") as other:
        try:
            other.execute('SELECT id FROM "case" WHERE id = %s FOR UPDATE NOWAIT', (case.id,))
        except psycopg.errors.LockNotAvailable:
            return True
    return False


def test_a_locked_case_keeps_every_other_connection_out(postgres_world: build.World, postgres: Cluster) -> None:
    case = build.case_at(postgres_world, "to_verify")
    with unit_of_work():
        lock_case(case.id)
        assert is_locked(case, postgres)
    assert not is_locked(case, postgres)


def test_a_step_locks_its_case_before_anything_is_decided(postgres_world: build.World, postgres: Cluster) -> None:
    seen = []

    def look(case: Case, *, by: Actor, now: datetime) -> dict[str, object]:
        seen.append(is_locked(case, postgres))
        return {"outcome": "accept"}

    case = build.case_at(postgres_world, "to_verify")
    ref, actor = build.waiting(case, "verify").ref, postgres_world.actor("operator")
    with unit_of_work():
        steps.perform(ref, by=actor, now=build.NOON, bindings=replace_step("verify", Step({"verify": look})))
    assert seen == [True]


def replace_step(element: str, step: Step) -> Bindings:
    return replace(BINDINGS, steps={**BINDINGS.steps, element: step})


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "inspector", "citizen", "guest"])
def test_only_the_operations_team_verifies(world: build.World, name: str) -> None:
    case = build.case_at(world, "to_verify")
    with unit_of_work(), pytest.raises(NotAllowed):
        triage.verify(case, VerifyInput(title="Rác", cleared=[]), by=world.actor(name), now=build.NOON)
    assert case.state == "to_verify"


@pytest.mark.parametrize("name", ["officer_HKL", "leader_PTNMT", "operator", "administrator", "citizen"])
def test_a_step_is_done_at_its_own_desk_only(world: build.World, name: str) -> None:
    case = build.case_at(world, "at_agency")
    ref, actor = build.waiting(case, "accept_assignment").ref, world.actor(name)
    anybody = replace_step("accept_assignment", Step({"accept_assignment": lambda *_, **__: {"outcome": "accept"}}))
    with pytest.raises(NotAllowed), unit_of_work():
        steps.perform(ref, by=actor, now=build.NOON, bindings=anybody)


def test_the_second_of_two_people_reads_who_was_first_and_when(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    ref = build.waiting(case, "verify").ref
    build.verify(world, case)
    with pytest.raises(steps.TaskAlreadyDone) as told, unit_of_work():
        steps.perform(ref, by=world.actor("operator_2"), now=build.NOON)
    assert "Người Thử operator đã thực hiện" in told.value.vi
    assert "10:05 02/03/2026" in told.value.vi


def give_role(account: Account, role: Role, agency: Agency) -> None:
    account.memberships.append(Membership(role=role, agency_id=agency.id, valid_from=build.LONG_AGO))


def test_nobody_approves_what_they_wrote(world: build.World) -> None:
    case = build.case_at(world, "handling")
    [assignment] = case.open_assignments
    with unit_of_work():
        give_role(build.staff(world, "both", Role.OFFICER, agency=assignment.agency), Role.AGENCY_LEADER, assignment.agency)
    build.do(world, case, "submit_answer", "both", **FORM)
    with pytest.raises(SecondPersonNeeded), unit_of_work():
        answering.approve_answer(assignment, by=world.actor("both"), now=build.NOON)


def test_a_deputy_does_not_approve_the_principal_s_text(world: build.World) -> None:
    case = build.case_at(world, "handling")
    [assignment] = case.open_assignments
    writer, deputy = world.people["leader_PTNMT"], world.people["officer_HKL"]
    with unit_of_work():
        give_role(writer, Role.OFFICER, assignment.agency)
        build.staff(world, "leader_2", Role.AGENCY_LEADER, agency=assignment.agency)
        db.session.add(Deputy(principal_id=writer.id, deputy_id=deputy.id, starts_at=build.NOON, ends_at=build.NOON + timedelta(days=9),
                              created_by_id=writer.id))
    build.do(world, case, "submit_answer", "leader_PTNMT", **FORM)
    with pytest.raises(SecondPersonNeeded), unit_of_work():
        answering.approve_answer(assignment, by=world.actor("officer_HKL", build.NOON + timedelta(hours=1)), now=build.NOON)


def test_a_redo_says_what_to_do_again(world: build.World) -> None:
    case = build.case_at(world, "approval")
    with pytest.raises(answering.DecisionRefused), unit_of_work():
        answering.redo_answer(case.open_assignments[0], RedoAnswerInput(instructions="  "), by=world.actor("leader_PTNMT"), now=build.NOON)


@pytest.mark.parametrize("name", ["citizen_2", "guest", "operator", "officer_PTNMT"])
def test_only_the_sender_rates(world: build.World, name: str) -> None:
    case = build.case_at(world, "rating")
    with pytest.raises(NotAllowed), unit_of_work():
        ratings.rate(case, RateInput(report=case.main_report, level="satisfied"), by=world.actor(name), now=build.next_moment(case))
    assert db.session.scalar(select(func.count(Rating.id))) == 0


def test_a_camera_s_report_is_rated_by_nobody(world: build.World) -> None:
    filed = build.file_report(world, by="operator", source="camera")
    case = build.advance(world, filed.case, "to_publish")
    build.publish(world, case)
    holder_of_its_secret = Actor(account=None, tracked_report_ids=frozenset({filed.report.id}))
    for somebody in (holder_of_its_secret, world.actor("operator")):
        given = RateInput(report=case.main_report, level="satisfied")
        with pytest.raises(NotAllowed), unit_of_work():
            ratings.rate(lock_case(case.id), given, by=somebody, now=build.next_moment(case))
    assert case.state == "closed"


# -- who sees ----------------------------------------------------------------------------------------------------------


def test_an_agency_that_handed_back_keeps_nothing_but_the_course_of_the_case(world: build.World) -> None:
    case = build.case_at(world, "at_agency")
    build.do(world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason="Không thuộc địa bàn của phòng.")
    build.do(world, case, "decide_hand_back", "operator", upheld=True, words="Đồng ý.")
    officer = world.actor("officer_PTNMT")
    assert not any(sees(officer, sight, case) for sight in Sight if sight != Sight.PROCESS)


def test_a_quarantined_case_is_there_for_its_confidential_readers_only(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        case.quarantined_at = build.NOON
    names = [*build.CENTRE_PEOPLE, "officer_PTNMT", "leader_PTNMT", "citizen"]
    assert [name for name in names if case_seen_by(world.actor(name), case.ref)] == ["confidential_reader"]


def test_nobody_goes_on_working_in_a_quarantined_case(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    ref = build.waiting(case, "verify").ref
    with unit_of_work():
        case.quarantined_at = build.NOON
    anything = replace_step("verify", Step({"verify": lambda *_, **__: {"outcome": "accept"}}))
    with pytest.raises(steps.TaskUnknown), unit_of_work():
        steps.perform(ref, by=world.actor("operator"), now=build.NOON, bindings=anything)
    with pytest.raises(steps.TaskUnknown):
        steps.task_for(world.actor("operator"), ref)


def test_an_identity_is_revealed_with_a_reason_and_an_event(world: build.World) -> None:
    case = build.case_at(world, "to_verify", by="guest")
    report = case.main_report
    with unit_of_work(), pytest.raises(identity.RevealRefused):
        identity.reveal_identity(case, report, by=world.actor("operator"), reason="xem", now=build.NOON)
    with unit_of_work():
        told = identity.reveal_identity(case, report, by=world.actor("operator"), reason="Cần gọi lại để hỏi vị trí.", now=build.NOON)
    assert told.phone == build.PHONE
    event = db.session.scalars(select(Event).where(Event.type == "reveal_identity")).one()
    assert event.payload["reason"] == "Cần gọi lại để hỏi vị trí."
    assert event.actor_id == world.people["operator"].id


@pytest.mark.parametrize("name", ["officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "inspector", "confidential_reader"])
def test_nobody_else_ever_sees_an_identity(world: build.World, name: str) -> None:
    case = build.case_at(world, "handling", by="guest")
    with unit_of_work(), pytest.raises(NotAllowed):
        identity.reveal_identity(case, case.main_report, by=world.actor(name), reason="Cần gọi lại để hỏi vị trí.", now=build.NOON)


def test_a_report_opens_with_its_own_secret_only(world: build.World) -> None:
    first, second = build.file_report(world, by="guest"), build.file_report(world, by="guest")
    assert report_opened_by(first.report.code, first.secret) is not None
    assert report_opened_by(first.report.code, second.secret) is None


def test_search_rows_for_the_public_appear_with_the_publication(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    audiences = select(SearchRow.audience).where(SearchRow.case_id == case.id)
    assert "public" not in set(db.session.scalars(audiences))
    build.publish(world, case)
    assert "public" in set(db.session.scalars(audiences))


def test_a_sensitive_case_is_never_published(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    with unit_of_work():
        case.visibility_reason_id = db.session.scalars(select(VisibilityReason.id)).first()
    with pytest.raises(publishing.PublicationRefused), unit_of_work():
        publishing.publish(case, PublishInput(title="Rác", question="Rác", checked=True), by=world.actor("operator"), now=build.NOON)


# -- words and photos --------------------------------------------------------------------------------------------------


def test_a_report_is_not_accepted_before_its_words_are_cleared(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    with pytest.raises(triage.VerificationRefused), unit_of_work():
        triage.verify(case, VerifyInput(title="Rác đổ ven suối", cleared=[]), by=world.actor("operator"), now=build.NOON)


def with_photo(world: build.World, store: LocalFileStore) -> Report:
    prepared = prepare_photo(marked_photo(), FILE_NAME, store=store, max_bytes=15_000_000)
    with unit_of_work():
        stage_photo(prepared, token="t" * 24, purpose="scene", by=world.actor("citizen"), now=build.NOON)
    return build.file_report(world, photos_token="t" * 24).report


def test_a_report_is_not_accepted_before_its_photos_are_cleared(world: build.World, store: LocalFileStore) -> None:
    report = with_photo(world, store)
    case = db.session.scalars(select(Case)).one()
    given = VerifyInput(title="Rác đổ ven suối", cleared=[build.cleared(report)])
    with pytest.raises(triage.VerificationRefused), unit_of_work():
        triage.verify(case, given, by=world.actor("operator"), now=build.NOON)


def test_nothing_of_what_a_photo_tells_of_its_sender_is_in_any_copy(world: build.World, store: LocalFileStore) -> None:
    report = with_photo(world, store)
    [photo] = triage.photos_of_report(report)
    copies = prepare_copies(photo, [], audience="agencies", store=store)
    with unit_of_work():
        add_copies(photo, copies, audience="agencies", by=world.actor("operator"), now=build.NOON)
    for file in photo.files:
        with open_copy(file, store=store) as opened:
            found = found_in(opened.read(), MARKS)
        assert bool(found) == (file.rendition == "original"), f"{file.audience} {file.rendition}: {found}"
    for path in store.root.rglob("*"):
        assert not path.is_file() or not found_in(path.read_bytes(), MARKS)


def test_what_was_covered_for_agencies_stays_covered_for_the_public(world: build.World, store: LocalFileStore) -> None:
    [photo] = triage.photos_of_report(with_photo(world, store))
    everything = [Rectangle(0, 0, 1, 1)]
    with unit_of_work():
        copies = prepare_copies(photo, everything, audience="agencies", store=store)
        add_copies(photo, copies, audience="agencies", by=world.actor("operator"), now=build.NOON)
    public = prepare_copies(photo, [], audience="public", store=store)
    with store.open(public.files[0].stored.stored_name) as opened:
        assert len(opened.read()) < 20_000, "a picture painted over in one colour is small"


def test_photos_are_served_to_those_they_were_cleared_for(world: build.World, store: LocalFileStore) -> None:
    report = with_photo(world, store)
    case = db.session.scalars(select(Case)).one()
    [photo] = triage.photos_of_report(report)
    for audience in ("agencies", "public"):                     # a copy for the public is not yet a publication
        copies = prepare_copies(photo, [], audience=audience, store=store)
        with unit_of_work():
            add_copies(photo, copies, audience=audience, by=world.actor("operator"), now=build.NOON)
    build.do(world, case, "verify", "operator", title="Rác đổ ven suối", cleared=[build.cleared(report)])
    build.advance(world, case, "to_publish")
    officer, operator, guest = (world.actor(name) for name in ("officer_PTNMT", "operator", "guest"))
    assert private_copy(officer, photo.ref, "agencies", "view") is not None
    assert private_copy(officer, photo.ref, "centre", "view") is None
    assert private_copy(operator, photo.ref, "centre", "view") is not None
    assert private_copy(guest, photo.ref, "agencies", "view") is None
    assert public_copy(photo.ref, "view") is None, "not published yet"
    chosen = ((photo, prepare_copies(photo, [], audience="public", store=store)),)
    build.do(world, case, "publish", "operator", title="Rác đổ ven suối", question="Rác đổ ven suối.", checked=True, photos=chosen)
    assert public_copy(photo.ref, "view") is not None


# -- what is written down ----------------------------------------------------------------------------------------------


def test_the_chain_covers_the_digest_of_what_was_said(world: build.World) -> None:
    build.case_at(world, "to_verify")
    event = db.session.scalars(select(Event)).first()
    assert event is not None
    before = chain_hash(event)
    with db.session.no_autoflush:
        event.payload_digest = "f" * 64
        assert chain_hash(event) != before
        db.session.expire(event)


def test_a_request_sent_twice_makes_one_report(world: build.World) -> None:
    first = build.file_report(world, idempotency_key="one-and-the-same-key-000")
    again = build.file_report(world, idempotency_key="one-and-the-same-key-000")
    assert (again.is_repeat, again.report.id, again.secret) == (True, first.report.id, first.secret)
    assert db.session.scalar(select(func.count(Case.id))) == 1


def test_a_limit_is_late_from_its_very_instant(world: build.World) -> None:
    case = build.case_at(world, "handling")
    clock = db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == "case")).one()
    due = clock.due_at
    assert due is not None
    moment = timedelta(microseconds=1)
    assert (clock.is_late(due - moment), clock.is_late(due)) == (False, True)
    assert (case.is_late(due - moment), case.is_late(due)) == (False, True)
    task = build.waiting(case, "submit_answer")
    assert (task.is_late(task.due_at - moment), task.is_late(task.due_at)) == (False, True)
    ended = [Clock(due_at=due, ended_at=at).is_late(due + timedelta(days=9)) for at in (due - moment, due)]
    assert ended == [False, True], "what has ended stays as it ended"


def test_every_seal_is_for_one_purpose(world: build.World) -> None:
    with pytest.raises(SealBroken):
        open_text(seal_text("0976543219", purpose="phone"), purpose="e-mail")


def test_the_process_keeps_no_content() -> None:
    with pytest.raises(ValueError, match="ids, outcomes and flags"):
        instances._small({"words": "Tôi là " * 40})


def test_every_version_of_an_answer_stays(world: build.World) -> None:
    case = build.case_at(world, "approval")
    build.redo(world, case, world.agencies["PTNMT"])
    build.submit(world, case)
    versions = db.session.scalars(select(Answer.version).order_by(Answer.version))
    assert list(versions) == [1, 2]
