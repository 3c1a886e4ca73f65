import dataclasses
import re

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.permissions import NotAllowed, Role, actor_for
from casework.publishing.ratings import RatingRefused
from casework.triage import acts as triage
from casework.triage.acts import ClassifyInput
from tests import build
from workflows.bindings import BINDINGS, Step
from workflows.definitions.expressions import ExpressionRefused, evaluate
from workflows.models import Incident, ProcessInstance, WaitingTask
from workflows.running.faults import place_of, root_of, told_of
from workflows.running.incidents import (
    IncidentUnknown,
    StepFailed,
    open_incidents,
    perform_recorded,
    retry_recorded,
)
from workflows.running.wakeups import fire_due_timers

SECRET_WORDS = "Nguyễn Thị Thử, 0912 345 678"


def bound_to(element, use_case):
    return dataclasses.replace(BINDINGS, steps={**BINDINGS.steps, element: Step({element: use_case})})


def fails(case, given=None, *, by, now):
    case.title = "half done"
    db.session.flush()
    raise ZeroDivisionError(SECRET_WORDS)


def answers_nonsense(case, *, by, now):
    return {"outcome": "perhaps"}


def classified(world, **given):
    return build.case_at(world, "to_classify", **given)


def only_incident():
    db.session.expire_all()
    return db.session.scalars(select(Incident)).one()


def test_a_failing_use_case_leaves_the_state_of_before_and_an_incident(app):
    world = build.standard_world()
    case = classified(world)
    task, at = build.waiting(case, "classify"), build.next_moment(case)
    before, title = task.instance.state, case.title
    with pytest.raises(StepFailed) as failure:
        perform_recorded(task.ref, by=world.actor("operator"), now=at, bindings=bound_to("classify", fails))
    incident = only_incident()
    assert failure.value.incident_ref == incident.ref
    assert incident.ref in failure.value.vi
    assert (incident.kind, incident.element, incident.error_class) == ("step", "classify", "ZeroDivisionError")
    assert incident.state_before == before == task.instance.state
    assert (case.title, task.state, task.instance.status) == (title, "waiting", "running")
    assert SECRET_WORDS not in incident.error_text


def test_an_incident_names_the_function_of_the_program_that_failed_within_its_room(app, monkeypatch):
    world = build.standard_world()
    case = classified(world)

    def breaks(*_, **__):
        raise ZeroDivisionError(SECRET_WORDS)

    monkeypatch.setattr(triage, "start_case_clock", breaks)
    with pytest.raises(StepFailed):
        perform_recorded(build.waiting(case, "classify").ref, by=world.actor("operator"), now=build.next_moment(case),
                         given=ClassifyInput(field=world.field(), urgency="normal", complexity="ordinary", area=world.area))
    assert re.fullmatch(r"casework/triage/acts\.py:\d+ classify", only_incident().error_text)


def test_the_person_can_try_again_and_a_second_failure_counts_on_the_same_incident(app):
    world = build.standard_world()
    case = classified(world)
    ref, at = build.waiting(case, "classify").ref, build.next_moment(case)
    for _ in range(2):
        with pytest.raises(StepFailed):
            perform_recorded(ref, by=world.actor("operator"), now=at, bindings=bound_to("classify", fails))
    assert only_incident().attempts == 2
    build.classify(world, case)
    assert build.waiting(case, "distribute")


def test_a_fault_inside_the_engine_is_an_incident_too(app):
    world = build.standard_world()
    case = build.case_at(world, "at_agency")
    ref, now = build.waiting(case, "accept_assignment").ref, build.next_moment(case)
    with pytest.raises(StepFailed):
        perform_recorded(ref, by=world.actor("officer_PTNMT"), now=now, bindings=bound_to("accept_assignment", answers_nonsense))
    assert only_incident().error_class == "WorkflowException"
    build.accept(world, case)
    assert build.waiting(case, "submit_answer")


