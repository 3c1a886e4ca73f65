"""Steps through the real use cases and database: who may, who wins, what is written, what it costs."""

import threading
from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest
from sqlalchemy import event, select, text

from casework.assignments.distribution import DistributeInput
from casework.db import db, unit_of_work
from casework.models import Account, Agency, Case, Deputy, Event
from casework.permissions import NotAllowed, Role, actor_for
from casework.triage.acts import VerificationRefused
from casework.triage.hotline import HotlineIncomplete
from tests import build
from workflows.bindings import BINDINGS, Step
from workflows.models import FAR, ProcessInstance, StepFact, WaitingTask
from workflows.running.incidents import perform_recorded
from workflows.running.steps import StepRefused, TaskAlreadyDone, TaskClaimed, TaskUnknown, claim, perform, release
from workflows.running.wakeups import fire_due_timers

MOST_STATEMENTS = 25
CALL = {"number": "02630000000", "spoke_to": "", "reached": False, "what": "Không ai nghe máy."}


def waiting(case):
    query = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")
    return sorted(db.session.scalars(query))


def instances(case):
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id).order_by(ProcessInstance.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def test_a_case_goes_all_the_way_with_two_agencies_and_a_redo(app):
    world = build.standard_world()
    case = build.case_at(world, "approval", agencies=2)
    lead = case.assignments[0].agency
    build.redo(world, case, lead)
    assert waiting(case) == ["approve_answer", "submit_answer"]
    build.submit(world, case)
    build.approve(world, case)
    assert waiting(case) == ["publish"]
    build.publish(world, case)
    assert waiting(case) == ["rate"]
    assert fire_due_timers(build.next_moment(case) + timedelta(days=9)) == 1
    db.session.expire_all()
    assert case.state == "closed"
    assert [(each.process_id, each.status) for each in instances(case)] == [("case", "ended")] + [("assignment", "ended")] * 2
    assert waiting(case) == []
    tasks = list(db.session.scalars(select(WaitingTask)))
    facts = list(db.session.scalars(select(StepFact)))
    assert len(tasks) == len(facts) == 13
    assert {row.state for row in tasks if row.element == "rate"} == {"withdrawn"}
    assert all(fact.working_minutes is not None and fact.left_at >= fact.entered_at for fact in facts)


def test_the_join_waits_until_the_last_agency_is_done(app):
    world = build.standard_world()
    case = build.case_at(world, "approval", agencies=2)
    first, second = case.assignments
    build.do(world, case, "approve_answer", f"leader_{first.agency.key}", agency=first.agency)
    assert waiting(case) == ["approve_answer"]
    build.do(world, case, "approve_answer", f"leader_{second.agency.key}", agency=second.agency)
    assert waiting(case) == ["publish"]


def test_a_released_agency_leaves_the_case_to_be_distributed_again(app):
    world = build.standard_world()
    case = build.case_at(world, "at_agency")
    agency = case.assignments[0].agency
    build.do(world, case, "accept_assignment", f"officer_{agency.key}", act="hand_back", agency=agency, reason="Không thuộc thẩm quyền.")
    build.do(world, case, "decide_hand_back", "operator", agency=agency, upheld=False, words="Thuộc địa bàn của đơn vị.")
    assert waiting(case) == ["accept_assignment"]
    build.do(world, case, "accept_assignment", f"officer_{agency.key}", act="hand_back", agency=agency, reason="Không thuộc thẩm quyền.")
    build.do(world, case, "decide_hand_back", "ops_lead", agency=agency, upheld=True, words="")
    assert waiting(case) == ["distribute"]


def test_of_two_people_one_wins_and_the_other_reads_who_did_what_and_when(app):
    world = build.standard_world()
    case = build.case_at(world, "to_classify")
    task, at = build.waiting(case, "classify"), build.next_moment(case)
    build.classify(world, case)
    with pytest.raises(TaskAlreadyDone) as refusal, unit_of_work():
        perform(task.ref, by=world.actor("operator_2"), now=at)
    assert refusal.value.vi == "Người Thử operator đã thực hiện bước “Phân loại” lúc 10:10 02/03/2026."
    assert refusal.value.en == "Người Thử operator did the step “Classify” at 10:10 02/03/2026."


@pytest.mark.on_both
def test_two_threads_at_one_step_do_it_once(app):
    world = build.standard_world()
    case = build.case_at(world, "to_distribute")
    ref, case_id, at = build.waiting(case, "distribute").ref, case.id, build.next_moment(case)
    agency_id, people = world.agencies["PTNMT"].id, [world.people[name].id for name in ("operator", "operator_2")]
    db.session.rollback()
    barrier, ends = threading.Barrier(2), []

    def distribute(account_id):
        with app.app_context():
            actor, lead = actor_for(db.session.get(Account, account_id), now=at), db.session.get(Agency, agency_id)
            barrier.wait()
            try:
                perform_recorded(ref, by=actor, now=at, given=DistributeInput(lead=lead, cooperating=[]))
                ends.append("done")
            except TaskAlreadyDone:
                ends.append("refused")

    threads = [threading.Thread(target=distribute, args=(account_id,)) for account_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["done", "refused"]
    assert len(list(db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case_id)))) == 2
    assert len(list(db.session.scalars(select(Event).where(Event.case_id == case_id, Event.type == "distribute")))) == 1


