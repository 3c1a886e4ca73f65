"""The second part: each case that is not over moves to the successors, in a unit of work of its own. None of its limits moves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import selectinload

from casework.cases import settle_state
from casework.clocks.acts import end_all_clocks, ladder_for, running_clocks, schedule_reminder
from casework.clocks.reminder_ladder import Rung
from casework.contacts.confirming import UNCONFIRMED
from casework.db import db
from casework.events import record
from casework.models import (
    Agency,
    Area,
    Assignment,
    Case,
    CaseReport,
    Centre,
    Clock,
    Field,
    OutboxMessage,
    Reminder,
    ReminderRule,
    Reorganisation,
)
from casework.outbox import tell_desk, tell_followers, tell_reporters
from casework.permissions import AGENCY_ROLES, Action, Actor, Role, desk_name
from casework.reorganising import sentences
from casework.reorganising.blueprint import Blueprint, BodyKind, Whereabouts
from casework.reorganising.rules import copied_rules
from casework.states import AT_AGENCIES, OPEN_STATES, AssignmentEnd, AssignmentState, CaseState
from casework.verbs import DECISION, Verb

VERB = "reorganise"

RESTING = frozenset({CaseState.REFUSED, CaseState.MERGED})
"""States of a case that may still continue, after an objection or a split."""
GOING_STATES = OPEN_STATES | RESTING
"""Cases that move to new areas and agencies."""
STAYING_STATES = frozenset({CaseState.RATING, CaseState.ANSWERED, CaseState.REVIEW, CaseState.QUARANTINED})
"""Answered or quarantined cases, which keep their place and agencies and move only with their centre."""

FURTHEST = (
    AssignmentState.SUBMITTED, AssignmentState.REDO, AssignmentState.HANDLING, AssignmentState.ASKED, AssignmentState.HANDED_BACK,
)  # fmt: skip
"""Which of several agencies that become one continues: the lead, or else the furthest advanced."""


@dataclass(frozen=True)
class CaseTarget:
    """The target of one case: its area and centre, and the agencies of its open assignments by id."""

    area_id: int | None
    centre_id: int
    agencies: dict[int, int]
    ending: dict[int, int] = field(default_factory=dict)
    """Assignments that end because another one of the case moves to the same agency, with that one's id."""


def concerned(blueprint: Blueprint) -> ColumnElement[bool]:
    areas, agencies, centres = (blueprint.ended(kind) for kind in (BodyKind.AREA, BodyKind.AGENCY, BodyKind.CENTRE))
    at_agency = select(Assignment.case_id).where(Assignment.agency_id.in_(agencies), Assignment.ended_at.is_(None))
    of_place = or_(Case.area_id.in_(areas), Case.id.in_(at_agency), Case.lead_agency_id.in_(agencies), Case.centre_id.in_(centres))
    return or_(
        Case.state.in_(GOING_STATES) & of_place,
        Case.state.in_(STAYING_STATES) & Case.centre_id.in_(centres),
    )


def spot_of(case: Case) -> Whereabouts:
    return Whereabouts(case.area_id, case.village, case.latitude, case.longitude)


def target_of(case: Case, blueprint: Blueprint, also: Collection[int] = ()) -> CaseTarget | None:
    """The target of a case; None where nothing changes.

    A case merged into another moves to the centre of that one. `also` are ended assignments whose process still waits at the agency, in
    drawn steps after an answer.
    """
    spot = spot_of(case)
    followed = case.merged_into if case.state == CaseState.MERGED and case.merged_into is not None else case
    centre_id = blueprint.centre_for(followed.centre_id, spot_of(followed)) or case.centre_id
    if case.state not in GOING_STATES:
        return CaseTarget(case.area_id, centre_id, {}) if centre_id != case.centre_id else None
    area_id = blueprint.area_for(spot)
    area_id = area_id if area_id is not None else case.area_id
    working = [row for row in case.assignments if row.is_open or row.id in also]
    agencies = {row.id: blueprint.agency_for(row.agency_id, spot, centre_id) or row.agency_id for row in working}
    ending = _ending(case.open_assignments, agencies)
    own = {row.id: row.agency_id for row in working}
    lead = (blueprint.agency_for(case.lead_agency_id, spot, centre_id) or case.lead_agency_id) if case.lead_agency_id else None
    if (area_id, centre_id, agencies, lead) == (case.area_id, case.centre_id, own, case.lead_agency_id):
        return None
    return CaseTarget(area_id, centre_id, agencies, ending)


