"""Somebody leaves a role, an agency or the organisation: their steps return to the group, somebody takes over, deputyships end.

`look_ahead` shows beforehand what `leave` will do; `shut_out` is for whoever another system says has left. Cases are locked before the
stream of the rules, as in every step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import joinedload

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.doors.behalf import end_agreements_of
from casework.events import record
from casework.local_time import local_day
from casework.models import Account, Assignment, Deputy, Draft, Membership
from casework.permissions import SYSTEM, Action, Actor, Role, actor_for, require
from casework.permissions.acting_account import ActingAccount
from casework.settings.deputyships import cut_short, deputyships_of
from casework.settings.people import disable_account
from casework.settings.roles import RoleWish, end_roles, give_role
from casework.settings.seats import Seat, left_empty, seat_of
from casework.verbs import writes
from workflows.desk_access import own_desk
from workflows.desks.assigning import is_of_agency
from workflows.models import WaitingTask
from workflows.reorganising.acts import still_to_follow
from workflows.running.drawn_steps import label_of_step

OPEN = ("waiting", "frozen")
MOST_HEIRS = 200
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A seat that would become vacant, and who could take it: colleagues of the same place, by name."""

    seat: Seat
    heirs: list[Account]


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What ending these roles does. `later`: it happens on a future day, and the steps return on that day."""

    seats: list[Seat]
    tasks: list[WaitingTask]
    task_count: int
    draft_count: int
    deputyships: list[Deputy]
    takes_over: list[TakeOver]
    sessions_end: bool


def look_ahead(account: Account, rows: Sequence[Membership], *, now: datetime, on: date | None = None, disables: bool = False) -> LookAhead:
    """Return what `leave` would do. Writes nothing."""
    today = local_day(now)
    on = on or today
    held = [row for row in rows if row.valid_to is None or row.valid_to > on]
    tasks = _returning(account, _left(account, held, now), now)
    leaves_all = disables or not _others(account, held, on)
    return LookAhead(
        seats=[seat_of(row) for row in held],
        tasks=tasks[:MOST_LISTED],
        task_count=len(tasks),
        draft_count=_drafts_of(account, tasks),
        deputyships=deputyships_of(account, now=now) if leaves_all else [],
        takes_over=[TakeOver(seat, _heirs(seat, account, on)) for seat in left_empty(held, on=on)],
        sessions_end=disables,
    )


def leave(
    account: Account,
    rows: Sequence[Membership],
    *,
    by: Actor,
    now: datetime,
    reason: str,
    takes_over: Mapping[str, Account],
    on: date | None = None,
    disables: bool = False,
    moves_to: Seat | None = None,
) -> int:
    """End these roles, on a local day (today if None), and return how many claimed steps went back to their groups.

    With `disables` the account is closed too, and nobody acts in its name any more; with `moves_to` the person has that role from the day
    on. Steps they claimed at desks they no longer read are released, with an event `assign_task` each, without a name; drafts stay with
    their author. If no role is left, deputyships for and of the person end. On a future day the steps return by `return_tasks_of_leavers`.
    Raises NotAllowed, and what `end_roles`, `disable_account` and `give_role` refuse with. Source: rules.md, sections 1 and 6.
    """
    require(by, Action.MANAGE_PEOPLE)
    today = local_day(now)
    on = on or today
    held = [row for row in rows if row.valid_to is None or row.valid_to > on]
    returning = _returning(account, _left(account, held, now), now) if on <= today else []
    _lock(returning)
    if disables:
        disable_account(account, by=by, now=now, reason=reason)
        end_agreements_of(account, by=by, now=now, reason=reason)
    if held or not disables:
        end_roles(account, held, by=by, now=now, on=on, takes_over=takes_over, reason=reason)
    if moves_to is not None:
        give_role(account, RoleWish(moves_to, starts_on=on), by=by, now=now, reason=reason)
    if disables or not _others(account, held, on):
        for row in deputyships_of(account, now=now):
            cut_short(row, by=by, now=now, reason=reason)
    db.session.flush()
    db.session.expire(account, ["memberships"])
    # people keep what they hold at desks their new role reads too
    gone = [task for task in returning if not _still_reads(task, now)]
    for task in gone:
        _free(task, by=by, now=now)
    return len(gone)


def shut_out(account: Account, *, by: Actor, now: datetime, reason: str) -> int:
    """Close an account at once and return how many claimed steps went back to their groups; no successor is asked for.

    Sessions, deputyships for and of the person and agreements to act in their name end; drafts stay with their author. Roles stay with
    their days and count for nothing while the account is closed. Raises NotAllowed, and what `disable_account` refuses with.
    """
    require(by, Action.MANAGE_PEOPLE)
    returning = _returning(account, Actor(ActingAccount.of(account)), now)
    _lock(returning)
    disable_account(account, by=by, now=now, reason=reason)
    end_agreements_of(account, by=by, now=now, reason=reason)
    for row in deputyships_of(account, now=now):
        cut_short(row, by=by, now=now, reason=reason)
    db.session.flush()
    gone = [task for task in returning if not _still_reads(task, now)]
    for task in gone:
        _free(task, by=by, now=now)
    return len(gone)


def return_tasks_of_leavers(now: datetime) -> int:
    """Release steps whose holders no longer read the desk, since a role or deputyship has expired. For the worker."""
    query = select(WaitingTask.claimed_by_id).where(WaitingTask.claimed_by_id.is_not(None), WaitingTask.state.in_(OPEN)).distinct()
    freed = 0
    for account_id in list(db.session.scalars(query)):
        account = db.session.get_one(Account, account_id)
        if not _unread(account, actor_for(account, now=now)):
            continue
        with unit_of_work():
            account = db.session.get_one(Account, account_id)
            tasks = _unread(account, actor_for(account, now=now))
            _lock(tasks)
            # a reorganisation moves people first, and their steps are still following; checked last, when their roles are loaded
            on_their_way = still_to_follow({task.case_id for task in tasks}, now)
            for task in (each for each in tasks if each.case_id not in on_their_way and not _still_reads(each, now)):
                _free(task, by=SYSTEM, now=now)
                freed += 1
    return freed


def _left(account: Account, rows: Iterable[Membership], now: datetime) -> Actor:
    """The person as they would be without these roles, and without deputyships if no role is left."""
    ended = {(Role(row.role), row.centre_id, row.agency_id) for row in rows}
    actor = actor_for(account, now=now)
    own = [each for each in actor.grants if each.principal_id is None and (each.role, each.centre_id, each.agency_id) not in ended]
    others = [each for each in actor.grants if each.principal_id is not None] if own else []
    return Actor(ActingAccount.of(account), (*own, *others))


def _returning(account: Account, left: Actor, now: datetime) -> list[WaitingTask]:
    """The steps the person holds at desks they will not read any more, and those their deputies hold there for them."""
    tasks = _unread(account, left)
    lost = {each.desk for each in actor_for(account, now=now).grants if each.principal_id is None} - set(left.desks)
    if not lost:
        return tasks
    acting = select(Deputy.deputy_id).where(Deputy.principal_id == account.id, Deputy.starts_at <= now, now < Deputy.ends_at)
    for deputy in db.session.scalars(select(Account).where(Account.id.in_(acting))):
        theirs = actor_for(deputy, now=now)
        kept = Actor(theirs.account, tuple(each for each in theirs.grants if not (each.principal_id == account.id and each.desk in lost)))
        tasks += _unread(deputy, kept)
    return sorted(tasks, key=lambda task: (task.case_id, task.id))


def _unread(account: Account, actor: Actor) -> list[WaitingTask]:
    query = select(WaitingTask).where(WaitingTask.claimed_by_id == account.id, WaitingTask.state.in_(OPEN))
    query = query.options(joinedload(WaitingTask.case), joinedload(WaitingTask.instance)).order_by(WaitingTask.case_id, WaitingTask.id)
    query = query.options(joinedload(WaitingTask.assignment).joinedload(Assignment.agency))
    return [task for task in db.session.scalars(query) if own_desk(actor, task.desk) is None]


def _still_reads(task: WaitingTask, now: datetime) -> bool:
    return task.claimed_by_id is None or own_desk(actor_for(task.claimed_by, now=now), task.desk) is not None


def _lock(tasks: Iterable[WaitingTask]) -> None:
    """Lock every case before anything is written, in one order, and read the steps again, since some may be done by now."""
    for case_id in sorted({task.case_id for task in tasks}):
        lock_case(case_id)
    for task in tasks:
        db.session.refresh(task, ["state", "claimed_by_id", "claimed_at", "assigned_by_id", "desk"])


@writes("assign_task")
def _free(task: WaitingTask, *, by: Actor, now: datetime) -> None:
    if task.state not in OPEN or task.claimed_by_id is None:
        return
    label = label_of_step(task)
    agency = {"agency": task.assignment.agency.key} if is_of_agency(task.desk) and task.assignment else {}
    record(task.case, "assign_task", by=by, at=now, element=task.element, step=[label.vi, label.en], how="returned", **agency)
    task.claimed_by_id = task.claimed_at = task.assigned_by_id = None


def _others(account: Account, rows: Sequence[Membership], on: date) -> list[Membership]:
    """The roles that continue."""
    return [row for row in account.memberships if row not in rows and (row.valid_to is None or row.valid_to > on)]


def _heirs(seat: Seat, account: Account, on: date) -> list[Account]:
    """People who work at the same place today and could take over a seat."""
    place = (
        [Membership.agency_id == seat.agency.id]
        if seat.agency is not None
        else [Membership.centre_id == seat.centre.id if seat.centre is not None else Membership.agency_id.is_(None)]
    )
    works_here = exists().where(
        Membership.account_id == Account.id,
        *place,
        Membership.valid_from <= on,
        or_(Membership.valid_to.is_(None), Membership.valid_to > on),
    )
    query = select(Account).where(works_here, Account.kind == "staff", Account.disabled_at.is_(None), Account.id != account.id)
    return list(db.session.scalars(query.order_by(Account.folded_name, Account.id).limit(MOST_HEIRS)))


def _drafts_of(account: Account, tasks: Sequence[WaitingTask]) -> int:
    """The number of the person's drafts for the cases of these steps: drafts stay with their author, who may not come back."""
    if not tasks:
        return 0
    case_ids = {task.case_id for task in tasks if task.claimed_by_id == account.id}
    query = select(func.count()).select_from(Draft).where(Draft.account_id == account.id, Draft.case_id.in_(case_ids))
    return db.session.scalar(query) or 0