def until_somebody_waits_for_a_row(ends: list[str]) -> None:
    """On PostgreSQL: until the other one stands before what is locked here, or has gone past it. SQLite lets one write at a time."""
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    while db.engine.dialect.name == "postgresql" and not ends:
        with db.engine.connect() as beside:
            if beside.scalar(waits):
                return
        threading.Event().wait(0.01)


@pytest.mark.on_both
def test_two_agencies_approving_at_once_leave_a_case_that_waits_to_be_published(app):
    """Each has a step of its own: only the lock of the case lets the second see that the first is done."""
    world = build.standard_world()
    case = build.case_at(world, "approval", agencies=2)
    case_id, at = case.id, build.next_moment(case)
    agencies = [row.agency for row in case.assignments]
    asked = [(build.waiting(case, "approve_answer", each).ref, world.people[f"leader_{each.key}"].id) for each in agencies]
    db.session.rollback()
    held, under_way, ends = threading.Event(), threading.Event(), []

    def first(ref, account_id):
        with app.app_context(), unit_of_work():
            perform(ref, by=actor_for(db.session.get(Account, account_id), now=at), now=at)
            held.set()
            under_way.wait()
            until_somebody_waits_for_a_row(ends)
            ends.append("first")

    def second(ref, account_id):
        held.wait()
        with app.app_context():
            actor = actor_for(db.session.get(Account, account_id), now=at)
            under_way.set()
            perform_recorded(ref, by=actor, now=at)
            ends.append("second")

    threads = [threading.Thread(target=act, args=each) for act, each in zip((first, second), asked, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["first", "second"]
    case = db.session.get(Case, case_id, populate_existing=True)
    assert (case.state, waiting(case)) == ("to_publish", ["publish"])


@pytest.mark.parametrize("name", ["officer_UBND-LAT", "leader_PTNMT", "operator", "administrator", "citizen", "guest"])
def test_a_step_is_done_only_at_its_desk(sqlite_app, name):
    world = build.standard_world()
    case = build.case_at(world, "handling")
    with pytest.raises(NotAllowed):
        build.do(world, case, "submit_answer", name, **build.ANSWER)
    assert waiting(case) == ["submit_answer"]


def test_a_refusal_of_the_use_case_leaves_everything_as_it_was(app):
    world = build.standard_world()
    case = build.file_report(world).case
    before = instances(case)[0].state
    with pytest.raises(VerificationRefused):
        build.do(world, case, "verify", "operator", title="", cleared=[])
    assert instances(case)[0].state == before
    assert build.waiting(case, "verify").state == "waiting"


def test_a_hotline_nobody_answers_keeps_its_step(app):
    world = build.standard_world()
    case = build.case_at(world, "to_classify", urgent=True)
    build.classify(world, case, urgent=True)
    with pytest.raises(HotlineIncomplete):
        build.do(world, case, "call_hotline", "operator", **{**CALL, "what": ""})
    result = build.do(world, case, "call_hotline", "operator", **CALL)
    assert result.stays_open
    assert waiting(case) == ["call_hotline", "distribute"]
    assert all(build.waiting(case, element).urgent for element in waiting(case))
    build.do(world, case, "call_hotline", "operator", **{**CALL, "reached": True, "spoke_to": "Trực ban"})
    assert waiting(case) == ["distribute"]


def test_an_unknown_step_and_an_unknown_choice_are_refused(sqlite_app):
    world = build.standard_world()
    case = build.file_report(world).case
    with pytest.raises(TaskUnknown), unit_of_work():
        perform("nothing", by=world.actor("operator"), now=build.NOON)
    with pytest.raises(StepRefused):
        build.do(world, case, "verify", "operator", act="publish")


def test_a_claimed_step_is_left_to_its_claimant_until_it_is_released(app):
    world = build.standard_world()
    case = build.case_at(world, "to_classify")
    ref, at = build.waiting(case, "classify").ref, build.next_moment(case)
    with unit_of_work():
        claim(ref, by=world.actor("operator_2"), now=at)
    with pytest.raises(TaskClaimed, match="Người Thử operator_2 took this step"), unit_of_work():
        claim(ref, by=world.actor("operator"), now=at)
    with pytest.raises(TaskClaimed):
        build.classify(world, case)
    with pytest.raises(NotAllowed), unit_of_work():
        release(ref, by=world.actor("operator"), now=build.NOON)
    for stranger in ("officer_PTNMT", "leader_PTNMT", "administrator"):
        with pytest.raises(TaskUnknown), unit_of_work():
            claim(ref, by=world.actor(stranger), now=at)
        with pytest.raises(TaskUnknown), unit_of_work():
            release(ref, by=world.actor(stranger), now=build.NOON)
    with unit_of_work():
        release(ref, by=world.actor("ops_lead"), now=build.NOON)
    build.classify(world, case)
    with pytest.raises(TaskAlreadyDone), unit_of_work():
        claim(ref, by=world.actor("operator_2"), now=at)


def test_who_has_lost_the_role_since_taking_a_step_does_not_do_it(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "to_classify")
    with unit_of_work():
        claim(build.waiting(case, "classify").ref, by=world.actor("operator"), now=build.next_moment(case))
        world.people["operator"].memberships[0].valid_to = build.NOON.date()
    with pytest.raises(NotAllowed):
        build.classify(world, case)
    with unit_of_work():
        release(build.waiting(case, "classify").ref, by=world.actor("ops_lead"), now=build.NOON)
    build.do(world, case, "classify", "operator_2", field=world.field(), urgency="normal", complexity="ordinary", area=world.area)


def test_an_unclaimed_step_is_not_there_for_strangers_to_put_back(sqlite_app):
    world = build.standard_world()
    ref = build.waiting(build.case_at(world, "to_classify"), "classify").ref
    with pytest.raises(TaskUnknown), unit_of_work():
        release(ref, by=world.actor("officer_PTNMT"), now=build.NOON)
    with unit_of_work():
        assert release(ref, by=world.actor("operator"), now=build.NOON).claimed_by_id is None


def test_a_step_of_a_quarantined_case_can_be_neither_taken_nor_put_back(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "to_classify")
    ref = build.waiting(case, "classify").ref
    with unit_of_work():
        claim(ref, by=world.actor("operator"), now=build.NOON)
        db.session.get_one(type(case), case.id).quarantined_at = build.NOON
    for name in ("operator", "operator_2", "ops_lead"):
        with pytest.raises(TaskUnknown), unit_of_work():
            claim(ref, by=world.actor(name), now=build.NOON)
        with pytest.raises(TaskUnknown), unit_of_work():
            release(ref, by=world.actor(name), now=build.NOON)


def test_how_a_step_went_is_told_in_words(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "approval")
    ref, at = build.waiting(case, "approve_answer").ref, build.next_moment(case)
    build.redo(world, case, case.assignments[0].agency)
    with pytest.raises(TaskAlreadyDone) as refusal, unit_of_work():
        perform(ref, by=world.actor("leader_PTNMT"), now=at)
    assert " (yêu cầu xử lý lại) lúc " in refusal.value.vi
    assert " (to be done again) at " in refusal.value.en


def test_a_deputy_acts_for_the_principal(app):
    world = build.standard_world()
    with unit_of_work():
        leader, deputy = db.session.merge(world.people["leader_PTNMT"]), db.session.merge(world.people["records_clerk"])
        db.session.add(Deputy(principal_id=leader.id, deputy_id=deputy.id, starts_at=build.NOON - timedelta(days=1),
                              ends_at=build.NOON + timedelta(days=1), created_by_id=leader.id))  # fmt: skip
    case = build.case_at(world, "approval")
    ref = build.waiting(case, "approve_answer").ref
    build.do(world, case, "approve_answer", "records_clerk")
    task = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == ref)).one()
    assert (task.done_by_id, task.on_behalf_of_id) == (world.people["records_clerk"].id, world.people["leader_PTNMT"].id)


