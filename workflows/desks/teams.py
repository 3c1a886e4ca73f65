"""The workload of the people somebody leads: what each holds, what is late, what nobody has taken, what was done recently."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import case, func, select, union_all

from casework.bilingual import Bilingual
from casework.db import db
from casework.lateness import soon
from casework.models import Account, Agency, Centre
from casework.permissions import TEAM_LEADERS, Action, Actor, Role, require
from workflows.desks.assigning import MOST_COLLEAGUES, colleagues_at
from workflows.desks.inbox_filters import SOON, late_step, team_desks
from workflows.desks.inbox_statements import COUNTED_PER_DESK
from workflows.models import WaitingTask
from workflows.running.claims import counts

LOOKED_BACK = timedelta(days=7)
"""How far back completed steps are counted."""


@dataclass(slots=True)
class Workload:
    """Steps held by one person, or by nobody: all, late, nearly due; and steps done in the last days."""

    taken: int = 0
    late: int = 0
    soon: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a team with their workload."""

    account: Account
    load: Workload


@dataclass(frozen=True, slots=True)
class Team:
    """The people of a centre's operations or of an agency. `free` is what nobody has taken; `is_cut` says that not all are listed.

    `principal_id` is the leader for whom the person leads it as a deputy, None if they lead it themselves.
    """

    name: Bilingual
    members: tuple[Member, ...]
    free: Workload
    is_cut: bool
    principal_id: int | None


def teams_of(by: Actor, *, now: datetime) -> list[Team]:
    """Return the teams a person leads with the workload of each member.

    Bounded: at most MOST_COLLEAGUES people of a team, COUNTED_PER_DESK steps of a desk, and what these people did in the last days
    (ix_waiting_task_done); five statements a team, whatever its size. Raises NotAllowed.
    """
    require(by, Action.READ_TEAM)
    found = []
    leading = {grant.desk for grant in by.grants if grant.role in TEAM_LEADERS}
    for desk in sorted(leading, reverse=True):
        grant = by.grant_at(desk)
        is_centre = grant is not None and grant.role == Role.OPS_LEAD
        place = (
            db.session.get(Centre, grant.centre_id) if grant and is_centre else db.session.get(Agency, grant.agency_id) if grant else None
        )
        if grant is not None and place is not None:
            desks = team_desks(replace(by, grants=(grant,)))
            found.append(_team(place.name, desks, grant.principal_id, now))
    return found


def _team(name: Bilingual, desks: list[str], principal_id: int | None, now: datetime) -> Team:
    people = colleagues_at(desks, now=now)
    loads = {account.id: Workload() for account in people}
    free = _count_open(desks, loads, now)
    done = select(WaitingTask.done_by_id, func.count()).where(
        WaitingTask.done_by_id.in_(loads), WaitingTask.done_at >= now - LOOKED_BACK, WaitingTask.desk.in_(desks)
    )
    for account_id, number in db.session.execute(done.group_by(WaitingTask.done_by_id)):
        if account_id is not None:
            loads[account_id].done = number
    members = tuple(Member(account, loads[account.id]) for account in people)
    return Team(name, members, free, is_cut=len(people) >= MOST_COLLEAGUES, principal_id=principal_id)


def _count_open(desks: list[str], loads: dict[int, Workload], now: datetime) -> Workload:
    """Fill in what each of them holds of the open steps of these desks; returns what nobody holds."""
    holder_id = case((counts(now), WaitingTask.claimed_by_id), else_=None).label("holder_id")
    columns = (holder_id, WaitingTask.due_at, WaitingTask.case_id)
    heads = [
        select(*columns).where(WaitingTask.desk == desk, WaitingTask.state == "waiting")
        .order_by(WaitingTask.due_at, WaitingTask.id).limit(COUNTED_PER_DESK).subquery()
        for desk in desks
    ]  # fmt: skip
    waiting = union_all(*(select(head) for head in heads)).subquery()
    is_late = case((late_step(waiting.c, now), 1), else_=0)
    is_near = case((soon(waiting.c.due_at, now, now + SOON), 1), else_=0)
    query = select(waiting.c.holder_id, func.count(), func.sum(is_late), func.sum(is_near)).group_by(waiting.c.holder_id)
    free = Workload()
    for account_id, number, behind, near in db.session.execute(query):
        load = free if account_id is None else loads.get(account_id)
        if load is not None:
            load.taken, load.late, load.soon = number, int(behind), int(near)
    return free


def held_by(account_ids: list[int], *, now: datetime) -> dict[int, int]:
    """Return how many waiting steps each of these people holds, at any desk (ix_waiting_task_claimed)."""
    query = select(WaitingTask.claimed_by_id, func.count()).where(
        WaitingTask.claimed_by_id.in_(account_ids), WaitingTask.state == "waiting", counts(now)
    )
    return {id_: number for id_, number in db.session.execute(query.group_by(WaitingTask.claimed_by_id)) if id_ is not None}
