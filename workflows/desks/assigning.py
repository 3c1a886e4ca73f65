"""Leaders assign a waiting step to a colleague, take it away for a reason, or return it to the group."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Account, Assignment, Case, Deputy, Membership, Note
from casework.outbox import tell_account
from casework.permissions import AGENCY_ROLES, Action, Actor, NotAllowed, Role, actor_for, require
from casework.text import normal
from casework.verbs import NO_KIND, Verb
from workflows.desk_access import is_at, leads_desk, own_desk
from workflows.desks import sentences
from workflows.models import WaitingTask
from workflows.running.claims import holder_of
from workflows.running.drawn_steps import label_of_step
from workflows.running.steps import StepRefused, TaskUnknown, locked_step, refuse_not_waiting, same_person_words

LONGEST_REASON = 500
MOST_COLLEAGUES = 200
"""The most colleagues that are listed."""


class AssignRefused(CaseworkError):
    """The step cannot be assigned this way; the text says why."""


class AlreadyTheirs(CaseworkError):
    """The step already is with that colleague, or free, as requested; nothing was changed."""


class HeldByColleague(CaseworkError):
    """A colleague holds the step: taking it away needs a reason and a confirmation."""

    def __init__(self, holder: str, since: datetime | None) -> None:
        when = f"{since.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}" if since else "…"
        super().__init__(
            f"{holder} đang giữ việc này từ {when}. Muốn chuyển, vui lòng ghi lý do và xác nhận.",
            f"{holder} has held this task since {when}. To move it, please give a reason and confirm.",
        )


@Verb("assign_task", Action.ASSIGN_TASK, kinds=NO_KIND, is_noted=True, staff=sentences.task_assigned)
def assign_task(
    task_ref: str, *, by: Actor, now: datetime, to: str | None, reason: str = "", takes_over_from: str = ""
) -> WaitingTask:
    """Assign a waiting step to the colleague with that ref, or to nobody (None); for whoever leads the people of its desk.

    A colleague who holds it loses it only with a `reason` and if `takes_over_from` names them (ref) as confirmation; the reason becomes an
    internal note. Records `assign_task` without names. The new and the former holder are told. Raises TaskUnknown, NotAllowed,
    TaskAlreadyDone, StepRefused, AlreadyTheirs, HeldByColleague, AssignRefused. Source: rules.md, section 6, "Claim".
    """
    require(by, Action.ASSIGN_TASK)
    case, task = locked_step(task_ref)
    if case.quarantined_at is not None or not (leads_desk(by, task.desk) or is_at(by, task.desk, case)):
        raise TaskUnknown
    if not leads_desk(by, task.desk):
        raise NotAllowed
    refuse_not_waiting(task)
    colleague = _colleague(to, task, now) if to is not None else None
    holder = holder_of(task, now=now)
    if holder == colleague:
        raise _already(colleague)
    taken_from = holder if holder is not None and holder.id != by.own_id else None
    reason = normal(reason)
    if taken_from is not None:
        _refuse_unconfirmed(task, taken_from, reason, takes_over_from)
    how = "freed" if colleague is None else "taken" if taken_from is not None else "given"
    label, agency = label_of_step(task), {"agency": task.assignment.agency.key} if is_of_agency(task.desk) and task.assignment else {}
    record(case, "assign_task", by=by, at=now, element=task.element, step=[label.vi, label.en], how=how, **agency)
    task.claimed_by_id = colleague.id if colleague else None
    task.claimed_at, task.assigned_by_id = (now, by.account_id) if colleague else (None, None)
    if taken_from is not None:
        _note(case, task, reason, by, now)
        tell_account(taken_from.id, "task_taken_over", case=case, at=now, task=task.ref)
    if colleague is not None and colleague.id != by.own_id:
        tell_account(colleague.id, "task_assigned", case=case, at=now, task=task.ref)
    return task


def assignable(task_ref: str, *, by: Actor) -> WaitingTask:
    """Return a step the person may assign, waiting or not. Raises TaskUnknown otherwise, and in quarantine."""
    query = select(WaitingTask).where(WaitingTask.ref == task_ref).options(joinedload(WaitingTask.instance))
    query = query.options(joinedload(WaitingTask.case), joinedload(WaitingTask.assignment).joinedload(Assignment.agency))
    task = db.session.scalars(query.options(joinedload(WaitingTask.claimed_by))).first()
    if task is None or task.case.quarantined_at is not None or not leads_desk(by, task.desk):
        raise TaskUnknown
    return task


def colleagues_at(desks: Collection[str], *, now: datetime) -> list[Account]:
    """Return who can work at one of those desks today, deputies included, by name; at most MOST_COLLEAGUES.

    Two statements, whatever the number of people.
    """
    seats = [_seat(desk) for desk in desks]
    if not seats:
        return []
    today = local_day(now)
    rows = select(Membership).where(or_(*seats)).options(joinedload(Membership.account)).order_by(Membership.id).limit(2 * MOST_COLLEAGUES)
    holders = {row.account_id: row.account for row in db.session.scalars(rows) if row.holds_on(today)}
    holders = {id_: account for id_, account in holders.items() if account.disabled_at is None and account.kind == "staff"}
    standing_in = (
        select(Account)
        .join(Deputy, Deputy.deputy_id == Account.id)
        .where(Deputy.principal_id.in_(holders), Deputy.starts_at <= now, now < Deputy.ends_at)
        .where(Account.disabled_at.is_(None), Account.kind == "staff")
        .limit(MOST_COLLEAGUES)
    )
    everybody = holders | {account.id: account for account in db.session.scalars(standing_in)}
    return sorted(everybody.values(), key=lambda account: (account.full_name or "", account.id))[:MOST_COLLEAGUES]


def desks_working_at(desk: str) -> list[str]:
    """Return the desks whose people may work on a step of that one: operators' steps are open to their lead."""
    role, _, place = desk.partition("@")
    return [desk, f"{Role.OPS_LEAD}@{place}"] if role == Role.OPERATOR else [desk]


