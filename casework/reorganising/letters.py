"""The letters of the morning: what a case is in of those nobody has had yet is read where its work has gone.

A letter of a desk that is not there any more keeps its codes, unread, so that an undo finds them; it is no part of the journal, for
the reminders of other cases are added to the same letters.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Case, OutboxMessage
from casework.outbox import LETTER, add_to_letter
from casework.permissions import AGENCY_ROLES, Role, desk_name
from casework.reorganising.blueprint import Blueprint
from casework.reorganising.cases import Target, new_desk


def ways_of_letters(case: Case, target: Target, blueprint: Blueprint) -> dict[str, str]:
    """From each inbox that may have been reminded of a case to the one that follows, where that is another. Ask before it moves."""
    agencies = {row.agency_id for row in case.assignments} | {case.lead_agency_id} - {None}
    desks = {desk_name(role, agency_id=id_) for id_ in agencies for role in AGENCY_ROLES}
    desks |= {desk_name(role, centre_id=case.centre_id) for role in Role if role not in AGENCY_ROLES}
    desks |= {row.approval_desk for row in case.assignments if row.approval_desk is not None}
    ways = {desk: new_desk(desk, case, target, blueprint) for desk in desks}
    return {desk: behind for desk, behind in ways.items() if behind != desk}


def add_to_letters_behind(case: Case, ways: Mapping[str, str], *, now: datetime) -> None:
    """Put a case into the letters of the inboxes that follow, of the same mornings: this one's and those to come."""
    going = {(ways[letter.recipient[5:]], letter.due_at) for letter in _letters_with(case, ways, now)}
    for desk, due in sorted(going):
        add_to_letter(desk, case, at=now, due=due)


def take_out_of_letters(case: Case, desks: Iterable[str], *, now: datetime) -> None:
    """Take a case out of the letters of inboxes it has gone away from again."""
    ids = [letter.id for letter in _letters_with(case, desks, now)]
    locked = select(OutboxMessage).where(OutboxMessage.id.in_(ids)).order_by(OutboxMessage.recipient, OutboxMessage.id)
    for letter in db.session.scalars(locked.with_for_update().execution_options(populate_existing=True)).all() if ids else ():
        left = [code for code in letter.parameters.get("codes", ()) if code != case.code]
        letter.parameters = {**letter.parameters, "codes": left}
        letter.dropped_at = None if left else now


def _letters_with(case: Case, desks: Iterable[str], now: datetime) -> list[OutboxMessage]:
    today = now.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(OutboxMessage).where(OutboxMessage.recipient.in_([f"desk:{desk}" for desk in desks]), OutboxMessage.template == LETTER)
    query = query.where(OutboxMessage.due_at >= today, OutboxMessage.dropped_at.is_(None)).order_by(OutboxMessage.id)
    return [letter for letter in db.session.scalars(query) if case.code in letter.parameters.get("codes", ())]
