"""Distributing a case: one agency leads, any number cooperate; and deciding when one of them hands it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from casework.answers.acts import settle_work
from casework.assignments import sentences
from casework.assignments.asking import add_assignment, earlier_due, move_day, plan_day, refuse_wrong_agencies, start_work
from casework.cases import give_up_lead, settle_state
from casework.clocks.acts import ClockKind, end_all_clocks, end_clock, start_clock
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Agency, Assignment, Case, HandBack
from casework.outbox import tell_desk, tell_followers, tell_reporters
from casework.permissions import Action, Actor, Role, require
from casework.second_person import refuse_first_person
from casework.sentences import of_agency
from casework.states import AssignmentEnd, AssignmentState
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, NO_KIND, Input, Verb

MOST_HAND_BACKS = 2
"""Per case and slot; the third is refused (rules.md, section 5)."""


class HandBackRefused(CaseworkError):
    """The agency cannot hand the case back; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributeInput(Input):
    lead: Agency
    cooperating: list[Agency]
    instructions: Mapping[int, str] | None = None
    earlier: Mapping[int, date] | None = None
    confirms_short: bool = False
    until: date | None = None


@Verb(
    "distribute", Action.DISTRIBUTE, kinds=DECISION, moves_limit=True,
    staff=sentences.distributed, public=sentences.given_to_agencies,
)  # fmt: skip
def distribute(case: Case, given: DistributeInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Ask one agency to lead and any number to cooperate.

    `instructions` are per agency row; so is `earlier`, the last day in time of a cooperating agency that is to answer before the
    others. Starts the clocks of acceptance and of the assignment for each. Several agencies get the
    longest normal limit, counted from the original start and never earlier. Where less than one working day would be left, the
    operations lead `confirms_short`, or moves the case's last day in time to `until`. Records `distribute`.
    Raises DistributionRefused when an agency appears twice, is of another centre or no longer exists, or still has the case,
    and for a day that is not earlier; ShortTime without the operations lead's word. Source: rules.md, sections 4 and 5.
    """
    require(by, Action.DISTRIBUTE, case)
    refuse_wrong_agencies(case, [given.lead, *given.cooperating], now)
    plan = plan_day(case, by=by, now=now, several=bool(given.cooperating), confirms_short=given.confirms_short, until=given.until)
    days = {agency: given.earlier[agency.id] for agency in given.cooperating if given.earlier and agency.id in given.earlier}
    own_due = {agency.id: earlier_due(case, plan, day, now=now) for agency, day in days.items()}
    given_time: dict[str, object] = {"until": given.until.isoformat()} if given.until is not None else {}
    if days:
        given_time["earlier"] = {agency.key: day.isoformat() for agency, day in days.items()}
    before = limits_of(case)
    move_day(case, plan, now=now)
    asked_keys = {"lead": given.lead.key, "cooperating": [agency.key for agency in given.cooperating]}
    record(case, "distribute", by=by, at=now, **asked_keys, **given_time, **limits_moved(before, case))
    case.lead_agency_id = given.lead.id
    asked = [(given.lead, "lead"), *((agency, "cooperating") for agency in given.cooperating)]
    assignments = [
        add_assignment(case, agency, slot=slot, instructions=(given.instructions or {}).get(agency.id, ""), by=by, now=now)
        for agency, slot in asked
    ]
    settle_state(case)
    db.session.flush()
    for assignment in assignments:
        start_work(assignment, now=now, earlier=own_due.get(assignment.agency_id))
    tell_reporters(case, "report_distributed", at=now, lead=given.lead.key)
    tell_followers(case, "followed_distributed", at=now, lead=given.lead.key)
    return {"agencies": len(assignments)}


@Verb(
    "accept_assignment", Action.ACCEPT_ASSIGNMENT, kinds=NO_KIND,
    staff=of_agency("{agency} tiếp nhận xử lý", "{agency} took it on"),
    public=of_agency("{agency} tiếp nhận xử lý", "{agency} took it on"),
)  # fmt: skip
def accept_assignment(assignment: Assignment, *, by: Actor, now: datetime) -> dict[str, object]:
    """Accept the work for the agency. Records `accept_assignment`; ends the clock of accepting."""
    require(by, Action.ACCEPT_ASSIGNMENT, assignment.case, agency_id=assignment.agency_id)
    assignment.state, assignment.accepted_at, assignment.accepted_by_id = AssignmentState.HANDLING, now, by.account_id
    record(assignment.case, "accept_assignment", by=by, at=now, agency=assignment.agency.key)
    end_clock(assignment.case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    settle_state(assignment.case)
    return {"outcome": "accept"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBackInput(Input):
    reason: str
    suggested: Agency | None = None


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
            handed_back_by_id=by.account_id,
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
    return db.session.scalars(select(HandBack).where(HandBack.assignment_id == assignment.id).order_by(HandBack.id.desc())).first()


def _times_handed_back(case: Case, slot: str) -> int:
    query = select(HandBack.id).join(Assignment, HandBack.assignment_id == Assignment.id)
    return len(db.session.scalars(query.where(Assignment.case_id == case.id, Assignment.slot == slot)).all())