def _colleague(ref: str, task: WaitingTask, now: datetime) -> Account:
    account = db.session.scalars(select(Account).where(Account.ref == ref, Account.kind == "staff")).first()
    actor = actor_for(account, now=now)
    if account is None or own_desk(actor, task.desk) is None:
        raise AssignRefused("Người được chọn hôm nay không làm việc ở bàn này.", "Whoever was chosen does not work at this desk today.")
    barred = same_person_words(task, actor, now=now)
    if barred is not None:
        raise StepRefused(*barred)
    return account


def _already(colleague: Account | None) -> AlreadyTheirs:
    if colleague is None:
        return AlreadyTheirs("Việc này chưa ai nhận.", "Nobody has taken this task.")
    name = colleague.full_name or ""
    return AlreadyTheirs(f"{name} đã được giao việc này rồi.", f"{name} has this task already.")


def _refuse_unconfirmed(task: WaitingTask, holder: Account, reason: str, takes_over_from: str) -> None:
    if takes_over_from != holder.ref:
        raise HeldByColleague(holder.full_name or "", task.claimed_at)
    if not reason or len(reason) > LONGEST_REASON:
        raise AssignRefused(
            f"Vui lòng ghi lý do chuyển việc, tối đa {LONGEST_REASON} ký tự.",
            f"Please say why the task is moved, {LONGEST_REASON} characters at most.",
            about="reason",
        )


def _note(case: Case, task: WaitingTask, reason: str, by: Actor, now: datetime) -> None:
    """Only the people of that place read the reason; the history just says that the step was moved."""
    in_agency = is_of_agency(task.desk)
    db.session.add(
        Note(
            case_id=case.id, assignment_id=task.assignment_id if in_agency else None, kind="moved",
            audience="agency" if in_agency and task.assignment_id else "centre", body=reason, written_by_id=by.account_id, written_at=now,
        )
    )  # fmt: skip


def is_of_agency(desk: str) -> bool:
    return desk.partition("@")[0] in AGENCY_ROLES


def _seat(desk: str) -> ColumnElement[bool]:
    """The memberships that open a desk, as `desk_name` names it."""
    role, _, place = desk.partition("@")
    number = int(place[1:])
    where = Membership.agency_id == number if place.startswith("a") else Membership.centre_id == number
    return and_(Membership.role == role, where)
