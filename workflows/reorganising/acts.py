"""Carries out a reorganisation: the bodies at once, then each case separately, so that a killed process resumes where it was."""

import logging
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Case, Refusal, Reorganisation
from casework.permissions import SYSTEM, Actor, actor_for
from casework.permissions.acting_account import ActingAccount
from casework.privacy.account_marks import mark_accounts
from casework.reorganising.blueprint import Blueprint, BodyKind
from casework.reorganising.bodies import move_bodies, people_in
from casework.reorganising.cases import RESTING, CaseTarget, concerned, move_case, new_desk, target_of
from casework.reorganising.faults import faults_of
from casework.reorganising.journal import journalled, net_changes
from casework.reorganising.letters import add_to_letters_behind, ways_of_letters
from casework.reorganising.plans import PlanRefused, locked_plan
from casework.reorganising.schedules import hand_schedules_on
from casework.reorganising.search import reindex_next, reindex_some
from casework.search.rows import refresh_search_rows
from casework.setting_events import record_setting, require_administrator_of
from casework.states import CaseState
from workflows.clock import clock_from
from workflows.desk_access import REPORTER, own_desk
from workflows.models import ProcessInstance, ProcessVersion, WaitingTask
from workflows.running.acts import follow
from workflows.running.case_rows import AT_DESKS, steps_of
from workflows.versions.events import record_version

LOGGER = logging.getLogger("langbiang")

CODES_KEPT = 100
"""Case codes in the report of a reorganisation, the first that were moved."""
KIND = "reorganisation"
"""The kind under which changed settings list it."""


class DoRefused(CaseworkError):
    """The plan cannot be carried out now; the text says why."""


def start(ref: str, *, by: Actor, now: datetime, reason: str) -> Reorganisation:
    """Do the first part of a plan, on its day or later: bodies, places, people and rules. The cases follow by `go_on`.

    Runs inside the caller's unit of work. Records `change_setting` with the reason. Raises NotAllowed, PlanUnknown, ReasonMissing,
    PlanRefused where it has been done, and DoRefused with its first fault, or before its day.
    """
    plan = locked_plan(by, ref)
    require_administrator_of(by.alone, plan.centre_id)
    if plan.state != "draft":
        raise PlanRefused("Phương án này đã được thực hiện.", "This plan has been done.")
    if faults := faults_of(plan):
        raise DoRefused(*faults[0])
    if local_day(now) < plan.on:
        raise DoRefused(
            f"Phương án có hiệu lực từ {plan.on:%d/%m/%Y} nên chỉ thực hiện được từ ngày đó.",
            f"The plan holds from {plan.on:%d/%m/%Y} and can be done from that day on.",
        )
    blueprint = Blueprint.of(plan)
    with journalled(plan):
        moved = move_bodies(plan, blueprint)
        moved["versions"] = _hand_versions_on(blueprint, by, now)
        moved["schedules"] = hand_schedules_on(blueprint, by=by, now=now)
    plan.state, plan.done_by_id, plan.done_at, plan.counts = "doing", by.own_id, now, dict(+moved)
    record_setting(
        KIND, plan.title, by=by, at=now, centre_id=plan.centre_id, old={"state": "draft"}, new={"state": "done", "on": plan.on},
        reason=reason,
    )  # fmt: skip
    mark_accounts(people_in(net_changes(plan.id)), by=by, at=now)
    return plan


def go_on(now: datetime, *, most: int | None = None) -> int:
    """Move the cases of every begun reorganisation, and update the names in the search; returns how many rows were done.

    Each case is a unit of work of its own; one that cannot be moved is left to the next call. At most `most` cases. Any number of workers
    may run this at the same time: cases already moved are skipped.
    """
    done, clock = 0, clock_from(now)
    plan_ids = list(db.session.scalars(select(Reorganisation.id).where(Reorganisation.state == "doing").order_by(Reorganisation.id)))
    for plan_id in plan_ids:
        blueprint = Blueprint.of(db.session.get_one(Reorganisation, plan_id))
        for case_id in list(db.session.get_one(Reorganisation, plan_id).put_off):
            done += _move_alone(plan_id, case_id, blueprint, clock())
        while (most is None or done < most) and (case_id := _next(plan_id, blueprint, clock())) is not None:
            done += _move_alone(plan_id, case_id, blueprint, clock())
    for plan_id in _unfinished():
        while (most is None or done < most) and (number := reindex_some(plan_id, clock())):
            done += number
        if most is None or done < most:
            _finish(plan_id, clock())
    db.session.rollback()
    return done


