"""A claim counts only while its holder is at that desk, wherever a claim is read, and whoever answers for the desk can take it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Account, Agency, Case, Deputy, Membership
from casework.permissions import AGENCY_ROLES, NotAllowed, Role, actor_for, desk_name
from casework.settings.deputyships import appoint_deputy, end_deputyship
from casework.steps.drafts import drafts_of, keep_draft
from tests import build
from workflows.desk_access import own_desk, unconfirmed_desk
from workflows.desks.assigning import AlreadyTheirs, assign_task
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import NOBODY, InboxFilter, InboxQuery, Waits
from workflows.desks.teams import held_by, teams_of
from workflows.models import WaitingTask
from workflows.reorganising.leaving import return_tasks_of_leavers
from workflows.running import steps
from workflows.running.claims import holder_of, holders
from workflows.running.steps import TaskClaimed, TaskUnknown

pytestmark = pytest.mark.on_both

NOON, DAY = build.NOON, timedelta(days=1)
WHY = "Đi công tác."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def stand_in(world: build.World, principal: str, deputy: str) -> Deputy:
    """A day, as rows of 0.9.0 have it: by nobody's act of today."""
    with unit_of_work():
        row = Deputy(principal_id=world.people[principal].id, deputy_id=world.people[deputy].id, starts_at=NOON - DAY, ends_at=NOON + DAY,
                     created_by_id=world.people["administrator"].id)  # fmt: skip
        db.session.add(row)
    return row


def claim(world: build.World, task: WaitingTask, by: str, *, now: Any = NOON) -> None:
    with unit_of_work():
        steps.claim(task.ref, by=world.actor(by, now), now=now)


def for_approval(world: build.World) -> tuple[Case, WaitingTask]:
    case = build.case_at(world, "approval")
    return case, build.waiting(case, "approve_answer")


def test_the_claim_of_a_deputy_whose_time_is_over_bars_nobody(world: build.World) -> None:
    case, task = for_approval(world)
    stand_in(world, "leader_PTNMT", "officer_2_PTNMT")
    claim(world, task, "officer_2_PTNMT")
    with pytest.raises(TaskClaimed), unit_of_work():
        steps.perform(task.ref, by=world.actor("leader_PTNMT"), now=NOON)
    later = NOON + DAY
    with unit_of_work():
        steps.perform(task.ref, by=world.actor("leader_PTNMT", later), now=later)
    assert case.state == "to_publish"


def test_a_deputy_called_back_leaves_the_step_free_and_keeps_what_was_typed(world: build.World) -> None:
    _case, task = for_approval(world)
    people = world.people
    with unit_of_work():
        row = appoint_deputy(
            principal=people["leader_PTNMT"], deputy=people["officer_2_PTNMT"], starts_at=NOON, ends_at=NOON + DAY,
            by=world.actor("leader_PTNMT"), now=NOON, reason=WHY,
        )  # fmt: skip
    claim(world, task, "officer_2_PTNMT")
    place, deputy = steps.draft_place(task), world.actor("officer_2_PTNMT")
    with unit_of_work():
        keep_draft(place, by=deputy, now=NOON, fields=[("instructions", "Chụp thêm ảnh")], window="w" * 16)
        end_deputyship(row, by=world.actor("leader_PTNMT"), now=NOON + timedelta(hours=1), reason=WHY)
    later = NOON + timedelta(hours=2)
    claim(world, task, "leader_PTNMT", now=later)
    assert (task.claimed_by_id, task.assigned_by_id) == (people["leader_PTNMT"].id, None)
    assert drafts_of(place, by=world.actor("officer_2_PTNMT", later))
    assert drafts_of(place, by=world.actor("leader_PTNMT", later)) == []


def lose_by_time(row: Membership) -> None:
    row.valid_to = NOON.date()


def lose_by_disabling(row: Membership) -> None:
    row.account.disabled_at = NOON


def lose_by_moving(row: Membership) -> None:
    row.agency_id = db.session.scalars(select(Agency.id).where(Agency.key == "HKL")).one()


@pytest.mark.parametrize("lose", [lose_by_time, lose_by_disabling, lose_by_moving])
def test_whoever_lost_the_role_holds_nothing(world: build.World, lose: Any) -> None:
    task = build.waiting(build.case_at(world, "handling"), "submit_answer")
    claim(world, task, "officer_PTNMT")
    officer = world.people["officer_PTNMT"]
    assert holder_of(task, now=NOON) == officer
    with unit_of_work():
        lose(db.session.get_one(Account, officer.id).memberships[0])
    assert holder_of(task, now=NOON) is None
    assert holders([task], now=NOON) == {}
    assert held_by([officer.id], now=NOON) == {}
    [team] = teams_of(world.actor("leader_PTNMT"), now=NOON)
    assert team.free.taken == 1
    free, theirs = (page_of(world.actor("leader_PTNMT"), InboxQuery(chosen=InboxFilter(waits=Waits.TEAM, holder=whose)), now=NOON).tasks
                    for whose in (NOBODY, officer.ref))  # fmt: skip
    assert ([each.id for each in free], theirs) == ([task.id], ())
    with unit_of_work():
        assign_task(task.ref, by=world.actor("leader_PTNMT"), now=NOON, to=world.people["officer_2_PTNMT"].ref)
    assert holder_of(task, now=NOON) == world.people["officer_2_PTNMT"]


def test_what_a_deputy_took_for_somebody_whose_account_was_closed_is_free(world: build.World) -> None:
    _case, task = for_approval(world)
    stand_in(world, "leader_PTNMT", "officer_2_PTNMT")
    claim(world, task, "officer_2_PTNMT")
    assert holder_of(task, now=NOON) == world.people["officer_2_PTNMT"]
    with unit_of_work():
        db.session.get_one(Account, world.people["leader_PTNMT"].id).disabled_at = NOON
    assert holder_of(task, now=NOON) is None


