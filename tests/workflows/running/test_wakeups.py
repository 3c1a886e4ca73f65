import itertools
import threading
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from casework.answers.acts import SubmitAnswerInput
from casework.bilingual import Bilingual
from casework.cases import CaseBusy, lock_case
from casework.clocks.acts import ClockKind, move_due, running_clock
from casework.db import db, unit_of_work
from casework.merging.merge import MergeInput
from casework.models import Case, Event
from casework.publishing.ratings import RateInput
from tests import build
from tests import drawn_steps as drawn
from tests.conftest import running
from tests.workflows.drawing import Drawing
from web.config import Config
from workflows import clock, engine, jobs
from workflows.definitions.parsed import definition_of
from workflows.definitions.services import SERVICES, Service
from workflows.engine import waits_for
from workflows.models import Incident, Message, ProcessInstance, Timer, WaitingTask
from workflows.running import steps
from workflows.running.acts import act, follow
from workflows.running.incidents import perform_recorded
from workflows.running.wakeups import LEASE, deliver_messages, fire_due_timers
from workflows.verification import check_process


def doing(run):
    """A service that does something else."""
    return Service(run, Bilingual("thử", "try"))


def rated_world(cases=1):
    world = build.standard_world()
    return world, [build.case_at(world, "rating") for _ in range(cases)]


def timers():
    db.session.expire_all()
    return list(db.session.scalars(select(Timer).order_by(Timer.id)))


def test_a_timer_fires_at_its_instant_and_not_before(app):
    _world, (case,) = rated_world()
    (timer,) = timers()
    assert (timer.element, timer.ended_at) == ("rating_window", None)
    assert fire_due_timers(timer.due_at - timedelta(microseconds=1)) == 0
    assert fire_due_timers(timer.due_at) == 1
    (timer,) = timers()
    assert timer.fired_at == timer.ended_at == timer.due_at
    assert case.state == "closed"
    assert fire_due_timers(timer.due_at + timedelta(days=1)) == 0


def test_two_timers_of_one_case_that_are_due_in_one_round_both_lead_to_their_step(app):
    drawing = Drawing()
    drawing.node("boundaryEvent", "two_days", process="assignment", lane="lane_officer", at="submit_answer", interrupts=False,
                 timer=("timeDuration", '"P2D"'))
    drawing.node("userTask", "call_agency", process="assignment", lane="lane_centre")
    drawing.node("endEvent", "called", process="assignment", lane="lane_centre")
    drawing.flow("two_days", "call_agency")
    drawing.flow("call_agency", "called")
    world = build.standard_world()
    drawn.put_live(drawing.xml)
    case = build.case_at(world, "handling", agencies=2)
    due = [timer for timer in timers() if timer.element == "two_days"]
    assert fire_due_timers(max(timer.due_at for timer in due)) == len(due) == 2
    assert list(db.session.scalars(select(Incident))) == []
    to_call = select(WaitingTask.assignment_id).where(WaitingTask.element == "call_agency", WaitingTask.state == "waiting")
    assert set(db.session.scalars(to_call)) == {row.id for row in case.open_assignments}


def test_a_round_that_lasts_longer_than_a_lease_leases_from_the_time_it_is_then(monkeypatch):
    times, seconds = [], itertools.count(0, 90)
    monkeypatch.setattr(clock, "monotonic", lambda: next(seconds))
    jobs._drained(lambda now, most: times.append(now) or (most if len(times) == 1 else 0))(build.NOON)
    assert times[1] - times[0] > LEASE


def test_a_timer_whose_step_was_done_first_ends_without_firing(app):
    world, (case,) = rated_world()
    build.rate(world, case, level="dissatisfied")
    (timer,) = timers()
    assert timer.ended_at is not None
    assert timer.fired_at is None
    assert fire_due_timers(timer.due_at + timedelta(days=1)) == 0


@pytest.fixture
def postgres_app(postgres_environment):
    """On SQLite a unit of work keeps every other one waiting, whatever it locks."""
    with running(Config.from_environment(postgres_environment)) as app:
        yield app