def _ending(rows: Sequence[Assignment], agencies: dict[int, int]) -> dict[int, int]:
    kept: dict[int, Assignment] = {}
    for row in sorted(rows, key=lambda each: (not each.is_lead, FURTHEST.index(AssignmentState(each.state)), each.id)):
        kept.setdefault(agencies[row.id], row)
    stay = {row.id for row in kept.values()}
    return {row.id: kept[agencies[row.id]].id for row in rows if row.id not in stay}


def new_desk(desk: str, case: Case, target: CaseTarget, blueprint: Blueprint) -> str:
    """The successor of an inbox for a case: `operator@c1` of its new centre, `agency_leader@a7` of the agency's successor."""
    role, _, place = desk.partition("@")
    if role not in {*Role, UNCONFIRMED}:
        return desk
    if role in AGENCY_ROLES:
        return desk_name(role, agency_id=blueprint.agency_for(int(place[1:]), spot_of(case), target.centre_id) or int(place[1:]))
    return f"{role}@c{target.centre_id}" if int(place[1:]) == case.centre_id else desk


@Verb(VERB, Action.REORGANISE, kinds=DECISION, staff=sentences.reorganised, public=sentences.goes_on_elsewhere)
def move_case(
    case: Case, target: CaseTarget, blueprint: Blueprint, plan: Reorganisation, *, by: Actor, now: datetime, released: int
) -> None:
    """Move a locked case to its target: every row that says whose it is, and its unread messages. Due instants, pauses and reminders stay
    as they are.

    Records `reorganise` with the names of before and after, and tells the reporters, and the followers of a public case, once. `released`
    is how many steps went from the person who held them back to their group.
    """
    record(case, VERB, by=by, at=now, plan=plan.ref, **_names(case, target, released))
    desks = _desks_of_messages(case, target, blueprint)
    _end_doubled(case, target, now)
    spot, former_centre = spot_of(case), case.centre_id
    for row in (each for each in case.assignments if each.id in target.agencies and each.id not in target.ending):
        if row.approval_desk is not None:
            row.approval_desk = new_desk(row.approval_desk, case, target, blueprint)
        row.agency_id = target.agencies[row.id]
    if case.state in GOING_STATES and case.lead_agency_id is not None:
        case.lead_agency_id = blueprint.agency_for(case.lead_agency_id, spot, target.centre_id) or case.lead_agency_id
    case.area_id = target.area_id
    if target.centre_id != former_centre:
        _to_centre(case, former_centre, target.centre_id)
    for message, recipient in desks:
        message.recipient = recipient
    db.session.flush()
    db.session.expire(case, ["area", "centre", "field", "lead_agency"])
    for row in case.assignments:
        db.session.expire(row, ["agency"])
    if case.state in OPEN_STATES:
        handler = case.lead_agency.name if case.lead_agency is not None else case.centre.name
        tell_reporters(case, "case_reorganised", at=now, handler=[handler.vi, handler.en])
        tell_followers(case, "followed_reorganised", at=now, handler=[handler.vi, handler.en])


def _end_doubled(case: Case, target: CaseTarget, now: datetime) -> None:
    """Where two agencies become one, one continues; the work of the other ends, its texts stay."""
    if not target.ending:
        return
    for row in case.open_assignments:
        if row.id in target.ending:
            row.state, row.ended_at, row.end_reason = AssignmentState.REMOVED, now, AssignmentEnd.REORGANISED
            row.end_words, row.extension_asked = "Đơn vị được sắp xếp vào đơn vị đang xử lý hồ sơ này.", False
            end_all_clocks(case, at=now, assignment=row)
            tell_desk(
                Role.OFFICER, "work_ended", case=case, at=now, agency_id=target.agencies[row.id], end=AssignmentEnd.REORGANISED
            )  # fmt: skip
    db.session.flush()  # ended before another one takes its place: of an agency a case has one open
    state = CaseState(case.state)
    if state in AT_AGENCIES:
        settle_state(case)
    elif case.state_before is not None and CaseState(case.state_before) in AT_AGENCIES:
        # it is paused: the state it resumes in is settled, the present one is not
        settle_state(case)
        case.state_before, case.state = case.state, state


