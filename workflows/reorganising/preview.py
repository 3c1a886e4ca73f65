"""What a plan would move, counted beforehand: for each line of the plan, and for what follows along."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from casework.db import db
from casework.local_time import local_day
from casework.models import (
    AnswerTemplate,
    Area,
    Assignment,
    Camera,
    Case,
    Deputy,
    Letterhead,
    Membership,
    Reorganisation,
    ReportSchedule,
    SavedFilter,
    Wallboard,
)
from casework.permissions import Actor, Grant, Role
from casework.reorganising.blueprint import Blueprint, BodyKind, memberships_of
from casework.reorganising.cases import GOING_STATES, CaseTarget, new_desk, target_of
from casework.reorganising.rules import RULES, has_own, rules_of
from workflows.desk_access import REPORTER, own_desk
from workflows.models import ProcessVersion, WaitingTask
from workflows.reorganising.acts import waiting_cases
from workflows.running.case_rows import AT_DESKS

MOST_CASES = 20_000
"""Cases counted; the page says if there are more."""
READ_AT_ONCE = 500
CODES_SHOWN = 12
"""Case codes listed per line."""

Way = tuple[BodyKind, int, int | None]
"""From a predecessor to a successor."""


@dataclass
class WayLoad:
    """What goes one way: people, cases (at agencies: their work on a case), and the codes of the first cases."""

    people: list[str] = field(default_factory=list)
    cases: int = 0
    codes: list[str] = field(default_factory=list)


@dataclass
class ReorganisationPreview:
    """What a plan would do. `kept` and `released` are steps people hold; `doubled` counts agencies of one case that become one."""

    ways: dict[Way, WayLoad] = field(default_factory=lambda: defaultdict(WayLoad))
    cases: int = 0
    kept: int = 0
    released: int = 0
    waiting: int = 0
    doubled: int = 0
    elsewhere: int = 0
    beside: Counter[str] = field(default_factory=Counter)
    rules: dict[int, Counter[str]] = field(default_factory=dict)
    is_cut: bool = False


def preview(plan: Reorganisation, *, now: datetime) -> ReorganisationPreview:
    """Work out what the plan would move as things stand now. Changes nothing; a few statements per READ_AT_ONCE cases."""
    blueprint, found = Blueprint.of(plan), ReorganisationPreview()
    _people(blueprint, found)
    _beside(blueprint, found)
    _rules(blueprint, found)
    desks = _desks_after(blueprint, now)
    case_ids = list(db.session.scalars(waiting_cases(blueprint, now).limit(MOST_CASES + 1)))
    found.is_cut = len(case_ids) > MOST_CASES
    for first in range(0, min(len(case_ids), MOST_CASES), READ_AT_ONCE):
        _cases(case_ids[first : first + READ_AT_ONCE], blueprint, desks, found)
    return found


def _cases(case_ids: list[int], blueprint: Blueprint, desks: dict[int, Actor], found: ReorganisationPreview) -> None:
    steps: dict[int, list[WaitingTask]] = defaultdict(list)
    open_steps = select(WaitingTask).where(WaitingTask.case_id.in_(case_ids), WaitingTask.state.in_(AT_DESKS))
    for row in db.session.scalars(open_steps):
        steps[row.case_id].append(row)
    query = select(Case).where(Case.id.in_(case_ids)).order_by(Case.id)
    options = (selectinload(Case.assignments).joinedload(Assignment.agency), joinedload(Case.merged_into))
    for case in db.session.scalars(query.options(*options)):
        own = steps[case.id]
        target = target_of(case, blueprint, {row.assignment_id for row in own if row.assignment_id is not None})
        if target is not None:
            found.cases += 1
            _count_case(case, target, blueprint, found)
            _count_steps(case, target, own, blueprint, desks, found)


def _count_case(case: Case, target: CaseTarget, blueprint: Blueprint, found: ReorganisationPreview) -> None:
    ways: list[Way] = []
    if case.area_id is not None and case.area_id != target.area_id and case.state in GOING_STATES:
        ways.append((BodyKind.AREA, case.area_id, target.area_id))
    if case.centre_id != target.centre_id:
        ways.append((BodyKind.CENTRE, case.centre_id, target.centre_id))
    for row in case.assignments:
        agency_id = target.agencies.get(row.id)
        if agency_id is not None and agency_id != row.agency_id:
            ways.append((BodyKind.AGENCY, row.agency_id, agency_id))
            centre_id = blueprint.centre_of_agency.get(agency_id)
            if centre_id is not None and centre_id not in (target.centre_id, case.centre_id):
                found.elsewhere += 1
    found.doubled += len(target.ending)
    for way in dict.fromkeys(ways):
        load = found.ways[way]
        load.cases += 1
        if len(load.codes) < CODES_SHOWN and case.quarantined_at is None:
            load.codes.append(case.code)


def _count_steps(
    case: Case, target: CaseTarget, steps: list[WaitingTask], blueprint: Blueprint, desks: dict[int, Actor], found: ReorganisationPreview
) -> None:
    for row in steps:
        if row.desk.startswith(f"{REPORTER}@") or row.assignment_id in target.ending:
            continue
        desk = new_desk(row.desk, case, target, blueprint)
        if desk == row.desk:
            continue
        found.waiting += 1
        if row.claimed_by_id is not None:
            holder = desks.get(row.claimed_by_id)
            keeps = holder is not None and own_desk(holder, desk) is not None
            found.kept, found.released = found.kept + keeps, found.released + (not keeps)


def _people(blueprint: Blueprint, found: ReorganisationPreview) -> None:
    for row in memberships_of(blueprint):
        kind, before = (BodyKind.AGENCY, row.agency_id) if row.agency_id is not None else (BodyKind.CENTRE, row.centre_id)
        behind = [goes[1] if kind is BodyKind.AGENCY else goes[0] for goes in blueprint.membership_goes(row)]
        for each in behind or [None]:
            if before is not None:
                found.ways[kind, before, each].people.append(row.account.full_name or "")


def _desks_after(blueprint: Blueprint, now: datetime) -> dict[int, Actor]:
    """Everybody who holds a step at a desk that goes, with their future roles; deputies have their principals' roles too."""
    day = max(local_day(now), blueprint.on)
    claimants = set(
        db.session.scalars(
            select(WaitingTask.claimed_by_id).where(WaitingTask.claimed_by_id.is_not(None), WaitingTask.state.in_(AT_DESKS)).distinct()
        )
    )
    acting: dict[int, set[int]] = {id_: {id_} for id_ in claimants if id_ is not None}
    deputies = select(Deputy.deputy_id, Deputy.principal_id).where(Deputy.deputy_id.in_(acting))
    for deputy_id, principal_id in db.session.execute(deputies.where(Deputy.starts_at <= now, now < Deputy.ends_at)):
        acting[deputy_id].add(principal_id)
    everybody = {each for ids in acting.values() for each in ids}
    grants: dict[int, list[Grant]] = defaultdict(list)
    for row in db.session.scalars(select(Membership).where(Membership.account_id.in_(everybody))):
        kept = (row.centre_id, row.agency_id)
        ended = row.agency_id in blueprint.ended(BodyKind.AGENCY) or row.centre_id in blueprint.ended(BodyKind.CENTRE)
        for goes in blueprint.membership_goes(row) if ended else [kept]:
            if row.holds_on(day):
                grants[row.account_id].append(Grant(Role(row.role), *goes))
    return {id_: Actor(None, tuple(grant for each in ids for grant in grants[each])) for id_, ids in acting.items()}