def test_content_never_gets_into_the_state(sqlite_app):
    world = build.standard_world()
    case = build.file_report(world).case
    ref = build.waiting(case, "verify").ref
    for values in ({"words": "x" * 101}, {"words": ["a"]}, {"words": {"a": 1}}):
        bindings = bound_to("verify", lambda *_, values=values, **__: values)
        with pytest.raises(StepFailed):
            perform_recorded(ref, by=world.actor("operator"), now=build.NOON, bindings=bindings)
    assert only_incident().error_class == "ValueError"


def test_a_failing_timer_stops_its_instance_until_it_is_retried(app):
    world = build.standard_world()
    case = build.case_at(world, "rating")
    instance = build.waiting(case, "rate").instance
    over = build.next_moment(case).replace(month=5)
    broken = dataclasses.replace(BINDINGS, ends={"closed": fails})
    assert fire_due_timers(over, bindings=broken) == 0
    incident = only_incident()
    assert (incident.kind, incident.element, instance.status) == ("timer", "rating_window", "incident")
    assert fire_due_timers(over, bindings=broken) == 0
    assert only_incident().attempts == 1
    with pytest.raises(NotAllowed):
        retry_recorded(incident.ref, by=world.actor("operator"), now=over)
    with pytest.raises(StepFailed):
        retry_recorded(incident.ref, by=world.actor("administrator"), now=over, bindings=broken)
    assert only_incident().attempts == 2
    assert [each.ref for each in open_incidents(world.actor("administrator"))] == [incident.ref]
    with pytest.raises(NotAllowed):
        open_incidents(world.actor("operator"))
    retry_recorded(incident.ref, by=world.actor("administrator"), now=over)
    db.session.expire_all()
    assert (case.state, instance.status) == ("closed", "ended")
    assert only_incident().resolved_by_id == world.people["administrator"].id
    assert open_incidents(world.actor("administrator")) == []
    with pytest.raises(IncidentUnknown):
        retry_recorded(incident.ref, by=world.actor("administrator"), now=over)


def test_a_steps_incident_is_resolved_by_letting_the_person_try_again(app):
    world = build.standard_world()
    case = classified(world)
    ref, at = build.waiting(case, "classify").ref, build.next_moment(case)
    with pytest.raises(StepFailed):
        perform_recorded(ref, by=world.actor("operator"), now=at, bindings=bound_to("classify", fails))
    retry_recorded(only_incident().ref, by=world.actor("administrator"), now=at)
    assert only_incident().resolved_at == at
    build.classify(world, case)


def test_a_case_changed_meanwhile_is_busy_and_leaves_no_incident(app):
    world = build.standard_world()
    case = classified(world)

    def changed_elsewhere(case, *, by, now):
        instance = db.session.scalars(select(ProcessInstance)).one()
        db.session.execute(ProcessInstance.__table__.update().values(version=instance.version + 1))
        return {"urgent": False}

    ref = build.waiting(case, "classify").ref
    with pytest.raises(CaseBusy):
        perform_recorded(ref, by=world.actor("operator"), now=build.NOON, bindings=bound_to("classify", changed_elsewhere))
    assert db.session.scalars(select(Incident)).all() == []


def test_what_an_end_refuses_without_a_person_is_an_incident_and_logged(app, caplog):
    world = build.standard_world()
    case = build.case_at(world, "rating")
    over = build.next_moment(case).replace(month=5)

    def refuses(case, given=None, *, by, now):
        raise RatingRefused(SECRET_WORDS, SECRET_WORDS)

    broken = dataclasses.replace(BINDINGS, ends={"closed": refuses})
    with caplog.at_level("INFO", "langbiang.wakeups"):
        assert fire_due_timers(over, bindings=broken) == 0
    incident = only_incident()
    assert (incident.kind, incident.error_class, incident.attempts) == ("timer", "RatingRefused", 1)
    assert [(line.getMessage(), line.incident, line.error) for line in caplog.records] == [("timer failed", incident.ref, "RatingRefused")]
    assert SECRET_WORDS not in str([vars(line) for line in caplog.records])
    with pytest.raises(StepFailed):
        retry_recorded(incident.ref, by=world.actor("administrator"), now=over, bindings=broken)
    assert only_incident().attempts == 2
    retry_recorded(incident.ref, by=world.actor("administrator"), now=over)
    db.session.expire_all()
    assert case.state == "closed"