def _to_centre(case: Case, former_id: int, centre_id: int) -> None:
    """Update reports, field and climbed rungs of a case that moves to another centre; codes and receipts stay."""
    clocks = running_clocks(case)
    ladders = {clock.id: ladder_for(clock, case) for clock in clocks}
    case.centre_id = centre_id
    here = select(CaseReport).where(CaseReport.case_id == case.id, CaseReport.left_at.is_(None)).options(selectinload(CaseReport.report))
    for link in db.session.scalars(here):
        link.report.centre_id = centre_id
    if case.field is not None and case.field.centre_id == former_id:
        same = select(Field).where(
            Field.service_code == case.field.service_code, or_(Field.centre_id == centre_id, Field.centre_id.is_(None))
        )
        found = db.session.scalars(same.order_by(Field.centre_id.is_(None), Field.id.desc())).first()
        case.field_id = found.id if found is not None else case.field_id
    copies = copied_rules(ReminderRule, former_id, centre_id)
    reminded: dict[int, dict[int, Reminder]] = {clock.id: {} for clock in clocks}
    for row in db.session.scalars(select(Reminder).where(Reminder.clock_id.in_(reminded)).order_by(Reminder.id)).all():
        reminded[row.clock_id][row.rule_id] = row
    for clock in clocks:
        _climb_again(clock, case, ladders[clock.id], copies, reminded[clock.id])


def _climb_again(clock: Clock, case: Case, former: list[Rung], copies: Mapping[int, int], climbed: dict[int, Reminder]) -> None:
    """Do not repeat in the new centre's ladder the reminders given by the former centre's."""
    ladder = ladder_for(clock, case)
    same = {_step_of(rung): rung.id for rung in ladder}
    ways = dict(copies) | {rung.id: same[_step_of(rung)] for rung in former if _step_of(rung) in same and rung.id not in copies}
    for rule_id, row in list(climbed.items()):
        rung_id = ways.get(rule_id)
        if rung_id is not None and rung_id not in climbed:
            climbed[rung_id] = Reminder(clock_id=clock.id, rule_id=rung_id, reminded_at=row.reminded_at)
            db.session.add(climbed[rung_id])
    if {_step_of(rung) for rung in ladder} != {_step_of(rung) for rung in former}:
        schedule_reminder(clock, case, climbed=climbed)


def _step_of(rung: Rung) -> tuple[object, ...]:
    """When a rung is reached, and whom it reminds."""
    return rung.share, rung.after_amount, rung.after_unit, rung.role


def _desks_of_messages(case: Case, target: CaseTarget, blueprint: Blueprint) -> list[tuple[OutboxMessage, str]]:
    """Unread messages, with the inbox that gets them now."""
    query = select(OutboxMessage).where(OutboxMessage.case_id == case.id, OutboxMessage.recipient.startswith("desk:"))
    query = query.where(OutboxMessage.read_at.is_(None), OutboxMessage.dropped_at.is_(None)).order_by(OutboxMessage.id)
    pairs = ((row, f"desk:{new_desk(row.recipient[5:], case, target, blueprint)}") for row in db.session.scalars(query))
    return [(row, recipient) for row, recipient in pairs if recipient != row.recipient]


def _names(case: Case, target: CaseTarget, released: int) -> dict[str, Any]:
    """The names before and after for the event, as on the day, and as `work` which assignment went from which agency to which, by ref: to
    none where its work ended. No personal data."""
    told: dict[str, Any] = {}
    if target.area_id != case.area_id:
        told["area"] = [_name(Area, case.area_id), _name(Area, target.area_id)]
    if target.centre_id != case.centre_id:
        told["centre"] = [_name(Centre, case.centre_id), _name(Centre, target.centre_id)]
    moved = [row for row in case.assignments if row.agency_id != target.agencies.get(row.id, row.agency_id)]
    if moved:
        told["moved"] = [[_name(Agency, row.agency_id), _name(Agency, target.agencies[row.id])] for row in moved]
        told["keys"] = [row.agency.key for row in moved]
    work = [[row.ref, row.agency.ref, _ref(target.agencies[row.id])] for row in moved if row.id not in target.ending]
    if work or target.ending:
        told["work"] = work + [[row.ref, row.agency.ref, None] for row in case.assignments if row.id in target.ending]
    if target.ending:
        told["doubled"] = len(target.ending)
    return told | ({"released": released} if released else {})


def _ref(agency_id: int) -> str:
    return db.session.get_one(Agency, agency_id).ref


def _name(table: type[Any], id_: int | None) -> list[str] | None:
    row = db.session.get(table, id_) if id_ is not None else None
    return list(row.name) if row is not None else None