def test_a_deputy_of_a_disabled_account_acts_for_nobody(app):
    world = build.standard_world()
    with unit_of_work():
        leader, deputy = db.session.merge(world.people["leader_PTNMT"]), db.session.merge(world.people["records_clerk"])
        db.session.add(Deputy(principal_id=leader.id, deputy_id=deputy.id, starts_at=build.NOON - timedelta(days=1),
                              ends_at=build.NOON + timedelta(days=1), created_by_id=leader.id))  # fmt: skip
    assert Role.AGENCY_LEADER in actor_for(deputy, now=build.NOON).roles
    with unit_of_work():
        db.session.get_one(Account, leader.id).disabled_at = build.NOON
    assert Role.AGENCY_LEADER not in actor_for(deputy, now=build.NOON).roles
    assert leader.id not in actor_for(deputy, now=build.NOON).counts_as


def test_an_answer_goes_to_no_leader_whose_account_is_disabled(app):
    world = build.standard_world()
    case = build.case_at(world, "handling")
    with unit_of_work():
        db.session.get_one(Account, world.people["leader_PTNMT"].id).disabled_at = build.NOON
    build.submit(world, case)
    assert build.waiting(case, "approve_answer").desk == f"committee_leader@c{case.centre_id}"


def test_each_step_carries_the_limit_of_its_clock(app):
    world = build.standard_world()
    case = build.case_at(world, "handling")
    task = build.waiting(case, "submit_answer")
    assert task.due_at == case.assignments[0].due_at
    assert task.limit is not None
    assert not task.is_late(build.NOON)
    case = build.case_at(world, "to_distribute")
    assert build.waiting(case, "distribute").due_at == case.due_at != FAR


