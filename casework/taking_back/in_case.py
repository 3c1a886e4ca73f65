"""What is held in a case, as its colleagues read it on the page of the case: who has done what, and until when it can be taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from casework.db import db
from casework.models import Account, Case, HeldAct
from casework.permissions import OPERATIONS, Actor, Role
from casework.reading.counting import Counted

MOST = 20
_OF_CASE = (
    select(HeldAct.id)
    .join(Case, Case.id == HeldAct.case_id)
    .where(Case.ref == bindparam("held_in"), HeldAct.returned_at.is_(None))
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class HeldInCase:
    """One act; nothing of what was filled in."""

    verb: str
    name: str
    due_at: datetime


def held_counted(ref: str) -> Counted:
    """How many acts are held in a case, to be counted with other numbers of its page."""
    return Counted(_OF_CASE, {"held_in": ref})


def held_seen(by: Actor, case: Case) -> list[HeldInCase]:
    """The acts held in a case that the person may know of, oldest first: the centre's are nothing to an agency, nor another agency's."""
    query = (
        select(HeldAct.verb, HeldAct.assignment_id, HeldAct.due_at, Account.full_name)
        .join(Account, Account.id == HeldAct.account_id)
        .where(HeldAct.case_id == case.id, HeldAct.returned_at.is_(None))
        .order_by(HeldAct.pressed_at, HeldAct.id)
        .limit(MOST)
    )
    sees_all = by.holds_for(OPERATIONS | {Role.COMMITTEE_LEADER}, case)
    own = {row.id for row in case.assignments if by.works_for(row, case)}
    return [
        HeldInCase(row.verb, row.full_name or "", row.due_at)
        for row in db.session.execute(query) if sees_all or row.assignment_id in own
    ]  # fmt: skip
