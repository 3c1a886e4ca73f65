"""A service that raises, a full disk, a damaged state: each ends as an incident a retry resolves, and nothing else stops."""
from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from casework.answers.acts import SubmitAnswerInput
from casework.db import db, unit_of_work
from casework.erasure.quarantine import QuarantineInput
from casework.files.local import FileNotStored, LocalFileStore, new_stored_name
from casework.findings import one_moment
from casework.models import Case
from casework.triage.acts import ClassifyInput
from tests import build, tampering
from workflows.definitions.services import SERVICES
from workflows.mending.acts import MendingRefused
from workflows.mending.restoring import restore_state
from workflows.models import Incident, Message, ProcessInstance
from workflows.running.acts import act_recorded
from workflows.running.incidents import RetryOutcome, StepFailed, attempts_of, open_incidents, perform_recorded, retry_many, retry_recorded
from workflows.running.tokens import tokens_of
from workflows.running.wakeups import deliver_messages, fire_due_timers
from workflows.verification import check_process

WHY = "Đã khắc phục nguyên nhân."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def quick(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def only_incident() -> Incident:
    db.session.expire_all()
    return db.session.scalars(select(Incident)).one()


def instance_of(case: Case) -> ProcessInstance:
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id, ProcessInstance.assignment_id.is_(None))
    return db.session.scalars(query).one()


def retry(world: build.World, now: datetime) -> None:
    retry_recorded(only_incident().ref, by=world.actor("administrator", now), now=now)
    db.session.expire_all()


def found() -> set[tuple[str, bool]]:
    with one_moment():
        return {(each.check, each.is_fault) for each in check_process()}


def states(*cases: Case) -> list[str]:
    db.session.expire_all()
    return [case.state for case in cases]


# -- a service that raises ---------------------------------------------------------------------------------------------


