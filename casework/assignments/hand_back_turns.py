"""The requests of a case's agencies to be released (rules.md, section 5: the third for a slot is refused)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from casework.assignments.distribution import MOST_HAND_BACKS
from casework.db import db
from casework.models import Account, Assignment, Case, HandBack


@dataclass(frozen=True, slots=True)
class HandBackTurn:
    """One request to be released: `number` counts within the slot, lead or cooperating; who asked and who decided, by name."""

    hand_back: HandBack
    assignment: Assignment
    number: int
    asked_by: str
    decided_by: str | None


def hand_back_turns(case: Case) -> list[HandBackTurn]:
    """Return all requests of a case, oldest first, in one query. For the centre; agencies read only their own."""
    asker, decider = aliased(Account), aliased(Account)
    query = (
        select(HandBack, asker.full_name, decider.full_name)
        .join(Assignment, HandBack.assignment_id == Assignment.id)
        .join(asker, asker.id == HandBack.handed_back_by_id)
        .outerjoin(decider, decider.id == HandBack.decided_by_id)
        .where(Assignment.case_id == case.id)
        .options(joinedload(HandBack.suggested_agency))
        .order_by(HandBack.id)
    )
    rows = {assignment.id: assignment for assignment in case.assignments}
    counted: dict[str, int] = {}
    found = []
    for hand_back, asked_by, decided_by in db.session.execute(query):
        assignment = rows[hand_back.assignment_id]
        number = counted[assignment.slot] = counted.get(assignment.slot, 0) + 1
        found.append(HandBackTurn(hand_back, assignment, number, asked_by or "", decided_by))
    return found


def turns_left(turns: Iterable[HandBackTurn], slot: str) -> int:
    """How many more times the slot can be handed back."""
    return max(0, MOST_HAND_BACKS - sum(turn.assignment.slot == slot for turn in turns))