def test_a_click_wins_over_a_timer_that_waits_for_its_case(postgres_app, postgres, monkeypatch):
    world, (case,) = rated_world()
    (timer,) = timers()
    over, ref, at = timer.due_at, build.waiting(case, "rate").ref, build.next_moment(case)
    actor, report, opened, fired = world.actor("citizen", at), case.main_report, [], []
    monkeypatch.setitem(SERVICES, "end_rating_window", doing(lambda case, **_: opened.append(case.id) or {}))

    def wake():
        with postgres_app.app_context():
            fired.append(fire_due_timers(over))

    worker = threading.Thread(target=wake)
    with unit_of_work():
        lock_case(case.id)
        worker.start()
        wait_until_somebody_waits(postgres)
        steps.perform(ref, by=actor, now=at, given=RateInput(report=report, level="dissatisfied", reason="Chưa dọn hết."))
    worker.join()
    (timer,) = timers()
    assert (fired, opened) == ([0], []), "the timer decided before it had the case to itself"
    assert (timer.ended_at, timer.fired_at, case.state) == (at, None, "review")


@pytest.mark.exhaustive
def test_a_step_that_goes_to_another_case_while_it_waits_for_its_own_is_not_done_there(postgres_app, postgres):
    world = build.standard_world()
    main, other = build.case_at(world, "handling"), build.case_at(world, "handling", agencies=2)
    step = build.waiting(other, "submit_answer", world.agencies["UBND-LAT"])
    ref, at = step.ref, build.next_moment(other)
    officer, operator, told = world.actor("officer_UBND-LAT", at), world.actor("operator", at), []

    def answer():
        with postgres_app.app_context():
            try:
                perform_recorded(ref, by=officer, now=at, given=SubmitAnswerInput(**build.ANSWER))
            except CaseBusy as busy:
                told.append(busy)

    sending = threading.Thread(target=answer)
    with unit_of_work():
        act(other.ref, "merge", by=operator, now=at, given=MergeInput(into=main))
        sending.start()
        wait_until_somebody_waits(postgres)
    sending.join()
    db.session.expire_all()
    assert (len(told), step.case_id, step.state) == (1, main.id, "waiting")
    assert list(check_process()) == []
    build.do(world, main, "submit_answer", "officer_UBND-LAT", agency=world.agencies["UBND-LAT"], **build.ANSWER)
    assert build.waiting(main, "approve_answer", world.agencies["UBND-LAT"]).case_id == main.id


def test_a_step_that_goes_to_another_desk_while_somebody_takes_it_is_not_theirs(postgres_app, postgres):
    world = build.standard_world()
    step = build.waiting(build.case_at(world, "handling"), "submit_answer")
    ref, officer, told = step.ref, world.actor("officer_PTNMT"), []

    def take():
        with postgres_app.app_context(), unit_of_work():
            try:
                steps.claim(ref, by=officer, now=build.NOON)
            except steps.TaskUnknown as unknown:
                told.append(unknown)

    taking = threading.Thread(target=take)
    with unit_of_work():
        step.desk, step.agency_id = f"officer@a{world.agencies['HKL'].id}", world.agencies["HKL"].id
        db.session.flush()
        taking.start()
        wait_until_somebody_waits(postgres)
    taking.join()
    db.session.expire_all()
    assert (len(told), step.claimed_by_id) == (1, None)


def wait_until_somebody_waits(postgres):
    """Until another connection wants a row that this one has locked."""
    until = time.monotonic() + 10
    with postgres.connect(db.engine.url.database) as other:
        while other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
            assert time.monotonic() < until, "nobody waits for the case"
            time.sleep(0.02)