@pytest.mark.parametrize(("words", "expected"), [("database is locked", CaseBusy), ("disk I/O error", StepFailed)])
def test_only_a_lock_makes_a_case_busy(sqlite_app, words, expected):
    def fails_so(case, *, by, now):
        raise OperationalError("UPDATE", {}, Exception(words))

    world = build.standard_world()
    ref = build.waiting(classified(world), "classify").ref
    with pytest.raises(expected):
        perform_recorded(ref, by=world.actor("operator"), now=build.NOON, bindings=bound_to("classify", fails_so))
    kept = db.session.scalars(select(Incident.error_class)).all()
    assert kept == ([] if expected is CaseBusy else ["OperationalError"])


def test_a_timer_the_database_fails_is_logged_and_stops_no_other(sqlite_app, caplog):
    world = build.standard_world()
    cases = [build.case_at(world, "rating") for _ in range(2)]
    over = max(build.next_moment(case) for case in cases).replace(month=5)
    closes = BINDINGS.ends["closed"]

    def fails_once(case, *, by, now):
        if case.id == cases[0].id:
            raise OperationalError("UPDATE", {}, Exception("disk I/O error"))
        return closes(case, by=by, now=now)

    assert fire_due_timers(over, bindings=dataclasses.replace(BINDINGS, ends={**BINDINGS.ends, "closed": fails_once})) == 1
    assert [line.getMessage() for line in caplog.records if line.name == "langbiang.wakeups"] == ["timer failed"]
    db.session.expire_all()
    assert sorted(case.state for case in cases) == ["closed", "rating"]


def test_an_incident_of_another_centre_or_of_a_quarantined_case_is_not_there(sqlite_app):
    world = build.standard_world()
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        stranger = build.staff(other, "administrator_DN", Role.ADMINISTRATOR)
    case = classified(world)
    ref, at = build.waiting(case, "classify").ref, build.next_moment(case)
    with pytest.raises(StepFailed):
        perform_recorded(ref, by=world.actor("operator"), now=at, bindings=bound_to("classify", fails))
    incident_ref, by = only_incident().ref, actor_for(stranger, now=at)
    assert open_incidents(by) == []
    with pytest.raises(IncidentUnknown):
        retry_recorded(incident_ref, by=by, now=at)
    with unit_of_work():
        db.session.get_one(type(case), case.id).quarantined_at = at
    assert open_incidents(world.actor("administrator")) == []
    with pytest.raises(IncidentUnknown):
        retry_recorded(incident_ref, by=world.actor("administrator"), now=at)


def test_the_root_of_a_wrapped_fault_is_named_and_only_our_own_sentences_are_kept():
    def wraps():
        try:
            raise KeyError(SECRET_WORDS)
        except KeyError as inner:
            raise RuntimeError("outer") from inner

    with pytest.raises(RuntimeError) as outer:
        wraps()
    assert isinstance(root_of(outer.value), KeyError)
    assert SECRET_WORDS not in place_of(root_of(outer.value))
    with pytest.raises(ExpressionRefused) as refusal:
        evaluate("verify", {})
    assert "the variable verify is not known here" in place_of(refusal.value)
    assert told_of(refusal.value) == ("giá trị verify không có ở đây", "the variable verify is not known here")
    assert place_of(ValueError(SECRET_WORDS)) == "unknown place"


def test_a_refusal_is_no_incident(sqlite_app):
    world = build.standard_world()
    case = classified(world)
    with pytest.raises(NotAllowed):
        perform_recorded(build.waiting(case, "classify").ref, by=world.actor("citizen"), now=build.NOON)
    assert db.session.scalars(select(Incident)).all() == []
    assert db.session.scalars(select(WaitingTask.state).where(WaitingTask.element == "classify")).all() == ["waiting"]
    with unit_of_work():
        pass