class Statements:
    """Counts what goes to the database on one engine."""

    def __enter__(self):
        self.count, self.texts = 0, []
        event.listen(db.engine, "before_cursor_execute", self._one)
        return self

    def __exit__(self, *_):
        event.remove(db.engine, "before_cursor_execute", self._one)

    def _one(self, connection, cursor, statement, parameters, context, executemany):
        self.texts.append(statement)
        self.count += 1


def test_the_engine_adds_few_statements_to_a_use_case(app):
    """A step whose use case does nothing: what is left is finding, locking, tokens and rows."""
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    quiet = replace(BINDINGS, steps={**BINDINGS.steps, "submit_answer": Step({"submit_answer": nothing})})
    actor = world.actor("officer_PTNMT")
    ref = build.waiting(case, "submit_answer", case.assignments[0].agency).ref
    with Statements() as statements:
        perform_recorded(ref, by=actor, now=build.next_moment(case), bindings=quiet)
    assert statements.count <= 16, "\n".join(statements.texts)


def test_steps_take_no_more_statements_than_promised(app, monkeypatch):
    """Issue 1/9, point 9: the median of a life. Filing rows for several agencies or a publication takes a few more."""
    world = build.standard_world()
    case = build.file_report(world).case
    taken, elements = [], set()
    inner = build.steps.perform

    def counted(ref, **arguments):
        with Statements() as statements:
            result = inner(ref, **arguments)
        taken.append(statements.count)
        elements.add(result.task.element)
        return result

    monkeypatch.setattr(build.steps, "perform", counted)
    build.advance(world, case, "approval", agencies=2)
    build.redo(world, case, case.assignments[0].agency)
    build.submit(world, case)
    build.approve(world, case)
    build.publish(world, case)
    build.rate(world, case, level="dissatisfied")
    assert elements == {
        "verify", "classify", "distribute", "accept_assignment", "submit_answer", "approve_answer", "publish", "rate",
    }  # fmt: skip
    assert median(taken) <= MOST_STATEMENTS, taken


def nothing(subject, *, by, now):
    return {}


def test_the_stored_state_is_small(app):
    world = build.standard_world()
    case = build.case_at(world, "approval", agencies=2)
    for _ in range(3):
        for assignment in build.assignments(case, "submitted"):
            build.redo(world, case, assignment.agency)
        build.submit(world, case)
    assert max(len(instance.state) for instance in instances(case)) < 4096