def _beside(blueprint: Blueprint, found: ReorganisationPreview) -> None:
    areas, agencies, centres = (blueprint.ended(kind) for kind in (BodyKind.AREA, BodyKind.AGENCY, BodyKind.CENTRE))
    day = blueprint.on
    counted = {
        "villages": select(Area.id).where(Area.parent_id.in_(areas), Area.level == "village", _holds(Area, day)),
        "cameras": select(Camera.id).where(or_(Camera.area_id.in_(areas), Camera.centre_id.in_(centres)), _holds(Camera, day)),
        "filters": select(SavedFilter.id).where(or_(SavedFilter.agency_id.in_(agencies), SavedFilter.centre_id.in_(centres))),
        "templates": select(AnswerTemplate.id).where(AnswerTemplate.agency_id.in_(agencies), _holds(AnswerTemplate, day)),
        "letterheads": select(Letterhead.id).where(
            or_(Letterhead.agency_id.in_(agencies), Letterhead.centre_id.in_(centres)), _holds(Letterhead, day)
        ),
        "wallboards": select(Wallboard.id).where(Wallboard.centre_id.in_(centres), Wallboard.revoked_at.is_(None)),
        "schedules": select(ReportSchedule.id).where(
            or_(ReportSchedule.agency_id.in_(agencies), ReportSchedule.centre_id.in_(centres)), ReportSchedule.stopped_at.is_(None)
        ),
        "versions": select(ProcessVersion.id).where(ProcessVersion.centre_id.in_(centres), ProcessVersion.state == "live"),
    }
    for name, query in counted.items():
        if number := db.session.scalar(select(func.count()).select_from(query.subquery())) or 0:
            found.beside[name] = number


def _rules(blueprint: Blueprint, found: ReorganisationPreview) -> None:
    """By successor of each ended centre, how many rules would be copied; none of a kind the successor has itself."""
    for predecessor_id in sorted(blueprint.ended(BodyKind.CENTRE)):
        for successor_id in blueprint.successors(BodyKind.CENTRE, predecessor_id):
            copied = found.rules.setdefault(successor_id, Counter())
            for table in RULES:
                number = len(rules_of(table, predecessor_id, blueprint.on))
                if number and not has_own(table, successor_id):
                    copied[table.__tablename__] += number


def _holds(table: type[Area] | type[Camera] | type[AnswerTemplate] | type[Letterhead], day: date) -> ColumnElement[bool]:
    return or_(table.valid_to.is_(None), table.valid_to > day)