@pytest.mark.exhaustive
@pytest.mark.on_both
def test_two_workers_fire_each_timer_exactly_once(app):
    _world, cases = rated_world(6)
    over = max(timer.due_at for timer in timers())
    db.session.rollback()
    barrier, fired = threading.Barrier(2), []

    def work():
        with app.app_context():
            barrier.wait()
            fired.append(sum(fire_due_timers(over, limit=4) for _ in range(3)))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    db.session.rollback()
    assert sum(fired) == 6
    assert all(timer.fired_at == over for timer in timers())
    for case in cases:
        closings = db.session.scalars(select(Event).where(Event.case_id == case.id, Event.type == "close")).all()
        assert len(closings) == 1


class Killed(BaseException):
    """What ends a process, not a fault of a case."""


def ending_with(fault, case):
    """The service of the rating's end, which meets a fault at one case."""
    real = SERVICES["end_rating_window"].run

    def end(each, **more):
        if each.id == case.id:
            raise fault
        return real(each, **more)

    return doing(end)


def closings(cases):
    return [db.session.query(Event).filter_by(case_id=case.id, type="close").count() for case in cases]


def test_a_worker_killed_among_timers_fired_together_changes_nothing(app, monkeypatch):
    _world, cases = rated_world(4)
    over = max(timer.due_at for timer in timers())
    with monkeypatch.context() as patch:
        patch.setitem(SERVICES, "end_rating_window", ending_with(Killed(), cases[2]))
        with pytest.raises(Killed):
            fire_due_timers(over)
    assert closings(cases) == [0, 0, 0, 0]
    assert fire_due_timers(over + LEASE) == 4
    assert closings(cases) == [1, 1, 1, 1]


def test_a_fault_among_timers_fired_together_stops_its_own_case_alone(app, monkeypatch):
    _world, cases = rated_world(4)
    over = max(timer.due_at for timer in timers())
    monkeypatch.setitem(SERVICES, "end_rating_window", ending_with(LookupError("no such row"), cases[1]))
    assert fire_due_timers(over) == 3
    assert closings(cases) == [1, 0, 1, 1]
    assert [incident.case_id for incident in db.session.scalars(select(Incident))] == [cases[1].id]


def test_what_a_dead_worker_leased_is_taken_over_when_its_lease_is_over(app):
    _world, _ = rated_world()
    due = timers()[0].due_at
    with unit_of_work():
        db.session.execute(update(Timer).values(leased_until=due + LEASE))
    assert fire_due_timers(due) == 0
    assert fire_due_timers(due + LEASE) == 1


def test_a_lease_of_a_clock_that_was_put_back_since_holds_nobody_up(app):
    _world, _ = rated_world()
    due = timers()[0].due_at
    with unit_of_work():
        db.session.execute(update(Timer).values(leased_until=due + timedelta(hours=2)))
    assert fire_due_timers(due) == 1


def moved(case: Case, due: datetime) -> datetime:
    """Move the end of the rating window in a step of its own; returns the moment of the step."""
    now = build.next_moment(case)
    with unit_of_work():
        locked = lock_case(case.id)
        window = running_clock(locked, ClockKind.RATING)
        assert window is not None
        move_due(window, due, case=locked)
        follow(locked, now=now)
    return now


def test_a_timer_follows_its_clock(app):
    _world, (case,) = rated_world()
    due = timers()[0].due_at
    later = due + timedelta(days=3)
    moved(case, later)
    assert timers()[0].due_at == later
    assert fire_due_timers(due) == 0
    assert fire_due_timers(later) == 1


def test_a_clock_moved_into_the_past_fires_its_timer_at_once(app):
    _world, (case,) = rated_world()
    now = moved(case, build.next_moment(case) - timedelta(hours=1))
    assert timers()[0].fired_at == now
    assert case.state == "closed"


def test_a_case_put_aside_hears_what_happened_when_it_is_taken_up_again(app):
    """The instance is put aside while the last agency answers: nothing is lost."""
    world = build.standard_world()
    case = build.case_at(world, "approval")
    (own,) = db.session.scalars(select(ProcessInstance).where(ProcessInstance.assignment_id.is_(None)))
    with unit_of_work():
        own.status = "suspended"
    build.approve(world, case)
    assert db.session.scalars(select(WaitingTask).where(WaitingTask.state == "waiting")).all() == []
    with unit_of_work():
        own.status = "running"
        follow(lock_case(case.id), now=build.next_moment(case))
    assert build.waiting(case, "publish")