def carry_out(ref: str, *, by: Actor, now: datetime, reason: str) -> Reorganisation:
    """Carry out a plan completely within the caller's unit of work: for setting up an installation, with nobody at work in it.

    Raises what `start` does, and whatever prevents a case from being moved.
    """
    plan = start(ref, by=by, now=now, reason=reason)
    blueprint = Blueprint.of(plan)
    while (case_id := _next(plan.id, blueprint, now)) is not None:
        _move(plan.id, case_id, blueprint, now)
        db.session.flush()
    while reindex_next(plan, now):
        db.session.flush()
    plan.finished_at, plan.state = now, "done"
    db.session.flush()
    return plan


def is_at_work(plan: Reorganisation) -> bool:
    """Whether the worker still has something to do, or to undo, for it."""
    return plan.finished_at is None and plan.state in ("doing", "undone")


def left_to_move(plan: Reorganisation, *, now: datetime, most: int) -> int:
    """How many cases are left to move, counted up to `most`."""
    waiting = waiting_cases(Blueprint.of(plan), now).where(Case.id > plan.last_case_id).limit(most).subquery()
    return (db.session.scalar(select(func.count()).select_from(waiting)) or 0) + len(plan.put_off)


def waiting_cases(blueprint: Blueprint, now: datetime) -> Select[int]:
    """The numbers of the cases a plan is still to move, in order.

    Refused cases are included while somebody may still object, or has objected; merged cases while their main case goes on.
    """
    own = (ProcessInstance.case_id == Case.id, ProcessInstance.assignment_id.is_(None))
    running = exists().where(*own, ProcessInstance.ended_at.is_(None))
    at_desk = exists().where(
        WaitingTask.case_id == Case.id, WaitingTask.agency_id.in_(blueprint.ended(BodyKind.AGENCY)), WaitingTask.state.in_(AT_DESKS)
    )
    main = aliased(Case)
    goes_on = exists().where(main.id == Case.merged_into_id, main.state.not_in([CaseState.CLOSED, CaseState.WITHDRAWN, CaseState.JOINED]))
    objectable = exists().where(
        Refusal.case_id == Case.id, Refusal.decided_at.is_(None), or_(Refusal.objection_due_at > now, Refusal.objected_at.is_not(None))
    )
    may_go_on = or_(Case.state.not_in(RESTING), running & or_(goes_on, objectable))
    return select(Case.id).where(or_(concerned(blueprint), at_desk), may_go_on).order_by(Case.id)


def still_to_follow(case_ids: Collection[int], now: datetime) -> set[int]:
    """Which of some cases a begun reorganisation still has to move."""
    found: set[int] = set()
    for plan in db.session.scalars(select(Reorganisation).where(Reorganisation.state == "doing").execution_options(populate_existing=True)):
        is_left = or_(Case.id > plan.last_case_id, Case.id.in_(plan.put_off))
        found |= set(db.session.scalars(waiting_cases(Blueprint.of(plan), now).where(Case.id.in_(case_ids), is_left)))
    return found


def working_beside(case: Case) -> set[int]:
    """The assignments of a case whose agencies have a process, ended or not."""
    return {row.assignment_id for row in steps_of(case) if row.assignment_id is not None and not row.desk.startswith(f"{REPORTER}@")}


def _unfinished() -> list[int]:
    query = select(Reorganisation.id).where(Reorganisation.state.in_(["doing", "undone"]), Reorganisation.finished_at.is_(None))
    return list(db.session.scalars(query.order_by(Reorganisation.id)))


def _next(plan_id: int, blueprint: Blueprint, now: datetime) -> int | None:
    # None once somebody undoes it, so that no case is found
    last = select(Reorganisation.last_case_id).where(Reorganisation.id == plan_id, Reorganisation.state == "doing").scalar_subquery()
    return db.session.scalar(waiting_cases(blueprint, now).where(Case.id > last).limit(1))


def _move_alone(plan_id: int, case_id: int, blueprint: Blueprint, now: datetime) -> int:
    try:
        with unit_of_work():
            _move(plan_id, case_id, blueprint, now)
    except Exception as error:
        # one case that cannot be moved must not stop the others; the fault's text is never logged
        LOGGER.error("reorganisation put off", extra={"case": case_id, "error": type(error).__name__})
        with unit_of_work():
            plan = _locked(plan_id)
            plan.last_case_id = max(plan.last_case_id, case_id)
            plan.put_off = sorted({*plan.put_off, case_id})
        return 0
    return 1


