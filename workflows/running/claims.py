"""Who holds a step: a claim counts only while its holder works at that desk (rules.md, section 6). Anything that reads claims asks here.

What a deputy claimed ends with the deputyship, what somebody claimed in a role ends with the role, at that moment; the worker only tidies
up (workflows/reorganising/leaving.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy import case as when

from casework.contacts.confirming import UNCONFIRMED
from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Deputy, Membership
from casework.permissions import AGENCY_ROLES, OPERATIONS, WATCHERS, Actor, Role
from workflows.models import WaitingTask

TASK = WaitingTask.__table__


def counts(now: datetime) -> ColumnElement[bool]:
    """The condition that a WaitingTask is claimed by somebody who works at its desk at that moment: `own_desk` in SQL.

    Each claimed row costs a few look-ups by the claimant's number, an unclaimed one next to nothing.
    """
    return counts_at(now, local_day(now))


def counts_at(now: Any, today: Any) -> ColumnElement[bool]:
    """The same for a moment and its local day, which may be parameters of a statement made once."""
    person, row, deputy = Account.__table__.alias(), Membership.__table__.alias(), Deputy.__table__.alias()
    principal, theirs = Account.__table__.alias(), Membership.__table__.alias()
    is_staff = exists().where(person.c.id == TASK.c.claimed_by_id, person.c.kind == "staff", person.c.disabled_at.is_(None))
    own = exists().where(row.c.account_id == TASK.c.claimed_by_id, *_opens(row, today))
    as_deputy = (
        exists()
        .where(deputy.c.deputy_id == TASK.c.claimed_by_id, deputy.c.starts_at <= now, deputy.c.ends_at > now)
        .where(principal.c.id == deputy.c.principal_id, principal.c.disabled_at.is_(None))
        .where(theirs.c.account_id == deputy.c.principal_id, *_opens(theirs, today))
        .where(or_(~_is_one_of(theirs, WATCHERS), ~_meets_another(theirs, now, today)))
        .where(or_(theirs.c.role != Role.CONFIDENTIAL_READER, deputy.c.confirmed_at.is_not(None)))
    )
    asked = (each.correlate(TASK) for each in (own, as_deputy))
    return and_(TASK.c.claimed_by_id.is_not(None), is_staff.correlate(TASK), or_(*asked))


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


def _meets_another(row: FromClause, now: Any, today: Any) -> ColumnElement[bool]:
    """Whether the claimant has another of the roles that watch each other; then no deputyship counts in this one (casework.permissions)."""
    other, deputy, principal = Membership.__table__.alias(), Deputy.__table__.alias(), Account.__table__.alias()
    principals = (
        select(deputy.c.principal_id)
        .join_from(deputy, principal, principal.c.id == deputy.c.principal_id)
        .where(principal.c.disabled_at.is_(None))
        .where(deputy.c.deputy_id == TASK.c.claimed_by_id, deputy.c.starts_at <= now, deputy.c.ends_at > now)
        .where(or_(other.c.role != Role.CONFIDENTIAL_READER, deputy.c.confirmed_at.is_not(None)))
        .correlate(TASK, other)
    )
    held = or_(other.c.account_id == TASK.c.claimed_by_id, other.c.account_id.in_(principals))
    return exists().where(held, _is_one_of(other, WATCHERS), other.c.role != row.c.role, *_is_held(other, today)).correlate(TASK, row)


def _is_one_of(row: FromClause, roles: Collection[Role]) -> ColumnElement[bool]:
    """As literals: a list of values would be written into the statement anew each time it is sent."""
    return row.c.role.in_([literal(str(role)) for role in sorted(roles)])


def _is_held(row: FromClause, today: Any) -> tuple[ColumnElement[bool], ...]:
    return row.c.valid_from <= today, or_(row.c.valid_to.is_(None), row.c.valid_to > today)


def _opens(row: FromClause, today: Any) -> tuple[ColumnElement[bool], ...]:
    """Whether a membership is held today and opens the step's desk: its own, and for an operations lead the operators'."""
    centre = literal("@c") + cast(func.coalesce(row.c.centre_id, 0), String)
    place = when((_is_one_of(row, AGENCY_ROLES), literal("@a") + cast(row.c.agency_id, String)), else_=centre)
    desk = TASK.c.desk
    return (
        *_is_held(row, today),
        or_(
            desk == row.c.role + place,
            and_(row.c.role == Role.OPS_LEAD, desk == literal(str(Role.OPERATOR)) + place),
            and_(_is_one_of(row, OPERATIONS), desk == literal(UNCONFIRMED) + place),
        ),
    )