def test_the_worker_clears_what_does_not_count_any_more(world: build.World) -> None:
    _case, task = for_approval(world)
    stand_in(world, "leader_PTNMT", "officer_2_PTNMT")
    claim(world, task, "officer_2_PTNMT")
    assert return_tasks_of_leavers(NOON) == 0
    with pytest.raises(AlreadyTheirs), unit_of_work():
        assign_task(task.ref, by=world.actor("leader_PTNMT", NOON + DAY), now=NOON + DAY, to=None)
    assert return_tasks_of_leavers(NOON + DAY) == 1
    assert task.claimed_by_id is None


def test_whoever_answers_for_a_desk_puts_back_what_others_took_there(world: build.World) -> None:
    case, task = for_approval(world)
    stand_in(world, "leader_PTNMT", "officer_2_PTNMT")
    for who in ("leader_PTNMT", "ops_lead", "officer_2_PTNMT"):
        claim(world, task, "officer_2_PTNMT")
        with unit_of_work():
            steps.release(task.ref, by=world.actor(who), now=NOON)
        assert task.claimed_by_id is None
    claim(world, task, "officer_2_PTNMT")
    for who, refusal in (("officer_PTNMT", TaskUnknown), ("leader_HKL", TaskUnknown), ("operator", TaskUnknown)):
        with pytest.raises(refusal), unit_of_work():
            steps.release(task.ref, by=world.actor(who), now=NOON)
    assert case.state == "approval"


def test_who_is_stood_in_for_puts_back_at_desks_nobody_leads(world: build.World) -> None:
    """A committee leader answers to nobody of the house; what their deputy holds is theirs to take back."""
    task = build.waiting(build.case_at(world, "to_verify"), "verify")
    with unit_of_work():
        task.desk = desk_name(Role.COMMITTEE_LEADER, centre_id=world.centre.id)
        build.staff(world, "committee_leader_2", Role.COMMITTEE_LEADER)
    stand_in(world, "committee_leader", "operator_2")
    claim(world, task, "operator_2")
    with pytest.raises(NotAllowed), unit_of_work():
        steps.release(task.ref, by=world.actor("committee_leader_2"), now=NOON)
    with unit_of_work():
        steps.release(task.ref, by=world.actor("committee_leader"), now=NOON)
    assert task.claimed_by_id is None


@pytest.mark.exhaustive(but=2)
def test_the_predicate_of_the_lists_says_of_every_desk_what_the_rights_say(world: build.World) -> None:
    """Every role at every desk, of this centre and of another place, in one's own name, as a deputy and as a deputy who was."""
    task = build.waiting(build.case_at(world, "handling"), "submit_answer")
    agency, other = world.agencies["PTNMT"].id, world.agencies["HKL"].id
    with unit_of_work():
        second = build.centre("DN", is_default=False)
        people = {role: build.staff(world, f"only_{role}", role, agency=world.agencies["PTNMT"] if role in AGENCY_ROLES else None)
                  for role in Role}  # fmt: skip
        db.session.flush()
        here = world.centre.id
        desks = [desk_name(role, centre_id=here, agency_id=agency) for role in Role]
        desks += [desk_name(role, centre_id=second.id, agency_id=other) for role in Role]
        desks += [desk_name(Role.ADMINISTRATOR), unconfirmed_desk(here), unconfirmed_desk(second.id)]
        chief = build.staff(world, "chief", Role.ADMINISTRATOR)
        chief.memberships[0].centre_id = None
        stands_in = build.staff(world, "stands_in", Role.RECORDS_CLERK)
        stood_in = build.staff(world, "stood_in", Role.RECORDS_CLERK)
        db.session.flush()
        for deputy, principal, ends in ((stands_in, people[Role.OPS_LEAD], NOON + DAY), (stood_in, people[Role.OPS_LEAD], NOON)):
            db.session.add(Deputy(principal_id=principal.id, deputy_id=deputy.id, starts_at=NOON - DAY, ends_at=ends,
                                  created_by_id=chief.id))  # fmt: skip
        # roles that watch each other, and the deputies of confidential readers
        watching = {name: build.staff(world, name, Role.RECORDS_CLERK) for name in ("one", "two", "unsaid", "said", "both", "own")}
        watching["own"].memberships.append(Membership(role=Role.INSPECTOR, centre_id=here, valid_from=build.LONG_AGO))
        db.session.flush()
        reader, approver, administrator = (people[role] for role in (Role.CONFIDENTIAL_READER, Role.PROCESS_APPROVER, Role.ADMINISTRATOR))
        for name, principal, confirmed_at in (
            ("one", approver, None), ("two", approver, None), ("two", administrator, None), ("unsaid", reader, None),
            ("said", reader, NOON), ("both", reader, None), ("both", approver, None), ("own", approver, None),
            ("own", people[Role.OPERATOR], None),
        ):
            db.session.add(Deputy(principal_id=principal.id, deputy_id=watching[name].id, starts_at=NOON - DAY, ends_at=NOON + DAY,
                                  created_by_id=chief.id, confirmed_at=confirmed_at))  # fmt: skip
    found, task_id = 0, task.id
    with unit_of_work():
        task = db.session.get_one(WaitingTask, task_id)
        for holder in (*people.values(), chief, stands_in, stood_in, *watching.values()):
            actor = actor_for(holder, now=NOON)
            for desk in desks:
                task.claimed_by_id, task.desk = holder.id, desk
                db.session.flush()
                is_there = own_desk(actor, desk) is not None
                assert (holder_of(task, now=NOON) is not None) == is_there, (holder.login, desk)
                found += is_there
    assert found > len(Role)