def test_an_agency_taken_off_midway_lets_the_case_go_on(app):
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    first, second = case.assignments
    build.do(world, case, "submit_answer", f"officer_{first.agency.key}", agency=first.agency, **build.ANSWER)
    build.do(world, case, "approve_answer", f"leader_{first.agency.key}", agency=first.agency)
    now = build.next_moment(case)
    with unit_of_work():
        locked = lock_case(case.id)
        second.state, second.ended_at, second.end_reason = "removed", now, "removed"
        follow(locked, now=now)
    assert build.waiting(case, "publish")
    states = db.session.scalars(select(WaitingTask.state).where(WaitingTask.assignment_id == second.id).order_by(WaitingTask.id)).all()
    assert states == ["done", "withdrawn"]


def test_a_case_taken_out_leaves_nothing_waiting(app):
    _world, (case,) = rated_world()
    now = build.next_moment(case)
    with unit_of_work():
        locked = lock_case(case.id)
        locked.state, locked.quarantined_at, locked.closed_at = "quarantined", now, now
        follow(locked, now=now)
    assert db.session.scalars(select(WaitingTask).where(WaitingTask.state == "waiting")).all() == []
    assert [(timer.ended_at, timer.fired_at) for timer in timers()] == [(now, None)]


def merged_pair(world: build.World) -> tuple[Case, Case]:
    """A case merged into another one that is being rated, told by the rows alone."""
    main, other = build.case_at(world, "rating"), build.case_at(world, "to_verify")
    now = build.next_moment(main)
    with unit_of_work():
        locked = lock_case(other.id)
        locked.state_before, locked.state, locked.merged_into_id = locked.state, "merged", main.id
        follow(locked, now=now)
    return main, other


def test_a_merged_case_ends_with_its_main_one_by_the_worker(app):
    main, other = merged_pair(build.standard_world())
    over = timers()[0].due_at
    assert fire_due_timers(over) == 1
    message = db.session.scalars(select(Message)).one()
    assert (message.case_id, message.delivered_at) == (other.id, None)
    assert deliver_messages(over) == 1
    assert deliver_messages(over) == 0
    own = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == other.id)).one()
    assert own.status == "ended"
    assert (main.state, other.state) == ("closed", "merged")


@pytest.mark.exhaustive
def test_rows_and_tokens_tell_the_same(app):
    world = build.standard_world()
    for state in build.WALK[:-1]:
        case = build.case_at(world, state, agencies=2)
        for instance in db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)):
            workflow = engine.unpack(instance.state, definition_of(instance.process_version).specs[instance.process_id])
            query = select(WaitingTask.engine_task).where(WaitingTask.instance_id == instance.id)
            rows = db.session.scalars(query.where(WaitingTask.state == "waiting"))
            assert sorted(rows) == sorted(str(task.id) for task in engine.waiting_steps(workflow)), state
            open_timers = db.session.scalars(select(Timer.engine_task).where(Timer.instance_id == instance.id, Timer.ended_at.is_(None)))
            assert sorted(open_timers) == sorted(str(task.id) for task, _ in engine.waiting_timers(workflow)), state
            if instance.process_id == "case" and state in ("at_agency", "handling", "approval"):
                assert waits_for(workflow, "assignments_finished")


def test_an_undelivered_message_of_an_ended_case_becomes_pointless(app):
    world = build.standard_world()
    main, other = merged_pair(world)
    assert fire_due_timers(timers()[0].due_at) == 1
    now = build.next_moment(main)
    with unit_of_work():
        locked = lock_case(other.id)
        locked.quarantined_at = now
        follow(locked, now=now)
    assert deliver_messages(now) == 1
    assert db.session.scalars(select(Message)).one().superseded
