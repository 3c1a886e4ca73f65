"""Morning letters not sent yet: a moved case is moved to the letters of its new desks.

A letter of a former desk keeps its codes, unread, so that an undo finds them. Letters are not in the journal, because reminders of other
cases are added to them.
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
from casework.reorganising.cases import CaseTarget, new_desk


def ways_of_letters(case: Case, target: CaseTarget, blueprint: Blueprint) -> dict[str, str]:
    """From each inbox that may have been reminded of a case to its successor, where they differ. To be called before it moves."""
    agencies = {row.agency_id for row in case.assignments} | {case.lead_agency_id} - {None}
    desks = {desk_name(role, agency_id=id_) for id_ in agencies for role in AGENCY_ROLES}
    desks |= {desk_name(role, centre_id=case.centre_id) for role in Role if role not in AGENCY_ROLES}
    desks |= {row.approval_desk for row in case.assignments if row.approval_desk is not None}
    ways = {desk: new_desk(desk, case, target, blueprint) for desk in desks}
    return {desk: behind for desk, behind in ways.items() if behind != desk}


def add_to_letters_behind(case: Case, ways: Mapping[str, str], *, now: datetime) -> None:
    """Add a case to the letters of the succeeding inboxes, for this morning and those to come."""
    going = {(ways[letter.recipient[5:]], letter.due_at) for letter in _letters_with(case, ways, now)}
    for desk, due in sorted(going):
        add_to_letter(desk, case, at=now, due=due)


def take_out_of_letters(case: Case, desks: Iterable[str], *, now: datetime) -> None:
    """Remove a case from the letters of inboxes it has left again."""
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