@pytest.mark.exhaustive(but=2)
def test_a_service_that_raises_stops_its_own_case_until_it_is_mended(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound, at_work = build.case_at(world, "rating"), build.case_at(world, "rating"), build.case_at(world, "handling")
    runs = SERVICES["end_rating_window"].run

    def fails(case: Case, **given: Any) -> dict[str, Any]:
        if case.id == broken.id:
            raise ConnectionError("0912 345 678")
        return runs(case, **given)

    monkeypatch.setitem(SERVICES, "end_rating_window", replace(SERVICES["end_rating_window"], run=fails))
    over = build.next_moment(sound) + timedelta(days=30)
    assert fire_due_timers(over) == 1
    assert states(broken, sound) == ["rating", "closed"]
    assert (only_incident().kind, only_incident().error_class) == ("timer", "ConnectionError")
    build.advance(world, at_work, "rating")
    administrator = world.actor("administrator", over)
    [again] = retry_many([only_incident().ref], by=administrator, now=over)
    assert again.outcome is RetryOutcome.FAILED
    assert [(each.error_class, each.by) for each in attempts_of(only_incident())] == [
        ("ConnectionError", world.people["administrator"].full_name), ("ConnectionError", None)]  # fmt: skip
    assert "0912" not in str(only_incident().history)
    monkeypatch.undo()
    refs = [only_incident().ref, only_incident().ref, "no-such-incident"]
    assert [each.outcome for each in retry_many(refs, by=administrator, now=over)] == [RetryOutcome.DONE, RetryOutcome.GONE]
    assert states(broken) == ["closed"]
    assert found() == set()


# -- a full disk -------------------------------------------------------------------------------------------------------


LONG = SubmitAnswerInput(**{**build.ANSWER, "findings": "Đã kiểm tra. " * 380, "actions": "Đã thu gom. " * 380})
"""An answer that needs pages of its own."""


@contextmanager
def full_database() -> Iterator[None]:
    """The SQLite file may not grow by a page: what fits on those it has can still be written."""

    def bound(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")                 # means: as many as there are now

    db.session.rollback()
    event.listen(db.engine, "checkout", bound)
    try:
        yield
    finally:
        db.session.rollback()
        event.remove(db.engine, "checkout", bound)
        db.engine.dispose()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow: what a write meets is the system's own refusal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_step_that_no_longer_fits_into_the_database_is_an_incident_and_done_once_there_is_room(quick: build.World) -> None:
    case, other = build.case_at(quick, "handling"), build.case_at(quick, "to_classify")
    ref, now, by = build.waiting(case, "submit_answer").ref, build.next_moment(case), quick.actor("officer_PTNMT")
    with full_database():
        with pytest.raises(StepFailed) as failure:
            perform_recorded(ref, by=by, now=now, given=LONG)
        build.classify(quick, other)                                    # what fits goes on
    assert (only_incident().ref, only_incident().error_class) == (failure.value.incident_ref, "OperationalError")
    assert states(case, other) == ["handling", "to_distribute"]
    assert found() == {("process.incident", False)}
    retry(quick, now)
    perform_recorded(ref, by=by, now=now, given=LONG)
    assert (states(case), found()) == (["approval"], set())


def test_a_disk_that_takes_nothing_leaves_its_incident_as_soon_as_it_does(quick: build.World) -> None:
    case, other = build.case_at(quick, "handling"), build.case_at(quick, "to_classify")
    ref, now, by = build.waiting(case, "submit_answer").ref, build.next_moment(case), quick.actor("officer_PTNMT")
    with full_disk(), pytest.raises(OperationalError):
        perform_recorded(ref, by=by, now=now, given=LONG)
    assert (states(case), db.session.scalars(select(Incident)).all()) == (["handling"], [])
    perform_recorded(build.waiting(other, "classify").ref, by=quick.actor("operator"), now=now, given=classified(quick))
    assert (only_incident().case_id, only_incident().error_class) == (case.id, "OperationalError")
    retry(quick, now)
    perform_recorded(ref, by=by, now=now, given=LONG)
    assert (states(case, other), found()) == (["approval", "to_distribute"], set())


def test_a_timer_the_disk_fails_stops_nothing_and_the_worker_goes_on_by_itself(quick: build.World) -> None:
    case = build.case_at(quick, "rating")
    over = build.next_moment(case) + timedelta(days=30)
    with failing_writes():
        assert fire_due_timers(over) == 0
    assert (only_incident().kind, instance_of(case).status) == ("timer", "running")
    assert fire_due_timers(over) == 0                                   # leased: another worker would wait as well
    assert fire_due_timers(over + timedelta(minutes=2)) == 1
    retry(quick, over + timedelta(minutes=2))
    assert (states(case), found()) == (["closed"], set())


@contextmanager
def failing_writes() -> Iterator[None]:
    """The database refuses to write the state of an instance, as a disk does where one more page is needed."""

    def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE process_instance"):
            raise OperationalError(statement, {}, Exception("database or disk is full"))

    event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", refuse)


def test_a_photo_that_finds_no_room_is_refused_with_a_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    store, name = LocalFileStore(tmp_path / "photos"), new_stored_name()
    with full_disk(), pytest.raises(FileNotStored, match="send it again"):
        store.put(name, b"x" * 5000)
    assert [each for each in (tmp_path / "photos").rglob("*") if each.is_file()] == []
    assert store.put(name, b"x" * 5000).size == 5000


def classified(world: build.World) -> ClassifyInput:
    return ClassifyInput(field=world.field(), urgency="normal", complexity="ordinary", area=world.area, village="Thôn Păng Tiêng")


# -- a state that is damaged -------------------------------------------------------------------------------------------

Damage = Callable[[bytes], bytes]


def scrambled(state: bytes) -> bytes:
    return state[: len(state) // 2]


def of_another_model(state: bytes) -> bytes:
    """A state that speaks of an element its model does not have."""
    tree = orjson.loads(zstandard.decompress(state))
    for task in tree["tasks"].values():
        task["task_spec"] = task["task_spec"].replace("verify", "no_such_step")
    return zstandard.compress(orjson.dumps(tree))


def damage(instance: ProcessInstance, how: Damage = scrambled) -> bytes:
    """Damage the stored state; returns what it was."""
    state, instance_id = instance.state, instance.id
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == instance_id).values(state=how(state)))
    return state


def put_back(instance: ProcessInstance, state: bytes) -> None:
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == instance.id).values(state=state))


@pytest.mark.parametrize("how", [scrambled, of_another_model])
def test_a_damaged_state_is_an_incident_for_who_does_the_step_and_verification_names_it(quick: build.World, how: Damage) -> None:
    case, other = build.case_at(quick, "to_classify"), build.case_at(quick, "to_classify")
    ref, now = build.waiting(case, "classify").ref, build.next_moment(case)
    state = damage(instance_of(case), how)
    with pytest.raises(StepFailed):
        perform_recorded(ref, by=quick.actor("operator"), now=now, given=classified(quick))
    assert (only_incident().error_class, only_incident().element) == ("StateUnreadable", "classify")
    assert instance_of(case).status == "incident"
    assert found() == {("process.incident", False), ("process.unreadable", True)}
    assert tokens_of(case)[0].is_readable is False
    build.classify(quick, other)
    with pytest.raises(StepFailed):
        retry(quick, now)
    put_back(instance_of(case), state)
    retry(quick, now)
    build.advance(quick, case, "rating")
    assert found() == set()


