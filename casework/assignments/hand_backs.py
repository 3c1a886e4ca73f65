"""Handing a case back: an agency asks to be released, the centre decides (rules.md, section 5: the third for a slot is refused)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from casework.answers.acts import settle_work
from casework.assignments import sentences
from casework.cases import give_up_lead, settle_state
from casework.clocks.acts import ClockKind, end_all_clocks, end_clock, start_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Account, Agency, Assignment, Case, HandBack
from casework.outbox import tell_desk
from casework.permissions import Action, Actor, Role, require
from casework.reading.lacking import Part, is_lacked
from casework.reading.rule_rows import AgencyRow
from casework.second_person import refuse_first_person
from casework.states import AssignmentEnd, AssignmentState
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, Input, Verb

MOST_HAND_BACKS = 2
"""Per case and slot; the third is refused (rules.md, section 5)."""


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
    if all(is_lacked(Part.HAND_BACKS, assignment.id) for assignment in case.assignments):
        return []
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


class HandBackRefused(CaseworkError):
    """The agency cannot hand the case back; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBackInput(Input):
    reason: str
    suggested: Agency | AgencyRow | None = None


@Verb("hand_back", Action.HAND_BACK, kinds=MESSAGE, staff=sentences.handed_back)
def hand_back(assignment: Assignment, given: HandBackInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Hand the case back as not this agency's, with a reason. The centre decides; no clock restarts.

    Raises HandBackRefused without a reason, or when the slot was handed back MOST_HAND_BACKS times already.
    """
    case = assignment.case
    require(by, Action.HAND_BACK, case, agency_id=assignment.agency_id)
    reason = normal(given.reason)
    if not reason:
        raise HandBackRefused(
            "Vui lòng nêu lý do chuyển trả và đề xuất đơn vị phù hợp.", "Please give the reason and suggest an agency.",
            about="reason",
        )
    if _times_handed_back(case, assignment.slot) >= MOST_HAND_BACKS:
        raise HandBackRefused(
            "Hồ sơ đã được chuyển trả 2 lần, không thể chuyển trả nữa. Vui lòng liên hệ Trung tâm điều hành.",
            "This case was handed back twice and cannot be handed back again. Please call the centre.",
        )
    db.session.add(
        HandBack(
            assignment_id=assignment.id,
            reason=reason,
            suggested_agency_id=given.suggested.id if given.suggested else None,
            handed_back_by_id=by.signs_as,
            handed_back_at=now,
        )
    )
    assignment.state = AssignmentState.HANDED_BACK
    record(case, "hand_back", by=by, at=now, agency=assignment.agency.key, suggested=given.suggested.key if given.suggested else None)
    end_clock(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    tell_desk(Role.OPERATOR, "assignment_handed_back", case=case, at=now, agency=assignment.agency.key)
    settle_state(case)
    return {"outcome": "hand_back"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideHandBackInput(Input):
    upheld: bool
    words: str


@Verb("decide_hand_back", Action.DECIDE_HAND_BACK, kinds=DECISION, staff=sentences.hand_back_decided)
def decide_hand_back(assignment: Assignment, given: DecideHandBackInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Release the agency, or keep it on the case and say why. Records `decide_hand_back`. Raises HandBackRefused without words when it
    stays."""
    case = assignment.case
    require(by, Action.DECIDE_HAND_BACK, case)
    words = normal(given.words)
    if not given.upheld and not words:
        raise HandBackRefused("Vui lòng nêu lý do giữ nguyên đơn vị.", "Please say why the agency stays.")
    asked = last_hand_back(assignment)
    if asked is None:
        raise HandBackRefused("Không có yêu cầu chuyển trả.", "Nothing was handed back.")
    refuse_first_person(Action.DECIDE_HAND_BACK, assignment, by=by, now=now)
    asked.upheld, asked.decided_by_id, asked.decided_at, asked.decision_words = given.upheld, by.account_id, now, words or None
    if given.upheld:
        assignment.state, assignment.ended_at, assignment.end_reason = AssignmentState.RELEASED, now, AssignmentEnd.HANDED_BACK
        assignment.extension_asked = False
        give_up_lead(assignment)
        end_all_clocks(case, at=now, assignment=assignment)
    else:
        assignment.state = AssignmentState.ASKED
        start_clock(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    record(case, "decide_hand_back", by=by, at=now, agency=assignment.agency.key, upheld=given.upheld)
    tell_desk(Role.OFFICER, "hand_back_decided", case=case, at=now, agency_id=assignment.agency_id, upheld=given.upheld)
    settle_work(case, at=now)
    return {"outcome": "release" if given.upheld else "keep"}


def last_hand_back(assignment: Assignment) -> HandBack | None:
    """The agency's newest request to be released."""
    if is_lacked(Part.HAND_BACKS, assignment.id):
        return None
    return db.session.scalars(select(HandBack).where(HandBack.assignment_id == assignment.id).order_by(HandBack.id.desc())).first()


def _times_handed_back(case: Case, slot: str) -> int:
    query = select(HandBack.id).join(Assignment, HandBack.assignment_id == Assignment.id)
    return len(db.session.scalars(query.where(Assignment.case_id == case.id, Assignment.slot == slot)).all())