def _move(plan_id: int, case_id: int, blueprint: Blueprint, now: datetime) -> None:
    plan = _locked(plan_id)
    if plan.state != "doing":
        return
    plan.last_case_id = max(plan.last_case_id, case_id)
    plan.put_off = [each for each in plan.put_off if each != case_id]
    case = lock_case(case_id)
    target = target_of(case, blueprint, working_beside(case))
    if target is None:
        return
    account = db.session.get(Account, plan.done_by_id) if plan.done_by_id is not None else None
    by = Actor(ActingAccount.of(account)) if account is not None else SYSTEM
    letters = ways_of_letters(case, target, blueprint)
    with journalled(plan):
        released = _move_steps(case, target, blueprint, now)
        move_case(case, target, blueprint, plan, by=by, now=now, released=released)
        if target.ending:
            follow(case, now=now)
    add_to_letters_behind(case, letters, now=now)
    refresh_search_rows(case, at=now)
    counts = {"cases": 1, "released": released, "doubled": len(target.ending)}
    codes = plan.counts.get("codes", [])
    if len(codes) < CODES_KEPT and case.quarantined_at is None:
        codes = [*codes, case.code]
    plan.counts = plan.counts | {name: plan.counts.get(name, 0) + number for name, number in counts.items() if number} | {"codes": codes}


def _move_steps(case: Case, target: CaseTarget, blueprint: Blueprint, now: datetime) -> int:
    """Move a case's steps to their new desks. Holders who work there keep theirs; returns how many steps were released."""
    released = 0
    for row in steps_of(case):
        row.centre_id = target.centre_id
        if row.agency_id is not None and row.assignment_id not in target.ending:
            row.agency_id = target.agencies.get(row.assignment_id or 0, row.agency_id)
        desk = row.desk if row.desk.startswith(f"{REPORTER}@") else new_desk(row.desk, case, target, blueprint)
        if desk == row.desk or row.assignment_id in target.ending:
            continue
        row.desk = desk
        if row.claimed_by_id is not None and own_desk(actor_for(db.session.get(Account, row.claimed_by_id), now=now), desk) is None:
            row.claimed_by_id = row.claimed_at = row.assigned_by_id = None
            released += 1
    return released


def _finish(plan_id: int, now: datetime) -> None:
    with unit_of_work():
        plan = _locked(plan_id)
        if plan.finished_at is None and not plan.put_off:
            plan.finished_at = now
            plan.state = "done" if plan.state == "doing" else plan.state


def _locked(plan_id: int) -> Reorganisation:
    query = select(Reorganisation).where(Reorganisation.id == plan_id).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update()
    return db.session.scalars(query).one()


def _hand_versions_on(blueprint: Blueprint, by: Actor, now: datetime) -> int:
    """Copy a centre's own live model and table to successors that have none; cases keep running on their version."""
    made = 0
    for predecessor_id in sorted(blueprint.ended(BodyKind.CENTRE)):
        query = select(ProcessVersion).where(ProcessVersion.centre_id == predecessor_id, ProcessVersion.state == "live")
        for version in db.session.scalars(query.options(joinedload(ProcessVersion.author)).order_by(ProcessVersion.id)).all():
            for successor_id in blueprint.successors(BodyKind.CENTRE, predecessor_id):
                own = select(ProcessVersion.id).where(ProcessVersion.centre_id == successor_id, ProcessVersion.key == version.key)
                if db.session.scalars(own.limit(1)).first() is None:
                    made += 1
                    _copy_version(version, successor_id, by, now)
    return made


def _copy_version(version: ProcessVersion, centre_id: int, by: Actor, now: datetime) -> None:
    copy = ProcessVersion(
        key=version.key, centre_id=centre_id, number=1, state="live", xml=version.xml, sha256=version.sha256, note=version.note,
        base_id=version.id, author_id=version.author_id, approver_id=version.approver_id, saved_by_id=version.saved_by_id,
        created_at=now, saved_at=version.saved_at, checked_at=version.checked_at, approved_at=version.approved_at, live_at=now,
    )  # fmt: skip
    db.session.add(copy)
    db.session.flush()
    record_version(copy, "hand_on", by=by, at=now, base=version.number)
