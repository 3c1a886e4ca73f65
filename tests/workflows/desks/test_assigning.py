"""Who leads gives steps out; nobody loses one to a single click; the team's load is what its people hold."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account, Case, Deputy, Event, Note, OutboxMessage
from casework.permissions import Actor, NotAllowed, actor_for
from tests import build
from workflows.desks.assigning import AlreadyTheirs, AssignRefused, HeldByColleague, assign_task, colleagues_at
from workflows.desks.teams import teams_of
from workflows.models import WaitingTask
from workflows.running import steps
from workflows.running.steps import StepRefused, TaskAlreadyDone, TaskClaimed, TaskUnknown


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def assign(world: build.World, task: WaitingTask, by: str, to: str | None, **how: Any) -> None:
    ref = world.people[to].ref if to else None
    with unit_of_work():
        assign_task(task.ref, by=world.actor(by), now=build.NOON, to=ref, **how)


def refused(world: build.World, task: WaitingTask, by: str, to: str | None, **how: Any) -> type[CaseworkError]:
    with pytest.raises(CaseworkError) as caught:
        assign(world, task, by, to, **how)
    return caught.type


def events(case: Case) -> list[Any]:
    return [row.payload for row in db.session.query(Event).filter_by(case_id=case.id, type="assign_task").order_by(Event.id)]


def told(account: Account) -> list[str]:
    rows = db.session.query(OutboxMessage).filter_by(recipient=f"account:{account.id}").order_by(OutboxMessage.id)
    return [row.template for row in rows]


def test_the_leads_give_steps_of_their_people_out_and_nobody_else_does(world: build.World) -> None:
    new, asked = build.case_at(world, "to_verify"), build.case_at(world, "at_agency")
    verify, accept = build.waiting(new, "verify"), build.waiting(asked, "accept_assignment")
    assign(world, verify, "ops_lead", "operator")
    assert (verify.claimed_by_id, verify.assigned_by_id) == (world.people["operator"].id, world.people["ops_lead"].id)
    assert told(world.people["operator"]) == ["task_assigned"]
    [payload] = events(new)
    assert payload == {"element": "verify", "step": list(steps.label_of_step(verify)), "how": "given"}
    with pytest.raises(TaskClaimed), unit_of_work():
        steps.claim(verify.ref, by=world.actor("operator_2"), now=build.NOON)
    assert refused(world, verify, "ops_lead", "operator") is AlreadyTheirs
    assign(world, accept, "leader_PTNMT", "officer_2_PTNMT")
    assert events(asked)[0]["agency"] == "PTNMT"
    # a colleague has no say over it, an officer of the agency neither; for others it is not there
    assert refused(world, verify, "operator_2", "operator_2") is NotAllowed
    assert refused(world, accept, "officer_PTNMT", "officer_PTNMT") is NotAllowed
    for stranger in ("leader_HKL", "ops_lead"):
        assert refused(world, accept, stranger, "officer_HKL") is TaskUnknown
    assert refused(world, verify, "leader_PTNMT", "officer_PTNMT") is TaskUnknown


def test_only_who_can_work_there_today_is_given_a_step_a_deputy_too(world: build.World) -> None:
    accept = build.waiting(build.case_at(world, "at_agency"), "accept_assignment")
    for name in ("officer_HKL", "operator", "citizen", "leader_PTNMT"):
        assert refused(world, accept, "leader_PTNMT", name) is AssignRefused
    with unit_of_work():
        people = world.people
        db.session.add(Deputy(principal_id=people["officer_PTNMT"].id, deputy_id=people["officer_HKL"].id,
                              created_by_id=people["ops_lead"].id, starts_at=build.NOON - timedelta(days=1),
                              ends_at=build.NOON + timedelta(days=1)))
    assign(world, accept, "leader_PTNMT", "officer_HKL")
    with unit_of_work():
        people["officer_2_PTNMT"].memberships[0].valid_to = date(2026, 1, 1)
        people["officer_PTNMT"].disabled_at = build.NOON
    able = {account.login for account in colleagues_at([accept.desk], now=build.NOON)}
    assert able == set(), "a deputy of somebody who may not sign in any more stands in for nobody"


def test_a_colleague_loses_a_step_only_by_a_reason_and_a_second_word(world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    task = build.waiting(case, "verify")
    with unit_of_work():
        steps.claim(task.ref, by=world.actor("operator"), now=build.NOON)
    assert refused(world, task, "ops_lead", "operator_2") is HeldByColleague
    assert refused(world, task, "ops_lead", "operator_2", reason="Nghỉ ốm.") is HeldByColleague
    holder = world.people["operator"].ref
    assert refused(world, task, "ops_lead", "operator_2", takes_over_from=holder) is AssignRefused
    meanwhile = world.people["officer_HKL"].ref
    assert refused(world, task, "ops_lead", "operator_2", reason="Nghỉ ốm.", takes_over_from=meanwhile) is HeldByColleague
    assert refused(world, task, "ops_lead", None) is HeldByColleague
    assert task.claimed_by_id == world.people["operator"].id
    assign(world, task, "ops_lead", "operator_2", reason="Chị Mai nghỉ ốm.", takes_over_from=holder)
    assert task.claimed_by_id == world.people["operator_2"].id
    assert told(world.people["operator"]) == ["task_taken_over"]
    assert told(world.people["operator_2"]) == ["task_assigned"]
    [payload] = events(case)
    assert "Mai" not in str(payload), "the reason is in the note and not in the history"
    note = db.session.query(Note).filter_by(case_id=case.id).one()
    assert (note.body, note.audience, note.kind) == ("Chị Mai nghỉ ốm.", "centre", "moved")
    # who gave it oneself puts it back without a word; putting back forgets who gave it
    assign(world, task, "ops_lead", "ops_lead", reason="Tự làm.", takes_over_from=world.people["operator_2"].ref)
    assign(world, task, "ops_lead", None)
    assert (task.claimed_by_id, task.assigned_by_id, task.claimed_at) == (None, None, None)
    assert [payload["how"] for payload in events(case)] == ["taken", "taken", "freed"]


def test_a_step_that_rests_is_done_or_set_apart_is_not_given_out(world: build.World) -> None:
    case = build.case_at(world, "handling")
    task = build.waiting(case, "submit_answer")
    build.act(world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 9))
    assert refused(world, task, "leader_PTNMT", "officer_PTNMT") is StepRefused
    build.do(world, case, "resume", "ops_lead")
    build.submit(world, case)
    assert refused(world, task, "leader_PTNMT", "officer_PTNMT") is TaskAlreadyDone
    hidden = build.case_at(world, "to_verify")
    verify = build.waiting(hidden, "verify")
    build.act(world, hidden, "quarantine", "operator", reason="Tố cáo cán bộ.")
    assert refused(world, verify, "ops_lead", "operator") is TaskUnknown


def test_a_team_is_shown_by_what_its_people_hold_and_did(world: build.World) -> None:
    cases = [build.case_at(world, "to_verify") for _ in range(3)]
    done = build.case_at(world, "to_classify", now=build.NOON - timedelta(days=2))
    assign(world, build.waiting(cases[0], "verify"), "ops_lead", "operator_2")
    later = build.waiting(cases[0], "verify").due_at
    [team] = teams_of(world.actor("ops_lead"), now=later)
    loads = {member.account.login: member.load for member in team.members}
    assert set(loads) == {"operator", "operator_2", "ops_lead"}
    assert (loads["operator_2"].taken, loads["operator_2"].late, loads["operator_2"].soon) == (1, 1, 0)
    assert loads["operator"].done == 1, f"the report {done.code} was verified"
    assert (team.free.taken, team.free.late) == (3, 2)
    [earlier] = teams_of(world.actor("ops_lead"), now=later - timedelta(hours=1))
    assert {member.account.login: member.load.soon for member in earlier.members}["operator_2"] == 1
    [agency] = teams_of(world.actor("leader_PTNMT"), now=build.NOON)
    assert {member.account.login for member in agency.members} == {"officer_ptnmt", "officer_2_ptnmt", "leader_ptnmt"}
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        with pytest.raises(NotAllowed):
            teams_of(actor_for(world.people[name], now=build.NOON), now=build.NOON)


@pytest.mark.on_both
def test_a_claim_that_was_acknowledged_is_not_overwritten_by_who_gives_the_step_out_at_that_moment(app: Flask, world: build.World) -> None:
    case = build.case_at(world, "to_verify")
    ref, to = build.waiting(case, "verify").ref, world.people["operator_2"].ref
    logins = {name: world.people[name].login for name in ("ops_lead", "operator")}
    about_to_write, outcomes = threading.Event(), {}

    def work(name: str, what: Callable[[Actor], object]) -> None:
        with app.app_context():
            account = db.session.scalars(select(Account).where(Account.login == logins[name])).one()
            if name == "operator":
                about_to_write.wait(20)                 # and holds no lock meanwhile
            try:
                with unit_of_work():
                    what(actor_for(account, now=build.NOON))
                outcomes[name] = "done"
            except CaseworkError as refusal:
                outcomes[name] = type(refusal).__name__
            finally:
                db.session.remove()

    def give(by: Actor) -> None:
        assign_task(ref, by=by, now=build.NOON, to=to)
        about_to_write.set()
        time.sleep(0.3)                                 # the other one's claim comes while this is not committed yet

    def take(by: Actor) -> None:
        steps.claim(ref, by=by, now=build.NOON)

    db.session.rollback()
    people = [threading.Thread(target=work, args=each) for each in (("ops_lead", give), ("operator", take))]
    for each in people:
        each.start()
    for each in people:
        each.join(20)
    holder = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == ref)).one().claimed_by
    assert holder is not None
    assert (outcomes, holder.ref) == ({"ops_lead": "done", "operator": "TaskClaimed"}, to)
