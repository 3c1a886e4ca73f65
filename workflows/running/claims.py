"""Who holds a step: a claim counts only while its holder works at that desk (rules.md, section 6). Anything that reads claims asks here.

What a deputy claimed ends with the deputyship, what somebody claimed in a role ends with the role, at that moment; the worker only tidies
up (workflows/reorganising/leaving.py).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import aliased

from casework.contacts.confirming import UNCONFIRMED
from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Deputy, Membership
from casework.permissions import AGENCY_ROLES, OPERATIONS, WATCHERS, Actor, Role
from workflows.models import WaitingTask


def counts(now: datetime) -> ColumnElement[bool]:
    """The condition that a WaitingTask is claimed by somebody who works at its desk at that moment: `own_desk` in SQL.

    Each claimed row costs a few look-ups by the claimant's number, an unclaimed one next to nothing.
    """
    person, row, deputy = aliased(Account), aliased(Membership), aliased(Deputy)
    principal, theirs = aliased(Account), aliased(Membership)
    is_staff = exists().where(person.id == WaitingTask.claimed_by_id, person.kind == "staff", person.disabled_at.is_(None))
    own = exists().where(row.account_id == WaitingTask.claimed_by_id, *_opens(row, now))
    as_deputy = (
        exists()
        .where(deputy.deputy_id == WaitingTask.claimed_by_id, deputy.starts_at <= now, now < deputy.ends_at)
        .where(principal.id == deputy.principal_id, principal.disabled_at.is_(None))
        .where(theirs.account_id == deputy.principal_id, *_opens(theirs, now))
        .where(or_(theirs.role.not_in(WATCHERS), ~_meets_another(theirs, now)))
        .where(or_(theirs.role != Role.CONFIDENTIAL_READER, deputy.confirmed_at.is_not(None)))
    )
    asked = (each.correlate(WaitingTask) for each in (own, as_deputy))
    return and_(WaitingTask.claimed_by_id.is_not(None), is_staff.correlate(WaitingTask), or_(*asked))


def is_free(now: datetime) -> ColumnElement[bool]:
    """The condition that anybody of its desk may take a WaitingTask."""
    return or_(WaitingTask.claimed_by_id.is_(None), ~counts(now))


def holders(tasks: Sequence[WaitingTask], *, now: datetime) -> dict[int, Account]:
    """Return the holder of each step by its row; steps whose claim does not count are left out. At most one statement."""
    claimed = [task.id for task in tasks if task.claimed_by_id is not None]
    if not claimed:
        return {}
    query = select(WaitingTask.id, Account).join(WaitingTask.claimed_by).where(WaitingTask.id.in_(claimed), counts(now))
    return {row.id: row.Account for row in db.session.execute(query)}


def holder_of(task: WaitingTask, *, now: datetime) -> Account | None:
    """Return who holds a step, None if anybody of its desk may take it."""
    return holders([task], now=now).get(task.id)


def is_stood_in_by(by: Actor, holder: Account, *, now: datetime) -> bool:
    """Whether the holder acts for the person today."""
    query = select(Deputy.id).where(Deputy.deputy_id == holder.id, Deputy.principal_id == by.own_id)
    return db.session.scalar(query.where(Deputy.starts_at <= now, now < Deputy.ends_at).limit(1)) is not None


def _meets_another(row: type[Membership], now: datetime) -> ColumnElement[bool]:
    """Whether the claimant has another of the roles that watch each other; then no deputyship counts in this one (casework.permissions)."""
    other, deputy, principal = aliased(Membership), aliased(Deputy), aliased(Account)
    principals = (
        select(deputy.principal_id).join(principal, principal.id == deputy.principal_id).where(principal.disabled_at.is_(None))
        .where(deputy.deputy_id == WaitingTask.claimed_by_id, deputy.starts_at <= now, now < deputy.ends_at)
        .where(or_(other.role != Role.CONFIDENTIAL_READER, deputy.confirmed_at.is_not(None)))
        .correlate(WaitingTask, other)
    )  # fmt: skip
    held = or_(other.account_id == WaitingTask.claimed_by_id, other.account_id.in_(principals))
    return exists().where(held, other.role.in_(WATCHERS), other.role != row.role, *_is_held(other, now)).correlate(WaitingTask, row)


def _is_held(row: type[Membership], now: datetime) -> tuple[ColumnElement[bool], ...]:
    today = local_day(now)
    return row.valid_from <= today, or_(row.valid_to.is_(None), row.valid_to > today)


def _opens(row: type[Membership], now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Whether a membership is held today and opens the step's desk: its own, and for an operations lead the operators'."""
    centre = literal("@c") + cast(func.coalesce(row.centre_id, 0), String)
    place = when((row.role.in_(AGENCY_ROLES), literal("@a") + cast(row.agency_id, String)), else_=centre)
    desk = WaitingTask.desk
    return (
        *_is_held(row, now),
        or_(
            desk == row.role + place,
            and_(row.role == Role.OPS_LEAD, desk == literal(str(Role.OPERATOR)) + place),
            and_(row.role.in_(OPERATIONS), desk == literal(UNCONFIRMED) + place),
        ),
    )
