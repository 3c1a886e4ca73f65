"""Undoes a reorganisation on the day it was done: every changed row is restored, or nothing is touched."""

from datetime import datetime, timedelta

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import LOCAL_ZONE
from casework.models import Account, Case, OutboxMessage, Reorganisation
from casework.permissions import Action, Actor, Role, actor_for
from casework.privacy.account_marks import mark_accounts
from casework.reorganising.bodies import people_in
from casework.reorganising.journal import NetChange, net_changes, put_back, rows_with
from casework.reorganising.letters import take_out_of_letters
from casework.reorganising.plans import locked_plan
from casework.reorganising.schedules import run_again
from casework.reorganising.telling import take_back_word
from casework.reorganising.undoing import cases_in, lead_rules_back, obstacles, refused_words, work_back
from casework.search.rows import refresh_search_rows
from casework.sentences import always
from casework.setting_events import record_setting, require_administrator_of
from casework.verbs import DECISION, Verb
from workflows.desk_access import REPORTER, own_desk
from workflows.reorganising.acts import KIND
from workflows.running.case_rows import steps_of

VERB = "undo_reorganise"
MOST_CASES = 500
"""Cases of one undo: it is one unit of work, all or nothing, and on SQLite everybody who writes waits for it (some 8 ms a case)."""


class UndoRefused(CaseworkError):
    """It cannot be undone; the text says why, and names what has changed."""


def time_left(plan: Reorganisation, now: datetime) -> timedelta | None:
    """How long a reorganisation may still be undone: until the end of the local day it was done on. None if over, or not done."""
    if plan.state not in ("doing", "done") or plan.done_at is None:
        return None
    done = plan.done_at.astimezone(LOCAL_ZONE)
    end = datetime.combine(done.date() + timedelta(days=1), datetime.min.time(), LOCAL_ZONE)
    return end - now if done <= now.astimezone(LOCAL_ZONE) < end else None


def _bring_back(case: Case, nets: list[NetChange], now: datetime) -> None:
    """Move what was created in a case since, at desks that will no longer exist, to the former desks."""
    bodies = {row.key["id"]: row for row in rows_with(nets, "assignment") if "agency_id" in row.before}
    own = [row for row in rows_with(nets, "case") if row.key["id"] == case.id and "centre_id" in row.before]
    centres = {f"c{row.after['centre_id']}": f"c{row.before['centre_id']}" for row in own}
    agencies: dict[str, str] = {}
    for assignment in case.assignments:
        if (row := bodies.get(assignment.id)) is not None:
            back = {f"a{row.after['agency_id']}": f"a{row.before['agency_id']}"}
            agencies = back | agencies
            if assignment.approval_desk is not None:
                assignment.approval_desk = _desk_before(assignment.approval_desk, back | centres)
    for step in steps_of(case):
        row = bodies.get(step.assignment_id or 0)
        back = {f"a{row.after['agency_id']}": f"a{row.before['agency_id']}"} if row is not None else {}
        step.desk = _desk_before(step.desk, back | centres)
        step.centre_id = case.centre_id
        if step.assignment is not None:
            step.agency_id = step.assignment.agency_id
        holder = actor_for(db.session.get(Account, step.claimed_by_id), now=now) if step.claimed_by_id is not None else None
        if holder is not None and not step.desk.startswith(f"{REPORTER}@") and own_desk(holder, step.desk) is None:
            step.claimed_by_id = step.claimed_at = step.assigned_by_id = None
    query = select(OutboxMessage).where(OutboxMessage.case_id == case.id, OutboxMessage.recipient.startswith("desk:"))
    for message in db.session.scalars(query.where(OutboxMessage.read_at.is_(None), OutboxMessage.dropped_at.is_(None))):
        message.recipient = f"desk:{_desk_before(message.recipient[5:], agencies | centres)}"
    staying = {f"a{row.agency_id}" for row in case.assignments if row.is_open} | {f"c{case.centre_id}"}
    left = [place for place in agencies | centres if place not in staying]
    take_out_of_letters(case, [f"{role}@{place}" for role in Role for place in left], now=now)
    db.session.flush()


def _desk_before(desk: str, back: dict[str, str]) -> str:
    role, at, place = desk.partition("@")
    return f"{role}{at}{back.get(place, place)}"


@Verb(VERB, Action.REORGANISE, kinds=DECISION, staff=always("Hoàn tác việc sắp xếp đơn vị", "Undid the reorganisation", is_main=True))
def undo(ref: str, *, by: Actor, now: datetime, reason: str) -> Reorganisation:
    """Restore every row a reorganisation changed. Work done in cases since stays done; only what the reorganisation changed goes back.

    Runs inside the caller's unit of work, with every case locked; search rows of other cases follow by `go_on`. Records `undo_reorganise`
    in each case and `change_setting`. Raises NotAllowed, PlanUnknown, and UndoRefused after the day, or where a row is no longer as the
    reorganisation left it, or something new belongs to a body that would not exist.
    """
    plan = locked_plan(by, ref)
    require_administrator_of(by.alone, plan.centre_id)
    if plan.state not in ("doing", "done"):
        raise UndoRefused("Phương án chưa thực hiện, hoặc đã hoàn tác.", "The plan has not been done, or has been undone.")
    if time_left(plan, now) is None:
        raise UndoRefused("Chỉ hoàn tác được trong ngày thực hiện.", "It can be undone on the day it was done only.")
    case_ids = cases_in(net_changes(plan.id))
    if len(case_ids) > MOST_CASES:
        raise UndoRefused(
            f"Phương án đã chuyển {len(case_ids)} hồ sơ; chỉ hoàn tác một lần được tối đa {MOST_CASES} hồ sơ. Vui lòng lập phương án mới.",
            f"The plan moved {len(case_ids)} cases, and {MOST_CASES} at most can be undone at once. Please draw up a new plan.",
        )
    for case_id in case_ids:
        lock_case(case_id)
    nets = net_changes(plan.id)
    lead_rules_back(plan, nets)
    if found := obstacles(plan, nets):
        raise UndoRefused(*refused_words(found))
    done_at = plan.done_at or now
    moved = people_in(nets)
    put_back(plan.id)
    run_again(nets)
    plan = locked_plan(by, ref)
    # announced first: cached bodies and names are read anew from here on
    record_setting(
        KIND, plan.title, by=by, at=now, centre_id=plan.centre_id, old={"state": "done"}, new={"state": "undone"}, reason=reason
    )
    mark_accounts(moved, by=by, at=now)
    for case_id in case_ids:
        case = lock_case(case_id)
        _bring_back(case, nets, now)
        work = work_back(case, nets)
        record(case, VERB, by=by, at=now, plan=ref, **({"work": work} if work else {}))
        take_back_word(case, since=done_at, at=now)
        refresh_search_rows(case, at=now)
    plan = locked_plan(by, ref)
    plan.state, plan.undone_by_id, plan.undone_at = "undone", by.own_id, now
    plan.last_indexed_id, plan.put_off, plan.finished_at = 0, [], None
    return plan
