"""Distributing a case: one agency leads, any number cooperate, and each accepts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from casework.assignments import sentences
from casework.assignments.asking import add_assignment, earlier_due, move_day, plan_day, refuse_wrong_agencies, start_work
from casework.cases import settle_state
from casework.clocks.acts import ClockKind, end_clock
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.db import db
from casework.events import record
from casework.models import Agency, Assignment, Case
from casework.outbox import tell_followers, tell_reporters
from casework.permissions import Action, Actor, require
from casework.sentences import of_agency
from casework.states import AssignmentState
from casework.verbs import DECISION, NO_KIND, Input, Verb


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
    assignment.state, assignment.accepted_at, assignment.accepted_by_id = AssignmentState.HANDLING, now, by.signs_as
    record(assignment.case, "accept_assignment", by=by, at=now, agency=assignment.agency.key)
    end_clock(assignment.case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    settle_state(assignment.case)
    return {"outcome": "accept"}
