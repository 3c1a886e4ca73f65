"""Changing which agencies work on a case under way: adding or removing one, changing the lead, or closing without an answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from casework.answers.acts import settle_work
from casework.assignments.asking import (
    add_assignment,
    due_with_several,
    is_short,
    move_day,
    plan_day,
    refuse_wrong_agencies,
    start_work,
    taking_part,
)
from casework.cases import answered_this_round, give_up_lead, refuse_unless_open
from casework.clocks.acts import ClockKind, end_all_clocks, end_clock
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Agency, Assignment, Case
from casework.outbox import tell_desk, tell_followers, tell_reporters
from casework.permissions import Action, Actor, Role, require
from casework.sentences import of_agency
from casework.states import AT_AGENCIES, AssignmentEnd, AssignmentState, CaseState
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb

LONGEST_REASON = 2_000


class ReassignmentRefused(CaseworkError):
    """The agencies of the case cannot be changed like this; the text says why."""


def one_more_can_be_asked(at: Situation) -> bool:
    """While agencies work or have answered. Where one asked now would get less than a working day, only the operations lead may."""
    case = at.case
    if not at.is_under_way or case.state not in AT_AGENCIES | {CaseState.TO_PUBLISH}:
        return False
    return at.by.holds([Role.OPS_LEAD], centre_id=case.centre_id) or not is_short(case, due_with_several(case), at.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyInput(Input):
    agency: Agency
    instructions: str = ""
    confirms_short: bool = False
    until: date | None = None


@Verb(
    "add_agency", Action.ADD_AGENCY, kinds=DECISION, moves_limit=True,
    staff=of_agency("Giao thêm {agency}", "Asked {agency} as well", is_main=True),
    public=of_agency("Trung tâm giao thêm cho {agency}", "The centre asked {agency} as well"),
    is_act=True, may_need=("agency_added",), offered=one_more_can_be_asked,
)  # fmt: skip
def add_agency(case: Case, given: AgencyInput, *, by: Actor, now: datetime) -> None:
    """Ask one more agency to cooperate. The case may be with agencies, or wait for publication, which then waits again.

    A normal case gets the limit of several agencies, counted from the original start and never earlier. Where less than one
    working day would be left, the operations lead `confirms_short`, or moves the case's last day in time to `until`.
    Records `add_agency`. Raises CaseNotOpen, ReassignmentRefused, DistributionRefused, ShortTime. Source: rules.md, section 4.
    """
    require(by, Action.ADD_AGENCY, case)
    _refuse_elsewhere(case, AT_AGENCIES | {CaseState.TO_PUBLISH})
    refuse_wrong_agencies(case, [given.agency], now)
    plan = plan_day(case, by=by, now=now, several=bool(taking_part(case)), confirms_short=given.confirms_short, until=given.until)
    given_time = {"until": given.until.isoformat()} if given.until is not None else {}
    before = limits_of(case)
    move_day(case, plan, now=now)
    record(case, "add_agency", by=by, at=now, agency=given.agency.key, **given_time, **limits_moved(before, case))
    _ask(case, given.agency, slot="cooperating", instructions=given.instructions, by=by, now=now)


def can_be_removed(at: Situation) -> Iterator[Assignment]:
    """Agencies at work; the leading one stays as long as others take part."""
    for row in at.case.open_assignments if at.is_under_way else ():
        if not (row.is_lead and len(taking_part(at.case)) > 1):
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAgencyInput(Input):
    reason: str


@Verb(
    "remove_agency", Action.REMOVE_AGENCY, kinds=DECISION,
    staff=of_agency("Rút {agency} khỏi hồ sơ", "Took {agency} off the case", is_main=True),
    is_act=True, needs=("assignment_ended",), offered_on=can_be_removed,
)  # fmt: skip
def remove_agency(assignment: Assignment, given: RemoveAgencyInput, *, by: Actor, now: datetime) -> None:
    """Take an agency off the case: it loses sight of it at once and keeps its own texts. `reason` is for the agency.

    The lead goes last, or once another agency has been named lead. Records `remove_agency` without the reason.
    Raises CaseNotOpen, ReassignmentRefused. Source: rules.md, sections 2 and 5.
    """
    case = assignment.case
    require(by, Action.REMOVE_AGENCY, case)
    _refuse_elsewhere(case, AT_AGENCIES)
    _refuse_ended(assignment)
    reason = _fit(given.reason, "Vui lòng nêu lý do để đơn vị biết.", "Please give the reason, for the agency to know.")
    if assignment.is_lead and any(row is not assignment for row in taking_part(case)):
        raise ReassignmentRefused(
            "Đơn vị này đang chủ trì. Xin chọn đơn vị chủ trì khác trước.", "This agency leads. Name another lead first, please."
        )
    record(case, "remove_agency", by=by, at=now, agency=assignment.agency.key)
    _end(assignment, AssignmentEnd.REMOVED, reason, now)
    tell_desk(Role.OFFICER, "agency_removed", case=case, at=now, agency_id=assignment.agency_id)


def another_can_lead(at: Situation) -> bool:
    """While agencies are at work."""
    return at.is_under_way and at.case.state in AT_AGENCIES


@Verb(
    "change_lead", Action.CHANGE_LEAD, kinds=DECISION, moves_limit=True,
    staff=of_agency("Chuyển chủ trì sang {agency}", "Made {agency} the lead", key="lead", is_main=True),
    public=of_agency("Trung tâm giao {agency} chủ trì", "The centre let {agency} lead", key="lead"),
    is_act=True, offered=another_can_lead,
)  # fmt: skip
def change_lead(case: Case, given: AgencyInput, *, by: Actor, now: datetime) -> None:
    """Let another agency lead: one already on the case, or a new one, asked for the purpose. The former lead cooperates; the limits of
    both stay.

    For a new agency everything said at add_agency holds. Records `change_lead`. Raises CaseNotOpen, ReassignmentRefused,
    DistributionRefused, ShortTime.
    """
    require(by, Action.CHANGE_LEAD, case)
    _refuse_elsewhere(case, AT_AGENCIES)
    rows = taking_part(case)
    own, former = next((row for row in rows if row.agency_id == given.agency.id), None), [row for row in rows if row.is_lead]
    if own is not None and own.is_lead:
        raise ReassignmentRefused(f"{given.agency.name_vi} đang chủ trì hồ sơ này.", f"{given.agency.name_en} leads this case already.")
    plan = None
    if own is None:
        refuse_wrong_agencies(case, [given.agency], now)
        plan = plan_day(case, by=by, now=now, several=bool(rows), confirms_short=given.confirms_short, until=given.until)
    given_time = {"until": given.until.isoformat()} if given.until is not None else {}
    before, former_keys = limits_of(case), [row.agency.key for row in former]
    if plan is not None:
        move_day(case, plan, now=now)
    record(case, "change_lead", by=by, at=now, lead=given.agency.key, former=former_keys, **given_time, **limits_moved(before, case))
    for row in former:
        row.slot = "cooperating"
    case.lead_agency_id = given.agency.id
    if own is not None:
        own.slot = "lead"
    if plan is not None:
        _ask(case, given.agency, slot="lead", instructions=given.instructions, by=by, now=now)
    for row in [*former, *([own] if own else [])]:
        tell_desk(Role.OFFICER, "lead_changed", case=case, at=now, agency_id=row.agency_id, lead=given.agency.key)
    tell_reporters(case, "report_distributed", at=now, lead=given.agency.key)
    tell_followers(case, "followed_distributed", at=now, lead=given.agency.key)


def need_not_be_waited_for(at: Situation) -> Iterable[Assignment]:
    """Agencies at work, once another one has answered."""
    return at.case.open_assignments if at.is_under_way and answered_this_round(at.case) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWithoutAnswerInput(Input):
    reason: str


@Verb(
    "close_without_answer", Action.CLOSE, kinds=DECISION,
    staff=of_agency("Đi tiếp khi {agency} chưa trả lời", "Went on without an answer of {agency}", is_main=True),
    public=of_agency("{agency} chưa có trả lời, Trung tâm đi tiếp", "{agency} has no answer; the centre goes on"),
    is_act=True, needs=("assignment_ended",), offered_on=need_not_be_waited_for,
)  # fmt: skip
def close_without_answer(assignment: Assignment, given: CloseWithoutAnswerInput, *, by: Actor, now: datetime) -> None:
    """Go on without the answer of an agency when another one has answered. `reason` is published with the answers there are.

    Records `close_without_answer`; the row says that the answer is missing. Raises CaseNotOpen, and ReassignmentRefused without a reason
    or before any other agency has answered in this round. Source: rules.md, section 5.
    """
    case = assignment.case
    require(by, Action.CLOSE, case)
    _refuse_elsewhere(case, AT_AGENCIES)
    _refuse_ended(assignment)
    reason = _fit(given.reason, "Vui lòng nêu lý do; lý do được công khai.", "Please give the reason; it will be public.")
    if all(row.is_open for row in taking_part(case)):
        raise ReassignmentRefused(
            "Chưa có đơn vị nào trả lời nên chưa kết thúc phần việc này được.", "No agency has answered yet, so none can be left out."
        )
    record(case, "close_without_answer", by=by, at=now, agency=assignment.agency.key)
    _end(assignment, AssignmentEnd.MISSING, reason, now)
    tell_desk(Role.OFFICER, "closed_without_answer", case=case, at=now, agency_id=assignment.agency_id)


def _ask(case: Case, agency: Agency, *, slot: str, instructions: str, by: Actor, now: datetime) -> None:
    assignment = add_assignment(case, agency, slot=slot, instructions=instructions, by=by, now=now)
    db.session.flush()
    end_clock(case, ClockKind.PUBLICATION, at=now)
    start_work(assignment, now=now)
    settle_work(case, at=now)


def _end(assignment: Assignment, end: AssignmentEnd, words: str, now: datetime) -> None:
    case = assignment.case
    assignment.state, assignment.ended_at, assignment.extension_asked = AssignmentState.REMOVED, now, False
    assignment.end_reason, assignment.end_words = end, words
    end_all_clocks(case, at=now, assignment=assignment)
    give_up_lead(assignment)
    settle_work(case, at=now)


def _refuse_elsewhere(case: Case, states: frozenset[CaseState]) -> None:
    refuse_unless_open(case)
    if case.state not in states:
        raise ReassignmentRefused("Hồ sơ không ở chỗ đơn vị xử lý.", "The case is not with agencies.")


def _refuse_ended(assignment: Assignment) -> None:
    if not assignment.is_open:
        raise ReassignmentRefused("Đơn vị này không còn xử lý hồ sơ.", "This agency is no longer at work on the case.")


def _fit(reason: str, vi: str, en: str) -> str:
    reason = normal(reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise ReassignmentRefused(f"{vi} Tối đa {LONGEST_REASON} ký tự.", f"{en} At most {LONGEST_REASON} characters.", about="reason")
    return reason