def test_a_damaged_state_stops_neither_the_timers_nor_the_messages_of_others(quick: build.World) -> None:
    cases = [build.case_at(quick, "rating") for _ in range(3)]
    over = max(build.next_moment(case) for case in cases) + timedelta(days=30)
    state = damage(instance_of(cases[1]))
    assert fire_due_timers(over) == 2
    assert states(*cases) == ["closed", "rating", "closed"]
    assert (only_incident().kind, only_incident().error_class, fire_due_timers(over)) == ("timer", "StateUnreadable", 0)
    put_back(instance_of(cases[1]), state)
    retry(quick, over)
    assert (states(*cases), found()) == (["closed"] * 3, set())


def test_a_message_for_a_damaged_state_is_an_incident_and_is_taken_after_it_was_mended(quick: build.World) -> None:
    case = build.case_at(quick, "handling")
    state = damage(instance_of(case))
    with unit_of_work():
        db.session.add(Message(name="reporter_wrote", target_process="case", case_id=case.id, payload={}, sent_at=build.NOON, attempts=0))
    now = build.next_moment(case)
    assert deliver_messages(now) == 0
    assert (only_incident().kind, only_incident().error_class, instance_of(case).status) == ("message", "StateUnreadable", "incident")
    assert deliver_messages(now) == 0
    assert only_incident().attempts == 1
    put_back(instance_of(case), state)
    retry(quick, now)
    assert db.session.scalars(select(Message.id).where(Message.delivered_at.is_(None))).all() == []
    assert found() == set()


def test_the_instance_that_is_damaged_is_named_even_where_another_one_s_step_met_it(quick: build.World) -> None:
    case = build.case_at(quick, "approval")
    own, ref, now = instance_of(case), build.waiting(case, "approve_answer").ref, build.next_moment(case)
    state = damage(own)
    with pytest.raises(StepFailed):
        perform_recorded(ref, by=quick.actor("leader_PTNMT"), now=now)
    assert (only_incident().instance_id, own.status, only_incident().element) == (own.id, "incident", "approve_answer")
    put_back(own, state)
    retry(quick, now)
    build.advance(quick, case, "rating")
    assert found() == set()


# -- and given a state again -------------------------------------------------------------------------------------------


def restore(world: build.World, now: datetime) -> None:
    ref, by = only_incident().ref, world.actor("administrator", now)
    with unit_of_work():
        restore_state(ref, by=by, now=now, reason=WHY)
    db.session.expire_all()


def test_a_kept_state_that_agrees_with_the_open_steps_is_restored_whole(quick: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(quick, "rating")
    over = build.next_moment(case) + timedelta(days=30)
    end_of_rating = SERVICES["end_rating_window"]
    monkeypatch.setitem(SERVICES, "end_rating_window", replace(end_of_rating, run=lambda *_, **__: 1 / 0))
    assert fire_due_timers(over) == 0                                   # this incident keeps the good state
    monkeypatch.undo()
    with pytest.raises(MendingRefused, match="can be read"):
        restore(quick, over)
    damage(instance_of(case))
    restore(quick, over)
    assert instance_of(case).status == "incident"
    retry(quick, over)
    assert (states(case), found()) == (["closed"], set())


def test_without_a_kept_state_it_is_built_anew_where_its_open_steps_wait(quick: build.World) -> None:
    case = build.case_at(quick, "handling")
    build.act(quick, case, "write_to_centre", "citizen", report=case.main_report, words="Vẫn còn rác ở đầu hẻm.")
    agency = db.session.scalars(select(ProcessInstance).where(ProcessInstance.assignment_id.is_not(None))).one()
    damage(agency)
    ref, now = build.waiting(case, "submit_answer").ref, build.next_moment(case)
    with pytest.raises(StepFailed):
        perform_recorded(ref, by=quick.actor("officer_PTNMT"), now=now, given=SubmitAnswerInput(**build.ANSWER))
    restore(quick, build.next_moment(case))
    assert tokens_of(case)[1].current == {"submit_answer"}
    assert found() == {("process.incident", False)}
    retry(quick, build.next_moment(case))
    build.advance(quick, case, "rating")
    assert found() == set()


def test_quarantine_is_not_kept_from_a_case_whose_state_is_damaged(quick: build.World) -> None:
    case = build.case_at(quick, "handling")
    damage(instance_of(case))
    now, by, ref = build.next_moment(case), quick.actor("operator"), case.ref
    with pytest.raises(StepFailed):
        act_recorded(ref, "quarantine", by=by, now=now, given=QuarantineInput(reason="Tố cáo một cán bộ."))
    act_recorded(ref, "quarantine", by=by, now=now, given=QuarantineInput(reason="Tố cáo một cán bộ."))
    assert (states(case), found()) == (["quarantined"], set())
    assert open_incidents(quick.actor("administrator")) == []
