"""Asking agencies: one leads, any number cooperate; and deciding when one of them hands the matter back."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.cases import settle_state
from casework.clocks import (
    ClockKind,
    end_all_clocks,
    end_clock,
    move_due,
    pauses_of,
    rule_for,
    running_clock,
    start_assignment_clock,
    start_clock,
)
from casework.db import db
from casework.due_changes import recomputed_never_earlier
from casework.errors import CaseworkError
from casework.events import record
from casework.folding import normal
from casework.models import Agency, Assignment, Case, HandBack
from casework.outbox import tell_desk, tell_reporters
from casework.permissions import LOCAL_ZONE, Action, Actor, Role, require
from casework.states import AssignmentState
from casework.working_time import TimeLimit, Unit

MOST_HAND_BACKS = 2
"""Per case and slot; the third is refused (rules.md, section 5)."""


class DistributionRefused(CaseworkError):
    """The case cannot be given to these agencies; the text says why."""


class HandBackRefused(CaseworkError):
    """The agency cannot hand the case back; the text says why."""


def distribute(
    case: Case,
    *,
    by: Actor,
    now: datetime,
    lead: Agency,
    cooperating: list[Agency],
    instructions: Mapping[int, str] | None = None,
) -> dict[str, object]:
    """Ask one agency to lead and any number to cooperate.

    `instructions` are per agency row. Starts the clocks of acceptance and of the assignment for each. Several agencies get the
    longest normal limit, counted from the original start and never earlier. Records `distribute`.
    Raises DistributionRefused when an agency appears twice, is of another centre or no longer exists, or still has the case.
    Source: rules.md, sections 4 and 5.
    """
    require(by, Action.DISTRIBUTE, case)
    _refuse_wrong_agencies(case, [lead, *cooperating], now)
    if cooperating and not case.is_urgent:
        _allow_for_several(case, now)
    case.lead_agency_id = lead.id
    given = []
    for agency, slot in [(lead, "lead"), *((agency, "cooperating") for agency in cooperating)]:
        words = normal((instructions or {}).get(agency.id, ""))
        assignment = Assignment(
            case=case, agency=agency, slot=slot, state=AssignmentState.ASKED, round=case.reopened, instructions=words or None,
            distributed_at=now, distributed_by_id=by.account_id,
        )  # fmt: skip
        db.session.add(assignment)
        given.append(assignment)
    settle_state(case)
    db.session.flush()
    for assignment in given:
        start_assignment_clock(assignment, at=now)
        start_clock(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
        tell_desk(Role.OFFICER, "assignment_given", case=case, at=now, agency_id=assignment.agency_id, urgent=case.is_urgent)
    record(case, "distribute", by=by, at=now, lead=lead.key, cooperating=[agency.key for agency in cooperating])
    tell_reporters(case, "report_distributed", at=now, lead=lead.key)
    return {"agencies": len(given)}


def accept_assignment(assignment: Assignment, *, by: Actor, now: datetime) -> dict[str, object]:
    """Take the work on for the agency. Records `accept_assignment`; ends the clock of accepting."""
    require(by, Action.ACCEPT_ASSIGNMENT, assignment.case, agency_id=assignment.agency_id)
    assignment.state, assignment.accepted_at, assignment.accepted_by_id = AssignmentState.HANDLING, now, by.account_id
    record(assignment.case, "accept_assignment", by=by, at=now, agency=assignment.agency.key)
    end_clock(assignment.case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    settle_state(assignment.case)
    return {"outcome": "accept"}


def hand_back(assignment: Assignment, *, by: Actor, now: datetime, reason: str, suggested: Agency | None = None) -> dict[str, object]:
    """Say that the matter is not this agency's, with the reason; the centre decides, no clock restarts.

    Raises HandBackRefused without a reason, or when the slot was handed back MOST_HAND_BACKS times already.
    """
    case = assignment.case
    require(by, Action.HAND_BACK, case, agency_id=assignment.agency_id)
    reason = normal(reason)
    if not reason:
        raise HandBackRefused("Vui lòng nêu lý do chuyển trả và đề xuất đơn vị phù hợp.", "Please give the reason and suggest an agency.")
    if _times_handed_back(case, assignment.slot) >= MOST_HAND_BACKS:
        raise HandBackRefused(
            "Hồ sơ đã được chuyển trả 2 lần, không thể chuyển trả nữa. Vui lòng liên hệ Trung tâm điều hành.",
            "This case was handed back twice and cannot be handed back again. Please call the centre.",
        )
    db.session.add(
        HandBack(
            assignment_id=assignment.id,
            reason=reason,
            suggested_agency_id=suggested.id if suggested else None,
            handed_back_by_id=by.account_id,
            handed_back_at=now,
        )
    )
    assignment.state = AssignmentState.HANDED_BACK
    record(case, "hand_back", by=by, at=now, agency=assignment.agency.key, suggested=suggested.key if suggested else None)
    end_clock(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    tell_desk(Role.OPERATOR, "assignment_handed_back", case=case, at=now, agency=assignment.agency.key)
    settle_state(case)
    return {"outcome": "hand_back"}


def decide_hand_back(assignment: Assignment, *, by: Actor, now: datetime, upheld: bool, words: str) -> dict[str, object]:
    """Release the agency, or keep it with a word why. Records `decide_hand_back`. Raises HandBackRefused without words when it stays."""
    case = assignment.case
    require(by, Action.DECIDE_HAND_BACK, case)
    words = normal(words)
    if not upheld and not words:
        raise HandBackRefused("Vui lòng nêu lý do giữ nguyên đơn vị.", "Please say why the agency stays.")
    asked = last_hand_back(assignment)
    if asked is None:
        raise HandBackRefused("Không có yêu cầu chuyển trả.", "Nothing was handed back.")
    asked.upheld, asked.decided_by_id, asked.decided_at, asked.decision_words = upheld, by.account_id, now, words or None
    if upheld:
        assignment.state, assignment.ended_at, assignment.end_reason = AssignmentState.RELEASED, now, "handed_back"
        end_all_clocks(case, at=now, assignment=assignment)
    else:
        assignment.state = AssignmentState.ASKED
        start_clock(case, ClockKind.ASSIGNMENT_ACCEPTED, at=now, assignment=assignment)
    record(case, "decide_hand_back", by=by, at=now, agency=assignment.agency.key, upheld=upheld)
    tell_desk(Role.OFFICER, "hand_back_decided", case=case, at=now, agency_id=assignment.agency_id, upheld=upheld)
    settle_state(case)
    return {"outcome": "release" if upheld else "keep"}


def last_hand_back(assignment: Assignment) -> HandBack | None:
    """The newest request of the agency to be released."""
    return db.session.scalars(select(HandBack).where(HandBack.assignment_id == assignment.id).order_by(HandBack.id.desc())).first()


def _refuse_wrong_agencies(case: Case, agencies: list[Agency], now: datetime) -> None:
    today = now.astimezone(LOCAL_ZONE).date()
    if len({agency.id for agency in agencies}) < len(agencies):
        raise DistributionRefused("Một đơn vị được chọn hai lần.", "An agency was chosen twice.")
    for agency in agencies:
        if agency.centre_id != case.centre_id or not agency.holds_on(today):
            raise DistributionRefused(
                f"{agency.name_vi} không thuộc trung tâm này hoặc đã ngừng hoạt động.",
                f"{agency.name_en} is not of this centre or no longer exists.",
            )
        if any(assignment.agency_id == agency.id for assignment in case.open_assignments):
            raise DistributionRefused(f"{agency.name_vi} đang xử lý hồ sơ này.", f"{agency.name_en} is working on this case already.")


def _allow_for_several(case: Case, now: datetime) -> None:
    clock = running_clock(case, ClockKind.CASE)
    if clock is None:
        return
    rule = rule_for(
        ClockKind.CASE,
        centre_id=case.centre_id,
        on=clock.started_at.astimezone(LOCAL_ZONE).date(),
        urgency=case.urgency,
        complexity="complex",
    )
    limit = TimeLimit(rule.amount, Unit(rule.unit))
    due = recomputed_never_earlier(clock.due_at, clock.started_at, limit, calendar_of(case.centre_id), pauses_of(clock))
    if due is not None and due != clock.due_at:
        # nobody has been promised the shorter day's end by an agency yet, so the first promise is judged by the day told now
        clock.rule_id, clock.amount, clock.unit, clock.first_due_at = rule.id, rule.amount, rule.unit, due
        move_due(clock, due, case=case)
        tell_reporters(case, "due_moved", at=now, due_at=due.isoformat(), reason="several_agencies")


def _times_handed_back(case: Case, slot: str) -> int:
    query = select(HandBack.id).join(Assignment, HandBack.assignment_id == Assignment.id)
    return len(db.session.scalars(query.where(Assignment.case_id == case.id, Assignment.slot == slot)).all())
